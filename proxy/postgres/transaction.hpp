// Transaction and Branch: what a client has open, and on which shards. Plain values; the session moves the bytes.
// Shards are enlisted lazily: BEGIN is answered at once and sent, with all that was said since, to each shard at the
// first statement that needs it.
#pragma once

#include <boost/container/small_vector.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/postgres/link.hpp"

namespace shardway::proxy::postgres {

// What has been done on a branch in this transaction, the most of it: rows were read; locks are held that others must
// not get before the transaction is over; rows were written.
enum class Use : std::uint8_t { kRead, kLock, kWrite };

// A shard's part in what the client has open: a link lent to this session.
struct Branch {
  router::ShardIndex shard = 0;
  std::unique_ptr<Link> link;
  bool on_replica = false;
  bool only_reads = true;     // all it was enlisted for is proven to read, and might have gone to a replica
  bool begun = false;         // an explicit BEGIN has been sent on it
  bool dirty = false;         // extended messages have been sent since the last Sync
  bool executed = false;      // and one of them was an Execute: an implicit transaction is open there
  Use use = Use::kRead;       // until the transaction ends
  bool unpreparable = false;  // it did what PREPARE TRANSACTION refuses: NOTIFY, a cursor WITH HOLD, …
  bool untouched = true;      // it was only asked to describe something: the transaction can do without it
  bool tells_time = false;    // replica: its answers may have the transaction's time in them
  bool pinned = false;        // the session keeps it beyond the transaction
  bool has_traces = false;    // nobody knows what was left behind on it: it is cleaned before another one gets it
  bool flush_sent = false;    // nothing has been sent since the last Flush
  bool syncing = false;       // the session's settings are being brought to it
  bool has_let_go = false;    // of what the failed transaction did there
};
using Branches = boost::container::small_vector<Branch, 1>;

using Cursors = std::map<std::string, router::ShardIndex>;  // by name, those of DECLARE

struct Savepoint {
  std::string name;
  SharedSettings settings;  // in force when it was set
  Cursors cursors;          // open then, and not closed since
};

// How a transaction is begun.
struct Modes {
  std::string begin = "BEGIN";
  bool read_only = false, serializable = false, one_snapshot = false;
};

struct Transaction {
  // kImplicit: several statements in one Query, or all Executes up to one Sync, that touched more than one shard.
  enum class Mode : std::uint8_t { kExplicit, kImplicit };
  Mode mode = Mode::kExplicit;
  bool failed = false;
  bool untold = false;         // and nobody has told the client
  bool has_gone_back = false;  // to a savepoint
  bool lost = false;           // what it did on some server is gone: no savepoint leads back to it
  bool read_only = false;
  bool on_primary = false;  // by its BEGIN's hint
  bool is_sealed = false;   // READ ONLY before anything was written, and not put back since
  bool serializable = false;
  bool has_local_role = false;     // SET LOCAL ROLE
  bool one_snapshot = false;       // REPEATABLE READ or SERIALIZABLE
  std::string begin = "BEGIN";     // as the client wrote it
  std::string replay;              // what a shard enlisted later has to hear after BEGIN
  bool modes_vary = false;         // they may be others than those of `begin`
  Modes inherited;                 // of the transaction that was ended by AND CHAIN
  std::optional<Modes> told;       // by a server, for the one that AND CHAIN begins
  SharedSettings settings_before;  // to go back to on ROLLBACK
  std::vector<Savepoint> savepoints;
  // Its time on the server that began it first, as a literal; empty: nobody has asked for it. See session_time.cpp.
  std::string now;
  std::optional<router::ShardIndex> clock_shard;  // whose it is; nullopt: Shardway's own
  std::string unasked;                            // why a server could not be asked: an ErrorResponse frame
  Cursors cursors;
  router::Definitions defined;  // which the catalogue does not know yet
};

// A savepoint of ours before READ ONLY in a transaction that has written: behind it the rows of an atomic commit can be
// inserted again. https://www.postgresql.org/docs/15/sql-release-savepoint.html
inline constexpr std::string_view kWritable = "shardway: writable";
bool has_savepoint(const Transaction& transaction, std::string_view name) noexcept;

// CLOSE, which no ROLLBACK TO takes back. `name` empty: all of them.
void forget_cursor(Transaction& transaction, const std::string& name);

// The transaction that AND CHAIN begins.
std::unique_ptr<Transaction> successor_of(const Transaction& ended);

}  // namespace shardway::proxy::postgres
