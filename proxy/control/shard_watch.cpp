#include "proxy/control/shard_watch.hpp"

#include <algorithm>

#include "proxy/log.hpp"

namespace shardway::proxy::control {
namespace {

using backend::Role;

constexpr SteadyNanos kRoundPause = 5 * kMillisecond;
constexpr int kMostRounds =
    60;  // then the replica lags: the status of every second goes on, and the next read asks again
constexpr SteadyNanos kPatience = 1'000 * kMillisecond;
constexpr SteadyNanos kInterval = 1'000 * kMillisecond;
constexpr SteadyNanos kIntervalUnread = 2'000 * kMillisecond;  // nobody reads from replicas

backend::Out out_of(Suspicion suspicion) noexcept {
  switch (suspicion) {
    case Suspicion::kTwoPrimaries: return backend::Out::kTwoPrimaries;
    case Suspicion::kStalePrimary: return backend::Out::kStalePrimary;
    case Suspicion::kOtherSystem: return backend::Out::kOtherSystem;
    case Suspicion::kOtherSource: return backend::Out::kOtherSource;
    case Suspicion::kReplaced: break;
  }
  return backend::Out::kNo;
}

bool is_fenced(Suspicion suspicion) noexcept { return out_of(suspicion) != backend::Out::kNo; }

backend::Out reason_of(const std::vector<Finding>& findings, std::int32_t node) noexcept {
  for (const auto& finding : findings) {
    if (finding.node == node) return out_of(finding.suspicion);
  }
  return backend::Out::kNo;
}

}  // namespace

ShardWatch::ShardWatch(const config::Database& database, backend::ShardNodes& shard)
    : shard_(shard),
      label_("database=" + database.name + " shard=" + shard.name),
      replicas_are_read_(database.reads.from != config::ReadFrom::kPrimary),
      patience_until_(steady_now() + kPatience) {
  for (const auto& node : shard.nodes) {
    nodes_.push_back(std::make_unique<NodeWatch>(database, *node, label_ + " node=" + node->address.text,
                                                 replicas_are_read_ ? kInterval : kIntervalUnread));
  }
  incumbent_ = recall();
}

// Of the configuration before this one: nodes may stand in another order now, or be gone.
Incumbent ShardWatch::recall() const {
  const auto memory = shard_.memory();
  Incumbent incumbent;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& address = shard_.nodes[i]->address.text;
    if (address == memory.primary)
      incumbent = {static_cast<std::int32_t>(i), memory.timeline, memory.system_identifier, {}, {}, {}, {}};
  }
  for (std::size_t i = 0; i < nodes_.size() && incumbent.node >= 0; ++i) {
    if (std::count(memory.replaced.begin(), memory.replaced.end(), shard_.nodes[i]->address.text) > 0)
      incumbent.replaced.push_back(static_cast<std::int32_t>(i));
  }
  return incumbent;
}

void ShardWatch::remember() {
  if (incumbent_.node < 0) return;
  const auto address = [this](std::int32_t node) { return shard_.nodes[static_cast<std::size_t>(node)]->address.text; };
  backend::ShardNodes::Memory memory{address(incumbent_.node), incumbent_.timeline, incumbent_.system_identifier, {}};
  for (const auto node : incumbent_.replaced) memory.replaced.push_back(address(node));
  shard_.remember(std::move(memory));
}

NodeWatch* ShardWatch::primary() noexcept {
  const auto index = shard_.primary.load();
  return index < 0 ? nullptr : nodes_[static_cast<std::size_t>(index)].get();
}

NodeWatch* ShardWatch::idle_primary() noexcept {
  auto* node = primary();
  return node != nullptr && node->is_idle() ? node : nullptr;
}

bool ShardWatch::first_round_done() const noexcept {
  return decided_ && std::all_of(nodes_.begin(), nodes_.end(), [](const auto& n) { return n->was_tried(); });
}

SteadyNanos ShardWatch::next_timer() const noexcept {
  auto next = decided_ ? kNever : patience_until_;
  for (const auto& node : nodes_) next = std::min(next, node->next_timer());
  if (round_ == Round::kReplicas || shard_.sample_wanted) next = std::min(next, std::max<SteadyNanos>(next_round_, 1));
  return next;  // while sampling it is the primary's answer that wakes us
}

