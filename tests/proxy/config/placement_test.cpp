#include "proxy/config/placement.hpp"

#include <gtest/gtest.h>

#include "problems.hpp"

namespace shardway::proxy::config {
namespace {

struct Parts {
  std::string a = "h:1", b = "h:2", first = "a", second = "b";
  std::string map = R"({ a = "0-8191", b = "8192-16383" })";
  std::string more = "";
  std::string tables =
      R"([{ name = "orders", key = "id", type = "bigint" }, { name = "log", kind = "single", shard = "a" }])";
};

std::string moved(const Parts& before, const Parts& after) {
  const auto made = [](const Parts& parts) {
    const auto loaded = load_text(
        "f", kDoor + "[[database]]\nname = \"shop\"\ncontrol = { user = \"w\" }\nshard = [{ name = \"" + parts.first +
                 "\", nodes = [\"" + parts.a + "\"] }, { name = \"" + parts.second + "\", nodes = [\"" + parts.b +
                 "\"] }]\ntable = " + parts.tables + "\n[database.sharding]\nmap = " + parts.map + "\n" + parts.more);
    EXPECT_TRUE(loaded.config) << (loaded.diagnostics.empty() ? "" : format(loaded.diagnostics[0]));
    return *loaded.config->database("shop");
  };
  return rows_moved(made(before), made(after));
}

TEST(Placement, OfTheSameIsNoMatter) {
  EXPECT_EQ(moved({}, {}), "");
  EXPECT_EQ(moved({}, {.a = "h:3"}), "") << "another server with the same name";
  EXPECT_EQ(moved({}, {.a = "h:2",
                       .b = "h:1",
                       .map = R"({ b = "0-8191", a = "8192-16383" })",
                       .more = "home = \"b\"",
                       .tables = R"([{ name = "log", kind = "single", shard = "b" }])"}),
            "")
      << "the shards have changed their names, and a table is gone";
  EXPECT_EQ(
      moved(
          {},
          {.tables =
               R"([{ name = "orders", key = "id", type = "bigint" }, { name = "log", kind = "single", shard = "a" }, { name = "new", kind = "reference" }])"}),
      "");
}

TEST(Placement, OfSlots) {
  EXPECT_EQ(moved({}, {.map = R"({ b = "0-8191", a = "8192-16383" })"}), "slot 0 moves from shard \"a\" to \"b\"");
  EXPECT_EQ(moved({}, {.map = R"({ a = "0-8190", b = "8191-16383" })"}), "slot 8191 moves from shard \"a\" to \"b\"");
  EXPECT_EQ(moved({}, {.a = "h:2", .b = "h:1"}), "slot 0 moves from shard \"a\" to \"a\"") << "of other servers";
  EXPECT_EQ(moved({}, {.map = R"({ a = "0-127", b = "128-255" })", .more = "slots = 256"}),
            "sharding.slots changes from 16384 to 256");
  EXPECT_EQ(moved({}, {.more = "home = \"b\""}), "the home shard moves from shard \"a\" to \"b\"");
}

TEST(Placement, OfTables) {
  const auto tables = [](const std::string& after) { return moved({}, {.tables = "[" + after + "]"}); };
  EXPECT_EQ(tables(R"({ name = "orders", kind = "single", shard = "a" })"),
            "table public.orders becomes single and was sharded");
  EXPECT_EQ(tables(R"({ name = "orders", key = "other", type = "bigint" })"),
            "table public.orders gets another shard key");
  EXPECT_EQ(tables(R"({ name = "orders", key = "id", type = "text" })"), "table public.orders gets another shard key");
  EXPECT_EQ(tables(R"({ name = "log", kind = "single", shard = "b" })"),
            "table public.log moves from shard \"a\" to \"b\"");
  const Parts one{.more = "unlisted_tables = \"single:a\""}, other{.more = "unlisted_tables = \"single:b\""};
  EXPECT_EQ(moved(one, other), "unlisted_tables moves from shard \"a\" to \"b\"");
  EXPECT_EQ(moved(one, {.more = one.more, .tables = R"([{ name = "log", kind = "single", shard = "a" }])"}),
            "table public.orders becomes single and was sharded");
}

}  // namespace
}  // namespace shardway::proxy::config
