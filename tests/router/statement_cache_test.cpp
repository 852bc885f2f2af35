#include "router/statement_cache.hpp"

#include <gtest/gtest.h>

#include "tests/router/facts.hpp"
#include "tests/router/route_row.hpp"

namespace shardway::router {
namespace {

const ParseSettings kDefault;

std::string facts(StatementCache& cache, std::string_view text, const ParseSettings& settings = kDefault) {
  Literals literals;
  return shop::described(*cache.find(text, settings, literals));
}

TEST(StatementCache, LiteralsShareAnEntry) {
  StatementCache cache(shop::topology(), 1 << 20);
  Literals literals;
  const auto first = cache.find("SELECT * FROM orders WHERE customer_id = 7 AND status = 'x'", kDefault, literals);
  const auto second =
      cache.find("SELECT  * FROM orders /* c */ WHERE customer_id = 4711 AND status = 'it''s';", kDefault, literals);
  EXPECT_EQ(first, second);
  ASSERT_EQ(literals.size(), 2U);
  EXPECT_EQ(literals[0].source, "4711");
  EXPECT_EQ(literals[1].source, "'it''s'");
  EXPECT_EQ(cache.counters().hits, 1U);
  EXPECT_EQ(cache.counters().misses, 1U);
}

// Whatever the cache has seen before.
TEST(StatementCache, AStringMayGoOnBehindAComment) {
  const std::pair<const char*, const char*> pairs[] = {
      {"SELECT * FROM orders WHERE customer_id = '4'--c\n'2'", "SELECT * FROM orders WHERE customer_id = '42'"},
      {"SELECT * FROM orders WHERE customer_id = '4' -- it's 'one'\n-- more\n'2' AND status = '--a'",
       "SELECT * FROM orders WHERE customer_id = '42' AND status = '--a'"},
      {"SELECT E'it\\'s'--c\r\n'x', B'1' --c\n'0', $$'a'--c\n'b'$$", "SELECT E'x', B'10', 'c'"},
  };
  for (const auto& [text, plain] : pairs) {
    StatementCache cache(shop::topology(), 1 << 20), other(shop::topology(), 1 << 20);
    Literals literals;
    EXPECT_FALSE(cache.find(text, kDefault, literals)->syntax_error) << text;
    EXPECT_EQ(facts(cache, text), facts(other, plain)) << text;
  }
  StatementCache cache(shop::topology(), 1 << 20);
  Literals literals;
  EXPECT_TRUE(cache.find("SELECT '4' /* c */\n'2'", kDefault, literals)->syntax_error);
  EXPECT_TRUE(cache.find("SELECT '4' -- c", kDefault, literals)->syntax_error == std::nullopt);
}

TEST(StatementCache, WhatMeansSomethingElseHasAnotherEntry) {
  // Pairs that a careless key would confuse.
  const std::pair<const char*, const char*> pairs[] = {
      {"SELECT 1", "SELECT '1'"},
      {"SELECT 1", "SELECT 1.0"},
      {"SELECT * FROM orders WHERE customer_id = 5", "SELECT * FROM orders WHERE customer_id = -5"},
      {"SELECT N'a'", "SELECT n 'a'"},
      {"SELECT a b", "SELECT ab"},
      {"SELECT \"a\"", "SELECT a"},
      {"SELECT \"A\"", "SELECT \"a\""},
      {"SELECT $1", "SELECT $2"},
      {"SELECT B'1'", "SELECT B'0'"},
      {"SELECT '/* x */'", "SELECT /* x */ 1"},
      {"SELECT 1 --x\n", "SELECT 1 - -x"},
      {"SELECT a.b", "SELECT a .b, c"},
      {"/* shardway: shard=shop_0 */ SELECT 1", "/* shardway: shard=shop_1 */ SELECT 1"},
      {"/* shardway: shard=shop_0 */ SELECT 1", "/* other: shard=shop_0 */ SELECT 1"},
      {"SELECT 1", "SELECT 1; SELECT 1"},
  };
  for (const auto& [left, right] : pairs) {
    StatementCache cache(shop::topology(), 1 << 20);
    Literals literals;
    const auto first = cache.find(left, kDefault, literals);
    EXPECT_NE(cache.find(right, kDefault, literals), first) << left << " / " << right;
  }
}

TEST(StatementCache, ControlBytesAreNotTakenForLiterals) {
  StatementCache cache(shop::topology(), 1 << 20);
  Literals literals;
  cache.find("SELECT 1", kDefault, literals);
  EXPECT_TRUE(cache.find("SELECT \x02", kDefault, literals)->syntax_error);
  cache.find("SELECT 'a'", kDefault, literals);
  EXPECT_TRUE(cache.find("SELECT \x01", kDefault, literals)->syntax_error);
  EXPECT_FALSE(cache.find("SELECT '\x01'", kDefault, literals)->syntax_error);
}

TEST(StatementCache, SettingsArePartOfTheKey) {
  StatementCache cache(shop::topology(), 1 << 20);
  const auto text = "SELECT * FROM accounts WHERE name = 'a\\'";
  Literals literals;
  EXPECT_FALSE(cache.find(text, kDefault, literals)->syntax_error);
  EXPECT_TRUE(cache.find(text, {false, ""}, literals)->syntax_error);
  const auto plain = cache.find("SELECT * FROM orders", kDefault, literals);
  EXPECT_NE(cache.find("SELECT * FROM orders", {true, "shadow"}, literals), plain);
  EXPECT_EQ(cache.find("SELECT * FROM orders", kDefault, literals), plain);
}

TEST(StatementCache, FactsThatDependOnLiteralsAreKeptUnderTheExactText) {
  StatementCache cache(shop::topology(), 1 << 20);
  Literals literals;
  const auto first = cache.find("SELECT set_config('app.a', 'x', false)", kDefault, literals);
  const auto other = cache.find("SELECT set_config('app.b', 'y', true)", kDefault, literals);
  ASSERT_EQ(first->statements[0].settings.size(), 1U);
  EXPECT_EQ(other->statements[0].settings[0].name, "app.b");
  EXPECT_TRUE(other->statements[0].settings[0].local);
  EXPECT_EQ(cache.find("SELECT set_config('app.a', 'x', false)", kDefault, literals), first);
  EXPECT_EQ(cache.counters().hits, 1U);
}

TEST(StatementCache, FactsFromTheCacheAreThoseOfAFreshParse) {
  for (const auto& row : shop::rows()) {
    const auto topology = shop::topology_of(row);
    const ParseSettings settings{!row.has("scs_off"), ""};
    StatementCache cache(topology, 8 << 20);
    facts(cache, row.sql, settings);
    for (unsigned step = 0; step < 5; ++step) {
      const auto other = shop::with_other_literals(row.sql, settings.standard_conforming_strings, step * 11);
      StatementCache fresh(topology, 8 << 20);
      const auto expected = facts(fresh, other, settings);
      if (expected.find("syntax error") != std::string::npos) continue;
      EXPECT_EQ(facts(cache, other, settings), expected) << "routes.txt:" << row.line << ": " << other;
    }
  }
}

#ifdef SHARDWAY_SANITIZED
constexpr int kFlood = 400'000;
#else
constexpr int kFlood = 1'000'000;
#endif

// Most are distinct exact texts; one in five is a distinct shape.
std::string text_of_flood(int i) {
  return i % 5 == 0 ? "SELECT a" + std::to_string(i) + " FROM orders WHERE customer_id = 5"
                    : "SHOW v" + std::to_string(i);
}

// Statements of another client, used in turn; the values differ each time.
class Client {
 public:
  Client(StatementCache& cache, std::string table) : cache_(cache), table_(std::move(table)) {}

