// tests/golden/routes.txt, row by row: what is written there is what the planner does.
#include <gtest/gtest.h>

#include "tests/router/route_row.hpp"

namespace shardway::router {
namespace {

TEST(Routes, EveryRowIsRoutedAsWritten) {
  const auto rows = shop::rows();
  ASSERT_GE(rows.size(), 300U);
  for (const auto& row : rows) {
    StatementCache cache(shop::topology_of(row), 1 << 20);
    const auto got = shop::route(row, cache);
    // A refusal's row gives the beginning of the message.
    const bool refused = row.expected.compare(0, 7, "refuse ") == 0;
    EXPECT_EQ(refused ? got.substr(0, row.expected.size()) : got, row.expected)
        << "routes.txt:" << row.line << ": " << row.sql << "\n  " << got;
    EXPECT_EQ(shop::route(row, cache), got) << "from the cache, routes.txt:" << row.line << ": " << row.sql;
  }
}

}  // namespace
}  // namespace shardway::router
