#include "proxy/backend/held.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace shardway::proxy::backend {

namespace {
constexpr std::chrono::milliseconds kBetweenBatches{5};
}

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

std::uint64_t HeldClients::join(std::uint64_t bytes, const config::Hold& bounds, std::function<void()> let_go) {
  if (!gate_.admit(bytes, bounds.clients, bounds.bytes)) return 0;
  line_.emplace(++last_ticket_, Held{bytes, std::move(let_go)});
  return last_ticket_;
}

void HeldClients::leave(std::uint64_t ticket) {
  const auto found = line_.find(ticket);
  if (found == line_.end()) return;
  gate_.leave(found->second.bytes);
  line_.erase(found);
}

void HeldClients::heed() {
  if (timer_ != 0 || line_.empty() || !gate_.is_open()) return;
  batch_ = 1;
  let_go_some();
}

void HeldClients::let_go_some() {
  for (auto left = batch_; left > 0 && !line_.empty() && gate_.is_open(); --left) {
    auto first = line_.extract(line_.begin());
    gate_.leave(first.mapped().bytes);
    first.mapped().let_go();
  }
  if (line_.empty() || !gate_.is_open()) return;  // who is left waits for the next time it opens
  batch_ *= 2;
  timer_ = loop_.after(kBetweenBatches, [this] {
    timer_ = 0;
    let_go_some();
  });
}

}  // namespace shardway::proxy::backend
