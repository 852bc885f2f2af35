#include "router/plan.hpp"

namespace shardway::router {

std::string_view name_of(Rule rule) noexcept {
  switch (rule) {
    case Rule::kUnsharded: return "unsharded";
    case Rule::kHint: return "hint";
    case Rule::kTransaction: return "transaction";
    case Rule::kSession: return "session";
    case Rule::kEmpty: return "empty";
    case Rule::kKey: return "key";
    case Rule::kSingleTable: return "single_table";
    case Rule::kReferenceRead: return "reference_read";
    case Rule::kReferenceWrite: return "reference_write";
    case Rule::kDdl: return "ddl";
    case Rule::kHome: return "home";
    case Rule::kScatter: return "scatter";
    case Rule::kCopyByRow: return "copy_by_row";
    case Rule::kExplain: return "explain";
    case Rule::kRefuse: return "refuse";
  }
  return "refuse";
}

std::string_view name_of(PinReason reason) noexcept {
  switch (reason) {
    case PinReason::kNone: return "none";
    case PinReason::kTemporaryTable: return "temporary_table";
    case PinReason::kAdvisoryLock: return "advisory_lock";
    case PinReason::kListen: return "listen";
    case PinReason::kHoldCursor: return "hold_cursor";
    case PinReason::kSqlPrepare: return "sql_prepare";
    case PinReason::kRole: return "role";
    case PinReason::kLoad: return "load";
    case PinReason::kComputedSetting: return "computed_setting";
    case PinReason::kUninspected: return "uninspected";
    case PinReason::kSessionMode: return "session_mode";
    case PinReason::kReplication: return "replication";
    case PinReason::kUserVariable: return "user_variable";
    case PinReason::kTableLock: return "table_lock";
    case PinReason::kXa: return "xa";
    case PinReason::kRoutine: return "routine";
    case PinReason::kHandler: return "handler";
    case PinReason::kHint: return "hint";
  }
  return "none";
}

}  // namespace shardway::router
