#include "router/mysql_context.hpp"

// https://mariadb.com/kb/en/set/, https://mariadb.com/kb/en/set-transaction/, https://mariadb.com/kb/en/set-statement/
namespace shardway::router::mysql {

namespace {

const std::initializer_list<std::string_view> kSessionWords = {"session", "local"};
const std::initializer_list<std::string_view> kGlobalWords = {"global", "persist", "persist_only"};

// From an assignment's value to the comma behind it, or to the end (or to FOR, in SET STATEMENT).
std::size_t end_of_value(Cursor cursor, bool until_for) {
  while (!cursor.at_end() && !cursor.is_symbol(",") && !(until_for && cursor.is_word("for"))) {
    if (cursor.is_symbol("("))
      cursor.skip_parenthesised();
    else
      cursor.skip();
  }
  return cursor.place();
}

bool is_constant_word(const Cursor& cursor, bool user_variable) {
  if (cursor.is_any_word({"true", "false", "null"})) return true;
  return !user_variable && cursor.peek().kind == TokenKind::kWord;
}

// One value that means the same whenever it is sent again.
bool is_constant(Cursor cursor, std::size_t end, bool user_variable) {
  if (cursor.is_symbol("-") || cursor.is_symbol("+")) {
    cursor.skip();
    if (cursor.peek().kind != TokenKind::kInteger && cursor.peek().kind != TokenKind::kNumber) return false;
  }
  if (cursor.place() + 1 != end) return false;
  return is_literal(cursor.peek().kind) || cursor.peek().kind == TokenKind::kNationalString ||
         is_constant_word(cursor, user_variable);
}

class Assignments {
 public:
  Assignments(Context& context, Cursor& cursor, bool until_for)
      : context_(context), cursor_(cursor), until_for_(until_for) {}

  bool read() {
    do {
      if (!assignment()) return false;
    } while (cursor_.take_symbol(","));
    return cursor_.at_end() || (until_for_ && cursor_.is_word("for"));
  }

 private:
  bool assignment() {
    Setting setting;
    if (cursor_.take_word("names")) return character_set(std::move(setting), "names");
    if (cursor_.is_word("charset") || (cursor_.is_word("character") && cursor_.is_word("set", 1))) {
      cursor_.skip(cursor_.is_word("charset") ? 1 : 2);
      return character_set(std::move(setting), "character set");
    }
    if (cursor_.peek().kind == TokenKind::kUserVariable) {
      setting.name = lower_case(cursor_.source());
      cursor_.skip();
      return value(std::move(setting));
    }
    const bool marked = cursor_.peek().kind == TokenKind::kSystemVariable;
    if (marked) cursor_.skip();
    const bool dotted = marked && cursor_.is_symbol(".", 1);
    if (!marked || dotted) scope(setting, dotted);
    if (!cursor_.at_name()) return false;
    setting.name = lower_case(cursor_.take_name());
    if (cursor_.take_symbol(".")) setting.name += "." + lower_case(cursor_.take_name());
    return value(std::move(setting));
  }

  void scope(Setting& setting, bool dotted) {
    const bool global = cursor_.is_any_word(kGlobalWords);
    if (!global && !cursor_.is_any_word(kSessionWords)) return;
    if (!dotted && (cursor_.is_symbol("=", 1) || cursor_.is_symbol(":=", 1))) return;
    setting.global = global;
    cursor_.skip(dotted ? 2 : 1);
  }

  bool value(Setting setting) {
    if (!cursor_.take_symbol("=") && !cursor_.take_symbol(":=")) return false;
    return value_until(std::move(setting), end_of_value(cursor_, until_for_));
  }

  bool value_until(Setting setting, std::size_t end) {
    const auto first = cursor_.place();
    if (end == first) return false;
    const bool user_variable = setting.name.front() == '@';
    if (!user_variable && end == first + 1 && cursor_.is_word("default")) {
      // The default is the empty value.
    } else if (is_constant(cursor_, end, user_variable)) {
      setting.value_sql = cursor_.between(first, end);
    } else {
      setting.computed = true;
      scan_effects(context_, Cursor(cursor_.text(), cursor_.tokens(), first, end));
    }
    setting.local = until_for_;
    cursor_.go_to(end);
    context_.set(std::move(setting));
    return true;
  }

  // NAMES x [COLLATE y], CHARACTER SET x: kept as they are written.
  bool character_set(Setting setting, std::string_view name) {
    setting.name = name;
    const auto first = cursor_.place();
    if (!cursor_.at_name() && cursor_.peek().kind != TokenKind::kString) return false;
    const bool is_default = cursor_.is_word("default");
    cursor_.skip();
    if (cursor_.take_word("collate")) {
      if (!cursor_.at_name() && cursor_.peek().kind != TokenKind::kString) return false;
      cursor_.skip();
    }
    if (!is_default) setting.value_sql = cursor_.between(first, cursor_.place());
    setting.local = until_for_;
    context_.set(std::move(setting));
    return true;
  }

