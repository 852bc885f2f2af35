// What a client sends before it is logged in: StartupMessage, SSLRequest, GSSENCRequest, CancelRequest.
// https://www.postgresql.org/docs/15/protocol-message-formats.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/common/bytes.hpp"
#include "protocol/common/wire_error.hpp"

namespace shardway::protocol::postgres {

inline constexpr std::size_t kMaxStartupBytes = 10'000;  // the server's own bound (MAX_STARTUP_PACKET_LENGTH)

struct SslRequest {};
struct GssEncRequest {};
struct CancelRequest {
  std::uint32_t process_id = 0;
  std::string secret;  // 4 bytes in protocol 3.0, up to 256 in 3.2
};
struct StartupMessage {
  std::uint16_t major = 3, minor = 0;
  std::vector<std::pair<std::string, std::string>> parameters;       // in the order sent, user and database included
  std::vector<std::string> unknown_options;                          // names that begin with "_pq_."
  std::string_view parameter(std::string_view name) const noexcept;  // empty if absent; the last one wins
};
using StartupPacket = std::variant<SslRequest, GssEncRequest, CancelRequest, StartupMessage>;

// The size of the startup packet at the front of `bytes`: 0 if fewer than 4 bytes are there.
// kBadLength below 8 or over kMaxStartupBytes: nothing is allocated on the word of a client that is not logged in.
Result<std::size_t> startup_size(Bytes bytes) noexcept;
// Decodes exactly one whole packet (length field included). Major versions other than 3: kBadValue.
Result<StartupPacket> decode_startup(Bytes packet);

// The `options` parameter as the server splits it (pg_split_opts): "-c a=b", "-ca=b", "--a=b", backslash escapes.
// kBadValue for anything else (for example "-d 5"), with nothing half-taken.
Result<std::vector<std::pair<std::string, std::string>>> split_options(std::string_view options);

void encode_startup(std::string& out, const std::vector<std::pair<std::string, std::string>>& parameters);
void encode_ssl_request(std::string& out);
void encode_cancel_request(std::string& out, std::uint32_t process_id, Bytes secret);

}  // namespace shardway::protocol::postgres
