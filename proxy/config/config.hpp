// The configuration as structs. load() reads TOML, checks everything and reports every problem at once; what it returns
// has been checked: names are resolved, the shard map is complete. Words and defaults: configs/reference.toml.
// Nothing here throws; a loaded Config is an immutable value, shared until the next reload.
// The defaults are the member initialisers below, said nowhere else; names and descriptions of the keys: keys.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/topology.hpp"

namespace shardway::proxy::config {

using Milliseconds = std::chrono::milliseconds;

enum class TlsMode : std::uint8_t { kOff, kPrefer, kRequire, kVerifyCa, kVerifyFull };
struct Tls {
  TlsMode mode = TlsMode::kOff;
  std::string certificate, key, ca;  // file names; for [[listen]] `ca` is client_ca
};

enum class Protocol : std::uint8_t { kPostgresql, kMysql };
enum class AuthMethod : std::uint8_t { kTrust, kPassword, kMd5, kScram };

struct Address {     // "127.0.0.1:6432", "[::1]:6432", "host:5432", "unix:/run/shardway/.s.PGSQL.6432"
  std::string host;  // or the socket's path
  std::uint16_t port = 0;
  bool is_unix = false;
  std::string text;  // as written
};

struct Listen {
  Protocol protocol = Protocol::kPostgresql;
  Address address;
  Tls tls;
  AuthMethod auth = AuthMethod::kScram;
  bool insecure = false;  // lets `trust` be offered beyond loopback
  std::uint32_t unix_socket_mode = 0777;
};

struct Admin {
  std::optional<Address> http;
  std::vector<std::string> users, stats_users;
  bool insecure = false;  // lets `http` be served beyond loopback
};

struct User {
  std::string name;
  std::string password;     // clear text, "md5…", or "SCRAM-SHA-256$…"
  std::string server_user;  // empty: the same name
  std::string server_password;
  bool hints = false;
};

enum class PoolMode : std::uint8_t { kSession, kTransaction, kStatement };
struct Pool {
  PoolMode mode = PoolMode::kTransaction;
  std::uint32_t size = 20;  // server connections per node and user, over all threads
  Milliseconds queue_timeout{120'000}, connect_timeout{15'000}, idle_timeout{600'000}, lifetime{3'600'000};
  Milliseconds idle_transaction_timeout{0};  // 0: none
  Milliseconds query_timeout{0};
  std::uint32_t max_prepared_statements = 200;  // per server connection
};

// How much may wait for a shard that has no usable primary, or is paused or switched over.
struct Hold {
  std::uint32_t clients = 10'000;  // per shard, over all threads
  std::size_t bytes = 64u << 20;   // of what they have sent
  Milliseconds timeout{30'000};    // each
};

struct Control {
  std::string user, password, database;
};  // user empty: no control lane

enum class ReadFrom : std::uint8_t { kPrimary, kReplicas, kNearest };
enum class Consistency : std::uint8_t { kEventual, kSession, kStrong };
struct Reads {
  ReadFrom from = ReadFrom::kPrimary;
  Consistency consistency = Consistency::kSession;
  Milliseconds max_lag{10'000};
};

// [database.switchover]: what an operator's own means are for a planned change of primary (control/switchover.hpp).
struct Switchover {
  Milliseconds timeout{10'000};          // from the hold to the promotion; then it is undone
  Milliseconds command_timeout{60'000};  // for rejoin and start
  std::string stop, rejoin, start, promote;
  std::string command;  // does it all: the old primary out, the promotion, who follows whom
  std::string replication_user, replication_password;  // MariaDB; empty: the control user
};

struct Node {
  Address address;
  std::string zone;
};
struct Shard {
  std::string name;
  std::vector<Node> nodes;
};

// [database.sharding] and [[database.table]] as written; Database::topology is what they mean.
struct SlotRange {
  std::uint32_t first = 0, last = 0;
};
struct SlotsOfShard {
  std::string shard;
  std::vector<SlotRange> ranges;
};
struct Sharding {
  std::uint32_t slots = 16384;
  std::vector<SlotsOfShard> map;
  std::string home;  // empty: the first shard
  std::string unlisted_tables = "refuse";
};
struct Table {
  std::string name;  // "schema.table"; names fold as in SQL: lower case unless "quoted"
  router::TableKind kind = router::TableKind::kSharded;
  std::string key, type;                // sharded
  std::string shard;                    // single
  std::vector<std::string> unenforced;  // constraints it may have although the shards cannot keep them
};

struct Database {
  std::string name;
  std::string server_database;  // the name on the servers; empty: the same
  Protocol protocol = Protocol::kPostgresql;
  Pool pool;
  Hold hold;
  Control control;
  Tls server_tls{TlsMode::kPrefer, {}, {}, {}};
  Reads reads;
  Switchover switchover;
  std::vector<Shard> shards;
  Sharding sharding;
  std::vector<Table> tables;
  // shards, tables, map, home, unlisted; epoch and catalog are filled in by the running proxy.
  router::Topology topology;
};

enum class LogFormat : std::uint8_t { kText, kJson };
struct Config {
  std::string cluster = "main";  // Shardways of one cluster finish each other's transactions
  std::string zone;              // where this Shardway stands; empty: nowhere in particular
  std::uint32_t workers = 0;     // 0: one per core
  std::uint32_t max_clients = 100'000;
  Milliseconds login_timeout{15'000}, shutdown_timeout{30'000}, client_idle_timeout{0};
  std::string log_level = "info";
  LogFormat log_format = LogFormat::kText;
  std::string log_file;                           // empty: standard error
  std::size_t statement_cache_bytes = 16u << 20;  // per worker and database
  std::vector<Listen> listen;
  Admin admin;
  std::vector<User> users;
  std::vector<Database> databases;

  const User* user(std::string_view name) const;
  // The clear password by which `server_user` logs in to servers; empty: it has none.
  std::string server_password(std::string_view server_user) const;
  const Database* database(std::string_view name) const;
};

enum class Severity : std::uint8_t { kError, kWarning };
struct Diagnostic {
  std::string file;
  std::uint32_t line = 0, column = 0;
  std::string message, hint;
  Severity severity = Severity::kError;
};
std::string format(const Diagnostic& d);  // "FILE:LINE:COL: error: …" (or warning:) and, if there is one, "\n  hint: …"

struct Loaded {
  std::shared_ptr<const Config> config;  // null if one of the diagnostics is an error; there may be warnings beside it
  std::vector<Diagnostic> diagnostics;
};
Loaded load(const std::string& file);
Loaded load_text(const std::string& file, std::string_view text);

// Every key with its value as SHOW CONFIG prints it; secrets never. "shardway.workers", "database.shop.pool.size", …
enum class Need : std::uint8_t { kDefault, kOptional, kRequired };  // has a default; may be left out; must be given
struct Entry {
  std::string key, value, default_value;
  Need need = Need::kDefault;
  std::string_view description;  // static
};
std::vector<Entry> entries(const Config& config);

}  // namespace shardway::proxy::config
