#include <charconv>

#include "router/mysql_context.hpp"

namespace shardway::router::mysql {

namespace {

bool use(Context& context, Cursor cursor) {
  cursor.skip();
  context.out.kind = StatementKind::kUse;
  context.out.name = cursor.take_name();
  if (!cursor.at_end() || context.out.name.empty()) context.not_understood = true;
  return true;
}

// KILL [HARD | SOFT] [CONNECTION | QUERY [ID]] number; by user it is left to the server.
bool kill(Context& context, Cursor cursor) {
  cursor.skip();
  auto& out = context.out;
  out.kind = StatementKind::kKill;
  Kill facts;
  facts.soft = cursor.take_word("soft");
  if (!facts.soft) cursor.take_word("hard");
  facts.query = cursor.take_word("query");
  if (!facts.query) cursor.take_word("connection");
  const auto number = cursor.source();
  std::uint64_t id = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), id);
  if (cursor.peek().kind == TokenKind::kInteger && parsed.ec == std::errc{} && cursor.peek(1).kind == TokenKind::kEnd)
    facts.connection = id;
  facts.is_parameter = cursor.peek().kind == TokenKind::kParameter && cursor.peek(1).kind == TokenKind::kEnd;
  facts.is_own = cursor.is_word("connection_id") && cursor.peek(3).kind == TokenKind::kEnd;
  out.kill = facts;
  scan_effects(context, cursor);
  return true;
}

bool lock(Context& context, Cursor cursor) {
  cursor.skip();
  auto& out = context.out;
  if (!cursor.is_any_word({"tables", "table"})) return false;
  out.kind = StatementKind::kLock;
  out.implicit_commit = true;
  context.pin(PinReason::kTableLock);
  context.not_sharded("LOCK TABLES");
  return true;
}

bool load(Context& context, Cursor cursor) {
  const auto begin = cursor;
  cursor.skip();
  if (!cursor.take_word("data") && !cursor.take_word("xml")) return false;
  auto& out = context.out;
  out.kind = StatementKind::kLoadData;
  for (; !cursor.at_end() && !cursor.is_word("infile"); cursor.skip())
    if (cursor.is_word("local")) out.loads_client_file = true;
  auto list = cursor;  // behind IGNORE 1 LINES, which is no function
  while (!list.at_end() && !(list.is_any_word({"lines", "rows"}) && list.is_symbol("(", 1))) list.skip();
  scan_effects(context, Cursor(cursor.text(), cursor.tokens(), cursor.place(), list.place()));
  if (list.skip(); !list.at_end()) scan_effects(context, list);
  if (context.topology.sharded() && !query_tables(context, begin))
    context.fault(FaultReason::kNotSupported, "this LOAD DATA is not supported on a sharded database",
                  "use INSERT with many rows", /*yields_to_hint=*/false);
  return true;
}

bool prepare(Context& context, Cursor cursor) {
  auto& out = context.out;
  if (cursor.take_word("prepare")) {
    out.kind = StatementKind::kSqlPrepare;
    out.name = cursor.take_name();
    context.pin(PinReason::kSqlPrepare);
  } else if (cursor.take_word("execute")) {
    if (cursor.is_word("immediate")) {
      out.kind = StatementKind::kOther;
      context.pin(PinReason::kUninspected);
    } else {
      out.kind = StatementKind::kSqlExecute;
      out.name = cursor.take_name();
      // What it does was said to PREPARE, whose connection this is.
      context.pin(PinReason::kSqlPrepare);
    }
  } else if (cursor.is_any_word({"deallocate", "drop"}) && cursor.is_word("prepare", 1)) {
    cursor.skip(2);
    out.kind = StatementKind::kDeallocate;
    out.name = cursor.take_name();
    return true;
  } else {
    return false;
  }
  scan_effects(context, cursor);
  context.not_sharded("PREPARE and EXECUTE as SQL text", "use the driver's prepared statements");
  return true;
}

bool handler(Context& context, Cursor cursor) {
  cursor.skip();
  context.out.kind = StatementKind::kHandler;
  context.pin(PinReason::kHandler);
  context.not_sharded("HANDLER");
  return true;
}

