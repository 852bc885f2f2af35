#include "proxy/backend/choice.hpp"

#include <algorithm>

namespace shardway::proxy::backend {

namespace {

constexpr double kLeastLatencyUs = 50;  // below it differences are noise
constexpr double kUnknownLatencyUs = 300;
constexpr double kLeastShare = 0.05;  // of a node that has just come back
constexpr double kTooSlowUs = 50'000, kFarBetter = 8;
constexpr std::int64_t kMeanOver = 16;  // answers

// What the next statement there would take, in microseconds.
double cost_of(const Burden& burden) noexcept {
  auto us = burden.latency_us > 0 ? static_cast<double>(burden.latency_us) : kUnknownLatencyUs;
  if (burden.outstanding > 0) us = std::max(us, static_cast<double>(burden.silent_us));
  return std::max(us, kLeastLatencyUs) * (burden.outstanding + 1.0);
}

}  // namespace

double weight_of(const Burden& burden) noexcept {
  const auto cost = cost_of(burden);
  const double ramp = static_cast<double>(burden.back_for_us) / static_cast<double>(kSlowStartUs);
  return std::clamp(ramp, kLeastShare, 1.0) / (cost * cost);
}

bool is_left_alone(const Burden& slow, const Burden& better) noexcept {
  return cost_of(slow) > kTooSlowUs && cost_of(slow) > kFarBetter * cost_of(better);
}

std::size_t pick(std::span<const Burden> burdens, std::uint64_t random) noexcept {
  double sum = 0;
  for (const auto& burden : burdens) sum += weight_of(burden);
  // 53 bits: what a double holds.
  auto left = static_cast<double>(random >> 11) * 0x1p-53 * sum;
  for (std::size_t i = 0; i + 1 < burdens.size(); ++i) {
    left -= weight_of(burdens[i]);
    if (left < 0) return i;
  }
  return burdens.size() - 1;
}

std::int64_t mean_with(std::int64_t mean_us, std::int64_t answer_us) noexcept {
  if (mean_us == 0) return std::max<std::int64_t>(answer_us, 1);
  return std::max<std::int64_t>(mean_us + (answer_us - mean_us) / kMeanOver, 1);
}

}  // namespace shardway::proxy::backend
