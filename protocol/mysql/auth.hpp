// The proofs of a log-in: what a client computes from its password and the server's scramble, and how it is checked.
// https://mariadb.com/kb/en/authentication-plugin-mysql_native_password/ …-ed25519/
// https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
// Pure but for the randomness of make_scramble(). Passwords are clear text here and never leave in an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/common/bytes.hpp"

namespace shardway::protocol::mysql {

// 20 random bytes from 1 to 127 without '$', which end no string and no hash; throws std::runtime_error if there are
// none.
std::string make_scramble();

// mysql_native_password: SHA1(pw) xor SHA1(scramble, SHA1(SHA1(pw))). Empty for an empty password.
std::string native_proof(std::string_view password, Bytes scramble);
// "*" and the 40 hexadecimal digits of SHA1(SHA1(pw)), as servers store it; the 20 bytes, or nothing if it is not that.
std::optional<std::string> native_hash(std::string_view stored);
std::string native_hash_of(std::string_view password);
bool is_native_proof(Bytes proof, Bytes scramble, Bytes hash);

// caching_sha2_password, the fast way: SHA256(pw) xor SHA256(SHA256(SHA256(pw)), scramble). Empty for an empty
// password.
std::string sha2_proof(std::string_view password, Bytes scramble);
// The full way without TLS: the password, xored with the scramble, under the server's RSA key (PEM). Nothing if that
// is no key.
std::optional<std::string> sha2_sealed(std::string_view password, Bytes scramble, Bytes public_key_pem);

// client_ed25519: a signature of the scramble (32 bytes) with a key made from the password; 64 bytes.
std::string ed25519_signature(std::string_view password, Bytes scramble);

}  // namespace shardway::protocol::mysql
