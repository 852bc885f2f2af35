// DatabaseWatch: the control lane's view of one database: its shards' nodes, and the catalogue as its home shard has
// it. A changed catalogue is published as a new Topology. Used by the control thread, but for catalog_changed().
#pragma once

#include <poll.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "proxy/control/catalog_reader.hpp"
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

 private:
  void pursue_catalog(SteadyNanos now);
  void publish_catalog(const NodeWatch& home);
  void report(const std::vector<TableProblem>& problems);
  std::shared_ptr<const router::Topology> topology() const;

  std::shared_ptr<backend::Backend> backend_;
  std::vector<std::unique_ptr<ShardWatch>> shards_;
  ShardWatch* home_ = nullptr;
  std::atomic<bool> is_stale_{false};
  SteadyNanos catalog_due_ = 0;
  std::uint64_t catalog_asking_for_ = 0;  // Backend::catalog_wanted when the reading under way was begun
  bool catalog_asked_once_ = false;       // read, or tried in vain
  std::vector<std::string> reported_;
};

}  // namespace shardway::proxy::control
