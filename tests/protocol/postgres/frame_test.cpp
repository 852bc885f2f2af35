#include "protocol/postgres/frame.hpp"

#include <gtest/gtest.h>

#include <string>

namespace shardway::protocol::postgres {
namespace {

TEST(Frame, LengthsThatLieAreBad) {
  const std::pair<std::uint32_t, HeadState> table[] = {
      {0, HeadState::kBad},
      {1, HeadState::kBad},
      {2, HeadState::kBad},
      {3, HeadState::kBad},
      {4, HeadState::kOk},
      {5, HeadState::kOk},
      {kMaxLength, HeadState::kOk},
      {kMaxLength + 1, HeadState::kBad},
      {0x7fffffffU, HeadState::kBad},
      {0x80000000U, HeadState::kBad},
      {0xfffffffeU, HeadState::kBad},
      {0xffffffffU, HeadState::kBad},
  };
  for (const auto& [length, expected] : table) {
    std::string bytes = "Q";
    Writer(bytes).u32(length);
    FrameHead head;
    EXPECT_EQ(peek_head(bytes, head), expected) << length;
    for (std::size_t size = 0; size < kHeadBytes; ++size) {
      EXPECT_EQ(peek_head(Bytes(bytes).substr(0, size), head), HeadState::kNeedMore);
    }
  }
}

TEST(Frame, BodyAndSize) {
  const std::string bytes("Q\0\0\0\x06xyZ", 8);
  FrameHead head;
  ASSERT_EQ(peek_head(bytes, head), HeadState::kOk);
  EXPECT_EQ(head.type, 'Q');
  EXPECT_EQ(head.size(), 7U);
  EXPECT_EQ(body_of(bytes, head), "xy");
}

}  // namespace
}  // namespace shardway::protocol::postgres
