// What the console and HTTP may ask of the running program.

#include "proxy/app.hpp"
#include "proxy/config/placement.hpp"
#include "proxy/log.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/transaction/ledger.hpp"

#include <unistd.h>
#include <csignal>
#include <set>

namespace shardway::proxy {
namespace {

constexpr auto kPausePoll = std::chrono::milliseconds(20);

std::string mode_name(config::PoolMode mode) {
  return mode == config::PoolMode::kSession     ? "session"
         : mode == config::PoolMode::kStatement ? "statement"
                                                : "transaction";
}

std::string unlisted_name(const router::Topology& topology) {
  switch (topology.unlisted) {
    case router::Unlisted::kSingle: return "single:" + topology.shards[topology.unlisted_shard];
    case router::Unlisted::kReference: return "reference";
    case router::Unlisted::kRefuse: break;
  }
  return "refuse";
}

stats::DatabaseRow database_row(const SharedDatabase& database) {
  const auto& config = database.backend->config;
  const auto topology = database.backend->topology();
  stats::DatabaseRow row;
  row.name = config.name;
  row.protocol = "postgresql";
  row.pool_mode = mode_name(config.pool.mode);
  row.server_database = config.server_database.empty() ? config.name : config.server_database;
  row.pool_size = config.pool.size;
  row.shards = static_cast<std::uint32_t>(config.shards.size());
  row.slots = topology->map.slots();
  row.home = topology->shards[topology->home];
  row.unlisted = unlisted_name(*topology);
  row.slots_per_shard.resize(config.shards.size());
  for (std::uint32_t slot = 0; slot < row.slots; ++slot) ++row.slots_per_shard[topology->map.owner(slot)];
  for (const auto& shard : config.shards) {
    row.shard_names.push_back(shard.name);
    row.first_addresses.push_back(shard.nodes.front().address.text);
  }
  row.epoch = topology->epoch;
  if (topology->catalog) {
    std::set<std::string_view> refused;
    for (const auto& [name, refusal] : topology->catalog->refused) refused.insert(name);
    for (const auto name : refused) row.refused_tables += (row.refused_tables.empty() ? "" : ", ") + std::string(name);
  }
  row.paused = database.backend->paused.load();
  row.disabled = database.backend->disabled.load();
  return row;
}

stats::NodeRow node_row(const config::Database& config, const backend::ShardNodes& shard, const backend::Node& node) {
  stats::NodeRow row;
  row.database = config.name;
  row.shard = shard.name;
  row.address = node.address.text;
  row.zone = node.zone;
  const auto role = node.role.load();
  row.role = role == backend::Role::kPrimary ? "primary" : role == backend::Role::kReplica ? "replica" : "unknown";
  row.up = node.up.load();
  row.lag_us = node.lag_us.load();
  row.timeline = node.timeline.load();
  row.system_identifier = node.system_identifier.load();
  const auto fresh = node.fresh_as_of.load();
  const auto now = net::Clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  row.fresh_age_us = fresh == 0 ? -1 : (now - fresh) / 1000;
  row.lag_bytes = node.lag_bytes.load();
  auto out = node.out.load();
  if (out == backend::Out::kNo && node.refuses_logins(now)) out = backend::Out::kLoginRefused;
  row.why = backend::name_of(out);
  row.epoch = node.epoch.load();
  row.outstanding = node.load.outstanding.load();
  const auto latency = node.load.latency_us.load();
  row.latency_us = role == backend::Role::kReplica && latency > 0 ? latency : -1;
  if (const auto gtids = node.gtids.load()) row.gtid = *gtids;
  row.cure = backend::cure_of(node.left_behind ? backend::Out::kReadOnly : out);
  return row;
}

stats::HeldRow held_row(const config::Database& config, const backend::ShardNodes& shard) {
  stats::HeldRow row;
  row.database = config.name;
  row.shard = shard.name;
  row.reasons = shard.gate.reasons();
  row.clients = shard.gate.held_clients();
  row.bytes = shard.gate.held_bytes();
  const auto now = net::Clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  row.closed_us = row.reasons.empty() ? 0 : (now - shard.gate.closed_since()) / 1000;
  return row;
}

void add_transactions(const SharedDatabase& database, stats::Report& report) {
  if (!database.backend->ledger) return;
  for (const auto& entry : database.backend->ledger->entries()) {
    stats::TransactionRow row;
    row.database = database.backend->config.name;
    row.gtx = entry.name.text();
    row.state = transaction::name_of(entry.state);
    row.agent = entry.name.agent;
    for (const auto& part : entry.parts) row.parts += (row.parts.empty() ? "" : ", ") + part;
    row.owner = entry.name.incarnation == transaction::incarnation() ? "this" : "another";
    row.client_id = entry.client;
    row.since = std::chrono::system_clock::to_time_t(entry.since);
    row.recovered = entry.handed_over || entry.client == 0;
    row.why = entry.why;
    report.transactions.push_back(std::move(row));
  }
}

// What an operator has done outlives a reload.
void inherit_pauses(const Generation& before, const Generation& fresh) {
  for (const auto& [name, database] : fresh.databases) {
    const auto found = before.databases.find(name);
    if (found == before.databases.end()) continue;
    database->backend->paused.store(found->second->backend->paused.load());
    database->backend->disabled.store(found->second->backend->disabled.load());
  }
}

// So does what is known of the shards.
void inherit(const Generation& before, const Generation& fresh) {
  for (const auto& [name, database] : fresh.databases) {
    const auto found = before.databases.find(name);
    if (found == before.databases.end()) continue;
    database->inherit_welcomes(*found->second);
    const auto& old = *found->second->backend;
    for (const auto& shard : database->backend->shards) {
      for (const auto& known : old.shards) {
        if (known->name == shard->name) shard->inherit(*known);
      }
    }
  }
}

}  // namespace

void App::gather(std::function<void(Worker&)> each, std::function<void()> last) {
  auto left = std::make_shared<std::atomic<std::size_t>>(workers_.size());
  for (auto& worker : workers_) {
    worker->loop().post([&worker = *worker, each, last, left] {
      each(worker);
      if (left->fetch_sub(1) == 1) last();
    });
  }
}

std::shared_ptr<const config::Config> App::config() const { return generation()->config; }

void App::collect(bool with_clients, std::function<void(stats::Report)> done) {
  struct Gathering {
    std::mutex mutex;
    stats::Report report;
  };
  auto gathering = std::make_shared<Gathering>();
  gather(
      [gathering, with_clients](Worker& worker) {
        const std::lock_guard lock(gathering->mutex);
        worker.report(with_clients, gathering->report);
      },
      [this, gathering, done = std::move(done)] {
        add_static_rows(gathering->report);
        done(std::move(gathering->report));
      });
}

// The rows that need no worker; and the pools of one user on several workers become one.
void App::add_static_rows(stats::Report& report) const {
  const auto now = generation();
  for (const auto& [name, database] : now->databases) {
    auto row = database_row(*database);
    report.counters[name];
    for (const auto& shard : database->backend->shards) {
      report.held.push_back(held_row(database->backend->config, *shard));
      for (const auto& node : shard->nodes) {
        auto& added = report.nodes.emplace_back(node_row(database->backend->config, *shard, *node));
        added.state = maintenance_.state_of(added.address);
        added.servers = database->postgres_pools.open(*node) + database->mysql_pools.open(*node);
        row.current_connections += added.servers;
      }
    }
    report.databases.push_back(std::move(row));
    add_transactions(*database, report);
  }
  std::map<std::pair<std::string, std::string>, stats::PoolRow> merged;
  for (const auto& pool : report.pools) {
    auto [slot, fresh] = merged.try_emplace({pool.database, pool.user}, pool);
    if (!fresh) slot->second += pool;
  }
  report.pools.clear();
  for (auto& [key, pool] : merged) report.pools.push_back(std::move(pool));
  add_switchovers(report);
  report.users = now->config->users.size();
  report.start_time = start_time_;
  report.uptime_us = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(net::Clock::now() - started_).count());
  report.shutting_down = !accepting_.load();
}

