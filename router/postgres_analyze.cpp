#include "router/postgres_analyze.hpp"

#include <algorithm>

#include "router/postgres_parse.hpp"
#include "router/postgres_utility.hpp"
#include "router/statement_lexer.hpp"
#include "router/table_names.hpp"

namespace shardway::router {

namespace {

// The hint of a text's leading comment: one of shard=…, key=…, primary.
Hint read_hint(std::string_view text) {
  const auto inside = steering_comment(text);
  if (inside.empty()) return {};
  const auto value_of = [&](std::string_view name) -> std::optional<std::string> {
    if (inside.substr(0, name.size()) != name) return std::nullopt;
    auto value = inside.substr(name.size());
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return std::string(value);
  };
  if (inside == "primary") return {HintKind::kPrimary, {}};
  if (auto shard = value_of("shard=")) return {HintKind::kShard, std::move(*shard)};
  if (auto key = value_of("key=")) return {HintKind::kKey, std::move(*key)};
  return {HintKind::kBad, std::string(inside)};
}

// SHARDWAY EXPLAIN <statement>, which no parser knows.
std::optional<Statement> shardway_explain(std::string_view text, bool standard_conforming_strings) {
  StatementLexer lexer(text, standard_conforming_strings);
  const auto word = [&](std::string_view expected) {
    const auto token = lexer.next();
    return token.kind == TokenKind::kWord && equals_word(text.substr(token.begin, token.end - token.begin), expected)
               ? token.end
               : 0;
  };
  if (word("shardway") == 0) return std::nullopt;
  const auto end = word("explain");
  if (end == 0) return std::nullopt;
  Statement statement;
  statement.kind = StatementKind::kShardwayExplain;
  statement.end = static_cast<std::uint32_t>(text.size());
  auto inner = text.substr(end);
  inner.remove_prefix(std::min(inner.find_first_not_of(" \t\n\r\f"), inner.size()));
  statement.name = inner;
  return statement;
}

bool is_query(const tree::Node* node) noexcept {
  switch (tree::tag(node)) {
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt: return true;
    default: return false;
  }
}

void uninspected(Statement& statement, std::string_view why) {
  statement.replica_safe = false;
  statement.pins = PinReason::kUninspected;
  Fault fault;
  fault.reason = FaultReason::kTooLarge;
  fault.message = why;
  fault.hint = "split it up";
  statement.fault = std::move(fault);
  statement.fault_yields_to_hint = false;
}

// A path no unqualified name is certain under (table_names.cpp).
constexpr std::string_view kUnclearSearchPath = "'?,?'";

std::string quoted_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

// The session's path as the server follows it: that of the user, if none was set, and with the user's own schema.
std::string path_of_user(const ParseSettings& settings, const Catalog& catalog) {
  std::string_view path = settings.search_path;
  for (const auto& user : {std::string(settings.user), std::string()})
    if (const auto known = catalog.search_paths.find(user); path.empty() && known != catalog.search_paths.end())
      path = known->second;
  if (path.empty()) path = "\"$user\", public";
  std::string followed;
  for (const auto& schema : split_search_path(path))
    followed += (followed.empty() ? "" : ", ") + quoted_name(schema == "$user" ? settings.user : schema);
  return followed;
}

bool changes_search_path(const Statement& statement) {
  if (statement.kind == StatementKind::kResetAll || statement.kind == StatementKind::kDiscardAll) return true;
  if (statement.pins == PinReason::kComputedSetting || statement.pins == PinReason::kRole) return true;
  return std::any_of(statement.settings.begin(), statement.settings.end(), [](const Setting& setting) {
    return setting.name == "search_path" || setting.name == "role" || setting.name == "session_authorization";
  });
}

void finish(analyze::Context& context) {
  auto& out = context.out;
  analyze::prove(context);
  for (const auto* parameter : context.parameters)
    out.parameters = std::max(out.parameters, static_cast<std::uint16_t>(std::min(parameter->number, 65535)));
  const bool no_tables = out.sharded.empty() && out.reference_tables.empty() && out.single_tables.empty();
  out.uses_catalog_only = no_tables && !out.uses_unlisted;
  if (context.too_deep) uninspected(out, "the statement is nested too deeply to be understood");
}

Statement analyze_one(const ParsedStatement& parsed, std::string_view text, const ParseSettings& settings,
                      const Topology& topology, const Literals& literals, bool& depends_on_literals) {
  Statement statement;
  statement.begin = parsed.begin;
  statement.end = parsed.end;
  const auto* node = tree::as<tree::Node>(parsed.node);
  analyze::Context context(topology, settings, text, literals, statement, depends_on_literals);
  if (is_query(node)) {
    statement.kind = tree::tag(node) == T_MergeStmt ? StatementKind::kWrite : StatementKind::kRead;
    statement.replica_safe = true;
    analyze::Outputs outputs;
    analyze::query_statement(context, node, nullptr, nullptr, true, outputs);
  } else {
    analyze::utility_statement(context, node);
  }
  finish(context);
  return statement;
}

}  // namespace

std::shared_ptr<const Query> analyze_postgres(std::string_view text, const ParseSettings& settings,
                                              const Topology& topology, const Literals& literals,
                                              bool& depends_on_literals) {
  auto query = std::make_shared<Query>();
  query->topology_epoch = topology.epoch;
  depends_on_literals = false;
  if (text.size() > kMaxAnalysedBytes) {
    Statement statement;
    statement.end = static_cast<std::uint32_t>(text.size());
    uninspected(statement, "the statement is longer than 1 MiB");
    query->statements.push_back(std::move(statement));
    return query;
  }
  if (auto explain = shardway_explain(text, settings.standard_conforming_strings)) {
    query->statements.push_back(std::move(*explain));
    return query;
  }
  const ParseTree parsed(text, settings.standard_conforming_strings);
  if (parsed.error()) {
    query->syntax_error = parsed.error();
    return query;
  }
  ParseSettings current = settings;
  std::string path;
  if (topology.catalog && !settings.user.empty())
    current.search_path = path = path_of_user(settings, *topology.catalog);
  for (const auto& statement : parsed.statements()) {
    query->statements.push_back(analyze_one(statement, text, current, topology, literals, depends_on_literals));
    query->lacks_columns = query->lacks_columns || !query->statements.back().column_lists.empty();
    // What stands behind it in the same text is analysed before it has run.
    if (changes_search_path(query->statements.back())) current.search_path = kUnclearSearchPath;
  }
  if (query->statements.empty()) {
    Statement empty;
    empty.kind = StatementKind::kEmpty;
    empty.end = static_cast<std::uint32_t>(text.size());
    query->statements.push_back(std::move(empty));
  }
  const auto hint = read_hint(text);
  for (auto& statement : query->statements) statement.hint = hint;
  return query;
}

}  // namespace shardway::router
