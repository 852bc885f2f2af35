// tests/golden/hashes.txt comes from a live server (its head says how): type | value | hash.
#include "router/shard_hash.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace shardway::router {
namespace {

struct Vector {
  std::string type, value;
  std::uint64_t hash = 0;
};

std::vector<Vector> golden() {
  std::vector<Vector> all;
  std::ifstream file(std::string(SHARDWAY_SOURCE_DIR) + "/tests/golden/hashes.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto first = line.find('|'), last = line.rfind('|');
    all.push_back({line.substr(0, first), line.substr(first + 1, last - first - 1),
                   static_cast<std::uint64_t>(std::stoll(line.substr(last + 1)))});
  }
  return all;
}

KeyType type_of(const std::string& name) {
  if (name == "smallint") return KeyType::kSmallint;
  if (name == "integer") return KeyType::kInteger;
  if (name == "bigint") return KeyType::kBigint;
  return name == "uuid" ? KeyType::kUuid : KeyType::kText;
}

std::string big_endian(std::int64_t value, int bytes) {
  std::string wire;
  for (int i = bytes - 1; i >= 0; --i) wire += static_cast<char>(value >> (8 * i) & 0xff);
  return wire;
}

TEST(ShardHash, EqualsTheServers) {
  const auto vectors = golden();
  ASSERT_GE(vectors.size(), 200U);
  for (const auto& v : vectors) EXPECT_EQ(hash_text_form(type_of(v.type), v.value), v.hash) << v.type << ' ' << v.value;
}

TEST(ShardHash, BinaryAndTextFormsAgree) {
  for (const auto& v : golden()) {
    const auto type = type_of(v.type);
    if (type == KeyType::kText) {
      EXPECT_EQ(hash_binary_form(type, 25, v.value), v.hash);
    } else if (type != KeyType::kUuid) {
      const auto number = std::stoll(v.value);
      EXPECT_EQ(hash_binary_form(KeyType::kBigint, 20, big_endian(number, 8)), v.hash);
      if (type == KeyType::kInteger) {
        EXPECT_EQ(hash_binary_form(type, 23, big_endian(number, 4)), v.hash);
      }
      if (type == KeyType::kSmallint) {
        EXPECT_EQ(hash_binary_form(type, 21, big_endian(number, 2)), v.hash);
      }
    }
  }
}

TEST(ShardHash, ReadsWhatTheServersInputFunctionsRead) {
  const auto five = hash_integer(5);
  for (const char* text : {"5", " 5 ", "+5", "005", "\t5\n"}) EXPECT_EQ(hash_text_form(KeyType::kBigint, text), five);
  for (const char* text : {"", " ", "5.0", "5e0", "0x5", "5 5", "+-5", "- 5", "--5", "five", "9223372036854775808"})
    EXPECT_FALSE(hash_text_form(KeyType::kBigint, text)) << text;
  EXPECT_FALSE(hash_text_form(KeyType::kInteger, "2147483648"));
  EXPECT_FALSE(hash_text_form(KeyType::kSmallint, "-32769"));
  EXPECT_TRUE(hash_text_form(KeyType::kBigint, "-9223372036854775808"));
}

TEST(ShardHash, ReadsEveryFormOfAUuid) {
  const auto hash = hash_text_form(KeyType::kUuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
  ASSERT_TRUE(hash);
  for (const char* text : {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
                           "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
                           "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}"})
    EXPECT_EQ(hash_text_form(KeyType::kUuid, text), hash) << text;
  for (const char* text : {"", "{}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-",
                           "{a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11}",
                           "g0eebc999c0b4ef8bb6d6bb9bd380a11", "a-0eebc999c0b4ef8bb6d6bb9bd380a11"})
    EXPECT_FALSE(hash_text_form(KeyType::kUuid, text)) << text;
}

TEST(ShardHash, OtherTypesThanTheKeysAreNoKeys) {
  EXPECT_FALSE(hash_binary_form(KeyType::kBigint, 701, std::string(8, '\0')));   // float8
  EXPECT_FALSE(hash_binary_form(KeyType::kBigint, 1700, std::string(8, '\0')));  // numeric
  EXPECT_FALSE(hash_binary_form(KeyType::kBigint, 20, std::string(4, '\0')));
  EXPECT_FALSE(hash_binary_form(KeyType::kText, 1042, "a"));  // character(n)
  EXPECT_TRUE(hash_binary_form(KeyType::kUuid, 25, "a0eebc999c0b4ef8bb6d6bb9bd380a11")) << "text that is cast";
}

}  // namespace
}  // namespace shardway::router
