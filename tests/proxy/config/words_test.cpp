#include "proxy/config/words.hpp"

#include <gtest/gtest.h>

#include "proxy/config/report.hpp"

namespace shardway::proxy::config {
namespace {

TEST(Words, Durations) {
  EXPECT_EQ(parse_duration("500ms"), Milliseconds(500));
  EXPECT_EQ(parse_duration("10s"), Milliseconds(10'000));
  EXPECT_EQ(parse_duration("5m"), Milliseconds(300'000));
  EXPECT_EQ(parse_duration("1h"), Milliseconds(3'600'000));
  for (const char* wrong : {"", "s", "10", "-1s", "1.5s", " 1s", "1 s", "1S", "1d", "18446744073709551616ms"})
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  for (const char* text : {"1ms", "1500ms", "90s", "2m", "36h", "0s"})
    EXPECT_EQ(print_duration(*parse_duration(text)), text);
}

TEST(Words, Sizes) {
  EXPECT_EQ(parse_bytes("16MiB"), 16u << 20);
  EXPECT_EQ(parse_bytes("4096"), 4096u);
  EXPECT_EQ(parse_bytes("16MB"), std::nullopt);
  EXPECT_EQ(parse_bytes("99999999999GiB"), std::nullopt);
  for (const char* text : {"1KiB", "1025", "3GiB", "0"}) EXPECT_EQ(print_bytes(*parse_bytes(text)), text);
}

struct AddressCase {
  const char* text;
  const char* host;  // null: refused
  int port;
};
constexpr AddressCase kAddresses[] = {
    {"127.0.0.1:6432", "127.0.0.1", 6432},
    {"[::1]:6432", "::1", 6432},
    {"db-1.example.com:5432", "db-1.example.com", 5432},
    {"unix:/run/s/.s.PGSQL.6432", "/run/s/.s.PGSQL.6432", 0},
    {"", nullptr, 0},
    {":5432", nullptr, 0},
    {"host", nullptr, 0},
    {"host:", nullptr, 0},
    {"host:0", nullptr, 0},
    {"host:65536", nullptr, 0},
    {"host:54x", nullptr, 0},
    {"::1:5432", nullptr, 0},
    {"[host]:5432", nullptr, 0},
    {"[::1]", nullptr, 0},
    {"a b:1", nullptr, 0},
    {"unix:run/s", nullptr, 0},
    {"/run/s", nullptr, 0},
};

TEST(Words, Addresses) {
  for (const AddressCase& each : kAddresses) {
    const auto parsed = parse_address(each.text);
    const Address* found = std::get_if<Address>(&parsed);
    ASSERT_EQ(found != nullptr, each.host != nullptr) << each.text;
    if (!found) continue;
    EXPECT_EQ(found->host, each.host);
    EXPECT_EQ(found->port, each.port);
    EXPECT_EQ(found->text, each.text);
    EXPECT_EQ(found->is_unix, each.port == 0);
  }
  const auto too_long = parse_address("unix:/" + std::string(107, 'x'));
  EXPECT_TRUE(std::holds_alternative<Wrong>(too_long));
}

TEST(Words, Loopback) {
  const auto loopback = [](const char* text) { return is_loopback(std::get<Address>(parse_address(text))); };
  for (const char* own : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/s"})
    EXPECT_TRUE(loopback(own)) << own;
  for (const char* open : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.com:1", "127.evil.example:1"})
    EXPECT_FALSE(loopback(open)) << open;
}

TEST(Words, Slots) {
  const auto normal = [](const char* text) {
    const auto ranges = parse_slots(text);
    return ranges ? print_slots(*ranges) : "refused";
  };
  EXPECT_EQ(normal("0-8191"), "0-8191");
  EXPECT_EQ(normal("0-99, 200-299,5"), "0-99,200-299,5");
  for (const char* wrong : {"", ",", "1,", "-", "5-", "-5", "9-8", "0..3", "a", "99999999999"})
    EXPECT_EQ(normal(wrong), "refused") << wrong;
}

TEST(Words, TableNamesFoldAsInSql) {
  const auto normal = [](const char* text) {
    const auto name = parse_table_name(text);
    return name ? name->schema + "|" + name->name : "refused";
  };
  EXPECT_EQ(normal("orders"), "public|orders");
  EXPECT_EQ(normal("Sales.Orders"), "sales|orders");
  EXPECT_EQ(normal("\"Sales\".\"Or\"\"ders\""), "Sales|Or\"ders");
  EXPECT_EQ(normal("été"), "public|été");
  // A dot inside a name would make "a.b".c and a."b.c" one.
  for (const char* wrong : {"", ".", "a.", ".a", "a.b.c", "a b", "1a", "\"a", "\"\"", "\"a.b\"", "a.\"b\"c"})
    EXPECT_EQ(normal(wrong), "refused") << wrong;
  EXPECT_EQ(parse_table_name(std::string(64, 'x')), std::nullopt);
}

TEST(Words, KeyTypes) {
  const auto type = [](const char* text) { return std::get<router::KeyType>(parse_key_type(text)); };
  EXPECT_EQ(type("bigint"), router::KeyType::kBigint);
  EXPECT_EQ(type("INT8"), router::KeyType::kBigint);
  EXPECT_EQ(type("integer"), router::KeyType::kInteger);
  EXPECT_EQ(type("int"), router::KeyType::kInteger);
  EXPECT_EQ(type("smallint"), router::KeyType::kSmallint);
  EXPECT_EQ(type("text"), router::KeyType::kText);
  EXPECT_EQ(type("character  varying (20)"), router::KeyType::kText);
  EXPECT_EQ(type("uuid"), router::KeyType::kUuid);
  for (const char* wrong : {"", "bpchar", "char(3)", "numeric(10,2)", "citext", "timestamptz", "bigint(5)", "jsonb"})
    EXPECT_TRUE(std::holds_alternative<Wrong>(parse_key_type(wrong))) << wrong;
}

TEST(Words, Nearest) {
  EXPECT_EQ(nearest("wrokers", {"workers", "max_clients"}), "workers");
  EXPECT_EQ(nearest("worker", {"workers", "max_clients"}), "workers");
  EXPECT_EQ(nearest("clients", {"workers", "size"}), "");
  EXPECT_EQ(nearest("shop_2", {"shop_0", "shop_1"}), "") << "two are equally near";
}

TEST(Words, QuoteIsSafeToPrint) {
  EXPECT_EQ(quote("a\nb\x1b"), "\"a\\x0ab\\x1b\"");
  EXPECT_EQ(quote(std::string(59, 'x') + "éé"), "\"" + std::string(59, 'x') + "…\"");
}

}  // namespace
}  // namespace shardway::proxy::config
