// mysql::Cursor: a place among the tokens of one statement, and what the analyzer asks there. Behind the last token it
// stands at kEnd for ever. Words are compared without regard to case; quoted names are no keywords.
// The text and the tokens must outlive it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "router/mysql_lexer.hpp"

namespace shardway::router::mysql {

using Tokens = std::vector<Token>;

std::string lower_case(std::string_view text);
bool equals_word(std::string_view word, std::string_view lower) noexcept;

class Cursor {
 public:
  Cursor(std::string_view text, const Tokens& tokens, std::size_t first, std::size_t last)
      : text_(text), tokens_(&tokens), at_(first), end_(last) {}

  const Token& peek(std::size_t ahead = 0) const noexcept {
    return at_ + ahead < end_ ? (*tokens_)[at_ + ahead] : kEndToken;
  }
  std::string_view source(std::size_t ahead = 0) const noexcept {
    const auto& token = peek(ahead);
    return text_.substr(token.begin, token.end - token.begin);
  }
  bool at_end() const noexcept { return at_ >= end_; }
  std::size_t place() const noexcept { return at_; }
  std::size_t last() const noexcept { return end_; }
  void go_to(std::size_t place) noexcept { at_ = place; }
  void skip(std::size_t count = 1) noexcept { at_ = at_ + count < end_ ? at_ + count : end_; }

  bool is_word(std::string_view lower, std::size_t ahead = 0) const noexcept {
    return peek(ahead).kind == TokenKind::kWord && equals_word(source(ahead), lower);
  }
  bool is_any_word(std::initializer_list<std::string_view> words, std::size_t ahead = 0) const noexcept {
    for (const auto word : words)
      if (is_word(word, ahead)) return true;
    return false;
  }
  bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const noexcept {
    return peek(ahead).kind == TokenKind::kSymbol && source(ahead) == symbol;
  }
  bool take_word(std::string_view lower) noexcept { return is_word(lower) && (skip(), true); }
  bool take_words(std::initializer_list<std::string_view> words) noexcept;
  bool take_symbol(std::string_view symbol) noexcept { return is_symbol(symbol) && (skip(), true); }

  // A name, quoted or not; its quotes are taken off.
  bool at_name(std::size_t ahead = 0) const noexcept {
    return peek(ahead).kind == TokenKind::kWord || peek(ahead).kind == TokenKind::kQuoted;
  }
  std::string name(std::size_t ahead = 0) const;
  std::string take_name();

  // From an opening parenthesis to behind its closing one (or to the end).
  void skip_parenthesised() noexcept;
  // The text from one token's place to before another's.
  std::string_view between(std::size_t first, std::size_t last) const noexcept;
  std::string_view text() const noexcept { return text_; }
  const Tokens& tokens() const noexcept { return *tokens_; }

 private:
  static constexpr Token kEndToken{};

  std::string_view text_;
  const Tokens* tokens_;
  std::size_t at_, end_;
};

}  // namespace shardway::router::mysql
