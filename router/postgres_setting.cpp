#include "router/postgres_utility.hpp"
#include "router/routine_body.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::router::analyze {

namespace {

// Valid under both settings of standard_conforming_strings.
std::string quoted_value(std::string_view value) {
  std::string sql = value.find('\\') == std::string_view::npos ? "'" : "E'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') sql += c;
    sql += c;
  }
  sql += '\'';
  return sql;
}

// A constant as SQL; nothing if it is something else.
std::optional<std::string> constant_sql(const Node* node) {
  if (node == nullptr || tree::tag(node) != T_A_Const) return std::nullopt;
  const auto* value = tree::as<A_Const>(node);
  if (value->isnull) return std::nullopt;
  switch (tree::tag(&value->val)) {
    case T_Integer: return std::to_string(value->val.ival.ival);
    case T_Float: return std::string(value->val.fval.fval);
    case T_String: return quoted_value(value->val.sval.sval);
    default: return std::nullopt;
  }
}

// SET TIME ZONE INTERVAL '…': TO takes no interval, but reads the same from a string.
std::optional<std::string> interval_sql(const Node* node) {
  const auto value = string_constant(tree::as<TypeCast>(node)->arg);
  if (value.empty() || value.find(':') == std::string_view::npos) return std::nullopt;
  return quoted_value("INTERVAL '" + std::string(value) + "'");
}

std::optional<std::string> values_sql(const List* arguments) {
  std::string sql;
  for (const auto* argument : tree::Nodes(arguments)) {
    const auto value = tree::tag(argument) == T_TypeCast ? interval_sql(argument) : constant_sql(argument);
    if (!value) return std::nullopt;
    if (!sql.empty()) sql += ", ";
    sql += *value;
  }
  return sql;
}

void add_setting(Context& context, std::string_view name, std::string value_sql, bool local,
                 bool from_function = false) {
  Setting setting;
  setting.name = lower_case(name);
  setting.value_sql = std::move(value_sql);
  setting.local = local;
  setting.from_function = from_function;
  context.out.settings.push_back(std::move(setting));
}

// SET SESSION CHARACTERISTICS AS TRANSACTION … sets the defaults of the next ones.
void session_characteristics(Context& context, const List* options) {
  for (const auto* node : tree::Nodes(options)) {
    const auto* option = tree::as<DefElem>(node);
    auto value = constant_sql(option->arg);
    if (!value) continue;
    const auto name = tree::text(option->defname);
    if (name != "transaction_isolation") *value = *value == "0" ? "off" : "on";
    add_setting(context, "default_" + std::string(name), *value, false);
  }
}

void set_value(Context& context, const VariableSetStmt& set) {
  const auto name = tree::text(set.name);
  if (name == "transaction_isolation" || name == "transaction_read_only" || name == "transaction_deferrable") {
    context.out.kind = StatementKind::kSetTransaction;
    const tree::Nodes values(set.args);
    if (name == "transaction_isolation" && values.size() == 1)
      begin_level(context.out, lower_case(string_constant(values[0])));
    return;
  }
  if ((name == "role" || name == "session_authorization") && !set.is_local &&
      string_constant(tree::Nodes(set.args).size() > 0 ? tree::Nodes(set.args)[0] : nullptr) != "none")
    context.out.pins = PinReason::kRole;
  const auto value = values_sql(set.args);
  if (value)
    add_setting(context, name, *value, set.is_local);
  else
    context.out.pins = PinReason::kComputedSetting;
}

std::optional<bool> bool_constant(const Node* node) {
  if (node == nullptr) return std::nullopt;
  if (tree::tag(node) == T_TypeCast) node = tree::as<TypeCast>(node)->arg;
  if (node == nullptr || tree::tag(node) != T_A_Const) return std::nullopt;
  const auto* value = tree::as<A_Const>(node);
  if (!value->isnull && tree::tag(&value->val) == T_Boolean) return value->val.boolval.boolval;
  const auto word = lower_case(string_constant(node));
  if (word == "t" || word == "true" || word == "on") return true;
  if (word == "f" || word == "false" || word == "off") return false;
  return std::nullopt;
}

}  // namespace

std::string_view string_constant(const Node* node) {
  if (node == nullptr || tree::tag(node) != T_A_Const) return {};
  const auto* value = tree::as<A_Const>(node);
  return !value->isnull && tree::tag(&value->val) == T_String ? tree::text(value->val.sval.sval) : std::string_view{};
}

void set_statement(Context& context, const VariableSetStmt& set) {
  auto& out = context.out;
  out.kind = StatementKind::kSet;
  out.name = lower_case(tree::text(set.name));
  switch (set.kind) {
    case VAR_SET_VALUE: return set_value(context, set);
    case VAR_SET_DEFAULT: return add_setting(context, out.name, "", set.is_local);
    case VAR_SET_MULTI:
      if (tree::text(set.name) == "SESSION CHARACTERISTICS") return session_characteristics(context, set.args);
      out.kind = StatementKind::kSetTransaction;
      if (tree::text(set.name) == "TRANSACTION") begin_options(out, set.args);
      return;
    case VAR_RESET: out.kind = StatementKind::kReset; return add_setting(context, out.name, "", false);
    case VAR_RESET_ALL: out.kind = StatementKind::kResetAll; return;
    case VAR_SET_CURRENT: out.kind = StatementKind::kOther; return;
  }
}

void show_statement(Context& context, const VariableShowStmt& show) {
  context.out.kind = StatementKind::kShow;
  context.out.name = lower_case(tree::text(show.name));
}

const std::unordered_set<std::string>& leaving_functions(const Context& context) {
  static const std::unordered_set<std::string> kNone;
  return context.topology.catalog ? context.topology.catalog->leaving_functions : kNone;
}

// What it sets, or whether it does, only the server that runs it knows.
void uncertain_set_config(Context& context) {
  context.pin(PinReason::kComputedSetting);
  context.fault(FaultReason::kNotSupported,
                "set_config() with anything but constants, or beside rows, is not supported on a sharded database: it "
                "would reach one shard only",
                "SET, SET LOCAL, or SELECT set_config('name', 'value', …) by itself", true);
}

void note_unwalked_calls(Context& context) {
  const auto text = context.text.substr(context.out.begin, context.out.end - context.out.begin);
  const auto left = left_by_calls(text, leaving_functions(context));
  if (left == PinReason::kNone) return;
  context.out.defines.routines = true;  // a view, perhaps, or a default
  if (left == PinReason::kComputedSetting) return uncertain_set_config(context);
  context.pin(left);
}

bool record_set_config(Context& context, const FuncCall& call) {
  context.depends_on_literals = true;
  const tree::Nodes arguments(call.args);
  if (arguments.size() != 3) return false;
  const auto name = string_constant(arguments[0]);
  const auto local = bool_constant(arguments[2]);
  const auto value = constant_sql(arguments[1]);
  if (name.empty() || !local || !value) return false;
  const auto lower = lower_case(name);
  if (lower == "role" || lower == "session_authorization") return false;
  add_setting(context, lower, *value, *local, true);
  return true;
}

}  // namespace shardway::router::analyze
