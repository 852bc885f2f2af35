#include "proxy/backend/marks.hpp"

#include <chrono>
#include <utility>

namespace shardway::proxy::backend {

Choice Marks::choose(const ShardNodes& nodes, router::ShardIndex shard, const config::Reads& reads, bool replica_ok,
                     std::uint64_t salt) const noexcept {
  Choice choice;
  const auto primary = nodes.primary.load(std::memory_order_relaxed);
  choice.node = primary >= 0 ? static_cast<std::size_t>(primary) : 0;
  if (!replica_ok || reads.from == config::ReadFrom::kPrimary) return choice;
  for (std::size_t i = 0; i < nodes.nodes.size(); ++i) {
    const auto at = static_cast<std::size_t>((salt + i) % nodes.nodes.size());
    const auto& node = *nodes.nodes[at];
    if (node.role.load(std::memory_order_relaxed) != Role::kReplica || !node.up.load(std::memory_order_relaxed) ||
        node.rests.load(std::memory_order_relaxed))
      continue;
    const auto lag = node.lag_us.load(std::memory_order_relaxed);
    if (lag < 0 || lag > std::chrono::microseconds(reads.max_lag).count()) continue;
    if (!is_fresh(nodes, shard, reads, node)) continue;
    return {at, true, false};
  }
  choice.fell_back = true;
  return choice;
}

bool Marks::is_fresh(const ShardNodes& nodes, router::ShardIndex shard, const config::Reads& reads,
                     const Node& candidate) const noexcept {
  if (reads.consistency == config::Consistency::kEventual) return true;
  const auto fresh = candidate.fresh_as_of.load(std::memory_order_relaxed);
  if (reads.consistency == config::Consistency::kStrong && fresh <= nodes.written.load()) return false;
  if (seen_.size() <= shard || seen_[shard].before == 0) return true;
  if (fresh == 0) return false;
  return seen_[shard].replica == &candidate || fresh > seen_[shard].before;
}

void Marks::carry_over(const Backend& from, const Backend& to) {
  const auto before = std::exchange(seen_, {});
  if (before.empty()) return;
  seen_.resize(to.shards.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    for (std::size_t j = 0; j < to.shards.size(); ++j) {
      if (from.shards[i]->name == to.shards[j]->name) seen_[j] = {before[i].before, nullptr};
    }
  }
}

void Marks::stamp(const Backend& backend, router::ShardIndex shard, const Node* replica, bool may_have_written) {
  const auto& reads = backend.config.reads;
  if (reads.from == config::ReadFrom::kPrimary) return;
  if (seen_.size() <= shard) seen_.resize(backend.shards.size());
  const SteadyNanos now = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  seen_[shard] = {now, replica};
  if (reads.consistency != config::Consistency::kStrong || replica != nullptr || !may_have_written) return;
  auto& written = backend.shards[shard]->written;
  for (auto before = written.load(); before < now && !written.compare_exchange_weak(before, now);) {}
}

}  // namespace shardway::proxy::backend
