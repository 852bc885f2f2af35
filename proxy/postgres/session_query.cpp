// Simple Query: one statement or several, and the choice by plan. What the two protocols share in that choice is here
// too.

#include <algorithm>

#include "protocol/postgres/messages.hpp"
#include "proxy/log.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"
#include "router/column_lists.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::Fault;
using protocol::FaultReason;
using router::Action;
using router::Statement;
using router::StatementKind;

namespace {

// One per thread: the literals of the text at hand.
router::Literals& scratch_literals() {
  thread_local router::Literals literals;
  return literals;
}

bool is_transaction_control(StatementKind kind) noexcept {
  return (kind >= StatementKind::kBegin && kind <= StatementKind::kTwoPhase) || kind == StatementKind::kSetTransaction;
}

bool ends_failed_transaction(StatementKind kind) noexcept {
  return kind == StatementKind::kCommit || kind == StatementKind::kRollback || kind == StatementKind::kRollbackTo ||
         kind == StatementKind::kTwoPhase;
}

// What a shard enlisted later hears again, or need not hear.
bool leaves_untouched(StatementKind kind) noexcept {
  return kind == StatementKind::kShow || kind == StatementKind::kSet || kind == StatementKind::kReset;
}

}  // namespace

Session::Step Session::on_query(Frame frame) {
  if (busy()) return Step::kBlocked;
  if (query_ends_segment_) return end_segment_by_query();
  if (skip_until_sync_) return Step::kConsumed;  // a server discards it, too, until Sync
  auto sql = pg::decode_query(frame.substr(pg::kHeadBytes));
  if (in_segment_ && forward_deferred() == Step::kBlocked) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  for (auto& branch : branches_) {
    if (branch.dirty) return on_query_in_segment(branch, frame);
  }
  if (in_segment_ && quiet() == Step::kBlocked) return Step::kBlocked;
  in_segment_ = false;
  if (!sql) {
    fail_statement({FaultReason::kProtocol, "invalid string in message", {}, 0});
    return Step::kConsumed;
  }
  segment_time_.reset();
  forget_unnamed();
  if (!catalog_is_current()) return Step::kBlocked;
  auto& literals = scratch_literals();
  auto query = database_->cache().find(*sql, parse_settings(), literals);
  if (written_lists_) written_lists_.reset();
  std::string with_columns;
  if (query->lacks_columns) {
    if (const auto fault = columns_in_doubt(*query)) {
      fail_statement(*fault);
      return Step::kConsumed;
    }
    frame = with_columns = query_with_columns(*query, *sql);
    sql = pg::decode_query(frame.substr(pg::kHeadBytes));
    query = database_->cache().find(*sql, parse_settings(), literals);
  }
  if (query->syntax_error) {
    if (!database_->topology().sharded()) return forward_query(unsharded_plan(), frame);
    fail_statement(*query->syntax_error);
    return Step::kConsumed;
  }
  if (query->statements.empty() ||
      (query->statements.size() == 1 && query->statements[0].kind == StatementKind::kEmpty)) {
    pg::encode::empty_query(reply());
    finish_simple();
    return Step::kConsumed;
  }
  return query->statements.size() == 1 ? run_simple(query->statements[0], frame, *sql) : run_batch(query, frame, *sql);
}

// Definitions of the transaction at hand, or of the same text, are not in the catalogue yet.
std::optional<Fault> Session::columns_in_doubt(const router::Query& query) const {
  const bool defines = (transaction_ && changes_catalog_) ||
                       std::any_of(query.statements.begin(), query.statements.end(),
                                   [](const Statement& statement) { return router::is_ddl(statement.kind); });
  if (!defines) return std::nullopt;
  return Fault{FaultReason::kNotSupported,
               "INSERT or COPY without a column list behind a definition in the same transaction is not supported: the "
               "table's columns are not known yet",
               "name the columns", 0};
}

// A Query drops the unnamed statement and the unnamed portal.
void Session::forget_unnamed() {
  unnamed_.reset();
  unnamed_portal_.reset();
  restrict_portals();
}

// One that is refused ends with ReadyForQuery all the same, and what ran before it in the pipeline with it.
Session::Step Session::end_segment_by_query() {
  std::string sync;
  pg::encode::sync(sync);
  const auto step = on_sync(sync);
  query_ends_segment_ = step == Step::kBlocked;
  return step;
}

