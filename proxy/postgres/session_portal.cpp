// The extended protocol's portals: Bind, Describe, Execute. A portal lives on the one server its key belongs to, or,
// when it is for several shards or for the session itself, only here until it is executed.
#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/local_statement.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::FaultReason;
using router::Action;
using router::Statement;
using router::StatementKind;

namespace {

constexpr std::string_view kExplainColumn = "SHARDWAY EXPLAIN";

std::string prepared_statement(std::string_view name) { return "prepared statement \"" + std::string(name) + "\""; }

std::size_t required_by(const ClientStatement& statement, const Statement& facts) {
  return std::max<std::size_t>(facts.parameters, statement.prepared->types.size());
}

// In the text of a SELECT or a write every $n is a parameter; elsewhere, if there is one, and of the formats, the
// server knows.
bool has_wrong_number(const ClientStatement& statement, const Statement& facts, const pg::Bind& bind) {
  const bool reads_or_writes = facts.kind == StatementKind::kRead || facts.kind == StatementKind::kWrite;
  const bool is_known =
      (reads_or_writes && !facts.is_explain) || statement.prepared->text.find('$') == std::string::npos;
  const auto formats = bind.parameter_formats.size();
  const bool fits = formats <= 1 || formats == bind.parameters.size();
  return is_known && fits && bind.parameters.size() != required_by(statement, facts);
}

// RETURNING is a reserved word; one in parentheses is of a WITH.
bool has_returning(std::string_view sql, bool standard_strings) {
  router::StatementLexer lexer(sql, standard_strings);
  int depth = 0;
  for (auto token = lexer.next(); token.kind != router::TokenKind::kEnd; token = lexer.next()) {
    const auto word = sql.substr(token.begin, token.end - token.begin);
    depth += word == "(" ? 1 : word == ")" ? -1 : 0;
    if (depth == 0 && token.kind == router::TokenKind::kWord && router::equals_word(word, "returning")) return true;
  }
  return false;
}

bool sets_something(const router::Statement& statement) noexcept {
  return statement.kind == StatementKind::kResetAll || statement.kind == StatementKind::kDiscardAll ||
         !statement.settings.empty();
}

// What note_effects() has something to say about.
bool leaves_effects(const router::Statement& statement) noexcept {
  return sets_something(statement) || statement.pins != router::PinReason::kNone || router::is_ddl(statement.kind) ||
         statement.kind == StatementKind::kDeallocate || statement.defines.routines || statement.defines.clock ||
         statement.defines.varies;
}

// It was bound when the transaction was on one shard, and is for all of them.
protocol::Fault only_on_one_shard(const router::Statement& statement) {
  const std::string what = statement.settings.empty() ? "a statement" : "SET " + statement.settings.front().name;
  return {FaultReason::kNotSupported, what + " that was bound before the transaction came to another shard",
          "bind it again before it is executed", 0};
}

}  // namespace

// 34000 and 26000 in the server's words.
Session::Step Session::fail_no_portal(std::string_view name) {
  return fail_in_order({FaultReason::kNotSupported, "portal \"" + std::string(name) + "\" does not exist", {}, 0},
                       "34000");
}

Session::Step Session::fail_no_statement(std::string_view name) {
  const auto what = name.empty() ? "unnamed prepared statement" : prepared_statement(name);
  return fail_in_order({FaultReason::kNotSupported, what + " does not exist", {}, 0}, "26000");
}

Session::Step Session::fail_read_otherwise(std::string_view name) {
  return fail_in_order({FaultReason::kNotSupported,
                        prepared_statement(name) + " was prepared under other settings (DateStyle, TimeZone, …): "
                                                   "its constants could mean something else now",
                        "prepare it again after SET", 0});
}

Session::Portal* Session::portal_named(std::string_view name) {
  if (name.empty()) return unnamed_portal_.get();
  if (portals_) {
    if (const auto found = portals_->find(std::string(name)); found != portals_->end()) return &found->second;
  }
  return cursor_as_portal(name);
}

