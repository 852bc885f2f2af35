#include <algorithm>
#include <cstring>

#include "router/statement_lexer.hpp"

namespace shardway::router {

namespace {

// Marks in place of literals. No token outside of quotes contains these bytes, so a key says exactly what it stands
// for.
constexpr char kStringMark = '\x01', kIntegerMark = '\x02', kNumberMark = '\x03';

constexpr std::string_view kSpaces = " \t\n\r\f";

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

bool is_word(std::string_view word, std::string_view lower) noexcept {
  return word.size() == lower.size() && std::equal(word.begin(), word.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
         });
}

bool can_be_normalised(std::string_view first_word) noexcept {
  switch (first_word.empty() ? '\0' : static_cast<char>(first_word[0] | 0x20)) {
    case 's': return is_word(first_word, "select");
    case 'i': return is_word(first_word, "insert");
    case 'u': return is_word(first_word, "update");
    case 'd': return is_word(first_word, "delete");
    case 'w': return is_word(first_word, "with");
    case 'v': return is_word(first_word, "values");
    case 'm': return is_word(first_word, "merge");
    case 't': return is_word(first_word, "table");
    case '(': return true;
    default: return false;
  }
}

char mark_of(TokenKind kind) noexcept {
  switch (kind) {
    case TokenKind::kString: return kStringMark;
    case TokenKind::kInteger: return kIntegerMark;
    case TokenKind::kNumber: return kNumberMark;
    default: return '\0';
  }
}

}  // namespace

LeadingComment leading_comment(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos || text.substr(first, 2) != "/*") return {};
  int depth = 1;
  for (auto i = first + 2; i + 1 < text.size(); ++i) {
    if (text[i] == '/' && text[i + 1] == '*') {
      ++depth;
      ++i;
    } else if (text[i] == '*' && text[i + 1] == '/') {
      if (--depth == 0) return {text.substr(first + 2, i - first - 2), i + 2};
      ++i;
    }
  }
  return {};
}

std::string_view steering_comment(std::string_view text) noexcept {
  const auto inside = trim(leading_comment(text).inside);
  constexpr std::string_view kName = "shardway:";
  return inside.substr(0, kName.size()) == kName ? trim(inside.substr(kName.size())) : std::string_view{};
}

bool normalise(std::string_view text, bool standard_conforming_strings, std::string& key, Literals& literals) {
  literals.clear();
  // Every token writes at most its own length and one space instead of at least one byte of space.
  if (key.size() < text.size() + 8) key.resize(text.size() + 8);
  char* out = key.data();
  if (!text.empty() && (text[0] == '/' || kSpaces.find(text[0]) != std::string_view::npos) &&
      !steering_comment(text).empty()) {
    for (const std::string_view part : {std::string_view("/*"), leading_comment(text).inside, std::string_view("*/")})
      out = std::copy(part.begin(), part.end(), out);
  }
  StatementLexer lexer(text, standard_conforming_strings);
  bool first = true, ended = false;
  for (;;) {
    const auto token = lexer.next();
    if (token.kind == TokenKind::kEnd) break;
    const char* source = text.data() + token.begin;
    const auto size = token.end - token.begin;
    if (token.kind == TokenKind::kBad || ended) {
      if (ended && token.kind == TokenKind::kSymbol && *source == ';') continue;
      return false;
    }
    if (first) {
      if (!can_be_normalised({source, size})) return false;
      first = false;
    } else if (token.spaced) {
      *out++ = ' ';
    }
    if (const char mark = mark_of(token.kind); mark != '\0') {
      *out++ = mark;
      literals.push_back({{source, size}, token.kind == TokenKind::kString});
    } else if (token.kind == TokenKind::kSymbol && *source == ';') {
      ended = true;
    } else if (token.kind == TokenKind::kSymbol && size == 1) {
      *out++ = *source;
    } else {
      std::memcpy(out, source, size);
      out += size;
    }
  }
  if (first) return false;
  if (ended && out > key.data() && out[-1] == ' ') --out;
  key.resize(static_cast<std::size_t>(out - key.data()));
  return true;
}

void collect_literals(std::string_view text, bool standard_conforming_strings, Literals& literals) {
  literals.clear();
  StatementLexer lexer(text, standard_conforming_strings);
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next())
    if (mark_of(token.kind) != '\0')
      literals.push_back({text.substr(token.begin, token.end - token.begin), token.kind == TokenKind::kString});
}

}  // namespace shardway::router
