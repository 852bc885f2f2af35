// What a client is told when its server connection breaks: the rules of loss.hpp as a table.
#include "proxy/postgres/loss.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace shardway::proxy::postgres {
namespace {

struct Case {
  const char* story;
  std::function<void(Breakage&)> facts;
  Loss loss;
};

TEST(PostgresLoss, Judged) {
  const std::vector<Case> cases{
      {"it lay here between two messages", [](Breakage&) {}, Loss::kNothing},
      {"a write outside of a transaction", [](Breakage& b) { b.is_asked = true; }, Loss::kUnknown},
      {"a read outside of one", [](Breakage& b) { b.is_asked = b.can_repeat = true; }, Loss::kRepeat},
      {"a read of which the client has half a row", [](Breakage& b) { b.is_asked = b.is_mid_frame = true; },
       Loss::kCloseMute},
      {"a statement in a transaction", [](Breakage& b) { b.is_asked = b.is_open = b.is_block = true; },
       Loss::kTransaction},
      {"its COMMIT", [](Breakage& b) { b.is_asked = b.is_open = b.is_block = b.may_end = true; }, Loss::kUnknown},
      {"a pipeline that became a transaction of several shards, at its first",
       [](Breakage& b) { b.is_asked = b.is_open = true; }, Loss::kUnknown},
      {"a transaction between two statements", [](Breakage& b) { b.is_open = b.is_block = true; }, Loss::kUntold},
      {"it while another shard is asked", [](Breakage& b) { b.is_open = b.is_block = b.is_busy_elsewhere = true; },
       Loss::kUntold},
      {"it while it commits on several shards", [](Breakage& b) { b.is_open = b.is_block = b.is_committing = true; },
       Loss::kSeenLater},
      {"a pipeline before its Sync, of which something was executed", [](Breakage& b) { b.is_executed = true; },
       Loss::kTransaction},
      {"a shard that only described something for the transaction",
       [](Breakage& b) { b.is_open = b.is_block = b.is_spare = true; }, Loss::kNothing},
      {"it while another shard is asked",
       [](Breakage& b) { b.is_open = b.is_block = b.is_spare = b.is_busy_elsewhere = true; }, Loss::kSeenLater},
      {"a link that is brought up to the settings of a transaction",
       [](Breakage& b) { b.is_asked = b.is_syncing = b.is_open = b.is_block = true; }, Loss::kNothing},
      {"a COPY that has not all its data", [](Breakage& b) { b.is_asked = b.is_copying = true; }, Loss::kTransaction},
      {"a COPY that has it all", [](Breakage& b) { b.is_asked = true; }, Loss::kUnknown},
      {"a COPY behind a COMMIT, in one text", [](Breakage& b) { b.is_asked = b.is_copying = b.may_end = true; },
       Loss::kUnknown},
      {"a COPY whose first row has not come, in a transaction",
       [](Breakage& b) { b.is_copying = b.is_open = b.is_block = true; }, Loss::kTransaction},
      {"a temporary table", [](Breakage& b) { b.carries = true; }, Loss::kClose},
      {"a temporary table, over a statement", [](Breakage& b) { b.carries = b.is_asked = true; }, Loss::kClose},
  };
  for (const auto& one : cases) {
    Breakage breakage;
    one.facts(breakage);
    EXPECT_STREQ(name_of(judge(breakage)), name_of(one.loss)) << one.story;
  }
}

// Of all that may be the case at once.
TEST(PostgresLoss, WhatMayHaveBeenCommittedIsNeverCalledRetryable) {
  for (unsigned facts = 0; facts < 1U << 13; ++facts) {
    const auto is = [facts](unsigned bit) { return (facts >> bit & 1U) != 0; };
    const Breakage b{is(0), is(1), is(2), is(3), is(4), is(5), is(6), is(7), is(8), is(9), is(10), is(11), is(12)};
    const bool is_possible = (b.is_asked || !(b.is_mid_frame || b.can_repeat || b.is_syncing)) &&
                             !(b.can_repeat && (b.may_end || b.is_executed)) && (b.is_open || !b.is_block) &&
                             !(b.is_spare && (b.is_asked || b.is_executed)) && !(b.is_syncing && b.is_executed) &&
                             !(b.is_copying && (b.can_repeat || b.is_mid_frame));
    if (!is_possible) continue;
    const auto loss = judge(b);
    const bool may_be_kept =
        b.is_asked && !b.is_syncing && !b.can_repeat && (b.may_end || !(b.is_block || b.is_copying));
    if (may_be_kept && !b.is_committing) {
      ASSERT_NE(loss, Loss::kTransaction) << facts;
      ASSERT_NE(loss, Loss::kRepeat) << facts;
      if (!b.is_busy_elsewhere) {
        ASSERT_TRUE(loss == Loss::kUnknown || loss == Loss::kClose || loss == Loss::kCloseMute) << facts;
      }
    }
    const bool has_work = b.is_open && !b.is_spare && !b.is_syncing && !b.can_repeat;
    if (has_work && !b.is_committing) {
      ASSERT_NE(loss, Loss::kNothing) << facts;
      ASSERT_NE(loss, Loss::kSeenLater) << facts;
    }
  }
}

}  // namespace
}  // namespace shardway::proxy::postgres
