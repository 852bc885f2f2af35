// Several shards at once: scatters, statements for every shard, the end of a transaction that touched several, and
// batches whose statements go to different shards.
#include <algorithm>

#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::Fault;
using protocol::FaultReason;
using router::Action;
using router::Statement;
using router::StatementKind;

namespace {

// The first of the two numbers of our advisory locks; the second one is made of a table's name.
constexpr std::string_view kLockClass = "1399353412";

std::uint32_t lock_key(std::string_view table) {  // FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/
  std::uint32_t key = 2166136261;
  for (const char c : table) key = (key ^ static_cast<unsigned char>(c)) * 16777619;
  return key;
}

}  // namespace

Session::Step Session::run_on_shards(const Statement& statement, const router::Plan& plan, const Work& work) {
  const bool simple = work.portal == nullptr && !in_segment_;
  const bool everywhere = plan.action == Action::kEveryShard;
  const bool alone = statement.kind == StatementKind::kDdlAlone, copies = statement.kind == StatementKind::kCopyIn;
  if (statement.kind == StatementKind::kLock && !script_ && ready_status() == 'I') {
    fail_statement({FaultReason::kNoTransaction, "LOCK TABLE can only be used in transaction blocks", {}, 0});
    return Step::kConsumed;
  }
  if (const auto fault = alone ? std::nullopt : unable_here(statement, plan)) {
    fail_statement(*fault);
    return Step::kConsumed;
  }
  if (everywhere && plan.writes && !alone && !transaction_) begin_implicit();
  for (auto& branch : branches_) {
    if (branch.dirty && settle_segment(branch) == Step::kBlocked) return Step::kBlocked;
  }
  for (const auto shard : plan.shards) {
    const auto enlisted = enlist(shard, replica_allowed(statement, plan, shard));
    if (enlisted.blocked) return Step::kBlocked;
    if (enlisted.branch != nullptr) continue;
    fail_statement(*enlisted.fault, enlisted.sqlstate);
    return Step::kConsumed;
  }
  note_start(statement, plan);
  for (const auto shard : plan.shards) branch_on(shard)->tells_time = true;
  const auto shown = !work.tag.empty()                 ? Operation::Answer::kSilent
                     : plan.action == Action::kScatter ? Operation::Answer::kUnion
                                                       : Operation::Answer::kFirst;
  const auto rows = work.portal != nullptr ? work.portal->rows : nullptr;
  auto operation = std::make_unique<Operation>(
      shown, everywhere && !copies, simple,
      [this, rows](std::string_view bytes) { rows && rows->limit > 0 ? keep_row(*rows, bytes) : send(bytes); },
      [this, simple, alone, rows, tag = work.tag](Operation& done) {
        if (alone && done.failed()) report_partial_definition(done);
        finish_work(done, simple, tag, rows.get());
      });
  if (work.portal != nullptr) operation->expect_columns(work.portal->statement->told.columns);
  if (copies) begin_spread_copy(*operation, statement);
  const auto kept = copies ? keep_work(plan, {work.sql}) : keep_work(plan, work);
  const auto lock = everywhere ? lock_of_copies(statement) : std::string();
  for (const auto shard : plan.shards) {
    operation->add(*branch_on(shard)->link, [this, kept, lock](Link& link) {
      if (!lock.empty()) {
        pg::encode::query(link.out(), lock);
        link.owe(Reply::kQuery, /*drop=*/true);
      }
      return frames_for(link, *kept);
    });
  }
  operation->may_repeat(message_to_repeat(plan, work));
  is_starting_ = true;
  operate(std::move(operation));
  is_starting_ = false;
  if (!std::exchange(comes_again_, false)) return Step::kConsumed;
  worker_.resume_later(*this);
  return Step::kBlocked;
}

