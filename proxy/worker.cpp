#include "proxy/worker.hpp"

#include <unistd.h>

#include <algorithm>

#include "protocol/postgres/startup.hpp"
#include "proxy/log.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/transaction/ledger.hpp"

namespace shardway::proxy {

namespace postgres {
stats::ServerRow server_row(const Link& link, std::uint32_t worker, const char* state);
}
namespace mysql {
stats::ServerRow server_row(const Link& link, std::uint32_t worker, const char* state);
}

// A listening socket of this worker.
class Worker::Listener final : public net::EventHandler {
 public:
  Listener(Worker& worker, int fd, std::size_t index) : worker_(worker), fd_(fd), index_(index) {
    worker_.loop_.add_listener(fd_, *this);
  }
  ~Listener() { end(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void end() noexcept {
    if (fd_ < 0) return;
    worker_.loop_.remove(fd_);
    ::close(std::exchange(fd_, -1));
  }

  void on_events(std::uint32_t) override {
    if (fd_ < 0) return;
    std::error_code
        error;  // one at a time: the listener is level-triggered, and a second accept is nearly always in vain
    const int fd = net::accept_from(fd_, error);
    if (fd >= 0) return worker_.accept(fd, index_);
    if (error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system) {
      log::error("event=accept_failed error=\"{}\" hint=\"raise the limit of open files (ulimit -n)\"",
                 error.message());
    }
  }

 private:
  Worker& worker_;
  int fd_;
  std::size_t index_;
};

// One CancelRequest on its way to a server; nothing is sent on the link it is for until the server has closed this
// connection. A link whose server does not is not lent on again.
class Worker::Canceller final : public net::EventHandler {
 public:
  Canceller(Worker& worker, postgres::Link& link)
      : worker_(worker), link_(&link), process_id_(link.process_id()), secret_(link.secret()) {
    std::error_code error;
    const int fd = net::connect_like(link.stream().fd(), error);
    if (fd >= 0) {
      stream_ = net::Stream(fd);
      worker_.loop_.add(fd, *this);
    }
    timeout_ = worker_.loop_.after(fd < 0 ? std::chrono::seconds(0) : std::chrono::seconds(10), [this] {
      timeout_ = 0;
      if (sent_) link_->close_when_returned();
      finish();
    });
  }
  ~Canceller() {
    worker_.loop_.cancel(timeout_);
    if (stream_.is_open()) worker_.loop_.remove(stream_.fd());
  }
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;

  void on_events(std::uint32_t) override {
    if (finished_) return;
    if (!sent_) {
      if (net::pending_error(stream_.fd())) return finish();
      std::string request;
      protocol::postgres::encode_cancel_request(request, process_id_, secret_);
      stream_.write(request.data(), request.size());
      sent_ = true;
    }
    char byte;
    if (stream_.read(&byte, 1).closed) finish();
  }

 private:
  void finish() {
    if (finished_) return;
    finished_ = true;
    worker_.cancel_delivered(link_);
  }

  Worker& worker_;
  postgres::Link* link_;
  std::uint32_t process_id_;
  std::string secret_;
  net::Stream stream_;
  net::EventLoop::TimerId timeout_ = 0;
  bool sent_ = false, finished_ = false;
};

Worker::Worker(std::uint32_t index, Surroundings& surroundings, std::shared_ptr<const Generation> generation,
               std::vector<int> listeners)
    : index_(index), surroundings_(surroundings), generation_(std::move(generation)) {
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (listeners[i] >= 0) listeners_.push_back(std::make_unique<Listener>(*this, listeners[i], i));
  }
  loop_.on_batch = [this](std::chrono::nanoseconds took) {
    loop_lag_.add(static_cast<std::uint64_t>(took.count() / 1000));
  };
}

Worker::~Worker() {
  join();
  for (auto& [id, client] : clients_) closing_.push_back(std::move(client));
  clients_.clear();
}

void Worker::start() {
  thread_ = std::thread([this] {
    every_second();
    check_timeouts();
    loop_.run();
    while (!clients_.empty()) clients_.begin()->second->kill("stopped");
  });
}

void Worker::stop() { loop_.stop(); }

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::accept(int fd, std::size_t listener) {
  surroundings_.clients.fetch_add(1);
  const auto id = surroundings_.last_client_id.fetch_add(1) + 1;
  std::unique_ptr<Client> client;
  if (generation_->config->listen[listener].protocol == config::Protocol::kMysql) {
    client = std::make_unique<mysql::Session>(*this, fd, listener, id);
  } else {
    client = std::make_unique<postgres::Session>(*this, fd, listener, id);
  }
  auto& started = *client;
  clients_.emplace(id, std::move(client));
  started.start();
}

Client* Worker::client_of(std::uint64_t id) const {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second.get();
}

void Worker::remove(Client& client) {
  by_process_id_.erase(client.process_id());
  const auto found = clients_.find(client.id());
  if (found == clients_.end()) return;
  loop_.bury(std::shared_ptr<Client>(std::move(found->second)));
  clients_.erase(found);
  surroundings_.clients.fetch_sub(1);
}

void Worker::resume_later(Client& client) {
  loop_.defer([this, id = client.id()] {
    if (auto* waiting = client_of(id)) waiting->resume();
  });
}

void Worker::resume_after(Client& client, std::chrono::milliseconds delay) {
  loop_.after(delay, [this, id = client.id()] {
    if (auto* waiting = client_of(id)) waiting->resume();
  });
}

void Worker::adopt_later(Client& client) {
  loop_.defer([this, id = client.id()] {
    if (auto* outdated = client_of(id)) outdated->adopt_generation();
  });
}

std::shared_ptr<Database> Worker::database(const std::string& name) {
  const auto found = databases_.find(name);
  if (found != databases_.end()) return found->second;
  const auto shared = generation_->databases.find(name);
  if (shared == generation_->databases.end()) return nullptr;
  return databases_[name] = std::make_shared<Database>(loop_, generation_, shared->second);
}

stats::DatabaseCounters* Worker::login_counters(const std::string& name) {
  const auto known = database(name);
  return known ? &known->counters : nullptr;
}

postgres::SharedSettings Worker::intern(postgres::Settings settings) {
  if (settings.entries().empty()) return postgres::no_settings();
  auto& slot = interned_[settings.fingerprint()];
  if (auto known = slot.lock()) return known;
  auto fresh = std::make_shared<const postgres::Settings>(std::move(settings));
  slot = fresh;
  return fresh;
}

// The worker's index is in the number, so that a CancelRequest finds its thread; the sign bit stays clear.
std::uint32_t Worker::new_process_id(Client& client) {
  do {
    last_process_id_ = (last_process_id_ + 1) % kProcessIds;
  } while (last_process_id_ == 0 || by_process_id_.contains(index_ * kProcessIds + last_process_id_));
  const auto id = index_ * kProcessIds + last_process_id_;
  by_process_id_[id] = &client;
  return id;
}

void Worker::visit(std::uint32_t process_id, const std::function<void(Client*)>& action) {
  const auto found = by_process_id_.find(process_id);
  action(found == by_process_id_.end() ? nullptr : found->second);
}

void Worker::cancel_on_server(postgres::Link& link) {
  if (link.cancels_in_flight > 0 || link.is_broken()) return;
  link.cancel_wanted = link.owes_begin();
  if (link.cancel_wanted) return;
  ++link.cancels_in_flight;
  cancellers_[&link] = std::make_unique<Canceller>(*this, link);
}

// The server has taken the request and closed: whatever it was for, it cannot hit what runs there next.
void Worker::cancel_delivered(postgres::Link* link) {
  const auto found = cancellers_.find(link);
  if (found == cancellers_.end()) return;
  loop_.bury(std::shared_ptr<Canceller>(std::move(found->second)));
  cancellers_.erase(found);
  link->cancels_in_flight = 0;
  if (link->owner() != nullptr) return link->owner()->on_cancel_delivered();
  const auto found_parked = parked_.find(link);
  if (found_parked == parked_.end()) return;
  auto parked = std::move(found_parked->second);
  parked_.erase(found_parked);
  auto& pool = parked.link->pool();
  pool.reset(std::move(parked.link), parked.statements);
}

void Worker::park(std::unique_ptr<postgres::Link> link, std::vector<std::string> statements) {
  if (statements.empty()) statements = {"SELECT 1"};  // an answer to something harmless: the signal has passed
  auto* key = link.get();
  parked_[key] = {std::move(link), std::move(statements)};
}

void Worker::forget_cancel(postgres::Link& link) {
  const auto found = cancellers_.find(&link);
  if (found == cancellers_.end()) return;
  loop_.bury(std::shared_ptr<Canceller>(std::move(found->second)));
  cancellers_.erase(found);
}

bool Worker::kill_client(std::uint64_t id) {
  auto* client = client_of(id);
  if (client != nullptr) client->kill("killed from the console");
  return client != nullptr;
}

void Worker::kill_database(const std::string& name, std::string_view reason) {
  std::vector<std::uint64_t> ids;
  for (auto& [id, client] : clients_) {
    if (client->database() != nullptr && client->database()->config().name == name) ids.push_back(id);
  }
  for (const auto id : ids) {
    if (auto* client = client_of(id)) client->kill(reason);
  }
  if (const auto known = databases_.find(name); known != databases_.end()) known->second->sweep(true);
}

void Worker::serve_paused(const std::string& name) {
  const auto serve = [](Database& database) {
    database.visit_pools([](const std::string&, auto& pool) { pool.serve_line(); });
  };
  if (const auto known = databases_.find(name); known != databases_.end()) serve(*known->second);
  for (auto& old : old_databases_) {  // paused before a reload: its clients wait there
    if (old.database->config().name == name) serve(*old.database);
  }
}

void Worker::reconnect(const std::string& name) {
  const auto known = databases_.find(name);
  if (known == databases_.end()) return;
  known->second->outdate_welcomes();
  known->second->sweep(true);
  for (auto& [id, client] : clients_) {
    if (client->database() == known->second.get()) client->close_links_when_returned();
  }
}

void Worker::heed_gates(const std::string& name) {
  std::vector<std::uint64_t> ids;
  for (auto& [id, client] : clients_) {
    if (client->database() != nullptr && client->database()->config().name == name) ids.push_back(id);
  }
  for (const auto id : ids) {
    if (auto* client = client_of(id)) client->drop_stale_links();
  }
  if (const auto known = databases_.find(name); known != databases_.end()) known->second->heed_gates();
  for (const auto& old : old_databases_) {
    if (old.database->config().name == name) old.database->heed_gates();
  }
}

std::size_t Worker::lent_links(const std::string& name) const {
  std::size_t sum = 0;
  const auto count = [&sum](Database& database) {
    database.visit_pools([&sum](const std::string&, auto& pool) {
      if (!pool.is_beside()) sum += pool.lent() + pool.opening();
    });
  };
  if (const auto known = databases_.find(name); known != databases_.end()) count(*known->second);
  for (const auto& old : old_databases_) {
    if (old.database->config().name == name) count(*old.database);
  }
  return sum;
}

std::size_t Worker::leave_node(const std::string& name, const std::string& node) {
  std::size_t used = 0;
  const auto leave = [&](Database& database) {
    if (!name.empty() && database.config().name != name) return;
    database.visit_pools([&](const std::string&, auto& pool) {
      if (pool.node().address.text != node) return;
      pool.sweep(true);
      used += pool.lent() + pool.opening() + pool.waiting();
    });
  };
  for (auto& [known, database] : databases_) leave(*database);
  for (auto& old : old_databases_) leave(*old.database);
  return used;
}

// A reload: new clients, and old ones between transactions, use the new databases; the old ones go when nobody uses
// them.
void Worker::adopt(std::shared_ptr<const Generation> generation) {
  generation_ = std::move(generation);
  for (auto& [name, database] : databases_) {
    database->retire();
    old_databases_.push_back({std::move(database), false});
  }
  databases_.clear();
  for (auto& [id, client] : clients_) client->adopt_generation();
}

void Worker::retire_old_databases() {
  std::erase_if(old_databases_, [this](OldDatabase& old) {
    const auto& database = old.database;
    const bool unused = database.use_count() == 1 && database->is_empty();
    database->sweep(true);
    // Another thread may have posted something to one of its pools: that has been done by the next time.
    if (!std::exchange(old.was_unused, unused) || !unused) return false;
    const auto current = this->database(database->config().name);
    if (current && current->counters.by_shard.size() == database->counters.by_shard.size()) {
      current->counters += database->counters;  // nothing counted is forgotten
    }
    return true;
  });
}

// The batch of events at hand may still have one for them.
void Worker::stop_accepting() {
  for (auto& listener : listeners_) {
    listener->end();
    loop_.bury(std::shared_ptr<Listener>(std::move(listener)));
  }
  listeners_.clear();
}

void Worker::drain(bool at_once) {
  draining_ = true;
  drain_at_once_ = at_once;
  std::vector<std::uint64_t> ids;
  for (auto& [id, client] : clients_) ids.push_back(id);
  for (const auto id : ids) {
    if (auto* client = client_of(id)) client->drain("shutdown");
  }
}

// A short query_timeout is to be over when it says so, or soon after.
std::chrono::milliseconds Worker::between_timeouts() const {
  constexpr config::Milliseconds kShortest{100}, kLongest{1000};
  bool any = generation_->config->client_idle_timeout.count() > 0;
  auto between = kLongest;
  for (const auto& database : generation_->config->databases) {
    const auto limit = database.pool.query_timeout;
    any = any || limit.count() > 0 || database.pool.idle_transaction_timeout.count() > 0;
    if (limit.count() > 0) between = std::clamp(limit / 4, kShortest, between);
  }
  return any ? between : config::Milliseconds(0);
}

void Worker::check_timeouts() {
  const auto between = between_timeouts();
  if (between.count() > 0) {
    std::vector<Client*> all;  // closing one takes it out of the map
    for (auto& [id, client] : clients_) all.push_back(client.get());
    for (auto* client : all) client->check_timeouts(loop_.now());
  }
  loop_.after(between.count() > 0 ? between : std::chrono::seconds(1), [this] { check_timeouts(); });
}

// Where somebody stands in a pool's line with a connection of another one in hand, everybody else of the database who
// has one may be in the circle.
void Worker::report_waits() {
  const auto watched = wide_sessions_;
  for (auto* session : watched) session->report_wait();
  const bool lines = std::any_of(databases_.begin(), databases_.end(), [](const auto& entry) {
    const auto& ledger = entry.second->backend().ledger;
    return ledger && ledger->waits.has_line();
  });
  if (!lines) return;
  for (auto& [id, client] : clients_) {
    auto* database = client->database();
    if (database == nullptr || watched.count(client.get()) > 0) continue;
    const auto& ledger = database->backend().ledger;
    if (ledger && ledger->waits.has_line()) client->report_wait();
  }
}

void Worker::every_second() {
  for (auto& [name, database] : databases_) database->sweep(false);
  if (!old_databases_.empty()) retire_old_databases();
  std::erase_if(interned_, [](const auto& entry) { return entry.second.expired(); });
  report_waits();
  loop_.after(std::chrono::seconds(1), [this] { every_second(); });
}

void Worker::report(bool with_clients, stats::Report& into) {
  stats::WorkerRow row;
  row.worker = index_;
  row.clients = clients_.size();
  row.wakeups = loop_.wakeups();
  row.loop_lag = loop_lag_;
  std::map<std::pair<std::string, std::string>, stats::PoolRow> pools;
  const auto pool_of = [&](const std::string& database, const std::string& user,
                           config::PoolMode mode) -> stats::PoolRow& {
    auto& pool = pools[{database, user}];
    pool.database = database;
    pool.user = user;
    pool.mode = mode == config::PoolMode::kSession     ? "session"
                : mode == config::PoolMode::kStatement ? "statement"
                                                       : "transaction";
    return pool;
  };
  for (const auto& [id, client] : clients_) {
    if (with_clients) into.clients.push_back(client->row());
    client->add_server_rows(into.servers);
    ++into.clients_total;
    if (client->is_logging_in()) ++into.logging_in;
    if (client->pin() != router::PinReason::kNone) ++into.pinned_now[client->pin()];
    if (auto* database = client->database()) {
      client->count(
          pool_of(database->config().name, database->server_user_of(client->user()), database->config().pool.mode));
    }
  }
  const auto add = [&](Database& database) {
    auto& counters = into.counters[database.config().name];
    counters += database.counters;
    database.add_cache_counters(counters);
    database.visit_pools([&](const std::string& user, auto& pool) {
      if (!pool.is_beside()) {
        auto& sums = pool_of(database.config().name, user, database.config().pool.mode);
        sums.sv_active += static_cast<std::uint32_t>(pool.lent());
        sums.sv_idle += static_cast<std::uint32_t>(pool.idle());
        sums.sv_login += static_cast<std::uint32_t>(pool.opening());
      }
      row.servers += pool.lent() + pool.idle() + pool.opening();
      for (const auto& link : pool.idle_links()) into.servers.push_back(server_row(*link, index_, "idle"));
      for (const auto& link : pool.opening_links()) into.servers.push_back(server_row(*link, index_, "new"));
    });
  };
  for (auto& [name, database] : databases_) add(*database);
  for (auto& old : old_databases_) add(*old.database);
  for (auto& [key, pool] : pools) into.pools.push_back(std::move(pool));
  into.servers_total += row.servers;
  into.workers.push_back(std::move(row));
}

}  // namespace shardway::proxy
