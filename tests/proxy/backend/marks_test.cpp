#include "proxy/backend/marks.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace shardway::proxy::backend {
namespace {

SteadyNanos now() { return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1); }

class MarksTest : public testing::Test {
 protected:
  MarksTest() {
    config::Database database;
    database.shards.resize(1);
    database.shards[0].name = "shop_0";
    database.shards[0].nodes.resize(3);
    database.reads.from = config::ReadFrom::kReplicas;
    std::atomic<std::uint32_t> number{0};
    backend_ = make_backend(database, number);
    auto& shard = *backend_->shards[0];
    shard.primary = 1;
    for (std::size_t i = 0; i < 3; ++i) {
      shard.nodes[i]->role = i == 1 ? Role::kPrimary : Role::kReplica;
      shard.nodes[i]->lag_us = 0;
    }
  }
  Node& node(std::size_t i) { return *backend_->shards[0]->nodes[i]; }
  // `random`: 0 is the first of those that would do, kLast the last one.
  static constexpr std::uint64_t kLast = UINT64_MAX;
  Choice choose(bool replica_ok = true, std::uint64_t random = 0) {
    return marks_.choose(*backend_->shards[0], 0, backend_->config.reads, replica_ok, random, now());
  }

  std::shared_ptr<Backend> backend_;
  Marks marks_;
};

TEST_F(MarksTest, AWriteGoesToThePrimary) {
  const auto choice = choose(false);
  EXPECT_EQ(choice.node, 1U);
  EXPECT_FALSE(choice.replica || choice.fell_back);
}

TEST_F(MarksTest, ReadersSpreadAndAvoidWhatIsDownOrLate) {
  EXPECT_EQ(choose(true, 0).node, 0U);
  EXPECT_EQ(choose(true, kLast).node, 2U);
  node(0).up = false;
  EXPECT_EQ(choose(true, 0).node, 2U);
  node(2).lag_us = std::chrono::microseconds(backend_->config.reads.max_lag).count() + 1;
  const auto choice = choose();
  EXPECT_EQ(choice.node, 1U);
  EXPECT_TRUE(choice.fell_back && !choice.replica);
}

TEST_F(MarksTest, ANodeTakenOutOfServiceGetsNoRead) {
  node(0).rests = true;
  EXPECT_EQ(choose(true, 0).node, 2U);
  node(2).rests = true;
  EXPECT_EQ(choose().node, 1U);
  node(1).rests = true;  // the primary is asked all the same
  EXPECT_EQ(choose(false).node, 1U);
  node(0).rests = false;
  EXPECT_EQ(choose(true, 0).node, 0U);
}

TEST_F(MarksTest, AReplicaThatRefusesTheLoginIsAskedAgainLater) {
  const auto chosen = [&](std::vector<SteadyNanos> refused_until) {
    return marks_.choose(*backend_->shards[0], 0, backend_->config.reads, true, 0, now(), refused_until);
  };
  const auto later = now() + 1'000'000'000;
  EXPECT_EQ(chosen({0, 0, 0}).node, 0U);
  EXPECT_EQ(chosen({later, 0, 0}).node, 2U);
  EXPECT_TRUE(chosen({later, 0, later}).fell_back);
  EXPECT_EQ(chosen({now(), 0, later}).node, 0U);
}

TEST_F(MarksTest, WhatWasSeenIsStillSeenAfterAReload) {
  marks_.stamp(*backend_, 0, nullptr, true);
  auto database = backend_->config;
  database.shards.insert(database.shards.begin(), config::Shard{"shop_9", {{}}});
  std::atomic<std::uint32_t> number{0};
  const auto after = make_backend(database, number);
  auto& shard = *after->shards[1];
  shard.primary = 1;
  shard.nodes[0]->role = Role::kReplica;
  shard.nodes[0]->lag_us = 0;
  marks_.carry_over(*backend_, *after);
  EXPECT_TRUE(marks_.choose(shard, 1, after->config.reads, true, 0, now()).fell_back)
      << "nothing is known of the replica";
  shard.nodes[0]->fresh_as_of = now() + 1'000'000'000;
  EXPECT_TRUE(marks_.choose(shard, 1, after->config.reads, true, 0, now()).replica);
}

TEST_F(MarksTest, WhatAnOlderConfigurationWritesCountsForStrongReaders) {
  auto database = backend_->config;
  database.reads.consistency = config::Consistency::kStrong;
  std::atomic<std::uint32_t> number{0};
  for (const auto from : {config::ReadFrom::kReplicas, config::ReadFrom::kPrimary}) {
    backend_->config.reads.from = from;  // as the older one had it
    const auto after = make_backend(database, number);
    auto& shard = *after->shards[0];
    shard.inherit(*backend_->shards[0]);
    shard.nodes[0]->role = Role::kReplica;
    shard.nodes[0]->lag_us = 0;
    shard.nodes[0]->fresh_as_of = now();
    const auto chosen = [&] { return Marks().choose(shard, 0, after->config.reads, true, 0, now()); };
    EXPECT_TRUE(chosen().replica);
    marks_.stamp(*backend_, 0, nullptr, true);
    EXPECT_TRUE(chosen().fell_back);
    shard.nodes[0]->fresh_as_of = now();
    EXPECT_TRUE(chosen().replica);
  }
}

