#include "proxy/database.hpp"

#include <algorithm>
#include <atomic>

namespace shardway::proxy {
namespace {

std::uint64_t next_link_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

const std::string kNamed("\0named", 6);

bool has_same_servers(const config::Database& a, const config::Database& b) {
  const auto same_node = [](const config::Node& one, const config::Node& other) {
    return one.address.text == other.address.text;
  };
  const auto same_shard = [&](const config::Shard& one, const config::Shard& other) {
    return std::equal(one.nodes.begin(), one.nodes.end(), other.nodes.begin(), other.nodes.end(), same_node);
  };
  return a.server_database == b.server_database &&
         std::equal(a.shards.begin(), a.shards.end(), b.shards.begin(), b.shards.end(), same_shard);
}

}  // namespace

void SharedDatabase::inherit_welcomes(SharedDatabase& before) {
  if (!has_same_servers(backend->config, before.backend->config)) return;
  const std::scoped_lock lock(mutex, before.mutex);
  welcomes = before.welcomes;
  for (auto& [key, welcome] : welcomes) welcome.is_old = true;
}

Database::Database(net::EventLoop& loop, std::shared_ptr<const Generation> generation,
                   std::shared_ptr<SharedDatabase> shared)
    : postgres(*shared->backend, [this](router::ShardIndex shard, std::size_t node,
                                        const auto& login) { return make_postgres_pool(shard, node, login); }),
      mysql(*shared->backend, [this](router::ShardIndex shard, std::size_t node,
                                     const auto& login) { return make_mysql_pool(shard, node, login); }),
      loop_(loop),
      generation_(std::move(generation)),
      shared_(std::move(shared)) {
  counters.by_shard.resize(config().shards.size());
  for (const auto& shard : backend().shards)
    held_.push_back(std::make_unique<backend::HeldClients>(loop_, shard->gate));
}

std::unique_ptr<postgres::Pool> Database::make_postgres_pool(router::ShardIndex shard, std::size_t node,
                                                             const postgres::Link::Login& login) {
  auto& where = *backend().shards[shard]->nodes[node];
  auto target = std::make_shared<postgres::LinkTarget>();
  target->backend = shared_->backend;
  target->node = &where;
  target->shard = shard;
  target->user = login.user;
  target->database = config().server_database.empty() ? config().name : config().server_database;
  target->secrets = generation_->secrets;
  target->tls = shared_->server_tls;
  auto pool = std::make_unique<postgres::Pool>(
      loop_, shared_->postgres_pools.pool(where, login, config().pool.size), backend(), where,
      [target = std::shared_ptr<const postgres::LinkTarget>(std::move(target)), this](postgres::Pool& owner) {
        ++counters.server_connects;
        return std::make_unique<postgres::Link>(target, owner, next_link_id());
      });
  if (is_retired_) pool->retire();
  return pool;
}

std::unique_ptr<mysql::Pool> Database::make_mysql_pool(router::ShardIndex shard, std::size_t node,
                                                       const mysql::Link::Login& login) {
  auto& where = *backend().shards[shard]->nodes[node];
  auto target = std::make_shared<mysql::LinkTarget>();
  target->backend = shared_->backend;
  target->node = &where;
  target->shard = shard;
  target->login = login;
  target->password = generation_->config->server_password(login.user);
  target->tls = shared_->server_tls;
  auto pool = std::make_unique<mysql::Pool>(
      loop_, shared_->mysql_pools.pool(where, login, config().pool.size), backend(), where,
      [target = std::shared_ptr<const mysql::LinkTarget>(std::move(target)), this](mysql::Pool& owner) {
        ++counters.server_connects;
        return std::make_unique<mysql::Link>(target, owner, next_link_id());
      });
  if (login.is_beside) pool->set_beside();
  if (is_retired_) pool->retire();
  return pool;
}

router::StatementCache& Database::cache() {
  const auto epoch = backend().epoch.load(std::memory_order_relaxed);
  if (!cache_ || epoch != cache_epoch_) {
    if (cache_) {
      retired_.hits += cache_->counters().hits;
      retired_.misses += cache_->counters().misses;
      retired_.evictions += cache_->counters().evictions;
    }
    cache_ = std::make_unique<router::StatementCache>(backend().topology(), generation_->config->statement_cache_bytes);
    cache_epoch_ = epoch;
  }
  return *cache_;
}

void Database::add_cache_counters(stats::DatabaseCounters& to) const {
  to.cache_hits += retired_.hits;
  to.cache_misses += retired_.misses;
  to.cache_evictions += retired_.evictions;
  if (!cache_) return;
  const auto& now = cache_->counters();
  to.cache_hits += now.hits;
  to.cache_misses += now.misses;
  to.cache_evictions += now.evictions;
  to.cache_bytes += now.bytes;
  to.cache_entries += now.entries;
}

void Database::heed_gates() {
  visit_pools([](const std::string&, auto& pool) {
    const auto& node = pool.node();
    const bool is_replica = node.role.load() == backend::Role::kReplica, serves = is_replica || node.is_primary();
    pool.drop_openings(/*all=*/!serves);
    if (!serves) pool.sweep(/*close_all=*/true);
    if (!is_replica && !(node.shard->gate.is_open() && serves)) pool.send_waiters_away();
  });
  sweep(false);
  for (const auto& held : held_) held->heed();
}

void Database::sweep(bool close_all) {
  visit_pools([close_all](const std::string&, auto& pool) { pool.sweep(close_all); });
}

void Database::retire() {
  is_retired_ = true;
  visit_pools([](const std::string&, auto& pool) { pool.retire(); });
}

std::string Database::server_user_of(const std::string& user) const {
  const auto* known = generation_->config->user(user);
  return known == nullptr || known->server_user.empty() ? user : known->server_user;
}

std::optional<Welcome> Database::welcome(const std::string& key, bool named) {
  const std::lock_guard lock(shared_->mutex);
  const auto& welcomes = shared_->welcomes;
  const auto known = welcomes.find(key);
  if (named && (known == welcomes.end() || known->second.is_old)) {
    const auto other = welcomes.find(key + kNamed);
    if (other != welcomes.end()) return other->second;
  }
  return known == welcomes.end() ? std::nullopt : std::optional(known->second);
}

void Database::remember_welcome(const std::string& key, bool named, const Welcome& welcome) {
  constexpr std::size_t kMostWelcomes = 10'000;
  const std::lock_guard lock(shared_->mutex);
  if (shared_->welcomes.size() > kMostWelcomes) shared_->welcomes.clear();
  shared_->welcomes[named ? key + kNamed : key] = welcome;
}

void Database::outdate_welcomes() {
  const std::lock_guard lock(shared_->mutex);
  for (auto& [key, welcome] : shared_->welcomes) welcome.is_old = true;
}

bool Database::is_empty() {
  bool empty = true;
  visit_pools([&](const std::string&, auto& pool) {
    empty = empty && pool.idle() == 0 && pool.lent() == 0 && pool.opening() == 0 && pool.waiting() == 0;
  });
  return empty;
}

}  // namespace shardway::proxy
