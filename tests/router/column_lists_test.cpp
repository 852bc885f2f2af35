// INSERTs and COPYs that leave their columns to the table's order are sent with the names they were planned with.
#include "router/column_lists.hpp"

#include <gtest/gtest.h>

#include "tests/router/facts.hpp"
#include "tests/router/schema.hpp"
#include "tests/router/shop.hpp"

namespace shardway::router {
namespace {

std::string written(std::string_view text, std::string* fault = nullptr) {
  StatementCache cache(shop::topology(), 1 << 20);
  Literals literals;
  const auto query = cache.find(text, {}, literals);
  if (fault != nullptr && !query->statements.empty() && query->statements[0].fault)
    *fault = query->statements[0].fault->message;
  EXPECT_EQ(query->lacks_columns, with_column_lists(*query, text, true).text != text) << text;
  return with_column_lists(*query, text, true).text;
}

TEST(ColumnLists, AreWrittenBehindTheTable) {
  for (const auto& [text, with_lists] : std::vector<std::pair<const char*, const char*>>{
           {"INSERT INTO customers VALUES (42, 'x', 'de')",
            R"(INSERT INTO customers ("customer_id", "name", "country") VALUES (42, 'x', 'de'))"},
           {"INSERT INTO orders VALUES (7, 42)", R"(INSERT INTO orders ("order_id", "customer_id") VALUES (7, 42))"},
           {"insert into public.orders as o values (7, 42) returning o.*",
            R"(insert into public.orders as o ("order_id", "customer_id") values (7, 42) returning o.*)"},
           {R"(INSERT INTO shop . "public"/*x*/. "orders"VALUES (7, 42), (8, 42))",
            R"(INSERT INTO shop . "public"/*x*/. "orders" ("order_id", "customer_id")VALUES (7, 42), (8, 42))"},
           {"INSERT INTO orders OVERRIDING SYSTEM VALUE VALUES (7, 42)",
            R"(INSERT INTO orders ("order_id", "customer_id") OVERRIDING SYSTEM VALUE VALUES (7, 42))"},
           {"INSERT INTO orders SELECT order_id, customer_id FROM orders WHERE customer_id = 42",
            R"(INSERT INTO orders ("order_id", "customer_id") )"
            "SELECT order_id, customer_id FROM orders WHERE customer_id = 42"},
           {"INSERT INTO orders SELECT order_id + 100, customer_id FROM orders WHERE customer_id = 42",
            R"(INSERT INTO orders ("order_id", "customer_id") )"
            "SELECT order_id + 100, customer_id FROM orders WHERE customer_id = 42"},
           {"INSERT INTO order_items SELECT * FROM order_items WHERE customer_id = 42",
            R"(INSERT INTO order_items ("customer_id", "order_id", "sku", "qty") )"
            "SELECT * FROM order_items WHERE customer_id = 42"},
           {"WITH a AS (INSERT INTO accounts VALUES ('alice')) INSERT INTO accounts VALUES ('alice', 1)",
            R"(WITH a AS (INSERT INTO accounts ("name") VALUES ('alice')) )"
            R"(INSERT INTO accounts ("name", "balance") VALUES ('alice', 1))"},
           {"INSERT INTO sites VALUES (1); SELECT 1; INSERT INTO sites VALUES (1, 'Zo\xc3\xab')",
            R"(INSERT INTO sites ("site") VALUES (1); SELECT 1; )"
            "INSERT INTO sites (\"site\", \"host\") VALUES (1, 'Zo\xc3\xab')"},
           {"INSERT INTO sites VALUES (1, 'x', 2)", R"(INSERT INTO sites ("site", "host") VALUES (1, 'x', 2))"},
           {"EXPLAIN INSERT INTO sites VALUES ($1, $2)",
            R"(EXPLAIN INSERT INTO sites ("site", "host") VALUES ($1, $2))"},
           {"COPY accounts FROM STDIN", R"(COPY accounts ("name", "balance") FROM STDIN)"},
           {"COPY accounts FROM STDIN WITH (FORMAT csv)",
            R"(COPY accounts ("name", "balance") FROM STDIN WITH (FORMAT csv))"},
       })
    EXPECT_EQ(written(text), with_lists);
}

TEST(ColumnLists, AreNotWrittenElsewhere) {
  for (const char* text :
       {"INSERT INTO customers (customer_id) VALUES (42)", "INSERT INTO countries VALUES ('de', 'x')",
        "INSERT INTO audit_log VALUES (1)", "COPY accounts TO STDOUT", "COPY accounts (name) FROM STDIN",
        "SELECT * FROM orders", "INSERT INTO orders DEFAULT VALUES"})
    EXPECT_EQ(written(text), text);
}

TEST(ColumnLists, WhatDoesNotFitIsRefused) {
  std::string fault;
  written("INSERT INTO U&\"sit!0065s\" UESCAPE '!' VALUES (1, 'x')", &fault);
  EXPECT_EQ(fault, "INSERT into \"sites\" without a column list: where it belongs was not found");
}

// The names change nothing of what is known of a statement.
TEST(ColumnLists, LeaveTheFactsAsTheyAre) {
  const auto all = schema::read();
  StatementCache cache(all.topology, 64 << 20);
  std::size_t rewritten = 0;
  for (const auto& text : all.texts) {
    Literals literals, literals_there;
    const auto query = cache.find(text, {}, literals);
    if (!query->lacks_columns) continue;
    ++rewritten;
    const auto there = with_column_lists(*query, text, true).text;
    const auto again = cache.find(there, {}, literals_there);
    ASSERT_FALSE(again->syntax_error) << there;
    EXPECT_FALSE(again->lacks_columns) << there;
    auto without = *query;
    for (auto& statement : without.statements) {
      statement.column_lists.clear();
      if (!statement.copy) continue;
      const auto& copy = again->statements[static_cast<std::size_t>(&statement - without.statements.data())].copy;
      statement.copy->columns = copy->columns;
    }
    EXPECT_EQ(shop::described(without) + shop::described(literals),
              shop::described(*again) + shop::described(literals_there))
        << there;
  }
  EXPECT_GT(rewritten, 100U);
}

TEST(ColumnLists, PositionsAreThoseOfTheTextAsSent) {
  const std::vector<WrittenLists::Span> spans{{10, 5}, {30, 7}};
  EXPECT_EQ(position_as_sent(spans, 1), 1U);
  EXPECT_EQ(position_as_sent(spans, 10), 10U);
  EXPECT_EQ(position_as_sent(spans, 12), 11U);  // inside the first list: where it begins
  EXPECT_EQ(position_as_sent(spans, 16), 11U);
  EXPECT_EQ(position_as_sent(spans, 30), 25U);
  EXPECT_EQ(position_as_sent(spans, 38), 26U);
  EXPECT_EQ(position_as_sent({}, 38), 38U);
}

}  // namespace
}  // namespace shardway::router
