// HeldLine: clients before the gate of one shard, in the order they came, within the bounds; and how they are let go
// when it opens: in batches that grow, so that a primary that has just come up is not run down. Knows no clock: whoever
// has one calls go_on() kBetweenBatches after each batch. Nothing here fails.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "proxy/backend/gate.hpp"
#include "proxy/config/config.hpp"

namespace shardway::proxy::backend {

inline constexpr std::chrono::milliseconds kBetweenBatches{5};

class HeldLine {
 public:
  explicit HeldLine(Gate& gate) : gate_(gate) {}  // outlives it

  // A ticket; 0: the bounds allow no more. `let_go` is called once, later, unless the ticket has left before; by then
  // it is not counted any more.
  std::uint64_t join(std::uint64_t bytes, const config::Hold& bounds, std::function<void()> let_go) {
    if (!gate_.admit(bytes, bounds.clients, bounds.bytes)) return 0;
    line_.emplace(++last_ticket_, Held{bytes, std::move(let_go)});
    return last_ticket_;
  }
  void leave(std::uint64_t ticket) {
    const auto found = line_.find(ticket);
    if (found == line_.end()) return;
    gate_.leave(found->second.bytes);
    line_.erase(found);
  }
  // The gate may have been opened. True: go_on() is wanted.
  bool heed() {
    if (goes_on_) return false;
    batch_ = 1;
    return go_on();
  }
  // The next batch. True: there is one more.
  bool go_on() {
    for (auto left = batch_; left > 0 && may_go(); --left) {
      auto first = line_.extract(line_.begin());
      gate_.leave(first.mapped().bytes);
      first.mapped().let_go();
    }
    batch_ *= 2;
    goes_on_ = may_go();  // else who is left waits for the next time it opens
    return goes_on_;
  }

 private:
  struct Held {
    std::uint64_t bytes;
    std::function<void()> let_go;
  };
  bool may_go() const noexcept { return !line_.empty() && gate_.is_open(); }

  Gate& gate_;
  std::map<std::uint64_t, Held> line_;  // by ticket: the oldest first
  std::uint64_t last_ticket_ = 0;
  std::size_t batch_ = 1;
  bool goes_on_ = false;
};

}  // namespace shardway::proxy::backend
