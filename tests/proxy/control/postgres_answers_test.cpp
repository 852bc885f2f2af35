// The answers below were taken from a PostgreSQL 15 primary and its streaming replica.
#include "proxy/control/answers.hpp"

#include <gtest/gtest.h>

#include "tests/proxy/control/results.hpp"

namespace shardway::proxy::control {
namespace {

const Row kPrimary{"f",          "0/4035D68",
                   "0/4035D00",  "0000000A",
                   std::nullopt, std::nullopt,
                   std::nullopt, "7711857000648721914",
                   "9",          "2026-11-24 21:43:50.420791+00",
                   "on",         std::nullopt,
                   "8192",       "67108864"};
const Row kReplica{"t",           std::nullopt,
                   std::nullopt,  std::nullopt,
                   "16/B374D848", "16/B374D900",
                   "streaming 2", "7711857000648721914",
                   "1",           "2026-11-24 21:43:51.452224+00",
                   "off",         "624776",
                   "8192",        "16777216"};

Row with(Row row, std::size_t column, std::optional<std::string> value) {
  row[column] = std::move(value);
  return row;
}
Status status_of(const Row& row) { return kPostgresQuestions.read_status({make_result({row}, 14)}); }

TEST(Answers, OfAPrimary) {
  const auto s = status_of(kPrimary);
  EXPECT_FALSE(s.positions.in_recovery);
  EXPECT_EQ(s.positions.inserted, 0x4035D68U);
  EXPECT_EQ(s.positions.flushed, 0x4035D00U);
  EXPECT_EQ(s.timeline(), 10U) << "of the WAL file it writes, not of its last checkpoint";
  EXPECT_EQ(s.system_identifier, 7711857000648721914U);
  EXPECT_TRUE(s.read_only);
  EXPECT_FALSE(s.since_replay_us);
  EXPECT_EQ(s.geometry.segment, 64U << 20);
}

TEST(Answers, OfAStreamingReplica) {
  const auto s = status_of(kReplica);
  EXPECT_TRUE(s.positions.in_recovery);
  EXPECT_EQ(s.positions.replayed, 0x16B374D848U);
  EXPECT_EQ(s.positions.received, 0x16B374D900U);
  EXPECT_TRUE(s.positions.streaming);
  EXPECT_EQ(s.timeline(), 2U) << "of its receiver: the checkpoint's lags behind a promotion";
  EXPECT_EQ(s.since_replay_us, 624776);
}

TEST(Answers, AReceiverThatDoesNotStreamHasNoTimeline) {
  for (const auto& state : {"waiting 2", "starting 2", "restarting 2"}) {
    const auto s = status_of(with(kReplica, 6, state));
    EXPECT_TRUE(s.positions.receiver_runs) << state;
    EXPECT_FALSE(s.positions.streaming) << state;
    EXPECT_EQ(s.positions.timeline, 0U) << state;
    EXPECT_EQ(s.timeline(), 1U) << "for roles the last checkpoint's will do";
  }
  EXPECT_FALSE(status_of(with(kReplica, 6, std::nullopt)).positions.receiver_runs);
}

TEST(Answers, WithoutPgMonitorTheReceiverIsHidden) {
  const auto s = status_of(with(kReplica, 6, "hidden 0"));
  EXPECT_TRUE(s.positions.receiver_hidden);
  EXPECT_TRUE(s.positions.receiver_runs);
  EXPECT_FALSE(s.positions.streaming);
  EXPECT_EQ(s.positions.timeline, 0U);
}

TEST(Answers, TheLightQuestionHasTheFirstColumns) {
  const auto p = kPostgresQuestions.read_positions({make_result({Row(kReplica.begin(), kReplica.begin() + 7)}, 7)});
  EXPECT_TRUE(p.in_recovery);
  EXPECT_EQ(p.replayed, 0x16B374D848U);
  EXPECT_EQ(p.timeline, 2U);
}

TEST(Answers, NoRowIsNothingKnown) {
  const auto s = kPostgresQuestions.read_status({make_result({}, 14)});
  EXPECT_EQ(s.system_identifier, 0U);
  EXPECT_EQ(s.timeline(), 0U);
}

TEST(Answers, Positions) {
  EXPECT_EQ(parse_lsn("0/0"), 0U);
  EXPECT_EQ(parse_lsn("FFFFFFFF/FFFFFFFF"), UINT64_MAX);
  EXPECT_EQ(parse_lsn("1/2"), 0x100000002U);
  EXPECT_EQ(parse_lsn(""), 0U);
  EXPECT_EQ(parse_lsn("12"), 0U);
}

}  // namespace
}  // namespace shardway::proxy::control
