// What a statement does to tables, as far as a session has to know before it is sent.
#pragma once

#include <string_view>

#include "router/planner.hpp"

namespace shardway::proxy::mysql {

// What is not known to leave tables alone is part of the transaction.
bool uses_tables(const router::Statement& statement) noexcept;
// So is what may have written.
bool may_write(const router::Statement& statement, const router::Plan& plan) noexcept;
// What tells nothing of any table, and changes none.
bool sees_nothing(const router::Statement& statement) noexcept;
// Whether `word`, which is in small letters, stands in the text.
bool mentions(std::string_view sql, std::string_view word) noexcept;

}  // namespace shardway::proxy::mysql
