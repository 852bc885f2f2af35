// Several statements in one Query: to one shard as they are, or one after the other in an implicit transaction.
#include <algorithm>

#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/reading.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

using protocol::FaultReason;
using router::Action;
using router::Statement;
using router::StatementKind;

namespace {

// What the statements of a batch leave behind, taken together.
Statement left_by(const router::Query& query) {
  Statement whole;
  for (const auto& statement : query.statements) {
    whole.settings.insert(whole.settings.end(), statement.settings.begin(), statement.settings.end());
    if (statement.kind == StatementKind::kResetAll) whole.settings.emplace_back();
    if (statement.pins != router::PinReason::kNone && !outlives_errors(whole.pins)) whole.pins = statement.pins;
    whole.defines.routines = whole.defines.routines || statement.defines.routines;
    whole.leaves_traces = whole.leaves_traces || statement.leaves_traces;
    whole.reads_cursors = whole.reads_cursors || statement.reads_cursors;
    if (statement.kind == StatementKind::kDdl || statement.kind == StatementKind::kDdlAlone)
      whole.kind = StatementKind::kDdl;
  }
  return whole;
}

// currval(), and nothing before it that counts.
bool asks_before_counting(const router::Query& query) {
  for (const auto& statement : query.statements) {
    if (statement.uses_session_sequence) return true;
    if (statement.kind == StatementKind::kWrite || statement.uses_sequences) return false;
  }
  return false;
}

bool controls_transaction(const Statement& statement) noexcept {
  return statement.kind >= StatementKind::kBegin && statement.kind <= StatementKind::kTwoPhase;
}

}  // namespace

// True if every statement is for the same one shard and none is the session's own business: the text goes there whole.
bool Session::batch_goes_to_one_shard(const router::Query& query, std::string_view sql, router::Plan& plan) {
  const auto& literals = batch_literals_;
  for (const auto& statement : query.statements) {
    if (statement.kind == StatementKind::kEmpty) continue;
    auto next = plan_for(statement, {&literals, nullptr, nullptr},
                         sql.substr(statement.begin, statement.end - statement.begin));
    if (next.action != Action::kOneShard || next.wants_time || !next.rewritten.empty()) return false;
    if (!plan.shards.empty() && plan.shards[0] != next.shards[0]) return false;
    next.writes = next.writes || plan.writes;
    next.replica_ok = next.replica_ok && (plan.shards.empty() || plan.replica_ok);
    plan = std::move(next);
  }
  return !plan.shards.empty();
}

Session::Step Session::run_batch(const std::shared_ptr<const router::Query>& query, Frame frame, std::string_view sql) {
  if (asks_before_counting(*query) && !has_counted()) {
    fail_statement(currval_of_another());
    return Step::kConsumed;
  }
  auto whole = left_by(*query);
  const auto has = [&query](const auto& what) {
    return std::any_of(query->statements.begin(), query->statements.end(), what);
  };
  const bool controls = has(controls_transaction);
  const bool copies = has([](const Statement& one) { return one.copy.has_value(); });
  // It is not only the server's: their names are others there.
  const bool restores =
      has([this](const Statement& one) { return resets_base(one) || one.kind == StatementKind::kDeallocate; });
  if (transaction_ && transaction_->failed && !controls) {
    fail_statement(*forbidden_here(query->statements[0]));
    return Step::kConsumed;
  }
  if (!database_->topology().sharded()) {
    const bool only_we_know = transaction_ && transaction_->failed &&
                              std::none_of(branches_.begin(), branches_.end(),
                                           [](const Branch& branch) { return branch.link->status == 'E'; });
    if ((restores && !copies) || only_we_know) {
      begin_script(query, sql);
      return Step::kConsumed;
    }
    const bool unclear = (controls || restores) && !whole.settings.empty();
    if (unclear && !outlives_errors(whole.pins)) whole.pins = router::PinReason::kComputedSetting;
    if (transaction_) transaction_->modes_vary = true;
    auto plan = unsharded_plan();
    plan.replica_ok = stays_on_replica(*query);
    const auto step = forward_statement(whole, plan, frame);
    batch_sets_ = unclear && step == Step::kConsumed;
    return step;
  }
  batch_literals_.clear();
  database_->cache().find(sql, parse_settings(), batch_literals_);
  router::Plan plan;
  if (batch_goes_to_one_shard(*query, sql, plan)) {
    if (const auto fault = unable_here(whole, plan)) {
      fail_statement(*fault);
      return Step::kConsumed;
    }
    for (const auto& statement : query->statements) {
      if (const auto fault = cursor_elsewhere(statement, plan)) {
        fail_statement(*fault);
        return Step::kConsumed;
      }
    }
    const auto step = forward_statement(whole, plan, frame);
    if (step == Step::kConsumed)
      for (const auto& statement : query->statements) note_cursor(statement, plan);
    return step;
  }
  begin_script(query, sql);
  return Step::kConsumed;
}

