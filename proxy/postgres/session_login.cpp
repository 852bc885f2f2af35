// From the first byte to the first ReadyForQuery: startup packets, TLS, login, and the server's ParameterStatus.

#include <algorithm>
#include <array>

#include "protocol/postgres/messages.hpp"
#include "proxy/config/words.hpp"
#include "proxy/log.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {

constexpr std::size_t kSecretBytes = 4;
constexpr std::string_view kApplicationName = "application_name";
constexpr std::chrono::milliseconds kPatience{200};  // for what a server says now, where an older word is known
constexpr std::uint64_t kSpareConsoles = 8;          // beyond max_clients

pg::AuthMethod method_of(config::AuthMethod method) {
  switch (method) {
    case config::AuthMethod::kTrust: return pg::AuthMethod::kTrust;
    case config::AuthMethod::kPassword: return pg::AuthMethod::kPassword;
    case config::AuthMethod::kMd5: return pg::AuthMethod::kMd5;
    case config::AuthMethod::kScram: break;
  }
  return pg::AuthMethod::kScram;
}

bool is_console(std::string_view database) { return database == "shardway" || database == "pgbouncer"; }

bool names(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool may_use_console(const config::Admin& admin, std::string_view user) {
  return names(admin.users, user) || names(admin.stats_users, user);
}

// Startup parameters that are no settings.
bool is_protocol_parameter(std::string_view name) {
  constexpr std::array<std::string_view, 4> kOwn{"user", "database", "options", "replication"};
  return std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end() || name.starts_with("_pq_.");
}

// A server, too, goes by the beginning of a longer one.
std::string as_name(std::string_view text) { return std::string(text.substr(0, config::kLongestName)); }

}  // namespace

std::size_t Session::consume_startup(std::string_view in) {
  const auto size = pg::startup_size(in);
  if (!size) {
    close();  // the server, too, says nothing to what is no startup packet
    return 0;
  }
  if (*size == 0 || in.size() < *size) return 0;
  return on_startup_packet(in.substr(0, *size));
}

std::size_t Session::on_startup_packet(std::string_view packet) {
  auto decoded = pg::decode_startup(packet);
  if (!decoded) {
    fatal(protocol::FaultReason::kProtocol, "unsupported frontend protocol or malformed startup packet");
    return 0;
  }
  if (std::holds_alternative<pg::SslRequest>(*decoded)) {
    const auto& tls = generation_->listen_tls[listener_];
    if (!tls || stream_.is_tls()) {
      send("N");
    } else {
      send("S");
      begin_tls();
    }
  } else if (std::holds_alternative<pg::GssEncRequest>(*decoded)) {
    send("N");
  } else if (const auto* request = std::get_if<pg::CancelRequest>(&*decoded)) {
    worker_.surroundings().visit(request->process_id, [secret = std::string(request->secret)](Client* client) {
      if (client != nullptr) client->cancel(secret);
    });
    close();
    return 0;
  } else {
    on_startup(std::get<pg::StartupMessage>(*decoded));
  }
  return phase_ == Phase::kClosed ? 0 : packet.size();
}

// Whatever came in the same segment as SSLRequest was sent in clear: it must not be taken for something encrypted.
void Session::begin_tls() {
  phase_ = Phase::kTls;
  blocked_ = true;
  stream_.start_tls_server(*generation_->listen_tls[listener_]);
}

void Session::continue_tls() {
  if (!input_.empty()) return close();
  switch (stream_.handshake()) {
    case net::HandshakeState::kAgain: return;
    case net::HandshakeState::kFailed: return close();
    case net::HandshakeState::kDone: phase_ = Phase::kStartup; readable_ = true;
  }
}

void Session::refuse_login(std::string_view sqlstate, std::string message) {
  if (auto* counters = worker_.login_counters(database_name_)) ++counters->failed_logins;
  log::warn("event=login_refused client={} user=\"{}\" database=\"{}\" sqlstate={} message=\"{}\"", id_, user_,
            database_name_, sqlstate, message);
  pg::encode::error(reply(), {.severity = "FATAL", .sqlstate = sqlstate, .message = message});
  out_.flush(stream_);
  close();
}

