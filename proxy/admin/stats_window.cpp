#include "proxy/admin/stats_window.hpp"

#include <utility>

namespace shardway::proxy::admin {

StatsWindow::Sample StatsWindow::baseline(const stats::Report& report) {
  const std::lock_guard lock(mutex_);
  if (newer_.start_time != report.start_time || newer_.uptime_us > report.uptime_us) {
    older_ = newer_ = Sample{report.start_time, 0, {}};
  }
  if (report.uptime_us - newer_.uptime_us >= kStatsPeriodUs) {
    older_ = std::exchange(newer_, Sample{report.start_time, report.uptime_us, report.counters});
  }
  return older_;
}

}  // namespace shardway::proxy::admin
