// The two login conversations as machines without I/O: feed a message, send what was appended to `out`, look at the step.
// ClientLogin: we are the server and check a client. ServerLogin: we are the client and log in to a server.
#pragma once

#include <optional>
#include <string>

#include "protocol/postgres/messages.hpp"
#include "protocol/postgres/scram.hpp"

namespace shardway::protocol::postgres {

enum class LoginStep : std::uint8_t { kContinue, kDone, kFailed };
enum class AuthMethod : std::uint8_t { kTrust, kPassword, kMd5, kScram };

// What is known of a user. An unknown user gets the same conversation and fails at its end (no enumeration).
struct StoredSecret {
  std::optional<std::string> password;      // in clear
  std::optional<ScramVerifier> verifier;    // made once from the password, or configured
  bool known = false;
};

class ClientLogin {
 public:
  // `random` is 18 fresh random bytes.
  ClientLogin(AuthMethod method, std::string user, StoredSecret secret, Bytes random, bool over_tls);
  LoginStep start(std::string& out);                     // the first Authentication message; kDone at once for trust
  // `body` of a 'p' message. kDone: AuthenticationOk has been appended. kFailed: nothing was appended, see fault().
  LoginStep on_message(Bytes body, std::string& out);
  // After a SCRAM login: the client's key, with salt and iterations: enough to log in to a server that has the same verifier.
  std::optional<ScramKeys> keys() const;
  struct Failure { std::string_view sqlstate; std::string message; };
  const Failure& failure() const noexcept { return failure_; }   // 28P01 "password authentication failed for user …", 08P01

 private:
  enum class State : std::uint8_t { kStart, kAwaitPassword, kAwaitSaslInitial, kAwaitSaslFinal, kEnded };
  AuthMethod method_;
  State state_ = State::kStart;
  std::string user_;
  StoredSecret secret_;
  std::string random_;
  bool over_tls_;
  std::optional<ScramServer> scram_;
  std::optional<ScramKeys> keys_;
  Failure failure_;
};

struct Credentials {
  std::optional<std::string> password;
  std::optional<ScramKeys> keys;
};

class ServerLogin {
 public:
  ServerLogin(std::string user, Credentials credentials, Bytes random, bool over_tls);
  // `body` of an 'R' message. kDone on AuthenticationOk; kFailed with failure() set, and no password sent.
  // A server may not ask for a cleartext password over an unencrypted link unless allow_cleartext.
  LoginStep on_authentication(Bytes body, std::string& out);
  const std::string& failure() const noexcept { return failure_; }
  const std::optional<ScramKeys>& keys() const noexcept { return keys_; }

 private:
  enum class State : std::uint8_t { kStart, kAwaitContinue, kAwaitFinal, kAwaitOk, kEnded };
  State state_ = State::kStart;
  std::string user_;
  Credentials credentials_;
  std::string random_;
  bool over_tls_;
  std::optional<ScramClient> scram_;
  std::optional<ScramKeys> keys_;
  std::string failure_;
};

}  // namespace shardway::protocol::postgres
