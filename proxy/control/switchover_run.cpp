#include "proxy/control/switchover_run.hpp"

#include <csignal>

#include "proxy/control/node_watch.hpp"
#include "proxy/log.hpp"
#include "proxy/transaction/fault_point.hpp"

namespace shardway::proxy::control::switchover {
namespace {

constexpr SteadyNanos kSecond = 1'000 * kMillisecond;
constexpr SteadyNanos kCheckTime = 20 * kSecond, kFollowTime = 15 * kSecond;
constexpr SteadyNanos kUndoTime = 60 * kSecond, kUndoTimeAtTheEnd = 5 * kSecond;
constexpr SteadyNanos kPoll = 5 * kMillisecond, kTellAgain = kSecond, kAskAgain = 100 * kMillisecond;
constexpr std::size_t kMostNamed = 10;

SteadyNanos nanos(config::Milliseconds time) { return time / std::chrono::nanoseconds(1); }

std::string hint_for(const Holder& holder) {
  return "client " + std::to_string(holder.id) + " (" + holder.user +
         (holder.pin.empty() ? ", in a transaction)" : ", pinned by " + holder.pin + ")");
}

}  // namespace

Switchover::Switchover(Request request, Around around)
    : request_(std::move(request)), around_(std::move(around)), recipe_(make_recipe(request_.cast)) {
  sigset_t all, before;  // signals are the main thread's
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Switchover::~Switchover() {
  stopping_ = true;
  thread_.join();
}

std::string Switchover::standing() const {
  const std::lock_guard lock(mutex_);
  return std::string(name_of(standing_));
}

Patience Switchover::patience(SteadyNanos time) const { return {steady_now() + time, &stopping_}; }
Patience Switchover::until_promotion() const { return {deadline_, &stopping_}; }

void Switchover::run() {
  Procedure procedure(request_.cast.course);
  std::string why;
  while (procedure.step() != Step::kEnd) {
    const auto step = procedure.step();
    {
      const std::lock_guard lock(mutex_);
      standing_ = step;
    }
    const auto began = steady_now();
    bool sent = true;
    const auto outcome = run_step(step, sent);
    tell(step, name_of(outcome.result), began, outcome.detail);
    if (outcome.result == Result::kDone) transaction::at_step("switchover " + std::string(name_of(step)));
    if (outcome.result != Result::kDone && !outcome.detail.empty()) why += (why.empty() ? "" : "; ") + outcome.detail;
    procedure.over(outcome.result, sent);
  }
  if (is_good(procedure.ending())) why.clear();
  recipe_.reset();  // its connections, and with them its turn
  over_ = true;     // whoever hears of the end may order the next one
  report(procedure.ending(), why);
}

Outcome Switchover::run_step(Step step, bool& sent) {
  switch (step) {
    case Step::kRestore: return restore();
    case Step::kCheck: return check();
    case Step::kHold:
      held_at_ = steady_now();
      deadline_ = held_at_ + nanos(request_.timeout);
      around_.hold();
      return {};
    case Step::kDrain: return drain();
    case Step::kFence: return recipe_->fence(until_promotion());
    case Step::kCatchUp: return recipe_->catch_up(until_promotion());
    case Step::kPromote: return recipe_->promote(until_promotion(), sent);
    case Step::kVerify: return verify();
    case Step::kAlarm: raise_alarm(request_.cast.target.text); return {};
    // It must not be cut short by the end of the program; but that must not wait for it either.
    case Step::kUndo: return recipe_->undo({steady_now() + (stopping_ ? kUndoTimeAtTheEnd : kUndoTime), nullptr});
    case Step::kRelease:
      alarmed_ = false;
      around_.look();
      around_.release();
      released_at_ = steady_now();
      return {Result::kDone, "held for " + std::to_string((released_at_ - held_at_) / kMillisecond) + " ms"};
    case Step::kFollow: return follow();
    case Step::kRejoin:
      return recipe_->rejoin(patience(kFollowTime + nanos(request_.cast.database->switchover.command_timeout)));
    case Step::kEnd: break;
  }
  return {};
}

// Whoever finishes what another one began looks first at what is there.
Outcome Switchover::follow() {
  const auto time = patience(kFollowTime);
  if (request_.cast.course.finishes)
    if (auto wrong = recipe_->verify(time.at_most(5 * kSecond)); wrong.result != Result::kDone) return wrong;
  return recipe_->follow(time);
}

// The server says so, and then the control lane.
Outcome Switchover::restore() {
  const auto& node = request_.cast.restored();
  const auto time =
      patience(std::max(nanos(request_.timeout), nanos(request_.cast.database->switchover.command_timeout)));
  auto outcome = recipe_->restore(time);
  if (outcome.result != Result::kDone) return outcome;
  while (!time.is_over()) {
    around_.look();
    if (around_.is_primary(node)) return outcome;
    pause(time, kPoll);
  }
  return gave_up(time, "node " + node.text + " does not become the shard's primary again: see SHOW NODES");
}

Outcome Switchover::check() {
  const auto time = patience(kCheckTime);
  auto outcome = recipe_->check(time);
  // Replicas come back to a primary that was stopped.
  while (request_.cast.course.restores && outcome.result == Result::kFailed && !time.is_over()) {
    pause(time, kAskAgain);
    outcome = recipe_->check(time);
  }
  if (outcome.result != Result::kDone) return outcome;
  if (const auto pinned = holders_text(true); !pinned.empty())
    outcome.detail += (request_.force ? ", will end " : ", will wait for ") + pinned;
  return outcome;
}

std::string Switchover::holders_text(bool pinned_only) const {
  std::string text;
  std::size_t named = 0;
  for (const auto& holder : around_.holders()) {
    if (pinned_only && holder.pin.empty()) continue;
    if (++named <= kMostNamed) text += (text.empty() ? "" : ", ") + hint_for(holder);
  }
  if (named > kMostNamed) text += " and " + std::to_string(named - kMostNamed) + " more";
  return text;
}

void Switchover::end_pinned() const {
  if (!request_.force) return;
  for (const auto& holder : around_.holders())
    if (!holder.pin.empty()) around_.end_client(holder.id);
}

std::string Switchover::with_holders(const std::string& open) const {
  const auto holders = holders_text(false);
  return holders.empty() ? open : open + ": " + holders;
}

// Nobody works on the old primary any more: statements that had begun have ended, nothing new begins.
Outcome Switchover::drain() {
  const auto time = until_promotion();
  const auto began = steady_now();
  end_pinned();
  std::string open;
  auto tell_at = began + kTellAgain;
  while (!time.is_over()) {
    const auto lent = around_.lent();
    open = !lent ? "no answer from all threads" : std::to_string(*lent) + " server connections are in use";
    if (lent && *lent == 0 && (open = recipe_->still_open(time)).empty()) return {};
    if (steady_now() >= tell_at) {
      tell(Step::kDrain, "waiting", began, with_holders(open));
      tell_at = steady_now() + kTellAgain;
      end_pinned();  // who was in a transaction may have pinned itself with its last statement
    }
    pause(time, kPoll);
  }
  return gave_up(time, with_holders(open));
}

// Both must say so: the server, and the control lane, by which statements are routed.
Outcome Switchover::verify() {
  const auto time = patience(nanos(request_.timeout));  // then it is time for the alarm
  auto outcome = failed("node " + request_.cast.target.text + " was not asked");
  while (!time.is_over()) {
    if (around_.is_released()) return {Result::kStopped, "an operator said RESUME"};
    outcome = recipe_->verify(time.at_most(5 * kSecond));
    around_.look();
    if (outcome.result == Result::kDone) {
      if (around_.is_primary(request_.cast.target)) return outcome;
      outcome.detail = "node " + request_.cast.target.text +
                       " takes writes, but is not taken for the shard's primary: see SHOW NODES";
    }
    pause(time, kPoll);
  }
  return gave_up(time, outcome.detail);
}

// The shard stays held until the new primary is there or somebody says RESUME.
void Switchover::raise_alarm(const std::string& why) {
  if (alarmed_.exchange(true)) return;
  const auto& cast = request_.cast;
  log::error(
      "event=switchover_alarm database={} shard={} to={} message=\"the promotion was sent and cannot be verified: the "
      "shard is held\" hint=\"see that {} becomes primary; RESUME {}.{} releases the shard as it is\"",
      cast.database->name, cast.shard, why, why, cast.database->name, cast.shard);
  report(Ending::kHeld, "the promotion of " + why +
                            " was sent and cannot be verified: the shard stays held until it is; RESUME " +
                            cast.database->name + "." + cast.shard + " releases it as it is");
}

void Switchover::tell(Step step, std::string_view state, SteadyNanos began, const std::string& detail) {
  const auto& cast = request_.cast;
  const auto took = (steady_now() - began) / kMillisecond;
  const auto level = state == "done" || state == "waiting" ? log::Level::kInfo : log::Level::kWarn;
  log::write(level, "event=switchover database={} shard={} from={} to={} step=\"{}\" state={} ms={} detail=\"{}\"",
             cast.database->name, cast.shard, cast.old_primary.text, cast.target.text, name_of(step), state, took,
             one_line(detail.c_str()));
  if (!reported_) around_.tell({std::string(name_of(step)), std::string(state), detail, took});
}

void Switchover::report(Ending ending, const std::string& detail) {
  const auto until = released_at_ != 0 ? released_at_ : steady_now();
  const auto pause_ms = held_at_ == 0 ? 0 : (until - held_at_) / kMillisecond;
  const auto& cast = request_.cast;
  log::write(is_good(ending) ? log::Level::kInfo : log::Level::kError,
             "event=switchover_over database={} shard={} from={} to={} ending=\"{}\" pause_ms={} detail=\"{}\"",
             cast.database->name, cast.shard, cast.old_primary.text, cast.target.text, name_of(ending), pause_ms,
             one_line(detail.c_str()));
  if (std::exchange(reported_, true)) return;
  around_.done({ending, pause_ms, detail});
}

}  // namespace shardway::proxy::control::switchover
