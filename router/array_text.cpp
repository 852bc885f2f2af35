#include <string>

#include "router/key_values.hpp"
#include "router/shard_hash.hpp"

// https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO
namespace shardway::router {

namespace {

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

// An unquoted element ends at a comma or the closing brace; spaces around it do not count. One with a backslash is
// never NULL.
bool plain_element(std::string_view& rest, std::string& element, bool& null) {
  std::size_t escaped = 0;  // up to here
  while (!rest.empty() && rest.front() != ',' && rest.front() != '}') {
    if (rest.front() == '"' || rest.front() == '{') return false;
    const bool escapes = rest.front() == '\\';
    if (escapes) rest.remove_prefix(1);
    if (rest.empty()) return false;
    element += rest.front();
    rest.remove_prefix(1);
    if (escapes) escaped = element.size();
  }
  while (element.size() > escaped && is_space(element.back())) element.pop_back();
  null = escaped == 0 && is_null(element);
  return !element.empty();
}

void skip_spaces(std::string_view& rest) {
  while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
}

// "[1:2][0:3]=" before the braces: where the subscripts begin.
bool skip_bounds(std::string_view& rest) {
  if (rest.empty() || rest.front() != '[') return true;
  const auto equals = rest.find('=');
  if (equals == std::string_view::npos) return false;
  if (rest.substr(0, equals).find_first_not_of("[]:+-0123456789 \t\n\v\f\r") != std::string_view::npos) return false;
  rest.remove_prefix(equals + 1);
  skip_spaces(rest);
  return true;
}

struct Elements {
  std::vector<std::string> values;
  std::size_t nulls = 0;
};

// One element, or an array within the array, with the spaces around it.
bool member(std::string_view& rest, Elements& elements, int depth);

// Behind an opening brace, up to and with the closing one. That dimensions agree is the server's to say.
bool members(std::string_view& rest, Elements& elements, int depth) {
  skip_spaces(rest);
  if (!rest.empty() && rest.front() == '}') {
    rest.remove_prefix(1);
    return true;
  }
  for (;;) {
    if (!member(rest, elements, depth) || rest.empty()) return false;
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '}') return true;
    if (c != ',') return false;
  }
}

bool member(std::string_view& rest, Elements& elements, int depth) {
  constexpr int kMaxDimensions = 6;
  skip_spaces(rest);
  if (rest.empty()) return false;
  std::string element;
  if (rest.front() == '{') {
    rest.remove_prefix(1);
    if (depth == kMaxDimensions || !members(rest, elements, depth + 1)) return false;
  } else if (rest.front() == '"') {
    rest.remove_prefix(1);
    if (!quoted_element(rest, element)) return false;
    elements.values.push_back(std::move(element));
  } else {
    bool null = false;
    if (!plain_element(rest, element, null)) return false;
    if (null)
      ++elements.nulls;
    else
      elements.values.push_back(std::move(element));
  }
  skip_spaces(rest);
  return true;
}

}  // namespace

std::optional<std::vector<std::string>> array_elements(std::string_view text, std::size_t* nulls) {
  Elements elements;
  skip_spaces(text);
  if (!skip_bounds(text) || text.empty() || text.front() != '{') return std::nullopt;
  text.remove_prefix(1);
  if (!members(text, elements, 1)) return std::nullopt;
  skip_spaces(text);
  if (!text.empty()) return std::nullopt;
  if (nulls != nullptr) *nulls = elements.nulls;
  return std::move(elements.values);
}

}  // namespace shardway::router
