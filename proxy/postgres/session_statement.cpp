// The extended protocol's statements: Parse, answered here or by a server, and what a client's names stand for.
#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/local_statement.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using protocol::FaultReason;
using router::Statement;
using router::StatementKind;

namespace {

constexpr std::size_t kMaxStatementsPerClient = 100'000;

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
  statement->prepared = std::move(prepared);
  statement->parse_number = parse_number;
  statement->standard_strings = standard_strings_;
  statement->parsed_at = worker_.loop().now().time_since_epoch().count();
  analyze(*statement);
  return statement;
}

// Under another catalogue, or where its names mean other tables by now; the server has read it once and for all.
std::shared_ptr<const ClientStatement> Session::analyzed_again(const ClientStatement& before) {
  auto statement = std::make_shared<ClientStatement>();
  statement->prepared = before.as_sent ? before.as_sent : before.prepared;
  statement->parse_number = before.parse_number;
  statement->standard_strings = before.standard_strings;
  statement->parsed_at = before.parsed_at;
  statement->told = before.told;
  analyze(*statement);
  return statement;
}

void Session::analyze(ClientStatement& statement) {
  auto settings = parse_settings();
  settings.standard_conforming_strings = statement.standard_strings;
  statement.search_path = settings.search_path;
  statement.user = settings.user;
  statement.query = database_->cache().find(statement.prepared->text, settings, statement.literals);
  if (statement.query->lacks_columns) write_columns(statement, settings);
  const bool is_settled = !local_ && !coming_ && knows_its_settings();
  if (is_settled && statement.prepared->reading == reading_of(statement.prepared->text))
    statement.read_under = settings_;
}

// True if the servers would look for its tables elsewhere than when it was prepared.
// https://www.postgresql.org/docs/15/sql-prepare.html#SQL-PREPARE-NOTES
bool Session::is_named_otherwise(const ClientStatement& statement) const {
  if (statement.read_under == settings_ && !local_ && !coming_) return false;
  const auto now = parse_settings();
  return now.search_path != statement.search_path || now.user != statement.user;
}

// A Parse that failed, or was skipped behind an error, has made no statement.
void Session::forget_unanswered_parses() {
  deferred_.reset();
  held_fault_.reset();
  if (parses_taken_ == parses_answered_) return;
  parses_taken_ = parses_answered_;
  const auto is_skipped = [this](const auto& statement) { return statement->parse_number > parses_answered_; };
  while (unnamed_ && is_skipped(unnamed_)) {
    unnamed_ = unnamed_before_.empty() ? nullptr : unnamed_before_.back();
    if (!unnamed_before_.empty()) unnamed_before_.pop_back();
  }
  if (statements_)
    std::erase_if(*statements_, [this](const auto& entry) { return entry.second->parse_number > parses_answered_; });
}

// A Parse of the unnamed statement drops what that held, unless it is skipped.
void Session::drop_unnamed() {
  if (unnamed_) unnamed_before_.push_back(std::exchange(unnamed_, nullptr));
}

void Session::store_statement(std::string_view name, std::shared_ptr<const ClientStatement> statement) {
  if (name.empty()) {
    unnamed_ = std::move(statement);
    return;
  }
  if (!statements_) statements_ = std::make_unique<Statements>();
  (*statements_)[std::string(name)] = std::move(statement);
}

// Sees to it that the statement is there under the name a Bind or Describe will use; a Parse of the client's that has
// not gone out yet is answered by it.
void Session::ensure_prepared(Branch& branch, const ClientStatement& statement, std::string_view client_name) {
  auto& link = *branch.link;
  const bool shown = deferred_ && deferred_.get() == &statement;
  if (shown) deferred_.reset();
  const auto& prepared = *statement.prepared;
  const bool unnamed = client_name.empty();
  if (!unnamed && link.is_older(prepared.id, prepared.outdated_at)) link.forget_statement(prepared.id);
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
  link.owe(Reply::kParse, /*drop=*/!shown, false, prepared.id, unnamed);
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
  const auto enlisted = describing_branch(shard, facts);
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
  if (!parse) return fail_bad_message();
  if (!catalog_is_current()) return Step::kBlocked;
  in_segment_ = true;
  if (held_fault_) return fail_held();
  if (forward_deferred() == Step::kBlocked) return Step::kBlocked;
  if (skip_until_sync_ || phase_ == Phase::kClosed) return Step::kConsumed;
  if (statements_ && statements_->size() >= kMaxStatementsPerClient) {
    return fail_in_order({FaultReason::kTooLarge,
                          "this connection has prepared " + std::to_string(statements_->size()) + " statements",
                          "close some", 0});
  }
  if (parse->name.empty()) drop_unnamed();
  ++database_->counters.client_parses;
  auto statement = analyzed(
      worker_.surroundings().prepared.find_or_add(parse->query, parse->parameter_types, reading_of_parse(parse->query)),
      parses_taken_ + 1);
  const bool sharded = database_->topology().sharded();
  if (sharded && strings_in_doubt_ && parse->query.find('\\') != std::string_view::npos)
    return fail_in_order({FaultReason::kNotSupported,
                          "a backslash behind SET standard_conforming_strings in the same pipeline is not supported on "
                          "a sharded database",
                          "send Sync first", 0});
  const auto& query = *statement->query;
  if (query.syntax_error && sharded) return fail_in_order(*query.syntax_error);
  if (query.statements.size() > 1) {
    return fail_in_order({FaultReason::kSyntax, "cannot insert multiple commands into a prepared statement", {}, 0});
  }
  const bool is_empty = facts_of(*statement).kind == StatementKind::kEmpty;
  if (transaction_ && transaction_->failed && !query.syntax_error && !is_empty)
    if (const auto fault = forbidden_here(facts_of(*statement))) return fail_in_order(*fault);
  if (!parse->name.empty() && statement_named(parse->name)) {
    return fail_in_order(
        {FaultReason::kNotSupported, "prepared statement \"" + std::string(parse->name) + "\" already exists", {}, 0},
        "42P05");
  }
  if (sharded && facts_of(*statement).fault) {
    note_refusal(facts_of(*statement).fault->reason);
    return fail_in_order(*facts_of(*statement).fault);
  }
  ++parses_taken_;
  store_statement(parse->name, statement);
  deferred_ = std::move(statement);
  return Step::kConsumed;
}

}  // namespace shardway::proxy::postgres
