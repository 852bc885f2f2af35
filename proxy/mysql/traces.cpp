#include "proxy/mysql/traces.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "proxy/mysql/constants_set.hpp"

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
    {"temporary", PinReason::kTemporaryTable},
    {"xa", PinReason::kUninspected},
    {"call", PinReason::kUninspected},
    {"session_track_system_variables", PinReason::kUninspected},
    {"session_track_schema", PinReason::kUninspected},
    {"session_track_state_change", PinReason::kUninspected},
    {"session_track_transaction_info", PinReason::kUninspected},
    {"gtid_next", PinReason::kNone},
    {"timestamp", PinReason::kNone},
    {"insert_id", PinReason::kNone},
    {"rand_seed1", PinReason::kNone},
    {"rand_seed2", PinReason::kNone},
};

constexpr std::string_view kAboutCounts[] = {"row_count", "found_rows"};
constexpr std::string_view kAboutDiagnostics[] = {"warnings", "errors", "warning_count", "error_count", "diagnostics"};

// Every word that is looked for below. Most words of a statement are none of them: by the first letter, a bit for each
// length that one of them has.
constexpr std::string_view kWords =
    "get_lock handler temporary xa call session_track_system_variables session_track_schema session_track_state_change "
    "session_track_transaction_info gtid_next timestamp insert_id rand_seed1 rand_seed2 row_count found_rows warnings "
    "errors warning_count error_count diagnostics charset set character collate names select in_transaction nextval "
    "value next lastval previous savepoint commit rollback release no immediate prepare into transaction session "
    "global statement kill sql_calc_found_rows connection_id last_insert_id identity insert replace load update share "
    "role group instance lock stage auto_increment_increment auto_increment_offset wait nowait begin start chain "
    "autocommit from do delete sql_auto_is_null ";

constexpr auto kLengths = [] {
  std::array<std::uint32_t, 32> lengths{};
  for (std::size_t begin = 0, i = 0; i < kWords.size(); ++i) {
    if (kWords[i] != ' ') continue;
    lengths[static_cast<std::size_t>(kWords[begin] & 31)] |= 1U << (i - begin);
    begin = i + 1;
  }
  return lengths;
}();

bool may_matter(std::string_view word) noexcept {
  return word.size() < 32 && (kLengths[static_cast<std::size_t>(word[0] & 31)] >> word.size() & 1) != 0;
}

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

bool begins_with_digit(std::string_view text) noexcept { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }

// Whether something stands behind a semicolon.
bool is_followed(std::string_view sql) noexcept {
  return sql.find_first_not_of("; \t\r\n", std::min(sql.find(';'), sql.size())) != std::string_view::npos;
}

constexpr std::string_view kNumbers[] = {"insert_id", "auto_increment_increment", "auto_increment_offset"};

constexpr std::string_view kTableless[] = {"set", "do", "begin", "start", "commit", "rollback", "savepoint", "select"};

class Reading {
 public:
  Reading(std::string_view sql, Quoting quoting) : sql_(sql), quoting_(quoting) {}

