#include <array>
#include <charconv>

#include "router/shard_hash.hpp"

// CRC32() of SQL: https://mariadb.com/kb/en/crc32/
namespace shardway::router {

namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t rest = i;
    for (int bit = 0; bit < 8; ++bit) rest = (rest & 1) != 0 ? 0xedb88320U ^ rest >> 1 : rest >> 1;
    table[i] = rest;
  }
  return table;
}
constexpr auto kTable = make_table();

// As the server writes the number: no sign but a minus, no zeros in front. Larger than any column's is nothing.
bool is_canonical_integer(std::string_view text) noexcept {
  const bool negative = !text.empty() && text.front() == '-';
  const auto digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || (digits.front() == '0' && (digits.size() > 1 || negative))) return false;
  const auto* end = text.data() + text.size();
  std::int64_t small = 0;
  std::uint64_t large = 0;
  const auto parsed = negative ? std::from_chars(text.data(), end, small) : std::from_chars(text.data(), end, large);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

// MariaDB's UUID type prints lower case with hyphens; only this form is taken.
bool is_canonical_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

}  // namespace

std::uint32_t hash_crc32(std::string_view bytes) noexcept {
  std::uint32_t rest = ~0U;
  for (const char c : bytes) rest = kTable[(rest ^ static_cast<unsigned char>(c)) & 0xff] ^ rest >> 8;
  return ~rest;
}

std::optional<std::uint64_t> mysql_hash_text_form(KeyType type, std::string_view text) {
  switch (type) {
    case KeyType::kBigint:
    case KeyType::kInteger:
    case KeyType::kSmallint:
      if (!is_canonical_integer(text)) return std::nullopt;
      break;
    case KeyType::kUuid:
      if (!is_canonical_uuid(text)) return std::nullopt;
      break;
    case KeyType::kText:
      while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
      break;
    case KeyType::kBinary: break;
  }
  return hash_crc32(text);
}

}  // namespace shardway::router
