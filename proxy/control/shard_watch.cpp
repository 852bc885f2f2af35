#include "proxy/control/shard_watch.hpp"

#include <algorithm>

#include "proxy/control/unfinished.hpp"
#include "proxy/log.hpp"

namespace shardway::proxy::control {
namespace {

using backend::Role;

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

// A switchover that goes on, by whichever Shardway, is over by then or has said so.
constexpr SteadyNanos kUnfinished = 3'000 * kMillisecond;

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

std::vector<NodeEvidence> ShardWatch::evidence(SteadyNanos now) const {
  std::vector<NodeEvidence> evidence;
  for (const auto& node : nodes_) {
    evidence.push_back(node->evidence());
    evidence.back().tried |= now >= patience_until_;
  }
  // The only node there is, which is there and will not be asked: it must be the primary.
  if (evidence.size() == 1 && nodes_[0]->link().said_no()) evidence[0].known = true;
  return evidence;
}

void ShardWatch::decide(SteadyNanos now) {
  const auto all = evidence(now);
  if (!std::all_of(all.begin(), all.end(), [](const NodeEvidence& e) { return e.tried; })) return;
  decided_ = true;
  const auto verdict = decide_roles(all, incumbent_);
  const auto superseded = incumbent_.node;
  if (superseded >= 0 && verdict.primary >= 0 && verdict.primary != superseded)
    end_epoch(static_cast<std::size_t>(superseded), "superseded");
  incumbent_ = verdict.incumbent;
  remember();
  report(verdict.findings, now);
  publish(verdict);
  note_unfinished(left_behind(all, verdict), now);
  turn_gate();
}

// Freshness goes before the roles that gave it its meaning; a node that is primary no longer is so before another is.
void ShardWatch::publish(const Verdict& verdict) {
  const auto before = shard_.primary.load();
  if (verdict.primary >= 0) last_.reset();
  if (verdict.primary != before) {
    if (const auto* last = samples_.last(); last != nullptr && verdict.primary < 0) last_ = *last;
    forget_freshness();
    shard_.gate.close(backend::Gate::Reason::kNoPrimary);
    shard_.primary = -1;
    changed_ = true;
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (verdict.roles[i] != Role::kPrimary) set_role(i, verdict.roles[i]);
  }
  if (verdict.primary >= 0) set_role(static_cast<std::size_t>(verdict.primary), Role::kPrimary);
  for (const auto& node : nodes_) node->node().follows = follows_primary(*node);
  if (verdict.primary == before) return;
  announce_primary(verdict);
}

void ShardWatch::announce_primary(const Verdict& verdict) {
  shard_.primary = verdict.primary;
  shard_.heed_paused_node();
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
  const bool is_usable = node != nullptr && node->node().up && !is_read_only();
  changed_ = (is_usable ? shard_.gate.open(backend::Gate::Reason::kNoPrimary)
                        : shard_.gate.close(backend::Gate::Reason::kNoPrimary)) ||
             changed_;
}

// A primary that takes writes only of who says SET: PostgreSQL's, fenced off by a switchover or an operator.
bool ShardWatch::is_read_only() const {
  const auto& status = nodes_[static_cast<std::size_t>(shard_.primary.load())]->status();
  return status && status->has_timelines && status->read_only;
}

bool ShardWatch::follows_primary(const NodeWatch& node) const {
  const auto index = shard_.primary.load();
  if (index < 0 || node.node().role != Role::kReplica || !node.status()) return false;
  const auto& source = *nodes_[static_cast<std::size_t>(index)];
  const auto& own = *node.status();
  if (!own.has_timelines) return source.status() && own.source_number == source.status()->server_number;
  if (own.positions.receiver_hidden) return true;
  return own.positions.streaming && own.positions.timeline == incumbent_.timeline;
}

// Nobody takes writes, as a switchover leaves it over which its Shardway died.
void ShardWatch::note_unfinished(const std::vector<std::int32_t>& left, SteadyNanos now) {
  const bool is_at_work = shard_.gate.is_closed_for(backend::Gate::Reason::kSwitchover);
  if (left.empty() || is_at_work) unfinished_since_ = 0, unfinished_told_ = false;
  if (!left.empty() && !is_at_work && unfinished_since_ == 0) unfinished_since_ = now;
  const bool stands = unfinished_since_ != 0 && now - unfinished_since_ >= kUnfinished;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const bool is_left = stands && std::count(left.begin(), left.end(), static_cast<std::int32_t>(i)) > 0;
    auto& node = nodes_[i]->node();
    node.left_behind = is_left;
    if (is_left && node.out == backend::Out::kNo) node.out = backend::Out::kReadOnly;
    if (is_left && !unfinished_told_) tell_unfinished(i);
  }
  unfinished_told_ = stands;
}

void ShardWatch::tell_unfinished(std::size_t i) const {
  const auto& node = *nodes_[i];
  const bool is_silent = node.node().out == backend::Out::kUnreachable;
  log::error(
      "event=unfinished_switchover {} message=\"no node takes writes: this one {}; statements wait\" hint=\"SWITCHOVER "
      "to a replica {}, SWITCHOVER to '{}' {}\"",
      node.label(),
      is_silent ? "does not answer, and the others are replicas: it died, or a switchover was not finished"
                : "is read only, as a switchover leaves it that was not finished",
      is_silent ? "starts it again and goes on" : "finishes it", node.node().address.text,
      is_silent ? "only starts it; or promote a replica" : "undoes it");
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

// A suspect is fenced off at once. The alarm waits until all have been asked again: in a change of primary the old one
// is heard last.
void ShardWatch::report(const std::vector<Finding>& findings, SteadyNanos now) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto& node = nodes_[i]->node();
    if (node.out != backend::Out::kUnreachable) node.out = reason_of(findings, static_cast<std::int32_t>(i));
  }
  std::vector<Suspect> suspects;
  for (const auto& finding : findings) {
    const auto known = std::find_if(suspects_.begin(), suspects_.end(),
                                    [&](const Suspect& suspect) { return suspect.finding == finding; });
    suspects.push_back(known != suspects_.end() ? *known : Suspect{finding, now, false});
    if (known != suspects_.end()) continue;
    if (is_fenced(finding.suspicion)) end_epoch(static_cast<std::size_t>(finding.node), "suspect");
    for (const auto& node : nodes_) node->look_now(now);
  }
  for (auto& suspect : suspects) {
    if (suspect.is_told || !is_confirmed(suspect)) continue;
    suspect.is_told = true;
    log::error("event=node_suspect {} message=\"{}\"", nodes_[static_cast<std::size_t>(suspect.finding.node)]->label(),
               explain(suspect.finding.suspicion));
  }
  suspects_ = std::move(suspects);
}

// It has said so again since, and whoever answers has been heard: not what a node was before it was stopped.
bool ShardWatch::is_confirmed(const Suspect& suspect) const {
  const auto suspected = static_cast<std::size_t>(suspect.finding.node);
  if (nodes_[suspected]->status_asked_at() <= suspect.since) return false;
  return std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    return node->status_asked_at() > suspect.since || node->evidence().failures > 0 || !node->is_identified();
  });
}

std::vector<Finding> ShardWatch::findings() const {
  std::vector<Finding> all;
  for (const auto& suspect : suspects_) all.push_back(suspect.finding);
  return all;
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

}  // namespace shardway::proxy::control
