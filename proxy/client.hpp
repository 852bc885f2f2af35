// Client: what a worker knows of a client connection, whichever protocol it speaks. The twin sessions
// (postgres/session.hpp, mysql/session.hpp) are its two kinds. It lives on one thread for life; every call is made
// there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/net/event_loop.hpp"
#include "proxy/stats/report.hpp"
#include "router/statement.hpp"

namespace shardway::proxy {

class Database;

class Client : public net::EventHandler {
 public:
  explicit Client(std::uint64_t id) noexcept : id_(id) {}
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  std::uint64_t id() const noexcept { return id_; }  // unique in the process
  // The number the protocol knows it by: of BackendKeyData, of the handshake; 0: none yet.
  std::uint32_t process_id() const noexcept { return process_id_; }

  virtual void start() = 0;
  virtual void resume() = 0;                         // what it waited for has happened
  virtual void drain(std::string_view reason) = 0;   // to be closed as soon as no transaction is open
  virtual void kill(std::string_view reason) = 0;    // to be closed now
  virtual bool cancel(std::string_view secret) = 0;  // what it runs; false if the secret is another one
  virtual void check_timeouts(net::Time now) = 0;    // idle, idle in a transaction, a statement that takes too long
  virtual void close_links_when_returned() = 0;      // RECONNECT
  virtual void drop_stale_links() = 0;               // those of an older epoch, with whatever runs there
  virtual void adopt_generation() = 0;               // after a reload: the new databases, between transactions
  virtual void report_wait() {}                      // to the database's WaitBoard, if it waits

  virtual Database* database() noexcept = 0;  // null before it is logged in, and on the console
  virtual const std::string& user() const noexcept = 0;
  virtual bool is_logging_in() const noexcept = 0;
  virtual router::PinReason pin() const noexcept = 0;
  virtual stats::ClientRow row() const = 0;
  virtual void add_server_rows(std::vector<stats::ServerRow>& rows) const = 0;
  virtual void count(stats::PoolRow& pool) const = 0;

 protected:
  const std::uint64_t id_;
  std::uint32_t process_id_ = 0;
};

}  // namespace shardway::proxy