// The server takes a Query in the middle of an extended segment as one more part of its implicit transaction.
Session::Step Session::on_query_in_segment(Branch& branch, Frame frame) {
  if (database_->topology().sharded()) {
    fail_statement({FaultReason::kNotSupported,
                    "a simple Query inside an extended pipeline is not supported on a sharded database",
                    "send Sync first", 0});
    return end_segment_by_query();
  }
  forget_unnamed();
  branch.link->out() += frame;
  branch.link->owe(Reply::kQuery);
  awaiting_ready_ = true;
  note_kind(StatementKind::kOther);
  pin_after_ = router::PinReason::kUninspected;
  pin_detail_ = "a Query inside an extended pipeline";
  return Step::kConsumed;
}

router::Plan Session::unsharded_plan() const {
  router::Plan plan;
  plan.action = Action::kOneShard;
  plan.rule = router::Rule::kUnsharded;
  plan.writes = true;
  plan.shards.push_back(0);
  return plan;
}

// What no shard needs to be asked for: a failed transaction takes nothing but its end.
std::optional<Fault> Session::forbidden_here(const Statement& statement) const {
  if (transaction_ && transaction_->failed && !ends_failed_transaction(statement.kind)) {
    if (transaction_->untold) return transaction_lost();
    return Fault{FaultReason::kInFailedTransaction,
                 "current transaction is aborted, commands ignored until end of transaction block",
                 {},
                 0};
  }
  if (statement.kind == StatementKind::kBegin && database_->config().pool.mode == config::PoolMode::kStatement) {
    return Fault{FaultReason::kNotSupported, "transaction blocks are not allowed in statement pooling mode",
                 "set pool.mode = \"transaction\"", 0};
  }
  if (statement.kind == StatementKind::kDdlAlone && transaction_ && database_->topology().sharded()) {
    return Fault{FaultReason::kActiveTransaction, "this statement cannot run inside a transaction block", {}, 0};
  }
  if (statement.uses_session_sequence && !has_counted()) return currval_of_another();
  return std::nullopt;
}

Fault Session::currval_of_another() {
  return {FaultReason::kNotSupported,
          "currval() and lastval() outside of the transaction that called nextval() would answer for another client's "
          "connection",
          "use INSERT … RETURNING, or call them in the transaction that called nextval()", 0};
}

Session::Step Session::run_simple(const Statement& statement, Frame frame, std::string_view sql) {
  if (const auto fault = forbidden_here(statement)) {
    fail_statement(*fault);
    return Step::kConsumed;
  }
  const auto plan = plan_for(statement, {&scratch_literals(), nullptr, nullptr}, sql);
  if (plan.wants_time) return ask_time(statement, plan);
  switch (plan.action) {
    case Action::kOneShard: {
      if (const auto fault = unable_here(statement, plan)) {
        fail_statement(*fault);
        return Step::kConsumed;
      }
      if (plan.rewritten.empty()) return forward_statement(statement, plan, frame);
      std::string rewritten;
      pg::encode::query(rewritten, plan.rewritten);
      return forward_statement(statement, plan, rewritten);
    }
    case Action::kSession: return run_session_statement(statement, plan, sql, frame);
    case Action::kScatter:
    case Action::kEveryShard: return run_on_shards(statement, plan, {sql, nullptr});
    case Action::kCopyIn: return begin_copy_in(statement, sql);
    case Action::kExplain: explain_statement(statement); return Step::kConsumed;
    case Action::kRefuse:
      note_refusal(plan.fault->reason);
      fail_statement(*plan.fault);
      return Step::kConsumed;
  }
  return Step::kConsumed;
}

Session::Step Session::forward_statement(const Statement& statement, const router::Plan& plan, Frame frame) {
  drop_spare(plan.shards[0]);
  const auto enlisted = enlist(plan.shards[0], replica_allowed(statement, plan, plan.shards[0]));
  if (enlisted.blocked) return Step::kBlocked;
  if (enlisted.branch == nullptr) {
    fail_statement(*enlisted.fault, enlisted.sqlstate);
    return Step::kConsumed;
  }
  note_start(statement, plan);
  if (transaction_) note_time(*enlisted.branch, statement, frame);
  auto& link = *enlisted.branch->link;
  link.out() += frame;
  link.owe(Reply::kQuery);
  awaiting_ready_ = true;
  return Step::kConsumed;
}

Session::Step Session::forward_query(const router::Plan& plan, Frame frame) {
  Statement opaque;
  return forward_statement(opaque, plan, frame);
}

