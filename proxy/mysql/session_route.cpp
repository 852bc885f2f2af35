// Where a statement goes: it is read, planned, and sent to the shards of its keys, to a replica, or refused. Databases
// of one shard whose reads stay on the primary need none of this: there everything passes.
#include <algorithm>

#include "protocol/mysql/execution.hpp"
#include "proxy/mysql/fault_code.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/mysql/sql_mode.hpp"
#include "proxy/mysql/table_use.hpp"
#include "proxy/transaction/ledger.hpp"
#include "proxy/worker.hpp"
#include "router/column_lists.hpp"
#include "router/language.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;
using protocol::FaultReason;
using router::Action;
using router::Statement;
using router::StatementKind;

namespace {

constexpr std::chrono::milliseconds kCatalogPoll{2};
constexpr std::chrono::seconds kCatalogPatience{2}, kCatalogDoubt{1};

router::Literals& scratch_literals() {
  static thread_local router::Literals literals;
  literals.clear();
  return literals;
}

// It needs no table and nothing that one server alone has.
bool goes_anywhere(const Statement& statement, const router::Plan& plan) noexcept {
  return plan.rule == router::Rule::kHome && statement.uses_catalog_only && !statement.needs_home &&
         !statement.uses_sequences;
}

}  // namespace

bool Session::is_planned() const noexcept {
  const auto& config = database_->config();
  return config.shards.size() > 1 || config.reads.from != config::ReadFrom::kPrimary;
}

bool Session::is_sharded() const noexcept { return database_ && database_->config().shards.size() > 1; }

router::ParseSettings Session::parse_settings(const State& state) const {
  const auto& config = database_->config();
  const auto& topology = database_->topology();
  router::ParseSettings settings;
  settings.mysql =
      mode_of(state, collation_, topology.catalog.get(), capabilities_, worker_.surroundings().mysql_version.number());
  const bool is_ours = state.schema.empty() || state.schema == config.server_database;
  settings.search_path = is_ours ? std::string_view(topology.database) : std::string_view(state.schema);
  return settings;
}

// Without a backslash it does not matter.
Quoting Session::quoting_of(std::string_view sql) const {
  if (sql.find('\\') == std::string_view::npos) return {};
  using Charset = router::MysqlMode::Charset;
  const auto mode = parse_settings(*state_).mysql;
  const bool escapes = !mode.no_backslash_escapes && (status_ & my::status::kNoBackslashEscapes) == 0;
  return {escapes, mode.charset != Charset::kSingleByte && mode.charset != Charset::kUtf8};
}

router::Plan Session::plan_for(const Statement& statement, const router::Values& values, std::string_view sql,
                               const router::ParseSettings& settings) const {
  router::SessionView view;
  view.hints_allowed = hints_;
  view.mysql = settings.mysql;
  return router::plan(statement, values, database_->topology(), view, sql);
}

// What is wrong with the database itself, before any statement is looked at.
std::optional<protocol::Fault> Session::unready() const {
  if (!is_sharded() || database_->topology().catalog) return std::nullopt;
  return protocol::Fault{FaultReason::kNoServer,
                         "the tables of database \"" + database_->config().name + "\" have not been read yet",
                         "see that every shard has a primary: SHOW NODES on the console", 0};
}

// The columns an INSERT left to the table's order, written in (router/column_lists.hpp).
std::string Session::with_column_lists(const router::Query& query, std::string_view sql,
                                       const router::ParseSettings& settings) {
  return router::with_column_lists(query, sql, settings, router::kMysqlLanguage).text;
}

// A prepared text is kept with them.
std::string Session::with_columns(std::string_view sql) {
  if (!is_sharded() || unready()) return std::string(sql);
  const auto settings = parse_settings(*state_);
  const auto query = database_->cache().find(sql, settings, scratch_literals());
  return query->lacks_columns ? with_column_lists(*query, sql, settings) : std::string(sql);
}

