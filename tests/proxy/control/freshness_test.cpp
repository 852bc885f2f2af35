// The rules a session's "read your writes" stands on; each was model-checked, and is named after what breaks without
// it.
#include "proxy/control/freshness.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shardway::proxy::control {
namespace {

constexpr History kShop1{7001, 1}, kShop2{7001, 2}, kOther1{7002, 1}, kUnknown{7001, 0};
constexpr SteadyNanos kSecond = 1'000'000'000;

PrimarySample sample(SteadyNanos sent, std::uint64_t end_of_wal, History history = kShop1) {
  return {sent, sent + 5, history, end_of_wal, end_of_wal};
}

Samples of(std::initializer_list<PrimarySample> list) {
  Samples samples;
  for (const auto& s : list) samples.add(s);
  return samples;
}

TEST(Freshness, NothingIsKnownWithoutSamples) { EXPECT_EQ(Samples().fresh_as_of({kShop1, 1000}), 0); }

TEST(Freshness, IsTheNewestSampleTheReplicaHasReached) {
  const auto samples = of({sample(10, 100), sample(20, 200), sample(30, 300)});
  EXPECT_EQ(samples.fresh_as_of({kShop1, 99}), 0);
  EXPECT_EQ(samples.fresh_as_of({kShop1, 100}), 10);
  EXPECT_EQ(samples.fresh_as_of({kShop1, 299}), 20);
  EXPECT_EQ(samples.fresh_as_of({kShop1, 300}), 30);
  EXPECT_EQ(samples.fresh_as_of({kShop1, 9000}), 30);
}

// "a sample counts if its query was sent after the acknowledgement was read; not if merely answered after"
TEST(Freshness, IsStampedWhenTheQuestionWasSentNotWhenItWasAnswered) {
  const auto samples = of({PrimarySample{10, 50, kShop1, 100, 100}});
  EXPECT_EQ(samples.fresh_as_of({kShop1, 100}), 10);
}

// "sample the insert position; the flush position only where synchronous_commit is on"
TEST(Freshness, CountsByWhatWasInsertedNotByWhatWasFlushed) {
  const auto samples = of({PrimarySample{10, 11, kShop1, 100, 60}});
  EXPECT_EQ(samples.fresh_as_of({kShop1, 60}), 0) << "an asynchronous commit may be acknowledged and not flushed";
  EXPECT_EQ(samples.fresh_as_of({kShop1, 100}), 10);
}

// "positions compare within one timeline; after a promotion samples of the old timeline do not count"
TEST(Freshness, ComparesWithinOneHistoryOnly) {
  const auto samples = of({sample(10, 100)});
  EXPECT_EQ(samples.fresh_as_of({kShop2, 500}), 0) << "the replica is on a newer timeline";
  EXPECT_EQ(samples.fresh_as_of({kOther1, 500}), 0) << "the address leads to another server";
  EXPECT_EQ(samples.fresh_as_of({kUnknown, 500}), 0) << "unknown is equal to nothing";
  EXPECT_EQ(of({sample(10, 100, kUnknown)}).fresh_as_of({kUnknown, 500}), 0) << "not even to itself";
}

TEST(Freshness, SamplesOfTheOldTimelineAreForgottenWithTheFirstOfTheNew) {
  const auto samples = of({sample(10, 100), sample(20, 150, kShop2)});
  EXPECT_EQ(samples.fresh_as_of({kShop1, 500}), 0);
  EXPECT_EQ(samples.fresh_as_of({kShop2, 120}), 0);
  EXPECT_EQ(samples.fresh_as_of({kShop2, 150}), 20);
}

TEST(Freshness, APositionThatWentBackEndsTheOlderOnes) {
  const auto samples = of({sample(10, 100), sample(20, 80)});
  EXPECT_EQ(samples.fresh_as_of({kShop1, 100}), 20);
  EXPECT_EQ(samples.fresh_as_of({kShop1, 79}), 0);
}

TEST(Freshness, AnIdlePrimaryCostsOneSampleAndMovesItsStamp) {
  const auto samples = of({sample(10, 100), sample(20, 100), sample(30, 100)});
  EXPECT_EQ(samples.fresh_as_of({kShop1, 100}), 30);
  EXPECT_EQ(samples.behind_since({kShop1, 99}), 15) << "reached by the first answer";
}

TEST(Freshness, ManySamplesStillReachBackForAReplicaThatLags) {
  Samples samples;
  for (int i = 1; i <= 5000; ++i) samples.add(sample(i * 1000, static_cast<std::uint64_t>(i)));
  EXPECT_EQ(samples.fresh_as_of({kShop1, 5000}), 5'000'000);
  const auto old = samples.fresh_as_of({kShop1, 4700});
  EXPECT_LE(old, 4'700'000);
  EXPECT_GT(old, 4'500'000);
}

struct Observation {
  std::uint32_t streamed;
  std::uint64_t replayed;
  std::uint32_t checkpoint;
};
struct ProofCase {
  const char* story;
  std::vector<Observation> observed;
  std::uint32_t proven;
};

// A replica of the old primary was 20 kB beyond the fork when it was pointed at the new one and restarted: it streamed
// timeline 2 while it stood on timeline 1, and 80 reads of a session missed its own write.
TEST(TimelineProof, StreamingATimelineIsNotStandingOnIt) {
  const ProofCase cases[] = {
      {"never promoted: its last checkpoint is of the timeline it streams", {{1, 100, 1}}, 1},
      {"streams the new timeline, stands on the old one", {{2, 100, 1}, {2, 100, 1}, {2, 100, 0}, {2, 100, 1}}, 0},
      {"replays on while it streams", {{2, 100, 1}, {2, 100, 0}, {2, 101, 0}}, 2},
      {"the first position may still be of before it streamed", {{2, 100, 1}, {2, 150, 1}}, 0},
      {"a checkpoint of the new timeline was replayed", {{2, 100, 1}, {2, 100, 2}}, 2},
      {"proven once is proven while it streams", {{2, 100, 2}, {2, 100, 0}, {2, 100, 0}}, 2},
      {"its receiver ended", {{2, 100, 2}, {0, 100, 2}}, 0},
      {"and begins again: from the start", {{2, 100, 1}, {2, 100, 1}, {0, 100, 1}, {2, 120, 1}, {2, 130, 1}}, 0},
      {"another timeline", {{1, 100, 1}, {2, 100, 1}}, 0},
      {"nothing said", {{0, 100, 1}, {0, 200, 1}, {0, 300, 1}}, 0},
  };
  for (const auto& c : cases) {
    TimelineProof proof;
    for (const auto& o : c.observed) proof.observe(o.streamed, o.replayed, o.checkpoint);
    EXPECT_EQ(proof.timeline(), c.proven) << c.story;
  }
}

struct InsertCase {
  const char* story;
  std::uint64_t insert, end;
};

// "while nothing is written the insert position can stand past the last record (a page header): no replica ever usable"
TEST(Freshness, APageHeaderIsNoRecord) {
  const InsertCase cases[] = {
      {"within a page", 0x4035D68, 0x4035D68},
      {"behind a page's header: the record ended at the page's end", 0x4036018, 0x4036000},
      {"behind a segment's first header", 0x5000028, 0x5000000},
      {"24 into a segment's first page is inside its header of 40", 0x5000018, 0x5000018},
      {"40 into a page that is not a segment's first", 0x4036028, 0x4036028},
      {"exactly at a page", 0x4036000, 0x4036000},
  };
  for (const auto& c : cases) EXPECT_EQ(end_of_last_record(c.insert, {}), c.end) << c.story;
  EXPECT_EQ(end_of_last_record(0x4038018, {.block = 32768, .segment = 16U << 20}), 0x4038000U);
  EXPECT_EQ(end_of_last_record(0x4036018, {.block = 32768, .segment = 16U << 20}), 0x4036018U)
      << "no page starts there";
}

struct LagCase {
  const char* story;
  ReplicaReport report;
  Samples samples;
  std::int64_t lag;
};

TEST(Lag, IsTheReplicasWordWithinWhatTheSamplesProve) {
  constexpr SteadyNanos now = 100 * kSecond;
  const auto at = [](std::int64_t seconds_ago, std::uint64_t position) {
    return PrimarySample{now - seconds_ago * kSecond, now - seconds_ago * kSecond, kShop1, position, position};
  };
  const ReplicaReport level{.replayed = 100, .received = 100, .streaming = true, .since_replay_us = 3'600'000'000};
  const ReplicaReport behind{.replayed = 100, .received = 200, .streaming = true, .since_replay_us = 700'000};
  const LagCase cases[] = {
      {"level and streaming, though the last commit is an hour old", level, {}, 0},
      {"received and not replayed", behind, {}, 700'000},
      {"nothing was replayed since it started", {100, 200, true, std::nullopt}, {}, -1},
      {"its receiver is gone: level means nothing", {100, 100, false, 5'000'000}, {}, 5'000'000},
      {"the servers' clocks differ", {100, 200, true, -20}, {}, 0},
      {"idle for an hour, one record under way: it had all a second ago",
       {100, 200, true, 3'600'000'000},
       of({at(1, 100)}),
       1'000'000},
      {"nothing was replayed since it started, but it had all two seconds ago",
       {100, 200, true, std::nullopt},
       of({at(2, 90)}),
       2'000'000},
      {"a receiver on a dead link: the primary went on 30 s ago", level, of({at(40, 100), at(30, 150), at(1, 300)}),
       30'000'000},
      {"level with the newest sample", level, of({at(3, 90), at(2, 100)}), 0},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(lag_us(c.report, c.samples, {kShop1, c.report.replayed}, now), c.lag) << c.story;
  }
}

// The primary is away: nobody writes.
TEST(Lag, OfAReplicaThatHadEverythingDoesNotGrow) {
  struct One {
    const char* story;
    ReplicaReport report;
    History history;
    bool had;
  };
  const PrimarySample last{10, 15, kShop1, 110, 100};
  const One cases[]{
      {"it stands where the primary stood", {100, 100, false, 60'000'000}, kShop1, true},
      {"beyond, by what came after the last look", {130, 130, false, 60'000'000}, kShop1, true},
      {"restarted: what it received is not known", {100, 0, false, std::nullopt}, kShop1, true},
      {"before", {99, 99, false, 60'000'000}, kShop1, false},
      {"it has received a part of the next record", {120, 130, false, 60'000'000}, kShop1, true},
      {"it still receives, and does not replay", {120, 130, true, 60'000'000}, kShop1, false},
      {"of another timeline", {130, 130, true, 0}, kShop2, false},
      {"of nobody knows which", {130, 130, true, 0}, kUnknown, false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(had_everything(c.report, last, {c.history, c.report.replayed}), c.had) << c.story;
}

TEST(Lag, SamplesOfAnotherHistoryProveNothing) {
  const ReplicaReport behind{.replayed = 100, .received = 200, .streaming = true, .since_replay_us = 700'000};
  EXPECT_EQ(lag_us(behind, of({sample(10, 50)}), {kShop2, 100}, 20), 700'000);
}

}  // namespace
}  // namespace shardway::proxy::control
