#include <algorithm>
#include <cstring>

#include "router/mysql_lexer.hpp"

namespace shardway::router::mysql {

namespace {

// Marks in place of literals. No token outside of quotes contains these bytes, so a key says exactly what it stands
// for.
char mark_of(TokenKind kind) noexcept {
  switch (kind) {
    case TokenKind::kString: return '\x01';
    case TokenKind::kInteger: return '\x02';
    case TokenKind::kNumber: return '\x03';
    case TokenKind::kHex: return '\x04';
    default: return '\0';
  }
}

constexpr std::string_view kSpaces = " \t\n\v\f\r";

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

bool can_be_normalised(std::string_view first_word) noexcept {
  static constexpr std::string_view kWords[] = {"select", "insert", "replace", "update", "delete",
                                                "with",   "values", "table",   "("};
  return std::any_of(std::begin(kWords), std::end(kWords), [&](std::string_view lower) {
    return first_word.size() == lower.size() &&
           std::equal(first_word.begin(), first_word.end(), lower.begin(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b; });
  });
}

char* append(char* out, std::string_view part) noexcept {
  std::memcpy(out, part.data(), part.size());
  return out + part.size();
}

}  // namespace

std::string_view steering_comment(std::string_view text, std::size_t* end) noexcept {
  constexpr std::string_view kName = "shardway:";
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos || text.substr(first, 2) != "/*") return {};
  const auto close = text.find("*/", first + 2);
  if (close == std::string_view::npos) return {};
  const auto inside = trim(text.substr(first + 2, close - first - 2));
  if (inside.substr(0, kName.size()) != kName) return {};
  if (end != nullptr) *end = close + 2;
  return trim(inside.substr(kName.size()));
}

bool normalise(std::string_view text, const MysqlMode& mode, std::string& key, Literals& literals) {
  literals.clear();
  // Every token writes at most its own length and one space instead of at least one byte of space.
  if (key.size() < text.size() + 16) key.resize(text.size() + 16);
  char* out = key.data();
  if (const auto hint = steering_comment(text); !hint.empty()) out = append(append(append(out, "/*"), hint), "*/");
  Lexer lexer(text, mode);
  bool first = true, ended = false;
  for (;;) {
    const auto token = lexer.next();
    if (lexer.saw_executable_comment()) return false;
    if (token.kind == TokenKind::kEnd) break;
    const std::string_view source = text.substr(token.begin, token.end - token.begin);
    if (token.kind == TokenKind::kBad || ended) {
      if (ended && source == ";") continue;
      return false;
    }
    if (first) {
      if (!can_be_normalised(source)) return false;
      first = false;
    } else if (token.spaced) {
      *out++ = ' ';
    }
    if (const char mark = mark_of(token.kind); mark != '\0') {
      *out++ = mark;
      literals.push_back({source, token.kind == TokenKind::kString});
    } else if (source == ";") {
      ended = true;
    } else {
      out = append(out, source);
    }
  }
  if (first) return false;
  if (ended && out > key.data() && out[-1] == ' ') --out;
  key.resize(static_cast<std::size_t>(out - key.data()));
  return true;
}

void collect_literals(std::string_view text, const MysqlMode& mode, Literals& literals) {
  literals.clear();
  Lexer lexer(text, mode);
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next())
    if (is_literal(token.kind))
      literals.push_back({text.substr(token.begin, token.end - token.begin), token.kind == TokenKind::kString});
}

}  // namespace shardway::router::mysql
