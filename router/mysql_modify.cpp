#include <algorithm>

#include "router/mysql_scope.hpp"
#include "router/table_names.hpp"

// https://mariadb.com/kb/en/insert/, https://mariadb.com/kb/en/update/, https://mariadb.com/kb/en/delete/
namespace shardway::router::mysql {

namespace {

// VALUES (1), (2) UNION SELECT 3
bool rows_are_part_of_query(Cursor cursor) {
  if (!cursor.take_word("values") && !cursor.take_word("value")) return false;
  do {
    if (cursor.is_symbol("(")) cursor.skip_parenthesised();
  } while (cursor.take_symbol(","));
  return at_set_operation(cursor);
}

// As an INSERT without a list takes them.
std::vector<std::string> names_of(const std::vector<Column>* columns) {
  std::vector<std::string> names;
  for (std::size_t i = 0; columns != nullptr && i < columns->size(); ++i)
    if (!(*columns)[i].hidden) names.push_back((*columns)[i].name);
  return names;
}

}  // namespace

void Walk::written(Item& item) {
  auto& out = context_.out;
  if (item.term != kNoTerm) out.sharded[static_cast<std::size_t>(item.term)].written = true;
  if (item.table == nullptr) return;
  if (item.table->kind == TableKind::kReference) out.writes_reference = true;
  if (item.table->kind == TableKind::kSingle) out.writes_single = true;
}

void Walk::needs_key(const Table& table, std::string what) {
  context_.fault(FaultReason::kNeedsKey, "INSERT into " + shown_name(table) + ": " + std::move(what),
                 "give the shard key " + shown_key(table) + " as a constant or a parameter in every row", false);
}

// Those of the table that is inserted into; null: not known.
const std::vector<Column>* Walk::columns_of(const Item& item) const {
  const auto& topology = context_.topology;
  if (!topology.catalog) return nullptr;
  if (item.table != nullptr) return topology.catalog->columns(item.table->schema, item.table->name);
  return item.database == topology.database ? topology.catalog->columns("", item.name) : nullptr;
}

// Where the key stands among an INSERT's values. A list that was left out belongs behind the token of number `behind`:
// so what is planned with these columns is what the server does, or an error.
std::size_t Walk::key_position(const Item& item, const std::vector<std::string>& columns, bool listed,
                               std::size_t behind) {
  const auto& table = *item.table;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (same_name(columns[i], table.key)) return i;
  if (listed) {
    needs_key(table, "the shard key \"" + table.key + "\" is missing in the column list");
    return kNowhere;
  }
  const auto* known = columns_of(item);
  const auto position = known != nullptr ? place_among(*known, table.key) : kNowhere;
  if (position != kNowhere) {
    context_.out.column_lists.push_back({static_cast<std::uint32_t>(behind), list_of(*known)});
    return position;
  }
  context_.fault(FaultReason::kTableRefused,
                 "INSERT into " + shown_name(table) + " without a column list: its columns are not known",
                 "name the columns: INSERT INTO " + shown_name(table) + " (" + table.key + ", …) …", false);
  return kNowhere;
}

// A default that is computed anew on every copy of a reference table.
void Walk::check_defaults(const Item& item, const std::vector<std::string>& columns, bool listed) {
  const auto* known = columns_of(item);
  if (known == nullptr || !listed) return;
  for (const auto& column : *known) {
    const bool given = std::any_of(columns.begin(), columns.end(),
                                   [&](const std::string& name) { return same_name(name, column.name); });
    if (column.default_varies && !given) context_.not_repeatable("the default of column \"" + column.name + "\"");
  }
}

// DEFAULT and DEFAULT(column) may be computed anew on every copy, too.
void Walk::check_value(const Item& item, Cursor one) {
  const auto* known = item.term == kNoTerm ? columns_of(item) : nullptr;
  for (; known != nullptr && !one.at_end(); one.skip()) {
    if (!one.is_word("default")) continue;
    for (const auto& column : *known)
      if (column.default_varies) return context_.not_repeatable("the default of column \"" + column.name + "\"");
  }
}

// And so may a column that is changed along with others.
void Walk::check_update(const Item& item, const std::vector<std::string>& assigned) {
  const auto* known = item.term == kNoTerm ? columns_of(item) : nullptr;
  if (known == nullptr) return;
  for (const auto& column : *known) {
    const bool given = std::any_of(assigned.begin(), assigned.end(),
                                   [&](const std::string& name) { return same_name(name, column.name); });
    if (column.varies_on_update && !given)
      context_.not_repeatable("column \"" + column.name + "\", which changes with every update,");
  }
}

bool Walk::insert_rows(Cursor& cursor, const Level& level, const std::vector<std::string>& columns,
                       std::size_t position, std::size_t number_at) {
  const int term = level.items[0].term;
  std::vector<ValueRef> keys;
  do {
    if (!cursor.take_symbol("(")) return false;
    std::optional<ValueRef> key;
    std::size_t place = 0;
    if (cursor.is_symbol(")")) {
      check_defaults(level.items[0], {}, true);
    } else {
      do {
        const auto one = expression(cursor);
        if (one.at_end() || !walk(one, level)) return false;
        check_value(level.items[0], one);
        if (place < columns.size()) check_null(level.items[0], columns[place], one, true);
        if (place == number_at) number(one);
        if (place++ == position) key = value(one);
      } while (cursor.take_symbol(","));
    }
    if (!cursor.take_symbol(")")) return false;
    if (context_.out.numbered) ++context_.out.numbered->rows;
    if (term == kNoTerm || position == kNowhere) continue;
    if (!key) {
      needs_key(table_of(term), "the shard key \"" + table_of(term).key + "\" is not a constant");
      continue;
    }
    keys.push_back(*key);
  } while (cursor.take_symbol(","));
  if (!keys.empty()) limit_to(term, std::move(keys));
  return true;
}

bool Walk::insert_set(Cursor& cursor, const Level& level) {
  const auto& item = level.items[0];
  auto& numbered = context_.out.numbered;
  std::vector<std::string> columns;
  do {
    auto name = cursor.take_name();
    while (cursor.take_symbol(".")) name = cursor.take_name();
    if (name.empty() || (!cursor.take_symbol("=") && !cursor.take_symbol(":="))) return false;
    const auto one = expression(cursor);
    if (one.at_end() || !walk(one, level)) return false;
    if (item.term != kNoTerm && same_name(name, table_of(item.term).key))
      if (const auto key = value(one)) limit_to(item.term, {*key});
    check_value(item, one);
    check_null(item, name, one, true);
    if (numbered && same_name(name, numbered->column)) number(one);
    columns.push_back(std::move(name));
  } while (cursor.take_symbol(","));
  check_defaults(item, columns, true);
  if (numbered) {
    numbered->rows = 1;
    numbered->leaves_out =
        numbered->values.empty() && std::none_of(columns.begin(), columns.end(),
                                                 [&](const auto& name) { return same_name(name, numbered->column); });
  }
  if (item.term != kNoTerm && constants_[static_cast<std::size_t>(item.term)].size() != 1)
    needs_key(table_of(item.term), "the shard key \"" + table_of(item.term).key + "\" is not given as one constant");
  return true;
}

bool Walk::insert_query(Cursor& cursor, const Level& level, const std::vector<std::string>& ctes,
                        std::size_t position) {
  Outputs outputs;
  if (!query(cursor, nullptr, ctes, false, outputs)) return false;
  context_.not_repeatable("INSERT … SELECT without a certain order");
  const int term = level.items[0].term;
  if (term == kNoTerm || position == kNowhere) return true;
  context_.out.sharded[static_cast<std::size_t>(term)].ignores = true;
  const auto* output = outputs.exact && position < outputs.columns.size() ? &outputs.columns[position] : nullptr;
  if (output != nullptr && output->term != kNoTerm) {
    edges_.push_back({term, output->term, false});
  } else if (output != nullptr && output->value && output->value->source != ValueRef::Source::kNull) {
    limit_to(term, {*output->value});
  } else {
    needs_key(table_of(term),
              "the shard key \"" + table_of(term).key + "\" of the selected rows is not proven to be one of a shard");
  }
  return true;
}

// ON DUPLICATE KEY UPDATE must leave the key alone.
bool Walk::on_duplicate(Cursor& cursor, const Level& level) {
  if (!cursor.take_words({"on", "duplicate", "key", "update"})) return true;
  if (context_.out.numbered) context_.out.numbered->updates = true;
  auto copy = level;
  return assignments(cursor, copy, false);
}

// VALUES (…), (…), or a query.
bool Walk::inserted_rows(Cursor& cursor, const Level& level, const std::vector<std::string>& ctes,
                         const std::vector<std::string>& columns, bool listed) {
  const auto& item = level.items[0];
  // `INSERT INTO t () VALUES ()` lists nothing, and gives nothing.
  const auto position = item.term != kNoTerm ? key_position(item, columns, listed, cursor.place() - 1) : kNowhere;
  const auto number_at = number_position(item, columns, listed, cursor);
  check_defaults(item, columns, listed);
  const bool is_query = rows_are_part_of_query(cursor) || !(cursor.take_word("values") || cursor.take_word("value"));
  if (is_query) return insert_query(cursor, level, ctes, position);
  return insert_rows(cursor, level, listed ? columns : names_of(columns_of(item)), position, number_at);
}

bool Walk::insert(Cursor& cursor, const std::vector<std::string>& ctes) {
  cursor.skip();
  bool ignores = false;
  for (; cursor.is_any_word({"low_priority", "delayed", "high_priority", "ignore"}); cursor.skip())
    ignores = ignores || cursor.is_word("ignore");
  cursor.take_word("into");
  Level level;
  level.ctes = ctes;
  std::string database, name = cursor.take_name();
  if (cursor.take_symbol(".")) {
    database = std::move(name);
    name = cursor.take_name();
  }
  if (name.empty()) return false;
  const int inserted = use_table(level, database, name, {}, Access::kInsert);
  if (inserted != kNoTerm) context_.out.sharded[static_cast<std::size_t>(inserted)].ignores = ignores;
  expect_numbers(level.items[0], ignores);
  if (cursor.take_word("partition")) cursor.skip_parenthesised();
  std::vector<std::string> columns;
  const bool listed =
      cursor.is_symbol("(") && !cursor.is_any_word({"select", "with", "values"}, 1) && !cursor.is_symbol("(", 1);
  if (listed) {
    cursor.skip();
    while (!cursor.at_end() && !cursor.is_symbol(")")) {
      auto column_name = cursor.take_name();
      while (cursor.take_symbol(".")) column_name = cursor.take_name();
      columns.push_back(std::move(column_name));
      if (!cursor.take_symbol(",") && !cursor.is_symbol(")")) return false;
    }
    cursor.skip();
  }
  if (cursor.take_word("set") ? !insert_set(cursor, level) : !inserted_rows(cursor, level, ctes, columns, listed))
    return false;
  if (cursor.take_word("as")) return false;
  if (!on_duplicate(cursor, level)) return false;
  if (!cursor.take_word("returning")) return true;
  context_.out.returns_rows = true;
  do {
    if (!walk(expression(cursor), level)) return false;
  } while (cursor.take_symbol(","));
  return true;
}

// a = 1, t.b = a + 1. `several`: tables, of which those assigned to are written.
bool Walk::assignments(Cursor& cursor, Level& level, bool several) {
  std::vector<std::string> assigned;
  do {
    const auto first = cursor.place();
    std::vector<std::string> parts{cursor.take_name()};
    while (cursor.take_symbol(".")) parts.push_back(cursor.take_name());
    const auto target = slice(cursor, first, cursor.place());
    if (parts.back().empty() || (!cursor.take_symbol("=") && !cursor.take_symbol(":="))) return false;
    const auto one = expression(cursor);
    if (one.at_end() || !walk(one, level)) return false;
    for (auto& item : level.items) {
      if (parts.size() > 1 && item.name != parts[parts.size() - 2]) continue;
      if (several) written(item);
      check_value(item, one);
      check_null(item, parts.back(), one, false);
      keeps_number(item, parts.back(), one);
      if (item.term == kNoTerm || !same_name(parts.back(), table_of(item.term).key)) continue;
      const auto meaning = column(one, level);
      const auto of_target = column(target, level);
      const bool is_itself = meaning && of_target && meaning->term == of_target->term;
      const bool is_values = one.is_any_word({"values", "value"}) && one.is_symbol("(", 1) &&
                             same_name(one.name(2), parts.back()) && one.is_symbol(")", 3) &&
                             one.place() + 4 == one.last();
      if (is_itself || is_values) continue;
      context_.fault(FaultReason::kNotSupported,
                     "changing the shard key " + shown_key(table_of(item.term)) + " is not supported",
                     "leave the column out of SET, or delete the row and insert it again", false);
    }
    assigned.push_back(std::move(parts.back()));
  } while (cursor.take_symbol(","));
  for (const auto& item : level.items) check_update(item, assigned);
  return true;
}

bool Walk::update(Cursor& cursor, const std::vector<std::string>& ctes) {
  cursor.skip();
  while (cursor.is_any_word({"low_priority", "ignore"})) cursor.skip();
  Level level;
  level.ctes = ctes;
  if (!from(cursor, level) || !cursor.take_word("set")) return false;
  const bool several = level.items.size() > 1;
  if (several) context_.not_repeatable("UPDATE of several tables");
  if (!several) {
    written(level.items[0]);
    if (level.items[0].table == nullptr && context_.out.uses_unlisted) context_.out.writes_unlisted = true;
  } else if (context_.out.uses_unlisted) {
    context_.out.writes_unlisted = true;
  }
  if (!assignments(cursor, level, several) || !where(cursor, level)) return false;
  if (cursor.is_any_word({"order", "limit"})) context_.not_repeatable("LIMIT or OFFSET");
  if (cursor.take_words({"order", "by"})) {
    do {
      if (!walk(expression(cursor), level)) return false;
    } while (cursor.take_symbol(","));
  }
  if (cursor.take_word("limit")) expression(cursor);
  return true;
}

bool Walk::remove(Cursor& cursor, const std::vector<std::string>& ctes) {
  cursor.skip();
  while (cursor.is_any_word({"low_priority", "quick", "ignore"})) cursor.skip();
  Level level;
  level.ctes = ctes;
  // The targets of a DELETE of several tables: before FROM, or before USING.
  std::vector<std::string> targets;
  const bool from_first = cursor.take_word("from");
  auto ahead = cursor;
  const auto read_targets = [&targets](Cursor& at) {
    do {
      auto name = at.take_name();
      while (at.take_symbol("."))
        if (!at.take_symbol("*")) name = at.take_name();
      targets.push_back(std::move(name));
    } while (at.take_symbol(","));
  };
  read_targets(ahead);
  const bool several = from_first ? ahead.is_word("using") : ahead.is_word("from");
  if (!several && !from_first) return false;
  if (several) {
    cursor = ahead;
    cursor.skip();
    context_.not_repeatable("DELETE of several tables");
  }
  if (!from(cursor, level)) return false;
  if (!several && level.items.size() != 1) return false;
  std::size_t found = 0;
  for (auto& item : level.items) {
    const bool target = !several || std::find(targets.begin(), targets.end(), item.name) != targets.end();
    if (!target) continue;
    ++found;
    written(item);
  }
  if (context_.out.uses_unlisted) context_.out.writes_unlisted = true;
  if (several && found != targets.size()) return false;
  if (!where(cursor, level)) return false;
  if (cursor.is_any_word({"order", "limit"})) context_.not_repeatable("LIMIT or OFFSET");
  if (cursor.take_words({"order", "by"})) {
    do {
      if (!walk(expression(cursor), level)) return false;
    } while (cursor.take_symbol(","));
  }
  if (cursor.take_word("limit")) expression(cursor);
  if (cursor.take_word("returning")) {
    context_.out.returns_rows = true;
    do {
      if (!walk(expression(cursor), level)) return false;
    } while (cursor.take_symbol(","));
  }
  return true;
}

}  // namespace shardway::router::mysql
