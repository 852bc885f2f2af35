// The rows of a bulk execution, on any bytes; the first one says how many parameters there are. What was read is the
// whole of it, and each row read alone is the same row.
#include <cstdlib>

#include "protocol/mysql/bulk_execution.hpp"

using namespace shardway::protocol;

namespace {

bool same(const mysql::BulkRow& one, const mysql::BulkRow& other) {
  return one.bytes == other.bytes && one.values == other.values && one.indicators == other.indicators;
}

void read_alone(Bytes head, std::size_t parameters, const mysql::BulkRow& row) {
  const auto payload = std::string(head) + std::string(row.bytes);
  auto reader = mysql::BulkReader::open(payload, parameters);
  mysql::BulkRow again;
  if (!reader || !reader->next(again) || !same(row, again)) std::abort();
  const auto more = reader->next(again);
  if (!more || *more) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t parameters = data[0];
  const Bytes payload(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto reader = mysql::BulkReader::open(payload, parameters);
  if (!reader) return 0;
  if (reader->types().size() != parameters) std::abort();
  std::string whole(reader->head());
  mysql::BulkRow row;
  for (;;) {
    const auto more = reader->next(row);
    if (!more) return 0;
    if (!*more) break;
    if (row.values.size() != parameters || row.indicators.size() != parameters) std::abort();
    read_alone(reader->head(), parameters, row);
    whole += row.bytes;
  }
  if (whole != payload) std::abort();
  return 0;
}
