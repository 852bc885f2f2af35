// Balance: which of several nodes that may answer a read gets it. Pure: what is measured of each node and a random
// number in, one of them out. A node's share falls with what it has to do and with the time its answers take; with the
// time since its last answer if it owes some; and it grows over some seconds when the node is back.
#pragma once

#include <cstdint>
#include <span>

namespace shardway::proxy::backend {

struct Burden {
  std::uint32_t outstanding = 0;  // statements it has been sent and has not answered
  std::int64_t latency_us = 0;    // mean time of its answers, recent ones counting most; 0: not known
  std::int64_t silent_us = 0;     // since its last answer, or since it was asked; counts while it owes one
  std::int64_t back_for_us = 0;   // since it was last unfit
};

inline constexpr std::int64_t kSlowStartUs = 5'000'000;  // until a node that is back has its whole share

// A node's claim to the next statement, in no unit.
double weight_of(const Burden& burden) noexcept;
// One of them, each as often as its claim says. `random`: equally distributed over all its values. `burdens`: not
// empty.
std::size_t pick(std::span<const Burden> burdens, std::uint64_t random) noexcept;
// The one node that could answer now is so slow, and another one so much better, that neither is asked but the primary.
bool is_left_alone(const Burden& slow, const Burden& better) noexcept;
// The mean with one more answer in it.
std::int64_t mean_with(std::int64_t mean_us, std::int64_t answer_us) noexcept;

}  // namespace shardway::proxy::backend
