// What an operator has to grant, from what a MariaDB tells of rights.
#include "proxy/transaction/mysql_rights.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy::transaction::mysql_rights {
namespace {

Rights good() {
  Rights rights;
  rights.control = "ctl@%";
  rights.version = "10.11.6-MariaDB-log";
  rights.has_tables = rights.everyone = true;
  for (const char* privilege : {"SELECT", "INSERT", "DELETE"}) rights.grants.emplace_back("'ctl'@'%'", privilege);
  return rights;
}

TEST(MysqlRights, NothingLacks) {
  auto rights = good();
  EXPECT_TRUE(lacks(rights, {"app", "web"}).empty());
  rights.everyone = false;
  rights.grants.emplace_back("'app'@'10.0.%'", "INSERT");
  rights.grants.emplace_back("'web'@'%'", "INSERT");
  EXPECT_TRUE(lacks(rights, {"app", "web"}).empty()) << "each by himself";
  rights = good();
  rights.has_tables = false;
  rights.grants.emplace_back("'ctl'@'%'", "CREATE");
  EXPECT_TRUE(lacks(rights, {"app"}).empty()) << "Shardway makes them when it starts";
}

TEST(MysqlRights, UsersWhoMayNotInsert) {
  auto rights = good();
  rights.everyone = false;
  rights.grants.emplace_back("'web'@'%'", "INSERT");
  rights.grants.emplace_back("'application'@'%'", "INSERT");
  auto found = lacks(rights, {"app", "web", "it's"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].message.find("users \"app\", \"it's\" may not insert"), 0U) << found[0].message;
  EXPECT_EQ(found[0].hint, "run there as an operator: GRANT INSERT ON shardway.* TO PUBLIC");
  rights.version = "8.0.36";
  EXPECT_EQ(lacks(rights, {"app", "web"})[0].hint, "run there as an operator: GRANT INSERT ON shardway.* TO 'app'@'%'");
  rights.version = "10.6.16-MariaDB";
  EXPECT_NE(lacks(rights, {"app"})[0].hint.find("'app'@'%'"), std::string::npos) << "it knows no PUBLIC";
}

TEST(MysqlRights, WhatIsNotSeenIsToldSo) {
  auto rights = good();
  rights.everyone = false;
  EXPECT_EQ(lacks(rights, {"app"})[0].message.find("as far as control user 'ctl'@'%' can see, user \"app\""), 0U);
}

TEST(MysqlRights, AControlUserWhoMayNot) {
  auto rights = good();
  rights.grants.pop_back();
  auto found = lacks(rights, {"app"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].hint, "run there as an operator: GRANT ALL ON shardway.* TO 'ctl'@'%'");
  rights = good();
  rights.has_tables = false;
  EXPECT_NE(lacks(rights, {})[0].message.find("may not make and write"), std::string::npos);
}

TEST(MysqlRights, GrantsToPublic) {
  EXPECT_TRUE(lets_everyone_insert({{"GRANT INSERT ON `shardway`.* TO PUBLIC"}}));
  EXPECT_TRUE(
      lets_everyone_insert({{"GRANT SELECT ON `x`.* TO PUBLIC"}, {"GRANT SELECT, INSERT ON `shardway`.* TO PUBLIC"}}));
  EXPECT_TRUE(lets_everyone_insert({{"GRANT ALL PRIVILEGES ON *.* TO PUBLIC"}}));
  EXPECT_FALSE(lets_everyone_insert({{"GRANT SELECT ON `shardway`.* TO PUBLIC"}}));
  EXPECT_FALSE(lets_everyone_insert({{"GRANT INSERT ON `shardways`.* TO PUBLIC"}}));
  EXPECT_FALSE(lets_everyone_insert({{"GRANT INSERT ON `shardway`.`decision` TO PUBLIC"}}));
  EXPECT_FALSE(lets_everyone_insert({}));
}

}  // namespace
}  // namespace shardway::proxy::transaction::mysql_rights
