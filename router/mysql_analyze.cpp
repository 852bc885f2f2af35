#include "router/mysql_analyze.hpp"

#include <algorithm>

#include "router/mysql_context.hpp"

namespace shardway::router {

namespace mysql {

void Context::fault(FaultReason reason, std::string message, std::string hint, bool yields_to_hint) {
  if (out.fault) return;
  Fault made;
  made.reason = reason;
  made.message = std::move(message);
  made.hint = std::move(hint);
  out.fault = std::move(made);
  out.fault_yields_to_hint = yields_to_hint;
}

void Context::not_sharded(std::string_view what, std::string hint) {
  const bool plural = what.find(" and ") != std::string_view::npos;
  if (hint.empty()) hint = "name the shard in a comment: /* shardway: shard=… */";
  fault(FaultReason::kNotSupported,
        std::string(what) + (plural ? " are" : " is") + " not supported on a sharded database", std::move(hint));
}

void Context::set(Setting setting) {
  if (setting.computed && !setting.local && !setting.global)
    pin(setting.name.front() == '@' ? PinReason::kUserVariable : PinReason::kComputedSetting);
  out.settings.push_back(std::move(setting));
}

namespace {

struct Lexed {
  Tokens tokens;
  std::vector<std::uint32_t> literals, parameters;  // by token: how many stand before it
  bool bad = false;
};

void match_parentheses(std::string_view text, Tokens& tokens) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind != TokenKind::kSymbol) continue;
    const char symbol = text[tokens[i].begin];
    if (symbol == '(') open.push_back(i);
    if (symbol != ')' || open.empty()) continue;
    tokens[open.back()].closes = static_cast<std::uint32_t>(i - open.back());
    open.pop_back();
  }
}

Lexed lex(std::string_view text, const MysqlMode& mode) {
  Lexed all;
  Lexer lexer(text, mode);
  std::uint32_t literals = 0, parameters = 0;
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    all.bad = all.bad || token.kind == TokenKind::kBad;
    all.tokens.push_back(token);
    all.literals.push_back(literals);
    all.parameters.push_back(parameters);
    if (is_literal(token.kind)) ++literals;
    if (token.kind == TokenKind::kParameter) ++parameters;
  }
  all.literals.push_back(literals);
  all.parameters.push_back(parameters);
  match_parentheses(text, all.tokens);
  return all;
}

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

void uninspected(Statement& statement) {
  statement.kind = StatementKind::kOther;
  statement.replica_safe = false;
  statement.pins = PinReason::kUninspected;
}

bool is_utf8(std::string_view value_sql) {
  const bool quoted = !value_sql.empty() && (value_sql.front() == '\'' || value_sql.front() == '"');
  return equals_word(value_sql.substr(quoted ? 1 : 0, 4), "utf8");
}

// What stands behind it in the same text is read by the server after it has run.
bool changes_the_language(const Statement& statement, const MysqlMode& mode) {
  return std::any_of(statement.settings.begin(), statement.settings.end(), [&](const Setting& setting) {
    if (setting.name == "sql_mode") return true;
    const bool charset = setting.name == "names" || setting.name == "character set" ||
                         setting.name.compare(0, 14, "character_set_") == 0;
    return charset && !(mode.charset == MysqlMode::Charset::kUtf8 && is_utf8(setting.value_sql));
  });
}

bool is_shardway_explain(const Cursor& cursor) { return cursor.is_word("shardway") && cursor.is_word("explain", 1); }

class Analysis {
 public:
  Analysis(std::string_view text, const ParseSettings& settings, const Topology& topology)
      : text_(text), settings_(settings), topology_(topology), lexed_(lex(text, settings.mysql)) {}

  void run(Query& query) {
    if (lexed_.bad) {
      query.statements.push_back(whole());
      uninspected(query.statements.back());
      query.statements.back().parameters = parameters_between(0, lexed_.tokens.size());
      return;
    }
    for (const auto& piece : split(text_, lexed_.tokens, settings_.mysql)) {
      if (language_changed_ || piece.goes_on) {
        add(query, {piece.first, lexed_.tokens.size()}, true);
        return;
      }
      add(query, piece, false);
    }
  }

 private:
  Statement whole() const {
    Statement statement;
    statement.end = static_cast<std::uint32_t>(text_.size());
    return statement;
  }

  std::uint16_t parameters_between(std::size_t first, std::size_t last) const {
    return static_cast<std::uint16_t>(
        std::min<std::uint32_t>(lexed_.parameters[last] - lexed_.parameters[first], 65535));
  }

  void add(Query& query, const Piece& piece, bool blind) {
    auto& statement = query.statements.emplace_back();
    const auto& tokens = lexed_.tokens;
    statement.begin = tokens[piece.first].begin;
    statement.end = tokens[piece.last - 1].end;
    const Cursor cursor(text_, tokens, piece.first, piece.last);
    Context context{topology_, settings_, lexed_.literals, lexed_.parameters, statement};
    if (blind)
      uninspected(statement);
    else if (is_shardway_explain(cursor))
      explains(statement, tokens[piece.first + 1].end);
    else
      analyze_statement(context, cursor);
    statement.parameters = parameters_between(piece.first, piece.last);
    const bool no_tables =
        statement.sharded.empty() && statement.reference_tables.empty() && statement.single_tables.empty();
    statement.uses_catalog_only = no_tables && !statement.uses_unlisted;
    query.lacks_columns = query.lacks_columns || !statement.column_lists.empty();
    if (statement.kind == StatementKind::kUse) settings_.search_path = "?";
    language_changed_ = language_changed_ || changes_the_language(statement, settings_.mysql);
  }

  void explains(Statement& statement, std::size_t from) const {
    statement.kind = StatementKind::kShardwayExplain;
    auto inner = text_.substr(from, statement.end - from);
    inner.remove_prefix(std::min(inner.find_first_not_of(" \t\n\v\f\r"), inner.size()));
    statement.name = inner;
  }

  std::string_view text_;
  ParseSettings settings_;
  const Topology& topology_;
  Lexed lexed_;
  bool language_changed_ = false;
};

}  // namespace

}  // namespace mysql

std::shared_ptr<const Query> analyze_mysql(std::string_view text, const ParseSettings& settings,
                                           const Topology& topology, const Literals& /*literals*/,
                                           bool& depends_on_literals) {
  auto query = std::make_shared<Query>();
  query->topology_epoch = topology.epoch;
  depends_on_literals = false;
  if (text.size() > kMaxAnalysedBytes) {
    auto& statement = query->statements.emplace_back();
    statement.end = static_cast<std::uint32_t>(text.size());
    statement.pins = PinReason::kUninspected;
    Fault fault;
    fault.reason = FaultReason::kTooLarge;
    fault.message = "the statement is longer than 1 MiB";
    fault.hint = "split it up";
    statement.fault = std::move(fault);
  } else {
    mysql::Analysis(text, settings, topology).run(*query);
  }
  if (query->statements.empty()) {
    auto& empty = query->statements.emplace_back();
    empty.kind = StatementKind::kEmpty;
    empty.end = static_cast<std::uint32_t>(text.size());
  }
  const auto hint = mysql::read_hint(text);
  for (auto& statement : query->statements) statement.hint = hint;
  return query;
}

}  // namespace shardway::router