// A cursor made by DECLARE is a portal, too. Where only one server can have it, that server knows best.
Session::Portal* Session::cursor_as_portal(std::string_view name) {
  std::optional<router::ShardIndex> shard;
  if (transaction_) {
    if (const auto cursor = transaction_->cursors.find(std::string(name)); cursor != transaction_->cursors.end())
      shard = cursor->second;
  }
  const bool kept = branches_.size() == 1 && (branches_.front().pinned || branches_.front().begun);
  if (!shard && kept) shard = branches_.front().shard;
  if (!shard) return nullptr;
  auto& portal = store_portal(name);
  portal.shard = shard;
  return &portal;
}

Session::Portal& Session::store_portal(std::string_view name) {
  if (name.empty()) {
    if (unnamed_portal_) drop_cursor(*unnamed_portal_);
    unnamed_portal_ = std::make_unique<Portal>();
    return *unnamed_portal_;
  }
  if (!portals_) portals_ = std::make_unique<std::unordered_map<std::string, Portal>>();
  return (*portals_)[std::string(name)] = Portal();
}

router::Plan Session::plan_of_bind(const ClientStatement& statement, const pg::Bind& bind, bool& bad_values) {
  std::vector<router::ParameterValue> values;
  values.reserve(bind.parameters.size());
  for (std::size_t i = 0; i < bind.parameters.size(); ++i) {
    values.push_back({bind.parameters[i], bind.format_of(i) == pg::Format::kBinary});
  }
  const auto& facts = facts_of(statement);
  bad_values = facts.parameters > values.size();  // the server's error, not ours
  return plan_for(facts, {&statement.literals, &values, &statement.prepared->types}, statement.prepared->text);
}

// True if the portal is to live on a server, and on which shard.
bool Session::bind_on_server(const ClientStatement& statement, const router::Plan& plan,
                             router::ShardIndex& shard) const {
  const auto& facts = facts_of(statement);
  if (is_local(facts.kind) || (plan.action == Action::kSession && resets_base(facts))) return false;
  if (plan.action == Action::kOneShard) {
    shard = plan.shards[0];
    return true;
  }
  if (plan.action != Action::kSession || branches_.size() > 1) return false;
  const auto home = database_->backend().config.topology.home;
  shard = branches_.empty() ? home : branches_.front().shard;
  return true;
}

// A statement analyzed under another catalogue, or under names that meant other tables, is analyzed again.
std::shared_ptr<const ClientStatement> Session::statement_for_bind(std::string_view name) {
  auto statement = statement_named(name);
  if (!statement) return statement;
  if (statement->query->topology_epoch == database_->topology().epoch && !is_named_otherwise(*statement))
    return statement;
  const bool was_deferred = deferred_ == statement;
  statement = analyzed_again(*statement);
  store_statement(name, statement);
  if (was_deferred) deferred_ = statement;
  return statement;
}

Session::Step Session::refuse_number(const pg::Bind& bind, std::size_t required) {
  return fail_in_order({FaultReason::kProtocol,
                        "bind message supplies " + std::to_string(bind.parameters.size()) + " parameters, but " +
                            prepared_statement(bind.statement) + " requires " + std::to_string(required),
                        {},
                        0},
                       "08P01");
}

// `required`: how many parameters the statement has.
Session::Step Session::refuse_bind(const router::Plan& plan, const pg::Bind& bind, std::size_t required) {
  if (required != bind.parameters.size()) return refuse_number(bind, required);
  note_refusal(plan.fault->reason);
  return fail_in_order(*plan.fault);
}

