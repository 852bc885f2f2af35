// The row type of a table, as the type of a result: clients look it up by its OID, which servers number for themselves.
#include <algorithm>

#include "router/postgres_scope.hpp"

namespace shardway::router::analyze {

namespace {

constexpr std::string_view kOfTheSameType[] = {"array_agg", "array_append", "array_cat", "array_prepend", "first_value",
                                               "lag",       "last_value",   "lead",      "nth_value",     "unnest"};

bool keeps_type(const FuncCall& call) {
  const auto name = tree::name_of(call.funcname).name;
  return std::find(std::begin(kOfTheSameType), std::end(kOfTheSameType), name) != std::end(kOfTheSameType);
}

bool is_row_of_item(const Level& level, std::string_view name) {
  for (const Level* at = &level; at != nullptr; at = at->outer)
    for (const auto& item : at->items)
      if (!item.hidden && item.name == name) return item.row_differs;
  return false;
}

// `inside` a call t.* is t; in a list it is t's columns.
bool is_row(const Level& level, const ColumnRef& reference, bool inside) {
  const tree::Nodes fields(reference.fields);
  const bool has_star = fields.size() > 0 && tree::tag(fields[fields.size() - 1]) == T_A_Star;
  if (has_star) return inside && fields.size() == 2 && is_row_of_item(level, tree::string_of(fields[0]));
  if (const auto column = resolve(level, reference); column.facts) return column.facts->differing_row;
  return fields.size() == 1 && is_row_of_item(level, tree::string_of(fields[0]));
}

bool is_row(const Context& context, const Level& level, const Node* node, bool inside);

bool has_row(const Context& context, const Level& level, const List* list) {
  for (const auto* node : tree::Nodes(list))
    if (is_row(context, level, node, true)) return true;
  return false;
}

bool is_row(const Context& context, const Level& level, const CaseExpr& expression) {
  for (const auto* when : tree::Nodes(expression.args))
    if (is_row(context, level, tree::as<Node>(tree::as<CaseWhen>(when)->result), true)) return true;
  return is_row(context, level, tree::as<Node>(expression.defresult), true);
}

bool is_row(const Context& context, const SubLink& link) {
  if (link.subLinkType != EXPR_SUBLINK && link.subLinkType != ARRAY_SUBLINK) return false;
  const auto found = context.sublinks.find(&link);
  return found != context.sublinks.end() && !found->second.columns.empty() &&
         found->second.columns[0].facts.differing_row;
}

bool is_row(const Context& context, const Level& level, const Node* node, bool inside) {
  if (node == nullptr) return false;
  switch (tree::tag(node)) {
    case T_ColumnRef: return is_row(level, *tree::as<ColumnRef>(node), inside);
    case T_FuncCall:
      return keeps_type(*tree::as<FuncCall>(node)) && has_row(context, level, tree::as<FuncCall>(node)->args);
    case T_A_ArrayExpr: return has_row(context, level, tree::as<A_ArrayExpr>(node)->elements);
    case T_CoalesceExpr: return has_row(context, level, tree::as<CoalesceExpr>(node)->args);
    case T_CaseExpr: return is_row(context, level, *tree::as<CaseExpr>(node));
    case T_SubLink: return is_row(context, *tree::as<SubLink>(node));
    default: return false;
  }
}

}  // namespace

bool is_differing_row(const Context& context, const Level& level, const Node* node) {
  return context.topology.sharded() && is_row(context, level, node, false);
}

void check_row_types(Context& context, const Outputs& results) {
  const bool any = std::any_of(results.columns.begin(), results.columns.end(),
                               [](const Output& column) { return column.facts.differing_row; });
  if (!any || context.out.is_explain || context.out.copy) return;
  context.fault(FaultReason::kTableRefused,
                "a table's row as a result is not supported where its type has another OID on each shard: it would be "
                "announced as a value of another type",
                "name the columns (t.*), or make it text or JSON: to_jsonb(t)");
}

}  // namespace shardway::router::analyze