NodeWatch::Outcome ShardWatch::advance(std::size_t i, short happened, SteadyNanos now) {
  auto& node = *nodes_[i];
  const auto outcome = node.advance(happened, now);
  if (outcome == NodeWatch::Outcome::kStatus || outcome == NodeWatch::Outcome::kFailed) decide(now);
  if (outcome != NodeWatch::Outcome::kStatus && outcome != NodeWatch::Outcome::kPositions) return outcome;
  if (node.positions().in_recovery != node.status()->positions.in_recovery ||
      node.positions().timeline != node.status()->positions.timeline) {
    node.status_is_due();  // a promotion, or a receiver that went: positions prove nothing until the roles are known
                           // again
    node.node().fresh_as_of = 0;
  } else if (&node == primary()) {
    take_sample(node, now);
  } else {
    take_position(node);
    // A round brings positions only; the replica's word about time comes with its status.
    if (outcome == NodeWatch::Outcome::kStatus) take_lag(node, now);
  }
  return outcome;
}

void ShardWatch::decide(SteadyNanos now) {
  std::vector<NodeEvidence> evidence;
  for (const auto& node : nodes_) {
    evidence.push_back(node->evidence());
    evidence.back().tried |= now >= patience_until_;
  }
  if (!std::all_of(evidence.begin(), evidence.end(), [](const NodeEvidence& e) { return e.tried; })) return;
  // The only node there is, which is there and will not be asked: it must be the primary.
  if (evidence.size() == 1 && nodes_[0]->link().said_no()) evidence[0].known = true;
  decided_ = true;
  const auto verdict = decide_roles(evidence, incumbent_);
  const auto superseded = incumbent_.node;
  if (superseded >= 0 && verdict.primary >= 0 && verdict.primary != superseded)
    end_epoch(static_cast<std::size_t>(superseded), "superseded");
  incumbent_ = verdict.incumbent;
  remember();
  report(verdict.findings);
  publish(verdict);
  turn_gate();
}

// Freshness goes before the roles that gave it its meaning; a node that is primary no longer is so before another is.
void ShardWatch::publish(const Verdict& verdict) {
  const auto before = shard_.primary.load();
  if (verdict.primary != before) {
    forget_freshness();
    shard_.gate.close(backend::Gate::Reason::kNoPrimary);
    shard_.primary = -1;
    changed_ = true;
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (verdict.roles[i] != Role::kPrimary) set_role(i, verdict.roles[i]);
  }
  if (verdict.primary >= 0) set_role(static_cast<std::size_t>(verdict.primary), Role::kPrimary);
  if (verdict.primary == before) return;
  announce_primary(verdict);
}

void ShardWatch::announce_primary(const Verdict& verdict) {
  shard_.primary = verdict.primary;
  shard_.sample_wanted = replicas_are_read_;  // so that replicas are known soon, not in a second or two
  if (verdict.primary < 0) {
    log::error("event=no_primary {} hint=\"statements wait: SHOW HELD; SHOW NODES says why no node is primary\"",
               label_);
  } else {
    const auto& node = *nodes_[static_cast<std::size_t>(verdict.primary)];
    log::info("event=primary {} timeline={}", node.label(), verdict.incumbent.timeline);
  }
}

// Statements may begin while the shard has a primary that answers; who could not reach it has closed the gate until
// now.
void ShardWatch::turn_gate() {
  const auto* node = primary();
  const bool is_usable = node != nullptr && node->node().up;
  changed_ = (is_usable ? shard_.gate.open(backend::Gate::Reason::kNoPrimary)
                        : shard_.gate.close(backend::Gate::Reason::kNoPrimary)) ||
             changed_;
}

// What runs on its connections is cut off: nothing may be written there any more.
void ShardWatch::end_epoch(std::size_t i, const char* why) {
  auto& node = *nodes_[i];
  log::warn("event=fenced {} epoch={} reason={}", node.label(), node.node().epoch.fetch_add(1) + 1, why);
  changed_ = true;
}

void ShardWatch::set_role(std::size_t i, Role role) {
  auto& node = *nodes_[i];
  if (node.node().role.exchange(role) == role) return;
  if (role != Role::kReplica) {
    node.node().fresh_as_of = 0;
    node.node().lag_us = -1;
    node.node().lag_bytes = -1;
  }
  log::info("event=role {} role={} timeline={}", node.label(), name_of(role), node.node().timeline.load());
}

void ShardWatch::report(const std::vector<Finding>& findings) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto& node = nodes_[i]->node();
    if (node.out != backend::Out::kUnreachable) node.out = reason_of(findings, static_cast<std::int32_t>(i));
  }
  for (const auto& finding : findings) {
    if (std::find(findings_.begin(), findings_.end(), finding) != findings_.end()) continue;
    log::error("event=node_suspect {} message=\"{}\"", nodes_[static_cast<std::size_t>(finding.node)]->label(),
               explain(finding.suspicion));
    if (is_fenced(finding.suspicion)) end_epoch(static_cast<std::size_t>(finding.node), "suspect");
  }
  findings_ = findings;
}

