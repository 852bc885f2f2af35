#include <algorithm>

#include "router/mysql_context.hpp"

namespace shardway::router::mysql {

namespace {

// Behind WITH and its common table expressions, and any opening parentheses: at the verb.
Cursor verb_of(Cursor cursor) {
  while (cursor.take_symbol("(")) {}
  if (!cursor.take_word("with")) return cursor;
  cursor.take_word("recursive");
  do {
    cursor.take_name();
    if (cursor.is_symbol("(")) cursor.skip_parenthesised();
    if (!cursor.take_word("as") || !cursor.is_symbol("(")) return Cursor(cursor.text(), cursor.tokens(), 0, 0);
    cursor.skip_parenthesised();
    // CYCLE a, b RESTRICT
    if (cursor.is_word("cycle"))
      while (!cursor.at_end() && !cursor.take_word("restrict")) cursor.skip();
  } while (cursor.take_symbol(","));
  while (cursor.take_symbol("(")) {}
  return cursor;
}

bool is_query(const Cursor& cursor) {
  const auto verb = verb_of(cursor);
  return verb.is_any_word({"select", "insert", "replace", "update", "delete", "values"}) ||
         (verb.is_word("table") && verb.at_name(1));
}

// EXPLAIN, DESCRIBE, DESC, and MariaDB's ANALYZE, which runs the statement.
bool explain(Context& context, Cursor cursor) {
  const bool named = cursor.is_any_word({"explain", "describe", "desc"});
  if (!named && (!cursor.is_word("analyze") || cursor.is_word("table", 1))) return false;
  bool runs = !named;
  cursor.skip();
  for (;;) {
    if (cursor.is_word("format") && cursor.is_symbol("=", 1)) {
      cursor.skip(3);
    } else if (cursor.is_word("analyze")) {
      runs = true;
      cursor.skip();
    } else if (cursor.is_any_word({"extended", "partitions"}) && cursor.peek(1).kind != TokenKind::kEnd) {
      cursor.skip();
    } else {
      break;
    }
  }
  auto& out = context.out;
  if (!is_query(cursor)) {
    if (!named) return false;
    // DESCRIBE t, EXPLAIN FOR CONNECTION 7
    out.kind = StatementKind::kRead;
    out.uses_catalog = true;
    out.replica_safe = !cursor.is_word("for");
    if (!out.replica_safe) context.not_sharded("EXPLAIN FOR CONNECTION");
    context.not_scatterable("EXPLAIN");
    return true;
  }
  query_statement(context, cursor);
  out.is_explain = true;
  context.not_scatterable("EXPLAIN");
  if (runs) return true;
  out.kind = StatementKind::kRead;
  out.writes_reference = out.writes_single = out.writes_unlisted = false;
  for (auto& use : out.sharded) use.written = use.inserts = false;
  return true;
}

bool dispatch(Context& context, Cursor cursor) {
  if (is_query(cursor)) return query_statement(context, cursor), true;
  if (cursor.is_word("set")) return set_statement(context, cursor), true;
  return transaction_statement(context, cursor) || explain(context, cursor) || ddl_statement(context, cursor) ||
         utility_statement(context, cursor);
}

}  // namespace

void query_statement(Context& context, Cursor cursor) {
  auto& out = context.out;
  const auto verb = verb_of(cursor);
  const bool writes = verb.is_any_word({"insert", "replace", "update", "delete"});
  out.kind = writes ? StatementKind::kWrite : StatementKind::kRead;
  out.replica_safe = !writes;
  if (writes) context.not_scatterable("a write");
  scan_effects(context, cursor);
  if (!context.topology.sharded()) return;
  if (!query_tables(context, cursor)) context.not_understood = true;
  out.locks_reference = out.locks_reference && !out.reference_tables.empty();
}

void analyze_statement(Context& context, Cursor cursor) {
  const bool known = dispatch(context, cursor);
  if (known && !context.not_understood) return;
  // What is not understood may be anything; where it is a query, its effects were seen all the same.
  auto& out = context.out;
  if (!known || out.kind == StatementKind::kSet || out.kind == StatementKind::kSetTransaction)
    context.pin(PinReason::kUninspected);
  out.kind = StatementKind::kOther;
  out.replica_safe = false;
}

}  // namespace shardway::router::mysql
