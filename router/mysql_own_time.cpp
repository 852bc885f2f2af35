#include <algorithm>

#include "router/mysql_scope.hpp"

// A server stores its own time for a NULL in a TIMESTAMP column that is NOT NULL, and fills a column that is added with
// what its default computes there. Each copy of a reference table would do so for itself.
// https://mariadb.com/kb/en/timestamp/#automatic-values
namespace shardway::router::mysql {

namespace {

bool is_timestamp(std::string_view type) { return type.starts_with("timestamp"); }

// '2026-01-01', or TIMESTAMP '2026-01-01'
bool is_constant(const Cursor& one, const std::optional<ValueRef>& value) {
  if (value) return value->source == ValueRef::Source::kLiteral;
  const bool typed = one.is_any_word({"timestamp", "date"}) && one.peek(1).kind == TokenKind::kString;
  return one.peek().kind == TokenKind::kNumber ? one.place() + 1 == one.last() : typed && one.place() + 2 == one.last();
}

// What stands behind DEFAULT: a constant, a call, or anything in parentheses.
bool varies(const Context& context, const Cursor& cursor) {
  if (cursor.is_word("next")) return true;  // NEXT VALUE FOR s
  auto behind = cursor;
  if (!behind.is_symbol("(")) behind.skip();
  if (behind.is_symbol("(")) behind.skip_parenthesised();
  Statement seen;
  Context inside{context.topology, context.settings, context.literals, context.parameters, seen};
  scan_effects(inside, Cursor(cursor.text(), cursor.tokens(), cursor.place(), behind.place()));
  return !seen.not_repeatable.empty() || seen.uses_user_functions;
}

// name type … [NOT NULL] [DEFAULT …]
class ColumnDefinition {
 public:
  ColumnDefinition(const Context& context, Cursor cursor) : name_(cursor.take_name()) {
    is_timestamp_ = cursor.is_word("timestamp");
    for (bool not_before = false; !cursor.at_end(); cursor.skip_parenthesised()) {
      accepts_null_ = accepts_null_ || (cursor.is_word("null") && !not_before);
      not_before = cursor.is_word("not");
      if (!cursor.is_word("default")) continue;
      has_default_ = true;
      auto value = cursor;
      value.skip();
      default_varies_ = varies(context, value);
    }
  }
  const std::string& name() const noexcept { return name_; }
  // Rows that are there get what it computes; of a TIMESTAMP that says nothing the server's settings decide.
  bool fills_rows_apart() const noexcept {
    return default_varies_ || (is_timestamp_ && !has_default_ && !accepts_null_);
  }
  bool fills_nulls_apart() const noexcept { return is_timestamp_ && !accepts_null_; }

 private:
  std::string name_;
  bool is_timestamp_ = false, accepts_null_ = false, has_default_ = false, default_varies_ = false;
};

// Up to the next comma, behind which the cursor then stands.
Cursor take_part(Cursor& cursor) {
  const auto first = cursor.place();
  while (!cursor.at_end() && !cursor.is_symbol(",")) cursor.skip_parenthesised();
  const Cursor part(cursor.text(), cursor.tokens(), first, cursor.place());
  cursor.skip();
  return part;
}

bool names_no_column(const Cursor& cursor) {
  return cursor.is_any_word({"index", "key", "unique", "primary", "constraint", "foreign", "fulltext", "spatial",
                             "check", "partition", "period", "system", "vector"});
}

}  // namespace

bool is_word_alone(const Cursor& one, std::string_view word) {
  return one.is_word(word) && one.place() + 1 == one.last();
}

// A value for a column, as far as NULL is concerned. `is_new`: of a row that is not there yet.
void Walk::check_null(const Item& item, std::string_view column, const Cursor& one, bool is_new) {
  const auto* known = item.term == kNoTerm ? columns_of(item) : nullptr;
  if (known == nullptr) return;
  const auto found =
      std::find_if(known->begin(), known->end(), [&](const auto& c) { return same_name(column, c.name); });
  if (found == known->end() || !found->not_null || !is_timestamp(found->type)) return;
  const auto given = value(one);
  if (is_constant(one, given) || is_word_alone(one, "default") || (!is_new && is_itself(one, found->name))) return;
  if (given && given->source == ValueRef::Source::kParameter)
    context_.out.own_time_if_null.push_back(given->index);
  else
    context_.not_repeatable("NULL in column \"" + found->name + "\", for which each server stores its own time,");
}

// ALTER TABLE …: the cursor is behind the name of a table of which `known` are the columns.
std::string column_filled_apart(const Context& context, Cursor cursor, const std::vector<Column>* known) {
  const auto keeps_no_null = [&](std::string_view name) {
    return known != nullptr && std::any_of(known->begin(), known->end(), [&](const auto& one) {
             return equals_word(name, one.name) && one.not_null;
           });
  };
  while (!cursor.at_end()) {
    auto part = take_part(cursor);
    const bool adds = part.take_word("add"), changes = !adds && part.take_word("change");
    if (!adds && !changes && !part.take_word("modify")) continue;
    part.take_word("column");
    if (!part.take_words({"if", "not", "exists"})) part.take_words({"if", "exists"});
    if (adds && part.is_symbol("(")) {
      part = Cursor(part.text(), part.tokens(), part.place() + 1, part.last() - 1);
      while (!part.at_end()) {
        const auto one = take_part(part);
        const ColumnDefinition column(context, one);
        if (!names_no_column(one) && column.fills_rows_apart()) return column.name();
      }
      continue;
    }
    if (names_no_column(part)) continue;
    const auto before = part.name();
    if (changes) part.skip();
    const ColumnDefinition column(context, part);
    if (adds ? column.fills_rows_apart() : column.fills_nulls_apart() && !keeps_no_null(before)) return column.name();
  }
  return {};
}

}  // namespace shardway::router::mysql