void Session::on_startup(const pg::StartupMessage& message) {
  const auto& config = *generation_->config;
  user_ = as_name(message.parameter("user"));
  database_name_ = as_name(message.parameter("database"));
  if (database_name_.empty()) database_name_ = user_;
  if (message.minor > 0 || !message.unknown_options.empty()) {
    pg::encode::negotiate_version(reply(), 0, message.unknown_options);
  }
  if (user_.empty()) return refuse_login("28000", "no PostgreSQL user name specified in startup packet");
  const auto& listen = config.listen[listener_];
  const bool needs_tls = listen.tls.mode != config::TlsMode::kOff && listen.tls.mode != config::TlsMode::kPrefer;
  if (needs_tls && !stream_.is_tls() && !listen.address.is_unix) {
    return refuse_login("28000", "this listener takes encrypted connections only; use sslmode=require");
  }
  if (!has_place(is_console(database_name_) && may_use_console(config.admin, user_))) {
    return refuse_login("53300",
                        "sorry, too many clients already: max_clients is " + std::to_string(config.max_clients));
  }
  if (!worker_.surroundings().host->accepting()) return refuse_login("57P03", "the database system is shutting down");
  if (const auto replication = message.parameter("replication"); !replication.empty() && replication != "false" &&
                                                                 replication != "off" && replication != "0" &&
                                                                 replication != "no") {
    return refuse_login("0A000", "replication connections are not supported; connect to the server itself");
  }
  std::string problem;
  if (!read_startup_settings(message, problem)) return refuse_login("22023", problem);
  phase_ = Phase::kLogin;
  begin_login();
}

// Whoever is to look after it can, when nobody else is let in.
bool Session::has_place(bool to_console) {
  auto& around = worker_.surroundings();
  if (around.clients.load() <= generation_->config->max_clients + around.spare_consoles.load()) return true;
  if (!to_console) return false;
  is_spare_console_ = around.spare_consoles.fetch_add(1) < kSpareConsoles;
  if (!is_spare_console_) around.spare_consoles.fetch_sub(1);
  return is_spare_console_;
}

bool Session::read_startup_settings(const pg::StartupMessage& message, std::string& problem) {
  Settings settings;
  if (const auto options = message.parameter("options"); !options.empty()) {
    const auto split = pg::split_options(options);
    if (!split) {
      problem = "unsupported startup options: only -c name=value and --name=value are understood";
      return false;
    }
    for (const auto& [name, value] : *split) settings.put(Settings::from_startup(name, value));
  }
  for (const auto& [name, value] : message.parameters) {
    if (is_protocol_parameter(name)) continue;
    settings.put(Settings::from_startup(name, value));
  }
  base_settings_ = settings_ = worker_.intern(std::move(settings));
  return true;
}

void Session::begin_login() {
  const auto method = method_of(generation_->config->listen[listener_].auth);
  login_ = std::make_unique<pg::ClientLogin>(method, user_, generation_->secrets->for_client(user_, method),
                                             random_bytes(kNonceBytes), stream_.is_tls());
  login_step(login_->start(reply()));
}

void Session::on_password(Frame frame) { login_step(login_->on_message(frame.substr(pg::kHeadBytes), reply())); }

void Session::login_step(pg::LoginStep step) {
  if (step == pg::LoginStep::kContinue) return;
  if (step == pg::LoginStep::kFailed) return refuse_login(login_->failure().sqlstate, login_->failure().message);
  if (const auto keys = login_->keys()) generation_->secrets->learned_from_client(user_, *keys);
  login_.reset();
  begin_session();
}

void Session::begin_session() {
  const auto& config = *generation_->config;
  const auto* user = config.user(user_);
  if (user == nullptr) return refuse_login("28000", "role \"" + user_ + "\" does not exist");
  hints_ = user->hints;
  if (is_console(database_name_)) {
    may_change_ = names(config.admin.users, user_);
    if (!may_use_console(config.admin, user_)) {
      return refuse_login("42501",
                          "user \"" + user_ + "\" may not use the console; add it to [admin] users or stats_users");
    }
    phase_ = Phase::kConsole;
    finish_welcome({});
    return;
  }
  database_ = worker_.database(database_name_);
  if (!database_) return refuse_login("3D000", "database \"" + database_name_ + "\" does not exist");
  if (database_->backend().disabled.load())
    return refuse_login("57P03", "database \"" + database_name_ + "\" is disabled");
  pools_ = &database_->postgres.of_login({user->server_user.empty() ? user_ : user->server_user});
  phase_ = Phase::kWelcome;
  welcome();
}

