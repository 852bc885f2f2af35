#include "proxy/mysql/sql_mode.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy::mysql {
namespace {

using router::MysqlMode;

MysqlMode mode(std::map<std::string, std::string> variables, std::uint8_t collation = 45,
               const router::Catalog* catalog = nullptr, std::string_view version = "5.5.5-10.11.6-MariaDB") {
  return mode_of(State{"shop", std::move(variables)}, collation, catalog, 0, {number_of(version), is_mariadb(version)});
}

TEST(SqlMode, IsTheSessionsOrTheServers) {
  router::Catalog catalog;
  catalog.sql_mode = "STRICT_TRANS_TABLES,ANSI_QUOTES";
  EXPECT_FALSE(mode({}).ansi_quotes);
  EXPECT_TRUE(mode({}, 45, &catalog).ansi_quotes);
  EXPECT_FALSE(mode({{"sql_mode", ""}}, 45, &catalog).ansi_quotes);
  const auto own = mode({{"sql_mode", "PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,IGNORE_SPACE"}}, 45, &catalog);
  EXPECT_TRUE(own.pipes_as_concat && own.no_backslash_escapes && own.ignore_space && !own.ansi_quotes && !own.oracle);
  EXPECT_FALSE(own.zero_is_number);
  EXPECT_TRUE(mode({{"sql_mode", "NO_AUTO_VALUE_ON_ZERO"}}).zero_is_number);
  EXPECT_FALSE(mode({{"sql_mode", "NOT_ANSI_QUOTES"}}).ansi_quotes) << "a whole word";
}

TEST(SqlMode, CharacterSetByNameOrByTheLogInsNumber) {
  using Charset = MysqlMode::Charset;
  EXPECT_EQ(mode({}, 45).charset, Charset::kUtf8);
  EXPECT_EQ(mode({}, 8).charset, Charset::kSingleByte);
  EXPECT_EQ(mode({}, 28).charset, Charset::kGbk);
  EXPECT_EQ(mode({}, 249).charset, Charset::kGb18030);
  EXPECT_EQ(mode({}, 224).charset, Charset::kUtf8);
  EXPECT_EQ(mode({{"character_set_client", "sjis"}}, 45).charset, Charset::kSjis);
  EXPECT_EQ(mode({{"character_set_client", "latin1"}}, 28).charset, Charset::kSingleByte);
}

TEST(SqlMode, Version) {
  EXPECT_EQ(mode({}).version, 101106U);
  EXPECT_EQ(mode({}, 45, nullptr, "8.0.36").server, MysqlMode::Server::kMysql);
  EXPECT_EQ(mode({}, 45, nullptr, "8.0.36").version, 80036U);
  EXPECT_EQ(mode({}, 45, nullptr, "").server, MysqlMode::Server::kMariaDb);
  router::Catalog catalog;
  catalog.server_version = "8.0.40";
  EXPECT_EQ(mode({}, 45, &catalog).server, MysqlMode::Server::kMysql)
      << "of its own servers, not of another database's";
  EXPECT_EQ(mode({}, 45, &catalog).version, 80040U);
}

TEST(SqlMode, CharacterSetsNoClientMaySpeak) {
  for (const int collation : {0, 8, 11, 33, 45, 63, 83, 200, 224, 255})
    EXPECT_EQ(unspeakable_charset(static_cast<std::uint8_t>(collation)), "") << collation;
  EXPECT_EQ(unspeakable_charset(35), "ucs2");
  EXPECT_EQ(unspeakable_charset(151), "ucs2");
  EXPECT_EQ(unspeakable_charset(101), "utf16");
  EXPECT_EQ(unspeakable_charset(56), "utf16le");
  EXPECT_EQ(unspeakable_charset(183), "utf32");
}

}  // namespace
}  // namespace shardway::proxy::mysql