Session::Step Session::route_query(Packet packet) {
  auto sql = packet.substr(my::kHeadBytes + 1);
  const auto traces = traces_of(sql, quoting_of(sql));
  if (traces.kills) return kill_by_text(sql);
  if (const auto refused = refuse_transaction(traces)) return *refused;
  if (tell_last(traces, sql)) return Step::kConsumed;
  if (const auto fault = unready()) return refuse(*fault);
  if (!catalog_is_current()) return Step::kBlocked;
  auto& literals = scratch_literals();
  const auto settings = parse_settings(*state_);
  auto query = database_->cache().find(sql, settings, literals);
  std::string with_columns;
  if (query->lacks_columns) {
    my::encode_command(with_columns, my::Command::kQuery, with_column_lists(*query, sql, settings));
    packet = with_columns;
    sql = packet.substr(my::kHeadBytes + 1);
    query = database_->cache().find(sql, settings, literals);
  }
  const router::Values values{&literals, nullptr, nullptr};
  const Work work{my::Command::kQuery, packet, sql, nullptr, &traces};
  if (query->statements.size() != 1) return route_batch(*query, values, settings, work);
  const auto& statement = query->statements[0];
  return route(statement, plan_for(statement, values, sql, settings), work);
}

// Several statements in one text go where all of them belong, or nowhere.
Session::Step Session::route_batch(const router::Query& query, const router::Values& values,
                                   const router::ParseSettings& settings, const Work& work) {
  if (!is_sharded()) {
    if (on_replica() && keeps_link())
      return refuse({FaultReason::kNotSupported,
                     "several statements in one text inside a READ ONLY transaction on a replica",
                     "send them one by one", 0});
    if (on_replica()) give_back(/*clean=*/true);
    const auto step = run_on(0, /*replica_ok=*/false, query.statements[0], work);
    sees_nothing_ = false;
    return step;
  }
  if (const auto step = lost(StatementKind::kOther)) return *step;
  std::optional<router::ShardIndex> belongs, may_go;
  bool writes = false;
  router::Numbering numbering;
  const auto* weightiest = &query.statements[0];
  for (const auto& statement : query.statements) {
    const auto plan = plan_for(statement, values, work.sql, settings);
    if (plan.action == Action::kRefuse) return refuse(*plan.fault);
    const bool anywhere = goes_anywhere(statement, plan);
    const bool goes_along = plan.action == Action::kOneShard && !statement.implicit_commit &&
                            (anywhere || !belongs || *belongs == plan.shards[0]);
    if (!goes_along)
      return refuse({FaultReason::kNotSupported, "several statements in one text that do not all belong to one shard",
                     "send them one by one", 0});
    if (anywhere && !may_go) may_go = shard_of(statement, plan);
    if (!anywhere) belongs = plan.shards[0];
    writes = writes || may_write(statement, plan);
    if (const auto fault = plan.numbers ? miscounts(work) : std::nullopt) return refuse(*fault);
    if (plan.numbers) numbering = plan.numbering;
    if (uses_tables(statement)) weightiest = &statement;
  }
  const auto shard = belongs ? *belongs : *may_go;
  if (const auto fault = transaction_ && writes ? unable_to_write({shard}) : std::nullopt) return refuse(*fault);
  // A server would open the transaction in the middle of the text; here it is open from its first answer on.
  if (!transaction_ && !autocommits() && uses_tables(*weightiest) && !uses_tables(query.statements[0]))
    return refuse({FaultReason::kNotSupported,
                   "a text whose first statement opens no transaction under autocommit = 0, while a later one does",
                   "send them one by one", 0});
  return run_on(shard, false, *weightiest, work, writes, numbering);
}

// The transaction has lost a server connection: this statement hears of it, unless it is the ROLLBACK it would need.
std::optional<Session::Step> Session::lost(StatementKind kind) {
  if (!transaction_ || !transaction_->is_lost) return std::nullopt;
  if (kind != StatementKind::kRollback) {
    tell_lost();
    return Step::kConsumed;
  }
  drop_transaction();
  return std::nullopt;
}

