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
  for (const bool flag :
       {s.replica_safe, s.is_explain, s.uses_sequences, s.uses_user_functions, s.uses_catalog_only, s.read_only_begin,
        s.serializable_begin, s.chain, s.writes_reference, s.writes_single, s.uses_unlisted, s.writes_unlisted,
        s.uses_catalog, s.needs_home, s.writes_home, s.locks_reference, s.names_plain_now, s.fault_yields_to_hint})
    text += flag ? '1' : '0';
  text += " name " + s.name;
  for (const auto& use : s.sharded) {
    text += " use " + std::to_string(use.table) + (use.bound ? "b" : "") + (use.written ? "w" : "") +
            (use.inserts ? "i" : "");
    for (const auto& key : use.keys) text += described(key);
  }
  for (const auto table : s.reference_tables) text += " ref " + std::to_string(table);
  for (const auto table : s.single_tables) text += " single " + std::to_string(table);
  text += " scatter: " + s.not_scatterable + " repeat: " + s.not_repeatable + " now";
  for (const auto call : s.now_calls) text += " " + std::to_string(call);
  if (s.fault) text += " fault " + s.fault->message + " / " + s.fault->hint;
  for (const auto& setting : s.settings)
    text += " set " + setting.name + "=" + setting.value_sql + (setting.local ? "l" : "");
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

// Every literal gets another value of its own kind; `step` chooses which.
inline std::string with_other_literals(std::string_view text, bool standard_conforming_strings, unsigned step) {
  std::string out;
  StatementLexer lexer(text, standard_conforming_strings);
  std::uint32_t copied = 0;
  unsigned number = step;
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    std::string other;
    if (token.kind == TokenKind::kInteger) other = std::to_string(number++ % 40 + 1);
    if (token.kind == TokenKind::kNumber)
      other = (text[token.begin] == '.' ? std::string() : std::to_string(number++ % 40)) + ".5e1";
    if (token.kind == TokenKind::kString) other = "'" + std::string(number++ % 7, 'x') + "''y'";
    // Two strings side by side would become one if their quotes met.
    if (token.kind == TokenKind::kString && text[token.begin] == '$')
      other = "$$" + std::string(number % 7, 'x') + "$$";
    if (token.kind == TokenKind::kString && (text[token.begin] | 0x20) == 'e') other.insert(0, 1, 'E');
    if (other.empty()) continue;
    out += text.substr(copied, token.begin - copied);
    out += other;
    copied = token.end;
  }
  out += text.substr(copied);
  return out;
}

}  // namespace shardway::router::shop
