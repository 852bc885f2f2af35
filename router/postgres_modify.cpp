#include "router/postgres_scope.hpp"
#include "router/table_names.hpp"

namespace shardway::router::analyze {

namespace {

void begin_write(Context& context) {
  if (context.out.kind == StatementKind::kRead) context.out.kind = StatementKind::kWrite;
  context.out.replica_safe = false;
  context.not_scatterable("a write");
}

void needs_key(Context& context, const Table& table, std::string what) {
  context.fault(FaultReason::kNeedsKey, "INSERT into " + shown_name(table) + ": " + std::move(what),
                "give the shard key " + shown_key(table) + " as a constant or a parameter in every row");
}

// Where the key stands among an INSERT's values; npos: it does not.
std::size_t key_position(Context& context, const InsertStmt& insert, const Table& table) {
  const tree::Nodes columns(insert.cols);
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (table.key == tree::as<ResTarget>(columns[i])->name) return i;
  if (columns.size() > 0) {
    needs_key(context, table, "the shard key \"" + table.key + "\" is missing in the column list");
    return std::string::npos;
  }
  const auto* known = context.topology.catalog ? context.topology.catalog->columns(table.schema, table.name) : nullptr;
  if (known == nullptr) {
    context.fault(FaultReason::kTableRefused,
                  "INSERT into " + shown_name(table) + " without a column list: its columns are not known",
                  "name the columns: INSERT INTO " + shown_name(table) + " (\"" + table.key + "\", …) …");
    return std::string::npos;
  }
  for (std::size_t i = 0; i < known->size(); ++i)
    if ((*known)[i].name == table.key) return i;
  needs_key(context, table, "the servers know no column \"" + table.key + "\"");
  return std::string::npos;
}

const router::Column* known_column(const Context& context, std::string_view schema, std::string_view table,
                                   std::string_view name) {
  const auto* columns = context.topology.catalog ? context.topology.catalog->columns(schema, table) : nullptr;
  if (columns == nullptr) return nullptr;
  for (const auto& column : *columns)
    if (column.name == name) return &column;
  return nullptr;
}

// An identity takes the next number of its sequence in place of the value.
void check_overriding(Context& context, const InsertStmt& insert, const Table& table) {
  if (insert.override != OVERRIDING_USER_VALUE) return;
  const auto* key = known_column(context, table.schema, table.name, table.key);
  if (key != nullptr && !key->from_sequence) return;
  context.fault(FaultReason::kNotSupported,
                "INSERT … OVERRIDING USER VALUE into " + shown_name(table) +
                    " is not supported: the server would number the shard key " + shown_key(table) + " itself",
                "leave OVERRIDING USER VALUE out");
}

// One value for the key column, in VALUES or in SET. Says why not through the context's fault.
std::optional<ValueRef> new_key(Context& context, const Node* node, const Table& table) {
  if (node == nullptr || tree::tag(node) == T_SetToDefault) {
    needs_key(context, table, "the shard key \"" + table.key + "\" is DEFAULT");
    return std::nullopt;
  }
  const auto value = constant(context, node, table.key_type);
  if (!value) {
    needs_key(context, table, "the shard key \"" + table.key + "\" is not a constant of the key's type");
    return std::nullopt;
  }
  return value;
}

void insert_values(Context& context, const SelectStmt& values, std::size_t position, int term) {
  const auto& table = context.table_of(term);
  std::vector<ValueRef> keys;
  for (const auto* node : tree::Nodes(values.valuesLists)) {
    const tree::Nodes row(tree::as<List>(node));
    const auto key = new_key(context, position < row.size() ? row[position] : nullptr, table);
    if (!key) return;
    keys.push_back(*key);
  }
  context.limit_to(term, std::move(keys));
}

// Where a row without one would be is not known; the server refuses it where the column is NOT NULL.
bool may_store_null(const Context& context, const Table& table, int source) {
  if (!context.optional_terms.contains(source)) return false;
  const auto* key = known_column(context, table.schema, table.name, table.key);
  return key == nullptr || !key->not_null;
}

void insert_select(Context& context, const SelectStmt& select, const Outputs& outputs, std::size_t position, int term) {
  const auto& table = context.table_of(term);
  if (outputs.exact && position < outputs.columns.size()) {
    const int source = outputs.columns[position].term;
    if (source != kNoTerm && same_family(table, context.table_of(source))) {
      if (may_store_null(context, table, source))
        return needs_key(context, table, "the shard key \"" + table.key + "\" of the selected rows may be NULL");
      context.edges.push_back({term, source, false});
      context.out.sharded[static_cast<std::size_t>(term)].ignores = true;  // no row was found by NULL
      return;
    }
    // Without a star before it the target list's place is the column's place.
    const tree::Nodes targets(select.targetList);
    if (select.op == SETOP_NONE && targets.size() == outputs.columns.size()) {
      const auto* value = tree::as<ResTarget>(targets[position])->val;
      if (const auto key = constant(context, value, table.key_type); key && key->source != ValueRef::Source::kNull) {
        context.limit_to(term, {*key});
        return;
      }
    }
  }
  needs_key(context, table,
            "the shard key \"" + table.key + "\" of the selected rows is not proven to be one of a shard");
}

void insert_keys(Context& context, const InsertStmt& insert, const Outputs& outputs, int term) {
  const auto& table = context.table_of(term);
  const auto position = key_position(context, insert, table);
  if (position == std::string::npos) return;
  if (insert.selectStmt == nullptr) return needs_key(context, table, "DEFAULT VALUES gives no shard key");
  const auto& select = *tree::as<SelectStmt>(insert.selectStmt);
  if (select.valuesLists != nullptr && select.op == SETOP_NONE)
    insert_values(context, select, position, term);
  else
    insert_select(context, select, outputs, position, term);
}

// How many columns an INSERT without a list fills; nothing if the catalogue cannot tell.
std::optional<std::size_t> width_of(const SelectStmt& select, const Outputs& outputs) {
  if (select.valuesLists != nullptr && select.op == SETOP_NONE)
    return tree::Nodes(tree::as<List>(tree::Nodes(select.valuesLists)[0])).size();
  if (!outputs.exact) return std::nullopt;
  return outputs.columns.size();
}

// What the values stand for, written down: the servers' columns may be others by the time it gets there.
void write_missing_list(Context& context, const InsertStmt& insert, const Outputs& outputs, int term) {
  if (insert.cols != nullptr || context.out.fault) return;
  const auto& table = context.table_of(term);
  const auto& known = *context.topology.catalog->columns(table.schema, table.name);
  const auto width = width_of(*tree::as<SelectStmt>(insert.selectStmt), outputs);
  std::vector<std::string_view> columns;  // that there are more values, the server says best
  for (std::size_t i = 0; width && i < *width && i < known.size(); ++i) columns.emplace_back(known[i].name);
  if (columns.empty() || !write_columns(context, *insert.relation, columns))
    context.fault(FaultReason::kNotSupported,
                  "INSERT into " + shown_name(table) + " without a column list: where it belongs was not found",
                  "name the columns: INSERT INTO " + shown_name(table) + " (\"" + table.key + "\", …) …");
}

const Node* assigned_value(const ResTarget& target) {
  if (target.val == nullptr || tree::tag(target.val) != T_MultiAssignRef) return target.val;
  const auto* multiple = tree::as<MultiAssignRef>(target.val);
  if (multiple->source == nullptr || tree::tag(multiple->source) != T_RowExpr) return target.val;
  const tree::Nodes values(tree::as<RowExpr>(multiple->source)->args);
  const auto index = static_cast<std::size_t>(multiple->colno - 1);
  return index < values.size() ? values[index] : target.val;
}

// SET of the key column: the same value again, or a constant, which then must be on the same shard.
void assign_key(Context& context, const Level& level, const ResTarget& target, int term) {
  const auto& table = context.table_of(term);
  if (target.name == nullptr || table.key != target.name) return;
  const auto* value = assigned_value(target);
  if (value != nullptr && tree::tag(value) == T_ColumnRef && target.indirection == nullptr &&
      resolve(level, *tree::as<ColumnRef>(value)).term == term)
    return;
  auto key = target.indirection == nullptr ? constant(context, value, table.key_type) : std::nullopt;
  if (key && key->source != ValueRef::Source::kNull) {
    key->is_new = true;
    context.new_keys.emplace_back(term, *key);
    return;
  }
  context.fault(FaultReason::kNotSupported,
                "changing the shard key " + shown_key(table) + " to something that is not a constant is not supported",
                "leave the column out of SET, or delete the row and insert it again");
}

void assignments(Context& context, Level& level, const List* targets, int term) {
  for (const auto* node : tree::Nodes(targets)) {
    const auto* target = tree::as<ResTarget>(node);
    if (says_default(target->val)) context.hidden_clock("SET … = DEFAULT");
    walk(context, level, node);
    if (term != kNoTerm) assign_key(context, level, *target, term);
  }
}

void on_conflict(Context& context, Level& level, const OnConflictClause& clause, int term) {
  if (!level.items.empty()) {
    Item excluded;
    excluded.name = "excluded";
    excluded.outputs = level.items[0].outputs;
    level.items.push_back(std::move(excluded));
  }
  if (clause.infer != nullptr) {
    for (const auto* node : tree::Nodes(clause.infer->indexElems))
      walk(context, level, tree::as<IndexElem>(node)->expr);
    walk(context, level, clause.infer->whereClause);
  }
  assignments(context, level, clause.targetList, term);
  walk(context, level, clause.whereClause);
  if (level.items.size() > 1) level.items.pop_back();
}

// A default that is computed anew on every copy of a reference table.
void check_defaults(Context& context, const InsertStmt& insert) {
  const auto named = resolve_table(context.topology, context.settings.search_path,
                                   tree::text(insert.relation->schemaname), insert.relation->relname);
  const auto* columns =
      context.topology.catalog ? context.topology.catalog->columns(named.schema, insert.relation->relname) : nullptr;
  if (columns == nullptr) return;
  const tree::Nodes given(insert.cols);
  // Without a column list the values stand for the first columns.
  std::size_t values = 0, place = 0;
  if (given.size() == 0 && insert.selectStmt != nullptr)
    if (const tree::Nodes rows(tree::as<SelectStmt>(insert.selectStmt)->valuesLists); rows.size() > 0)
      values = tree::Nodes(tree::as<List>(rows[0])).size();
  for (const auto& column : *columns) {
    bool is_given = place++ < values;
    for (const auto* node : given) is_given = is_given || column.name == tree::as<ResTarget>(node)->name;
    if (column.from_sequence && insert.override == OVERRIDING_USER_VALUE) is_given = false;
    if (column.default_varies && !is_given) context.not_repeatable("the default of column \"" + column.name + "\"");
  }
}

Outputs returning(Context& context, Level& level, const List* list) {
  Outputs outputs;
  for (const auto* node : tree::Nodes(list)) {
    result_column(context, level, node);
    Output row;
    row.facts.differing_row = is_differing_row(context, level, tree::as<ResTarget>(node)->val);
    if (row.facts.differing_row) outputs.columns.push_back(std::move(row));
  }
  check_row_types(context, outputs);
  outputs = {};
  outputs.open = true;
  outputs.exact = false;
  return outputs;
}

}  // namespace

bool says_default(const Node* value) {
  if (value == nullptr) return false;
  if (tree::tag(value) == T_SetToDefault) return true;
  if (tree::tag(value) != T_MultiAssignRef) return false;
  const auto* source = tree::as<MultiAssignRef>(value)->source;
  if (source == nullptr || tree::tag(source) != T_RowExpr) return false;
  bool says = false;
  for (const auto* part : tree::Nodes(tree::as<RowExpr>(source)->args)) says = says || says_default(part);
  return says;
}

Outputs insert_statement(Context& context, const InsertStmt& insert, const Level* outer, const CteScope* ctes) {
  begin_write(context);
  CteScope scope;
  scope.outer = ctes;
  with_clause(context, insert.withClause, outer, scope);
  Level level;
  level.outer = outer;
  level.ctes = &scope;
  const int term = use_relation(context, &level, *insert.relation, Access::kInsert);
  walk_list(context, level, insert.cols);  // their subscripts
  Outputs selected;
  if (insert.selectStmt != nullptr) {
    const auto& select = *tree::as<SelectStmt>(insert.selectStmt);
    selected = select_statement(context, select, outer, &scope, false);
    if (insert.onConflictClause != nullptr && select.valuesLists == nullptr)
      context.not_repeatable("INSERT … SELECT … ON CONFLICT");
  }
  check_defaults(context, insert);
  note_clock_defaults(context, insert);
  if (term != kNoTerm) {
    check_overriding(context, insert, context.table_of(term));
    insert_keys(context, insert, selected, term);
    write_missing_list(context, insert, selected, term);
  }
  if (insert.onConflictClause != nullptr) {
    on_conflict(context, level, *insert.onConflictClause, term);
    note_session_defaults(context, *insert.relation, insert.onConflictClause->targetList);
  }
  return returning(context, level, insert.returningList);
}

Outputs update_statement(Context& context, const UpdateStmt& update, const Level* outer, const CteScope* ctes) {
  begin_write(context);
  CteScope scope;
  scope.outer = ctes;
  with_clause(context, update.withClause, outer, scope);
  Level level;
  level.outer = outer;
  level.ctes = &scope;
  const int term = use_relation(context, &level, *update.relation, Access::kWrite);
  if (tree::text(update.relation->relname) == "pg_settings") {
    context.out.leaves_traces = true;
    context.fault(FaultReason::kNotSupported, "UPDATE pg_settings is not supported on a sharded database", "use SET");
  }
  if (update.fromClause != nullptr) context.not_repeatable("UPDATE … FROM");
  from_list(context, level, update.fromClause);
  assignments(context, level, update.targetList, term);
  note_session_defaults(context, *update.relation, update.targetList);
  walk(context, level, update.whereClause);
  predicate(context, level, update.whereClause, {0, level.items.size()});
  return returning(context, level, update.returningList);
}

Outputs delete_statement(Context& context, const DeleteStmt& remove, const Level* outer, const CteScope* ctes) {
  begin_write(context);
  CteScope scope;
  scope.outer = ctes;
  with_clause(context, remove.withClause, outer, scope);
  Level level;
  level.outer = outer;
  level.ctes = &scope;
  use_relation(context, &level, *remove.relation, Access::kWrite);
  from_list(context, level, remove.usingClause);
  walk(context, level, remove.whereClause);
  predicate(context, level, remove.whereClause, {0, level.items.size()});
  return returning(context, level, remove.returningList);
}

}  // namespace shardway::router::analyze
