// A statement on several shards: the links are gathered first, then all of them are asked, and what they answer is told
// as one answer. https://mariadb.com/kb/en/result-set-packets/
#include <algorithm>
#include <cstdio>

#include "proxy/mysql/fault_code.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;
using protocol::FaultReason;
using router::Statement;

namespace {

// No index was used, or no good one; the statement was slow.
constexpr std::uint16_t kAboutStatement = 0x0010 | 0x0020 | 0x0800;

const KeptError kCopiesDiffer{
    1105, "HY000",
    "the shards have written different numbers of rows: the copies of the reference table are "
    "not equal; nothing was written"};

}  // namespace

Session::Step Session::run_everywhere(const Statement& statement, const router::Plan& plan, const Work& work) {
  const auto no = [this](std::string message, std::string hint) {
    return refuse({FaultReason::kNotSupported, std::move(message), std::move(hint), 0});
  };
  const bool is_union = plan.action == router::Action::kScatter;
  const bool writes = plan.rule == router::Rule::kReferenceWrite;
  if (writes && statement.returns_rows)
    return no("RETURNING of a reference table's rows", "read them in a statement of its own");
  if (is_union && state_->variables.contains("sql_select_limit"))
    return no("sql_select_limit over several shards", "SET sql_select_limit = DEFAULT, or write LIMIT");
  if (work.traces->pins != router::PinReason::kNone || work.traces->asks_about_last)
    return no("a statement on several shards that binds its session to one of them", "name one shard's rows");
  if (is_bound() && pin_ != router::PinReason::kSessionMode)
    return no("the session is bound to one shard by " + pin_detail_ + ", and this statement needs several",
              "end what binds it, or use another connection");
  if (const auto fault = leaves_cursor({})) return refuse(*fault);
  if (!plan.rewritten.empty()) return no("now() over several shards", "add a predicate on the shard key");
  if (writes)
    if (const auto fault = unable_to_write({plan.shards.begin(), plan.shards.end()})) return refuse(*fault);
  if (is_union && opens_cursor_on_server(work)) return no("a cursor over several shards", "execute without a cursor");
  for (const auto shard : plan.shards)
    if (const auto step = await_apply(shard)) return *step;
  Spread spread;
  spread.answer = is_union ? Spread::Answer::kUnion : Spread::Answer::kFirst;
  spread.one_after_the_other = !is_union;
  spread.writes = writes;
  spread.numbers = plan.numbers;
  spread.numbering = plan.numbering;
  spread.sums = !is_union && !statement.sharded.empty();
  spread.shards.assign(plan.shards.begin(), plan.shards.end());
  if (writes && !transaction_ && next_access_mode_.value_or(false)) {
    answer_error(1792, "25006", "Cannot execute statement in a READ ONLY transaction");
    return Step::kConsumed;
  }
  if (!transaction_ && !autocommits() && (is_union || writes)) open_implicitly();
  if (!transaction_ && writes) {
    open_implicitly();
    transaction_->is_single = transaction_->is_raised = true;
  }
  const bool single = transaction_ && transaction_->is_single;
  spread.is_held = single;
  if (!gather(spread, work)) {
    const auto step = not_ready();
    if (single && step == Step::kConsumed) drop_transaction();
    return step;
  }
  if (const auto fault = writes ? unable_to_agree(statement) : std::nullopt) return refuse(*fault);
  if (!transaction_) forget_characteristics();
  changes_catalog_ = statement.kind == router::StatementKind::kDdl;
  ask_shards(std::move(spread), work);
  return single ? Step::kBlocked : Step::kConsumed;
}

