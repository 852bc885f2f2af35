// Fault: why we refuse, without any dialect. Each twin translates the reason into its SQLSTATE or errno by one table.
// `message` names the thing and the value, `hint` the cure; both are shown to the client as they are.
#pragma once

#include <cstdint>
#include <string>

namespace shardway::protocol {

enum class FaultReason : std::uint8_t {
  kNotSupported,         // 0A000 / 1235: this needs something Shardway does not do over several shards
  kNeedsKey,             // 0A000 / 1235: no shard key could be proven
  kSeveralShards,        // 0A000 / 1235: keys of several shards where one is needed
  kNullKey,              // 23502 / 1048: the shard key is NULL
  kBadKey,               // 22P02 / 1366: the value is no value of the key's type
  kUnknownTable,         // 0A000 / 1235: the table is not in the configuration and unlisted_tables = "refuse"
  kTableRefused,         // 0A000 / 1235: the servers' table is unknown, or not what the configuration says
  kSyntax,               // 42601 / 1064: the parser's own message
  kInFailedTransaction,  // 25P02
  kActiveTransaction,    // 25001
  kNoTransaction,        // 25P01
  kCursorExists,         // 42P03
  kPoolTimeout,          // 53300 / 1040: waited for a server connection until the deadline
  kNoServer,             // 57P03 / 2003: the shard has no node that can be used now
  kServerLost,           // 08006 / 1317: the server connection broke and nothing of a write is unknown
  kTransactionLost,      // 40001 / 1213: its server connection broke before its end: nothing of it was kept
  kOutcomeUnknown,       // 08007 / 1180: the server connection broke over what may have been committed
  kShutdown,             // 57P01 / 1053
  kBadHint,              // 42601 / 1064: a steering comment that names nothing known
  kForbidden,            // 42501 / 1142
  kProtocol,             // 08P01 / 1835
  kTooLarge,             // 54000 / 1153
};

struct Fault {
  FaultReason reason = FaultReason::kNotSupported;
  std::string message;
  std::string hint;
  // Byte position in the statement, from 1; 0 if none (only syntax errors have one).
  int position = 0;
};

}  // namespace shardway::protocol
