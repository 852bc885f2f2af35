#include <algorithm>

#include "router/builtin_functions.hpp"
#include "router/planner.hpp"
#include "router/postgres_utility.hpp"
#include "router/routine_body.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::router::analyze {

namespace {

constexpr int kMaxDepth = 1000;

// Counted from the statement's own first token.
std::uint32_t token_number(const Context& context, int location) {
  StatementLexer lexer(context.text.substr(context.out.begin), context.settings.standard_conforming_strings);
  const auto place = static_cast<std::uint32_t>(location) - context.out.begin;
  std::uint32_t number = 0;
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next(), ++number)
    if (token.end > place) return number;
  return number;
}

void now_call(Context& context, int location) {
  context.not_repeatable("the transaction's time, which differs from server to server");
  if (location < 0)
    context.hidden_clock("now()");
  else
    context.out.now_calls.push_back(token_number(context, location));
}

void foreign_function(Context& context) {
  context.out.uses_user_functions = true;
  context.out.replica_safe = false;
}

// In a definition it is no matter if it only computes.
void unknown_function(Context& context, std::string_view name) {
  const bool computes = context.is_definition && context.topology.catalog &&
                        context.topology.catalog->computing_functions.contains(std::string(name));
  if (!computes) foreign_function(context);
  if (leaving_functions(context).contains(std::string(name))) context.pin(PinReason::kRoutine);
  context.not_repeatable("the function " + std::string(name) + "()");
}

const Node* first_of(const List* list) { return tree::Nodes(list).size() == 0 ? nullptr : tree::Nodes(list)[0]; }

// It runs what its arguments say, or reads views they name: cleaned up behind like DO.
void unseen_queries(Context& context, const FuncCall& call, std::string_view name) {
  context.out.uses_user_functions = true;
  const tree::Nodes arguments(call.args);
  if (name == "currtid2" || (name == "ts_rewrite" && arguments.size() != 2)) return;
  context.out.leaves_traces = true;
  context.depends_on_literals = true;
  for (const auto* argument : arguments)
    if (leaves_in_session(string_constant(argument), leaving_functions(context))) context.pin(PinReason::kRoutine);
}

// random() goes on from it on the server connection it was set on.
void seed(Context& context) {
  context.pin(PinReason::kComputedSetting);
  context.fault(FaultReason::kNotSupported,
                "setseed() is not supported on a sharded database: random() is called on other shards, too",
                "name the shard in a comment: /* shardway: shard=… */", true);
}

void builtin_function(Context& context, const Level& level, const FuncCall& call, const FunctionFacts& facts,
                      std::string_view name) {
  auto& out = context.out;
  if (!facts.replica_safe) out.replica_safe = false;
  if (facts.sequence) out.uses_sequences = true;
  if (facts.session_sequence) out.uses_session_sequence = true;
  if (facts.needs_home) out.needs_home = true;
  if (facts.writes_home) out.writes_home = true;
  if (facts.session_lock) out.pins = PinReason::kAdvisoryLock;
  if (facts.reads_unseen) unseen_queries(context, call, name);
  if (name == "setseed") seed(context);
  reads_session(context, name);
  const std::string shown = std::string(name) + "()";
  if (facts.now) {
    if (call.args == nullptr) now_call(context, call.location);
    return;  // there is no now(1): the server says so
  }
  if (facts.aggregate && call.over == nullptr) context.not_scatterable("the aggregate " + shown);
  if (!facts.same_everywhere && !facts.aggregate && !facts.window) {
    context.not_scatterable("the function " + shown);
    context.not_repeatable("the function " + shown);
  }
  if ((name == "min" || name == "max") && !facts_of(context, level, first_of(call.args)).exact)
    context.not_repeatable("the aggregate " + shown + " of values that can be equal and differ");
  if (facts.order_matters) context.not_repeatable("the aggregate " + shown);
}

void may_say_now(Context& context, std::string_view type) {
  const auto what = "a cast of text, 'now' perhaps, to " + std::string(type);
  context.not_scatterable(what);
  context.not_repeatable(what);
  context.hidden_clock(what);
}

// U&'…' is no literal of an execution (clock_words.cpp).
void escaped_constant(Context& context, const A_Const& value) {
  if (value.isnull || value.location < 0 || tree::tag(&value.val) != T_String) return;
  const auto source = context.text.substr(std::min(static_cast<std::size_t>(value.location), context.text.size()));
  if (source.empty() || (source[0] | 0x20) != 'u' || !may_read_the_clock(tree::text(value.val.sval.sval))) return;
  context.not_scatterable("'now' or its like in a string");
  context.not_repeatable("'now' or its like in a string");
  context.hidden_clock("'now' or its like in a string");
}

