#include "proxy/database.hpp"

#include <atomic>

namespace shardway::proxy {
namespace {

std::uint64_t next_link_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

Database::Database(net::EventLoop& loop, std::shared_ptr<const Generation> generation,
                   std::shared_ptr<SharedDatabase> shared)
    : loop_(loop), generation_(std::move(generation)), shared_(std::move(shared)) {
  counters.by_shard.resize(config().shards.size());
}

Database::UserPools& Database::pools_of(const std::string& server_user) {
  auto& slot = user_pools_[server_user];
  if (slot) return *slot;
  slot = std::make_unique<UserPools>();
  slot->server_user = server_user;
  for (const auto& shard : backend().shards) slot->by_shard.emplace_back(shard->nodes.size(), nullptr);
  return *slot;
}

postgres::Pool& Database::pool(UserPools& pools, router::ShardIndex shard, std::size_t node) {
  auto& known = pools.by_shard[shard][node];
  if (known != nullptr) return *known;
  auto made = make_pool(shard, node, pools.server_user);
  known = made.get();
  pools_.emplace(std::pair{made->node().number, pools.server_user}, std::move(made));
  return *known;
}

std::unique_ptr<postgres::Pool> Database::make_pool(router::ShardIndex shard, std::size_t node,
                                                    const std::string& server_user) {
  auto& where = *backend().shards[shard]->nodes[node];
  auto target = std::make_shared<postgres::LinkTarget>();
  target->backend = shared_->backend;
  target->node = &where;
  target->shard = shard;
  target->user = server_user;
  target->database = config().server_database.empty() ? config().name : config().server_database;
  target->secrets = generation_->secrets;
  target->tls = shared_->server_tls;
  return std::make_unique<postgres::Pool>(
      loop_, shared_->pool(where.number, server_user), backend(), where,
      [target = std::shared_ptr<const postgres::LinkTarget>(std::move(target)), this](postgres::Pool& pool) {
        ++counters.server_connects;
        return std::make_unique<postgres::Link>(target, pool, next_link_id());
      });
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

void Database::sweep(bool close_all) {
  for (auto& [key, pool] : pools_) pool->sweep(close_all);
}

void Database::retire() {
  for (auto& [key, pool] : pools_) pool->retire();
}

std::string Database::server_user_of(const std::string& user) const {
  const auto* known = generation_->config->user(user);
  return known == nullptr || known->server_user.empty() ? user : known->server_user;
}

std::optional<Welcome> Database::welcome(const std::string& key) {
  const std::lock_guard lock(shared_->mutex);
  const auto known = shared_->welcomes.find(key);
  return known == shared_->welcomes.end() ? std::nullopt : std::optional(known->second);
}

void Database::remember_welcome(const std::string& key, const Welcome& welcome) {
  constexpr std::size_t kMostWelcomes = 10'000;
  const std::lock_guard lock(shared_->mutex);
  if (shared_->welcomes.size() > kMostWelcomes) shared_->welcomes.clear();
  shared_->welcomes[key] = welcome;
}

void Database::forget_welcomes() {
  const std::lock_guard lock(shared_->mutex);
  shared_->welcomes.clear();
}

bool Database::in_use() const noexcept {
  for (const auto& [key, pool] : pools_) {
    if (pool->lent() != 0 || pool->opening() != 0 || pool->waiting() != 0) return true;
  }
  return false;
}

bool Database::is_empty() const noexcept {
  for (const auto& [key, pool] : pools_) {
    if (pool->idle() != 0) return false;
  }
  return !in_use();
}

}  // namespace shardway::proxy
