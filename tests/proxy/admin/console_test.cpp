#include "proxy/admin/console.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "proxy/admin/commands.hpp"
#include "tests/proxy/admin/fake_host.hpp"

namespace shardway::proxy::admin {
namespace {

using test::FakeHost;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Answer ask(FakeHost& host, std::string_view command, bool may_change = true) {
  int answers = 0;
  Answer answer;
  execute(host, command, may_change, [&](Answer given) {
    given.rows.insert(given.rows.begin(), answer.rows.begin(), answer.rows.end());
    answer = std::move(given);
    answers += answer.more ? 0 : 1;
  });
  EXPECT_EQ(answers, 1) << command;
  return answer;
}

Answer ask(std::string_view command, bool may_change = true) {
  FakeHost host;
  return ask(host, command, may_change);
}

// A row as psql -A prints it, NULL as ~.
std::string line(const std::vector<std::optional<std::string>>& row) {
  std::string text;
  for (const auto& cell : row) text += (text.empty() ? "" : "|") + cell.value_or("~");
  return text;
}

std::vector<std::string> lines(const Answer& answer) {
  std::vector<std::string> all;
  for (const auto& row : answer.rows) all.push_back(line(row));
  return all;
}

// A name may be followed by its type; without one it is text.
std::string names(const std::vector<Column>& columns) {
  std::string text;
  for (const Column& column : columns) {
    const char* types[] = {"", ":int4", ":int8", ":numeric"};
    text += (text.empty() ? "" : " ") + column.name + types[static_cast<int>(column.type)];
  }
  return text;
}

constexpr std::string_view kSocket =
    "type user database replication state addr port:int4 local_addr local_port:int4 connect_time request_time "
    "wait:int4 "
    "wait_us:int4 close_needed:int4 ptr link remote_pid:int4 tls application_name prepared_statements:int4 id:int8";
constexpr std::string_view kBuffers =
    " recv_pos:int4 pkt_pos:int4 pkt_remain:int4 send_pos:int4 send_remain:int4 pkt_avail:int4 send_avail:int4";

std::string numeric(std::string_view prefix, std::initializer_list<std::string_view> columns) {
  std::string text;
  for (const auto& column : columns) text.append(" ").append(prefix).append(column).append(":numeric");
  return text;
}

// PgBouncer 1.25's columns in its order, ours behind them.
TEST(Console, ColumnsOfEveryShow) {
  const std::string totals = numeric(
      "total_", {"server_assignment_count", "xact_count", "query_count", "received", "sent", "xact_time", "query_time",
                 "wait_time", "client_parse_count", "server_parse_count", "bind_count", "client_login_count"});
  const std::string averages = numeric(
      "avg_", {"server_assignment_count", "xact_count", "query_count", "recv", "sent", "xact_time", "query_time",
               "wait_time", "client_parse_count", "server_parse_count", "bind_count", "client_login_count"});
  const std::string eight = numeric("", {"server_assignment_count", "xact_count", "query_count", "bytes_received",
                                         "bytes_sent", "xact_time", "query_time", "wait_time"});
  const std::map<std::string, std::string> expected = {
      {"HELP", "command does"},
      {"VERSION", "version"},
      {"STATE", "key value"},
      {"CONFIG", "key value default changeable"},
      {"DATABASES",
       "name host port:int4 database force_user pool_size:int4 min_pool_size:int4 reserve_pool_size:int4 "
       "server_lifetime:int4 pool_mode load_balance_hosts max_connections:int4 current_connections:int4 "
       "max_client_connections:int4 current_client_connections:int4 paused:int4 disabled:int4 reserve_pool:int4"},
      {"USERS",
       "name pool_size reserve_pool_size pool_mode max_user_connections:int4 current_connections:int4 "
       "max_user_client_connections:int4 current_client_connections:int4"},
      {"LISTS", "list items:int4"},
      {"MEM", "name size:int4 used:int4 free:int4 memtotal:int8"},
      {"POOLS",
       "database user cl_active:int4 cl_waiting:int4 cl_active_cancel_req:int4 cl_waiting_cancel_req:int4 "
       "sv_active:int4 "
       "sv_active_cancel:int4 sv_being_canceled:int4 sv_idle:int4 sv_used:int4 sv_tested:int4 sv_login:int4 "
       "maxwait:int4 "
       "maxwait_us:int4 pool_mode load_balance_hosts"},
      {"CLIENTS", std::string(kSocket) + " worker:int4 pin pin_detail memory:int8"},
      {"SERVERS", std::string(kSocket) + " worker:int4 shard role"},
      {"SOCKETS", std::string(kSocket).append(kBuffers)},
      {"ACTIVE_SOCKETS", std::string(kSocket).append(kBuffers)},
      {"STATS", "database" + totals + averages},
      {"STATS_TOTALS",
       "database" + eight +
           numeric("", {"client_parse_count", "server_parse_count", "bind_count", "client_login_count"})},
      {"STATS_AVERAGES",
       "database" + eight +
           numeric("avg_", {"client_parse_count", "server_parse_count", "bind_count", "client_login_count"})},
      {"TOTALS", "name value:numeric"},
      {"SHARDS",
       "database shard slots:int4 ranges primary replicas home:int4 statements:int8 epoch:int8 refused_tables "
       "held switchover"},
      {"NODES",
       "database shard address zone role up:int4 lag_us:int8 timeline:int8 system_identifier:numeric servers:int4 "
       "fresh_age_us:int8 lag_bytes:int8 why epoch:int8 state outstanding:int4 latency_us:int8 gtid cure"},
      {"HELD",
       "database shard reason closed_us:int8 clients:int8 bytes:int8 max_clients:int8 max_bytes:int8 timeout_ms:int8"},
      {"MAP", "database shard first_slot:int4 last_slot:int4"},
      {"PINS", "client_id:int8 user database reason detail since state link application_name"},
      {"TRANSACTIONS", "database gtx state agent parts owner client_id:int8 since in_recovery:int4 why"},
      {"RULES", "database rule statements:int8"},
      {"REFUSALS", "database reason count:int8"},
      {"PEERS", "peer_id:int4 host port:int4 pool_size:int4"},
      {"PEER_POOLS",
       "peer_id:int4 cl_active_cancel_req:int4 cl_waiting_cancel_req:int4 sv_active_cancel:int4 sv_login:int4"},
      {"DNS_HOSTS", "hostname ttl:int8 addrs"},
      {"DNS_ZONES", "zonename serial:int8 count:int4"},
      {"FDS",
       "fd:int4 task user database addr port:int4 cancel:int8 link:int4 client_encoding std_strings datestyle timezone "
       "password scram_client_key scram_server_key"},
  };
  EXPECT_EQ(shows().size(), expected.size());
  for (const Show& show : shows()) {
    const auto found = expected.find(std::string(show.name));
    ASSERT_NE(found, expected.end()) << show.name;
    EXPECT_EQ(names(ask("SHOW " + found->first).columns), found->second) << show.name;
  }
}

// Every command that is not a SHOW, with an argument it takes.
std::string example(const Action& action) {
  switch (action.argument) {
    case Argument::kDatabase: return std::string(action.verb) + " shop";
    case Argument::kClient: return std::string(action.verb) + " 17";
    case Argument::kNode: return std::string(action.verb) + " NODE '127.0.0.1:5502'";
    case Argument::kSwitchover: return std::string(action.verb) + " shop.shop_0 TO '127.0.0.1:5502'";
    default: return std::string(action.verb);
  }
}

TEST(Console, EveryShowForEveryUser) {
  for (const Show& show : shows()) {
    const std::string command = "SHOW " + std::string(show.name);
    for (const bool may_change : {false, true}) {
      const Answer answer = ask(command, may_change);
      if (show.may_change && !may_change) {
        EXPECT_EQ(answer.error, "admin access needed") << command;
        EXPECT_EQ(answer.error_sqlstate, "42501") << command;
        EXPECT_TRUE(answer.columns.empty());
        continue;
      }
      EXPECT_EQ(answer.error, "") << command;
      EXPECT_EQ(answer.tag, "SHOW");
      const auto described = describe(command);
      ASSERT_TRUE(described) << command;
      EXPECT_EQ(names(*described), names(answer.columns)) << command;
      for (const auto& row : answer.rows) EXPECT_EQ(row.size(), answer.columns.size()) << command;
    }
  }
}

TEST(Console, NumbersAreNumbers) {
  for (const Show& show : shows()) {
    const Answer answer = ask("SHOW " + std::string(show.name));
    for (const auto& row : answer.rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (answer.columns[i].type == ColumnType::kText || !row[i]) continue;
        EXPECT_THAT(*row[i], testing::MatchesRegex("[0-9]+")) << show.name << "." << answer.columns[i].name;
        if (answer.columns[i].type == ColumnType::kInt4) {
          EXPECT_LE(std::stoll(*row[i]), 2147483647) << show.name;
        }
      }
    }
  }
}

TEST(Console, EveryActionIsForAdminsOnly) {
  for (const Action& action : actions()) {
    FakeHost host;
    const Answer answer = ask(host, example(action), false);
    EXPECT_EQ(answer.error, "admin access needed") << action.verb;
    EXPECT_EQ(answer.error_sqlstate, "42501");
    EXPECT_THAT(host.calls, IsEmpty()) << action.verb;
  }
  EXPECT_EQ(ask("SET pool_mode = session", false).error, "admin access needed");
}

TEST(Console, EveryActionAnswersWithItsVerb) {
  for (const Action& action : actions()) {
    FakeHost host;
    const Answer answer = ask(host, example(action));
    ASSERT_TRUE(describe(example(action)));
    EXPECT_EQ(names(answer.columns), names(*describe(example(action))));
    EXPECT_EQ(names(answer.columns), action.verb == "SWITCHOVER" ? "step state ms:int8 detail" : "");
    if (action.verb == "SUSPEND" || action.verb == "WAIT_CLOSE") {
      EXPECT_EQ(answer.error_sqlstate, "0A000");
      EXPECT_THAT(host.calls, IsEmpty());
      continue;
    }
    EXPECT_EQ(answer.error, "") << action.verb;
    EXPECT_EQ(answer.tag, action.verb);
    EXPECT_EQ(host.calls.size(), 1u) << action.verb;
  }
}

TEST(Console, ActionsReachTheHost) {
  struct Case {
    std::string_view command, call;
  };
  for (const Case& c : {Case{"reload;", "reload"},
                        Case{"PAUSE", "pause "},
                        Case{"pause shop", "pause shop"},
                        Case{"PAUSE \"shop\";", "pause shop"},
                        Case{"RESUME", "resume "},
                        Case{"Resume shop", "resume shop"},
                        Case{"DISABLE shop", "disable shop"},
                        Case{"ENABLE shop", "enable shop"},
                        Case{"RECONNECT", "reconnect "},
                        Case{"PAUSE shop.shop_1", "pause shop.shop_1"},
                        Case{"PAUSE NODE '127.0.0.1:5502'", "pause @127.0.0.1:5502"},
                        Case{"PAUSE shop.shop_0 TIMEOUT 0.5", "pause shop.shop_0 for 500 ms"},
                        Case{"PAUSE TIMEOUT 2", "pause  for 2000 ms"},
                        Case{"pause node \"127.0.0.1:5503\" timeout 30;", "pause @127.0.0.1:5503 for 30000 ms"},
                        Case{"RESUME shop.shop_0", "resume shop.shop_0"},
                        Case{"RESUME NODE 127.0.0.1:5503", "resume @127.0.0.1:5503"},
                        Case{"DRAIN NODE '127.0.0.1:5502'", "drain 127.0.0.1:5502"},
                        Case{"UNDRAIN NODE '127.0.0.1:5502'", "undrain 127.0.0.1:5502"},
                        Case{"SWITCHOVER shop.shop_0 TO '127.0.0.1:5502'", "switchover shop.shop_0@127.0.0.1:5502 0"},
                        Case{"switchover \"shop.shop_0\" to 127.0.0.1:5502 rehearse timeout 3 force",
                             "switchover shop.shop_0@127.0.0.1:5502 3000 force rehearse"},
                        Case{"RECONNECT shop", "reconnect shop"},
                        Case{"KILL", "kill "},
                        Case{"KILL shop", "kill shop"},
                        Case{"KILL_CLIENT 17", "kill_client 17"},
                        Case{"SHUTDOWN", "shutdown servers"},
                        Case{"SHUTDOWN WAIT_FOR_SERVERS", "shutdown servers"},
                        Case{"shutdown wait_for_clients", "shutdown clients"}}) {
    FakeHost host;
    EXPECT_EQ(ask(host, c.command).error, "") << c.command;
    EXPECT_THAT(host.calls, ElementsAre(c.call)) << c.command;
  }
}

TEST(Console, ErrorsSayWhatIsWrong) {
  struct Case {
    std::string_view command, sqlstate, text;
  };
  for (const Case& c : {
           Case{"FOO", "42601", "invalid command 'FOO', use SHOW HELP;"},
           Case{"SHOW", "42601", "invalid command 'SHOW', use SHOW HELP;"},
           Case{"SHOW nonsense", "42601", "invalid command 'SHOW nonsense', use SHOW HELP;"},
           Case{"SHOW POOLS now", "42601", "invalid command 'SHOW POOLS now', use SHOW HELP;"},
           Case{"SELECT * FROM pools", "42601", "invalid command 'SELECT * FROM pools', use SHOW HELP;"},
           Case{"RELOAD; KILL", "42601", "invalid command 'RELOAD; KILL', use SHOW HELP;"},
           Case{"RELOAD shop", "42601", "invalid command 'RELOAD shop', use SHOW HELP;"},
           Case{"PAUSE shop now", "42601", "invalid command 'PAUSE shop now', use SHOW HELP;"},
           Case{"SHUTDOWN now", "42601", "invalid command 'SHUTDOWN now', use SHOW HELP;"},
           Case{"PAUSE nowhere", "3D000", "no such database: nowhere"},
           Case{"PAUSE SHOP", "3D000", "no such database: SHOP"},
           Case{"PAUSE shop.nowhere", "42704", "database \"shop\" has no shard \"nowhere\", SHOW SHARDS lists them"},
           Case{"PAUSE nowhere.shop_0", "3D000", "no such database: nowhere"},
           Case{"PAUSE NODE '127.0.0.1:1'", "42704", "no node \"127.0.0.1:1\", SHOW NODES lists them"},
           Case{"PAUSE shop TIMEOUT soon", "42601",
                "TIMEOUT takes a number of seconds above 0 (at most 31536000), not 'soon'"},
           Case{"PAUSE shop TIMEOUT -1", "42601",
                "TIMEOUT takes a number of seconds above 0 (at most 31536000), not '-1'"},
           Case{"PAUSE shop TIMEOUT", "42601", "TIMEOUT takes a number of seconds above 0 (at most 31536000), not ''"},
           Case{"PAUSE shop TIMEOUT 0", "42601",
                "TIMEOUT takes a number of seconds above 0 (at most 31536000), not '0'"},
           Case{"PAUSE NODE", "42601", "NODE needs a node's address: NODE 'host:port', SHOW NODES lists them"},
           Case{"RESUME node;", "42601", "NODE needs a node's address: NODE 'host:port', SHOW NODES lists them"},
           Case{"PAUSE NODE TIMEOUT 3", "42601",
                "NODE needs a node's address: NODE 'host:port', SHOW NODES lists them"},
           Case{"RESUME shop TIMEOUT 3", "42601", "invalid command 'RESUME shop TIMEOUT 3', use SHOW HELP;"},
           Case{"DRAIN '127.0.0.1:5502'", "42601", "invalid command 'DRAIN '127.0.0.1:5502'', use SHOW HELP;"},
           Case{"UNDRAIN NODE", "42601", "NODE needs a node's address: NODE 'host:port', SHOW NODES lists them"},
           Case{"SWITCHOVER", "42601", "a shard is required: database.shard, as in SHOW SHARDS"},
           Case{"SWITCHOVER shop TO '127.0.0.1:5502'", "42601",
                "a shard is required: database.shard, as in SHOW SHARDS"},
           Case{"SWITCHOVER shop.shop_0", "42601", "TO 'host:port' is required: which node is to be the primary?"},
           Case{"SWITCHOVER shop.shop_0 TO", "42601", "TO 'host:port' is required: which node is to be the primary?"},
           Case{"SWITCHOVER shop.shop_0 TO 'x:1'", "42704", "no node \"x:1\", SHOW NODES lists them"},
           Case{"SWITCHOVER shop.shop_0 TO '127.0.0.1:5502' NOW", "42601",
                "invalid command 'SWITCHOVER shop.shop_0 TO '127.0.0.1:5502' NOW', use SHOW HELP;"},
           Case{"KILL pgbouncer", "0A000", "cannot kill admin db: pgbouncer"},
           Case{"DISABLE shardway", "0A000", "cannot disable admin db: shardway"},
           Case{"DISABLE", "42601", "a database is required"},
           Case{"ENABLE", "42601", "a database is required"},
           Case{"KILL_CLIENT", "42601", "invalid client id '', SHOW CLIENTS has it"},
           Case{"KILL_CLIENT -1", "42601", "invalid client id '-1', SHOW CLIENTS has it"},
           Case{"KILL_CLIENT 17x", "42601", "invalid client id '17x', SHOW CLIENTS has it"},
           Case{"KILL_CLIENT 18446744073709551616", "42601",
                "invalid client id '18446744073709551616', SHOW CLIENTS has it"},
           Case{"SET pool_mode = session", "0A000",
                "SET is not supported here: edit the configuration file, then RELOAD"},
       }) {
    FakeHost host;
    const Answer answer = ask(host, c.command);
    EXPECT_EQ(answer.error, c.text);
    EXPECT_EQ(answer.error_sqlstate, c.sqlstate) << c.command;
    EXPECT_EQ(answer.tag, "");
    EXPECT_THAT(host.calls, IsEmpty()) << c.command;
  }
  EXPECT_EQ(describe("FOO"), std::nullopt);
  EXPECT_EQ(describe("SHOW nonsense"), std::nullopt);
}

TEST(Console, WhatIsDoneIsToldFromWhatIsShown) {
  for (const char* command : {"RELOAD", "pause shop;", "KILL", "SUSPEND"}) EXPECT_TRUE(is_action(command)) << command;
  for (const char* command : {"SHOW POOLS", "SELECT 1", "", "nonsense", "SET x = 1"})
    EXPECT_FALSE(is_action(command)) << command;
}

TEST(Console, HostErrorsAreHandedOn) {
  FakeHost host;
  host.error = "shardway.toml:3:1: error: unknown key 'wrokers'";
  EXPECT_EQ(ask(host, "RELOAD").error, host.error);
  EXPECT_EQ(ask(host, "RELOAD").error_sqlstate, "F0000");
  host.error = "database shop is not paused";
  for (const char* command : {"PAUSE", "RESUME shop", "DRAIN NODE '127.0.0.1:5502'", "KILL shop", "RECONNECT",
                              "DISABLE shop", "ENABLE shop", "KILL_CLIENT 1"}) {
    const Answer answer = ask(host, command);
    EXPECT_EQ(answer.error, host.error) << command;
    EXPECT_EQ(answer.error_sqlstate, "55000") << command;
    EXPECT_EQ(answer.tag, "");
  }
}

TEST(Console, ASwitchoverAnswersStepByStepAndMayFailAtItsEnd) {
  FakeHost host;
  const std::string command = "SWITCHOVER shop.shop_0 TO '127.0.0.1:5502'";
  EXPECT_THAT(lines(ask(host, command)), ElementsAre("check|done|3|all well", "hold|done|0|"));
  host.error = "undone: too late";
  const Answer answer = ask(host, command);
  EXPECT_EQ(answer.error, host.error);
  EXPECT_EQ(answer.error_sqlstate, "55000");
}

TEST(Console, LongCommandsAreCutInTheErrorBetweenCharacters) {
  std::string command = "x";
  while (command.size() < 100'000) command += "ü";
  const std::string error = ask(command).error;
  EXPECT_LT(error.size(), 300u);
  EXPECT_THAT(error, HasSubstr("ü…'"));
}

TEST(Console, OneCommandInManySpellings) {
  const auto expected = lines(ask("SHOW POOLS"));
  for (const char* command : {"show pools", "Show Pools;", " \n SHOW\t pools ; ", "SELECT pools",
                              "-- who waits?\nSHOW POOLS", "SHOW /* all */ POOLS;;", "SHOW \"pools\""}) {
    EXPECT_EQ(lines(ask(command, false)), expected) << command;
    EXPECT_TRUE(describe(command)) << command;
  }
}

// What drivers, poolers and psql send before and between commands.
TEST(Console, DriversAreHumoured) {
  struct Case {
    std::string_view command, tag, row;
  };
  for (const Case& c : {
           Case{"SET client_encoding TO 'UTF8'", "SET", ""},
           Case{"set session datestyle = ISO, MDY;", "SET", ""},
           Case{"SET LOCAL TimeZone TO DEFAULT", "SET", ""},
           Case{"SET TIME ZONE 'UTC'", "SET", ""},
           Case{"SET NAMES 'utf8'", "SET", ""},
           Case{"SET extra_float_digits = 3", "SET", ""},
           Case{"SET application_name = 'psql'", "SET", ""},
           Case{"SET standard_conforming_strings=on", "SET", ""},
           Case{"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET", ""},
           Case{"SHOW client_encoding", "SHOW", "UTF8"},
           Case{"SHOW standard_conforming_strings", "SHOW", "on"},
           Case{"SHOW DateStyle;", "SHOW", "ISO, MDY"},
           Case{"SHOW TRANSACTION ISOLATION LEVEL", "SHOW", "read committed"},
           Case{"SHOW time zone", "SHOW", "GMT"},
           Case{"SELECT 1", "SELECT 1", "1"},
           Case{"BEGIN", "BEGIN", ""},
           Case{"begin isolation level read committed read only", "BEGIN", ""},
           Case{"START TRANSACTION", "START TRANSACTION", ""},
           Case{"COMMIT", "COMMIT", ""},
           Case{"END", "COMMIT", ""},
           Case{"ROLLBACK", "ROLLBACK", ""},
           Case{"ABORT", "ROLLBACK", ""},
           Case{"DISCARD ALL", "DISCARD ALL", ""},
           Case{"RESET ALL", "RESET", ""},
           Case{"RESET timezone", "RESET", ""},
       }) {
    const Answer answer = ask(c.command, false);
    EXPECT_EQ(answer.error, "") << c.command;
    EXPECT_EQ(answer.tag, c.tag) << c.command;
    EXPECT_EQ(answer.rows.empty() ? "" : line(answer.rows.at(0)), c.row) << c.command;
    ASSERT_TRUE(describe(c.command)) << c.command;
    EXPECT_EQ(names(*describe(c.command)), names(answer.columns)) << c.command;
  }
  for (const char* command :
       {"BEGIN PAUSE", "COMMIT PREPARED 'x'", "ROLLBACK TO a", "START", "SELECT 2", "RESET", "DISCARD"}) {
    EXPECT_EQ(ask(command).error_sqlstate, "42601") << command;
  }
}

TEST(Console, AnEmptyCommandHasNoTag) {
  for (const char* command : {"", ";", "-- ping"}) {
    const Answer answer = ask(command, false);
    EXPECT_EQ(answer.error + answer.tag, "");
    EXPECT_THAT(describe(command).value(), IsEmpty());
  }
}

// Whatever is typed, one answer comes, and it has the columns that were promised.
TEST(Console, AnyMixtureOfWordsIsAnsweredOnceAsDescribed) {
  std::vector<std::string> words = {"show", "SELECT", "set",     "begin",   "all",  "1",    "time", "zone",
                                    "=",    "to",     "'x",      "'",       "\"",   ";",    "--",   "/*",
                                    "*/",   "\n",     ",",       "\0",      "ü",    "shop", "17",   "start",
                                    "",     "reset",  "discard", "session", "names"};
  for (const Show& show : shows()) words.emplace_back(show.name);
  for (const Action& action : actions()) words.emplace_back(action.verb);
  std::mt19937 random(20261124);
  for (int i = 0; i < 20'000; ++i) {
    std::string command;
    for (auto length = random() % 5; length > 0; --length) command += words[random() % words.size()] + " ";
    const Answer answer = ask(command, random() % 2 == 0);
    const auto described = describe(command);
    if (!answer.error.empty()) continue;
    ASSERT_TRUE(described) << command;
    EXPECT_EQ(names(*described), names(answer.columns)) << command;
  }
}

TEST(Console, PoolsSplitTheWait) {
  EXPECT_THAT(lines(ask("SHOW POOLS")), ElementsAre("shop|app|3|2|0|0|1|0|0|4|0|0|0|3|7|transaction|~"));
}

TEST(Console, Databases) {
  FakeHost host;
  host.report.databases.push_back(test::sample_database());
  auto& plain = host.report.databases.back();
  plain.name = "plain";
  plain.server_database = "real_name";
  plain.first_addresses = {"[::1]:5432"};
  plain.paused = true;
  EXPECT_THAT(lines(ask(host, "SHOW DATABASES")),
              ElementsAre("shop|127.0.0.1:5501,127.0.0.1:5503|5501|shop|~|16|0|0|3600|transaction|~|64|7|0|5|0|0|0",
                          "plain|::1|5432|real_name|~|16|0|0|3600|transaction|~|64|7|0|0|1|0|0"));
  plain.first_addresses = {"unix:/run/pg/.s.PGSQL.5432"};
  EXPECT_EQ(ask(host, "SHOW DATABASES").rows.at(1).at(1), "unix:/run/pg/.s.PGSQL.5432");
}

TEST(Console, ClientsAndServersPointAtEachOther) {
  EXPECT_THAT(
      lines(ask("SHOW CLIENTS")),
      ElementsAre("C|app|shop|none|active|10.1.1.1|40000|10.1.1.9|6432|2025-11-24 21:40:00 UTC|2025-11-24 "
                  "21:41:00 UTC|2|3|0|c17|s5|0|TLSv1.3/TLS_AES_256_GCM_SHA384|web|4|17|1|listen|LISTEN jobs|4096"));
  EXPECT_THAT(lines(ask("SHOW SERVERS")),
              ElementsAre("S|app|shop|none|active|127.0.0.1|5501||0|2025-11-24 21:40:00 UTC|2025-11-24 21:41:00 "
                          "UTC|0|0|1|s5|c17|4711|||0|5|1|shop_0|primary"));
}

TEST(Console, ClientsOfNobodyAreNamedAsPgbouncerDoes) {
  FakeHost host;
  host.report.clients = std::vector<stats::ClientRow>(2);
  host.report.clients[0].id = 1;
  host.report.clients[0].state = "idle";
  host.report.clients[1].id = 2;
  host.report.clients[1].state = "login";
  const Answer clients = ask(host, "SHOW CLIENTS");
  ASSERT_EQ(clients.rows.size(), 1u);  // one is still logging in
  EXPECT_EQ(line(clients.rows[0]), "C|(nouser)|(nodb)|none|idle||0||0|~|~|0|0|0|c1||0|||0|1|0|~|~|0");
  const Answer sockets = ask(host, "SHOW SOCKETS");
  ASSERT_EQ(sockets.rows.size(), 3u);
  EXPECT_EQ(sockets.rows[1][4], "cl_login");
  EXPECT_EQ(sockets.rows[2][4], "sv_active");
  EXPECT_EQ(ask(host, "SHOW ACTIVE_SOCKETS").rows.size(), 1u);
}

TEST(Console, UsersHaveTheirConnections) {
  EXPECT_THAT(lines(ask("SHOW USERS")), ElementsAre("app|||~|0|5|0|5", "other|||~|0|0|0|0"));
}

TEST(Console, ListsCount) {
  EXPECT_THAT(lines(ask("SHOW LISTS")),
              ElementsAre("databases|1", "users|2", "peers|0", "pools|1", "peer_pools|0", "free_clients|0",
                          "used_clients|6", "login_clients|1", "free_servers|0", "used_servers|5", "dns_names|0",
                          "dns_zones|0", "dns_queries|0", "dns_pending|0"));
}

TEST(Console, StateIsPausedWhenAllAre) {
  FakeHost host;
  EXPECT_THAT(lines(ask(host, "SHOW STATE")), ElementsAre("active|yes", "paused|no", "suspended|no"));
  host.report.databases[0].paused = true;
  EXPECT_THAT(lines(ask(host, "SHOW STATE")), ElementsAre("active|no", "paused|yes", "suspended|no"));
  host.report.databases.clear();
  EXPECT_THAT(lines(ask(host, "SHOW STATE")), ElementsAre("active|yes", "paused|no", "suspended|no"));
}

TEST(Console, ShardsNodesMapAndPins) {
  FakeHost host;
  host.report.held.push_back({"shop", "shop_1", "paused, switchover", 0, 0, 0});
  host.report.switchovers["shop.shop_1"] = {"drain", false};
  EXPECT_THAT(lines(ask(host, "SHOW SHARDS")),
              ElementsAre("shop|shop_0|3|0-1, 3|127.0.0.1:5501|127.0.0.1:5502|1|25|9|||",
                          "shop|shop_1|5|2, 4-7|~||0|5|9||paused, switchover|drain"));
  host.report.switchovers["shop.shop_1"] = {"verify", true};
  EXPECT_THAT(line(ask(host, "SHOW SHARDS").rows[1]), HasSubstr("alarm: not verified"));
  EXPECT_THAT(lines(ask("SHOW MAP")),
              ElementsAre("shop|shop_0|0|1", "shop|shop_1|2|2", "shop|shop_0|3|3", "shop|shop_1|4|7"));
  host.report.nodes[1].state = "drained";
  host.report.nodes[1].gtid = "0-1-7";
  host.report.nodes[1].cure = "give SWITCHOVER again";
  EXPECT_THAT(
      lines(ask(host, "SHOW NODES")),
      ElementsAre("shop|shop_0|127.0.0.1:5501|a|primary|1|~|3|7000000000000000001|5|~|~||0||0|~||",
                  "shop|shop_0|127.0.0.1:5502|b|replica|0|1500000|3|1|0|20|4096|stale_primary|2|drained|3|450|0-1-7|"
                  "give SWITCHOVER again"));
  EXPECT_THAT(lines(ask("SHOW PINS")),
              ElementsAre("17|app|shop|listen|LISTEN jobs|2025-11-24 21:40:50 UTC|active|s5|web"));
  EXPECT_THAT(lines(ask("SHOW RULES")), ElementsAre("shop|key|30"));
  EXPECT_THAT(lines(ask("SHOW REFUSALS")), ElementsAre("shop|needs_key|6"));
}

TEST(Console, TransactionsInDoubtAndWhy) {
  FakeHost host;
  EXPECT_THAT(lines(ask(host, "SHOW TRANSACTIONS")), ElementsAre());
  host.report.transactions = {
      {"shop", "main:0abc:7:shop_0", "in doubt", "shop_0", "shop_0, shop_1", "this", "no answer", 17, 1764020450, true},
      {"shop", "main:1abc:8:shop_1", "applying", "shop_1", "shop_0", "another", "", 0, 1764020450, false}};
  EXPECT_THAT(lines(ask(host, "SHOW TRANSACTIONS")),
              ElementsAre("shop|main:0abc:7:shop_0|in doubt|shop_0|shop_0, shop_1|this|17|2025-11-24 21:40:50 UTC|1|"
                          "no answer",
                          "shop|main:1abc:8:shop_1|applying|shop_1|shop_0|another|~|2025-11-24 21:40:50 UTC|0|"));
}

TEST(Console, MemoryOfBuffersAndCache) {
  EXPECT_THAT(lines(ask("SHOW MEM")),
              ElementsAre("client_buffers|4096|1|0|4096", "statement_cache|1000000000|3|0|3000000000"));
}

TEST(Console, HelpHasEveryCommand) {
  const Answer help = ask("SHOW HELP");
  EXPECT_EQ(help.rows.size(), shows().size() + actions().size());
  EXPECT_THAT(lines(help), testing::Contains("KILL_CLIENT <client_id>|drops one client; its id is in SHOW CLIENTS"));
}

}  // namespace
}  // namespace shardway::proxy::admin
