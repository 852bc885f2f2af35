// Load: what a node has to do and how long its answers take, as every thread sees it. Claim: one server connection's
// part of that, from a statement until its answer; counted on replicas only, between which there is a choice. Figures
// are relaxed: two threads that write one at the same time lose one answer of many.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "proxy/backend/choice.hpp"

namespace shardway::proxy::backend {

// Nanoseconds of std::chrono::steady_clock since its epoch; 0: never.
using SteadyNanos = std::int64_t;
inline SteadyNanos nanos_of(std::chrono::steady_clock::time_point time) noexcept {
  return time.time_since_epoch() / std::chrono::nanoseconds(1);
}

struct alignas(64) Load {
  std::atomic<std::uint32_t> outstanding{0};
  std::atomic<std::int64_t> latency_us{0};  // the mean of its answers' times; 0: it has given none
  std::atomic<SteadyNanos> heard_at{0};     // its last answer; or when it was asked, if it had nothing to do then
  std::atomic<SteadyNanos> unfit_at{0};     // when it was last found down, or too late

  Burden burden(SteadyNanos now) const noexcept {
    return {outstanding.load(std::memory_order_relaxed), latency_us.load(std::memory_order_relaxed),
            (now - heard_at.load(std::memory_order_relaxed)) / 1000,
            (now - unfit_at.load(std::memory_order_relaxed)) / 1000};
  }
  // Not at every statement: its readers would wait for each other's writes.
  void note_unfit(SteadyNanos now) noexcept {
    constexpr SteadyNanos kOften = 50'000'000;
    if (now - unfit_at.load(std::memory_order_relaxed) > kOften) unfit_at.store(now, std::memory_order_relaxed);
  }
};

class Claim {
 public:
  Claim() = default;
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  ~Claim() { drop(); }

  // The node must outlive the claim. Begun twice it counts once.
  void begin(Load& load, SteadyNanos now) noexcept {
    if (load_ != nullptr) return;
    load_ = &load;
    since_ = now;
    if (load.outstanding.fetch_add(1, std::memory_order_relaxed) == 0)
      load.heard_at.store(now, std::memory_order_relaxed);
  }
  // It has been answered.
  void end(SteadyNanos now) noexcept {
    if (load_ == nullptr) return;
    const auto mean = load_->latency_us.load(std::memory_order_relaxed);
    load_->latency_us.store(mean_with(mean, (now - since_) / 1000), std::memory_order_relaxed);
    load_->heard_at.store(now, std::memory_order_relaxed);
    drop();
  }
  // It will not be.
  void drop() noexcept {
    if (load_ != nullptr) load_->outstanding.fetch_sub(1, std::memory_order_relaxed);
    load_ = nullptr;
  }

 private:
  Load* load_ = nullptr;
  SteadyNanos since_ = 0;
};

}  // namespace shardway::proxy::backend
