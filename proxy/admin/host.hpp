// Host: what the console and HTTP may ask of the running program. Implemented by App; every call may come from any
// thread, every answer arrives on a thread of the program's choosing.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proxy/config/config.hpp"
#include "proxy/stats/report.hpp"

namespace shardway::proxy::admin {

// What a command is about: everything (all empty), a database, a shard of it, or a node of whatever databases have it.
struct Part {
  std::string database, shard, node;
};

struct SwitchoverOrder {
  Part part;                        // database, shard, and the node that is to be its primary
  config::Milliseconds timeout{0};  // 0: as configured
  bool force = false, rehearse = false;
};
struct SwitchoverStep {
  std::string step, state, detail;
  std::int64_t milliseconds = 0;
};

class Host {
 public:
  virtual ~Host() = default;
  // Gathers a Report from all workers; `done` is called once, on some worker's thread. `with_clients`: client rows too.
  virtual void collect(bool with_clients, std::function<void(stats::Report)> done) = 0;
  virtual std::shared_ptr<const config::Config> config() const = 0;
  virtual bool accepting() const = 0;  // false while draining: /readyz
  // Rereads the configuration file; empty on success, else every problem as `FILE:LINE:COL: …` lines; nothing changed
  // then.
  virtual std::string reload() = 0;
  // PAUSE: no new transaction starts there, `done` is called when all have ended (or with an error text). It ends by
  // itself after `timeout`; 0: never.
  virtual void pause(const Part& part, config::Milliseconds timeout, std::function<void(std::string error)> done) = 0;
  virtual std::string resume(const Part& part) = 0;
  // No new statement goes to the replica; `done` when the last one there has ended, or with an error text.
  virtual void drain_node(const std::string& node, std::function<void(std::string error)> done) = 0;
  virtual std::string undrain_node(const std::string& node) = 0;
  // `tell` for each step, then `done` once: with an error text, if it was not done. Steps and all from any thread.
  virtual void switchover(const SwitchoverOrder& order, std::function<void(SwitchoverStep)> tell,
                          std::function<void(std::string error)> done) = 0;
  virtual std::string set_disabled(const std::string& database, bool disabled) = 0;
  // Closes server connections as they become idle and opens new ones: RECONNECT.
  virtual std::string reconnect(const std::string& database) = 0;
  // Drops clients and server connections of the database and leaves it paused: KILL.
  virtual std::string kill(const std::string& database) = 0;
  virtual void kill_client(std::uint64_t id, std::function<void(std::string error)> done) = 0;
  virtual void shutdown(bool wait_for_clients) = 0;
};

}  // namespace shardway::proxy::admin
