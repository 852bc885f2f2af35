#include "proxy/control/operator_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/control/node_watch.hpp"

namespace shardway::proxy::control {
namespace {

using How = CommandEnd::How;

CommandEnd run(const config::CommandWords& words, SteadyNanos time = 20'000 * kMillisecond, bool stops = false) {
  const std::atomic<bool> stopping{stops};
  return run_command(words, steady_now() + time, stopping);
}

TEST(OperatorCommand, HowItEnds) {
  EXPECT_TRUE(run({"true"}).is_good());
  EXPECT_EQ(run({"true"}).text(), "");
  EXPECT_EQ(run({"sh", "-c", "echo no; echo more >&2; exit 3"}).text(), "exit status 3: no more");
  EXPECT_EQ(run({"sh", "-c", "kill -9 $$"}).text(), "ended by signal 9");
  EXPECT_EQ(run({"/no/such/program"}).how, How::kNotStarted);
  EXPECT_EQ(run({}).how, How::kNotStarted);
}

TEST(OperatorCommand, EndsWithItsTimeAndWithTheProgram) {
  const auto begun = steady_now();
  EXPECT_EQ(run({"sh", "-c", "trap '' TERM; sleep 60 & wait; sleep 60"}, 50 * kMillisecond).how, How::kTimedOut);
  EXPECT_EQ(run({"sleep", "60"}, 60'000 * kMillisecond, true).how, How::kStopped);
  EXPECT_LT(steady_now() - begun, 20'000 * kMillisecond);
}

// pg_ctl start leaves a server that still holds the pipe.
TEST(OperatorCommand, IsNotWaitedForInTheBackground) {
  const auto begun = steady_now();
  const auto end = run({"sh", "-c", "echo started; (trap '' PIPE; sleep 5) & exit 0"});
  EXPECT_TRUE(end.is_good());
  EXPECT_EQ(end.output, "started");
  EXPECT_LT(steady_now() - begun, 4'000 * kMillisecond);
}

// What this program blocks (SIGTERM, for its own loop) its children do not.
TEST(OperatorCommand, SignalsAreAsAtAProgramsStart) {
  EXPECT_EQ(run({"sh", "-c", "kill -TERM $$; exit 0"}).text(), "ended by signal 15");
}

}  // namespace
}  // namespace shardway::proxy::control
