#include "proxy/maintenance.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy {
namespace {

const admin::Part kShard{"shop", "shop_0", ""}, kNode{"", "", "h:1"};

TEST(Maintenance, AShardIsHeldWhileAnyPauseHoldsIt) {
  Maintenance now;
  EXPECT_FALSE(now.holds("shop", "shop_0"));
  EXPECT_NE(now.pause(kShard, {{"shop", "shop_0"}}), 0u);
  EXPECT_NE(now.pause(kNode, {{"shop", "shop_0"}, {"other", "only"}}), 0u);
  EXPECT_TRUE(now.holds("shop", "shop_0"));
  EXPECT_TRUE(now.holds("other", "only"));
  EXPECT_FALSE(now.holds("shop", "shop_1"));
  EXPECT_TRUE(now.resume(kShard, 0));
  EXPECT_TRUE(now.holds("shop", "shop_0"));
  EXPECT_TRUE(now.resume(kNode, 0));
  EXPECT_FALSE(now.holds("shop", "shop_0"));
  EXPECT_FALSE(now.resume(kNode, 0));
}

TEST(Maintenance, APauseIsEndedByItsOwnTicketOnly) {
  Maintenance now;
  const auto first = now.pause(kShard, {});
  EXPECT_EQ(now.pause(kShard, {}), 0u);  // it is paused already
  EXPECT_TRUE(now.resume(kShard, 0));
  const auto second = now.pause(kShard, {});
  EXPECT_FALSE(now.resume(kShard, first));  // the time of the first is over
  EXPECT_TRUE(now.is_paused(kShard));
  EXPECT_TRUE(now.resume(kShard, second));
}

TEST(Maintenance, ANodeRestsWhilePausedOrDrained) {
  Maintenance now;
  EXPECT_TRUE(now.drain("h:1"));
  EXPECT_FALSE(now.drain("h:1"));
  EXPECT_EQ(now.state_of("h:1"), "drained");
  now.pause(kNode, {});
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
