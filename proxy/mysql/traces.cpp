#include "proxy/mysql/traces.hpp"

#include <algorithm>

namespace shardway::proxy::mysql {

namespace {

using router::PinReason;

struct Suspect {
  std::string_view word;
  PinReason reason;
};

// Locks, cursors and branches that no tracker shows; procedures may do anything; and the trackers themselves.
constexpr Suspect kSuspects[] = {
    {"get_lock", PinReason::kAdvisoryLock},
    {"handler", PinReason::kUninspected},
    {"xa", PinReason::kUninspected},
    {"call", PinReason::kUninspected},
    {"session_track_system_variables", PinReason::kUninspected},
    {"session_track_schema", PinReason::kUninspected},
    {"session_track_state_change", PinReason::kUninspected},
    {"session_track_transaction_info", PinReason::kUninspected},
    {"timestamp", PinReason::kNone},
    {"insert_id", PinReason::kNone},
    {"rand_seed1", PinReason::kNone},
    {"rand_seed2", PinReason::kNone},
};

constexpr std::string_view kAboutLast[] = {"row_count",     "found_rows",  "warnings",   "errors",
                                           "warning_count", "error_count", "diagnostics"};

bool is_word_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool equals(std::string_view word, std::string_view lower) noexcept {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b; };
  return word.size() == lower.size() && std::equal(word.begin(), word.end(), lower.begin(), same);
}

// The text behind `at`, without the space before it.
std::string_view behind(std::string_view sql, std::size_t at) noexcept {
  while (at < sql.size() && static_cast<unsigned char>(sql[at]) <= ' ') ++at;
  return sql.substr(at);
}

class Reading {
 public:
  explicit Reading(std::string_view sql) : sql_(sql) {}

  Traces read() {
    for (std::size_t i = 0; i < sql_.size();) {
      if (!is_word_byte(sql_[i])) {
        on_symbol(i++);
        continue;
      }
      const auto begin = i;
      while (i < sql_.size() && is_word_byte(sql_[i])) ++i;
      on_word(sql_.substr(begin, i - begin), i);
    }
    judge();
    return traces_;
  }

 private:
  void on_symbol(std::size_t at) {
    const char before = at > 0 ? sql_[at - 1] : ' ', after = at + 1 < sql_.size() ? sql_[at + 1] : ' ';
    if (sql_[at] == '@' && before != '@' && after != '@') variable_ = true;
    if (sql_[at] == ':' && after == '=') assigns_ = true;
  }

  void on_word(std::string_view word, std::size_t end) {
    const auto is = [&](std::string_view lower) { return equals(word, lower); };
    for (const auto& suspect : kSuspects) {
      if (!is(suspect.word)) continue;
      if (suspect.reason != PinReason::kNone)
        pin(suspect.reason, suspect.word);
      else if (sets_)
        pin(PinReason::kComputedSetting, suspect.word);
    }
    sets_ = sets_ || is("set");
    into_ = into_ || is("into");
    transaction_ = transaction_ || is("transaction");
    scoped_ = scoped_ || is("session") || is("global");
    traces_.sets_for_statement = traces_.sets_for_statement || (sets_ && is("statement"));
    traces_.kills = traces_.kills || (first_ && is("kill"));
    if (is("last_insert_id") || is("identity")) {
      insert_id_ = true;
      const auto rest = behind(sql_, end);
      const bool given = rest.starts_with('(') && !behind(rest, 1).starts_with(')');
      if (given || sets_) pin(PinReason::kComputedSetting, "LAST_INSERT_ID(…)");
    }
    about_last_ = about_last_ || std::any_of(std::begin(kAboutLast), std::end(kAboutLast), is);
    first_ = false;
  }

  void pin(PinReason reason, std::string_view what) {
    traces_.pins = reason;
    traces_.what = what;
  }

  void judge() {
    if (variable_ && (sets_ || assigns_ || into_)) pin(PinReason::kComputedSetting, "a user variable");
    if (sets_ && transaction_ && !scoped_) pin(PinReason::kComputedSetting, "SET TRANSACTION");
    // Of several statements it is not known whose the reported variables are.
    if (traces_.sets_for_statement && sql_.find(';') != std::string_view::npos)
      pin(PinReason::kUninspected, "SET STATEMENT among others");
    traces_.asks_about_last = about_last_ || insert_id_;
    traces_.asks_for_insert_id_only = insert_id_ && !about_last_;
  }

  std::string_view sql_;
  Traces traces_;
  bool first_ = true, sets_ = false, into_ = false, transaction_ = false, scoped_ = false, variable_ = false;
  bool assigns_ = false, insert_id_ = false, about_last_ = false;
};

}  // namespace

Traces traces_of(std::string_view sql) { return Reading(sql).read(); }

}  // namespace shardway::proxy::mysql
