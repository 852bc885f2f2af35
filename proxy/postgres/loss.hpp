// Loss: what becomes of a client whose server connection has broken. Pure: facts of the session and of that connection
// -> what the client is told, if anything. What may have been committed is never sent twice and never called retryable;
// of a transaction whose end was not sent it is certain that nothing was kept. The twin: proxy/mysql/loss.hpp.
#pragma once

#include <cstdint>

namespace shardway::proxy::postgres {

struct Breakage {
  bool is_committing = false;      // the transaction's end is under way on several shards: it sees for itself
  bool is_busy_elsewhere = false;  // another server is to answer what is under way
  bool is_asked = false;           // this one owes an answer
  bool is_mid_frame = false;       // of which the client has half a message
  bool can_repeat = false;         // what is under way only reads, or describes, and the client has heard nothing of it
  bool is_syncing = false;   // it was being brought up to the session's settings: nothing of the client's is there
  bool is_spare = false;     // nor anything of the transaction (Branch::untouched)
  bool carries = false;      // what the client had there cannot be had elsewhere: a lock, a table
  bool is_copying = false;   // its COPY FROM STDIN has not all its data there: nothing of it can have been kept
  bool is_open = false;      // a transaction is, of whatever kind
  bool is_block = false;     // begun by the client
  bool is_executed = false;  // something of a pipeline has been, and is not committed
  bool may_end = false;      // what is under way may end the transaction, so that something is kept
};

// A statement that servers die of is not taken to all of them.
inline constexpr int kMostRepeats = 2;

enum class Loss : std::uint8_t {
  kNothing,      // the client does without it
  kSeenLater,    // so does what is under way elsewhere, or the commit sees it
  kUntold,       // its transaction was there: the next statement, or its end, hears of it
  kRepeat,       // what is under way goes elsewhere, as if it came now
  kTransaction,  // nothing of the transaction was kept
  kUnknown,      // the statement may have run
  kClose,        // the client's connection ends with an error
  kCloseMute,    // or without a word, where none fits
};
const char* name_of(Loss loss) noexcept;

Loss judge(const Breakage& breakage) noexcept;

}  // namespace shardway::proxy::postgres
