// tests/golden/hashes_mysql.txt comes from a live server (its head says how): type | value | hash.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "router/shard_hash.hpp"

namespace shardway::router {
namespace {

KeyType type_of(const std::string& name) {
  if (name == "text") return KeyType::kText;
  if (name == "binary") return KeyType::kBinary;
  return name == "uuid" ? KeyType::kUuid : KeyType::kBigint;
}

TEST(MysqlHash, EqualsTheServers) {
  std::ifstream file(std::string(SHARDWAY_SOURCE_DIR) + "/tests/golden/hashes_mysql.txt");
  std::size_t vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto first = line.find('|'), last = line.rfind('|');
    const auto value = line.substr(first + 1, last - first - 1);
    EXPECT_EQ(mysql_hash_text_form(type_of(line.substr(0, first)), value), std::stoull(line.substr(last + 1))) << line;
    ++vectors;
  }
  EXPECT_GE(vectors, 150U);
}

TEST(MysqlHash, WhatIsNotTheServersTextIsNoKey) {
  for (const char* text :
       {"", "042", "+42", "-0", " 42", "42 ", "4.0", "18446744073709551616", "-9223372036854775809", "4x"})
    EXPECT_FALSE(mysql_hash_text_form(KeyType::kBigint, text).has_value()) << text;
  EXPECT_FALSE(mysql_hash_text_form(KeyType::kUuid, "11111111222233334444555555555555").has_value());
  EXPECT_FALSE(mysql_hash_text_form(KeyType::kUuid, "ABCDEF00-1234-5678-9ABC-DEF012345678").has_value());
  EXPECT_EQ(mysql_hash_text_form(KeyType::kText, "a  "), mysql_hash_text_form(KeyType::kText, "a"));
  EXPECT_NE(mysql_hash_text_form(KeyType::kBinary, "a "), mysql_hash_text_form(KeyType::kBinary, "a"));
}

}  // namespace
}  // namespace shardway::router
