#include "protocol/mysql/reply_tracker.hpp"

#include "protocol/mysql/fields.hpp"

namespace shardway::protocol::mysql {

namespace {

constexpr std::uint8_t kOkHeader = 0x00, kInfileHeader = 0xfb, kEofHeader = 0xfe, kErrHeader = 0xff;
constexpr auto kCapabilities = capability::kDeprecateEof | capability::kSessionTrack;

std::uint8_t first_of(Bytes payload) noexcept {
  return payload.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(payload[0]);
}

}  // namespace

bool is_answered(Command command) noexcept {
  return command != Command::kQuit && command != Command::kStmtClose && command != Command::kStmtSendLongData;
}

ReplyTracker::ReplyTracker(Command command) noexcept {
  switch (command) {
    case Command::kQuery:
    case Command::kStmtExecute:
    case Command::kStmtBulkExecute:
    case Command::kProcessInfo: state_ = State::kFirst; break;
    case Command::kStmtPrepare: state_ = State::kPrepare; break;
    case Command::kStmtFetch: state_ = State::kRows; break;
    case Command::kFieldList: state_ = State::kFields; break;
    case Command::kStatistics: state_ = State::kText; break;
    default: state_ = is_answered(command) ? State::kSingle : State::kDone;
  }
}

// A row's first byte is 0xfe, too, if its first column has 16 MiB; its packet is full then.
bool ReplyTracker::is_end(const PacketHead& head, std::uint8_t first) const noexcept {
  return head.length > 0 && (first == kErrHeader || (first == kEofHeader && !head.goes_on()));
}

bool ReplyTracker::wants_whole(const PacketHead& head, std::uint8_t first) const noexcept {
  switch (state_) {
    case State::kRows:
    case State::kFields: return is_end(head, first);
    default: return true;
  }
}

Seen ReplyTracker::on_packet(const PacketHead& head, Bytes payload) {
  const auto first = first_of(payload);
  if (state_ == State::kDone) return {};
  if (head.length > 0 && first == kErrHeader && state_ != State::kText) {
    state_ = State::kDone;
    return {Part::kErr, true};
  }
  switch (state_) {
    case State::kFirst: return on_first(payload);
    case State::kPrepare: return on_prepare(payload);
    case State::kColumns:
    case State::kPrepared: return on_definition();
    case State::kRows: return is_end(head, first) ? on_end(payload, Part::kEnd) : Seen{Part::kRow};
    case State::kFields: return is_end(head, first) ? on_end(payload, Part::kEnd) : Seen{Part::kColumn};
    case State::kSingle: return on_single(payload);
    default: state_ = State::kDone; return {Part::kText, true};
  }
}

Seen ReplyTracker::on_first(Bytes payload) {
  switch (first_of(payload)) {
    case kOkHeader: return payload.empty() ? Seen{} : on_end(payload, Part::kOk);
    case kEofHeader: return on_end(payload, Part::kOk);
    case kInfileHeader: return {Part::kLocalInfile};  // and then once more from the beginning
    default: break;
  }
  Reader reader(payload);
  const auto columns = lenenc(reader);
  if (!columns || *columns == 0) {
    state_ = State::kDone;
    return {};
  }
  columns_ = *columns;
  state_ = State::kColumns;
  return {Part::kColumnCount};
}

Seen ReplyTracker::on_end(Bytes payload, Part part) {
  const auto ok = decode_ok(payload, kCapabilities);
  if (!ok) {
    state_ = State::kDone;
    return {};
  }
  const bool more = (ok->status & status::kMoreResults) != 0;
  state_ = more ? State::kFirst : State::kDone;
  return {part, !more};
}

// COM_SET_OPTION and COM_DEBUG are answered by an EOF of old, whatever was agreed.
Seen ReplyTracker::on_single(Bytes payload) {
  if (!decode_eof(payload)) return on_end(payload, Part::kOk);
  state_ = State::kDone;
  return {Part::kEof, true};
}

Seen ReplyTracker::on_prepare(Bytes payload) {
  const auto ok = decode_prepare_ok(payload);
  if (!ok) {
    state_ = State::kDone;
    return {};
  }
  parameters_ = ok->parameters;
  columns_ = ok->columns;
  const bool alone = parameters_ + columns_ == 0;
  state_ = alone ? State::kDone : State::kPrepared;
  return {Part::kPrepareOk, alone};
}

Seen ReplyTracker::on_definition() {
  auto& left = parameters_ > 0 ? parameters_ : columns_;
  --left;
  Seen seen{Part::kColumn};
  seen.metadata_ends = left == 0;
  if (parameters_ + columns_ > 0) return seen;
  seen.last = state_ == State::kPrepared;
  state_ = seen.last ? State::kDone : State::kRows;
  return seen;
}

}  // namespace shardway::protocol::mysql
