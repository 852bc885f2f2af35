// What the body of a function, of a procedure or of DO leaves in the session when it has run: settings, locks,
// temporary tables. From its text alone, in SQL or PL/pgSQL: https://www.postgresql.org/docs/15/plpgsql.html
// What other routines do that it calls is not looked into; calls_routine() finds those.
#pragma once

#include <string_view>

namespace shardway::router {

// False where everything ends with the transaction: SET LOCAL, set_config(…, true), ON COMMIT DROP.
bool leaves_in_session(std::string_view body);

// `name` as pg_proc has it; found without regard to case.
bool calls_routine(std::string_view body, std::string_view name);

}  // namespace shardway::router
