#include "protocol/mysql/auth.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

#include <array>
#include <initializer_list>
#include <memory>
#include <stdexcept>

#include "protocol/common/base64.hpp"
#include "protocol/mysql/messages.hpp"

namespace shardway::protocol::mysql {

namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};

const unsigned char* raw(const char* bytes) noexcept { return reinterpret_cast<const unsigned char*>(bytes); }
unsigned char* raw(std::string& bytes) noexcept { return reinterpret_cast<unsigned char*>(bytes.data()); }

std::string digest(const EVP_MD* kind, std::initializer_list<Bytes> parts) {
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(kind)), '\0');
  unsigned size = 0;
  EVP_DigestInit_ex(context.get(), kind, nullptr);
  for (const auto part : parts) EVP_DigestUpdate(context.get(), part.data(), part.size());
  EVP_DigestFinal_ex(context.get(), raw(out), &size);
  return out;
}

std::string sha1(std::initializer_list<Bytes> parts) { return digest(EVP_sha1(), parts); }
std::string sha256(std::initializer_list<Bytes> parts) { return digest(EVP_sha256(), parts); }

std::string exclusive_or(std::string a, Bytes b) {
  for (std::size_t i = 0; i < a.size() && !b.empty(); ++i) a[i] = static_cast<char>(a[i] ^ b[i % b.size()]);
  return a;
}

// What a PEM text holds between its first and its last line; empty if it is none.
std::string der_of(Bytes pem) {
  constexpr Bytes kBegin = "-----BEGIN PUBLIC KEY-----", kEnd = "-----END PUBLIC KEY-----";
  const auto begin = pem.find(kBegin), end = pem.find(kEnd);
  if (begin == Bytes::npos || end == Bytes::npos || end < begin) return {};
  std::string digits;
  for (const char c : pem.substr(begin + kBegin.size(), end - begin - kBegin.size()))
    if (static_cast<unsigned char>(c) > ' ') digits += c;
  return base64_decode(digits).value_or(std::string());
}

std::optional<unsigned> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a' + 10);
  return std::nullopt;
}

}  // namespace

std::string make_scramble() {
  std::string scramble;
  while (scramble.size() < kScrambleBytes) {
    unsigned char byte = 0;
    if (RAND_bytes(&byte, 1) != 1) throw std::runtime_error("the system has no random bytes");
    byte &= 0x7f;
    if (byte != 0 && byte != '$') scramble += static_cast<char>(byte);
  }
  return scramble;
}

std::string native_proof(std::string_view password, Bytes scramble) {
  if (password.empty()) return {};
  const auto once = sha1({password});
  return exclusive_or(sha1({scramble, sha1({once})}), once);
}

std::optional<std::string> native_hash(std::string_view stored) {
  constexpr std::size_t kDigits = 40;
  if (stored.size() != kDigits + 1 || stored[0] != '*') return std::nullopt;
  std::string hash;
  for (std::size_t i = 1; i < stored.size(); i += 2) {
    const auto high = hex_digit(stored[i]), low = hex_digit(stored[i + 1]);
    if (!high || !low) return std::nullopt;
    hash += static_cast<char>(*high << 4 | *low);
  }
  return hash;
}

std::string native_hash_of(std::string_view password) { return sha1({sha1({password})}); }

bool is_native_proof(Bytes proof, Bytes scramble, Bytes hash) {
  if (proof.size() != kScrambleBytes || hash.size() != kScrambleBytes) return false;
  const auto once = exclusive_or(sha1({scramble, hash}), proof);
  return CRYPTO_memcmp(sha1({once}).data(), hash.data(), hash.size()) == 0;
}

std::string sha2_proof(std::string_view password, Bytes scramble) {
  if (password.empty()) return {};
  const auto once = sha256({password});
  return exclusive_or(sha256({sha256({once}), scramble}), once);
}

std::optional<std::string> sha2_sealed(std::string_view password, Bytes scramble, Bytes public_key_pem) {
  const auto der = der_of(public_key_pem);
  const auto* at = raw(der.data());
  const std::unique_ptr<EVP_PKEY, Free> key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return std::nullopt;
  const std::unique_ptr<EVP_PKEY_CTX, Free> context(EVP_PKEY_CTX_new(key.get(), nullptr));
  if (EVP_PKEY_encrypt_init(context.get()) <= 0 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) <= 0)
    return std::nullopt;
  auto hidden = exclusive_or(std::string(password) + '\0', scramble);
  std::string sealed(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), '\0');
  auto size = sealed.size();
  const bool done = EVP_PKEY_encrypt(context.get(), raw(sealed), &size, raw(hidden), hidden.size()) > 0;
  OPENSSL_cleanse(hidden.data(), hidden.size());
  sealed.resize(size);
  return done ? std::optional(sealed) : std::nullopt;
}

// RFC 8032, but that the secret is SHA512 of a password, which may have any length.
std::string ed25519_signature(std::string_view password, Bytes scramble) {
  using Scalar = std::array<unsigned char, crypto_core_ed25519_SCALARBYTES>;
  using Wide = std::array<unsigned char, crypto_core_ed25519_NONREDUCEDSCALARBYTES>;
  const auto wide = [](std::initializer_list<Bytes> parts) {
    Wide out;
    crypto_hash_sha512_state state;
    crypto_hash_sha512_init(&state);
    for (const auto part : parts) crypto_hash_sha512_update(&state, raw(part.data()), part.size());
    crypto_hash_sha512_final(&state, out.data());
    return out;
  };
  const auto reduced = [](const Wide& from) {
    Scalar out;
    crypto_core_ed25519_scalar_reduce(out.data(), from.data());
    return out;
  };
  const auto bytes_of = [](const auto& from) { return Bytes(reinterpret_cast<const char*>(from.data()), from.size()); };

  auto secret = wide({password});
  secret[0] &= 248;
  secret[31] = static_cast<unsigned char>((secret[31] & 127) | 64);
  Wide widened{};
  std::copy_n(secret.begin(), 32, widened.begin());
  const auto key = reduced(widened);
  const auto nonce = reduced(wide({bytes_of(secret).substr(32), scramble}));
  Scalar public_key, commitment, sum;
  crypto_scalarmult_ed25519_base_noclamp(public_key.data(), key.data());
  crypto_scalarmult_ed25519_base_noclamp(commitment.data(), nonce.data());
  const auto challenge = reduced(wide({bytes_of(commitment), bytes_of(public_key), scramble}));
  crypto_core_ed25519_scalar_mul(sum.data(), challenge.data(), key.data());
  crypto_core_ed25519_scalar_add(sum.data(), sum.data(), nonce.data());
  sodium_memzero(secret.data(), secret.size());
  sodium_memzero(widened.data(), widened.size());
  return std::string(bytes_of(commitment)) + std::string(bytes_of(sum));
}

}  // namespace shardway::protocol::mysql
