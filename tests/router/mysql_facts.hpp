// The facts of MySQL's statements as text, and a text with all its literals exchanged for others.
#pragma once

#include <string>

#include "router/mysql_lexer.hpp"
#include "tests/router/facts.hpp"

namespace shardway::router::shop {

inline std::string mysql_described(const Query& query) {
  std::string text;
  for (const auto& s : query.statements) {
    text += described(s);
    for (const bool flag :
         {s.consistent_snapshot, s.release, s.implicit_commit, s.reads_last_insert_id, s.reads_last_outcome,
          s.leaves_found_rows, s.reads_user_variables, s.reads_connection_id, s.loads_client_file})
      text += flag ? '1' : '0';
    for (const auto& setting : s.settings)
      text += (setting.computed ? "c" : "") + std::string(setting.global ? "g" : "");
    for (const auto& table : s.temporary_tables) text += " temporary " + table;
    if (s.numbered) {
      text += " numbers " + s.numbered->table + s.numbered->column + std::to_string(s.numbered->rows);
      for (const bool flag : {s.numbered->is_key, s.numbered->leaves_out, s.numbered->ignores, s.numbered->updates})
        text += flag ? '1' : '0';
      for (const auto& value : s.numbered->values) text += described(value);
    }
    if (s.kill) text += " kill " + std::to_string(s.kill->connection.value_or(0));
    text += "\n";
  }
  return text;
}

// Every literal gets another value of its own kind; `step` chooses which.
inline std::string with_other_mysql_literals(std::string_view text, const MysqlMode& mode, unsigned step) {
  std::string out;
  mysql::Lexer lexer(text, mode);
  std::uint32_t copied = 0;
  unsigned number = step;
  for (auto token = lexer.next(); token.kind != mysql::TokenKind::kEnd; token = lexer.next()) {
    std::string other;
    if (token.kind == mysql::TokenKind::kInteger) other = std::to_string(number++ % 40 + 1);
    if (token.kind == mysql::TokenKind::kNumber)
      other = (text[token.begin] == '.' ? "" : std::to_string(number++ % 40)) + ".5e1";
    if (token.kind == mysql::TokenKind::kString) {
      // Two strings side by side would become one if their quotes met, so the same quotes stay.
      const char quote = text[token.begin];
      other = quote + std::string(number++ % 7, 'x') + quote + quote + "y" + quote;
    }
    if (other.empty()) continue;
    out += text.substr(copied, token.begin - copied);
    out += other;
    copied = token.end;
  }
  out += text.substr(copied);
  return out;
}

}  // namespace shardway::router::shop
