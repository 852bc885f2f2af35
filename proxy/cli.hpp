// cli: the command line, and the commands that serve nobody. `run` is main's business.
// Exit status: check and switchover 0 or 1; explain 0 for a plan, 1 for a refusal, 2 where nothing could be explained;
// 2 for wrong usage.
#pragma once

#include <cstdint>
#include <string>

namespace shardway::proxy {

struct Command {
  enum class Kind : std::uint8_t {
    kRun,
    kCheck,
    kExplain,
    kSwitchover,
    kExit
  };  // kExit: all is said, leave with exit_status
  Kind kind = Kind::kExit;
  std::string config_file, database, sql;  // sql "-": read it from standard input
  bool servers = false;                    // check: look at the servers, too
  std::string shard = {}, to = {}, timeout = {},
              user = {};  // switchover: "database.shard", "host:port", seconds, of the console
  bool force = false, rehearse = false;
  int exit_status = 0;
};

// Prints help, version and usage errors itself.
Command parse_command_line(int argc, char** argv);

int run_check(const Command& command);
int run_explain(const Command& command);
int run_switchover(const Command& command);

}  // namespace shardway::proxy