// The message at hand, if losing a server before the client has heard anything is nothing to it.
std::string Session::message_to_repeat(const router::Plan& plan, const Work& work) const {
  if (plan.action != Action::kScatter || transaction_ || script_) return {};
  const bool reads = std::all_of(branches_.begin(), branches_.end(),
                                 [](const Branch& branch) { return branch.only_reads && !branch.pinned; });
  if (!reads || work.sql.size() > most_kept_for_retry()) return {};
  std::string message;
  if (work.portal != nullptr)
    pg::encode::execute(message, work.name, 0);
  else
    pg::encode::query(message, work.sql);
  return message;
}

void Session::repeat(const Operation& operation) {
  ++asked_again_;
  off_replicas_ = off_replicas_ || operation.is_broken_off();
  release_idle();
  forget_effects();
  statement_since_ = {};
  is_timed_out_ = false;
  comes_again_ = is_starting_;
  if (is_starting_) return;
  if (const auto execute = pg::decode_execute(std::string_view(operation.message()).substr(pg::kHeadBytes)))
    if (auto* portal = operation.message().front() == 'E' ? portal_named(execute->portal) : nullptr)
      portal->has_run = false;
  input_.insert(0, operation.message());
  resume();
}

// Each copy of a reference table finds the rows of a statement by itself, and at its own moment: whoever writes one
// waits for the others, and shard after shard all come in one order.
std::string Session::lock_of_copies(const Statement& statement) const {
  if (statement.kind != StatementKind::kWrite && statement.kind != StatementKind::kCopyIn) return {};
  std::vector<std::uint32_t> keys;
  for (const auto number : statement.reference_tables) {
    const auto& table = database_->topology().tables.all()[number];
    keys.push_back(lock_key(router::full_name(table.schema, table.name)));
  }
  if (statement.writes_unlisted) keys.push_back(lock_key({}));
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::string sql;
  for (const auto key : keys)
    sql.append(sql.empty() ? "SELECT " : ", ").append("pg_catalog.pg_advisory_xact_lock(").append(kLockClass) +=
        ", " + std::to_string(static_cast<std::int32_t>(key)) + ")";
  return sql;
}

std::shared_ptr<const Session::KeptWork> Session::keep_work(const router::Plan& plan, const Work& work) const {
  auto kept = std::make_shared<KeptWork>();
  kept->sql = work.portal != nullptr ? work.portal->statement->prepared->text : std::string(work.sql);
  kept->is_rewritten = !plan.rewritten.empty();
  if (kept->is_rewritten) kept->sql = plan.rewritten;
  if (work.portal != nullptr) {
    kept->statement = work.portal->statement;
    kept->bind = work.portal->bind;
  }
  return kept;
}

// The messages that run the statement on one link, Query or Sync last.
std::string Session::frames_for(Link& link, const KeptWork& work) {
  std::string frames;
  if (!work.statement) {
    pg::encode::query(frames, work.sql);
    link.owe(Reply::kQuery);
    return frames;
  }
  bind_for(link, work, {}, frames);
  pg::encode::describe(frames, pg::Target::kPortal, {});
  pg::encode::execute(frames, {}, 0);
  pg::encode::sync(frames);
  link.owe(Reply::kSync);
  return frames;
}

// Parse, if the link has not seen the statement, and Bind, to the portal `portal`.
void Session::bind_for(Link& link, const KeptWork& work, std::string_view portal, std::string& frames) {
  const auto& prepared = *work.statement->prepared;
  std::string name;
  if (work.is_rewritten) {
    link.unnamed_statement = 0;
    pg::encode::parse(frames, {}, work.sql, prepared.types);
    link.owe(Reply::kParse, true);
  } else {
    name = server_statement_name(prepared.id);
    if (link.is_older(prepared.id, prepared.outdated_at)) link.forget_statement(prepared.id);
    if (!link.has_statement(prepared.id)) {
      link.remember_statement(prepared.id, database_->config().pool.max_prepared_statements);
      pg::encode::parse(frames, name, prepared.text, prepared.types);
      link.owe(Reply::kParse, true, false, prepared.id);
      ++database_->counters.server_parses;
    }
  }
  if (auto bind = pg::decode_bind(std::string_view(work.bind).substr(pg::kHeadBytes))) {
    bind->portal = portal;
    bind->statement = name;
    pg::encode::bind(frames, *bind);
  }
}

