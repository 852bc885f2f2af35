// Counters: plain numbers of one worker thread, written without atomics by that thread only and copied into a Report
// when somebody asks (report.hpp). One struct per database; summed over workers by operator+=.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "protocol/common/fault.hpp"
#include "router/plan.hpp"

namespace shardway::proxy::stats {

// Latency in powers of two: bucket i counts durations below 2^i microseconds (and not below 2^(i-1)); the last is open.
struct Histogram {
  static constexpr std::size_t kBuckets = 28;  // 2^27 us = 134 s
  std::array<std::uint64_t, kBuckets> counts{};
  std::uint64_t sum_us = 0, total = 0;
  void add(std::uint64_t us) noexcept {
    const auto bucket = static_cast<std::size_t>(std::bit_width(us));
    ++counts[bucket < kBuckets ? bucket : kBuckets - 1];
    sum_us += us;
    ++total;
  }
  Histogram& operator+=(const Histogram& other) noexcept {
    for (std::size_t i = 0; i < kBuckets; ++i) counts[i] += other.counts[i];
    sum_us += other.sum_us;
    total += other.total;
    return *this;
  }
};

// "not_supported", "pool_timeout", …: the value of label `reason`, and what SHOW REFUSALS prints.
std::string_view reason_name(protocol::FaultReason reason) noexcept;

inline constexpr std::size_t kFaultReasons = static_cast<std::size_t>(protocol::FaultReason::kTooLarge) + 1;
inline constexpr std::size_t kPinReasons = static_cast<std::size_t>(router::PinReason::kHint) + 1;

struct DatabaseCounters {
  std::uint64_t server_assignments = 0, transactions = 0, queries = 0, received_bytes = 0, sent_bytes = 0;
  std::uint64_t transaction_us = 0, query_us = 0, wait_us = 0;
  std::uint64_t client_parses = 0, server_parses = 0, binds = 0, client_logins = 0, failed_logins = 0;
  std::uint64_t server_connects = 0, server_connect_failures = 0, cancels = 0, replica_fallbacks = 0;
  std::uint64_t holds = 0, hold_refusals = 0;  // waits before a shard's gate; those who might not wait, or for too long
  std::array<std::uint64_t, router::kRules> by_rule{};
  std::vector<std::uint64_t> by_shard;                  // statements sent to each shard
  std::array<std::uint64_t, kFaultReasons> refusals{};  // errors made by Shardway, by reason
  std::array<std::uint64_t, kPinReasons> pins{};        // clients ever pinned, by reason
  std::uint64_t cache_hits = 0, cache_misses = 0, cache_evictions = 0, cache_bytes = 0, cache_entries = 0;
  Histogram query, wait, server;  // whole statement; waiting for a link; from sent to answered
  DatabaseCounters& operator+=(const DatabaseCounters& other);
};

}  // namespace shardway::proxy::stats
