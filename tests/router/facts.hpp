// Facts as text, so that two analyses can be compared, and a text with all its literals exchanged for others.
#pragma once

#include <string>

#include "router/statement_cache.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::router::shop {

inline std::string described(const ValueRef& key) {
  return "<" + std::to_string(static_cast<int>(key.source)) + " " + std::to_string(key.index) +
         (key.is_array ? "a" : "") + (key.is_string ? "s" : "") + (key.negated ? "-" : "") +
         (key.shared_type ? "?" : "") + " " + std::to_string(key.cast_oid) + ">";
}

inline std::string described(const Statement& s) {
  std::string text = std::to_string(static_cast<int>(s.kind)) + " pins " + std::string(name_of(s.pins));
  for (const bool flag : {s.replica_safe,        s.is_explain,          s.uses_sequences,  s.uses_session_sequence,
                          s.uses_user_functions, s.uses_catalog_only,   s.read_only_begin, s.leaves_traces,
                          s.serializable_begin,  s.snapshot_begin,      s.chain,           s.writes_reference,
                          s.writes_single,       s.uses_unlisted,       s.writes_unlisted, s.uses_catalog,
                          s.needs_home,          s.reads_cursors,       s.writes_home,     s.locks_reference,
                          s.names_plain_now,     s.fault_yields_to_hint})
    text += flag ? '1' : '0';
  text += " name " + s.name;
  for (const auto& use : s.sharded) {
    text += " use " + std::to_string(use.table) + (use.bound ? "b" : "") + (use.written ? "w" : "") +
            (use.inserts ? "i" : "") + use.why_not;
    for (const auto& key : use.keys) text += described(key);
  }
  for (const auto table : s.reference_tables) text += " ref " + std::to_string(table);
  for (const auto table : s.single_tables) text += " single " + std::to_string(table);
  text += " scatter: " + s.not_scatterable + " repeat: " + s.not_repeatable + " clock: " + s.hidden_clock + " now";
  for (const auto call : s.now_calls) text += " " + std::to_string(call);
  for (const auto& given : s.clock_defaults) {
    text += " defaults " + std::to_string(given.list);
    for (const auto row : given.rows) text += " " + std::to_string(row);
    for (const auto& column : given.columns) text += column.name + column.sql;
  }
  if (s.fault) text += " fault " + s.fault->message + " / " + s.fault->hint;
  for (const auto& setting : s.settings)
    text += " set " + setting.name + "=" + setting.value_sql + (setting.local ? "l" : "") +
            (setting.from_function ? "f" : "");
  for (const auto& list : s.column_lists) text += " list " + std::to_string(list.token) + list.sql;
  if (s.copy) text += " copy " + s.copy->format + std::to_string(s.copy->columns.size());
  return text + " hint " + std::to_string(static_cast<int>(s.hint.kind)) + s.hint.value + " $" +
         std::to_string(s.parameters);
}

inline std::string described(const Query& query) {
  std::string text;
  for (const auto& statement : query.statements) text += described(statement) + "\n";
  if (query.syntax_error) text += "syntax error: " + query.syntax_error->message;
  return text;
}

inline std::string described(const Literals& literals) {
  std::string text;
  for (const auto& literal : literals) text += (literal.is_string ? " s" : " n") + std::string(literal.source);
  return text;
}

// The text with each literal `other(kind, source)` in place of its own; an empty answer leaves it.
template <class Other>
std::string with_literals(std::string_view text, bool standard_conforming_strings, Other other) {
  std::string out;
  StatementLexer lexer(text, standard_conforming_strings);
  std::uint32_t copied = 0;
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    const std::string literal = other(token.kind, text.substr(token.begin, token.end - token.begin));
    if (literal.empty()) continue;
    out += text.substr(copied, token.begin - copied);
    out += literal;
    copied = token.end;
  }
  out += text.substr(copied);
  return out;
}

// Every literal gets another value of its own kind; `step` chooses which.
inline std::string with_other_literals(std::string_view text, bool standard_conforming_strings, unsigned step) {
  unsigned number = step;
  return with_literals(text, standard_conforming_strings, [&](TokenKind kind, std::string_view source) {
    std::string other;
    if (kind == TokenKind::kInteger) other = std::to_string(number++ % 40 + 1);
    if (kind == TokenKind::kNumber) other = (source[0] == '.' ? std::string() : std::to_string(number++ % 40)) + ".5e1";
    if (kind == TokenKind::kString) other = "'" + std::string(number++ % 7, 'x') + "''y'";
    // Two strings side by side would become one if their quotes met.
    if (kind == TokenKind::kString && source[0] == '$') other = "$$" + std::string(number % 7, 'x') + "$$";
    if (kind == TokenKind::kString && (source[0] | 0x20) == 'e') other.insert(0, 1, 'E');
    return other;
  });
}

// Every literal gets a value that a careless reader would take for something else.
inline std::string with_odd_literals(std::string_view text, bool standard_conforming_strings, unsigned step) {
  static constexpr const char* kIntegers[] = {"0", "1", "2", "9223372036854775808", "00000000000000000000000000000042"};
  static constexpr const char* kNumbers[] = {"1.0", "1e400", "0.", "42.", "1e0"};
  static constexpr const char* kStrings[] = {"''", "'5'", "'now'", "'{1,2}'", "'search_path'"};
  return with_literals(text, standard_conforming_strings, [&](TokenKind kind, std::string_view source) -> std::string {
    if (source[0] == '$' || source[0] == '.') return {};
    if (kind == TokenKind::kInteger) return kIntegers[step++ % std::size(kIntegers)];
    if (kind == TokenKind::kNumber) return kNumbers[step++ % std::size(kNumbers)];
    return kind == TokenKind::kString ? kStrings[step++ % std::size(kStrings)] : std::string();
  });
}

}  // namespace shardway::router::shop
