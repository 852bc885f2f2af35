// From the greeting to the first command: capabilities, TLS, the proof, the database; and COM_CHANGE_USER, which does
// it all once more. https://mariadb.com/kb/en/connection/

#include <algorithm>

#include "protocol/mysql/auth.hpp"
#include "proxy/config/words.hpp"
#include "proxy/log.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/mysql/sql_mode.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

namespace {

// Nothing is announced that is not done.
constexpr my::Capabilities kOffered =
    my::capability::kFoundRows | my::capability::kLongFlag | my::capability::kConnectWithDb |
    my::capability::kLocalFiles | my::capability::kIgnoreSpace | my::capability::kProtocol41 |
    my::capability::kInteractive | my::capability::kTransactions | my::capability::kSecureConnection |
    my::capability::kMultiStatements | my::capability::kMultiResults | my::capability::kPsMultiResults |
    my::capability::kPluginAuth | my::capability::kConnectAttributes | my::capability::kPluginAuthLenenc |
    my::capability::kSessionTrack | my::capability::kDeprecateEof;

// Two connections that differ in these give other answers to the same statement.
constexpr my::Capabilities kMeaning = my::capability::kFoundRows | my::capability::kIgnoreSpace |
                                      my::capability::kMultiStatements | my::capability::kLocalFiles |
                                      my::capability::kInteractive | my::capability::kExtendedMetadata;

// Until a server has said what it is.
constexpr std::string_view kUnknownVersion = "5.5.5-10.11.0-MariaDB-shardway";

std::string unspeakable(std::string_view charset) {
  return "Variable 'character_set_client' can't be set to the value of '" + std::string(charset) + '\'';
}

// MariaDB 10 greets as a MySQL of old, and clients know it by that.
std::string as_greeted(const std::string& version) {
  const bool is_disguised = version.starts_with("10.") && version.find("MariaDB") != std::string::npos;
  return (is_disguised ? "5.5.5-" : "") + version;
}

}  // namespace

// As a server greeted us last; before one has, as the control lane knows one.
std::string Session::server_version() const {
  if (auto version = worker_.surroundings().mysql_version.get(); !version.empty()) return version;
  for (const auto& [name, database] : generation_->databases) {
    const auto topology = database->backend->topology();
    if (topology && topology->catalog && !topology->catalog->server_version.empty())
      return as_greeted(topology->catalog->server_version);
  }
  return std::string(kUnknownVersion);
}

// Too many are sent away before they have taken anything.
void Session::greet() {
  const auto& around = worker_.surroundings();
  if (around.clients.load() > generation_->config->max_clients + around.spare_consoles.load())
    return refuse_login(1040, "08004", "Too many connections");
  scramble_ = my::make_scramble();
  process_id_ = worker_.new_process_id(*this);
  const auto version = server_version();
  my::Greeting greeting;
  greeting.server_version = version;
  greeting.connection_id = own_number();
  greeting.scramble = scramble_;
  capabilities_ = kOffered;
  if (has_extended_metadata(version)) capabilities_ |= my::capability::kExtendedMetadata;
  greeting.capabilities = capabilities_;
  if (generation_->listen_tls[listener_]) greeting.capabilities |= my::capability::kSsl;
  if (greeting.server_version.find("MariaDB") != std::string_view::npos) greeting.capabilities |= my::capability::kBulk;
  greeting.plugin = my::kNativePassword;
  my::encode(out_.tail(), sequence_, greeting);
}

void Session::continue_tls() {
  if (!input_.empty()) return close();
  switch (stream_.handshake()) {
    case net::HandshakeState::kAgain: return;
    case net::HandshakeState::kFailed: return close();
    case net::HandshakeState::kDone: phase_ = Phase::kGreeting; readable_ = true;
  }
}

void Session::on_login_packet(Packet packet) {
  const auto payload = packet.substr(my::kHeadBytes);
  if (phase_ == Phase::kGreeting) return on_response(payload);
  login_step(login_->on_answer(payload, out_.tail(), sequence_));
}

void Session::on_response(std::string_view payload) {
  const auto response = my::decode_handshake_response(payload);
  if (!response) return refuse_login(1043, "08S01", "Bad handshake");
  const auto& tls = generation_->listen_tls[listener_];
  if (response->is_ssl_request) {
    if (!tls || stream_.is_tls()) return refuse_login(1043, "08S01", "Bad handshake");
    phase_ = Phase::kTls;
    blocked_ = true;
    stream_.start_tls_server(*tls);
    return;
  }
  if (const auto charset = unspeakable_charset(response->collation); !charset.empty())
    return refuse_login(1231, "42000", unspeakable(charset));
  const auto& config = *generation_->config;
  const auto& listen = config.listen[listener_];
  capabilities_ &= response->capabilities;
  collation_ = response->collation;
  user_ = response->user;
  database_name_ = response->database;
  const bool needs_tls = listen.tls.mode != config::TlsMode::kOff && listen.tls.mode != config::TlsMode::kPrefer;
  if (needs_tls && !stream_.is_tls() && !listen.address.is_unix)
    return refuse_login(3159, "HY000", "Connections using insecure transport are prohibited by this listener");
  if (!worker_.surroundings().host->accepting()) return refuse_login(1053, "08S01", "Server shutdown in progress");
  phase_ = Phase::kProof;
  login_ = std::make_unique<my::ClientLogin>(scramble_);
  login_step(login_->on_proof(response->plugin, response->auth, secret_of(user_), out_.tail(), sequence_));
}