std::string App::reload() {
  const std::lock_guard one_at_a_time(reload_mutex_);
  auto problems = take_over();
  if (!problems.empty()) reopen_log();  // it may have been renamed all the same
  return problems;
}

std::string App::take_over() {
  const auto loaded = config::load(config_file_);
  if (!loaded.config) {
    std::string problems;
    for (const auto& diagnostic : loaded.diagnostics) problems += config::format(diagnostic) + "\n";
    return problems.empty() ? "the configuration could not be read" : problems;
  }
  const auto before = generation();
  const auto same = [](const config::Listen& a, const config::Listen& b) { return a.address.text == b.address.text; };
  if (!std::equal(before->config->listen.begin(), before->config->listen.end(), loaded.config->listen.begin(),
                  loaded.config->listen.end(), same)) {
    return config_file_ + ": error: [[listen]] addresses cannot change while the program runs\n  hint: restart it\n";
  }
  if (before->config->workers != loaded.config->workers) {
    return config_file_ + ": error: shardway.workers cannot change while the program runs\n  hint: restart it\n";
  }
  const auto http_of = [](const config::Config& config) { return config.admin.http ? config.admin.http->text : ""; };
  if (http_of(*before->config) != http_of(*loaded.config)) {
    return config_file_ + ": error: admin.http cannot change while the program runs\n  hint: restart it\n";
  }
  for (const auto& [name, database] : before->databases) {
    const auto* after = loaded.config->database(name);
    if (after == nullptr || database->backend->paused) continue;
    const auto moved = config::rows_moved(database->backend->config, *after);
    if (moved.empty()) continue;
    return config_file_ + ": error: database \"" + name + "\": " + moved +
           ": Shardway moves no rows, and would look for them where they are not\n"
           "  hint: if they have been moved, or there are none: PAUSE " +
           name + ", RELOAD, RESUME " + name + "; or restart it\n";
  }
  std::shared_ptr<const Generation> fresh;
  SlowLane slow_lane;
  std::function<void()> use_log;
  try {
    use_log = prepare_log(*loaded.config);
    fresh = make_generation(loaded.config);
    inherit(*before, *fresh);
    slow_lane = make_slow_lane(*fresh);
  } catch (const std::exception& error) {
    return config_file_ + ": error: " + error.what() + "\n";
  }
  use_log();
  apply_maintenance(*fresh);
  {
    const std::lock_guard lock(mutex_);
    inherit_pauses(*before, *fresh);  // of this moment: the look at the servers may have taken seconds
    generation_ = fresh;
    generations_.push_back(fresh);
    std::swap(slow_lane_, slow_lane);
  }
  client_keys_->keep_those_of(*fresh->config);
  slow_lane.recoveries.clear();
  old_lanes_.push_back(std::move(slow_lane));
  on_each_worker([fresh](Worker& worker) { worker.adopt(fresh); });
  maintenance_changed();  // while it was read, too
  return {};
}

