// Generation and Database: one configuration's databases, shared by all threads, and one worker's part of a database.
// A reload makes a new generation; clients move to it between transactions, the old one goes with its last client.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy/backend/held.hpp"
#include "proxy/backend/pools.hpp"
#include "proxy/mysql/link.hpp"
#include "proxy/postgres/link.hpp"
#include "proxy/stats/counters.hpp"
#include "router/statement_cache.hpp"

namespace shardway::proxy {

// What a client is told at login: the ParameterStatus messages of a server with its settings.
struct Welcome {
  std::string frames;            // but for application_name: a client's own needs no server
  std::string application_name;  // of those who name none
  bool standard_conforming_strings = true;
  bool is_old = false;  // from before a RELOAD or RECONNECT: a server may say something else by now
};

// The permits of all databases' pools: what the configurations have in common.
struct PermitBooks {
  backend::PermitBook<postgres::Link> postgres;
  backend::PermitBook<mysql::Link> mysql;
};

// What all threads share of one database.
struct SharedDatabase {
  SharedDatabase(const std::string& name, PermitBooks& permits)
      : postgres_pools(name, permits.postgres), mysql_pools(name, permits.mysql) {}
  std::shared_ptr<backend::Backend> backend;
  net::TlsContext server_tls;
  backend::SharedPools<postgres::Link> postgres_pools;
  backend::SharedPools<mysql::Link> mysql_pools;
  std::mutex mutex;  // welcomes
  std::unordered_map<std::string, Welcome> welcomes;
  // Those of the configuration before, as old ones, if its servers are the same.
  void inherit_welcomes(SharedDatabase& before);
};

struct Generation {
  std::uint64_t number = 0;
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<postgres::Secrets> secrets;
  std::map<std::string, std::shared_ptr<SharedDatabase>, std::less<>> databases;
  std::vector<net::TlsContext> listen_tls;  // as in config->listen
};

// One worker's part of a database.
class Database {
 public:
  Database(net::EventLoop& loop, std::shared_ptr<const Generation> generation, std::shared_ptr<SharedDatabase> shared);

  // The cache over the newest topology.
  router::StatementCache& cache();
  const router::Topology& topology() { return *cache().topology(); }

  std::string server_user_of(const std::string& user) const;
  const Generation& generation() const noexcept { return *generation_; }
  backend::Backend& backend() noexcept { return *shared_->backend; }
  const config::Database& config() const noexcept { return shared_->backend->config; }
  stats::DatabaseCounters counters;  // by_shard sized at construction
  // Those of the database's protocol are used.
  backend::Pools<postgres::Link> postgres;
  backend::Pools<mysql::Link> mysql;
  void add_cache_counters(stats::DatabaseCounters& to) const;

  template <class Visit>
  void visit_pools(Visit visit) {
    postgres.visit(visit);
    mysql.visit(visit);
  }
  // This worker's clients before the shard's gate.
  backend::HeldClients& held(router::ShardIndex shard) { return *held_[shard]; }
  // Gates have been opened or closed, or epochs have ended: those who are held go on, those who wait in the line of a
  // primary that is none any more are sent before its gate, idle connections of an older epoch are closed.
  void heed_gates();
  void sweep(bool close_all);
  void retire();    // a newer configuration has taken its place
  bool is_empty();  // no link is lent, opening, awaited or idle

  // Learnt once for all threads, by server user and settings without application_name; `named`: by a client that has
  // one, from one that has, too.
  std::optional<Welcome> welcome(const std::string& key, bool named);
  void remember_welcome(const std::string& key, bool named, const Welcome& welcome);
  void outdate_welcomes();

 private:
  std::unique_ptr<postgres::Pool> make_postgres_pool(router::ShardIndex shard, std::size_t node,
                                                     const postgres::Link::Login& login);
  std::unique_ptr<mysql::Pool> make_mysql_pool(router::ShardIndex shard, std::size_t node,
                                               const mysql::Link::Login& login);

  net::EventLoop& loop_;
  std::shared_ptr<const Generation> generation_;
  std::shared_ptr<SharedDatabase> shared_;
  std::unique_ptr<router::StatementCache> cache_;
  std::uint64_t cache_epoch_ = 0;
  router::StatementCache::Counters retired_{};
  bool is_retired_ = false;
  std::vector<std::unique_ptr<backend::HeldClients>> held_;  // by shard
};

}  // namespace shardway::proxy
