#include <algorithm>

#include "router/mysql_scope.hpp"
#include "router/numbering.hpp"
#include "router/table_names.hpp"

// LOAD DATA: nobody looks into the file, so the statement itself must say whose rows these are.
// https://mariadb.com/kb/en/load-data-infile/
namespace shardway::router::mysql {

// LOAD DATA … INTO TABLE t … (columns) SET key = 5
bool Walk::load(Cursor& cursor) {
  cursor.skip();
  if (!cursor.take_word("data")) return false;
  while (!cursor.at_end() && !(cursor.is_word("into") && cursor.is_word("table", 1))) cursor.skip();
  if (!cursor.take_words({"into", "table"})) return false;
  std::string database, name = cursor.take_name();
  if (cursor.take_symbol(".")) {
    database = std::move(name);
    name = cursor.take_name();
  }
  if (name.empty()) return false;
  Level level;
  use_table(level, database, name, {}, Access::kInsert);
  if (cursor.take_word("partition")) cursor.skip_parenthesised();
  bool leaves_key_out = false;
  while (!cursor.at_end() && !cursor.is_word("set")) {
    if (cursor.is_symbol("("))
      leaves_key_out = loaded_columns(cursor, level.items[0]);
    else
      cursor.skip(cursor.is_any_word({"character", "char"}) ? 2 : 1);  // CHARACTER SET
  }
  if (!loaded_constants(cursor, level)) return false;
  check_loaded(level.items[0], leaves_key_out);
  return true;
}

// True if the shard key is not among them.
bool Walk::loaded_columns(Cursor& cursor, const Item& item) {
  bool leaves_key_out = true;
  for (cursor.skip(); !cursor.at_end() && !cursor.is_symbol(")"); cursor.skip())
    if (item.term != kNoTerm && cursor.at_name() && same_name(cursor.name(), table_of(item.term).key))
      leaves_key_out = false;
  cursor.skip();
  return leaves_key_out;
}

bool Walk::loaded_constants(Cursor& cursor, const Level& level) {
  if (!cursor.take_word("set")) return true;
  const auto& item = level.items[0];
  do {
    auto name = cursor.take_name();
    while (cursor.take_symbol(".")) name = cursor.take_name();
    if (name.empty() || (!cursor.take_symbol("=") && !cursor.take_symbol(":="))) return false;
    const auto one = expression(cursor);
    if (one.at_end() || !walk(one, level)) return false;
    if (item.term == kNoTerm || !same_name(name, table_of(item.term).key)) continue;
    const auto key = value(one);
    limit_to(item.term, key ? std::vector<ValueRef>{*key} : std::vector<ValueRef>{});
  } while (cursor.take_symbol(","));
  return true;
}

void Walk::check_loaded(const Item& item, bool leaves_key_out) {
  if (item.table != nullptr && item.table->kind == TableKind::kReference)
    return context_.fault(FaultReason::kNotSupported, "LOAD DATA into a reference table is not supported",
                          "use INSERT with many rows", false);
  if (item.term == kNoTerm) return;
  const auto& table = table_of(item.term);
  const auto& constants = constants_[static_cast<std::size_t>(item.term)];
  if (!leaves_key_out || constants.size() != 1 || constants.front().size() != 1)
    return context_.fault(FaultReason::kNeedsKey,
                          "LOAD DATA into " + shown_name(table) + ": nobody knows whose rows are in the file",
                          "name the other columns and give the shard key as a constant, (…) SET " + table.key +
                              " = …; or use INSERT with many rows",
                          false);
  const auto* known = columns_of(item);
  if (known != nullptr && numbered_column(table, *known) != nullptr)
    context_.fault(FaultReason::kNotSupported,
                   "LOAD DATA into " + shown_name(table) +
                       " is not supported: its AUTO_INCREMENT numbers must differ "
                       "over the shards",
                   "use INSERT with many rows", false);
}

}  // namespace shardway::router::mysql
