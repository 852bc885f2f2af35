// Switchover: which step of a planned change of primary comes next. Pure: fed with what came of each step, tested as a
// table. Until the promotion was sent whatever fails is undone and the old primary serves on; from then on it never
// goes back: the promotion is verified, or the shard stays held and an alarm is raised. Who runs the steps:
// switchover_run.hpp; what they are on a kind of server: switchover_recipe.hpp.
#pragma once

#include <cstdint>
#include <string_view>

namespace shardway::proxy::control::switchover {

enum class Step : std::uint8_t {
  kRestore,  // one that was never finished is undone: the primary of before it takes writes again
  kCheck,
  kHold,     // the shard's gate is closed
  kDrain,    // no link to the old primary is lent any more
  kFence,    // the old primary takes no more writes
  kCatchUp,  // the target has everything
  kPromote,
  kVerify,  // the target writes, and the control lane calls it primary
  kAlarm,   // it is not verified in time
  kUndo,    // the old primary takes writes again
  kRelease,
  kFollow,  // the other replicas follow the new primary
  kRejoin,  // so does the old one
  kEnd
};
std::string_view name_of(Step step) noexcept;

enum class Result : std::uint8_t {
  kDone,
  kFailed,
  kLate,     // its deadline has passed
  kStopped,  // the program ends, or an operator said RESUME
};
std::string_view name_of(Result result) noexcept;

enum class Ending : std::uint8_t {
  kRefused,     // by the checks: nothing was touched
  kUndone,      // the old primary serves
  kNotUndone,   // it should, but could not be made to take writes again
  kRehearsed,   // as asked for
  kDone,        // with as many replicas as before
  kIncomplete,  // the new primary serves; some node does not follow it
  kHeld,        // sent, never verified, and given up
};
std::string_view name_of(Ending ending) noexcept;
// Whoever asked got what he asked for.
bool is_good(Ending ending) noexcept;

// Besides a whole one: what another one left behind is undone first; or it is finished, the target being primary.
struct Course {
  bool rehearses = false, restores = false, finishes = false;
};

class Procedure {
 public:
  explicit Procedure(const Course& course) noexcept
      : course_(course),
        step_(course.restores   ? Step::kRestore
              : course.finishes ? Step::kFollow
                                : Step::kCheck) {}

  Step step() const noexcept { return step_; }
  Ending ending() const noexcept { return ending_; }  // once step() is kEnd
  // From here on there is no way back.
  bool is_promoted() const noexcept { return promoted_; }
  // What came of step(). `sent`: of kPromote: something that promotes may have left.
  void over(Result result, bool sent = true) noexcept;

 private:
  void go_back(bool fenced) noexcept;
  void end(Ending ending) noexcept;

  Course course_;
  bool promoted_ = false, incomplete_ = false;
  Step step_;
  Ending ending_ = Ending::kRefused;
};

}  // namespace shardway::proxy::control::switchover
