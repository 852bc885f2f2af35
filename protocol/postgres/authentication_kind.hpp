// The numbers of Authentication messages ('R') that a login looks at.
// https://www.postgresql.org/docs/15/protocol-message-formats.html
#pragma once

#include <cstdint>

namespace shardway::protocol::postgres::authentication_kind {

inline constexpr std::uint32_t kOk = 0;
inline constexpr std::uint32_t kKerberos5 = 2;
inline constexpr std::uint32_t kCleartextPassword = 3;
inline constexpr std::uint32_t kMd5Password = 5;
inline constexpr std::uint32_t kGss = 7;
inline constexpr std::uint32_t kSspi = 9;
inline constexpr std::uint32_t kSasl = 10;
inline constexpr std::uint32_t kSaslContinue = 11;
inline constexpr std::uint32_t kSaslFinal = 12;

}  // namespace shardway::protocol::postgres::authentication_kind
