#include <algorithm>

#include "proxy/control/switchover_mysql_recipe.hpp"

namespace shardway::proxy::control::switchover {
namespace {

constexpr SteadyNanos kShortLag = 3 * kSecond;  // a replica that needs longer would make everybody wait
constexpr MariadbVersion kDemotes{10, 10, 0};   // MASTER_DEMOTE_TO_SLAVE

std::string in_seconds(SteadyNanos time) {
  const auto ms = std::max<SteadyNanos>(time / kMillisecond, 1);
  return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 + 1000).substr(1);
}

}  // namespace

Outcome MysqlRecipe::check(const Patience& patience) {
  auto found = check_old(patience);
  if (found.result != Result::kDone) return found;
  if (auto taken = take_turn(patience); taken.result != Result::kDone) return taken;
  if (const auto missing = delegates() ? std::vector<Lack>() : mysql_lacks(cast_, patience); !missing.empty())
    return failed(missing.front().message + "; " + missing.front().hint);
  if (auto wrong = check_target(patience); wrong.result != Result::kDone) return wrong;
  const auto now = aside_.ask("SELECT @@gtid_binlog_pos", patience);
  if (!now) return gave_up(patience, "node " + aside_.error());
  const auto begun = steady_now();
  if (auto level = await_position(now->text(0, 0), patience.at_most(kShortLag)); level.result != Result::kDone)
    return failed(level.detail);
  found.detail += ", the replica had everything after " + std::to_string((steady_now() - begun) / kMillisecond) + " ms";
  return found;
}

// Two Shardways must not promote two replicas of one primary: a read lock each would take.
Outcome MysqlRecipe::take_turn(const Patience& patience) {
  const auto taken = fence_.ask("SELECT GET_LOCK('shardway.switchover', 1)", patience);
  if (!taken) return gave_up(patience, "node " + fence_.error());
  if (taken->text(0, 0) == "1") return {};
  return failed("node " + cast_.old_primary.text +
                " is being switched over already, by another Shardway or for another database: SELECT "
                "IS_USED_LOCK('shardway.switchover') there says by which connection");
}

Outcome MysqlRecipe::check_old(const Patience& patience) {
  const auto about = aside_.ask(
      "SELECT VERSION(), @@global.read_only, @@global.log_bin, @@global.server_id,"
      " (SELECT count(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID())",
      patience);
  const auto node = "node " + cast_.old_primary.text;
  if (!about) return gave_up(patience, "node " + aside_.error());
  const auto& version = about->text(0, 0);
  version_ = mariadb_version(version);
  old_server_ = about->text(0, 3);
  if (version.find("MariaDB") == std::string::npos)
    return failed(node + " is a MySQL " + version + ": only MariaDB's switchover is built in");
  if (version_ < kDemotes) return failed(node + " is a MariaDB " + version + ": a switchover needs 10.10 or later");
  if (about->text(0, 1) != "0") return failed(node + " is no primary any more");
  if (about->text(0, 2) != "1") return failed(node + " writes no binary log: set log_bin");
  if (const auto sync = aside_.ask(kSemiSync, patience)) old_sync_ = read_semi_sync(*sync);
  const auto prepared = aside_.ask("XA RECOVER", patience);
  if (!prepared) return gave_up(patience, "node " + aside_.error());
  for (std::size_t i = 0; i < prepared->size(); ++i)
    if (!prepared->text(i, 3).starts_with("shardway:"))
      return failed(node + " has the prepared transaction " + prepared->text(i, 3) +
                    ", which nobody here will end: XA COMMIT or XA ROLLBACK it");
  return {Result::kDone, "MariaDB " + version + ", " + std::to_string(prepared->size()) + " prepared transactions, " +
                             about->text(0, 4) + " server connections"};
}

Outcome MysqlRecipe::check_target(const Patience& patience) {
  const auto about = target_.ask(
      "SELECT VERSION(), @@global.read_only, @@global.log_bin, @@global.log_slave_updates, @@global.server_id",
      patience);
  const auto node = "node " + cast_.target.text;
  if (!about) return gave_up(patience, "node " + target_.error());
  new_server_ = about->text(0, 4);
  if (const auto sync = target_.ask(kSemiSync, patience)) new_sync_ = read_semi_sync(*sync);
  if (mariadb_version(about->text(0, 0)) < version_)
    return failed(node + " is a MariaDB " + about->text(0, 0) + ", older than the primary: update it first");
  if (about->text(0, 1) == "0") return failed(node + " is no replica: it takes writes");
  if (about->text(0, 2) != "1" || about->text(0, 3) != "1")
    return failed(node + " does not log what it replicates: set log_bin and log_slave_updates");
  const auto sources = target_.ask(kReplication, patience);
  if (!sources) return gave_up(patience, "node " + target_.error());
  return check_replication(*sources);
}

Outcome MysqlRecipe::check_replication(const Rows& sources) {
  const auto node = "node " + cast_.target.text;
  const auto of = [&](const char* column) { return sources.text(0, sources.column(column)); };
  if (sources.size() != 1 || !of("Connection_name").empty())
    return failed(node + " must replicate from one source, over the connection without a name");
  if (of("Slave_IO_Running") != "Yes" || of("Slave_SQL_Running") != "Yes")
    return failed(node + " does not replicate: " + of("Last_IO_Error") + of("Last_SQL_Error") + " (START SLAVE there)");
  if (of("Master_Server_Id") != old_server_)
    return failed(node + " follows server " + of("Master_Server_Id") + ", and the primary is server " + old_server_);
  if (of("Using_Gtid") == "No")
    return failed(node + " does not replicate by GTID: CHANGE MASTER TO MASTER_USE_GTID = slave_pos there");
  learn_how_to_replicate(sources);
  return {};
}

