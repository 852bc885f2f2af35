#include "proxy/transaction/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shardway::proxy::transaction {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

struct LedgerTest : ::testing::Test {
  Ledger ledger{"main"};
  Name begin(std::uint64_t client = 7) { return ledger.begin(client, "a", {"a", "b"}); }
};

TEST_F(LedgerTest, NamesAreNeverUsedTwice) {
  const auto first = begin(), second = begin();
  EXPECT_NE(first.text(), second.text());
  EXPECT_EQ(first.incarnation, incarnation());
}

TEST_F(LedgerTest, WhatASessionEndsIsGone) {
  const auto name = begin();
  EXPECT_TRUE(ledger.is_live(name));
  EXPECT_THAT(ledger.entries(), SizeIs(1));
  ledger.finish(name, true);
  EXPECT_FALSE(ledger.is_live(name));
  EXPECT_THAT(ledger.entries(), IsEmpty());
}

TEST_F(LedgerTest, TheDecisionOfACommittedOneIsDeletedOnceAndItsAppliedRowsLater) {
  ledger.finish(begin(), true);
  ledger.finish(begin(), false);  // has none
  auto decisions = ledger.take_decisions_to_delete();
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_EQ(decisions[0].agent, "a");
  EXPECT_THAT(ledger.take_decisions_to_delete(), IsEmpty());
  ledger.put_back(decisions);
  EXPECT_THAT(ledger.take_decisions_to_delete(), SizeIs(1));
  ledger.decisions_deleted(std::move(decisions));
  EXPECT_THAT(ledger.take_applied_to_delete(), IsEmpty()) << "half a minute is not over";
}

TEST_F(LedgerTest, ReadsWaitForWhatIsCommittedAndNotApplied) {
  const auto name = begin();
  ledger.set_state(name, State::kApplying);
  EXPECT_FALSE(ledger.awaits_apply("b")) << "its session is on it, and has not told its client";
  ledger.hand_over(name, State::kApplying, "b is down");
  EXPECT_TRUE(ledger.awaits_apply("b"));
  EXPECT_FALSE(ledger.awaits_apply("a")) << "the agent has committed";
  EXPECT_FALSE(ledger.awaits_apply("c"));
  EXPECT_FALSE(ledger.is_live(name));
  EXPECT_THAT(ledger.handed_over(), SizeIs(1));
  ledger.finish(name, true);
  EXPECT_FALSE(ledger.awaits_apply("b"));
}

TEST_F(LedgerTest, WhoWaitsForTheOutcomeLearnsIt) {
  for (const bool committed : {true, false}) {
    const auto name = begin();
    ledger.hand_over(name, State::kInDoubt, "the answer was lost");
    EXPECT_EQ(ledger.outcome(name), std::nullopt);
    ledger.decided(name, committed);
    EXPECT_EQ(ledger.outcome(name), committed);
    EXPECT_EQ(ledger.awaits_apply("b"), committed);
    ledger.finish(name, committed);
    EXPECT_EQ(ledger.outcome(name), committed) << "the session may come to ask later";
  }
}

}  // namespace
}  // namespace shardway::proxy::transaction
