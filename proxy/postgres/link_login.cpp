// How a Link opens: connect, TLS, startup, login, up to the first ReadyForQuery.
#include <sys/epoll.h>

#include <ctime>

#include "protocol/postgres/frame.hpp"
#include "protocol/postgres/startup.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/postgres/link.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {

constexpr std::size_t kMaxLoginBytes = 1 << 20;  // a server that sends more before it is ready is not one

std::string where(const LinkTarget& target) { return target.node->address.text; }

}  // namespace

void Link::connect() {
  connect_time_ = std::time(nullptr);
  arm_timeout();
  if (const auto error = try_next_address()) {
    pool_->loop().defer([this, error] { fail_to_connect(error); });
  }
}

// The node's name may stand for several addresses; they are tried in order, as libpq does. Begins with the next one
// that can be begun with; else says why the last one could not.
std::error_code Link::try_next_address() {
  std::error_code error, last;
  while (const auto fd = net::connect_to(target_->node->address, next_address_++, error)) {
    if (*fd >= 0) {
      stream_ = net::Stream(*fd);
      pool_->loop().add(*fd, *this);
      return {};
    }
    last = error;
  }
  if (error) return error;  // the name cannot be resolved
  return last ? last : std::make_error_code(std::errc::address_not_available);
}

void Link::fail_to_connect(const std::error_code& error) {
  fail(false, "08001", "cannot connect to " + where(*target_) + ": " + error.message());
}

void Link::arm_timeout() {
  const auto limit = target_->backend->config.pool.connect_timeout;
  if (limit.count() == 0) return;
  pool_->loop().cancel(timeout_);
  timeout_ = pool_->loop().after(limit, [this] {
    timeout_ = 0;
    if (state_ == State::kResetting) {
      broken_ = true;
      pool_->reset_done(*this);
    } else {
      fail(false, "08001", "no login at " + where(*target_) + " within connect_timeout");
    }
  });
}

void Link::fail(bool from_server, std::string sqlstate, std::string message) {
  broken_ = true;
  const bool full = sqlstate == "53300";
  pool_->open_failed(*this, {from_server, std::move(sqlstate), std::move(message), full});
}

void Link::on_connected() {
  if (const auto error = net::pending_error(stream_.fd())) {
    pool_->loop().remove(stream_.fd());
    stream_.close();
    if (try_next_address()) fail_to_connect(error);
    return;
  }
  if (target_->tls && !target_->node->address.is_unix) {
    state_ = State::kTlsAnswer;
    pg::encode_ssl_request(out());
    flush();
  } else {
    begin_startup();
  }
}

void Link::begin_startup() {
  state_ = State::kLogin;
  login_ = std::make_unique<pg::ServerLogin>(target_->user,
                                             target_->secrets->for_server(target_->user, target_->node->number),
                                             random_bytes(kNonceBytes), stream_.is_tls());
  pg::encode_startup(out(), {{"user", target_->user}, {"database", target_->database}});
  flush();
}

void Link::continue_tls() {
  switch (stream_.handshake()) {
    case net::HandshakeState::kAgain: return;
    case net::HandshakeState::kDone: begin_startup(); return;
    case net::HandshakeState::kFailed:
      fail(false, "08001", "TLS with " + where(*target_) + " failed: " + net::last_tls_error());
  }
}

void Link::read_login() {
  char chunk[4096];
  for (;;) {
    const std::size_t want =
        state_ == State::kTlsAnswer ? 1 : sizeof chunk;  // nothing behind the answer may be taken in clear
    const auto got = read(chunk, want);
    held.append(chunk, got.bytes);
    if (state_ == State::kTlsAnswer && !held.empty()) {
      const char answer = held[0];
      held.clear();
      const auto mode = target_->backend->config.server_tls.mode;
      if (answer == 'S') {
        state_ = State::kTlsHandshake;
        stream_.start_tls_client(*target_->tls, target_->node->address.host, mode == config::TlsMode::kVerifyFull);
        continue_tls();
      } else if (answer == 'N' && mode == config::TlsMode::kPrefer) {
        begin_startup();
      } else {
        fail(false, "08001", where(*target_) + " does not offer TLS, which server_tls.mode demands");
      }
      return;
    }
    pg::FrameHead head;
    auto state = pg::peek_head(held, head);
    while (state == pg::HeadState::kOk && held.size() >= head.size()) {
      const std::string frame = held.substr(0, head.size());
      held.erase(0, head.size());
      if (!on_login_frame(head.type, pg::body_of(frame, head))) return;
      state = pg::peek_head(held, head);
    }
    if (state == pg::HeadState::kBad || held.size() > kMaxLoginBytes) {
      fail(false, "08P01", where(*target_) + " does not speak the PostgreSQL protocol");
      return;
    }
    if (got.closed) {
      fail(false, "08006", where(*target_) + " closed the connection during login");
      return;
    }
    if (got.drained) return;
  }
}

bool Link::on_login_frame(char type, protocol::Bytes body) {
  switch (type) {
    case 'R': {
      const auto step = login_->on_authentication(body, out());
      if (step == pg::LoginStep::kFailed) {
        fail(true, "28000",
             "cannot log in to " + where(*target_) + " as \"" + target_->user + "\": " + login_->failure());
        return false;
      }
      if (step == pg::LoginStep::kDone && login_->keys()) {
        target_->secrets->learned_from_server(target_->user, target_->node->number, *login_->keys());
      }
      flush();
      return true;
    }
    case 'S':
      if (const auto parameter = pg::decode_parameter_status(body)) note_parameter(parameter->name, parameter->value);
      return true;
    case 'K':
      if (const auto key = pg::decode_backend_key(body)) {
        process_id_ = key->process_id;
        secret_ = key->secret;
      }
      return true;
    case 'E': {
      const auto error = pg::decode_error(body);
      const bool starting = error && (error->sqlstate == "57P03" || error->sqlstate == "53300");
      fail(!starting, error ? std::string(error->sqlstate) : "08006",
           error ? std::string(error->message) : "login failed");
      return false;
    }
    case 'Z':
      state_ = State::kReady;
      status = 'I';
      login_.reset();
      opened_at_ = idle_since_ = pool_->loop().now();
      pool_->loop().cancel(timeout_);
      timeout_ = 0;
      pool_->opened(*this);
      return false;
    default: return true;  // notices, negotiation
  }
}

}  // namespace shardway::proxy::postgres