// The copies of a reference table are written one after the other, and below REPEATABLE READ nothing that a statement
// has read stays as it is meanwhile. That rows were found is seen by their number, what was read is not. A statement
// that is its own transaction is raised; of others everybody's links are there.
std::optional<protocol::Fault> Session::unable_to_agree(const Statement& statement) const {
  if (!statement.writes_what_it_reads || transaction_->is_raised) return std::nullopt;
  bool is_below = false;
  each_link([&](const Link& link) { is_below = is_below || is_below_repeatable_read(isolation_on(link)); });
  if (!is_below) return std::nullopt;
  return protocol::Fault{FaultReason::kNotSupported,
                         "writing a reference table with a query in the statement, in a transaction below REPEATABLE "
                         "READ: what it reads may differ between the copies",
                         "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ before it begins, or read the values first",
                         0};
}

// A single statement's transaction ends with it, and only then is it answered. What failed is undone first.
Session::Step Session::end_held() {
  const bool single = transaction_ && transaction_->is_single;
  if (single && !end_branches(!held_->error)) return Step::kBlocked;
  if (held_->bulk && held_->error && !undo_bulk()) return Step::kBlocked;
  const auto held = std::move(held_);
  if (held->error) {
    end_error_.reset();
    last_.row_count = -1;
    answer_error(held->error->code, held->error->sqlstate, held->error->message);
    return Step::kConsumed;
  }
  if (const auto failed = end_failed()) return *failed;
  my::Ok ok;
  ok.status = static_cast<std::uint16_t>(status_ | held->flags);
  ok.affected_rows = held->bulk ? held->bulk->affected_rows : held->affected_rows;
  ok.insert_id = held->bulk ? held->bulk->insert_id : held->insert_id;
  ok.warnings = held->warnings;
  const auto info = held->bulk ? told_info(*held) : held->info;
  ok.info = info;
  note_told(ok);
  my::encode(out_.tail(), sequence_, ok, capabilities_);
  return Step::kConsumed;
}

// The transaction's own statements, such as SAVEPOINT, on every shard it has touched.
Session::Step Session::on_branches(const Work& work) {
  const auto shards = branches();
  Spread spread;
  spread.answer = Spread::Answer::kFirst;
  spread.shards.assign(shards.begin(), shards.end());
  if (!gather(spread, work)) return not_ready();
  ask_shards(std::move(spread), work);
  return Step::kConsumed;
}

// An execution's flags ask for a cursor.
bool Session::opens_cursor_on_server(const Work& work) noexcept {
  constexpr std::size_t kFlagsAt = my::kHeadBytes + 5;
  return work.command == my::Command::kStmtExecute && work.packet.size() > kFlagsAt && work.packet[kFlagsAt] != 0;
}

// A link to each shard, in the session's state, its branch begun, and what is executed prepared there. False: not yet,
// or failed and said so.
bool Session::gather(const Spread& spread, const Work& work) {
  Shards gathered;
  for (std::size_t i = 0; i < spread.shards.size() && gathered.size() < database_->config().shards.size(); ++i) {
    const auto shard = spread.shards[i];
    if (std::find(gathered.begin(), gathered.end(), shard) != gathered.end()) continue;
    gathered.push_back(shard);
    if (!stand_on(shard, spread.answer == Spread::Answer::kUnion)) return false;
    if (!count_by(spread.bulk ? spread.bulk->numberings[i] : spread.numbering)) return false;
    if (transaction_ && !enlist()) return false;
    if (work.statement != nullptr && !is_on_link(*work.statement)) return false;
  }
  return true;
}

void Session::ask_shards(Spread spread, const Work& work) {
  spread_ = std::make_unique<Spread>(std::move(spread));
  was_wide_ = spread_->shards.size() > 1;
  if (work.statement == nullptr) spread_->commands.emplace_back(work.packet);
  if (work.statement != nullptr) forget_cursor(command_statement_);
  for (const auto shard : spread_->shards) {
    take_link(shard);
    if (work.statement != nullptr && !spread_->bulk) {
      spread_->commands.push_back(with_types(work.packet, *work.statement));
      put_statement_number(spread_->commands.back(), link_->statement(work.statement->text->id));
    }
    if ((spread_->writes || spread_->bulk) && transaction_ && !transaction_->read_only) link_->wrote = true;
    ++database_->counters.by_shard[shard];
  }
  if (!spread_->bulk) spread_->asked = work.packet;
  note_asked(work.command, {});
  for (; spread_->at < spread_->shards.size(); ++spread_->at) {
    take_link(spread_->shards[spread_->at]);
    ask_shard();
    if (spread_->one_after_the_other) break;
  }
  spread_->at = 0;
  take_link(spread_->shards.front());
}

