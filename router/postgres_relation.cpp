#include "router/builtin_functions.hpp"
#include "router/postgres_scope.hpp"
#include "router/table_names.hpp"

namespace shardway::router::analyze {

namespace {

void add_once(std::vector<std::uint16_t>& numbers, std::uint16_t number) {
  for (const auto known : numbers)
    if (known == number) return;
  numbers.push_back(number);
}

// The columns of a table, as far as they are known. `key` is the key column of a sharded one.
Outputs table_outputs(const Context& context, const Table* table, std::string_view schema, const RangeVar& relation,
                      int term) {
  Outputs outputs;
  const auto* columns =
      context.topology.catalog ? context.topology.catalog->columns(schema, relation.relname) : nullptr;
  if (columns == nullptr) {
    outputs.open = true;
    outputs.exact = false;
    if (table != nullptr && table->kind == TableKind::kSharded) outputs.columns.push_back({table->key, term, true});
  } else {
    for (const auto& column : *columns) {
      const bool is_key = table != nullptr && table->kind == TableKind::kSharded && column.name == table->key;
      outputs.columns.push_back({column.name, is_key ? term : kNoTerm, is_key, facts_of(column)});
    }
  }
  if (relation.alias != nullptr && relation.alias->colnames != nullptr) {
    const tree::Nodes names(relation.alias->colnames);
    if (!outputs.exact || names.size() > outputs.columns.size()) {
      outputs = {};
      outputs.open = true;
      outputs.exact = false;
    } else {
      for (std::size_t i = 0; i < names.size(); ++i) outputs.columns[i].name = tree::string_of(names[i]);
    }
  }
  return outputs;
}

void use_catalog(Context& context, std::string_view schema, std::string_view name) {
  context.out.uses_catalog = true;
  if (schema == "pg_catalog" && catalog_relation(name) != CatalogRelation::kReplicaSafe)
    context.out.replica_safe = false;
  if (schema == "pg_catalog") reads_session(context, name);
}

void use_unlisted(Context& context, std::string_view schema, const RangeVar& relation, Access access) {
  context.out.uses_unlisted = true;
  if (access != Access::kRead) context.out.writes_unlisted = true;
  if (context.topology.catalog &&
      context.topology.catalog->views.count(std::string(schema) + "." + relation.relname) > 0)
    context.fault(FaultReason::kUnknownTable,
                  "\"" + std::string(relation.relname) + "\" is a view or a foreign table: what it reads is not known",
                  "query the tables themselves, or name the shard in a comment: /* shardway: shard=… */", true);
  if (context.topology.catalog &&
      context.topology.catalog->sequences.contains(std::string(schema) + "." + relation.relname)) {
    context.out.uses_sequences = true;
    context.out.replica_safe = false;  // a replica's are ahead
  }
  const auto* refusal =
      context.topology.catalog ? context.topology.catalog->refusal_of(schema, relation.relname) : nullptr;
  if (refusal != nullptr) context.fault(FaultReason::kTableRefused, refusal->message, refusal->hint, true);
  if (context.topology.unlisted != Unlisted::kRefuse) return;
  context.fault(FaultReason::kUnknownTable,
                "table \"" + (schema == "public" || schema.empty() ? std::string() : std::string(schema) + ".") +
                    relation.relname + "\" is not in the configuration of database \"" + context.topology.database +
                    "\"",
                "list it as [[database.table]], or set unlisted_tables under [database.sharding]", true);
}

int use_listed(Context& context, const Level* level, const Table& table, Access access) {
  const auto* refusal =
      context.topology.catalog ? context.topology.catalog->refusal_of(table.schema, table.name) : nullptr;
  if (refusal != nullptr) context.fault(FaultReason::kTableRefused, refusal->message, refusal->hint, true);
  const auto number = static_cast<std::uint16_t>(&table - context.topology.tables.all().data());
  switch (table.kind) {
    case TableKind::kReference:
      add_once(context.out.reference_tables, number);
      if (access != Access::kRead) context.out.writes_reference = true;
      return kNoTerm;
    case TableKind::kSingle:
      add_once(context.out.single_tables, number);
      if (access != Access::kRead) context.out.writes_single = true;
      return kNoTerm;
    case TableKind::kSharded: break;
  }
  const int term = context.add_use(table, level != nullptr && level->top);
  auto& use = context.out.sharded[static_cast<std::size_t>(term)];
  use.written = access != Access::kRead;
  use.inserts = access == Access::kInsert;
  return term;
}

}  // namespace

void reads_session(Context& context, std::string_view name) {
  if (name == "pg_cursors" || name == "pg_cursor") context.out.reads_cursors = true;
  if (name == "pg_prepared_statements" || name == "pg_prepared_statement")
    context.fault(FaultReason::kNotSupported,
                  std::string(name) +
                      " is not supported on a sharded database: each server connection has others, of several clients",
                  "", true);
}

const Table* listed_table(const Context& context, const RangeVar* relation) {
  if (relation == nullptr || relation->relname == nullptr) return nullptr;
  return resolve_table(context.topology, context.settings.search_path, tree::text(relation->schemaname),
                       relation->relname)
      .table;
}

int use_relation(Context& context, Level* level, const RangeVar& relation, Access access) {
  const auto schema = tree::text(relation.schemaname);
  if (relation.catalogname != nullptr && context.topology.database != relation.catalogname)
    context.fault(FaultReason::kNotSupported, "cross-database references are not implemented", "");
  const auto resolved = resolve_table(context.topology, context.settings.search_path, schema, relation.relname);
  const bool is_known = resolved.meaning == NameMeaning::kListed || resolved.meaning == NameMeaning::kUnlisted;
  if (is_known && context.topology.catalog &&
      !context.topology.catalog->is_replica_safe(resolved.schema, relation.relname))
    context.out.replica_safe = false;
  if (is_known && access != Access::kRead && context.topology.catalog &&
      context.topology.catalog->leaving_tables.contains(std::string(resolved.schema) + "." + relation.relname))
    context.pin(PinReason::kRoutine);
  if (is_known && context.topology.catalog &&
      context.topology.catalog->leaving_views.contains(std::string(resolved.schema) + "." + relation.relname))
    context.pin(PinReason::kRoutine);
  const bool is_table = is_known && context.topology.catalog &&
                        !context.topology.catalog->views.contains(full_name(resolved.schema, relation.relname));
  if (!is_table && resolved.meaning != NameMeaning::kCatalog) context.out.reads_views = true;
  int term = kNoTerm;
  switch (resolved.meaning) {
    case NameMeaning::kListed: term = use_listed(context, level, *resolved.table, access); break;
    case NameMeaning::kCatalog: use_catalog(context, resolved.schema, relation.relname); break;
    case NameMeaning::kUnlisted: use_unlisted(context, resolved.schema, relation, access); break;
    case NameMeaning::kTemporary:
      context.fault(FaultReason::kNotSupported, "temporary tables are not supported on a sharded database", "");
      break;
    case NameMeaning::kUnclear:
      context.fault(
          FaultReason::kUnknownTable,
          "with this search_path it is not certain which table \"" + std::string(relation.relname) + "\" means",
          "write the schema before the table's name", true);
      break;
  }
  if (level != nullptr) {
    Item item;
    item.name = relation.alias != nullptr ? relation.alias->aliasname : relation.relname;
    if (relation.alias == nullptr) item.schema = resolved.schema;
    item.reference = resolved.table != nullptr ? resolved.table->kind == TableKind::kReference
                                               : resolved.meaning == NameMeaning::kUnlisted &&
                                                     context.topology.unlisted == Unlisted::kReference;
    item.sharded = term != kNoTerm;
    item.row_differs = context.topology.sharded() && context.topology.catalog &&
                       context.topology.catalog->differing_rows.contains(resolved.schema + "." + relation.relname);
    item.outputs = table_outputs(context, resolved.table, resolved.schema, relation, term);
    level->items.push_back(std::move(item));
  }
  return term;
}

}  // namespace shardway::router::analyze
