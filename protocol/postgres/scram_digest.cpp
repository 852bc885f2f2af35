#include "protocol/postgres/scram_digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "protocol/common/base64.hpp"

namespace shardway::protocol::postgres {
namespace {

const unsigned char* raw(Bytes bytes) noexcept { return reinterpret_cast<const unsigned char*>(bytes.data()); }

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string hex(const unsigned char* digest, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text.push_back(kDigits[digest[i] >> 4]);
    text.push_back(kDigits[digest[i] & 15]);
  }
  return text;
}

std::string md5_hex(const std::string& data) {
  unsigned char digest[16];
  if (EVP_Digest(data.data(), data.size(), digest, nullptr, EVP_md5(), nullptr) != 1) std::abort();
  return hex(digest, sizeof digest);
}

}  // namespace

Digest sha256(Bytes data) {
  Digest digest;
  if (EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) std::abort();
  return digest;
}

Digest hmac_sha256(Bytes key, Bytes data) {
  Digest digest;
  unsigned int size = 0;
  const auto key_size = static_cast<int>(key.size());
  if (HMAC(EVP_sha256(), key.data(), key_size, raw(data), data.size(), digest.data(), &size) == nullptr) std::abort();
  return digest;
}

Digest salted_password(std::string_view password, Bytes salt, std::uint32_t iterations) {
  Digest salted;
  const int done =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), raw(salt), static_cast<int>(salt.size()),
                        static_cast<int>(iterations), EVP_sha256(), static_cast<int>(salted.size()), salted.data());
  if (done != 1) std::abort();
  return salted;
}

Digest exclusive_or(const Digest& a, const Digest& b) noexcept {
  Digest result;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<std::uint8_t>(a[i] ^ b[i]);
  return result;
}

Bytes bytes_of(const Digest& digest) noexcept { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

std::optional<Digest> digest_of_base64(std::string_view text) {
  const auto bytes = base64_decode(text);
  Digest digest;
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

std::optional<std::uint32_t> iterations_of(std::string_view digits) noexcept {
  std::uint32_t value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end || value == 0 || value > 0x7fffffffU) return std::nullopt;
  return value;
}

void wipe(Digest& digest) noexcept { OPENSSL_cleanse(digest.data(), digest.size()); }
void wipe(std::string& secret) noexcept { OPENSSL_cleanse(secret.data(), secret.size()); }

std::optional<std::string_view> take_attribute(std::string_view& rest, char name) noexcept {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return std::nullopt;
  const auto comma = rest.find(',');
  const auto value = rest.substr(2, comma == std::string_view::npos ? comma : comma - 2);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return value;
}

bool skip_attribute(std::string_view& rest) noexcept {
  return !rest.empty() && is_letter(rest[0]) && take_attribute(rest, rest[0]);
}

bool is_nonce(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != ','; });
}

std::string md5_password(std::string_view user, std::string_view password, Bytes salt4) {
  const auto inner = md5_hex(std::string(password).append(user));
  return "md5" + md5_hex(inner + std::string(salt4));
}

bool is_md5_secret(std::string_view stored) noexcept {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  return stored.size() == 35 && stored.starts_with("md5") && stored.find_first_not_of(kHexDigits, 3) == stored.npos;
}

std::string md5_answer(std::string_view user, std::string_view stored, Bytes salt4) {
  if (!is_md5_secret(stored)) return md5_password(user, stored, salt4);
  return "md5" + md5_hex(std::string(stored.substr(3)).append(salt4));
}

bool equal_in_constant_time(Bytes a, Bytes b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace shardway::protocol::postgres
