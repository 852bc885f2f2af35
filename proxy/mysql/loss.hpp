// Loss: what becomes of a client whose server connection has broken. Pure: facts of the statement under way and of the
// session -> what the client is told, if anything. Equal or refused holds here, too: what may have run is never sent
// twice and never called retryable, and of a transaction it is certain that it was rolled back unless its end was sent.
#pragma once

#include <cstdint>

#include "router/statement.hpp"

namespace shardway::proxy::mysql {

// What a text does to the transaction around it, and whether it may be sent once more.
struct Effect {
  bool may_end = true;      // the transaction, so that something is kept; what is not understood may
  bool rolls_back = false;  // it is a ROLLBACK and nothing else
  bool reads = false;       // and changes nothing
  bool repeats = false;     // outside of a transaction it has the same effect if it runs once more
};
Effect effect_of(const router::Query& query) noexcept;

struct Breakage {
  bool is_asked = false;       // a command of the client's is under way
  bool is_begun = false;       // of its answer the client has something
  bool is_mid_packet = false;  // it has half a packet, or has sent half of one
  bool is_open = false;        // a transaction is, since before the command
  bool autocommits = true;
  bool carries = false;  // what the client had there before the command cannot be had elsewhere: a lock, a table, …
  bool can_repeat = false;  // the command is at hand, and has not been sent too often
  Effect effect;
};

// A statement may be what broke the server: it is not sent again and again.
inline constexpr std::uint8_t kMostRepeats = 2;

enum class Loss : std::uint8_t {
  kNothing,      // nothing of the client's was there
  kUntold,       // its transaction was: the next statement hears of it
  kRepeat,       // the command goes elsewhere, as if it came now
  kRolledBack,   // what the client asked for: it is told so
  kTransaction,  // its transaction is gone, and nothing of it was kept
  kUnknown,      // the command may have run
  kCutOff,       // an answer that only read breaks off, or could not be had
  kClose,        // the client's connection ends with an error
  kCloseMute,    // or without a word, where none fits
};
const char* name_of(Loss loss) noexcept;

Loss judge(const Breakage& breakage) noexcept;

}  // namespace shardway::proxy::mysql
