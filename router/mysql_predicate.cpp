#include <algorithm>

#include "router/mysql_scope.hpp"

namespace shardway::router::mysql {

namespace {

const std::initializer_list<std::string_view> kClauses = {
    "from",   "where",     "group",   "having",        "order",     "limit", "union", "except", "intersect", "minus",
    "window", "procedure", "into",    "for",           "lock",      "on",    "using", "join",   "inner",     "cross",
    "left",   "right",     "natural", "straight_join", "returning", "set",   "fetch", "offset", "partition"};

// Words that end an expression, unless they begin a function call or stand behind a dot.
bool ends_expression(const Cursor& cursor) {
  if (cursor.is_symbol(",") || cursor.is_symbol(")") || cursor.is_symbol("}")) return true;
  if (!cursor.is_any_word(kClauses)) return false;
  if (cursor.is_word("window")) return cursor.at_name(1) && cursor.is_word("as", 2);
  if (cursor.is_word("minus")) return at_set_operation(cursor);
  return !(cursor.is_any_word({"left", "right"}) && cursor.is_symbol("(", 1));
}

// What belongs to an expression although it looks like the end of it: how many tokens.
std::size_t phrase(const Cursor& cursor) {
  if (cursor.is_any_word({"next", "previous"}) && cursor.is_word("value", 1) && cursor.is_word("for", 2)) return 3;
  if (cursor.is_word("within") && cursor.is_word("group", 1)) return 2;
  // MATCH a, b AGAINST ('x')
  std::size_t size = 0;
  if (cursor.is_word("match") && !cursor.is_symbol("(", 1))
    while (cursor.peek(size).kind != TokenKind::kEnd && !cursor.is_word("against", size)) ++size;
  return size;
}

// {d '2020-01-01'}, {fn now()}
void skip_braced(Cursor& cursor) {
  int depth = 0;
  do {
    if (cursor.is_symbol("{")) ++depth;
    if (cursor.is_symbol("}")) --depth;
    cursor.skip();
  } while (depth > 0 && !cursor.at_end());
}

bool is_case(const Cursor& cursor) { return cursor.is_word("case"); }

// Places of a connective at the range's own depth; `case` and `between` have ANDs of their own.
std::vector<std::size_t> connectives(Cursor range, bool ors, bool pipes_are_or) {
  std::vector<std::size_t> places;
  int between = 0, cases = 0;
  while (!range.at_end()) {
    if (range.is_symbol("(")) {
      range.skip_parenthesised();
      continue;
    }
    if (is_case(range)) ++cases;
    if (cases > 0 && range.is_word("end")) --cases;
    if (cases == 0) {
      const bool is_and = range.is_word("and") || range.is_symbol("&&");
      const bool is_or = range.is_word("or") || (pipes_are_or && range.is_symbol("||"));
      if (range.is_word("between")) ++between;
      if (is_and && between > 0)
        --between;
      else if (ors ? is_or : is_and)
        places.push_back(range.place());
    }
    range.skip();
  }
  return places;
}

bool has_at_top(Cursor range, std::string_view word, std::string_view symbol) {
  while (!range.at_end()) {
    if (range.is_symbol("(")) {
      range.skip_parenthesised();
      continue;
    }
    if (range.is_word(word) || range.is_symbol(symbol)) return true;
    range.skip();
  }
  return false;
}

void keep_smaller(std::map<int, std::vector<ValueRef>>& sets, int term, std::vector<ValueRef> values) {
  auto& known = sets[term];
  if (known.empty() || values.size() < known.size()) known = std::move(values);
}

}  // namespace

Cursor Walk::slice(const Cursor& cursor, std::size_t first, std::size_t last) const {
  return {cursor.text(), cursor.tokens(), first, last};
}

// Takes an expression from the cursor.
Cursor Walk::expression(Cursor& cursor) const {
  const auto first = cursor.place();
  int cases = 0;
  bool after_dot = false;
  while (!cursor.at_end() && (after_dot || cases > 0 || !ends_expression(cursor))) {
    if (is_case(cursor)) ++cases;
    if (cursor.is_word("end") && cases > 0) --cases;
    after_dot = cursor.is_symbol(".");
    if (cursor.is_symbol("("))
      cursor.skip_parenthesised();
    else if (cursor.is_symbol("{"))
      skip_braced(cursor);
    else if (const auto size = phrase(cursor); size > 0)
      cursor.skip(size);
    else
      cursor.skip();
  }
  return slice(cursor, first, cursor.place());
}

// The subqueries of an expression.
bool Walk::walk(Cursor cursor, const Level& level) {
  while (!cursor.at_end()) {
    std::size_t opened = 0;
    while (cursor.is_symbol("(", opened)) ++opened;
    if (opened == 0 || !(cursor.is_any_word({"select", "with"}, opened) ||
                         (cursor.is_word("table", opened) && cursor.at_name(opened + 1)))) {
      cursor.skip(std::max<std::size_t>(opened, 1));
      continue;
    }
    // The outermost of these parentheses that holds nothing but a query, or the innermost one.
    cursor.skip(opened - 1);
    auto behind = cursor;
    behind.skip_parenthesised();
    auto inside = slice(cursor, cursor.place() + 1, behind.place() - 1);
    Outputs outputs;
    if (!query(inside, &level, level.ctes, false, outputs) || !inside.at_end()) return false;
    cursor = behind;
  }
  return true;
}

std::optional<ValueRef> Walk::value(Cursor range) const {
  ValueRef reference;
  if (range.is_symbol("-") && range.peek(1).kind == TokenKind::kInteger) {
    reference.negated = true;
    range.skip();
  }
  if (range.place() + 1 != range.last()) return std::nullopt;
  switch (range.peek().kind) {
    case TokenKind::kString: reference.is_string = true; [[fallthrough]];
    case TokenKind::kInteger:
    case TokenKind::kHex:
      reference.source = ValueRef::Source::kLiteral;
      reference.index = context_.literals[range.place()];
      return reference;
    case TokenKind::kParameter:
      reference.source = ValueRef::Source::kParameter;
      reference.index = context_.parameters[range.place()] + 1;
      return reference;
    case TokenKind::kWord:
      if (!range.is_word("null")) return std::nullopt;
      return reference;
    default: return std::nullopt;
  }
}

// [[database.]table.]column, of this level, or qualified of an outer one.
std::optional<ColumnMeaning> Walk::column(Cursor range, const Level& level) const {
  std::vector<std::string> parts;
  for (;;) {
    if (!range.at_name()) return std::nullopt;
    parts.push_back(range.take_name());
    if (range.at_end()) break;
    if (!range.take_symbol(".")) return std::nullopt;
  }
  if (parts.size() > 3) return std::nullopt;
  const auto& name = parts.back();
  for (const Level* at = &level; at != nullptr; at = at->outer) {
    std::optional<ColumnMeaning> found;
    bool qualified = false;
    for (std::size_t i = 0; i < at->items.size(); ++i) {
      const auto& item = at->items[i];
      if (parts.size() > 1 && item.name != parts[parts.size() - 2]) continue;
      if (parts.size() == 3 && item.database != parts[0]) continue;
      qualified = qualified || parts.size() > 1;
      if (item.term == kNoTerm || !equals_word(name, table_of(item.term).key)) continue;
      const bool is_merged = std::find(at->merged.begin(), at->merged.end(), lower_case(name)) != at->merged.end();
      if (found && !(is_merged && parts.size() == 1)) return std::nullopt;  // ambiguous: the server's error
      if (!found) found = ColumnMeaning{item.term, i, at == &level};
    }
    if (found && at->natural && parts.size() == 1) return std::nullopt;
    if (found || qualified || parts.size() == 1) return found;
  }
  return std::nullopt;
}

void Walk::read_in(Cursor range, const ColumnMeaning& meaning, Sets& sets) const {
  auto behind = range;
  behind.skip_parenthesised();
  if (!range.is_symbol("(") || !behind.at_end()) return;
  auto list = slice(range, range.place() + 1, behind.place() - 1);
  std::vector<ValueRef> values;
  do {
    const auto one = value(expression(list));
    if (!one) return;
    values.push_back(*one);
  } while (list.take_symbol(","));
  if (list.at_end()) keep_smaller(sets, meaning.term, std::move(values));
}

// column = value, value = column, column <=> value, column IN (…), column = column
void Walk::read_plain(Cursor range, const Level& level, Range restricted, Sets& sets, Equals& equals) {
  for (auto at = range; !at.at_end(); at.skip()) {
    const bool null_safe = at.is_symbol("<=>"), in = at.is_word("in");
    if (!null_safe && !in && !at.is_symbol("=")) continue;
    const auto left = slice(range, range.place(), at.place()), right = slice(range, at.place() + 1, range.last());
    const auto on_left = column(left, level);
    const auto restricts = [&](const std::optional<ColumnMeaning>& meaning) {
      return meaning && meaning->local && restricted.contains(meaning->item);
    };
    if (in) {
      if (restricts(on_left)) read_in(right, *on_left, sets);
      return;
    }
    const auto on_right = column(right, level);
    if (on_left && on_right) {
      if (!null_safe) equals.emplace_back(*on_left, *on_right);
      return;
    }
    const auto is = [&](const std::optional<ColumnMeaning>& meaning, Cursor other) {
      const auto one = value(other);
      if (!one || !restricts(meaning)) return;
      // Unlike =, <=> is true of two NULLs.
      if (null_safe && one->source != ValueRef::Source::kLiteral) return;
      keep_smaller(sets, meaning->term, {*one});
    };
    is(on_left, right);
    is(on_right, left);
    return;
  }
}

void Walk::read(Cursor range, const Level& level, Range restricted, Sets& sets, Equals& equals) {
  if (depth_ > kMaxDepth || range.at_end()) return;
  ++depth_;
  auto inside = range;
  const bool pipes_are_or = !context_.mode().pipes_as_concat;
  const auto ors = connectives(range, true, pipes_are_or);
  const auto ands = connectives(range, false, pipes_are_or);
  const auto parts = [&](const std::vector<std::size_t>& places) {
    std::vector<Cursor> all;
    auto first = range.place();
    for (const auto place : places) {
      all.push_back(slice(range, first, place));
      first = place + 1;
    }
    all.push_back(slice(range, first, range.last()));
    return all;
  };
  if (has_at_top(range, "xor", ":=")) {
    // Proves nothing.
  } else if (!ors.empty()) {
    // Every branch must say something about a term; then it has one of all the branches' values.
    Sets all;
    bool first = true;
    for (const auto& branch : parts(ors)) {
      Sets found;
      Equals ignored;
      read(branch, level, restricted, found, ignored);
      if (first) all = found;
      first = false;
      for (auto set = all.begin(); set != all.end();) {
        const auto same = found.find(set->first);
        if (same == found.end()) {
          set = all.erase(set);
          continue;
        }
        set->second.insert(set->second.end(), same->second.begin(), same->second.end());
        ++set;
      }
    }
    for (auto& [term, values] : all) keep_smaller(sets, term, std::move(values));
  } else if (!ands.empty()) {
    for (const auto& part : parts(ands)) read(part, level, restricted, sets, equals);
  } else if (range.is_symbol("(") && (inside.skip_parenthesised(), inside.at_end())) {
    read(slice(range, range.place() + 1, range.last() - 1), level, restricted, sets, equals);
  } else {
    read_plain(range, level, restricted, sets, equals);
  }
  --depth_;
}

void Walk::equal_columns(const Level& level, const ColumnMeaning& left, const ColumnMeaning& right, Range restricted) {
  const auto family = [&](int term) {
    const auto type = table_of(term).key_type;
    return type == KeyType::kInteger || type == KeyType::kSmallint ? KeyType::kBigint : type;
  };
  if (left.term == right.term || family(left.term) != family(right.term)) return;
  const bool left_may = left.local && restricted.contains(left.item);
  const bool right_may = right.local && restricted.contains(right.item);
  const bool joins = level.top && left_may && right_may;
  if (left_may) edges_.push_back({left.term, right.term, joins});
  if (right_may) edges_.push_back({right.term, left.term, joins});
}

void Walk::predicate(Cursor range, const Level& level, Range restricted) {
  Sets sets;
  Equals equals;
  read(range, level, restricted, sets, equals);
  for (auto& [term, values] : sets) limit_to(term, std::move(values));
  for (const auto& [left, right] : equals) equal_columns(level, left, right, restricted);
}

}  // namespace shardway::router::mysql
