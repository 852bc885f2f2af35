#include "proxy/control/roles.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace shardway::proxy::control {
namespace {

// A shard in words, one letter a node and its role decided: P primary, R replica, - gets no statement.
std::string decided(const Verdict& v) {
  std::string roles;
  for (const auto role : v.roles)
    roles += role == backend::Role::kPrimary ? 'P' : role == backend::Role::kReplica ? 'R' : '-';
  return roles;
}

constexpr std::uint64_t kShop = 7001, kOther = 7002;

NodeEvidence writes(std::uint32_t timeline, std::uint64_t system = kShop) {
  return {.tried = true, .known = true, .in_recovery = false, .system_identifier = system, .timeline = timeline};
}
NodeEvidence replays(std::uint32_t timeline, std::uint64_t system = kShop) {
  auto e = writes(timeline, system);
  e.in_recovery = true;
  return e;
}
NodeEvidence failing(NodeEvidence e, unsigned times) {
  e.failures = times;
  return e;
}
NodeEvidence read_only(NodeEvidence e) {
  e.read_only = true;
  return e;
}
// MariaDB: no timelines; servers are known by their numbers.
NodeEvidence maria(bool read_only, std::uint64_t number, std::uint64_t follows = 0) {
  return {.tried = true,
          .known = true,
          .in_recovery = read_only,
          .read_only = follows != 0,
          .system_identifier = 1,
          .timeline = 1,
          .has_timelines = false,
          .server_number = number,
          .source_number = follows};
}
const NodeEvidence kNeverReached{.tried = true, .failures = 5};
const NodeEvidence kNotAskedYet{};

struct Case {
  const char* story;
  Incumbent before;
  std::vector<NodeEvidence> nodes;
  const char* roles;
  std::vector<Finding> findings;
};

class Roles : public testing::TestWithParam<Case> {};

TEST_P(Roles, AreDecidedByEvidence) {
  const auto& c = GetParam();
  const auto verdict = decide_roles(c.nodes, c.before);
  EXPECT_EQ(decided(verdict), c.roles) << c.story;
  EXPECT_EQ(verdict.findings, c.findings) << c.story;
  const auto expected = std::string(c.roles).find('P');
  EXPECT_EQ(verdict.primary, expected == std::string::npos ? -1 : static_cast<std::int32_t>(expected)) << c.story;
}

const Incumbent kFirstMaria{0, 1, 1};
const Incumbent kNone{}, kFirst{0, 1, kShop}, kSecondOnTwo{1, 2, kShop};

INSTANTIATE_TEST_SUITE_P(
    Table, Roles,
    testing::Values(
        Case{"MariaDB: who is not read-only writes", kNone, {maria(false, 1), maria(true, 2, 1)}, "PR", {}},
        Case{"MariaDB: a replica that was left writable gets nothing",
             kNone,
             {maria(false, 2, 1), maria(false, 1)},
             "-P",
             {{Suspicion::kTwoPrimaries, 0}}},
        Case{"MariaDB: two that write",
             kNone,
             {maria(false, 1), maria(false, 2)},
             "--",
             {{Suspicion::kTwoPrimaries, 0}, {Suspicion::kTwoPrimaries, 1}}},
        Case{"MariaDB: the accepted one stays while both write",
             kFirstMaria,
             {maria(false, 1), maria(false, 2)},
             "P-",
             {{Suspicion::kTwoPrimaries, 1}}},
        Case{"MariaDB: promoted, the old one is down",
             kFirstMaria,
             {failing(maria(false, 1), 3), maria(false, 2)},
             "-P",
             {}},
        Case{"MariaDB: promoted, the old one was made read-only",
             kFirstMaria,
             {maria(true, 1), maria(false, 2)},
             "RP",
             {}},
        Case{"MariaDB: a node that follows somebody else",
             kNone,
             {maria(false, 1), maria(true, 2, 99)},
             "P-",
             {{Suspicion::kOtherSource, 1}}},
        Case{"a primary and two replicas", kNone, {writes(1), replays(1), replays(1)}, "PRR", {}},
        Case{"the order of configuration says nothing", kNone, {replays(1), writes(1)}, "RP", {}},
        Case{"a single node", kNone, {writes(3)}, "P", {}},
        Case{"only replicas: reads may go on, nobody writes", kNone, {replays(1), replays(1)}, "RR", {}},
        Case{"nothing is decided before all have spoken", kNone, {writes(1), kNotAskedYet}, "--", {}},
        Case{"a node that never answered holds nobody up", kNone, {writes(1), kNeverReached}, "P-", {}},
        // failures
        Case{"one failure forgets no role", kFirst, {failing(writes(1), 1), failing(replays(1), 2)}, "PR", {}},
        Case{"three do", kFirst, {failing(writes(1), 3), replays(1)}, "-R", {}},
        // promotion and the old primary
        Case{"the replica was promoted, the old primary is dead",
             kFirst,
             {failing(writes(1), 1), writes(2)},
             "-P",
             {{Suspicion::kStalePrimary, 0}}},
        Case{"two claim it: the higher timeline wins",
             kFirst,
             {writes(1), writes(2)},
             "-P",
             {{Suspicion::kStalePrimary, 0}}},
        Case{"also when nobody was accepted before",
             kNone,
             {writes(1), writes(2), replays(2)},
             "-PR",
             {{Suspicion::kStalePrimary, 0}}},
        Case{"the old primary does not come back when the new one dies",
             kSecondOnTwo,
             {writes(1), failing(writes(2), 3)},
             "--",
             {{Suspicion::kStalePrimary, 0}}},
        Case{"its own demotion makes it a replica", kSecondOnTwo, {replays(2), writes(2)}, "RP", {}},
        Case{"fail-back: promoted again, on a newer timeline", kSecondOnTwo, {writes(3), replays(2)}, "PR", {}},
        Case{"the primary was demoted and nobody promoted yet", kFirst, {replays(1), replays(1)}, "RR", {}},
        // two on one timeline
        Case{"two on one timeline: the one we had",
             kFirst,
             {writes(1), writes(1)},
             "P-",
             {{Suspicion::kTwoPrimaries, 1}}},
        Case{"also when it is the later one",
             {1, 1, kShop},
             {writes(1), writes(1)},
             "-P",
             {{Suspicion::kTwoPrimaries, 0}}},
        Case{"the twin does not take over from a dead one",
             kFirst,
             {failing(writes(1), 3), writes(1)},
             "--",
             {{Suspicion::kTwoPrimaries, 1}}},
        Case{"without a memory nobody can know",
             kNone,
             {writes(1), writes(1), replays(1)},
             "--R",
             {{Suspicion::kTwoPrimaries, 0}, {Suspicion::kTwoPrimaries, 1}}},
        Case{"unless one is fenced off as read-only",
             kNone,
             {read_only(writes(1)), writes(1)},
             "-P",
             {{Suspicion::kTwoPrimaries, 0}}},
        // another system
        Case{"a replica of something else",
             kNone,
             {writes(1), replays(1, kOther)},
             "P-",
             {{Suspicion::kOtherSystem, 1}}},
        Case{"a primary of something else, even on a higher timeline",
             kFirst,
             {writes(1), writes(9, kOther)},
             "P-",
             {{Suspicion::kOtherSystem, 1}}},
        Case{"two systems and no memory: neither",
             kNone,
             {writes(1), writes(2, kOther)},
             "--",
             {{Suspicion::kTwoPrimaries, 0}, {Suspicion::kTwoPrimaries, 1}}},
        Case{"replicas of two systems and no primary: none",
             kNone,
             {replays(1), replays(1, kOther)},
             "--",
             {{Suspicion::kOtherSystem, 0}, {Suspicion::kOtherSystem, 1}}},
        // the primary's address answers as another server
        Case{"a single node was restored or upgraded",
             {0, 4, kShop},
             {writes(1, kOther)},
             "P",
             {{Suspicion::kReplaced, 0}}},
        Case{"all were", kFirst, {writes(1, kOther), replays(1, kOther)}, "PR", {{Suspicion::kReplaced, 0}}},
        Case{"its replica says otherwise: refused",
             kFirst,
             {writes(1, kOther), replays(1)},
             "-R",
             {{Suspicion::kOtherSystem, 0}}},
        Case{"an older history at its address, its replica says otherwise: refused",
             {0, 2, kShop},
             {writes(1), replays(2)},
             "-R",
             {{Suspicion::kStalePrimary, 0}}}));

TEST(RolesMemory, KeepsTheAcceptedPrimaryWhileNobodyIs) {
  const std::vector<NodeEvidence> nodes{failing(writes(2), 3), replays(2)};
  const auto verdict = decide_roles(nodes, {0, 2, kShop});
  EXPECT_EQ(verdict.primary, -1);
  EXPECT_EQ(verdict.incumbent.node, 0);
  EXPECT_EQ(verdict.incumbent.timeline, 2U);
}

TEST(RolesMemory, FollowsThePrimaryToItsNewTimeline) {
  const std::vector<NodeEvidence> nodes{writes(1), writes(2)};
  const auto verdict = decide_roles(nodes, {0, 1, kShop});
  EXPECT_EQ(verdict.incumbent.node, 1);
  EXPECT_EQ(verdict.incumbent.timeline, 2U);
  EXPECT_EQ(verdict.incumbent.system_identifier, kShop);
}

// Without timelines, memory tells a promotion from a revenant.
Incumbent second_maria() {
  Incumbent incumbent{1, 1, 1};
  incumbent.last = {{{0, 2}, 50}};
  incumbent.replaced = {0};
  return incumbent;
}

TEST(RolesOfMariaDb, APromotedReplicaTakesThePlaceOfWhoGoesOn) {
  Incumbent before{0, 1, 1};
  before.followers = {1, 2};
  const std::vector<NodeEvidence> nodes{maria(false, 1), maria(false, 2), maria(true, 3, 2)};
  const auto verdict = decide_roles(nodes, before);
  EXPECT_EQ(decided(verdict), "-PR");
  EXPECT_EQ(verdict.findings, (std::vector<Finding>{{Suspicion::kTwoPrimaries, 0}}));
  EXPECT_EQ(verdict.incumbent.replaced, std::vector<std::int32_t>{0});
  EXPECT_EQ(verdict.incumbent.followers, std::vector<std::int32_t>{2});
}

TEST(RolesOfMariaDb, OfTwoPromotedReplicasNobodyCanTell) {
  Incumbent before{0, 1, 1};
  before.followers = {1, 2};
  EXPECT_EQ(decided(decide_roles(std::vector{failing(maria(false, 1), 3), maria(false, 2), maria(false, 3)}, before)),
            "---");
}

TEST(RolesOfMariaDb, ARevenantIsNotTakenForThePrimaryThatIsAway) {
  const auto away = failing(maria(false, 2), 3);
  EXPECT_EQ(decided(decide_roles(std::vector{maria(false, 1), away}, second_maria())), "--");
}

TEST(RolesOfMariaDb, WhoHasWhatTheAcceptedOneWroteIsNoRevenant) {
  const auto away = failing(maria(false, 2), 3);
  auto complete = maria(false, 1);
  complete.has = {{{0, 1}, 40}, {{0, 2}, 50}};
  EXPECT_EQ(decided(decide_roles(std::vector{complete, away}, second_maria())), "P-");
  auto late = complete;
  late.has = {{{0, 1}, 40}, {{0, 2}, 45}};  // some of it: it was a replica, and lost the rest
  EXPECT_EQ(decided(decide_roles(std::vector{late, away}, second_maria())), "P-");
}

TEST(RolesOfMariaDb, WhomTheAcceptedOneFollowsIsPrimary) {
  EXPECT_EQ(decided(decide_roles(std::vector{maria(false, 1), maria(true, 2, 1)}, second_maria())), "PR");
}

TEST(RolesOfMariaDb, WhoWasSeenAsAReplicaMayBePromotedAgain) {
  const auto verdict = decide_roles(std::vector{maria(true, 1, 2), maria(false, 2)}, second_maria());
  EXPECT_EQ(decided(verdict), "RP");
  EXPECT_TRUE(verdict.incumbent.replaced.empty());
}

// MariaDB's replicas are writable unless somebody has set read_only.
TEST(RolesOfMariaDb, AReplicaThatWasNeverReadOnlyIsNotPromoted) {
  const auto away = failing(maria(false, 1), 3);
  EXPECT_EQ(decided(decide_roles(std::vector{away, maria(false, 2, 1), maria(true, 3, 1)}, Incumbent{0, 1, 1})), "--R");
  EXPECT_EQ(decided(decide_roles(std::vector{away, maria(false, 2), maria(true, 3, 1)}, Incumbent{0, 1, 1})), "-PR");
}

TEST(RolesOfMariaDb, AReplicaThatHasRestartedWritableIsNotPromoted) {
  Incumbent before{0, 1, 1};
  before.followers = {1};
  auto verdict = decide_roles(std::vector{maria(false, 1), maria(false, 2, 1)}, before);
  EXPECT_EQ(decided(verdict), "P-");
  verdict = decide_roles(std::vector{failing(maria(false, 1), 3), maria(false, 2, 1)}, verdict.incumbent);
  EXPECT_EQ(decided(verdict), "--");
}

TEST(RolesOfMariaDb, AReplicaThatIsMadeWritableIsPromotedThoughItStillFollows) {
  Incumbent before{0, 1, 1};
  before.followers = {1};
  EXPECT_EQ(decided(decide_roles(std::vector{failing(maria(false, 1), 3), maria(false, 2, 1)}, before)), "-P");
}

// Nobody was accepted yet: a Shardway starts when one was promoted and the old one has come back, writable.
TEST(RolesOfMariaDb, WhoHasAllOfTheOthersAndMoreIsPrimary) {
  struct One {
    const char* story;
    Gtids first, second;
    const char* roles;
  };
  const One cases[]{
      {"the second was promoted and wrote on", {{{0, 1}, 40}}, {{{0, 1}, 40}, {{0, 2}, 50}}, "-P"},
      {"the first did", {{{0, 1}, 40}, {{0, 2}, 50}}, {{{0, 2}, 45}}, "P-"},
      {"both wrote", {{{0, 1}, 41}}, {{{0, 1}, 40}, {{0, 2}, 50}}, "--"},
      {"equal", {{{0, 1}, 40}}, {{{0, 1}, 40}}, "--"},
      {"one has written nothing: who says that it is related", {}, {{{0, 2}, 50}}, "--"},
      {"nor has it written what it has", {{{0, 9}, 40}}, {{{0, 9}, 40}, {{0, 2}, 50}}, "--"},
      {"in another domain it has more", {{{0, 1}, 40}, {{1, 1}, 7}}, {{{0, 1}, 40}, {{0, 2}, 50}}, "--"},
  };
  for (const auto& c : cases) {
    auto first = maria(false, 1), second = maria(false, 2);
    first.has = c.first, second.has = c.second;
    const auto verdict = decide_roles(std::vector{first, second}, {});
    EXPECT_EQ(decided(verdict), c.roles) << c.story;
    EXPECT_EQ(verdict.findings.size(), verdict.primary < 0 ? 2U : 1U) << c.story;
  }
}

TEST(RolesOfMariaDb, WhoWasOutdatedAtTheStartIsARevenant) {
  auto old = maria(false, 1), newer = maria(false, 2);
  old.has = {{{0, 1}, 40}};
  newer.has = {{{0, 1}, 40}, {{0, 2}, 50}};
  newer.last = {{{0, 2}, 50}};
  const auto verdict = decide_roles(std::vector{old, newer}, {});
  EXPECT_EQ(verdict.incumbent.replaced, std::vector<std::int32_t>{0});
  EXPECT_EQ(decided(decide_roles(std::vector{old, failing(newer, 3)}, verdict.incumbent)), "--");
}

TEST(RolesOfMariaDb, AWritableReplicaThatWroteOnItsOwnOutdatesNobody) {
  auto primary = maria(false, 1), replica = maria(false, 2, 1);
  primary.has = {{{0, 1}, 40}};
  replica.has = {{{0, 1}, 40}, {{0, 2}, 41}};
  EXPECT_EQ(decided(decide_roles(std::vector{primary, replica}, {})), "P-");
}

TEST(RolesFindings, SayWhatToDo) {
  for (const auto s : {Suspicion::kTwoPrimaries, Suspicion::kStalePrimary, Suspicion::kOtherSystem,
                       Suspicion::kOtherSource, Suspicion::kReplaced}) {
    EXPECT_FALSE(explain(s).empty());
  }
}

}  // namespace
}  // namespace shardway::proxy::control
