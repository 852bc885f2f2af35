// The proofs of a log-in, held against what MariaDB 10.11 stores and what the plugins' documents compute.
#include "protocol/mysql/auth.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "protocol/mysql/messages.hpp"

namespace shardway::protocol::mysql {
namespace {

constexpr Bytes kScramble = "abcdefghijklmnopqrst";

std::string hex(Bytes bytes) {
  std::string text;
  for (const char c : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02X", static_cast<unsigned char>(c));
    text += two;
  }
  return text;
}

TEST(Auth, ScramblesEndNoString) {
  for (int i = 0; i < 200; ++i) {
    const auto scramble = make_scramble();
    ASSERT_EQ(scramble.size(), kScrambleBytes);
    for (const char c : scramble) EXPECT_TRUE(c > 0 && c != '$');
  }
  EXPECT_NE(make_scramble(), make_scramble());
}

TEST(Auth, NativeHashIsTheServers) {
  // SELECT PASSWORD('secret')
  EXPECT_EQ(hex(native_hash_of("secret")), "14E65567ABDB5135D0CFD9A70B3032C179A49EE7");
  EXPECT_EQ(native_hash("*14E65567ABDB5135D0CFD9A70B3032C179A49EE7"), native_hash_of("secret"));
  EXPECT_EQ(native_hash("*14e65567abdb5135d0cfd9a70b3032c179a49ee7"), native_hash_of("secret"));
  for (const char* bad : {"", "*", "14E65567ABDB5135D0CFD9A70B3032C179A49EE7",
                          "*14E65567ABDB5135D0CFD9A70B3032C179A49EE", "*14E65567ABDB5135D0CFD9A70B3032C179A49EEX"})
    EXPECT_FALSE(native_hash(bad)) << bad;
}

TEST(Auth, NativeProof) {
  const auto proof = native_proof("secret", kScramble);
  EXPECT_TRUE(is_native_proof(proof, kScramble, native_hash_of("secret")));
  EXPECT_FALSE(is_native_proof(proof, kScramble, native_hash_of("Secret")));
  EXPECT_FALSE(is_native_proof(proof, "another scramble here", native_hash_of("secret")));
  EXPECT_FALSE(is_native_proof(Bytes(proof).substr(1), kScramble, native_hash_of("secret")));
  EXPECT_FALSE(is_native_proof({}, kScramble, native_hash_of("")));
  EXPECT_EQ(native_proof("", kScramble), "");
}

TEST(Auth, Sha2Proof) {
  EXPECT_EQ(sha2_proof("secret", kScramble).size(), 32U);
  EXPECT_NE(sha2_proof("secret", kScramble), sha2_proof("secret", "another scramble here"));
  EXPECT_EQ(sha2_proof("", kScramble), "");
}

TEST(Auth, Sha2SealedIsOpenedByTheKeysOwner) {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, key);
  char* pem = nullptr;
  const auto size = BIO_get_mem_data(bio, &pem);
  const auto sealed = sha2_sealed("secret", kScramble, Bytes(pem, static_cast<std::size_t>(size)));
  ASSERT_TRUE(sealed);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  EVP_PKEY_decrypt_init(context);
  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
  std::string opened(256, '\0');
  auto length = opened.size();
  ASSERT_EQ(EVP_PKEY_decrypt(context, reinterpret_cast<unsigned char*>(opened.data()), &length,
                             reinterpret_cast<const unsigned char*>(sealed->data()), sealed->size()),
            1);
  opened.resize(length);
  for (std::size_t i = 0; i < opened.size(); ++i)
    opened[i] = static_cast<char>(opened[i] ^ kScramble[i % kScramble.size()]);
  EXPECT_EQ(opened, std::string("secret") + '\0');
  EVP_PKEY_CTX_free(context);
  BIO_free(bio);
  EVP_PKEY_free(key);
  EXPECT_FALSE(sha2_sealed("secret", kScramble, "no key at all"));
}

// The signature is one by RFC 8032 under the public key, which is what servers store and check.
TEST(Auth, Ed25519SignatureIsValid) {
  const std::string scramble(32, 'n');
  const auto signature = ed25519_signature("geheim wort", scramble);
  ASSERT_EQ(signature.size(), 64U);
  unsigned char secret[64];
  crypto_hash_sha512(secret, reinterpret_cast<const unsigned char*>("geheim wort"), 11);
  secret[0] &= 248;
  secret[31] = static_cast<unsigned char>((secret[31] & 127) | 64);
  unsigned char wide[64] = {}, scalar[32], public_key[32];
  std::copy_n(secret, 32, wide);
  crypto_core_ed25519_scalar_reduce(scalar, wide);
  crypto_scalarmult_ed25519_base_noclamp(public_key, scalar);
  const auto verified = [&](Bytes message) {
    return crypto_sign_verify_detached(reinterpret_cast<const unsigned char*>(signature.data()),
                                       reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                                       public_key) == 0;
  };
  EXPECT_TRUE(verified(scramble));
  EXPECT_FALSE(verified(std::string(32, 'm')));
}

}  // namespace
}  // namespace shardway::protocol::mysql
