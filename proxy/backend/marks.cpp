#include "proxy/backend/marks.hpp"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <chrono>
#include <functional>
#include <random>
#include <utility>

namespace shardway::proxy::backend {

namespace {

struct Candidate {
  std::size_t node = 0;
  bool is_near = false, is_fresh = false;
  Burden burden;
};
using Candidates = boost::container::small_vector<Candidate, 8>;

bool is_fit(const Node& node, const config::Reads& reads) noexcept {
  if (node.role.load(std::memory_order_relaxed) != Role::kReplica || !node.up.load(std::memory_order_relaxed) ||
      node.rests.load(std::memory_order_relaxed))
    return false;
  const auto lag = node.lag_us.load(std::memory_order_relaxed);
  return lag >= 0 && lag <= std::chrono::microseconds(reads.max_lag).count();
}

template <class Condition>
void keep_if(Candidates& candidates, Condition condition) {
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(), std::not_fn(condition)), candidates.end());
}

// An index into `candidates`, all of them fresh.
std::size_t pick_one(const Candidates& candidates, std::uint64_t random) {
  boost::container::small_vector<Burden, 8> burdens;
  for (const auto& one : candidates) burdens.push_back(one.burden);
  return pick({burdens.data(), burdens.size()}, random);
}

}  // namespace

Choice Marks::choose(const ShardNodes& nodes, router::ShardIndex shard, const config::Reads& reads, bool replica_ok,
                     std::uint64_t random, SteadyNanos now, std::span<const SteadyNanos> refused_until) const noexcept {
  Choice choice;
  const auto primary = nodes.primary.load(std::memory_order_relaxed);
  choice.node = primary >= 0 ? static_cast<std::size_t>(primary) : 0;
  if (!replica_ok || reads.from == config::ReadFrom::kPrimary) return choice;
  Candidates candidates;
  for (std::size_t at = 0; at < nodes.nodes.size(); ++at) {
    auto& node = *nodes.nodes[at];
    const bool is_refused = at < refused_until.size() && refused_until[at] > now;
    if (is_fit(node, reads) && !is_refused)
      candidates.push_back({at, node.is_near, is_fresh(nodes, shard, reads, node), node.load.burden(now)});
    else
      node.load.note_unfit(now);
  }
  if (reads.from == config::ReadFrom::kNearest) {
    const auto is_near = [](const Candidate& one) { return one.is_near; };
    if (std::any_of(candidates.begin(), candidates.end(), is_near))
      keep_if(candidates, is_near);
    else if (primary >= 0 && nodes.nodes[choice.node]->is_near)
      return choice;
  }
  auto fresh = candidates;
  keep_if(fresh, [](const Candidate& one) { return one.is_fresh; });
  // A single one that is slow is left for the primary if others are better: these will soon be fresh enough, too.
  const bool is_alone = fresh.size() == 1 && primary >= 0;
  const auto is_better = [&](const Candidate& one) { return is_left_alone(fresh.front().burden, one.burden); };
  if (!fresh.empty() && !(is_alone && std::any_of(candidates.begin(), candidates.end(), is_better)))
    return {fresh[pick_one(fresh, random)].node, true, false};
  choice.fell_back = true;
  return choice;
}

std::uint64_t next_random() noexcept {
  static thread_local std::uint64_t state = std::random_device{}() | std::uint64_t{1} << 32;
  state ^= state << 13;  // xorshift64
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

bool Marks::is_fresh(const ShardNodes& nodes, router::ShardIndex shard, const config::Reads& reads,
                     const Node& candidate) const noexcept {
  if (reads.consistency == config::Consistency::kEventual) return true;
  const auto fresh = candidate.fresh_as_of.load(std::memory_order_relaxed);
  if (reads.consistency == config::Consistency::kStrong && fresh <= nodes.written->at.load()) return false;
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
  auto& written = *backend.shards[shard]->written;
  const auto& reads = backend.config.reads;
  const bool reads_replicas = reads.from != config::ReadFrom::kPrimary;
  const bool is_strong = reads_replicas && reads.consistency == config::Consistency::kStrong;
  const bool counts_for_all = replica == nullptr && may_have_written && (is_strong || written.is_wanted.load());
  if (!reads_replicas && !counts_for_all) return;
  const SteadyNanos now = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  if (reads_replicas) {
    if (seen_.size() <= shard) seen_.resize(backend.shards.size());
    seen_[shard] = {now, replica};
  }
  if (!counts_for_all) return;
  for (auto before = written.at.load(); before < now && !written.at.compare_exchange_weak(before, now);) {}
}

}  // namespace shardway::proxy::backend