Session::Step Session::route(const Statement& statement, const router::Plan& plan, const Work& work) {
  if (plan.action == Action::kExplain) return explain(statement);
  if (const auto step = lost(statement.kind)) return *step;
  if (!is_sharded()) return route_to_node(statement, plan, work);
  if (plan.action == Action::kRefuse) return refuse(*plan.fault);
  if (plan.rule == router::Rule::kTransaction) return transaction_statement(statement, work);
  if (const auto ended = end_before(statement)) return *ended;
  if (const auto fault = plan.numbers ? miscounts(work) : std::nullopt) return refuse(*fault);
  ++database_->counters.by_rule[static_cast<std::size_t>(plan.rule)];
  switch (plan.action) {
    case Action::kSession: return session_statement(statement, work);
    case Action::kOneShard: {
      const auto shard = shard_of(statement, plan);
      const bool writes = may_write(statement, plan);
      if (const auto fault = transaction_ && writes ? unable_to_write({shard}) : std::nullopt) return refuse(*fault);
      return run_on(shard, plan.replica_ok, statement, work, writes, plan.numbering);
    }
    case Action::kScatter:
    case Action::kEveryShard: return run_everywhere(statement, plan, work);
    default: break;
  }
  return refuse({FaultReason::kNotSupported, "this statement is not supported on a sharded database", "", 0});
}

// What asks about the statement before it, or needs no table, is answered where the session is.
router::ShardIndex Session::shard_of(const Statement& statement, const router::Plan& plan) const noexcept {
  if (!goes_anywhere(statement, plan)) return plan.shards[0];
  if (link_) return link_->target().shard;
  return statement.reads_last_outcome || statement.reads_last_insert_id ? last_.shard : plan.shards[0];
}

Session::Step Session::session_statement(const Statement& statement, const Work& work) {
  for (const auto& setting : statement.settings)
    if (setting.global)
      return refuse({FaultReason::kNotSupported,
                     "SET GLOBAL is not supported on a sharded database: it would change one server of several",
                     "set it on the servers", 0});
  const auto refuses = [](const router::Setting& one) {
    return one.name == "completion_type" || (one.name == "autocommit" && one.computed);
  };
  if (std::any_of(statement.settings.begin(), statement.settings.end(), refuses))
    return refuse({FaultReason::kNotSupported, "SET completion_type is not supported on a sharded database",
                   "write COMMIT AND CHAIN or COMMIT RELEASE", 0});
  const auto sets_auto_is_null = [](const router::Setting& one) {
    return one.name == "sql_auto_is_null" && !one.value_sql.empty() && one.value_sql != "0" && one.value_sql != "OFF" &&
           one.value_sql != "off";
  };
  if (std::any_of(statement.settings.begin(), statement.settings.end(), sets_auto_is_null))
    return refuse({FaultReason::kNotSupported, "SET sql_auto_is_null is not supported on a sharded database",
                   "ask for LAST_INSERT_ID()", 0});
  if (statement.kind == StatementKind::kSet && work.traces->selects)
    return refuse({FaultReason::kNotSupported, "SET to what a SELECT gives is not supported on a sharded database",
                   "select the value first", 0});
  if (statement.kind == StatementKind::kEmpty || statement.kind == StatementKind::kSet ||
      statement.kind == StatementKind::kShow || statement.kind == StatementKind::kUse)
    return run_on(link_ ? link_->target().shard : database_->topology().home, false, statement, work);
  return refuse({FaultReason::kNotSupported, "this statement is not supported on a sharded database", "", 0});
}

