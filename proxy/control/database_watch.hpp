// DatabaseWatch: the control lane's view of one database: its shards' nodes, and the catalogue as its shards have it.
// A changed catalogue is published as a new Topology. Used by the control thread, but for catalog_changed().
#pragma once

#include <poll.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "proxy/control/catalog_merge.hpp"
#include "proxy/control/shard_watch.hpp"

namespace shardway::proxy::control {

class DatabaseWatch {
 public:
  explicit DatabaseWatch(std::shared_ptr<backend::Backend> backend);

  const std::shared_ptr<backend::Backend>& backend() const noexcept { return backend_; }
  void catalog_changed() noexcept { is_stale_ = true; }  // from any thread

  void add_to(std::vector<pollfd>& polled) const;
  // `happened` begins with this database's entries, in the order of add_to(); returns how many were its own.
  std::size_t advance(const pollfd* happened, SteadyNanos now);
  void pursue(SteadyNanos now);
  SteadyNanos next_timer() const noexcept;
  bool first_round_done() const noexcept;
  bool take_change() noexcept;  // roles, gates or epochs of a shard have changed since the last call
  std::size_t shard_count() const noexcept { return shards_.size(); }
  const ShardWatch& shard(std::size_t i) const { return *shards_[i]; }
  bool has_catalog(std::size_t shard) const { return readings_[shard].catalog != nullptr; }
  const std::vector<TableProblem>& problems() const noexcept { return reported_; }
  // Nodes that would count AUTO_INCREMENT columns up otherwise than their shard's primary, were they to take its place.
  struct NodeProblem {
    std::size_t shard = 0, node = 0;
    std::string message, hint;
    bool operator==(const NodeProblem&) const = default;
  };
  std::vector<NodeProblem> miscounting_nodes() const;

 private:
  void pursue_catalog(SteadyNanos now);
  void begin_catalog_round(SteadyNanos now);
  void end_catalog_round(SteadyNanos now);
  bool has_primaries() const noexcept;
  void publish_catalog();
  void report(const std::vector<TableProblem>& problems);
  void report_miscounting_nodes();
  bool counts_anew(std::size_t shard, std::size_t node) const;
  std::shared_ptr<const router::Topology> topology() const;

  std::shared_ptr<backend::Backend> backend_;
  std::vector<std::unique_ptr<ShardWatch>> shards_;
  std::atomic<bool> is_stale_{false};
  SteadyNanos catalog_due_ = 0;
  std::uint64_t catalog_asking_for_ = 0;  // Backend::catalog_wanted when the reading under way was begun
  bool catalog_asked_once_ = false;       // read, or tried in vain
  // A round asks every shard's primary; one that has none keeps what was read last.
  enum class Reading : std::uint8_t { kDone, kToAsk, kAsked };
  struct ShardReading {
    Reading state = Reading::kDone;
    std::unique_ptr<ShardCatalog> catalog;  // null: never read
  };
  std::vector<ShardReading> readings_;
  SteadyNanos round_ends_ = 0;  // then it goes on without those that have not answered; 0: no round
  std::vector<TableProblem> reported_;
  std::vector<NodeProblem> reported_nodes_;
};

}  // namespace shardway::proxy::control
