#include "protocol/mysql/execution.hpp"

#include <gtest/gtest.h>

#include "protocol/mysql/messages.hpp"

namespace shardway::protocol::mysql {
namespace {

using namespace std::string_literals;

// Command, statement 1, no cursor, one iteration; no NULLs but `nulls`; with types.
std::string execution(char nulls, const std::string& types, const std::string& values) {
  return "\x17\1\0\0\0\0\1\0\0\0"s + nulls + '\1' + types + values;
}

TEST(Execution, ReadsValuesByTheirTypes) {
  const auto payload =
      execution('\x02', "\x08\0\xfd\0\x01\x80\x05\0\xfc\0"s, "\1\0\0\0\0\0\0\0\x7f"s + std::string(8, '\3') + "\2ab");
  const auto read = decode_execution(payload, 5);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->types, (std::vector<std::uint32_t>{8, 0xfd, 0x8001, 5, 0xfc}));
  EXPECT_EQ(read->values[0], "\1\0\0\0\0\0\0\0"s);
  EXPECT_EQ(read->values[1], std::nullopt);
  EXPECT_EQ(read->values[2], "\x7f");
  EXPECT_EQ(read->values[3], std::string(8, '\3'));
  EXPECT_EQ(read->values[4], "ab");
}

TEST(Execution, EndsWhereTheBytesEnd) {
  const auto whole = execution('\0', "\xfd\0"s, "\3abc");
  ASSERT_TRUE(decode_execution(whole, 1).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode_execution(std::string_view(whole).substr(0, size), 1).has_value()) << size;
}

TEST(Execution, NeedsTheTypes) {
  auto without = execution('\0', "", "");
  without[11] = '\0';
  EXPECT_FALSE(decode_execution(without, 1).has_value());
  EXPECT_TRUE(decode_execution("\x17", 0).has_value()) << "no parameters, nothing to read";
}

TEST(Execution, AColumnOfOurOwnEndsAsTheClientAgreed) {
  for (const auto capabilities : {Capabilities{0}, capability::kDeprecateEof}) {
    std::string out;
    std::uint8_t number = 1;
    encode_column(out, number, "plan", {"one", "two"}, status::kAutocommit, capabilities);
    std::vector<std::string> packets;
    PacketHead head;
    for (std::string_view rest = out; peek_head(rest, head); rest.remove_prefix(head.size())) {
      EXPECT_EQ(head.sequence, packets.size() + 1);
      packets.emplace_back(rest.substr(kHeadBytes, head.length));
    }
    const bool of_old = capabilities == 0;
    ASSERT_EQ(packets.size(), of_old ? 6U : 5U);
    EXPECT_EQ(packets[of_old ? 3 : 2], "\3one");
    EXPECT_EQ(decode_eof(packets.back()).has_value(), of_old);
  }
}

TEST(Execution, AColumnOfOurOwnHasTheExtendedMetadataTheClientAgreedOn) {
  const auto definition = [](Capabilities capabilities) {
    std::string out;
    std::uint8_t number = 1;
    encode_column(out, number, "plan", {}, status::kAutocommit, capabilities);
    PacketHead head;
    peek_head(out, head);
    const auto rest = std::string_view(out).substr(head.size());
    peek_head(rest, head);
    return std::string(rest.substr(kHeadBytes, head.length));
  };
  const auto plain = definition(0);
  const auto names = plain.find('\x0c');
  EXPECT_EQ(definition(capability::kExtendedMetadata), plain.substr(0, names) + '\0' + plain.substr(names));
}

}  // namespace
}  // namespace shardway::protocol::mysql
