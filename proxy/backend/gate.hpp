// Gate: whether statements that need a shard's primary may begin there. It is closed while there is no usable primary,
// while an operator has paused the shard, and during a switchover. Whoever comes before a closed gate is held: it waits
// with what it has sent, within the bounds of [database.hold]; what has begun goes on. Any thread closes and opens it,
// and then tells the workers (Worker::heed_gates), so that they let the held go on or send those in a pool's line here.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace shardway::proxy::backend {

class Gate {
 public:
  enum class Reason : std::uint8_t { kNoPrimary = 1, kPaused = 2, kSwitchover = 4, kNodePaused = 8 };

  bool is_open() const noexcept { return reasons_.load(std::memory_order_relaxed) == 0; }
  bool is_closed_for(Reason reason) const noexcept { return (reasons_.load() & bit(reason)) != 0; }
  // True if the gate was open until now.
  bool close(Reason reason) noexcept {
    const auto before = reasons_.fetch_or(bit(reason));
    if (before == 0) closed_since_.store(now());
    return before == 0;
  }
  // True if it was closed for this reason alone, and so is open now.
  bool open(Reason reason) noexcept {
    return reasons_.fetch_and(static_cast<std::uint8_t>(~bit(reason))) == bit(reason);
  }
  // The words of the console: "no_primary", "paused", "switchover", with commas; empty: open.
  std::string reasons() const;
  // Steady nanoseconds; meaningful while it is closed.
  std::int64_t closed_since() const noexcept { return closed_since_.load(); }

  // Those held before it, over all threads. False: it would be more than the bounds allow, nothing is counted then.
  bool admit(std::uint64_t bytes, std::uint64_t most_clients, std::uint64_t most_bytes) noexcept;
  void leave(std::uint64_t bytes) noexcept;
  std::uint64_t held_clients() const noexcept { return clients_.load(); }
  std::uint64_t held_bytes() const noexcept { return bytes_.load(); }

 private:
  static constexpr std::uint8_t bit(Reason reason) noexcept { return static_cast<std::uint8_t>(reason); }
  static std::int64_t now() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  }

  std::atomic<std::uint8_t> reasons_{0};
  std::atomic<std::int64_t> closed_since_{0};
  std::atomic<std::uint64_t> clients_{0}, bytes_{0};
};

}  // namespace shardway::proxy::backend
