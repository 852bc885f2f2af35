#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/control/switchover_mysql.hpp"
#include "proxy/control/switchover_postgres.hpp"

namespace shardway::proxy::control::switchover {
namespace {

using testing::HasSubstr;

class SwitchoverRights : public testing::Test {
 protected:
  SwitchoverRights() {
    cast.database = &database;
    cast.shard = "shop_0";
    cast.old_primary.text = "h:1";
    rights.user = "shard\"way";
    rights.database = "shop";
    rights.version = 150'020;
  }
  std::string lack() const {
    const auto found = judge(rights, cast);
    return found.empty() ? "" : found.front().message + " / " + found.front().hint;
  }
  config::Database database;
  Cast cast;
  PostgresRights rights;
};

TEST_F(SwitchoverRights, OfPostgresqlWithoutCommands) {
  EXPECT_EQ(
      lack(),
      "shard \"shop_0\", node h:1: control user \"shard\"\"way\" cannot switch it over: it lacks EXECUTE on "
      "pg_promote(boolean, integer), pg_reload_conf(), ALTER SYSTEM on default_transaction_read_only, membership of "
      "pg_signal_backend / run there in database \"shop\" as a superuser: GRANT EXECUTE ON FUNCTION "
      "pg_promote(boolean, integer), pg_reload_conf() TO \"shard\"\"way\"; GRANT ALTER SYSTEM ON PARAMETER "
      "default_transaction_read_only TO \"shard\"\"way\"; GRANT pg_signal_backend TO \"shard\"\"way\"");
  rights.promotes = rights.reloads = rights.ends_sessions = rights.sets_read_only = true;
  EXPECT_EQ(lack(), "");
}

// Another replica is pointed at the new primary; the operator's own commands need no right of ours.
TEST_F(SwitchoverRights, OfPostgresqlAsFarAsTheyAreNeeded) {
  database.switchover.stop = "stop";
  rights.promotes = true;
  EXPECT_EQ(lack(), "");
  rights.promotes = false;
  EXPECT_THAT(lack(), HasSubstr("it lacks EXECUTE on pg_promote(boolean, integer) /"));
  database.switchover.promote = "promote";
  EXPECT_EQ(lack(), "");
  cast.others.emplace_back();
  EXPECT_THAT(lack(), HasSubstr("it lacks EXECUTE on pg_reload_conf(), ALTER SYSTEM on primary_conninfo, membership of "
                                "pg_read_all_settings /"));
  rights.version = 140'000;
  EXPECT_THAT(lack(), HasSubstr("ALTER ROLE \"shard\"\"way\" SUPERUSER"));
  rights.is_superuser = true;
  EXPECT_EQ(lack(), "");
}

TEST(SwitchoverConninfo, OnlyTheServerChanges) {
  const HostAndPort where{"10.0.0.2", "5433"};
  EXPECT_EQ(points_at("user=repl password='it''s' host=old hostaddr=10.0.0.1 port=5432", where), std::nullopt);
  EXPECT_EQ(*points_at("user=repl password='it\\'s \\\\' host=old hostaddr=10.0.0.1 port=5432 sslmode=require", where),
            "host='10.0.0.2' port='5433' user='repl' password='it\\'s \\\\' sslmode='require'");
  EXPECT_EQ(*points_at("", where), "host='10.0.0.2' port='5433'");
  EXPECT_EQ(points_at("nonsense", where), std::nullopt);
}

TEST(SwitchoverRightsOfMariadb, AreThoseOnEverything) {
  MysqlRights rights{"shardway@%",
                     {"RELOAD", "CONNECTION ADMIN", "READ_ONLY ADMIN", "REPLICATION SLAVE ADMIN", "SLAVE MONITOR"}};
  EXPECT_TRUE(judge(rights, false, "shop_0", "h:1").empty());
  const auto found = judge(rights, true, "shop_0", "h:1");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(
      found[0].message,
      "shard \"shop_0\", node h:1: control user 'shardway'@'%' cannot switch it over: it lacks REPLICATION SLAVE");
  EXPECT_EQ(found[0].hint, "run there as an operator: GRANT REPLICATION SLAVE ON *.* TO 'shardway'@'%'");
  rights.grants = {"READ ONLY ADMIN"};  // as some versions write it
  EXPECT_THAT(judge(rights, false, "s", "h")[0].message,
              HasSubstr("it lacks RELOAD, CONNECTION ADMIN, REPLICATION SLAVE ADMIN, SLAVE MONITOR"));
}

TEST(SwitchoverRightsOfMariadb, WhoWaitsForReplicasNeedsOneMore) {
  MysqlRights rights{"shardway@%",
                     {"RELOAD", "CONNECTION ADMIN", "READ_ONLY ADMIN", "REPLICATION SLAVE ADMIN", "SLAVE MONITOR"}};
  rights.sets_semi_sync = true;
  EXPECT_THAT(judge(rights, false, "s", "h")[0].message, HasSubstr("it lacks REPLICATION MASTER ADMIN"));
  rights.grants.emplace_back("REPLICATION MASTER ADMIN");
  EXPECT_TRUE(judge(rights, false, "s", "h").empty());
}

TEST(SwitchoverSemiSync, ChangesSides) {
  const SemiSync source{true, false, "7000", "AFTER_SYNC"}, replica{false, true, "10000", "AFTER_COMMIT"};
  EXPECT_EQ(exchanged(replica, source),
            "SET GLOBAL rpl_semi_sync_master_timeout = 7000, GLOBAL rpl_semi_sync_master_wait_point = AFTER_SYNC, "
            "GLOBAL rpl_semi_sync_master_enabled = 1, GLOBAL rpl_semi_sync_slave_enabled = 0; ");
  EXPECT_EQ(exchanged(source, replica),
            "SET GLOBAL rpl_semi_sync_master_enabled = 0, GLOBAL rpl_semi_sync_slave_enabled = 1; ");
  EXPECT_EQ(exchanged(source, source), "");
  EXPECT_EQ(exchanged({}, {}), "");
}

TEST(SwitchoverVersionOfMariadb, IsReadAndCompared) {
  EXPECT_EQ(mariadb_version("10.11.19-MariaDB-0+deb12u1-log"), (MariadbVersion{10, 11, 19}));
  EXPECT_EQ(mariadb_version("11.4"), (MariadbVersion{11, 4, 0}));
  EXPECT_EQ(mariadb_version("x"), MariadbVersion{});
  EXPECT_LT(mariadb_version("10.9.8"), mariadb_version("10.10.0"));
}

TEST(SwitchoverLiteral, MeansItsText) {
  EXPECT_EQ(literal("it's", false), "'it''s'");
  EXPECT_EQ(literal("a\\'b", false), "E'a\\\\''b'");
  EXPECT_EQ(literal("a\\'b", true), "'a\\\\''b'");
}

}  // namespace
}  // namespace shardway::proxy::control::switchover
