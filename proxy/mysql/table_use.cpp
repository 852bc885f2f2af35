#include "proxy/mysql/table_use.hpp"

#include <algorithm>

namespace shardway::proxy::mysql {

using router::Statement;
using router::StatementKind;

bool uses_tables(const Statement& statement) noexcept {
  switch (statement.kind) {
    case StatementKind::kEmpty:
    case StatementKind::kSet:
    case StatementKind::kShow:
    case StatementKind::kUse:
    case StatementKind::kReset: return false;
    case StatementKind::kRead:
      return !statement.uses_catalog_only || statement.uses_user_functions || statement.needs_home ||
             statement.uses_sequences;
    default: return true;
  }
}

bool may_write(const Statement& statement, const router::Plan& plan) noexcept {
  return plan.writes || statement.kind == StatementKind::kOther;
}

bool sees_nothing(const Statement& statement) noexcept {
  if (statement.kind == StatementKind::kEmpty || statement.kind == StatementKind::kUse) return true;
  return statement.kind == StatementKind::kSet &&
         std::none_of(statement.settings.begin(), statement.settings.end(),
                      [](const auto& one) { return one.computed || one.name == "autocommit"; });
}

bool mentions(std::string_view sql, std::string_view word) noexcept {
  const auto same = [](char a, char b) { return (a | 0x20) == b; };
  return std::search(sql.begin(), sql.end(), word.begin(), word.end(), same) != sql.end();
}

}  // namespace shardway::proxy::mysql
