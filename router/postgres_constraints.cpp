// Constraints in CREATE TABLE, ALTER TABLE, CREATE INDEX and CREATE TRIGGER of a configured table, judged before they
// are sent. https://www.postgresql.org/docs/15/ddl-constraints.html
#include "router/constraints.hpp"
#include "router/postgres_utility.hpp"
#include "router/table_names.hpp"

namespace shardway::router::analyze {

namespace {

std::vector<std::string> names_in(const List* list) {
  std::vector<std::string> names;
  for (const auto* node : tree::Nodes(list)) names.emplace_back(tree::string_of(node));
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += '_' + name;
  return text;
}

// A domain whose default is a sequence's next number.
bool is_counted(const Context& context, const ColumnDef& definition) {
  if (definition.typeName == nullptr || definition.typeName->arrayBounds != nullptr) return false;
  const auto* own = own_type(context, *definition.typeName);
  return own != nullptr && own->counts;
}

bool gives_default(const ColumnDef& definition) {
  for (const auto* node : tree::Nodes(definition.constraints))
    if (tree::tag(node) == T_Constraint && tree::as<Constraint>(node)->contype == CONSTR_DEFAULT) return true;
  return false;
}

// The shape that one statement gives to, or adds to, a table.
class ShapeReader {
 public:
  ShapeReader(Context& context, const Table& table) : context_(context), table_(table) {}

  void create(const CreateStmt& create) {
    for (const auto* node : tree::Nodes(create.tableElts)) {
      if (tree::tag(node) == T_Constraint) {
        constraint(*tree::as<Constraint>(node), {});
      } else if (tree::tag(node) == T_ColumnDef) {
        column(*tree::as<ColumnDef>(node));
      } else if (tree::tag(node) == T_TableLikeClause) {
        like(*tree::as<TableLikeClause>(node));
      }
    }
    for (const auto* node : tree::Nodes(create.constraints)) constraint(*tree::as<Constraint>(node), {});
  }

  void alter(const AlterTableCmd& command) {
    if (command.subtype == AT_AddColumn && command.def != nullptr) column(*tree::as<ColumnDef>(command.def));
    if (command.subtype == AT_AddConstraint && command.def != nullptr)
      constraint(*tree::as<Constraint>(command.def), {});
    const bool identity = command.subtype == AT_AddIdentity;
    const bool numbered = command.subtype == AT_ColumnDefault && calls_sequence(context_, command.def);
    const bool retyped =
        command.subtype == AT_AlterColumnType && is_counted(context_, *tree::as<ColumnDef>(command.def));
    if (identity || numbered || retyped) sequence(std::string(tree::text(command.name)));
  }

  void index(const IndexStmt& index) {
    if (!index.unique) return;
    UniqueKey key;
    for (const auto* node : tree::Nodes(index.indexParams))
      if (const auto* element = tree::as<IndexElem>(node); element->name != nullptr)
        key.columns.emplace_back(element->name);
    key.name = index.idxname != nullptr ? index.idxname : table_.name + joined(key.columns) + "_idx";
    shape_.unique_keys.push_back(std::move(key));
  }

  void trigger(std::string_view name) { shape_.triggers.emplace_back(name); }

  void judge() {
    const auto found = unenforceable(context_.topology.tables, table_, shape_, context_.topology.sequence_shard());
    if (!found.empty()) context_.fault(FaultReason::kNotSupported, found[0].message, found[0].hint, true);
  }

 private:
  void column(const ColumnDef& definition) {
    const std::string name(tree::text(definition.colname));
    if (is_serial(definition.typeName) || (is_counted(context_, definition) && !gives_default(definition)))
      sequence(name);
    for (const auto* node : tree::Nodes(definition.constraints))
      if (tree::tag(node) == T_Constraint) constraint(*tree::as<Constraint>(node), name);
  }

  // `column`: the one it is written behind, empty for a constraint of the table.
  void constraint(const Constraint& constraint, const std::string& column) {
    switch (constraint.contype) {
      case CONSTR_PRIMARY:
      case CONSTR_UNIQUE: return unique(constraint, column);
      case CONSTR_EXCLUSION: return exclusion(constraint);
      case CONSTR_FOREIGN: return foreign(constraint, column);
      case CONSTR_IDENTITY: return sequence(column);
      case CONSTR_DEFAULT:
        if (calls_sequence(context_, constraint.raw_expr)) sequence(column);
        return;
      default: return;
    }
  }

  std::string named(const Constraint& constraint, const std::string& otherwise) const {
    return constraint.conname != nullptr ? constraint.conname : table_.name + otherwise;
  }

