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
