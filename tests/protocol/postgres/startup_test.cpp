#include "protocol/postgres/startup.hpp"

#include <gtest/gtest.h>

namespace shardway::protocol::postgres {
namespace {

using std::string_literals::operator""s;
using Settings = std::vector<std::pair<std::string, std::string>>;

std::string packet(std::uint32_t code, std::string_view rest) {
  std::string out;
  Writer writer(out);
  writer.u32(static_cast<std::uint32_t>(8 + rest.size()));
  writer.u32(code);
  writer.bytes(rest);
  return out;
}

// A whole packet decodes; cut anywhere, with its length corrected or not, it does not; nor with a byte more.
void expect_exact(const std::string& whole) {
  ASSERT_TRUE(decode_startup(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto cut = whole.substr(0, size);
    EXPECT_FALSE(decode_startup(cut)) << size;
    if (size < 4) continue;
    Writer(cut).patch_u32(0, static_cast<std::uint32_t>(size));
    EXPECT_FALSE(decode_startup(cut)) << size;
  }
  EXPECT_EQ(decode_startup(whole + 'x').error(), WireError::kTrailingBytes);
}

TEST(Startup, SizesThatLieAreRefusedBeforeAnythingIsHeld) {
  EXPECT_EQ(*startup_size("abc"), 0U);
  for (const std::uint32_t bad : {0U, 1U, 4U, 7U, 10'001U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
    std::string bytes;
    Writer(bytes).u32(bad);
    EXPECT_EQ(startup_size(bytes).error(), WireError::kBadLength) << bad;
  }
  for (const std::uint32_t good : {8U, 9U, 10'000U}) {
    std::string bytes;
    Writer(bytes).u32(good);
    EXPECT_EQ(*startup_size(bytes), good);
  }
}

TEST(Startup, MessageRoundTrip) {
  std::string out;
  encode_startup(out, {{"user", "ann"}, {"database", "shop"}, {"_pq_.grease", "1"}, {"user", "bob"}, {"empty", ""}});
  expect_exact(out);
  const auto decoded = decode_startup(out);
  const auto& message = std::get<StartupMessage>(*decoded);
  EXPECT_EQ(message.major, 3);
  EXPECT_EQ(message.minor, 0);
  EXPECT_EQ(message.parameter("user"), "bob");
  EXPECT_EQ(message.parameter("database"), "shop");
  EXPECT_EQ(message.parameter("none"), "");
  EXPECT_EQ(message.parameters.size(), 4U);
  EXPECT_EQ(message.unknown_options, std::vector<std::string>{"_pq_.grease"});
}

TEST(Startup, NewerMinorsAreReadOtherMajorsRefused) {
  const auto newer = decode_startup(packet(3U << 16 | 2, "user\0a\0\0"s));
  ASSERT_TRUE(newer);
  EXPECT_EQ(std::get<StartupMessage>(*newer).minor, 2);
  for (const std::uint32_t version : {0U, 1U << 16, 2U << 16, 4U << 16, 1234U << 16 | 5677, 1234U << 16 | 5681}) {
    EXPECT_EQ(decode_startup(packet(version, "user\0a\0\0"s)).error(), WireError::kBadValue) << version;
  }
}

TEST(Startup, Requests) {
  std::string ssl;
  encode_ssl_request(ssl);
  EXPECT_EQ(ssl, "\0\0\0\x08\x04\xd2\x16\x2f"s);
  expect_exact(ssl);
  EXPECT_TRUE(std::holds_alternative<SslRequest>(*decode_startup(ssl)));
  EXPECT_TRUE(std::holds_alternative<GssEncRequest>(*decode_startup("\0\0\0\x08\x04\xd2\x16\x30"s)));
  EXPECT_EQ(decode_startup(packet(80877103, "x")).error(), WireError::kTrailingBytes);
}

TEST(Startup, CancelHasSecretsOf4To256Bytes) {
  for (const std::size_t size : {0U, 3U, 4U, 32U, 256U, 257U}) {
    std::string out;
    encode_cancel_request(out, 77, std::string(size, 's'));
    const auto decoded = decode_startup(out);
    ASSERT_EQ(decoded.has_value(), size >= 4 && size <= 256) << size;
    if (!decoded) continue;
    EXPECT_EQ(std::get<CancelRequest>(*decoded).process_id, 77U);
    EXPECT_EQ(std::get<CancelRequest>(*decoded).secret.size(), size);
  }
}

TEST(Startup, OptionsAreSplitAsTheServerSplitsThem) {
  const std::pair<std::string, Settings> good[] = {
      {"", {}},
      {"  \t\n ", {}},
      {"-c a=b", {{"a", "b"}}},
      {"-ca=b", {{"a", "b"}}},
      {"--a=b", {{"a", "b"}}},
      {"  -c   a=b\t--c=d  ", {{"a", "b"}, {"c", "d"}}},
      {"-c a=", {{"a", ""}}},
      {"-c a=b=c", {{"a", "b=c"}}},
      {"--statement-timeout=5s", {{"statement_timeout", "5s"}}},
      {"-c search_path=a,\\ b", {{"search_path", "a, b"}}},
      {"-c a=\\\\", {{"a", "\\"}}},
      {"-c a=x\\y", {{"a", "xy"}}},
      {"-c a=b\\", {{"a", "b"}}},
      {"-c a=\\-b", {{"a", "-b"}}},
  };
  for (const auto& [text, settings] : good) {
    const auto split = split_options(text);
    ASSERT_TRUE(split) << text;
    EXPECT_EQ(*split, settings) << text;
  }
  for (const auto* text : {"a=b", "-d 5", "-c", "-c a", "-c =b", "--", "--a", "--=b", "-e", "-", "-c a=b junk", "\\"}) {
    EXPECT_FALSE(split_options(text)) << text;
  }
}

}  // namespace
}  // namespace shardway::protocol::postgres
