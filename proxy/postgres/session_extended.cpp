// The extended protocol: Parse, Bind, Describe, Execute, Close, Flush, Sync. A portal lives on the one server its key
// belongs to, or, when it is for several shards or for the session itself, only here until it is executed.
#include <algorithm>

#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::Fault;
using protocol::FaultReason;
using router::Action;
using router::Statement;
using router::StatementKind;

namespace {

constexpr std::uint64_t kBeginStatement =
    ~std::uint64_t{0};  // "BEGIN", prepared on a link whose pipeline becomes a transaction
constexpr std::string_view kBeginName = "shardway_begin";
constexpr std::size_t kMaxStatementsPerClient = 100'000;

bool is_local(StatementKind kind) noexcept {
  switch (kind) {
    case StatementKind::kBegin:
    case StatementKind::kCommit:
    case StatementKind::kRollback:
    case StatementKind::kSavepoint:
    case StatementKind::kReleaseSavepoint:
    case StatementKind::kRollbackTo:
    case StatementKind::kSetTransaction:
    case StatementKind::kTwoPhase:
    case StatementKind::kDeallocate:
    case StatementKind::kDiscardAll:
    case StatementKind::kEmpty: return true;
    default: return false;
  }
}

const Statement& empty_statement() {
  static const Statement statement = [] {
    Statement empty;
    empty.kind = StatementKind::kEmpty;
    return empty;
  }();
  return statement;
}

const Statement& opaque_statement() {
  static const Statement statement;
  return statement;
}

}  // namespace

const Statement& Session::facts_of(const ClientStatement& statement) const {
  if (statement.query->syntax_error) return opaque_statement();  // on an unsharded database: the server's to judge
  return statement.query->statements.empty() ? empty_statement() : statement.query->statements[0];
}

std::shared_ptr<const ClientStatement> Session::statement_named(std::string_view name) const {
  if (name.empty()) return unnamed_;
  if (!statements_) return nullptr;
  const auto found = statements_->find(std::string(name));
  return found == statements_->end() ? nullptr : found->second;
}

std::shared_ptr<const ClientStatement> Session::analyzed(std::shared_ptr<const Prepared> prepared,
                                                         std::uint64_t parse_number) {
  auto statement = std::make_shared<ClientStatement>();
  statement->query = database_->cache().find(prepared->text, parse_settings(), statement->literals);
  statement->prepared = std::move(prepared);
  statement->parse_number = parse_number;
  return statement;
}

// A Parse that failed, or was skipped behind an error, has made no statement.
void Session::forget_unanswered_parses() {
  deferred_.reset();
  if (parses_taken_ == parses_answered_) return;
  parses_taken_ = parses_answered_;
  if (unnamed_ && unnamed_->parse_number > parses_answered_) unnamed_.reset();
  if (statements_)
    std::erase_if(*statements_, [this](const auto& entry) { return entry.second->parse_number > parses_answered_; });
}

void Session::store_statement(std::string_view name, std::shared_ptr<const ClientStatement> statement) {
  if (name.empty()) {
    unnamed_ = std::move(statement);
    return;
  }
  if (!statements_) statements_ = std::make_unique<Statements>();
  (*statements_)[std::string(name)] = std::move(statement);
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
    if (!unnamed_portal_) unnamed_portal_ = std::make_unique<Portal>();
    *unnamed_portal_ = Portal();
    return *unnamed_portal_;
  }
  if (!portals_) portals_ = std::make_unique<std::unordered_map<std::string, Portal>>();
  return (*portals_)[std::string(name)] = Portal();
}

// Blocked until every branch has answered what it owes; a Flush makes it answer before Sync.
Session::Step Session::quiet() {
  bool owes = false;
  for (auto& branch : branches_) {
    if (!branch.link->owes()) continue;
    owes = true;
    if (branch.flush_sent || !branch.dirty) continue;
    pg::encode::flush(branch.link->out());
    branch.flush_sent = true;
  }
  return owes ? Step::kBlocked : Step::kConsumed;
}

// An error of ours takes its place behind the answers that are still on their way.
Session::Step Session::fail_in_order(const Fault& fault, std::string_view sqlstate) {
  const bool parse_answered = sqlstate.empty() || forward_deferred() == Step::kConsumed;
  if (skip_until_sync_) return Step::kConsumed;
  if (!parse_answered || quiet() == Step::kBlocked) {
    held_fault_ = std::make_unique<std::pair<Fault, std::string>>(fault, std::string(sqlstate));
    return Step::kBlocked;
  }
  fail_statement(fault, sqlstate);
  return Step::kConsumed;
}

