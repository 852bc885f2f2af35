#include <algorithm>
#include <map>

#include "router/postgres_scope.hpp"

namespace shardway::router::analyze {

namespace {

using Sets = std::map<int, std::vector<ValueRef>>;  // by term: one of these values

// What one predicate says: values of terms, and equalities between columns.
struct Found {
  Sets sets;
  std::vector<std::pair<Column, Column>> equal;
};

Column column_of(const Level& level, const Node* node) {
  if (node == nullptr || tree::tag(node) != T_ColumnRef) return {};
  return resolve(level, *tree::as<ColumnRef>(node));
}

class Reader {
 public:
  static constexpr std::size_t kSubquery = static_cast<std::size_t>(-1);

  Reader(Context& context, const Level& level, Range range) : context_(context), level_(level), range_(range) {}

  void read(const Node* node, Found& found) {
    if (node == nullptr || context_.depth > kMaxDepth) return;
    ++context_.depth;
    if (tree::tag(node) == T_BoolExpr)
      read_bool(*tree::as<BoolExpr>(node), found);
    else if (tree::tag(node) == T_A_Expr)
      read_comparison(*tree::as<A_Expr>(node), found);
    else if (tree::tag(node) == T_SubLink)
      read_in_subquery(*tree::as<SubLink>(node), found);
    --context_.depth;
  }

 private:
  static constexpr int kMaxDepth = 1000;

  // A predicate restricts a column only if its item's rows that fail it do not matter.
  bool restricts(const Column& column) const {
    return column.term != kNoTerm && column.local && column.pushable && range_.contains(column.item);
  }

  void add(Found& found, const Column& column, std::vector<ValueRef> values) {
    auto& known = found.sets[column.term];
    if (known.empty() || values.size() < known.size()) known = std::move(values);
  }

  void read_bool(const BoolExpr& expression, Found& found) {
    if (expression.boolop == AND_EXPR) {
      for (const auto* argument : tree::Nodes(expression.args)) read(argument, found);
      return;
    }
    if (expression.boolop != OR_EXPR) return;
    // Every branch must say something about a term; then it has one of all the branches' values.
    Sets all;
    bool first = true;
    for (const auto* argument : tree::Nodes(expression.args)) {
      Found branch;
      read(argument, branch);
      if (first) {
        all = std::move(branch.sets);
        first = false;
        continue;
      }
      for (auto set = all.begin(); set != all.end();) {
        const auto same = branch.sets.find(set->first);
        if (same == branch.sets.end()) {
          set = all.erase(set);
          continue;
        }
        set->second.insert(set->second.end(), same->second.begin(), same->second.end());
        ++set;
      }
    }
    for (auto& [term, values] : all) {
      auto& known = found.sets[term];
      if (known.empty() || values.size() < known.size()) known = std::move(values);
    }
  }

  void read_comparison(const A_Expr& expression, Found& found) {
    if (!tree::is_operator(expression.name, "=")) return;
    switch (expression.kind) {
      case AEXPR_OP: read_equal(expression.lexpr, expression.rexpr, found); break;
      case AEXPR_NOT_DISTINCT: read_not_distinct(expression, found); break;
      case AEXPR_IN: read_in(expression, found); break;
      case AEXPR_OP_ANY: read_any(expression, found); break;
      default: break;
    }
  }

  void read_equal(const Node* left, const Node* right, Found& found) {
    if (left == nullptr || right == nullptr) return;
    if (tree::tag(left) == T_RowExpr && tree::tag(right) == T_RowExpr) {
      const tree::Nodes lefts(tree::as<RowExpr>(left)->args), rights(tree::as<RowExpr>(right)->args);
      if (lefts.size() != rights.size()) return;
      for (std::size_t i = 0; i < lefts.size(); ++i) read_equal(lefts[i], rights[i], found);
      return;
    }
    const auto on_left = column_of(level_, left), on_right = column_of(level_, right);
    if (on_left.term != kNoTerm && on_right.term != kNoTerm) {
      found.equal.emplace_back(on_left, on_right);
      return;
    }
    read_column_is(on_left, right, found);
    read_column_is(on_right, left, found);
  }

  void read_column_is(const Column& column, const Node* node, Found& found) {
    if (column.term == kNoTerm) return;
    const auto value = constant(context_, node, context_.table_of(column.term).key_type);
    if (value && restricts(column)) add(found, column, {*value});
  }

