#include "proxy/control/switchover_line.hpp"

#include <poll.h>

#include <algorithm>

#include "proxy/control/node_watch.hpp"

namespace shardway::proxy::control::switchover {
namespace {

constexpr SteadyNanos kTurn = 50 * kMillisecond;  // how soon a wish to stop is seen

}  // namespace

bool Patience::is_over() const noexcept { return (stopping != nullptr && stopping->load()) || steady_now() >= until; }

SteadyNanos Patience::left() const noexcept { return is_over() ? 0 : std::max<SteadyNanos>(0, until - steady_now()); }

Patience Patience::at_most(SteadyNanos time) const noexcept { return {std::min(until, steady_now() + time), stopping}; }

void pause(const Patience& patience, SteadyNanos time) {
  for (const auto end = std::min(patience.until, steady_now() + time); !patience.is_over();) {
    const auto left = std::min(end - steady_now(), kTurn);
    if (left <= 0) return;
    const timespec turn{0, left};
    ::ppoll(nullptr, 0, &turn, nullptr);
  }
}

Line::Line(const config::Database& database, const config::Address& address)
    : address_(address), link_(make_control_link(database, address)) {}

bool Line::await(ControlLink::Event wanted, const Patience& patience) {
  while (!patience.is_over()) {
    pollfd polled{link_->fd(), link_->events(), 0};
    const timespec turn{0, std::clamp<SteadyNanos>(patience.left(), 0, kTurn)};
    ::ppoll(&polled, 1, &turn, nullptr);
    const auto event = link_->advance(polled.revents, steady_now());
    if (event == wanted) return true;
    if (event == ControlLink::Event::kNothing) continue;
    error_ = link_->error();
    return false;
  }
  error_ = patience.stopping != nullptr && patience.stopping->load() ? "stopped" : "no answer in time";
  link_->close();
  return false;
}

std::optional<Rows> Line::ask(const std::string& sql, const Patience& patience) {
  if (patience.is_over()) {
    error_ = "no time left";
    return std::nullopt;
  }
  if (!is_open()) {
    link_->open(patience.until);
    if (!await(ControlLink::Event::kConnected, patience)) return std::nullopt;
  }
  link_->ask(sql.c_str(), patience.until);
  if (!await(ControlLink::Event::kAnswered, patience)) return std::nullopt;
  return link_->results().empty() ? Rows() : link_->results().back();
}

std::string literal(std::string_view text, bool escapes) {
  std::string quoted = escapes || text.find('\\') == std::string_view::npos ? "'" : "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace shardway::proxy::control::switchover