// Before other shards come into a pipeline: answers first; what has been executed becomes part of an explicit
// transaction, what was only parsed or described is ended.
Session::Step Session::settle_segment(Branch& branch) {
  if (quiet() == Step::kBlocked) return Step::kBlocked;
  auto& link = *branch.link;
  if (!branch.dirty || branch.begun) return Step::kConsumed;
  if (!branch.executed) {
    pg::encode::sync(link.out());
    link.owe(Reply::kSync, /*drop=*/true);
    branch.dirty = false;
    return Step::kBlocked;
  }
  if (!transaction_) begin_implicit();
  if (branch.wrote) transaction_->writer = branch.shard;
  if (!link.has_statement(kBeginStatement)) {
    pg::encode::parse(link.out(), kBeginName, "BEGIN", {});
    link.owe(Reply::kParse, true, false, kBeginStatement);
    link.remember_statement(kBeginStatement, 0);
  }
  pg::Bind bind;
  bind.statement = kBeginName;
  bind.portal = kBeginName;
  pg::encode::bind(link.out(), bind);
  link.owe(Reply::kBind, true);
  pg::encode::execute(link.out(), kBeginName, 0);
  link.owe(Reply::kExecute, true);
  pg::encode::flush(link.out());
  branch.begun = branch.flush_sent = true;
  return Step::kBlocked;
}

// The branch the next extended message goes to; others of this pipeline are settled first.
Session::Enlisted Session::segment_branch(router::ShardIndex shard, bool replica_ok) {
  for (auto& branch : branches_) {
    if (branch.shard == shard || !branch.dirty) continue;
    if (settle_segment(branch) == Step::kBlocked) return {nullptr, true, {}, {}};
    if (!branch.begun && !transaction_) {  // it was only asked to describe something
      release_idle();
      return segment_branch(shard, replica_ok);
    }
  }
  auto* known = branch_on(shard);
  if (known != nullptr && known->dirty) return {known, false, {}, {}};
  for (auto& branch : branches_) {
    if (branch.shard != shard && branch.link->owes() && quiet() == Step::kBlocked) return {nullptr, true, {}, {}};
  }
  return enlist(shard, replica_ok);
}

// Sees to it that the statement is there under the name a Bind or Describe will use; a Parse of the client's that has
// not gone out yet is answered by it.
void Session::ensure_prepared(Branch& branch, const ClientStatement& statement, std::string_view client_name) {
  auto& link = *branch.link;
  const bool shown = deferred_ && deferred_.get() == &statement;
  if (shown) deferred_.reset();
  const auto& prepared = *statement.prepared;
  const bool unnamed = client_name.empty();
  const bool there = unnamed ? link.unnamed_statement == prepared.id : link.has_statement(prepared.id);
  if (there && !(unnamed && shown)) {
    if (!shown) return;
    if (link.owes()) {
      link.owe(Reply::kLocalParse);
    } else {
      pg::encode::parse_complete(reply());
      ++parses_answered_;
    }
    return;
  }
  if (unnamed) {
    link.unnamed_statement = prepared.id;
  } else {
    link.remember_statement(prepared.id, database_->config().pool.max_prepared_statements);
  }
  pg::encode::parse(link.out(), unnamed ? std::string() : server_statement_name(prepared.id), prepared.text,
                    prepared.types);
  link.owe(Reply::kParse, /*drop=*/!shown, false, prepared.id);
  branch.dirty = true;
  branch.flush_sent = false;
  ++database_->counters.server_parses;
}

// A Parse whose Bind has not come: any shard may say whether it is right.
Session::Step Session::forward_deferred() {
  if (!deferred_) return Step::kConsumed;
  const auto statement = deferred_;
  const auto& facts = facts_of(*statement);
  if (is_local(facts.kind) || facts.kind == StatementKind::kShardwayExplain) {
    if (quiet() == Step::kBlocked) return Step::kBlocked;
    deferred_.reset();
    pg::encode::parse_complete(reply());
    ++parses_answered_;
    return Step::kConsumed;
  }
  const auto shard = branches_.empty() ? database_->topology().home : branches_.front().shard;
  const auto enlisted = segment_branch(shard, true);
  if (enlisted.blocked) return Step::kBlocked;
  if (enlisted.branch == nullptr) {
    deferred_.reset();
    return fail_in_order(*enlisted.fault, enlisted.sqlstate);
  }
  ensure_prepared(*enlisted.branch, *statement, statement == unnamed_ ? std::string_view() : std::string_view("named"));
  return Step::kConsumed;
}

