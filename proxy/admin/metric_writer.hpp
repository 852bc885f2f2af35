// MetricWriter: collects samples by metric name and prints them as Prometheus text. A metric may be written from
// several places (once per database, say); its samples still come out together, as the format demands.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

#include "proxy/stats/counters.hpp"

namespace shardway::proxy::admin {

using Labels = std::vector<std::pair<std::string, std::string>>;

class MetricWriter {
 public:
  void counter(std::string_view name, std::string_view help, const Labels& labels, double value);
  void gauge(std::string_view name, std::string_view help, const Labels& labels, double value);
  // In seconds, one bucket per power of two of microseconds.
  void histogram(std::string_view name, std::string_view help, const Labels& labels, const stats::Histogram& histogram);
  std::string text() const;

 private:
  prometheus::ClientMetric& sample(std::string_view name, std::string_view help, prometheus::MetricType type,
                                   const Labels& labels);

  std::vector<prometheus::MetricFamily> families_;
  std::map<std::string, std::size_t, std::less<>> by_name_;  // index into families_
};

inline double as_double(std::uint64_t value) { return static_cast<double>(value); }
inline double us_as_seconds(std::uint64_t us) { return static_cast<double>(us) / 1e6; }

}  // namespace shardway::proxy::admin
