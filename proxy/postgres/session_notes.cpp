// What is written down of a statement as it starts: its kind, what it uses and pins, and that it changes the catalogue,
// which this session then waits for.
#include <algorithm>

#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

using protocol::FaultReason;
using router::Statement;
using router::StatementKind;

namespace {

constexpr std::chrono::milliseconds kCatalogWait{5000}, kCatalogPoll{2};
constexpr std::chrono::seconds kCatalogDoubt{1};  // how often a refusal has the catalogue read again

// Which way a backslash is read; without a name it is RESET ALL.
bool sets_strings(const std::vector<router::Setting>& settings) {
  return std::any_of(settings.begin(), settings.end(), [](const router::Setting& setting) {
    return setting.name.empty() || setting.name == "standard_conforming_strings";
  });
}

}  // namespace

// What has been sent, up to the end of its segment, may end an explicit transaction, or cannot.
void Session::note_kind(StatementKind kind) noexcept {
  kind_ = kind;
  switch (kind) {
    case StatementKind::kEmpty:
    case StatementKind::kRead:
    case StatementKind::kWrite:
    case StatementKind::kSavepoint:
    case StatementKind::kReleaseSavepoint:
    case StatementKind::kRollbackTo:
    case StatementKind::kSet:
    case StatementKind::kReset:
    case StatementKind::kShow:
    case StatementKind::kDeclareCursor:
    case StatementKind::kFetch:
    case StatementKind::kCloseCursor:
    case StatementKind::kLock:
    case StatementKind::kDdl:
    case StatementKind::kTruncate:
    case StatementKind::kCopyIn:
    case StatementKind::kCopyOut: return;
    default: may_end_transaction_ = true;
  }
}

// True if nextval() may have been called on the connection the next statement runs on, by this client.
bool Session::has_counted() const noexcept {
  if (pin_ != router::PinReason::kNone || database_->config().pool.mode == config::PoolMode::kSession) return true;
  const auto shard = database_->topology().sequence_shard();
  return std::any_of(branches_.begin(), branches_.end(),
                     [shard](const Branch& branch) { return branch.shard == shard && branch.use != Use::kRead; });
}

// `has_run`: it is on its way to the server, or only bound there.
void Session::note_start(const Statement& statement, const router::Plan& plan, bool has_run) {
  auto& counters = database_->counters;
  ++counters.by_rule[static_cast<std::size_t>(plan.rule)];
  for (const auto shard : plan.shards) ++counters.by_shard[shard];
  note_kind(statement.kind);
  deadlock_victim_ = false;
  statement_since_ = worker_.loop().now();
  note_use(statement, plan);
  note_cursor(statement, plan);
  if (has_run) note_effects(statement);
}

void Session::note_cursor(const Statement& statement, const router::Plan& plan) {
  if (transaction_ && statement.kind == StatementKind::kCloseCursor) forget_cursor(*transaction_, statement.name);
  if (statement.kind != StatementKind::kDeclareCursor || plan.shards.empty()) return;
  if (transaction_) transaction_->cursors[statement.name] = plan.shards[0];
  if (statement.pins != router::PinReason::kHoldCursor || !database_->topology().sharded()) return;
  if (!held_cursors_) held_cursors_ = std::make_unique<Cursors>();
  (*held_cursors_)[statement.name] = plan.shards[0];
}

// A statement that is only bound may never run.
void Session::note_effects(const Statement& statement) {
  note_local(statement);
  effects_.insert(effects_.end(), statement.settings.begin(), statement.settings.end());
  if (statement.kind == StatementKind::kResetAll || statement.kind == StatementKind::kDiscardAll)
    effects_.emplace_back();  // without a name: all of them
  if (statement.kind == StatementKind::kDiscardAll) effects_.emplace_back().name = "session_authorization";
  strings_in_doubt_ = strings_in_doubt_ || (in_segment_ && sets_strings(effects_));
  if (!effects_.empty()) coming_ = apply(settings_, *base_settings_, effects_);
  if (statement.pins != router::PinReason::kNone && !outlives_errors(pin_after_)) {
    pin_after_ = statement.pins;
    pin_detail_ = std::string(router::name_of(statement.pins));
  }
  changes_catalog_ = changes_catalog_ || router::is_ddl(statement.kind);
  defines_routines_ = defines_routines_ || statement.defines.routines;
  if (transaction_) {
    transaction_->defined.clock |= statement.defines.clock;
    transaction_->defined.varies |= statement.defines.varies;
  }
  deallocates_all_ = statement.kind == StatementKind::kDeallocate && statement.name.empty();
}

