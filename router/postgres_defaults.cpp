// Defaults, CHECKs, USING and policies that a definition gives a configured table, judged before it is sent.
// https://www.postgresql.org/docs/15/sql-createtable.html, https://www.postgresql.org/docs/15/sql-createpolicy.html
#include "router/planner.hpp"
#include "router/postgres_utility.hpp"
#include "router/table_names.hpp"

namespace shardway::router::analyze {

namespace {

constexpr const char* kOnEachShard = "define it on each shard, named in a comment: /* shardway: shard=… */";

bool is_text_type(const TypeName& type) {
  const auto name = tree::name_of(type.names).name;
  return name == "text" || name == "varchar" || name == "bpchar" || name == "name";
}

bool reads_clock(const Context& context, const TypeName& type) {
  const auto* own = own_type(context, type);
  return own != nullptr ? own->reads_clock : is_date_type(element_name(type));
}

bool folds_clock(Context& context, const Node* node, bool dated);

bool folds_clock(Context& context, const List* list, bool dated) {
  for (const auto* node : tree::Nodes(list))
    if (folds_clock(context, node, dated)) return true;
  return false;
}

bool is_clock_text(Context& context, const A_Const& value) {
  context.depends_on_literals = true;
  return !value.isnull && tree::tag(&value.val) == T_String && may_read_the_clock(tree::text(value.val.sval.sval));
}

// Has a string that becomes a date when the definition is read. `dated`: by the type it is for.
bool folds_clock(Context& context, const Node* node, bool dated) {
  if (node == nullptr) return false;
  switch (tree::tag(node)) {
    case T_A_Const: return dated && is_clock_text(context, *tree::as<A_Const>(node));
    case T_TypeCast: {
      const auto& type = *tree::as<TypeCast>(node)->typeName;
      return folds_clock(context, tree::as<TypeCast>(node)->arg,
                         !is_text_type(type) && (dated || reads_clock(context, type)));
    }
    case T_FuncCall: return folds_clock(context, tree::as<FuncCall>(node)->args, dated);
    case T_A_Expr:
      return folds_clock(context, tree::as<A_Expr>(node)->lexpr, dated) ||
             folds_clock(context, tree::as<A_Expr>(node)->rexpr, dated);
    case T_CoalesceExpr: return folds_clock(context, tree::as<CoalesceExpr>(node)->args, dated);
    case T_MinMaxExpr: return folds_clock(context, tree::as<MinMaxExpr>(node)->args, dated);
    case T_A_ArrayExpr: return folds_clock(context, tree::as<A_ArrayExpr>(node)->elements, dated);
    case T_RowExpr: return folds_clock(context, tree::as<RowExpr>(node)->args, dated);
    case T_List: return folds_clock(context, tree::as<List>(node), dated);
    default: return false;
  }
}

void no_clock(Context& context, const Node* expression, bool dated, const std::string& defined) {
  if (expression == nullptr || !folds_clock(context, expression, dated)) return;
  context.fault(FaultReason::kNotSupported,
                "'now' or its like in a definition of " + defined + " becomes a constant, another one on each shard",
                "write now(), or the time itself", true);
}

std::string quoted(const tree::Name& name) { return '"' + std::string(name.name) + '"'; }

// A column of the type may have any of these defaults.
void defines_default(Context& context) { context.out.defines.clock = context.out.defines.varies = true; }

// What an expression uses, found apart from the definition's own facts.
struct Reading {
  Statement inside;
  Context context;

  explicit Reading(Context& outer)
      : context(outer.topology, outer.settings, outer.text, outer.literals, inside, outer.depends_on_literals) {
    context.is_definition = true;
  }
};

Statement read_alone(Context& context, const Node* expression) {
  Reading reading(context);
  Level level;
  walk(reading.context, level, expression);
  return std::move(reading.inside);
}

// Which columns are of the domain is not looked up.
void domain_default(Context& context, const Node* expression) {
  defines_default(context);
  if (expression == nullptr) return;
  const auto inside = read_alone(context, expression);
  if (!inside.uses_sequences && !inside.uses_user_functions) return;
  context.fault(FaultReason::kNotSupported,
                std::string("a domain's default with ") +
                    (inside.uses_sequences ? "nextval() or its like" : "a function that is not PostgreSQL's own") +
                    " is not supported on a sharded database: each shard would count by itself",
                kOnEachShard, true);
}

void create_domain(Context& context, const CreateDomainStmt& create) {
  for (const auto* node : tree::Nodes(create.constraints))
    if (tree::as<Constraint>(node)->contype == CONSTR_DEFAULT) {
      domain_default(context, tree::as<Constraint>(node)->raw_expr);
      no_clock(context, tree::as<Constraint>(node)->raw_expr, reads_clock(context, *create.typeName),
               quoted(tree::name_of(create.domainname)));
    }
}

void alter_domain(Context& context, const AlterDomainStmt& alter) {
  if (alter.subtype != 'T') return;
  domain_default(context, alter.def);
  no_clock(context, alter.def, true, quoted(tree::name_of(alter.typeName)));
}

class DefinitionReader {
 public:
  DefinitionReader(Context& context, const Table& table) : context_(context), table_(table) {
    Item item;
    item.name = table.name;
    if (const auto* columns = known_columns())
      for (const auto& column : *columns)
        item.outputs.columns.push_back({column.name, kNoTerm, false, facts_of(column)});
    level_.items.push_back(std::move(item));
  }

