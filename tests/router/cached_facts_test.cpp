// What the statement cache says of a text is what a fresh analysis of this very text says: over the written and
// generated statements of the differential test, each met after others of its shape; and the forms that tempt a cache
// to err.
#include <gtest/gtest.h>

#include "router/planner.hpp"
#include "tests/router/facts.hpp"
#include "tests/router/schema.hpp"
#include "tests/router/shop.hpp"

namespace shardway::router {
namespace {

constexpr std::size_t kBytes = 8 << 20;

// Facts, and which literals their numbers mean.
std::string said(StatementCache& cache, std::string_view text, const ParseSettings& settings) {
  Literals literals;
  const auto query = cache.find(text, settings, literals);
  return shop::described(*query) + "literals:" + shop::described(literals);
}

std::string said_afresh(const std::shared_ptr<Topology>& topology, std::string_view text,
                        const ParseSettings& settings) {
  StatementCache cache(topology, kBytes);
  return said(cache, text, settings);
}

void expect_like_fresh(StatementCache& cache, const std::shared_ptr<Topology>& topology, const std::string& text,
                       const ParseSettings& settings = {}) {
  const bool standard = settings.standard_conforming_strings;
  for (unsigned step = 0; step < 5; ++step) {
    Literals literals;
    cache.find(shop::with_other_literals(text, standard, step * 11), settings, literals);
    cache.find(shop::with_odd_literals(text, standard, step), settings, literals);
  }
  const auto fresh = said_afresh(topology, text, settings);
  for (const char* which : {"after others of its shape", "again"})
    EXPECT_EQ(said(cache, text, settings), fresh) << which << ": " << text;
}

TEST(CachedFacts, AreThoseOfAFreshParseForEveryStatementOfTheDifferentialTest) {
  const auto written = schema::read();
  ASSERT_GE(written.texts.size(), 20'000U);
  StatementCache cache(written.topology, 64 << 20);
  for (const auto& text : written.texts) expect_like_fresh(cache, written.topology, text);
  EXPECT_GT(cache.counters().hits, 10 * written.texts.size());
}

TEST(CachedFacts, AreThoseOfAFreshParseWithoutStandardStringsToo) {
  const auto written = schema::read();
  const ParseSettings settings{false, "other, public"};
  StatementCache cache(written.topology, 64 << 20);
  for (std::size_t i = 0; i < written.texts.size(); i += 4)
    expect_like_fresh(cache, written.topology, written.texts[i], settings);
}

TEST(CachedFacts, OfFormsThatTemptACache) {
  const auto topology = shop::topology();
  StatementCache cache(topology, kBytes);
  for (const char* text : {
           "SELECT * FROM orders LIMIT 5",
           "SELECT * FROM orders LIMIT 0",
           "SELECT * FROM orders LIMIT NULL",
           "SELECT * FROM orders OFFSET 0",
           "SELECT * FROM orders OFFSET 10 LIMIT 10",
           "SELECT * FROM orders FETCH FIRST 3 ROWS ONLY",
           "SELECT customer_id, count(*) FROM orders GROUP BY 1",
           "SELECT status, customer_id, count(*) FROM orders GROUP BY 2, 1",
           "SELECT order_id, status FROM orders ORDER BY 2",
           "SELECT order_id, status FROM orders WHERE customer_id = 5 ORDER BY 1 DESC, 2",
           "SELECT DISTINCT ON (1) * FROM orders",
           "SELECT total::numeric(10,2) FROM orders WHERE customer_id = 5",
           "SELECT CAST(total AS numeric(12, 4)), status::varchar(3) FROM orders",
           "SELECT now()::timestamp(0) AS t FROM orders",
           "SELECT current_timestamp(3) AS t FROM orders",
           "SELECT * FROM orders WHERE customer_id = 5",
           "SELECT * FROM orders WHERE customer_id = '5'",
           "SELECT * FROM orders WHERE customer_id = -5",
           "SELECT * FROM orders WHERE customer_id = 5.0",
           "SELECT * FROM orders WHERE customer_id = 5::text::bigint",
           "SELECT * FROM accounts WHERE name = 5",
           "SELECT * FROM accounts WHERE name = '5'",
           "SELECT * FROM accounts WHERE name = E'al\\151ce'",
           "SELECT * FROM accounts WHERE name = E'\\'; DROP TABLE accounts; --'",
           "SELECT * FROM accounts WHERE name = U&'\\0061lice'",
           "SELECT * FROM accounts WHERE name = U&'!0061lice' UESCAPE '!'",
           "SELECT * FROM accounts WHERE name = $$alice$$",
           "SELECT * FROM accounts WHERE name = $a$al$$ice$a$",
           "SELECT * FROM accounts WHERE name = 'a'\n'lice'",
           "SELECT * FROM accounts WHERE name = N'alice'",
           "SELECT * FROM accounts WHERE name = B'1'",
           "SELECT * FROM accounts WHERE name = 'Zo\xc3\xab'",
           "SELECT * FROM sites WHERE site = 007",
           "SELECT interval '1 day', date '2026-11-25', interval(3) '1.5'",
           "SELECT * FROM orders WHERE customer_id = ANY('{5}')",
           "SELECT * FROM orders WHERE customer_id = ANY(ARRAY[5, 6])",
           "SELECT * FROM orders WHERE customer_id BETWEEN 5 AND 5",
           "SELECT set_config('search_path', 'shadow', false)",
           "SELECT set_config('app.user', '7', true)",
           "SELECT pg_advisory_lock(7)",
           "SELECT nextval('orders_id_seq')",
           "INSERT INTO orders VALUES (1, 5, 'new', 10.00)",
           "INSERT INTO orders (order_id, customer_id) VALUES (1, 5), (2, 5)",
           "UPDATE orders SET customer_id = 5 WHERE customer_id = 5",
           "UPDATE orders SET total = 1 WHERE customer_id = 5 AND order_id = 1",
           "/* shardway: key=5 */ SELECT * FROM orders LIMIT 5",
       })
    expect_like_fresh(cache, topology, text);
}

TEST(CachedFacts, OfListsOfEveryLength) {
  const auto topology = shop::topology();
  StatementCache cache(topology, kBytes);
  std::string numbers = "5", strings = "'5'", others;
  for (int length = 1; length <= 200; ++length) {
    for (const auto& list : {numbers, strings}) {
      const auto text = "SELECT * FROM orders WHERE customer_id IN (" + list + ")";
      expect_like_fresh(cache, topology, text);
      const auto facts = said(cache, text, {});
      EXPECT_NE(facts, others) << text;
      others = facts;
    }
    numbers += ", " + std::to_string(length);
    strings += ", '" + std::to_string(length) + "'";
  }
}

// One text under settings in turn: each is answered as if it were alone.
TEST(CachedFacts, OfOneTextUnderEverySetting) {
  const auto topology = shop::topology();
  StatementCache cache(topology, kBytes);
  const ParseSettings settings[] = {{true, ""},        {false, ""},
                                    {true, "shadow"},  {true, "shadow, public"},
                                    {false, "shadow"}, {true, "\"$user\", public"}};
  for (int round = 0; round < 3; ++round)
    for (const auto& setting : settings)
      for (const char* text :
           {"SELECT * FROM orders WHERE customer_id = '5'", "SELECT * FROM accounts WHERE name = 'a\\'",
            "SELECT * FROM accounts WHERE name = 'a\\' OR name = '' --'"})
        EXPECT_EQ(said(cache, text, setting), said_afresh(topology, text, setting)) << text << setting.search_path;
  EXPECT_NE(said(cache, "SELECT * FROM orders", settings[0]), said(cache, "SELECT * FROM orders", settings[2]));
}

// A cache is made for one topology; the session takes another one when the epoch changes (proxy/database.cpp).
TEST(CachedFacts, CarryTheEpochOfTheirCatalogue) {
  Literals literals;
  for (const std::uint64_t epoch : {3U, 4U}) {
    auto topology = shop::topology();
    topology->epoch = epoch;
    StatementCache cache(topology, kBytes);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(cache.find("SELECT 1", {}, literals)->topology_epoch, epoch);
  }
}

// Facts say nothing of a parameter's type, so one entry serves all; the planner is told the types of each execution.
TEST(CachedFacts, LeaveTheTypesOfParametersToThePlanner) {
  const auto topology = shop::topology();
  StatementCache cache(topology, kBytes);
  const std::string text = "SELECT * FROM orders WHERE customer_id = $1";
  Literals literals;
  const std::vector<ParameterValue> value{{"42", false}};
  const auto planned = [&](std::uint32_t type) {
    const std::vector<std::uint32_t> types{type};
    const auto query = cache.find(text, {}, literals);
    return plan(query->statements[0], {&literals, &value, &types}, *topology, {}, text).action;
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(planned(20), Action::kOneShard) << "bigint";
    EXPECT_EQ(planned(1700), Action::kRefuse) << "numeric";
    EXPECT_EQ(planned(0), Action::kOneShard) << "inferred";
  }
  EXPECT_EQ(cache.counters().misses, 1U);
}

}  // namespace
}  // namespace shardway::router
