// A transaction's modes (level, READ ONLY, DEFERRABLE): SET TRANSACTION, and what AND CHAIN takes over from the
// servers.
#include <algorithm>

#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::FaultReason;
using router::Statement;

namespace {

// What is warned of without a transaction block; empty: SET transaction_read_only = … and its like are not.
std::string_view set_of_modes(const Statement& statement, std::string_view sql, bool standard_strings) {
  if (!statement.name.starts_with("transaction_")) return "SET TRANSACTION";
  router::StatementLexer lexer(sql, standard_strings);
  (void)lexer.next();
  const auto second = lexer.next();
  const bool is_local = router::equals_word(sql.substr(second.begin, second.end - second.begin), "local");
  return is_local ? "SET LOCAL" : std::string_view();
}

constexpr std::string_view kKeepWritable = "SAVEPOINT \"shardway: writable\";";

constexpr std::string_view kAskModes =
    "SELECT pg_catalog.current_setting('transaction_isolation'), pg_catalog.current_setting('transaction_read_only'), "
    "pg_catalog.current_setting('transaction_deferrable')";

// What a server answered.
std::optional<Modes> modes_of_row(std::string_view row) {
  const auto values = row.empty() ? std::nullopt : std::optional(pg::decode_data_row(row.substr(pg::kHeadBytes)));
  if (!values || !*values || (*values)->size() != 3) return std::nullopt;
  for (const auto& value : **values)
    if (!value) return std::nullopt;
  const auto level = *(**values)[0];
  Modes modes;
  modes.read_only = *(**values)[1] == "on";
  modes.serializable = level == "serializable";
  modes.one_snapshot = modes.serializable || level == "repeatable read";
  modes.begin.append(" ISOLATION LEVEL ").append(level);
  modes.begin += modes.read_only ? ", READ ONLY" : ", READ WRITE";
  modes.begin += *(**values)[2] == "on" ? ", DEFERRABLE" : ", NOT DEFERRABLE";
  return modes;
}

}  // namespace

// In a batch or a pipeline it is of their own transaction, which only a batch's is a block; by itself it is nobody's.
Session::Step Session::set_transaction(const Statement& statement, std::string_view sql, Frame frame) {
  for (auto& branch : branches_) {
    if (branch.dirty && settle_segment(branch) == Step::kBlocked) return Step::kBlocked;
  }
  const auto what = set_of_modes(statement, sql, standard_strings_);
  if (!script_ && !is_in_block() && !what.empty())
    pg::encode::notice(reply(), {.severity = "WARNING",
                                 .sqlstate = "25P01",
                                 .message = std::string(what) + " can only be used in transaction blocks"});
  if (!transaction_ && (script_ || in_segment_)) begin_implicit();
  if (!transaction_) {
    answer("SET");
    return Step::kConsumed;
  }
  if (statement.name != "transaction snapshot") return savepoint_statement(statement, sql, frame);
  if (!database_->topology().sharded()) return everywhere_or_here(statement, sql, frame, unsharded_plan());
  fail_statement({FaultReason::kNotSupported,
                  "SET TRANSACTION SNAPSHOT is not supported on a sharded database: it is of one server",
                  "leave it out", 0});
  return Step::kConsumed;
}

bool Session::has_written() const noexcept {
  return std::any_of(branches_.begin(), branches_.end(),
                     [](const Branch& branch) { return branch.use == Use::kWrite; });
}

// `set` as the servers are told it: behind a savepoint, if READ ONLY comes after writes of several shards' transaction.
std::string Session::setting_of_modes(const Statement& statement, std::string_view set) const {
  const bool may_seal = statement.read_only_begin || statement.name == "transaction_read_only";
  const bool keeps =
      may_seal && has_written() && database_->topology().sharded() && !has_savepoint(*transaction_, kWritable);
  return std::string(keeps ? kKeepWritable : std::string_view()).append(set);
}

// `set`: as it was told the servers, and is those enlisted later.
void Session::note_modes(const Statement& statement, std::string_view set) {
  auto& transaction = *transaction_;
  transaction.replay.append(set).append("\n;");
  transaction.modes_vary = true;
  transaction.is_sealed = statement.read_only_begin && (transaction.is_sealed || transaction.savepoints.empty());
  if (set.starts_with(kKeepWritable)) {
    transaction.is_sealed = false;
    transaction.savepoints.push_back({std::string(kWritable), settings_, transaction.cursors});
  }
  const bool opens = statement.read_write_begin || statement.name == "transaction_read_only";
  transaction.read_only = statement.read_only_begin || (transaction.read_only && !opens);
  transaction.serializable = transaction.serializable || statement.serializable_begin;
  transaction.one_snapshot = transaction.one_snapshot || statement.snapshot_begin;
}

// For AND CHAIN, which comes again.
Session::Step Session::ask_modes() {
  return ask(database_->topology().home, false, kAskModes, [this](std::string_view row, router::ShardIndex) {
    transaction_->told = modes_of_row(row);
    return transaction_->told.has_value();
  });
}

}  // namespace shardway::proxy::postgres