TEST_F(MarksTest, AShardIsHeldWhileItsPrimaryIsPaused) {
  auto& shard = *backend_->shards[0];
  node(1).paused = true;
  shard.heed_paused_node();
  EXPECT_EQ(shard.gate.reasons(), "paused");
  EXPECT_FALSE(node(1).takes_writes());
  shard.gate.close(Gate::Reason::kPaused);
  EXPECT_EQ(shard.gate.reasons(), "paused");
  shard.primary = 0;
  shard.heed_paused_node();
  EXPECT_FALSE(shard.gate.is_open()) << "the shard itself is paused, too";
  shard.gate.open(Gate::Reason::kPaused);
  EXPECT_TRUE(node(0).takes_writes());
}

TEST_F(MarksTest, WhoWroteWaitsUntilAReplicaHasIt) {
  marks_.stamp(*backend_, 0, nullptr, true);
  EXPECT_TRUE(choose().fell_back) << "nothing is known of any replica";
  node(2).fresh_as_of = now() + 1'000'000'000;
  EXPECT_EQ(choose(true, 0).node, 2U);
  marks_.clear();
  EXPECT_EQ(choose(true, 0).node, 0U);
}

TEST_F(MarksTest, WhatWasSeenOnAReplicaMayBeReadThereAgain) {
  node(0).fresh_as_of = 1;
  marks_.stamp(*backend_, 0, &node(0), false);
  EXPECT_EQ(choose(true, 0).node, 0U);
  EXPECT_EQ(choose(true, kLast).node, 0U) << "the other one may be behind it";
  node(0).fresh_as_of = 0;  // its connection broke: another server may answer there
  EXPECT_TRUE(choose().fell_back);
}

TEST_F(MarksTest, EventualReadersWaitForNobody) {
  backend_->config.reads.consistency = config::Consistency::kEventual;
  marks_.stamp(*backend_, 0, nullptr, true);
  EXPECT_TRUE(choose().replica);
}

TEST_F(MarksTest, StrongReadersWaitForEverybodysWrites) {
  backend_->config.reads.consistency = config::Consistency::kStrong;
  EXPECT_TRUE(choose().fell_back) << "nothing is known of any replica";
  node(0).fresh_as_of = now();
  EXPECT_EQ(choose().node, 0U);
  Marks another;
  another.stamp(*backend_, 0, nullptr, false);
  EXPECT_EQ(choose().node, 0U) << "it has only read";
  another.stamp(*backend_, 0, nullptr, true);
  EXPECT_TRUE(choose().fell_back);
  node(0).fresh_as_of = now();
  EXPECT_EQ(choose().node, 0U);
}

TEST_F(MarksTest, TheNearestIsOfTheSameZone) {
  backend_->config.reads.from = config::ReadFrom::kNearest;
  EXPECT_EQ(choose(true, kLast).node, 2U) << "nobody is nearer";
  node(0).is_near = true;
  EXPECT_EQ(choose(true, kLast).node, 0U);
  node(1).is_near = true;
  EXPECT_EQ(choose(true, kLast).node, 0U) << "the primary has enough to do";
  node(0).up = false;
  const auto choice = choose(true, kLast);
  EXPECT_EQ(choice.node, 1U) << "it is the only one in the zone";
  EXPECT_FALSE(choice.replica || choice.fell_back);
  node(1).is_near = false;
  EXPECT_EQ(choose(true, kLast).node, 2U);
  backend_->config.reads.from = config::ReadFrom::kReplicas;
  node(0).up = true;
  EXPECT_EQ(choose(true, kLast).node, 2U) << "not asked for";
}

TEST_F(MarksTest, ASlowReplicaIsLeftForThePrimary) {
  for (const std::size_t i : {0, 2}) node(i).fresh_as_of = now();
  marks_.stamp(*backend_, 0, &node(0), false);
  EXPECT_EQ(choose().node, 0U) << "only there it may read";
  node(0).load.latency_us = 100'000;
  node(2).load.latency_us = 500;
  const auto choice = choose();
  EXPECT_EQ(choice.node, 1U);
  EXPECT_TRUE(choice.fell_back) << "so that the other one is soon known to be fresh enough";
  node(2).fresh_as_of = now() + 1'000'000'000;
  EXPECT_EQ(choose(true, kLast).node, 2U);
}

TEST_F(MarksTest, WhoIsBackBeginsGently) {
  const auto picked = [this] {
    int count = 0;
    for (int i = 0; i < 1000; ++i) count += choose(true, next_random()).node == 2 ? 1 : 0;
    return count;
  };
  EXPECT_NEAR(picked(), 500, 100);
  node(2).up = false;
  EXPECT_EQ(picked(), 0);
  node(2).up = true;
  EXPECT_LT(picked(), 150);
  node(2).load.unfit_at = now() - kSlowStartUs * 1000;
  EXPECT_NEAR(picked(), 500, 100);
}

TEST(Claims, AreCountedUntilTheyAreAnswered) {
  Load load;
  {
    Claim one, other;
    one.begin(load, 1'000'000);
    one.begin(load, 2'000'000);
    other.begin(load, 3'000'000);
    EXPECT_EQ(load.outstanding, 2U);
    EXPECT_EQ(load.burden(5'000'000).silent_us, 4'000) << "since it was first asked";
    one.end(6'000'000);
    EXPECT_EQ(load.latency_us, 5'000);
    EXPECT_EQ(load.burden(6'000'000).silent_us, 0);
  }
  EXPECT_EQ(load.outstanding, 0U) << "a connection that goes takes its claim along";
  EXPECT_EQ(load.latency_us, 5'000);
}

}  // namespace
}  // namespace shardway::proxy::backend
