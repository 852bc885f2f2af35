#include "proxy/transaction/store_link.hpp"

#include <poll.h>

#include "proxy/control/node_watch.hpp"

namespace shardway::proxy::transaction {

namespace {

using control::ControlLink;

constexpr backend::SteadyNanos kSecond = 1'000'000'000;
constexpr int kPollMs = 100;  // how soon a wish to stop is seen

StoreLink::Rows rows_of(const control::Rows& result) {
  StoreLink::Rows rows(result.size());
  for (std::size_t row = 0; row < result.size(); ++row) {
    for (std::size_t column = 0; column < result.names.size(); ++column) rows[row].push_back(result.text(row, column));
  }
  return rows;
}

}  // namespace

bool StoreLink::await(ControlLink::Event wanted) {
  while (!stopping_) {
    pollfd polled{link_->fd(), link_->events(), 0};
    ::poll(&polled, 1, kPollMs);
    const auto event = link_->advance(polled.revents, control::steady_now());
    if (event == wanted) return true;
    if (event != ControlLink::Event::kNothing) return false;
  }
  return false;
}

bool StoreLink::connect() {
  if (link_->state() == ControlLink::State::kIdle) return true;
  link_->open(control::steady_now() + 3 * kSecond);
  if (!await(ControlLink::Event::kConnected)) return false;
  if (setup_.empty()) return true;
  link_->ask(setup_.c_str(), control::steady_now() + 3 * kSecond);
  if (await(ControlLink::Event::kAnswered)) return true;
  if (link_->sqlstate().empty()) return false;
  setup_.clear();  // it may not be this user's to do; what is asked next will say so
  return connect();
}

std::optional<StoreLink::Rows> StoreLink::run(const std::string& sql) {
  if (!connect()) return std::nullopt;
  link_->ask(sql.c_str(), control::steady_now() + 7 * kSecond);  // after the server's own statement_timeout
  if (!await(ControlLink::Event::kAnswered)) return std::nullopt;
  return link_->results().empty() ? Rows() : rows_of(link_->results().back());
}

}  // namespace shardway::proxy::transaction
