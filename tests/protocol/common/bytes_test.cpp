#include "protocol/common/bytes.hpp"

#include <gtest/gtest.h>

namespace shardway::protocol {
namespace {

using std::string_literals::operator""s;

TEST(Reader, IntegersAreBigEndianAndBounded) {
  const auto bytes = "\x01\x02\x03\x04\x05\x06\x07\x08\xff\x00\x01"s;
  Reader reader(bytes);
  EXPECT_EQ(reader.u64(), 0x0102030405060708U);
  EXPECT_EQ(reader.u8(), 0xff);
  EXPECT_FALSE(reader.u32());  // two bytes are left, and stay
  EXPECT_EQ(reader.u16(), 1);
  EXPECT_TRUE(reader.at_end());
  EXPECT_FALSE(reader.u8());
}

TEST(Reader, StringsEndAtNulAndBytesAtTheirSize) {
  const auto bytes = "ab\0cdef"s;
  Reader reader(bytes);
  EXPECT_EQ(reader.cstring(), "ab");
  EXPECT_EQ(reader.bytes(2), "cd");
  EXPECT_FALSE(reader.bytes(3));
  EXPECT_FALSE(reader.cstring());
  EXPECT_EQ(reader.rest(), "ef");
}

TEST(Writer, WritesWhatReaderReads) {
  std::string out;
  Writer writer(out);
  writer.u8(7);
  writer.u16(0x0102);
  writer.u32(0);
  writer.u64(9);
  writer.cstring("x");
  writer.bytes("yz");
  writer.patch_u32(3, 0xdeadbeef);
  EXPECT_EQ(out, "\x07\x01\x02\xde\xad\xbe\xef\0\0\0\0\0\0\0\x09x\0yz"s);
  EXPECT_EQ(writer.position(), out.size());
}

}  // namespace
}  // namespace shardway::protocol
