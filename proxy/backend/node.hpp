// Node, ShardNodes, Backend: the servers behind one database, as every thread sees them.
// Made once per configuration and shared by all threads. The control lane writes roles, lag and freshness; a worker
// that cannot reach a node marks it down at once. Readers take single atomics: a statement is routed on what is known
// now.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proxy/config/config.hpp"

namespace shardway::proxy::transaction {
class Ledger;
}

namespace shardway::proxy::backend {

enum class Role : std::uint8_t { kUnknown, kPrimary, kReplica };
const char* name_of(Role role) noexcept;

// Nanoseconds of std::chrono::steady_clock since its epoch; 0: never.
using SteadyNanos = std::int64_t;

struct Node {
  config::Address address;
  std::string zone;
  std::uint32_t number = 0;  // within the process, for reports and pool keys

  std::atomic<Role> role{Role::kUnknown};
  std::atomic<bool> up{true};            // false: no statement goes there until the control lane has reached it again
  std::atomic<std::int64_t> lag_us{-1};  // replica: age of the last replayed commit, 0 when level; -1: unknown
  // The replica is known to have replayed everything the primary acknowledged before this moment (architecture.md,
  // "Read your writes at no cost per statement"). 0: nothing is known. Bound to the control connection that saw it.
  std::atomic<SteadyNanos> fresh_as_of{0};
  std::atomic<std::uint32_t> timeline{0};
  std::atomic<std::uint64_t> system_identifier{0};
  std::atomic<SteadyNanos> last_seen{0};  // the control lane's last answer from it
  // For transactions on several shards (proxy/transaction). max_prepared_transactions; -1: unknown. How many parts of
  // such transactions are prepared there now. Has it the tables for them: as it said last, and as recovery knows.
  std::atomic<std::int32_t> max_prepared{-1}, prepared{0};
  enum class Store : std::uint8_t { kUnknown, kMissing, kThere };
  std::atomic<Store> store{Store::kUnknown};
  std::atomic<bool> commits_together{false};

  // A connection to it broke or could not be made. What was known of its freshness is void: another server may come
  // back there.
  void lost() noexcept {
    up.store(false, std::memory_order_relaxed);
    fresh_as_of.store(0, std::memory_order_relaxed);
  }
};

struct ShardNodes {
  std::string name;
  std::vector<std::unique_ptr<Node>> nodes;
  std::atomic<std::int32_t> primary{-1};  // index into nodes; -1: none known
  // Raised by a session that wrote and would read from a replica; lowered by the control lane when it sampled.
  std::atomic<bool> sample_wanted{false};
  // When the primary last acknowledged, through this Shardway, something that may have been a write. For `consistency =
  // "strong"`; what came before this process counts as written when it began.
  std::atomic<SteadyNanos> written{0};
};

struct Backend {
  config::Database config;
  std::vector<std::unique_ptr<ShardNodes>> shards;  // as in config.shards
  // Swapped whole by the control lane (catalog, epoch). Use std::atomic_load / atomic_store through the two calls
  // below.
  std::shared_ptr<const router::Topology> topology() const { return topology_.load(); }
  void set_topology(std::shared_ptr<const router::Topology> t) {
    topology_.store(std::move(t));
    epoch.fetch_add(1);
  }
  std::atomic<std::uint64_t> epoch{0};  // grows with every set_topology: cheap to compare per statement
  // Raised after DDL; the control lane raises `catalog_seen` to what it was when a reading that has ended was begun.
  std::atomic<std::uint64_t> catalog_wanted{0}, catalog_seen{0};
  std::atomic<SteadyNanos> catalog_doubted{0};       // when a statement was last refused for what the catalogue says
  std::atomic<bool> paused{false}, disabled{false};  // console PAUSE, DISABLE
  std::shared_ptr<transaction::Ledger> ledger;       // its transactions on several shards; null: there are none

 private:
  std::atomic<std::shared_ptr<const router::Topology>> topology_;
};

// Of a configured database, nothing known of its nodes yet. Nodes are numbered from `next_node` on.
std::shared_ptr<Backend> make_backend(const config::Database& config, std::atomic<std::uint32_t>& next_node);

}  // namespace shardway::proxy::backend
