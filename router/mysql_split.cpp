#include "router/mysql_context.hpp"

namespace shardway::router::mysql {

namespace {

const std::initializer_list<std::string_view> kBlockWords = {"begin", "case", "if", "loop", "while", "repeat", "for"};

// CREATE [OR REPLACE] [DEFINER = …] PROCEDURE | FUNCTION | TRIGGER | EVENT | PACKAGE, and ALTER EVENT … DO.
bool defines_program(Cursor cursor) {
  if (!cursor.is_any_word({"create", "alter"})) return false;
  constexpr std::size_t kFarthest = 24;
  for (std::size_t i = 1; i < kFarthest && !cursor.is_symbol(";", i) && !cursor.is_symbol("(", i); ++i) {
    if (cursor.is_any_word({"procedure", "function", "trigger", "event", "package"}, i)) return true;
    if (cursor.is_any_word({"table", "view", "index", "database", "schema", "user", "server", "sequence"}, i))
      return false;
  }
  return false;
}

bool is_compound(Cursor cursor, const MysqlMode& mode) {
  if (cursor.is_word("set") && cursor.is_word("statement", 1)) {
    while (!cursor.at_end() && !cursor.is_symbol(";") && !cursor.is_word("for")) cursor.skip();
    cursor.take_word("for");
  }
  if (cursor.is_word("begin")) {
    if (cursor.is_word("not", 1) && cursor.is_word("atomic", 2)) return true;
    return mode.oracle && cursor.peek(1).kind != TokenKind::kEnd && !cursor.is_symbol(";", 1) &&
           !cursor.is_word("work", 1);
  }
  if (cursor.is_any_word({"declare", "if", "case", "loop", "while", "repeat", "for"})) return true;
  if (cursor.is_symbol("<<") || (cursor.at_name() && cursor.is_symbol(":", 1))) return true;
  return defines_program(cursor);
}

// Whether something stands behind the body's last END, or behind a body of one statement.
bool goes_on_behind(Cursor cursor) {
  int depth = 0;
  bool at_start = true;
  for (; !cursor.at_end(); cursor.skip()) {
    if (cursor.is_word("end")) {
      --depth;
      if (cursor.is_any_word(kBlockWords, 1)) cursor.skip();
    } else if (cursor.is_word("case") || cursor.is_word("begin") || (at_start && cursor.is_any_word(kBlockWords))) {
      ++depth;
    } else if (cursor.is_symbol(";") && depth <= 0) {
      while (cursor.take_symbol(";")) {}
      return !cursor.at_end();
    }
    at_start = cursor.is_symbol(";") || cursor.is_symbol(":") ||
               cursor.is_any_word({"then", "else", "do", "begin", "loop", "repeat"});
  }
  return false;
}

}  // namespace

std::vector<Piece> split(std::string_view text, const Tokens& tokens, const MysqlMode& mode) {
  std::vector<Piece> pieces;
  std::size_t first = 0;
  while (first < tokens.size()) {
    Cursor cursor(text, tokens, first, tokens.size());
    if (cursor.is_symbol(";")) {
      ++first;
      continue;
    }
    if (is_compound(cursor, mode)) {
      pieces.push_back({first, tokens.size(), true, goes_on_behind(cursor)});
      break;
    }
    while (!cursor.at_end() && !cursor.is_symbol(";")) cursor.skip();
    pieces.push_back({first, cursor.place()});
    first = cursor.place() + 1;
  }
  return pieces;
}

}  // namespace shardway::router::mysql
