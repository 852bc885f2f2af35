// words: the small languages inside strings of the configuration (durations, sizes, addresses, slots, table names, key
// types), as pure functions: text -> value, or nothing. Who calls them says where the text was and what would be right.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proxy/config/config.hpp"

namespace shardway::proxy::config {

std::optional<std::uint64_t> parse_number(std::string_view text);   // decimal digits only
std::optional<Milliseconds> parse_duration(std::string_view text);  // "500ms", "10s", "5m", "1h"
std::string print_duration(Milliseconds duration);
std::optional<std::uint64_t> parse_bytes(std::string_view text);  // "64KiB", "16MiB", "1GiB", "4096"
std::string print_bytes(std::uint64_t bytes);

struct Wrong {
  std::string message, hint;
};
std::variant<Address, Wrong> parse_address(std::string_view text);
bool is_loopback(const Address& address);  // or a Unix socket: nobody on another machine reaches it

// "0-99,200-299", "5"; nothing if malformed, or a range that runs backwards.
std::optional<std::vector<SlotRange>> parse_slots(std::string_view text);
std::string print_slots(const std::vector<SlotRange>& ranges);

inline constexpr std::size_t kLongestName = 63;  // NAMEDATALEN - 1: the server cuts what is longer

struct QualifiedName {
  std::string schema, name;
};
// As SQL reads it: folded to lower case unless quoted; schema `public` if there is none.
std::optional<QualifiedName> parse_table_name(std::string_view text);
std::optional<std::string> parse_column_name(std::string_view text);

std::variant<router::KeyType, Wrong> parse_key_type(std::string_view text, Protocol protocol = Protocol::kPostgresql);

// What `password` of a [[user]] is.
enum class SecretKind : std::uint8_t { kNone, kClearText, kMd5, kScramVerifier, kBrokenVerifier, kNativeHash };
SecretKind kind_of_secret(std::string_view password);

}  // namespace shardway::proxy::config
