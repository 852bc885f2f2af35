// Finds one column's value in every row of a COPY FROM STDIN stream, in text, csv or binary, fed in any split of bytes.
// It is the judge of which shard a row belongs to, so it reads rows exactly as the server does (COPY, "File Formats").
// It holds at most one row, bounded by max_row_bytes; a longer one is refused, whatever the split.
// What it refuses the server refuses too, except long rows, and rows behind "\." in csv: servers before 18 skip them,
// later ones store them. Any error, once given, is given again by every later call.
// Left to the caller: DEFAULT and other options that change what is stored; client encodings in which a byte of a
// longer character can be ASCII (SJIS, BIG5, GBK, UHC, GB18030, JOHAB), because the server splits after conversion;
// and keys beyond ASCII when the server's encoding is another: escapes stand for bytes of the server's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "protocol/common/bytes.hpp"
#include "protocol/common/wire_error.hpp"
#include "protocol/postgres/copy_line.hpp"
#include "protocol/postgres/copy_options.hpp"

namespace shardway::protocol::postgres {

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
  bool at_row_boundary() const noexcept;  // nothing of an incomplete row is held
  bool saw_end_marker() const noexcept;   // "\." in text, -1 in binary: what follows is ignored

 private:
  Result<void> take(Bytes data, bool at_eof, const OnKey& on_key);
  Result<std::size_t> take_rows(Bytes bytes, bool at_eof, const OnKey& on_key);
  Result<std::size_t> take_lines(Bytes bytes, bool at_eof, const OnKey& on_key);
  Result<void> take_line(Bytes line, const OnKey& on_key);
  Result<std::size_t> take_tuples(Bytes bytes, const OnKey& on_key);
  Result<std::size_t> take_head(Bytes bytes);
  Result<std::size_t> take_tuple(Bytes bytes, const OnKey& on_key);
  void report(std::optional<Bytes> key, const OnKey& on_key);
  Result<void> check_after_end(Bytes bytes) const;

  CopyOptions options_;
  std::size_t key_column_, max_row_bytes_;
  std::string held_;
  std::uint64_t rows_ = 0;
  bool ended_ = false, head_done_ = false;
  bool stopped_ = false;  // on_key said so
  CopyLines lines_;
  std::string key_;
  std::optional<boost::system::error_code> failure_;
};

}  // namespace shardway::protocol::postgres
