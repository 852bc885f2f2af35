#include "proxy/cli.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shardway::proxy {
namespace {

Command parse(std::vector<std::string> words) {
  words.insert(words.begin(), "shardway");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

std::string path_of(const char* name) { return std::string(SHARDWAY_SOURCE_DIR) + "/configs/" + name; }

TEST(Cli, Commands) {
  const Command run = parse({"run", "--config", "a.toml"});
  EXPECT_EQ(run.kind, Command::Kind::kRun);
  EXPECT_EQ(run.config_file, "a.toml");
  const Command check = parse({"check", "--config=b.toml"});
  EXPECT_EQ(check.kind, Command::Kind::kCheck);
  EXPECT_EQ(check.config_file, "b.toml");
  EXPECT_FALSE(check.servers);
  EXPECT_TRUE(parse({"check", "--servers", "--config=b.toml"}).servers);
  const Command explain = parse({"explain", "--config", "c.toml", "--database", "shop", "SELECT 1"});
  EXPECT_EQ(explain.kind, Command::Kind::kExplain);
  EXPECT_EQ(explain.config_file, "c.toml");
  EXPECT_EQ(explain.database, "shop");
  EXPECT_EQ(explain.sql, "SELECT 1");
  EXPECT_EQ(parse({"explain", "--config", "c.toml", "--database", "shop", "-"}).sql, "-");
}

TEST(Cli, Switchover) {
  const Command asked = parse({"switchover", "-c", "a.toml", "shop.shop_0", "--to", "h:1", "--timeout", "2.5",
                               "--force", "--rehearse", "--user", "admin"});
  EXPECT_EQ(asked.kind, Command::Kind::kSwitchover);
  EXPECT_EQ(asked.shard, "shop.shop_0");
  EXPECT_EQ(asked.to, "h:1");
  EXPECT_EQ(asked.timeout, "2.5");
  EXPECT_EQ(asked.user, "admin");
  EXPECT_TRUE(asked.force && asked.rehearse);
  EXPECT_FALSE(parse({"switchover", "-c", "a.toml", "shop.shop_0", "--to", "h:1"}).rehearse);
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"switchover", "-c", "a.toml", "shop.shop_0"},
        {"switchover", "-c", "a.toml", "--to", "h:1"},
        {"switchover", "-c", "a.toml", "s.s", "--to", "h:1", "--timeout", "soon"}}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(parse(wrong).exit_status, 2);
    testing::internal::GetCapturedStderr();
  }
}

TEST(Cli, HelpAndVersionAreNoFailure) {
  for (const char* word : {"--help", "--version"}) {
    testing::internal::CaptureStdout();
    const Command command = parse({word});
    EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::HasSubstr("hardway"));
    EXPECT_EQ(command.kind, Command::Kind::kExit);
    EXPECT_EQ(command.exit_status, 0) << word;
  }
}

TEST(Cli, WrongUsageIsStatus2) {
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"serve"},
                                                    {"run"},
                                                    {"check", "--config"},
                                                    {"explain", "--config", "x", "SELECT 1"},
                                                    {"check", "--confg", "x"}};
  for (const auto& words : wrong) {
    testing::internal::CaptureStderr();
    const Command command = parse(words);
    EXPECT_FALSE(testing::internal::GetCapturedStderr().empty());
    EXPECT_EQ(command.kind, Command::Kind::kExit);
    EXPECT_EQ(command.exit_status, 2);
  }
}

TEST(Cli, WhatIsNotKnownIsNamed) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"frobnicate"}, {"check", "frobnicate"}}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(parse(wrong).exit_status, 2);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("frobnicate"));
  }
}

TEST(Cli, CheckCountsWhatItFound) {
  const std::string file = path_of("sharded-postgresql.toml");
  testing::internal::CaptureStdout();
  EXPECT_EQ(run_check(parse({"check", "--config", file})), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), file + ": ok (1 database, 2 shards, 2 users)\n");
}

TEST(Cli, CheckPrintsProblemsAndFails) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_check(parse({"check", "--config", "/no/such/file"})), 1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "/no/such/file: error: cannot read the configuration: No such file or directory\n"
            "  hint: check the name and who may read it\n");
}

TEST(Cli, ExplainNeedsADatabaseOfTheFile) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_explain({Command::Kind::kExplain, path_of("minimal.toml"), "nosuch", "SELECT 1", 0}), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("there is no database \"nosuch\""));
}

struct Explained {
  const char* sql;
  int status;
  const char* output_has;
};
constexpr Explained kExplained[] = {
    {"SELECT * FROM orders WHERE customer_id = 42", 0, "shop_1"},
    {"SELECT 1", 0, "shop_0"},
    {"SELECT count(*) FROM orders", 1, ""},
    {"SELEC 1", 1, "syntax error"},
};

TEST(Cli, ExplainPrintsThePlanOrTheRefusal) {
  for (const Explained& each : kExplained) {
    testing::internal::CaptureStdout();
    const int status = run_explain({Command::Kind::kExplain, path_of("sharded-postgresql.toml"), "shop", each.sql, 0});
    const std::string output = testing::internal::GetCapturedStdout();
    EXPECT_EQ(status, each.status) << each.sql << "\n" << output;
    EXPECT_THAT(output, testing::HasSubstr(each.output_has)) << each.sql;
  }
}

}  // namespace
}  // namespace shardway::proxy
