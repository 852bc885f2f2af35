// SCRAM-SHA-256 (RFC 5802, RFC 7677) and the md5 password, as PostgreSQL uses them; no channel binding.
// Passwords are prepared as the server does for ASCII (not at all); others are taken as the bytes they are, without
// SASLprep, so one that Unicode normalization would change does not match: it is refused, never let in.
// Keys are kept, not iterations: deriving them from a password costs 0.75 ms of processor time, using them 20 us.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/common/bytes.hpp"
#include "protocol/common/wire_error.hpp"

namespace shardway::protocol::postgres {

using Digest = std::array<std::uint8_t, 32>;

// What a server stores: "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>" (pg_authid.rolpassword).
struct ScramVerifier {
  std::uint32_t iterations = 4096;
  std::string salt;  // raw bytes
  Digest stored_key{}, server_key{};
};
// What a client needs to log in without the password: recovered from a proof, or derived once and kept.
struct ScramKeys {
  std::uint32_t iterations = 0;
  std::string salt;
  Digest client_key{}, server_key{};
};

std::optional<ScramVerifier> parse_verifier(std::string_view text);
std::string format_verifier(const ScramVerifier& verifier);
ScramVerifier make_verifier(std::string_view password, Bytes salt, std::uint32_t iterations);
ScramKeys derive_keys(std::string_view password, Bytes salt, std::uint32_t iterations);
// For an unknown user: a verifier nobody can match, the same for the same name, salted with `secret` of this process.
ScramVerifier mock_verifier(std::string_view user, Bytes secret);

std::string md5_password(std::string_view user, std::string_view password, Bytes salt4);  // "md5" + 32 hex digits
bool is_md5_secret(std::string_view stored) noexcept;  // "md5" + 32 hex digits, as pg_authid stores it
// The answer to AuthenticationMD5Password from what is stored: an md5 secret, or the password in clear.
std::string md5_answer(std::string_view user, std::string_view stored, Bytes salt4);
bool equal_in_constant_time(Bytes a, Bytes b) noexcept;

// The server's side of one exchange. `nonce` is 18 random bytes of the caller, base64 inside.
class ScramServer {
 public:
  // Over TLS a client may say 'y' (it could bind a channel, we do not offer to): only an offer would make that an
  // attack.
  ScramServer(ScramVerifier verifier, Bytes nonce, bool over_tls);
  // client-first -> server-first in `reply`. Errors: kBadValue (malformed, or asks for channel binding).
  Result<void> first(Bytes message, std::string& reply);
  // client-final -> server-final in `reply`. false: wrong proof. On true client_key() is the key of the client.
  Result<bool> final(Bytes message, std::string& reply);
  const Digest& client_key() const noexcept { return client_key_; }

 private:
  ScramVerifier verifier_;
  std::string nonce_, client_first_bare_, server_first_, gs2_;
  Digest client_key_{};
};

// The client's side. It needs a password, or keys that fit the salt and iterations the server names (else kUnexpected).
// The server's nonce, salt and signature are bounded and checked; iterations over 1,000,000 are refused.
class ScramClient {
 public:
  ScramClient(std::string_view password, std::optional<ScramKeys> keys, Bytes nonce);  // empty password: none
  std::string first();
  Result<std::string> final(Bytes server_first);
  Result<void> finish(Bytes server_final);
  const std::optional<ScramKeys>& keys() const noexcept { return keys_; }  // to be kept for the next login

 private:
  std::string password_;
  std::optional<ScramKeys> keys_;
  std::string nonce_, client_first_bare_, auth_message_;
};

}  // namespace shardway::protocol::postgres
