// Deadlocks over several shards: each server sees only its own half of the circle, and waits for ever; and who has a
// server connection on one shard may wait in the line of another one's pool, which no server sees at all. Sessions that
// have waited for a second in a transaction on several shards, or in such a line, stand on the WaitBoard; recovery's
// thread asks the shards who blocks whom, and a circle that is still the same a round later is broken: its youngest
// gets 40P01, as on one server. Circles through transactions of another Shardway are not seen: lock_timeout ends those.
// pg_blocking_pids: https://www.postgresql.org/docs/15/functions-info.html
// Who waits for one of several, and who for all: K. M. Chandy, J. Misra, L. M. Haas, "Distributed Deadlock Detection"
// (1983), its two models.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace shardway::proxy::transaction {

struct Backend {  // a server process
  std::size_t shard = 0;
  std::uint32_t pid = 0;
  auto operator<=>(const Backend&) const = default;
};

struct Waiting {
  std::uint64_t client = 0;
  std::int64_t statement_since = 0, transaction_since = 0;  // steady nanoseconds; the first names the statement
  std::vector<Backend> backends;                            // its transaction's, one per shard
  std::function<void()> give_up;                            // ends the statement with 40P01 if it still waits
  std::vector<const void*> pools = {};  // that the backends' connections are of, as they are told apart
  const void* wanted = nullptr;         // the pool in whose line it stands; null: it waits for a server
  std::uint32_t wanted_size = 0;        // so many connections may that pool have
  bool is_pinned = false;               // its connections stay with it, whatever becomes of its statement
};

// Thread-safe.
class WaitBoard {
 public:
  void put(Waiting waiting);
  void remove(std::uint64_t client);
  std::vector<Waiting> all() const;
  // Somebody stands in the line of a pool: every session that waits for a server may be what is in its way.
  bool has_line() const noexcept { return in_line_.load(std::memory_order_relaxed) > 0; }

 private:
  mutable std::mutex mutex_;
  std::atomic<std::uint32_t> in_line_{0};
  std::map<std::uint64_t, Waiting> waiting_;  // by client
};

struct Blocked {
  Backend waiter, blocker;
};

// The members of one circle: those first whose giving up sets something free, of them those in a pool's line, whose
// statement has not begun, and of them the youngest transaction; empty: there is none. A server process waits until all
// that block it are done; who stands in a line, until any of the pool's connections comes back: he is stuck only if
// they are all held by others who are.
std::vector<Waiting> find_circle(const std::vector<Waiting>& waiting, const std::vector<Blocked>& blocked);

}  // namespace shardway::proxy::transaction
