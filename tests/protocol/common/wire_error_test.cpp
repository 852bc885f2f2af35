#include "protocol/common/wire_error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace shardway::protocol {
namespace {

TEST(WireError, EveryOneHasItsOwnWords) {
  std::set<std::string> texts;
  for (const auto e : {WireError::kTruncated, WireError::kTrailingBytes, WireError::kBadLength, WireError::kBadValue,
                       WireError::kUnexpected}) {
    const boost::system::error_code code = e;
    EXPECT_TRUE(code.failed());
    EXPECT_STREQ(code.category().name(), "shardway.wire");
    texts.insert(code.message());
  }
  EXPECT_EQ(texts.size(), 5U);
  EXPECT_EQ(boost::system::error_code(77, wire_category()).message(), "unknown wire error 77");
}

}  // namespace
}  // namespace shardway::protocol
