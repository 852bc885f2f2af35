#include <algorithm>

#include "router/mysql_scope.hpp"
#include "router/numbering.hpp"
#include "router/table_names.hpp"

// What a statement does to AUTO_INCREMENT columns. https://mariadb.com/kb/en/auto_increment/
namespace shardway::router::mysql {

namespace {

std::string quoted_column(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) quoted.append(c == '`' ? 2 : 1, c);
  return quoted + '`';
}

}  // namespace

bool is_itself(const Cursor& one, std::string_view column) {
  const bool called = one.is_any_word({"values", "value", "last_insert_id"}) && one.is_symbol("(", 1) &&
                      one.is_symbol(")", 3) && one.place() + 4 == one.last();
  const std::size_t at = called ? 2 : 0;
  return (called || one.place() + 1 == one.last()) && one.at_name(at) && same_name(one.name(at), column);
}

std::size_t place_among(const std::vector<Column>& columns, std::string_view name) {
  std::size_t place = 0;
  for (const auto& column : columns) {
    if (column.hidden) continue;
    if (same_name(column.name, name)) return place;
    ++place;
  }
  return kNowhere;
}

std::string list_of(const std::vector<Column>& columns) {
  std::string list;
  for (const auto& column : columns)
    if (!column.hidden) list += (list.empty() ? " (" : ", ") + quoted_column(column.name);
  return list + ")";
}

// From here on it is noted what the rows give the AUTO_INCREMENT column, if the table has one and is on several shards.
void Walk::expect_numbers(const Item& item, bool ignores) {
  const auto& topology = context_.topology;
  const auto kind = item.table != nullptr                       ? item.table->kind
                    : topology.unlisted == Unlisted::kReference ? TableKind::kReference
                                                                : TableKind::kSingle;
  const auto* known = columns_of(item);
  if (known == nullptr || kind == TableKind::kSingle) return;
  const auto column = std::find_if(known->begin(), known->end(), [](const auto& one) { return one.auto_increment; });
  if (column == known->end()) return;
  auto& rows = context_.out.numbered.emplace();
  rows.kind = kind;
  rows.table = item.table != nullptr ? shown_name(*item.table) : '"' + item.name + '"';
  rows.column = column->name;
  rows.type = column->type;
  rows.ignores = ignores;
  rows.has_triggers = topology.catalog->has_triggers(item.table != nullptr ? item.table->schema : "",
                                                     item.table != nullptr ? item.table->name : item.name);
  if (kind != TableKind::kSharded) return;
  rows.is_key = column->name == item.table->key;
  rows.is_accepted = !rows.is_key && numbered_column(*item.table, *known) == nullptr;
}

// Where the number stands among an INSERT's values. As with keys, a list that was left out is written in.
std::size_t Walk::number_position(const Item& item, const std::vector<std::string>& columns, bool listed,
                                  const Cursor& rows) {
  auto& numbered = context_.out.numbered;
  if (!numbered) return kNowhere;
  auto position = kNowhere;
  if (listed) {
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const std::string& name) { return same_name(name, numbered->column); });
    if (found != columns.end()) position = static_cast<std::size_t>(found - columns.begin());
  } else if (const bool gives_nothing =
                 rows.is_any_word({"values", "value"}) && rows.is_symbol("(", 1) && rows.is_symbol(")", 2);
             !gives_nothing) {
    const auto& known = *columns_of(item);
    position = place_among(known, numbered->column);
    if (item.term == kNoTerm)
      context_.out.column_lists.push_back({static_cast<std::uint32_t>(rows.place() - 1), list_of(known)});
  }
  numbered->leaves_out = position == kNowhere;
  return position;
}

// What one row gives. Anything but a constant is no value: then there are fewer of them than rows.
void Walk::number(Cursor one) {
  auto& values = context_.out.numbered->values;
  if (is_word_alone(one, "default"))
    values.emplace_back();
  else if (const auto given = value(one))
    values.push_back(*given);
}

// Numbers that differ over the shards stay as they were given.
void Walk::keeps_number(const Item& item, std::string_view column, Cursor value) {
  const auto* known = item.term != kNoTerm ? columns_of(item) : nullptr;
  const auto* numbered = known != nullptr ? numbered_column(*item.table, *known) : nullptr;
  if (numbered == nullptr || !same_name(column, numbered->name) || is_itself(value, numbered->name)) return;
  context_.fault(FaultReason::kNotSupported,
                 "changing the AUTO_INCREMENT column \"" + numbered->name + "\" of " + shown_name(*item.table) +
                     " is not supported: its numbers must differ over the shards",
                 "leave the column out of SET, or delete the row and insert it again", false);
}

}  // namespace shardway::router::mysql
