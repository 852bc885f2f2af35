#include <algorithm>

#include "router/postgres_scope.hpp"

namespace shardway::router::analyze {

namespace {

// LimitOption's values differ between libpg_query and the server's headers; DEFAULT is 0 in the library's.
bool has_limit(const SelectStmt& select) noexcept {
  return select.limitCount != nullptr || select.limitOffset != nullptr;
}

bool is_grouped(const SelectStmt& select) noexcept {
  return select.groupClause != nullptr || select.havingClause != nullptr;
}

// A predicate on an output column may be moved inside: it restricts the rows read, and changes nothing else.
bool commutes_with_filters(const SelectStmt& select) {
  return select.op == SETOP_NONE && select.distinctClause == nullptr && !is_grouped(select) &&
         select.windowClause == nullptr && !has_limit(select) && select.lockingClause == nullptr &&
         select.valuesLists == nullptr;
}

// The target list is plain columns: no aggregate, window or set-returning function can hide in it.
bool has_only_columns(const SelectStmt& select) {
  for (const auto* node : tree::Nodes(select.targetList)) {
    const auto* value = tree::as<ResTarget>(node)->val;
    if (value == nullptr) return false;
    if (tree::tag(value) != T_ColumnRef && tree::tag(value) != T_A_Const && tree::tag(value) != T_ParamRef)
      return false;
  }
  return true;
}

void append_item(Outputs& outputs, const Item& item, bool pushable) {
  if (item.outputs.open) outputs.open = true;
  if (item.outputs.open || !item.outputs.exact) outputs.exact = false;
  for (const auto& column : item.outputs.columns)
    outputs.columns.push_back({column.name, column.term, column.pushable && pushable, column.facts});
}

void append_star(Outputs& outputs, const Level& level, const ColumnRef& reference, bool pushable) {
  const tree::Nodes fields(reference.fields);
  if (fields.size() == 1) {
    // USING folds columns and moves them to the front.
    if (!level.merged.empty()) outputs.exact = false;
    for (const auto& item : level.items) append_item(outputs, item, pushable);
    return;
  }
  const auto name = tree::string_of(fields[fields.size() - 2]);
  for (const auto& item : level.items) {
    if (item.hidden || item.name != name) continue;
    append_item(outputs, item, pushable);
    return;
  }
  outputs.open = true;
  outputs.exact = false;
}

bool is_star(const ColumnRef& reference) {
  const tree::Nodes fields(reference.fields);
  return fields.size() > 0 && tree::tag(fields[fields.size() - 1]) == T_A_Star;
}

Outputs outputs_of(Context& context, const SelectStmt& select, const Level& level, bool pushable) {
  Outputs outputs;
  for (const auto* node : tree::Nodes(select.targetList)) {
    const auto* target = tree::as<ResTarget>(node);
    Output output;
    output.name = tree::text(target->name);
    if (target->val != nullptr && tree::tag(target->val) == T_ColumnRef) {
      const auto* reference = tree::as<ColumnRef>(target->val);
      if (is_star(*reference)) {
        append_star(outputs, level, *reference, pushable);
        continue;
      }
      const auto column = resolve(level, *reference);
      if (column.local) {
        output.term = column.term;
        output.pushable = pushable && column.pushable;
      }
      const tree::Nodes fields(reference->fields);
      if (output.name.empty()) output.name = tree::string_of(fields[fields.size() - 1]);
    }
    if (!level.top) output.facts = facts_of(context, level, target->val);
    output.facts.differing_row = is_differing_row(context, level, target->val);
    // The server makes up a name for an expression, which may be that of a column inside it.
    if (output.name.empty()) outputs.open = true;
    outputs.columns.push_back(std::move(output));
  }
  return outputs;
}

void check_locking(Context& context, const Level& level, const SelectStmt& select) {
  if (select.lockingClause == nullptr) return;
  context.out.replica_safe = false;
  context.not_scatterable("FOR UPDATE or FOR SHARE");
  for (const auto* node : tree::Nodes(select.lockingClause)) {
    const auto* clause = tree::as<LockingClause>(node);
    if (clause->waitPolicy == LockWaitSkip) context.not_repeatable("SKIP LOCKED");
    for (const auto& item : level.items) {
      if (!item.reference) continue;
      bool locked = clause->lockedRels == nullptr;
      for (const auto* relation : tree::Nodes(clause->lockedRels))
        locked = locked || item.name == tree::as<RangeVar>(relation)->relname;
      if (locked) context.out.locks_reference = true;
    }
  }
}

// What a plain union of the shards' rows cannot do; also what makes a copy's outcome depend on the order of its rows.
void check_shape(Context& context, const SelectStmt& select, bool top) {
  if (select.sortClause != nullptr) context.not_scatterable("ORDER BY");
  if (has_limit(select)) {
    context.not_scatterable("LIMIT or OFFSET");
    context.not_repeatable("LIMIT or OFFSET");
  }
  if (is_grouped(select)) context.not_scatterable("GROUP BY or HAVING");
  if (select.distinctClause != nullptr) {
    context.not_scatterable("DISTINCT");
    if (tree::Nodes(select.distinctClause)[0] != nullptr) context.not_repeatable("DISTINCT ON");
  }
  if (select.windowClause != nullptr) context.not_scatterable("a window");
  if (select.op != SETOP_NONE) context.not_scatterable("UNION, INTERSECT or EXCEPT");
  if (select.withClause != nullptr) context.not_scatterable("WITH");
  if (select.valuesLists != nullptr && top) context.not_scatterable("VALUES");
}

bool all_exact(const Outputs& outputs) {
  return outputs.exact && std::all_of(outputs.columns.begin(), outputs.columns.end(),
                                      [](const Output& column) { return column.facts.exact; });
}

// What GROUP BY 2 or GROUP BY alias stands for.
const Node* grouped_by(const SelectStmt& select, const Level& level, const Node* node) {
  const tree::Nodes targets(select.targetList);
  if (tree::tag(node) == T_A_Const && tree::tag(&tree::as<A_Const>(node)->val) == T_Integer) {
    const auto place = static_cast<std::size_t>(tree::as<A_Const>(node)->val.ival.ival - 1);
    return place < targets.size() ? tree::as<ResTarget>(targets[place])->val : node;
  }
  if (tree::tag(node) != T_ColumnRef || resolve(level, *tree::as<ColumnRef>(node)).facts) return node;
  const tree::Nodes fields(tree::as<ColumnRef>(node)->fields);
  for (const auto* target : targets)
    if (fields.size() == 1 && tree::string_of(fields[0]) == tree::text(tree::as<ResTarget>(target)->name))
      return tree::as<ResTarget>(target)->val;
  return node;
}

bool groups_exactly(Context& context, const SelectStmt& select, const Level& level, const List* list) {
  for (const auto* node : tree::Nodes(list)) {
    const bool exact = tree::tag(node) == T_GroupingSet
                           ? groups_exactly(context, select, level, tree::as<GroupingSet>(node)->content)
                           : facts_of(context, level, grouped_by(select, level, node)).exact;
    if (!exact) return false;
  }
  return true;
}

// Of equal values that differ, like 1.0 and 1.00, the one that comes first stands for all.
void check_equals(Context& context, const SelectStmt& select, const Level& level, const Outputs& outputs) {
  if (level.top) return;
  const bool unites = select.op != SETOP_NONE && !(select.op == SETOP_UNION && select.all);
  if ((unites || select.distinctClause != nullptr) && !all_exact(outputs))
    context.not_repeatable(std::string(unites ? "UNION, INTERSECT or EXCEPT" : "DISTINCT") +
                           " of values that can be equal and differ");
  if (!groups_exactly(context, select, level, select.groupClause))
    context.not_repeatable("GROUP BY of values that can be equal and differ");
}

void select_list(Context& context, Level& level, const SelectStmt& select) {
  for (const auto* node : tree::Nodes(select.targetList)) {
    const auto* value = tree::as<ResTarget>(node)->val;
    // Only here is set_config() surely called once, and with what stands there.
    if (level.top && select.fromClause == nullptr && select.whereClause == nullptr && value != nullptr &&
        tree::tag(value) == T_FuncCall)
      context.certain_call = value;
    result_column(context, level, node);
  }
}

Outputs set_operation(Context& context, const SelectStmt& select, const Level* outer, const CteScope* ctes) {
  auto left = select_statement(context, *select.larg, outer, ctes, false);
  const auto right = select_statement(context, *select.rarg, outer, ctes, false);
  for (std::size_t i = 0; i < left.columns.size(); ++i) {
    const bool known = left.exact && right.exact && i < right.columns.size();
    left.columns[i].term = kNoTerm;
    const bool is_row = left.columns[i].facts.differing_row;
    left.columns[i].facts = known ? either(left.columns[i].facts, right.columns[i].facts) : ValueFacts{};
    left.columns[i].facts.differing_row |= is_row;
  }
  return left;
}

Outputs values_lists(Context& context, const SelectStmt& select, Level& level) {
  Outputs outputs;
  const tree::Nodes rows(select.valuesLists);
  for (const auto* row : rows) walk(context, level, row);
  const tree::Nodes first(tree::as<List>(rows[0]));
  for (std::size_t i = 0; i < first.size(); ++i) {
    Output column{"column" + std::to_string(i + 1)};
    column.facts = facts_of(context, level, first[i]);
    for (const auto* row : rows)
      if (const tree::Nodes values(tree::as<List>(row)); i < values.size())
        column.facts = either(column.facts, facts_of(context, level, values[i]));
    outputs.columns.push_back(std::move(column));
  }
  return outputs;
}

bool has_grouping_sets(const SelectStmt& select) {
  for (const auto* node : tree::Nodes(select.groupClause))
    if (tree::tag(node) == T_GroupingSet) return true;
  return false;
}

void select_into(Context& context, const SelectStmt& select) {
  if (select.intoClause == nullptr) return;
  context.out.kind = StatementKind::kDdl;
  context.out.replica_safe = false;
  if (is_temporary(*select.intoClause->rel)) context.out.pins = PinReason::kTemporaryTable;
  context.fault(FaultReason::kNotSupported, "SELECT INTO is not supported on a sharded database",
                "create the table first, then use INSERT");
}

}  // namespace

Outputs select_statement(Context& context, const SelectStmt& select, const Level* outer, const CteScope* ctes,
                         bool top) {
  if (context.depth > 200) {
    context.too_deep = true;
    return {};
  }
  ++context.depth;
  CteScope scope;
  scope.outer = ctes;
  with_clause(context, select.withClause, outer, scope);
  check_shape(context, select, top);
  select_into(context, select);
  Level level;
  level.outer = outer;
  level.ctes = &scope;
  level.top = top;
  Outputs outputs;
  if (select.op != SETOP_NONE) {
    outputs = set_operation(context, select, outer, &scope);
  } else if (select.valuesLists != nullptr) {
    outputs = values_lists(context, select, level);
  } else {
    from_list(context, level, select.fromClause);
    select_list(context, level, select);
    walk(context, level, select.whereClause);
    predicate(context, level, select.whereClause, {0, level.items.size()});
    if (tree::Nodes(select.distinctClause).size() > 0) walk_list(context, level, select.distinctClause);
    walk_list(context, level, select.groupClause);
    walk(context, level, select.havingClause);
    walk_list(context, level, select.windowClause);
    check_locking(context, level, select);
    outputs = outputs_of(context, select, level, commutes_with_filters(select) && has_only_columns(select));
    if (has_grouping_sets(select))
      for (const auto& column : outputs.columns) context.optional_terms.insert(column.term);
    outputs.locks_reference =
        std::any_of(level.items.begin(), level.items.end(), [](const Item& i) { return i.reference; });
  }
  check_equals(context, select, level, outputs);
  if (top) check_row_types(context, outputs);
  walk_list(context, level, select.sortClause);
  walk(context, level, select.limitOffset);
  walk(context, level, select.limitCount);
  --context.depth;
  return outputs;
}

void query_statement(Context& context, const Node* node, const Level* outer, const CteScope* ctes, bool top,
                     Outputs& outputs) {
  if (node == nullptr) return;
  switch (tree::tag(node)) {
    case T_SelectStmt: outputs = select_statement(context, *tree::as<SelectStmt>(node), outer, ctes, top); return;
    case T_InsertStmt: outputs = insert_statement(context, *tree::as<InsertStmt>(node), outer, ctes); return;
    case T_UpdateStmt: outputs = update_statement(context, *tree::as<UpdateStmt>(node), outer, ctes); return;
    case T_DeleteStmt: outputs = delete_statement(context, *tree::as<DeleteStmt>(node), outer, ctes); return;
    default:
      context.out.replica_safe = false;
      note_unwalked_calls(context);
      context.fault(FaultReason::kNotSupported, "MERGE is not supported on a sharded database",
                    "use INSERT … ON CONFLICT, or UPDATE and INSERT");
      outputs.open = true;
      outputs.exact = false;
  }
}

void with_clause(Context& context, const WithClause* with, const Level* outer, CteScope& scope) {
  if (with == nullptr) return;
  if (with->recursive) {
    context.not_repeatable("WITH RECURSIVE");
    for (const auto* node : tree::Nodes(with->ctes)) {
      Cte cte;
      cte.name = tree::as<CommonTableExpr>(node)->ctename;
      cte.outputs.open = true;
      cte.outputs.exact = false;
      scope.ctes.push_back(std::move(cte));
    }
  }
  for (const auto* node : tree::Nodes(with->ctes)) {
    const auto* expression = tree::as<CommonTableExpr>(node);
    Cte cte;
    cte.name = expression->ctename;
    query_statement(context, expression->ctequery, outer, &scope, false, cte.outputs);
    const tree::Nodes names(expression->aliascolnames);
    if (names.size() > 0 && (!cte.outputs.exact || names.size() > cte.outputs.columns.size())) {
      cte.outputs.columns.clear();
      cte.outputs.open = true;
      cte.outputs.exact = false;
    }
    for (std::size_t i = 0; i < names.size() && i < cte.outputs.columns.size(); ++i)
      cte.outputs.columns[i].name = tree::string_of(names[i]);
    if (expression->search_clause != nullptr || expression->cycle_clause != nullptr) cte.outputs.open = true;
    scope.ctes.push_back(std::move(cte));
  }
}

}  // namespace shardway::router::analyze
