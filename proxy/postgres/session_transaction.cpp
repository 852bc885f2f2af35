// BEGIN to COMMIT: answered here, replayed on each shard as it is enlisted, ended on all of them.
#include <algorithm>
#include <ctime>

#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/transaction/ledger.hpp"
#include "proxy/worker.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::Fault;
using protocol::FaultReason;
using router::Statement;
using router::StatementKind;

namespace {

std::string_view trimmed(std::string_view sql) {
  while (!sql.empty() &&
         (sql.back() == ';' || sql.back() == ' ' || sql.back() == '\n' || sql.back() == '\t' || sql.back() == '\r')) {
    sql.remove_suffix(1);
  }
  return sql;
}

// What stands behind BEGIN or START TRANSACTION.
std::string_view modes_of(std::string_view sql, bool standard_strings) {
  sql = trimmed(sql);
  router::StatementLexer lexer(sql, standard_strings);
  const auto word = [&](const router::Token& token) { return sql.substr(token.begin, token.end - token.begin); };
  (void)lexer.next();
  auto token = lexer.next();
  if (router::equals_word(word(token), "work") || router::equals_word(word(token), "transaction")) token = lexer.next();
  const bool ends = token.kind == router::TokenKind::kEnd || word(token) == ";";
  return ends ? std::string_view() : sql.substr(token.begin);
}

}  // namespace

Session::Step Session::transaction_statement(const Statement& statement, std::string_view sql, Frame frame) {
  switch (statement.kind) {
    case StatementKind::kBegin: return begin_transaction(statement, sql);
    case StatementKind::kCommit:
    case StatementKind::kRollback: return end_transaction(statement, frame);
    case StatementKind::kSetTransaction: return set_transaction(statement, sql, frame);
    case StatementKind::kSavepoint:
    case StatementKind::kReleaseSavepoint:
    case StatementKind::kRollbackTo: return savepoint_statement(statement, sql, frame);
    default: break;
  }
  if (database_->topology().sharded()) {
    fail_statement({FaultReason::kNotSupported,
                    "PREPARE TRANSACTION and COMMIT PREPARED are not supported on a sharded database", "use COMMIT",
                    0});
    return Step::kConsumed;
  }
  return everywhere_or_here(statement, sql, frame, unsharded_plan());
}

// What ran before it, in a batch or a pipeline, belongs to the transaction, whose modes are set then, as by a server.
Session::Step Session::begin_transaction(const Statement& statement, std::string_view sql) {
  const bool again = is_in_block();
  for (auto& branch : branches_) {
    if (branch.dirty && settle_segment(branch) == Step::kBlocked) return Step::kBlocked;
  }
  if (again)
    pg::encode::notice(
        reply(), {.severity = "WARNING", .sqlstate = "25001", .message = "there is already a transaction in progress"});
  if (!transaction_) begin_implicit();
  const bool is_first = !again && transaction_->replay.empty() && first_begun() == nullptr;
  if (is_first) {
    transaction_->begin = trimmed(sql);
    transaction_->read_only = transaction_->is_sealed = statement.read_only_begin;
    transaction_->on_primary = is_hinted_to_primary(statement);
    transaction_->serializable = statement.serializable_begin;
    transaction_->one_snapshot = statement.snapshot_begin;
  }
  const auto modes = is_first ? std::string_view() : modes_of(sql, standard_strings_);
  const auto set = modes.empty() ? std::string() : setting_of_modes(statement, "SET TRANSACTION " + std::string(modes));
  if (set.empty() || first_begun() == nullptr) {
    begin_block(statement, set);
    return Step::kConsumed;
  }
  on_every_branch(set, [this, set, copy = std::make_shared<Statement>(statement)](Operation& operation) {
    if (operation.failed())
      fail_statement_frame(error_of(operation));
    else
      begin_block(*copy, set);
    resume();
  });
  return Step::kConsumed;
}

// `set`: what a shard enlisted later has to hear besides the BEGIN.
void Session::begin_block(const Statement& statement, const std::string& set) {
  transaction_->mode = Transaction::Mode::kExplicit;
  if (!set.empty()) note_modes(statement, set);
  kind_ = statement.kind;
  answer(statement.starts ? "START TRANSACTION" : "BEGIN");
}

