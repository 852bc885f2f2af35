// Finds one column's value in every row of a COPY FROM STDIN stream, in text, csv or binary, fed in any split of bytes.
// It is the judge of which shard a row belongs to, so it reads rows exactly as the server does (COPY, "File Formats").
// It holds at most one row, bounded by max_row_bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "protocol/common/bytes.hpp"
#include "protocol/common/wire_error.hpp"

namespace shardway::protocol::postgres {

enum class CopyFormat : std::uint8_t { kText, kCsv, kBinary };
struct CopyOptions {
  CopyFormat format = CopyFormat::kText;
  char delimiter = '\t';        // csv: ','
  std::string null = "\\N";     // csv: ""
  char quote = '"', escape = '"';
  bool header = false;
  bool force_not_null_key = false, force_null_key = false;
};

class CopyRows {
 public:
  // `key_column` counts from 0. max_row_bytes bounds what is held for an incomplete row.
  CopyRows(CopyOptions options, std::size_t key_column, std::size_t max_row_bytes);

  // Called per row with the unescaped text (binary: the raw field) of the key column, nullopt for NULL, and the row's
  // number from 1. Returning false stops the feed.
  using OnKey = std::function<bool(std::optional<Bytes> key, std::uint64_t row)>;
  // kTruncated: a row lacks the key column; kTooLong rows: kBadLength; bad binary head or field count: kBadValue.
  Result<void> feed(Bytes data, const OnKey& on_key);
  // The stream has ended (CopyDone): a last row without newline is a row.
  Result<void> finish(const OnKey& on_key);
  bool at_row_boundary() const noexcept;   // nothing of an incomplete row is held
  bool saw_end_marker() const noexcept;    // "\." in text, -1 in binary: what follows is ignored

 private:
  CopyOptions options_;
  std::size_t key_column_, max_row_bytes_;
  std::string held_;
  std::uint64_t rows_ = 0;
  bool ended_ = false, head_done_ = false;
};

}  // namespace shardway::protocol::postgres