  // Unlike =, this is true of two NULLs: only a constant that is surely none restricts like =.
  void read_not_distinct(const A_Expr& expression, Found& found) {
    for (const auto& [side, other] :
         {std::pair(expression.lexpr, expression.rexpr), std::pair(expression.rexpr, expression.lexpr)}) {
      const auto column = column_of(level_, side);
      if (!restricts(column)) continue;
      const auto value = constant(context_, other, context_.table_of(column.term).key_type);
      if (value && value->source == ValueRef::Source::kLiteral) add(found, column, {*value});
    }
  }

  void read_in(const A_Expr& expression, Found& found) {
    const auto* list = tree::as<List>(expression.rexpr);
    if (expression.lexpr != nullptr && tree::tag(expression.lexpr) == T_RowExpr) {
      const tree::Nodes columns(tree::as<RowExpr>(expression.lexpr)->args);
      for (std::size_t i = 0; i < columns.size(); ++i) read_in_column(column_of(level_, columns[i]), list, i, found);
      return;
    }
    read_in_column(column_of(level_, expression.lexpr), list, std::string_view::npos, found);
  }

  // `position`: of the column in the rows of the list; npos if the list is of plain values.
  void read_in_column(const Column& column, const List* list, std::size_t position, Found& found) {
    if (column.term == kNoTerm) return;
    const auto type = context_.table_of(column.term).key_type;
    std::vector<ValueRef> values;
    for (const auto* element : tree::Nodes(list)) {
      if (position != std::string_view::npos) {
        if (tree::tag(element) != T_RowExpr) return;
        const tree::Nodes row(tree::as<RowExpr>(element)->args);
        if (position >= row.size()) return;
        element = row[position];
      }
      const auto value = constant(context_, element, type);
      if (!value) return;
      values.push_back(*value);
    }
    if (restricts(column)) add(found, column, std::move(values));
  }

  void read_any(const A_Expr& expression, Found& found) {
    const auto column = column_of(level_, expression.lexpr);
    if (column.term == kNoTerm) return;
    auto values = constant_array(context_, expression.rexpr, context_.table_of(column.term).key_type);
    if (values && !values->empty() && restricts(column)) add(found, column, std::move(*values));
  }

  // key IN (SELECT key FROM …): the outer key is one of the inner ones, and only inner rows with it matter.
  void read_in_subquery(const SubLink& link, Found& found) {
    if (link.subLinkType != ANY_SUBLINK || link.operName != nullptr) return;
    const auto outer = column_of(level_, link.testexpr);
    const auto inner = context_.sublinks.find(&link);
    if (outer.term == kNoTerm || inner == context_.sublinks.end()) return;
    const auto& outputs = inner->second;
    if (!outputs.exact || outputs.columns.size() != 1 || outputs.columns[0].term == kNoTerm) return;
    Column column;
    column.term = outputs.columns[0].term;
    column.pushable = outputs.columns[0].pushable;
    column.item = kSubquery;
    found.equal.emplace_back(outer, column);
  }

  Context& context_;
  const Level& level_;
  Range range_;
};

}  // namespace

// Integers of all sizes are one key if they are equal; other types only among themselves.
bool same_family(const Table& left, const Table& right) {
  const auto family = [](KeyType type) { return type == KeyType::kText ? 1 : type == KeyType::kUuid ? 2 : 0; };
  return family(left.key_type) == family(right.key_type);
}

void equal_columns(Context& context, const Level& level, const Column& left, const Column& right, Range range) {
  if (left.term == right.term || !same_family(context.table_of(left.term), context.table_of(right.term))) return;
  const auto may = [&](const Column& column) {
    if (!column.pushable) return false;
    if (column.item == Reader::kSubquery) return true;
    return column.local && range.contains(column.item);
  };
  const bool left_may = may(left), right_may = may(right);
  const bool joins = level.top && left_may && right_may && left.local && right.local;
  if (left_may) context.edges.push_back({left.term, right.term, joins});
  if (right_may) context.edges.push_back({right.term, left.term, joins});
}

void predicate(Context& context, const Level& level, const Node* node, Range range) {
  Found found;
  Reader(context, level, range).read(node, found);
  for (auto& [term, values] : found.sets) context.limit_to(term, std::move(values));
  for (const auto& [left, right] : found.equal) equal_columns(context, level, left, right, range);
}

}  // namespace shardway::router::analyze