Session::Step Session::on_bind(Frame frame) {
  if (busy()) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  if (held_fault_) return fail_held();
  const auto bind = pg::decode_bind(frame.substr(pg::kHeadBytes));
  if (!bind) return fail_bad_message();
  in_segment_ = true;
  const auto statement = statement_for_bind(bind->statement);
  if (!statement) return fail_no_statement(bind->statement);
  const auto& facts = facts_of(*statement);
  const bool unparsed = statement->query->syntax_error.has_value();  // the server's to say, whatever the transaction
  if (!unparsed && has_wrong_number(*statement, facts, *bind))
    return refuse_number(*bind, required_by(*statement, facts));
  if (const auto fault = forbidden_here(facts); fault && !unparsed)
    return fail_in_order(*fault, sqlstate_of(fault->reason));
  if (is_read_otherwise(*statement)) return fail_read_otherwise(bind->statement);
  if (statement->as_sent && transaction_ && changes_catalog_)
    return fail_in_order(*columns_in_doubt(*statement->query));
  const bool may_have_gone = transaction_ && transaction_->has_gone_back;  // with a ROLLBACK TO
  const bool is_portal = portals_ && portals_->contains(std::string(bind->portal)) && !may_have_gone;
  const bool is_cursor =
      transaction_ && database_->topology().sharded() && transaction_->cursors.contains(std::string(bind->portal));
  if (!bind->portal.empty() && (is_portal || is_cursor))
    return fail_in_order(
        {FaultReason::kCursorExists, "cursor \"" + std::string(bind->portal) + "\" already exists", {}, 0}, "42P03");
  bool bad_values = false;
  auto plan = statement->query->syntax_error ? unsharded_plan() : plan_of_bind(*statement, *bind, bad_values);
  if (plan.action == Action::kRefuse && plan.fault->reason == FaultReason::kBadKey && !bad_values)
    return bind_with_bad_key(plan, *bind, *statement, frame);
  if (plan.action == Action::kRefuse)
    return refuse_bind(plan, *bind, bad_values ? facts.parameters : bind->parameters.size());
  if (const auto fault = unable_here(facts, plan)) return fail_in_order(*fault);
  if (plan.wants_time && plan.action == Action::kOneShard) return ask_time(facts, plan);
  router::ShardIndex shard = 0;
  if (bind_on_server(*statement, plan, shard)) {
    const auto step = forward_bind(plan, *bind, *statement, shard, frame);
    if (step == Step::kBlocked || !leaves_effects(facts)) return step;
    if (auto* portal = portal_named(bind->portal)) portal->statement = statement;  // noted when it runs
    return step;
  }
  const auto required = required_by(*statement, facts);
  if (bind->parameters.size() != required) return refuse_bind(plan, *bind, required);
  if (forward_deferred() == Step::kBlocked || quiet() == Step::kBlocked) return Step::kBlocked;
  if (skip_until_sync_ || phase_ == Phase::kClosed) return Step::kConsumed;
  auto& portal = store_portal(bind->portal);
  portal.statement = statement;
  portal.bind = frame;
  ++database_->counters.binds;
  pg::encode::bind_complete(reply());
  return Step::kConsumed;
}

// The server may find something worse in the other values: it is asked, wherever, and only the Execute is refused.
Session::Step Session::bind_with_bad_key(const router::Plan& refused, const pg::Bind& bind,
                                         const ClientStatement& statement, Frame frame) {
  router::Plan anywhere;
  anywhere.action = Action::kOneShard;
  anywhere.rule = refused.rule;
  anywhere.shards.push_back(branches_.empty() ? database_->topology().home : branches_.front().shard);
  const auto step = forward_bind(anywhere, bind, statement, anywhere.shards[0], frame);
  if (step == Step::kBlocked || skip_until_sync_ || phase_ == Phase::kClosed) return step;
  note_refusal(refused.fault->reason);
  if (auto* portal = portal_named(bind.portal)) portal->fault = std::make_shared<protocol::Fault>(*refused.fault);
  return step;
}

