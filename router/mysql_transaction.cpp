#include "router/mysql_context.hpp"

// https://mariadb.com/kb/en/start-transaction/, https://mariadb.com/kb/en/xa-transactions/
namespace shardway::router::mysql {

namespace {

bool ends(const Cursor& cursor) { return cursor.at_end(); }

// START TRANSACTION's characteristics.
bool characteristics(Context& context, Cursor& cursor) {
  while (!ends(cursor)) {
    if (cursor.take_words({"with", "consistent", "snapshot"})) {
      context.out.consistent_snapshot = true;
      context.fault(FaultReason::kNotSupported, "WITH CONSISTENT SNAPSHOT is not supported on a sharded database",
                    "leave it out", false);
    } else if (cursor.take_words({"read", "only"})) {
      context.out.read_only_begin = true;
    } else if (!cursor.take_words({"read", "write"})) {
      return false;
    }
    if (!cursor.take_symbol(",")) return ends(cursor);
  }
  return true;
}

// [WORK] [AND [NO] CHAIN] [[NO] RELEASE], and not both
bool completion(Context& context, Cursor& cursor) {
  cursor.take_word("work");
  if (cursor.take_word("and")) {
    const bool no = cursor.take_word("no");
    if (!cursor.take_word("chain")) return false;
    context.out.chain = !no;
  }
  if (cursor.take_words({"no", "release"})) return ends(cursor);
  context.out.release = cursor.take_word("release");
  return ends(cursor) && !(context.out.chain && context.out.release);
}

bool begin(Context& context, Cursor& cursor) {
  auto& out = context.out;
  out.kind = StatementKind::kBegin;
  out.implicit_commit = true;
  if (cursor.take_words({"start", "transaction"})) return characteristics(context, cursor);
  cursor.skip();
  cursor.take_word("work");
  return ends(cursor);
}

bool rollback(Context& context, Cursor& cursor) {
  cursor.skip();
  const bool work = cursor.take_word("work");
  if (cursor.take_word("to")) {
    context.out.kind = StatementKind::kRollbackTo;
    if (cursor.is_word("savepoint") && cursor.at_name(1)) cursor.skip();
    context.out.name = cursor.take_name();
    return ends(cursor) && !context.out.name.empty();
  }
  context.out.kind = StatementKind::kRollback;
  (void)work;
  return completion(context, cursor);
}

bool named(Context& context, Cursor& cursor, StatementKind kind) {
  context.out.kind = kind;
  context.out.name = cursor.take_name();
  return ends(cursor) && !context.out.name.empty();
}

// XA {START | BEGIN | END | PREPARE | COMMIT | ROLLBACK} xid …, XA RECOVER
bool xa(Context& context, Cursor& cursor) {
  cursor.skip();
  auto& out = context.out;
  out.kind = StatementKind::kTwoPhase;
  out.name = lower_case(cursor.take_name());
  if (out.name == "begin") out.name = "start";
  if (out.name != "recover") context.pin(PinReason::kXa);
  context.fault(FaultReason::kNotSupported, "XA is not supported on a sharded database", "use COMMIT and ROLLBACK",
                false);
  return true;
}

bool transaction(Context& context, Cursor& cursor) {
  if (cursor.is_word("begin") || (cursor.is_word("start") && cursor.is_word("transaction", 1)))
    return begin(context, cursor);
  if (cursor.take_word("commit")) {
    context.out.kind = StatementKind::kCommit;
    return completion(context, cursor);
  }
  if (cursor.is_word("rollback")) return rollback(context, cursor);
  if (cursor.take_word("savepoint")) return named(context, cursor, StatementKind::kSavepoint);
  if (cursor.take_words({"release", "savepoint"})) return named(context, cursor, StatementKind::kReleaseSavepoint);
  return cursor.is_word("xa") && xa(context, cursor);
}

}  // namespace

bool transaction_statement(Context& context, Cursor cursor) {
  const auto& starts = cursor;
  if (!starts.is_any_word({"begin", "start", "commit", "rollback", "savepoint", "release", "xa"})) return false;
  const Statement before = context.out;
  if (transaction(context, cursor)) return true;
  context.out = before;
  return false;
}

}  // namespace shardway::router::mysql
