// How a Link opens: connect, TLS, log-in, and the session's tracking switched on.
#include <sys/epoll.h>

#include <ctime>

#include "protocol/mysql/fields.hpp"
#include "proxy/mysql/link.hpp"
#include "proxy/mysql/server_version.hpp"
#include "proxy/net/socket.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

namespace {

constexpr std::size_t kMaxLoginBytes = 1 << 20;  // a server that sends more before it is ready is not one

// What every link can do; the rest is the client's.
constexpr my::Capabilities kAlways =
    my::capability::kLongPassword | my::capability::kLongFlag | my::capability::kProtocol41 |
    my::capability::kTransactions | my::capability::kSecureConnection | my::capability::kPluginAuth |
    my::capability::kMultiResults | my::capability::kPsMultiResults | my::capability::kSessionTrack |
    my::capability::kDeprecateEof | my::capability::kBulk;

constexpr std::string_view kTracking =
    "SET session_track_system_variables = '*', session_track_schema = 1, session_track_state_change = 1, "
    "session_track_transaction_info = 'CHARACTERISTICS'";
// Their DEFAULT is the server's, not what this connection's log-in asked for.
constexpr std::string_view kBaseNames[] = {"character_set_client", "character_set_connection", "character_set_results",
                                           "collation_connection"};

// https://mariadb.com/kb/en/server-system-variables/#tx_isolation
bool has_old_names(const std::string& version) {
  constexpr std::uint32_t kMysql8 = 80'000;
  return is_mariadb(version) || number_of(version) < kMysql8;
}

std::string base_question(const std::string& version) {
  std::string sql =
      "SELECT @@global.session_track_system_variables, @@global.session_track_schema + 0, "
      "@@global.session_track_state_change + 0, @@global.session_track_transaction_info";
  for (const auto name : kBaseNames) sql += ", @@" + std::string(name);
  const std::string of_transactions = has_old_names(version) ? ", @@tx_" : ", @@transaction_";
  return sql + ", @@global.innodb_rollback_on_timeout + 0" + of_transactions + "isolation" + of_transactions +
         "read_only + 0";
}

std::string where(const LinkTarget& target) { return target.node->address.text; }

constexpr std::uint16_t kTooManyConnections = 1040, kUserLimit = 1203, kShutdown = 1053;

}  // namespace

void Link::connect() {
  connect_time_ = std::time(nullptr);
  arm_timeout();
  if (const auto error = try_next_address()) {
    pool_->loop().defer([this, error] { fail_to_connect(error); });
  }
}

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
  fail(false, 2003, "cannot connect to " + where(*target_) + ": " + error.message());
}

void Link::arm_timeout() {
  const auto limit = target_->backend->config.pool.connect_timeout;
  if (limit.count() == 0) return;
  disarm_timeout();
  timeout_ = pool_->loop().after(limit, [this] {
    timeout_ = 0;
    if (state_ == State::kResetting) {
      broken_ = true;
      pool_->reset_done(*this);
    } else {
      fail(false, 2003, "no login at " + where(*target_) + " within connect_timeout");
    }
  });
}

void Link::disarm_timeout() {
  pool_->loop().cancel(timeout_);
  timeout_ = 0;
}

// `code`: the server's own, or a client's (2003 …). Its SQLSTATE travels as the number in decimal digits.
void Link::fail(bool from_server, std::uint16_t code, std::string message) {
  broken_ = true;
  const bool full = code == kTooManyConnections || code == kUserLimit;
  pool_->open_failed(*this,
                     {from_server && !full && code != kShutdown, std::to_string(code), std::move(message), full});
}

// The server speaks first.
void Link::on_connected() {
  if (const auto error = net::pending_error(stream_.fd())) {
    pool_->loop().remove(stream_.fd());
    stream_.close();
    if (try_next_address()) fail_to_connect(error);
    return;
  }
  state_ = State::kLogin;
  const auto mode = target_->backend->config.server_tls.mode;
  const bool tls = target_->tls != nullptr && !target_->node->address.is_unix;
  login_ = std::make_unique<my::ServerLogin>(my::ServerCredentials{target_->login.user, target_->password, {}},
                                             kAlways | target_->login.capabilities, target_->login.collation, tls,
                                             tls && mode != config::TlsMode::kPrefer);
  read_login();
}

void Link::continue_tls() {
  switch (stream_.handshake()) {
    case net::HandshakeState::kAgain: return;
    case net::HandshakeState::kFailed:
      fail(false, 2026, "TLS with " + where(*target_) + " failed: " + net::last_tls_error());
      return;
    case net::HandshakeState::kDone: break;
  }
  state_ = State::kLogin;
  login_->on_tls(out());
  flush();
  read_login();
}