  void create(const CreateStmt& create) {
    if (create.inhRelations != nullptr) defines_default(context_);
    for (const auto* list : {create.tableElts, create.constraints})
      for (const auto* node : tree::Nodes(list)) {
        if (tree::tag(node) == T_ColumnDef) column(*tree::as<ColumnDef>(node));
        if (tree::tag(node) == T_Constraint) constraint(*tree::as<Constraint>(node), nullptr);
        if (tree::tag(node) == T_TableLikeClause && tree::as<TableLikeClause>(node)->options != 0)
          defines_default(context_);
      }
  }

  void alter(const AlterTableCmd& command) {
    switch (command.subtype) {
      case AT_AddColumn: return added_column(*tree::as<ColumnDef>(command.def));
      case AT_AddConstraint: return constraint(*tree::as<Constraint>(command.def), nullptr);
      case AT_ColumnDefault: return new_default(command.def, has_dates(tree::text(command.name)));
      case AT_AlterColumnType: return changed_type(*tree::as<ColumnDef>(command.def));
      case AT_AddIdentity:
      case AT_EnableTrig:
      case AT_EnableAlwaysTrig:
      case AT_EnableTrigAll:
      case AT_EnableTrigUser: return varies();
      default: return;
    }
  }

  void policy(const Node* condition) {
    if (condition == nullptr) return;
    Reading reading(context_);
    walk(reading.context, level_, condition);
    const auto& inside = reading.inside;
    if (inside.fault) return context_.fault(inside.fault->reason, inside.fault->message, inside.fault->hint, true);
    const bool elsewhere = !inside.sharded.empty() || inside.uses_unlisted ||
                           (!inside.single_tables.empty() && table_.kind != TableKind::kSingle);
    if (elsewhere || inside.uses_user_functions)
      not_here("a policy of " + shown_name(table_) + " with " +
                   (elsewhere ? "a subquery over rows of other places" : "a function that is not PostgreSQL's own") +
                   " is not supported: each shard would see its own rows only",
               kOnEachShard);
  }

 private:
  const std::vector<router::Column>* known_columns() const {
    return context_.topology.catalog ? context_.topology.catalog->columns(table_.schema, table_.name) : nullptr;
  }

  void not_here(std::string message, std::string hint) {
    context_.fault(FaultReason::kNotSupported, std::move(message), std::move(hint), true);
  }

  bool has_dates(std::string_view name) const {
    const auto* columns = known_columns();
    if (columns == nullptr) return true;
    for (const auto& column : *columns)
      if (column.name == name) return may_be_date(column);
    return false;
  }

  void varies() { context_.out.defines.varies |= table_.kind == TableKind::kReference; }

  void column(const ColumnDef& definition) {
    own_checks(*definition.typeName);
    const auto* own = own_type(context_, *definition.typeName);
    if (own != nullptr && own->default_varies) defines_default(context_);
    if (is_serial(definition.typeName)) varies();
    for (const auto* node : tree::Nodes(definition.constraints))
      if (tree::tag(node) == T_Constraint) constraint(*tree::as<Constraint>(node), definition.typeName);
  }

  void constraint(const Constraint& constraint, const TypeName* type) {
    if (constraint.contype == CONSTR_DEFAULT)
      new_default(constraint.raw_expr, type != nullptr && reads_clock(context_, *type));
    else if (constraint.contype == CONSTR_IDENTITY)
      varies();
    else
      calls_nothing_unknown(constraint.raw_expr, "a CHECK or an expression");
  }

  void new_default(const Node* expression, bool dated) {
    calls_nothing_unknown(expression, "a default");
    no_clock(expression, dated);
    if (expression == nullptr) return;
    Reading reading(context_);
    walk(reading.context, level_, expression);
    if (!reading.inside.now_calls.empty() || !reading.inside.hidden_clock.empty()) context_.out.defines.clock = true;
    if (reading.inside.uses_session_sequence)
      not_here(
          "a default with currval() or lastval() is not supported: it would answer for another client's connection",
          "give the value yourself");
    if (!reading.inside.not_repeatable.empty() || reading.inside.uses_user_functions) varies();
  }