void ShardWatch::forget_freshness() {
  samples_.clear();
  for (const auto& node : nodes_) node->node().fresh_as_of = 0;
}

History ShardWatch::history_of(const NodeWatch& node) const {
  return {node.status()->system_identifier, node.positions().timeline};
}

ReplicaPosition ShardWatch::proven_position(const NodeWatch& node) const {
  return {{node.status()->system_identifier, node.proven_timeline()}, node.positions().replayed};
}

void ShardWatch::take_sample(const NodeWatch& node, SteadyNanos now) {
  const auto& positions = node.positions();
  const PrimarySample sample{node.asked_at(), now, history_of(node),
                             end_of_last_record(positions.inserted, node.status()->geometry), positions.flushed};
  const auto* known = samples_.history();
  if (known != nullptr && !known->comparable_with(sample.history)) forget_freshness();
  samples_.add(sample);
  // A replica asked in the same wake-up may have answered before: which of the two came first proves nothing either
  // way.
  for (const auto& other : nodes_) {
    if (other.get() == &node || !other->is_identified()) continue;
    take_position(*other);
    if (other->node().lag_us < 0) take_lag(*other, now);
  }
}

void ShardWatch::take_position(NodeWatch& node) {
  if (node.node().role != Role::kReplica) return;
  const auto fresh = samples_.fresh_as_of(proven_position(node));
  if (fresh > node.node().fresh_as_of) node.node().fresh_as_of = fresh;
}

void ShardWatch::take_lag(NodeWatch& node, SteadyNanos now) {
  if (node.node().role != Role::kReplica) return;
  const auto& positions = node.positions();
  const bool streams = positions.streaming || (positions.receiver_runs && positions.receiver_hidden);
  const ReplicaReport report{positions.replayed, positions.received, streams, node.status()->since_replay_us};
  const auto end = samples_.end_of_wal();
  node.node().lag_bytes =
      end == 0 ? -1 : static_cast<std::int64_t>(std::max(end, positions.replayed) - positions.replayed);
  // Level with a primary that is none any more, or on the way to the new one, is not level.
  const bool follows_an_old_one = node.followed_timeline() < incumbent_.timeline;
  node.node().lag_us = follows_an_old_one ? -1 : lag_us(report, samples_, proven_position(node), now);
}

bool ShardWatch::is_usable(const NodeWatch& node) const {
  return node.node().role == Role::kReplica && node.link().state() != ControlLink::State::kClosed && node.status() &&
         samples_.history() != nullptr && samples_.history()->comparable_with(history_of(node));
}

void ShardWatch::pursue(SteadyNanos now) {
  if (!decided_ && now >= patience_until_) decide(now);
  if (shard_.look_wanted.exchange(false)) {
    changed_ = true;  // who wished for it may have closed the gate
    for (const auto& node : nodes_) node->look_now(now);
  }
  for (const auto& node : nodes_) node->pursue(now);
  pursue_round(now);
}

void ShardWatch::pursue_round(SteadyNanos now) {
  if (round_ == Round::kSampling) {
    auto* writer = primary();
    if (writer == nullptr) {
      round_ = Round::kNone;
    } else if (samples_.newest() >= wished_at_) {
      round_ = Round::kReplicas;
      ask_replicas();
    } else if (writer->is_idle()) {
      writer->ask_positions();
    }
    return;
  }
  if (round_ == Round::kReplicas && (rounds_left_ == 0 || is_everyone_past_the_wish())) round_ = Round::kNone;
  if (now < next_round_) return;
  if (shard_.sample_wanted.load()) {
    begin_round(now);
  } else if (round_ == Round::kReplicas) {
    next_round_ = now + kRoundPause;
    --rounds_left_;
    ask_replicas();
  }
}

// The wish is taken off before the sample is sent: one that comes later raises it again and gets a later sample.
void ShardWatch::begin_round(SteadyNanos now) {
  shard_.sample_wanted = false;
  next_round_ = now + kRoundPause;
  if (!replicas_are_read_ || primary() == nullptr) return;
  wished_at_ = steady_now();
  rounds_left_ = kMostRounds;
  round_ = Round::kSampling;
  pursue_round(now);
}

bool ShardWatch::is_everyone_past_the_wish() const {
  return std::all_of(nodes_.begin(), nodes_.end(),
                     [this](const auto& node) { return !is_usable(*node) || node->node().fresh_as_of >= wished_at_; });
}

void ShardWatch::ask_replicas() {
  for (const auto& node : nodes_) {
    if (is_usable(*node) && node->is_idle() && node->node().fresh_as_of < wished_at_) node->ask_positions();
  }
}

}  // namespace shardway::proxy::control
