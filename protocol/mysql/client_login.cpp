#include <openssl/crypto.h>

#include "protocol/mysql/auth.hpp"
#include "protocol/mysql/login.hpp"

namespace shardway::protocol::mysql {

namespace {

bool equal(Bytes a, Bytes b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace

LoginStep ClientLogin::check_native(Bytes proof) const {
  const auto& hash = secret_.native_hash;
  const bool without = secret_.password && secret_.password->empty();
  if (secret_.trusted) return LoginStep::kDone;
  if (!secret_.is_known) return LoginStep::kFailed;
  if (without) return proof.empty() ? LoginStep::kDone : LoginStep::kFailed;
  return is_native_proof(proof, scramble_, hash) ? LoginStep::kDone : LoginStep::kFailed;
}

// A proof by another plugin than ours is asked for again; caching_sha2_password is taken as it is if the password is
// known in clear text, for then it can be checked.
LoginStep ClientLogin::on_proof(std::string_view plugin, Bytes proof, ClientSecret secret, std::string& out,
                                std::uint8_t& sequence) {
  constexpr Bytes kFastAuthSucceeded("\x03", 1);
  secret_ = std::move(secret);
  used_password_ = !proof.empty();
  if (secret_.trusted) return LoginStep::kDone;
  if (plugin == kCachingSha2 && secret_.is_known && secret_.password) {
    if (!equal(proof, sha2_proof(*secret_.password, scramble_))) return LoginStep::kFailed;
    if (!secret_.password->empty()) encode_auth_more(out, sequence, kFastAuthSucceeded);
    return LoginStep::kDone;
  }
  if (plugin.empty() || plugin == kNativePassword) return check_native(proof);
  encode(out, sequence, AuthSwitch{kNativePassword, scramble_});
  return LoginStep::kContinue;
}

LoginStep ClientLogin::on_answer(Bytes payload, std::string&, std::uint8_t&) {
  used_password_ = !payload.empty();
  return check_native(payload);
}

void ClientLogin::begin_switch(ClientSecret secret, std::string& out, std::uint8_t& sequence) {
  secret_ = std::move(secret);
  encode(out, sequence, AuthSwitch{kNativePassword, scramble_});
}

}  // namespace shardway::protocol::mysql
