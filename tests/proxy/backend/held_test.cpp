// The gate of a shard, and those who wait before it: reasons, bounds, order, growing batches.
#include "proxy/backend/held.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shardway::proxy::backend {
namespace {

using Reason = Gate::Reason;

TEST(Gate, IsOpenWhenNoReasonIsLeft) {
  Gate gate;
  EXPECT_TRUE(gate.is_open());
  EXPECT_TRUE(gate.close(Reason::kNoPrimary));
  EXPECT_FALSE(gate.close(Reason::kSwitchover)) << "it was closed before";
  EXPECT_EQ(gate.reasons(), "no_primary, switchover");
  EXPECT_FALSE(gate.open(Reason::kNoPrimary)) << "the switchover still holds it";
  EXPECT_FALSE(gate.is_open());
  EXPECT_FALSE(gate.open(Reason::kPaused));
  EXPECT_TRUE(gate.open(Reason::kSwitchover));
  EXPECT_FALSE(gate.open(Reason::kSwitchover)) << "it was open before";
  EXPECT_EQ(gate.reasons(), "");
}

TEST(Gate, AdmitsSoManyAndSoMuch) {
  Gate gate;
  EXPECT_TRUE(gate.admit(60, 2, 100));
  EXPECT_FALSE(gate.admit(41, 2, 100)) << "one byte too many";
  EXPECT_TRUE(gate.admit(40, 2, 100));
  EXPECT_FALSE(gate.admit(0, 2, 100)) << "a third client";
  EXPECT_EQ(gate.held_clients(), 2U);
  EXPECT_EQ(gate.held_bytes(), 100U);
  gate.leave(60);
  EXPECT_TRUE(gate.admit(60, 2, 100));
}

class Held : public testing::Test {
 protected:
  std::uint64_t join(int who, std::uint64_t bytes = 1) {
    return held.join(bytes, bounds, [this, who] { let_go.push_back(who); });
  }
  // The loop, until nothing more is expected to happen.
  void run(std::chrono::milliseconds duration) {
    loop.after(duration, [this] { loop.stop(); });
    loop.run();
  }

  net::EventLoop loop;
  Gate gate;
  HeldClients held{loop, gate};
  config::Hold bounds;
  std::vector<int> let_go;
};

TEST_F(Held, GoesOnInTheOrderItCame) {
  gate.close(Reason::kNoPrimary);
  for (int i = 0; i < 20; ++i) join(i);
  held.heed();
  EXPECT_TRUE(let_go.empty()) << "the gate is closed";
  gate.open(Reason::kNoPrimary);
  held.heed();
  EXPECT_EQ(let_go.size(), 1U) << "one tries the primary first";
  run(std::chrono::milliseconds(200));
  ASSERT_EQ(let_go.size(), 20U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(let_go[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(gate.held_clients(), 0U);
  EXPECT_EQ(gate.held_bytes(), 0U);
}

TEST_F(Held, StaysWhenTheGateClosesAgain) {
  gate.close(Reason::kNoPrimary);
  for (int i = 0; i < 20; ++i) join(i);
  gate.open(Reason::kNoPrimary);
  held.heed();
  gate.close(Reason::kPaused);
  run(std::chrono::milliseconds(100));
  EXPECT_EQ(let_go.size(), 1U);
  EXPECT_EQ(gate.held_clients(), 19U);
  gate.open(Reason::kPaused);
  held.heed();
  EXPECT_EQ(let_go.size(), 2U) << "slowly again";
}

TEST_F(Held, LeavesWithWhatItCounted) {
  gate.close(Reason::kNoPrimary);
  const auto first = join(1, 10);
  join(2, 20);
  held.leave(first);
  EXPECT_EQ(gate.held_clients(), 1U);
  EXPECT_EQ(gate.held_bytes(), 20U);
  held.leave(first);  // and leaves once
  EXPECT_EQ(gate.held_clients(), 1U);
  gate.open(Reason::kNoPrimary);
  held.heed();
  EXPECT_EQ(let_go, std::vector<int>{2});
}

TEST_F(Held, TurnsAwayWhoIsTooMuch) {
  gate.close(Reason::kNoPrimary);
  bounds.clients = 1;
  EXPECT_NE(join(1), 0U);
  EXPECT_EQ(join(2), 0U);
}

}  // namespace
}  // namespace shardway::proxy::backend
