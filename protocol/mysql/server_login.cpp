#include "protocol/mysql/auth.hpp"
#include "protocol/mysql/login.hpp"

namespace shardway::protocol::mysql {

namespace {

constexpr std::uint8_t kOk = 0x00, kMore = 0x01, kSwitch = 0xfe, kError = 0xff;
constexpr std::uint8_t kFastAuthSucceeded = 0x03, kFullAuthNeeded = 0x04;
constexpr Bytes kPublicKeyWanted("\x02", 1);
constexpr std::uint32_t kMaxPacket = 1U << 30;

// What is signed has the size its plugin gives it: a server does not choose what else to have signed.
bool fits(std::string_view plugin, Bytes scramble) noexcept {
  return scramble.size() == (plugin == kEd25519 ? kEd25519ScrambleBytes : kScrambleBytes);
}

}  // namespace

LoginStep ServerLogin::fail(std::string message, std::uint16_t code) {
  message_ = std::move(message);
  code_ = code;
  return LoginStep::kFailed;
}

LoginStep ServerLogin::on_packet(Bytes payload, std::uint8_t sequence, std::string& out) {
  sequence_ = static_cast<std::uint8_t>(sequence + 1);
  if (payload.empty()) return fail("the server sent an empty packet during log-in");
  const auto first = static_cast<std::uint8_t>(payload[0]);
  if (first == kError) {
    const auto err = decode_err(payload);
    return err ? fail(std::string(err->message), err->code) : fail("the server sent a broken error during log-in");
  }
  if (state_ == State::kGreeting) return on_greeting(payload, out);
  if (first == kOk) {
    const auto ok = decode_ok(payload, capabilities_);
    if (!ok) return fail("the server sent a broken OK during log-in");
    status_ = ok->status;
    return LoginStep::kDone;
  }
  if (first == kMore) return on_more(payload.substr(1), out);
  if (first != kSwitch) return fail("the server sent something unknown during log-in");
  const auto request = decode_auth_switch(payload);
  if (!request) return fail("the server sent a broken AuthSwitchRequest");
  plugin_ = request->plugin;
  scramble_ = request->data;
  const auto answer = proof(plugin_);
  if (!answer) return fail("the server asks for the authentication plugin " + plugin_ + ", which is not supported");
  if (!fits(plugin_, scramble_)) return fail("the server's scramble for " + plugin_ + " has a wrong size");
  append_packets(out, sequence_, *answer);
  return LoginStep::kContinue;
}

LoginStep ServerLogin::on_greeting(Bytes payload, std::string& out) {
  const auto greeting = decode_greeting(payload);
  if (!greeting) return fail("the server's greeting is not one of protocol 10");
  version_ = greeting->server_version;
  connection_id_ = greeting->connection_id;
  scramble_ = greeting->scramble;
  plugin_ = greeting->plugin;
  constexpr auto kNeeded = capability::kProtocol41 | capability::kSecureConnection | capability::kPluginAuth;
  if ((greeting->capabilities & kNeeded) != kNeeded) return fail("the server is older than MySQL 5.5");
  if (!fits(kNativePassword, scramble_)) return fail("the server's greeting has a scramble of a wrong size");
  const bool has_tls = (greeting->capabilities & capability::kSsl) != 0;
  if (require_tls_ && !has_tls) return fail("server_tls asks for encryption, and the server has none");
  tls_ = tls_ && has_tls;
  capabilities_ = (wanted_ | kNeeded | capability::kPluginAuthLenenc) & greeting->capabilities;
  capabilities_ |= tls_ ? capability::kSsl : 0;
  if (!credentials_.database.empty()) capabilities_ |= capability::kConnectWithDb;
  if (!tls_) {
    respond(out);
    return LoginStep::kContinue;
  }
  HandshakeResponse request;
  request.capabilities = capabilities_;
  request.max_packet = kMaxPacket;
  request.collation = collation_;
  request.is_ssl_request = true;
  encode(out, sequence_, request);
  state_ = State::kTls;
  return LoginStep::kStartTls;
}

void ServerLogin::on_tls(std::string& out) {
  is_tls_ = true;
  respond(out);
}

// In place of a plugin that is not ours the oldest is offered: the server will ask for the one the user has.
void ServerLogin::respond(std::string& out) {
  auto answer = proof(plugin_);
  if (!answer) {
    plugin_ = kNativePassword;
    answer = proof(plugin_);
  }
  HandshakeResponse response;
  response.capabilities = capabilities_;
  response.max_packet = kMaxPacket;
  response.collation = collation_;
  response.user = credentials_.user;
  response.auth = *answer;
  response.database = credentials_.database;
  response.plugin = plugin_;
  encode(out, sequence_, response);
  state_ = State::kAnswer;
}

std::optional<std::string> ServerLogin::proof(std::string_view plugin) const {
  if (plugin == kNativePassword) return native_proof(credentials_.password, scramble_);
  if (plugin == kCachingSha2) return sha2_proof(credentials_.password, scramble_);
  if (plugin == kEd25519) return ed25519_signature(credentials_.password, scramble_);
  return std::nullopt;
}

// caching_sha2_password goes on: it knows us, or wants the password itself: under TLS as it is, else sealed.
LoginStep ServerLogin::on_more(Bytes data, std::string& out) {
  if (plugin_ != kCachingSha2 || data.empty()) return fail("the server's authentication goes on in an unknown way");
  if (state_ == State::kPublicKey) {
    const auto sealed = sha2_sealed(credentials_.password, scramble_, data);
    if (!sealed) return fail("the server's public key is not one");
    append_packets(out, sequence_, *sealed);
    state_ = State::kAnswer;
    return LoginStep::kContinue;
  }
  const auto word = static_cast<std::uint8_t>(data[0]);
  if (word == kFastAuthSucceeded) return LoginStep::kContinue;
  if (word != kFullAuthNeeded) return fail("the server's authentication goes on in an unknown way");
  if (is_tls_) {
    append_packets(out, sequence_, credentials_.password + '\0');
    return LoginStep::kContinue;
  }
  append_packets(out, sequence_, kPublicKeyWanted);
  state_ = State::kPublicKey;
  return LoginStep::kContinue;
}

}  // namespace shardway::protocol::mysql
