// What a client is told when its server connection breaks: the rules of loss.hpp as tables.
#include "proxy/mysql/loss.hpp"

#include <gtest/gtest.h>

#include "router/language.hpp"
#include "router/statement_cache.hpp"

namespace shardway::proxy::mysql {
namespace {

Effect effect_in(std::string_view sql) {
  auto topology = std::make_shared<router::Topology>();
  topology->language = &router::kMysqlLanguage;
  router::StatementCache cache(topology, 1 << 20);
  router::Literals literals;
  return effect_of(*cache.find(sql, {}, literals));
}

TEST(Loss, WhatMayEndATransaction) {
  for (const char* sql : {"COMMIT",
                          "commit and chain",
                          "BEGIN",
                          "START TRANSACTION READ ONLY",
                          "SET autocommit = 1",
                          "SET @@session.autocommit = 1",
                          "CREATE TABLE a (b int)",
                          "TRUNCATE a",
                          "LOCK TABLES a READ",
                          "CALL p()",
                          "ROLLBACK; SELECT 1",
                          "INSERT INTO a VALUES (1); COMMIT",
                          "SELECT 1; CALL p()",
                          "EXECUTE a",
                          "XA COMMIT 'a'",
                          "FLUSH TABLES",
                          "GRANT SELECT ON a TO b",
                          "not a statement",
                          "/*! COMMIT */",
                          "DROP TABLE a",
                          "SET sql_mode = 'ansi_quotes'; SELECT 1"})
    EXPECT_TRUE(effect_in(sql).may_end) << sql;
  for (const char* sql :
       {"SELECT 1", "ROLLBACK", "ROLLBACK AND CHAIN", "INSERT INTO a VALUES ('; COMMIT')", "UPDATE a SET b = f(1)",
        "SAVEPOINT a", "ROLLBACK TO a", "SET time_zone = '+01:00'", "DO sleep(1)", "CREATE TEMPORARY TABLE a (b int)",
        "SELECT 1; DELETE FROM a", "LOAD DATA LOCAL INFILE 'a' INTO TABLE b", "SHOW TABLES", "USE a"})
    EXPECT_FALSE(effect_in(sql).may_end) << sql;
}

TEST(Loss, WhatMayBeAskedAgain) {
  for (const char* sql : {"SELECT 1", "SELECT * FROM a; SELECT * FROM b", "SET NAMES utf8mb4", "SET autocommit = 0",
                          "USE a", "BEGIN", "COMMIT", "ROLLBACK", "SHOW TABLES"})
    EXPECT_TRUE(effect_in(sql).repeats) << sql;
  for (const char* sql :
       {"INSERT INTO a VALUES (1)", "SELECT 1; DELETE FROM a", "SELECT f(1)", "SELECT * FROM a FOR UPDATE",
        "SELECT NEXTVAL(a)", "CALL p()", "SET GLOBAL a = 1", "SET @a = (SELECT f(1))", "SELECT get_lock('a', 1)",
        "CREATE TABLE a (b int)", "SELECT 1 INTO OUTFILE 'a'", "DO sleep(1)", "SELECT sleep(1)", "not a statement"})
    EXPECT_FALSE(effect_in(sql).repeats) << sql;
}

TEST(Loss, WhatRollsBack) {
  for (const char* sql : {"ROLLBACK", "rollback work", "ROLLBACK AND NO CHAIN"})
    EXPECT_TRUE(effect_in(sql).rolls_back) << sql;
  for (const char* sql : {"ROLLBACK AND CHAIN", "ROLLBACK RELEASE", "ROLLBACK TO a", "ROLLBACK; SELECT 1", "COMMIT"})
    EXPECT_FALSE(effect_in(sql).rolls_back) << sql;
}

struct Case {
  const char* sql;  // null: nothing is under way
  bool is_open, autocommits, is_begun;
  Loss loss;
};

TEST(Loss, Judged) {
  constexpr bool kInTransaction = true, kOutside = false, kAutocommits = true, kNever = false, kSaidNothing = false,
                 kHasBegun = true;
  for (const auto& one : std::vector<Case>{
           {nullptr, kOutside, kAutocommits, kSaidNothing, Loss::kNothing},
           {nullptr, kInTransaction, kAutocommits, kSaidNothing, Loss::kUntold},
           {"SELECT 1", kOutside, kAutocommits, kSaidNothing, Loss::kRepeat},
           {"SELECT 1", kOutside, kAutocommits, kHasBegun, Loss::kCutOff},
           {"SELECT 1", kInTransaction, kAutocommits, kSaidNothing, Loss::kTransaction},
           {"SELECT 1", kInTransaction, kAutocommits, kHasBegun, Loss::kTransaction},
           {"SELECT 1", kOutside, kNever, kSaidNothing, Loss::kRepeat},
           {"SELECT 1", kOutside, kNever, kHasBegun, Loss::kTransaction},
           {"INSERT INTO a VALUES (1)", kOutside, kAutocommits, kSaidNothing, Loss::kUnknown},
           {"INSERT INTO a VALUES (1) RETURNING b", kOutside, kAutocommits, kHasBegun, Loss::kUnknown},
           {"INSERT INTO a VALUES (1)", kInTransaction, kAutocommits, kSaidNothing, Loss::kTransaction},
           {"INSERT INTO a VALUES (1)", kOutside, kNever, kSaidNothing, Loss::kTransaction},
           {"COMMIT", kInTransaction, kAutocommits, kSaidNothing, Loss::kUnknown},
           {"COMMIT", kOutside, kAutocommits, kSaidNothing, Loss::kRepeat},
           {"ROLLBACK", kInTransaction, kAutocommits, kSaidNothing, Loss::kRolledBack},
           {"ROLLBACK AND CHAIN", kInTransaction, kAutocommits, kSaidNothing, Loss::kTransaction},
           {"ROLLBACK", kOutside, kAutocommits, kSaidNothing, Loss::kRepeat},
           {"CREATE TABLE a (b int)", kInTransaction, kAutocommits, kSaidNothing, Loss::kUnknown},
           {"CREATE TABLE a (b int)", kOutside, kNever, kSaidNothing, Loss::kUnknown},
           {"CALL p()", kInTransaction, kAutocommits, kSaidNothing, Loss::kUnknown},
           {"INSERT INTO a VALUES (1); SELECT 1", kInTransaction, kAutocommits, kHasBegun, Loss::kTransaction},
           {"INSERT INTO a VALUES (1); SELECT 1", kOutside, kAutocommits, kHasBegun, Loss::kUnknown},
       }) {
    Breakage breakage;
    breakage.is_asked = one.sql != nullptr;
    breakage.is_open = one.is_open;
    breakage.autocommits = one.autocommits;
    breakage.is_begun = one.is_begun;
    breakage.can_repeat = true;
    if (one.sql != nullptr) breakage.effect = effect_in(one.sql);
    EXPECT_STREQ(name_of(judge(breakage)), name_of(one.loss))
        << (one.sql != nullptr ? one.sql : "nothing") << one.is_open << one.autocommits << one.is_begun;
    breakage.carries = true;
    EXPECT_EQ(judge(breakage), Loss::kClose);
    breakage.is_mid_packet = true;
    EXPECT_EQ(judge(breakage), Loss::kCloseMute);
  }
}

TEST(Loss, NothingIsAskedAgainForEver) {
  Breakage breakage;
  breakage.is_asked = true;
  breakage.effect = effect_in("SELECT 1");
  EXPECT_EQ(judge(breakage), Loss::kCutOff);
  breakage.effect = effect_in("BEGIN");
  EXPECT_EQ(judge(breakage), Loss::kUnknown);
}

}  // namespace
}  // namespace shardway::proxy::mysql
