#include "proxy/transaction/deadlock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shardway::proxy::transaction {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Waiting waits(std::uint64_t client, std::vector<Backend> backends) {
  return {client, 0, static_cast<std::int64_t>(client), std::move(backends), nullptr};
}

const int kHere = 0, kThere = 0;  // pools, of two connections each

// It stands in the line of `wanted`, with connections of `held` in hand.
Waiting in_line(std::uint64_t client, std::vector<Backend> backends, std::vector<const void*> held,
                const void* wanted) {
  auto waiting = waits(client, std::move(backends));
  waiting.pools = std::move(held);
  waiting.wanted = wanted;
  waiting.wanted_size = 2;
  return waiting;
}

std::vector<std::uint64_t> circle(const std::vector<Waiting>& waiting, const std::vector<Blocked>& blocked) {
  std::vector<std::uint64_t> clients;
  for (const auto& member : find_circle(waiting, blocked)) clients.push_back(member.client);
  return clients;
}

const std::vector<Waiting> kTwo{waits(1, {{0, 10}, {1, 11}}), waits(2, {{0, 20}, {1, 21}})};

TEST(Deadlock, TwoThatWaitForEachOtherOnTwoShards) {
  EXPECT_THAT(circle(kTwo, {{{0, 10}, {0, 20}}, {{1, 21}, {1, 11}}}), ElementsAre(2, 1)) << "the youngest first";
}

TEST(Deadlock, AQueueIsNone) {
  EXPECT_THAT(circle(kTwo, {{{0, 10}, {0, 20}}}), IsEmpty());
  EXPECT_THAT(circle(kTwo, {{{0, 10}, {0, 20}}, {{1, 11}, {1, 21}}}), IsEmpty()) << "both wait for the second";
  EXPECT_THAT(circle(kTwo, {}), IsEmpty());
}

TEST(Deadlock, ThroughOneThatIsOnOneShardOnly) {
  EXPECT_THAT(circle(kTwo, {{{0, 10}, {0, 99}}, {{0, 99}, {0, 20}}, {{1, 21}, {1, 11}}}), ElementsAre(2, 1));
}

TEST(Deadlock, ThreeInACircleAndOneThatOnlyWaits) {
  const std::vector<Waiting> four{waits(1, {{0, 10}, {1, 11}}), waits(2, {{1, 21}, {2, 22}}),
                                  waits(3, {{2, 32}, {0, 30}}), waits(4, {{0, 40}, {1, 41}})};
  EXPECT_THAT(circle(four, {{{1, 11}, {1, 21}}, {{2, 22}, {2, 32}}, {{0, 30}, {0, 10}}, {{0, 40}, {0, 10}}}),
              ElementsAre(3, 2, 1));
}

TEST(Deadlock, TheSameNumberOnAnotherShardIsAnotherProcess) {
  EXPECT_THAT(circle(kTwo, {{{0, 10}, {0, 20}}, {{0, 21}, {0, 11}}}), IsEmpty());
}

TEST(Deadlock, TwoPoolsWhoseConnectionsAreHeldByThoseWhoWaitForTheOther) {
  std::vector<Waiting> four{in_line(1, {{0, 10}}, {&kHere}, &kThere), in_line(2, {{0, 11}}, {&kHere}, &kThere),
                            in_line(3, {{1, 20}}, {&kThere}, &kHere), in_line(4, {{1, 21}}, {&kThere}, &kHere)};
  EXPECT_THAT(circle(four, {}), ElementsAre(3, 1));
  four.pop_back();
  EXPECT_THAT(circle(four, {}), IsEmpty()) << "one of there is held by somebody who works";
}

TEST(Deadlock, WhoseConnectionIsPinnedGivesNothingFree) {
  std::vector<Waiting> two{in_line(1, {{0, 10}}, {&kHere}, &kThere), in_line(2, {{1, 20}}, {&kThere}, &kHere)};
  two[0].wanted_size = two[1].wanted_size = 1;
  EXPECT_THAT(circle(two, {}), ElementsAre(2, 1));
  two[1].is_pinned = true;
  EXPECT_THAT(circle(two, {}), ElementsAre(1, 2));
}

TEST(Deadlock, ALineAndARowLock) {
  auto other = waits(3, {{0, 11}});
  other.pools = {&kHere};
  auto first = waits(2, {{0, 10}, {1, 21}});
  first.pools = {&kHere, &kThere};
  const std::vector<Waiting> three{in_line(1, {{1, 20}}, {&kThere}, &kHere), first, other};
  const std::vector<Blocked> blocked{{{0, 11}, {0, 10}}, {{1, 21}, {1, 20}}};
  EXPECT_THAT(circle(three, blocked), ElementsAre(1, 2)) << "who stands in the line is the one, though he is older";
  EXPECT_THAT(circle({three[0], three[1]}, blocked), IsEmpty()) << "the other connection of here may come back";
  EXPECT_THAT(circle(three, {blocked[0]}), IsEmpty());
}

TEST(WaitBoard, KnowsWhetherSomebodyStandsInALine) {
  WaitBoard board;
  EXPECT_FALSE(board.has_line());
  board.put(in_line(1, {{0, 10}}, {&kHere}, &kThere));
  board.put(in_line(1, {{0, 10}}, {&kHere}, &kThere));
  board.put(in_line(2, {{0, 11}}, {&kHere}, &kThere));
  board.put(waits(1, {{0, 10}}));
  EXPECT_TRUE(board.has_line());
  board.remove(2);
  board.remove(2);
  EXPECT_FALSE(board.has_line());
}

TEST(WaitBoard, HoldsTheLastWordOfEachClient) {
  WaitBoard board;
  board.put(waits(1, {{0, 10}}));
  board.put(waits(1, {{0, 10}, {1, 11}}));
  board.put(waits(2, {{0, 20}}));
  board.remove(2);
  const auto all = board.all();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].backends.size(), 2u);
}

}  // namespace
}  // namespace shardway::proxy::transaction