// Statements of the session itself: transaction control, settings, cursors.
Session::Step Session::run_session_statement(const Statement& statement, const router::Plan& plan, std::string_view sql,
                                             Frame frame) {
  if (is_transaction_control(statement.kind)) return transaction_statement(statement, sql, frame);
  switch (statement.kind) {
    case StatementKind::kEmpty:
      pg::encode::empty_query(reply());
      finish_simple();
      return Step::kConsumed;
    case StatementKind::kDeallocate:
      if (statement.name.empty()) {
        if (pin_ == router::PinReason::kSqlPrepare) break;  // others of the client's are on the server
        forget_statements();
        answer("DEALLOCATE ALL");
        return Step::kConsumed;
      }
      if (statements_ && statements_->erase(statement.name) > 0) {
        answer("DEALLOCATE");
        return Step::kConsumed;
      }
      break;
    default: break;
  }
  return everywhere_or_here(statement, sql, frame, plan);
}

// By DEALLOCATE ALL or DISCARD ALL: those with names.
void Session::forget_statements() {
  if (statements_) statements_->clear();
}

// A statement for all that is open: one branch, or none yet (then the home shard), passes it on; several run it
// together.
Session::Step Session::everywhere_or_here(const Statement& statement, std::string_view sql, Frame frame,
                                          const router::Plan& planned) {
  router::Plan plan;
  plan.action = Action::kOneShard;
  plan.rule = planned.rule;
  const auto home = database_->topology().home;
  const auto cursor =
      transaction_ ? transaction_->cursors.find(statement.name) : std::map<std::string, router::ShardIndex>::iterator{};
  const auto forward = [&] {  // in a batch or a pipeline there is no Query of its own to pass on
    if (resets_base(statement)) return reset_statement(statement, plan, sql);
    const auto* known = branch_on(plan.shards[0]);
    const bool untouched = (known == nullptr || known->untouched) && leaves_untouched(statement.kind);
    const auto step =
        frame.empty() ? run_on_shards(statement, plan, {sql, nullptr}) : forward_statement(statement, plan, frame);
    if (auto* asked = branch_on(plan.shards[0])) asked->untouched = asked->untouched || untouched;
    return step;
  };
  const bool of_cursor = statement.kind == StatementKind::kFetch || statement.kind == StatementKind::kCloseCursor;
  if (of_cursor && transaction_ && cursor != transaction_->cursors.end()) {
    plan.shards.push_back(cursor->second);
    return forward();
  }
  if (branches_.size() <= 1) {
    plan.shards.push_back(branches_.empty() ? home : branches_.front().shard);
    return forward();
  }
  const bool of_one = of_cursor && !statement.name.empty();
  if (statement.kind == StatementKind::kShow || of_one) {
    plan.shards.push_back(branches_.front().shard);
    return forward();
  }
  plan.action = Action::kEveryShard;
  for (const auto& branch : branches_) plan.shards.push_back(branch.shard);
  if (resets_base(statement)) return reset_statement(statement, plan, sql);
  return run_on_shards(statement, plan, {sql, nullptr});
}

void Session::explain_statement(const Statement& statement) {
  const auto& text = statement.name;
  router::Literals literals;
  const auto query = database_->cache().find(text, parse_settings(), literals);
  std::vector<std::string> lines;
  if (!hints_) {
    fail_statement({FaultReason::kForbidden, "user \"" + user_ + "\" may not use SHARDWAY EXPLAIN",
                    "set hints = true for this [[user]]", 0});
    return;
  }
  if (query->syntax_error) {
    fail_statement(*query->syntax_error);
    return;
  }
  for (const auto& inner : query->statements) {
    auto plan = plan_for(inner, {&literals, nullptr, nullptr}, text);
    if (query->lacks_columns && plan.rewritten.empty())
      plan.rewritten = router::with_column_lists(*query, text, standard_strings_).text;
    const auto more = router::explain(inner, plan, database_->topology(), text);
    lines.insert(lines.end(), more.begin(), more.end());
  }
  if (!in_segment_) describe_explain();
  for (const auto& line : lines) pg::encode::data_row(reply(), {std::optional<protocol::Bytes>(line)});
  answer("EXPLAIN");
}

Session::Step Session::on_function_call(Frame frame) {
  if (busy()) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  if (database_->topology().sharded()) {
    fail_statement({FaultReason::kNotSupported, "function calls by message are not supported on a sharded database",
                    "call the function in a SELECT", 0});
    return Step::kConsumed;
  }
  const auto enlisted = enlist(0, false);
  if (enlisted.blocked) return Step::kBlocked;
  if (enlisted.branch == nullptr) {
    fail_statement(*enlisted.fault, enlisted.sqlstate);
    return Step::kConsumed;
  }
  enlisted.branch->link->out() += frame;
  enlisted.branch->link->owe(Reply::kFunctionCall);
  enlisted.branch->has_traces = true;
  awaiting_ready_ = true;
  note_kind(StatementKind::kOther);
  return Step::kConsumed;
}

}  // namespace shardway::proxy::postgres