// The first shard has given the row its number, or the first of several rows; here it is the same.
// https://mariadb.com/kb/en/replication-and-binary-log-system-variables/#insert_id
void Session::ask_shard() {
  link_->shift = 0;
  const auto* bulk = spread_->bulk.get();
  if (bulk != nullptr && bulk->can_undo && (bulk->copies == 1 || spread_->at < bulk->copies))
    link_->ask(my::Command::kQuery, "SAVEPOINT " + std::string(kUndoPoint));
  if (spread_->numbers && spread_->is_copy()) {
    link_->ask(my::Command::kQuery, "SET insert_id = " + std::to_string(spread_->insert_id));
    link_->holds_number = true;
  }
  const auto at = link_->out().size();
  link_->out() += spread_->command();
  if (bulk != nullptr) put_statement_number(link_->out(), link_->statement(bulk->statement), at);
  link_->owe(command_);
  link_->flush();
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
  if (spread.failed || spread.is_held) return true;
  if (part == my::Part::kErr || part == my::Part::kUnknown) return false;
  if (part == my::Part::kOk || part == my::Part::kEnd) return !spread.is_last();
  if (spread.at == 0) return false;
  return spread.answer == Spread::Answer::kFirst || part != my::Part::kRow;
}

// What is not shown is kept for the end.
void Session::absorb(const my::Seen& seen, std::string_view payload) {
  if (seen.part == my::Part::kUnknown) return link_->mark_broken();
  if (seen.part == my::Part::kErr) link_->diagnostics_of = id_;
  if (seen.part == my::Part::kErr && spread_->is_held && !spread_->failed) {
    const auto err = my::decode_err(payload);
    spread_->failed = true;
    spread_->error = KeptError{err ? err->code : std::uint16_t{1105}, std::string(err ? err->sqlstate : "HY000"),
                               std::string(err ? err->message : "")};
    if (spread_->bulk) {
      note_rollback(spread_->error->code);
      spread_->error = told_of_part(*std::move(spread_->error));
    }
  }
  if (seen.part != my::Part::kOk && seen.part != my::Part::kEnd) return;
  auto ok = my::decode_ok(payload, my::capability::kSessionTrack);
  if (!ok) return;
  link_->status = ok->status;
  if (ok->warnings > 0) link_->diagnostics_of = id_;
  if (spread_->answer == Spread::Answer::kUnion || spread_->bulk) spread_->flags |= ok->status & kAboutStatement;
  auto& spread = *spread_;
  const auto insert_id = ok->insert_id;
  if (insert_id != 0) link_->has_insert_id = link_->insert_id_is_partial = true;
  const bool is_generated =
      spread.numbers || (spread.bulk && std::any_of(spread.bulk->numberings.begin(), spread.bulk->numberings.end(),
                                                    [](const auto& one) { return one.increment != 0; }));
  const bool counts = spread.bulk ? spread.counts_number() : spread.at == 0;
  if (insert_id != 0 && is_generated && counts) {
    last_.insert_id = insert_id;
    last_.is_insert_id_lost = false;
  }
  if (spread.bulk && !spread.counts_number()) ok->insert_id = 0;  // it is not what LAST_INSERT_ID() is
  learn(*ok);
  ok->insert_id = insert_id;
  if (spread.answer == Spread::Answer::kUnion || (spread.bulk ? !spread.is_copy() : spread.at == 0))
    spread.warnings = static_cast<std::uint16_t>(std::min(0xffff, spread.warnings + ok->warnings));
  spread.differs = differs(*ok);
  if (spread.is_held && !spread.failed && spread.differs) {
    spread.failed = true;
    spread.error = kCopiesDiffer;
  }
  if (spread.bulk) return add_up_bulk(*ok);
  if (spread.sums && spread.at > 0) return add_up(*ok);
  if (spread.at > 0) return;
  spread.affected_rows = ok->affected_rows;
  spread.insert_id = ok->insert_id;
  spread.info = ok->info;
  spread.flags = ok->status & ~kLasting;
}

