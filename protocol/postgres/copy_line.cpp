#include "protocol/postgres/copy_line.hpp"

namespace shardway::protocol::postgres {

CopyLines::CopyLines(const CopyOptions& options) noexcept
    : is_csv_(options.format == CopyFormat::kCsv), quote_(options.quote) {
  if (options.escape != options.quote) escape_ = options.escape;
}

CopyLines::Found CopyLines::next(Bytes held, bool at_eof, Line& line) {
  for (; at_ < held.size(); ++at_) {
    const char c = held[at_];
    if (!is_special(c)) continue;
    const bool is_last = at_ + 1 == held.size();
    if (is_last && !at_eof && waits_for_next(c)) return Found::kNeedMore;
    if (c == '\\' && (!is_csv_ || at_ == 0)) {
      bool is_found = false;
      const auto what = backslash(held, at_eof, line, is_found);
      if (is_found) return what;
    }
    if (is_csv_) follow_quotes(c);
    if (in_quote_) continue;
    if (c == '\r') return carriage_return(held, line);
    if (c == '\n') return line_feed(held, line);
  }
  if (at_ > held.size()) at_ = held.size();
  if (!at_eof || held.empty()) return Found::kNeedMore;
  return found(Found::kLine, held, 0, line);
}

bool CopyLines::is_special(char c) const noexcept {
  return c == '\n' || c == '\r' || c == '\\' || (is_csv_ && (c == quote_ || c == escape_ || after_escape_));
}

// A '\r' may be half of "\r\n"; a backslash may begin "\.", or make any byte behind it data.
bool CopyLines::waits_for_next(char c) const noexcept { return c == '\r' || (c == '\\' && (!is_csv_ || at_ == 0)); }

void CopyLines::follow_quotes(char c) noexcept {
  if (in_quote_ && c == escape_) after_escape_ = !after_escape_;
  if (c == quote_ && !after_escape_) in_quote_ = !in_quote_;
  if (c != escape_) after_escape_ = false;
}

// At a backslash that may begin "\.". Else, in text, the byte behind it is data whatever it is.
CopyLines::Found CopyLines::backslash(Bytes held, bool at_eof, Line& line, bool& is_found) {
  const auto marker = end_marker(held.substr(at_ + 1), at_eof);
  is_found = marker != Marker::kNone;
  switch (marker) {
    case Marker::kNeedMore: return Found::kNeedMore;
    case Marker::kBad: return Found::kBad;
    case Marker::kEnd: return found(Found::kEndMarker, held, 2, line);
    case Marker::kNone: break;
  }
  if (!is_csv_) ++at_;
  return Found::kNeedMore;
}

// What stands behind a backslash: a dot and a newline of the style in use is the end. In csv anything else is data, in
// text a dot must be followed by that newline. (COPY, "File Formats")
CopyLines::Marker CopyLines::end_marker(Bytes after, bool at_eof) const noexcept {
  if (after.empty() || after[0] != '.') return Marker::kNone;
  const auto no_marker = is_csv_ ? Marker::kNone : Marker::kBad;
  after.remove_prefix(1);
  if (newline_ == Newline::kCrLf) {
    if (after.empty()) return at_eof ? no_marker : Marker::kNeedMore;
    if (after[0] != '\r') return no_marker;
    after.remove_prefix(1);
  }
  if (after.empty()) return at_eof ? no_marker : Marker::kNeedMore;
  if (after[0] != '\r' && after[0] != '\n') return no_marker;
  if (newline_ == Newline::kUnknown) return Marker::kEnd;
  return after[0] == (newline_ == Newline::kCr ? '\r' : '\n') ? Marker::kEnd : Marker::kBad;
}

CopyLines::Found CopyLines::carriage_return(Bytes held, Line& line) {
  const bool before_line_feed = at_ + 1 < held.size() && held[at_ + 1] == '\n';
  switch (newline_) {
    case Newline::kLf: return Found::kBad;
    case Newline::kCr: return found(Found::kLine, held, 1, line);
    case Newline::kCrLf: return before_line_feed ? found(Found::kLine, held, 2, line) : Found::kBad;
    case Newline::kUnknown: break;
  }
  newline_ = before_line_feed ? Newline::kCrLf : Newline::kCr;
  return found(Found::kLine, held, before_line_feed ? 2 : 1, line);
}

CopyLines::Found CopyLines::line_feed(Bytes held, Line& line) {
  if (newline_ == Newline::kCr || newline_ == Newline::kCrLf) return Found::kBad;
  newline_ = Newline::kLf;
  return found(Found::kLine, held, 1, line);
}

CopyLines::Found CopyLines::found(Found what, Bytes held, std::size_t terminator, Line& line) {
  line = {held.substr(0, at_), at_ + terminator};
  at_ = 0;
  in_quote_ = after_escape_ = false;
  return what;
}

}  // namespace shardway::protocol::postgres
