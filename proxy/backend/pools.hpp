// SharedPools and Pools: the pools of one database's servers, over all threads and on one worker: one per node and
// login. Made as they are needed. Link is a connection class (pool.hpp); Link::Login an ordered value: the server
// `user`, and what else makes two connections mean different things.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "proxy/backend/pool.hpp"

namespace shardway::proxy::backend {

template <class Link>
class SharedPools {
 public:
  // Of database `name`. `book`: of the permits, which outlive this configuration.
  SharedPools(std::string name, PermitBook<Link>& book) : name_(std::move(name)), book_(book) {}

  std::shared_ptr<SharedPool<Link>> pool(const Node& node, const typename Link::Login& login, std::uint32_t size) {
    const std::lock_guard lock(mutex_);
    auto& pool = pools_[{node.number, login}];
    if (!pool) pool = std::make_shared<SharedPool<Link>>(size, node.number, book_.of(name_, node, login));
    return pool;
  }

  // Server connections to this node, those of older configurations included.
  std::uint32_t open(const Node& node) { return book_.open(name_, node); }

 private:
  const std::string name_;
  PermitBook<Link>& book_;
  std::mutex mutex_;
  std::map<std::pair<std::uint32_t, typename Link::Login>, std::shared_ptr<SharedPool<Link>>> pools_;
};

template <class Link>
class Pools {
 public:
  // Those of one login, by shard and node.
  struct OfLogin {
    typename Link::Login login;
    std::vector<std::vector<Pool<Link>*>> by_shard;
    std::vector<std::vector<SteadyNanos>> refused_until;  // replicas that would not have it; 0: it has not been seen
  };
  using Make =
      std::function<std::unique_ptr<Pool<Link>>(router::ShardIndex, std::size_t node, const typename Link::Login&)>;

  Pools(const Backend& backend, Make make) : backend_(backend), make_(std::move(make)) {}

  // The reference stays valid.
  OfLogin& of_login(const typename Link::Login& login) {
    auto& slot = logins_[login];
    if (slot) return *slot;
    slot = std::make_unique<OfLogin>();
    slot->login = login;
    for (const auto& shard : backend_.shards) {
      slot->by_shard.emplace_back(shard->nodes.size(), nullptr);
      slot->refused_until.emplace_back(shard->nodes.size(), 0);
    }
    return *slot;
  }

  Pool<Link>& pool(OfLogin& login, router::ShardIndex shard, std::size_t node) {
    auto& known = login.by_shard[shard][node];
    if (known != nullptr) return *known;
    known = pools_.emplace_back(login.login.user, make_(shard, node, login.login)).second.get();
    return *known;
  }

  template <class Visit>
  void visit(Visit&& visit) {
    for (auto& [user, pool] : pools_) visit(user, *pool);
  }

 private:
  const Backend& backend_;
  Make make_;
  std::map<typename Link::Login, std::unique_ptr<OfLogin>> logins_;
  std::vector<std::pair<std::string, std::unique_ptr<Pool<Link>>>> pools_;
};

}  // namespace shardway::proxy::backend