  Traces read() {
    for (std::size_t i = 0; i < sql_.size();) {
      if (!is_word_byte(sql_[i])) {
        on_symbol(i);
        i = past(i);
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
  // Behind this symbol, or behind the literal that begins with it. Quotes in a comment or in a name begin none.
  std::size_t past(std::size_t at) {
    if (sql_[at] == ';' && at >= words_until_) end_statement();
    if (!certain_ || at < words_until_) return at + 1;
    const auto rest = sql_.substr(at);
    switch (rest.front()) {
      case '\'': return past_literal(at);
      case '"':
      case '`': read_words_to(sql_.find(rest.front(), at + 1), at); break;
      case '#': comment_to(sql_.find('\n', at)); break;
      case '-':
        if (rest.starts_with("--") && (rest.size() == 2 || static_cast<unsigned char>(rest[2]) <= ' '))
          comment_to(sql_.find('\n', at));
        break;
      case '/':
        if (rest.starts_with("/*!") || rest.starts_with("/*M!"))
          certain_ = false;
        else if (rest.starts_with("/*"))
          comment_to(sql_.find("*/", at + 2));
        break;
      case ';':
        if (sets_) certain_ = false;  // from here on other rules may hold
        is_later_ = true;
        break;
      default: break;
    }
    return at + 1;
  }

  void end_statement() {
    first_ = true;
    writes_rows_ = false;
    clears_ = clears_ || (certain_ && has_table_);
    finds_ = finds_ || (certain_ && begins_with_select_);
    has_table_ = begins_with_select_ = false;
    depth_ = 0;
  }

  void comment_to(std::size_t end) { words_until_ = comment_until_ = std::min(end, sql_.size()); }

  std::size_t past_literal(std::size_t at) {
    for (auto i = at + 1; i < sql_.size(); ++i) {
      if (sql_[i] == '\'') return i + 1;
      if (sql_[i] != '\\') continue;
      if (quoting_.backslash_in_characters) break;
      if (quoting_.backslash_escapes) ++i;
    }
    certain_ = false;
    return at + 1;
  }

  // A name, or under another sql_mode a literal: they end alike if there is no backslash.
  void read_words_to(std::size_t end, std::size_t begin) {
    if (end == std::string_view::npos || sql_.substr(begin, end - begin).find('\\') != std::string_view::npos)
      certain_ = false;
    else
      words_until_ = end + 1;
  }

  void on_symbol(std::size_t at) {
    const char before = at > 0 ? sql_[at - 1] : ' ', after = at + 1 < sql_.size() ? sql_[at + 1] : ' ';
    if (sql_[at] == '@' && before != '@' && after != '@') variable_ = true;
    if (sql_[at] == '@' && after == '@' && sets_ && !has_scope(behind(sql_, at + 2)))
      pin(PinReason::kComputedSetting, "SET @@…");  // no tracker shows it
    if (sql_[at] == ':' && after == '=') assigns_ = true;
    if (at >= words_until_ && sql_[at] == '(') ++depth_;
    if (at >= words_until_ && sql_[at] == ')') --depth_;
  }

  void on_word(std::string_view word, std::size_t end) {
    const auto begin = end - word.size();
    const bool is_version = begin > 0 && sql_[begin - 1] == '!';  // of an executable comment
    const bool was_first = first_, is_comment = end <= comment_until_ || is_version;
    if (is_comment) first_ = false;
    if (may_matter(word)) look_at(word, end);
    if (ends_ && equals(word, "to")) traces_.ends_transaction = false;
    if (!is_comment) last_ = word;
    first_ = is_comment && was_first;
  }

  void look_at(std::string_view word, std::size_t end) {
    const auto is = [&](std::string_view lower) { return equals(word, lower); };
    for (const auto& suspect : kSuspects) {
      if (!is(suspect.word)) continue;
      if (suspect.reason != PinReason::kNone)
        pin(suspect.reason, suspect.word);
      else if (sets_)
        pin(PinReason::kComputedSetting, suspect.word);
    }
    // SET CHARACTER SET x takes the database's collation, which no tracker shows.
    if (sets_ && (is("charset") || (is("set") && equals(last_, "character"))))
      pin(PinReason::kComputedSetting, "SET CHARACTER SET");
    // `WHERE id IS NULL` finds the row of the last INSERT on the same connection, once.
    if (sets_ && is("sql_auto_is_null") && is_on(behind(sql_, end)))
      pin(PinReason::kComputedSetting, "sql_auto_is_null");
    on_pair(word, end);
    if (sets_ && names_ && is("collate")) traces_.collation = name_at(end);
    names_ = names_ || (sets_ && is("names"));
    traces_.sets_numbers = traces_.sets_numbers || (sets_ && std::any_of(std::begin(kNumbers), std::end(kNumbers), is));
    traces_.selects = traces_.selects || is("select");
    traces_.begins_with_select = traces_.begins_with_select || (first_ && is("select"));
    traces_.asks_about_transaction = traces_.asks_about_transaction || is("in_transaction");
    traces_.counts = traces_.counts || is("nextval") || (is("value") && equals(last_, "next"));
    traces_.asks_for_count = traces_.asks_for_count || is("lastval") || (is("value") && equals(last_, "previous"));
    traces_.saves = traces_.saves || (first_ && is("savepoint"));
    const bool ends = first_ && (is("commit") || is("rollback"));
    ends_ = ends_ || ends;
    traces_.ends_transaction = traces_.ends_transaction || ends;
    traces_.releases = traces_.releases || (ends_ && is("release") && !equals(last_, "no"));
    traces_.begins_with_set = traces_.begins_with_set || (first_ && is("set"));
    if (is("immediate") || is("prepare")) certain_ = false;  // a statement may stand in the literal
    if (first_) writes_rows_ = is("update") || is("insert") || is("replace") || is("load");
    if (first_) is_tableless_ = std::any_of(std::begin(kTableless), std::end(kTableless), is);
    from_ = from_ || is("from");
    look_at_tables(word, end);
    sets_ = sets_ || (is("set") && !writes_rows_);  // not columns
    traces_.begins_transaction = traces_.begins_transaction || begins_transaction(word, end);
    into_ = into_ || is("into") || is("diagnostics");  // GET DIAGNOSTICS … @x = …
    transaction_ = transaction_ || is("transaction");
    scoped_ = scoped_ || is("session") || is("global");
    // How long a lock is waited for is set for one statement, too.
    const bool waits = is("nowait") || (is("wait") && begins_with_digit(behind(sql_, end)));
    traces_.sets_for_statement = traces_.sets_for_statement || (sets_ && is("statement")) || waits;
    traces_.kills = traces_.kills || (first_ && is("kill"));
    traces_.finds_all_rows = traces_.finds_all_rows || is("sql_calc_found_rows");
    traces_.asks_for_number = traces_.asks_for_number || is("connection_id");
    if (is("last_insert_id") || is("identity")) {
      const auto rest = behind(sql_, end);
      const bool called = rest.starts_with('(');
      const bool given = called && !behind(rest, 1).starts_with(')');
      if (given || (sets_ && !called)) pin(PinReason::kComputedSetting, "LAST_INSERT_ID(…)");
      insert_id_ = true;
      traces_.gives_insert_id = traces_.gives_insert_id || given;
    }
    look_at_questions(word);
    traces_.inserts = traces_.inserts || is("insert") || is("replace");
    traces_.loads = traces_.loads || (first_ && is("load"));
    traces_.locks = traces_.locks || (equals(last_, "for") && is("update")) || is("share");
  }

  // A later statement of the same text asks about one of this text, if that surely leaves something of its own.
  void look_at_questions(std::string_view word) {
    const auto is = [&](std::string_view lower) { return equals(word, lower); };
    const bool counts =
        is_later_ ? is("found_rows") && !finds_ : std::any_of(std::begin(kAboutCounts), std::end(kAboutCounts), is);
    const bool diagnostics = std::any_of(std::begin(kAboutDiagnostics), std::end(kAboutDiagnostics), is) && !clears_;
    if (!counts && !diagnostics) return;
    traces_.asks_later = is_later_ && (traces_.asks_later || !about_last_);
    about_last_ = true;
    traces_.asks_for_counts = traces_.asks_for_counts || counts;
    traces_.asks_for_diagnostics = traces_.asks_for_diagnostics || diagnostics;
    traces_.asks_for_found_rows = traces_.asks_for_found_rows || is("found_rows");
    traces_.asks_for_row_count = traces_.asks_for_row_count || is("row_count");
  }

  // What surely clears the warnings of the statement before. EXTRACT(DAY FROM …) has no table.
  void look_at_tables(std::string_view word, std::size_t end) {
    const auto is = [&](std::string_view lower) { return equals(word, lower); };
    begins_with_select_ = begins_with_select_ || (first_ && is("select"));
    const bool writes = first_ && (is("insert") || is("update") || is("delete") || is("replace"));
    const bool reads = begins_with_select_ && depth_ == 0 && is("from") && !equals(name_at(end), "dual");
    has_table_ = has_table_ || writes || reads;
  }

  // Two words: a role, a resource group, a lock on everything. Nothing is reported of them, on MySQL or on both.
  void on_pair(std::string_view word, std::size_t end) {
    const auto are = [&](std::string_view before, std::string_view last) {
      return equals(last_, before) && equals(word, last);
    };
    const bool takes_role = are("set", "role") && !behind(sql_, end).starts_with('=');
    const bool takes_group = sets_ && are("resource", "group"), locks_instance = are("lock", "instance");
    if (takes_role || takes_group) pin(PinReason::kRole, takes_role ? "SET ROLE" : "SET RESOURCE GROUP");
    if (locks_instance || are("read", "lock") || are("backup", "stage") || are("backup", "lock"))
      pin(PinReason::kTableLock, "a global lock");
    traces_.outlives_reset = traces_.outlives_reset || takes_role || takes_group || locks_instance;
  }

  bool begins_transaction(std::string_view word, std::size_t end) const noexcept {
    const auto is = [&](std::string_view lower) { return equals(word, lower); };
    if (is("begin")) return (first_ && !equals(name_at(end), "not")) || equals(last_, "xa");
    if (is("start")) return equals(last_, "xa");
    if (is("transaction")) return equals(last_, "start");
    if (is("chain")) return ends_ && !equals(last_, "no");
    return sets_ && is("autocommit") && !is_on(behind(sql_, end));
  }

  // What follows a variable: = 1
  static bool is_on(std::string_view assignment) noexcept {
    if (assignment.starts_with(':')) assignment.remove_prefix(1);
    if (!assignment.starts_with('=')) return true;  // it is read
    assignment = behind(assignment, 1);
    if (!assignment.empty() && (assignment.front() == '\'' || assignment.front() == '"')) assignment.remove_prefix(1);
    std::size_t size = 0;
    while (size < assignment.size() && is_word_byte(assignment[size])) ++size;
    for (const std::string_view on : {"1", "on", "true", "default"})
      if (equals(assignment.substr(0, size), on)) return true;
    return false;
  }

  static bool has_scope(std::string_view name) noexcept {
    for (const std::string_view scope : {"session", "local", "global"})
      if (equals(name.substr(0, scope.size()), scope) && behind(name, scope.size()).starts_with('.')) return true;
    return false;
  }

  // The word behind this place, without quotes.
  std::string_view name_at(std::size_t at) const noexcept {
    auto rest = behind(sql_, at);
    if (!rest.empty() && (rest.front() == '\'' || rest.front() == '"' || rest.front() == '`')) rest.remove_prefix(1);
    std::size_t size = 0;
    while (size < rest.size() && is_word_byte(rest[size])) ++size;
    return rest.substr(0, size);
  }

  void pin(PinReason reason, std::string_view what) {
    traces_.pins = reason;
    traces_.what = what;
  }

  void judge() {
    if (variable_ && (sets_ || assigns_ || into_)) {
      traces_.user_variables = constants_set(sql_);
      if (traces_.user_variables.empty()) pin(PinReason::kComputedSetting, "a user variable");
    }
    if (sets_ && transaction_ && !scoped_) pin(PinReason::kComputedSetting, "SET TRANSACTION");
    // Of several statements it is not known whose the reported variables are.
    if (traces_.sets_for_statement && is_followed(sql_))
      pin(PinReason::kUninspected, "SET STATEMENT or NOWAIT among others");
    const bool selects_aside = traces_.selects && !traces_.begins_with_select;
    traces_.keeps_warnings = is_tableless_ && !from_ && !selects_aside && !is_followed(sql_);
    // REPLACE() and INSERT() are functions, too.
    if (traces_.begins_with_select && !is_followed(sql_)) traces_.inserts = false;
    traces_.asks_about_last = about_last_ || insert_id_ || traces_.asks_for_count;
    traces_.asks_for_insert_id = insert_id_;
    traces_.asks_for_insert_id_only = insert_id_ && !about_last_ && !traces_.asks_for_count;
  }

  std::string_view sql_;
  Quoting quoting_;
  Traces traces_;
  bool certain_ = true;                                  // where literals begin and end
  std::size_t words_until_ = 0, comment_until_ = 0;      // a comment, or a quoted name
  bool is_later_ = false;                                // not the first statement of the text
  bool has_table_ = false, begins_with_select_ = false;  // of the statement at hand
  bool clears_ = false, finds_ = false;                  // one before it in the text has surely
  int depth_ = 0;                                        // of parentheses
  bool first_ = true, sets_ = false, into_ = false, transaction_ = false, scoped_ = false, variable_ = false;
  std::string_view last_;
  bool names_ = false, ends_ = false;
  bool is_tableless_ = false, from_ = false;
  bool writes_rows_ = false;  // the statement at hand begins with INSERT, UPDATE, …
  bool assigns_ = false, insert_id_ = false, about_last_ = false;
};

}  // namespace

Traces traces_of(std::string_view sql, Quoting quoting) { return Reading(sql, quoting).read(); }

}  // namespace shardway::proxy::mysql