  Context& context_;
  Cursor& cursor_;
  bool until_for_;
};

// The names differ: https://mariadb.com/kb/en/server-system-variables/#tx_isolation
std::string_view variable_of(const MysqlMode& mode, bool isolation) {
  const bool old = mode.server == MysqlMode::Server::kMariaDb && mode.version < 110101;
  if (isolation) return old ? "tx_isolation" : "transaction_isolation";
  return old ? "tx_read_only" : "transaction_read_only";
}

std::string isolation_value(Cursor& cursor) {
  if (cursor.take_words({"read", "uncommitted"})) return "'READ-UNCOMMITTED'";
  if (cursor.take_words({"read", "committed"})) return "'READ-COMMITTED'";
  if (cursor.take_words({"repeatable", "read"})) return "'REPEATABLE-READ'";
  return cursor.take_word("serializable") ? "'SERIALIZABLE'" : "";
}

// SET TRANSACTION is the next transaction's; SET SESSION TRANSACTION sets two variables.
bool transaction_settings(Context& context, Cursor& cursor) {
  auto& out = context.out;
  const bool global = cursor.is_word("global");
  const bool session = cursor.is_any_word(kSessionWords);
  if (global || session) cursor.skip();
  if (!cursor.take_word("transaction")) return false;
  out.kind = global || session ? StatementKind::kSet : StatementKind::kSetTransaction;
  do {
    Setting setting;
    setting.global = global;
    const bool isolation = cursor.take_words({"isolation", "level"});
    setting.name = variable_of(context.mode(), isolation);
    if (isolation) {
      setting.value_sql = isolation_value(cursor);
    } else if (cursor.take_word("read")) {
      setting.value_sql = cursor.is_word("only") ? "1" : cursor.is_word("write") ? "0" : "";
      cursor.skip();
    }
    if (setting.value_sql.empty()) return false;
    if (global || session) {
      context.set(std::move(setting));
    } else if (isolation) {
      out.serializable_begin = setting.value_sql == "'SERIALIZABLE'";
      out.name = setting.value_sql.substr(1, setting.value_sql.size() - 2);
    } else {
      out.read_only_begin = setting.value_sql == "1";
    }
  } while (cursor.take_symbol(","));
  return cursor.at_end();
}

void role_or_account(Context& context, std::string_view what) {
  context.out.kind = StatementKind::kOther;
  context.not_sharded(what);
}

// SET STATEMENT a = 1, b = 2 FOR statement
bool for_statement(Context& context, Cursor& cursor) {
  constexpr int kMaxDepth = 16;
  if (++context.depth > kMaxDepth) return false;
  cursor.skip();
  if (!Assignments(context, cursor, true).read() || !cursor.take_word("for")) return false;
  const auto settings = std::move(context.out.settings);
  context.out.settings.clear();
  analyze_statement(context, cursor);
  // Its own settings are gone when it ends; they may change where it may run, and what is read of it.
  context.out.settings.insert(context.out.settings.begin(), settings.begin(), settings.end());
  context.out.replica_safe = false;
  context.not_sharded("SET STATEMENT", "set the variables before the statement");
  return true;
}

bool special(Context& context, Cursor& cursor) {
  const bool scoped = cursor.is_any_word({"global", "session", "local"}) && cursor.is_word("transaction", 1);
  if (scoped || (cursor.is_word("transaction") && !cursor.is_symbol("=", 1) && !cursor.is_symbol(":=", 1))) {
    if (!transaction_settings(context, cursor)) context.not_understood = true;
    return true;
  }
  if (cursor.is_word("statement") && !cursor.is_symbol("=", 1)) {
    if (!for_statement(context, cursor)) context.not_understood = true;
    return true;
  }
  if (cursor.is_word("role") && !cursor.is_symbol("=", 1)) {
    context.out.name = cursor.between(cursor.place() + 1, cursor.last());
    context.pin(PinReason::kRole);
    return true;
  }
  if (cursor.is_word("password") || (cursor.is_word("default") && cursor.is_word("role", 1))) {
    role_or_account(context, "SET PASSWORD and SET DEFAULT ROLE");
    context.out.implicit_commit = true;
    return true;
  }
  if (cursor.is_word("resource") && cursor.is_word("group", 1)) {
    role_or_account(context, "SET RESOURCE GROUP");
    context.pin(PinReason::kUninspected);
    return true;
  }
  return false;
}

}  // namespace

void set_statement(Context& context, Cursor cursor) {
  context.out.kind = StatementKind::kSet;
  cursor.skip();
  if (special(context, cursor)) return;
  if (!Assignments(context, cursor, false).read()) context.not_understood = true;
}

}  // namespace shardway::router::mysql
