#include "router/postgres_scope.hpp"

namespace shardway::router::analyze {

namespace {

void rename_columns(Outputs& outputs, const List* names) {
  const tree::Nodes nodes(names);
  if (nodes.size() == 0) return;
  if (!outputs.exact || nodes.size() > outputs.columns.size()) {
    for (auto& column : outputs.columns) column.name.clear();
    outputs.open = true;
    return;
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) outputs.columns[i].name = tree::string_of(nodes[i]);
}

void add_derived(Level& level, const Alias* alias, std::string_view name, Outputs outputs) {
  Item item;
  item.name = alias != nullptr ? tree::text(alias->aliasname) : name;
  item.outputs = std::move(outputs);
  if (alias != nullptr) rename_columns(item.outputs, alias->colnames);
  level.items.push_back(std::move(item));
}

Outputs unknown_outputs() {
  Outputs outputs;
  outputs.open = true;
  outputs.exact = false;
  return outputs;
}

const Cte* find_cte(const CteScope* scope, std::string_view name) {
  for (; scope != nullptr; scope = scope->outer)
    for (auto cte = scope->ctes.rbegin(); cte != scope->ctes.rend(); ++cte)
      if (cte->name == name) return &*cte;
  return nullptr;
}

void from_table(Context& context, Level& level, const RangeVar& relation) {
  if (relation.schemaname == nullptr) {
    if (const auto* cte = find_cte(level.ctes, relation.relname)) {
      // Several references may read one CTE, so a predicate on one of them restricts nothing inside.
      auto outputs = cte->outputs;
      for (auto& column : outputs.columns) column.pushable = false;
      add_derived(level, relation.alias, relation.relname, std::move(outputs));
      return;
    }
  }
  use_relation(context, &level, relation, Access::kRead);
}

void from_subselect(Context& context, Level& level, const RangeSubselect& from) {
  if (level.top) context.not_scatterable("a subquery in FROM");
  Outputs outputs;
  query_statement(context, from.subquery, from.lateral ? &level : level.outer, level.ctes, false, outputs);
  const bool reference = outputs.locks_reference;
  add_derived(level, from.alias, "", std::move(outputs));
  level.items.back().reference = reference;
}

void from_function(Context& context, Level& level, const RangeFunction& from) {
  if (level.top) context.not_scatterable("a function in FROM");
  for (const auto* pair : tree::Nodes(from.functions)) {
    const auto* function = tree::Nodes(tree::as<List>(pair))[0];
    const bool is_call = tree::tag(function) == T_FuncCall && tree::as<FuncCall>(function)->args != nullptr;
    const auto before = context.out.now_calls.size();
    walk(context, level, pair);
    if (!is_call && context.out.now_calls.size() != before) context.hidden_clock("now() as a table");
  }
  auto unknown = ValueFacts{};
  if (const tree::Nodes functions(from.functions); functions.size() == 1 && from.coldeflist == nullptr)
    unknown = facts_of(context, level, tree::Nodes(tree::as<List>(functions[0]))[0]);
  add_derived(level, from.alias, "", unknown_outputs());
  level.items.back().unknown_columns = unknown;
}

void from_xml_table(Context& context, Level& level, const RangeTableFunc& from) {
  context.not_scatterable("XMLTABLE");
  walk(context, level, from.docexpr);
  walk(context, level, from.rowexpr);
  walk_list(context, level, from.namespaces);
  for (const auto* node : tree::Nodes(from.columns)) {
    const auto* column = tree::as<RangeTableFuncCol>(node);
    if (column->typeName != nullptr) text_as(context, *column->typeName);
    walk(context, level, column->colexpr);
    walk(context, level, column->coldefexpr);
  }
  add_derived(level, from.alias, "", unknown_outputs());
}

void from_sample(Context& context, Level& level, const RangeTableSample& from) {
  context.not_scatterable("TABLESAMPLE");
  context.not_repeatable("TABLESAMPLE");
  from_item(context, level, from.relation);
  walk_list(context, level, from.args);
  walk(context, level, from.repeatable);
}

// The rows a join's condition restricts: both sides of an inner join, the side that may be filled with NULLs, none.
Range restricted_by(JoinType type, Range left, Range right) {
  switch (type) {
    case JOIN_INNER: return {left.first, right.last};
    case JOIN_LEFT: return right;
    case JOIN_RIGHT: return left;
    default: return {};
  }
}

// A name joined by USING: it means the left column, the right one of a RIGHT JOIN, neither in a FULL JOIN.
void merge_column(Context& context, Level& level, JoinType type, std::string_view name, Range left, Range right) {
  const auto on_left = resolve_within(level, name, left.first, left.last);
  const auto on_right = resolve_within(level, name, right.first, right.last);
  if (on_left.term != kNoTerm && on_right.term != kNoTerm)
    equal_columns(context, level, on_left, on_right, restricted_by(type, left, right));
  Output merged;
  merged.name = name;
  const auto& means = type == JOIN_RIGHT ? on_right : on_left;
  if (on_left.facts && on_right.facts) merged.facts = either(*on_left.facts, *on_right.facts);
  if (type != JOIN_FULL && means.term != kNoTerm) {
    merged.term = means.term;
    merged.pushable = means.pushable;
  }
  level.merged.insert_or_assign(std::string(name), merged);
}

// A natural join joins every column both sides have; the ones that matter are those that are surely keys on both.
void natural_join(Context& context, Level& level, JoinType type, Range left, Range right) {
  std::vector<std::string> names;
  for (auto i = left.first; i < left.last; ++i)
    for (const auto& output : level.items[i].outputs.columns)
      if (output.term != kNoTerm) names.push_back(output.name);
  for (auto i = right.first; i < right.last; ++i)
    for (const auto& output : level.items[i].outputs.columns)
      if (output.term != kNoTerm) names.push_back(output.name);
  for (const auto& name : names) merge_column(context, level, type, name, left, right);
}

void check_join_for_scatter(Context& context, const Level& level, JoinType type, Range left, Range right) {
  if (type == JOIN_INNER || !level.top) return;
  const auto has_sharded = [&](Range range) {
    for (auto i = range.first; i < range.last; ++i)
      if (level.items[i].sharded) return true;
    return false;
  };
  const auto preserved = type == JOIN_RIGHT ? right : left;
  const auto optional = type == JOIN_RIGHT ? left : right;
  if (type == JOIN_FULL || !has_sharded(preserved) || has_sharded(optional)) context.not_scatterable("an outer join");
}

void note_optional(Context& context, const Level& level, Range range) {
  for (auto i = range.first; i < range.last; ++i)
    for (const auto& output : level.items[i].outputs.columns) context.optional_terms.insert(output.term);
}

Range from_join(Context& context, Level& level, const JoinExpr& join) {
  const auto left = from_item(context, level, join.larg);
  const auto right = from_item(context, level, join.rarg);
  const Range both{left.first, right.last};
  if (join.isNatural || join.usingClause != nullptr) unwritten_operator(context, "=");
  if (join.isNatural) natural_join(context, level, join.jointype, left, right);
  for (const auto* name : tree::Nodes(join.usingClause))
    merge_column(context, level, join.jointype, tree::string_of(name), left, right);
  check_join_for_scatter(context, level, join.jointype, left, right);
  if (join.jointype == JOIN_LEFT || join.jointype == JOIN_FULL) note_optional(context, level, right);
  if (join.jointype == JOIN_RIGHT || join.jointype == JOIN_FULL) note_optional(context, level, left);
  if (join.quals != nullptr) {
    walk(context, level, join.quals);
    predicate(context, level, join.quals, restricted_by(join.jointype, left, right));
  }
  if (join.alias != nullptr) {
    for (auto i = both.first; i < both.last; ++i) level.items[i].hidden = true;
    for (auto& merged : level.merged) merged.second = {merged.first, kNoTerm, false};
  }
  if (join.alias != nullptr || join.join_using_alias != nullptr) {
    add_derived(level, nullptr, (join.alias != nullptr ? join.alias : join.join_using_alias)->aliasname,
                unknown_outputs());
    return {both.first, level.items.size()};
  }
  return both;
}

}  // namespace

Range from_item(Context& context, Level& level, const Node* node) {
  const auto first = level.items.size();
  if (node == nullptr) return {first, first};
  switch (tree::tag(node)) {
    case T_RangeVar: from_table(context, level, *tree::as<RangeVar>(node)); break;
    case T_JoinExpr: return from_join(context, level, *tree::as<JoinExpr>(node));
    case T_RangeSubselect: from_subselect(context, level, *tree::as<RangeSubselect>(node)); break;
    case T_RangeFunction: from_function(context, level, *tree::as<RangeFunction>(node)); break;
    case T_RangeTableFunc: from_xml_table(context, level, *tree::as<RangeTableFunc>(node)); break;
    case T_RangeTableSample: from_sample(context, level, *tree::as<RangeTableSample>(node)); break;
    default: walk(context, level, node); break;
  }
  return {first, level.items.size()};
}

void from_list(Context& context, Level& level, const List* list) {
  for (const auto* node : tree::Nodes(list)) from_item(context, level, node);
}

}  // namespace shardway::router::analyze
