// App: the running program. It owns the configuration's generation, the workers, the control lane and HTTP, and is what
// the console may ask of them (admin::Host). The one place that knows everyone.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "proxy/admin/host.hpp"
#include "proxy/admin/http.hpp"
#include "proxy/control/control.hpp"
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
  void pause(const std::string& database, std::function<void(std::string)> done) override;
  std::string resume(const std::string& database) override;
  std::string set_disabled(const std::string& database, bool disabled) override;
  std::string reconnect(const std::string& database) override;
  std::string kill(const std::string& database) override;
  std::string kill_client(std::uint64_t id) override;
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
  void raise_open_files();
  void drain(bool at_once);
  bool drained();
  void check_paused(std::vector<std::string> names, std::function<void(std::string)> done);
  void add_static_rows(stats::Report& report) const;
  std::vector<std::shared_ptr<SharedDatabase>> databases_named(const std::string& name) const;
  std::string unknown(const std::string& database) const;
  void on_each_worker(const std::function<void(Worker&)>& action);

  const std::string config_file_;
  mutable std::mutex mutex_;  // generation_ and slow_lane_
  std::shared_ptr<const Generation> generation_;
  SlowLane slow_lane_;
  std::vector<SlowLane> old_lanes_;  // of configurations that clients still use; changed under reload_mutex_
  std::map<std::string, std::shared_ptr<transaction::Ledger>> ledgers_;  // by database; they outlive reloads
  std::mutex reload_mutex_;
  Surroundings surroundings_;
  std::vector<std::vector<int>> listeners_;  // per worker, as in config.listen
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<admin::Http> http_;
  std::atomic<bool> accepting_{true};
  std::atomic<std::uint32_t> next_node_{0};
  const std::int64_t start_time_;
  const net::Time started_ = net::Clock::now();
};

}  // namespace shardway::proxy
