// The other half of a switchover of MariaDB: who follows the new primary, and the way back.
#include "proxy/control/answers.hpp"
#include "proxy/control/switchover_mysql_recipe.hpp"

namespace shardway::proxy::control::switchover {

// ---- who follows it

std::string MysqlRecipe::address_of_target() const {
  return "MASTER_HOST = " + literal(cast_.target.is_unix ? "localhost" : cast_.target.host, true) +
         ", MASTER_PORT = " + std::to_string(cast_.target.port);
}

Outcome MysqlRecipe::await_replication(Line& replica, const Patience& patience) const {
  std::string why;
  while (!patience.is_over()) {
    const auto sources = replica.ask(kReplication, patience);
    const auto of = [&](const char* column) { return sources->text(0, sources->column(column)); };
    if (sources && of("Slave_IO_Running") == "Yes" && of("Slave_SQL_Running") == "Yes" &&
        of("Master_Server_Id") == new_server_)
      return {};
    why = sources ? of("Last_IO_Error") + of("Last_SQL_Error") : replica.error();
    pause(patience, kSlowPoll);
  }
  return gave_up(patience, "node " + replica.address().text + " does not follow " + cast_.target.text + " yet: " + why);
}

Outcome MysqlRecipe::follow(const Patience& patience) {
  if (cast_.course.finishes) learn_from_the_others(patience);
  std::string wrong;
  for (const auto& address : cast_.others) {
    Line replica(*cast_.database, address);
    const auto outcome = lead(replica, patience.at_most(5 * kSecond));
    if (outcome.result != Result::kDone) wrong += (wrong.empty() ? "" : "; ") + outcome.detail;
  }
  if (!wrong.empty()) return failed(wrong);
  return {Result::kDone, std::to_string(cast_.others.size()) + " follow " + cast_.target.text};
}

// To the target; one without a source was a primary once.
Outcome MysqlRecipe::lead(Line& replica, const Patience& patience) {
  if (delegates()) return await_replication(replica, patience);
  const auto sources = replica.ask(kReplication, patience);
  if (!sources) return failed("node " + replica.error());
  std::string statements =
      "STOP SLAVE; CHANGE MASTER TO " + address_of_target() + ", MASTER_USE_GTID = slave_pos; START SLAVE";
  if (sources->size() == 0) {
    if (!replica.ask("SET GLOBAL read_only = 1", patience)) return failed("node " + replica.error());
    if (auto wrong = has_nothing_more(replica, patience); wrong.result != Result::kDone) return wrong;
    if (const auto sync = replica.ask(kSemiSync, patience)) old_sync_ = read_semi_sync(*sync);
    if (new_sync_.is_source) new_sync_.is_replica = true;
    statements = exchanged(old_sync_, {false, new_sync_.is_replica, {}, {}}) + becomes_replica();
  } else if (cast_.course.finishes && sources->text(0, sources->column("Master_Server_Id")) == new_server_ &&
             sources->text(0, sources->column("Slave_SQL_Running")) == "Yes") {
    return await_replication(replica, patience);
  }
  return replica.ask(statements, patience) ? await_replication(replica, patience) : failed("node " + replica.error());
}

// What only one of them has would be found by no replica of the other.
Outcome MysqlRecipe::has_nothing_more(Line& replica, const Patience& patience) {
  const char* const all = "SELECT @@global.gtid_binlog_state, @@global.gtid_slave_pos";
  const auto there = replica.ask(all, patience), here = target_.ask(all, patience);
  if (!there || !here) return failed("node " + (there ? target_ : replica).error());
  Gtids its, known;
  add_gtids(there->text(0, 0), its);
  for (const std::size_t column : {0, 1}) add_gtids(here->text(0, column), known);
  for (const auto& [source, number] : its) {
    const auto found = known.find(source);
    if (found != known.end() && found->second >= number) continue;
    return failed("node " + replica.address().text + " has transactions that " + cast_.target.text + " lacks, up to " +
                  std::to_string(source.first) + "-" + std::to_string(source.second) + "-" + std::to_string(number) +
                  ": it cannot follow it; look at them, then make it a copy of " + cast_.target.text);
  }
  return {};
}

// How replicas connect here, from one that does.
void MysqlRecipe::learn_from_the_others(const Patience& patience) {
  if (const auto sync = target_.ask(kSemiSync, patience)) new_sync_ = read_semi_sync(*sync);
  for (const auto& address : cast_.others) {
    Line replica(*cast_.database, address);
    const auto sources = replica.ask(kReplication, patience.at_most(2 * kSecond));
    if (sources && sources->size() > 0) return learn_how_to_replicate(*sources);
  }
}

void MysqlRecipe::learn_how_to_replicate(const Rows& sources) {
  const auto of = [&](const char* column) { return sources.text(0, sources.column(column)); };
  if (of("Master_SSL_Allowed") != "Yes") return;
  replication_tls_ = ", MASTER_SSL = 1, MASTER_SSL_CA = " + literal(of("Master_SSL_CA_File"), true) +
                     ", MASTER_SSL_VERIFY_SERVER_CERT = " + (of("Master_SSL_Verify_Server_Cert") == "Yes" ? "1" : "0");
}

// Whoever waits behind the lock would go on to write when it is let go, if he may in spite of read_only.
void MysqlRecipe::end_sessions(const Patience& patience) {
  if (!fence_.is_open()) return;
  const auto own = fence_.ask("SELECT CONNECTION_ID()", patience);
  if (!own) return;
  const auto others = aside_.ask(
      "SELECT ID FROM information_schema.PROCESSLIST WHERE USER NOT IN ('system user', 'event_scheduler')"
      " AND COMMAND NOT IN ('Binlog Dump', 'Daemon') AND ID <> CONNECTION_ID() AND ID <> " +
          own->text(0, 0),
      patience);
  for (std::size_t i = 0; others && i < others->size(); ++i)
    aside_.ask("KILL CONNECTION " + others->text(i, 0),
               patience);  // one that has gone meanwhile is an error: no matter
  fence_.ask("UNLOCK TABLES", patience);
}

std::string MysqlRecipe::becomes_replica() const {
  const auto& commands = cast_.database->switchover;
  const auto& control = cast_.database->control;
  const bool own = !commands.replication_user.empty();
  return "CHANGE MASTER TO " + address_of_target() +
         ", MASTER_USER = " + literal(own ? commands.replication_user : control.user, true) +
         ", MASTER_PASSWORD = " + literal(own ? commands.replication_password : control.password, true) +
         replication_tls_ + ", MASTER_DEMOTE_TO_SLAVE = 1; START SLAVE";
}

Outcome MysqlRecipe::rejoin(const Patience& patience) {
  if (cast_.course.finishes) return {};  // it is one of the others
  end_sessions(patience);
  fence_.close();
  if (!delegates() && !aside_.ask(exchanged(old_sync_, new_sync_) + becomes_replica(), patience))
    return gave_up(patience, "node " + aside_.error());
  auto outcome = await_replication(aside_, patience);
  if (outcome.result == Result::kDone)
    outcome.detail = "node " + cast_.old_primary.text + " follows " + cast_.target.text;
  return outcome;
}

// ---- the way back

Outcome MysqlRecipe::undo(const Patience& patience) {
  if (!begun_) return {};
  const std::string writes = cast_.course.rehearses ? "" : "SET GLOBAL read_only = 0; ";
  if (!fence_.is_open() || !fence_.ask(writes + "UNLOCK TABLES", patience)) {
    fence_.close();
    while (!aside_.ask(writes + "SELECT 1", patience)) {
      if (patience.is_over()) return gave_up(patience, "node " + aside_.error() + ": SET GLOBAL read_only = 0 there");
      pause(patience, kSlowPoll);
    }
  }
  fence_.close();
  return {Result::kDone, "node " + cast_.old_primary.text + " takes writes again"};
}

// Nobody takes writes, and nobody has any that it lacks (unfinished.hpp).
Outcome MysqlRecipe::restore(const Patience& patience) {
  const auto& node = cast_.restored();
  if (delegates()) return failed("node " + node.text + " is read only: whoever runs the servers has to end that");
  auto& line = cast_.course.finishes ? target_ : aside_;
  if (!line.ask("SET GLOBAL read_only = 0", patience)) return gave_up(patience, "node " + line.error());
  return {Result::kDone, "node " + node.text + " takes writes again"};
}

}  // namespace shardway::proxy::control::switchover