Session::Step Session::end_transaction(const Statement& statement, Frame frame) {
  const bool commit = statement.kind == StatementKind::kCommit;
  const bool explicitly = transaction_ && transaction_->mode == Transaction::Mode::kExplicit;
  if (statement.chain && !explicitly) {
    const std::string what = commit ? "COMMIT" : "ROLLBACK";
    fail_statement({FaultReason::kNoTransaction, what + " AND CHAIN can only be used in transaction blocks", {}, 0});
    return Step::kConsumed;
  }
  for (auto& branch : branches_) {
    if (branch.dirty && settle_segment(branch) == Step::kBlocked) return Step::kBlocked;
  }
  if (!explicitly)  // what ran before it in the pipeline or the batch ends all the same
    pg::encode::notice(reply(),
                       {.severity = "WARNING", .sqlstate = "25P01", .message = "there is no transaction in progress"});
  if (!transaction_) {
    portals_.reset();
    unnamed_portal_.reset();
    answer(commit ? "COMMIT" : "ROLLBACK");
    return Step::kConsumed;
  }
  absorb_effects();
  if (statement.chain && transaction_->modes_vary && !transaction_->told && !transaction_->failed) return ask_modes();
  std::size_t begun = 0;
  Branch* only = nullptr;
  for (auto& branch : branches_) {
    if (!branch.begun || branch.link->is_broken()) continue;
    ++begun;
    only = &branch;
  }
  const bool commits = commit && !transaction_->failed;
  note_kind(statement.kind);
  auto next = statement.chain ? std::shared_ptr<Transaction>(successor_of(*transaction_)) : nullptr;
  const bool untold = commit && transaction_->untold;  // a client that is told ROLLBACK may not look
  if (begun == 0) {
    if (commits)
      finish_transaction(true, next.get());
    else
      roll_back_told(next.get(), untold);
    return Step::kConsumed;
  }
  const bool agrees = commit == commits || only->link->status == 'E';  // else the server must hear ROLLBACK, not COMMIT
  if (begun == 1 && agrees && !untold && !frame.empty() && !script_ && !next) {
    statement_since_ = worker_.loop().now();
    only->link->out() += frame;
    only->link->owe(Reply::kQuery);
    awaiting_ready_ = true;
    return Step::kConsumed;
  }
  end_everywhere(commits, untold, next);
  return Step::kConsumed;
}

void Session::end_everywhere(bool commits, bool untold, const std::shared_ptr<Transaction>& next) {
  if (!commits) {
    return on_every_branch("ROLLBACK", [this, next, untold](Operation&) {
      roll_back_told(next.get(), untold);
      resume();
    });
  }
  commit_everywhere([this, next](const CommitOutcome& outcome) {
    if (outcome.kind != CommitOutcome::Kind::kFailed)
      return finish_transaction(outcome.kind == CommitOutcome::Kind::kCommitted, next.get());
    transaction_over(false);
    fail_statement_frame(outcome.error);
  });
}

// `untold`: it was to be committed, and nobody has said that it is lost.
void Session::roll_back_told(Transaction* next, bool untold) {
  if (!untold) return finish_transaction(false, next);
  transaction_over(false);
  fail_statement(transaction_lost());
}

void Session::finish_transaction(bool committed, Transaction* next) {
  transaction_over(committed);
  if (next != nullptr) chain(*next);
  answer(committed ? "COMMIT" : "ROLLBACK");
}

void Session::chain(Transaction& next) {
  transaction_ = std::make_unique<Transaction>(std::move(next));
  transaction_->settings_before = settings_;
  transaction_since_ = worker_.loop().now();
}