std::optional<protocol::Fault> Session::cursors_unseen(const Statement& statement, const router::Plan& plan) const {
  if (!statement.reads_cursors || plan.shards.empty()) return std::nullopt;
  const bool elsewhere = std::any_of(branches_.begin(), branches_.end(), [&](const Branch& branch) {
    return branch.shard != plan.shards[0] && (branch.begun || branch.dirty || branch.executed || branch.pinned);
  });
  if (!elsewhere) return std::nullopt;
  return protocol::Fault{protocol::FaultReason::kSeveralShards,
                         "pg_cursors beside other shards is not supported: each has cursors of its own",
                         {},
                         0};
}

// Two servers would take what one refuses. A cursor WITH HOLD may have been closed since.
std::optional<protocol::Fault> Session::cursor_elsewhere(const Statement& statement, const router::Plan& plan) const {
  if (statement.kind != StatementKind::kDeclareCursor || plan.shards.empty()) return std::nullopt;
  const auto is_elsewhere = [&](const Cursors& cursors) {
    const auto found = cursors.find(statement.name);
    return found != cursors.end() && found->second != plan.shards[0];
  };
  const auto what = "cursor \"" + statement.name + "\" ";
  if (transaction_ && is_elsewhere(transaction_->cursors))
    return protocol::Fault{protocol::FaultReason::kCursorExists, what + "already exists", {}, 0};
  if (held_cursors_ && is_elsewhere(*held_cursors_))
    return protocol::Fault{protocol::FaultReason::kNotSupported, what + "may be open WITH HOLD on another shard",
                           "use another name", 0};
  return std::nullopt;
}

// What is not known to only read counts as a write; what only reads, but may not go to a replica, may hold locks.
void Session::note_use(const Statement& statement, const router::Plan& plan) {
  const bool is_sealed = transaction_ && transaction_->is_sealed;
  const bool writes =
      !is_sealed && (plan.writes || statement.uses_user_functions || statement.kind == StatementKind::kOther);
  const auto use = writes ? Use::kWrite : plan.replica_ok ? Use::kRead : Use::kLock;
  const bool unpreparable =
      statement.pins != router::PinReason::kNone || statement.writes_home || statement.kind == StatementKind::kNotify;
  for (const auto shard : plan.shards) {
    auto* branch = branch_on(shard);
    if (branch == nullptr) continue;
    branch->use = std::max(branch->use, use);
    branch->unpreparable = branch->unpreparable || unpreparable;
    branch->has_traces = branch->has_traces || statement.leaves_traces;
  }
}

// What was planned with the old columns is refused at worst; but this session knows that there are new ones, and waits.
void Session::catalog_changed() {
  changes_catalog_ = false;
  const bool matters = std::exchange(defines_routines_, false) || database_->topology().sharded();
  if (!matters || database_->config().control.user.empty() || !worker_.surroundings().catalog_changed) return;
  catalog_wanted_ = ++database_->backend().catalog_wanted;
  catalog_deadline_ = worker_.loop().now() + kCatalogWait;
  worker_.surroundings().catalog_changed(database_->config().name);
}

bool Session::catalog_is_current() {
  if (catalog_wanted_ == 0) return true;
  if (database_->backend().catalog_seen.load() >= catalog_wanted_ || worker_.loop().now() > catalog_deadline_) {
    catalog_wanted_ = 0;
    return true;
  }
  worker_.resume_after(*this, kCatalogPoll);
  return false;
}

// A table may have been made or mended through another Shardway: the next one who asks shall find it.
void Session::note_refusal(FaultReason reason) {
  ++database_->counters.refusals[static_cast<std::size_t>(reason)];
  if (reason != FaultReason::kTableRefused || !worker_.surroundings().catalog_changed) return;
  const auto now = worker_.loop().now().time_since_epoch() / std::chrono::nanoseconds(1);
  auto last = database_->backend().catalog_doubted.load();
  if (now - last < kCatalogDoubt / std::chrono::nanoseconds(1)) return;
  if (database_->backend().catalog_doubted.compare_exchange_strong(last, now))
    worker_.surroundings().catalog_changed(database_->config().name);
}

}  // namespace shardway::proxy::postgres