void function_call(Context& context, Level& level, const FuncCall& call) {
  const auto name = tree::name_of(call.funcname);
  const auto facts = function_facts(name.name);
  const bool ours = name.schema.empty() || name.schema == "pg_catalog";
  const bool overloaded = name.schema.empty() && context.topology.catalog &&
                          context.topology.catalog->user_functions.count(std::string(name.name)) > 0;
  if (!ours || !facts.known || overloaded)
    unknown_function(context, name.name);
  else
    builtin_function(context, level, call, facts, name.name);
  if (ours && name.name == "age" && tree::Nodes(call.args).size() == 1) context.hidden_clock("age() of one date");
  if (ours && name.name == "set_config" && (context.certain_call != &call || !record_set_config(context, call)))
    uncertain_set_config(context);
  if (call.over != nullptr) {
    context.not_scatterable("a window function");
    context.not_repeatable("a window function");
  }
  if (call.agg_star || call.agg_distinct || call.agg_order != nullptr || call.agg_filter != nullptr)
    context.not_scatterable("an aggregate");
  walk_list(context, level, call.args);
  // A call by a type's name is a cast.
  if (ours && is_date_type(name.name) && tree::Nodes(call.args).size() == 1 &&
      facts_of(context, level, first_of(call.args)).words)
    may_say_now(context, name.name);
  walk_list(context, level, call.agg_order);
  walk(context, level, call.agg_filter);
  if (call.over != nullptr) walk(context, level, tree::as<Node>(call.over));
}

bool is_system_column(std::string_view name) noexcept {
  for (const std::string_view system : {"ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"})
    if (name == system) return true;
  return false;
}

// If the field of a row or name in a reference is one.
void system_column(Context& context, const Node* field) {
  const auto name = tree::string_of(field);
  if (!is_system_column(name)) return;
  context.not_scatterable("the system column \"" + std::string(name) + "\"");
  context.not_repeatable("a system column");
}

// o.total, (o).total and (o.*).total may be a call of total(o).
void call_as_field(Context& context, std::string_view name) {
  if (context.topology.catalog && context.topology.catalog->user_functions.contains(std::string(name)))
    foreign_function(context);
  const auto facts = function_facts(name);
  if (!facts.aggregate) return;  // others do not take a row, or do nothing that matters
  context.not_scatterable("the aggregate " + std::string(name) + "()");
  if (facts.order_matters) context.not_repeatable("the aggregate " + std::string(name) + "()");
}

bool has_column(const Level& level, std::string_view item_name, std::string_view name) {
  for (const Level* at = &level; at != nullptr; at = at->outer)
    for (const auto& item : at->items)
      for (const auto& column : item.outputs.columns)
        if (item.name == item_name && column.name == name) return true;
  return false;
}

void attribute_call(Context& context, const Level& level, const ColumnRef& reference) {
  const tree::Nodes fields(reference.fields);
  if (fields.size() < 2) return;
  const auto name = tree::string_of(fields[fields.size() - 1]);
  if (!has_column(level, tree::string_of(fields[fields.size() - 2]), name)) call_as_field(context, name);
}

// The item that (o) or (o.*) names, and not (o.address).
std::string_view whole_row(const Level& level, const Node* node) {
  if (tree::tag(node) != T_ColumnRef) return {};
  const tree::Nodes fields(tree::as<ColumnRef>(node)->fields);
  if (fields.size() == 1) return resolve(level, *tree::as<ColumnRef>(node)).facts ? "" : tree::string_of(fields[0]);
  return fields.size() == 2 && tree::tag(fields[1]) == T_A_Star ? tree::string_of(fields[0]) : "";
}

void indirection(Context& context, Level& level, const A_Indirection& node) {
  walk(context, level, node.arg);
  walk_list(context, level, node.indirection);
  const auto item = whole_row(level, node.arg);
  for (const auto* field : tree::Nodes(node.indirection)) {
    if (tree::tag(field) == T_String && !has_column(level, item, tree::string_of(field)))
      call_as_field(context, tree::string_of(field));
    system_column(context, field);
  }
}

void column_reference(Context& context, const Level& level, const ColumnRef& reference) {
  attribute_call(context, level, reference);
  for (const auto* field : tree::Nodes(reference.fields)) system_column(context, field);
}

// OIDs, and what is written as a name of an object, differ from server to server; so does a type we do not know.
void type_cast(Context& context, const TypeCast& cast) {
  const auto name = tree::name_of(cast.typeName->names).name;
  for (const std::string_view local : {"oid", "xid", "xid8", "cid", "tid", "pg_lsn", "pg_snapshot", "txid_snapshot"})
    if (name == local) context.not_scatterable("the type " + std::string(name));
  if (context.topology.catalog && context.topology.catalog->differing_types.count(std::string(name)) > 0)
    context.fault(FaultReason::kTableRefused,
                  "the type \"" + std::string(name) +
                      "\" has another OID on each shard: its values would be announced " + "as values of other types",
                  "cast to text, or give the type the same OID everywhere (dump and restore with --binary-upgrade)");
  if (name.substr(0, 3) == "reg") {
    context.not_scatterable("the type " + std::string(name));
    context.not_repeatable("the type " + std::string(name));
  }
}