Session::Step Session::refuse(const protocol::Fault& fault) {
  ++database_->counters.refusals[static_cast<std::size_t>(fault.reason)];
  note_doubt(fault.reason);
  if (fault.reason == FaultReason::kNullKey && (transaction_ ? transaction_->read_only : reads_only())) {
    answer_error(1792, "25006", "Cannot execute statement in a READ ONLY transaction");
    return Step::kConsumed;
  }
  const auto code = code_of(fault.reason);
  answer_error(code.number, code.sqlstate, text_of(fault));
  return Step::kConsumed;
}

// A table may have been made or mended through another Shardway: the next one who asks shall find it.
void Session::note_doubt(FaultReason reason) {
  if (reason != FaultReason::kTableRefused || !worker_.surroundings().catalog_changed) return;
  const auto now = worker_.loop().now().time_since_epoch() / std::chrono::nanoseconds(1);
  auto last = database_->backend().catalog_doubted.load();
  if (now - last < kCatalogDoubt / std::chrono::nanoseconds(1)) return;
  if (database_->backend().catalog_doubted.compare_exchange_strong(last, now))
    worker_.surroundings().catalog_changed(database_->config().name);
}

// DDL of this session is in force: what comes next is planned with the catalogue as it is then.
void Session::catalog_changed() {
  if (database_->config().control.user.empty() || !worker_.surroundings().catalog_changed) return;
  catalog_wanted_ = database_->backend().catalog_wanted.fetch_add(1) + 1;
  catalog_deadline_ = worker_.loop().now() + kCatalogPatience;
  worker_.surroundings().catalog_changed(database_->config().name);
}

bool Session::catalog_is_current() {
  if (catalog_wanted_ == 0) return true;
  if (database_->backend().catalog_seen.load() >= catalog_wanted_ || worker_.loop().now() > catalog_deadline_) {
    catalog_wanted_ = 0;
    return true;
  }
  worker_.resume_after(*this, kCatalogPoll);
  return false;
}

// False: blocked, or failed and said so. Then the link of this shard is the session's, in its state.
bool Session::stand_on(router::ShardIndex shard, bool replica_ok) {
  if (link_ && link_->target().shard != shard) {
    link_is_ready_ = false;
    parked_.push_back(std::move(link_));
  }
  if (!link_) link_ = unpark(shard);
  // Its turn in the line of another shard is kept while this one's link is here: else links go round among those who
  // wait, and nobody ever has two.
  if (!link_ && waiting_ && !waiting_->fault && waiting_->shard != shard) stop_waiting();
  target_shard_ = shard;
  may_write_ = !replica_ok;
  const bool in_transaction = transaction_ || (link_ && (link_->status & my::status::kInTransaction) != 0);
  may_write_ = may_write_ || in_transaction;
  replica_ok_ = replica_ok && !is_bound() && !in_transaction && autocommits() &&
                database_->config().pool.mode != config::PoolMode::kSession;
  return borrow();
}

std::unique_ptr<Link> Session::unpark(router::ShardIndex shard) {
  const auto found =
      std::find_if(parked_.begin(), parked_.end(), [shard](const auto& link) { return link->target().shard == shard; });
  if (found == parked_.end()) return nullptr;
  auto link = std::move(*found);
  parked_.erase(found);
  return link;
}

// While a transaction committed through this Shardway has not reached the shard, statements for it wait, so long:
// whoever was told of it must find it there.
std::optional<Session::Step> Session::await_apply(router::ShardIndex shard) {
  const auto& ledger = database_->backend().ledger;
  const auto deadline = std::exchange(apply_deadline_, {});
  if (!ledger || !ledger->awaits_apply(shard_name(shard))) return std::nullopt;
  const auto now = worker_.loop().now();
  const auto patience = database_->config().pool.queue_timeout;
  if (deadline != net::Time{} && patience.count() > 0 && now > deadline)
    return refuse({FaultReason::kNoServer,
                   "shard \"" + shard_name(shard) + "\" has not applied a transaction that is committed",
                   "SHOW TRANSACTIONS on the console says what it waits for", 0});
  apply_deadline_ = deadline != net::Time{} ? deadline : now + patience;
  worker_.resume_after(*this, kCatalogPoll);
  return Step::kBlocked;
}

