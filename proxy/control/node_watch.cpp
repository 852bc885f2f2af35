#include "proxy/control/node_watch.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "proxy/log.hpp"

namespace shardway::proxy::control {
namespace {

constexpr SteadyNanos kConnectTimeout = 3'000 * kMillisecond;
constexpr SteadyNanos kAnswerTimeout = 3'000 * kMillisecond;
constexpr SteadyNanos kCatalogTimeout = 7'000 * kMillisecond;  // after the server's own statement_timeout
constexpr SteadyNanos kGather = 4 * kMillisecond;              // for the answers of all nodes: read in one wake-up
constexpr SteadyNanos kFirstRetry = 200 * kMillisecond, kLastRetry = 2'000 * kMillisecond;

SteadyNanos jittered(SteadyNanos duration) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_int_distribution<SteadyNanos>(duration - duration / 5, duration + duration / 5)(random);
}

// All nodes of this process are asked in one wake-up, and the many Shardways that watch one server at different
// moments.
SteadyNanos next_tick(SteadyNanos now, SteadyNanos interval) {
  static thread_local std::random_device device;
  static thread_local const SteadyNanos phase = std::uniform_int_distribution<SteadyNanos>(0, interval)(device);
  return now + interval - (now - phase) % interval;
}

SteadyNanos retry_delay(unsigned failures) {
  return jittered(std::min(kLastRetry, kFirstRetry << std::min(failures, 8U)));
}

}  // namespace

SteadyNanos steady_now() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

NodeWatch::NodeWatch(const config::Database& database, backend::Node& node, std::string label, SteadyNanos interval)
    : node_(node),
      questions_(questions_of(database.protocol)),
      label_(std::move(label)),
      interval_(interval),
      link_(make_control_link(database, node.address)) {}

NodeEvidence NodeWatch::evidence() const {
  NodeEvidence evidence;
  evidence.tried = tried_;
  evidence.known = status_.has_value();
  evidence.failures = failures_;
  if (status_) {
    evidence.in_recovery = status_->positions.in_recovery;
    evidence.read_only = status_->read_only;
    evidence.system_identifier = status_->system_identifier;
    evidence.timeline = status_->has_timelines ? status_->timeline() : 0;  // else it says which positions compare
    evidence.has_timelines = status_->has_timelines;
    evidence.server_number = status_->server_number;
    evidence.source_number = status_->source_number;
    evidence.has = status_->has;
    evidence.last = status_->last;
  }
  return evidence;
}

SteadyNanos NodeWatch::next_timer() const noexcept {
  switch (link_->state()) {
    case ControlLink::State::kClosed: return next_connect_;
    case ControlLink::State::kIdle: return next_status_;
    case ControlLink::State::kConnecting:
    case ControlLink::State::kBusy: return gather_until_ != 0 ? gather_until_ : link_->deadline();
  }
  return kNever;
}

void NodeWatch::pursue(SteadyNanos now) {
  if (link_->state() == ControlLink::State::kClosed && now >= next_connect_) {
    identified_ = false;
    opened_at_ = now;
    link_->open(now + kConnectTimeout);
  } else if (link_->state() == ControlLink::State::kIdle && now >= next_status_) {
    next_status_ = next_tick(now, interval_);
    ask(Task::kStatus, questions_.status);
    if (identified_) gather_until_ = asked_at_ + kGather;
  }
}

// An attempt that has just failed is not repeated at once: a server that lets in and throws out must not be hammered.
void NodeWatch::look_now(SteadyNanos now) noexcept {
  next_status_ = 0;
  next_connect_ = std::min(next_connect_, std::max(now, opened_at_ + kFirstRetry));
}

void NodeWatch::ask(Task task, const char* sql) {
  task_ = task;
  // The moment before the question leaves: everything acknowledged to anyone until then is covered by the answer.
  asked_at_ = steady_now();
  link_->ask(sql, asked_at_ + (task == Task::kCatalog ? kCatalogTimeout : kAnswerTimeout));
}

short NodeWatch::events() const noexcept { return gather_until_ != 0 ? short{0} : link_->events(); }

NodeWatch::Outcome NodeWatch::advance(short happened, SteadyNanos now) {
  if (now >= gather_until_) gather_until_ = 0;
  switch (link_->advance(happened, now)) {
    case ControlLink::Event::kNothing: return Outcome::kNothing;
    case ControlLink::Event::kConnected: next_status_ = now; return Outcome::kNothing;
    case ControlLink::Event::kAnswered: return answered(now);
    case ControlLink::Event::kFailed: return failed(false, now);
    case ControlLink::Event::kTimedOut: return failed(true, now);
  }
  return Outcome::kNothing;
}

