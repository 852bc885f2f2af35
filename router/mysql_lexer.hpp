// mysql::Lexer: the tokens of MySQL's and MariaDB's dialect, in one pass, as the server with these settings reads them:
// executable comments, quotes, escapes and multi-byte characters included. Not a parser: what the server's own scanner
// refuses is a kBad token, and the analyzer leaves such texts to the server; so are bytes of one-byte character sets
// that may be spaces or letters.
// All views point into the text given, which must outlive them. Nothing throws; nothing is allocated per token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "router/mysql_mode.hpp"
#include "router/statement_cache.hpp"

namespace shardway::router::mysql {

enum class TokenKind : std::uint8_t {
  kEnd,
  kWord,            // keyword or name without quotes
  kQuoted,          // `…`, and "…" under ANSI_QUOTES
  kString,          // '…', "…"; an introducer (_utf8mb4) is a word before it
  kNationalString,  // N'…'
  kHex,             // x'…', 0x…, b'…', 0b…
  kInteger,         // digits only
  kNumber,          // 1.5, .5, 1., 1e5
  kParameter,       // ?; in the ORACLE mode :name and :1 too
  kUserVariable,    // @x, @'x', @`x`, @"x"
  kSystemVariable,  // @@; its name follows as words
  kSymbol,          // an operator, or punctuation
  kBad,             // unterminated, or a byte no token has
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::uint32_t begin = 0, end = 0;
  bool spaced = false;  // space or a comment stands before it
  // Of an opening parenthesis: how many tokens further its closing one is (mysql_analyze.cpp); 0: it has none.
  std::uint32_t closes = 0;
};

class Lexer {
 public:
  Lexer(std::string_view text, const MysqlMode& mode) noexcept;
  Token next() noexcept;
  // A /*! … */ was met, executed or not: then the text means one thing to one server only.
  bool saw_executable_comment() const noexcept { return saw_executable_; }

 private:
  enum class Comment : std::uint8_t { kNone, kSkipped, kEntered, kUnterminated };

  bool skip_space() noexcept;  // false: an unterminated comment
  Comment comment() noexcept;
  bool version_runs() noexcept;
  bool skip_block(std::uint32_t from, bool may_nest) noexcept;
  bool end_of_quoted(char quote, bool backslashes) noexcept;
  std::uint32_t character_size(std::uint32_t i) const noexcept;
  bool may_be_space(char c) const noexcept;
  void skip_word() noexcept;
  TokenKind prefixed(char letter) noexcept;
  TokenKind zero_prefixed() noexcept;
  TokenKind number() noexcept;
  TokenKind variable() noexcept;
  TokenKind named_parameter() noexcept;
  TokenKind symbol() noexcept;
  TokenKind token() noexcept;
  char at(std::uint32_t i) const noexcept { return i < size_ ? text_[i] : '\0'; }

  const char* text_;
  std::uint32_t size_ = 0;
  std::uint32_t at_ = 0;
  MysqlMode mode_;
  bool in_comment_ = false;  // inside an executable comment that runs
  bool saw_executable_ = false;
  bool name_follows_ = false;  // behind a word and a dot: digits are a name
};

// "shardway: …" inside the leading comment, or nothing. `end`: behind the comment.
std::string_view steering_comment(std::string_view text, std::size_t* end = nullptr) noexcept;

// The cache's key of a single SELECT, INSERT, REPLACE, UPDATE, DELETE, WITH, VALUES or TABLE: literals are replaced by
// marks and collected, space and comments folded. False: the text must be kept as it is (`literals` is then undefined).
bool normalise(std::string_view text, const MysqlMode& mode, std::string& key, Literals& literals);

// Every literal of a text, in the order of their numbers.
void collect_literals(std::string_view text, const MysqlMode& mode, Literals& literals);

// True for tokens that are lifted out as literals.
constexpr bool is_literal(TokenKind kind) noexcept {
  return kind == TokenKind::kString || kind == TokenKind::kInteger || kind == TokenKind::kNumber ||
         kind == TokenKind::kHex;
}

// The value of a kString literal, in the client's character set.
std::optional<std::string> unquote(std::string_view source, const MysqlMode& mode);
// The bytes of a kHex literal.
std::optional<std::string> unhex(std::string_view source);

}  // namespace shardway::router::mysql
