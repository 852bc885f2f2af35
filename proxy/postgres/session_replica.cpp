// What may run on a replica, and how a transaction or a pipeline leaves one again. A READ ONLY transaction that has
// begun on a replica stays there: on the primary it would have another snapshot and another time.
#include <algorithm>

#include "proxy/log.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"
#include "router/planner.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::FaultReason;
using router::Statement;
using router::StatementKind;

namespace {

constexpr std::chrono::seconds kRefusedFor{5};  // a login: then the replica is asked again
constexpr std::chrono::seconds kSaidFor{60};    // what is refused again within it is the same refusal

// In a READ ONLY transaction it does the same on a replica as on the primary; of a write that is the same error.
bool runs_alike(const Statement& statement) noexcept {
  if (statement.pins != router::PinReason::kNone || statement.leaves_traces) return false;
  switch (statement.kind) {
    case StatementKind::kEmpty:
    case StatementKind::kSet:
    case StatementKind::kReset:
    case StatementKind::kResetAll:
    case StatementKind::kShow:
    case StatementKind::kFetch:
    case StatementKind::kCloseCursor:
    case StatementKind::kDeallocate:
    case StatementKind::kDiscard:
    case StatementKind::kUnlisten:
    case StatementKind::kWrite:
    case StatementKind::kTruncate: return true;
    default: return false;
  }
}

bool is_savepoint(StatementKind kind) noexcept {
  return kind == StatementKind::kSavepoint || kind == StatementKind::kReleaseSavepoint ||
         kind == StatementKind::kRollbackTo;
}

// What it answers may have the transaction's time in it.
bool may_tell_time(const Statement& statement) noexcept {
  switch (statement.kind) {
    case StatementKind::kRead:
    case StatementKind::kSet:
    case StatementKind::kReset:
    case StatementKind::kShow:
    case StatementKind::kFetch:
    case StatementKind::kCloseCursor:
    case StatementKind::kDeclareCursor:
    case StatementKind::kCopyOut:
      return !statement.now_calls.empty() || !statement.hidden_clock.empty() || statement.reads_views;
    default: return true;
  }
}

protocol::Fault needs_primary() {
  return {FaultReason::kNotSupported,
          "this statement has to run on the primary, and the READ ONLY transaction is open on a replica",
          "begin with /* shardway: primary */ BEGIN, or end the transaction first", 0};
}

}  // namespace

bool Session::is_hinted_to_primary(const Statement& statement) const noexcept {
  return hints_ && statement.hint.kind == router::HintKind::kPrimary;
}

bool Session::replica_allowed(const Statement& statement, const router::Plan& plan,
                              router::ShardIndex shard) const noexcept {
  if (is_hinted_to_primary(statement)) return false;
  if (is_open_on_replica(shard) && (plan.replica_ok || runs_alike(statement))) return true;
  return plan.replica_ok && (!transaction_ || (is_in_block() && transaction_->read_only &&
                                               !transaction_->serializable && !transaction_->on_primary));
}

// The READ ONLY transaction has begun its work there.
bool Session::is_open_on_replica(router::ShardIndex shard) const noexcept {
  return is_in_block() && transaction_->read_only &&
         std::any_of(branches_.begin(), branches_.end(), [shard](const Branch& branch) {
           return branch.shard == shard && branch.on_replica && !branch.untouched;
         });
}

// A whole Query of them may run where the transaction is.
bool Session::stays_on_replica(const router::Query& query) const noexcept {
  if (!is_open_on_replica(0)) return false;
  return std::all_of(query.statements.begin(), query.statements.end(), [&](const Statement& statement) {
    const bool ends = statement.kind == StatementKind::kCommit || statement.kind == StatementKind::kRollback;
    if (ends) return &statement == &query.statements.back() && !statement.chain;
    return !is_hinted_to_primary(statement) &&
           (statement.replica_safe || runs_alike(statement) || is_savepoint(statement.kind));
  });
}

// True if nobody can tell that what comes next runs elsewhere: it has a snapshot of its own, and no time was told.
bool Session::may_leave_replica(const Branch& branch) const noexcept {
  if (branch.untouched) return true;
  const auto is_here = [&](const auto& portal) { return portal.second.shard == branch.shard; };
  if (portals_ && std::any_of(portals_->begin(), portals_->end(), is_here)) return false;
  if (!transaction_ && !branch.executed) return true;
  const bool is_plain =
      !transaction_ || (!transaction_->one_snapshot && !transaction_->modes_vary && transaction_->cursors.empty());
  return is_plain && !snapshot_default_ && !branch.tells_time;
}

// Before a statement that needs the primary, in the same pipeline: answers first, then what is there is ended.
Session::Enlisted Session::leave_replica(Branch& branch) {
  if (!may_leave_replica(branch)) return refused_on_replica();
  const Enlisted blocked{nullptr, true, {}, {}};
  if (quiet() == Step::kBlocked) return blocked;
  pg::encode::sync(branch.link->out());
  branch.link->owe(Reply::kSync, /*drop=*/true);
  branch.dirty = branch.executed = false;
  return blocked;
}

Session::Enlisted Session::refused_on_replica() {
  Enlisted refused;
  refused.fault = needs_primary();
  return refused;
}

// An error that a replica has and the primary may not have.
// https://www.postgresql.org/docs/15/hot-standby.html#HOT-STANDBY-CONFLICT
bool Session::breaks_off(const Link& link, Frame frame) {
  const auto* branch = frame[0] == 'E' ? branch_of(link) : nullptr;
  if (branch == nullptr || !branch->on_replica) return false;
  const auto error = pg::decode_error(frame.substr(pg::kHeadBytes));
  return error && is_of_replica(error->sqlstate) && error->message != kColumnsHaveChanged;
}

// The server is up, and will not have this user: others are read until it is asked again.
void Session::note_refusal_of_login(const backend::OpenFailure& failure) {
  auto& node = waiting_->pool->node();
  const auto& nodes = database_->backend().shards[waiting_->shard]->nodes;
  const auto at = std::find_if(nodes.begin(), nodes.end(), [&](const auto& one) { return one.get() == &node; });
  if (at == nodes.end()) return;
  const auto now = backend::nanos_of(worker_.loop().now());
  const auto until = now + kRefusedFor / std::chrono::nanoseconds(1);
  pools_->refused_until[waiting_->shard][static_cast<std::size_t>(at - nodes.begin())] = until;
  const auto before = node.refused_until.exchange(until);
  if (before != 0 && now - before < kSaidFor / std::chrono::nanoseconds(1)) return;
  log::warn("event=login_refused node={} user={} sqlstate={} error=\"{}\"", node.address.text, pools_->login.user,
            failure.sqlstate, failure.message);
}

// `text`: the statement's, or its parameters.
void Session::note_time(Branch& branch, const Statement& statement, std::string_view text) {
  branch.tells_time =
      branch.tells_time || (branch.on_replica && (may_tell_time(statement) || router::may_read_the_clock(text)));
}

}  // namespace shardway::proxy::postgres
