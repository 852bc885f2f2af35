// SharedPool: what the threads' pools of one node and login have in common: the permits, and the one line of those who
// wait. Of one configuration; those of several share their permits (permits.hpp). Thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/backend/permits.hpp"
#include "proxy/net/event_loop.hpp"

namespace shardway::proxy::backend {

template <class Link>
class Pool;

template <class Link>
class SharedPool {
 public:
  // `age` grows with every configuration.
  explicit SharedPool(std::uint32_t limit, std::uint32_t age = 0,
                      std::shared_ptr<Permits<Link>> permits = std::make_shared<Permits<Link>>())
      : age_(age), permits_(std::move(permits)) {
    permits_->add(*this, limit);
  }
  ~SharedPool() { permits_->remove(*this); }
  SharedPool(const SharedPool&) = delete;
  SharedPool& operator=(const SharedPool&) = delete;

  struct Waiter {
    Pool<Link>* pool;
    std::uint64_t ticket;
    net::Time since;
  };

  std::uint32_t age() const noexcept { return age_; }
  std::uint32_t limit() const noexcept { return permits_->limit(); }
  // Connections to the node for the login, those of other configurations included.
  std::uint32_t open() const noexcept { return permits_->open(); }
  // The same for the pools of all configurations that draw on the same permits; only to be compared.
  const void* identity() const noexcept { return permits_.get(); }
  bool somebody_waits() const noexcept { return waiting_count_.load() > 0; }

  bool shares_permits() const noexcept { return permits_->are_shared(); }  // with another configuration's
  // One more is being opened, if it may be.
  bool begin_opening() {
    if (wanted_by([this](const SharedPool& other) { return other.age_ < age_; }) || !permits_->take()) return false;
    opening_count_.fetch_add(1);
    return true;
  }
  void end_opening() noexcept { opening_count_.fetch_sub(1); }
  void return_permit() noexcept { permits_->give_back(); }
  // A pool of an older configuration has waiters, and there is no permit for them.
  bool must_yield() {
    return permits_->is_spent() && wanted_by([this](const SharedPool& other) { return other.age_ < age_; });
  }
  // The same of any other configuration.
  bool should_yield() {
    return permits_->is_spent() && wanted_by([this](const SharedPool& other) { return &other != this; });
  }
  // Runs with the other configurations' pools of every thread, while they stay where they are.
  template <class Visit>
  void visit_others(Visit visit) {
    if (!permits_->are_shared()) return;
    permits_->visit([&](SharedPool& other) {
      if (&other != this) other.visit_pools(visit);
    });
  }
  // The thread of the longest waiter of each configuration.
  template <class Visit>
  void visit_first_in_line(Visit visit) {
    const auto visit_first = [&visit](SharedPool& pool) {
      if (auto* first = pool.first_in_line()) visit(*first);
    };
    if (permits_->are_shared())
      permits_->visit(visit_first);
    else
      visit_first(*this);
  }

  void join_line(Waiter waiter) {
    const std::lock_guard lock(mutex_);
    line_.push_back(waiter);
    waiting_count_.fetch_add(1);
  }
  // For a waiter whose link could not be given to it after all: it keeps its place.
  void rejoin_line(Waiter waiter) {
    const std::lock_guard lock(mutex_);
    line_.push_front(waiter);
    waiting_count_.fetch_add(1);
  }
  bool leave_line(const Pool<Link>* pool, std::uint64_t ticket) {
    const std::lock_guard lock(mutex_);
    for (auto it = line_.begin(); it != line_.end(); ++it) {
      if (it->pool != pool || it->ticket != ticket) continue;
      line_.erase(it);
      waiting_count_.fetch_sub(1);
      return true;
    }
    return false;
  }
  bool next_in_line(Waiter& waiter) {
    if (!somebody_waits()) return false;
    const std::lock_guard lock(mutex_);
    if (line_.empty()) return false;
    waiter = line_.front();
    line_.pop_front();
    waiting_count_.fetch_sub(1);
    return true;
  }
  void add(Pool<Link>* pool) {
    const std::lock_guard lock(mutex_);
    pools_.push_back(pool);
  }
  void remove(Pool<Link>* pool) {
    const std::lock_guard lock(mutex_);
    std::erase(pools_, pool);
  }
  template <class Visit>
  void visit_pools(Visit visit) {
    const std::lock_guard lock(mutex_);
    for (auto* pool : pools_) visit(*pool);
  }

 private:
  // It has more waiters than connections on their way.
  bool wants_permit() const noexcept { return waiting_count_.load() > opening_count_.load(); }
  Pool<Link>* first_in_line() {
    if (!somebody_waits()) return nullptr;
    const std::lock_guard lock(mutex_);
    return line_.empty() ? nullptr : line_.front().pool;
  }
  template <class Which>
  bool wanted_by(Which which) {
    if (!permits_->are_shared()) return false;
    bool wanted = false;
    permits_->visit([&](const SharedPool& other) { wanted = wanted || (which(other) && other.wants_permit()); });
    return wanted;
  }

  const std::uint32_t age_;
  const std::shared_ptr<Permits<Link>> permits_;
  std::atomic<std::uint32_t> waiting_count_{0}, opening_count_{0};
  std::mutex mutex_;
  std::deque<Waiter> line_;
  std::vector<Pool<Link>*> pools_;
};

}  // namespace shardway::proxy::backend