void Session::operate(std::unique_ptr<Operation> operation, bool cancels) {
  operation_ = std::move(operation);
  if (cancels) operation_->cancel_part = [this](Link& link) { worker_.cancel_on_server(link); };
  if (!awaits_cancel()) start_operation();
}

// What was cancelled on a link has ended, and the request is still on its way: it would meet what is sent there next.
bool Session::awaits_cancel() const noexcept {
  return std::any_of(branches_.begin(), branches_.end(), [](const Branch& branch) {
    return branch.link && branch.link->cancels_in_flight > 0 && !branch.link->owes();
  });
}

void Session::on_cancel_delivered() {
  if (phase_ != Phase::kClosed && !awaits_cancel()) worker_.resume_later(*this);
}

void Session::start_operation() {
  auto* started = operation_.get();
  operation_->start();
  for (std::size_t i = 0; i < branches_.size() && operation_.get() == started; ++i) {  // could not even be sent
    if (branches_[i].link->is_broken() && started->involves(*branches_[i].link)) started->on_lost(*branches_[i].link);
  }
  if (std::exchange(cancel_next_, false)) cancel_running();
}

// Called first thing when an operation is over: it stays alive until this batch of events is done.
void Session::end_operation() {
  auto over = std::shared_ptr<Operation>(std::move(operation_));
  for (auto& branch : branches_) {
    if (!over->involves(*branch.link)) continue;
    branch.dirty = branch.executed = false;
    stamp(branch);
    if (!branch.link->is_broken()) continue;
    if (transaction_) transaction_->lost = transaction_->lost || branch.begun;
    report_loss(*branch.link, true, over->can_repeat() ? name_of(Loss::kRepeat) : "told");
  }
  if (!over->parts().empty()) note_strings(*over->parts().front().link);
  for (auto part = over->parts().rbegin(); part != over->parts().rend(); ++part)  // the first one's word counts
    statuses_.put_all(part->statuses);
  worker_.loop().bury(std::move(over));
}

// What a server has said of itself to an operation holds for the session that told it.
void Session::note_strings(const Link& link) {
  for (const auto& [name, value] : link.parameters()) {
    if (name == "standard_conforming_strings") standard_strings_ = value == "on";
  }
}

// True if it has; then the client has been told, or is gone.
bool Session::operation_has_failed(Operation& operation) {
  if (operation.cut_off()) {
    close();
    return true;
  }
  if (!operation.failed()) return false;
  if (operation.can_repeat() && asked_again_ < kMostRepeats && (!pumping_ || is_starting_)) {
    repeat(operation);
    return true;
  }
  for (auto& branch : branches_) {
    if (branch.link->is_broken()) branch.pinned = false;
  }
  fail_statement_frame(error_of(operation));
  resume();
  return true;
}

// Of a transaction it is certain that nothing was kept.
std::string Session::error_of(const Operation& operation) const {
  if (!operation.is_told_of_loss()) return operation.error();
  std::string address;
  for (const auto& part : operation.parts())
    if (address.empty() && part.link->is_broken()) address = part.link->target().node->address.text;
  std::string frame;
  encode_fault(frame, transaction_ ? transaction_lost() : outcome_unknown(address));
  return frame;
}

