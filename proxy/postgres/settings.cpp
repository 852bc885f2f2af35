#include "proxy/postgres/settings.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "proxy/postgres/date_style.hpp"
#include "router/table_names.hpp"

namespace shardway::proxy::postgres {
namespace {

std::string doubled(std::string_view text, char quote, bool backslashes) {
  std::string out;
  for (const char c : text) {
    if (c == quote || (backslashes && c == '\\')) out.push_back(c);
    out.push_back(c);
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return out;
}

// True if the statement that sets client_encoding sets it to UTF-8, in any of its spellings.
bool names_utf8(std::string_view sql) {
  const auto end = sql.rfind('\'');
  const auto begin = end == std::string_view::npos || end == 0 ? end : sql.rfind('\'', end - 1);
  if (begin == std::string_view::npos) return false;
  std::string plain;
  for (const char c : sql.substr(begin + 1, end - begin - 1)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      plain.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return plain == "utf8" || plain == "unicode";
}

// "myapp.user" is a name of two parts: each is quoted by itself.
std::string quoted_name(std::string_view name) {
  const auto dot = name.find('.');
  if (dot == std::string_view::npos) return quote_identifier(name);
  return quote_identifier(name.substr(0, dot)) + "." + quote_identifier(name.substr(dot + 1));
}

// Of an entry's SQL.
std::string search_path_in(std::string_view sql) {
  constexpr std::string_view kSet = "SET \"search_path\" TO ", kCall = "set_config('search_path',", kEnd = ",false)";
  if (sql.starts_with(kSet)) return router::search_path_of_set(sql.substr(kSet.size()));
  const auto value = sql.substr(sql.find(kCall) + kCall.size());
  return router::search_path_of_string(value.substr(0, value.size() - kEnd.size()));
}

constexpr std::string_view kRole = "role", kUser = "session_authorization";

// What an entry's SQL sets it to; `call` is set_config's, up to the value.
std::string_view value_behind(std::string_view sql, std::string_view call) {
  constexpr std::string_view kSet = "SET ", kTo = " TO ", kEnd = ",false)";
  const auto to = sql.starts_with(kSet) ? sql.find(kTo) : std::string_view::npos;
  if (to != std::string_view::npos) return sql.substr(to + kTo.size());
  const auto begin = sql.find(call);
  if (begin == std::string_view::npos || !sql.ends_with(kEnd)) return {};
  return sql.substr(begin + call.size(), sql.size() - kEnd.size() - begin - call.size());
}

std::string_view value_in(std::string_view sql) { return value_behind(sql, "set_config('datestyle',"); }

// An application_name as a server has it: 63 bytes of whole characters, each byte but printable ASCII a '?'.
std::string cleaned(std::string_view name) {
  constexpr std::size_t kLongest = 63;
  std::size_t end = name.size() > kLongest ? 0 : name.size();
  while (end < name.size()) {
    const auto lead = static_cast<unsigned char>(name[end]);
    const std::size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 1;
    if (end + size > kLongest) break;
    end += size;
  }
  std::string clean(name.substr(0, end));
  for (auto& c : clean)
    if (c < 32 || c > 126) c = '?';
  return clean;
}

Settings::Entry with_rest_of(const Settings::Entry* before, Settings::Entry entry) {
  const auto next = read_date_style(value_in(entry.sql));
  entry.is_partial = true;
  if (!next) return entry;  // 'default', or what a server would not take
  const auto last = before == nullptr ? std::nullopt : read_date_style(value_in(before->sql));
  const auto all = behind(last.value_or(DateStyle()), *next);
  entry = Settings::from_startup(entry.name, all.text());
  entry.is_partial = !all.is_whole();
  return entry;
}

}  // namespace

std::string quote_literal(std::string_view value) {
  const bool escape = value.find('\\') != std::string_view::npos;
  return (escape ? "E'" : "'") + doubled(value, '\'', escape) + "'";
}

std::string quote_identifier(std::string_view name) { return '"' + doubled(name, '"', false) + '"'; }

Settings::Entry Settings::from_startup(std::string_view name, std::string_view value) {
  const auto key = lower(name);
  const auto literal = quote_literal(key == "application_name" ? cleaned(value) : value);
  return {key, "SELECT pg_catalog.set_config(" + quote_literal(key) + "," + literal + ",false)"};
}

std::string value_of(const Settings::Entry& entry) {
  const auto call = "set_config(" + quote_literal(entry.name) + ",";
  auto value = value_behind(entry.sql, call);
  const bool escapes = value.starts_with("E'");
  if (escapes) value.remove_prefix(1);
  if (value.size() < 2 || value.front() != '\'' || value.back() != '\'') return std::string(value);
  value = value.substr(1, value.size() - 2);
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool is_pair = value[i] == '\'' || (escapes && value[i] == '\\');
    if (is_pair && i + 1 < value.size()) ++i;
    text.push_back(value[i]);
  }
  return text;
}

Settings::Entry Settings::from_statement(const router::Setting& setting) {
  if (setting.from_function) {
    return {setting.name,
            "SELECT pg_catalog.set_config(" + quote_literal(setting.name) + "," + setting.value_sql + ",false)"};
  }
  if (setting.name == "timezone") return {setting.name, "SET TIME ZONE " + setting.value_sql};
  return {setting.name, "SET " + quoted_name(setting.name) + " TO " + setting.value_sql};
}

const Settings::Entry* Settings::find(std::string_view name) const noexcept {
  for (const auto& entry : entries_) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

void Settings::put(Entry entry) {
  if (entry.name == "search_path") search_path_ = search_path_in(entry.sql);
  const auto* before = find(entry.name);
  if (entry.name == "datestyle") entry = with_rest_of(before, std::move(entry));
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), entry,
                                   [](const Entry& a, const Entry& b) { return a.name < b.name; });
  if (at != entries_.end() && at->name == entry.name) {
    *at = std::move(entry);
  } else {
    entries_.insert(at, std::move(entry));
  }
  note_nulls();
}

void Settings::erase(std::string_view name) {
  if (name == "search_path") search_path_.clear();
  std::erase_if(entries_, [&](const Entry& entry) { return entry.name == name; });
  note_nulls();
}

void Settings::note_nulls() noexcept {
  sets_nulls_ = find("array_nulls") != nullptr || find("transform_null_equals") != nullptr;
}

std::string Settings::fingerprint() const {
  std::string all;
  for (const auto& entry : entries_) all.append(entry.name).append(1, '\0').append(entry.sql).append(1, '\0');
  return all;
}

std::size_t Settings::bytes() const noexcept {
  std::size_t sum = sizeof *this;
  for (const auto& entry : entries_) sum += sizeof entry + entry.name.size() + entry.sql.size();
  return sum;
}

const SharedSettings& no_settings() {
  static const SharedSettings none = std::make_shared<const Settings>();
  return none;
}

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool has_foreign_encoding(const Settings& settings) {
  const auto* encoding = settings.find("client_encoding");
  return encoding != nullptr && !names_utf8(encoding->sql);
}

bool decides_reading(std::string_view setting) noexcept {
  static constexpr std::string_view kNames[] = {"array_nulls",
                                                "backslash_quote",
                                                "client_encoding",
                                                "datestyle",
                                                "default_text_search_config",
                                                "intervalstyle",
                                                "lc_monetary",
                                                "standard_conforming_strings",
                                                "timezone",
                                                "timezone_abbreviations",
                                                "transform_null_equals",
                                                "xmloption"};
  return std::find(std::begin(kNames), std::end(kNames), setting) != std::end(kNames);
}

bool is_surely(const Settings& settings, std::string_view setting, bool value) {
  const auto* entry = settings.find(setting);
  if (entry == nullptr) return true;
  for (const std::string_view word : value ? std::array<std::string_view, 4>{"on", "true", "yes", "1"}
                                           : std::array<std::string_view, 4>{"off", "false", "no", "0"})
    for (const auto& [before, behind] : {std::pair(" TO ", ""), std::pair(" TO '", "'"), std::pair(",'", "',false)")})
      if (entry->sql.ends_with(before + std::string(word) + behind)) return true;
  return false;
}

std::string reading_of(const Settings& settings) {
  std::string reading;
  for (const auto& entry : settings.entries()) {
    if (decides_reading(entry.name)) reading += entry.sql + ";";
  }
  return reading;
}

std::string difference(const Settings& from, const Settings& to) {
  std::string sql;
  for (const auto& entry : from.entries()) {
    if (to.find(entry.name) == nullptr) sql += "RESET " + quoted_name(entry.name) + ";";
  }
  for (const auto& entry : to.entries()) {
    const auto* had = from.find(entry.name);
    if (entry.name == kRole || (had != nullptr && had->sql == entry.sql)) continue;
    if (had != nullptr) sql += reset_before(entry);
    sql += entry.sql + ";";
  }
  if (const auto* role = to.find(kRole)) {  // last, and again behind a change of the session's user, who has none
    const auto *had = from.find(kRole), *user = to.find(kUser), *user_before = from.find(kUser);
    const bool same_user = user == nullptr || user_before == nullptr ? user == user_before : *user == *user_before;
    if (had == nullptr || *had != *role || !same_user) sql += role->sql + ";";
  }
  return sql;
}

std::string reset_before(const Settings::Entry& entry, bool local) {
  if (!entry.is_partial) return {};
  return local ? "SET LOCAL " + quoted_name(entry.name) + " TO DEFAULT;" : "RESET " + quoted_name(entry.name) + ";";
}

SharedSettings apply(const SharedSettings& now, const Settings& base, const std::vector<router::Setting>& changes) {
  auto next = std::make_shared<Settings>(*now);
  for (const auto& change : changes) {
    if (change.local) continue;  // ends with the transaction
    if (change.name.empty()) {   // RESET ALL
      const auto before = *next;
      *next = base;
      for (const auto& name : {kRole, kUser})  // who one is, it leaves as it is
        if (const auto* kept = before.find(name)) next->put(*kept);
      continue;
    }
    if (change.name == kUser) next->erase(kRole);
    if (!change.value_sql.empty()) {
      next->put(Settings::from_statement(change));
    } else if (const auto* initial = base.find(change.name)) {
      next->erase(change.name);
      next->put(*initial);
    } else {
      next->erase(change.name);
    }
  }
  return next;
}

}  // namespace shardway::proxy::postgres