bool call(Context& context, Cursor cursor) {
  cursor.skip();
  context.out.kind = StatementKind::kCall;
  context.pin(PinReason::kRoutine);
  scan_effects(context, cursor);
  return true;
}

bool evaluate(Context& context, Cursor cursor) {
  cursor.skip();
  context.out.kind = StatementKind::kDo;
  scan_effects(context, cursor);
  return true;
}

// Statements for the server itself. Which of them commit was tried on MariaDB 10.11.
bool administration(Context& context, Cursor cursor) {
  auto& out = context.out;
  if (cursor.is_word("flush")) {
    for (auto rest = cursor; !rest.at_end(); rest.skip())
      if (rest.is_word("lock") || rest.is_word("export")) context.pin(PinReason::kTableLock);
    out.implicit_commit = true;
  } else if (cursor.is_any_word({"grant", "revoke", "install", "uninstall", "reset"})) {
    out.implicit_commit = true;
  } else if (cursor.is_word("get") || cursor.is_word("signal") || cursor.is_word("resignal")) {
    out.reads_last_outcome = cursor.is_word("get");
    scan_effects(context, cursor);
  } else if (cursor.is_word("backup") || cursor.is_word("lock")) {
    context.pin(PinReason::kTableLock);
    out.implicit_commit = true;
  } else if (!cursor.is_any_word({"checksum", "help", "import", "unlock", "purge", "change", "cache", "load", "start",
                                  "stop", "shutdown", "binlog", "clone", "restart"})) {
    return false;
  }
  out.kind = StatementKind::kOther;
  return true;
}

// GET DIAGNOSTICS @a = NUMBER, CONDITION 1 @b = MESSAGE_TEXT
void diagnostics(Context& context, Cursor cursor) {
  for (; !cursor.at_end(); cursor.skip()) {
    if (cursor.peek().kind != TokenKind::kUserVariable || !cursor.is_symbol("=", 1)) continue;
    Setting setting;
    setting.name = lower_case(cursor.source());
    setting.computed = true;
    context.set(std::move(setting));
  }
}

// What one shard's server says for all: names and definitions.
bool shows_definitions(Cursor cursor) {
  while (cursor.is_any_word({"full", "extended", "session", "local"})) cursor.skip();
  return cursor.is_any_word({"databases", "schemas", "tables", "columns", "fields", "index", "indexes", "keys",
                             "create", "collation", "charset", "character", "engines", "privileges", "triggers",
                             "storage"});
}

}  // namespace

void show_statement(Context& context, Cursor cursor) {
  cursor.skip();
  auto& out = context.out;
  out.kind = StatementKind::kRead;
  out.uses_catalog = true;
  context.not_scatterable("SHOW");
  for (auto rest = cursor; !rest.at_end(); rest.skip())
    if (rest.is_any_word({"warnings", "errors"})) out.reads_last_outcome = true;
  if (out.reads_last_outcome) return;
  out.replica_safe = shows_definitions(cursor);
  const bool of_session = cursor.is_any_word({"variables", "session", "local", "grants"});
  if (!out.replica_safe && !of_session)
    context.not_sharded("SHOW of one server's state", "name the shard in a comment: /* shardway: shard=… */");
  const bool safe = out.replica_safe;
  scan_effects(context, cursor);
  out.replica_safe = safe && out.replica_safe;
}

bool utility_statement(Context& context, Cursor cursor) {
  if (cursor.is_word("use")) return use(context, cursor);
  if (cursor.is_word("show")) return show_statement(context, cursor), true;
  if (cursor.is_word("kill")) return kill(context, cursor);
  if (cursor.is_word("lock") && lock(context, cursor)) return true;
  if (cursor.is_word("unlock") && cursor.is_any_word({"tables", "table"}, 1)) {
    // It commits only where LOCK TABLES was: its session knows.
    context.out.kind = StatementKind::kUnlock;
    return true;
  }
  if (cursor.is_word("load") && load(context, cursor)) return true;
  if (prepare(context, cursor)) return true;
  if (cursor.is_word("handler")) return handler(context, cursor);
  if (cursor.is_word("call")) return call(context, cursor);
  if (cursor.is_word("do")) return evaluate(context, cursor);
  if (cursor.is_word("get")) diagnostics(context, cursor);
  return administration(context, cursor);
}

}  // namespace shardway::router::mysql