std::vector<std::shared_ptr<SharedDatabase>> App::databases_named(const std::string& name) const {
  std::vector<std::shared_ptr<SharedDatabase>> found;
  for (const auto& [known, database] : generation()->databases) {
    if (name.empty() || known == name) found.push_back(database);
  }
  return found;
}

std::string App::unknown(const std::string& database) const { return "no such database: " + database; }

// In every configuration: clients wait in old ones, too. Whether it was so in the newest.
bool App::set_paused(const std::string& database, bool paused) {
  std::vector<std::shared_ptr<const Generation>> kept;  // its end is none of the lock's
  const std::lock_guard lock(mutex_);
  bool before = false;
  for (const auto& weak : generations_) {
    const auto& generation = kept.emplace_back(weak.lock());
    if (!generation) continue;
    const auto found = generation->databases.find(database);
    if (found != generation->databases.end()) before = found->second->backend->paused.exchange(paused);
  }
  return before;
}

void App::pause_databases(const std::string& database, bool may_be_paused, std::function<void(std::string)> done) {
  const auto chosen = databases_named(database);
  if (chosen.empty()) return done(unknown(database));
  std::vector<std::string> names;
  for (const auto& one : chosen) {
    if (set_paused(one->backend->config.name, true) && !database.empty() && !may_be_paused)
      return done("database \"" + database + "\" is already paused");
    names.push_back(one->backend->config.name);
  }
  check_paused(std::move(names), std::move(done));
}

