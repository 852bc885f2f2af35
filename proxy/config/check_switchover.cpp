#include "proxy/config/check.hpp"
#include "proxy/config/words.hpp"

namespace shardway::proxy::config {
namespace {

// A server that was stopped must come back, as a replica after a switchover, or as it was when that is undone.
void check_commands(const Switchover& commands, const Value& at, Report& report) {
  const std::pair<std::string_view, const std::string*> needed[] = {
      {"stop", &commands.stop}, {"rejoin", &commands.rejoin}, {"start", &commands.start}};
  std::string missing;
  bool any = false;
  for (const auto& [key, command] : needed) {
    any = any || !command->empty();
    if (!command->empty() || unread(at, key, report)) continue;
    missing += (missing.empty() ? "" : " and ") + std::string(key);
  }
  if (any && !missing.empty())
    report.error(at.at, "[database.switchover] lacks " + missing,
                 "give stop, rejoin and start, or none of them: then the old primary is left for an operator");
}

}  // namespace

void check_switchover(const Database& database, const Value& at, Report& report) {
  const Value* section = at.find("switchover");
  if (section == nullptr || !section->is(Value::Kind::kTable)) return;
  const bool is_mysql = database.protocol == Protocol::kMysql;
  if (!is_mysql) check_commands(database.switchover, *section, report);
  for (const Member& member : section->members) {
    const bool of_mysql = member.key == "replication_user" || member.key == "replication_password";
    const bool of_postgres =
        member.key == "stop" || member.key == "rejoin" || member.key == "start" || member.key == "promote";
    if (!database.switchover.command.empty() && (of_mysql || of_postgres))
      report.error(member.value.at, quote(member.key) + " has no use beside \"command\", which does it all",
                   "leave one of them out");
    else if (is_mysql ? of_postgres : of_mysql)
      report.error(member.value.at,
                   quote(member.key) + " is for protocol = " + quote(is_mysql ? "postgresql" : "mysql"),
                   "leave it out");
  }
}

}  // namespace shardway::proxy::config
