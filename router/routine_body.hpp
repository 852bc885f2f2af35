// What the body of a function, of a procedure or of DO leaves in the session when it has run: settings, locks,
// temporary tables. From its text alone, in SQL or PL/pgSQL: https://www.postgresql.org/docs/15/plpgsql.html
// What other routines do that it calls is not looked into; routines_called() names them.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "router/statement.hpp"

namespace shardway::router {

// False where everything ends with the transaction: SET LOCAL, set_config(…, true), ON COMMIT DROP.
bool leaves_in_session(std::string_view body);
// Or calls one of `leaving`, the user's functions that do so.
bool leaves_in_session(std::string_view body, const std::unordered_set<std::string>& leaving);

// What the calls leave that stand in a statement's own text, its strings left out.
PinReason left_by_calls(std::string_view text, const std::unordered_set<std::string>& leaving);

// The names, in lower case and without a schema, of all that it calls.
std::unordered_set<std::string> routines_called(std::string_view body);

// It calls one of these.
bool calls_one_of(std::string_view text, const std::unordered_set<std::string>& names);

// It may give another number each time: nextval() and its like are in it, or writes of rows.
bool may_count(std::string_view body);

}  // namespace shardway::router
