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

std::shared_ptr<Backend> make_backend(const config::Database& config, std::atomic<std::uint32_t>& next_node) {
  auto backend = std::make_shared<Backend>();
  backend->config = config;
  for (const auto& shard : config.shards) {
    auto nodes = std::make_unique<ShardNodes>();
    nodes->name = shard.name;
    nodes->written = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
    for (const auto& configured : shard.nodes) {
      auto node = std::make_unique<Node>();
      node->address = configured.address;
      node->zone = configured.zone;
      node->number = next_node.fetch_add(1);
      nodes->nodes.push_back(std::move(node));
    }
    backend->shards.push_back(std::move(nodes));
  }
  backend->set_topology(std::make_shared<router::Topology>(config.topology));
  return backend;
}

}  // namespace shardway::proxy::backend
