// Line: one connection of a switchover to one server, asked one question at a time. ask() waits for the answer until
// its deadline and for as long as nobody wants to stop; it opens the connection when it is needed. An error closes it,
// as ControlLink does: what the session held (a lock, a setting) is gone then, and is_open() says so.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/control/control_link.hpp"

namespace shardway::proxy::control::switchover {

// Until when, and for as long as nobody wants to stop.
struct Patience {
  backend::SteadyNanos until = 0;
  const std::atomic<bool>* stopping = nullptr;
  bool is_over() const noexcept;
  backend::SteadyNanos left() const noexcept;  // 0 when it is over
  Patience at_most(backend::SteadyNanos time) const noexcept;
};
// For a moment, or until the patience is over.
void pause(const Patience& patience, backend::SteadyNanos time);

class Line {
 public:
  Line(const config::Database& database, const config::Address& address);

  // The last statement's rows; nullopt: error() and sqlstate() say why.
  std::optional<Rows> ask(const std::string& sql, const Patience& patience);
  // All statements' rows.
  const std::vector<Rows>& results() const noexcept { return link_->results(); }
  bool is_open() const noexcept { return link_->state() == ControlLink::State::kIdle; }
  void close() noexcept { link_->close(); }
  const config::Address& address() const noexcept { return address_; }
  std::string error() const { return address_.text + ": " + error_; }
  const std::string& sqlstate() const noexcept { return link_->sqlstate(); }

 private:
  bool await(ControlLink::Event wanted, const Patience& patience);

  config::Address address_;
  std::unique_ptr<ControlLink> link_;
  std::string error_;
};

// As a literal that both kinds of servers read alike: backslashes and quotes doubled. `escapes`: a backslash in '…' is
// an escape (MySQL); else E'…' is written where there is one.
std::string literal(std::string_view text, bool escapes);

}  // namespace shardway::proxy::control::switchover
