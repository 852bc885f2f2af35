#include "proxy/admin/driver_talk.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "proxy/admin/commands.hpp"

namespace shardway::proxy::admin {

namespace {

struct Setting {
  std::string_view name, value;
};

constexpr std::array<Setting, 18> kSettings = {{
    {"application_name", ""},
    {"bytea_output", "hex"},
    {"client_encoding", "UTF8"},
    {"client_min_messages", "notice"},
    {"datestyle", "ISO, MDY"},
    {"default_transaction_isolation", "read committed"},
    {"default_transaction_read_only", "off"},
    {"extra_float_digits", "1"},
    {"idle_in_transaction_session_timeout", "0"},
    {"intervalstyle", "postgres"},
    {"lock_timeout", "0"},
    {"search_path", "public"},
    {"standard_conforming_strings", "on"},
    {"statement_timeout", "0"},
    {"time zone", "GMT"},
    {"timezone", "GMT"},
    {"transaction isolation level", "read committed"},
    {"transaction_isolation", "read committed"},
}};

const Setting* find_setting(std::string_view name) {
  const auto* found =
      std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& s) { return s.name == name; });
  return found == kSettings.end() ? nullptr : found;
}

bool is_any(std::string_view word, std::initializer_list<std::string_view> of) {
  return std::any_of(of.begin(), of.end(), [&](std::string_view w) { return same_word(word, w); });
}

std::optional<Answer> show_setting(const Words& words) {
  const Setting* setting = find_setting(joined_lower(words, 1));
  if (setting == nullptr) return std::nullopt;
  Answer answer = success("SHOW");
  answer.columns = {{std::string(setting->name)}};
  answer.rows = {row(setting->value)};
  return answer;
}

// SET [SESSION|LOCAL] name {=|TO} value, and the forms that have a syntax of their own.
std::optional<Answer> set_setting(const Words& words) {
  std::size_t at = 1;
  if (words.size() > 3 && is_any(words[at], {"session", "local"})) ++at;
  if (words.size() < at + 2) return std::nullopt;
  const std::string& name = words[at];
  const bool own_syntax = is_any(name, {"names", "transaction", "characteristics"}) ||
                          (same_word(name, "time") && same_word(words[at + 1], "zone"));
  if (own_syntax) return success("SET");
  const bool has_value = words.size() > at + 2 && is_any(words[at + 1], {"=", "to"});
  if (!has_value || find_setting(joined_lower({name}, 0)) == nullptr) return std::nullopt;
  return success("SET");
}

// BEGIN and its kin, with the words that may follow them: nothing is ever open here.
std::optional<Answer> transaction_word(const Words& words) {
  const bool only_known = std::all_of(words.begin() + 1, words.end(), [](const std::string& word) {
    return is_any(word, {"work", "transaction", "isolation", "level", "read", "write", "only", "committed",
                         "uncommitted", "repeatable", "serializable", "deferrable", "not", "and", "no", "chain", ","});
  });
  if (!only_known) return std::nullopt;
  if (same_word(words[0], "begin")) return success("BEGIN");
  if (same_word(words[0], "start") && words.size() > 1) return success("START TRANSACTION");
  if (is_any(words[0], {"commit", "end"})) return success("COMMIT");
  if (is_any(words[0], {"rollback", "abort"})) return success("ROLLBACK");
  return std::nullopt;
}

Answer select_one() {
  Answer answer = success("SELECT 1");
  answer.columns = {{"?column?", ColumnType::kInt4}};
  answer.rows = {row(1)};
  return answer;
}

}  // namespace

std::optional<Answer> driver_talk(const Words& words) {
  if (words.empty()) return Answer{};
  const std::string& verb = words[0];
  if (same_word(verb, "select") && words.size() == 2 && words[1] == "1") return select_one();
  if (is_any(verb, {"show", "select"})) return show_setting(words);
  if (same_word(verb, "set")) return set_setting(words);
  if (same_word(verb, "discard") && words.size() == 2 && same_word(words[1], "all")) return success("DISCARD ALL");
  if (same_word(verb, "reset") && words.size() >= 2) {
    const std::string name = joined_lower(words, 1);
    return name == "all" || find_setting(name) != nullptr ? std::optional(success("RESET")) : std::nullopt;
  }
  return transaction_word(words);
}

}  // namespace shardway::proxy::admin
