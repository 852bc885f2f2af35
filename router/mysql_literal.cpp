#include "router/mysql_lexer.hpp"

// https://mariadb.com/kb/en/string-literals/, https://mariadb.com/kb/en/hexadecimal-literals/
namespace shardway::router::mysql {

namespace {

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Behind a backslash. \% and \_ keep it: it is LIKE's.
void append_escape(std::string& out, char c) {
  switch (c) {
    case '0': out += '\0'; return;
    case 'b': out += '\b'; return;
    case 'n': out += '\n'; return;
    case 'r': out += '\r'; return;
    case 't': out += '\t'; return;
    case 'Z': out += '\x1a'; return;
    case '%':
    case '_': out += '\\'; break;
    default: break;
  }
  out += c;
}

std::string from_digits(std::string_view digits, unsigned bits) {
  std::string bytes;
  const std::size_t per_byte = 8 / bits;
  for (std::size_t i = 0, taken = (per_byte - digits.size() % per_byte) % per_byte; i < digits.size(); ++taken, ++i) {
    if (bytes.empty() || taken % per_byte == 0) bytes += '\0';
    bytes.back() =
        static_cast<char>(static_cast<unsigned char>(bytes.back()) << bits | static_cast<unsigned>(digit(digits[i])));
  }
  return bytes;
}

}  // namespace

std::optional<std::string> unquote(std::string_view source, const MysqlMode& mode) {
  if (source.size() < 2) return std::nullopt;
  const char quote = source.front();
  const auto inside = source.substr(1, source.size() - 2);
  const bool has_high_bytes =
      mode.charset != MysqlMode::Charset::kUtf8 && mode.charset != MysqlMode::Charset::kSingleByte;
  std::string value;
  value.reserve(inside.size());
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const char c = inside[i];
    // In such character sets a backslash may be half a character: left to the server.
    if (has_high_bytes && static_cast<unsigned char>(c) >= 0x80) return std::nullopt;
    if (c == '\\' && !mode.no_backslash_escapes) {
      if (++i >= inside.size()) return std::nullopt;
      append_escape(value, inside[i]);
    } else {
      if (c == quote) ++i;
      value += c;
    }
  }
  return value;
}

std::optional<std::string> unhex(std::string_view source) {
  if (source.size() < 3) return std::nullopt;
  const bool quoted = source[1] == '\'';
  const char letter = static_cast<char>((quoted ? source[0] : source[1]) | 0x20);
  const auto digits = source.substr(2, source.size() - (quoted ? 3 : 2));
  return from_digits(digits, letter == 'x' ? 4 : 1);
}

}  // namespace shardway::router::mysql
