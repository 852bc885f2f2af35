// clock_calls: now(), CURRENT_DATE and their like as they stand in a text, and what a literal in their place looks
// like. Pure. https://www.postgresql.org/docs/15/functions-datetime.html#FUNCTIONS-DATETIME-CURRENT
#pragma once

#include <string>
#include <string_view>

#include "router/statement_lexer.hpp"

namespace shardway::router {

struct ClockCall {
  std::string name, precision;  // lower case; "(3)" or nothing
  std::uint32_t end = 0;        // behind it
};

// `token` is its first one, and then the one behind it: pg_catalog.now(), CURRENT_TIME (3).
ClockCall read_clock_call(StatementLexer& lexer, std::string_view text, Token& token);

// What stands in its place: of the same type, and if `named`, giving a result column the same name. `now`: the
// transaction's time as a literal.
std::string clock_literal(const ClockCall& call, std::string_view now, bool named);

// An expression as pg_get_expr() writes it. True if the clock is read in it by such calls, or by 'now' and its like.
bool calls_clock(std::string_view expression);
bool names_clock(std::string_view expression);
// The expression with literals in place of the calls.
std::string with_clock(std::string_view expression, std::string_view now);

}  // namespace shardway::router
