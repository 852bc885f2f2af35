// The two login conversations as machines without I/O: feed a message, send what was appended to `out`, look at the
// step. ClientLogin: we are the server and check a client. ServerLogin: we are the client and log in to a server. A
// message longer than kMaxAuthBytes fails either; so does every message that has no place in the conversation. Neither
// holds a view: bodies may go when a call returns. Only a kPassword login against a bare verifier costs iterations.
#pragma once

#include <optional>
#include <string>

#include "protocol/postgres/messages.hpp"
#include "protocol/postgres/scram.hpp"

namespace shardway::protocol::postgres {

enum class LoginStep : std::uint8_t { kContinue, kDone, kFailed };
enum class AuthMethod : std::uint8_t { kTrust, kPassword, kMd5, kScram };

inline constexpr std::size_t kMaxAuthBytes = 65'535;  // PG_MAX_AUTH_TOKEN_LENGTH

// What is known of a user. For kScram give a verifier, for an unknown user mock_verifier(user, secret of the process):
// without one the salt would differ from login to login, which tells. A password is never turned into one here. An
// unknown user gets the same conversation and fails at its end (no enumeration).
struct StoredSecret {
  std::optional<std::string> password;    // in clear, or the stored "md5" and 32 digits
  std::optional<ScramVerifier> verifier;  // made once from the password, or configured
  bool known = false;
};

class ClientLogin {
 public:
  // `random` is 18 fresh random bytes.
  ClientLogin(AuthMethod method, std::string user, StoredSecret secret, Bytes random, bool over_tls);
  LoginStep start(std::string& out);  // the first Authentication message; kDone at once for trust,
                                      // known or not: who may come in by trust is the caller's rule
  // `body` of a 'p' message. kDone: AuthenticationOk has been appended. kFailed: nothing was appended, see fault().
  LoginStep on_message(Bytes body, std::string& out);
  // After a SCRAM login: the client's key, with salt and iterations: enough to log in to a server that has the same
  // verifier.
  std::optional<ScramKeys> keys() const { return keys_; }
  struct Failure {
    std::string_view sqlstate;
    std::string message;
  };
  const Failure& failure() const noexcept {
    return failure_;
  }  // 28P01 "password authentication failed for user …", 08P01

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

  LoginStep on_password(Bytes body, std::string& out);
  LoginStep on_sasl_initial(Bytes body, std::string& out);
  LoginStep on_sasl_final(Bytes body, std::string& out);
  bool accepts_clear(std::string_view password);
  bool accepts_md5(std::string_view answer) const;
  Bytes md5_salt() const noexcept { return Bytes(random_).substr(0, 4); }
  LoginStep done(std::string& out);
  LoginStep wrong_password();
  LoginStep broken(std::string_view why);
};

struct Credentials {
  std::optional<std::string> password;
  std::optional<ScramKeys> keys;
};

class ServerLogin {
 public:
  ServerLogin(std::string user, Credentials credentials, Bytes random, bool over_tls);
  // `body` of an 'R' message. kDone on AuthenticationOk; kFailed with failure() set, and no password sent.
  // A server that asks for the password in clear gets it, as from libpq; over a link without TLS only if allowed.
  LoginStep on_authentication(Bytes body, std::string& out);
  void allow_cleartext_without_tls(bool allowed) noexcept { cleartext_without_tls_ = allowed; }  // default: allowed
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
  bool cleartext_without_tls_ = true;

  LoginStep on_first(const Authentication& request, std::string& out);
  LoginStep send_clear(std::string& out);
  LoginStep send_md5(Bytes salt, std::string& out);
  LoginStep begin_scram(Bytes mechanisms, std::string& out);
  LoginStep on_scram_continue(Bytes data, std::string& out);
  LoginStep on_scram_final(Bytes data);
  LoginStep fail(std::string why);
};

}  // namespace shardway::protocol::postgres
