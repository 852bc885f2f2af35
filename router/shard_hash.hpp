// The servers' own hash functions, so that SQL can compute a row's slot.
// PostgreSQL: hashint8extended(k, 0), hashint4extended, hashint2extended (all agree on equal integers),
// hashtextextended(k, 0) under a deterministic collation, uuid_hash_extended(k, 0).
// MySQL and MariaDB: CRC32(k), of a text under a collation that pads CRC32(RTRIM(k)). Golden vectors: tests/golden.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "router/topology.hpp"

namespace shardway::router {

std::uint64_t hash_integer(std::int64_t key) noexcept;            // hashint8extended(key, 0)
std::uint64_t hash_text(std::string_view bytes) noexcept;         // hash_any_extended(bytes, 0)
std::uint64_t hash_uuid(const unsigned char bytes[16]) noexcept;  // uuid_hash_extended(key, 0)

// A key value as the client wrote it -> its hash; nothing if it is not exactly a value of `type` (then it is no key).
// Text is read as the server's input function of the type reads it (spaces around an integer, uuid with braces, …),
// and out of the type's range is nothing.
std::optional<std::uint64_t> hash_text_form(KeyType type, std::string_view text);
// True if `text` is an integer as the server reads it, of any size: then hash_text_form() says nothing of it only
// because it is out of the type's range.
bool is_integer_text(std::string_view text) noexcept;
// `type_oid` is the parameter's declared type, 0 if the server was to infer it (then it is the column's).
// Integers of 2, 4 and 8 bytes are one key if their values are equal; a declared numeric, float … is nothing.
std::optional<std::uint64_t> hash_binary_form(KeyType type, std::uint32_t type_oid, std::string_view bytes);

std::uint32_t hash_crc32(std::string_view bytes) noexcept;  // CRC32(bytes)
// As hash_text_form(), for MySQL's and MariaDB's tables: `text` must be as the server prints the value.
std::optional<std::uint64_t> mysql_hash_text_form(KeyType type, std::string_view text);

// As the servers' readers of values skip it, in the C locale.
constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace shardway::router
