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

const Item* item_named(const Level& level, std::string_view name) {
  for (const Level* at = &level; at != nullptr; at = at->outer)
    for (const auto& item : at->items)
      if (!item.hidden && item.name == name) return &item;
  return nullptr;
}

// `inside` a call t.* is t; in a list it is t's columns.
const Item* row_named(const Level& level, const ColumnRef& reference, bool inside) {
  const tree::Nodes fields(reference.fields);
  const bool has_star = fields.size() == 2 && tree::tag(fields[1]) == T_A_Star;
  if (fields.size() != 1 && !(has_star && inside)) return nullptr;
  if (fields.size() == 1 && resolve(level, reference).facts) return nullptr;
  return item_named(level, tree::string_of(fields[0]));
}

const Item* differing_row(const Level& level, const Node* node, bool inside);

const Item* differing_row(const Level& level, const List* list) {
  for (const auto* node : tree::Nodes(list))
    if (const auto* found = differing_row(level, node, true)) return found;
  return nullptr;
}

const Item* differing_row(const Level& level, const CaseExpr& expression) {
  for (const auto* when : tree::Nodes(expression.args))
    if (const auto* found = differing_row(level, tree::as<Node>(tree::as<CaseWhen>(when)->result), true)) return found;
  return differing_row(level, tree::as<Node>(expression.defresult), true);
}

const Item* differing_row(const Level& level, const Node* node, bool inside) {
  if (node == nullptr) return nullptr;
  switch (tree::tag(node)) {
    case T_ColumnRef: {
      const auto* item = row_named(level, *tree::as<ColumnRef>(node), inside);
      return item != nullptr && item->row_differs ? item : nullptr;
    }
    case T_FuncCall:
      return keeps_type(*tree::as<FuncCall>(node)) ? differing_row(level, tree::as<FuncCall>(node)->args) : nullptr;
    case T_A_ArrayExpr: return differing_row(level, tree::as<A_ArrayExpr>(node)->elements);
    case T_CoalesceExpr: return differing_row(level, tree::as<CoalesceExpr>(node)->args);
    case T_CaseExpr: return differing_row(level, *tree::as<CaseExpr>(node));
    default: return nullptr;
  }
}

}  // namespace

void check_row_type(Context& context, const Level& level, const Node* result) {
  if (!context.topology.sharded()) return;
  const auto* item = differing_row(level, result, false);
  if (item == nullptr) return;
  context.fault(FaultReason::kTableRefused,
                "the row type of \"" + item->name +
                    "\" has another OID on each shard: its rows would be announced as " + "values of other types",
                "name the columns (" + item->name + ".*), or make it text or JSON: to_jsonb(" + item->name + ")");
}

}  // namespace shardway::router::analyze
