// Marks: what one session has seen on each shard, and so which node may answer it next: it reads what it wrote, and
// never goes back in time (ARCHITECTURE.md, "Read your writes at no cost per statement"). Used on the session's thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "proxy/backend/node.hpp"

namespace shardway::proxy::backend {

// Where a statement goes.
struct Choice {
  std::size_t node = 0;
  bool replica = false;
  bool fell_back = false;  // a replica would have done, but none is fresh enough: a sample is wanted
};

class Marks {
 public:
  // The primary (node 0 if none is known); or, if `replica_ok`, one of the replicas that are up, within max_lag, and
  // fresh enough for this session, each as often as it deserves (choice.hpp). `nearest`: one of this Shardway's zone if
  // there are any; the primary, if it alone stands there. `random`: equally distributed over all its values.
  // `refused_until`: by node, when those that have refused the login may be asked again; empty: none has.
  Choice choose(const ShardNodes& nodes, router::ShardIndex shard, const config::Reads& reads, bool replica_ok,
                std::uint64_t random, SteadyNanos now, std::span<const SteadyNanos> refused_until = {}) const noexcept;
  // Everything the session has seen or done on the shard happened before now; `replica`: it was seen there (null: on
  // the primary). `may_have_written`: so it counts for all who read strongly. To be called before the client is told.
  void stamp(const Backend& backend, router::ShardIndex shard, const Node* replica, bool may_have_written);
  void clear() noexcept { seen_.clear(); }
  // After a reload: what was seen on a shard is still seen, wherever it stands in the new configuration.
  void carry_over(const Backend& from, const Backend& to);

 private:
  struct Mark {
    SteadyNanos before = 0;  // 0: nothing was seen
    const Node* replica = nullptr;
  };
  bool is_fresh(const ShardNodes& nodes, router::ShardIndex shard, const config::Reads& reads,
                const Node& candidate) const noexcept;
  std::vector<Mark> seen_;  // by shard; empty: nothing anywhere
};

// For choose(); of the calling thread.
std::uint64_t next_random() noexcept;

}  // namespace shardway::proxy::backend
