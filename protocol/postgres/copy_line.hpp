// Finds where a line of COPY data ends, in text and csv, as the server does: newline style settled by the first line,
// newlines inside quotes or behind a backslash are data, "\." ends the stream.
// It says nothing of columns (copy_field.hpp). Bytes that it waits for are kept by the caller (copy_rows.hpp).
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/common/bytes.hpp"
#include "protocol/postgres/copy_options.hpp"

namespace shardway::protocol::postgres {

class CopyLines {
 public:
  explicit CopyLines(const CopyOptions& options) noexcept;

  enum class Found : std::uint8_t {
    kNeedMore,   // the line goes on, or one more byte decides
    kLine,       // a whole line
    kEndMarker,  // "\.": text holds what stood before it in its line
    kBad,        // what the server refuses: a second newline style, a corrupt end marker
  };
  struct Line {
    Bytes text;            // without its terminator; a view into what was given
    std::size_t size = 0;  // with it
  };
  // `held` begins where the line begins, and is what the last call was given, with more behind it, until a line is
  // found.
  Found next(Bytes held, bool at_eof, Line& line);
  // How much of the line has been read over.
  std::size_t scanned() const noexcept { return at_; }

 private:
  enum class Newline : std::uint8_t { kUnknown, kLf, kCr, kCrLf };
  enum class Marker : std::uint8_t { kNeedMore, kNone, kEnd, kBad };
  Marker end_marker(Bytes after, bool at_eof) const noexcept;
  Found carriage_return(Bytes held, Line& line);
  Found line_feed(Bytes held, Line& line);
  Found backslash(Bytes held, bool at_eof, Line& line, bool& is_found);
  Found found(Found what, Bytes held, std::size_t terminator, Line& line);
  bool waits_for_next(char c) const noexcept;
  void follow_quotes(char c) noexcept;
  bool is_special(char c) const noexcept;

  bool is_csv_;
  char quote_;
  std::optional<char> escape_;  // none if it is the quote: then a pair of quotes toggles twice
  Newline newline_ = Newline::kUnknown;
  std::size_t at_ = 0;
  bool in_quote_ = false, after_escape_ = false;
};

}  // namespace shardway::protocol::postgres
