// State: what a client has made of its session: the current schema and the system variables it changed, as servers
// report them by session tracking, and the user variables it has set to constants. An immutable value: a client carries
// the one it should have, a link the one it has. https://mariadb.com/kb/en/session-tracking/ (not here: what cannot be
// carried along pins the client instead)
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace shardway::proxy::mysql {

using UserVariables = std::map<std::string, std::string>;  // name in small letters, constant as SQL

struct State {
  std::string schema;                            // empty: none is selected
  std::map<std::string, std::string> variables;  // changed system variables: name, value as servers print it
  UserVariables user_variables{};                // those with a constant
  bool operator==(const State&) const = default;
};
// Among the variables, what SET NAMES … COLLATE … set all at once: "utf8mb4 COLLATE utf8mb4_german2_ci".
inline const std::string kNames = "names";
using SharedState = std::shared_ptr<const State>;
const SharedState& no_state();

// Variables that are set for one connection's bookkeeping, or that a session does not carry along.
bool is_carried(std::string_view variable) noexcept;

// "SET a = 1, b = 'x'" that brings a connection with the variables of `from` to those of `to`; empty: nothing to do.
// `base`: the values a connection has after its log-in where that is not what DEFAULT means.
std::string difference(const State& from, const State& to, const std::map<std::string, std::string>& base);

// "SET @a = 1, @b = 'x'", to be run under the system variables of `to`; empty: nothing to do.
std::string user_variables_difference(const State& from, const State& to);
// `from` has user variables that `to` does not know: they would keep their types there even if they were NULL.
bool has_other_user_variables(const State& from, const State& to) noexcept;
// A string among them belongs to the character set in force when it was set.
bool has_text_in_user_variables(const UserVariables& variables) noexcept;
bool has_own_character_set(const State& state) noexcept;

// Of a session's state, what says how a text is read: the schema, the sql_mode, the character set.
SharedState reading_of(const State& state);
// `now`, but with texts read as under `reading`.
SharedState read_as(const State& now, const State& reading);

// A value as a literal that means the same under any sql_mode.
std::string literal(std::string_view value);

}  // namespace shardway::proxy::mysql
