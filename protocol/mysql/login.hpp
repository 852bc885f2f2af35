// Log-ins as machines: ClientLogin is our side towards clients, ServerLogin our side towards servers. They take
// payloads and append packets; whoever owns the socket moves the bytes and starts TLS when asked to.
// https://mariadb.com/kb/en/connection/
// Failures: ClientLogin's are told to the client by its owner; ServerLogin's carry the server's own error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/mysql/messages.hpp"

namespace shardway::protocol::mysql {

enum class LoginStep : std::uint8_t { kContinue, kStartTls, kDone, kFailed };

inline constexpr std::size_t kMaxLoginPayload = 16 * 1024;  // of a client that is not logged in

// What a client may prove itself with. `password` in clear text, or `native_hash` alone; `trusted`: by nothing.
struct ClientSecret {
  bool is_known = false;  // a user of that name is configured; others fail alike
  bool trusted = false;
  std::optional<std::string> password;
  std::string native_hash;  // 20 bytes: SHA1(SHA1(password))
};

class ClientLogin {
 public:
  explicit ClientLogin(std::string scramble) : scramble_(std::move(scramble)) {}

  // The proof of a HandshakeResponse or COM_CHANGE_USER. kContinue: the client is asked for another one.
  LoginStep on_proof(std::string_view plugin, Bytes proof, ClientSecret secret, std::string& out,
                     std::uint8_t& sequence);
  // The answer to AuthSwitch.
  LoginStep on_answer(Bytes payload, std::string& out, std::uint8_t& sequence);
  // COM_CHANGE_USER: the proof in it was made for a scramble the client does not have any more.
  void begin_switch(ClientSecret secret, std::string& out, std::uint8_t& sequence);
  bool used_password() const noexcept { return used_password_; }  // the last proof was not empty

 private:
  LoginStep check_native(Bytes proof) const;

  std::string scramble_;
  ClientSecret secret_;
  bool used_password_ = false;
};

struct ServerCredentials {
  std::string user, password, database;
};

class ServerLogin {
 public:
  // `wanted`: the capabilities the connection shall have, those of them the server has. `tls`: whether to ask for it;
  // `require_tls`: fail without.
  ServerLogin(ServerCredentials credentials, Capabilities wanted, std::uint8_t collation, bool tls, bool require_tls)
      : credentials_(std::move(credentials)),
        wanted_(wanted),
        collation_(collation),
        tls_(tls),
        require_tls_(require_tls) {}

  // `sequence`: of the packet that came. kStartTls: send what was appended, do the handshake, then call on_tls().
  LoginStep on_packet(Bytes payload, std::uint8_t sequence, std::string& out);
  void on_tls(std::string& out);

  Capabilities capabilities() const noexcept { return capabilities_; }
  std::uint32_t connection_id() const noexcept { return connection_id_; }
  const std::string& server_version() const noexcept { return version_; }
  std::uint16_t status() const noexcept { return status_; }
  const std::string& error_message() const noexcept { return message_; }
  std::uint16_t error_code() const noexcept { return code_; }  // 0: the conversation itself went wrong

 private:
  enum class State : std::uint8_t { kGreeting, kTls, kAnswer, kPublicKey };
  LoginStep on_greeting(Bytes payload, std::string& out);
  LoginStep on_more(Bytes data, std::string& out);
  LoginStep fail(std::string message, std::uint16_t code = 0);
  void respond(std::string& out);
  std::optional<std::string> proof(std::string_view plugin) const;  // nothing: not one of ours

  ServerCredentials credentials_;
  Capabilities wanted_, capabilities_ = 0;
  std::uint8_t collation_;
  bool tls_, require_tls_, is_tls_ = false;
  State state_ = State::kGreeting;
  std::uint8_t sequence_ = 0;
  std::string scramble_, plugin_, version_, message_;
  std::uint32_t connection_id_ = 0;
  std::uint16_t status_ = 0, code_ = 0;
};

}  // namespace shardway::protocol::mysql
