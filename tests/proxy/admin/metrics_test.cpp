#include "proxy/admin/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <sstream>

#include "proxy/admin/metric_writer.hpp"
#include "proxy/admin/version.hpp"
#include "tests/proxy/admin/fake_host.hpp"

namespace shardway::proxy::admin {
namespace {

using testing::HasSubstr;

// The text format, checked line by line: https://prometheus.io/docs/instrumenting/exposition_formats/
// Collects samples by "name{labels}"; a family's samples must stand together behind its TYPE, each sample only once.
struct Parsed {
  std::map<std::string, std::string> types;
  std::map<std::string, double> samples;
};

std::string family_of(const std::string& name, const std::map<std::string, std::string>& types) {
  for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
    if (name.size() <= suffix.size() || !name.ends_with(suffix)) continue;
    const std::string base = name.substr(0, name.size() - suffix.size());
    if (types.count(base) && types.at(base) == "histogram") return base;
  }
  return name;
}

Parsed parse(const std::string& text) {
  static const std::regex type(R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram))");
  static const std::regex help(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) .+)");
  static const std::regex sample(
      R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? ([0-9.e+-]+|\+Inf|NaN))re");
  Parsed parsed;
  std::string line, current;
  std::istringstream input(text);
  EXPECT_TRUE(text.ends_with('\n'));
  while (std::getline(input, line)) {
    std::smatch match;
    if (std::regex_match(line, match, help)) continue;
    if (std::regex_match(line, match, type)) {
      current = match[1];
      EXPECT_TRUE(parsed.types.emplace(current, match[2]).second) << "declared twice: " << line;
    } else if (std::regex_match(line, match, sample)) {
      EXPECT_EQ(family_of(match[1], parsed.types), current) << "not with its family: " << line;
      EXPECT_TRUE(parsed.samples.emplace(match[1].str() + match[2].str(), std::stod(match[3])).second) << line;
    } else {
      ADD_FAILURE() << "not the text format: " << line;
    }
  }
  return parsed;
}

TEST(Metrics, AreTextThatParses) {
  const Parsed parsed = parse(prometheus_text(test::sample_report()));
  for (const auto& [name, value] : std::map<std::string, double>{
           {"shardway_clients", 6},
           {"shardway_clients_logging_in", 1},
           {"shardway_build_info{version=\"" + std::string(kVersion) + "\"}", 1},
           {"shardway_client_active{database=\"shop\",user=\"app\"}", 3},
           {"shardway_client_waiting{database=\"shop\",user=\"app\"}", 2},
           {"shardway_max_wait_seconds{database=\"shop\",user=\"app\"}", 3.000007},
           {"shardway_server_connections{database=\"shop\",shard=\"shop_0\",node=\"127.0.0.1:5501\",state=\"active\"}",
            1},
           {"shardway_statements_total{database=\"shop\",rule=\"key\"}", 30},
           {"shardway_statements_total{database=\"shop\",rule=\"scatter\"}", 0},
           {"shardway_shard_statements_total{database=\"shop\",shard=\"shop_0\"}", 25},
           {"shardway_shard_statements_total{database=\"shop\",shard=\"shop_1\"}", 5},
           {"shardway_refusals_total{database=\"shop\",reason=\"needs_key\"}", 6},
           {"shardway_pins_total{reason=\"listen\"}", 2},
           {"shardway_pinned_clients{reason=\"listen\"}", 1},
           {"shardway_pinned_clients{reason=\"advisory_lock\"}", 0},
           {"shardway_node_up{database=\"shop\",shard=\"shop_0\",node=\"127.0.0.1:5501\"}", 1},
           {"shardway_node_up{database=\"shop\",shard=\"shop_0\",node=\"127.0.0.1:5502\"}", 0},
           {"shardway_node_role{database=\"shop\",shard=\"shop_0\",node=\"127.0.0.1:5502\",role=\"replica\"}", 1},
           {"shardway_node_role{database=\"shop\",shard=\"shop_0\",node=\"127.0.0.1:5502\",role=\"primary\"}", 0},
           {"shardway_node_lag_seconds{database=\"shop\",shard=\"shop_0\",node=\"127.0.0.1:5502\"}", 1.5},
           {"shardway_received_bytes_total{database=\"shop\"}", 3000},
           {"shardway_sent_bytes_total{database=\"shop\"}", 9000},
           {"shardway_client_logins_total{database=\"shop\"}", 2},
           {"shardway_statement_cache_bytes{database=\"shop\"}", 3e9},
           {"shardway_event_loop_lag_seconds_count{worker=\"1\"}", 1},
           {"shardway_pool_size{database=\"shop\"}", 16},
       }) {
    ASSERT_TRUE(parsed.samples.count(name)) << name;
    EXPECT_DOUBLE_EQ(parsed.samples.at(name), value) << name;
  }
  // A primary has no lag, rather than one of 0 or -1.
  EXPECT_FALSE(
      parsed.samples.count("shardway_node_lag_seconds{database=\"shop\",shard=\"shop_0\",node=\"127.0.0.1:5501\"}"));
}

