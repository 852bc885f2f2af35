// Deadlocks over several shards: each server sees only its own half of the circle, and waits for ever. Sessions that
// have waited for a second in a transaction on several shards stand on the WaitBoard; recovery's thread asks the shards
// who blocks whom, and a circle that is still the same a round later is broken: its youngest gets 40P01, as on one
// server. Circles through transactions of another Shardway are not seen: lock_timeout ends those.
// pg_blocking_pids: https://www.postgresql.org/docs/15/functions-info.html
#pragma once

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
};

// Thread-safe.
class WaitBoard {
 public:
  void put(Waiting waiting);
  void remove(std::uint64_t client);
  std::vector<Waiting> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Waiting> waiting_;  // by client
};

struct Blocked {
  Backend waiter, blocker;
};

// The members of one circle, the youngest transaction first; empty: there is none.
std::vector<Waiting> find_circle(const std::vector<Waiting>& waiting, const std::vector<Blocked>& blocked);

}  // namespace shardway::proxy::transaction
