// App: the running program. It owns the configuration's generation, the workers, the control lane and HTTP, and is what
// the console may ask of them (admin::Host). The one place that knows everyone.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "proxy/admin/host.hpp"
#include "proxy/admin/http.hpp"
#include "proxy/control/control.hpp"
#include "proxy/control/switchover_run.hpp"
#include "proxy/maintenance.hpp"
#include "proxy/transaction/recovery.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy {

class App final : public admin::Host {
 public:
  App(std::string config_file, std::shared_ptr<const config::Config> config);
  ~App() override;

  // Serves until a signal or SHUTDOWN ends it; the exit status. Signals must be blocked in the calling thread before.
  int run();

  void collect(bool with_clients, std::function<void(stats::Report)> done) override;
  std::shared_ptr<const config::Config> config() const override;
  bool accepting() const override { return accepting_.load(); }
  std::string reload() override;
  void pause(const admin::Part& part, config::Milliseconds timeout, std::function<void(std::string)> done) override;
  std::string resume(const admin::Part& part) override;
  void drain_node(const std::string& node, std::function<void(std::string)> done) override;
  std::string undrain_node(const std::string& node) override;
  void switchover(const admin::SwitchoverOrder& order, std::function<void(admin::SwitchoverStep)> tell,
                  std::function<void(std::string)> done) override;
  std::string set_disabled(const std::string& database, bool disabled) override;
  std::string reconnect(const std::string& database) override;
  std::string kill(const std::string& database) override;
  void kill_client(std::uint64_t id, std::function<void(std::string)> done) override;
  void shutdown(bool wait_for_clients) override;

 private:
  std::shared_ptr<const Generation> make_generation(std::shared_ptr<const config::Config> config);
  std::shared_ptr<const Generation> generation() const;
  // The slow lane of one generation: who is who among the servers, and what is left to be finished on them.
  struct SlowLane {
    std::unique_ptr<control::Control> control;
    std::vector<std::unique_ptr<transaction::Recovery>> recoveries;  // of the sharded databases
    std::vector<std::weak_ptr<SharedDatabase>> databases;
  };
  SlowLane make_slow_lane(const Generation& generation);
  void gates_changed(const std::string& database);  // from any thread
  void drop_unused_lanes();
  std::shared_ptr<transaction::Ledger> ledger_of(const config::Database& database, const std::string& cluster);
  void open_listeners(std::uint32_t workers);
  void remove_sockets();
  void raise_open_files();
  void drain(bool at_once);
  bool drained();
  bool set_paused(const std::string& database, bool paused);
  void pause_databases(const std::string& database, bool may_be_paused, std::function<void(std::string)> done);
  std::string resume_databases(const std::string& database);
  void check_paused(std::vector<std::string> names, std::function<void(std::string)> done);
  // Calls `each` on every worker's thread and `last` after the last of them, on that one's thread.
  void gather(std::function<void(Worker&)> each, std::function<void()> last);
  void after(std::chrono::milliseconds delay, std::function<void()> action);

  // app_maintenance.cpp
  void apply_maintenance(const Generation& generation);
  void maintenance_changed();
  std::vector<std::shared_ptr<const Generation>> generations();
  std::vector<Maintenance::Shard> shards_led_by(const std::string& node) const;  // its primary
  std::vector<Maintenance::Shard> shards_of(const admin::Part& part) const;
  std::vector<std::string> nodes_of(const admin::Part& part) const;
  void count_lent(std::vector<std::string> nodes, std::string database, std::function<void(std::size_t)> done);
  void when_unused(const admin::Part& part, std::function<bool()> still_wanted, std::function<void(std::string)> done);
  std::string let_go(const admin::Part& part);
  void end_pause(const admin::Part& part, std::uint64_t ticket);

  // app_switchover.cpp
  std::shared_ptr<backend::Backend> backend_of(const std::string& database) const;
  static backend::ShardNodes* shard_of(backend::Backend& backend, const std::string& name);
  void set_switchover_gates(const std::vector<Maintenance::Shard>& shards, bool closed);
  std::vector<Maintenance::Shard> shards_switched_with(const admin::Part& part,
                                                       const config::Address& old_primary) const;
  std::variant<control::switchover::Cast, std::string> cast_of(const admin::SwitchoverOrder& order,
                                                               const backend::Backend& backend,
                                                               const backend::ShardNodes& shard) const;
  std::string out_of_service(const std::string& node) const;
  std::optional<std::size_t> lent_now(const std::string& node);
  std::vector<control::switchover::Holder> holders_of(const config::Address& node);
  control::switchover::Around around_of(const admin::Part& part, const config::Address& old_primary,
                                        std::function<void(admin::SwitchoverStep)> tell,
                                        std::function<void(std::string)> done);
  void look_at(const std::vector<Maintenance::Shard>& shards);
  bool release_switchovers(const admin::Part& part);
  void add_switchovers(stats::Report& report) const;
  void add_static_rows(stats::Report& report) const;
  std::vector<std::shared_ptr<SharedDatabase>> databases_named(const std::string& name) const;
  std::string unknown(const std::string& database) const;
  std::string take_over();  // the file as it is now, under reload_mutex_
  void on_each_worker(const std::function<void(Worker&)>& action);

  const std::string config_file_;
  PermitBooks permits_;       // outlive every configuration
  mutable std::mutex mutex_;  // generation_ and slow_lane_
  std::shared_ptr<const Generation> generation_;
  std::vector<std::weak_ptr<const Generation>> generations_;  // clients wait in old ones, too
  SlowLane slow_lane_;
  std::vector<SlowLane> old_lanes_;  // of configurations that clients still use; changed under reload_mutex_
  std::map<std::string, std::shared_ptr<transaction::Ledger>> ledgers_;  // by database; they outlive reloads
  const std::shared_ptr<postgres::ClientKeys> client_keys_ = std::make_shared<postgres::ClientKeys>();
  std::mutex reload_mutex_;
  Surroundings surroundings_;
  std::vector<std::vector<int>> listeners_;  // per worker, as in config.listen
  std::vector<std::string> unix_sockets_;    // the paths of those that are bound here
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<admin::Http> http_;
  Maintenance maintenance_;
  mutable std::mutex switchovers_mutex_;
  std::map<std::string, std::unique_ptr<control::switchover::Switchover>> switchovers_;  // by "database.shard"
  std::atomic<bool> accepting_{true}, awaits_clients_{false};
  std::atomic<std::uint32_t> next_node_{0};
  const std::int64_t start_time_;
  const net::Time started_ = net::Clock::now();
};

}  // namespace shardway::proxy