Session::Step Session::on_parse(Frame frame) {
  if (busy()) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  const auto parse = pg::decode_parse(frame.substr(pg::kHeadBytes));
  if (!parse) {
    fatal(FaultReason::kProtocol, "invalid message format");
    return Step::kConsumed;
  }
  if (!catalog_is_current()) return Step::kBlocked;
  in_segment_ = true;
  if (held_fault_) return fail_held();
  if (forward_deferred() == Step::kBlocked) return Step::kBlocked;
  if (skip_until_sync_ || phase_ == Phase::kClosed) return Step::kConsumed;
  if (!parse->name.empty() && statement_named(parse->name)) {
    return fail_in_order(
        {FaultReason::kNotSupported, "prepared statement \"" + std::string(parse->name) + "\" already exists", {}, 0},
        "42P05");
  }
  if (statements_ && statements_->size() >= kMaxStatementsPerClient) {
    return fail_in_order({FaultReason::kTooLarge,
                          "this connection has prepared " + std::to_string(statements_->size()) + " statements",
                          "close some", 0});
  }
  ++database_->counters.client_parses;
  auto statement =
      analyzed(worker_.surroundings().prepared.find_or_add(parse->query, parse->parameter_types), parses_taken_ + 1);
  const bool sharded = database_->topology().sharded();
  const auto& query = *statement->query;
  if (query.syntax_error && sharded) return fail_in_order(*query.syntax_error);
  if (query.statements.size() > 1) {
    return fail_in_order({FaultReason::kSyntax, "cannot insert multiple commands into a prepared statement", {}, 0});
  }
  if (transaction_ && transaction_->failed && !is_local(facts_of(*statement).kind))
    return fail_in_order(*forbidden_here(facts_of(*statement)));
  if (sharded && facts_of(*statement).fault) {
    note_refusal(facts_of(*statement).fault->reason);
    return fail_in_order(*facts_of(*statement).fault);
  }
  ++parses_taken_;
  store_statement(parse->name, statement);
  deferred_ = std::move(statement);
  return Step::kConsumed;
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
  if (is_local(facts.kind)) return false;
  if (plan.action == Action::kOneShard) {
    shard = plan.shards[0];
    return true;
  }
  if (plan.action != Action::kSession || branches_.size() > 1) return false;
  const auto home = database_->backend().config.topology.home;
  shard = branches_.empty() ? home : branches_.front().shard;
  return true;
}

Session::Step Session::on_bind(Frame frame) {
  if (busy()) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  if (held_fault_) return fail_held();
  const auto bind = pg::decode_bind(frame.substr(pg::kHeadBytes));
  if (!bind) {
    fatal(FaultReason::kProtocol, "invalid message format");
    return Step::kConsumed;
  }
  in_segment_ = true;
  auto statement = statement_named(bind->statement);
  if (!statement) {
    const bool unnamed = bind->statement.empty();
    return fail_in_order({FaultReason::kNotSupported,
                          unnamed ? "unnamed prepared statement does not exist"
                                  : "prepared statement \"" + std::string(bind->statement) + "\" does not exist",
                          {},
                          0},
                         "26000");
  }
  if (statement->query->topology_epoch != database_->topology().epoch) {
    const bool was_deferred = deferred_ == statement;
    statement = analyzed(statement->prepared, statement->parse_number);
    store_statement(bind->statement, statement);
    if (was_deferred) deferred_ = statement;
  }
  const auto& facts = facts_of(*statement);
  if (const auto fault = forbidden_here(facts)) return fail_in_order(*fault);
  bool bad_values = false;
  auto plan = statement->query->syntax_error ? unsharded_plan() : plan_of_bind(*statement, *bind, bad_values);
  if (plan.action == Action::kRefuse) {
    if (bad_values) {
      return fail_in_order({FaultReason::kProtocol,
                            "bind message supplies " + std::to_string(bind->parameters.size()) +
                                " parameters, but prepared statement \"" + std::string(bind->statement) +
                                "\" requires " + std::to_string(facts.parameters),
                            {},
                            0},
                           "08P01");
    }
    note_refusal(plan.fault->reason);
    const bool is_of_server = plan.fault->reason == FaultReason::kBadKey;  // it would have answered the Parse before
    return fail_in_order(*plan.fault, is_of_server ? sqlstate_of(plan.fault->reason) : std::string_view());
  }
  if (const auto fault = breaks_one_writer(plan)) return fail_in_order(*fault);
  router::ShardIndex shard = 0;
  if (bind_on_server(*statement, plan, shard)) return forward_bind(plan, *bind, *statement, shard, frame);
  if (plan.action == Action::kCopyIn) {
    return fail_in_order({FaultReason::kNotSupported,
                          "COPY FROM by the extended protocol is not supported on a sharded table",
                          "send COPY as a simple Query", 0});
  }
  if (forward_deferred() == Step::kBlocked || quiet() == Step::kBlocked) return Step::kBlocked;
  if (skip_until_sync_ || phase_ == Phase::kClosed) return Step::kConsumed;
  auto& portal = store_portal(bind->portal);
  portal.statement = statement;
  portal.bind = frame;
  portal.writes = plan.writes;
  ++database_->counters.binds;
  pg::encode::bind_complete(reply());
  return Step::kConsumed;
}

