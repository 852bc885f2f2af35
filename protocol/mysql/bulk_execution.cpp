#include "protocol/mysql/bulk_execution.hpp"

#include "protocol/mysql/execution.hpp"

namespace shardway::protocol::mysql {

namespace {

constexpr std::size_t kBulkHeadBytes = 1 + 4;  // command, statement

}  // namespace

Result<BulkReader> BulkReader::open(Bytes payload, std::size_t parameters) {
  Reader reader(payload);
  const auto flags = reader.bytes(kBulkHeadBytes) ? reader.le16() : std::nullopt;
  if (!flags) return WireError::kTruncated;
  if (*flags != bulk_flag::kSendsTypes || parameters == 0) return WireError::kUnexpected;
  std::vector<std::uint32_t> types;
  for (std::size_t i = 0; i < parameters; ++i) {
    const auto type = reader.le16();
    if (!type) return WireError::kTruncated;
    types.push_back(*type);
  }
  return BulkReader(payload, kBulkHeadBytes + 2 + 2 * parameters, std::move(types));
}

Result<bool> BulkReader::next(BulkRow& row) {
  row.values.clear();
  row.indicators.clear();
  if (rest_.empty()) return false;
  Reader reader(rest_);
  for (const auto type : types_) {
    const auto indicator = reader.u8();
    if (!indicator) return WireError::kTruncated;
    if (*indicator > static_cast<std::uint8_t>(Indicator::kIgnore)) return WireError::kUnexpected;
    row.indicators.push_back(static_cast<Indicator>(*indicator));
    auto& value = row.values.emplace_back();
    if (row.indicators.back() != Indicator::kNone) continue;
    value = binary_value(reader, type);
    if (!value) return WireError::kTruncated;
  }
  row.bytes = rest_.substr(0, rest_.size() - reader.rest().size());
  rest_.remove_prefix(row.bytes.size());
  return true;
}

}  // namespace shardway::protocol::mysql
