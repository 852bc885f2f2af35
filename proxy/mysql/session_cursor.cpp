// Open cursors: a server keeps their rows on the connection of the execution, so FETCH has to come there.
// https://mariadb.com/kb/en/com_stmt_fetch/
#include <algorithm>

#include "proxy/mysql/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;
using protocol::FaultReason;

bool Session::has_cursor(const Link& link) const noexcept {
  return std::any_of(cursors_.begin(), cursors_.end(),
                     [&](const auto& cursor) { return cursor.second == link.target().shard; });
}

// Closed, or to be opened anew. On a link that is not at hand the rows stay until it goes back.
void Session::forget_cursor(std::uint32_t number) {
  const auto cursor = cursors_.find(number);
  if (cursor == cursors_.end()) return;
  auto* link = link_on(cursor->second);
  if (link != nullptr && link != link_.get()) link->keeps_rows = true;
  cursors_.erase(cursor);
}

void Session::lose_cursors(const Link& link) {
  std::erase_if(cursors_, [&](const auto& cursor) {
    if (cursor.second != link.target().shard) return false;
    const auto found = statements_ ? statements_->find(cursor.first) : decltype(statements_->end())();
    if (is_sharded() && statements_ && found != statements_->end()) found->second.lost_cursor = true;
    return true;
  });
}

// A cursor's rows are kept on the link they come from, and that one stays where a transaction or session mode keeps
// several. `shard`: where the statement goes; nothing: to several.
std::optional<protocol::Fault> Session::leaves_cursor(std::optional<router::ShardIndex> shard) const {
  if (transaction_ || pin_ == router::PinReason::kSessionMode || !link_ || !has_cursor(*link_)) return std::nullopt;
  if (shard == link_->target().shard) return std::nullopt;
  return protocol::Fault{FaultReason::kSeveralShards,
                         "a cursor is open on shard \"" + shard_name(link_->target().shard) +
                             "\", and this statement belongs to " +
                             (shard ? '"' + shard_name(*shard) + '"' : std::string("several")),
                         "fetch its last row or close it first, begin a transaction, or use another connection", 0};
}

Session::Step Session::fetch(Packet packet) {
  auto* statement = statement_of(packet);
  if (statement == nullptr) {
    unknown_statement(packet, "mysqld_stmt_fetch");
    return Step::kConsumed;
  }
  const auto number = client_number(packet);
  const auto cursor = cursors_.find(number);
  if (cursor == cursors_.end() && statement->lost_cursor)
    return refuse({FaultReason::kNotSupported,
                   "the cursor was open on one of several shards when their transaction ended, and is gone",
                   "fetch its last row before", 0});
  if (is_sharded() && cursor != cursors_.end()) {
    if (const auto fault = kept_elsewhere(cursor->second)) return refuse(*fault);
    if (!stand_on(cursor->second, /*replica_ok=*/false)) return not_ready();
  }
  const auto on_link = link_ ? link_->statement(statement->text->id) : 0;
  if (on_link == 0 || cursor == cursors_.end()) {
    answer_error(1421, "HY000", "The statement (" + std::to_string(number) + ") has no open cursor");
    return Step::kConsumed;
  }
  command_statement_ = number;
  std::string out(packet);
  put_statement_number(out, on_link);
  return forward(my::Command::kStmtFetch, out);
}

}  // namespace shardway::proxy::mysql
