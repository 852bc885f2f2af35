#include "router/shard_hash.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

// Bob Jenkins' lookup3 as PostgreSQL uses it (src/common/hashfn.c describes the variant): three 32-bit lanes that start
// at 0x9e3779b9 + length + 3923095, and the 64-bit result is lane b above lane c. With seed 0 no seed is mixed in.
namespace shardway::router {

namespace {

struct Lanes {
  std::uint32_t a, b, c;

  explicit Lanes(std::uint32_t length) noexcept : a(0x9e3779b9U + length + 3923095U), b(a), c(a) {}

  void mix() noexcept {
    a -= c, a ^= std::rotl(c, 4), c += b;
    b -= a, b ^= std::rotl(a, 6), a += c;
    c -= b, c ^= std::rotl(b, 8), b += a;
    a -= c, a ^= std::rotl(c, 16), c += b;
    b -= a, b ^= std::rotl(a, 19), a += c;
    c -= b, c ^= std::rotl(b, 4), b += a;
  }

  std::uint64_t finish() noexcept {
    c ^= b, c -= std::rotl(b, 14);
    a ^= c, a -= std::rotl(c, 11);
    b ^= a, b -= std::rotl(a, 25);
    c ^= b, c -= std::rotl(b, 16);
    a ^= c, a -= std::rotl(c, 4);
    b ^= a, b -= std::rotl(a, 14);
    c ^= b, c -= std::rotl(b, 24);
    return static_cast<std::uint64_t>(b) << 32 | c;
  }
};

std::uint32_t word(const unsigned char* bytes) noexcept {
  return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
         static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

std::uint64_t hash_bytes(const unsigned char* bytes, std::size_t size) noexcept {
  Lanes lanes(static_cast<std::uint32_t>(size));
  for (; size >= 12; bytes += 12, size -= 12) {
    lanes.a += word(bytes);
    lanes.b += word(bytes + 4);
    lanes.c += word(bytes + 8);
    lanes.mix();
  }
  // The last 11 bytes at most; the lowest byte of c is kept for the length.
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint32_t byte = bytes[i];
    if (i < 4)
      lanes.a += byte << (8 * i);
    else if (i < 8)
      lanes.b += byte << (8 * (i - 4));
    else
      lanes.c += byte << (8 * (i - 7));
  }
  return lanes.finish();
}

// int8in and its smaller brothers: spaces around, one sign, decimal digits.
std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

bool fits(KeyType type, std::int64_t value) noexcept {
  if (type == KeyType::kInteger)
    return value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max();
  if (type == KeyType::kSmallint)
    return value >= std::numeric_limits<std::int16_t>::min() && value <= std::numeric_limits<std::int16_t>::max();
  return true;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// uuid_in: 32 digits, braces around, a hyphen after any group of four digits.
std::optional<std::array<unsigned char, 16>> parse_uuid(std::string_view text) noexcept {
  const bool braces = !text.empty() && text.front() == '{';
  if (braces) text.remove_prefix(1);
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (text.size() < 2) return std::nullopt;
    const int high = hex_digit(text[0]), low = hex_digit(text[1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<unsigned char>(high << 4 | low);
    text.remove_prefix(2);
    if (i % 2 == 1 && i < 15 && !text.empty() && text.front() == '-') text.remove_prefix(1);
  }
  if (braces) {
    if (text.empty() || text.front() != '}') return std::nullopt;
    text.remove_prefix(1);
  }
  if (!text.empty()) return std::nullopt;
  return bytes;
}

std::int64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  const auto unused = 64 - 8 * bytes.size();
  return static_cast<std::int64_t>(value << unused) >> unused;
}

// pg_type: int8 20, int2 21, int4 23, text 25, unknown 705, varchar 1043, uuid 2950.
bool is_integer_oid(std::uint32_t oid) noexcept { return oid == 20 || oid == 21 || oid == 23; }
bool is_text_oid(std::uint32_t oid) noexcept { return oid == 25 || oid == 705 || oid == 1043; }

std::optional<std::uint64_t> hash_binary_integer(KeyType type, std::uint32_t oid, std::string_view bytes) {
  const auto size = bytes.size();
  if (oid == 0 ? size != 2 && size != 4 && size != 8
               : !is_integer_oid(oid) || size != (oid == 20   ? 8U
                                                  : oid == 23 ? 4U
                                                              : 2U))
    return std::nullopt;
  const auto value = big_endian(bytes);
  if (!fits(type, value)) return std::nullopt;
  return hash_integer(value);
}

}  // namespace

std::uint64_t hash_integer(std::int64_t key) noexcept {
  // hashint8extended folds the high half so that equal int2, int4 and int8 values agree.
  const auto low = static_cast<std::uint32_t>(key);
  const auto high = static_cast<std::uint32_t>(static_cast<std::uint64_t>(key) >> 32);
  Lanes lanes(sizeof(std::uint32_t));
  lanes.a += low ^ (key >= 0 ? high : ~high);
  return lanes.finish();
}

std::uint64_t hash_text(std::string_view bytes) noexcept {
  std::array<unsigned char, 64> small{};
  if (bytes.size() <= small.size()) {
    std::memcpy(small.data(), bytes.data(), bytes.size());
    return hash_bytes(small.data(), bytes.size());
  }
  return hash_bytes(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::uint64_t hash_uuid(const unsigned char bytes[16]) noexcept { return hash_bytes(bytes, 16); }

std::optional<std::uint64_t> hash_text_form(KeyType type, std::string_view text) {
  if (type == KeyType::kText) return hash_text(text);
  if (type == KeyType::kBinary) return std::nullopt;
  if (type == KeyType::kUuid) {
    const auto uuid = parse_uuid(text);
    if (!uuid) return std::nullopt;
    return hash_uuid(uuid->data());
  }
  const auto value = parse_integer(text);
  if (!value || !fits(type, *value)) return std::nullopt;
  return hash_integer(*value);
}

bool is_integer_text(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::uint64_t> hash_binary_form(KeyType type, std::uint32_t type_oid, std::string_view bytes) {
  switch (type) {
    case KeyType::kText:
      if (type_oid != 0 && !is_text_oid(type_oid)) return std::nullopt;
      return hash_text(bytes);
    case KeyType::kUuid:
      if (is_text_oid(type_oid)) return hash_text_form(type, bytes);
      if ((type_oid != 0 && type_oid != 2950) || bytes.size() != 16) return std::nullopt;
      return hash_uuid(reinterpret_cast<const unsigned char*>(bytes.data()));
    case KeyType::kBinary: return std::nullopt;
    case KeyType::kBigint:
    case KeyType::kInteger:
    case KeyType::kSmallint: break;
  }
  if (is_text_oid(type_oid)) return hash_text_form(type, bytes);
  return hash_binary_integer(type, type_oid, bytes);
}

}  // namespace shardway::router