Session::Step Session::forward_bind(const router::Plan& plan, const pg::Bind& bind, const ClientStatement& statement,
                                    router::ShardIndex shard, Frame frame) {
  const auto& facts = facts_of(statement);
  if (deferred_ && deferred_.get() != &statement && forward_deferred() == Step::kBlocked) return Step::kBlocked;
  const auto enlisted = segment_branch(shard, replica_allowed(facts, plan));
  if (enlisted.blocked) return Step::kBlocked;
  if (enlisted.branch == nullptr) return fail_in_order(*enlisted.fault, enlisted.sqlstate);
  auto& branch = *enlisted.branch;
  auto& link = *branch.link;
  ensure_prepared(branch, statement, bind.statement);
  note_start(facts, plan);
  if (bind.statement.empty()) {
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
  link.owe(Reply::kBind);
  branch.dirty = true;
  branch.flush_sent = false;
  ++database_->counters.binds;
  auto& portal = store_portal(bind.portal);
  portal.shard = shard;
  portal.writes = plan.writes;
  return Step::kConsumed;
}

Session::Step Session::on_describe(Frame frame) {
  if (busy()) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  if (held_fault_) return fail_held();
  const auto describe = pg::decode_describe(frame.substr(pg::kHeadBytes));
  if (!describe) {
    fatal(FaultReason::kProtocol, "invalid message format");
    return Step::kConsumed;
  }
  in_segment_ = true;
  if (describe->target == pg::Target::kPortal) {
    auto* portal = portal_named(describe->name);
    if (portal == nullptr) {
      return fail_in_order(
          {FaultReason::kNotSupported, "portal \"" + std::string(describe->name) + "\" does not exist", {}, 0},
          "34000");
    }
    if (!portal->shard) return describe_virtual(*portal);
    auto* branch = branch_on(*portal->shard);
    if (branch == nullptr) {
      return fail_in_order(
          {FaultReason::kNotSupported, "portal \"" + std::string(describe->name) + "\" does not exist", {}, 0},
          "34000");
    }
    branch->link->out() += frame;
    branch->link->owe(Reply::kDescribe);
    branch->dirty = true;
    branch->flush_sent = false;
    return Step::kConsumed;
  }
  auto statement = statement_named(describe->name);
  if (!statement) {
    return fail_in_order({FaultReason::kNotSupported,
                          "prepared statement \"" + std::string(describe->name) + "\" does not exist",
                          {},
                          0},
                         "26000");
  }
  const auto& facts = facts_of(*statement);
  if (is_local(facts.kind) || facts.kind == StatementKind::kShardwayExplain) {
    if (forward_deferred() == Step::kBlocked || quiet() == Step::kBlocked) return Step::kBlocked;
    pg::encode::parameter_description(reply(), {});
    if (facts.kind == StatementKind::kShardwayExplain) {
      pg::encode::row_description(reply(), {{"SHARDWAY EXPLAIN", 0, 0, 25, -1, -1, pg::Format::kText}});
    } else {
      pg::encode::no_data(reply());
    }
    return Step::kConsumed;
  }
  if (deferred_ && deferred_ != statement && forward_deferred() == Step::kBlocked) return Step::kBlocked;
  auto shard = branches_.empty() ? database_->topology().home : branches_.front().shard;
  for (const auto& branch : branches_) {
    if (branch.dirty) shard = branch.shard;
  }
  const auto enlisted = segment_branch(shard, true);
  if (enlisted.blocked) return Step::kBlocked;
  if (enlisted.branch == nullptr) return fail_in_order(*enlisted.fault, enlisted.sqlstate);
  auto& branch = *enlisted.branch;
  ensure_prepared(branch, *statement, describe->name);
  const auto name = describe->name.empty() ? std::string() : server_statement_name(statement->prepared->id);
  pg::encode::describe(branch.link->out(), pg::Target::kStatement, name);
  branch.link->owe(Reply::kDescribe);
  branch.dirty = true;
  branch.flush_sent = false;
  return Step::kConsumed;
}

// A portal that lives only here: a server describes its statement, and the result formats are the Bind's.
Session::Step Session::describe_virtual(const Portal& portal) {
  const auto& facts = facts_of(*portal.statement);
  if (is_local(facts.kind)) {
    pg::encode::no_data(reply());
    return Step::kConsumed;
  }
  if (facts.kind == StatementKind::kShardwayExplain) {
    pg::encode::row_description(reply(), {{"SHARDWAY EXPLAIN", 0, 0, 25, -1, -1, pg::Format::kText}});
    return Step::kConsumed;
  }
  const auto shard = branches_.empty() ? database_->topology().home : branches_.front().shard;
  const auto enlisted = segment_branch(shard, true);
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
  if (!execute) {
    fatal(FaultReason::kProtocol, "invalid message format");
    return Step::kConsumed;
  }
  in_segment_ = true;
  auto* portal = portal_named(execute->portal);
  auto* branch = portal != nullptr && portal->shard ? branch_on(*portal->shard) : nullptr;
  if (portal == nullptr || (portal->shard && branch == nullptr)) {
    return fail_in_order(
        {FaultReason::kNotSupported, "portal \"" + std::string(execute->portal) + "\" does not exist", {}, 0}, "34000");
  }
  if (!portal->shard) return execute_virtual(*portal, execute->row_limit);
  branch->link->out() += frame;
  branch->link->owe(Reply::kExecute);
  branch->dirty = branch->executed = true;
  branch->wrote = branch->wrote || portal->writes;
  branch->flush_sent = false;
  return Step::kConsumed;
}

Session::Step Session::execute_virtual(Portal& portal, std::uint32_t row_limit) {
  if (quiet() == Step::kBlocked) return Step::kBlocked;
  const auto statement = portal.statement;
  const auto& facts = facts_of(*statement);
  if (const auto fault = forbidden_here(facts)) return fail_in_order(*fault);
  const std::string_view sql = statement->prepared->text;
  if (facts.kind == StatementKind::kEmpty) {
    pg::encode::empty_query(reply());
    return Step::kConsumed;
  }
  const auto bind = pg::decode_bind(std::string_view(portal.bind).substr(pg::kHeadBytes));
  bool bad_values = false;
  const auto plan = plan_of_bind(*statement, *bind, bad_values);
  switch (plan.action) {
    case Action::kExplain: explain_statement(facts); return Step::kConsumed;
    case Action::kSession: return run_session_statement(facts, plan, sql, {});
    case Action::kScatter:
    case Action::kEveryShard: break;
    default:
      return fail_in_order(
          {FaultReason::kNotSupported, "the shard map changed between Bind and Execute", "send the statement again", 0},
          "40001");
  }
  if (row_limit > 0 && plan.action == Action::kScatter) {
    return fail_in_order({FaultReason::kNotSupported, "a row limit on a statement over several shards is not supported",
                          "fetch all rows, or add a predicate on the shard key", 0});
  }
  return run_on_shards(facts, plan, {sql, &portal, row_limit});
}

Session::Step Session::on_close(Frame frame) {
  if (busy()) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  if (held_fault_) return fail_held();
  const auto close = pg::decode_close(frame.substr(pg::kHeadBytes));
  if (!close) {
    fatal(FaultReason::kProtocol, "invalid message format");
    return Step::kConsumed;
  }
  in_segment_ = true;
  if (forward_deferred() == Step::kBlocked) return Step::kBlocked;
  if (skip_until_sync_ || phase_ == Phase::kClosed) return Step::kConsumed;
  if (close->target == pg::Target::kPortal) {
    auto* portal = portal_named(close->name);
    auto* branch = portal != nullptr && portal->shard ? branch_on(*portal->shard) : nullptr;
    if (close->name.empty()) {
      unnamed_portal_.reset();
    } else if (portals_) {
      portals_->erase(std::string(close->name));
    }
    if (branch != nullptr) {
      branch->link->out() += frame;
      branch->link->owe(Reply::kClose);
      branch->dirty = true;
      branch->flush_sent = false;
      return Step::kConsumed;
    }
  } else if (quiet() == Step::kBlocked) {
    return Step::kBlocked;  // behind an error it would be skipped
  } else if (close->name.empty()) {
    unnamed_.reset();
  } else if (statements_) {
    statements_->erase(std::string(close->name));
  }
  for (auto& branch : branches_) {
    if (!branch.link->owes()) continue;
    branch.link->owe(Reply::kLocalClose);
    return Step::kConsumed;
  }
  pg::encode::close_complete(reply());
  return Step::kConsumed;
}

Session::Step Session::on_flush(Frame) {
  if (copy_link_ != nullptr) return Step::kConsumed;
  if (busy()) return Step::kBlocked;
  if (skip_until_sync_) return Step::kConsumed;
  if (forward_deferred() == Step::kBlocked) return Step::kBlocked;
  for (auto& branch : branches_) {
    if (!branch.dirty || branch.flush_sent) continue;
    pg::encode::flush(branch.link->out());
    branch.flush_sent = true;
  }
  return Step::kConsumed;
}

// The end of a pipeline. One branch with messages: its ReadyForQuery is the client's. Several, or a transaction that
// Shardway began for it: each ends in its own way, and ReadyForQuery is ours.
Session::Step Session::on_sync(Frame frame) {
  if (copy_link_ != nullptr) return Step::kConsumed;  // ignored during COPY, as by a server
  if (busy()) return Step::kBlocked;
  if (!skip_until_sync_) {
    if (held_fault_ && fail_held() == Step::kBlocked) return Step::kBlocked;
    if (!skip_until_sync_ && forward_deferred() == Step::kBlocked) return Step::kBlocked;
    if (phase_ == Phase::kClosed) return Step::kConsumed;
  }
  deferred_.reset();
  restrict_portals();
  std::size_t dirty = 0;
  Branch* only = nullptr;
  for (auto& branch : branches_) {
    if (!branch.dirty) continue;
    ++dirty;
    only = &branch;
  }
  const bool implicit = transaction_ && transaction_->mode == Transaction::Mode::kImplicit;
  const bool error_of_ours =
      skip_until_sync_ && only != nullptr && only->executed && !only->begun && !only->link->owes() && error_is_ours_;
  if (dirty == 1 && !implicit && !error_of_ours) {
    only->link->out() += frame;
    only->link->owe(Reply::kSync);
    awaiting_ready_ = true;
    return Step::kConsumed;
  }
  if (quiet() == Step::kBlocked) return Step::kBlocked;
  return end_segment(error_of_ours);
}

Session::Step Session::fail_held() {
  if ((!held_fault_->second.empty() && forward_deferred() == Step::kBlocked) || quiet() == Step::kBlocked)
    return Step::kBlocked;
  const auto held = std::move(held_fault_);
  fail_statement(held->first, held->second);
  return Step::kConsumed;
}

// Portals end with the transaction, and without one with the Sync.
void Session::restrict_portals() {
  if (transaction_ && transaction_->mode == Transaction::Mode::kExplicit) return;
  portals_.reset();
  unnamed_portal_.reset();
}

// Every branch gets its Sync, unseen; a pipeline that failed here and not on the server is made to fail there, too: an
// Execute of no portal ends its implicit transaction with an error.
Session::Step Session::end_segment(bool error_of_ours) {
  bool sent = false;
  for (auto& branch : branches_) {
    if (!branch.dirty) continue;
    auto& link = *branch.link;
    if (error_of_ours && branch.executed && !branch.begun) {
      pg::encode::execute(link.out(), "shardway_abort", 0);
      link.owe(Reply::kExecute, /*drop=*/true, /*swallow_error=*/true);
    }
    pg::encode::sync(link.out());
    link.owe(Reply::kSync, /*drop=*/true);
    branch.dirty = branch.executed = branch.wrote = false;
    sent = true;
  }
  if (sent) return Step::kBlocked;
  const bool failed = skip_until_sync_;
  in_segment_ = skip_until_sync_ = error_is_ours_ = false;
  if (transaction_ && transaction_->mode == Transaction::Mode::kImplicit) {
    transaction_->failed = transaction_->failed || failed;
    commit_implicit([this] { finish_simple(); });
    return Step::kConsumed;
  }
  if (!transaction_) release_idle();
  effects_.clear();
  if (changes_catalog_ && !transaction_) catalog_changed();
  finish_simple();
  return Step::kConsumed;
}

}  // namespace shardway::proxy::postgres
