#include "proxy/control/freshness.hpp"

#include <algorithm>

namespace shardway::proxy::control {

void TimelineProof::observe(std::uint32_t streamed, std::uint64_t replayed, std::uint32_t checkpoint) noexcept {
  if (streamed != streamed_) {
    *this = {};
    streamed_ = streamed;
  } else if (!baseline_) {
    baseline_ = replayed;
  } else if (replayed > *baseline_) {
    proven_ = true;
  }
  proven_ = streamed != 0 && (proven_ || checkpoint == streamed);
}

// access/xlog_internal.h: every page starts with a header of 24 bytes, the first of a segment with one of 40.
std::uint64_t end_of_last_record(std::uint64_t insert_position, const WalGeometry& geometry) noexcept {
  constexpr std::uint64_t kPageHeader = 24, kSegmentHeader = 40;
  const auto in_segment = insert_position % geometry.segment;
  if (in_segment < geometry.block)
    return in_segment == kSegmentHeader ? insert_position - kSegmentHeader : insert_position;
  return insert_position % geometry.block == kPageHeader ? insert_position - kPageHeader : insert_position;
}

void Samples::add(const PrimarySample& sample) {
  if (!samples_.empty()) {
    auto& last = samples_.back();
    if (!last.history.comparable_with(sample.history) || sample.end_of_wal < last.end_of_wal ||
        sample.flushed < last.flushed) {
      samples_.clear();
    } else if (sample.end_of_wal == last.end_of_wal && sample.flushed == last.flushed) {
      last.sent = sample.sent;  // `answered` stays: it is the earliest moment these positions had been reached
      return;
    }
  }
  if (samples_.size() == kMostSamples) thin_out();
  samples_.push_back(sample);
}

// Half of the older half goes, so that the bounded list still reaches far enough back for a replica that lags.
void Samples::thin_out() {
  std::deque<PrimarySample> kept;
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    if (i >= samples_.size() / 2 || i % 2 == 0) kept.push_back(samples_[i]);
  }
  samples_ = std::move(kept);
}

namespace {

// The newest sample whose position the replica has reached, or null.
const PrimarySample* newest_reached(const std::deque<PrimarySample>& samples, const ReplicaPosition& replica,
                                    std::uint64_t PrimarySample::*position) {
  if (samples.empty() || !samples.back().history.comparable_with(replica.history)) return nullptr;
  const auto beyond = std::upper_bound(samples.begin(), samples.end(), replica.replayed,
                                       [&](std::uint64_t at, const PrimarySample& s) { return at < s.*position; });
  return beyond == samples.begin() ? nullptr : &*std::prev(beyond);
}

}  // namespace

SteadyNanos Samples::fresh_as_of(const ReplicaPosition& replica) const noexcept {
  const auto* sample = newest_reached(samples_, replica, &PrimarySample::end_of_wal);
  return sample == nullptr ? 0 : sample->sent;
}

SteadyNanos Samples::level_as_of(const ReplicaPosition& replica) const noexcept {
  const auto* sample = newest_reached(samples_, replica, &PrimarySample::flushed);
  return sample == nullptr ? 0 : sample->sent;
}

SteadyNanos Samples::behind_since(const ReplicaPosition& replica) const noexcept {
  if (samples_.empty() || !samples_.back().history.comparable_with(replica.history)) return 0;
  for (const auto& sample : samples_) {
    if (sample.flushed > replica.replayed) return sample.answered;
  }
  return 0;
}

bool had_everything(const ReplicaReport& report, const PrimarySample& last, const ReplicaPosition& position) noexcept {
  return last.history.comparable_with(position.history) && position.replayed >= last.flushed &&
         (!report.streaming || report.replayed >= report.received);
}

std::int64_t lag_us(const ReplicaReport& report, const Samples& samples, const ReplicaPosition& position,
                    SteadyNanos now) {
  constexpr std::int64_t kNanosPerMicro = 1000;
  const bool level = report.streaming && report.replayed >= report.received;
  std::int64_t lag = level ? 0 : report.since_replay_us.value_or(-1);
  if (!level && lag < 0 && report.since_replay_us) lag = 0;  // the clocks of the two servers differ
  if (const auto reached = samples.level_as_of(position); reached != 0) {
    const auto most = std::max<std::int64_t>(0, (now - reached) / kNanosPerMicro);
    lag = lag < 0 ? most : std::min(lag, most);
  }
  if (const auto since = samples.behind_since(position); since != 0) {
    lag = std::max(lag, (now - since) / kNanosPerMicro);
  }
  return lag;
}

}  // namespace shardway::proxy::control
