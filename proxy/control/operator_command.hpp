// OperatorCommand: a command of an operator's own, run to its end: no shell reads it (config/command_words.hpp), what
// it prints is kept for the report, and when its time is over it is ended with all it has started in its process group.
// A server it leaves behind in the background is not waited for. Blocks; for a thread that may wait.
#pragma once

#include <atomic>
#include <string>

#include "proxy/backend/node.hpp"
#include "proxy/config/command_words.hpp"

namespace shardway::proxy::control {

struct CommandEnd {
  enum class How : std::uint8_t { kExited, kSignalled, kTimedOut, kStopped, kNotStarted };
  How how = How::kNotStarted;
  int status = 0;      // the exit status, the signal's number, or the error's
  std::string output;  // of both streams, its last part, in one line
  bool is_good() const noexcept { return how == How::kExited && status == 0; }
  std::string text() const;  // "exit status 1: pg_ctl: …"
};

CommandEnd run_command(const config::CommandWords& words, backend::SteadyNanos deadline,
                       const std::atomic<bool>& stopping);

}  // namespace shardway::proxy::control
