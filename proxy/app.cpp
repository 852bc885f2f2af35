#include "proxy/app.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <thread>

#include "proxy/log.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/transaction/ledger.hpp"

namespace shardway::proxy {
namespace {

constexpr auto kFirstRound = std::chrono::milliseconds(3000);  // how long the first look at the nodes may take
constexpr std::uint64_t kSpareFiles = 64;  // the program's own: logs, listeners, control connections

std::shared_ptr<SharedDatabase> make_database(const config::Database& config, PermitBooks& permits,
                                              std::atomic<std::uint32_t>& next_node, const std::string& zone) {
  auto database = std::make_shared<SharedDatabase>(config.name, permits);
  database->backend = backend::make_backend(config, next_node, zone);
  database->server_tls = net::make_client_context(config.server_tls);
  return database;
}

std::string cannot_listen(const config::Address& address, const std::error_code& error) {
  const bool in_the_way = error == std::errc::file_exists;
  return "cannot listen on " + address.text + ": " +
         (in_the_way ? "there is a file of that name, and it is no socket" : error.message());
}

}  // namespace

App::App(std::string config_file, std::shared_ptr<const config::Config> config)
    : config_file_(std::move(config_file)), start_time_(std::time(nullptr)) {
  raise_open_files();
  generation_ = make_generation(std::move(config));
  generations_.push_back(generation_);
  surroundings_.host = this;
  surroundings_.sample_wanted = [this] {
    const std::lock_guard lock(mutex_);
    if (slow_lane_.control) slow_lane_.control->wake();
  };
  surroundings_.catalog_changed = [this](const std::string& database) {
    const std::lock_guard lock(mutex_);
    const auto found = generation_->databases.find(database);
    if (slow_lane_.control && found != generation_->databases.end())
      slow_lane_.control->catalog_changed(found->second->backend);
  };
  surroundings_.visit = [this](std::uint64_t process_id, std::function<void(Client*)> action) {
    const auto index = process_id / Worker::kProcessIds;
    auto& worker = *workers_[index < workers_.size() ? index : 0];
    worker.loop().post([&worker, process_id, action = std::move(action)] {
      worker.visit(static_cast<std::uint32_t>(std::min<std::uint64_t>(process_id, UINT32_MAX)), action);
    });
  };
}

App::~App() {
  decltype(switchovers_) under_way;
  {
    const std::lock_guard lock(switchovers_mutex_);
    under_way.swap(switchovers_);
  }
  under_way.clear();  // what was begun and may still be undone needs the workers
  http_.reset();
  for (auto& worker : workers_) worker->stop();
  for (auto& worker : workers_) worker->join();
  slow_lane_ = {};
  old_lanes_.clear();
  remove_sockets();
}

// While they are still listened on: later another program may have put its own there.
void App::remove_sockets() {
  const std::lock_guard lock(mutex_);
  for (const auto& path : unix_sockets_) ::unlink(path.c_str());
  unix_sockets_.clear();
}

std::shared_ptr<const Generation> App::make_generation(std::shared_ptr<const config::Config> config) {
  auto generation = std::make_shared<Generation>();
  generation->config = config;
  generation->secrets = std::make_shared<postgres::Secrets>(config, client_keys_);
  for (const auto& listen : config->listen) generation->listen_tls.push_back(net::make_server_context(listen.tls));
  for (const auto& database : config->databases) {
    auto made = make_database(database, permits_, next_node_, config->zone);
    made->backend->ledger = ledger_of(database, config->cluster);
    generation->databases.emplace(database.name, std::move(made));
  }
  return generation;
}

// A database on one shard has no use for a ledger; nor has one whose servers nobody may be asked about.
std::shared_ptr<transaction::Ledger> App::ledger_of(const config::Database& database, const std::string& cluster) {
  if (database.shards.size() < 2 || database.control.user.empty()) return nullptr;
  // MySQL's servers list what is prepared in all their databases.
  const bool is_mysql = database.protocol == config::Protocol::kMysql;
  const auto scope = is_mysql ? transaction::scoped(cluster, database.name) : cluster;
  auto& ledger = ledgers_[database.name];
  if (!ledger || ledger->cluster() != scope) ledger = std::make_shared<transaction::Ledger>(scope);
  return ledger;
}

App::SlowLane App::make_slow_lane(const Generation& generation) {
  SlowLane lane;
  std::vector<std::shared_ptr<backend::Backend>> backends;
  for (const auto& [name, database] : generation.databases) backends.push_back(database->backend);
  for (const auto& [name, database] : generation.databases) lane.databases.push_back(database);
  lane.control =
      std::make_unique<control::Control>(backends, [this](const std::string& database) { gates_changed(database); });
  lane.control->wait_for_first_round(kFirstRound);
  for (const auto& backend : backends) {
    if (backend->ledger) lane.recoveries.push_back(std::make_unique<transaction::Recovery>(backend, generation.config));
  }
  for (const auto& recovery : lane.recoveries) recovery->wait_until_ready(kFirstRound);
  return lane;
}

void App::gates_changed(const std::string& database) {
  on_each_worker([database](Worker& worker) { worker.heed_gates(database); });
}

// Who waits in an old configuration's database, or has a transaction there, needs somebody who watches its nodes.
void App::drop_unused_lanes() {
  const std::unique_lock lock(reload_mutex_, std::try_to_lock);
  if (!lock) return;
  std::erase_if(old_lanes_, [](const SlowLane& lane) {
    return std::all_of(lane.databases.begin(), lane.databases.end(), [](const auto& one) { return one.expired(); });
  });
}

void App::raise_open_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const auto clients = limit.rlim_cur > kSpareFiles ? limit.rlim_cur - kSpareFiles : 0;
  log::info("event=open_files limit={} clients_and_servers={}", limit.rlim_cur, clients);
}

