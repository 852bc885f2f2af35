// Which replica a read goes to: the claims as a table, and what comes of them over time, in a simulation by a seed.
#include "proxy/backend/choice.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace shardway::proxy::backend {
namespace {

constexpr std::int64_t kLongAgo = 3'600'000'000;

TEST(Choice, WhoDeservesMore) {
  struct Case {
    const char* why;
    Burden more, less;
  };
  for (const auto& one : std::vector<Case>{
           {"fewer statements", {1, 500, 0, kLongAgo}, {2, 500, 0, kLongAgo}},
           {"faster answers", {1, 500, 0, kLongAgo}, {1, 600, 0, kLongAgo}},
           {"fast enough for two", {1, 200, 0, kLongAgo}, {0, 500, 0, kLongAgo}},
           {"it answers at all", {1, 500, 100, kLongAgo}, {1, 500, 50'000, kLongAgo}},
           {"it has been back for longer", {1, 500, 0, 3'000'000}, {1, 500, 0, 1'000'000}},
           {"it was never away", {1, 500, 0, kLongAgo}, {1, 500, 0, 4'000'000}},
           {"known to be fast", {0, 100, 0, kLongAgo}, {0, 0, 0, kLongAgo}},
       })
    EXPECT_GT(weight_of(one.more), weight_of(one.less)) << one.why;
  EXPECT_EQ(weight_of({0, 500, kLongAgo, kLongAgo}), weight_of({0, 500, 0, kLongAgo})) << "it had nothing to answer";
  EXPECT_EQ(weight_of({1, 3, 0, kLongAgo}), weight_of({1, 7, 0, kLongAgo})) << "noise";
}

TEST(Choice, EveryNodeIsPickedAsOftenAsItDeserves) {
  const std::vector<Burden> burdens{{0, 400, 0, kLongAgo}, {0, 200, 0, kLongAgo}, {0, 800, 0, kLongAgo}};
  std::vector<int> picked(burdens.size());
  std::mt19937_64 random(1);
  for (int i = 0; i < 21'000; ++i) ++picked[pick(burdens, random())];
  EXPECT_NEAR(picked[0], 4'000, 300);
  EXPECT_NEAR(picked[1], 16'000, 300);
  EXPECT_NEAR(picked[2], 1'000, 300);
  EXPECT_EQ(pick(burdens, 0), 0U);
  EXPECT_EQ(pick(burdens, UINT64_MAX), 2U);
}

TEST(Choice, WhoIsLeftAlone) {
  EXPECT_TRUE(is_left_alone({0, 100'000, 0, kLongAgo}, {0, 500, 0, kLongAgo}));
  EXPECT_TRUE(is_left_alone({1, 500, 2'000'000, kLongAgo}, {3, 500, 100, kLongAgo})) << "it says nothing more";
  EXPECT_FALSE(is_left_alone({0, 20'000, 0, kLongAgo}, {0, 500, 0, kLongAgo})) << "it was busy for a moment";
  EXPECT_FALSE(is_left_alone({0, 100'000, 0, kLongAgo}, {0, 50'000, 0, kLongAgo})) << "nobody is fast";
}

TEST(Choice, TheMean) {
  EXPECT_EQ(mean_with(0, 700), 700);
  EXPECT_EQ(mean_with(1600, 3200), 1700);
  EXPECT_EQ(mean_with(0, 0), 1) << "0 would be unknown";
  std::int64_t mean = 1'000'000;
  for (int i = 0; i < 200; ++i) mean = mean_with(mean, 500);
  EXPECT_LT(mean, 600);
}

// Replicas that answer after their latency, in virtual time; one client's statement after the other from each of
// several clients.
class Simulation {
 public:
  struct Replica {
    std::int64_t latency_us = 500;
    bool is_stopped = false;
    Burden burden{0, 0, 0, kLongAgo};
    std::int64_t heard_at = 0, unfit_at = -kLongAgo;
    std::size_t picked = 0;
  };
  explicit Simulation(std::vector<std::int64_t> latencies) : random_(7) {
    for (const auto latency : latencies) replicas.push_back({latency});
  }

  void run(std::int64_t until_us, std::size_t clients) {
    while (flying_.size() < clients) ask();
    while (now_ < until_us) {
      const auto next = std::min_element(flying_.begin(), flying_.end(),
                                         [](const auto& a, const auto& b) { return a.ends < b.ends; });
      if (next->ends > until_us) break;
      const auto done = *next;
      flying_.erase(next);
      now_ = done.ends;
      auto& replica = replicas[done.replica];
      --replica.burden.outstanding;
      replica.burden.latency_us = mean_with(replica.burden.latency_us, now_ - done.since);
      replica.heard_at = now_;
      ask();
    }
    now_ = until_us;
  }

  std::vector<double> shares() {
    double sum = 0;
    for (const auto& one : replicas) sum += static_cast<double>(one.picked);
    std::vector<double> shares;
    for (auto& one : replicas) shares.push_back(static_cast<double>(std::exchange(one.picked, 0)) / sum);
    return shares;
  }

  std::vector<Replica> replicas;

 private:
  struct Flying {
    std::size_t replica;
    std::int64_t since, ends;
  };
  void ask() {
    std::vector<Burden> burdens;
    for (auto& one : replicas) {
      one.burden.silent_us = now_ - one.heard_at;
      one.burden.back_for_us = now_ - one.unfit_at;
      burdens.push_back(one.burden);
    }
    const auto at = pick(burdens, random_());
    auto& replica = replicas[at];
    if (replica.burden.outstanding++ == 0) replica.heard_at = now_;
    ++replica.picked;
    const auto jitter = static_cast<std::int64_t>(random_() % 100);
    flying_.push_back({at, now_, replica.is_stopped ? INT64_MAX : now_ + replica.latency_us + jitter});
  }

  std::int64_t now_ = 0;
  std::vector<Flying> flying_;
  std::mt19937_64 random_;
};

TEST(ChoiceSimulation, EqualReplicasShareEqually) {
  Simulation simulation({500, 500, 500});
  simulation.run(5'000'000, 12);
  for (const auto share : simulation.shares()) EXPECT_NEAR(share, 1.0 / 3, 0.05);
}

TEST(ChoiceSimulation, TheSlowOneGetsLessAndTheFastOneIsNotFlooded) {
  Simulation simulation({500, 5'000});
  simulation.run(1'000'000, 8);
  simulation.shares();
  simulation.run(5'000'000, 8);
  const auto shares = simulation.shares();
  EXPECT_LT(shares[1], 0.15);
  EXPECT_GT(shares[1], 0.001) << "it is looked at from time to time: it may become faster";
}

TEST(ChoiceSimulation, AStoppedOneGetsNextToNothingAndComesBack) {
  Simulation simulation({500, 500});
  simulation.run(1'000'000, 8);
  simulation.shares();
  simulation.replicas[1].is_stopped = true;
  simulation.run(1'050'000, 64);  // more clients than get stuck
  simulation.shares();
  simulation.run(3'000'000, 64);
  EXPECT_LT(simulation.shares()[1], 0.001);
  simulation.replicas[1].is_stopped = false;
  simulation.replicas[1].burden.outstanding = 0;  // those that were stuck have been answered
  simulation.replicas[1].unfit_at = 3'000'000;
  simulation.run(3'500'000, 64);
  const auto at_first = simulation.shares()[1];
  simulation.run(12'000'000, 64);
  simulation.shares();
  simulation.run(15'000'000, 64);
  EXPECT_LT(at_first, 0.35) << "it begins gently";
  EXPECT_NEAR(simulation.shares()[1], 0.5, 0.1);
}

}  // namespace
}  // namespace shardway::proxy::backend
