// mysql::Context: everything that is collected while one statement of a text is looked at, and the analyzer's parts.
// A part is handed a Cursor at the statement's beginning and adds to Context::out. Not here: the walk of queries
// (mysql_scope.hpp). Lives for one call of analyze_mysql().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "router/mysql_cursor.hpp"

namespace shardway::router::mysql {

struct Context {
  const Topology& topology;
  const ParseSettings& settings;
  const std::vector<std::uint32_t>& literals;    // by token: how many literals stand before it
  const std::vector<std::uint32_t>& parameters;  // by token: how many ? stand before it
  Statement& out;
  bool not_understood = false;
  int depth = 0;  // of SET STATEMENT … FOR SET STATEMENT …

  const MysqlMode& mode() const noexcept { return settings.mysql; }
  // The first reason stays: it is the one that stands first in the statement.
  void not_scatterable(std::string_view why) {
    if (out.not_scatterable.empty()) out.not_scatterable = why;
  }
  void not_repeatable(std::string_view why) {
    if (out.not_repeatable.empty()) out.not_repeatable = why;
  }
  void pin(PinReason reason) {
    if (out.pins == PinReason::kNone) out.pins = reason;
  }
  void fault(FaultReason reason, std::string message, std::string hint, bool yields_to_hint = true);
  // `what` in the singular: "LOCK TABLES is not supported on a sharded database".
  void not_sharded(std::string_view what, std::string hint = {});
  // A setting or user variable, and the pin of one whose value is not in the text.
  void set(Setting setting);
};

// mysql_split.cpp: the statements of a text as places among its tokens. `goes_on`: the text may go on behind this one
// in a way that only a parser of stored programs would see.
struct Piece {
  std::size_t first = 0, last = 0;
  bool compound = false;
  bool goes_on = false;
};
std::vector<Piece> split(std::string_view text, const Tokens& tokens, const MysqlMode& mode);

// mysql_effects.cpp: what expressions do besides giving values: functions, variables, sequences, locks, INTO.
void scan_effects(Context& context, Cursor cursor);

// mysql_statement.cpp
void analyze_statement(Context& context, Cursor cursor);
void query_statement(Context& context, Cursor cursor);

// mysql_transaction.cpp. False: it is something else.
bool transaction_statement(Context& context, Cursor cursor);
// mysql_setting.cpp
void set_statement(Context& context, Cursor cursor);
// mysql_utility.cpp
bool utility_statement(Context& context, Cursor cursor);
void show_statement(Context& context, Cursor cursor);
// mysql_ddl.cpp
bool ddl_statement(Context& context, Cursor cursor);

// mysql_own_time.cpp: the column of a reference table that an ALTER TABLE would fill differently on each copy, or "".
// The cursor is behind the table's name; `known`: its columns, null: nothing is known of them.
std::string column_filled_apart(const Context& context, Cursor cursor, const std::vector<Column>* known);

// mysql_tables.cpp: the tables and keys of a SELECT, INSERT, REPLACE, UPDATE, DELETE, VALUES or TABLE on a sharded
// database. False: not understood.
bool query_tables(Context& context, Cursor cursor);

}  // namespace shardway::router::mysql
