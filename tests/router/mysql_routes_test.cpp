// tests/golden/routes_mysql.txt, row by row: what is written there is what the planner does.
#include <gtest/gtest.h>

#include "tests/router/mysql_route_row.hpp"

namespace shardway::router {
namespace {

TEST(MysqlRoutes, EveryRowIsRoutedAsWritten) {
  const auto rows = shop::rows("routes_mysql.txt");
  ASSERT_GE(rows.size(), 250U);
  for (const auto& row : rows) {
    StatementCache cache(shop::mysql_topology(row), 1 << 20);
    unsigned parameters = 0;
    const auto got = shop::mysql_route(row, cache, parameters);
    // A refusal's row gives the beginning of the message.
    const bool refused = row.expected.compare(0, 7, "refuse ") == 0;
    EXPECT_EQ(refused ? got.substr(0, row.expected.size()) : got, row.expected)
        << "routes_mysql.txt:" << row.line << ": " << row.sql << "\n  " << got;
    EXPECT_EQ(std::to_string(parameters), row.value("params=").value_or("0"))
        << "routes_mysql.txt:" << row.line << ": " << row.sql;
    EXPECT_EQ(shop::mysql_route(row, cache, parameters), got) << "from the cache, routes_mysql.txt:" << row.line;
  }
}

}  // namespace
}  // namespace shardway::router
