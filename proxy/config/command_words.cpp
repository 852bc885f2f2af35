#include "proxy/config/command_words.hpp"

#include <algorithm>

namespace shardway::proxy::config {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The name between the brace at `at` and the next one; empty: it is no placeholder.
std::string_view name_at(std::string_view text, std::size_t at) {
  const auto end = text.find('}', at);
  if (end == std::string_view::npos) return {};
  const auto name = text.substr(at + 1, end - at - 1);
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return std::all_of(name.begin(), name.end(), is_letter) ? name : std::string_view();
}

}  // namespace

std::optional<CommandWords> split_command(std::string_view text) {
  CommandWords words;
  bool inside = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && is_space(c)) {
      inside = false;
      continue;
    }
    if (!std::exchange(inside, true)) words.emplace_back();
    if (c == quote)
      quote = 0;
    else if (quote == 0 && (c == '\'' || c == '"'))
      quote = c;
    else if (c == '\\' && quote != '\'' && i + 1 < text.size())
      words.back() += text[++i];
    else
      words.back() += c;
  }
  if (quote != 0) return std::nullopt;
  return words;
}

std::string unknown_placeholder(std::string_view text, const std::vector<std::string_view>& known) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{') continue;
    const auto name = name_at(text, i);
    if (!name.empty() && std::find(known.begin(), known.end(), name) == known.end()) return std::string(name);
  }
  return {};
}

CommandWords fill_in(CommandWords words, const Placeholders& values) {
  for (auto& word : words) {
    std::string filled;
    for (std::size_t i = 0; i < word.size(); ++i) {
      const auto name = word[i] == '{' ? name_at(word, i) : std::string_view();
      const auto value =
          std::find_if(values.begin(), values.end(), [&](const auto& v) { return !name.empty() && v.first == name; });
      if (value == values.end()) {
        filled += word[i];
        continue;
      }
      filled += value->second;
      i += name.size() + 1;
    }
    word = std::move(filled);
  }
  return words;
}

}  // namespace shardway::proxy::config
