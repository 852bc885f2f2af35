// ShardWatch's other half: samples of the primary's position, and what the replicas' positions prove by them.
#include <algorithm>

#include "proxy/control/shard_watch.hpp"

namespace shardway::proxy::control {
namespace {

using backend::Role;

constexpr SteadyNanos kRoundPause = 5 * kMillisecond;
constexpr int kMostRounds =
    60;  // then the replica lags: the status of every second goes on, and the next read asks again

}  // namespace

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

// The last that is known of a primary that cannot be used now, or null.
const PrimarySample* ShardWatch::last_of_absent() noexcept {
  const auto* writer = primary();
  if (writer == nullptr) return last_ ? &*last_ : nullptr;
  return writer->node().up ? nullptr : samples_.last();
}

void ShardWatch::take_lag(NodeWatch& node, SteadyNanos now) {
  if (node.node().role != Role::kReplica) return;
  const auto& positions = node.positions();
  const bool streams = positions.streaming || (positions.receiver_runs && positions.receiver_hidden);
  const ReplicaReport report{positions.replayed, positions.received, streams, node.status()->since_replay_us};
  const auto* last = last_of_absent();
  const auto end = last != nullptr ? last->end_of_wal : samples_.end_of_wal();
  node.node().lag_bytes =
      end == 0 ? -1 : static_cast<std::int64_t>(std::max(end, positions.replayed) - positions.replayed);
  // Level with a primary that is none any more, or on the way to the new one, is not level.
  const bool follows_an_old_one = node.followed_timeline() < incumbent_.timeline;
  // Its receiver is gone: the timeline cannot be proven any more, but stays what it was.
  const ReplicaPosition position{{node.status()->system_identifier, node.followed_timeline()}, positions.replayed};
  if (follows_an_old_one)
    node.node().lag_us = -1;
  else if (last != nullptr && had_everything(report, *last, position))
    node.node().lag_us = 0;
  else
    node.node().lag_us = lag_us(report, samples_, proven_position(node), now);
}

bool ShardWatch::is_usable(const NodeWatch& node) const {
  return node.node().role == Role::kReplica && node.link().state() != ControlLink::State::kClosed && node.status() &&
         samples_.history() != nullptr && samples_.history()->comparable_with(history_of(node));
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
