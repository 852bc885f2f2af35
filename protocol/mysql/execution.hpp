// COM_STMT_EXECUTE's parameters, and a small result of our own. https://mariadb.com/kb/en/com_stmt_execute/
// https://mariadb.com/kb/en/result-set-packets/
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/common/wire_error.hpp"
#include "protocol/mysql/constants.hpp"
#include "protocol/mysql/packet.hpp"

namespace shardway::protocol::mysql {

// Types as they stand there, two bytes each (0x8000: unsigned); values without their lengths, views into the bytes
// given.
struct Execution {
  std::vector<std::uint32_t> types;
  std::vector<std::optional<Bytes>> values;  // nullopt: NULL
};
// `payload`: the command with its first byte, and with the types (a client may leave them out: they are put back
// first).
Result<Execution> decode_execution(Bytes payload, std::size_t parameters);

// The bytes of the next value of this type, without its length.
std::optional<Bytes> binary_value(Reader& reader, std::uint32_t type) noexcept;

// One number as a whole answer to a COM_QUERY. The defaults are ROW_COUNT()'s.
struct NumberColumn {
  static constexpr std::uint8_t kLong = 0x03, kLongLong = 0x08;
  std::string_view name;
  std::uint8_t type = kLongLong;
  std::uint32_t length = 21;
  std::uint16_t flags = 0x81;  // binary, not null; 0x20: unsigned
};
void encode_number(std::string& out, std::uint8_t& sequence, const NumberColumn& column, std::int64_t value,
                   std::uint16_t status, Capabilities capabilities);

// One column of texts, likewise.
void encode_column(std::string& out, std::uint8_t& sequence, std::string_view name,
                   const std::vector<std::string>& values, std::uint16_t status, Capabilities capabilities);

}  // namespace shardway::protocol::mysql
