#include "proxy/transaction/name.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy::transaction {
namespace {

const Name kName{"main", "0123456789abcdef", 42, "shop_1"};

TEST(Name, IsSeenInEveryPlaceItIsWritten) {
  EXPECT_EQ(kName.text(), "main:0123456789abcdef:42:shop_1");
  EXPECT_EQ(kName.gid(3), "shardway:main:0123456789abcdef:42:3:shop_1");
  EXPECT_EQ(gid_prefix("main"), "shardway:main:");
}

TEST(Name, ComesBackFromItsIdentifier) {
  EXPECT_EQ(parse_gid(kName.gid(0)), kName);
  const Name strange{"c", "0123456789abcdef", 18446744073709551615U, "a:shard, with 'all' in its name"};
  EXPECT_EQ(parse_gid(strange.gid(65535)), strange);
}

TEST(Name, OthersIdentifiersAreNotOurs) {
  for (const auto* gid : {"", "shardway", "shardway:", "shardway:main", "shardway:main:inc:1:0",
                          "shardway:main:inc:x:0:a", "shardway:main:inc:1x:0:a", "shardway:main:inc::0:a",
                          "other:main:inc:1:0:a", "shardway:main:inc:99999999999999999999:0:a"}) {
    EXPECT_EQ(parse_gid(gid), std::nullopt) << gid;
  }
}

TEST(Name, FitsIntoAnIdentifierOfTheServer) {
  const Name longest{std::string(63, 'c'), incarnation(), 18446744073709551615U, std::string(63, 's')};
  EXPECT_LT(longest.gid(65535).size(), 200u);
}

TEST(Incarnation, StaysTheSame) {
  EXPECT_EQ(incarnation().size(), 16u);
  EXPECT_EQ(incarnation(), incarnation());
}

}  // namespace
}  // namespace shardway::proxy::transaction