bool any_casts_from(const Context& context) {
  if (!context.topology.catalog) return false;
  const auto& types = context.topology.catalog->own_types;
  return std::any_of(types.begin(), types.end(), [](const auto& type) { return type.second.casts_from; });
}

// A cast runs functions, too: its own, or a domain's CHECK. Once its argument is walked.
void value_cast(Context& context, const Level& level, const TypeCast& cast) {
  const auto facts = facts_of(context, level, cast.arg);
  const bool is_constant = tree::tag(cast.arg) == T_A_Const || tree::tag(cast.arg) == T_ParamRef;
  if (is_own_type(context, *cast.typeName)) {
    const auto* own = own_type(context, *cast.typeName);
    if (own == nullptr ? !is_constant : own->checks || (own->casts_to && !is_constant)) foreign_function(context);
  }
  if (facts.own && any_casts_from(context)) foreign_function(context);
  if (facts.words) text_as(context, *cast.typeName);
}

void value_function(Context& context, const SQLValueFunction& function) {
  if (function.op <= SVFOP_LOCALTIMESTAMP_N) return now_call(context, function.location);
  context.not_scatterable("CURRENT_USER and its like");
}

// An operator is a function, too: the user's own may read anything.
void named_operator(Context& context, const List* parts) {
  const auto name = tree::name_of(parts);
  const bool ours = name.schema.empty() || name.schema == "pg_catalog";
  if (!ours || !is_builtin_operator(name.name))
    foreign_function(context);
  else if (name.schema.empty())
    unwritten_operator(context, name.name);
}

void sub_link(Context& context, Level& level, const SubLink& link) {
  walk(context, level, link.testexpr);
  if (link.subLinkType == ARRAY_SUBLINK && context.array_as_set != &link)
    context.not_repeatable("the order in ARRAY(SELECT …)");
  if (link.operName != nullptr)
    named_operator(context, link.operName);
  else if (link.subLinkType == ANY_SUBLINK)
    unwritten_operator(context, "=");
  Outputs outputs;
  query_statement(context, link.subselect, &level, level.ctes, false, outputs);
  context.sublinks.emplace(&link, std::move(outputs));
}

bool is_between(const A_Expr& expression) noexcept {
  return expression.kind == AEXPR_BETWEEN || expression.kind == AEXPR_NOT_BETWEEN ||
         expression.kind == AEXPR_BETWEEN_SYM || expression.kind == AEXPR_NOT_BETWEEN_SYM;
}

void operator_expression(Context& context, Level& level, const A_Expr& expression) {
  if (is_between(expression)) {
    for (const std::string_view symbol : {"<", ">", "<=", ">="}) unwritten_operator(context, symbol);
  } else if (expression.name != nullptr) {
    named_operator(context, expression.name);
  }
  walk(context, level, expression.lexpr);
  if (expression.kind == AEXPR_OP_ANY || expression.kind == AEXPR_OP_ALL) context.array_as_set = expression.rexpr;
  walk(context, level, expression.rexpr);
}

void case_expression(Context& context, Level& level, const CaseExpr& expression) {
  if (expression.arg != nullptr) unwritten_operator(context, "=");
  walk(context, level, tree::as<Node>(expression.arg));
  for (const auto* when : tree::Nodes(expression.args)) {
    walk(context, level, tree::as<Node>(tree::as<CaseWhen>(when)->expr));
    walk(context, level, tree::as<Node>(tree::as<CaseWhen>(when)->result));
  }
  walk(context, level, tree::as<Node>(expression.defresult));
}

void window_definition(Context& context, Level& level, const WindowDef& window) {
  walk_list(context, level, window.partitionClause);
  walk_list(context, level, window.orderClause);
  walk(context, level, window.startOffset);
  walk(context, level, window.endOffset);
}