// SAVEPOINT, RELEASE, ROLLBACK TO, SET TRANSACTION: on all shards enlisted so far, and again on those enlisted later.
Session::Step Session::savepoint_statement(const Statement& statement, std::string_view sql, Frame frame) {
  constexpr std::string_view kNames[] = {"SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "SET TRANSACTION"};
  constexpr std::string_view kTags[] = {"SAVEPOINT", "RELEASE", "ROLLBACK", "SET"};
  const bool set = statement.kind == StatementKind::kSetTransaction;
  const auto index =
      set ? 3 : static_cast<std::size_t>(statement.kind) - static_cast<std::size_t>(StatementKind::kSavepoint);
  const bool in_implicit = set && (script_ || in_segment_);
  if (!transaction_ || (transaction_->mode == Transaction::Mode::kImplicit && !in_implicit)) {
    fail_statement(
        {FaultReason::kNoTransaction, std::string(kNames[index]) + " can only be used in transaction blocks", {}, 0});
    return Step::kConsumed;
  }
  if (transaction_->lost) {
    fail_statement(transaction_lost());
    return Step::kConsumed;
  }
  for (auto& branch : branches_) {
    if (branch.dirty && settle_segment(branch) == Step::kBlocked) return Step::kBlocked;
  }
  absorb_effects();
  const bool known = set || statement.kind == StatementKind::kSavepoint ||
                     std::any_of(transaction_->savepoints.begin(), transaction_->savepoints.end(),
                                 [&](const Savepoint& savepoint) { return savepoint.name == statement.name; });
  if (!known || statement.name == kWritable) {
    fail_statement({FaultReason::kNoTransaction, "savepoint \"" + statement.name + "\" does not exist", {}, 0},
                   "3B001");
    return Step::kConsumed;
  }
  const std::string tag(kTags[index]);
  const auto text = set ? setting_of_modes(statement, trimmed(sql)) : std::string(trimmed(sql));
  static_cast<void>(frame);
  // A level, or READ WRITE, may not be set in a subtransaction: its server knows.
  if (set && !transaction_->savepoints.empty() && first_begun() == nullptr) {
    const auto enlisted = enlist(database_->topology().home, /*replica_ok=*/false);
    if (enlisted.blocked) return Step::kBlocked;
    if (enlisted.branch == nullptr) {
      fail_statement(*enlisted.fault, enlisted.sqlstate);
      return Step::kConsumed;
    }
  }
  bool begun = false;
  for (const auto& branch : branches_) begun = begun || branch.begun;
  if (!begun) {
    note_savepoint(statement, text);
    answer(tag);
    return Step::kConsumed;
  }
  auto copy = std::make_shared<Statement>(statement);
  on_every_branch(text, [this, copy, text, tag](Operation& operation) {
    if (operation.failed()) {
      fail_statement_frame(error_of(operation));
    } else {
      note_savepoint(*copy, text);
      answer(tag);
    }
    resume();
  });
  return Step::kConsumed;
}

void Session::note_savepoint(const Statement& statement, std::string_view sql) {
  auto& transaction = *transaction_;
  if (statement.kind == StatementKind::kSetTransaction) return note_modes(statement, sql);
  transaction.replay.append(sql).append("\n;");  // it may end in a comment
  if (statement.kind == StatementKind::kSavepoint) {
    transaction.savepoints.push_back({statement.name, settings_, transaction.cursors});
    return;
  }
  auto& savepoints = transaction.savepoints;
  while (!savepoints.empty() && savepoints.back().name != statement.name) savepoints.pop_back();
  if (savepoints.empty()) return;
  if (statement.kind == StatementKind::kReleaseSavepoint) {
    savepoints.pop_back();
  } else {
    use_settings(savepoints.back().settings);
    transaction.cursors = savepoints.back().cursors;
    transaction.failed = false;
    for (auto& branch : branches_) branch.has_let_go = false;
    transaction.has_gone_back = true;
  }
}

void Session::begin_implicit() {
  transaction_ = std::make_unique<Transaction>();
  transaction_->mode = Transaction::Mode::kImplicit;
  transaction_->settings_before = settings_;
  if (segment_time_) transaction_->now = *segment_time_;
  transaction_since_ = worker_.loop().now();
}

void Session::mark_lost() {
  if (transaction_) transaction_->untold = !transaction_->failed || transaction_->untold;
  mark_failed();
}

void Session::mark_failed() {
  if (transaction_) transaction_->failed = true;
}

// The transaction has ended, everywhere: settings stay or go back, and links are free.
void Session::transaction_over(bool committed) {
  if (!transaction_) return;
  may_end_transaction_ = false;
  if (!committed) use_settings(transaction_->settings_before);
  database_->counters.transaction_us += static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(worker_.loop().now() - transaction_since_).count());
  for (auto& branch : branches_) {
    if (branch.begun) branch.link->settings = settings_;
    branch.begun = branch.dirty = branch.executed = branch.has_let_go = false;
  }
  stop_being_wide();
  transaction_.reset();
  segment_time_.reset();
  portals_.reset();
  unnamed_portal_.reset();
  forget_effects();
  release_idle();
  if (changes_catalog_) catalog_changed();
}

void Session::pin_to(router::PinReason reason, std::string_view detail) {
  if (pin_ == router::PinReason::kNone) {
    ++database_->counters.pins[static_cast<std::size_t>(reason)];
    pin_since_ = std::time(nullptr);
  }
  pin_ = reason;
  pin_detail_ = detail;
  has_unknown_settings_ = has_unknown_settings_ || hides_settings(reason);
  has_loaded_ = has_loaded_ || reason == router::PinReason::kLoad;
}

// DISCARD ALL has left nothing on any of its connections but libraries.
// https://www.postgresql.org/docs/15/sql-discard.html
void Session::end_pins() {
  if (has_loaded_ || database_->config().pool.mode == config::PoolMode::kSession) return;
  for (auto& branch : branches_) branch.pinned = branch.has_traces = false;
  pin_ = router::PinReason::kNone;
  pin_detail_.clear();
  held_cursors_.reset();
  has_unknown_settings_ = false;
}

}  // namespace shardway::proxy::postgres
