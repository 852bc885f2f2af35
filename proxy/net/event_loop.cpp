#include "proxy/net/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace shardway::proxy::net {
namespace {

constexpr int kBatch = 128;
constexpr std::uint32_t kBoth = EPOLLIN | EPOLLOUT | EPOLLRDHUP;

void control(int epoll, int operation, int fd, std::uint32_t events, void* handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = handler;
  if (::epoll_ctl(epoll, operation, fd, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

}  // namespace

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), mail_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (epoll_ < 0 || mail_event_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  control(epoll_, EPOLL_CTL_ADD, mail_event_, EPOLLIN, nullptr);  // nullptr marks the mailbox
}

// What is left in the mailbox is dropped, not run: whom it is for may be gone. Sockets it owns are closed with it.
EventLoop::~EventLoop() {
  ::close(mail_event_);
  ::close(epoll_);
}

void EventLoop::add(int fd, EventHandler& handler) { control(epoll_, EPOLL_CTL_ADD, fd, kBoth | EPOLLET, &handler); }

void EventLoop::add_listener(int fd, EventHandler& handler) {
  control(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE, &handler);
}

void EventLoop::remove(int fd) { ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

EventLoop::TimerId EventLoop::at(Time when, std::function<void()> action) {
  const TimerId id = next_timer_++;
  timers_.emplace(std::pair{when, id}, std::move(action));
  timer_times_.emplace(id, when);
  return id;
}

void EventLoop::cancel(TimerId timer) noexcept {
  const auto found = timer_times_.find(timer);
  if (found == timer_times_.end()) return;
  timers_.erase({found->second, timer});
  timer_times_.erase(found);
}

void EventLoop::post(std::function<void()> action) {
  bool first;
  {
    const std::lock_guard lock(mail_mutex_);
    first = mail_.empty();
    mail_.push_back(std::move(action));
  }
  if (!first) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(mail_event_, &one, sizeof one);
}

void EventLoop::stop() {
  stopped_.store(true);
  post([] {});
}

int EventLoop::timeout_ms() const noexcept {
  if (!deferred_.empty()) return 0;
  if (timers_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - Clock::now()).count();
  return left < 0 ? 0 : left > 60'000 ? 60'000 : static_cast<int>(left);
}

void EventLoop::run_timers() {
  while (!timers_.empty() && timers_.begin()->first.first <= now_) {
    auto node = timers_.extract(timers_.begin());
    timer_times_.erase(node.key().second);
    node.mapped()();
  }
}

void EventLoop::run_deferred() {
  while (!deferred_.empty()) {
    auto batch = std::move(deferred_);
    deferred_.clear();
    for (auto& action : batch) action();
  }
}

void EventLoop::run_mailbox() {
  std::uint64_t count;
  [[maybe_unused]] const auto got = ::read(mail_event_, &count, sizeof count);
  std::vector<std::function<void()>> mail;
  {
    const std::lock_guard lock(mail_mutex_);
    mail.swap(mail_);
  }
  for (auto& action : mail) action();
}

void EventLoop::run() {
  std::array<epoll_event, kBatch> events;
  while (!stopped_.load(std::memory_order_relaxed)) {
    const int ready = ::epoll_wait(epoll_, events.data(), kBatch, timeout_ms());
    if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");
    now_ = Clock::now();
    ++wakeups_;
    for (int i = 0; i < ready; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        run_mailbox();
      } else {
        static_cast<EventHandler*>(event.data.ptr)->on_events(event.events);
      }
    }
    run_timers();
    run_deferred();
    graveyard_.clear();
    if (on_batch) on_batch(Clock::now() - now_);
  }
}

}  // namespace shardway::proxy::net