void App::open_listeners(std::uint32_t workers) {
  listeners_.assign(workers, {});
  for (const auto& listen : generation_->config->listen) {
    std::error_code error;
    const auto open = [&](bool reuse_port) {
      const int fd = net::listen_on(listen.address, reuse_port, listen.unix_socket_mode, error);
      if (fd < 0) throw std::runtime_error(cannot_listen(listen.address, error));
      return fd;
    };
    const int probe = open(false);  // SO_REUSEPORT alone would not see who else is there
    if (listen.address.is_unix) {
      unix_sockets_.push_back(listen.address.host);
    } else {
      ::close(probe);
    }
    for (std::uint32_t i = 0; i < workers; ++i) {
      const int fd = !listen.address.is_unix ? open(true) : i == 0 ? probe : ::dup(probe);
      if (fd < 0) throw std::runtime_error("cannot listen on " + listen.address.text + ": " + std::strerror(errno));
      listeners_[i].push_back(fd);
    }
    log::info("event=listen address={} protocol={}", listen.address.text,
              listen.protocol == config::Protocol::kMysql ? "mysql" : "postgresql");
  }
}

int App::run() {
  const auto& config = *generation_->config;
  const auto count = config.workers > 0 ? config.workers : std::max(1u, std::thread::hardware_concurrency());
  slow_lane_ = make_slow_lane(*generation_);
  open_listeners(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(i, surroundings_, generation_, listeners_[i]));
  }
  if (config.admin.http) http_ = std::make_unique<admin::Http>(*this, *config.admin.http);
  for (auto& worker : workers_) worker->start();
  log::info("event=started workers={} databases={} pid={}", count, config.databases.size(), ::getpid());

  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&signals, signal);
  const timespec tick{1, 0}, tick_draining{0, 50'000'000};
  net::Time deadline = net::Time::max();
  for (;;) {
    const bool is_ending = deadline != net::Time::max() || awaits_clients_.load();
    const int signal = ::sigtimedwait(&signals, nullptr, is_ending ? &tick_draining : &tick);
    if (signal == SIGHUP) {
      const auto problems = reload();
      if (problems.empty()) {
        log::info("event=reloaded file={}", config_file_);
      } else {
        log::error("event=reload_failed file={} problems=\"{}\"", config_file_, problems);
      }
    } else if (signal == SIGTERM || signal == SIGINT) {
      if (deadline != net::Time::max()) {
        log::warn("event=quit reason=\"second signal\"");
        break;
      }
      drain(signal == SIGINT);
      deadline = net::Clock::now() + this->config()->shutdown_timeout;
    }
    drop_unused_lanes();
    if ((is_ending && drained()) || net::Clock::now() >= deadline) break;
  }
  log::info("event=stopped clients={}", surroundings_.clients.load());
  return 0;
}

void App::drain(bool at_once) {
  accepting_.store(false);
  remove_sockets();
  log::info("event=draining clients={} signal={}", surroundings_.clients.load(), at_once ? "SIGINT" : "SIGTERM");
  on_each_worker([at_once](Worker& worker) {
    worker.stop_accepting();
    worker.drain(at_once);
  });
}

bool App::drained() { return surroundings_.clients.load() == 0; }

void App::on_each_worker(const std::function<void(Worker&)>& action) {
  for (auto& worker : workers_) worker->loop().post([&worker = *worker, action] { action(worker); });
}

std::shared_ptr<const Generation> App::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

}  // namespace shardway::proxy
