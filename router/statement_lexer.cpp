#include "router/statement_lexer.hpp"

#include <array>
#include <cstring>

// The rules are those of the server's scanner, https://www.postgresql.org/docs/15/sql-syntax-lexical.html.
namespace shardway::router {

namespace {

enum Class : std::uint8_t { kOther = 0, kSpace = 1, kStart = 2, kDigit = 4, kSymbolic = 8, kDollar = 16 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (const char c : {' ', '\t', '\n', '\r', '\f'}) classes[static_cast<unsigned char>(c)] = kSpace;
  for (int c = 'a'; c <= 'z'; ++c) classes[static_cast<std::size_t>(c)] = kStart;
  for (int c = 'A'; c <= 'Z'; ++c) classes[static_cast<std::size_t>(c)] = kStart;
  for (int c = 128; c < 256; ++c) classes[static_cast<std::size_t>(c)] = kStart;
  classes['_'] = kStart;
  for (int c = '0'; c <= '9'; ++c) classes[static_cast<std::size_t>(c)] = kDigit;
  for (const char c : {'~', '!', '@', '#', '^', '&', '|', '`', '?', '+', '-', '*', '/',
                       '%', '<', '>', '=', ',', '(', ')', '[', ']', '.', ';', ':'})
    classes[static_cast<unsigned char>(c)] = kSymbolic;
  classes['$'] = kDollar;
  return classes;
}
constexpr auto kClasses = make_classes();

constexpr bool is(char c, int classes) noexcept {
  return (kClasses[static_cast<unsigned char>(c)] & static_cast<unsigned>(classes)) != 0;
}

}  // namespace

bool StatementLexer::skip_comment() noexcept {
  int depth = 0;
  while (at_ < size_) {
    if (text_[at_] == '/' && at(at_ + 1) == '*') {
      ++depth;
      at_ += 2;
    } else if (text_[at_] == '*' && at(at_ + 1) == '/') {
      at_ += 2;
      if (--depth == 0) return true;
    } else {
      ++at_;
    }
  }
  return false;
}

bool StatementLexer::skip_space() noexcept {
  for (;;) {
    while (at_ < size_ && is(text_[at_], kSpace)) ++at_;
    if (at_ >= size_) return true;
    if (text_[at_] == '-' && at(at_ + 1) == '-') {
      while (at_ < size_ && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    } else if (text_[at_] == '/' && at(at_ + 1) == '*') {
      if (!skip_comment()) return false;
    } else {
      return true;
    }
  }
}

// A string goes on behind space that has a line end in it; comments with -- count as space there, /* */ does not.
bool StatementLexer::continues() noexcept {
  auto i = at_;
  const auto skip_line = [&] {
    while (i < size_ && text_[i] != '\n' && text_[i] != '\r') ++i;
  };
  for (;;) {
    const char c = at(i);
    if (c == ' ' || c == '\t' || c == '\f')
      ++i;
    else if (c == '-' && at(i + 1) == '-')
      skip_line();
    else
      break;
  }
  if (i >= size_ || (text_[i] != '\n' && text_[i] != '\r')) return false;
  for (;;) {
    while (i < size_ && is(text_[i], kSpace)) ++i;
    if (at(i) != '-' || at(i + 1) != '-') break;
    skip_line();
  }
  if (at(i) != '\'') return false;
  at_ = i + 1;
  return true;
}

// From behind the opening quote to behind the closing one, continuations included.
bool StatementLexer::end_of_string(bool backslashes) noexcept {
  while (at_ < size_) {
    const char c = text_[at_++];
    if (c == '\\' && backslashes) {
      ++at_;
    } else if (c == '\'') {
      if (at(at_) == '\'')
        ++at_;
      else if (!continues())
        return true;
    }
  }
  return false;
}

bool StatementLexer::end_of_quoted() noexcept {
  while (at_ < size_) {
    if (text_[at_++] != '"') continue;
    if (at(at_) != '"') return true;
    ++at_;
  }
  return false;
}

// At a '$' that opens a tag: $$ or $tag$.
bool StatementLexer::end_of_dollar_quoted() noexcept {
  auto close = at_ + 1;
  while (is(at(close), kStart | kDigit)) ++close;
  const std::string_view tag(text_ + at_, close + 1 - at_);
  const auto found = std::string_view(text_, size_).find(tag, close + 1);
  if (found == std::string_view::npos) {
    at_ = size_;
    return false;
  }
  at_ = static_cast<std::uint32_t>(found + tag.size());
  return true;
}

TokenKind StatementLexer::dollar() noexcept {
  auto i = at_ + 1;
  if (is(at(i), kDigit)) {
    while (is(at(i), kDigit)) ++i;
    at_ = i;
    return TokenKind::kParameter;
  }
  if (is(at(i), kStart))
    while (is(at(i), kStart | kDigit)) ++i;
  if (at(i) == '$') return end_of_dollar_quoted() ? TokenKind::kString : TokenKind::kBad;
  ++at_;
  return TokenKind::kBad;
}

TokenKind StatementLexer::number() noexcept {
  auto kind = TokenKind::kInteger;
  while (is(at(at_), kDigit)) ++at_;
  if (at(at_) == '.' && at(at_ + 1) != '.') {
    kind = TokenKind::kNumber;
    for (++at_; is(at(at_), kDigit);) ++at_;
  }
  if ((at(at_) | 0x20) == 'e') {
    auto i = at_ + 1;
    if (at(i) == '+' || at(i) == '-') ++i;
    if (is(at(i), kDigit)) {
      while (is(at(i), kDigit)) ++i;
      at_ = i;
      return TokenKind::kNumber;
    }
  }
  return kind;
}

// E'…', B'…', X'…', U&'…', U&"…": the letter alone is not the token. kEnd: it is a plain word.
TokenKind StatementLexer::prefixed(char first) noexcept {
  const char letter = static_cast<char>(first | 0x20);
  if (at(at_ + 1) == '\'') {
    if (letter == 'e') {
      at_ += 2;
      return end_of_string(true) ? TokenKind::kString : TokenKind::kBad;
    }
    if (letter == 'b' || letter == 'x') {
      at_ += 2;
      return end_of_string(false) ? TokenKind::kOtherString : TokenKind::kBad;
    }
  }
  if (letter == 'u' && at(at_ + 1) == '&') {
    if (at(at_ + 2) == '\'') {
      at_ += 3;
      return end_of_string(false) ? TokenKind::kOtherString : TokenKind::kBad;
    }
    if (at(at_ + 2) == '"') {
      at_ += 3;
      return end_of_quoted() ? TokenKind::kQuoted : TokenKind::kBad;
    }
  }
  return TokenKind::kEnd;
}

TokenKind StatementLexer::token(char first) noexcept {
  if (is(first, kStart)) {
    if (at(at_ + 1) == '\'' || at(at_ + 1) == '&')
      if (const auto kind = prefixed(first); kind != TokenKind::kEnd) return kind;
    do {
      ++at_;
    } while (at_ < size_ && is(text_[at_], kStart | kDigit | kDollar));
    return TokenKind::kWord;
  }
  if (is(first, kDigit) || (first == '.' && is(at(at_ + 1), kDigit))) return number();
  if (first == '\'') {
    ++at_;
    return end_of_string(!standard_) ? TokenKind::kString : TokenKind::kBad;
  }
  if (first == '"') {
    ++at_;
    return end_of_quoted() ? TokenKind::kQuoted : TokenKind::kBad;
  }
  if (first == '.' && at(at_ + 1) == '.') {
    at_ += 2;
    return TokenKind::kSymbol;
  }
  if (first == '$') return dollar();
  ++at_;
  return is(first, kSymbolic) ? TokenKind::kSymbol : TokenKind::kBad;
}

Token StatementLexer::next() noexcept {
  Token token_read;
  const auto before = at_;
  const bool comments_end = skip_space();
  token_read.spaced = at_ != before;
  token_read.begin = at_;
  if (!comments_end)
    token_read.kind = TokenKind::kBad;
  else if (at_ < size_)
    token_read.kind = token(text_[at_]);
  if (at_ > size_) at_ = size_;
  token_read.end = at_;
  return token_read;
}

std::string lower_case(std::string_view text) {
  std::string lower;
  for (const char c : text) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return lower;
}

bool equals_word(std::string_view word, std::string_view lower) noexcept {
  return word.size() == lower.size() &&
         std::equal(word.begin(), word.end(), lower.begin(), [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace shardway::router
