#include "proxy/cli.hpp"

#include <CLI/CLI.hpp>

#include "proxy/admin/version.hpp"

namespace shardway::proxy {
namespace {

constexpr int kUsage = 2;

CLI::App* add_command(CLI::App& app, const char* name, const char* about, Command& out) {
  CLI::App* command = app.add_subcommand(name, about);
  command->add_option("-c,--config", out.config_file, "The configuration file (TOML)")->required()->type_name("FILE");
  return command;
}

}  // namespace

Command parse_command_line(int argc, char** argv) {
  Command out;
  CLI::App app{
      "Shardway: one address for many PostgreSQL, MySQL or MariaDB servers. Pools connections, splits reads, routes by "
      "shard key."};
  app.name("shardway");
  app.set_version_flag("--version", "shardway " + std::string(admin::kVersion));
  app.require_subcommand(1);
  const CLI::App* run = add_command(app, "run", "Serve in the foreground", out);
  CLI::App* check = add_command(app, "check", "Print every problem of the configuration", out);
  check->add_flag("-s,--servers", out.servers, "Look at the servers, too: roles, catalogues, what shards cannot keep");
  CLI::App* explain = add_command(app, "explain", "Print where a statement would go, and why, without any server", out);
  explain->add_option("-d,--database", out.database, "The database a client would name")->required()->type_name("NAME");
  explain->add_option("sql", out.sql, "The statement; - reads it from standard input")->required()->type_name("SQL");
  CLI::App* switchover =
      add_command(app, "switchover", "Make a replica the primary of its shard, on the running Shardway", out);
  switchover->add_option("shard", out.shard, "The shard, as in SHOW SHARDS")->required()->type_name("DATABASE.SHARD");
  switchover->add_option("--to", out.to, "The replica that is to be its primary")->required()->type_name("HOST:PORT");
  switchover->add_option("--timeout", out.timeout, "Undo it if it has not promoted by then")
      ->check(CLI::PositiveNumber)
      ->type_name("SECONDS");
  switchover->add_option("--user", out.user, "Which of [admin] users to log in as; $PGPASSWORD may have the password");
  switchover->add_flag("--force", out.force, "End clients that are pinned to the old primary, instead of waiting");
  switchover->add_flag("--rehearse", out.rehearse, "All but the promotion: how long would the pause be?");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // What lacks is told first, but may lack because a word was misspelt.
    const auto unknown = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr ? app.remaining(/*recurse=*/true)
                                                                                    : std::vector<std::string>();
    if (!unknown.empty()) {
      out.exit_status = app.exit(CLI::ExtrasError(unknown)) == 0 ? 0 : kUsage;
      return out;
    }
    out.exit_status = app.exit(error) == 0 ? 0 : kUsage;
    return out;
  }
  out.kind = *run          ? Command::Kind::kRun
             : *check      ? Command::Kind::kCheck
             : *switchover ? Command::Kind::kSwitchover
                           : Command::Kind::kExplain;
  return out;
}

}  // namespace shardway::proxy
