#include "proxy/control/catalog_reader.hpp"

#include <gtest/gtest.h>

#include "tests/proxy/control/results.hpp"

namespace shardway::proxy::control {
namespace {

using router::KeyType;
using router::TableKind;

CatalogAnswer answer(const std::vector<Row>& columns, const std::vector<Row>& functions = {},
                     const std::vector<Row>& loose = {}) {
  std::vector<Result> results;
  results.push_back(make_result(columns, 5));
  results.push_back(make_result(functions, 1));
  results.push_back(make_result(loose, 3));
  return read_catalog(results);
}

TEST(CatalogReader, KeepsColumnsInOrderAndMarksGeneratedOnes) {
  const auto found = answer({{"public", "orders", "id", "bigint", "f"},
                             {"public", "orders", "total", "numeric(10,2)", "t"},
                             {"sales", "orders", "x", "text", "f"}},
                            {{"total_of"}, {"crypt"}});
  ASSERT_EQ(found.catalog.tables.size(), 2U);
  const auto& orders = found.catalog.tables.at("public.orders");
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[0].name, "id");
  EXPECT_FALSE(orders[0].generated);
  EXPECT_EQ(orders[1].type, "numeric(10,2)");
  EXPECT_TRUE(orders[1].generated);
  EXPECT_TRUE(found.catalog.user_functions.contains("crypt"));
  EXPECT_EQ(found.catalog.user_functions.size(), 2U);
}

TEST(CatalogReader, SeesEveryDifference) {
  const Row id{"public", "t", "id", "bigint", "f"}, n{"public", "t", "n", "text", "f"};
  const auto base = answer({id, n}, {{"f"}}).catalog;
  EXPECT_TRUE(same(base, answer({id, n}, {{"f"}}).catalog));
  EXPECT_FALSE(same(base, answer({id}, {{"f"}}).catalog)) << "a column less";
  EXPECT_FALSE(same(base, answer({n, id}, {{"f"}}).catalog)) << "another order";
  EXPECT_FALSE(same(base, answer({id, {"public", "t", "n", "varchar", "f"}}, {{"f"}}).catalog)) << "another type";
  EXPECT_FALSE(same(base, answer({id, {"public", "t", "n", "text", "t"}}, {{"f"}}).catalog)) << "generated now";
  EXPECT_FALSE(same(base, answer({id, n}, {{"g"}}).catalog)) << "another function";
  EXPECT_FALSE(same(base, answer({id, n, {"public", "u", "n", "text", "f"}}, {{"f"}}).catalog)) << "a table more";
  EXPECT_FALSE(same(base, answer({{"a", "t", "id", "bigint", "f"}, {"a", "t", "n", "text", "f"}}, {{"f"}}).catalog));
}

struct KeyCase {
  KeyType configured;
  const char* found;
  bool fits;
};

TEST(CatalogReader, ComparesTheKeysTypeWithTheConfiguredOne) {
  const KeyCase cases[] = {
      {KeyType::kBigint, "bigint", true},
      {KeyType::kBigint, "integer", false},
      {KeyType::kInteger, "integer", true},
      {KeyType::kSmallint, "smallint", true},
      {KeyType::kText, "text", true},
      {KeyType::kText, "character varying", true},
      {KeyType::kText, "character varying(20)", true},
      {KeyType::kText, "character(20)", false},
      {KeyType::kUuid, "uuid", true},
      {KeyType::kUuid, "text", false},
      {KeyType::kBigint, "numeric(10,0)", false},
      {KeyType::kText, "public.citext", false},
  };
  for (const auto& c : cases) {
    router::Topology topology;
    topology.tables.add({"public", "orders", TableKind::kSharded, "id", c.configured, 0});
    const auto problems = check_tables(topology, answer({{"public", "orders", "id", c.found, "f"}}));
    EXPECT_EQ(problems.empty(), c.fits) << c.found;
    if (!problems.empty()) {
      EXPECT_EQ(problems[0].table, "public.orders");
      EXPECT_EQ(problems[0].column, "id");
      EXPECT_NE(problems[0].message.find(c.found), std::string::npos);
      EXPECT_FALSE(problems[0].hint.empty());
    }
  }
}

TEST(CatalogReader, MissesTablesColumnsAndDeterministicCollations) {
  router::Topology topology;
  topology.home = 0;
  topology.tables.add({"public", "gone", TableKind::kReference, "", KeyType::kBigint, 0});
  topology.tables.add({"public", "here", TableKind::kSharded, "nokey", KeyType::kText, 0});
  topology.tables.add({"public", "loose", TableKind::kSharded, "name", KeyType::kText, 0});
  topology.tables.add({"public", "elsewhere", TableKind::kSingle, "", KeyType::kBigint, 1});
  const auto problems =
      check_tables(topology, answer({{"public", "here", "id", "text", "f"}, {"public", "loose", "name", "text", "f"}},
                                    {}, {{"public", "loose", "name"}}));
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(problems[0].table, "public.gone");
  EXPECT_EQ(problems[1].column, "nokey");
  EXPECT_NE(problems[2].message.find("nondeterministic"), std::string::npos);
}

}  // namespace
}  // namespace shardway::proxy::control