std::optional<protocol::Fault> Session::kept_elsewhere(router::ShardIndex shard) const {
  const bool elsewhere = link_ && link_->target().shard != shard;
  if (!elsewhere || !is_bound() || pin_ == router::PinReason::kSessionMode) return std::nullopt;
  const auto& shards = database_->config().shards;
  return protocol::Fault{FaultReason::kSeveralShards,
                         "the session is bound to shard \"" + shards[link_->target().shard].name + "\" by " +
                             pin_detail_ + ", and this statement belongs to \"" + shards[shard].name + '"',
                         "end what binds it, or use another connection", 0};
}

Session::Step Session::run_on(router::ShardIndex shard, bool replica_ok, const Statement& statement, const Work& work,
                              bool writes, const router::Numbering& numbering) {
  if (const auto fault = kept_elsewhere(shard)) return refuse(*fault);
  if (const auto fault = leaves_cursor(shard)) return refuse(*fault);
  if (const auto step = await_apply(shard)) return *step;
  if (!find_last_link(*work.traces, shard)) return Step::kConsumed;
  const bool quiet =
      work.traces->pins == router::PinReason::kNone && !work.traces->asks_about_last && !opens_cursor_on_server(work);
  // What commits by itself has ended the transaction before, and begins none.
  const bool begins = !transaction_ && !autocommits() && uses_tables(statement) && !statement.implicit_commit;
  if (is_sharded() && begins) open_implicitly();
  if (!stand_on(shard, replica_ok && quiet)) return not_ready();
  if (!count_by(numbering)) return Step::kBlocked;
  const bool takes_part = uses_tables(statement) || work.traces->asks_about_transaction;
  if (transaction_ && takes_part && !enlist()) return Step::kBlocked;
  if (uses_tables(statement) && !announce_characteristics(statement)) return Step::kBlocked;
  if (!put(work)) return Step::kBlocked;
  if (writes && !(transaction_ && transaction_->read_only)) link_->wrote = true;
  if (is_sharded()) ++database_->counters.by_shard[shard];
  changes_catalog_ = is_sharded() && statement.kind == StatementKind::kDdl;
  sees_nothing_ = sees_nothing(statement);
  sets_numbers_ = sets_numbers_ || work.traces->sets_numbers;
  leave(*work.traces);
  return Step::kConsumed;
}

// Behind a borrow() or stand_on() that failed: the command comes again, unless the client has been told why it will
// not.
Session::Step Session::not_ready() {
  if (!std::exchange(told_, false)) return Step::kBlocked;
  if (!transaction_ && pin_ != router::PinReason::kSessionMode) release_parked(true);
  if (link_ && !keeps_link()) give_back(/*clean=*/true);
  return Step::kConsumed;
}

bool Session::is_bound() const noexcept { return pin_ != router::PinReason::kNone || locks_tables_ || finds_all_rows_; }

bool Session::keeps_link() const noexcept {
  return (link_->status & my::status::kInTransaction) != 0 || link_->may_be_open || link_->xa_begun || is_bound() ||
         has_cursor(*link_) || !with_data_.empty();
}

bool Session::counts_by_itself() const {
  return sets_numbers_ || state_->variables.contains("auto_increment_increment") ||
         state_->variables.contains("auto_increment_offset");
}

// The session has set what AUTO_INCREMENT numbers come from: they could be another shard's, or another copy's.
std::optional<protocol::Fault> Session::miscounts(const Work& work) const {
  if (!counts_by_itself() && !work.traces->sets_numbers) return std::nullopt;
  return protocol::Fault{FaultReason::kNotSupported,
                         "an AUTO_INCREMENT number of a table on several shards, in a session that has set insert_id, "
                         "auto_increment_increment or auto_increment_offset itself",
                         "give the number, or use another connection", 0};
}

