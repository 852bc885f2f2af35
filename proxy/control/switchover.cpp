#include "proxy/control/switchover.hpp"

namespace shardway::proxy::control::switchover {

std::string_view name_of(Step step) noexcept {
  switch (step) {
    case Step::kRestore: return "restore";
    case Step::kCheck: return "check";
    case Step::kHold: return "hold";
    case Step::kDrain: return "drain";
    case Step::kFence: return "read only";
    case Step::kCatchUp: return "catch up";
    case Step::kPromote: return "promote";
    case Step::kVerify: return "verify";
    case Step::kAlarm: return "alarm";
    case Step::kUndo: return "undo";
    case Step::kRelease: return "release";
    case Step::kFollow: return "replicas";
    case Step::kRejoin: return "old primary";
    case Step::kEnd: break;
  }
  return "end";
}

std::string_view name_of(Result result) noexcept {
  switch (result) {
    case Result::kDone: return "done";
    case Result::kFailed: return "failed";
    case Result::kLate: return "late";
    case Result::kStopped: break;
  }
  return "stopped";
}

std::string_view name_of(Ending ending) noexcept {
  switch (ending) {
    case Ending::kRefused: return "refused";
    case Ending::kUndone: return "undone";
    case Ending::kNotUndone: return "not undone";
    case Ending::kRehearsed: return "rehearsed";
    case Ending::kDone: return "done";
    case Ending::kIncomplete: return "incomplete";
    case Ending::kHeld: break;
  }
  return "held";
}

bool is_good(Ending ending) noexcept { return ending == Ending::kDone || ending == Ending::kRehearsed; }

void Procedure::end(Ending ending) noexcept {
  step_ = Step::kEnd;
  ending_ = ending;
}

// To the old primary: what was done to it is undone first.
void Procedure::go_back(bool fenced) noexcept {
  ending_ = Ending::kUndone;
  step_ = fenced ? Step::kUndo : Step::kRelease;
}

void Procedure::over(Result result, bool sent) noexcept {
  const bool done = result == Result::kDone;
  switch (step_) {
    case Step::kRestore:
      if (!done) return end(Ending::kNotUndone);
      step_ = course_.finishes ? Step::kFollow : Step::kCheck;
      return;
    case Step::kCheck:
      if (!done) return end(Ending::kRefused);
      step_ = Step::kHold;
      return;
    case Step::kHold:
      if (!done) return go_back(false);
      step_ = Step::kDrain;
      return;
    case Step::kDrain:
      if (!done) return go_back(false);
      step_ = Step::kFence;
      return;
    case Step::kFence:
      if (!done) return go_back(true);
      step_ = Step::kCatchUp;
      return;
    case Step::kCatchUp:
      if (!done || course_.rehearses) go_back(true);
      if (done) ending_ = Ending::kRehearsed;
      if (done && !course_.rehearses) step_ = Step::kPromote;
      return;
    case Step::kPromote:
      if (!sent) return go_back(true);
      promoted_ = true;
      step_ = Step::kVerify;
      return;
    case Step::kVerify:
      if (result == Result::kStopped) return end(Ending::kHeld);
      step_ = done ? Step::kRelease : Step::kAlarm;
      return;
    case Step::kAlarm: step_ = Step::kVerify; return;
    case Step::kUndo:
      if (!done) ending_ = Ending::kNotUndone;
      step_ = Step::kRelease;
      return;
    case Step::kRelease:
      if (!promoted_) return end(ending_);
      step_ = Step::kFollow;
      return;
    case Step::kFollow:
      incomplete_ = !done;
      step_ = Step::kRejoin;
      return;
    case Step::kRejoin: return end(done && !incomplete_ ? Ending::kDone : Ending::kIncomplete);
    case Step::kEnd: return;
  }
}

}  // namespace shardway::proxy::control::switchover
