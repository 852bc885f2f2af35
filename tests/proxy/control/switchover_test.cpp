#include "proxy/control/switchover.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shardway::proxy::control::switchover {
namespace {

constexpr Result kDone = Result::kDone, kFailed = Result::kFailed, kLate = Result::kLate, kStopped = Result::kStopped;

// The steps of a whole switchover, and how it ends, if the n-th of them comes out as `results` says; beyond its end:
// well.
std::string run(const std::vector<Result>& results, bool rehearse = false, bool sent = true) {
  Procedure procedure({rehearse});
  std::string way;
  for (std::size_t i = 0; procedure.step() != Step::kEnd; ++i) {
    way.append(name_of(procedure.step())).append(", ");
    procedure.over(i < results.size() ? results[i] : kDone, sent);
  }
  return way.append(name_of(procedure.ending()));
}

struct Case {
  std::vector<Result> results;
  const char* way;
};

TEST(Switchover, EveryStepThatMayFail) {
  const Case cases[] = {
      {{}, "check, hold, drain, read only, catch up, promote, verify, release, replicas, old primary, done"},
      // Nothing was touched.
      {{kFailed}, "check, refused"},
      {{kLate}, "check, refused"},
      // Nothing was done to the servers yet.
      {{kDone, kFailed}, "check, hold, release, undone"},
      {{kDone, kDone, kLate}, "check, hold, drain, release, undone"},
      {{kDone, kDone, kStopped}, "check, hold, drain, release, undone"},
      // Half a fence is a fence.
      {{kDone, kDone, kDone, kFailed}, "check, hold, drain, read only, undo, release, undone"},
      {{kDone, kDone, kDone, kDone, kLate}, "check, hold, drain, read only, catch up, undo, release, undone"},
      {{kDone, kDone, kDone, kDone, kLate, kFailed},
       "check, hold, drain, read only, catch up, undo, release, not undone"},
      // Sent: whatever the answer, and be there none, the truth is asked for.
      {{kDone, kDone, kDone, kDone, kDone, kFailed},
       "check, hold, drain, read only, catch up, promote, verify, release, replicas, old primary, done"},
      {{kDone, kDone, kDone, kDone, kDone, kStopped, kStopped},
       "check, hold, drain, read only, catch up, promote, verify, held"},
      {{kDone, kDone, kDone, kDone, kDone, kDone, kLate, kDone, kLate},
       "check, hold, drain, read only, catch up, promote, verify, alarm, verify, alarm, verify, release, replicas, old "
       "primary, done"},
      // The new primary serves, whoever follows it.
      {{kDone, kDone, kDone, kDone, kDone, kDone, kDone, kDone, kFailed},
       "check, hold, drain, read only, catch up, promote, verify, release, replicas, old primary, incomplete"},
      {{kDone, kDone, kDone, kDone, kDone, kDone, kDone, kDone, kDone, kLate},
       "check, hold, drain, read only, catch up, promote, verify, release, replicas, old primary, incomplete"},
  };
  for (const auto& c : cases) EXPECT_EQ(run(c.results), c.way);
}

std::string run_course(const Course& course, const std::vector<Result>& results) {
  Procedure procedure(course);
  std::string way;
  for (std::size_t i = 0; procedure.step() != Step::kEnd; ++i) {
    way.append(name_of(procedure.step())).append(", ");
    procedure.over(i < results.size() ? results[i] : kDone);
  }
  return way.append(name_of(procedure.ending()));
}

TEST(Switchover, WhatAnotherOneLeftBehind) {
  const Course undoes{false, true, false}, finishes{false, false, true}, gives_back{false, true, true};
  EXPECT_EQ(run_course(undoes, {}),
            "restore, check, hold, drain, read only, catch up, promote, verify, release, replicas, old primary, done");
  EXPECT_EQ(run_course(undoes, {kFailed}), "restore, not undone");
  EXPECT_EQ(run_course(undoes, {kDone, kFailed}), "restore, check, refused") << "but it serves again";
  EXPECT_EQ(run_course(finishes, {}), "replicas, old primary, done");
  EXPECT_EQ(run_course(finishes, {kFailed}), "replicas, old primary, incomplete");
  EXPECT_EQ(run_course(gives_back, {}), "restore, replicas, old primary, done");
  EXPECT_EQ(run_course(gives_back, {kLate}), "restore, not undone");
}

TEST(Switchover, APromotionThatNeverLeftIsUndone) {
  EXPECT_EQ(run({kDone, kDone, kDone, kDone, kDone, kFailed}, false, false),
            "check, hold, drain, read only, catch up, promote, undo, release, undone");
}

TEST(Switchover, ARehearsalNeverPromotes) {
  EXPECT_EQ(run({}, true), "check, hold, drain, read only, catch up, undo, release, rehearsed");
  EXPECT_EQ(run({kDone, kDone, kDone, kDone, kLate}, true),
            "check, hold, drain, read only, catch up, undo, release, undone");
  EXPECT_EQ(run({kDone, kDone, kDone, kDone, kDone, kFailed}, true),
            "check, hold, drain, read only, catch up, undo, release, not undone");
}

// Whatever comes of the steps, of up to nine of them: once promoted there is no undo and no release before a
// verification; before it, whatever was fenced is undone before the release, and every hold is released.
TEST(Switchover, InvariantsOfAllWays) {
  const Result all[] = {kDone, kFailed, kLate, kStopped};
  for (unsigned way = 0; way < 1u << 18; ++way) {
    for (const bool rehearse : {false, true}) {
      Procedure procedure({rehearse});
      bool held = false, fenced = false, verified = false;
      for (unsigned i = 0; procedure.step() != Step::kEnd; ++i) {
        const auto step = procedure.step();
        const auto result = i < 9 ? all[way >> 2 * i & 3] : kDone;
        held = held || step == Step::kHold;
        fenced = (fenced || step == Step::kFence) && step != Step::kUndo;
        if (step == Step::kPromote) {
          ASSERT_FALSE(rehearse);
        }
        if (step == Step::kUndo) {
          ASSERT_FALSE(procedure.is_promoted());
        }
        verified = verified || (step == Step::kVerify && result == kDone);
        if (step == Step::kRelease) {
          ASSERT_TRUE(procedure.is_promoted() ? verified : !fenced);
          held = false;
        }
        procedure.over(result);
      }
      ASSERT_EQ(held, procedure.ending() == Ending::kHeld);
      ASSERT_EQ(procedure.is_promoted(), procedure.ending() == Ending::kDone ||
                                             procedure.ending() == Ending::kIncomplete ||
                                             procedure.ending() == Ending::kHeld);
    }
  }
}

}  // namespace
}  // namespace shardway::proxy::control::switchover