Session::Step Session::forward_bind(const router::Plan& plan, const pg::Bind& bind, const ClientStatement& statement,
                                    router::ShardIndex shard, Frame frame) {
  const auto& facts = facts_of(statement);
  if (deferred_ && deferred_.get() != &statement && forward_deferred() == Step::kBlocked) return Step::kBlocked;
  const auto enlisted = segment_branch(shard, replica_allowed(facts, plan, shard));
  if (enlisted.blocked) return Step::kBlocked;
  if (enlisted.branch == nullptr) {
    deferred_.reset();  // nobody could be asked of its Parse either
    return fail_in_order(*enlisted.fault, enlisted.sqlstate);
  }
  auto& branch = *enlisted.branch;
  auto& link = *branch.link;
  if (const auto step = columns_changed(branch, statement, bind.statement)) return *step;
  ensure_prepared(branch, statement, bind.statement);
  note_start(facts, plan, /*has_run=*/false);
  note_time(branch, facts, frame);
  note_time(branch, facts, statement.prepared->text);
  if (!plan.rewritten.empty()) {
    bind_rewritten(link, plan, bind, statement);
  } else if (bind.statement.empty()) {
    link.out() += frame;
  } else {  // the same message with the name the statement has on servers
    const auto name = server_statement_name(statement.prepared->id);
    const auto after = pg::kHeadBytes + bind.portal.size() + 1 + bind.statement.size() + 1;
    protocol::Writer writer(link.out());
    writer.u8('B');
    writer.u32(static_cast<std::uint32_t>(frame.size() - 1 - bind.statement.size() + name.size()));
    writer.cstring(bind.portal);
    writer.cstring(name);
    writer.bytes(frame.substr(after));
  }
  link.owe(Reply::kBind, false, false, statement.prepared->id, bind.statement.empty());
  branch.dirty = true;
  branch.flush_sent = false;
  ++database_->counters.binds;
  auto& portal = store_portal(bind.portal);
  portal.shard = shard;
  return Step::kConsumed;
}

// The statement with the transaction's time in it, as the unnamed one, to the client's portal.
void Session::bind_rewritten(Link& link, const router::Plan& plan, const pg::Bind& bind,
                             const ClientStatement& statement) {
  link.unnamed_statement = 0;
  pg::encode::parse(link.out(), {}, plan.rewritten, statement.prepared->types);
  link.owe(Reply::kParse, /*drop=*/true);
  auto written = bind;
  written.statement = {};
  pg::encode::bind(link.out(), written);
}

// Before a message for a portal that is there: another shard's answers come first, and a kept connection hears of the
// transaction.
Session::Step Session::begin_on(Branch& branch) {
  for (auto& other : branches_) {
    if (&other != &branch && other.link->owes() && quiet() == Step::kBlocked) return Step::kBlocked;
  }
  if (!transaction_ || branch.begun || branch.dirty) return Step::kConsumed;
  if (quiet() == Step::kBlocked || branch.syncing || !prepare_branch(branch)) return Step::kBlocked;
  branch.untouched = false;
  return Step::kConsumed;
}

Session::Step Session::on_describe(Frame frame) {
  if (busy()) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  if (held_fault_) return fail_held();
  const auto describe = pg::decode_describe(frame.substr(pg::kHeadBytes));
  if (!describe) return fail_bad_message();
  in_segment_ = true;
  if (describe->target == pg::Target::kStatement) return describe_statement(describe->name);
  if (forward_deferred() == Step::kBlocked) return Step::kBlocked;
  if (skip_until_sync_ || phase_ == Phase::kClosed) return Step::kConsumed;
  auto* portal = portal_named(describe->name);
  if (portal == nullptr) return fail_no_portal(describe->name);
  if (!portal->shard) return describe_virtual(*portal);
  auto* branch = branch_on(*portal->shard);
  if (branch == nullptr && transaction_ && transaction_->failed) return fail_in_order(*forbidden_here(Statement()));
  if (branch == nullptr) return fail_no_portal(describe->name);
  if (begin_on(*branch) == Step::kBlocked) return Step::kBlocked;
  branch->link->out() += frame;
  branch->link->owe(Reply::kDescribe);
  branch->dirty = true;
  branch->flush_sent = false;
  return Step::kConsumed;
}

void Session::describe_explain() {
  pg::encode::row_description(reply(), {{std::string(kExplainColumn), 0, 0, 25, -1, -1, pg::Format::kText}});
}

