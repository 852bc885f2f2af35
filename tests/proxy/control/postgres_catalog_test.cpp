#include "proxy/control/catalog_reader.hpp"

#include <gtest/gtest.h>

#include "tests/proxy/control/results.hpp"

namespace shardway::proxy::control {
namespace {

std::vector<Rows> answers() {
  std::vector<Rows> results;
  results.push_back(make_result(
      {{"public", "orders", "id", "bigint", "f", "t", "t", "f", "f", "0", "nextval('s'::regclass)", "r", "f"},
       {"public", "orders", "total", "numeric(10,2)", "t", "f", "f", "f", "f", "0", "", "r", "f"},
       {"public", "orders", "mood", "mood", "f", "f", "f", "f", "t", "16400", "sales.\"Deeper\"(1)", "r", "f"},
       {"sales", "recent", "x", "text", "f", "f", "f", "f", "f", "0", "", "v", "f"},
       {"sales", "numbers", "last_value", "bigint", "f", "t", "f", "f", "f", "0", "", "S", "f"},
       {"public", "orders_1", "id", "bigint", "f", "f", "f", "f", "f", "0", "", "r", "t"}},
      13));
  results.push_back(make_result({{"total_of"}, {"crypt"}}, 1));
  results.push_back(make_result({{"public", "orders", "orders_pkey", "f", "t", "{id,\"a b\"}"},
                                 {"public", "orders", "orders_excl", "t", "f", "{}"}},
                                6));
  results.push_back(make_result({{"public", "orders", "fk", "{id}", "sales", "other", "{key}"}}, 7));
  results.push_back(make_result({{"public", "orders", "audit"}}, 3));
  results.push_back(make_result({{"public", "mood", "16400", "f"}, {"public", "orders", "16500", "t"}}, 4));
  results.push_back(make_result({{"@@@"}}, 1));
  results.push_back(make_result({{"public", "plain", "f", "{now}", "{public.orders}"},
                                 {"public", "numbers", "f", "{nextval}", "{}"},
                                 {"public", "outer", "f", "{}", "{public.plain,public.numbers}"},
                                 {"public", "locked", "t", "{}", "{}"},
                                 {"public", "computed", "f", "{.harmless}", "{}"},
                                 {"public", "entering", "f", "{.outer_of}", "{}"},
                                 {"public", "over", "f", "{}", "{public.entering}"},
                                 {"public", "activity", "f", "{}", "{pg_catalog.pg_stat_activity}"}},
                                5));
  results.push_back(make_result({{"public", "orders_1", "public.orders"}}, 3));
  results.push_back(make_result({{"", "a, b"}, {"app", "\"$user\", c"}}, 2));
  results.push_back(make_result({{"mood", "f", "f", "f", "f", "t", "harmless()"},
                                 {"few", "t", "f", "f", "f", "f", "nextval('s'::regclass)"},
                                 {"few", "f", "f", "t", "f", "f", ""}},
                                7));
  results.push_back(make_result({{"crypt"}}, 1));
  results.push_back(make_result({{"outermost", "begin perform 1; perform Outer_Of(1); end", "{public.visits}"},
                                 {"outer_of", "select set_tenant($1)", "{}"},
                                 {"set_tenant", "begin perform set_config('a', $1, false); end", "{public.orders}"},
                                 {"harmless", "update t set set_tenant = 1", "{public.log}"}},
                                3));
  results.push_back(make_result({{"deeper", "select deepest() + 1", "t"},
                                 {"deepest", "begin return Counted(); end", "t"},
                                 {"counted", "begin execute 'select nextval(''s'')'; end", "t"},
                                 {"harmless", "select 'a' || 1", "t"},
                                 {"in_python", "", "f"}},
                                3));
  return results;
}

TEST(CatalogReader, TellsTheAnswersApart) {
  const auto found = read_postgres_catalog(answers());
  EXPECT_EQ(found.primary_only,
            (std::unordered_set<std::string>{"public.numbers", "public.outer", "public.locked", "public.computed",
                                             "public.activity", "public.entering", "public.over", "public.orders_1",
                                             "public.orders", "public.plain"}))
      << "an unlogged partition is in what is over it";
  EXPECT_EQ(found.leaving_views, (std::unordered_set<std::string>{"public.entering", "public.over"}));
  EXPECT_EQ(found.parents.at("public.orders_1"), std::vector<std::string>{"public.orders"});
  EXPECT_EQ(found.search_paths.at("app"), "\"$user\", c");
  ASSERT_EQ(found.tables.size(), 4U);
  EXPECT_EQ(found.sequences, std::unordered_set<std::string>{"sales.numbers"});
  const auto& orders = found.tables.at("public.orders");
  ASSERT_EQ(orders.columns.size(), 3U);
  EXPECT_EQ(orders.columns[0].name, "id");
  EXPECT_TRUE(orders.columns[0].not_null && orders.columns[0].default_varies && orders.columns[0].from_sequence);
  EXPECT_EQ(orders.columns[1].type, "numeric(10,2)");
  EXPECT_TRUE(orders.columns[1].generated);
  EXPECT_EQ(orders.columns[2].own_type, 16400U);
  EXPECT_TRUE(orders.columns[2].loose && orders.columns[2].from_sequence);
  ASSERT_EQ(orders.unique_keys.size(), 2U);
  EXPECT_EQ(orders.unique_keys[0], (router::UniqueKey{"orders_pkey", {"id", "a b"}, false}));
  EXPECT_EQ(orders.unique_keys[1], (router::UniqueKey{"orders_excl", {}, true}));
  EXPECT_EQ(orders.primary_key, (std::vector<std::string>{"id", "a b"}));
  ASSERT_EQ(orders.foreign_keys.size(), 1U);
  EXPECT_EQ(orders.foreign_keys[0], (router::ForeignKey{"fk", {"id"}, "sales", "other", {"key"}}));
  EXPECT_EQ(orders.triggers, std::vector<std::string>{"audit"});
  EXPECT_TRUE(found.functions.contains("crypt"));
  EXPECT_TRUE(found.operators.contains("@@@"));
  EXPECT_EQ(found.own_types.at("mood"), (router::OwnType{.reads_clock = true}));
  EXPECT_EQ(found.own_types.at("few"), (router::OwnType{.checks = true, .casts_from = true, .counts = true}))
      << "of two schemas";
  EXPECT_EQ(found.computing_functions.size(), 1U);
  EXPECT_EQ(found.leaving_functions, (std::unordered_set<std::string>{"set_tenant", "outer_of", "outermost"}));
  EXPECT_EQ(found.leaving_tables, (std::unordered_set<std::string>{"public.orders", "public.visits"}));
  EXPECT_EQ(found.types.at("public.mood"), 16400U);
  EXPECT_EQ(found.row_types.at("public.orders"), 16500U);
  EXPECT_TRUE(found.views.contains("sales.recent"));
}

TEST(CatalogReader, SaysNothingOfAnAnswerThatIsNotWhole) { EXPECT_EQ(read_postgres_catalog({}), ShardCatalog{}); }

}  // namespace
}  // namespace shardway::proxy::control
