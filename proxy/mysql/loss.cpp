#include "proxy/mysql/loss.hpp"

#include <algorithm>

namespace shardway::proxy::mysql {

using router::Statement;
using router::StatementKind;

namespace {

// A stored function or a trigger cannot commit; a procedure, and a statement by SQL, can.
bool may_end(const Statement& statement) noexcept {
  if (statement.implicit_commit) return true;
  if (std::any_of(statement.settings.begin(), statement.settings.end(),
                  [](const auto& one) { return one.name == "autocommit"; }))
    return true;
  switch (statement.kind) {
    case StatementKind::kEmpty:
    case StatementKind::kRead:
    case StatementKind::kWrite:
    case StatementKind::kSavepoint:
    case StatementKind::kReleaseSavepoint:
    case StatementKind::kRollbackTo:
    case StatementKind::kSetTransaction:
    case StatementKind::kSet:
    case StatementKind::kShow:
    case StatementKind::kUse:
    case StatementKind::kDo:
    case StatementKind::kDdl:  // of temporary tables
    case StatementKind::kLoadData:
    case StatementKind::kHandler:
    case StatementKind::kSqlPrepare:
    case StatementKind::kDeallocate: return false;
    default: return true;
  }
}

// While no transaction is open, beginning one, or ending none, can be done twice.
bool repeats(const Statement& statement) noexcept {
  switch (statement.kind) {
    case StatementKind::kEmpty:
    case StatementKind::kUse:
    case StatementKind::kBegin:
    case StatementKind::kCommit:
    case StatementKind::kRollback: return true;
    case StatementKind::kSet:
      return std::none_of(statement.settings.begin(), statement.settings.end(),
                          [](const auto& one) { return one.computed || one.global; });
    default: return statement.replica_safe;
  }
}

Loss judge_asked(const Breakage& breakage) noexcept {
  const auto& effect = breakage.effect;
  if (breakage.is_open && effect.rolls_back && !breakage.is_begun) return Loss::kRolledBack;
  if (breakage.is_open) return effect.may_end ? Loss::kUnknown : Loss::kTransaction;
  if (effect.repeats && breakage.can_repeat && !breakage.is_begun) return Loss::kRepeat;
  if (!breakage.autocommits && !effect.may_end) return Loss::kTransaction;  // it had begun one
  return effect.reads ? Loss::kCutOff : Loss::kUnknown;
}

}  // namespace

Effect effect_of(const router::Query& query) noexcept {
  const auto& all = query.statements;
  Effect effect;
  if (query.syntax_error || all.empty()) return effect;
  const bool is_rollback = all.size() == 1 && all[0].kind == StatementKind::kRollback;
  effect.may_end = !is_rollback && std::any_of(all.begin(), all.end(), may_end);
  effect.rolls_back = is_rollback && !all[0].chain && !all[0].release;
  effect.repeats = std::all_of(all.begin(), all.end(), repeats);
  effect.reads = std::all_of(all.begin(), all.end(), [](const auto& one) { return one.replica_safe; });
  return effect;
}

Loss judge(const Breakage& breakage) noexcept {
  if (breakage.is_mid_packet) return Loss::kCloseMute;
  if (breakage.carries) return Loss::kClose;
  if (breakage.is_asked) return judge_asked(breakage);
  return breakage.is_open ? Loss::kUntold : Loss::kNothing;
}

const char* name_of(Loss loss) noexcept {
  switch (loss) {
    case Loss::kNothing: return "nothing";
    case Loss::kUntold: return "transaction_untold";
    case Loss::kRepeat: return "asked_again";
    case Loss::kRolledBack: return "rolled_back";
    case Loss::kTransaction: return "transaction";
    case Loss::kUnknown: return "unknown";
    case Loss::kCutOff: return "cut_off";
    case Loss::kClose:
    case Loss::kCloseMute: return "closed";
  }
  return "";
}

}  // namespace shardway::proxy::mysql
