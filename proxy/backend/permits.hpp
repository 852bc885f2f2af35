// Permits: how many server connections may be open to one node for one login, counted over all threads and over all
// configurations. A reload makes new pools while links of the old ones are still lent: both draw on the same permits,
// so that together they never have more than pool.size. PermitBook keeps them by database, node and login.
//
// Pools of older configurations come first: their waiters are in the middle of something, and there will be no more of
// them. A newer pool closes a link that comes back, or lies idle, if an older one has waiters and no permit is free.
// Thread-safe. Lock order: the book's, the permits', the pool's.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "proxy/backend/node.hpp"

namespace shardway::proxy::backend {

template <class Link>
class SharedPool;

template <class Link>
class Permits {
 public:
  std::uint32_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
  std::uint32_t open() const noexcept { return open_.load(std::memory_order_relaxed); }
  bool is_spent() const noexcept { return open_.load() >= limit_.load(); }
  // True if one more may be opened; it is counted then.
  bool take() {
    auto now_open = open_.load();
    while (now_open < limit_.load()) {
      if (open_.compare_exchange_weak(now_open, now_open + 1)) return true;
    }
    return false;
  }
  void give_back() noexcept { open_.fetch_sub(1); }

  // The limit is that of the newest configuration.
  void add(SharedPool<Link>& pool, std::uint32_t limit) {
    const std::lock_guard lock(mutex_);
    const auto older =
        std::find_if(pools_.begin(), pools_.end(), [&](const auto* other) { return other->age() > pool.age(); });
    if (older == pools_.end()) limit_.store(limit);
    pools_.insert(older, &pool);
    pool_count_.store(static_cast<std::uint32_t>(pools_.size()));
  }
  void remove(SharedPool<Link>& pool) {
    const std::lock_guard lock(mutex_);
    std::erase(pools_, &pool);
    pool_count_.store(static_cast<std::uint32_t>(pools_.size()));
  }
  bool are_shared() const noexcept { return pool_count_.load() > 1; }  // by pools of several configurations
  // Every pool, the oldest configuration's first.
  template <class Visit>
  void visit(Visit visit) {
    const std::lock_guard lock(mutex_);
    for (auto* pool : pools_) visit(*pool);
  }

 private:
  std::atomic<std::uint32_t> limit_{0}, open_{0}, pool_count_{0};
  std::mutex mutex_;
  std::vector<SharedPool<Link>*> pools_;  // by age
};

template <class Link>
class PermitBook {
 public:
  std::shared_ptr<Permits<Link>> of(const std::string& database, const Node& node, const typename Link::Login& login) {
    const std::lock_guard lock(mutex_);
    const auto key = std::make_tuple(database, node.address.text, login);
    if (auto known = permits_[key].lock()) return known;
    std::erase_if(permits_, [](const auto& entry) { return entry.second.expired(); });
    auto fresh = std::make_shared<Permits<Link>>();
    permits_[key] = fresh;
    return fresh;
  }
  // Server connections of this database to the node, for whichever login and configuration.
  std::uint32_t open(const std::string& database, const Node& node) {
    const std::lock_guard lock(mutex_);
    std::uint32_t sum = 0;
    for (const auto& [key, permits] : permits_) {
      const auto known =
          std::get<0>(key) == database && std::get<1>(key) == node.address.text ? permits.lock() : nullptr;
      if (known) sum += known->open();
    }
    return sum;
  }

 private:
  std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, typename Link::Login>, std::weak_ptr<Permits<Link>>> permits_;
};

}  // namespace shardway::proxy::backend
