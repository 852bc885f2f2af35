#include <set>

#include "proxy/config/check.hpp"
#include "proxy/config/words.hpp"

namespace shardway::proxy::config {
namespace {

std::string label(const Table& table) { return "table " + quote(table.name); }

void check_sharded(const Database& database, const Table& table, const Value& at, Report& report) {
  constexpr char kExample[] = "for example key = \"customer_id\" and type = \"bigint\"";
  if (table.key.empty() && !unread(at, "key", report))
    report.error(at.at, label(table) + " is sharded and has no key", kExample);
  else if (!table.key.empty() && !parse_column_name(table.key))
    report.error(where(at, {"key"}), label(table) + ": " + quote(table.key) + " is not a column's name",
                 "write one name; one with capitals or signs in quotes: '\"Customer Id\"'");
  if (table.type.empty()) {
    if (!unread(at, "type", report))
      report.error(at.at, label(table) + " is sharded and has no type of its key", kExample);
    return;
  }
  const auto type = parse_key_type(table.type, database.protocol);
  if (const Wrong* wrong = std::get_if<Wrong>(&type))
    report.error(where(at, {"type"}), label(table) + ": " + wrong->message, wrong->hint);
}

void check_single(const Database& database, const Table& table, const Value& at, Report& report) {
  if (table.shard.empty()) {
    if (!unread(at, "shard", report))
      report.error(at.at, label(table) + " is single and has no shard", "add shard = \"…\": where its rows are");
  } else if (!has_shard(database, table.shard)) {
    report.error(where(at, {"shard"}), label(table) + ": " + quote(table.shard) + " is not a shard of this database",
                 shard_hint(database, table.shard));
  }
}

// A key that means nothing for this kind of table is a misunderstanding worth an error.
void check_misplaced(const Table& table, const Value& at, std::initializer_list<std::string_view> keys,
                     std::string_view kind, Report& report) {
  for (std::string_view key : keys)
    if (at.find(key))
      report.error(where(at, {key}), label(table) + " is " + std::string(kind) + ": it has no " + std::string(key),
                   "remove " + std::string(key) + ", or change kind");
}

void check_name(const Table& table, const Value& at, std::set<std::string>& seen, Report& report) {
  if (!at.find("name") || unread(at, "name", report)) return;
  const auto name = parse_table_name(table.name);
  if (!name) {
    report.error(where(at, {"name"}), quote(table.name) + " is not a table's name",
                 "write \"table\" or \"schema.table\"; names with capitals or signs in quotes: 'public.\"Orders\"'");
    return;
  }
  if (name->schema.starts_with("pg_") || name->schema == "information_schema")
    report.error(where(at, {"name"}), label(table) + " belongs to the server itself", "list only tables of your own");
  if (!seen.insert(name->schema + "." + name->name).second)
    report.error(where(at, {"name"}), "table " + quote(name->schema + "." + name->name) + " is there twice",
                 "remove one of the two [[database.table]]");
}

}  // namespace

void check_tables(const Database& database, const Value& at, Report& report) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < database.tables.size(); ++i) {
    const Table& table = database.tables[i];
    const Value& place = element(at, "table", i);
    check_name(table, place, seen, report);
    if (unread(place, "kind", report)) continue;
    switch (table.kind) {
      case router::TableKind::kSharded:
        check_sharded(database, table, place, report);
        check_misplaced(table, place, {"shard"}, "sharded", report);
        break;
      case router::TableKind::kReference:
        check_misplaced(table, place, {"key", "type", "shard"}, "a reference table", report);
        break;
      case router::TableKind::kSingle:
        check_single(database, table, place, report);
        check_misplaced(table, place, {"key", "type"}, "single", report);
        break;
    }
  }
}

}  // namespace shardway::proxy::config
