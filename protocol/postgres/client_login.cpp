// ClientLogin (login.hpp): the server's side, in the server's words (auth.c, auth-scram.c error texts).
#include <utility>

#include "protocol/postgres/authentication_kind.hpp"
#include "protocol/postgres/login.hpp"
#include "protocol/postgres/scram_digest.hpp"

namespace shardway::protocol::postgres {
namespace {

using namespace authentication_kind;

constexpr Bytes kMechanismList{"SCRAM-SHA-256\0\0", 15};

}  // namespace

ClientLogin::ClientLogin(AuthMethod method, std::string user, StoredSecret secret, Bytes random, bool over_tls)
    : method_(method), user_(std::move(user)), secret_(std::move(secret)), random_(random), over_tls_(over_tls) {}

LoginStep ClientLogin::start(std::string& out) {
  if (state_ != State::kStart) return broken("authentication has already begun");
  switch (method_) {
    case AuthMethod::kTrust: return done(out);
    case AuthMethod::kPassword:
      encode::authentication(out, kCleartextPassword, {});
      state_ = State::kAwaitPassword;
      break;
    case AuthMethod::kMd5:
      encode::authentication(out, kMd5Password, md5_salt());
      state_ = State::kAwaitPassword;
      break;
    case AuthMethod::kScram:
      encode::authentication(out, kSasl, kMechanismList);
      state_ = State::kAwaitSaslInitial;
      break;
  }
  return LoginStep::kContinue;
}

LoginStep ClientLogin::on_message(Bytes body, std::string& out) {
  if (body.size() > kMaxAuthBytes) return broken("authentication message is too long");
  switch (state_) {
    case State::kAwaitPassword: return on_password(body, out);
    case State::kAwaitSaslInitial: return on_sasl_initial(body, out);
    case State::kAwaitSaslFinal: return on_sasl_final(body, out);
    case State::kStart:
    case State::kEnded: break;
  }
  return broken("unexpected password message");
}

LoginStep ClientLogin::on_password(Bytes body, std::string& out) {
  const auto answer = decode_password(body);
  if (!answer) return broken("invalid password packet size");
  if (answer->empty()) {
    state_ = State::kEnded;
    failure_ = {"28P01", "empty password returned by client"};
    return LoginStep::kFailed;
  }
  const bool is_right = method_ == AuthMethod::kMd5 ? accepts_md5(*answer) : accepts_clear(*answer);
  return is_right && secret_.known ? done(out) : wrong_password();
}

// The server, too, checks a clear password against whatever it has stored (plain_crypt_verify).
bool ClientLogin::accepts_clear(std::string_view password) {
  if (secret_.password && is_md5_secret(*secret_.password)) {
    // As an md5 login with a salt both sides know, because that is all the stored secret can be compared with.
    return equal_in_constant_time(md5_password(user_, password, md5_salt()),
                                  md5_answer(user_, *secret_.password, md5_salt()));
  }
  if (secret_.password) return !secret_.password->empty() && equal_in_constant_time(password, *secret_.password);
  if (!secret_.verifier) return false;
  auto keys = derive_keys(password, secret_.verifier->salt, secret_.verifier->iterations);
  if (!equal_in_constant_time(bytes_of(keys.server_key), bytes_of(secret_.verifier->server_key))) return false;
  keys_ = std::move(keys);
  return true;
}

bool ClientLogin::accepts_md5(std::string_view answer) const {
  if (!secret_.password || secret_.password->empty()) return false;
  return equal_in_constant_time(answer, md5_answer(user_, *secret_.password, md5_salt()));
}

LoginStep ClientLogin::on_sasl_initial(Bytes body, std::string& out) {
  const auto initial = decode_sasl_initial(body);
  if (!initial) return broken("invalid SASL response packet");
  if (initial->mechanism != kSha256Mechanism) return broken("client selected an invalid SASL authentication mechanism");
  scram_.emplace(secret_.verifier ? *secret_.verifier : mock_verifier(user_, random_), random_, over_tls_);
  std::string reply;
  if (!scram_->first(initial->data, reply)) return broken("malformed SCRAM message");
  encode::authentication(out, kSaslContinue, reply);
  state_ = State::kAwaitSaslFinal;
  return LoginStep::kContinue;
}

LoginStep ClientLogin::on_sasl_final(Bytes body, std::string& out) {
  std::string reply;
  const auto is_right = scram_->final(body, reply);
  if (!is_right) return broken("malformed SCRAM message");
  if (!*is_right || !secret_.known || !secret_.verifier) return wrong_password();
  const auto& verifier = *secret_.verifier;
  keys_ = ScramKeys{verifier.iterations, verifier.salt, scram_->client_key(), verifier.server_key};
  encode::authentication(out, kSaslFinal, reply);
  return done(out);
}

LoginStep ClientLogin::done(std::string& out) {
  state_ = State::kEnded;
  encode::authentication(out, kOk, {});
  return LoginStep::kDone;
}

// One text for an unknown user, a wrong password and a secret that does not serve the method.
LoginStep ClientLogin::wrong_password() {
  state_ = State::kEnded;
  keys_.reset();
  failure_ = {"28P01", "password authentication failed for user \"" + user_ + "\""};
  return LoginStep::kFailed;
}

LoginStep ClientLogin::broken(std::string_view why) {
  state_ = State::kEnded;
  failure_ = {"08P01", std::string(why)};
  return LoginStep::kFailed;
}

}  // namespace shardway::protocol::postgres