  void added_column(const ColumnDef& definition) {
    column(definition);
    if (table_.kind != TableKind::kReference) return;
    bool has_default = false, numbered = is_serial(definition.typeName);
    for (const auto* node : tree::Nodes(definition.constraints)) {
      if (tree::tag(node) != T_Constraint) continue;
      has_default = has_default || tree::as<Constraint>(node)->contype == CONSTR_DEFAULT;
      numbered = numbered || tree::as<Constraint>(node)->contype == CONSTR_IDENTITY;
      same_on_copies(tree::as<Constraint>(node)->raw_expr, "ADD COLUMN with this default");
    }
    if (numbered) return differ("ADD COLUMN with numbers from a sequence");
    const auto& type = *definition.typeName;
    if (has_default || type.arrayBounds != nullptr || !is_own_type(context_, type)) return;
    const auto* own = own_type(context_, type);
    if (own == nullptr)
      not_here("ADD COLUMN to " + shown_name(table_) + " of a type that is not known yet: its default may vary",
               "commit the type's definition first");
    else if (own->default_varies)
      differ("ADD COLUMN of a domain with this default");
  }

  void changed_type(const ColumnDef& definition) {
    own_checks(*definition.typeName);
    no_clock(definition.raw_default, reads_clock(context_, *definition.typeName));
    if (table_.kind == TableKind::kReference) same_on_copies(definition.raw_default, "ALTER TYPE … USING this");
  }

  void same_on_copies(const Node* expression, std::string_view what) {
    if (expression == nullptr) return;
    Reading reading(context_);
    walk(reading.context, level_, expression);
    if (!reading.inside.not_repeatable.empty() || reading.inside.uses_user_functions) differ(what);
  }

  void differ(std::string_view what) {
    context_.fault(FaultReason::kNotSupported,
                   std::string(what) + " would give the copies of " + shown_name(table_) + " different values",
                   "add a column without a default, then UPDATE it with constants");
  }

  // What is evaluated with each row of a sharded table, on the row's shard.
  void calls_nothing_unknown(const Node* expression, std::string_view what) {
    if (expression == nullptr || table_.kind != TableKind::kSharded) return;
    Reading reading(context_);
    walk(reading.context, level_, expression);
    if (reading.inside.uses_user_functions)
      not_here(std::string(what) + " of " + shown_name(table_) +
                   " with a function that is not PostgreSQL's own is not supported: it may read rows of other shards",
               kOnEachShard);
  }

  void own_checks(const TypeName& type) {
    const auto* own = own_type(context_, type);
    if (own != nullptr && own->checks && table_.kind == TableKind::kSharded)
      not_here("the CHECK of the type \"" + std::string(element_name(type)) +
                   "\" calls a function that is not PostgreSQL's own: in " + shown_name(table_) +
                   " it may read rows of other shards",
               kOnEachShard);
  }

  void no_clock(const Node* expression, bool dated) {
    if (table_.kind != TableKind::kSingle) analyze::no_clock(context_, expression, dated, shown_name(table_));
  }

  Context& context_;
  const Table& table_;
  Level level_;
};

}  // namespace

bool calls_sequence(Context& context, const Node* expression) {
  return expression != nullptr && read_alone(context, expression).uses_sequences;
}

void check_expressions(Context& context, const Node* node, const RangeVar* relation) {
  if (tree::tag(node) == T_CreateDomainStmt) return create_domain(context, *tree::as<CreateDomainStmt>(node));
  if (tree::tag(node) == T_AlterDomainStmt) return alter_domain(context, *tree::as<AlterDomainStmt>(node));
  const auto* table = listed_table(context, relation);
  if (table == nullptr) return;
  DefinitionReader reader(context, *table);
  switch (tree::tag(node)) {
    case T_CreateStmt: return reader.create(*tree::as<CreateStmt>(node));
    case T_AlterTableStmt:
      for (const auto* command : tree::Nodes(tree::as<AlterTableStmt>(node)->cmds))
        if (tree::tag(command) == T_AlterTableCmd) reader.alter(*tree::as<AlterTableCmd>(command));
      return;
    case T_CreatePolicyStmt:
      reader.policy(tree::as<CreatePolicyStmt>(node)->qual);
      return reader.policy(tree::as<CreatePolicyStmt>(node)->with_check);
    case T_AlterPolicyStmt:
      reader.policy(tree::as<AlterPolicyStmt>(node)->qual);
      return reader.policy(tree::as<AlterPolicyStmt>(node)->with_check);
    default: return;
  }
}

}  // namespace shardway::router::analyze
