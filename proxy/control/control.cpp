#include "proxy/control/control.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "proxy/control/database_watch.hpp"
#include "proxy/log.hpp"

namespace shardway::proxy::control {
namespace {

// Wishes of many sessions are looked at together; a read that waits for a sample waits this long more at worst.
constexpr SteadyNanos kWakePause = 5 * kMillisecond;

// Nobody to ask: the only node there is must be the primary. Several without a control user were refused by the check.
void assume_roles(backend::Backend& backend) {
  for (const auto& shard : backend.shards) {
    if (shard->nodes.size() != 1) {
      log::error(
          "event=no_primary database={} shard={} message=\"{} nodes and no control user to tell their roles\" "
          "hint=\"set user in [database.control]\"",
          backend.config.name, shard->name, shard->nodes.size());
      continue;
    }
    shard->nodes[0]->role = backend::Role::kPrimary;
    shard->primary = 0;
  }
}

bool is_watched(const config::Database& database) { return !database.control.user.empty(); }

void warn_of_other_database(const config::Database& database) {
  const auto& watched = database.server_database.empty() ? database.name : database.server_database;
  if (database.control.database.empty() || database.control.database == watched) return;
  log::warn(
      "event=control_database database={} message=\"control connects to '{}', whose catalogue it reads, and not "
      "to '{}'\"",
      database.name, watched, database.control.database);
}

}  // namespace

struct Control::Impl {
  Impl(std::vector<std::shared_ptr<backend::Backend>> backends, std::function<void(const std::string&)> roles_changed);
  ~Impl();
  void signal();
  void run();
  void wait(SteadyNanos now);
  void hear_wakes(SteadyNanos now);
  SteadyNanos next_timer() const;
  void announce_first_round();
  void wake();

  const std::function<void(const std::string& database)> roles_changed;
  std::vector<std::unique_ptr<DatabaseWatch>> databases;
  int wake_descriptor = -1;
  std::atomic<bool> woken{false}, stopping{false};
  SteadyNanos hears_again_at = kNever;  // until then a wake costs nobody a system call
  std::vector<pollfd> polled;
  std::mutex mutex;
  std::condition_variable first_round;
  bool first_round_done = false;
  std::thread thread;
};

Control::Impl::Impl(std::vector<std::shared_ptr<backend::Backend>> backends,
                    std::function<void(const std::string&)> on_change)
    : roles_changed(std::move(on_change)) {
  for (auto& backend : backends) {
    if (is_watched(backend->config)) {
      warn_of_other_database(backend->config);
      for (const auto& shard : backend->shards) shard->wake_control = [this] { wake(); };
      databases.push_back(std::make_unique<DatabaseWatch>(std::move(backend)));
    } else {
      assume_roles(*backend);
    }
  }
  wake_descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  first_round_done = databases.empty();
  if (databases.empty()) return;
  // Signals are the main thread's.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Control::Impl::~Impl() {
  stopping = true;
  signal();
  if (thread.joinable()) thread.join();
  ::close(wake_descriptor);
}

void Control::Impl::signal() {
  const std::uint64_t one = 1;
  // Can only fail when the counter is full, and then the thread is about to wake anyway.
  [[maybe_unused]] const auto written = ::write(wake_descriptor, &one, sizeof one);
}

void Control::Impl::run() {
  while (!stopping) {
    const auto now = steady_now();
    for (const auto& database : databases) {
      database->pursue(now);
      if (database->take_change()) roles_changed(database->backend()->config.name);
    }
    announce_first_round();
    wait(now);
  }
}

SteadyNanos Control::Impl::next_timer() const {
  auto next = hears_again_at;
  for (const auto& database : databases) next = std::min(next, database->next_timer());
  return next;
}

void Control::Impl::wait(SteadyNanos now) {
  constexpr SteadyNanos kSecond = 1'000'000'000;
  polled.assign(1, {wake_descriptor, POLLIN, 0});
  for (const auto& database : databases) database->add_to(polled);
  const auto next = std::clamp<SteadyNanos>(next_timer() - now, 0, 60 * kSecond);
  const timespec timeout{next / kSecond, next % kSecond};
  if (::ppoll(polled.data(), polled.size(), &timeout, nullptr) < 0) {
    for (auto& p : polled) p.revents = 0;
  }
  const auto after = steady_now();
  hear_wakes(after);
  std::size_t used = 1;
  for (const auto& database : databases) used += database->advance(polled.data() + used, after);
}

// The first wake is heard at once; the next ones leave only their wish behind, which is looked at when the pause is
// over.
void Control::Impl::hear_wakes(SteadyNanos now) {
  if (polled[0].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto taken = ::read(wake_descriptor, &count, sizeof count);
    hears_again_at = now + kWakePause;
  } else if (now >= hears_again_at) {
    hears_again_at = kNever;
    woken = false;  // before the wishes are looked at: a later one wakes again
  }
}

void Control::Impl::announce_first_round() {
  const std::lock_guard lock(mutex);
  if (first_round_done) return;
  first_round_done =
      std::all_of(databases.begin(), databases.end(), [](const auto& d) { return d->first_round_done(); });
  if (first_round_done) first_round.notify_all();
}

Control::Control(std::vector<std::shared_ptr<backend::Backend>> backends,
                 std::function<void(const std::string& database)> roles_changed)
    : impl_(std::make_unique<Impl>(std::move(backends), std::move(roles_changed))) {}
Control::~Control() = default;

void Control::Impl::wake() {
  if (!woken.load() && !woken.exchange(true)) signal();
}

void Control::wake() { impl_->wake(); }

void Control::catalog_changed(const std::shared_ptr<backend::Backend>& backend) {
  for (const auto& database : impl_->databases) {
    if (database->backend() == backend) database->catalog_changed();
  }
  wake();
}

void Control::wait_for_first_round(config::Milliseconds deadline) {
  std::unique_lock lock(impl_->mutex);
  impl_->first_round.wait_for(lock, deadline, [this] { return impl_->first_round_done; });
}

}  // namespace shardway::proxy::control
