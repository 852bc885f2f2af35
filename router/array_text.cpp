#include <string>

#include "router/key_values.hpp"

// https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO
namespace shardway::router {

namespace {

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_null(std::string_view word) noexcept {
  return word.size() == 4 && (word[0] | 0x20) == 'n' && (word[1] | 0x20) == 'u' && (word[2] | 0x20) == 'l' &&
         (word[3] | 0x20) == 'l';
}

// A quoted element, from behind its quote; false if it does not end.
bool quoted_element(std::string_view& rest, std::string& element) {
  while (!rest.empty()) {
    char c = rest.front();
    rest.remove_prefix(1);
    if (c == '"') return true;
    if (c == '\\') {
      if (rest.empty()) return false;
      c = rest.front();
      rest.remove_prefix(1);
    }
    element += c;
  }
  return false;
}

// An unquoted element ends at a comma or the closing brace; spaces around it do not count.
bool plain_element(std::string_view& rest, std::string& element) {
  while (!rest.empty() && rest.front() != ',' && rest.front() != '}') {
    if (rest.front() == '\\' || rest.front() == '"' || rest.front() == '{') return false;
    element += rest.front();
    rest.remove_prefix(1);
  }
  while (!element.empty() && is_space(element.back())) element.pop_back();
  return !element.empty();
}

void skip_spaces(std::string_view& rest) {
  while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
}

}  // namespace

std::optional<std::vector<std::string>> array_elements(std::string_view text) {
  std::vector<std::string> elements;
  skip_spaces(text);
  if (text.empty() || text.front() != '{') return std::nullopt;
  text.remove_prefix(1);
  skip_spaces(text);
  const bool empty = !text.empty() && text.front() == '}';
  while (!empty) {
    std::string element;
    skip_spaces(text);
    const bool quoted = !text.empty() && text.front() == '"';
    if (quoted) {
      text.remove_prefix(1);
      if (!quoted_element(text, element)) return std::nullopt;
      skip_spaces(text);
    } else if (!plain_element(text, element)) {
      return std::nullopt;
    }
    if (quoted || !is_null(element)) elements.push_back(std::move(element));
    if (text.empty() || (text.front() != ',' && text.front() != '}')) return std::nullopt;
    if (text.front() == '}') break;
    text.remove_prefix(1);
  }
  text.remove_prefix(1);
  skip_spaces(text);
  if (!text.empty()) return std::nullopt;
  return elements;
}

}  // namespace shardway::router
