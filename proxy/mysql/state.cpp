#include "proxy/mysql/state.hpp"

#include <algorithm>
#include <array>

namespace shardway::proxy::mysql {

namespace {

bool is_number(std::string_view value) noexcept {
  if (!value.empty() && value.front() == '-') value.remove_prefix(1);
  const auto dots = std::count(value.begin(), value.end(), '.');
  return !value.empty() && value.front() != '.' && dots <= 1 &&
         std::all_of(value.begin(), value.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// Servers print a NULL as nothing; of what may be NULL here nothing may be empty.
std::string shown_value(const std::string& name, const std::string& value) {
  return value.empty() && name.starts_with("character_set") ? "NULL" : literal(value);
}

bool is_character_set(std::string_view name) noexcept {
  return name == "character_set_client" || name == "character_set_connection" || name == "character_set_results" ||
         name == "collation_connection";
}

bool says_how_to_read(std::string_view name) noexcept {
  return name == "sql_mode" || name == kNames || is_character_set(name);
}

bool is_plain(char c) noexcept {
  return static_cast<unsigned char>(c) >= ' ' && static_cast<unsigned char>(c) < 0x7f && c != '\'' && c != '\\' &&
         c != '"';
}

// What a log-in has set all at once. The collation of the results, told with every column, has no other way back.
std::string names_of(const std::map<std::string, std::string>& base) {
  const auto charset = base.find("character_set_client"), collation = base.find("collation_connection");
  if (charset == base.end() || collation == base.end()) return {};
  return charset->second + " COLLATE " + collation->second;
}

}  // namespace

const SharedState& no_state() {
  static const SharedState none = std::make_shared<const State>();
  return none;
}

bool is_carried(std::string_view variable) noexcept {
  constexpr std::array<std::string_view, 11> kNot{"last_gtid",      "last_insert_id", "identity",   "pseudo_thread_id",
                                                  "warning_count",  "error_count",    "rand_seed1", "rand_seed2",
                                                  "in_transaction", "timestamp",      "insert_id"};
  return std::find(kNot.begin(), kNot.end(), variable) == kNot.end();
}

std::string literal(std::string_view value) {
  if (is_number(value)) return std::string(value);
  if (std::all_of(value.begin(), value.end(), is_plain)) return "'" + std::string(value) + "'";
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : value) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return "CONVERT(x'" + hex + "' USING utf8mb4)";
}

std::string difference(const State& from, const State& to, const std::map<std::string, std::string>& base) {
  std::string sql;
  const auto add = [&](const std::string& name, const std::string& value) {
    sql += (sql.empty() ? "SET " : ", ") + name + " = " + value;
  };
  const auto before = from.variables.find(kNames), names = to.variables.find(kNames);
  const auto base_names = names_of(base);
  const auto& had = before != from.variables.end() ? before->second : base_names;
  const auto& wanted = names != to.variables.end() ? names->second : base_names;
  // SET NAMES sets every character set anew; so it is also how one that was set by itself is taken back.
  const bool anew = !wanted.empty() &&
                    (had != wanted || std::any_of(from.variables.begin(), from.variables.end(), [&](const auto& one) {
                       return is_character_set(one.first) && !to.variables.contains(one.first);
                     }));
  if (anew) sql = "SET NAMES " + wanted;
  for (const auto& [name, value] : from.variables) {
    if (to.variables.contains(name) || name == kNames || (anew && is_character_set(name))) continue;
    const auto known = base.find(name);
    add(name, known == base.end() ? "DEFAULT" : shown_value(name, known->second));
  }
  for (const auto& [name, value] : to.variables) {
    if (name == kNames) continue;
    const auto there = from.variables.find(name);
    const bool is_there = there != from.variables.end() && there->second == value;
    if (!is_there || (anew && is_character_set(name))) add(name, shown_value(name, value));
  }
  return sql;
}

std::string user_variables_difference(const State& from, const State& to) {
  std::string sql;
  for (const auto& [name, value] : to.user_variables) {
    const auto there = from.user_variables.find(name);
    if (there != from.user_variables.end() && there->second == value) continue;
    sql += (sql.empty() ? "SET @`" : ", @`") + name + "` = " + value;
  }
  return sql;
}

bool has_other_user_variables(const State& from, const State& to) noexcept {
  return std::any_of(from.user_variables.begin(), from.user_variables.end(),
                     [&](const auto& one) { return !to.user_variables.contains(one.first); });
}

bool has_text_in_user_variables(const UserVariables& variables) noexcept {
  return std::any_of(variables.begin(), variables.end(), [](const auto& one) { return one.second.starts_with('\''); });
}

SharedState reading_of(const State& state) {
  State reading{state.schema, {}};
  for (const auto& [name, value] : state.variables)
    if (says_how_to_read(name)) reading.variables[name] = value;
  return std::make_shared<const State>(std::move(reading));
}

SharedState read_as(const State& now, const State& reading) {
  State then = now;
  if (!reading.schema.empty()) then.schema = reading.schema;
  std::erase_if(then.variables, [](const auto& one) { return says_how_to_read(one.first); });
  then.variables.insert(reading.variables.begin(), reading.variables.end());
  return std::make_shared<const State>(std::move(then));
}

bool has_own_character_set(const State& state) noexcept {
  return std::any_of(state.variables.begin(), state.variables.end(),
                     [](const auto& one) { return one.first == kNames || is_character_set(one.first); });
}

}  // namespace shardway::proxy::mysql
