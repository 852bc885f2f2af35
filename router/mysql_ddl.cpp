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

// What every shard can be told alike, without looking at the definition: the rest is left to an operator.
bool is_for_every_shard(Cursor cursor) {
  if (cursor.is_word("drop")) {
    cursor.skip();
    return cursor.is_any_word({"table", "index", "view"});
  }
  return false;
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
    context.not_sharded("TRUNCATE TABLE", "use DELETE, or name the shard in a comment: /* shardway: shard=… */");
    return true;
  }
  const bool maintains = cursor.is_any_word({"analyze", "optimize", "repair", "check"}) &&
                         (cursor.is_any_word({"table", "tables", "view", "local", "no_write_to_binlog"}, 1));
  if (maintains || cursor.is_any_word({"create", "alter", "drop", "rename"})) {
    out.kind = maintains ? StatementKind::kDdlAlone : StatementKind::kDdl;
    out.implicit_commit = true;
    if (!is_for_every_shard(cursor))
      context.not_sharded(std::string(cursor.source()) + " of this kind",
                          "run it on each shard: /* shardway: shard=… */ names one");
    return true;
  }
  return false;
}

}  // namespace shardway::router::mysql