void walk_node(Context& context, Level& level, const Node* node) {
  const auto as_node = [](const auto* expression) { return tree::as<Node>(expression); };
  switch (tree::tag(node)) {
    case T_SetToDefault: context.not_repeatable("DEFAULT"); return;
    case T_A_Const: return escaped_constant(context, *tree::as<A_Const>(node));
    case T_A_Star:
    case T_String:
    case T_Integer: return;
    case T_List: return walk_list(context, level, tree::as<List>(node));
    case T_ColumnRef: return column_reference(context, level, *tree::as<ColumnRef>(node));
    case T_ParamRef: context.parameters.push_back(tree::as<ParamRef>(node)); return;
    case T_FuncCall: return function_call(context, level, *tree::as<FuncCall>(node));
    case T_A_Expr: return operator_expression(context, level, *tree::as<A_Expr>(node));
    case T_BoolExpr: return walk_list(context, level, tree::as<BoolExpr>(node)->args);
    case T_NullTest: return walk(context, level, as_node(tree::as<NullTest>(node)->arg));
    case T_BooleanTest: return walk(context, level, as_node(tree::as<BooleanTest>(node)->arg));
    case T_TypeCast:
      type_cast(context, *tree::as<TypeCast>(node));
      walk(context, level, tree::as<TypeCast>(node)->arg);
      return value_cast(context, level, *tree::as<TypeCast>(node));
    case T_CollateClause: return walk(context, level, tree::as<CollateClause>(node)->arg);
    case T_CoalesceExpr: return walk_list(context, level, tree::as<CoalesceExpr>(node)->args);
    case T_MinMaxExpr: return walk_list(context, level, tree::as<MinMaxExpr>(node)->args);
    case T_A_ArrayExpr: return walk_list(context, level, tree::as<A_ArrayExpr>(node)->elements);
    case T_RowExpr: return walk_list(context, level, tree::as<RowExpr>(node)->args);
    case T_CaseExpr: return case_expression(context, level, *tree::as<CaseExpr>(node));
    case T_A_Indirection: return indirection(context, level, *tree::as<A_Indirection>(node));
    case T_A_Indices:
      walk(context, level, tree::as<A_Indices>(node)->lidx);
      return walk(context, level, tree::as<A_Indices>(node)->uidx);
    case T_SubLink: return sub_link(context, level, *tree::as<SubLink>(node));
    case T_SQLValueFunction: return value_function(context, *tree::as<SQLValueFunction>(node));
    case T_NamedArgExpr: return walk(context, level, as_node(tree::as<NamedArgExpr>(node)->arg));
    case T_ResTarget:
      walk_list(context, level, tree::as<ResTarget>(node)->indirection);
      return walk(context, level, tree::as<ResTarget>(node)->val);
    case T_MultiAssignRef:
      if (tree::as<MultiAssignRef>(node)->colno != 1) return;  // one source, shared by all its targets
      return walk(context, level, tree::as<MultiAssignRef>(node)->source);
    case T_SortBy:
      if (tree::as<SortBy>(node)->useOp != nullptr) named_operator(context, tree::as<SortBy>(node)->useOp);
      return walk(context, level, tree::as<SortBy>(node)->node);
    case T_WindowDef: return window_definition(context, level, *tree::as<WindowDef>(node));
    case T_GroupingSet: return walk_list(context, level, tree::as<GroupingSet>(node)->content);
    case T_GroupingFunc: return walk_list(context, level, tree::as<GroupingFunc>(node)->args);
    case T_XmlExpr:
      walk_list(context, level, tree::as<XmlExpr>(node)->named_args);
      return walk_list(context, level, tree::as<XmlExpr>(node)->args);
    case T_XmlSerialize: return walk(context, level, tree::as<XmlSerialize>(node)->expr);
    case T_CurrentOfExpr:
      context.not_repeatable("WHERE CURRENT OF");
      context.fault(FaultReason::kNotSupported, "WHERE CURRENT OF is not supported on a sharded database",
                    "name the rows by their keys", true);
      return;
    default:
      context.out.replica_safe = false;
      note_unwalked_calls(context);
      context.fault(FaultReason::kNotSupported, "the statement has an expression Shardway does not know", "");
  }
}

}  // namespace

void walk(Context& context, Level& level, const Node* node) {
  if (node == nullptr) return;
  if (context.depth > kMaxDepth) {
    context.too_deep = true;
    return;
  }
  ++context.depth;
  walk_node(context, level, node);
  --context.depth;
}

void text_as(Context& context, const TypeName& type) {
  const auto* own = own_type(context, type);
  if (own != nullptr ? own->reads_clock : is_date_type(element_name(type))) may_say_now(context, element_name(type));
}

void unwritten_operator(Context& context, std::string_view name) {
  if (context.topology.catalog && context.topology.catalog->user_operators.contains(std::string(name)))
    foreign_function(context);
}

void walk_list(Context& context, Level& level, const List* list) {
  for (const auto* node : tree::Nodes(list)) walk(context, level, node);
}

void result_column(Context& context, Level& level, const Node* node) {
  const auto before = context.out.now_calls.size();
  walk(context, level, node);
  if (tree::as<ResTarget>(node)->name == nullptr && context.out.now_calls.size() != before)
    context.out.names_plain_now = true;
}

}  // namespace shardway::router::analyze
