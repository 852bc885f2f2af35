// `shardway switchover`: SWITCHOVER on the console of the running Shardway, with the steps as they happen.
#include <fmt/core.h>

#include <iostream>

#include "proxy/cli.hpp"
#include "proxy/config/config.hpp"
#include "proxy/control/console_client.hpp"

namespace shardway::proxy {
namespace {

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  return text + "\"";
}

std::string statement_of(const Command& command) {
  std::string text = "SWITCHOVER " + quoted(command.shard) + " TO " + quoted(command.to);
  if (!command.timeout.empty()) text += " TIMEOUT " + quoted(command.timeout);
  if (command.force) text += " FORCE";
  if (command.rehearse) text += " REHEARSE";
  return text;
}

}  // namespace

int run_switchover(const Command& command) {
  const auto loaded = config::load(command.config_file);
  for (const auto& diagnostic : loaded.diagnostics) std::cerr << config::format(diagnostic) << "\n";
  if (!loaded.config) return 1;
  control::ConsoleAddress console;
  auto error = control::find_console(*loaded.config, command.user, console);
  if (error.empty()) {
    error = control::run_on_console(console, statement_of(command), [](const control::Cells& row) {
      const auto cell = [&](std::size_t i) { return i < row.size() ? row[i].value_or("") : std::string(); };
      std::cout << fmt::format("{:<12} {:<10} {:>7} ms  {}", cell(0), cell(1), cell(2), cell(3)) << std::endl;
    });
  }
  if (error.empty()) return 0;
  std::cerr << "shardway: " << error << "\n";
  return 1;
}

}  // namespace shardway::proxy
