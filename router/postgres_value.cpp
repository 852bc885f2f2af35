// What is known of an expression's type without asking a server: whether it may be text in which a date type would read
// 'now', and whether its equal values are the same.
#include <algorithm>
#include <iterator>

#include "router/builtin_functions.hpp"
#include "router/postgres_scope.hpp"

namespace shardway::router::analyze {

namespace {

constexpr int kMaxDepth = 1000;

constexpr ValueFacts kConstant{true, false, true, false};  // its text is looked at when it is there (clock_words.cpp)
constexpr ValueFacts kExact{false, false, true, false};
constexpr ValueFacts kText{true, true, true, false};
constexpr ValueFacts kInexact{false, false, false, false};

template <std::size_t N>
bool any_of(const std::string_view (&names)[N], std::string_view name) noexcept {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

constexpr std::string_view kTextTypes[] = {"text", "varchar", "character varying", "bpchar", "character",
                                           "name", "char",    "\"char\"",          "citext"};
constexpr std::string_view kDateTypes[] = {"date",           "time",         "timetz",        "timestamp",
                                           "timestamptz",    "daterange",    "tsrange",       "tstzrange",
                                           "datemultirange", "tsmultirange", "tstzmultirange"};
constexpr std::string_view kExactTypes[] = {"date",
                                            "time",
                                            "timetz",
                                            "timestamp",
                                            "timestamptz",
                                            "int2",
                                            "int4",
                                            "int8",
                                            "bool",
                                            "uuid",
                                            "bytea",
                                            "oid",
                                            "smallint",
                                            "integer",
                                            "bigint",
                                            "boolean",
                                            "time without time zone",
                                            "time with time zone",
                                            "timestamp without time zone",
                                            "timestamp with time zone"};

// Others whose text has no words in it, unlike that of JSON, XML or bytea.
constexpr std::string_view kWordless[] = {
    "numeric",        "decimal",      "float4",        "float8",         "real",           "double precision",
    "money",          "interval",     "bit",           "bit varying",    "varbit",         "inet",
    "cidr",           "macaddr",      "point",         "int4range",      "int8range",      "numrange",
    "daterange",      "tsrange",      "tstzrange",     "int4multirange", "int8multirange", "nummultirange",
    "datemultirange", "tsmultirange", "tstzmultirange"};

// Functions by what they return; of the others nothing is known.
constexpr std::string_view kReturnDates[] = {"now",
                                             "transaction_timestamp",
                                             "statement_timestamp",
                                             "clock_timestamp",
                                             "date_trunc",
                                             "date_bin",
                                             "make_date",
                                             "make_time",
                                             "make_timestamp",
                                             "make_timestamptz",
                                             "to_date",
                                             "to_timestamp",
                                             "timezone",
                                             "date",
                                             "time",
                                             "timetz",
                                             "timestamp",
                                             "timestamptz"};
constexpr std::string_view kReturnNumbers[] = {"count",  "length",   "char_length",         "octet_length", "ascii",
                                               "strpos", "position", "generate_subscripts", "row_number",   "rank"};
constexpr std::string_view kReturnOtherTypes[] = {"generate_series", "age",   "make_interval", "extract",
                                                  "date_part",       "sum",   "avg",           "abs",
                                                  "round",           "floor", "ceil",          "random"};
constexpr std::string_view kReturnText[] = {"lower",  "upper", "initcap", "btrim",   "ltrim",  "rtrim", "substring",
                                            "substr", "left",  "right",   "replace", "concat", "md5"};
constexpr std::string_view kReturnArgument[] = {"min", "max",  "unnest",    "array_agg", "first_value", "last_value",
                                                "lag", "lead", "nth_value", "lower",     "upper"};

ValueFacts of_list(Context& context, const Level& level, const List* list) {
  auto facts = kExact;
  for (const auto* node : tree::Nodes(list)) facts = either(facts, facts_of(context, level, node));
  return facts;
}

// One that is not text.
ValueFacts of_type(std::string_view type) {
  const bool exact = any_of(kExactTypes, type), words = type == "bytea" || !(exact || any_of(kWordless, type));
  return {words, words, exact, false};
}

// A column that no item is known to have: one of those whose columns are not known.
ValueFacts unknown_column(const Level& level) {
  auto facts = kInexact;
  bool any = false;
  for (const Level* at = &level; at != nullptr; at = at->outer)
    for (const auto& item : at->items) {
      if (!item.outputs.open) continue;
      facts = either(facts, item.unknown_columns);
      any = true;
    }
  return any ? facts : ValueFacts{};
}

ValueFacts of_cast(Context& context, const Level& level, const TypeCast& cast) {
  const auto type = element_name(*cast.typeName);
  if (is_own_type(context, *cast.typeName)) return {};
  if (!any_of(kTextTypes, type)) return of_type(type);
  auto facts = facts_of(context, level, cast.arg);
  // What is cut off may leave another word.
  const bool cuts = cast.typeName->typmods != nullptr || type == "name" || type == "char";
  return {true, facts.words || (cuts && facts.text), facts.exact || !facts.text, false};
}

// Without quoted parts no format brings forth 'now': W, D and Y are patterns, not letters.
ValueFacts of_to_char(Context& context, const List* arguments) {
  const tree::Nodes nodes(arguments);
  if (nodes.size() != 2 || tree::tag(nodes[1]) != T_A_Const) return kText;
  const auto* format = tree::as<A_Const>(nodes[1]);
  context.depends_on_literals = true;
  const bool plain = !format->isnull && tree::tag(&format->val) == T_String &&
                     tree::text(format->val.sval.sval).find_first_of("\"\\") == std::string_view::npos;
  return {true, !plain, true, false};
}

ValueFacts of_call(Context& context, const Level& level, const FuncCall& call) {
  const auto name = tree::name_of(call.funcname);
  if (!name.schema.empty() && name.schema != "pg_catalog") return {};
  if (name.name == "to_char") return of_to_char(context, call.args);
  if (!function_facts(name.name).known) return {};
  if (any_of(kReturnArgument, name.name)) return of_list(context, level, call.args);
  if (any_of(kReturnDates, name.name) || any_of(kReturnNumbers, name.name)) return kExact;
  if (any_of(kReturnOtherTypes, name.name)) return kInexact;
  if (!any_of(kReturnText, name.name)) return {true, true, false, false};
  const auto arguments = of_list(context, level, call.args);
  return {true, true, arguments.exact || !arguments.text, false};
}

bool is_arithmetic(std::string_view symbol) noexcept {
  return symbol == "+" || symbol == "-" || symbol == "*" || symbol == "/" || symbol == "%" || symbol == "^";
}

bool is_comparison(std::string_view symbol) noexcept {
  return symbol == "=" || symbol == "<>" || symbol == "<" || symbol == ">" || symbol == "<=" || symbol == ">=";
}

ValueFacts of_operator(Context& context, const Level& level, const A_Expr& expression) {
  if (expression.kind == AEXPR_NULLIF) return facts_of(context, level, expression.lexpr);
  if (expression.kind != AEXPR_OP) return kExact;
  const auto symbol = tree::name_of(expression.name).name;
  if (is_arithmetic(symbol)) return kInexact;
  if (is_comparison(symbol)) return kExact;
  if (symbol == "->>" || symbol == "#>>") return kText;
  if (symbol != "||") return {};
  const auto both = either(facts_of(context, level, expression.lexpr), facts_of(context, level, expression.rexpr));
  return {true, true, both.exact, both.own};
}

ValueFacts of_case(Context& context, const Level& level, const CaseExpr& expression) {
  auto facts =
      expression.defresult == nullptr ? kExact : facts_of(context, level, tree::as<Node>(expression.defresult));
  for (const auto* when : tree::Nodes(expression.args))
    facts = either(facts, facts_of(context, level, tree::as<Node>(tree::as<CaseWhen>(when)->result)));
  return facts;
}

ValueFacts of_subquery(const Context& context, const SubLink& link) {
  if (link.subLinkType != EXPR_SUBLINK && link.subLinkType != ARRAY_SUBLINK) return kExact;
  const auto found = context.sublinks.find(&link);
  if (found == context.sublinks.end() || found->second.columns.size() != 1) return {};
  return found->second.columns[0].facts;
}

ValueFacts of_indirection(Context& context, const Level& level, const A_Indirection& indirection) {
  for (const auto* step : tree::Nodes(indirection.indirection))
    if (tree::tag(step) != T_A_Indices) return {};
  return facts_of(context, level, indirection.arg);
}

ValueFacts of_node(Context& context, const Level& level, const Node* node) {
  switch (tree::tag(node)) {
    case T_A_Const:
    case T_ParamRef: return kConstant;
    case T_ColumnRef: {
      const auto column = resolve(level, *tree::as<ColumnRef>(node));
      return column.facts ? *column.facts : unknown_column(level);
    }
    case T_TypeCast: return of_cast(context, level, *tree::as<TypeCast>(node));
    case T_FuncCall: return of_call(context, level, *tree::as<FuncCall>(node));
    case T_A_Expr: return of_operator(context, level, *tree::as<A_Expr>(node));
    case T_CoalesceExpr: return of_list(context, level, tree::as<CoalesceExpr>(node)->args);
    case T_MinMaxExpr: return of_list(context, level, tree::as<MinMaxExpr>(node)->args);
    case T_A_ArrayExpr: return of_list(context, level, tree::as<A_ArrayExpr>(node)->elements);
    case T_RowExpr: return of_list(context, level, tree::as<RowExpr>(node)->args);
    case T_CaseExpr: return of_case(context, level, *tree::as<CaseExpr>(node));
    case T_SubLink: return of_subquery(context, *tree::as<SubLink>(node));
    case T_A_Indirection: return of_indirection(context, level, *tree::as<A_Indirection>(node));
    case T_CollateClause: {
      auto facts = facts_of(context, level, tree::as<CollateClause>(node)->arg);
      facts.exact = false;
      return facts;
    }
    case T_SQLValueFunction: return tree::as<SQLValueFunction>(node)->op <= SVFOP_LOCALTIMESTAMP_N ? kExact : kConstant;
    case T_BoolExpr:
    case T_NullTest:
    case T_BooleanTest:
    case T_GroupingFunc: return kExact;
    default: return {};
  }
}

// "numeric(10,2)[]" -> "numeric", "timestamp(3) with time zone" -> "timestamp with time zone"
std::string plain_type(std::string_view type) {
  std::string plain(type.substr(0, type.find('[')));
  if (const auto open = plain.find('('); open != std::string::npos) plain.erase(open, plain.find(')') - open + 1);
  return plain;
}

}  // namespace

ValueFacts either(ValueFacts a, ValueFacts b) {
  return {a.text || b.text, a.words || b.words, a.exact && b.exact, a.own || b.own, a.differing_row || b.differing_row};
}

std::string_view element_name(const TypeName& type) {
  const auto name = tree::name_of(type.names).name;
  return name.substr(0, 1) == "_" ? name.substr(1) : name;
}

bool is_own_type(const Context& context, const TypeName& type) {
  const auto name = tree::name_of(type.names);
  if (!name.schema.empty()) return name.schema != "pg_catalog";
  const auto element = element_name(type);
  if (!is_builtin_type(element)) return true;
  return context.topology.catalog && context.topology.catalog->own_types.contains(std::string(element));
}

const OwnType* own_type(const Context& context, const TypeName& type) {
  if (!context.topology.catalog || !is_own_type(context, type)) return nullptr;
  const auto& types = context.topology.catalog->own_types;
  const auto found = types.find(std::string(element_name(type)));
  return found == types.end() ? nullptr : &found->second;
}

bool is_date_type(std::string_view name) noexcept { return any_of(kDateTypes, name); }

ValueFacts facts_of(Context& context, const Level& level, const Node* node) {
  if (node == nullptr || context.depth > kMaxDepth) return {};
  ++context.depth;
  const auto facts = of_node(context, level, node);
  --context.depth;
  return facts;
}

ValueFacts facts_of(const router::Column& column) {
  if (column.own_type != 0) return {};
  const auto type = plain_type(column.type);
  if (any_of(kTextTypes, type)) return {true, true, !column.loose, false};
  const bool scaled = type == "numeric" && column.type.find(',') != std::string::npos;
  return scaled ? kExact : of_type(type);
}

bool may_be_date(const router::Column& column) {
  const auto type = plain_type(column.type);
  return column.own_type != 0 || type.starts_with("time") || any_of(kDateTypes, type);
}

}  // namespace shardway::router::analyze
