// The answers below were taken from a MariaDB 10.11 primary and its replica; MySQL's are those of its documentation.
#include <gtest/gtest.h>

#include "proxy/control/answers.hpp"
#include "tests/proxy/control/results.hpp"

namespace shardway::proxy::control {
namespace {

Rows sources(const std::vector<Row>& rows) {
  auto result = make_result(rows, 4);
  result.names = {"Slave_IO_Running", "Slave_SQL_Running", "Master_Server_Id", "Seconds_Behind_Master"};
  return result;
}

Status status_of(const Row& about, const std::vector<Row>& followed = {}, const std::vector<Row>& prepared = {}) {
  return kMysqlQuestions.read_status({make_result({about}, 7), sources(followed), make_result(prepared, 4)});
}

TEST(MysqlAnswers, OfAPrimary) {
  const auto s = status_of({"0", "0-18027-270", "", "18027", "1", "2", "1"}, {},
                           {{"1", "64", "9", "shardway:main:x:1:0:shop_0"}, {"1", "2", "0", "zz"}});
  EXPECT_FALSE(s.positions.in_recovery);
  EXPECT_EQ(s.positions.inserted, 270U);
  EXPECT_EQ(s.positions.flushed, 270U);
  EXPECT_EQ(s.timeline(), 1U);
  EXPECT_EQ(s.server_number, 18027U);
  EXPECT_EQ(s.source_number, 0U);
  EXPECT_FALSE(s.read_only) << "it follows nobody";
  EXPECT_TRUE(s.has_store);
  EXPECT_EQ(s.prepared, 1);
  EXPECT_EQ(s.numbering, (router::Numbering{2, 1}));
  EXPECT_GT(s.max_prepared, 0);
}

TEST(MysqlAnswers, OfAReplica) {
  const auto s = status_of({"1", "0-18027-270", "0-18027-268", "17249", "0", "2", "1"}, {{"Yes", "Yes", "18027", "0"}});
  EXPECT_TRUE(s.positions.in_recovery && s.positions.streaming);
  EXPECT_EQ(s.positions.replayed, 268U);
  EXPECT_EQ(s.positions.received, 268U) << "it says that it is level";
  EXPECT_EQ(s.source_number, 18027U);
  const auto late =
      status_of({"1", "", "0-18027-268", "17249", "0", "2", "1"}, {{"Connecting", "Yes", "18027", std::nullopt}});
  EXPECT_TRUE(late.positions.receiver_runs && !late.positions.streaming);
  EXPECT_GT(late.positions.received, late.positions.replayed);
  EXPECT_FALSE(late.since_replay_us);
  EXPECT_EQ(status_of({"1", "", "0-1-1", "2", "0", "2", "1"}, {{"No", "No", "1", std::nullopt}}).source_number, 0U);
}

TEST(MysqlAnswers, APositionOfSeveralDomainsComparesWithNothing) {
  EXPECT_EQ(status_of({"0", "0-1-5,1-1-7", "", "1", "0", "1", "1"}).timeline(), 0U);
  EXPECT_EQ(status_of({"0", "", "", "1", "0", "1", "1"}).timeline(), 0U) << "nothing was written: nothing is proven";
  EXPECT_EQ(status_of({"0", "3-1-5", "", "1", "0", "1", "1"}).timeline(), 4U);
}

TEST(MysqlAnswers, AllGtidsAreShown) {
  const Row about{"1", "0-1-5", "0-1-5,7-2-1", "1", "0", "1", "1", "0-1-5", "0-1-5", "0-1-5,7-2-1", "0-1-5,7-2-1"};
  EXPECT_EQ(kMysqlQuestions.read_status({make_result({about}, 11), sources({}), make_result({}, 4)}).gtids,
            "0-1-5,7-2-1");
}

constexpr char kA[] = "3e11fa47-71ca-11e1-9e33-c80aa9429562", kB[] = "4f22fa47-71ca-11e1-9e33-c80aa9429562";

Positions of_mysql(bool replica, const std::string& executed, const std::string& source) {
  return status_of({replica ? "1" : "0", executed, source, "7", "0", "1", "1"}).positions;
}

TEST(MysqlAnswers, OfMysqlCountTheTransactionsOfTheSource) {
  const auto primary = of_mysql(false, std::string(kA) + ":1-270", kA);
  EXPECT_EQ(primary.inserted, 270U);
  const auto replica = of_mysql(true, std::string(kA) + ":1-268", kA);
  EXPECT_EQ(replica.replayed, 268U);
  EXPECT_NE(primary.timeline, 0U);
  EXPECT_EQ(replica.timeline, primary.timeline);
  const auto promoted = of_mysql(false, std::string(kA) + ":1-270,\n" + kB + ":1-7", kB);
  EXPECT_EQ(promoted.inserted, 7U);
  EXPECT_NE(promoted.timeline, primary.timeline) << "another history";
  EXPECT_EQ(of_mysql(true, std::string(kA) + ":1-270,\n" + kB + ":1", kB).timeline, promoted.timeline);
  EXPECT_NE(of_mysql(true, std::string(kA) + ":1-271,\n" + kB + ":1-7", kB).timeline, promoted.timeline)
      << "it lost one";
}

TEST(MysqlAnswers, OfMysqlAGapIsNotAppliedAndCannotBeCounted) {
  EXPECT_EQ(of_mysql(true, std::string(kA) + ":1-90:92-95", kA).replayed, 90U);
  EXPECT_EQ(of_mysql(false, std::string(kA) + ":1-90:92-95", kA).inserted, 95U);
  for (const auto* numbers : {":5-90", ":1-90:tag:1-3", ":"})
    EXPECT_EQ(of_mysql(false, kA + std::string(numbers), kA).timeline, 0U) << numbers;
  EXPECT_EQ(of_mysql(false, "", kA).timeline, 0U) << "without GTIDs nothing is proven";
}

TEST(MysqlAnswers, OfMysqlAReplicaNamesItsSource) {
  auto followed = make_result({{"Yes", "Yes", "18027", "0"}}, 4);
  followed.names = {"Replica_IO_Running", "Replica_SQL_Running", "Source_Server_Id", "Seconds_Behind_Source"};
  const auto s = kMysqlQuestions.read_status(
      {make_result({{"1", std::string(kA) + ":1-5", kA, "7", "0", "1", "1"}}, 7), followed, make_result({}, 4)});
  EXPECT_TRUE(s.positions.in_recovery && s.positions.streaming);
  EXPECT_EQ(s.source_number, 18027U);
  EXPECT_EQ(s.positions.received, 5U);
}

TEST(MysqlCatalog, TellsTheAnswersApart) {
  const auto found = read_mysql_catalog(
      {make_result(
           {{"orders", "id", "bigint(20) unsigned", "0", "1", "0", "0", std::nullopt, std::nullopt, "", "0", "0", "1"},
            {"orders", "code", "varchar(20)", "0", "0", "0", "0", "utf8mb4_bin", "utf8mb4", "", "0", "0", "0"},
            {"orders", "name", "varchar(20)", "0", "0", "0", "0", "utf8mb4_general_ci", "utf8mb4", "", "0", "0", "0"},
            {"orders", "raw", "varchar(9)", "0", "0", "0", "0", "utf8mb4_nopad_bin", "utf8mb4", "", "0", "0", "0"},
            {"orders", "old", "varchar(9)", "0", "0", "0", "0", "latin1_bin", "latin1", "", "0", "0", "0"},
            {"orders", "raw8", "varchar(9)", "0", "0", "0", "0", "utf8mb4_0900_bin", "utf8mb4", "", "0", "0", "0"},
            {"recent", "x", "int(11)", "0", "0", "0", "0", std::nullopt, std::nullopt, "", "1", "0", "0"}},
           13),
       make_result({{"total_of"}}, 1),
       make_result(
           {{"orders", "PRIMARY", "id", "0"}, {"orders", "PRIMARY", "code", "0"}, {"orders", "short", "name", "1"}}, 4),
       make_result({{"orders", "fk", "id", "1", "shop", "others", "key"}}, 7), make_result({{"orders", "audit"}}, 2),
       make_result({{"ANSI_QUOTES", "1", "8.0.40", "10", "3"}}, 5)});
  const auto& orders = found.tables.at("public.orders");
  ASSERT_EQ(orders.columns.size(), 6U);
  EXPECT_TRUE(orders.columns[0].auto_increment && orders.columns[0].not_null && !orders.columns[1].auto_increment);
  EXPECT_EQ(orders.columns[1].type, "varchar(20)");
  EXPECT_EQ(orders.columns[1].unfit_as_key, "");
  EXPECT_NE(orders.columns[2].unfit_as_key, "");
  EXPECT_EQ(orders.columns[3].type, "nopad varchar(9)");
  EXPECT_NE(orders.columns[4].unfit_as_key.find("latin1"), std::string::npos);
  EXPECT_EQ(orders.columns[5].type, "nopad varchar(9)") << "MySQL's new collations do not pad";
  EXPECT_EQ(orders.primary_key, (std::vector<std::string>{"id", "code"}));
  EXPECT_EQ(orders.unique_keys[1], (router::UniqueKey{"short", {}, false})) << "a prefix is no column";
  EXPECT_EQ(orders.foreign_keys[0], (router::ForeignKey{"fk", {"id"}, "public", "others", {"key"}}));
  EXPECT_EQ(orders.triggers, (std::vector<std::string>{"audit"}));
  EXPECT_TRUE(found.views.contains("public.recent") && found.functions.contains("total_of"));
  EXPECT_EQ(found.sql_mode, "ANSI_QUOTES");
  EXPECT_TRUE(found.folds_table_names);
  EXPECT_EQ(found.server_version, "8.0.40");
  EXPECT_EQ(found.numbering, (router::Numbering{10, 3}));
}

}  // namespace
}  // namespace shardway::proxy::control
