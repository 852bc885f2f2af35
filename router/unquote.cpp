#include "router/statement_lexer.hpp"

// https://www.postgresql.org/docs/15/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS-ESCAPE
namespace shardway::router {

namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

// Digits of `base`, at least `least` and at most `most`, taken from the front of `rest`.
std::optional<std::uint32_t> take_code(std::string_view& rest, int base, std::size_t least, std::size_t most) {
  std::uint32_t code = 0;
  std::size_t taken = 0;
  for (; taken < most && taken < rest.size() && digit(rest[taken]) < base; ++taken)
    code = code * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit(rest[taken]));
  if (taken < least) return std::nullopt;
  rest.remove_prefix(taken);
  return code;
}

// Behind a backslash. A code below 256 is a byte, \u and \U are characters (surrogate pairs are left to the server).
bool append_escape(std::string& out, std::string_view& rest) {
  if (rest.empty()) return false;
  const char c = rest.front();
  std::optional<std::uint32_t> code;
  if (c >= '0' && c <= '7') {
    code = take_code(rest, 8, 1, 3);
    out += static_cast<char>(*code & 0xff);
    return (*code & 0xff) != 0;
  }
  rest.remove_prefix(1);
  switch (c) {
    case 'b': out += '\b'; return true;
    case 'f': out += '\f'; return true;
    case 'n': out += '\n'; return true;
    case 'r': out += '\r'; return true;
    case 't': out += '\t'; return true;
    case 'v': out += '\v'; return true;
    case 'x':
      code = take_code(rest, 16, 1, 2);
      if (!code) {
        out += 'x';
        return true;
      }
      out += static_cast<char>(*code);
      return *code != 0;
    case 'u':
    case 'U':
      code = take_code(rest, 16, c == 'u' ? 4 : 8, c == 'u' ? 4 : 8);
      if (!code || *code == 0 || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000)) return false;
      append_utf8(out, *code);
      return true;
    default: out += c; return true;
  }
}

// Between two parts of a continued string stand only space and -- comments, which may contain quotes.
void skip_to_next_part(std::string_view& rest) {
  while (!rest.empty() && rest.front() != '\'') {
    if (rest.front() == '-') {
      const auto end = rest.find_first_of("\r\n");
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
    } else {
      rest.remove_prefix(1);
    }
  }
  if (!rest.empty()) rest.remove_prefix(1);
}

std::optional<std::string> unquote_dollar(std::string_view source) {
  const auto tag = source.find('$', 1) + 1;
  if (tag == 0 || source.size() < 2 * tag) return std::nullopt;
  return std::string(source.substr(tag, source.size() - 2 * tag));
}

// Behind the backslash of U&"…": four digits, or + and six.
void append_unicode(std::string& out, std::string_view& rest) {
  const bool is_long = rest.starts_with('+');
  auto digits = rest.substr(is_long ? 1 : 0);
  const auto code = take_code(digits, 16, is_long ? 6 : 4, is_long ? 6 : 4);
  if (!code || *code > 0x10ffff) {
    out += '\\';
    return;
  }
  append_utf8(out, *code);
  rest = digits;
}

}  // namespace

std::string unquote_name(std::string_view source) {
  const bool unicode = !source.starts_with('"');
  auto rest = source.substr(unicode ? 3 : 1);
  if (rest.ends_with('"')) rest.remove_suffix(1);
  std::string name;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (unicode && c == '\\' && !rest.starts_with(c)) {
      append_unicode(name, rest);
      continue;
    }
    if ((c == '"' || (unicode && c == '\\')) && rest.starts_with(c)) rest.remove_prefix(1);
    name += c;
  }
  return name;
}

std::optional<std::string> unquote(std::string_view source, bool standard_conforming_strings) {
  if (source.empty()) return std::nullopt;
  if (source.front() == '$') return unquote_dollar(source);
  const bool backslashes = source.front() != '\'' || !standard_conforming_strings;
  auto rest = source.substr(source.front() == '\'' ? 1 : 2);
  std::string value;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '\'' && !rest.empty() && rest.front() == '\'') {
      rest.remove_prefix(1);
      value += c;
    } else if (c == '\'') {
      skip_to_next_part(rest);
    } else if (c == '\\' && backslashes) {
      if (!append_escape(value, rest)) return std::nullopt;
    } else {
      value += c;
    }
  }
  return value;
}

}  // namespace shardway::router