void Link::read_login() {
  char chunk[4096];
  for (;;) {
    const auto got = read(chunk, sizeof chunk);
    held.append(chunk, got.bytes);
    my::PacketHead head;
    while (my::peek_head(held, head) && held.size() >= head.size()) {
      const std::string packet = held.substr(0, head.size());
      held.erase(0, head.size());
      if (!on_login_packet(head, std::string_view(packet).substr(my::kHeadBytes))) return;
    }
    if (held.size() > kMaxLoginBytes) return fail(false, 2007, where(*target_) + " does not speak the MySQL protocol");
    if (got.closed) return fail(false, 2013, where(*target_) + " closed the connection during login");
    if (got.drained) return;
  }
}

bool Link::on_login_packet(const my::PacketHead& head, std::string_view payload) {
  const auto step = login_->on_packet(payload, head.sequence, out());
  switch (step) {
    case my::LoginStep::kFailed:
      fail(login_->error_code() != 0, login_->error_code(),
           "cannot log in to " + where(*target_) + " as '" + target_->login.user + "': " + login_->error_message());
      return false;
    case my::LoginStep::kStartTls:
      if (!held.empty()) {  // sent in clear behind what asked for TLS
        fail(false, 2026, where(*target_) + " sent more before TLS");
        return false;
      }
      flush();
      state_ = State::kTlsHandshake;
      stream_.start_tls_client(*target_->tls, target_->node->address.host,
                               target_->backend->config.server_tls.mode == config::TlsMode::kVerifyFull);
      continue_tls();
      return false;
    case my::LoginStep::kDone:
      if ((login_->capabilities() & (my::capability::kDeprecateEof | my::capability::kSessionTrack)) !=
          (my::capability::kDeprecateEof | my::capability::kSessionTrack)) {
        fail(true, 1235, where(*target_) + " is older than MariaDB 10.2 and MySQL 5.7: it has no session tracking");
        return false;
      }
      connection_id_ = login_->connection_id();
      server_version_ = login_->server_version();
      capabilities_ = login_->capabilities();
      login_.reset();
      state_ = State::kPreparing;
      begin_preparing();
      return false;
    case my::LoginStep::kContinue: break;
  }
  flush();
  return true;
}

// After a log-in or a reset: tracking on, and what this connection's character set is.
void Link::begin_preparing() {
  const bool again = !base_.empty();
  if (again) {
    const mysql::State nameless{{}, {{kNames, ""}}};
    ask(my::Command::kQuery, difference(nameless, mysql::State{}, base_));
  }
  ask(my::Command::kQuery, kTracking);
  if (!again) ask(my::Command::kQuery, base_question(server_version_));
  flush();
}

// Answers to what Shardway itself asked: an error makes the connection useless.
void Link::read_own_answers() {
  char chunk[4096];
  for (bool going_on = true; going_on;) {
    const auto got = read(chunk, sizeof chunk);
    held.append(chunk, got.bytes);
    my::PacketHead head;
    while (!broken_ && owes() && my::peek_head(held, head) && held.size() >= head.size()) {
      const auto payload = std::string_view(held).substr(my::kHeadBytes, head.length);
      const auto seen = owed_.front().tracker.on_packet(head, payload);
      if (seen.part == my::Part::kErr || seen.part == my::Part::kUnknown) {
        broken_ = true;
        if (const auto err = my::decode_err(payload); err && state_ == State::kPreparing)
          return fail(true, err->code, where(*target_) + ": " + std::string(err->message));
      }
      if (seen.part == my::Part::kRow) take_base(payload);
      if (seen.part == my::Part::kOk) {
        if (const auto ok = my::decode_ok(payload, my::capability::kSessionTrack)) status = ok->status;
      }
      if (seen.last) owed_.pop_front();
      held.erase(0, head.size());
    }
    if (got.closed) broken_ = true;
    going_on = !got.drained && !broken_ && owes();
  }
  if (!broken_ && owes()) return;
  disarm_timeout();
  if (state_ == State::kResetting) {
    if (!broken_) state_ = State::kReady;
    pool_->reset_done(*this);
  } else if (broken_) {
    fail(false, 2013, where(*target_) + " closed the connection during login");
  } else {
    finish_opening();
  }
}

void Link::take_base(std::string_view payload) {
  protocol::Reader reader(payload);
  const auto text = [&] { return std::string(my::lenenc_bytes(reader).value_or(std::string_view())); };
  shown_.variables = text();
  shown_.schema = text() == "1";
  shown_.state_change = text() == "1";
  const auto transactions = text();
  shown_.transactions = transactions != "OFF";
  shown_.characteristics = transactions == "CHARACTERISTICS";
  for (const auto name : kBaseNames) {
    const auto value = my::lenenc_bytes(reader);
    if (value) base_[std::string(name)] = *value;
  }
  rolls_back_on_timeout_ = text() == "1";
  isolation_ = text();
  reads_only_ = text() == "1";
}

void Link::finish_opening() {
  state_ = State::kReady;
  opened_at_ = idle_since_ = pool_->loop().now();
  pool_->opened(*this);
}

}  // namespace shardway::proxy::mysql
