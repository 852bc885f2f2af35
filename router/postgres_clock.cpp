#include <algorithm>
#include <optional>

#include "router/clock_calls.hpp"
#include "router/postgres_scope.hpp"
#include "router/routine_body.hpp"
#include "router/table_names.hpp"

namespace shardway::router::analyze {

namespace {

using Columns = std::vector<router::Column>;

// The tokens of the statement, by number.
class Tokens {
 public:
  explicit Tokens(const Context& context) : text_(context.text.substr(context.out.begin)) {
    StatementLexer lexer(text_, context.settings.standard_conforming_strings);
    for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) all_.push_back(token);
  }
  std::size_t size() const { return all_.size(); }
  std::string_view at(std::size_t number) const {
    return number < all_.size() ? text_.substr(all_[number].begin, all_[number].end - all_[number].begin)
                                : std::string_view();
  }
  std::size_t number_of(std::uint32_t place) const {
    const auto found = std::find_if(all_.begin(), all_.end(), [&](const Token& token) { return token.begin >= place; });
    return static_cast<std::size_t>(found - all_.begin());
  }
  // Of the parenthesis that ends what stands between this one's and it.
  std::optional<std::size_t> end_of(std::size_t opening) const {
    int depth = 0;
    for (auto number = opening; number < all_.size(); ++number) {
      const auto token = at(number);
      if (token == "(" || token == "[") ++depth;
      if (token == ")" || token == "]") --depth;
      if (depth == 0) return number;
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
  std::vector<Token> all_;
};

// Where the column list and the rows of `INSERT INTO t (…) [OVERRIDING … VALUE] VALUES (…), (…)` end; nothing if it is
// written otherwise.
std::optional<ClockDefaults> ends_of(const Context& context, const InsertStmt& insert, std::size_t rows) {
  const Tokens tokens(context);
  const auto* first = tree::as<ResTarget>(tree::Nodes(insert.cols)[0]);
  if (first->location < 0) return std::nullopt;
  const auto column = tokens.number_of(static_cast<std::uint32_t>(first->location) - context.out.begin);
  if (column == 0 || tokens.at(column - 1) != "(") return std::nullopt;
  const auto list = tokens.end_of(column - 1);
  if (!list) return std::nullopt;
  ClockDefaults ends;
  ends.list = static_cast<std::uint32_t>(*list);
  auto number = *list + 1;
  if (equals_word(tokens.at(number), "overriding")) number += 3;
  if (!equals_word(tokens.at(number), "values")) return std::nullopt;
  for (++number; ends.rows.size() < rows; ++number) {
    const auto end = tokens.at(number) == "(" ? tokens.end_of(number) : std::nullopt;
    if (!end) return std::nullopt;
    ends.rows.push_back(static_cast<std::uint32_t>(*end));
    number = *end + 1;  // the comma, if another one follows
  }
  return ends;
}

const Columns* columns_of(const Context& context, const RangeVar& table) {
  const auto named =
      resolve_table(context.topology, context.settings.search_path, tree::text(table.schemaname), table.relname);
  return context.topology.catalog ? context.topology.catalog->columns(named.schema, table.relname) : nullptr;
}

// Where a column stands in the list; nothing if it does not.
std::optional<std::size_t> place_of(const router::Column& column, const tree::Nodes& given) {
  for (std::size_t i = 0; i < given.size(); ++i)
    if (column.name == tree::as<ResTarget>(given[i])->name) return i;
  return std::nullopt;
}

std::size_t values_in(const tree::Nodes& rows) {
  return rows.size() == 0 ? 0 : tree::Nodes(tree::as<List>(rows[0])).size();
}

// What the server connection did before would be the value.
void note_session_default(Context& context, const router::Column& column) {
  static const std::unordered_set<std::string> names = {"currval", "lastval"};
  if (!column.default_sql.empty() && calls_one_of(column.default_sql, names)) context.out.uses_session_sequence = true;
}

bool says_default(const tree::Nodes& rows, std::size_t place) {
  for (const auto* row : rows) {
    const tree::Nodes values(tree::as<List>(row));
    if (place < values.size() && values[place] != nullptr && tree::tag(values[place]) == T_SetToDefault) return true;
  }
  return false;
}

}  // namespace

void note_clock_defaults(Context& context, const InsertStmt& insert) {
  const auto* columns = columns_of(context, *insert.relation);
  if (columns == nullptr) return;
  const tree::Nodes given(insert.cols);
  const auto* select = insert.selectStmt == nullptr ? nullptr : tree::as<SelectStmt>(insert.selectStmt);
  const bool has_rows = select != nullptr && select->valuesLists != nullptr && select->op == SETOP_NONE;
  const tree::Nodes rows(has_rows ? select->valuesLists : nullptr);
  std::vector<ClockDefaults::Column> left;
  for (std::size_t i = 0; i < columns->size(); ++i) {
    const auto& column = (*columns)[i];
    const auto place = place_of(column, given);
    if (column.generated || (place && !says_default(rows, *place))) continue;
    const bool is_given = given.size() == 0 && i < values_in(rows) && !says_default(rows, i);
    if (!is_given) note_session_default(context, column);
    const bool named = names_clock(column.default_sql);
    if (!named && !calls_clock(column.default_sql)) continue;
    if (place || named) context.hidden_clock("the default of column \"" + column.name + "\"");
    left.push_back({quoted_name(column.name), column.default_sql});
  }
  if (left.empty()) return;
  auto ends = has_rows && given.size() > 0 ? ends_of(context, insert, rows.size()) : std::optional<ClockDefaults>();
  if (!ends) return context.hidden_clock("the default of column " + left.front().name);
  ends->columns = std::move(left);
  context.out.clock_defaults.push_back(std::move(*ends));
}

void note_clock_defaults(Context& context, const CopyStmt& copy) {
  const auto* columns = columns_of(context, *copy.relation);
  if (columns == nullptr || copy.attlist == nullptr) return;
  for (const auto& column : *columns) {
    bool is_given = false;
    for (const auto* name : tree::Nodes(copy.attlist)) is_given = is_given || tree::string_of(name) == column.name;
    if (is_given || column.generated) continue;
    note_session_default(context, column);
    if (calls_clock(column.default_sql) || names_clock(column.default_sql))
      context.hidden_clock("the default of column " + quoted_name(column.name));
  }
}

void note_session_defaults(Context& context, const RangeVar& table, const List* targets) {
  const auto* columns = columns_of(context, table);
  if (columns == nullptr) return;
  for (const auto* node : tree::Nodes(targets)) {
    const auto* target = tree::as<ResTarget>(node);
    if (!says_default(target->val)) continue;
    for (const auto& column : *columns)
      if (column.name == tree::text(target->name)) note_session_default(context, column);
  }
}

}  // namespace shardway::router::analyze
