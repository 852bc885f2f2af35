// State: what a client has made of its session, as far as servers report it by session tracking: the current schema and
// the system variables it changed. An immutable value: a client carries the one it should have, a link the one it has.
// https://mariadb.com/kb/en/session-tracking/ (not here: what cannot be carried along pins the client instead)
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace shardway::proxy::mysql {

struct State {
  std::string schema;                            // empty: none is selected
  std::map<std::string, std::string> variables;  // changed system variables: name, value as servers print it
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

// A value as a literal that means the same under any sql_mode.
std::string literal(std::string_view value);

}  // namespace shardway::proxy::mysql