Outcome MysqlRecipe::await_position(const std::string& position, const Patience& patience) {
  if (position.empty()) return {};  // nothing was ever written
  auto answered = steady_now();
  std::string silent;  // why its last answer was none
  while (!patience.is_over()) {
    const auto wait = in_seconds(std::clamp<SteadyNanos>(patience.left(), kMillisecond, kSlowPoll));
    const auto reached =
        target_.ask("SELECT MASTER_GTID_WAIT(" + literal(position, true) + ", " + wait + ")", patience);
    if (reached && reached->text(0, 0) == "0") return {Result::kDone, position};
    if (reached) answered = steady_now(), silent.clear();
    if (!reached && (!patience.is_over() || steady_now() - answered > kSilence)) silent = target_.error();
    if (!reached) pause(patience, kSlowPoll);
  }
  if (!silent.empty()) return gave_up(patience, "the target does not answer any more: " + silent);
  return gave_up(patience, "node " + cast_.target.text + " still lacks some of " + position +
                               ", which the primary has: it lags, or is delayed (MASTER_DELAY)");
}

// Shardway's recovery ends them; a branch that is prepared and not ended would be fenced off on the way.
std::string MysqlRecipe::still_open(const Patience& patience) {
  const auto prepared = aside_.ask("XA RECOVER", patience);
  if (!prepared) return "node " + aside_.error();
  return prepared->size() == 0 ? "" : std::to_string(prepared->size()) + " prepared transactions";
}

Outcome MysqlRecipe::fence(const Patience& patience) {
  if (delegates()) {
    const auto position = aside_.ask("SELECT @@gtid_binlog_pos", patience);
    if (!position) return gave_up(patience, "node " + aside_.error());
    position_ = position->text(0, 0);
    return {Result::kDone, "the operator's command will see to it"};
  }
  // It was lost if the connection was.
  if (auto taken = take_turn(patience); taken.result != Result::kDone) return taken;
  begun_ = true;
  const auto seconds = in_seconds(patience.left());
  // The lock waits for the writes that run; both limits are Shardway's own for its questions.
  if (!fence_.ask("SET SESSION lock_wait_timeout = " + std::to_string(patience.left() / kSecond + 1) +
                      ", max_statement_time = " + seconds,
                  patience) ||
      !fence_.ask("FLUSH TABLES WITH READ LOCK", patience))
    return gave_up(patience, "node " + fence_.error() + ": some statement there did not end (SHOW PROCESSLIST)");
  // In a rehearsal the lock alone must do: with read_only the shard would count as one without a primary.
  if (!cast_.course.rehearses && !fence_.ask("SET GLOBAL read_only = 1", patience))
    return gave_up(patience, "node " + fence_.error());
  const auto position = fence_.ask("SELECT @@gtid_binlog_pos", patience);
  if (!position) return gave_up(patience, "node " + fence_.error());
  position_ = position->text(0, 0);
  return {Result::kDone, "locked and read only at " + position_};
}

// The very connection that took the lock still has it, and nothing was written since.
bool MysqlRecipe::is_fenced(const Patience& patience) {
  if (!fence_.is_open()) return false;
  const auto position = fence_.ask("SELECT @@gtid_binlog_pos, @@global.read_only", patience);
  return position && position->text(0, 0) == position_ && position->text(0, 1) == "1";
}

Outcome MysqlRecipe::promote(const Patience& patience, bool& sent) {
  sent = false;
  if (delegates()) {
    sent = true;
    const auto& command = cast_.database->switchover.command;
    const auto end = run_operators_command(cast_, command, for_commands(cast_, patience));
    return end.is_good() ? Outcome{} : failed("the operator's command: " + end.text());
  }
  if (!is_fenced(patience)) return gave_up(patience, "node " + cast_.old_primary.text + ": its read lock was lost");
  if (!target_.ask("SELECT 1", patience)) return gave_up(patience, "node " + target_.error());
  sent = true;
  return target_.ask(promotion(), patience) ? Outcome{} : failed("node " + target_.error());
}

// As a source it waits for its replicas as the old primary did, from its first write on.
std::string MysqlRecipe::promotion() const {
  return "STOP SLAVE; RESET SLAVE ALL; " + exchanged(new_sync_, old_sync_) + "SET GLOBAL read_only = 0";
}

// What was cut in its middle is sent again: the old primary is fenced all the while.
Outcome MysqlRecipe::verify(const Patience& patience) {
  const auto is = target_.ask("SELECT @@global.read_only, @@global.server_id", patience);
  if (!is) return failed("node " + target_.error());
  new_server_ = is->text(0, 1);
  if (is->text(0, 0) == "0") return {};
  if (is_fenced(patience.at_most(kSecond))) target_.ask(promotion(), patience);
  return failed("node " + cast_.target.text + " is still read only");
}

std::unique_ptr<Recipe> make_mysql_recipe(const Cast& cast) { return std::make_unique<MysqlRecipe>(cast); }

}  // namespace shardway::proxy::control::switchover
