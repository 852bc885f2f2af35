// Worker: one thread with its own event loop, listeners, sessions, links and statement caches. Nothing in it is shared;
// other threads reach it through loop().post().
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "proxy/admin/host.hpp"
#include "proxy/client.hpp"
#include "proxy/database.hpp"
#include "proxy/mysql/server_version.hpp"
#include "proxy/mysql/statements.hpp"
#include "proxy/net/event_loop.hpp"
#include "proxy/postgres/prepared.hpp"

namespace shardway::proxy {

namespace postgres {
class Session;
}

// What workers need of the program around them. All of it may be called from any worker's thread.
struct Surroundings {
  admin::Host* host = nullptr;
  postgres::PreparedRegistry prepared;
  mysql::Statements statements;
  mysql::ServerVersion mysql_version;  // what MySQL clients are greeted with
  std::atomic<std::uint64_t> clients{0};
  std::atomic<std::uint64_t> spare_consoles{0};  // of them: admin and stats users who came when there were too many
  std::atomic<std::uint64_t> last_client_id{0};
  std::function<void()> sample_wanted;                               // wakes the control lane
  std::function<void(const std::string& database)> catalog_changed;  // DDL went through
  // Runs with the client of this number on its own thread; null, if there is none.
  std::function<void(std::uint64_t process_id, std::function<void(Client*)>)> visit;
};

class Worker {
 public:
  Worker(std::uint32_t index, Surroundings& surroundings, std::shared_ptr<const Generation> generation,
         std::vector<int> listeners);
  ~Worker();

  void start();  // the thread
  void stop();   // from any thread; join() then
  void join();
  net::EventLoop& loop() noexcept { return loop_; }
  std::uint32_t index() const noexcept { return index_; }

  // ---- on this thread ----
  void adopt(std::shared_ptr<const Generation> generation);
  void stop_accepting();
  void drain(bool at_once);  // close clients as their transactions end; at once: no new ones begin
  std::size_t client_count() const noexcept { return clients_.size(); }
  void report(bool with_clients, stats::Report& into);
  void visit(std::uint32_t process_id, const std::function<void(Client*)>& action);
  bool kill_client(std::uint64_t id);
  void kill_database(const std::string& name, std::string_view reason);
  void serve_paused(const std::string& name);  // after RESUME
  void reconnect(const std::string& name);
  void heed_gates(const std::string& name);               // roles, gates or epochs of this database have changed
  std::size_t lent_links(const std::string& name) const;  // those of older configurations, too
  // The node is to be left: idle links there are closed; how many are in use. `name` empty: of any database.
  std::size_t leave_node(const std::string& name, const std::string& node);

  // ---- for sessions ----
  Surroundings& surroundings() noexcept { return surroundings_; }
  const std::shared_ptr<const Generation>& generation() const noexcept { return generation_; }
  std::shared_ptr<Database> database(const std::string& name);
  postgres::SharedSettings intern(postgres::Settings settings);
  std::uint32_t new_process_id(Client& client);
  void remove(Client& client);
  void resume_later(Client& client);  // after the events at hand, if it still lives then
  void resume_after(Client& client, std::chrono::milliseconds delay);
  void adopt_later(Client& client);
  // Runs on this thread with the session, if it still lives; from any thread. `id` must be of a client of this kind.
  template <class Session>
  void with_client(std::uint64_t id, std::function<void(Session&)> action) {
    loop_.post([this, id, action = std::move(action)] {
      if (auto* client = client_of(id)) action(static_cast<Session&>(*client));
    });
  }
  // Sends a CancelRequest. Until it is delivered it could meet whatever is sent next: the link's owner is told when it
  // is, and park() keeps a link that comes back before; `statements` clean it then, before anybody else has it.
  void cancel_on_server(postgres::Link& link);
  void park(std::unique_ptr<postgres::Link> link, std::vector<std::string> statements);
  void forget_cancel(postgres::Link& link);  // the link is being closed
  // Sessions whose transaction is open on several shards, or that hold a connection and wait for another one: looked at
  // every second, for deadlocks.
  void watch_waits(Client& session) { wide_sessions_.insert(&session); }
  void forget_waits(Client& session) { wide_sessions_.erase(&session); }
  stats::DatabaseCounters* login_counters(const std::string& database);

  static constexpr std::uint32_t kProcessIds = 1u << 22;  // numbers of clients, each worker's own range of them
  static constexpr std::size_t kClientBuffer = 64 * 1024;
  static constexpr std::size_t kServerBuffer = 128 * 1024;
  char* client_buffer() noexcept { return client_buffer_.get(); }
  char* server_buffer() noexcept { return server_buffer_.get(); }

 private:
  class Listener;
  class Canceller;
  void accept(int fd, std::size_t listener);
  Client* client_of(std::uint64_t id) const;
  void cancel_delivered(postgres::Link* link);
  std::chrono::milliseconds between_timeouts() const;  // how often they are looked at; 0: there are none
  void check_timeouts();
  void every_second();
  void report_waits();
  void retire_old_databases();

  const std::uint32_t index_;
  Surroundings& surroundings_;
  net::EventLoop loop_;
  std::shared_ptr<const Generation> generation_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::unordered_map<std::uint32_t, Client*> by_process_id_;
  std::set<Client*> wide_sessions_;
  std::uint32_t last_process_id_ = 0;
  std::map<std::string, std::shared_ptr<Database>> databases_;
  struct OldDatabase {
    std::shared_ptr<Database> database;
    bool was_unused;
  };
  std::vector<OldDatabase> old_databases_;
  std::unordered_map<std::string, std::weak_ptr<const postgres::Settings>> interned_;
  std::unordered_map<postgres::Link*, std::unique_ptr<Canceller>> cancellers_;
  struct Parked {
    std::unique_ptr<postgres::Link> link;
    std::vector<std::string> statements;
  };
  std::unordered_map<postgres::Link*, Parked> parked_;
  std::vector<std::unique_ptr<Client>> closing_;
  std::unique_ptr<char[]> client_buffer_{new char[kClientBuffer]};
  std::unique_ptr<char[]> server_buffer_{new char[kServerBuffer]};
  stats::Histogram loop_lag_;
  bool draining_ = false, drain_at_once_ = false;
  std::thread thread_;
};

}  // namespace shardway::proxy
