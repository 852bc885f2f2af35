#include "proxy/admin/metric_writer.hpp"

#include <prometheus/text_serializer.h>

#include <limits>

namespace shardway::proxy::admin {

using prometheus::ClientMetric;
using prometheus::MetricType;

ClientMetric& MetricWriter::sample(std::string_view name, std::string_view help, MetricType type,
                                   const Labels& labels) {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    found = by_name_.emplace(std::string(name), families_.size()).first;
    families_.push_back({std::string(name), std::string(help), type, {}});
  }
  ClientMetric& metric = families_[found->second].metric.emplace_back();
  for (const auto& [label, value] : labels) metric.label.push_back({label, value});
  return metric;
}

void MetricWriter::counter(std::string_view name, std::string_view help, const Labels& labels, double value) {
  sample(name, help, MetricType::Counter, labels).counter.value = value;
}

void MetricWriter::gauge(std::string_view name, std::string_view help, const Labels& labels, double value) {
  sample(name, help, MetricType::Gauge, labels).gauge.value = value;
}

// Bucket i counts whole microseconds below 2^i, so 2^i is its upper bound; the last one is open.
void MetricWriter::histogram(std::string_view name, std::string_view help, const Labels& labels,
                             const stats::Histogram& histogram) {
  auto& out = sample(name, help, MetricType::Histogram, labels).histogram;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < stats::Histogram::kBuckets; ++i) {
    count += histogram.counts[i];
    const bool open = i + 1 == stats::Histogram::kBuckets;
    out.bucket.push_back(
        {count, open ? std::numeric_limits<double>::infinity() : us_as_seconds(std::uint64_t{1} << i)});
  }
  out.sample_count = count;
  out.sample_sum = us_as_seconds(histogram.sum_us);
}

std::string MetricWriter::text() const { return prometheus::TextSerializer().Serialize(families_); }

}  // namespace shardway::proxy::admin
