// StatsWindow: what the averages of SHOW STATS are averages of: the time since a sample at least `stats_period` old, as
// in PgBouncer. Without a timer: asking takes the samples. Any thread may ask.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "proxy/stats/report.hpp"

namespace shardway::proxy::admin {

inline constexpr std::uint64_t kStatsPeriodUs = 60'000'000;

class StatsWindow {
 public:
  struct Sample {
    std::int64_t start_time = 0;  // of the process the numbers are from
    std::uint64_t uptime_us = 0;  // 0: the start, all counters 0
    std::map<std::string, stats::DatabaseCounters> counters;
  };
  // The sample `report` is to be compared with; `report` becomes a sample itself if the newest is old enough.
  Sample baseline(const stats::Report& report);

 private:
  std::mutex mutex_;
  Sample older_, newer_;
};

}  // namespace shardway::proxy::admin
