// EventLoop: one thread's edge-triggered epoll, its timers and its mailbox. Every socket is registered once, for both
// directions, and never modified: a handler reads until it has seen a short read and writes until the kernel refuses.
// Not thread-safe except post() and stop(). Handlers must outlive their registration; use bury() to delete one from
// inside an event, because the same batch may still hold an event for it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace shardway::proxy::net {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

class EventHandler {
 public:
  // `events` as epoll gives them (EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR).
  virtual void on_events(std::uint32_t events) = 0;

 protected:
  EventHandler() = default;
  EventHandler(const EventHandler&) = default;
  EventHandler& operator=(const EventHandler&) = default;
  ~EventHandler() = default;
};

class EventLoop {
 public:
  using TimerId = std::uint64_t;  // 0: none

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void add(int fd, EventHandler& handler);
  void add_listener(int fd, EventHandler& handler);  // level-triggered, exclusive wake-up
  void remove(int fd);

  // The time at which the current batch of events was taken; cheap, monotonic.
  Time now() const noexcept { return now_; }

  TimerId at(Time when, std::function<void()> action);
  TimerId after(std::chrono::nanoseconds delay, std::function<void()> action) {
    return at(now_ + delay, std::move(action));
  }
  void cancel(TimerId timer) noexcept;

  // Runs after the current batch of events, on this thread, in order.
  void defer(std::function<void()> action) { deferred_.push_back(std::move(action)); }
  // Keeps `object` alive until the current batch is over.
  void bury(std::shared_ptr<void> object) { graveyard_.push_back(std::move(object)); }

  // From any thread: runs on this loop's thread, soon.
  void post(std::function<void()> action);
  void run();
  void stop();  // from any thread

  std::uint64_t wakeups() const noexcept { return wakeups_; }
  // Called after every batch with the time it took from wake-up to its end.
  std::function<void(std::chrono::nanoseconds)> on_batch;

 private:
  int timeout_ms() const noexcept;
  void run_timers();
  void run_deferred();
  void run_mailbox();

  int epoll_ = -1, mail_event_ = -1;
  Time now_ = Clock::now();
  std::atomic<bool> stopped_{false};
  std::uint64_t wakeups_ = 0, next_timer_ = 1;
  std::map<std::pair<Time, TimerId>, std::function<void()>> timers_;
  std::map<TimerId, Time> timer_times_;
  std::vector<std::function<void()>> deferred_;
  std::vector<std::shared_ptr<void>> graveyard_;
  std::mutex mail_mutex_;
  std::vector<std::function<void()>> mail_;
};

}  // namespace shardway::proxy::net