my::ClientSecret Session::secret_of(const std::string& name) const {
  my::ClientSecret secret;
  const auto* user = generation_->config->user(name);
  secret.is_known = user != nullptr;
  secret.trusted = user != nullptr && generation_->config->listen[listener_].auth == config::AuthMethod::kTrust;
  if (user == nullptr) return secret;
  const auto kind = config::kind_of_secret(user->password);
  if (const auto hash = my::native_hash(user->password)) {
    secret.native_hash = *hash;
  } else if (kind == config::SecretKind::kClearText) {
    secret.password = user->password;
    secret.native_hash = my::native_hash_of(user->password);
  } else {
    secret.is_known = false;  // a PostgreSQL verifier, or nothing: it proves nothing here
  }
  return secret;
}

void Session::login_step(my::LoginStep step) {
  if (step == my::LoginStep::kContinue) return;
  if (step == my::LoginStep::kFailed) {
    const auto peer = net::peer_of(stream_.fd());
    return refuse_login(1045, "28000",
                        "Access denied for user '" + user_ + "'@'" + peer.host +
                            "' (using password: " + (login_->used_password() ? "YES)" : "NO)"));
  }
  login_.reset();
  begin_session();
}

void Session::refuse_login(std::uint16_t code, std::string_view sqlstate, const std::string& message) {
  if (auto* counters = worker_.login_counters(database_name_)) ++counters->failed_logins;
  log::warn("event=login_refused client={} user=\"{}\" database=\"{}\" errno={} message=\"{}\"", id_, user_,
            database_name_, code, message);
  if (before_change_) return keep_identity(code, sqlstate, message);
  fatal(code, sqlstate, message);
}

// A COM_CHANGE_USER that is refused changes nothing.
void Session::keep_identity(std::uint16_t code, std::string_view sqlstate, const std::string& message) {
  user_ = std::move(before_change_->user);
  database_name_ = std::move(before_change_->database_name);
  collation_ = before_change_->collation;
  before_change_.reset();
  login_.reset();
  choose_database(database_name_);
  phase_ = Phase::kReady;
  answer_error(code, sqlstate, message);
}

// Without a name: the only one there is.
bool Session::choose_database(const std::string& name) {
  const config::Database* chosen = nullptr;
  std::size_t served = 0;
  for (const auto& database : generation_->config->databases) {
    if (database.protocol != config::Protocol::kMysql) continue;
    ++served;
    if (name.empty() || database.name == name) chosen = &database;
  }
  if (chosen == nullptr || (name.empty() && served > 1)) return false;
  database_ = worker_.database(chosen->name);
  if (!database_) return false;
  const auto* user = generation_->config->user(user_);
  const auto& server_user = user == nullptr || user->server_user.empty() ? user_ : user->server_user;
  hints_ = user != nullptr && user->hints;
  pools_ = &database_->mysql.of_login({server_user, capabilities_ & kMeaning, collation_, !name.empty()});
  return true;
}

void Session::begin_session() {
  if (!choose_database(database_name_)) {
    if (!database_name_.empty()) return refuse_login(1049, "42000", "Unknown database '" + database_name_ + "'");
    return refuse_login(1046, "3D000", "No database selected: name one of those Shardway serves when you connect");
  }
  if (database_->backend().disabled.load())
    return refuse_login(1105, "HY000", "database '" + database_->config().name + "' is disabled");
  begin_again();
  before_change_.reset();
  phase_ = Phase::kReady;
  worker_.loop().cancel(timer_);
  timer_ = 0;
  answer_ok();
  ++database_->counters.client_logins;
  const auto peer = net::peer_of(stream_.fd());
  log::info("event=login client={} user=\"{}\" database=\"{}\" addr={}:{} tls={}", id_, user_, database_->config().name,
            peer.host, peer.port, stream_.is_tls());
  if (draining_) kill("shutdown");
}

void Session::begin_again() {
  const auto& config = database_->config();
  mysql::State state;
  if (!database_name_.empty()) state.schema = config.server_database.empty() ? config.name : config.server_database;
  state_ = std::make_shared<const State>(std::move(state));
  statements_.reset();
  cursors_.clear();
  marks_.clear();
  next_characteristics_.clear();
  next_isolation_.clear();
  next_access_mode_.reset();
  last_ = {};
  user_variables_set_.clear();
  sets_numbers_ = false;
  status_ = my::status::kAutocommit;
  untold_ = false;
}

// The client's proof is made for the greeting's scramble.
Session::Step Session::change_user(Packet packet) {
  const auto change = my::decode_change_user(packet.substr(my::kHeadBytes), capabilities_);
  if (!change) {
    answer_error(1043, "08S01", "Bad handshake");
    return Step::kConsumed;
  }
  const auto charset = change->collation < 256 ? unspeakable_charset(static_cast<std::uint8_t>(change->collation)) : "";
  if (!charset.empty()) {
    answer_error(1231, "42000", unspeakable(charset));
    return Step::kConsumed;
  }
  if (!leave_link_clean()) return Step::kBlocked;
  abandon_links();
  before_change_ = std::make_unique<Identity>(Identity{user_, database_name_, collation_});
  user_ = change->user;
  database_name_ = change->database;
  if (change->collation < 256) collation_ = static_cast<std::uint8_t>(change->collation);
  login_ = std::make_unique<my::ClientLogin>(scramble_);
  phase_ = Phase::kProof;
  login_step(login_->on_proof(change->plugin, change->auth, secret_of(user_), out_.tail(), sequence_));
  return Step::kConsumed;
}

}  // namespace shardway::proxy::mysql
