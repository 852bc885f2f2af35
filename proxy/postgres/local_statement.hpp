// is_local: the statements the session answers by itself, whatever the shards: transaction control, DEALLOCATE, DISCARD
// ALL, and the empty one. They have no parameters and no rows, and no server needs to have parsed them.
#pragma once

#include "router/statement.hpp"

namespace shardway::proxy::postgres {

constexpr bool is_local(router::StatementKind kind) noexcept {
  using router::StatementKind;
  switch (kind) {
    case StatementKind::kBegin:
    case StatementKind::kCommit:
    case StatementKind::kRollback:
    case StatementKind::kSavepoint:
    case StatementKind::kReleaseSavepoint:
    case StatementKind::kRollbackTo:
    case StatementKind::kSetTransaction:
    case StatementKind::kTwoPhase:
    case StatementKind::kDeallocate:
    case StatementKind::kDiscardAll:
    case StatementKind::kEmpty: return true;
    default: return false;
  }
}

}  // namespace shardway::proxy::postgres
