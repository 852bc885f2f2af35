#include "proxy/control/catalog_reader.hpp"

#include <algorithm>
#include <string_view>

namespace shardway::proxy::control {

const char* const kCatalogQuery =
    "SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated <> ''"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relpersistence <> 't' AND a.attnum > 0 AND NOT a.attisdropped"
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    " ORDER BY c.oid, a.attnum;"
    "SELECT DISTINCT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
    " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema');"
    "SELECT n.nspname, c.relname, a.attname FROM pg_collation o JOIN pg_attribute a ON a.attcollation = o.oid"
    " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE NOT o.collisdeterministic AND a.attnum > 0 AND NOT a.attisdropped";

namespace {

std::string text(const PGresult* r, int row, int column) { return PQgetvalue(r, row, column); }
std::string table_name(const PGresult* r, int row) { return text(r, row, 0) + "." + text(r, row, 1); }

// Several spellings are one key type; the first is the one to name.
std::vector<std::string_view> type_names(router::KeyType type) {
  switch (type) {
    case router::KeyType::kBigint: return {"bigint"};
    case router::KeyType::kInteger: return {"integer"};
    case router::KeyType::kSmallint: return {"smallint"};
    case router::KeyType::kText: return {"text", "character varying"};
    case router::KeyType::kUuid: return {"uuid"};
  }
  return {};
}

// "character varying(20)" -> "character varying"
std::string_view without_modifier(std::string_view type) { return type.substr(0, type.find('(')); }

void check_key(const router::Table& table, const std::string& name, const std::vector<router::Column>& columns,
               const CatalogAnswer& found, std::vector<TableProblem>& problems) {
  const auto column =
      std::find_if(columns.begin(), columns.end(), [&](const router::Column& c) { return c.name == table.key; });
  if (column == columns.end()) {
    problems.push_back({name, table.key, "the table has no such key column", "name an existing column as key"});
    return;
  }
  const auto expected = type_names(table.key_type);
  if (std::find(expected.begin(), expected.end(), without_modifier(column->type)) == expected.end()) {
    problems.push_back({name, table.key,
                        "the key column is " + column->type + ", configured as " + std::string(expected[0]),
                        "set the table's type to what the column is: rows may be looked for on the wrong shard"});
  }
  if (found.loosely_compared.contains(name + "." + table.key)) {
    problems.push_back({name, table.key, "the key column compares by a nondeterministic collation",
                        "give it a deterministic one: equal keys may be on different shards"});
  }
}

}  // namespace

CatalogAnswer read_catalog(const std::vector<Result>& results) {
  CatalogAnswer answer;
  if (results.size() != 3) return answer;
  const auto* columns = results[0].get();
  for (int i = 0; i < PQntuples(columns); ++i) {
    answer.catalog.tables[table_name(columns, i)].push_back(
        {text(columns, i, 2), text(columns, i, 3), *PQgetvalue(columns, i, 4) == 't'});
  }
  const auto* functions = results[1].get();
  for (int i = 0; i < PQntuples(functions); ++i) answer.catalog.user_functions.insert(text(functions, i, 0));
  const auto* loose = results[2].get();
  for (int i = 0; i < PQntuples(loose); ++i)
    answer.loosely_compared.insert(table_name(loose, i) + "." + text(loose, i, 2));
  return answer;
}

bool same(const router::Catalog& a, const router::Catalog& b) {
  if (a.tables.size() != b.tables.size() || a.user_functions != b.user_functions) return false;
  return std::all_of(a.tables.begin(), a.tables.end(), [&b](const auto& table) {
    const auto other = b.tables.find(table.first);
    return other != b.tables.end() &&
           std::equal(table.second.begin(), table.second.end(), other->second.begin(), other->second.end(),
                      [](const router::Column& x, const router::Column& y) {
                        return x.name == y.name && x.type == y.type && x.generated == y.generated;
                      });
  });
}

std::vector<TableProblem> check_tables(const router::Topology& topology, const CatalogAnswer& found) {
  std::vector<TableProblem> problems;
  for (const auto& table : topology.tables.all()) {
    if (table.kind == router::TableKind::kSingle && table.shard != topology.home) continue;
    const auto name = (table.schema.empty() ? "public" : table.schema) + "." + table.name;
    const auto columns = found.catalog.tables.find(name);
    if (columns == found.catalog.tables.end()) {
      problems.push_back(
          {name, table.key, "the table does not exist", "create it through Shardway, or correct its name"});
    } else if (table.kind == router::TableKind::kSharded) {
      check_key(table, name, columns->second, found, problems);
    }
  }
  return problems;
}

}  // namespace shardway::proxy::control
