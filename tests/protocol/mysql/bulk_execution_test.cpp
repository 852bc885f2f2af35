#include "protocol/mysql/bulk_execution.hpp"

#include <gtest/gtest.h>

namespace shardway::protocol::mysql {
namespace {

using namespace std::string_literals;

// Command, statement 1, with types: an int, an unsigned bigint, a text.
const auto kHead = "\xfa\1\0\0\0\x80\0\3\0\x08\x80\xfd\0"s;
const auto kFirst = "\0\1\0\0\0\0\2\0\0\0\0\0\0\0\0\3abc"s;
const auto kSecond = "\1\2\3"s;  // NULL, DEFAULT, IGNORE

TEST(BulkExecution, ReadsRowAfterRow) {
  const auto payload = kHead + kFirst + kSecond;
  auto reader = BulkReader::open(payload, 3);
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ(reader->types(), (std::vector<std::uint32_t>{3, 0x8008, 0xfd}));
  EXPECT_EQ(reader->head(), kHead);
  BulkRow row;
  ASSERT_TRUE(*reader->next(row));
  EXPECT_EQ(row.bytes, kFirst);
  EXPECT_EQ(row.values[0], "\1\0\0\0"s);
  EXPECT_EQ(row.values[1], "\2\0\0\0\0\0\0\0"s);
  EXPECT_EQ(row.values[2], "abc");
  ASSERT_TRUE(*reader->next(row));
  EXPECT_EQ(row.bytes, kSecond);
  EXPECT_EQ(row.values, (std::vector<std::optional<Bytes>>(3)));
  EXPECT_EQ(row.indicators, (std::vector<Indicator>{Indicator::kNull, Indicator::kDefault, Indicator::kIgnore}));
  EXPECT_FALSE(*reader->next(row));
}

TEST(BulkExecution, EndsWhereTheBytesEnd) {
  const auto payload = kHead + kFirst;
  for (std::size_t size = 0; size < kHead.size(); ++size)
    EXPECT_FALSE(BulkReader::open(std::string_view(payload).substr(0, size), 3).has_value()) << size;
  for (std::size_t size = kHead.size() + 1; size < payload.size(); ++size) {
    auto reader = BulkReader::open(std::string_view(payload).substr(0, size), 3);
    ASSERT_TRUE(reader.has_value());
    BulkRow row;
    EXPECT_FALSE(reader->next(row).has_value()) << size;
  }
}

TEST(BulkExecution, TakesNoFlagItDoesNotKnow) {
  for (const char flags : {'\x00', '\x40', '\xc0'}) {  // no types, results row by row
    auto payload = kHead + kFirst;
    payload[5] = flags;
    EXPECT_FALSE(BulkReader::open(payload, 3).has_value());
  }
  EXPECT_FALSE(BulkReader::open(kHead, 0).has_value()) << "no parameters, no rows";
}

TEST(BulkExecution, TakesNoIndicatorItDoesNotKnow) {
  auto payload = kHead + kFirst;
  payload[kHead.size()] = '\4';
  auto reader = BulkReader::open(payload, 3);
  ASSERT_TRUE(reader.has_value());
  BulkRow row;
  EXPECT_FALSE(reader->next(row).has_value());
}

}  // namespace
}  // namespace shardway::protocol::mysql
