// What several messages have in common: counted lists, values with a length, a body that is one string.
// For decode_*.cpp only. A count is held against the bytes that are left before anything is allocated on its word.
// Views live as long as the body under the reader.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "protocol/common/bytes.hpp"
#include "protocol/common/wire_error.hpp"
#include "protocol/postgres/messages.hpp"

namespace shardway::protocol::postgres {

inline constexpr std::uint32_t kNullLength = 0xffffffffU;  // -1 where a length stands: NULL

// The value, if the body ends here.
template <class T>
Result<T> whole(const Reader& reader, T value) {
  if (!reader.at_end()) return WireError::kTrailingBytes;
  return value;
}

inline Result<std::string_view> only_cstring(Bytes body) {
  Reader reader(body);
  const auto text = reader.cstring();
  if (!text) return WireError::kTruncated;
  return whole(reader, *text);
}

// A 16-bit count of items of which each takes `item_bytes` or more of what is left.
inline Result<std::size_t> read_count(Reader& reader, std::size_t item_bytes) {
  const auto count = reader.u16();
  if (!count) return WireError::kTruncated;
  if (*count * item_bytes > reader.rest().size()) return WireError::kTruncated;
  return std::size_t{*count};
}

inline Result<Format> format_of_code(std::uint16_t code) {
  if (code > 1) return WireError::kBadValue;
  return static_cast<Format>(code);
}

inline Result<std::vector<Format>> read_formats(Reader& reader) {
  const auto count = read_count(reader, 2);
  if (!count) return count.error();
  std::vector<Format> formats;
  formats.reserve(*count);
  for (std::size_t i = 0; i < *count; ++i) {
    const auto format = format_of_code(*reader.u16());
    if (!format) return format.error();
    formats.push_back(*format);
  }
  return formats;
}

inline Result<std::vector<Oid>> read_oids(Reader& reader) {
  const auto count = read_count(reader, 4);
  if (!count) return count.error();
  std::vector<Oid> oids;
  oids.reserve(*count);
  for (std::size_t i = 0; i < *count; ++i) oids.push_back(*reader.u32());
  return oids;
}

// A 32-bit length, -1 for NULL, and as many bytes.
inline Result<std::optional<Bytes>> read_value(Reader& reader) {
  const auto length = reader.u32();
  if (!length) return WireError::kTruncated;
  if (*length == kNullLength) return std::optional<Bytes>{};
  if (*length > 0x7fffffffU) return WireError::kBadLength;
  const auto value = reader.bytes(*length);
  if (!value) return WireError::kTruncated;
  return std::optional<Bytes>{*value};
}

inline Result<std::vector<std::optional<Bytes>>> read_values(Reader& reader) {
  const auto count = read_count(reader, 4);
  if (!count) return count.error();
  std::vector<std::optional<Bytes>> values;
  values.reserve(*count);
  for (std::size_t i = 0; i < *count; ++i) {
    const auto value = read_value(reader);
    if (!value) return value.error();
    values.push_back(*value);
  }
  return values;
}

}  // namespace shardway::protocol::postgres
