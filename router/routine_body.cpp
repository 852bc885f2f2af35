#include "router/routine_body.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "router/builtin_functions.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::router {

namespace {

constexpr int kMaxDepth = 3;  // of strings in strings: EXECUTE '…'

// The tokens of a text, words in lower case, a quoted name without its quotes.
class Words {
 public:
  explicit Words(std::string_view text) {
    StatementLexer lexer(text, true);
    for (auto token = lexer.next(); token.kind != TokenKind::kEnd && token.kind != TokenKind::kBad;
         token = lexer.next()) {
      const auto source = text.substr(token.begin, token.end - token.begin);
      switch (token.kind) {
        case TokenKind::kString: all_.push_back({true, unquote(source, true).value_or(std::string(source))}); break;
        case TokenKind::kQuoted: all_.push_back({false, lower_case(unquote_name(source))}); break;
        default: all_.push_back({false, lower_case(source)}); break;
      }
    }
  }

  std::size_t size() const noexcept { return all_.size(); }
  bool is_string(std::size_t i) const noexcept { return i < all_.size() && all_[i].is_string; }
  std::string_view at(std::size_t i) const noexcept { return i < all_.size() ? all_[i].text : std::string_view(); }
  std::string_view word(std::size_t i) const noexcept { return is_string(i) ? std::string_view() : at(i); }

  // The parenthesis that ends what begins with the one at `opening`; size() if none does.
  std::size_t end_of(std::size_t opening) const noexcept {
    int depth = 0;
    for (auto i = opening; i < all_.size(); ++i) {
      if (word(i) == "(") ++depth;
      if (word(i) == ")" && --depth == 0) return i;
    }
    return all_.size();
  }

  // Up to the statement's end.
  bool says(std::size_t from, std::string_view first, std::string_view second, std::string_view third) const noexcept {
    for (auto i = from; i < all_.size() && word(i) != ";"; ++i)
      if (word(i) == first && word(i + 1) == second && word(i + 2) == third) return true;
    return false;
  }

 private:
  struct Word {
    bool is_string;
    std::string text;
  };
  std::vector<Word> all_;
};

bool begins_statement(const Words& words, std::size_t i) {
  if (i == 0) return true;
  const auto before = words.word(i - 1);
  for (const std::string_view opens : {";", "begin", "then", "else", "loop"})
    if (before == opens) return true;
  return false;
}

bool is_temporary(std::string_view word) { return word == "temp" || word == "temporary"; }

bool names_temporary_schema(const Words& words, std::size_t i) {
  for (; i < words.size() && words.word(i) != ";"; ++i)
    if (words.word(i) == "pg_temp" && words.word(i + 1) == ".") return true;
  return false;
}

// CREATE [OR REPLACE] [LOCAL | GLOBAL] TEMP …, or into pg_temp.
bool creates_temporary(const Words& words, std::size_t i) {
  if (names_temporary_schema(words, i)) return !words.says(i, "on", "commit", "drop");
  auto next = i + 1;
  if (words.word(next) == "or") next += 2;
  if (words.word(next) == "local" || words.word(next) == "global") ++next;
  return is_temporary(words.word(next)) && !words.says(next, "on", "commit", "drop");
}

// `goes_on`: behind the text's end, as in EXECUTE 'LISTEN ' || name.
bool statement_leaves(const Words& words, std::size_t i, bool goes_on) {
  const auto verb = words.word(i), next = words.word(i + 1);
  if (verb == "set") return next != "local" && next != "transaction" && next != "constraints";
  if (verb == "create") return creates_temporary(words, i);
  for (const std::string_view leaves : {"listen", "unlisten", "prepare", "deallocate", "load", "discard", "reset"})
    if (verb == leaves) return (goes_on || !next.empty()) && next != ":" && next != "=" && next != "transaction";
  return false;
}

// set_config(…, true) ends with the transaction.
bool is_local_setting(const Words& words, std::size_t i) {
  const auto end = words.end_of(i + 1);
  return end < words.size() && words.word(end - 1) == "true" && words.word(end - 2) == ",";
}

// UPDATE of this view is SET.
bool updates_settings(const Words& words, std::size_t i) {
  const auto table = words.word(i + 2) == "." ? words.word(i + 3) : words.word(i + 1);
  return words.word(i) == "update" && table == "pg_settings";
}

bool call_leaves(const Words& words, std::size_t i) {
  if (words.word(i + 1) != "(") return false;
  const auto name = words.word(i);
  return name == "set_config" ? !is_local_setting(words, i) : name == "setseed" || function_facts(name).session_lock;
}

bool leaves(std::string_view body, int depth) {
  const Words words(body);
  const bool goes_on = depth > 0 && body.ends_with(' ');
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words.is_string(i)) {
      if (depth < kMaxDepth && leaves(words.at(i), depth + 1)) return true;
      continue;
    }
    if (call_leaves(words, i) || (begins_statement(words, i) && statement_leaves(words, i, goes_on))) return true;
    if (updates_settings(words, i)) return true;
    if (words.word(i) == "into" && is_temporary(words.word(i + 1))) return true;
  }
  return false;
}

bool text_counts(std::string_view body, int depth) {
  const Words words(body);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words.is_string(i) && depth < kMaxDepth && text_counts(words.at(i), depth + 1)) return true;
    for (const std::string_view word :
         {"nextval", "currval", "lastval", "setval", "insert", "update", "delete", "merge"})
      if (words.word(i) == word) return true;
  }
  return false;
}

}  // namespace

bool leaves_in_session(std::string_view body) { return leaves(body, 0); }

bool leaves_in_session(std::string_view body, const std::unordered_set<std::string>& leaving) {
  return leaves_in_session(body) || calls_one_of(body, leaving);
}

PinReason left_by_calls(std::string_view text, const std::unordered_set<std::string>& leaving) {
  const Words words(text);
  auto left = PinReason::kNone;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words.word(i + 1) != "(" || words.is_string(i)) continue;
    if (function_facts(words.word(i)).session_lock) return PinReason::kAdvisoryLock;
    if (call_leaves(words, i)) left = PinReason::kComputedSetting;
    if (left == PinReason::kNone && leaving.contains(std::string(words.word(i)))) left = PinReason::kRoutine;
  }
  return left;
}

std::unordered_set<std::string> routines_called(std::string_view body) {
  const Words words(body);
  std::unordered_set<std::string> called;
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words.word(i + 1) == "(" && !words.is_string(i)) called.emplace(words.word(i));
  return called;
}

bool calls_one_of(std::string_view text, const std::unordered_set<std::string>& names) {
  const auto called = routines_called(text);
  return std::any_of(called.begin(), called.end(), [&](const auto& name) { return names.contains(name); });
}

bool may_count(std::string_view body) { return text_counts(body, 0); }

}  // namespace shardway::router
