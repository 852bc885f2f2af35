#include "proxy/maintenance.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy {
namespace {

const admin::Part kShard{"shop", "shop_0", ""}, kNode{"", "", "h:1"};

TEST(Maintenance, AShardIsHeldWhileItIsPaused) {
  Maintenance now;
  EXPECT_FALSE(now.holds("shop", "shop_0"));
  EXPECT_NE(now.pause(kShard, false), 0u);
  EXPECT_TRUE(now.holds("shop", "shop_0"));
  EXPECT_FALSE(now.holds("shop", "shop_1"));
  EXPECT_NE(now.pause({"a.b", "", ""}, false), 0u);
  EXPECT_FALSE(now.holds("a", "b")) << "a database of this name is paused";
  EXPECT_TRUE(now.resume(kShard, 0));
  EXPECT_FALSE(now.holds("shop", "shop_0"));
  EXPECT_FALSE(now.resume(kShard, 0));
}

TEST(Maintenance, OfSeveralPausesOfOnePartTheNewestCounts) {
  Maintenance now;
  const auto without = now.pause(kShard, false);
  EXPECT_EQ(now.pause(kShard, false), 0u) << "nothing new";
  const auto with = now.pause(kShard, true);
  EXPECT_NE(with, 0u);
  EXPECT_FALSE(now.resume(kShard, without));
  const auto again = now.pause(kShard, false);
  EXPECT_NE(again, 0u) << "it shall not end by itself any more";
  EXPECT_FALSE(now.resume(kShard, with));
  EXPECT_TRUE(now.is_paused(kShard));
  EXPECT_TRUE(now.resume(kShard, 0));
}

TEST(Maintenance, APauseIsEndedByItsOwnTicketOnly) {
  Maintenance now;
  const auto first = now.pause(kShard, true);
  EXPECT_TRUE(now.resume(kShard, 0));
  const auto second = now.pause(kShard, true);
  EXPECT_FALSE(now.resume(kShard, first));  // the time of the first is over
  EXPECT_TRUE(now.is_paused(kShard));
  EXPECT_TRUE(now.resume(kShard, second));
}

TEST(Maintenance, ANodeRestsWhilePausedOrDrained) {
  Maintenance now;
  EXPECT_TRUE(now.drain("h:1"));
  EXPECT_FALSE(now.drain("h:1"));
  EXPECT_EQ(now.state_of("h:1"), "drained");
  now.pause(kNode, false);
  EXPECT_EQ(now.state_of("h:1"), "paused");
  EXPECT_TRUE(now.undrain("h:1"));
  EXPECT_TRUE(now.rests("h:1"));
  EXPECT_TRUE(now.resume(kNode, 0));
  EXPECT_FALSE(now.rests("h:1"));
  EXPECT_FALSE(now.undrain("h:1"));
}

TEST(Maintenance, Names) {
  EXPECT_EQ(Maintenance::name_of(kShard), "shop.shop_0");
  EXPECT_EQ(Maintenance::name_of(kNode), "node h:1");
  EXPECT_EQ(Maintenance::name_of({"shop", "", ""}), "shop");
  EXPECT_EQ(Maintenance::name_of({}), "all databases");
}

}  // namespace
}  // namespace shardway::proxy
