// A bulk execution on a sharded database: its rows are sorted by the shards they belong to. Rows of one shard go there
// as they came. An INSERT of several shards' rows is one statement, kept on all of them or on none; UPDATE and DELETE
// are executed by a server row after row, and so they are here. https://mariadb.com/kb/en/com_stmt_bulk_execute/
#include <algorithm>
#include <charconv>
#include <cstdio>

#include "proxy/mysql/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;
using protocol::FaultReason;
using router::Statement;
using router::StatementKind;

KeptError Session::not_in_bulk() {
  return {1295, "HY000", "This command is not supported in the prepared statement protocol yet"};
}

Session::Step Session::execute_bulk(Packet packet, ClientStatement& statement) {
  command_statement_ = client_number(packet);
  const auto step = route_bulk(packet, statement);
  if (step == Step::kBlocked) return step;
  bulk_.reset();
  forget_data(statement, client_number(packet));
  if (transaction_ && transaction_->is_single && !spread_ && !held_) drop_transaction();  // it was refused after all
  return step;
}

Session::Step Session::route_bulk(Packet packet, ClientStatement& statement) {
  if (const auto fault = unready()) return refuse(*fault);
  if (!catalog_is_current()) return Step::kBlocked;
  if (statement.lost_data)
    return refuse({FaultReason::kNotSupported,
                   "a parameter sent by COM_STMT_SEND_LONG_DATA is not supported on a sharded database",
                   "send its value with the execution", 0});
  const std::string& sql = statement.text->text;
  auto settings = parse_settings(*statement.text->state);
  router::Literals literals;
  const auto query = database_->cache().find(sql, settings, literals);
  const auto& facts = query->statements[0];
  if (const auto step = lost(facts.kind)) return *step;
  if (facts.kind != StatementKind::kWrite || statement.parameters == 0) {
    const auto error = not_in_bulk();
    answer_error(error.code, error.sqlstate, error.message);
    return Step::kConsumed;
  }
  const auto typed = with_bulk_types(packet, statement);
  const Work work{my::Command::kStmtBulkExecute, typed, sql, &statement, &statement.traces};
  if (!bulk_ || bulk_->topology != database_->cache().topology())
    if (const auto step = plan_bulk(facts, work)) return *step;
  if (!bulk_->is_whole) return run_bulk(facts, work);
  const auto shard = bulk_->spread.shards.front();
  if (const auto fault = transaction_ && bulk_->writes ? unable_to_write({shard}) : std::nullopt) return refuse(*fault);
  return run_on(shard, /*replica_ok=*/false, facts, work, bulk_->writes, bulk_->spread.numbering);
}

// Always comes again: the answer is told when it is complete (end_held()).
Session::Step Session::run_bulk(const Statement& facts, const Work& work) {
  auto& spread = bulk_->spread;
  const bool atomic = spread.bulk->is_one_statement || spread.writes;
  for (const auto shard : spread.shards)
    if (const auto step = await_apply(shard)) return *step;
  if (!transaction_ && !autocommits()) open_implicitly();
  if (!transaction_ && atomic) {
    open_implicitly();
    transaction_->is_single = true;
    transaction_->is_raised = spread.writes;
  }
  if (!gather(spread, work)) return not_ready();
  if (const auto fault = spread.writes ? unable_to_agree(facts) : std::nullopt) return refuse(*fault);
  spread.bulk->can_undo = atomic && transaction_ && !transaction_->is_single;
  changes_catalog_ = false;
  ask_shards(std::move(bulk_->spread), work);
  bulk_.reset();
  leave(*work.traces);
  inserts_ = false;
  return Step::kBlocked;
}

