#include "proxy/config/keys.hpp"

#include <limits>

namespace shardway::proxy::config {
namespace {

constexpr Milliseconds kNone{0}, kInstant{1}, kSecond{1'000}, kYear{31'536'000'000};
constexpr Need kDefault = Need::kDefault, kOptional = Need::kOptional, kRequired = Need::kRequired;
constexpr std::uint32_t kMillion = 1'000'000;
constexpr std::size_t kMostHeldBytes = std::size_t{64} << 30;

Codec<Protocol> protocol() {
  return word<Protocol>({{"postgresql", Protocol::kPostgresql}, {"mysql", Protocol::kMysql}});
}
Codec<TlsMode> tls_mode() {
  return word<TlsMode>({{"off", TlsMode::kOff},
                        {"prefer", TlsMode::kPrefer},
                        {"require", TlsMode::kRequire},
                        {"verify-ca", TlsMode::kVerifyCa},
                        {"verify-full", TlsMode::kVerifyFull}});
}
Codec<AuthMethod> auth_method() {
  return word<AuthMethod>({{"scram-sha-256", AuthMethod::kScram},
                           {"md5", AuthMethod::kMd5},
                           {"password", AuthMethod::kPassword},
                           {"trust", AuthMethod::kTrust}});
}
Codec<std::string> log_level() {
  return word<std::string>(
      {{"trace", "trace"}, {"debug", "debug"}, {"info", "info"}, {"warn", "warn"}, {"error", "error"}, {"off", "off"}});
}

const Keys<Config>& program_keys() {
  static const Keys<Config> keys{
      row("cluster", &Config::cluster, kDefault, label(),
          "names the Shardways that finish each other's transactions on several shards: the same in all of them"),
      row("zone", &Config::zone, kOptional, name(),
          "where this Shardway stands: reads.from = \"nearest\" prefers nodes of this zone"),
      row("workers", &Config::workers, kDefault, number(0, 1024), "threads that serve clients; 0: one per core"),
      row("max_clients", &Config::max_clients, kDefault, number(1, 10 * kMillion),
          "client connections at a time; more are refused with 53300, but for a few to the console"),
      row("login_timeout", &Config::login_timeout, kDefault, duration(kInstant, kYear),
          "a client that has not logged in by then is closed"),
      row("shutdown_timeout", &Config::shutdown_timeout, kDefault, duration(kNone, kYear),
          "after SIGTERM, how long open transactions may still take"),
      row("client_idle_timeout", &Config::client_idle_timeout, kDefault, duration(kNone, kYear),
          "a client that sends nothing for so long is closed; 0s: never"),
      row("log_level", &Config::log_level, kDefault, log_level(), "trace, debug, info, warn, error or off"),
      row("log_format", &Config::log_format, kDefault,
          word<LogFormat>({{"text", LogFormat::kText}, {"json", LogFormat::kJson}}),
          "text or json, one line per event"),
      row("log_file", &Config::log_file, kOptional, text(), "a file to append to; without it, standard error"),
      row("statement_cache_bytes", &Config::statement_cache_bytes, kDefault, bytes(64u << 10, std::size_t{64} << 30),
          "memory for the facts of statements, per worker and database"),
  };
  return keys;
}

const Keys<Tls>& listener_tls_keys() {
  static const Keys<Tls> keys{
      row("mode", &Tls::mode, kDefault, tls_mode(),
          "off, prefer, require, verify-ca or verify-full (the last two ask for a client certificate)"),
      row("certificate", &Tls::certificate, kOptional, text(), "PEM file shown to clients; needed unless mode is off"),
      row("key", &Tls::key, kOptional, text(), "PEM file with the certificate's private key"),
      row("client_ca", &Tls::ca, kOptional, text(), "PEM file with the authorities that sign client certificates"),
  };
  return keys;
}

const Keys<Listen>& listen_keys() {
  static const Keys<Listen> keys{
      row("protocol", &Listen::protocol, kDefault, protocol(), "postgresql or mysql"),
      row("address", &Listen::address, kRequired, address(), "host:port, [ipv6]:port or unix:/path/of/socket"),
      section("tls", &Listen::tls, listener_tls_keys()),
      row("auth", &Listen::auth, kDefault, auth_method(),
          "how clients prove who they are: scram-sha-256, md5, password or trust"),
      row("insecure", &Listen::insecure, kDefault, flag(), "true lets auth = \"trust\" be offered beyond this machine"),
      row("unix_socket_mode", &Listen::unix_socket_mode, kOptional, file_mode(),
          "who may connect to a Unix socket, as chmod writes it; without it, everybody (0777)"),
  };
  return keys;
}

const Keys<Admin>& admin_keys() {
  static const Keys<Admin> keys{
      row("http", &Admin::http, kOptional, optional_address(),
          "serves /metrics, /healthz and /readyz; without it, nothing"),
      row("users", &Admin::users, kDefault, names(),
          "may do everything in the console database shardway (or pgbouncer)"),
      row("stats_users", &Admin::stats_users, kDefault, names(), "may only look there (SHOW)"),
      row("insecure", &Admin::insecure, kDefault, flag(), "true lets http be served beyond this machine"),
  };
  return keys;
}

const Keys<User>& user_keys() {
  static const Keys<User> keys{
      row("name", &User::name, kRequired, name(), "the user a client logs in as"),
      row("password", &User::password, kOptional, secret(),
          "clear text, a SCRAM-SHA-256 verifier, or md5 and its hash; without it, only trust lets the user in"),
      row("server_user", &User::server_user, kOptional, name(), "the user on the servers, if another one"),
      row("server_password", &User::server_password, kOptional, secret(), "its password there, if another one"),
      row("hints", &User::hints, kDefault, flag(), "true: may steer by comments and use SHARDWAY EXPLAIN"),
  };
  return keys;
}

const Keys<Pool>& pool_keys() {
  static const Keys<Pool> keys{
      row("mode", &Pool::mode, kDefault,
          word<PoolMode>({{"session", PoolMode::kSession},
                          {"transaction", PoolMode::kTransaction},
                          {"statement", PoolMode::kStatement}}),
          "how long a client keeps a server connection: session, transaction or statement"),
      row("size", &Pool::size, kDefault, number(1, kMillion), "server connections per node and user, over all workers"),
      row("queue_timeout", &Pool::queue_timeout, kDefault, duration(kInstant, kYear),
          "a client that waited so long for a server connection gets 53300"),
      row("connect_timeout", &Pool::connect_timeout, kDefault, duration(kInstant, kYear),
          "time to connect and log in to a server"),
      row("idle_timeout", &Pool::idle_timeout, kDefault, duration(kSecond, kYear),
          "a server connection unused for so long is closed"),
      row("lifetime", &Pool::lifetime, kDefault, duration(kSecond, kYear),
          "a server connection older than this is closed when it is free"),
      row("idle_transaction_timeout", &Pool::idle_transaction_timeout, kDefault, duration(kNone, kYear),
          "a client that leaves a transaction idle for so long is closed; 0s: never"),
      row("query_timeout", &Pool::query_timeout, kDefault, duration(kNone, kYear),
          "a statement that takes longer is cancelled; 0s: never"),
      row("max_prepared_statements", &Pool::max_prepared_statements, kDefault, number(1, kMillion),
          "kept on each server connection; the least recently used goes first"),
  };
  return keys;
}

const Keys<Hold>& hold_keys() {
  static const Keys<Hold> keys{
      row("clients", &Hold::clients, kDefault, number(0, kMillion),
          "so many may wait for a shard without a usable primary, or one that is paused; more get 57P03"),
      row("bytes", &Hold::bytes, kDefault, bytes(0, kMostHeldBytes), "of what those have sent"),
      row("timeout", &Hold::timeout, kDefault, duration(kInstant, kYear),
          "each waits so long at most, then it gets 57P03"),
  };
  return keys;
}

const Keys<Control>& control_keys() {
  static const Keys<Control> keys{
      row("user", &Control::user, kOptional, name(), "asks the nodes for role, lag and catalog; needed for replicas"),
      row("password", &Control::password, kOptional, secret(), "its password on the servers"),
      row("database", &Control::database, kOptional, name(), "the database it connects to, if another one"),
  };
  return keys;
}

const Keys<Tls>& server_tls_keys() {
  static const Keys<Tls> keys{
      row("mode", &Tls::mode, kDefault, tls_mode(), "off, prefer, require, verify-ca or verify-full"),
      row("ca", &Tls::ca, kOptional, text(), "PEM file with the authorities that sign the servers' certificates"),
      row("certificate", &Tls::certificate, kOptional, text(), "PEM file shown to servers that ask for one"),
      row("key", &Tls::key, kOptional, text(), "PEM file with the certificate's private key"),
  };
  return keys;
}

const Keys<Reads>& reads_keys() {
  static const Keys<Reads> keys{
      row("from", &Reads::from, kDefault,
          word<ReadFrom>(
              {{"primary", ReadFrom::kPrimary}, {"replicas", ReadFrom::kReplicas}, {"nearest", ReadFrom::kNearest}}),
          "primary, replicas or nearest (the replicas of shardway.zone, if there are any)"),
      row("consistency", &Reads::consistency, kDefault,
          word<Consistency>({{"eventual", Consistency::kEventual},
                             {"session", Consistency::kSession},
                             {"strong", Consistency::kStrong}}),
          "eventual, session (a client reads what it wrote) or strong (what anyone wrote through this Shardway)"),
      row("max_lag", &Reads::max_lag, kDefault, duration(kNone, kYear), "a replica further behind serves no reads"),
  };
  return keys;
}

const Keys<Switchover>& switchover_keys() {
  static const Keys<Switchover> keys{
      row("timeout", &Switchover::timeout, kDefault, duration(kInstant, kYear),
          "a switchover that has not promoted by then is undone"),
      row("command", &Switchover::command, kOptional, command(),
          "does it all, once clients are held: demotes {host}, {port}, promotes {new_host}, {new_port}, and lets all "
          "others follow; no shell reads it"),
      row("stop", &Switchover::stop, kOptional, command(),
          "PostgreSQL: stops the old primary cleanly, and ends when it is down; {host}, {port}: it, {new_host}, "
          "{new_port}: the new one; no shell reads it"),
      row("rejoin", &Switchover::rejoin, kOptional, command(), "makes the stopped one a replica of the new primary"),
      row("start", &Switchover::start, kOptional, command(), "starts it again"),
      row("command_timeout", &Switchover::command_timeout, kDefault, duration(kInstant, kYear),
          "for rejoin and start together, and for each of the others that promotes"),
      row("promote", &Switchover::promote, kOptional, command(),
          "PostgreSQL: promotes {new_host}, {new_port}, in place of pg_promote"),
      row("replication_user", &Switchover::replication_user, kOptional, name(),
          "MariaDB: as whom the old primary follows the new one; without it, as the control user"),
      row("replication_password", &Switchover::replication_password, kOptional, secret(), "its password"),
  };
  return keys;
}

const Keys<Node>& node_keys() {
  static const Keys<Node> keys{
      row("address", &Node::address, kRequired, address(), "host:port, [ipv6]:port or unix:/path/of/socket"),
      row("zone", &Node::zone, kOptional, name(), "where it stands, for reads from the nearest"),
  };
  return keys;
}

Codec<std::vector<Node>> nodes() {
  return {[](const Value& value, const Scope& scope) -> std::optional<std::vector<Node>> {
            const char* const hint = R"(write ["host:5432", { address = "host:5433", zone = "b" }])";
            if (!expect(Value::Kind::kArray, value, scope, hint)) return std::nullopt;
            std::vector<Node> out;
            for (const Value& item : value.items) {
              Node& node = out.emplace_back();
              if (item.is(Value::Kind::kTable)) {
                read_section(node, node_keys(), item, scope);
              } else if (item.is(Value::Kind::kString)) {
                if (auto found = address().read(item, scope)) node.address = std::move(*found);
              } else {
                expect(Value::Kind::kString, item, scope, hint);
              }
            }
            return out;
          },
          [](const std::vector<Node>& all) {
            std::string out;
            for (const Node& node : all) {
              out += (out.empty() ? "" : ", ") + node.address.text;
              if (!node.zone.empty()) out += " (zone " + node.zone + ")";
            }
            return out;
          }};
}

const Keys<Shard>& shard_keys() {
  static const Keys<Shard> keys{
      row("name", &Shard::name, kRequired, name(), "what map, tables and hints call it"),
      row("nodes", &Shard::nodes, kRequired, nodes(),
          "its servers, as \"host:port\" or { address = \"host:port\", zone = \"a\" }; roles are discovered"),
  };
  return keys;
}

const Keys<Sharding>& sharding_keys() {
  constexpr std::uint32_t kMostSlots = 1u << 20;
  static const Keys<Sharding> keys{
      row("slots", &Sharding::slots, kDefault, number(1, kMostSlots), "a power of two, fixed for the database's life"),
      row("map", &Sharding::map, kRequired, slot_map(),
          "which shard has which slots; each slot exactly once. A reload takes another map only while the database is "
          "paused"),
      row("home", &Sharding::home, kOptional, name(), "the shard of what belongs to none; without it, the first one"),
      row("unlisted_tables", &Sharding::unlisted_tables, kDefault, text(),
          "what a table not listed below is: refuse, single:SHARD or reference"),
  };
  return keys;
}

const Keys<Table>& table_keys() {
  static const Keys<Table> keys{
      row("name", &Table::name, kRequired, text(), "schema.table, public if left out; lower case unless in \"quotes\""),
      row("kind", &Table::kind, kDefault,
          word<router::TableKind>({{"sharded", router::TableKind::kSharded},
                                   {"reference", router::TableKind::kReference},
                                   {"single", router::TableKind::kSingle}}),
          "sharded, reference (a copy on every shard) or single"),
      row("key", &Table::key, kOptional, text(), "sharded: the column that says which shard a row belongs to"),
      row("type", &Table::type, kOptional, text(),
          "sharded: its type: bigint, integer, smallint, text, varchar or uuid"),
      row("shard", &Table::shard, kOptional, name(), "single: the shard that has its rows"),
      row("unenforced", &Table::unenforced, kDefault, names(),
          "constraints, triggers and columns with sequences that are accepted although shards cannot keep them"),
  };
  return keys;
}

const Keys<Database>& database_keys() {
  static const Keys<Database> keys{
      row("name", &Database::name, kRequired, name(), "what clients name in their connection string"),
      row("protocol", &Database::protocol, kDefault, protocol(), "postgresql or mysql"),
      row("server_database", &Database::server_database, kOptional, name(), "its name on the servers, if another one"),
      section("pool", &Database::pool, pool_keys()),
      section("hold", &Database::hold, hold_keys()),
      section("control", &Database::control, control_keys()),
      section("server_tls", &Database::server_tls, server_tls_keys()),
      section("reads", &Database::reads, reads_keys()),
      section("switchover", &Database::switchover, switchover_keys()),
      each(
          "shard", &Database::shards, shard_keys(), +[](const Shard& s) { return s.name; }),
      section("sharding", &Database::sharding, sharding_keys()),
      each(
          "table", &Database::tables, table_keys(), +[](const Table& t) { return t.name; }),
  };
  return keys;
}

// The members of [shardway] are those of Config itself.
Key<Config> program_section() {
  return {"shardway", Need::kOptional, true,
          [](Config& out, const Value& value, const Scope& scope) { read_section(out, program_keys(), value, scope); },
          [](const Config& value, const Config& defaults, const std::string& prefix, std::vector<Entry>& out) {
            list_section(value, defaults, program_keys(), prefix + "shardway.", out);
          }};
}

}  // namespace

const Keys<Config>& root_keys() {
  static const Keys<Config> keys{
      program_section(),
      each(
          "listen", &Config::listen, listen_keys(), +[](const Listen& l) { return l.address.text; }),
      section("admin", &Config::admin, admin_keys()),
      each(
          "user", &Config::users, user_keys(), +[](const User& u) { return u.name; }),
      each(
          "database", &Config::databases, database_keys(), +[](const Database& d) { return d.name; }),
  };
  return keys;
}

}  // namespace shardway::proxy::config
