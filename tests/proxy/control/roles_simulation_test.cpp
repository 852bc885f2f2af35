// Thousands of fault schedules against a model cluster in virtual time: servers die, freeze, come back as what they
// were or as replicas, are cut off from the control lane, and an operator promotes. What decide_roles() makes of it is
// held against the truth: safety at every tick, liveness once the faults have stopped.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "proxy/control/roles.hpp"

namespace shardway::proxy::control {
namespace {

constexpr std::size_t kServers = 3;
constexpr int kTicksPerPoll = 10, kFaultyTicks = 600, kQuietTicks = 200;

struct Server {
  bool alive = true, frozen = false, cut_off = false, writable = false;
  std::uint32_t timeline = 1;
  std::size_t follows = 0;  // itself: nobody
  // In the order they were written or received: by whom, and which.
  std::vector<std::pair<std::size_t, std::uint64_t>> rows;
  bool answers() const { return alive && !frozen; }
};

// One run of one seed.
class World {
 public:
  World(std::uint64_t seed, bool has_timelines) : random_(seed), has_timelines_(has_timelines) {
    servers_[0].writable = true;
    decide();
  }

  void run() {
    for (int tick = 0; tick < kFaultyTicks; ++tick) step(tick, /*faults=*/true);
    settle();
    for (int tick = 0; tick < kQuietTicks; ++tick) step(tick, /*faults=*/false);
    check_nothing_is_lost();
    check_it_is_used();
  }

 private:
  bool chance(int in) { return std::uniform_int_distribution<int>(1, in)(random_) == 1; }
  std::size_t any() { return std::uniform_int_distribution<std::size_t>(0, kServers - 1)(random_); }

  void step(int tick, bool faults) {
    if (faults && chance(15)) something_happens();
    for (std::size_t i = 0; i < kServers; ++i) {
      if ((tick + static_cast<int>(i)) % kTicksPerPoll == 0) poll(i);
    }
    write();
  }

  void something_happens() {
    auto& server = servers_[any()];
    switch (std::uniform_int_distribution<int>(0, 6)(random_)) {
      case 0: server.alive = false; break;
      case 1: server.frozen = true; break;
      case 2: server.frozen = false; break;
      case 3: server.cut_off = !server.cut_off; break;
      case 4: server.alive = true; break;  // as it was: an old primary still takes writes
      case 5: operator_promotes(); break;
      case 6: operator_rejoins(server); break;
    }
  }

  // Whoever is writable with the newest history.
  std::optional<std::size_t> rightful() const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < kServers; ++i) {
      if (servers_[i].writable && (!best || servers_[i].timeline > servers_[*best].timeline)) best = i;
    }
    return best;
  }