// Of a definition of a sharded table each server counts its own rows: "Records: 3  Duplicates: 0  Warnings: 0".
void Session::add_up(const my::Ok& ok) {
  auto& spread = *spread_;
  spread.affected_rows += ok.affected_rows;
  unsigned long here[3] = {}, there[3] = {};
  constexpr char kCounts[] = "Records: %lu  Duplicates: %lu  Warnings: %lu";
  const std::string info(ok.info);
  if (std::sscanf(spread.info.c_str(), kCounts, &here[0], &here[1], &here[2]) != 3 ||
      std::sscanf(info.c_str(), kCounts, &there[0], &there[1], &there[2]) != 3)
    return;
  spread.info = "Records: " + std::to_string(here[0] + there[0]) +
                "  Duplicates: " + std::to_string(here[1] + there[1]) +
                "  Warnings: " + std::to_string(here[2] + there[2]);
}

// The copies of a reference table are not what they should be: no write makes it better.
bool Session::differs(const my::Ok& ok) const noexcept {
  if (!spread_->writes || !spread_->is_copy()) return false;
  return spread_->differs || ok.affected_rows != spread_->affected_rows ||
         (spread_->numbers && (ok.insert_id != spread_->insert_id || ok.insert_id == 0));
}

// The last shard's OK becomes everybody's.
void Session::sum_up(my::Ok& ok) {
  auto& spread = *spread_;
  if (spread.answer == Spread::Answer::kUnion) {
    ok.warnings = static_cast<std::uint16_t>(std::min(0xffff, spread.warnings + ok.warnings));
    ok.status |= spread.flags;
  } else if (spread.at > 0) {
    if (spread.sums) add_up(ok);
    ok.warnings = spread.warnings;
    ok.affected_rows = spread.affected_rows;
    ok.insert_id = spread.insert_id;
    ok.info = spread.info;
    ok.status = static_cast<std::uint16_t>((ok.status & kLasting) | spread.flags);
  }
}

// An error that came when other shards had done it already is told with what that means.
std::optional<KeptError> Session::told_otherwise(const my::Err& err) {
  const auto& spread = *spread_;
  if (!spread.one_after_the_other || spread.at == 0) return std::nullopt;
  if (spread.writes && transaction_) {  // the other copies have been written: no way but back
    transaction_->is_over = true;
    return KeptError{1213, "40001", std::string(err.message) + "; the transaction was rolled back, run it again"};
  }
  const auto list = [&](std::size_t from, std::size_t to) {
    std::string names;
    for (auto i = from; i < to; ++i) names += (names.empty() ? "" : ", ") + shard_name(spread.shards[i]);
    return names;
  };
  return KeptError{err.code, std::string(err.sqlstate),
                   std::string(err.message) + " (done on " + list(0, spread.at) + "; not done on " +
                       list(spread.at, spread.shards.size()) + ')'};
}

// One shard has answered; on to the next one, or the answer is complete.
void Session::advance_spread() {
  auto& spread = *spread_;
  stamp_link();
  if (!spread.failed) link_->holds_number = false;  // it was used
  const bool stops = spread.is_last() || (spread.one_after_the_other && spread.failed);
  if (stops) {
    if (spread.is_held) held_ = std::move(spread_);
    spread_.reset();
    own_fault_.reset();  // a number that could not be set was missed
    return finish_answer();
  }
  ++spread.at;
  take_link(spread.shards[spread.at]);
  if (!spread.one_after_the_other) return;
  ask_shard();
}

}  // namespace shardway::proxy::mysql
