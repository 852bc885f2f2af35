// StatementLexer: PostgreSQL's tokens, as far as literals, comments and statement ends need them, in one pass.
// Not a parser: texts that the server's own scanner refuses come out somehow, but always the same way.
// normalise() makes the statement cache's key; unquote() turns a string literal's source into its value.
// All views point into the text given, which must outlive them. Nothing throws; nothing is allocated per token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "router/statement_cache.hpp"

namespace shardway::router {

enum class TokenKind : std::uint8_t {
  kEnd,
  kWord,         // keyword or identifier
  kQuoted,       // "…", U&"…"
  kString,       // '…', E'…', $tag$…$tag$: a text of any type
  kOtherString,  // B'…', X'…', U&'…'
  kInteger,      // digits only
  kNumber,       // 1.5, .5, 1e5
  kParameter,    // $1
  kSymbol,       // one character of an operator, or punctuation
  kBad,          // unterminated, or a byte no token has
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::uint32_t begin = 0, end = 0;
  bool spaced = false;  // space or a comment stands before it
};

class StatementLexer {
 public:
  StatementLexer(std::string_view text, bool standard_conforming_strings) noexcept
      : text_(text.data()), size_(static_cast<std::uint32_t>(text.size())), standard_(standard_conforming_strings) {}
  Token next() noexcept;

 private:
  bool skip_space() noexcept;  // false: an unterminated comment
  bool skip_comment() noexcept;
  bool end_of_string(bool backslashes) noexcept;
  bool continues() noexcept;
  bool end_of_quoted() noexcept;
  bool end_of_dollar_quoted() noexcept;
  TokenKind prefixed(char first) noexcept;
  TokenKind number() noexcept;
  TokenKind dollar() noexcept;
  TokenKind token(char first) noexcept;
  char at(std::uint32_t i) const noexcept { return i < size_ ? text_[i] : '\0'; }

  const char* text_;
  std::uint32_t size_;
  std::uint32_t at_ = 0;
  bool standard_;
};

// ASCII's letters only.
std::string lower_case(std::string_view text);

// Without regard to the case of ASCII's letters.
bool equals_word(std::string_view word, std::string_view lower) noexcept;

// The first comment of a text, if the text begins with one ("/* … */", without the marks); where it ends.
struct LeadingComment {
  std::string_view inside;
  std::size_t end = 0;
};
LeadingComment leading_comment(std::string_view text) noexcept;

// "shardway: …" inside the leading comment, or nothing.
std::string_view steering_comment(std::string_view text) noexcept;

// The cache's key of a single SELECT, INSERT, UPDATE, DELETE, WITH, VALUES, MERGE or TABLE: literals are replaced by
// marks and collected, space and comments folded. False: the text must be kept as it is (`literals` is then undefined).
bool normalise(std::string_view text, bool standard_conforming_strings, std::string& key, Literals& literals);

// Every literal of a text, in the order of their numbers.
void collect_literals(std::string_view text, bool standard_conforming_strings, Literals& literals);

// The value of a kString literal; nothing if an escape is not understood.
std::optional<std::string> unquote(std::string_view source, bool standard_conforming_strings);

// The name that a kQuoted token stands for; escapes behind a UESCAPE of its own are left as they are.
std::string unquote_name(std::string_view source);

}  // namespace shardway::router