  void unique(const Constraint& constraint, const std::string& column) {
    if (constraint.indexname != nullptr) return;  // USING INDEX: judged when that was made
    UniqueKey key;
    key.columns = column.empty() ? names_in(constraint.keys) : std::vector<std::string>{column};
    const bool primary = constraint.contype == CONSTR_PRIMARY;
    key.name = named(constraint, primary ? "_pkey" : joined(key.columns) + "_key");
    if (primary) primary_ = key.columns;
    shape_.unique_keys.push_back(std::move(key));
  }

  void exclusion(const Constraint& constraint) {
    UniqueKey key;
    key.excludes = true;
    std::vector<std::string> all;
    for (const auto* node : tree::Nodes(constraint.exclusions)) {
      const tree::Nodes pair(tree::as<List>(node));  // an element and its operator
      const auto* element = tree::as<IndexElem>(pair[0]);
      if (element->name == nullptr) continue;
      all.emplace_back(element->name);
      if (tree::is_operator(tree::as<List>(pair[1]), "=")) key.columns.emplace_back(element->name);
    }
    key.name = named(constraint, joined(all) + "_excl");
    shape_.unique_keys.push_back(std::move(key));
  }

  void foreign(const Constraint& constraint, const std::string& column) {
    ForeignKey key;
    key.columns = column.empty() ? names_in(constraint.fk_attrs) : std::vector<std::string>{column};
    key.name = named(constraint, joined(key.columns) + "_fkey");
    const auto there = resolve_table(context_.topology, context_.settings.search_path,
                                     tree::text(constraint.pktable->schemaname), constraint.pktable->relname);
    key.schema = there.schema;
    key.table = constraint.pktable->relname;
    key.columns_there = names_in(constraint.pk_attrs);
    if (key.columns_there.empty()) key.columns_there = primary_key_of(there, key.table);
    shape_.foreign_keys.push_back(std::move(key));
  }

  std::vector<std::string> primary_key_of(const ResolvedName& there, const std::string& name) const {
    if (there.table == &table_) return primary_;
    if (!context_.topology.catalog) return {};
    const auto& known = context_.topology.catalog->primary_keys;
    const auto found = known.find((there.schema.empty() ? "public" : there.schema) + "." + name);
    return found == known.end() ? std::vector<std::string>() : found->second;
  }

  void like(const TableLikeClause& like) {
    constexpr auto kCopied = CREATE_TABLE_LIKE_DEFAULTS | CREATE_TABLE_LIKE_IDENTITY | CREATE_TABLE_LIKE_INDEXES;
    if ((like.options & kCopied) == 0) return;
    context_.fault(FaultReason::kNotSupported,
                   "CREATE TABLE " + shown_name(table_) +
                       " (LIKE … INCLUDING DEFAULTS, IDENTITY or INDEXES): what it takes over is not known",
                   "write the columns and constraints out", true);
  }

  void sequence(const std::string& column) {
    router::Column made;
    made.name = column;
    made.from_sequence = true;
    shape_.columns.push_back(std::move(made));
  }

  Context& context_;
  const Table& table_;
  TableShape shape_;
  std::vector<std::string> primary_;
};

const RangeVar* relation_of(const Node* node) {
  switch (tree::tag(node)) {
    case T_CreateStmt: return tree::as<CreateStmt>(node)->relation;
    case T_AlterTableStmt: return tree::as<AlterTableStmt>(node)->relation;
    case T_IndexStmt: return tree::as<IndexStmt>(node)->relation;
    case T_CreateTrigStmt: return tree::as<CreateTrigStmt>(node)->relation;
    default: return nullptr;
  }
}

}  // namespace

bool is_serial(const TypeName* type) {
  if (type == nullptr) return false;
  const auto name = tree::name_of(type->names).name;
  return name == "serial" || name == "bigserial" || name == "smallserial" || name == "serial4" || name == "serial8" ||
         name == "serial2";
}

void check_constraints(Context& context, const Node* node) {
  const auto* table = listed_table(context, relation_of(node));
  if (table == nullptr) return;
  ShapeReader reader(context, *table);
  switch (tree::tag(node)) {
    case T_CreateStmt: reader.create(*tree::as<CreateStmt>(node)); break;
    case T_AlterTableStmt:
      for (const auto* command : tree::Nodes(tree::as<AlterTableStmt>(node)->cmds))
        if (tree::tag(command) == T_AlterTableCmd) reader.alter(*tree::as<AlterTableCmd>(command));
      break;
    case T_IndexStmt: reader.index(*tree::as<IndexStmt>(node)); break;
    default: reader.trigger(tree::text(tree::as<CreateTrigStmt>(node)->trigname)); break;
  }
  reader.judge();
}

}  // namespace shardway::router::analyze
