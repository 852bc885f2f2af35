#include "proxy/stats/counters.hpp"

#include <gtest/gtest.h>

#include <set>

#include "proxy/stats/report.hpp"

namespace shardway::proxy::stats {
namespace {

TEST(DatabaseCounters, SumTakesEveryNumber) {
  DatabaseCounters a, b;
  for (auto member : {&DatabaseCounters::server_assignments,
                      &DatabaseCounters::transactions,
                      &DatabaseCounters::queries,
                      &DatabaseCounters::received_bytes,
                      &DatabaseCounters::sent_bytes,
                      &DatabaseCounters::transaction_us,
                      &DatabaseCounters::query_us,
                      &DatabaseCounters::wait_us,
                      &DatabaseCounters::client_parses,
                      &DatabaseCounters::server_parses,
                      &DatabaseCounters::binds,
                      &DatabaseCounters::client_logins,
                      &DatabaseCounters::failed_logins,
                      &DatabaseCounters::server_connects,
                      &DatabaseCounters::server_connect_failures,
                      &DatabaseCounters::cancels,
                      &DatabaseCounters::replica_fallbacks,
                      &DatabaseCounters::cache_hits,
                      &DatabaseCounters::cache_misses,
                      &DatabaseCounters::cache_evictions,
                      &DatabaseCounters::cache_bytes,
                      &DatabaseCounters::cache_entries}) {
    a.*member = 3;
    b.*member = 4;
    DatabaseCounters sum = a;
    sum += b;
    EXPECT_EQ(sum.*member, 7u);
  }
}

TEST(DatabaseCounters, SumTakesEveryArrayAndTheLongerShardList) {
  DatabaseCounters a, b;
  a.by_rule.fill(1);
  b.by_rule.fill(2);
  a.refusals.fill(3);
  b.refusals.fill(4);
  a.pins.fill(5);
  b.pins.fill(6);
  a.by_shard = {10};
  b.by_shard = {1, 2, 3};
  a.query.add(100);
  b.query.add(100);
  b.wait.add(5);
  b.server.add(6);
  a += b;
  for (auto n : a.by_rule) EXPECT_EQ(n, 3u);
  for (auto n : a.refusals) EXPECT_EQ(n, 7u);
  for (auto n : a.pins) EXPECT_EQ(n, 11u);
  EXPECT_EQ(a.by_shard, (std::vector<std::uint64_t>{11, 2, 3}));
  EXPECT_EQ(a.query.total, 2u);
  EXPECT_EQ(a.wait.sum_us, 5u);
  EXPECT_EQ(a.server.sum_us, 6u);
  // The shorter list on the right side changes nothing beyond its end.
  DatabaseCounters c;
  c.by_shard = {1};
  a += c;
  EXPECT_EQ(a.by_shard, (std::vector<std::uint64_t>{12, 2, 3}));
}

TEST(Histogram, BucketIsThePowerOfTwoAbove) {
  struct Case {
    std::uint64_t us;
    std::size_t bucket;
  };
  for (const Case& c : {Case{0, 0}, Case{1, 1}, Case{2, 2}, Case{3, 2}, Case{4, 3}, Case{1023, 10}, Case{1024, 11},
                        Case{(1u << 26) - 1, 26}, Case{1u << 26, 27}, Case{~std::uint64_t{0}, 27}}) {
    Histogram h;
    h.add(c.us);
    EXPECT_EQ(h.counts.at(c.bucket), 1u) << c.us;
  }
}

TEST(PoolRow, SumAddsNumbersAndKeepsTheLongestWait) {
  PoolRow a{.database = "shop", .user = "app", .mode = "transaction", .cl_active = 1, .sv_idle = 2, .maxwait_us = 10};
  const PoolRow b{.database = {},
                  .user = {},
                  .mode = {},
                  .cl_active = 2,
                  .cl_waiting = 3,
                  .cl_active_cancel_req = 1,
                  .cl_waiting_cancel_req = 2,
                  .sv_active = 4,
                  .sv_active_cancel = 5,
                  .sv_being_canceled = 6,
                  .sv_idle = 7,
                  .sv_used = 8,
                  .sv_tested = 9,
                  .sv_login = 10,
                  .maxwait_us = 5};
  a += b;
  EXPECT_EQ(a.database, "shop");
  EXPECT_EQ(a.cl_active, 3u);
  EXPECT_EQ(a.cl_waiting, 3u);
  EXPECT_EQ(a.cl_active_cancel_req, 1u);
  EXPECT_EQ(a.cl_waiting_cancel_req, 2u);
  EXPECT_EQ(a.sv_active, 4u);
  EXPECT_EQ(a.sv_active_cancel, 5u);
  EXPECT_EQ(a.sv_being_canceled, 6u);
  EXPECT_EQ(a.sv_idle, 9u);
  EXPECT_EQ(a.sv_used, 8u);
  EXPECT_EQ(a.sv_tested, 9u);
  EXPECT_EQ(a.sv_login, 10u);
  EXPECT_EQ(a.maxwait_us, 10u);
  PoolRow fresh;
  fresh += a;
  EXPECT_EQ(fresh.user, "app");
  EXPECT_EQ(fresh.mode, "transaction");
}

TEST(ReasonName, EveryReasonHasItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kFaultReasons; ++i) names.insert(reason_name(static_cast<protocol::FaultReason>(i)));
  EXPECT_EQ(names.size(), kFaultReasons);
  EXPECT_EQ(names.count("unknown"), 0u);
}

}  // namespace
}  // namespace shardway::proxy::stats
