// An INSERT or COPY that leaves its columns to the table's order goes on with their names (router/column_lists.hpp).
// The client sees nothing of it: an error's position is one in its own text.
#include <charconv>

#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"
#include "router/column_lists.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

// The Query message with the lists in it.
std::string Session::query_with_columns(const router::Query& query, std::string_view sql) {
  auto written = router::with_column_lists(query, sql, standard_strings_);
  written_lists_ = std::make_unique<WrittenLists>(std::move(written.spans));
  std::string frame;
  pg::encode::query(frame, written.text);
  return frame;
}

// The statement with the lists in it; the one that was sent is kept, for a catalogue to come.
void Session::write_columns(ClientStatement& statement, const router::ParseSettings& settings) {
  auto written = router::with_column_lists(*statement.query, statement.prepared->text, statement.standard_strings);
  statement.as_sent = std::move(statement.prepared);
  statement.written_lists = std::move(written.spans);
  statement.prepared =
      worker_.surroundings().prepared.find_or_add(written.text, statement.as_sent->types, statement.as_sent->reading);
  statement.query = database_->cache().find(statement.prepared->text, settings, statement.literals);
}

// The lists that were written into what this error is about; null: none.
const Session::WrittenLists* Session::lists_behind(const Owed& owed) const {
  if (owed.reply == Reply::kQuery) return written_lists_.get();
  const auto is_meant = [&](const std::shared_ptr<const ClientStatement>& statement) {
    return statement && statement->as_sent && statement->prepared->id == owed.statement;
  };
  if (owed.reply != Reply::kParse) return nullptr;
  if (is_meant(unnamed_)) return &unnamed_->written_lists;
  if (!statements_) return nullptr;
  for (const auto& [name, statement] : *statements_)
    if (is_meant(statement)) return &statement->written_lists;
  return nullptr;
}

// True if the error was passed on with another position than the server's.
bool Session::send_moved_error(Link& link, Frame frame, std::string_view position) {
  if (position.empty() || link.owed().empty()) return false;
  const auto* lists = lists_behind(link.owed().front());
  std::uint32_t place = 0;
  if (lists == nullptr || std::from_chars(position.data(), position.data() + position.size(), place).ec != std::errc())
    return false;
  pg::encode::error_at(reply(), frame.substr(pg::kHeadBytes), router::position_as_sent(*lists, place));
  return true;
}

}  // namespace shardway::proxy::postgres
