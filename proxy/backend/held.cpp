#include "proxy/backend/held.hpp"

#include <algorithm>
#include <utility>

namespace shardway::proxy::backend {

protocol::Fault too_many_held(const ShardNodes& shard, const config::Hold& bounds) {
  return {protocol::FaultReason::kNoServer,
          "shard \"" + shard.name + "\" cannot be used now (" + shard.gate.reasons() + "), and " +
              std::to_string(shard.gate.held_clients()) + " clients with " + std::to_string(shard.gate.held_bytes()) +
              " bytes wait for it",
          "hold.clients = " + std::to_string(bounds.clients) + " and hold.bytes = " + std::to_string(bounds.bytes) +
              " say how many may wait; try again",
          0};
}

protocol::Fault held_too_long(const ShardNodes& shard, config::Milliseconds waited) {
  const auto why = shard.gate.reasons();
  return {protocol::FaultReason::kNoServer,
          "shard \"" + shard.name + "\" could not be used for " + std::to_string(waited.count()) + " ms" +
              (why.empty() ? "" : " (" + why + ")"),
          "SHOW NODES on the console says why; hold.timeout and pool.queue_timeout say how long to wait", 0};
}

config::Milliseconds longest_hold(const config::Database& database, config::Milliseconds login_timeout, bool logs_in) {
  auto longest = database.hold.timeout;
  if (database.pool.queue_timeout.count() > 0) longest = std::min(longest, database.pool.queue_timeout);
  return logs_in ? std::min(longest, login_timeout * 9 / 10) : longest;
}

config::Milliseconds rest_of(config::Milliseconds longest, net::Clock::duration waited) {
  return std::max(config::Milliseconds(0), longest - std::chrono::round<config::Milliseconds>(waited));
}

void HeldClients::go_on_later() {
  if (timer_ != 0) return;
  timer_ = loop_.after(kBetweenBatches, [this] {
    timer_ = 0;
    if (line_.go_on()) go_on_later();
  });
}

}  // namespace shardway::proxy::backend
