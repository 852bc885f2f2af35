// The digests SCRAM and the md5 password are made of, over OpenSSL; and the reader of SCRAM's "a=value," lists.
// For scram*.cpp only. Nothing here fails on input: OpenSSL's digests only fail without memory, which ends the process.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/postgres/scram.hpp"

namespace shardway::protocol::postgres {

inline constexpr std::string_view kSha256Mechanism = "SCRAM-SHA-256";
inline constexpr std::size_t kMaxScramMessage = 1024;   // the server's own bound for what a client sends
inline constexpr std::size_t kMaxServerMessage = 4096;  // ours for what a server sends
inline constexpr std::size_t kMaxSaltBytes = 1024;

Digest sha256(Bytes data);
Digest hmac_sha256(Bytes key, Bytes data);
Digest salted_password(std::string_view password, Bytes salt, std::uint32_t iterations);
Digest exclusive_or(const Digest& a, const Digest& b) noexcept;

Bytes bytes_of(const Digest& digest) noexcept;  // valid as long as the digest
std::optional<Digest> digest_of_base64(std::string_view text);
std::optional<std::uint32_t> iterations_of(std::string_view digits) noexcept;  // 1 to 2^31 - 1, digits only
void wipe(Digest& digest) noexcept;
void wipe(std::string& secret) noexcept;

// Takes "<name>=value" off the front of `rest`, with the comma after it. Nothing if something else is there.
std::optional<std::string_view> take_attribute(std::string_view& rest, char name) noexcept;
// The same for whatever letter is there: extensions, which are read over.
bool skip_attribute(std::string_view& rest) noexcept;
// RFC 5802: a nonce is printable ASCII without a comma.
bool is_nonce(std::string_view text) noexcept;

}  // namespace shardway::protocol::postgres
