#include "proxy/backend/node.hpp"

#include <chrono>

namespace shardway::proxy::backend {

const char* name_of(Role role) noexcept {
  switch (role) {
    case Role::kPrimary: return "primary";
    case Role::kReplica: return "replica";
    case Role::kUnknown: break;
  }
  return "unknown";
}

std::string_view name_of(Out out) noexcept {
  switch (out) {
    case Out::kNo: break;
    case Out::kUnreachable: return "unreachable";
    case Out::kTwoPrimaries: return "two_primaries";
    case Out::kStalePrimary: return "stale_primary";
    case Out::kOtherSystem: return "other_system";
    case Out::kOtherSource: return "other_source";
    case Out::kReadOnly: return "read_only";
    case Out::kLoginRefused: return "login_refused";
  }
  return "";
}

std::string_view cure_of(Out out) noexcept {
  switch (out) {
    case Out::kNo: break;
    case Out::kUnreachable: return "see that the server runs and can be reached";
    case Out::kTwoPrimaries: return "two nodes take writes: make one of them a replica";
    case Out::kStalePrimary: return "it takes writes of a history that is over: make it a replica";
    case Out::kOtherSystem: return "it is no copy of the primary: check its address";
    case Out::kOtherSource: return "it follows none of the shard's nodes: check its address and its source";
    case Out::kReadOnly: return "nobody takes writes: SWITCHOVER to the node that shall, this one or a replica";
    case Out::kLoginRefused: return "it refuses a user's login: see event=login_refused in the log";
  }
  return "";
}

bool Node::is_primary() const noexcept {
  const auto primary = shard == nullptr ? -1 : shard->primary.load();
  return primary >= 0 && shard->nodes[static_cast<std::size_t>(primary)].get() == this;
}

// Until the next one has tried, too.
bool Node::refuses_logins(SteadyNanos now) const noexcept {
  constexpr SteadyNanos kNextTry = 2'000'000'000;
  return refused_until.load() + kNextTry > now;
}

bool Node::takes_writes() const noexcept { return shard == nullptr || (shard->gate.is_open() && is_primary()); }

void Node::lost() noexcept {
  up.store(false, std::memory_order_relaxed);
  fresh_as_of.store(0, std::memory_order_relaxed);
  if (shard == nullptr || !shard->is_watched) return;
  if (is_primary()) shard->gate.close(Gate::Reason::kNoPrimary);
  shard->look();
}

void ShardNodes::inherit(const ShardNodes& before) {
  const bool is_wanted = written->is_wanted;
  written = before.written;
  if (is_wanted) written->is_wanted = true;
  remember(before.memory());
}

void ShardNodes::heed_paused_node() {
  const std::lock_guard lock(pause_mutex_);  // whoever comes last has seen both
  const auto index = primary.load();
  if (index >= 0 && nodes[static_cast<std::size_t>(index)]->paused)
    gate.close(Gate::Reason::kNodePaused);
  else
    gate.open(Gate::Reason::kNodePaused);
}

std::shared_ptr<Backend> make_backend(const config::Database& config, std::atomic<std::uint32_t>& next_node,
                                      const std::string& zone) {
  auto backend = std::make_shared<Backend>();
  backend->config = config;
  for (const auto& shard : config.shards) {
    auto nodes = std::make_unique<ShardNodes>();
    nodes->name = shard.name;
    nodes->is_watched = !config.control.user.empty();
    if (nodes->is_watched) nodes->gate.close(Gate::Reason::kNoPrimary);  // until the control lane has found one
    nodes->written->at = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
    nodes->written->is_wanted =
        config.reads.from != config::ReadFrom::kPrimary && config.reads.consistency == config::Consistency::kStrong;
    for (const auto& configured : shard.nodes) {
      auto node = std::make_unique<Node>();
      node->address = configured.address;
      node->zone = configured.zone;
      node->is_near = !zone.empty() && zone == configured.zone;
      node->number = next_node.fetch_add(1);
      node->shard = nodes.get();
      nodes->nodes.push_back(std::move(node));
    }
    backend->shards.push_back(std::move(nodes));
  }
  backend->set_topology(std::make_shared<router::Topology>(config.topology));
  return backend;
}

}  // namespace shardway::proxy::backend