TEST(Metrics, CountersAreCalledTotal) {
  for (const auto& [name, type] : parse(prometheus_text(test::sample_report())).types) {
    EXPECT_EQ(type == "counter", name.ends_with("_total")) << name;
  }
}

TEST(Metrics, HistogramsAreCumulative) {
  const Parsed parsed = parse(prometheus_text(test::sample_report()));
  // Added: 0, 1, 3 and 900 us, 70 s and 200 s.
  const std::map<std::string, double> expected = {{"1e-06", 1},    {"2e-06", 2},     {"4e-06", 3}, {"0.000512", 3},
                                                  {"0.001024", 4}, {"67.108864", 4}, {"+Inf", 6}};
  for (const auto& [bound, count] : expected) {
    const std::string name = "shardway_query_seconds_bucket{database=\"shop\",le=\"" + bound + "\"}";
    ASSERT_TRUE(parsed.samples.count(name)) << name;
    EXPECT_EQ(parsed.samples.at(name), count) << bound;
  }
  EXPECT_EQ(parsed.samples.at("shardway_query_seconds_count{database=\"shop\"}"), 6);
  EXPECT_NEAR(parsed.samples.at("shardway_query_seconds_sum{database=\"shop\"}"), 270.000904, 1e-9);
}

TEST(Metrics, BucketsNeverFallForAnyDurations) {
  stats::Histogram histogram;
  for (std::uint64_t us = 1; us < 1u << 28; us = us * 3 + 1) histogram.add(us);
  MetricWriter out;
  out.histogram("h", "help", {}, histogram);
  std::istringstream lines(out.text());
  std::string line;
  double last = 0, bound = 0;
  std::size_t buckets = 0;
  while (std::getline(lines, line)) {
    double le = 0, count = 0;
    if (std::sscanf(line.c_str(), "h_bucket{le=\"%lf\"} %lf", &le, &count) != 2) continue;
    EXPECT_GT(le, bound);
    EXPECT_GE(count, last);
    bound = le;
    last = count;
    ++buckets;
  }
  EXPECT_EQ(buckets, stats::Histogram::kBuckets);
  EXPECT_EQ(last, static_cast<double>(histogram.total));
}

TEST(Metrics, LabelsAreEscaped) {
  stats::Report report = test::sample_report();
  report.pools[0].user = "a\"b\\c\nd";
  EXPECT_THAT(prometheus_text(report), HasSubstr("user=\"a\\\"b\\\\c\\nd\""));
  parse(prometheus_text(report));
}

TEST(Metrics, AnEmptyReportIsStillText) {
  const Parsed parsed = parse(prometheus_text({}));
  EXPECT_EQ(parsed.samples.at("shardway_clients"), 0);
}

TEST(Metrics, TellOfTheProcess) {
  const Parsed parsed = parse(prometheus_text(test::sample_report()));
  EXPECT_GT(parsed.samples.at("process_cpu_seconds_total"), 0);
  EXPECT_GT(parsed.samples.at("process_resident_memory_bytes"), 1e6);
  EXPECT_GE(parsed.samples.at("process_open_fds"), 3);
  EXPECT_GE(parsed.samples.at("process_max_fds"), parsed.samples.at("process_open_fds"));
  EXPECT_EQ(parsed.samples.at("process_start_time_seconds"), 1764020000);
}

// IPv6 addresses are written as in the configuration, Unix sockets have no port.
TEST(Metrics, NameNodesAsTheConfigurationDoes) {
  stats::Report report = test::sample_report();
  report.servers[0].addr = "::1";
  EXPECT_THAT(prometheus_text(report), HasSubstr("node=\"[::1]:5501\""));
  report.servers[0].addr = "/run/pg";
  report.servers[0].port = 0;
  EXPECT_THAT(prometheus_text(report), HasSubstr("node=\"/run/pg\""));
}

}  // namespace
}  // namespace shardway::proxy::admin