NodeWatch::Outcome NodeWatch::answered(SteadyNanos now) {
  const auto task = std::exchange(task_, Task::kNone);
  gather_until_ = 0;
  node_.last_seen = now;
  if (task == Task::kCatalog) return Outcome::kCatalog;
  if (link_->results().empty()) return Outcome::kNothing;
  if (task == Task::kPositions) {
    positions_ = questions_.read_positions(link_->results());
    proof_.observe(positions_.timeline, positions_.replayed, 0);
    return Outcome::kPositions;
  }
  status_asked_at_ = asked_at_;
  keep_status();
  return Outcome::kStatus;
}

void NodeWatch::keep_status() {
  auto status = questions_.read_status(link_->results());
  const bool same_life = status_ && status_->started == status.started &&
                         status_->system_identifier == status.system_identifier && status_->positions.in_recovery;
  if (!same_life) {
    node_.fresh_as_of = 0;
    proof_ = {};
    followed_ = 0;
  }
  proof_.observe(status.positions.timeline, status.positions.replayed, status.checkpoint_timeline);
  if (status_ && status_->timeline() != status.timeline()) node_.fresh_as_of = 0;
  // The checkpoint's timeline lags behind a promotion; within one life a replica never goes back.
  followed_ = std::max({followed_, status.checkpoint_timeline, proof_.timeline()});
  if (status.positions.receiver_hidden && !(status_ && status_->positions.receiver_hidden)) {
    log::error(
        "event=control_rights {} message=\"pg_stat_wal_receiver is hidden from the control user: the replica "
        "cannot serve reads after a session's own write\" hint=\"GRANT pg_monitor TO the control user\"",
        label_);
  }
  status_ = std::move(status);
  positions_ = status_->positions;
  node_.system_identifier = status_->system_identifier;
  node_.timeline = status_->timeline();
  if (const auto known = node_.gtids.load(); known == nullptr || *known != status_->gtids)
    node_.gtids = std::make_shared<const std::string>(status_->gtids);
  node_.max_prepared = status_->max_prepared;
  node_.prepared = status_->prepared;
  node_.store = status_->has_store ? backend::Node::Store::kThere : backend::Node::Store::kMissing;
  failures_ = 0;
  tried_ = identified_ = true;
  logged_error_.clear();
  if (node_.out == backend::Out::kUnreachable) node_.out = backend::Out::kNo;
  if (!node_.up.exchange(true)) log::info("event=node_up {}", label_);
}

NodeWatch::Outcome NodeWatch::failed(bool timed_out, SteadyNanos now) {
  const auto task = std::exchange(task_, Task::kNone);
  gather_until_ = 0;
  node_.fresh_as_of = 0;
  node_.lag_us = -1;
  proof_ = {};
  const bool was_serving = std::exchange(identified_, false) && !timed_out;
  // At once, unless that was tried just before: a server that lets in and throws out must not be hammered.
  next_connect_ = std::max(now, opened_at_ + kFirstRetry);
  if (task == Task::kCatalog && !timed_out) {
    return Outcome::kCatalogFailed;
  }
  if (was_serving) {
    // One broken connection is not a dead node, and the next attempt tells. A replica rests until then, at no cost.
    if (node_.role == backend::Role::kReplica) node_.up = false;
    log::warn("event=control_connection_lost {} error=\"{}\"", label_, link_->error());
    return Outcome::kFailed;
  }
  if (link_->said_no()) {
    tried_ = true;
    next_connect_ = now + retry_delay(failures_);
    log_error();
  } else {
    count_failure(now);
  }
  return Outcome::kFailed;
}

void NodeWatch::count_failure(SteadyNanos now) {
  tried_ = true;
  next_connect_ = now + retry_delay(failures_);
  ++failures_;
  node_.up = false;
  node_.out = backend::Out::kUnreachable;
  log_error();
}

void NodeWatch::log_error() {
  if (link_->error() == logged_error_) return;
  logged_error_ = link_->error();
  log::warn("event={} {} error=\"{}\"", link_->said_no() ? "control_turned_away" : "node_down", label_, logged_error_);
}

}  // namespace shardway::proxy::control
