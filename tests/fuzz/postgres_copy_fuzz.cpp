// COPY data in the three formats. The first bytes choose options, key column and a place to split at: the keys must be
// the same whether the rest is fed whole or in two pieces, and so must the verdict.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "protocol/postgres/copy_rows.hpp"

using namespace shardway::protocol;
using namespace shardway::protocol::postgres;

namespace {

constexpr std::size_t kHeadBytes = 4;
constexpr std::size_t kMaxRow = 300;

struct Outcome {
  std::vector<std::optional<std::string>> keys;
  bool is_good = true, saw_end = false;
  bool operator==(const Outcome&) const = default;
};

Outcome read(const CopyOptions& options, std::size_t column, std::initializer_list<Bytes> pieces) {
  Outcome outcome;
  CopyRows rows(options, column, kMaxRow);
  const auto on_key = [&](std::optional<Bytes> key, std::uint64_t) {
    outcome.keys.emplace_back(key ? std::optional<std::string>(*key) : std::nullopt);
    return true;
  };
  for (const auto piece : pieces) outcome.is_good = rows.feed(piece, on_key) && outcome.is_good;
  outcome.is_good = rows.finish(on_key) && outcome.is_good;
  outcome.saw_end = rows.saw_end_marker();
  return outcome;
}

CopyOptions options_of(std::uint8_t kind, std::uint8_t flags) {
  CopyOptions options;
  options.format = static_cast<CopyFormat>(kind % 3);
  options.header = (flags & 1) != 0;
  if (options.format == CopyFormat::kCsv) {
    options.delimiter = ',';
    options.null = "";
    options.escape = (flags & 2) != 0 ? '\\' : '"';
    options.quote = (flags & 4) != 0 ? '\'' : '"';
  }
  if ((flags & 8) != 0) options.null = "NULL";
  options.force_null_key = (flags & 16) != 0;
  options.force_not_null_key = (flags & 32) != 0;
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kHeadBytes) return 0;
  const auto options = options_of(data[0], data[1]);
  const std::size_t column = data[2] % 4;
  const Bytes bytes(reinterpret_cast<const char*>(data) + kHeadBytes, size - kHeadBytes);
  const auto at = bytes.empty() ? 0 : data[3] % bytes.size();
  const auto whole = read(options, column, {bytes});
  if (!(whole == read(options, column, {bytes.substr(0, at), bytes.substr(at)}))) std::abort();
  return 0;
}
