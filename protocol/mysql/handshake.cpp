// The messages of a log-in. https://mariadb.com/kb/en/connection/
#include <algorithm>

#include "protocol/mysql/fields.hpp"
#include "protocol/mysql/messages.hpp"

namespace shardway::protocol::mysql {

namespace {

constexpr std::uint8_t kProtocolVersion = 10, kAuthSwitch = 0xfe, kAuthMore = 0x01;
constexpr std::size_t kFirstScrambleBytes = 8, kSecondScrambleBytes = 13, kResponseHeadBytes = 32;

// The bytes between the collation and the user's name, or the plugin's data: MariaDB's upper capabilities are in them.
Capabilities extended(Bytes filler, Capabilities low) {
  if (has(low, capability::kLongPassword)) return 0;
  Reader reader(filler.substr(filler.size() - 4));
  return Capabilities{*reader.le32()} << 32;
}

// A name ended by NUL, or by the payload's end: some clients leave the last NUL out.
std::string_view name(Reader& reader) {
  if (const auto text = reader.cstring()) return *text;
  const auto rest = reader.rest();
  reader.bytes(rest.size());
  return rest;
}

}  // namespace

Result<Greeting> decode_greeting(Bytes payload) {
  Reader reader(payload);
  Greeting greeting;
  const auto version = reader.u8();
  if (!version) return WireError::kTruncated;
  if (*version != kProtocolVersion) return WireError::kBadValue;
  const auto server_version = reader.cstring();
  const auto id = reader.le32();
  const auto first = reader.bytes(kFirstScrambleBytes);
  const auto filler = reader.u8();
  const auto low = reader.le16();
  if (!server_version || !id || !first || !filler || !low) return WireError::kTruncated;
  greeting.server_version = *server_version;
  greeting.connection_id = *id;
  greeting.scramble = *first;
  const auto collation = reader.u8();
  const auto state = reader.le16();
  const auto high = reader.le16();
  const auto auth_size = reader.u8();
  const auto reserved = reader.bytes(10);
  if (!collation || !state || !high || !auth_size || !reserved) return WireError::kTruncated;
  greeting.collation = *collation;
  greeting.status = *state;
  greeting.capabilities = *low | Capabilities{*high} << 16;
  greeting.capabilities |= extended(*reserved, greeting.capabilities);
  const auto second_size = std::max<std::size_t>(kFirstScrambleBytes + kSecondScrambleBytes, *auth_size);
  const auto second = reader.bytes(second_size - kFirstScrambleBytes);
  if (!second) return WireError::kTruncated;
  greeting.scramble += second->substr(0, second->size() - (second->back() == '\0' ? 1 : 0));
  if (has(greeting.capabilities, capability::kPluginAuth)) greeting.plugin = name(reader);
  return greeting;
}

void encode(std::string& out, std::uint8_t& sequence, const Greeting& greeting) {
  append_packet(out, sequence, [&](Writer& writer) {
    const Bytes scramble = greeting.scramble;
    writer.u8(kProtocolVersion);
    writer.cstring(greeting.server_version);
    writer.le32(greeting.connection_id);
    writer.bytes(scramble.substr(0, kFirstScrambleBytes));
    writer.u8(0);
    writer.le16(static_cast<std::uint16_t>(greeting.capabilities));
    writer.u8(greeting.collation);
    writer.le16(greeting.status);
    writer.le16(static_cast<std::uint16_t>(greeting.capabilities >> 16));
    writer.u8(static_cast<std::uint8_t>(scramble.size() + 1));
    writer.le(0, 6);
    writer.le32(static_cast<std::uint32_t>(greeting.capabilities >> 32));
    writer.cstring(scramble.substr(kFirstScrambleBytes));
    writer.cstring(greeting.plugin);
  });
}

Result<HandshakeResponse> decode_handshake_response(Bytes payload) {
  Reader reader(payload);
  HandshakeResponse response;
  const auto low = reader.le32();
  const auto max_packet = reader.le32();
  const auto collation = reader.u8();
  const auto reserved = reader.bytes(23);
  if (!low || !max_packet || !collation || !reserved) return WireError::kTruncated;
  if (!has(*low, capability::kProtocol41)) return WireError::kBadValue;
  response.capabilities = *low | extended(*reserved, *low);
  response.max_packet = *max_packet;
  response.collation = *collation;
  response.is_ssl_request = payload.size() == kResponseHeadBytes && has(*low, capability::kSsl);
  if (response.is_ssl_request) return response;
  const auto user = reader.cstring();
  if (!user) return WireError::kTruncated;
  response.user = *user;
  std::optional<Bytes> auth;
  if (has(*low, capability::kPluginAuthLenenc)) {
    auth = lenenc_bytes(reader);
  } else if (has(*low, capability::kSecureConnection)) {
    const auto size = reader.u8();
    auth = size ? reader.bytes(*size) : std::nullopt;
  } else {
    auth = reader.cstring();
  }
  if (!auth) return WireError::kTruncated;
  response.auth = *auth;
  if (has(*low, capability::kConnectWithDb)) response.database = name(reader);
  if (has(*low, capability::kPluginAuth)) response.plugin = name(reader);
  if (has(*low, capability::kConnectAttributes) && !reader.at_end()) {
    const auto attributes = lenenc_bytes(reader);
    if (!attributes) return WireError::kTruncated;
    response.attributes = *attributes;
  }
  return response;  // MariaDB and MySQL may put a compression level behind it
}

void encode(std::string& out, std::uint8_t& sequence, const HandshakeResponse& response) {
  append_packet(out, sequence, [&](Writer& writer) {
    writer.le32(static_cast<std::uint32_t>(response.capabilities));
    writer.le32(response.max_packet);
    writer.u8(response.collation);
    writer.bytes(std::string(19, '\0'));
    writer.le32(static_cast<std::uint32_t>(response.capabilities >> 32));
    if (response.is_ssl_request) return;
    writer.cstring(response.user);
    if (has(response.capabilities, capability::kPluginAuthLenenc)) {
      lenenc_bytes(writer, response.auth);
    } else {
      writer.u8(static_cast<std::uint8_t>(response.auth.size()));
      writer.bytes(response.auth);
    }
    if (has(response.capabilities, capability::kConnectWithDb)) writer.cstring(response.database);
    if (has(response.capabilities, capability::kPluginAuth)) writer.cstring(response.plugin);
    if (has(response.capabilities, capability::kConnectAttributes)) lenenc_bytes(writer, response.attributes);
  });
}

Result<AuthSwitch> decode_auth_switch(Bytes payload) {
  Reader reader(payload);
  if (reader.u8() != kAuthSwitch) return WireError::kUnexpected;
  AuthSwitch request;
  if (reader.at_end()) {  // from before plugins: the old password hash, which nobody should use
    request.plugin = "mysql_old_password";
    return request;
  }
  const auto plugin = reader.cstring();
  if (!plugin) return WireError::kTruncated;
  request.plugin = *plugin;
  request.data = reader.rest();
  // Plugins that count 20 bytes end them with a NUL; ed25519's 32 are any bytes, of which the last may be one.
  if (request.data.size() == kScrambleBytes + 1 && request.data.back() == '\0') request.data.remove_suffix(1);
  return request;
}

void encode(std::string& out, std::uint8_t& sequence, const AuthSwitch& request) {
  append_packet(out, sequence, [&](Writer& writer) {
    writer.u8(kAuthSwitch);
    writer.cstring(request.plugin);
    writer.bytes(request.data);
    if (request.data.size() == kScrambleBytes) writer.u8(0);
  });
}

void encode_auth_more(std::string& out, std::uint8_t& sequence, Bytes data) {
  append_packet(out, sequence, [&](Writer& writer) {
    writer.u8(kAuthMore);
    writer.bytes(data);
  });
}

Result<ChangeUser> decode_change_user(Bytes payload, Capabilities capabilities) {
  Reader reader(payload);
  ChangeUser change;
  if (reader.u8() != static_cast<std::uint8_t>(Command::kChangeUser)) return WireError::kUnexpected;
  const auto user = reader.cstring();
  if (!user) return WireError::kTruncated;
  change.user = *user;
  const auto size = reader.u8();
  const auto auth = size ? reader.bytes(*size) : std::nullopt;
  if (!auth) return WireError::kTruncated;
  change.auth = *auth;
  change.database = name(reader);
  if (reader.at_end()) return change;
  const auto collation = reader.le16();
  if (!collation) return WireError::kTruncated;
  change.collation = *collation;
  if (has(capabilities, capability::kPluginAuth)) change.plugin = name(reader);
  return change;
}

}  // namespace shardway::protocol::mysql
