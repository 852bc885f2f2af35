// ServerLogin (login.hpp): the client's side. The server may be anybody: what it asks for out of turn is refused.
#include <utility>

#include "protocol/postgres/authentication_kind.hpp"
#include "protocol/postgres/login.hpp"
#include "protocol/postgres/scram_digest.hpp"

namespace shardway::protocol::postgres {
namespace {

using namespace authentication_kind;

std::string name_of(std::uint32_t kind) {
  switch (kind) {
    case kKerberos5: return "Kerberos V5";
    case kGss: return "GSSAPI";
    case kSspi: return "SSPI";
    case kSaslContinue:
    case kSaslFinal: return "SASL data before SASL has begun";
    default: return "method " + std::to_string(kind);
  }
}

// Names that each end in a NUL, and an empty one at the end.
bool offers_scram(Bytes mechanisms) noexcept {
  Reader reader(mechanisms);
  bool is_offered = false;
  while (const auto name = reader.cstring()) {
    if (name->empty()) return is_offered && reader.at_end();
    is_offered = is_offered || *name == kSha256Mechanism;
  }
  return false;
}

}  // namespace

ServerLogin::ServerLogin(std::string user, Credentials credentials, Bytes random, bool over_tls)
    : user_(std::move(user)), credentials_(std::move(credentials)), random_(random), over_tls_(over_tls) {}

LoginStep ServerLogin::on_authentication(Bytes body, std::string& out) {
  if (state_ == State::kEnded) return fail("the server goes on with authentication after its end");
  if (body.size() > kMaxAuthBytes) return fail("the server's authentication message is too long");
  const auto request = decode_authentication(body);
  if (!request) return fail("the server's authentication message is malformed: " + request.error().message());
  switch (state_) {
    case State::kStart: return on_first(*request, out);
    case State::kAwaitContinue:
      if (request->kind == kSaslContinue) return on_scram_continue(request->data, out);
      break;
    case State::kAwaitFinal:
      if (request->kind == kSaslFinal) return on_scram_final(request->data);
      break;
    case State::kAwaitOk:
      if (request->kind != kOk) break;
      state_ = State::kEnded;
      return LoginStep::kDone;
    case State::kEnded: break;
  }
  // Not least an AuthenticationOk before the signature: whoever sends it need not know the password.
  return fail("the server did not finish the authentication that it began: it may not be the one it claims to be");
}

LoginStep ServerLogin::on_first(const Authentication& request, std::string& out) {
  switch (request.kind) {
    case kOk: state_ = State::kEnded; return LoginStep::kDone;
    case kCleartextPassword: return send_clear(out);
    case kMd5Password: return send_md5(request.data, out);
    case kSasl: return begin_scram(request.data, out);
    default: break;
  }
  return fail("the server asks user \"" + user_ + "\" for " + name_of(request.kind) +
              ", which is not supported; use scram-sha-256, md5, password or trust in pg_hba.conf");
}

LoginStep ServerLogin::send_clear(std::string& out) {
  if (!over_tls_ && !cleartext_without_tls_) {
    return fail("the server asks for the password of user \"" + user_ +
                "\" in clear text over a link without TLS; use TLS or scram-sha-256");
  }
  if (!credentials_.password || credentials_.password->empty()) {
    return fail("the server asks for the password of user \"" + user_ +
                "\" in clear text, and none is configured; set server_password");
  }
  encode::password(out, *credentials_.password);
  state_ = State::kAwaitOk;
  return LoginStep::kContinue;
}

LoginStep ServerLogin::send_md5(Bytes salt, std::string& out) {
  if (!credentials_.password || credentials_.password->empty()) {
    return fail("the server asks for the md5 password of user \"" + user_ +
                "\", and no password is configured; set server_password");
  }
  encode::password(out, md5_answer(user_, *credentials_.password, salt));
  state_ = State::kAwaitOk;
  return LoginStep::kContinue;
}

LoginStep ServerLogin::begin_scram(Bytes mechanisms, std::string& out) {
  if (!offers_scram(mechanisms)) return fail("the server offers no SASL mechanism that is supported (SCRAM-SHA-256)");
  if (!credentials_.keys && (!credentials_.password || credentials_.password->empty())) {
    return fail("the server asks for the password of user \"" + user_ +
                "\", and none is configured; set server_password");
  }
  scram_.emplace(credentials_.password ? std::string_view(*credentials_.password) : std::string_view{},
                 credentials_.keys, random_);
  encode::sasl_initial(out, kSha256Mechanism, scram_->first());
  state_ = State::kAwaitContinue;
  return LoginStep::kContinue;
}

LoginStep ServerLogin::on_scram_continue(Bytes data, std::string& out) {
  const auto answer = scram_->final(data);
  if (!answer && answer.error() == WireError::kUnexpected) {
    return fail("the server's verifier of user \"" + user_ +
                "\" has another salt or iteration count than the configured one; set server_password");
  }
  if (!answer) return fail("the server's SCRAM message is malformed");
  encode::sasl_response(out, *answer);
  state_ = State::kAwaitFinal;
  return LoginStep::kContinue;
}

LoginStep ServerLogin::on_scram_final(Bytes data) {
  if (!scram_->finish(data)) {
    return fail("the server's signature for user \"" + user_ +
                "\" is wrong: it does not know the password and may not be the one it claims to be");
  }
  keys_ = scram_->keys();
  state_ = State::kAwaitOk;
  return LoginStep::kContinue;
}

LoginStep ServerLogin::fail(std::string why) {
  state_ = State::kEnded;
  keys_.reset();
  failure_ = std::move(why);
  return LoginStep::kFailed;
}

}  // namespace shardway::protocol::postgres
