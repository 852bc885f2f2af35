// A statement on several shards: the links are gathered first, then all of them are asked, and what they answer is told
// as one answer. https://mariadb.com/kb/en/result-set-packets/
#include <algorithm>

#include "proxy/mysql/fault_code.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;
using protocol::FaultReason;
using router::Statement;

Session::Step Session::run_everywhere(const Statement& statement, const router::Plan& plan, const Work& work) {
  const auto no = [this](std::string message, std::string hint) {
    return refuse({FaultReason::kNotSupported, std::move(message), std::move(hint), 0});
  };
  const bool is_union = plan.action == router::Action::kScatter;
  if (plan.rule == router::Rule::kReferenceWrite)
    return no("writing a reference table is not supported over the MySQL protocol yet", "write it on every server");
  if (work.traces->pins != router::PinReason::kNone || work.traces->asks_about_last)
    return no("a statement on several shards that binds its session to one of them", "name one shard's rows");
  if (pin_ != router::PinReason::kNone && pin_ != router::PinReason::kSessionMode)
    return no("the session is bound to one shard by " + pin_detail_ + ", and this statement needs several",
              "end what binds it, or use another connection");
  if (!plan.rewritten.empty()) return no("now() over several shards", "add a predicate on the shard key");
  if (!is_union && !transaction_ && work.statement != nullptr)
    return no("a prepared statement that defines tables", "send it as text");
  if (is_union && opens_cursor_on_server(work)) return no("a cursor over several shards", "execute without a cursor");
  Spread spread;
  spread.answer = is_union ? Spread::Answer::kUnion : Spread::Answer::kFirst;
  spread.one_after_the_other = !is_union;
  spread.shards.assign(plan.shards.begin(), plan.shards.end());
  if (is_union && !transaction_ && !autocommits()) open_implicitly();
  if (!gather(spread, work)) return is_blocked_or_over();
  changes_catalog_ = statement.kind == router::StatementKind::kDdl;
  ask_shards(std::move(spread), work);
  return Step::kConsumed;
}

// The transaction's own statements, such as SAVEPOINT, on every shard it has touched.
Session::Step Session::on_branches(const Work& work) {
  const auto shards = branches();
  Spread spread;
  spread.answer = Spread::Answer::kFirst;
  spread.shards.assign(shards.begin(), shards.end());
  if (!gather(spread, work)) return is_blocked_or_over();
  ask_shards(std::move(spread), work);
  return Step::kConsumed;
}

// An execution's flags ask for a cursor.
bool Session::opens_cursor_on_server(const Work& work) noexcept {
  constexpr std::size_t kFlagsAt = my::kHeadBytes + 5;
  return work.statement != nullptr && work.packet.size() > kFlagsAt && work.packet[kFlagsAt] != 0;
}

Session::Step Session::is_blocked_or_over() noexcept {
  return waiting_ || link_ || !parked_.empty() ? Step::kBlocked : Step::kConsumed;
}

// A link to each shard, in the session's state, its branch begun, and what is executed prepared there. False: not yet,
// or failed and said so.
bool Session::gather(const Spread& spread, const Work& work) {
  for (const auto shard : spread.shards) {
    if (!stand_on(shard, spread.answer == Spread::Answer::kUnion && !spread.one_after_the_other)) {
      if (!waiting_ && !link_ && !transaction_) release_parked(true);
      return false;
    }
    if (transaction_ && !enlist()) return false;
    if (work.statement != nullptr && !is_on_link(*work.statement)) return false;
  }
  return true;
}

void Session::ask_shards(Spread spread, const Work& work) {
  spread_ = std::make_unique<Spread>(std::move(spread));
  spread_->command = work.packet;
  for (const auto shard : spread_->shards) {
    take_link(shard);
    put(work);
    ++database_->counters.by_shard[shard];
    if (spread_->one_after_the_other) break;
    link_->flush();
  }
  take_link(spread_->shards.front());
}

// The link of this shard, which is there.
void Session::take_link(router::ShardIndex shard) {
  if (link_ && link_->target().shard == shard) return;
  auto next = unpark(shard);
  if (link_) parked_.push_back(std::move(link_));
  link_ = std::move(next);
  link_is_ready_ = true;
  link_->readable = true;
}

// Definitions come from the first shard; the end from the last. Of an answer that is the first one's, nothing else
// shows.
bool Session::hides(my::Part part) const noexcept {
  const auto& spread = *spread_;
  if (spread.failed) return true;
  if (part == my::Part::kErr || part == my::Part::kUnknown) return false;
  if (part == my::Part::kOk || part == my::Part::kEnd) return !spread.is_last();
  if (spread.at == 0) return false;
  return spread.answer == Spread::Answer::kFirst || part != my::Part::kRow;
}

// What is not shown is kept for the end.
void Session::absorb(const my::Seen& seen, std::string_view payload) {
  if (seen.part != my::Part::kOk && seen.part != my::Part::kEnd) return;
  const auto ok = my::decode_ok(payload, my::capability::kSessionTrack);
  if (!ok) return;
  link_->status = ok->status;
  learn(*ok);
  auto& spread = *spread_;
  if (spread.answer == Spread::Answer::kUnion || spread.at == 0)
    spread.warnings = static_cast<std::uint16_t>(std::min(0xffff, spread.warnings + ok->warnings));
  if (spread.at > 0) return;
  spread.affected_rows = ok->affected_rows;
  spread.insert_id = ok->insert_id;
  spread.info = ok->info;
}

// The last shard's OK becomes everybody's.
void Session::sum_up(my::Ok& ok) const {
  const auto& spread = *spread_;
  if (spread.answer == Spread::Answer::kUnion) {
    ok.warnings = static_cast<std::uint16_t>(std::min(0xffff, spread.warnings + ok.warnings));
  } else if (spread.at > 0) {
    ok.warnings = spread.warnings;
    ok.affected_rows = spread.affected_rows;
    ok.insert_id = spread.insert_id;
    ok.info = spread.info;
  }
}

// One after the other: some shards have done it and others have not; the client must know which.
std::string Session::partial_failure(std::string_view message) const {
  const auto& spread = *spread_;
  std::string text(message);
  if (!spread.one_after_the_other || spread.at == 0) return text;
  const auto list = [&](std::size_t from, std::size_t to) {
    std::string names;
    for (auto i = from; i < to; ++i)
      names += (names.empty() ? "" : ", ") + database_->config().shards[spread.shards[i]].name;
    return names;
  };
  return text + " (done on " + list(0, spread.at) + "; not done on " + list(spread.at, spread.shards.size()) + ')';
}

// One shard has answered; on to the next one, or the answer is complete.
void Session::advance_spread() {
  auto& spread = *spread_;
  const bool stops = spread.is_last() || (spread.one_after_the_other && spread.failed);
  if (stops) {
    spread_.reset();
    return finish_answer();
  }
  ++spread.at;
  take_link(spread.shards[spread.at]);
  if (!spread.one_after_the_other) return;
  link_->shift = 0;
  link_->out() += spread.command;
  link_->owe(command_);
  link_->flush();
}

}  // namespace shardway::proxy::mysql
