// Node, ShardNodes, Backend: the servers behind one database, as every thread sees them.
// Made once per configuration and shared by all threads. The control lane writes roles, lag and freshness; a worker
// that cannot reach a node marks it down at once. Readers take single atomics: a statement is routed on what is known
// now.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/backend/gate.hpp"
#include "proxy/backend/load.hpp"
#include "proxy/config/config.hpp"

namespace shardway::proxy::transaction {
class Ledger;
}

namespace shardway::proxy::backend {

enum class Role : std::uint8_t { kUnknown, kPrimary, kReplica };
const char* name_of(Role role) noexcept;

struct ShardNodes;

// Why no statement goes to a node although it is configured, or what keeps it from being read.
enum class Out : std::uint8_t {
  kNo,
  kUnreachable,
  kTwoPrimaries,  // claims to be primary, as another node does, and nobody can tell who is right
  kStalePrimary,  // claims to be primary with a history that is over
  kOtherSystem,   // is no copy of the shard's primary
  kOtherSource,   // follows a server that is none of the shard's
  kReadOnly,      // takes no writes, and nobody else does: as an unfinished switchover leaves it
  kLoginRefused   // a replica that will not have a user, who is answered elsewhere
};
std::string_view name_of(Out out) noexcept;
std::string_view cure_of(Out out) noexcept;

struct Node {
  config::Address address;
  std::string zone;
  bool is_near = false;      // it stands in the zone of this Shardway
  std::uint32_t number = 0;  // within the process, for reports and pool keys

  std::atomic<Role> role{Role::kUnknown};
  std::atomic<bool> up{true};            // false: no statement goes there until the control lane has reached it again
  std::atomic<bool> rests{false};        // by DRAIN NODE or PAUSE NODE: no new statement goes there as to a replica
  std::atomic<bool> paused{false};       // by PAUSE NODE: its shard is held while it is the primary
  std::atomic<std::int64_t> lag_us{-1};  // replica: age of the last replayed commit, 0 when level; -1: unknown
  // The replica is known to have replayed everything the primary acknowledged before this moment (architecture.md,
  // "Read your writes at no cost per statement"). 0: nothing is known. Bound to the control connection that saw it.
  std::atomic<SteadyNanos> fresh_as_of{0};
  std::atomic<std::uint32_t> timeline{0};
  std::atomic<std::uint64_t> system_identifier{0};
  std::atomic<SteadyNanos> last_seen{0};    // the control lane's last answer from it
  std::atomic<std::int64_t> lag_bytes{-1};  // replica: how much of what the primary has written it has not replayed
  std::atomic<Out> out{Out::kNo};
  std::atomic<bool> follows{false};      // a replica: the shard's primary of now
  std::atomic<bool> left_behind{false};  // control/unfinished.hpp: a switchover may give it its writes back
  // As SHOW NODES has it: the GTIDs of MariaDB and MySQL. Null: none.
  std::atomic<std::shared_ptr<const std::string>> gtids;
  // Grows when what it served as is over: another node is primary in its place, or it is fenced off. A connection of an
  // older epoch is dropped, whatever runs on it.
  std::atomic<std::uint32_t> epoch{0};
  ShardNodes* shard = nullptr;  // whose node it is
  // For transactions on several shards (proxy/transaction). max_prepared_transactions; -1: unknown. How many parts of
  // such transactions are prepared there now. Has it the tables for them: as it said last, and as recovery knows.
  std::atomic<std::int32_t> max_prepared{-1}, prepared{0};
  enum class Store : std::uint8_t { kUnknown, kMissing, kThere };
  std::atomic<Store> store{Store::kUnknown};
  std::atomic<bool> commits_together{false};
  Load load;                                  // of a replica
  std::atomic<SteadyNanos> refused_until{0};  // a replica: when a user whose login it refused tries again
  bool refuses_logins(SteadyNanos now) const noexcept;

  // It could not be reached, or broke off. What was known of its freshness is void: another server may come back there.
  // If it is the primary and somebody watches, statements wait until it has answered the control lane, or another one
  // has taken its place.
  void lost() noexcept;
  bool is_primary() const noexcept;
  bool takes_writes() const noexcept;  // statements that need its shard's primary may begin here now
};

struct ShardNodes {
  std::string name;
  std::vector<std::unique_ptr<Node>> nodes;
  std::atomic<std::int32_t> primary{-1};  // index into nodes; -1: none known
  bool is_watched = false;                // by the control lane, which then opens and closes the gate as roles change
  // Something hints at a change of roles: the control lane shall look now. From any thread.
  void look() noexcept {
    if (is_watched && !look_wanted.exchange(true) && wake_control) wake_control();
  }
  std::function<void()> wake_control;  // set before any thread uses this
  Gate gate;
  // What must outlive a reload: who was accepted as primary, by address, so that one of an older history is not taken
  // for it. Written by the control lane.
  struct Memory {
    std::string primary;
    std::uint32_t timeline = 0;
    std::uint64_t system_identifier = 0;
    std::vector<std::string> replaced;
  };
  Memory memory() const {
    const std::lock_guard lock(memory_mutex_);
    return memory_;
  }
  void remember(Memory memory) {
    const std::lock_guard lock(memory_mutex_);
    memory_ = std::move(memory);
  }
  // Raised by look(), lowered by the control lane as it asks every node.
  std::atomic<bool> look_wanted{false};
  // Raised by a session that wrote and would read from a replica; lowered by the control lane when it sampled.
  std::atomic<bool> sample_wanted{false};
  // When the primary last acknowledged, through this Shardway, something that may have been a write. For `consistency =
  // "strong"`; what came before this process counts as written when it began. One for all configurations that have the
  // shard: clients of an older one still write.
  struct Written {
    std::atomic<SteadyNanos> at{0};
    std::atomic<bool> is_wanted{false};  // by a configuration after this one, too; never lowered
  };
  std::shared_ptr<Written> written = std::make_shared<Written>();
  // Of this shard in the configuration before, ahead of the first look at the nodes.
  void inherit(const ShardNodes& before);
  // The gate follows PAUSE NODE. To be called when the primary has changed, or Node::paused.
  void heed_paused_node();

 private:
  std::mutex pause_mutex_;
  mutable std::mutex memory_mutex_;
  Memory memory_;
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

// Of a configured database, nothing known of its nodes yet. Nodes are numbered from `next_node` on. `zone`: this
// Shardway's; empty: no node is nearer than another.
std::shared_ptr<Backend> make_backend(const config::Database& config, std::atomic<std::uint32_t>& next_node,
                                      const std::string& zone = {});

}  // namespace shardway::proxy::backend
