// The SET that brings a server connection from one client's state to another's.
#include "proxy/mysql/state.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy::mysql {
namespace {

TEST(State, UserVariablesAreSetAndNeverTakenAway) {
  const State from{{}, {}, {{"a", "1"}, {"b", "'x'"}}}, to{{}, {}, {{"a", "1"}, {"b", "'y'"}, {"c", "2"}}};
  EXPECT_EQ(user_variables_difference(from, to), "SET @`b` = 'y', @`c` = 2");
  EXPECT_EQ(user_variables_difference(to, from), "SET @`b` = 'x'");
  EXPECT_FALSE(has_other_user_variables(from, to));
  EXPECT_TRUE(has_other_user_variables(to, from));
}

TEST(State, DifferenceSetsWhatIsNewAndOther) {
  const State none{"shop", {}}, some{"shop", {{"time_zone", "+01:00"}, {"sql_select_limit", "5"}}};
  EXPECT_EQ(difference(none, none, {}), "");
  EXPECT_EQ(difference(some, some, {}), "");
  EXPECT_EQ(difference(none, some, {}), "SET sql_select_limit = 5, time_zone = '+01:00'");
  const State other{"shop", {{"time_zone", "SYSTEM"}}};
  EXPECT_EQ(difference(some, other, {}), "SET sql_select_limit = DEFAULT, time_zone = 'SYSTEM'");
}

TEST(State, WhatDefaultDoesNotMeanIsSetToItsBase) {
  const State latin{"", {{"character_set_client", "latin1"}, {"character_set_results", ""}}};
  EXPECT_EQ(difference(State{}, latin, {}), "SET character_set_client = 'latin1', character_set_results = NULL");
  EXPECT_EQ(difference(latin, State{}, {{"character_set_client", "utf8mb4"}}),
            "SET character_set_client = 'utf8mb4', character_set_results = DEFAULT");
}

// A log-in may name another collation than its character set's default, as those of MySQL 8's clients do.
TEST(State, TheCollationComesBackWithItsCharacterSet) {
  const std::map<std::string, std::string> base{{"character_set_client", "utf8mb4"},
                                                {"character_set_connection", "utf8mb4"},
                                                {"collation_connection", "utf8mb4_bin"}};
  const State named{"", {{"character_set_connection", "utf8mb4"}}},
      own{"", {{"collation_connection", "utf8mb4_danish_ci"}}};
  State both = named;
  both.variables.insert(own.variables.begin(), own.variables.end());
  EXPECT_EQ(difference(named, State{}, base), "SET NAMES utf8mb4 COLLATE utf8mb4_bin");
  EXPECT_EQ(difference(both, State{}, base), "SET NAMES utf8mb4 COLLATE utf8mb4_bin");
  EXPECT_EQ(difference(both, own, base),
            "SET NAMES utf8mb4 COLLATE utf8mb4_bin, collation_connection = 'utf8mb4_danish_ci'");
  EXPECT_EQ(difference(State{}, named, base), "SET character_set_connection = 'utf8mb4'");
}

TEST(State, OfPreparedTextsOnlyHowTheyAreReadIsBrought) {
  const State prepared{"shop", {{"autocommit", "ON"}, {"sql_mode", "ANSI_QUOTES"}, {"tx_isolation", "SERIALIZABLE"}}};
  const State now{"other", {{"autocommit", "OFF"}, {"sql_mode", ""}, {"time_zone", "+01:00"}}, {{"a", "1"}}};
  const State expected{
      "shop", {{"autocommit", "OFF"}, {"sql_mode", "ANSI_QUOTES"}, {"time_zone", "+01:00"}}, {{"a", "1"}}};
  EXPECT_EQ(*read_as(now, *reading_of(prepared)), expected);
}

TEST(State, LiteralsMeanTheSameUnderAnyMode) {
  EXPECT_EQ(literal("5"), "5");
  EXPECT_EQ(literal("-1.50"), "-1.50");
  EXPECT_EQ(literal("1.2.3"), "'1.2.3'");
  EXPECT_EQ(literal(""), "''");
  EXPECT_EQ(literal("it's"), "CONVERT(x'69742773' USING utf8mb4)");
  EXPECT_EQ(literal("a\\b"), "CONVERT(x'615c62' USING utf8mb4)");
}

TEST(State, BookkeepingIsNotCarried) {
  EXPECT_FALSE(is_carried("last_gtid"));
  EXPECT_TRUE(is_carried("sql_mode"));
}

TEST(Difference, NamesWithACollationAreSetAtOnce) {
  const std::map<std::string, std::string> base{{"character_set_client", "utf8mb4"},
                                                {"character_set_connection", "utf8mb4"},
                                                {"character_set_results", "utf8mb4"},
                                                {"collation_connection", "utf8mb4_general_ci"}};
  const State none{"shop", {}};
  const State german{"shop", {{"names", "utf8mb4 COLLATE utf8mb4_german2_ci"}}};
  const State mixed{"shop", {{"character_set_results", ""}, {"names", "utf8mb4 COLLATE utf8mb4_german2_ci"}}};
  EXPECT_EQ(difference(none, german, base), "SET NAMES utf8mb4 COLLATE utf8mb4_german2_ci");
  EXPECT_EQ(difference(german, german, base), "");
  EXPECT_EQ(difference(german, mixed, base), "SET character_set_results = NULL");
  EXPECT_EQ(difference(mixed, german, base), "SET NAMES utf8mb4 COLLATE utf8mb4_german2_ci");
  EXPECT_EQ(difference(none, mixed, base),
            "SET NAMES utf8mb4 COLLATE utf8mb4_german2_ci, character_set_results = NULL");
  EXPECT_EQ(difference(german, none, base), "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci");
}

TEST(Difference, TheCollationOfTheResultsComesBackWithTheNames) {
  const std::map<std::string, std::string> base{{"character_set_client", "utf8mb4"},
                                                {"character_set_results", "utf8mb4"},
                                                {"collation_connection", "utf8mb4_unicode_ci"}};
  const State none{"shop", {}}, zone{"shop", {{"time_zone", "SYSTEM"}}};
  const State silent{"shop", {{"character_set_results", ""}}};
  EXPECT_EQ(difference(silent, none, base), "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci");
  EXPECT_EQ(difference(silent, zone, base), "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci, time_zone = 'SYSTEM'");
  EXPECT_EQ(difference(none, silent, base), "SET character_set_results = NULL");
  EXPECT_EQ(difference(zone, none, base), "SET time_zone = DEFAULT");
}

}  // namespace
}  // namespace shardway::proxy::mysql
