#include "router/mysql_lexer.hpp"

#include <array>

// https://mariadb.com/kb/en/sql-language-structure/ and
// https://dev.mysql.com/doc/refman/8.0/en/language-structure.html; where they are silent, what MariaDB 10.11 answers
// (tests/golden/mysql_oracle.py asks it).
namespace shardway::router::mysql {

namespace {

enum Class : std::uint8_t { kSpace = 1, kLetter = 2, kDigit = 4, kSymbolic = 8, kHighByte = 16 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (const char c : {' ', '\t', '\n', '\v', '\f', '\r'}) classes[static_cast<unsigned char>(c)] = kSpace;
  for (int c = 'a'; c <= 'z'; ++c) classes[static_cast<std::size_t>(c)] = kLetter;
  for (int c = 'A'; c <= 'Z'; ++c) classes[static_cast<std::size_t>(c)] = kLetter;
  for (const char c : {'_', '$'}) classes[static_cast<unsigned char>(c)] = kLetter;
  for (int c = 128; c < 256; ++c) classes[static_cast<std::size_t>(c)] = kLetter | kHighByte;
  for (int c = '0'; c <= '9'; ++c) classes[static_cast<std::size_t>(c)] = kDigit;
  for (const char c :
       {'~', '!', '^', '&', '|', '+', '-', '*', '/', '%', '<', '>', '=', ',', '(', ')', '.', ';', ':', '{', '}'})
    classes[static_cast<unsigned char>(c)] = kSymbolic;
  return classes;
}
constexpr auto kClasses = make_classes();

constexpr bool is(char c, int classes) noexcept {
  return (kClasses[static_cast<unsigned char>(c)] & static_cast<unsigned>(classes)) != 0;
}

constexpr bool is_hex(char c) noexcept { return is(c, kDigit) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

constexpr bool between(char c, int low, int high) noexcept {
  return static_cast<unsigned char>(c) >= low && static_cast<unsigned char>(c) <= high;
}

// The symbols of more than one character, longest first.
constexpr std::string_view kOperators[] = {
    "<=>", "->>", ":=", "<=", ">=", "<>", "!=", "||", "&&", "<<", ">>", "->", ".."};

}  // namespace

// The server takes semicolons and space off the end before it reads, and a zero there is the end: `--;` is a comment.
Lexer::Lexer(std::string_view text, const MysqlMode& mode) noexcept : text_(text.data()), mode_(mode) {
  size_ = static_cast<std::uint32_t>(text.find_last_not_of("; \t\n\v\f\r") + 1);
  if (size_ > 0 && text_[size_ - 1] == '\0') --size_;
}

// How many bytes the character at `i` has, in character sets whose second byte may look like ASCII.
std::uint32_t Lexer::character_size(std::uint32_t i) const noexcept {
  const char lead = at(i), trail = at(i + 1);
  using Charset = MysqlMode::Charset;
  switch (mode_.charset) {
    case Charset::kUtf8:
    case Charset::kSingleByte: return 1;
    case Charset::kBig5:
      return between(lead, 0xa1, 0xf9) && (between(trail, 0x40, 0x7e) || between(trail, 0xa1, 0xfe)) ? 2 : 1;
    case Charset::kSjis:
      return (between(lead, 0x81, 0x9f) || between(lead, 0xe0, 0xfc)) &&
                     (between(trail, 0x40, 0x7e) || between(trail, 0x80, 0xfc))
                 ? 2
                 : 1;
    case Charset::kGb18030:
      if (between(lead, 0x81, 0xfe) && between(trail, 0x30, 0x39) && between(at(i + 2), 0x81, 0xfe) &&
          between(at(i + 3), 0x30, 0x39))
        return 4;
      [[fallthrough]];
    case Charset::kGbk:
      return between(lead, 0x81, 0xfe) && (between(trail, 0x40, 0x7e) || between(trail, 0x80, 0xfe)) ? 2 : 1;
  }
  return 1;
}

// From inside a comment to behind its end. What a server skips by its version may have whole comments inside.
bool Lexer::skip_block(std::uint32_t from, bool may_nest) noexcept {
  at_ = from;
  while (at_ < size_) {
    if (text_[at_] == '*' && at(at_ + 1) == '/') {
      at_ += 2;
      return true;
    }
    if (may_nest && text_[at_] == '/' && at(at_ + 1) == '*') {
      if (!skip_block(at_ + 2, false)) return false;
    } else {
      ++at_;
    }
  }
  return false;
}

// Behind /*! or /*M!: whether this server runs what follows; the digits of the version are skipped.
// MariaDB leaves out what is meant for MySQL 5.7 and later.
bool Lexer::version_runs() noexcept {
  std::uint32_t digits = 0, version = 0;
  while (digits < 6 && is(at(at_ + digits), kDigit)) {
    version = version * 10 + static_cast<std::uint32_t>(at(at_ + digits) - '0');
    ++digits;
  }
  if (digits < 5) return true;
  const bool for_mariadb = text_[at_ - 2] == 'M';
  at_ += digits;
  if (version > mode_.version) return false;
  return mode_.server == MysqlMode::Server::kMysql || for_mariadb || version < 50700 || version > 99999;
}

Lexer::Comment Lexer::comment() noexcept {
  const bool for_mariadb = at(at_ + 2) == 'M' && at(at_ + 3) == '!' && mode_.server == MysqlMode::Server::kMariaDb;
  if (at(at_ + 2) != '!' && !for_mariadb)
    return skip_block(at_ + 2, false) ? Comment::kSkipped : Comment::kUnterminated;
  saw_executable_ = true;
  at_ += for_mariadb ? 4 : 3;
  if (version_runs()) {
    in_comment_ = true;
    return Comment::kEntered;
  }
  return skip_block(at_, true) ? Comment::kSkipped : Comment::kUnterminated;
}

bool Lexer::skip_space() noexcept {
  for (;;) {
    while (at_ < size_ && is(text_[at_], kSpace)) ++at_;
    if (at_ >= size_) return !in_comment_;
    const char c = text_[at_], after = at(at_ + 1);
    const bool dashes =
        c == '-' && after == '-' && (at_ + 2 >= size_ || between(at(at_ + 2), 0, 32) || at(at_ + 2) == 127);
    if (c == '#' || dashes) {
      while (at_ < size_ && text_[at_] != '\n') ++at_;
    } else if (c == '/' && after == '*') {
      if (comment() == Comment::kUnterminated) return false;
    } else if (in_comment_ && c == '*' && after == '/') {
      in_comment_ = false;
      at_ += 2;
    } else {
      return true;
    }
  }
}

// From behind the opening quote to behind the closing one.
bool Lexer::end_of_quoted(char quote, bool backslashes) noexcept {
  while (at_ < size_) {
    if (is(text_[at_], kHighByte)) {
      at_ += character_size(at_);
      continue;
    }
    const char c = text_[at_++];
    if (c == '\\' && backslashes) {
      ++at_;  // one byte, whatever character it begins
    } else if (c == quote) {
      if (at(at_) != quote || at_ >= size_) return true;
      ++at_;
    }
  }
  return false;
}

// Bytes that are a space in some of the one-byte character sets and a letter in others.
bool Lexer::may_be_space(char c) const noexcept {
  return mode_.charset == MysqlMode::Charset::kSingleByte && (between(c, 0xa0, 0xa0) || between(c, 0xff, 0xff));
}

void Lexer::skip_word() noexcept {
  while (at_ < size_ && is(text_[at_], kLetter | kDigit) && !may_be_space(text_[at_]))
    at_ += is(text_[at_], kHighByte) ? character_size(at_) : 1;
}

// N'…', x'…', b'…': the letter alone is not the token. kEnd: it is a plain word.
TokenKind Lexer::prefixed(char letter) noexcept {
  if (letter == 'n') {
    at_ += 2;
    return end_of_quoted('\'', !mode_.no_backslash_escapes) ? TokenKind::kNationalString : TokenKind::kBad;
  }
  if (letter != 'x' && letter != 'b') return TokenKind::kEnd;
  const auto first = at_ + 2;
  at_ = first;
  while (letter == 'x' ? is_hex(at(at_)) : at(at_) == '0' || at(at_) == '1') ++at_;
  if (at(at_) != '\'' || (letter == 'x' && (at_ - first) % 2 != 0)) return TokenKind::kBad;
  ++at_;
  return TokenKind::kHex;
}

// 0x1F, 0b01; behind which no letter may stand. kEnd: a number like another, or a name.
TokenKind Lexer::zero_prefixed() noexcept {
  const bool hex = at(at_ + 1) == 'x';
  if (!hex && at(at_ + 1) != 'b') return TokenKind::kEnd;
  auto i = at_ + 2;
  while (hex ? is_hex(at(i)) : at(i) == '0' || at(i) == '1') ++i;
  if (i == at_ + 2 || is(at(i), kLetter | kDigit)) return TokenKind::kEnd;
  at_ = i;
  return TokenKind::kHex;
}

// Digits: an integer, a number, or a name that begins with digits.
TokenKind Lexer::number() noexcept {
  if (at(at_) == '0')
    if (const auto kind = zero_prefixed(); kind != TokenKind::kEnd) return kind;
  while (is(at(at_), kDigit)) ++at_;
  const auto exponent = [this] {
    if ((at(at_) | 0x20) != 'e') return false;
    auto i = at_ + 1;
    if (at(i) == '+' || at(i) == '-') ++i;
    if (!is(at(i), kDigit)) return false;
    while (is(at(i), kDigit)) ++i;
    at_ = i;
    return true;
  };
  if (at(at_) == '.') {
    for (++at_; is(at(at_), kDigit);) ++at_;
    if ((at(at_) | 0x20) == 'e' && !exponent()) return TokenKind::kBad;
    return TokenKind::kNumber;
  }
  if (exponent()) return TokenKind::kNumber;
  if (!is(at(at_), kLetter)) return TokenKind::kInteger;
  skip_word();
  return TokenKind::kWord;
}

TokenKind Lexer::variable() noexcept {
  const char next = at(++at_);
  if (next == '@') {
    ++at_;
    return TokenKind::kSystemVariable;
  }
  if (next == '\'' || next == '"' || next == '`') {
    ++at_;
    const bool is_name = next == '`' || (next == '"' && mode_.ansi_quotes);
    return end_of_quoted(next, !is_name && !mode_.no_backslash_escapes) ? TokenKind::kUserVariable : TokenKind::kBad;
  }
  // Byte by byte: of a character outside of ASCII the second may end the name.
  while (is(at(at_), kLetter | kDigit) || at(at_) == '.') ++at_;
  return TokenKind::kUserVariable;
}

// The ORACLE mode's `:name` and `:1`, with any space behind the colon; else the colon alone, as in a trigger's :NEW.a.
TokenKind Lexer::named_parameter() noexcept {
  const auto behind = ++at_;
  const bool was_in_comment = in_comment_;
  if (!skip_space()) return TokenKind::kBad;
  const bool may_follow = is(at(at_), kLetter | kDigit) || at(at_) == '`' || at(at_) == '"';
  const auto kind = may_follow ? token() : TokenKind::kEnd;
  const bool is_name = kind == TokenKind::kWord || kind == TokenKind::kQuoted;
  if ((is_name && at(at_) != '.') || kind == TokenKind::kInteger) return TokenKind::kParameter;
  at_ = behind;
  in_comment_ = was_in_comment;
  return TokenKind::kSymbol;
}

TokenKind Lexer::symbol() noexcept {
  const std::string_view rest(text_ + at_, size_ - at_);
  for (const auto sign : kOperators) {
    if (rest.substr(0, sign.size()) != sign) continue;
    at_ += static_cast<std::uint32_t>(sign.size());
    return TokenKind::kSymbol;
  }
  ++at_;
  return TokenKind::kSymbol;
}

TokenKind Lexer::token() noexcept {
  const char first = text_[at_];
  if (is(first, kLetter) && !may_be_space(first)) {
    if (at(at_ + 1) == '\'')
      if (const auto kind = prefixed(static_cast<char>(first | 0x20)); kind != TokenKind::kEnd) return kind;
    skip_word();
    return TokenKind::kWord;
  }
  if (is(first, kDigit)) {
    if (!name_follows_) return number();
    skip_word();
    return TokenKind::kWord;
  }
  if (first == '.' && is(at(at_ + 1), kDigit) && !name_follows_) return number();
  if (first == '\'' || first == '"') {
    ++at_;
    const bool is_name = first == '"' && mode_.ansi_quotes;
    if (!end_of_quoted(first, !is_name && !mode_.no_backslash_escapes)) return TokenKind::kBad;
    return is_name ? TokenKind::kQuoted : TokenKind::kString;
  }
  if (first == '`') {
    ++at_;
    return end_of_quoted('`', false) ? TokenKind::kQuoted : TokenKind::kBad;
  }
  if (first == '@') return variable();
  if (first == '?') {
    ++at_;
    return TokenKind::kParameter;
  }
  if (first == '\\' && at(at_ + 1) == 'N') {
    at_ += 2;
    return TokenKind::kWord;
  }
  if (first == ':' && mode_.oracle && at(at_ + 1) != '=') return named_parameter();
  if (is(first, kSymbolic)) return symbol();
  ++at_;
  return TokenKind::kBad;
}

Token Lexer::next() noexcept {
  Token read;
  const auto before = at_;
  const bool comments_end = skip_space();
  read.spaced = at_ != before;
  read.begin = at_;
  if (!comments_end) {
    at_ = size_;
    read.begin = size_;
    read.kind = TokenKind::kBad;
    in_comment_ = false;
  } else if (at_ < size_) {
    // A dot right behind a name, and what stands right behind that dot, is part of a qualified name.
    const bool after_name = name_follows_ && !read.spaced;
    name_follows_ = after_name;
    const bool is_dot = text_[at_] == '.' && after_name;
    read.kind = is_dot ? (++at_, TokenKind::kSymbol) : token();
    name_follows_ = is_dot;
    if (read.kind == TokenKind::kWord || read.kind == TokenKind::kQuoted) name_follows_ = at(at_) == '.';
  }
  if (at_ > size_) at_ = size_;
  read.end = at_;
  return read;
}

}  // namespace shardway::router::mysql
