#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/admin/console.hpp"
#include "proxy/admin/stats_window.hpp"
#include "tests/proxy/admin/fake_host.hpp"

namespace shardway::proxy::admin {
namespace {

using test::FakeHost;

std::vector<std::string> cells(FakeHost& host, std::string_view command) {
  std::vector<std::string> all;
  execute(host, command, false, [&](const Answer& answer) {
    for (const auto& row : answer.rows) {
      for (const auto& cell : row) all.push_back(cell.value_or("~"));
    }
  });
  return all;
}

// Each test is a process of its own to the window: another start time.
FakeHost started_at(std::int64_t start_time, std::uint64_t uptime_us) {
  FakeHost host;
  host.report.start_time = start_time;
  host.report.uptime_us = uptime_us;
  return host;
}

TEST(ShowStats, TotalsThenAverages) {
  FakeHost host = started_at(1, 10'000'000);
  EXPECT_THAT(cells(host, "SHOW STATS"),
              testing::ElementsAre("shop", "10", "20", "40", "3000", "9000", "4000", "2000", "50", "7", "3", "8", "2",
                                   // per second of ten, but times per transaction, query and assignment
                                   "1", "2", "4", "300", "900", "200", "50", "5", "0", "0", "0", "0"));
  EXPECT_THAT(cells(host, "SHOW STATS_TOTALS"),
              testing::ElementsAre("shop", "10", "20", "40", "3000", "9000", "4000", "2000", "50", "7", "3", "8", "2"));
  EXPECT_THAT(cells(host, "SHOW STATS_AVERAGES"),
              testing::ElementsAre("shop", "1", "2", "4", "300", "900", "200", "50", "5", "0", "0", "0", "0"));
}

TEST(ShowStats, AveragesForgetWhatIsLongAgo) {
  FakeHost host = started_at(2, 70'000'000);
  cells(host, "SHOW STATS");  // a sample at 70 s
  host.report.uptime_us = 140'000'000;
  cells(host, "SHOW STATS");  // and at 140 s; from now on the one of 70 s is the baseline
  host.report.uptime_us = 170'000'000;
  auto& shop = host.report.counters["shop"];
  shop.queries += 1000;
  shop.query_us += 5'000'000;
  const auto averages = cells(host, "SHOW STATS_AVERAGES");
  EXPECT_EQ(averages.at(3), "10");  // 1000 in 100 s
  EXPECT_EQ(averages.at(7), "5000");
  EXPECT_EQ(averages.at(2), "0");
}

TEST(ShowStats, ADatabaseThatCameAgainIsNotNegative) {
  FakeHost host = started_at(3, 70'000'000);
  cells(host, "SHOW STATS");
  host.report.uptime_us = 140'000'000;
  cells(host, "SHOW STATS");
  host.report.counters["shop"] = stats::DatabaseCounters{};
  host.report.uptime_us = 150'000'000;
  for (const auto& value : cells(host, "SHOW STATS_AVERAGES")) EXPECT_TRUE(value == "0" || value == "shop") << value;
}

TEST(ShowStats, ListsIdleDatabasesAndNoTimeHasPassed) {
  FakeHost host = started_at(4, 0);
  host.report.counters.clear();
  const auto row = cells(host, "SHOW STATS");
  ASSERT_EQ(row.size(), 25u);
  EXPECT_EQ(row[0], "shop");
  EXPECT_EQ(row[1], "0");
}

TEST(ShowStats, TotalsUsePgbouncersOwnNames) {
  FakeHost host = started_at(5, 10'000'000);
  host.report.counters["other"] = test::sample_counters();
  const auto all = cells(host, "SHOW TOTALS");
  ASSERT_EQ(all.size(), 48u);
  EXPECT_EQ(all[0], "total_server_assignment_count");
  EXPECT_EQ(all[1], "20");
  EXPECT_EQ(all[6], "total_client_bytes");
  EXPECT_EQ(all[7], "6000");
  EXPECT_EQ(all[8], "total_server_bytes");
  EXPECT_EQ(all[16], "total_ps_client_parse_count");
  EXPECT_EQ(all[22], "total_client_login_count");
  EXPECT_EQ(all[24], "avg_server_assignment_count");
  EXPECT_EQ(all[25], "2");
}

TEST(StatsWindow, ANewProcessStartsFromNothing) {
  StatsWindow window;
  stats::Report report = test::sample_report();
  report.uptime_us = 200'000'000;
  EXPECT_EQ(window.baseline(report).uptime_us, 0u);
  report.uptime_us = 300'000'000;
  EXPECT_EQ(window.baseline(report).uptime_us, 200'000'000u);
  report.start_time += 1;
  report.uptime_us = 5;
  EXPECT_EQ(window.baseline(report).uptime_us, 0u);
}

}  // namespace
}  // namespace shardway::proxy::admin
