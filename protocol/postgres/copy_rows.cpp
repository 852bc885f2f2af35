#include "protocol/postgres/copy_rows.hpp"

#include <utility>

#include "protocol/postgres/copy_field.hpp"

namespace shardway::protocol::postgres {
namespace {

constexpr Bytes kSignature{"PGCOPY\n\377\r\n\0", 11};
constexpr std::uint32_t kCriticalFlags = 0xffff0000U;  // none is known any more: bit 16 meant OIDs
constexpr std::uint16_t kTrailer = 0xffff;
constexpr std::uint32_t kNull = 0xffffffffU;

bool is_newline(char c) noexcept { return c == '\r' || c == '\n'; }

}  // namespace

CopyRows::CopyRows(CopyOptions options, std::size_t key_column, std::size_t max_row_bytes)
    : options_(std::move(options)), key_column_(key_column), max_row_bytes_(max_row_bytes), lines_(options_) {
  head_done_ = options_.format != CopyFormat::kBinary && !options_.header;
}

bool CopyRows::at_row_boundary() const noexcept { return held_.empty(); }
bool CopyRows::saw_end_marker() const noexcept { return ended_; }

Result<void> CopyRows::feed(Bytes data, const OnKey& on_key) { return take(data, false, on_key); }

Result<void> CopyRows::finish(const OnKey& on_key) {
  if (auto taken = take({}, true, on_key); !taken) return taken;
  const bool is_cut = options_.format == CopyFormat::kBinary && !stopped_ && !(head_done_ && held_.empty());
  if (!is_cut) return {};
  failure_ = WireError::kTruncated;
  return *failure_;
}

Result<void> CopyRows::take(Bytes data, bool at_eof, const OnKey& on_key) {
  if (failure_) return *failure_;
  const bool from_held = !held_.empty();
  if (from_held) held_.append(data);
  const auto taken = take_rows(from_held ? Bytes(held_) : data, at_eof, on_key);
  if (!taken || stopped_ || ended_) {
    held_.clear();
  } else if (from_held) {
    held_.erase(0, *taken);
  } else {
    held_ = data.substr(*taken);
  }
  if (taken) return {};
  failure_ = taken.error();
  return *failure_;
}

// How many bytes are done with. Rows come off the front until one is incomplete.
Result<std::size_t> CopyRows::take_rows(Bytes bytes, bool at_eof, const OnKey& on_key) {
  std::size_t taken = 0;
  if (!stopped_ && !ended_) {
    const auto rows =
        options_.format == CopyFormat::kBinary ? take_tuples(bytes, on_key) : take_lines(bytes, at_eof, on_key);
    if (!rows) return rows;
    taken = *rows;
  }
  if (ended_ && !stopped_) {
    if (const auto checked = check_after_end(bytes.substr(taken)); !checked) return checked.error();
  }
  return taken;
}

// In text what follows the end is skipped. In binary the server refuses it. In csv it depends on the server: see above.
Result<void> CopyRows::check_after_end(Bytes bytes) const {
  if (options_.format == CopyFormat::kText) return {};
  const bool is_csv = options_.format == CopyFormat::kCsv;
  for (const char c : bytes) {
    if (!is_csv || !is_newline(c)) return WireError::kBadValue;
  }
  return {};
}

void CopyRows::report(std::optional<Bytes> key, const OnKey& on_key) { stopped_ = !on_key(key, ++rows_); }

Result<std::size_t> CopyRows::take_lines(Bytes bytes, bool at_eof, const OnKey& on_key) {
  std::size_t taken = 0;
  while (!stopped_ && !ended_) {
    CopyLines::Line line;
    const auto found = lines_.next(bytes.substr(taken), at_eof, line);
    if (found == CopyLines::Found::kBad) return WireError::kBadValue;
    const bool is_whole = found != CopyLines::Found::kNeedMore;
    if ((is_whole ? line.text.size() : lines_.scanned()) > max_row_bytes_) return WireError::kBadLength;
    if (!is_whole) break;
    taken += line.size;
    ended_ = found == CopyLines::Found::kEndMarker;
    if (ended_ && line.text.empty()) break;
    if (const auto read = take_line(line.text, on_key); !read) return read.error();
  }
  return taken;
}

Result<void> CopyRows::take_line(Bytes line, const OnKey& on_key) {
  if (!std::exchange(head_done_, true)) return {};
  const auto key = options_.format == CopyFormat::kCsv ? copy_csv_field(line, options_, key_column_, key_)
                                                       : copy_text_field(line, options_, key_column_, key_);
  if (!key) return key.error();
  report(*key, on_key);
  return {};
}

Result<std::size_t> CopyRows::take_tuples(Bytes bytes, const OnKey& on_key) {
  std::size_t taken = 0;
  if (!head_done_) {
    const auto head = take_head(bytes);
    if (!head || *head == 0) return head;
    head_done_ = true;
    taken = *head;
  }
  while (!stopped_ && !ended_) {
    const auto tuple = take_tuple(bytes.substr(taken), on_key);
    if (!tuple) return tuple;
    if (*tuple == 0) break;
    taken += *tuple;
  }
  return taken;
}

// Signature, flags, and an extension that nobody has defined yet. 0: not whole yet.
Result<std::size_t> CopyRows::take_head(Bytes bytes) {
  const auto start = bytes.substr(0, kSignature.size());
  if (!kSignature.starts_with(start)) return WireError::kBadValue;
  if (start.size() < kSignature.size()) return std::size_t{0};
  Reader reader(bytes.substr(kSignature.size()));
  const auto flags = reader.u32();
  if (!flags) return std::size_t{0};
  if ((*flags & kCriticalFlags) != 0) return WireError::kBadValue;
  const auto extension = reader.u32();
  if (!extension) return std::size_t{0};
  if (*extension > max_row_bytes_) return WireError::kBadLength;
  if (!reader.bytes(*extension)) return std::size_t{0};
  return bytes.size() - reader.rest().size();
}

// A count of fields, and each with its length; or the trailer, a count of -1. 0: not whole yet.
Result<std::size_t> CopyRows::take_tuple(Bytes bytes, const OnKey& on_key) {
  Reader reader(bytes);
  const auto fields = reader.u16();
  if (!fields) return std::size_t{0};
  if (*fields == kTrailer) {
    ended_ = true;
    return std::size_t{2};
  }
  if (*fields > 0x7fff) return WireError::kBadValue;
  if (*fields <= key_column_) return WireError::kTruncated;
  std::optional<Bytes> key;
  for (std::size_t i = 0; i < *fields; ++i) {
    const auto length = reader.u32();
    if (!length) return std::size_t{0};
    if (*length == kNull) continue;
    if (*length > 0x7fffffffU) return WireError::kBadValue;
    if (bytes.size() - reader.rest().size() + *length > max_row_bytes_) return WireError::kBadLength;
    const auto value = reader.bytes(*length);
    if (!value) return std::size_t{0};
    if (i == key_column_) key = value;
  }
  report(key, on_key);
  return bytes.size() - reader.rest().size();
}

}  // namespace shardway::protocol::postgres