// A reference table's copies have been compared; what they say counts once.
void Session::add_up_bulk(const my::Ok& ok) {
  auto& spread = *spread_;
  auto& bulk = *spread.bulk;
  if (spread.is_copy()) return;
  spread.affected_rows = ok.affected_rows;
  spread.insert_id = ok.insert_id;
  spread.info = ok.info;
  bulk.affected_rows += ok.affected_rows;
  if (spread.counts_number()) bulk.insert_id = ok.insert_id;
  unsigned long counts[3] = {};
  if (bulk.is_one_statement && !bulk.rows.empty()) {
    if (std::sscanf(spread.info.c_str(), "Records: %lu  Duplicates: %lu  Warnings: %lu", &counts[0], &counts[1],
                    &counts[2]) != 3) {  // a server says nothing of a single row
      counts[0] = 1;
      counts[1] = bulk.ignores ? (ok.affected_rows == 0 ? 1 : 0) : std::max<unsigned long>(ok.affected_rows, 1) - 1;
      counts[2] = ok.warnings;
    }
  } else {
    std::sscanf(spread.info.c_str(), "Rows matched: %lu  Changed: %lu  Warnings: %lu", &counts[0], &counts[1],
                &counts[2]);
  }
  for (std::size_t i = 0; i < 3; ++i) bulk.counts[i] += counts[i];
}

// As a server says it of the whole.
std::string Session::told_info(const Spread& spread) {
  const auto& bulk = *spread.bulk;
  const auto more = "  Warnings: " + std::to_string(bulk.counts[2]);
  if (bulk.is_one_statement && bulk.rows.empty()) return spread.info;
  if (bulk.is_one_statement)
    return bulk.counts[0] < 2 ? ""
                              : "Records: " + std::to_string(bulk.counts[0]) +
                                    "  Duplicates: " + std::to_string(bulk.counts[1]) + more;
  if (spread.info.empty() || !bulk.is_of_one_table) return spread.info;
  const auto rows = std::to_string(bulk.affected_rows);  // both times
  return "Rows matched: " + rows + "  Changed: " + rows + more;
}

// "Data too long for column 'name' at row 3": a shard has counted its own rows only.
KeptError Session::told_of_part(KeptError error) const {
  const auto& bulk = *spread_->bulk;
  if (!bulk.is_one_statement) {
    if (transaction_ && transaction_->is_single) error.message += "; nothing of this bulk execution was kept";
    return error;
  }
  constexpr std::string_view kAtRow = " at row ";
  const auto found = error.message.rfind(kAtRow);
  if (found == std::string::npos || bulk.rows.empty()) return error;
  const auto* begin = error.message.data() + found + kAtRow.size();
  const auto* end = error.message.data() + error.message.size();
  std::size_t number = 0;
  const auto read = std::from_chars(begin, end, number);
  const auto& rows = bulk.rows[spread_->at / bulk.copies];
  if (read.ec != std::errc() || read.ptr != end || number == 0 || (number - 1) / bulk.lists >= rows.size())
    return error;
  const auto told = rows[(number - 1) / bulk.lists] * bulk.lists + (number - 1) % bulk.lists + 1;
  error.message.replace(found + kAtRow.size(), std::string::npos, std::to_string(told));
  return error;
}

// Inside of the client's transaction, what failed on one shard must not stay on others. False: not yet.
bool Session::undo_bulk() {
  auto& bulk = *held_->bulk;
  const bool in_step = held_->at % bulk.copies == 0 && !bulk.is_one_statement;  // as on one server, row by row
  const bool undoes = std::exchange(bulk.can_undo, false) && transaction_ && !in_step;
  for (std::size_t i = 0; undoes && i <= held_->at && (i < bulk.copies || bulk.copies == 1); ++i)
    if (auto* link = link_on(held_->shards[i])) tell(*link, {"ROLLBACK TO SAVEPOINT " + std::string(kUndoPoint)});
  if (!is_settled() || !held_) return false;
  if (waiting_ && waiting_->fault) {
    held_->error = *std::move(waiting_->fault);
    stop_waiting();
  }
  return true;
}

}  // namespace shardway::proxy::mysql
