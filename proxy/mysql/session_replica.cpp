// A database of one shard whose replicas are read: what goes to them, and how a session leaves one again.
#include <algorithm>

#include "proxy/mysql/session.hpp"
#include "proxy/mysql/table_use.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;
using protocol::FaultReason;
using router::Statement;
using router::StatementKind;

// One shard: a read may go to a replica, and so may a READ ONLY transaction, which then stays there.
Session::Step Session::route_to_node(const Statement& statement, const router::Plan& plan, const Work& work) {
  if (statement.kind == StatementKind::kSetTransaction && !link_) return set_characteristics(statement, work.sql);
  if (on_replica() && !plan.replica_ok)
    if (const auto step = leave_replica(statement, plan, work)) return *step;
  const auto step = run_on(0, plan.replica_ok || begins_on_replica(statement, work.sql), statement, work);
  if (step == Step::kConsumed && uses_tables(statement)) next_access_mode_.reset();
  return step;
}

bool Session::on_replica() const noexcept {
  return link_ && link_->target().node->role.load(std::memory_order_relaxed) == backend::Role::kReplica;
}

// A statement that is not for replicas, while a READ ONLY transaction is open on one. Nothing: it may run, where it is.
std::optional<Session::Step> Session::leave_replica(const Statement& statement, const router::Plan& plan,
                                                    const Work& work) {
  if ((link_->status & my::status::kInTransaction) == 0) {
    if (!keeps_link()) give_back(/*clean=*/true);
    if (!link_) return std::nullopt;
  } else if (statement.kind == StatementKind::kBegin || statement.implicit_commit) {  // ends it
    link_->ask(my::Command::kQuery, "COMMIT");
    link_is_ready_ = false;
    return Step::kBlocked;
  }
  const bool quiet = work.traces->pins == router::PinReason::kNone;
  switch (statement.kind) {
    case StatementKind::kEmpty:
    case StatementKind::kUse:
    case StatementKind::kCommit:
    case StatementKind::kRollback:
    case StatementKind::kSetTransaction:
    case StatementKind::kSavepoint:
    case StatementKind::kReleaseSavepoint:
    case StatementKind::kRollbackTo: return std::nullopt;
    case StatementKind::kRead:
    case StatementKind::kShow:
    case StatementKind::kDo:
      if (quiet && !work.traces->locks) return std::nullopt;
      break;
    case StatementKind::kSet:
      if (quiet && std::none_of(statement.settings.begin(), statement.settings.end(),
                                [](const auto& one) { return one.global; }))
        return std::nullopt;
      break;
    default: break;
  }
  if (plan.writes && statement.kind == StatementKind::kWrite) {
    answer_error(1792, "25006", "Cannot execute statement in a READ ONLY transaction");
    return Step::kConsumed;
  }
  return refuse({FaultReason::kNotSupported,
                 "this statement has to run on the primary, and the READ ONLY transaction is open on a replica",
                 "begin with /* shardway: primary */ START TRANSACTION READ ONLY, or end the transaction first", 0});
}

// START TRANSACTION READ ONLY on a database of one shard. What is SERIALIZABLE has to see the primary's locks.
bool Session::begins_on_replica(const Statement& statement, std::string_view sql) const {
  if (statement.kind != StatementKind::kBegin || statement.hint.kind == router::HintKind::kPrimary) return false;
  const auto* level = set_for_transactions("isolation");
  if (level != nullptr && *level == "SERIALIZABLE") return false;
  if (mentions(next_characteristics_, "serializable") || mentions(sql, "write")) return false;
  return statement.read_only_begin || next_access_mode_.value_or(false) || reads_only();
}

}  // namespace shardway::proxy::mysql