namespace {

// Who tells a client what its settings are: a primary that may be used, the home shard's if it has one.
router::ShardIndex welcoming_shard(Database& database) {
  const auto home = database.topology().home;
  const auto is_open = [&](router::ShardIndex shard) { return database.backend().shards[shard]->gate.is_open(); };
  if (is_open(home)) return home;
  for (router::ShardIndex shard = 0; shard < database.backend().shards.size(); ++shard)
    if (is_open(shard)) return shard;
  return home;
}

}  // namespace

// The first client with these settings asks a server what they make of its parameters; the next ones are told the same.
// What was told before a RELOAD or RECONNECT is told again while no server can be asked.
void Session::welcome() {
  const bool named = base_settings_->find(kApplicationName) != nullptr;
  auto others = *base_settings_;
  others.erase(kApplicationName);
  const auto key = pools_->login.user + '\0' + others.fingerprint();
  const auto known = database_->welcome(key, named);
  const auto tell = [this](const Welcome& told) {
    stop_waiting();  // another session has learned it meanwhile: the link that was waited for is not needed
    phase_ = Phase::kReady;
    finish_welcome(told);
  };
  if (known && !known->is_old) return tell(*known);
  const bool has_waited = waiting_ != nullptr;
  const auto shard = waiting_ ? waiting_->shard : welcoming_shard(*database_);
  const bool has_primary = database_->backend().shards[shard]->gate.is_open();
  auto enlisted = enlist(shard, /*replica_ok=*/!has_primary);
  if (enlisted.blocked) {
    if (!known || !waiting_) return;
    if (worker_.loop().now() - waiting_->since >= kPatience / 2) return tell(*known);
    if (!has_waited) worker_.resume_after(*this, kPatience);
    return;
  }
  if (enlisted.branch == nullptr) {
    if (known && enlisted.sqlstate.empty()) return tell(*known);  // no server has said no
    return refuse_login(
        enlisted.sqlstate.empty() ? sqlstate_of(enlisted.fault->reason) : std::string_view(enlisted.sqlstate),
        enlisted.fault->message);
  }
  Welcome fresh;
  for (const auto& [name, value] : enlisted.branch->link->parameters()) {
    if (name == "standard_conforming_strings") fresh.standard_conforming_strings = value == "on";
    const bool is_user = name == "session_authorization", is_role = name == "in_hot_standby";  // writes are taken here
    if (name == kApplicationName)
      fresh.application_name = value;
    else
      pg::encode::parameter_status(fresh.frames, name, is_user ? user_ : is_role ? std::string("off") : value);
  }
  release_idle();
  database_->remember_welcome(key, named, fresh);
  tell(fresh);
}

void Session::finish_welcome(const Welcome& welcome) {
  standard_strings_ = welcome.standard_conforming_strings;
  worker_.loop().cancel(timer_);
  timer_ = 0;
  secret_ = random_bytes(kSecretBytes);
  process_id_ = worker_.new_process_id(*this);
  if (phase_ == Phase::kConsole) {
    for (const auto& [name, value] : {std::pair{"server_version", "15.0/shardway"},
                                      {"client_encoding", "UTF8"},
                                      {"server_encoding", "UTF8"},
                                      {"DateStyle", "ISO"},
                                      {"TimeZone", "GMT"},
                                      {"standard_conforming_strings", "on"},
                                      {"is_superuser", "off"},
                                      {"integer_datetimes", "on"}}) {
      pg::encode::parameter_status(reply(), name, value);
    }
  } else {
    const auto* own = base_settings_->find(kApplicationName);
    pg::encode::parameter_status(reply(), kApplicationName, own == nullptr ? welcome.application_name : value_of(*own));
  }
  reply() += welcome.frames;
  pg::encode::backend_key(reply(), process_id_, secret_);
  pg::encode::ready(reply(), 'I');
  if (database_) ++database_->counters.client_logins;
  use_settings(settings_);
  const auto peer = net::peer_of(stream_.fd());
  log::info("event=login client={} user=\"{}\" database=\"{}\" addr={}:{} tls={}", id_, user_, database_name_,
            peer.host, peer.port, stream_.is_tls());
  if (draining_) kill("shutdown");
}

}  // namespace shardway::proxy::postgres
