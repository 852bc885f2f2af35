// HeldClients: one worker's clients before the gate of one shard (gate.hpp): held_line.hpp with the worker's clock.
// Used on the worker's thread; nothing here fails.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "protocol/common/fault.hpp"
#include "proxy/backend/held_line.hpp"
#include "proxy/backend/node.hpp"
#include "proxy/config/config.hpp"
#include "proxy/net/event_loop.hpp"

namespace shardway::proxy::backend {

// How long a client may wait: hold.timeout, or pool.queue_timeout if that is shorter; while it logs in, not so long
// that login_timeout would close it without a word.
config::Milliseconds longest_hold(const config::Database& database, config::Milliseconds login_timeout, bool logs_in);

// What is left of it to a client that has waited for so long already, before the gate of an older configuration.
config::Milliseconds rest_of(config::Milliseconds longest, net::Clock::duration waited);

// What those are told who may not wait, or have waited for too long.
protocol::Fault too_many_held(const ShardNodes& shard, const config::Hold& bounds);
protocol::Fault held_too_long(const ShardNodes& shard, config::Milliseconds waited);

class HeldClients {
 public:
  // Both outlive it.
  HeldClients(net::EventLoop& loop, Gate& gate) : loop_(loop), line_(gate) {}
  ~HeldClients() { loop_.cancel(timer_); }
  HeldClients(const HeldClients&) = delete;
  HeldClients& operator=(const HeldClients&) = delete;

  std::uint64_t join(std::uint64_t bytes, const config::Hold& bounds, std::function<void()> let_go) {
    return line_.join(bytes, bounds, std::move(let_go));
  }
  void leave(std::uint64_t ticket) { line_.leave(ticket); }
  // The gate may have been opened.
  void heed() {
    if (line_.heed()) go_on_later();
  }

 private:
  void go_on_later();

  net::EventLoop& loop_;
  HeldLine line_;
  net::EventLoop::TimerId timer_ = 0;
};

}  // namespace shardway::proxy::backend
