// HeldClients: one worker's clients before the gate of one shard (gate.hpp), in the order they came. When the gate
// opens they are let go in batches that grow, so that a primary that has just come up is not run down. Used on the
// worker's thread; nothing here fails.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "protocol/common/fault.hpp"
#include "proxy/backend/node.hpp"
#include "proxy/config/config.hpp"
#include "proxy/net/event_loop.hpp"

namespace shardway::proxy::backend {

// How long a client may wait: hold.timeout, or pool.queue_timeout if that is shorter; while it logs in, not so long
// that login_timeout would close it without a word.
config::Milliseconds longest_hold(const config::Database& database, config::Milliseconds login_timeout, bool logs_in);

// What those are told who may not wait, or have waited for too long.
protocol::Fault too_many_held(const ShardNodes& shard, const config::Hold& bounds);
protocol::Fault held_too_long(const ShardNodes& shard, config::Milliseconds waited);

class HeldClients {
 public:
  // Both outlive it.
  HeldClients(net::EventLoop& loop, Gate& gate) : loop_(loop), gate_(gate) {}
  ~HeldClients() { loop_.cancel(timer_); }
  HeldClients(const HeldClients&) = delete;
  HeldClients& operator=(const HeldClients&) = delete;

  // A ticket; 0: the bounds allow no more. `let_go` is called once, later, unless the ticket has left before; by then
  // it is not counted any more.
  std::uint64_t join(std::uint64_t bytes, const config::Hold& bounds, std::function<void()> let_go);
  void leave(std::uint64_t ticket);
  // The gate may have been opened.
  void heed();

 private:
  struct Held {
    std::uint64_t bytes;
    std::function<void()> let_go;
  };
  void let_go_some();

  net::EventLoop& loop_;
  Gate& gate_;
  std::map<std::uint64_t, Held> line_;  // by ticket: the oldest first
  std::uint64_t last_ticket_ = 0;
  std::size_t batch_ = 1;
  net::EventLoop::TimerId timer_ = 0;
};

}  // namespace shardway::proxy::backend
