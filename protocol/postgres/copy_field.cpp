#include "protocol/postgres/copy_field.hpp"

namespace shardway::protocol::postgres {
namespace {

bool is_octal(char c) noexcept { return c >= '0' && c <= '7'; }

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Up to three octal digits; what does not fit a byte is cut.
char take_octal(Bytes line, std::size_t& at) noexcept {
  int value = 0;
  for (int digits = 0; digits < 3 && at < line.size() && is_octal(line[at]); ++digits)
    value = value * 8 + line[at++] - '0';
  return static_cast<char>(value & 0xff);
}

// Behind "\x": one or two hex digits, or none, and then it is a plain x.
char take_hex(Bytes line, std::size_t& at) noexcept {
  int value = 0, digits = 0;
  for (; digits < 2 && at < line.size() && hex_digit(line[at]) >= 0; ++digits)
    value = value * 16 + hex_digit(line[at++]);
  return digits == 0 ? 'x' : static_cast<char>(value);
}

// The byte that the escape behind a backslash stands for; `at` is moved over it.
char take_escape(Bytes line, std::size_t& at) noexcept {
  if (is_octal(line[at])) return take_octal(line, at);
  const char c = line[at++];
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case 'x': return take_hex(line, at);
    default: return c;
  }
}

// One field, as it stands in the line and as it reads.
struct RawField {
  Bytes raw;
  bool is_quoted = false, is_last = true;
};

RawField next_text_field(Bytes line, std::size_t& at, char delimiter, std::string* value) {
  const auto start = at;
  while (at < line.size()) {
    const auto end = at;
    char c = line[at++];
    if (c == delimiter) return {line.substr(start, end - start), false, false};
    if (c == '\\') {
      if (at == line.size()) return {line.substr(start, end - start), false, true};  // a lone one at the very end
      c = take_escape(line, at);
    }
    if (value != nullptr) value->push_back(c);
  }
  return {line.substr(start), false, true};
}

// The inside of quotes, with `at` behind the opening one. False: there is no closing one.
bool take_quoted(Bytes line, std::size_t& at, const CopyOptions& options, std::string* value) {
  while (at < line.size()) {
    char c = line[at++];
    const bool is_escaped =
        c == options.escape && at < line.size() && (line[at] == options.escape || line[at] == options.quote);
    if (is_escaped) {
      c = line[at++];
    } else if (c == options.quote) {
      return true;
    }
    if (value != nullptr) value->push_back(c);
  }
  return false;
}

// Quotes may open and close anywhere in a field. Nothing if one stays open.
std::optional<RawField> next_csv_field(Bytes line, std::size_t& at, const CopyOptions& options, std::string* value) {
  RawField field;
  const auto start = at;
  while (at < line.size()) {
    const auto end = at;
    const char c = line[at++];
    if (c == options.delimiter) {
      field.raw = line.substr(start, end - start);
      field.is_last = false;
      return field;
    }
    if (c == options.quote) {
      field.is_quoted = true;
      if (!take_quoted(line, at, options, value)) return std::nullopt;
    } else if (value != nullptr) {
      value->push_back(c);
    }
  }
  field.raw = line.substr(start);
  return field;
}

Result<std::optional<Bytes>> text_value(const std::string& value) {
  if (value.find('\0') != std::string::npos) return WireError::kBadValue;
  return std::optional<Bytes>{value};
}

}  // namespace

Result<std::optional<Bytes>> copy_text_field(Bytes line, const CopyOptions& options, std::size_t column,
                                             std::string& scratch) {
  scratch.clear();
  std::size_t at = 0;
  for (std::size_t i = 0; i < column; ++i) {
    if (next_text_field(line, at, options.delimiter, nullptr).is_last) return WireError::kTruncated;
  }
  const auto field = next_text_field(line, at, options.delimiter, &scratch);
  if (field.raw == options.null) return std::optional<Bytes>{};
  return text_value(scratch);
}

Result<std::optional<Bytes>> copy_csv_field(Bytes line, const CopyOptions& options, std::size_t column,
                                            std::string& scratch) {
  scratch.clear();
  std::size_t at = 0;
  for (std::size_t i = 0; i < column; ++i) {
    const auto before = next_csv_field(line, at, options, nullptr);
    if (!before) return WireError::kBadValue;
    if (before->is_last) return WireError::kTruncated;
  }
  const auto field = next_csv_field(line, at, options, &scratch);
  if (!field) return WireError::kBadValue;
  if (!field->is_quoted && field->raw == options.null) {
    if (options.force_not_null_key) return std::optional<Bytes>{options.null};
    return std::optional<Bytes>{};
  }
  if (options.force_null_key && scratch == options.null) return std::optional<Bytes>{};
  return text_value(scratch);
}

}  // namespace shardway::protocol::postgres
