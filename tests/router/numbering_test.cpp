// Which servers' settings keep their AUTO_INCREMENT numbers apart, and whose a number is.
#include "router/numbering.hpp"

#include <gtest/gtest.h>

namespace shardway::router {
namespace {

const std::vector<std::string> kShards{"a", "b", "c"};

std::string why(const std::vector<Numbering>& numberings) {
  const auto found = collision(numberings, kShards);
  EXPECT_TRUE(!found || !found->hint.empty());
  return found ? found->message : "";
}

TEST(Numbering, WhatKeepsShardsApart) {
  EXPECT_EQ(why({{3, 1}, {3, 2}, {3, 3}}), "");
  EXPECT_EQ(why({{16, 5}, {16, 1}, {16, 16}}), "") << "room for more shards";
}

TEST(Numbering, WhatDoesNot) {
  const auto one_one = "shard \"a\" has auto_increment_increment = 1, auto_increment_offset = 1";
  EXPECT_EQ(why({{1, 1}, {1, 1}, {1, 1}}), one_one);
  EXPECT_EQ(why({{2, 1}, {2, 2}, {2, 1}}), "shard \"a\" has auto_increment_increment = 2, auto_increment_offset = 1")
      << "fewer numbers than shards";
  EXPECT_EQ(why({{3, 1}, {3, 2}, {3, 2}}),
            "shard \"b\" has auto_increment_increment = 3, auto_increment_offset = 2, "
            "shard \"c\" has auto_increment_increment = 3, auto_increment_offset = 2");
  EXPECT_NE(why({{3, 1}, {3, 2}, {6, 3}}), "") << "3 + 6 n and 1 + 3 n never meet, but who would rely on that?";
  EXPECT_NE(why({{3, 1}, {3, 2}, {3, 4}}), "") << "the server ignores an offset above the increment";
  EXPECT_EQ(why({{3, 1}, {3, 2}, {}}), "how shard \"c\" counts is not known");
  EXPECT_EQ(why({{3, 1}, {3, 2}}), "how shard \"c\" counts is not known");
}

TEST(Numbering, TheCureNamesEveryShardsOffset) {
  EXPECT_NE(collision({}, kShards)->hint.find("SHOW NODES"), std::string::npos);
  EXPECT_NE(collision({{1, 1}}, kShards)->hint.find("1 on those of \"a\", 2 on those of \"b\", 3 on those of \"c\""),
            std::string::npos);
}

TEST(Numbering, WhoseANumberIs) {
  for (const char* mine : {"2", "6", "4294967294", "18446744073709551614", "-2", "-6"})
    EXPECT_TRUE(gives({4, 2}, mine)) << mine;
  for (const char* other : {"0", "1", "3", "4", "-1", "-4", "99999999999999999999", "", "x", "2x"})
    EXPECT_FALSE(gives({4, 2}, other)) << other;
  EXPECT_TRUE(gives({4, 4}, "0"));
  EXPECT_TRUE(gives({4, 1}, "-3"));
  EXPECT_FALSE(gives({}, "1"));
}

TEST(Numbering, WhatAColumnHolds) {
  EXPECT_TRUE(holds("int(11)", "2147483647") && holds("int(11)", "-2147483648"));
  EXPECT_FALSE(holds("int(11)", "2147483648") || holds("int(11)", "-2147483649"));
  EXPECT_TRUE(holds("int(10) unsigned", "4294967295"));
  EXPECT_FALSE(holds("int(10) unsigned", "4294967296") || holds("int(10) unsigned", "-1"));
  EXPECT_TRUE(holds("tinyint(4)", "127") && !holds("tinyint(4)", "128"));
  EXPECT_TRUE(holds("bigint(20) unsigned", "18446744073709551615") && holds("bigint(20)", "9223372036854775807"));
  EXPECT_FALSE(holds("bigint(20)", "9223372036854775808") || holds("double", "1") || holds("bigint(20)", "1e3"));
}

}  // namespace
}  // namespace shardway::router