Session::Step Session::describe_statement(std::string_view name) {
  const auto statement = statement_named(name);
  if (!statement) return fail_no_statement(name);
  if (is_read_otherwise(*statement)) return fail_read_otherwise(name);
  const auto& facts = facts_of(*statement);
  const bool explains = facts.kind == StatementKind::kShardwayExplain;
  if (is_local(facts.kind) || explains) {
    if (forward_deferred() == Step::kBlocked || quiet() == Step::kBlocked) return Step::kBlocked;
    pg::encode::parameter_description(reply(), {});
    explains ? describe_explain() : pg::encode::no_data(reply());
    return Step::kConsumed;
  }
  if (deferred_ && deferred_ != statement && forward_deferred() == Step::kBlocked) return Step::kBlocked;
  auto shard = branches_.empty() ? database_->topology().home : branches_.front().shard;
  for (const auto& branch : branches_) {
    if (branch.dirty) shard = branch.shard;
  }
  const auto enlisted = describing_branch(shard, facts);
  if (enlisted.blocked) return Step::kBlocked;
  if (enlisted.branch == nullptr) return fail_in_order(*enlisted.fault, enlisted.sqlstate);
  auto& branch = *enlisted.branch;
  ensure_prepared(branch, *statement, name);
  describe_on(branch, *statement, name, /*drop=*/false);
  return Step::kConsumed;
}

// A portal that lives only here: a server describes its statement, and the result formats are the Bind's.
Session::Step Session::describe_virtual(const Portal& portal) {
  const auto& facts = facts_of(*portal.statement);
  const bool is_ours = is_local(facts.kind) || facts.kind == StatementKind::kShardwayExplain;
  if (is_ours && quiet() == Step::kBlocked) return Step::kBlocked;
  if (is_local(facts.kind)) {
    pg::encode::no_data(reply());
    return Step::kConsumed;
  }
  if (facts.kind == StatementKind::kShardwayExplain) {
    describe_explain();
    return Step::kConsumed;
  }
  const auto shard = branches_.empty() ? database_->topology().home : branches_.front().shard;
  const auto enlisted = describing_branch(shard, facts);
  if (enlisted.blocked) return Step::kBlocked;
  if (enlisted.branch == nullptr) return fail_in_order(*enlisted.fault, enlisted.sqlstate);
  auto& branch = *enlisted.branch;
  auto& link = *branch.link;
  const auto& prepared = *portal.statement->prepared;
  ensure_prepared(branch, *portal.statement, "named");
  auto bind = pg::decode_bind(std::string_view(portal.bind).substr(pg::kHeadBytes));
  const auto name = server_statement_name(prepared.id);
  bind->portal = "shardway_describe";
  bind->statement = name;
  pg::encode::bind(link.out(), *bind);
  link.owe(Reply::kBind, /*drop=*/true);
  pg::encode::describe(link.out(), pg::Target::kPortal, bind->portal);
  link.owe(Reply::kDescribe);
  pg::encode::close(link.out(), pg::Target::kPortal, bind->portal);
  link.owe(Reply::kClose, /*drop=*/true);
  branch.dirty = true;
  branch.flush_sent = false;
  return Step::kConsumed;
}

Session::Step Session::on_execute(Frame frame) {
  if (busy()) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  if (held_fault_) return fail_held();
  const auto execute = pg::decode_execute(frame.substr(pg::kHeadBytes));
  if (!execute) return fail_bad_message();
  in_segment_ = true;
  if (forward_deferred() == Step::kBlocked) return Step::kBlocked;
  if (skip_until_sync_ || phase_ == Phase::kClosed) return Step::kConsumed;
  auto* portal = portal_named(execute->portal);
  auto* branch = portal != nullptr && portal->shard ? branch_on(*portal->shard) : nullptr;
  const bool failed = transaction_ && transaction_->failed;
  if (portal == nullptr || (portal->shard && branch == nullptr && !failed)) return fail_no_portal(execute->portal);
  if (portal->fault) return fail_in_order(*portal->fault, sqlstate_of(portal->fault->reason));
  if (!portal->shard) return execute_virtual(*portal, *execute);
  if (failed && (branch == nullptr || branch->link->status != 'E')) {  // its server does not know
    const Statement any;
    return fail_in_order(*forbidden_here(any));
  }
  if (begin_on(*branch) == Step::kBlocked) return Step::kBlocked;
  if (const auto statement = std::exchange(portal->statement, nullptr)) {
    const auto& facts = facts_of(*statement);
    if (branches_.size() > 1 && sets_something(facts)) return fail_in_order(only_on_one_shard(facts));
    note_effects(facts);
  }
  branch->link->out() += frame;
  branch->link->owe(Reply::kExecute);
  branch->dirty = branch->executed = true;
  branch->flush_sent = false;
  return Step::kConsumed;
}

