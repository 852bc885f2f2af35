// COM_STMT_BULK_EXECUTE's parameters, row by row: a prepared statement executed once for many rows.
// https://mariadb.com/kb/en/com_stmt_bulk_execute/
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/common/wire_error.hpp"
#include "protocol/mysql/packet.hpp"

namespace shardway::protocol::mysql {

namespace bulk_flag {
inline constexpr std::uint16_t kSendsTypes = 0x80;
}  // namespace bulk_flag

// What stands before each value; only behind kNone there is one.
enum class Indicator : std::uint8_t { kNone, kNull, kDefault, kIgnore };

struct BulkRow {
  Bytes bytes;                               // as they came, indicators included
  std::vector<std::optional<Bytes>> values;  // without their lengths; nullopt: see the indicator
  std::vector<Indicator> indicators;
};

// Reads one row after the other. Everything it gives are views into the payload.
class BulkReader {
 public:
  // `payload`: the command with its first byte, and with the types. kUnexpected: a flag that is not known, or no types.
  static Result<BulkReader> open(Bytes payload, std::size_t parameters);

  const std::vector<std::uint32_t>& types() const noexcept { return types_; }  // two bytes each (0x8000: unsigned)
  Bytes head() const noexcept { return head_; }                                // everything in front of the first row
  // False: there was no more. The row's vectors are used again.
  Result<bool> next(BulkRow& row);

 private:
  BulkReader(Bytes payload, std::size_t head, std::vector<std::uint32_t> types)
      : head_(payload.substr(0, head)), rest_(payload.substr(head)), types_(std::move(types)) {}

  Bytes head_, rest_;
  std::vector<std::uint32_t> types_;
};

}  // namespace shardway::protocol::mysql
