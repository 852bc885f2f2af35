// shardway: wiring. `check`, `explain` and `switchover` are the command line's own; `run` loads, blocks signals,
// serves.

#include <csignal>
#include <cstdio>
#include <exception>

#include "proxy/app.hpp"
#include "proxy/cli.hpp"
#include "proxy/log.hpp"

namespace {

void block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread is made: all inherit it, run() waits for them
  ::signal(SIGPIPE, SIG_IGN);
}

int run(const std::string& file) {
  const auto loaded = shardway::proxy::config::load(file);
  for (const auto& diagnostic : loaded.diagnostics) {
    std::fprintf(stderr, "%s\n", shardway::proxy::config::format(diagnostic).c_str());
  }
  if (!loaded.config) return 1;
  shardway::proxy::prepare_log (*loaded.config)();
  shardway::proxy::App app(file, loaded.config);
  return app.run();
}

}  // namespace

int main(int argc, char** argv) {
  const auto command = shardway::proxy::parse_command_line(argc, argv);
  try {
    switch (command.kind) {
      case shardway::proxy::Command::Kind::kRun: block_signals(); return run(command.config_file);
      case shardway::proxy::Command::Kind::kCheck: return shardway::proxy::run_check(command);
      case shardway::proxy::Command::Kind::kExplain: return shardway::proxy::run_explain(command);
      case shardway::proxy::Command::Kind::kSwitchover: return shardway::proxy::run_switchover(command);
      case shardway::proxy::Command::Kind::kExit: return command.exit_status;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "shardway: %s\n", error.what());
  }
  return 1;
}
