// NodeWatch: the control lane's eye on one node: keeps a connection open, asks for its status every second or so, and
// keeps what it answered last. It writes the node's own facts (up, identity, last_seen); roles, lag and freshness need
// the other nodes and are ShardWatch's. Used by the control thread only; failures come as Outcome and are logged here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/control/answers.hpp"
#include "proxy/control/control_link.hpp"
#include "proxy/control/roles.hpp"

namespace shardway::proxy::control {

SteadyNanos steady_now() noexcept;
inline constexpr SteadyNanos kMillisecond = 1'000'000;
inline constexpr SteadyNanos kNever = INT64_MAX;

class NodeWatch {
 public:
  enum class Outcome : std::uint8_t { kNothing, kStatus, kPositions, kCatalog, kCatalogFailed, kFailed };

  NodeWatch(const config::Database& database, backend::Node& node, std::string label, SteadyNanos interval);

  Outcome advance(short happened, SteadyNanos now);
  // Opens the connection or asks for the status if that is due.
  void pursue(SteadyNanos now);
  // These two only when is_idle().
  void ask_positions() { ask(Task::kPositions, questions_.positions); }
  void ask_catalog() { ask(Task::kCatalog, questions_.catalog); }
  // What came of it, after Outcome::kCatalog.
  ShardCatalog catalog() const { return questions_.read_catalog(link_->results()); }
  void status_is_due() noexcept { next_status_ = 0; }
  // Something hints at a change: asked, or connected to, as soon as may be.
  void look_now(SteadyNanos now) noexcept;

  // The server behind this very connection has said who it is.
  bool is_identified() const noexcept { return identified_ && status_; }
  bool is_idle() const noexcept { return link_->state() == ControlLink::State::kIdle && is_identified(); }
  const std::optional<Status>& status() const noexcept { return status_; }
  const Positions& positions() const noexcept { return positions_; }  // the newest, of either question
  // Of a replica's replayed position; 0: not proven.
  std::uint32_t proven_timeline() const noexcept { return proof_.timeline(); }
  // The newest timeline known to be part of what this node has replayed.
  std::uint32_t followed_timeline() const noexcept { return followed_; }
  SteadyNanos asked_at() const noexcept { return asked_at_; }  // before the answered question was sent
  SteadyNanos status_asked_at() const noexcept { return status_asked_at_; }
  NodeEvidence evidence() const;
  bool was_tried() const noexcept { return tried_; }
  backend::Node& node() const noexcept { return node_; }
  const std::string& label() const noexcept { return label_; }  // "database=shop shard=s1 node=127.0.0.1:5432"
  const ControlLink& link() const noexcept { return *link_; }
  const std::string& error() const noexcept { return link_->error(); }
  short events() const noexcept;  // to poll the link's fd() for
  SteadyNanos next_timer() const noexcept;

 private:
  enum class Task : std::uint8_t { kNone, kStatus, kPositions, kCatalog };
  void ask(Task task, const char* sql);
  Outcome answered(SteadyNanos now);
  Outcome failed(bool timed_out, SteadyNanos now);
  void keep_status();
  void count_failure(SteadyNanos now);
  void log_error();

  backend::Node& node_;
  const Questions& questions_;
  std::string label_;
  SteadyNanos interval_;
  std::unique_ptr<ControlLink> link_;
  Task task_ = Task::kNone;
  bool tried_ = false;
  bool identified_ = false;  // this connection has answered a status question
  unsigned failures_ = 0;
  std::string logged_error_;
  SteadyNanos asked_at_ = 0, status_asked_at_ = 0, opened_at_ = 0, gather_until_ = 0, next_connect_ = 0,
              next_status_ = 0;
  std::optional<Status> status_;
  Positions positions_;
  TimelineProof proof_;
  std::uint32_t followed_ = 0;
};

}  // namespace shardway::proxy::control
