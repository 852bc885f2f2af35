// ControlLink: one connection of the slow lane that never blocks: opened, asked one question at a time, watched while
// idle. Its two kinds speak through libpq (postgres_control_link.hpp) and libmariadb (mysql_control_link.hpp).
// Its owner polls fd() for events() and calls advance() with what happened, or when deadline() has passed; every wait
// has that deadline. Errors come as Event::kFailed or kTimedOut with error() in the library's words; the link is closed
// then. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/backend/node.hpp"
#include "proxy/control/rows.hpp"

namespace shardway::proxy::control {

class ControlLink {
 public:
  enum class State : std::uint8_t { kClosed, kConnecting, kIdle, kBusy };
  enum class Event : std::uint8_t { kNothing, kConnected, kAnswered, kFailed, kTimedOut };

  ControlLink() = default;
  virtual ~ControlLink() = default;
  ControlLink(const ControlLink&) = delete;
  ControlLink& operator=(const ControlLink&) = delete;

  virtual void open(backend::SteadyNanos deadline) = 0;
  virtual void close() noexcept = 0;
  // One text; several statements in it give as many results. Only when idle.
  virtual void ask(const char* sql, backend::SteadyNanos deadline) = 0;
  virtual int fd() const noexcept = 0;  // -1: closed
  virtual short events() const noexcept = 0;
  Event advance(short happened, backend::SteadyNanos now);

  State state() const noexcept { return state_; }
  backend::SteadyNanos deadline() const noexcept { return deadline_; }  // 0: none
  const std::string& error() const noexcept { return error_; }
  const std::string& sqlstate() const noexcept { return sqlstate_; }  // of error(), if a statement had it; else empty
  // The last open() failed by the server's own word, and not because it is starting up or shutting down: it is there,
  // but takes no more connections, or does not let this user in. Or it has answered a question with an error that is
  // about the question: it may not be asked.
  bool said_no() const noexcept {
    const bool is_end = sqlstate_.starts_with("57") || sqlstate_.starts_with("08") || sqlstate_.starts_with("70");
    return turned_away_ || (!sqlstate_.empty() && !is_end);
  }
  // One for each statement; valid after kAnswered until the next ask().
  const std::vector<Rows>& results() const noexcept { return results_; }

 protected:
  virtual Event proceed(short happened) = 0;  // what advance() does but for the deadline
  Event fail(std::string error, Event event = Event::kFailed);

  State state_ = State::kClosed;
  backend::SteadyNanos deadline_ = 0;
  std::string error_, sqlstate_;
  bool turned_away_ = false;
  std::vector<Rows> results_;
};

// A client library's words as the value of one key in one line.
std::string one_line(const char* text);

// Closed; to a node of this database, as its control user.
std::unique_ptr<ControlLink> make_control_link(const config::Database& database, const config::Address& address);

}  // namespace shardway::proxy::control
