#include <algorithm>

#include "router/mysql_context.hpp"

// https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/
namespace shardway::router::mysql {

namespace {

// db.t, t: as it is written.
std::string take_table_name(Cursor& cursor) {
  auto name = cursor.take_name();
  if (cursor.is_symbol(".") && cursor.at_name(1)) {
    cursor.skip();
    name += "." + cursor.take_name();
  }
  return name;
}

bool create_temporary(Context& context, Cursor cursor) {
  cursor.skip();
  if (cursor.is_word("or") && cursor.is_word("replace", 1)) cursor.skip(2);
  if (!cursor.take_word("temporary")) return false;
  if (!cursor.take_word("table") && !cursor.take_word("sequence")) return false;
  if (cursor.is_word("if")) cursor.skip(3);
  context.out.kind = StatementKind::kDdl;
  context.out.temporary_tables.push_back(take_table_name(cursor));
  context.pin(PinReason::kTemporaryTable);
  context.not_sharded("CREATE TEMPORARY TABLE");
  scan_effects(context, cursor);
  return true;
}

bool drop_temporary(Context& context, Cursor cursor) {
  cursor.skip();
  if (!cursor.take_word("temporary")) return false;
  cursor.skip();
  if (cursor.is_word("if")) cursor.skip(2);
  context.out.kind = StatementKind::kDdl;
  do {
    context.out.temporary_tables.push_back(take_table_name(cursor));
  } while (cursor.take_symbol(","));
  context.not_sharded("DROP TEMPORARY TABLE");
  return true;
}

// CREATE TABLE … SELECT would fill each shard from its own rows.
bool takes_rows(Cursor cursor) {
  for (; !cursor.at_end(); cursor.skip()) {
    if (cursor.is_word("select")) return true;
    if (cursor.is_word("as") && !cursor.is_symbol("(", 1)) return true;
  }
  return false;
}

// The table a definition is about: one of the configuration's, or one it says what to do with.
void defined_table(Context& context, Cursor& cursor) {
  const auto& topology = context.topology;
  if (cursor.take_word("if")) {
    cursor.take_word("not");
    cursor.take_word("exists");
  }
  auto database = cursor.at_name() && cursor.is_symbol(".", 1) ? cursor.take_name() : std::string();
  if (!database.empty()) cursor.skip();
  auto name = cursor.take_name();
  if (context.mode().lower_case_table_names) name = lower_case(name);
  const auto& current = context.settings.search_path;
  if (database.empty()) database = current.empty() ? topology.database : std::string(current);
  const auto* table = topology.tables.find(database, name);
  if (table == nullptr && database == topology.database) table = topology.tables.find("", name);
  if (table != nullptr) {
    const auto number = static_cast<std::uint16_t>(table - topology.tables.all().data());
    if (table->kind == TableKind::kSingle) context.out.single_tables.push_back(number);
    if (table->kind == TableKind::kReference) context.out.reference_tables.push_back(number);
    if (table->kind == TableKind::kSharded) context.out.sharded.emplace_back().table = number;
    return;
  }
  if (topology.unlisted != Unlisted::kRefuse && database == topology.database) return;
  context.fault(FaultReason::kUnknownTable,
                "table \"" + name + "\" is not in the configuration of database \"" + topology.database + "\"",
                "list it as [[database.table]], or set unlisted_tables under [database.sharding]");
}

// A definition that has just been read is one of a table on several shards.
bool is_on_several(const Context& context) {
  const auto& out = context.out;
  const bool unlisted = out.sharded.empty() && out.reference_tables.empty() && out.single_tables.empty();
  return unlisted ? context.topology.unlisted == Unlisted::kReference : out.single_tables.empty();
}

// Those of the table, which is one of the configuration's; null: not known.
const std::vector<Column>* columns_of(const Context& context) {
  const auto& out = context.out;
  if (!context.topology.catalog || (out.sharded.empty() && out.reference_tables.empty())) return nullptr;
  const auto number = out.sharded.empty() ? out.reference_tables[0] : out.sharded[0].table;
  const auto& table = context.topology.tables.all()[number];
  return context.topology.catalog->columns(table.schema, table.name);
}

// Whether a column counts already, as far as is known.
bool counts(const Context& context, std::string_view column) {
  const auto* known = columns_of(context);
  return known != nullptr && std::any_of(known->begin(), known->end(), [&](const Column& one) {
           return one.auto_increment && equals_word(column, one.name);
         });
}

// ALTER TABLE … ADD n int AUTO_INCREMENT gives the rows that are there numbers. The cursor is behind the table's name.
bool numbers_rows(const Context& context, Cursor cursor) {
  std::string column;
  for (; !cursor.at_end(); cursor.skip()) {
    if (cursor.is_word("add")) column.clear();
    if (cursor.is_any_word({"modify", "change"})) {
      auto ahead = cursor;
      ahead.skip();
      ahead.take_word("column");
      ahead.take_words({"if", "exists"});
      column = ahead.take_name();
    }
    const bool is_option = cursor.is_symbol("=", 1) || cursor.peek(1).kind == TokenKind::kInteger;
    if (cursor.is_word("auto_increment") && !is_option && !counts(context, column)) return true;
  }
  return false;
}

// What every shard can be told alike, without looking at the definition: what comes of it is judged when the tables are
// read again. The rest is left to an operator.
bool is_for_every_shard(Context& context, Cursor cursor) {
  const bool creates = cursor.take_word("create");
  if (creates || cursor.take_word("alter")) {
    if (cursor.is_word("or") && cursor.is_word("replace", 1)) cursor.skip(2);
    while (cursor.is_any_word({"online", "ignore", "unique", "fulltext", "spatial"})) cursor.skip();
    if (creates && cursor.take_word("index")) {
      while (!cursor.at_end() && !cursor.is_word("on")) cursor.skip();
      if (!cursor.take_word("on")) return false;
      defined_table(context, cursor);
      return true;
    }
    if (!cursor.take_word("table")) return false;
    defined_table(context, cursor);
    if (!creates && is_on_several(context) && numbers_rows(context, cursor))
      context.fault(FaultReason::kNotSupported,
                    "making a column AUTO_INCREMENT is not supported for a table on several shards: each server would "
                    "number the rows there for itself",
                    "number the rows first, then run it on each shard: /* shardway: shard=… */ names one");
    if (!creates && is_on_several(context) && context.out.sharded.empty())
      if (const auto column = column_filled_apart(context, cursor, columns_of(context)); !column.empty())
        context.fault(
            FaultReason::kNotSupported,
            "column \"" + column + "\" of a reference table: its copies would fill the rows there differently",
            "add it as NULL without a DEFAULT, UPDATE the rows, then ALTER it to what it shall be");
    return !creates || !takes_rows(cursor);
  }
  if (!cursor.take_word("drop")) return false;
  return cursor.is_any_word({"table", "index", "view"});
}

}  // namespace

bool ddl_statement(Context& context, Cursor cursor) {
  auto& out = context.out;
  if (cursor.is_word("create") && create_temporary(context, cursor)) return true;
  if (cursor.is_word("drop") && drop_temporary(context, cursor)) return true;
  if (cursor.is_word("drop") && cursor.is_word("prepare", 1)) return false;
  if (cursor.is_word("truncate")) {
    out.kind = StatementKind::kTruncate;
    out.implicit_commit = true;
    cursor.skip();
    cursor.take_word("table");
    if (context.topology.sharded()) defined_table(context, cursor);
    return true;
  }
  const bool maintains = cursor.is_any_word({"analyze", "optimize", "repair", "check"}) &&
                         (cursor.is_any_word({"table", "tables", "view", "local", "no_write_to_binlog"}, 1));
  if (maintains || cursor.is_any_word({"create", "alter", "drop", "rename"})) {
    out.kind = maintains ? StatementKind::kDdlAlone : StatementKind::kDdl;
    out.implicit_commit = true;
    if (context.topology.sharded() && !is_for_every_shard(context, cursor))
      context.not_sharded(std::string(cursor.source()) + " of this kind",
                          "run it on each shard: /* shardway: shard=… */ names one");
    return true;
  }
  return false;
}

}  // namespace shardway::router::mysql