// A definition that cannot run in a transaction stays where it has been run: the client hears where, before the error.
void Session::report_partial_definition(const Operation& operation) {
  std::string ran, failed, unsent;
  for (const auto& part : operation.parts()) {
    auto& list = part.failed ? failed : part.done ? ran : unsent;
    list += (list.empty() ? "" : ", ") + database_->config().shards[part.link->target().shard].name;
  }
  const auto or_none = [](const std::string& list) { return list.empty() ? std::string("none") : list; };
  const auto message = "the statement ran on shards: " + or_none(ran) + "; failed on: " + or_none(failed) +
                       "; was not sent to: " + or_none(unsent);
  pg::encode::notice(reply(), {.severity = "WARNING",
                               .sqlstate = "01000",
                               .message = message,
                               .hint = "mend the cause, then repeat it on the others with /* shardway: shard=… */"});
}

// `told`: the tag, if it is not the servers'.
void Session::finish_work(Operation& operation, bool simple, std::string_view told, Rows* rows) {
  end_operation();
  if (operation_has_failed(operation)) return;
  if (operation.is_copy() && !operation.tags_agree()) {
    fail_statement({FaultReason::kNotSupported, "the copies of the table took different numbers of rows",
                    "compare the copies: they are not the same", 0});
    return resume();
  }
  bool first = true;
  const bool discards = kind_ == StatementKind::kDiscardAll && !effects_.empty();
  for (const auto& part : operation.parts()) {
    if (part.link->status == 'E') mark_failed();
    apply_effects(*part.link, std::exchange(first, false), /*restored=*/!told.empty());
    if (discards) part.link->forget_all_statements();
  }
  if (discards) {
    forget_statements();
    end_pins();
  }
  forget_effects();
  const auto tag = told.empty() ? operation.tag() : std::string(told);
  const bool commits = simple && !script_ && transaction_ && transaction_->mode == Transaction::Mode::kImplicit;
  if (commits) {
    commit_implicit([this, tag] { answer(tag); });
    return;
  }
  if (!transaction_) release_idle();
  if (changes_catalog_ && !transaction_) catalog_changed();
  if (rows != nullptr) rows->tag = tag;
  if (rows != nullptr && rows->limit > 0)
    hand_out(*rows, rows->limit);
  else
    answer(tag);
  resume();
}

// COMMIT of what Shardway itself began; `then` runs only if all went well, else the client has been told.
void Session::commit_implicit(std::function<void()> then) {
  if (transaction_->failed) {
    on_every_branch("ROLLBACK", [this, then = std::move(then), untold = transaction_->untold](Operation&) {
      transaction_over(false);
      untold ? fail_statement(transaction_lost()) : then();
      resume();
    });
    return;
  }
  commit_everywhere([this, then = std::move(then)](const CommitOutcome& outcome) {
    const bool committed = outcome.kind == CommitOutcome::Kind::kCommitted;
    transaction_over(committed);
    if (committed) {
      then();
    } else if (outcome.kind == CommitOutcome::Kind::kFailed) {
      fail_statement_frame(outcome.error);
    } else {
      fail_statement({FaultReason::kServerLost, "the servers rolled the transaction back", "run it again", 0}, "40000");
    }
  });
}

// `command` on every branch that has begun, at once; `then` when all have answered.
void Session::on_every_branch(std::string_view command, std::function<void(Operation&)> then) {
  auto operation = commit_operation(then);
  for (auto& branch : branches_) {
    if (branch.begun && !branch.link->is_broken()) operation->add(*branch.link, query_of(std::string(command)));
  }
  if (operation->parts().empty()) return then(*operation);
  operate(std::move(operation), /*cancels=*/false);
}

// One statement on one branch, its answer shown; for batches and the extended protocol.
void Session::run_on_branch(Branch& branch, std::string_view sql, std::function<void(Operation&)> then) {
  auto operation = std::make_unique<Operation>(
      Operation::Answer::kFirst, false, !in_segment_, [this](std::string_view bytes) { send(bytes); }, std::move(then));
  operation->add(*branch.link, query_of(std::string(sql)));
  operate(std::move(operation));
}

}  // namespace shardway::proxy::postgres
