// ShardWatch: the control lane's view of one shard: who is primary, how far the replicas are, and since when they are
// known to hold everything acknowledged. Pure decisions are in roles.hpp and freshness.hpp; this asks, and publishes to
// Node and ShardNodes. Used by the control thread only; what goes wrong is logged once and shows in the roles.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/control/freshness.hpp"
#include "proxy/control/node_watch.hpp"
#include "proxy/control/roles.hpp"

namespace shardway::proxy::control {

class ShardWatch {
 public:
  ShardWatch(const config::Database& database, backend::ShardNodes& shard);

  std::size_t size() const noexcept { return nodes_.size(); }
  const NodeWatch& node(std::size_t i) const { return *nodes_[i]; }
  // The shard's primary if a question can be put to it now, or null.
  NodeWatch* idle_primary() noexcept;
  bool has_primary() const noexcept { return shard_.primary >= 0; }
  bool first_round_done() const noexcept;
  std::vector<Finding> findings() const;

  NodeWatch::Outcome advance(std::size_t i, short happened, SteadyNanos now);
  // Everything that is due: connections, status, rounds of samples.
  void pursue(SteadyNanos now);
  SteadyNanos next_timer() const noexcept;
  // True once after roles, gate or epochs have changed: workers should look at them.
  bool take_change() noexcept { return std::exchange(changed_, false); }

 private:
  void decide(SteadyNanos now);
  std::vector<NodeEvidence> evidence(SteadyNanos now) const;
  void note_unfinished(const std::vector<std::int32_t>& left, SteadyNanos now);
  void tell_unfinished(std::size_t i) const;
  bool is_read_only() const;
  bool follows_primary(const NodeWatch& node) const;
  void publish(const Verdict& verdict);
  Incumbent recall() const;
  void remember();
  void announce_primary(const Verdict& verdict);
  void turn_gate();
  void end_epoch(std::size_t i, const char* why);
  void set_role(std::size_t i, backend::Role role);
  void report(const std::vector<Finding>& findings, SteadyNanos now);
  void forget_freshness();
  const PrimarySample* last_of_absent() noexcept;
  void take_sample(const NodeWatch& primary, SteadyNanos now);
  void take_position(NodeWatch& replica);
  void take_lag(NodeWatch& replica, SteadyNanos now);
  History history_of(const NodeWatch& node) const;
  ReplicaPosition proven_position(const NodeWatch& node) const;
  bool is_usable(const NodeWatch& replica) const;

  void pursue_round(SteadyNanos now);
  void begin_round(SteadyNanos now);
  bool is_everyone_past_the_wish() const;
  void ask_replicas();
  NodeWatch* primary() noexcept;

  backend::ShardNodes& shard_;
  std::string label_;
  bool replicas_are_read_ = false;
  std::vector<std::unique_ptr<NodeWatch>> nodes_;
  Incumbent incumbent_;
  struct Suspect {
    Finding finding;
    SteadyNanos since = 0;
    bool is_told = false;
  };
  bool is_confirmed(const Suspect& suspect) const;
  std::vector<Suspect> suspects_;
  SteadyNanos unfinished_since_ = 0;
  bool unfinished_told_ = false;
  bool decided_ = false, changed_ = false;
  SteadyNanos patience_until_ = 0;  // a node that says nothing holds the first decision up no longer

  // A round: the primary's position first, then the replicas'. Rounds go on while a replica has not reached the wish;
  // a new wish waits for the next round, so that constant wishes cannot keep the replicas from being asked.
  enum class Round : std::uint8_t { kNone, kSampling, kReplicas };
  Samples samples_;
  std::optional<PrimarySample> last_;  // of the accepted primary, while there is none
  Round round_ = Round::kNone;
  SteadyNanos wished_at_ = 0;  // a session asked for a sample sent after this moment
  SteadyNanos next_round_ = 0;
  int rounds_left_ = 0;
};

}  // namespace shardway::proxy::control
