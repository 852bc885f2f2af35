#include <algorithm>

#include "router/builtin_functions.hpp"
#include "router/postgres_utility.hpp"
#include "router/routine_body.hpp"
#include "router/table_names.hpp"

namespace shardway::router::analyze {

namespace {

void not_on_shards(Context& context, std::string what, std::string hint) {
  context.fault(FaultReason::kNotSupported, std::move(what) + " is not supported on a sharded database",
                std::move(hint), true);
}

void create_relation(Context& context, const RangeVar& relation, bool is_table) {
  if (is_temporary(relation)) {
    context.out.pins = PinReason::kTemporaryTable;
    context.fault(FaultReason::kNotSupported,
                  "temporary tables, views and sequences are not supported on a sharded database",
                  "use an ordinary table, or a CTE");
    return;
  }
  if (!is_table) return;
  const auto resolved =
      resolve_table(context.topology, context.settings.search_path, tree::text(relation.schemaname), relation.relname);
  if (resolved.meaning == NameMeaning::kUnlisted && context.topology.unlisted == Unlisted::kRefuse)
    context.fault(FaultReason::kUnknownTable,
                  "CREATE TABLE \"" + std::string(relation.relname) +
                      "\": the table is not in the configuration of database \"" + context.topology.database + "\"",
                  "list it as [[database.table]] first, so that its rows have a place", true);
}

// Where unlisted names are taken for tables of one place, a view over rows of several would be read in part.
void create_view(Context& context, const ViewStmt& view) {
  create_relation(context, *view.view, false);
  if (context.topology.unlisted == Unlisted::kRefuse) return;
  Statement inside;
  Context reading(context.topology, context.settings, context.text, context.literals, inside,
                  context.depends_on_literals);
  Outputs outputs;
  query_statement(reading, view.query, nullptr, nullptr, true, outputs);
  if (!inside.sharded.empty() || !inside.single_tables.empty())
    not_on_shards(context, "CREATE VIEW over sharded or single tables while unlisted_tables is not \"refuse\"",
                  "set unlisted_tables = \"refuse\"");
}

void create_function(Context& context, const CreateFunctionStmt& create) {
  // The catalogue knows it when its transaction is over, and it may be called before.
  const auto text = context.text.substr(context.out.begin, context.out.end - context.out.begin);
  if (!context.topology.sharded() && leaves_in_session(text, leaving_functions(context)))
    context.pin(PinReason::kRoutine);
  if (tree::name_of(create.funcname).schema != "pg_temp") return;
  context.out.pins = PinReason::kTemporaryTable;
  not_on_shards(context, "a temporary function", "create it in another schema");
}

void key_is_configured(Context& context, const Table& table, std::string_view what) {
  context.fault(FaultReason::kNotSupported,
                std::string(what) + " " + shown_key(table) + " is not supported: it is the table's shard key",
                "change the configuration and the servers together, without Shardway");
}

void alter_table(Context& context, const AlterTableStmt& alter) {
  const auto* table = listed_table(context, alter.relation);
  for (const auto* node : tree::Nodes(alter.cmds)) {
    if (tree::tag(node) != T_AlterTableCmd) continue;
    const auto* command = tree::as<AlterTableCmd>(node);
    if (command->subtype == AT_DetachPartition && command->def != nullptr &&
        tree::tag(command->def) == T_PartitionCmd && tree::as<PartitionCmd>(command->def)->concurrent)
      context.out.kind = StatementKind::kDdlAlone;
    if (table == nullptr) continue;
    const bool changes = command->subtype == AT_DropColumn || command->subtype == AT_AlterColumnType ||
                         command->subtype == AT_DropNotNull;
    if (changes && table->kind == TableKind::kSharded && table->key == tree::text(command->name))
      key_is_configured(context, *table, "altering");
  }
}

void rename(Context& context, const RenameStmt& statement) {
  const auto* table = listed_table(context, statement.relation);
  if (table == nullptr) return;
  if (statement.renameType == OBJECT_TABLE)
    context.fault(FaultReason::kNotSupported,
                  "renaming " + shown_name(*table) + " is not supported: the configuration names it",
                  "change the configuration and the servers together, without Shardway");
  else if (statement.renameType == OBJECT_COLUMN && table->key == tree::text(statement.subname))
    key_is_configured(context, *table, "renaming");
}

void create_table_as(Context& context, const CreateTableAsStmt& create) {
  if (create.into != nullptr && create.into->rel != nullptr && is_temporary(*create.into->rel))
    context.out.pins = PinReason::kTemporaryTable;
  not_on_shards(context, create.objtype == OBJECT_MATVIEW ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS",
                "create the table first, then use INSERT");
}

// What belongs to a whole server, or names it.
bool server_statement(Context& context, const Node* node) {
  switch (tree::tag(node)) {
    case T_CreatedbStmt:
    case T_DropdbStmt:
    case T_CreateTableSpaceStmt:
    case T_DropTableSpaceStmt:
    case T_AlterSystemStmt:
    case T_CreateSubscriptionStmt:
    case T_AlterSubscriptionStmt:
    case T_DropSubscriptionStmt: context.out.kind = StatementKind::kDdlAlone; break;
    case T_AlterDatabaseStmt:
      if (option_is_on(tree::as<AlterDatabaseStmt>(node)->options, "tablespace"))
        context.out.kind = StatementKind::kDdlAlone;
      break;
    case T_AlterDatabaseSetStmt:
    case T_AlterDatabaseRefreshCollStmt:
    case T_AlterTableSpaceOptionsStmt: break;
    default: return false;
  }
  not_on_shards(context, "a statement about a whole server or database",
                "run it on each server, or name the shard in a comment: /* shardway: shard=… */");
  return true;
}

// Cannot run inside a transaction block.
bool runs_alone(const Node* node) {
  switch (tree::tag(node)) {
    case T_IndexStmt: return tree::as<IndexStmt>(node)->concurrent;
    case T_DropStmt: return tree::as<DropStmt>(node)->concurrent;
    case T_VacuumStmt: return tree::as<VacuumStmt>(node)->is_vacuumcmd;
    case T_ClusterStmt: return tree::as<ClusterStmt>(node)->relation == nullptr;
    case T_ReindexStmt: {
      const auto* reindex = tree::as<ReindexStmt>(node);
      return reindex->kind >= REINDEX_OBJECT_SCHEMA || option_is_on(reindex->params, "concurrently");
    }
    default: return false;
  }
}

constexpr NodeTag kDefinitions[] = {T_AlterDomainStmt,
                                    T_GrantStmt,
                                    T_GrantRoleStmt,
                                    T_AlterDefaultPrivilegesStmt,
                                    T_ClusterStmt,
                                    T_DefineStmt,
                                    T_DropStmt,
                                    T_CommentStmt,
                                    T_IndexStmt,
                                    T_CreateFunctionStmt,
                                    T_AlterFunctionStmt,
                                    T_CreateDomainStmt,
                                    T_VacuumStmt,
                                    T_AlterSeqStmt,
                                    T_CreateTrigStmt,
                                    T_CreatePLangStmt,
                                    T_CreateRoleStmt,
                                    T_AlterRoleStmt,
                                    T_DropRoleStmt,
                                    T_ReindexStmt,
                                    T_CreateSchemaStmt,
                                    T_AlterRoleSetStmt,
                                    T_CreateConversionStmt,
                                    T_CreateCastStmt,
                                    T_CreateOpClassStmt,
                                    T_CreateOpFamilyStmt,
                                    T_AlterOpFamilyStmt,
                                    T_AlterObjectDependsStmt,
                                    T_AlterOwnerStmt,
                                    T_AlterOperatorStmt,
                                    T_AlterTypeStmt,
                                    T_DropOwnedStmt,
                                    T_ReassignOwnedStmt,
                                    T_CompositeTypeStmt,
                                    T_CreateEnumStmt,
                                    T_CreateRangeStmt,
                                    T_AlterEnumStmt,
                                    T_AlterTSDictionaryStmt,
                                    T_AlterTSConfigurationStmt,
                                    T_CreateFdwStmt,
                                    T_AlterFdwStmt,
                                    T_CreateForeignServerStmt,
                                    T_AlterForeignServerStmt,
                                    T_CreateUserMappingStmt,
                                    T_AlterUserMappingStmt,
                                    T_DropUserMappingStmt,
                                    T_AlterTableMoveAllStmt,
                                    T_SecLabelStmt,
                                    T_ImportForeignSchemaStmt,
                                    T_CreateExtensionStmt,
                                    T_AlterExtensionStmt,
                                    T_AlterExtensionContentsStmt,
                                    T_CreateEventTrigStmt,
                                    T_AlterEventTrigStmt,
                                    T_ReplicaIdentityStmt,
                                    T_CreatePolicyStmt,
                                    T_AlterPolicyStmt,
                                    T_CreateTransformStmt,
                                    T_CreateAmStmt,
                                    T_CreatePublicationStmt,
                                    T_AlterPublicationStmt,
                                    T_CreateStatsStmt,
                                    T_AlterCollationStmt,
                                    T_AlterStatsStmt};

bool is_definition(const Node* node) {
  return std::find(std::begin(kDefinitions), std::end(kDefinitions), tree::tag(node)) != std::end(kDefinitions);
}

bool is_of_reference(Context& context, const RangeVar* relation) {
  const auto* table = listed_table(context, relation);
  return table != nullptr && table->kind == TableKind::kReference;
}

// What gives a name PostgreSQL has a meaning of its own, or runs beside a write.
bool gives_meaning(Context& context, const Node* node) {
  switch (tree::tag(node)) {
    case T_DefineStmt:
    case T_CreateCastStmt: return true;
    case T_CreateFunctionStmt:
      return function_facts(tree::name_of(tree::as<CreateFunctionStmt>(node)->funcname).name).known;
    case T_CreateTrigStmt: return is_of_reference(context, tree::as<CreateTrigStmt>(node)->relation);
    case T_CreatePolicyStmt: return is_of_reference(context, tree::as<CreatePolicyStmt>(node)->table);
    case T_RenameStmt: return tree::as<RenameStmt>(node)->renameType == OBJECT_FUNCTION;
    case T_AlterObjectSchemaStmt: return tree::as<AlterObjectSchemaStmt>(node)->relation == nullptr;
    default: return false;
  }
}

bool is_routine(const Node* node) {
  const auto kind = tree::tag(node);
  return kind == T_CreateFunctionStmt || kind == T_CreateTrigStmt || kind == T_CreateExtensionStmt;
}

const RangeVar* defined_relation(const Node* node) {
  switch (tree::tag(node)) {
    case T_CreateStmt: return tree::as<CreateStmt>(node)->relation;
    case T_AlterTableStmt: return tree::as<AlterTableStmt>(node)->relation;
    case T_RenameStmt: return tree::as<RenameStmt>(node)->relation;
    case T_AlterObjectSchemaStmt: return tree::as<AlterObjectSchemaStmt>(node)->relation;
    case T_IndexStmt: return tree::as<IndexStmt>(node)->relation;
    case T_CreateTrigStmt: return tree::as<CreateTrigStmt>(node)->relation;
    case T_CreatePolicyStmt: return tree::as<CreatePolicyStmt>(node)->table;
    case T_AlterPolicyStmt: return tree::as<AlterPolicyStmt>(node)->table;
    default: return nullptr;
  }
}

// Whether it is known if a configured table is defined.
bool is_certain(Context& context, const Node* node) {
  const auto* relation = defined_relation(node);
  if (relation == nullptr || relation->relname == nullptr) return true;
  const auto& tables = context.topology.tables.all();
  const bool may_be_listed =
      std::any_of(tables.begin(), tables.end(), [&](const Table& table) { return table.name == relation->relname; });
  const auto meaning =
      resolve_table(context.topology, context.settings.search_path, tree::text(relation->schemaname), relation->relname)
          .meaning;
  if (meaning != NameMeaning::kUnclear || (!may_be_listed && tree::tag(node) != T_CreateStmt)) return true;
  context.fault(FaultReason::kUnknownTable,
                "with this search_path it is not certain which table \"" + std::string(relation->relname) + "\" means",
                "write the schema before the table's name", true);
  return false;
}

bool is_on(const DefElem& option) {
  if (option.arg == nullptr) return true;
  if (tree::tag(option.arg) == T_Integer) return tree::as<Integer>(option.arg)->ival != 0;
  if (tree::tag(option.arg) == T_Boolean) return tree::as<Boolean>(option.arg)->boolval;
  const auto word = tree::string_of(option.arg);
  return word != "false" && word != "off" && word != "0" && word != "no" && word != "f" && word != "n";
}

}  // namespace

bool option_is_on(const List* options, std::string_view name) {
  bool on = false;  // the last one counts
  for (const auto* node : tree::Nodes(options))
    if (const auto* option = tree::as<DefElem>(node); name == tree::text(option->defname)) on = is_on(*option);
  return on;
}

bool ddl_statement(Context& context, const Node* node) {
  auto& out = context.out;
  out.kind = runs_alone(node) ? StatementKind::kDdlAlone : StatementKind::kDdl;
  if (!is_certain(context, node)) return true;
  check_constraints(context, node);
  check_expressions(context, node, defined_relation(node));
  if (gives_meaning(context, node)) out.defines.varies = true;
  out.defines.routines = is_routine(node);
  switch (tree::tag(node)) {
    case T_CreateStmt: create_relation(context, *tree::as<CreateStmt>(node)->relation, true); return true;
    case T_CreateForeignTableStmt:
      create_relation(context, *tree::as<CreateForeignTableStmt>(node)->base.relation, true);
      return true;
    case T_ViewStmt: create_view(context, *tree::as<ViewStmt>(node)); return true;
    case T_RuleStmt:
      not_on_shards(context, "CREATE RULE", "use a trigger: a rule may send rows where no key says so");
      return true;
    case T_CreateFunctionStmt: create_function(context, *tree::as<CreateFunctionStmt>(node)); return true;
    case T_CreateSeqStmt: create_relation(context, *tree::as<CreateSeqStmt>(node)->sequence, false); return true;
    case T_AlterTableStmt: alter_table(context, *tree::as<AlterTableStmt>(node)); return true;
    case T_RenameStmt: rename(context, *tree::as<RenameStmt>(node)); return true;
    case T_AlterObjectSchemaStmt:
      if (const auto* table = listed_table(context, tree::as<AlterObjectSchemaStmt>(node)->relation))
        context.fault(
            FaultReason::kNotSupported,
            "moving " + shown_name(*table) + " to another schema is not supported: the configuration names it",
            "change the configuration and the servers together, without Shardway");
      return true;
    case T_CreateTableAsStmt: create_table_as(context, *tree::as<CreateTableAsStmt>(node)); return true;
    case T_RefreshMatViewStmt: not_on_shards(context, "REFRESH MATERIALIZED VIEW", ""); return true;
    default: return server_statement(context, node) || is_definition(node);
  }
}

}  // namespace shardway::router::analyze
