// What a configured password is, told by its form as PostgreSQL tells it (get_password_type in its sources; the forms
// are on the manual's page "pg_authid").
#include <algorithm>
#include <cctype>

#include "proxy/config/words.hpp"

namespace shardway::proxy::config {
namespace {

bool is_base64_of(std::string_view text, std::size_t min_bytes, std::size_t max_bytes) {
  if (text.empty() || text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::size_t bytes = text.size() / 4 * 3 - padding;
  text.remove_suffix(padding);
  const bool alphabet = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
  });
  return alphabet && bytes >= min_bytes && bytes <= max_bytes;
}

// SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>
bool is_verifier(std::string_view text) {
  constexpr std::size_t kDigest = 32, kLongestSalt = 1024;
  text.remove_prefix(std::string_view("SCRAM-SHA-256$").size());
  const std::size_t colon = text.find(':'), dollar = text.find('$'), second = text.rfind(':');
  if (colon == std::string_view::npos || dollar == std::string_view::npos || !(colon < dollar && dollar < second))
    return false;
  const auto iterations = parse_number(text.substr(0, colon));
  return iterations && *iterations >= 1 && *iterations <= 2'147'483'647 &&
         is_base64_of(text.substr(colon + 1, dollar - colon - 1), 1, kLongestSalt) &&
         is_base64_of(text.substr(dollar + 1, second - dollar - 1), kDigest, kDigest) &&
         is_base64_of(text.substr(second + 1), kDigest, kDigest);
}

}  // namespace

SecretKind kind_of_secret(std::string_view password) {
  constexpr std::size_t kMd5Length = 35;
  if (password.empty()) return SecretKind::kNone;
  if (password.starts_with("SCRAM-SHA-256$"))
    return is_verifier(password) ? SecretKind::kScramVerifier : SecretKind::kBrokenVerifier;
  const bool hex = std::all_of(password.begin() + std::min<std::ptrdiff_t>(3, std::ssize(password)), password.end(),
                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (password.starts_with("md5") && password.size() == kMd5Length && hex) return SecretKind::kMd5;
  constexpr std::size_t kNativeLength = 41;  // MySQL's and MariaDB's "*" and SHA1(SHA1(password))
  const bool native = std::all_of(password.begin() + 1, password.end(),
                                  [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
  if (password.starts_with('*') && password.size() == kNativeLength && native) return SecretKind::kNativeHash;
  return SecretKind::kClearText;
}

}  // namespace shardway::proxy::config