// Answers when no link of these databases is lent any more; idle ones are closed.
void App::check_paused(std::vector<std::string> names, std::function<void(std::string)> done) {
  auto lent = std::make_shared<std::atomic<std::size_t>>(0);
  gather(
      [names, lent](Worker& worker) {
        for (const auto& name : names) {
          if (auto database = worker.database(name)) database->sweep(true);
          lent->fetch_add(worker.lent_links(name));
        }
      },
      [this, names, lent, done = std::move(done)] {
        bool still = false;
        for (const auto& name : names) {
          for (const auto& database : databases_named(name)) still = still || database->backend->paused.load();
        }
        if (!still) return done("resumed before it was paused");
        if (lent->load() == 0) return done({});
        after(kPausePoll, [this, names, done] { check_paused(names, done); });
      });
}

std::string App::resume_databases(const std::string& database) {
  const auto chosen = databases_named(database);
  if (chosen.empty()) return unknown(database);
  bool any = false;
  for (const auto& one : chosen) {
    any = set_paused(one->backend->config.name, false) || any;
    on_each_worker([name = one->backend->config.name](Worker& worker) { worker.serve_paused(name); });
  }
  return any || database.empty() ? std::string() : "database \"" + database + "\" is not paused";
}

std::string App::set_disabled(const std::string& database, bool disabled) {
  const auto chosen = databases_named(database);
  if (chosen.empty() || database.empty()) return unknown(database);
  chosen.front()->backend->disabled.store(disabled);
  return {};
}

std::string App::reconnect(const std::string& database) {
  const auto chosen = databases_named(database);
  if (chosen.empty()) return unknown(database);
  for (const auto& one : chosen) {
    on_each_worker([name = one->backend->config.name](Worker& worker) { worker.reconnect(name); });
  }
  return {};
}

std::string App::kill(const std::string& database) {
  const auto chosen = databases_named(database);
  if (chosen.empty()) return unknown(database);
  for (const auto& one : chosen) {
    set_paused(one->backend->config.name, true);
    on_each_worker(
        [name = one->backend->config.name](Worker& worker) { worker.kill_database(name, "KILL on the console"); });
  }
  return {};
}

void App::kill_client(std::uint64_t id, std::function<void(std::string)> done) {
  auto is_there = std::make_shared<std::atomic<bool>>(false);
  gather(
      [id, is_there](Worker& worker) {
        if (worker.kill_client(id)) is_there->store(true);
      },
      [id, is_there, done = std::move(done)] {
        done(is_there->load() ? std::string() : "no such client: " + std::to_string(id));
      });
}

// Clients leave by themselves, however long they take; a signal still ends it as ever.
void App::shutdown(bool wait_for_clients) {
  if (!wait_for_clients) {
    ::kill(::getpid(), SIGINT);
    return;
  }
  if (!accepting_.exchange(false)) return;
  remove_sockets();
  log::info("event=waiting_for_clients clients={}", surroundings_.clients.load());
  on_each_worker([](Worker& worker) { worker.stop_accepting(); });
  awaits_clients_.store(true);
}

}  // namespace shardway::proxy
