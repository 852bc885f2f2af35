#include "proxy/log_line.hpp"

#include <algorithm>

namespace shardway::proxy::log {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

unsigned char byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

// The bytes of the character that begins here; 0 if it is none of UTF-8's.
std::size_t character_at(std::string_view text, std::size_t i) {
  const auto lead = byte_at(text, i);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || i + size > text.size()) return 0;
  for (std::size_t k = 1; k < size; ++k)
    if ((byte_at(text, i + k) & 0xc0) != 0x80) return 0;
  const auto second = byte_at(text, i + 1);
  const bool is_long = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool is_no_character = (lead == 0xed && second >= 0xa0) || (lead == 0xf4 && second >= 0x90);
  return is_long || is_no_character ? 0 : size;
}

void append_escape(std::string& out, unsigned char byte) {
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

// `escaped`: as it stands between quotes, with \" and \\.
void append_string(std::string& out, std::string_view value, bool escaped) {
  out += '"';
  for (std::size_t i = 0; i < value.size();) {
    if (escaped && value[i] == '\\' && i + 1 < value.size()) ++i;
    const auto byte = byte_at(value, i);
    const auto size = character_at(value, i);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += value[i];
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f || size == 0) {
      append_escape(out, byte);
    } else {
      out.append(value, i, size);
    }
    i += std::max<std::size_t>(size, 1);
  }
  out += '"';
}

// The length of `key=` that stands here, without the sign; 0: there is none.
std::size_t key_at(std::string_view line, std::size_t i) {
  std::size_t end = i;
  while (end < line.size() && ((line[end] >= 'a' && line[end] <= 'z') || line[end] == '_')) ++end;
  return end < line.size() && line[end] == '=' ? end - i : 0;
}

std::size_t end_of_quoted(std::string_view line, std::size_t i) {
  while (i < line.size() && line[i] != '"') i += line[i] == '\\' ? 2 : 1;
  return std::min(i, line.size());
}

// A name may hold spaces, where it is not in quotes.
std::size_t end_of_plain(std::string_view line, std::size_t i) {
  while (i < line.size() && (line[i] != ' ' || key_at(line, i + 1) == 0)) ++i;
  return i;
}

}  // namespace

void append_text(std::string& out, std::string_view line) {
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

void append_fields(std::string& out, std::string_view line) {
  std::size_t i = line.starts_with("event=") ? 0 : line.size();
  if (i > 0 || line.empty()) {
    out += "\"message\":";
    return append_string(out, line, false);
  }
  while (i < line.size()) {
    const auto key = line.substr(i, key_at(line, i));
    if (i > 0) out += ',';
    append_string(out, key, false);
    out += ':';
    i += key.size() + 1;
    const bool is_quoted = i < line.size() && line[i] == '"';
    if (is_quoted) ++i;
    const auto end = is_quoted ? end_of_quoted(line, i) : end_of_plain(line, i);
    append_string(out, line.substr(i, end - i), is_quoted);
    i = end_of_plain(line, end) + 1;
  }
}

}  // namespace shardway::proxy::log