void Session::begin_script(const std::shared_ptr<const router::Query>& query, std::string_view sql) {
  const auto in_transaction = transaction_ ? std::string_view(transaction_->replay) : std::string_view();
  if (const auto fault = read_otherwise(*query, sql, {*settings_, *base_settings_, in_transaction, standard_strings_}))
    return fail_statement(*fault);
  script_ = std::make_unique<Script>();
  script_->text = sql;
  script_->query = query;
  database_->cache().find(script_->text, parse_settings(), script_->literals);
  statement_since_ = worker_.loop().now();
  continue_script();
}

// Runs statement after statement until one has to wait; the last one ends the implicit transaction.
void Session::continue_script() {
  while (script_ && !operation_ && phase_ == Phase::kReady) {
    const bool ended = error_seen_ || script_->next == script_->query->statements.size();
    if (!ended) {
      const auto& statement = script_->query->statements[script_->next];
      const auto sql = std::string_view(script_->text).substr(statement.begin, statement.end - statement.begin);
      if (!run_script_statement(statement, sql)) return;  // it waits for a link
      continue;
    }
    const bool failed = error_seen_;
    if (transaction_ && transaction_->mode == Transaction::Mode::kImplicit) {
      transaction_->failed = transaction_->failed || failed;
      auto script = std::move(script_);
      commit_implicit([this] { finish_simple(); });
      return;
    }
    script_.reset();
    if (!transaction_) release_idle();
    finish_simple();
    return;
  }
}

// False: it has to be tried again. Whatever it starts ends in finish_work(), answer() or fail_statement().
bool Session::run_script_statement(const Statement& statement, std::string_view sql) {
  if (const auto fault = forbidden_here(statement)) {
    fail_statement(*fault);
    return true;
  }
  const bool control = statement.kind >= StatementKind::kBegin && statement.kind <= StatementKind::kTwoPhase;
  if (!transaction_ && !control) begin_implicit();
  const auto plan = plan_for(statement, {&script_->literals, nullptr, nullptr}, sql);
  if (plan.wants_time) return ask_time(statement, plan) == Step::kConsumed;
  Step step = Step::kConsumed;
  const auto before = script_->next++;
  switch (plan.action) {
    case Action::kRefuse:
      note_refusal(plan.fault->reason);
      fail_statement(*plan.fault);
      break;
    case Action::kSession:
      if (statement.kind != StatementKind::kEmpty) step = run_session_statement(statement, plan, sql, {});
      break;
    case Action::kOneShard:
    case Action::kEveryShard:
    case Action::kScatter:
      if (statement.kind == StatementKind::kCopyIn) {
        fail_statement({FaultReason::kNotSupported, "COPY is not supported inside a batch", "send it by itself", 0});
      } else if (statement.kind == StatementKind::kDdlAlone) {
        fail_statement(
            {FaultReason::kActiveTransaction, "this statement cannot run inside a batch", "send it by itself", 0});
      } else {
        step = run_on_shards(statement, plan, {sql, nullptr});
      }
      break;
    case Action::kCopyIn:
    case Action::kExplain:
      fail_statement({FaultReason::kNotSupported, "COPY and SHARDWAY EXPLAIN are not supported inside a batch",
                      "send it by itself", 0});
      break;
  }
  if (step == Step::kBlocked && script_) script_->next = before;
  return step == Step::kConsumed;
}

}  // namespace shardway::proxy::postgres