  void use_next() {
    const auto number = used_++ % kStatements;
    const auto text =
        "SELECT c" + std::to_string(number) + " FROM " + table_ + " WHERE customer_id = " + std::to_string(used_);
    Literals literals;
    const auto hits = cache_.counters().hits;
    cache_.find(text, kDefault, literals);
    if (used_ > 2 * kStatements) {
      ++counted_;
      hits_ += cache_.counters().hits - hits;
    }
  }
  // Of all uses but the first two of each statement.
  double hit_rate() const { return static_cast<double>(hits_) / static_cast<double>(counted_); }

 private:
  static constexpr std::uint64_t kStatements = 300;
  StatementCache& cache_;
  std::string table_;
  std::uint64_t used_ = 0, counted_ = 0, hits_ = 0;
};

TEST(StatementCache, AMillionDistinctStatementsTakeNothingFromOtherClients) {
  constexpr std::size_t kBytes = 5 << 20;
  StatementCache cache(shop::topology(), kBytes);
  Client old(cache, "orders"), young(cache, "customers");
  for (int i = 0; i < 600; ++i) old.use_next();
  Literals literals;
  for (int i = 0; i < kFlood; ++i) {
    cache.find(text_of_flood(i), kDefault, literals);
    ASSERT_LE(cache.counters().bytes, kBytes);
    if (i % 20 == 0) old.use_next();                   // each statement once in 6,000 others
    if (i % 20 == 10 && i > 10'000) young.use_next();  // one that comes in the middle of the flood
  }
  EXPECT_GT(cache.counters().evictions, static_cast<std::uint64_t>(kFlood) / 10 * 9);
  EXPECT_GT(old.hit_rate(), 0.99);
  EXPECT_GT(young.hit_rate(), 0.99);
}

TEST(StatementCache, WhatIsUsedOnceGoesBeforeWhatIsUsedTwice) {
  StatementCache cache(shop::topology(), 64 << 10);
  Literals literals;
  const auto twice = cache.find("SELECT 1", kDefault, literals);
  cache.find("SELECT 1", kDefault, literals);
  const auto once = cache.find("SELECT 1, 1", kDefault, literals);
  for (int i = 0; i < 2'000; ++i) cache.find("SHOW v" + std::to_string(i), kDefault, literals);
  EXPECT_EQ(cache.find("SELECT 1", kDefault, literals), twice);
  EXPECT_NE(cache.find("SELECT 1, 1", kDefault, literals), once);
}

// The proven are bounded, too: those that are used no more go in the end.
TEST(StatementCache, WhatWasUsedOftenGoesWhenOthersAre) {
  StatementCache cache(shop::topology(), 64 << 10);
  Literals literals;
  const auto twice = cache.find("SELECT 1", kDefault, literals);
  for (int i = 0; i < 2'000; ++i)
    for (int use = 0; use < 2; ++use) cache.find("SHOW v" + std::to_string(i), kDefault, literals);
  EXPECT_NE(cache.find("SELECT 1", kDefault, literals), twice);
  EXPECT_LE(cache.counters().bytes, std::size_t{64} << 10);
}

TEST(StatementCache, SyntaxErrorsSayWhatTheServerSays) {
  StatementCache cache(shop::topology(), 1 << 20);
  Literals literals;
  const auto query = cache.find("SELECT * FORM orders", kDefault, literals);
  ASSERT_TRUE(query->syntax_error);
  EXPECT_EQ(query->syntax_error->message, "syntax error at or near \"FORM\"");
  EXPECT_EQ(query->syntax_error->position, 10);
  EXPECT_EQ(query->syntax_error->reason, FaultReason::kSyntax);
  EXPECT_EQ(cache.counters().entries, 0U);
}

TEST(StatementCache, HugeAndDeepTextsAreNotUnderstoodButDoNoHarm) {
  StatementCache cache(shop::topology(), 1 << 20);
  Literals literals;
  const auto huge = cache.find("SELECT '" + std::string(2 << 20, 'x') + "'", kDefault, literals);
  ASSERT_TRUE(huge->statements[0].fault);
  EXPECT_EQ(huge->statements[0].fault->reason, FaultReason::kTooLarge);
  std::string sum = "SELECT 1";
  for (int i = 0; i < 20'000; ++i) sum += "+1";
  EXPECT_TRUE(cache.find(sum, kDefault, literals)->statements[0].fault);
  std::string nested(30'000, '(');
  EXPECT_TRUE(cache.find("SELECT " + nested, kDefault, literals)->syntax_error);
  std::string selects;
  for (int i = 0; i < 2'000; ++i) selects += "SELECT (";
  selects += "SELECT 1" + std::string(2'000, ')');
  const auto deep = cache.find(selects, kDefault, literals);
  EXPECT_TRUE(deep->syntax_error || deep->statements[0].fault);
}

TEST(StatementCache, AThousandKeysInOneList) {
  StatementCache cache(shop::topology(), 8 << 20);
  std::string text = "SELECT * FROM orders WHERE customer_id IN (1";
  for (int i = 2; i <= 70'000; ++i) text += "," + std::to_string(i);
  Literals literals;
  const auto query = cache.find(text + ")", kDefault, literals);
  ASSERT_EQ(literals.size(), 70'000U);
  EXPECT_EQ(query->statements[0].sharded[0].keys.back().index, 69'999U);
}

}  // namespace
}  // namespace shardway::router
