// What an unfinished change of primary looks like, and what does not.
#include "proxy/control/unfinished.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shardway::proxy::control {
namespace {

NodeEvidence postgres(bool in_recovery, bool read_only = false) {
  NodeEvidence node;
  node.tried = node.known = true;
  node.in_recovery = in_recovery;
  node.read_only = read_only;
  node.system_identifier = 7;
  node.timeline = 1;
  return node;
}

NodeEvidence silent() {
  NodeEvidence node;
  node.tried = true;
  node.failures = 1;
  return node;
}

NodeEvidence mariadb(std::uint64_t number, bool read_only, std::uint64_t source, std::uint64_t has) {
  NodeEvidence node;
  node.tried = node.known = true;
  node.has_timelines = false;
  node.in_recovery = read_only;
  node.system_identifier = 1;
  node.server_number = number;
  node.source_number = source;
  node.has[{0, 1}] = has;
  return node;
}

using Nodes = std::vector<std::int32_t>;

Nodes left(const std::vector<NodeEvidence>& nodes, const Incumbent& incumbent = {}) {
  return left_behind(nodes, decide_roles(nodes, incumbent));
}

TEST(Unfinished, Postgres) {
  EXPECT_EQ(left({postgres(false), postgres(true)}), Nodes{});
  EXPECT_EQ(left({postgres(false, true), postgres(true)}), Nodes{0}) << "it was read only, and nobody promoted";
  EXPECT_EQ(left({postgres(true), silent(), postgres(true)}), Nodes{1}) << "it was stopped, and nobody promoted";
  EXPECT_EQ(left({silent(), silent(), postgres(true)}), Nodes{}) << "one of them may have been promoted";
  EXPECT_EQ(left({silent(), postgres(false)}), Nodes{}) << "the other one was";
  EXPECT_EQ(left({postgres(true), postgres(true)}), Nodes{}) << "their primary is none of the nodes";
  EXPECT_EQ(left({silent()}), Nodes{});
  Incumbent first;
  first.node = 0;
  first.timeline = 1;
  first.system_identifier = 7;
  EXPECT_EQ(left({postgres(true), silent()}, first), Nodes{})
      << "the primary came back as a replica: not the other one";
  auto gone = postgres(false);
  gone.failures = 1;
  EXPECT_EQ(left({gone, postgres(true)}, first), Nodes{}) << "one failure is nothing: it is still the primary";
  gone.failures = kFailuresToForget;
  EXPECT_EQ(left({gone, postgres(true)}, first), Nodes{0});
}

TEST(Unfinished, Mariadb) {
  EXPECT_EQ(left({mariadb(1, false, 0, 9), mariadb(2, true, 1, 9)}), Nodes{});
  EXPECT_EQ(left({mariadb(1, true, 0, 9), mariadb(2, true, 1, 9)}), Nodes{0}) << "it was locked, and nobody promoted";
  EXPECT_EQ(left({mariadb(1, true, 0, 9), mariadb(2, true, 1, 8)}), Nodes{0});
  EXPECT_EQ(left({mariadb(1, true, 0, 8), mariadb(2, true, 1, 9)}), Nodes{}) << "the replica has more: whose is that?";
  EXPECT_EQ(left({mariadb(1, true, 0, 9), mariadb(2, true, 0, 9)}), (Nodes{0, 1})) << "half of a promotion";
  EXPECT_EQ(left({mariadb(1, true, 0, 9), mariadb(2, true, 0, 9), mariadb(3, true, 1, 7)}), (Nodes{0, 1}));
  EXPECT_EQ(left({mariadb(1, true, 0, 9), silent()}), Nodes{}) << "the other one may take writes";
  EXPECT_EQ(left({mariadb(1, true, 0, 9), mariadb(2, false, 0, 9)}), Nodes{}) << "it was promoted";
}

}  // namespace
}  // namespace shardway::proxy::control