Session::Step Session::execute_virtual(Portal& portal, const pg::Execute& execute) {
  if (quiet() == Step::kBlocked) return Step::kBlocked;
  const auto statement = portal.statement;
  const auto& facts = facts_of(*statement);
  if (const auto fault = forbidden_here(facts)) return fail_in_order(*fault);
  if (facts.kind == StatementKind::kEmpty) {
    pg::encode::empty_query(reply());
    return Step::kConsumed;
  }
  if (portal.rows) {
    hand_out(*portal.rows, execute.row_limit);
    return Step::kConsumed;
  }
  if (portal.has_run) return execute_again(facts, execute.portal);
  const auto bind = pg::decode_bind(std::string_view(portal.bind).substr(pg::kHeadBytes));
  bool bad_values = false;
  keep_segment_time(facts);
  const auto plan = plan_of_bind(*statement, *bind, bad_values);
  if (plan.wants_time) return ask_time(facts, plan);
  if (plan.action == Action::kScatter && (execute.row_limit > 0 || portal.cursor))
    return fetch_rows(portal, facts, plan, execute.row_limit);
  portal.cursor.reset();
  portal.has_run = true;
  if (facts.kind == StatementKind::kWrite && has_returning(statement->prepared->text, standard_strings_)) {
    portal.rows = std::make_shared<Rows>();
    portal.rows->limit = execute.row_limit;
  }
  const auto step = run_portal(portal, facts, plan, execute.portal);
  if (step != Step::kBlocked) return step;
  portal.has_run = false;  // it comes again
  portal.rows.reset();
  return step;
}

// `portal` may be gone when this returns, unless it is blocked.
Session::Step Session::run_portal(const Portal& portal, const router::Statement& facts, const router::Plan& plan,
                                  std::string_view name) {
  const auto statement = portal.statement;
  const std::string_view sql = statement->prepared->text;
  switch (plan.action) {
    case Action::kExplain: explain_statement(facts); return Step::kConsumed;
    case Action::kSession: return run_session_statement(facts, plan, sql, {});
    case Action::kCopyIn: return begin_copy_in(facts, sql);
    case Action::kScatter:
    case Action::kEveryShard: return run_on_shards(facts, plan, {sql, &portal, {}, name});
    default:
      return fail_in_order(
          {FaultReason::kNotSupported, "the shard map changed between Bind and Execute", "send the statement again", 0},
          "40001");
  }
}

// As a server does with a portal that has come to its end: rows are no more, and what has none cannot be run again.
// https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
Session::Step Session::execute_again(const router::Statement& facts, std::string_view name) {
  const auto tag = facts.kind == StatementKind::kRead              ? std::string_view("SELECT 0")
                   : facts.kind == StatementKind::kShow            ? std::string_view("SHOW")
                   : facts.kind == StatementKind::kShardwayExplain ? std::string_view("EXPLAIN")
                                                                   : std::string_view();
  if (tag.empty())
    return fail_in_order({FaultReason::kNotSupported, "portal \"" + std::string(name) + "\" cannot be run", {}, 0},
                         "55000");
  pg::encode::command_complete(reply(), tag);
  return Step::kConsumed;
}

}  // namespace shardway::proxy::postgres
