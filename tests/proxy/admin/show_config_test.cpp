#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "proxy/admin/console.hpp"
#include "proxy/admin/version.hpp"
#include "tests/proxy/admin/fake_host.hpp"

namespace shardway::proxy::admin {
namespace {

using testing::HasSubstr;

std::map<std::string, std::string> settings(test::FakeHost& host) {
  std::map<std::string, std::string> all;
  execute(host, "SHOW CONFIG", false, [&](const Answer& answer) {
    for (const auto& row : answer.rows) {
      EXPECT_TRUE(all.emplace(row.at(0).value_or(""), row.at(1).value_or("")).second) << row.at(0).value_or("");
      EXPECT_TRUE(row.at(3) == "yes" || row.at(3) == "no");
      for (const auto& cell : row) EXPECT_EQ(cell.value_or("").find(test::kSecret), std::string::npos);
    }
  });
  return all;
}

TEST(ShowConfig, HasNoSecretAndNoKeyTwice) {
  test::FakeHost host;
  EXPECT_GT(settings(host).size(), 20u);
}

// pgbouncer_exporter reads two of these and gives up when they are no numbers; dashboards read the others.
TEST(ShowConfig, SpeaksPgbouncersWords) {
  test::FakeHost host;
  const auto all = settings(host);
  for (const auto& [key, value] : std::map<std::string, std::string>{{"max_client_conn", "5000"},
                                                                     {"max_user_connections", "0"},
                                                                     {"max_db_connections", "0"},
                                                                     {"default_pool_size", "16"},
                                                                     {"pool_mode", "transaction"},
                                                                     {"listen_addr", "127.0.0.1"},
                                                                     {"listen_port", "6432"},
                                                                     {"query_wait_timeout", "120"},
                                                                     {"server_lifetime", "3600"},
                                                                     {"client_idle_timeout", "0"},
                                                                     {"admin_users", "admin"},
                                                                     {"stats_users", "watcher"}}) {
    ASSERT_TRUE(all.count(key)) << key;
    EXPECT_EQ(all.at(key), value) << key;
  }
}

TEST(ShowConfig, WorksWithoutAnyDatabase) {
  test::FakeHost host;
  host.configuration = std::make_shared<config::Config>();
  EXPECT_EQ(settings(host).at("default_pool_size"), "20");
}

TEST(ShowVersion, IsTheOneOfTheBuild) {
  test::FakeHost host;
  execute(host, "SHOW VERSION", false,
          [](const Answer& answer) { EXPECT_EQ(answer.rows.at(0).at(0), "Shardway " + std::string(kVersion)); });
  std::ifstream file(SHARDWAY_SOURCE_DIR "/CMakeLists.txt");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("project(shardway VERSION " + std::string(kVersion) + " "));
}

}  // namespace
}  // namespace shardway::proxy::admin
