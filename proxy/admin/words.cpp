#include "proxy/admin/words.hpp"

#include <algorithm>

namespace shardway::proxy::admin {

namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Reads a command from front to back; each step takes something off `rest`, and false means "not closed".
struct Cutter {
  std::string_view rest;

  bool starts(std::string_view text) const noexcept { return rest.substr(0, text.size()) == text; }

  // Block comments nest, as in PostgreSQL's own lexer.
  bool skip_block_comment() noexcept {
    int depth = 0;
    do {
      if (rest.empty()) return false;
      const bool opens = starts("/*");
      const bool closes = starts("*/");
      depth += opens ? 1 : closes ? -1 : 0;
      rest.remove_prefix(opens || closes ? 2 : 1);
    } while (depth > 0);
    return true;
  }

  bool skip_blank() noexcept {
    while (!rest.empty()) {
      if (kSpace.find(rest.front()) != std::string_view::npos) {
        rest.remove_prefix(1);
      } else if (starts("--")) {
        rest.remove_prefix(std::min(rest.find('\n'), rest.size()));
      } else if (starts("/*")) {
        if (!skip_block_comment()) return false;
      } else {
        break;
      }
    }
    return true;
  }

  // A doubled quote inside stands for one.
  bool take_quoted(std::string& word) {
    const char quote = rest.front();
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (rest[i] == quote && (i + 1 == rest.size() || rest[i + 1] != quote)) {
        rest.remove_prefix(i + 1);
        return true;
      }
      if (rest[i] == quote) ++i;
      word.push_back(rest[i]);
    }
    return false;
  }

  bool take_word(std::string& word) {
    if (rest.front() == '"' || rest.front() == '\'') return take_quoted(word);
    std::size_t end = rest.find_first_of(" \t\r\n\f\v;=,\"'");
    if (end == 0) end = 1;
    end = std::min({end, rest.find("--"), rest.find("/*"), rest.size()});
    word.assign(rest.substr(0, end));
    rest.remove_prefix(end);
    return true;
  }
};

}  // namespace

std::optional<Words> split_words(std::string_view command) {
  Cutter cutter{command};
  Words words;
  bool ended = false;
  while (true) {
    if (!cutter.skip_blank()) return std::nullopt;
    if (cutter.rest.empty()) return words;
    if (cutter.rest.front() == ';') {
      ended = true;
      cutter.rest.remove_prefix(1);
      continue;
    }
    if (ended && !words.empty()) return std::nullopt;
    if (!cutter.take_word(words.emplace_back())) return std::nullopt;
  }
}

bool same_word(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string joined_lower(const Words& words, std::size_t first) {
  std::string text;
  for (std::size_t i = first; i < words.size(); ++i) {
    if (i > first) text.push_back(' ');
    std::transform(words[i].begin(), words[i].end(), std::back_inserter(text), lower);
  }
  return text;
}

}  // namespace shardway::proxy::admin
