// What the statement cache says of a MySQL text is what a fresh analysis of this very text says: each row of
// tests/golden/routes_mysql.txt, met after others of its shape and again, under each row's settings.
#include <gtest/gtest.h>

#include "router/mysql_lexer.hpp"
#include "tests/router/facts.hpp"
#include "tests/router/mysql_facts.hpp"
#include "tests/router/mysql_route_row.hpp"

namespace shardway::router {
namespace {

std::string said(StatementCache& cache, std::string_view text, const ParseSettings& settings) {
  Literals literals;
  const auto query = cache.find(text, settings, literals);
  return shop::mysql_described(*query) + "literals:" + shop::described(literals);
}

TEST(MysqlCachedFacts, AreThoseOfAFreshParse) {
  const auto topology = shop::topology();
  topology->language = &kMysqlLanguage;
  StatementCache cache(topology, 8 << 20);
  for (const auto& row : shop::rows("routes_mysql.txt")) {
    ParseSettings settings;
    settings.mysql = shop::mysql_mode_of(row);
    const auto text = shop::unescaped(row.sql);
    Literals literals;
    for (unsigned step = 0; step < 5; ++step)
      cache.find(shop::with_other_mysql_literals(text, settings.mysql, step * 11), settings, literals);
    StatementCache fresh(topology, 1 << 20);
    const auto expected = said(fresh, text, settings);
    EXPECT_EQ(said(cache, text, settings), expected) << "after others of its shape: " << text;
    EXPECT_EQ(said(cache, text, settings), expected) << "again: " << text;
  }
  EXPECT_GT(cache.counters().hits, 1000U);
}

TEST(MysqlCachedFacts, DependOnWhatChangesTheMeaning) {
  const auto topology = shop::topology();
  topology->language = &kMysqlLanguage;
  StatementCache cache(topology, 8 << 20);
  const std::string text = R"(SELECT * FROM customers WHERE customer_id = "42")";
  Literals literals;
  ParseSettings plain, ansi;
  ansi.mysql.ansi_quotes = true;
  EXPECT_TRUE(cache.find(text, plain, literals)->statements[0].sharded[0].bound);
  EXPECT_FALSE(cache.find(text, ansi, literals)->statements[0].sharded[0].bound);
  EXPECT_TRUE(cache.find(text, plain, literals)->statements[0].sharded[0].bound);
  ParseSettings elsewhere;
  elsewhere.search_path = "other";
  EXPECT_TRUE(cache.find(text, elsewhere, literals)->statements[0].fault.has_value());
}

}  // namespace
}  // namespace shardway::router