// Writes the command for the link at hand. False: its statement is being prepared there; the command comes again.
bool Session::put(const Work& work) {
  link_->shift = 0;
  if (work.statement == nullptr) {
    link_->out() += work.packet;
  } else {
    if (!is_on_link(*work.statement)) return false;
    forget_cursor(command_statement_);
    auto out = complete(work);
    put_statement_number(out, link_->statement(work.statement->text->id));
    link_->shift = shift_of(out);
    link_->out() += out;
  }
  note_asked(work.command, work.statement != nullptr && work.statement->has_long_data ? Packet() : work.packet);
  link_->owe(work.command);
  return true;
}

// SHARDWAY EXPLAIN <statement>
Session::Step Session::explain(const Statement& statement) {
  if (!hints_)
    return refuse({FaultReason::kForbidden, "user \"" + user_ + "\" may not use SHARDWAY EXPLAIN",
                   "set hints = true for this [[user]]", 0});
  const auto settings = parse_settings(*state_);
  router::Literals literals;
  const auto query = database_->cache().find(statement.name, settings, literals);
  std::vector<std::string> lines;
  for (const auto& inner : query->statements) {
    const auto plan = plan_for(inner, {&literals, nullptr, nullptr}, statement.name, settings);
    const auto more = router::explain(inner, plan, database_->topology(), statement.name);
    lines.insert(lines.end(), more.begin(), more.end());
  }
  my::encode_column(out_.tail(), sequence_, "shardway explain", lines, status_, capabilities_);
  return Step::kConsumed;
}

// ---- prepared statements ----

// What can be said before there are values; nothing where everything passes.
std::optional<protocol::Fault> Session::unpreparable(std::string_view sql) {
  if (!is_sharded()) return std::nullopt;
  if (auto fault = unready()) return fault;
  auto& literals = scratch_literals();
  const auto settings = parse_settings(*state_);
  const auto query = database_->cache().find(sql, settings, literals);
  if (query->statements.size() != 1) return std::nullopt;  // the server's error
  const auto& statement = query->statements[0];
  if (router::needs_parameters(statement, database_->topology())) return std::nullopt;
  auto plan = plan_for(statement, {&literals, nullptr, nullptr}, sql, settings);
  // What is wrong with a value is said when it is executed.
  if (plan.action == Action::kRefuse && plan.fault->reason != FaultReason::kNullKey) return std::move(*plan.fault);
  return std::nullopt;
}

Session::Step Session::route_execution(Packet packet, ClientStatement& statement) {
  if (const auto fault = unready()) return refuse(*fault);
  if (!catalog_is_current()) return Step::kBlocked;
  const std::string& sql = statement.text->text;
  auto& literals = scratch_literals();
  auto settings = parse_settings(*statement.text->state);
  const auto query = database_->cache().find(sql, settings, literals);
  const auto complete = with_types(packet, statement);
  const auto& facts = query->statements[0];
  const Work work{my::Command::kStmtExecute, packet, sql, &statement, &statement.traces};
  if (!is_sharded() && statement.has_long_data) return run_on(0, /*replica_ok=*/false, facts, work);
  const auto execution = my::decode_execution(std::string_view(complete).substr(my::kHeadBytes), statement.parameters);
  if (!execution || (statement.lost_data && is_sharded()))
    return refuse({FaultReason::kNotSupported,
                   execution ? "a parameter sent by COM_STMT_SEND_LONG_DATA is not supported on a sharded database"
                             : "the parameters of this execution cannot be read",
                   "send its value with the execution", 0});
  std::vector<router::ParameterValue> parameters;
  for (const auto& value : execution->values) parameters.push_back({value, true});
  // Whether 0 asks for a number is decided when it is inserted.
  if (facts.kind == StatementKind::kWrite) settings.mysql.zero_is_number = parse_settings(*state_).mysql.zero_is_number;
  return route(facts, plan_for(facts, {&literals, &parameters, &execution->types}, sql, settings), work);
}

}  // namespace shardway::proxy::mysql
