// ReplyTracker: where in the answer to one command a server is. It is shown every packet's head and first byte and says
// what the packet is; of those it must see whole, the payload too. Rows are never needed whole, however long they are;
// what may be the last of an answer always is.
// For connections with kDeprecateEof and kSessionTrack, as ours to servers are (MariaDB 10.2, MySQL 5.7 and later).
// https://mariadb.com/kb/en/4-server-response-packets/ https://mariadb.com/kb/en/com_stmt_prepare/#response
#pragma once

#include <cstdint>

#include "protocol/mysql/messages.hpp"

namespace shardway::protocol::mysql {

enum class Part : std::uint8_t {
  kOk,           // 0x00; `more` if another result follows
  kErr,          // the end
  kEnd,          // an OK in place of the EOF behind rows, or of metadata that no rows follow; `more` as above
  kColumnCount,  // of a result set
  kColumn,       // a definition of a column, or of a parameter
  kRow,
  kLocalInfile,  // the server wants a file; the client's packets follow, up to an empty one
  kPrepareOk,
  kEof,      // an EOF as of old
  kText,     // COM_STATISTICS
  kUnknown,  // what has no place here: the connection cannot be used any more
};

struct Seen {
  Part part = Part::kUnknown;
  bool last = false;  // the answer is complete
  // Behind this packet a client without kDeprecateEof expects an EOF.
  bool metadata_ends = false;
};

// True if commands of this kind are answered at all.
bool is_answered(Command command) noexcept;

class ReplyTracker {
 public:
  explicit ReplyTracker(Command command) noexcept;

  // True if on_packet() needs the payload whole.
  bool wants_whole(const PacketHead& head, std::uint8_t first) const noexcept;
  // The next packet that begins a payload. `payload`: whole if wanted, else at least its first byte (nothing if empty).
  Seen on_packet(const PacketHead& head, Bytes payload);
  // Definitions are to come, and some clients take whatever comes for one.
  bool is_in_definitions() const noexcept { return state_ == State::kColumns || state_ == State::kPrepared; }

 private:
  enum class State : std::uint8_t { kFirst, kColumns, kRows, kPrepare, kPrepared, kFields, kSingle, kText, kDone };
  Seen on_first(Bytes payload);
  Seen on_end(Bytes payload, Part part);
  Seen on_single(Bytes payload);
  Seen on_prepare(Bytes payload);
  Seen on_definition();
  bool is_end(const PacketHead& head, std::uint8_t first) const noexcept;

  State state_;
  std::uint64_t columns_ = 0, parameters_ = 0;  // definitions still to come
};

}  // namespace shardway::protocol::mysql