  // When the primary gives no answer, the replica that has everything takes its place, and the others follow it.
  void operator_promotes() {
    const auto old = rightful();
    if (old && servers_[*old].answers()) return;
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < kServers; ++i) {
      const auto& one = servers_[i];
      if (!one.answers() || one.writable || (old && one.timeline < servers_[*old].timeline)) continue;
      if (!best || one.rows.size() > servers_[*best].rows.size()) best = i;
    }
    if (!best) return;
    // Nobody may be left who would acknowledge for the old primary, were it to come back.
    for (std::size_t i = 0; i < kServers; ++i) {
      if (i != *best && !servers_[i].writable && !servers_[i].answers()) return;
    }
    // Nobody may be promoted who might have missed what was acknowledged.
    if (!has_everything(servers_[*best])) return;
    auto& promoted = servers_[*best];
    promoted.writable = true;
    promoted.follows = *best;
    ++promoted.timeline;
    for (std::size_t i = 0; i < kServers; ++i) {
      if (i != *best && !servers_[i].writable) follow(servers_[i], *best);
    }
  }

  // Rewound onto the rightful primary.
  void operator_rejoins(Server& server) {
    const auto primary = rightful();
    if (!primary || &servers_[*primary] == &server || !servers_[*primary].answers()) return;
    server.alive = true;
    server.frozen = server.writable = false;
    follow(server, *primary);
  }

  void follow(Server& server, std::size_t primary) {
    server.follows = primary;
    server.timeline = servers_[primary].timeline;
    server.rows = servers_[primary].rows;
  }

  bool has_everything(const Server& server) const {
    const std::set<std::pair<std::size_t, std::uint64_t>> there(server.rows.begin(), server.rows.end());
    return std::all_of(acknowledged_.begin(), acknowledged_.end(),
                       [&](const auto& row) { return there.contains(row); });
  }

  void poll(std::size_t i) {
    auto& seen = evidence_[i];
    const auto& server = servers_[i];
    seen.tried = true;
    if (!server.answers() || server.cut_off) {
      ++seen.failures;
    } else {
      seen.known = true;
      seen.failures = 0;
      seen.in_recovery = !server.writable;
      seen.read_only = !server.writable;
      seen.system_identifier = 7;
      seen.timeline = has_timelines_ ? server.timeline : 0;
      seen.has_timelines = has_timelines_;
      seen.server_number = i + 1;
      seen.source_number = server.writable || server.follows == i ? 0 : server.follows + 1;
      for (const auto& [writer, row] : server.rows) seen.has[{0, writer + 1}] = row;
      seen.last.clear();
      if (!server.rows.empty()) seen.last[{0, server.rows.back().first + 1}] = server.rows.back().second;
    }
    decide();
  }

  void decide() {
    const auto before = incumbent_;
    const auto verdict = decide_roles(evidence_, incumbent_);
    incumbent_ = verdict.incumbent;
    primary_ = verdict.primary;
    ASSERT_LE(std::count(verdict.roles.begin(), verdict.roles.end(), backend::Role::kPrimary), 1);
    ASSERT_EQ(verdict.primary >= 0,
              std::count(verdict.roles.begin(), verdict.roles.end(), backend::Role::kPrimary) == 1);
    if (has_timelines_ && before.node >= 0) {
      ASSERT_GE(incumbent_.timeline, before.timeline) << "an older history was taken";
    }
    if (incumbent_.node != before.node && before.node >= 0) left_.insert(before.node);
    left_.erase(incumbent_.node);
  }

  // A client's, sent to whoever is taken for the primary; acknowledged when a replica has it, too.
  void write() {
    if (primary_ < 0) return;
    auto& server = servers_[static_cast<std::size_t>(primary_)];
    ASSERT_FALSE(left_.contains(primary_)) << "a statement went to a primary that had been replaced";
    if (!server.answers() || !server.writable) return;
    ++last_row_;
    bool is_safe = false;
    for (std::size_t i = 0; i < kServers; ++i) {
      auto& replica = servers_[i];
      const bool follows =
          replica.answers() && !replica.writable && replica.follows == static_cast<std::size_t>(primary_);
      if (!follows || replica.rows != server.rows) continue;
      replica.rows.emplace_back(primary_, last_row_);
      is_safe = true;
    }
    server.rows.emplace_back(primary_, last_row_);
    if (is_safe) acknowledged_.push_back(server.rows.back());
  }

  // The faults are over: everybody runs, is reached, and follows the rightful primary.
  void settle() {
    for (auto& server : servers_) {
      server.alive = true;
      server.frozen = server.cut_off = false;
    }
    const auto primary = rightful();
    ASSERT_TRUE(primary);
    for (std::size_t i = 0; i < kServers; ++i) {
      if (i == *primary) continue;
      servers_[i].writable = false;
      follow(servers_[i], *primary);
    }
  }

  void check_nothing_is_lost() {
    const auto& rows = servers_[*rightful()].rows;
    const std::set<std::pair<std::size_t, std::uint64_t>> there(rows.begin(), rows.end());
    ASSERT_EQ(there.size(), rows.size()) << "a row is there twice";
    ASSERT_TRUE(has_everything(servers_[*rightful()])) << "an acknowledged row is lost";
  }
  void check_it_is_used() {
    ASSERT_EQ(primary_, static_cast<std::int32_t>(*rightful()));
    ASSERT_FALSE(acknowledged_.empty());
    ASSERT_EQ(acknowledged_.back().second, last_row_) << "with all replicas there, every write is acknowledged";
  }

  std::mt19937_64 random_;
  const bool has_timelines_;
  std::vector<Server> servers_ = std::vector<Server>(kServers);
  std::vector<NodeEvidence> evidence_ = std::vector<NodeEvidence>(kServers);
  Incumbent incumbent_;
  std::int32_t primary_ = -1;
  std::set<std::int32_t> left_;  // accepted once, and replaced
  std::vector<std::pair<std::size_t, std::uint64_t>> acknowledged_;
  std::uint64_t last_row_ = 0;
};

#ifdef SHARDWAY_SANITIZED
constexpr std::uint64_t kSchedules = 200;
#else
constexpr std::uint64_t kSchedules = 2000;
#endif

class RolesSimulation : public testing::TestWithParam<bool> {};

TEST_P(RolesSimulation, NothingIsLostAndThePrimaryIsFound) {
  for (std::uint64_t seed = 1; seed <= kSchedules && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World(seed, GetParam()).run();
  }
}

INSTANTIATE_TEST_SUITE_P(OfBothKinds, RolesSimulation, testing::Bool(),
                         [](const auto& with) { return with.param ? "WithTimelines" : "WithoutTimelines"; });

}  // namespace
}  // namespace shardway::proxy::control
