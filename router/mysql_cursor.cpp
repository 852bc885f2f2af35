#include "router/mysql_cursor.hpp"

#include <algorithm>

namespace shardway::router::mysql {

namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool equals_word(std::string_view word, std::string_view other) noexcept {
  return word.size() == other.size() &&
         std::equal(word.begin(), word.end(), other.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

bool Cursor::take_words(std::initializer_list<std::string_view> words) noexcept {
  std::size_t ahead = 0;
  for (const auto word : words)
    if (!is_word(word, ahead++)) return false;
  skip(words.size());
  return true;
}

std::string Cursor::name(std::size_t ahead) const {
  const auto source_of = source(ahead);
  if (peek(ahead).kind != TokenKind::kQuoted) return std::string(source_of);
  std::string out;
  for (std::size_t i = 1; i + 1 < source_of.size(); ++i) {
    out += source_of[i];
    if (source_of[i] == source_of[0]) ++i;
  }
  return out;
}

std::string Cursor::take_name() {
  if (!at_name()) return {};
  auto taken = name();
  skip();
  return taken;
}

void Cursor::skip_parenthesised() noexcept {
  if (!is_symbol("(")) return skip();
  const auto closes = peek().closes;
  at_ = closes == 0 || at_ + closes >= end_ ? end_ : at_ + closes + 1;
}

std::string_view Cursor::between(std::size_t first, std::size_t last_place) const noexcept {
  if (first >= last_place || first >= tokens_->size()) return {};
  const auto begin = (*tokens_)[first].begin;
  return text_.substr(begin, (*tokens_)[std::min(last_place, tokens_->size()) - 1].end - begin);
}

}  // namespace shardway::router::mysql
