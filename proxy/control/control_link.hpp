// ControlLink: one libpq connection that never blocks: opened, asked one question at a time, watched while idle.
// Its owner polls fd() for events() and calls advance() with what happened, or when deadline() has passed; every wait
// has that deadline. Errors come as Event::kFailed or kTimedOut with error() in libpq's words; the link is closed then.
// Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "proxy/backend/node.hpp"

namespace shardway::proxy::control {

// libpq's keywords and values (PQconnectStartParams); holds the password: never logged.
using ConnectParameters = std::vector<std::pair<std::string, std::string>>;
ConnectParameters connect_parameters(const config::Database& database, const config::Address& address);

struct ResultDeleter {
  void operator()(PGresult* r) const noexcept { PQclear(r); }
};
using Result = std::unique_ptr<PGresult, ResultDeleter>;

class ControlLink {
 public:
  enum class State : std::uint8_t { kClosed, kConnecting, kIdle, kBusy };
  enum class Event : std::uint8_t { kNothing, kConnected, kAnswered, kFailed, kTimedOut };

  void open(const ConnectParameters& parameters, backend::SteadyNanos deadline);
  void close() noexcept;
  // One simple Query; several statements in it give as many results. Only when idle.
  void ask(const char* sql, backend::SteadyNanos deadline);
  Event advance(short happened, backend::SteadyNanos now);

  State state() const noexcept { return state_; }
  int fd() const noexcept;  // -1: closed
  short events() const noexcept;
  backend::SteadyNanos deadline() const noexcept { return deadline_; }  // 0: none
  const std::string& error() const noexcept { return error_; }
  const std::string& sqlstate() const noexcept { return sqlstate_; }  // of error(), if a statement had it; else empty
  // The statements' results, each PGRES_TUPLES_OK or PGRES_COMMAND_OK; valid after kAnswered until the next ask().
  const std::vector<Result>& results() const noexcept { return results_; }

 private:
  struct ConnectionDeleter {
    void operator()(PGconn* c) const noexcept { PQfinish(c); }
  };
  Event fail(std::string error, Event event = Event::kFailed);
  Event advance_connecting(short happened);
  Event advance_open(short happened);
  Event collect();

  std::unique_ptr<PGconn, ConnectionDeleter> connection_;
  State state_ = State::kClosed;
  PostgresPollingStatusType wants_ = PGRES_POLLING_WRITING;  // while connecting
  bool unsent_ = false;                                      // while busy: libpq still holds bytes of the question
  backend::SteadyNanos deadline_ = 0;
  std::string error_, sqlstate_;
  std::vector<Result> results_;
};

}  // namespace shardway::proxy::control
