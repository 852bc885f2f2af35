// MySQL's messages as structs in the order of their fields, with their decoders and encoders. Payloads, without the
// packet's head (packet.hpp). Decoded views point into the bytes given. Decoders return WireError and never throw.
// https://mariadb.com/kb/en/clientserver-protocol/
// Not here: log-in as a conversation (login.hpp), which answers a server owes (reply_tracker.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/common/wire_error.hpp"
#include "protocol/mysql/constants.hpp"
#include "protocol/mysql/packet.hpp"

namespace shardway::protocol::mysql {

inline constexpr std::string_view kNativePassword = "mysql_native_password";
inline constexpr std::string_view kCachingSha2 = "caching_sha2_password";
inline constexpr std::string_view kEd25519 = "client_ed25519";
inline constexpr std::size_t kScrambleBytes = 20, kEd25519ScrambleBytes = 32;
inline constexpr std::uint8_t kUtf8mb4 = 45;  // utf8mb4_general_ci

// Handshake v10, a server's first word.
struct Greeting {
  std::string_view server_version;
  std::uint32_t connection_id = 0;
  std::string scramble;  // 20 bytes
  Capabilities capabilities = 0;
  std::uint8_t collation = kUtf8mb4;
  std::uint16_t status = status::kAutocommit;
  std::string_view plugin;
};
Result<Greeting> decode_greeting(Bytes payload);
void encode(std::string& out, std::uint8_t& sequence, const Greeting& greeting);

// HandshakeResponse41, a client's answer; or an SSLRequest, which is its first 32 bytes alone.
struct HandshakeResponse {
  Capabilities capabilities = 0;
  std::uint32_t max_packet = 0;
  std::uint8_t collation = kUtf8mb4;
  bool is_ssl_request = false;
  std::string_view user;
  Bytes auth;
  std::string_view database, plugin;
  Bytes attributes;  // as they came, without their length
};
Result<HandshakeResponse> decode_handshake_response(Bytes payload);
void encode(std::string& out, std::uint8_t& sequence, const HandshakeResponse& response);

struct AuthSwitch {
  std::string_view plugin;
  Bytes data;  // the scramble, without the NUL behind one of 20 bytes
};
Result<AuthSwitch> decode_auth_switch(Bytes payload);
void encode(std::string& out, std::uint8_t& sequence, const AuthSwitch& request);
void encode_auth_more(std::string& out, std::uint8_t& sequence, Bytes data);

struct TrackedItem {
  Tracked kind;
  Bytes data;  // as its kind has it
};
struct Ok {
  std::uint8_t header = 0x00;  // 0xfe: in place of an EOF
  std::uint64_t affected_rows = 0, insert_id = 0;
  std::uint16_t status = 0, warnings = 0;
  std::string_view info;
  Bytes tracked;  // the items as they came, without their length; empty: none
};
// `capabilities`: of the connection it came from, or goes to.
Result<Ok> decode_ok(Bytes payload, Capabilities capabilities);
void encode(std::string& out, std::uint8_t& sequence, const Ok& ok, Capabilities capabilities);
Result<std::vector<TrackedItem>> decode_tracked(Bytes tracked);
// kSystemVariable: name and value, pair after pair.
Result<std::vector<std::pair<std::string_view, std::string_view>>> decode_system_variables(Bytes data);
Result<std::string_view> decode_tracked_string(Bytes data);  // kSchema, kStateChange, kCharacteristics, kState

struct Err {
  std::uint16_t code = 0;
  std::string_view sqlstate, message;  // sqlstate empty: none was sent, as before the greeting
};
Result<Err> decode_err(Bytes payload);
void encode(std::string& out, std::uint8_t& sequence, const Err& err);

struct Eof {
  std::uint16_t warnings = 0, status = 0;
};
Result<Eof> decode_eof(Bytes payload);
void encode(std::string& out, std::uint8_t& sequence, const Eof& eof);

// COM_CHANGE_USER.
struct ChangeUser {
  std::string_view user;
  Bytes auth;
  std::string_view database;
  std::uint16_t collation = kUtf8mb4;
  std::string_view plugin;
};
Result<ChangeUser> decode_change_user(Bytes payload, Capabilities capabilities);

// The fixed head of a COM_STMT_PREPARE's OK.
struct PrepareOk {
  std::uint32_t statement = 0;
  std::uint16_t columns = 0, parameters = 0, warnings = 0;
};
Result<PrepareOk> decode_prepare_ok(Bytes payload);

void encode_command(std::string& out, Command command, Bytes argument);

}  // namespace shardway::protocol::mysql
