// Freshness: what samples of the primary's WAL position and a replica's replayed position prove together. Pure.
// It answers "since when is this replica known to hold everything acknowledged" (read your writes) and "how old is what
// it shows" (lag). Times are steady nanoseconds handed in; positions are those of pg_lsn. Nothing here fails.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "proxy/backend/node.hpp"

namespace shardway::proxy::control {

using backend::SteadyNanos;

// One history of WAL: positions compare only within it.
struct History {
  std::uint64_t system_identifier = 0;
  std::uint32_t timeline = 0;  // 0: not known, equal to nothing
  bool comparable_with(const History& other) const noexcept {
    return timeline != 0 && timeline == other.timeline && system_identifier == other.system_identifier;
  }
};

struct PrimarySample {
  SteadyNanos sent = 0;      // just before the question left: acknowledgements read before it are covered
  SteadyNanos answered = 0;  // after the answer came: `flushed` had been reached by then
  History history;
  std::uint64_t end_of_wal = 0;  // where the last inserted record ends: end_of_last_record(insert position)
  std::uint64_t flushed = 0;     // what the primary may have sent to its replicas
};

struct ReplicaPosition {
  History history;
  std::uint64_t replayed = 0;
};

// Is a replica's replayed position on the timeline its receiver streams? Not by itself: one that followed an old
// primary beyond the fork and is restarted asks for the new timeline while it still stands on the old one (seen on
// PostgreSQL 15). It is proven by a checkpoint of that timeline it has replayed, or by replaying on while it streams.
class TimelineProof {
 public:
  // Every answer of one connection, in order. `streamed`: 0 while its receiver does not stream; `checkpoint`: the
  // control file's timeline, 0 if it was not asked for.
  void observe(std::uint32_t streamed, std::uint64_t replayed, std::uint32_t checkpoint) noexcept;
  std::uint32_t timeline() const noexcept { return proven_ ? streamed_ : 0; }

 private:
  std::uint32_t streamed_ = 0;
  std::optional<std::uint64_t> baseline_;  // taken after it was seen streaming, not together with it
  bool proven_ = false;
};

struct WalGeometry {
  std::uint64_t block = 8192, segment = 16u << 20;
};

// pg_current_wal_insert_lsn() says where the next record's bytes would go. At the start of a page that is behind the
// page's header, while the last record ended in front of it: a replica would never reach it before something is
// written.
std::uint64_t end_of_last_record(std::uint64_t insert_position, const WalGeometry& geometry) noexcept;

class Samples {
 public:
  // In the order they were sent. Another history, or a position that went back, makes the earlier ones worthless.
  void add(const PrimarySample& sample);
  void clear() noexcept { samples_.clear(); }
  bool empty() const noexcept { return samples_.empty(); }
  const History* history() const noexcept { return samples_.empty() ? nullptr : &samples_.back().history; }
  // Of the newest sample; 0: none.
  std::uint64_t end_of_wal() const noexcept { return samples_.empty() ? 0 : samples_.back().end_of_wal; }
  const PrimarySample* last() const noexcept { return samples_.empty() ? nullptr : &samples_.back(); }
  SteadyNanos newest() const noexcept { return samples_.empty() ? 0 : samples_.back().sent; }

  // Everything acknowledged before this moment has been replayed; 0: nothing is known.
  SteadyNanos fresh_as_of(const ReplicaPosition& replica) const noexcept;
  // The newest moment whose flushed WAL has been replayed: what the replica shows is no older.
  SteadyNanos level_as_of(const ReplicaPosition& replica) const noexcept;
  // The oldest moment known by which the primary had flushed something that is not replayed; 0: none.
  SteadyNanos behind_since(const ReplicaPosition& replica) const noexcept;

  static constexpr std::size_t kMostSamples = 256;

 private:
  void thin_out();
  std::deque<PrimarySample> samples_;  // positions never fall from front to back
};

// What a replica says about its own lag, in one answer.
struct ReplicaReport {
  std::uint64_t replayed = 0, received = 0;
  bool streaming = false;                       // its receiver is connected and streaming
  std::optional<std::int64_t> since_replay_us;  // now() - pg_last_xact_replay_timestamp()
};

// The replica has replayed all that the primary, which is away, is known to have written. It falls no further behind
// unless it still receives: the primary is there for others.
bool had_everything(const ReplicaReport& report, const PrimarySample& last, const ReplicaPosition& position) noexcept;

// Microseconds, 0 when level, -1 when unknown. The replica's own word is held against the samples: the time of the last
// replayed commit says hours on an idle primary, and a receiver on a dead link says level for a minute.
std::int64_t lag_us(const ReplicaReport& report, const Samples& samples, const ReplicaPosition& position,
                    SteadyNanos now);

}  // namespace shardway::proxy::control
