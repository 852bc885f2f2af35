// Length-encoded integers and strings. https://mariadb.com/kb/en/protocol-data-types/
// Reading checks bounds; nothing comes back where the bytes end too early, or hold 0xfb (NULL) or 0xff (an error).
#pragma once

#include <optional>

#include "protocol/common/bytes.hpp"

namespace shardway::protocol::mysql {

inline std::optional<std::uint64_t> lenenc(Reader& reader) noexcept {
  const auto first = reader.u8();
  if (!first || *first < 0xfb) return first;
  switch (*first) {
    case 0xfc: return reader.le(2);
    case 0xfd: return reader.le(3);
    case 0xfe: return reader.le(8);
    default: return std::nullopt;
  }
}

inline std::optional<Bytes> lenenc_bytes(Reader& reader) noexcept {
  const auto size = lenenc(reader);
  return size ? reader.bytes(*size) : std::nullopt;
}

inline void lenenc(Writer& writer, std::uint64_t value) {
  if (value < 0xfb) return writer.u8(static_cast<std::uint8_t>(value));
  const std::size_t size = value <= 0xffff ? 2 : value <= 0xffffff ? 3 : 8;
  writer.u8(size == 2 ? 0xfc : size == 3 ? 0xfd : 0xfe);
  writer.le(value, size);
}

inline void lenenc_bytes(Writer& writer, Bytes bytes) {
  lenenc(writer, bytes.size());
  writer.bytes(bytes);
}

}  // namespace shardway::protocol::mysql
