// mysql::function_facts: what is known of a server's own functions by name. A name that is not here belongs to a user
// or a plugin, and so does one that only another server or a later version has: nothing is known of it.
#pragma once

#include <string_view>

#include "router/mysql_mode.hpp"

namespace shardway::router::mysql {

struct FunctionFacts {
  bool known = false;
  bool aggregate = false;        // or a window function
  bool varies = false;           // another value each time or on each server: RAND(), UUID(), NOW()
  bool now = false;              // of these, the statement's time
  bool primary = false;          // must not run on a replica
  bool home = false;             // belongs to one server: locks, sequences
  bool spaced_is_other = false;  // with a space before its parenthesis it is a user's function (unless IGNORE_SPACE)
};
// `name` in lower case.
FunctionFacts function_facts(std::string_view name, const MysqlMode& mode);

// A word that may stand before a parenthesis without being a function's name: AND, IN, VALUES, DECIMAL, …
bool is_grammar_word(std::string_view name);

}  // namespace shardway::router::mysql
