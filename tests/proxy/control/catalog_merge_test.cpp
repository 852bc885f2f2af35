#include "proxy/control/catalog_merge.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy::control {
namespace {

using router::Column;
using router::KeyType;
using router::TableKind;
using router::TableShape;

Column column(std::string name, std::string type = "bigint") {
  Column made;
  made.name = std::move(name);
  made.type = std::move(type);
  return made;
}

TableShape orders() {
  TableShape shape;
  shape.columns = {column("id"), column("note", "text")};
  shape.unique_keys = {{"orders_pkey", {"id"}, false}};
  shape.primary_key = {"id"};
  return shape;
}

router::Topology shop() {
  router::Topology topology;
  topology.shards = {"a", "b"};
  topology.tables.add({"public", "orders", TableKind::kSharded, "id", KeyType::kBigint, 0, {}});
  topology.tables.add({"public", "countries", TableKind::kReference, "", KeyType::kBigint, 0, {}});
  topology.tables.add({"public", "log", TableKind::kSingle, "", KeyType::kBigint, 1, {}});
  return topology;
}

ShardCatalog shard() {
  ShardCatalog made;
  made.tables = {{"public.orders", orders()},
                 {"public.countries", {{column("code", "text")}, {}, {}, {}, {}}},
                 {"public.log", {{column("n")}, {}, {}, {}, {}}}};
  return made;
}

// What merging says of `table` when shard b is `b` (and shard a `a`); empty: nothing.
std::string said(const ShardCatalog& a, const ShardCatalog& b, const std::string& table,
                 const router::Topology& topology = shop()) {
  const auto merged = merge_catalogs(topology, {&a, &b});
  for (const auto& problem : merged.problems) {
    if (problem.table != table) continue;
    EXPECT_FALSE(problem.hint.empty());
    return problem.message;
  }
  return {};
}

TEST(CatalogMerge, EqualShardsAreUsable) {
  const auto a = shard();
  const auto merged = merge_catalogs(shop(), {&a, &a});
  EXPECT_TRUE(merged.problems.empty());
  EXPECT_TRUE(merged.catalog.refused.empty());
  EXPECT_EQ(merged.catalog.columns("", "orders")->size(), 2U);
  EXPECT_EQ(merged.catalog.primary_keys.at("public.orders"), std::vector<std::string>{"id"});
}

TEST(CatalogMerge, WhatOneShardsTypesAndFunctionsMayDoMatters) {
  auto a = shard(), b = shard();
  a.own_types["few"] = {};
  b.own_types["few"] = {.checks = true};
  a.functions = b.functions = a.computing_functions = {"digest", "crypt"};
  b.computing_functions = {"digest"};
  const auto merged = merge_catalogs(shop(), {&a, &b});
  EXPECT_TRUE(merged.catalog.own_types.at("few").checks);
  EXPECT_TRUE(merged.catalog.computing_functions.contains("digest"));
  EXPECT_FALSE(merged.catalog.computing_functions.contains("crypt"));
}

struct Change {
  const char* what;
  void (*change)(ShardCatalog&);
  const char* table;
  const char* message;
};

TEST(CatalogMerge, RefusesATableOnWhichShardsDiffer) {
  const Change changes[] = {
      {"type", [](ShardCatalog& s) { s.tables["public.orders"].columns[1].type = "varchar"; }, "public.orders",
       "column 2 is note text here and note varchar there"},
      {"order",
       [](ShardCatalog& s) { std::swap(s.tables["public.orders"].columns[0], s.tables["public.orders"].columns[1]); },
       "public.orders", "column 1 is id bigint here and note text there"},
      {"one more", [](ShardCatalog& s) { s.tables["public.countries"].columns.push_back(column("x")); },
       "public.countries", "column 2 is nothing here and x bigint there"},
      {"default", [](ShardCatalog& s) { s.tables["public.orders"].columns[1].default_sql = "'x'"; }, "public.orders",
       "note text default 'x' there"},
      {"not null", [](ShardCatalog& s) { s.tables["public.orders"].columns[1].not_null = true; }, "public.orders",
       "note text not null there"},
      {"enum's OID", [](ShardCatalog& s) { s.tables["public.orders"].columns[1].own_type = 7; }, "public.orders",
       "(type OID 7) there"},
      {"index", [](ShardCatalog& s) { s.tables["public.orders"].unique_keys.clear(); }, "public.orders",
       "the unique indexes differ"},
      {"missing", [](ShardCatalog& s) { s.tables.erase("public.orders"); }, "public.orders",
       "does not exist on b, only on a"},
  };
  for (const auto& change : changes) {
    const auto a = shard();
    auto b = shard();
    change.change(b);
    EXPECT_NE(said(a, b, change.table).find(change.message), std::string::npos)
        << change.what << ": " << said(a, b, change.table);
    EXPECT_EQ(merge_catalogs(shop(), {&a, &b}).catalog.refused.count(change.table), 1U) << change.what;
  }
}

TEST(CatalogMerge, TellsWhoseNumbersCouldRepeat) {
  auto a = shard(), b = shard();
  for (auto* one : {&a, &b}) {
    auto& shape = one->tables["public.orders"];
    shape.columns.push_back(column("number"));
    shape.columns.back().auto_increment = true;
    shape.unique_keys.push_back({"orders_number", {"number"}, false});
  }
  a.numbering = b.numbering = {1, 1};
  EXPECT_NE(said(a, b, "public.orders").find("\"number\" could be given twice: shard \"a\" has"), std::string::npos);
  EXPECT_TRUE(merge_catalogs(shop(), {&a, &b}).catalog.refused.empty()) << "what is there can be read";
  a.numbering = {2, 1};
  b.numbering = {2, 2};
  EXPECT_EQ(said(a, b, "public.orders"), "");
  const auto merged = merge_catalogs(shop(), {&a, nullptr});
  EXPECT_EQ(merged.catalog.numberings, (std::vector<router::Numbering>{{2, 1}, {0, 0}}));
}

TEST(CatalogMerge, ASingleTableIsLookedUpOnItsShard) {
  auto a = shard(), b = shard();
  a.tables["public.log"].columns[0].type = "text";
  EXPECT_EQ(said(a, b, "public.log"), "");
  EXPECT_EQ((*merge_catalogs(shop(), {&a, &b}).catalog.columns("", "log"))[0].type, "bigint");
}

TEST(CatalogMerge, ATableThatIsNowhereIsNotRefused) {
  auto a = shard();
  a.tables.erase("public.orders");
  EXPECT_EQ(said(a, a, "public.orders"), "it does not exist");
  EXPECT_TRUE(merge_catalogs(shop(), {&a, &a}).catalog.refused.empty());
}

TEST(CatalogMerge, AnUnknownShardSaysNothing) {
  const auto a = shard();
  EXPECT_TRUE(merge_catalogs(shop(), {&a, nullptr}).catalog.refused.empty());
}

TEST(CatalogMerge, ComparesTheKeyWithTheConfiguration) {
  struct Case {
    KeyType configured;
    const char* found;
    bool fits;
  };
  const Case cases[] = {
      {KeyType::kBigint, "bigint", true},       {KeyType::kBigint, "integer", false},
      {KeyType::kInteger, "integer", true},     {KeyType::kSmallint, "smallint", true},
      {KeyType::kText, "text", true},           {KeyType::kText, "character varying(20)", true},
      {KeyType::kText, "character(20)", false}, {KeyType::kUuid, "uuid", true},
      {KeyType::kUuid, "text", false},          {KeyType::kBigint, "numeric(10,0)", false},
      {KeyType::kText, "citext", false},
  };
  for (const auto& c : cases) {
    router::Topology topology;
    topology.shards = {"a", "b"};
    topology.tables.add({"public", "orders", TableKind::kSharded, "id", c.configured, 0, {}});
    auto a = shard();
    a.tables["public.orders"].columns[0].type = c.found;
    EXPECT_EQ(said(a, a, "public.orders", topology).empty(), c.fits) << c.found;
  }
  auto a = shard();
  a.tables["public.orders"].columns[0].loose = true;
  EXPECT_NE(said(a, a, "public.orders").find("nondeterministic"), std::string::npos);
  a = shard();
  a.tables["public.orders"].columns[0].name = "other";
  EXPECT_NE(said(a, a, "public.orders").find("no column \"id\""), std::string::npos);
}

TEST(CatalogMerge, NotesTypesThatAreNumberedDifferently) {
  auto a = shard(), b = shard();
  a.types = {{"public.mood", 1}, {"public.same", 2}, {"public.missing", 3}};
  b.types = {{"public.mood", 9}, {"public.same", 2}};
  const auto types = merge_catalogs(shop(), {&a, &b}).catalog.differing_types;
  EXPECT_EQ(types, (std::unordered_set<std::string>{"mood", "missing"}));
}

TEST(CatalogMerge, ChildrenOfListedTablesArePlacedAsTheyAre) {
  auto a = shard();
  a.parents = {{"public.orders_1", {"public.orders"}}, {"public.orders_1_1", {"public.orders_1"}}};
  EXPECT_EQ(said(a, a, "public.orders_1"), "") << "it is not used anyway";
  auto topology = shop();
  for (const auto unlisted : {router::Unlisted::kSingle, router::Unlisted::kReference}) {
    topology.unlisted = unlisted;
    EXPECT_EQ(said(a, a, "public.orders_1_1", topology),
              "it shares rows with public.orders (a partition, or inheritance), which is placed otherwise");
    EXPECT_EQ(said(a, a, "public.orders", topology), "");
  }
  topology.tables.add({"public", "orders_1", TableKind::kSharded, "id", KeyType::kBigint, 0, {}});
  topology.tables.add({"public", "orders_1_1", TableKind::kSharded, "id", KeyType::kBigint, 0, {}});
  a.tables["public.orders_1"] = a.tables["public.orders_1_1"] = orders();
  EXPECT_EQ(said(a, a, "public.orders_1_1", topology), "");
  auto otherwise = shop();
  otherwise.tables.add({"public", "orders_1", TableKind::kReference, "", KeyType::kBigint, 0, {}});
  EXPECT_NE(said(a, a, "public.orders_1", otherwise), "");
  EXPECT_NE(said(a, a, "public.orders", otherwise), "");
}

}  // namespace
}  // namespace shardway::proxy::control
