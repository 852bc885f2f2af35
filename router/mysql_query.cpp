#include "router/mysql_scope.hpp"

// https://mariadb.com/kb/en/select/, https://dev.mysql.com/doc/refman/8.0/en/select.html
namespace shardway::router::mysql {

namespace {

const std::initializer_list<std::string_view> kSelectOptions = {
    "all",       "high_priority", "straight_join",      "sql_small_result", "sql_big_result", "sql_buffer_result",
    "sql_cache", "sql_no_cache",  "sql_calc_found_rows"};

}  // namespace

bool Walk::with_clause(Cursor& cursor, const Level* outer, std::vector<std::string>& ctes) {
  if (!cursor.take_word("with")) return true;
  context_.not_scatterable("WITH");
  const bool recursive = cursor.take_word("recursive");
  if (recursive) context_.not_repeatable("WITH RECURSIVE");
  do {
    auto name = cursor.take_name();
    if (cursor.is_symbol("(")) cursor.skip_parenthesised();
    if (name.empty() || !cursor.take_word("as") || !cursor.is_symbol("(")) return false;
    auto behind = cursor;
    behind.skip_parenthesised();
    auto inside = slice(cursor, cursor.place() + 1, behind.place() - 1);
    if (recursive) ctes.push_back(name);
    Outputs outputs;
    if (!query(inside, outer, ctes, false, outputs) || !inside.at_end()) return false;
    if (!recursive) ctes.push_back(std::move(name));
    cursor = behind;
    // CYCLE a, b RESTRICT
    if (cursor.take_word("cycle")) {
      do {
        cursor.take_name();
      } while (cursor.take_symbol(","));
      if (!cursor.take_word("restrict")) return false;
    }
  } while (cursor.take_symbol(","));
  return true;
}

bool Walk::where(Cursor& cursor, const Level& level) {
  if (!cursor.take_word("where")) return true;
  const auto condition = expression(cursor);
  if (condition.at_end() || !walk(condition, level)) return false;
  predicate(condition, level, {0, level.items.size()});
  return true;
}

void Walk::select_list(Cursor list, const Level& level, Outputs& outputs) {
  do {
    auto item = expression(list);
    Output output;
    if (item.at_end() || item.is_symbol("*") ||
        (item.last() - item.place() >= 3 && slice(item, item.last() - 1, item.last()).is_symbol("*")))
      outputs.exact = false;
    // An alias may stand behind it.
    for (std::size_t cut = 0; cut <= 2 && item.place() + cut < item.last() && output.term == kNoTerm && !output.value;
         ++cut) {
      const auto part = slice(item, item.place(), item.last() - cut);
      if (cut == 1 && !slice(item, item.last() - 1, item.last()).at_name()) continue;
      if (cut == 2 && !slice(item, item.last() - 2, item.last()).is_word("as")) continue;
      if (const auto meaning = column(part, level); meaning && meaning->local) output.term = meaning->term;
      output.value = value(part);
    }
    outputs.columns.push_back(output);
  } while (list.take_symbol(","));
  if (!list.at_end()) outputs.exact = false;
}

// GROUP BY and what follows, as far as it belongs to one SELECT.
bool Walk::select_tail(Cursor& cursor, const Level& level) {
  const auto expressions = [&] {
    do {
      if (!walk(expression(cursor), level)) return false;
    } while (cursor.take_symbol(","));
    return true;
  };
  if (cursor.take_words({"group", "by"})) {
    context_.not_scatterable("GROUP BY or HAVING");
    if (!expressions()) return false;
    if (cursor.take_words({"with", "rollup"})) context_.not_repeatable("WITH ROLLUP");
  }
  if (cursor.take_word("having")) {
    context_.not_scatterable("GROUP BY or HAVING");
    if (!expressions()) return false;
  }
  if (!(cursor.is_word("window") && cursor.is_word("as", 2))) return true;
  cursor.skip();
  context_.not_scatterable("an aggregate or window function");
  do {
    cursor.take_name();
    if (!cursor.take_word("as") || !cursor.is_symbol("(") || !walk(expression(cursor), level)) return false;
  } while (cursor.take_symbol(","));
  return true;
}

// LIMIT … [OFFSET …] [ROWS EXAMINED …], OFFSET … ROWS, FETCH FIRST … ROWS ONLY: of one SELECT, or of the whole.
void Walk::row_limit(Cursor& cursor) {
  if (!cursor.is_any_word({"limit", "offset", "fetch"})) return;
  context_.not_scatterable("LIMIT or OFFSET");
  context_.not_repeatable("LIMIT or OFFSET");
  while (cursor.is_any_word({"limit", "offset", "fetch"}) || cursor.is_symbol(",")) {
    cursor.skip();
    cursor.is_any_word({"first", "next"}) ? cursor.skip() : void();
    while (cursor.is_any_word({"row", "rows", "examined", "only", "with", "ties"}) ||
           cursor.peek().kind == TokenKind::kInteger || cursor.peek().kind == TokenKind::kParameter ||
           cursor.peek().kind == TokenKind::kHex)
      cursor.skip();
  }
}

// INTO @a, @b; a file is the server's own.
bool Walk::into(Cursor& cursor) {
  if (!cursor.take_word("into")) return true;
  if (cursor.is_any_word({"outfile", "dumpfile"})) return false;
  do {
    cursor.skip();
  } while (cursor.take_symbol(","));
  return true;
}

bool Walk::select(Cursor& cursor, const Level* outer, const std::vector<std::string>& ctes, bool top,
                  Outputs& outputs) {
  cursor.skip();
  while (cursor.is_any_word(kSelectOptions)) cursor.skip();
  if (cursor.take_word("distinct") || cursor.take_word("distinctrow")) {
    context_.not_scatterable("DISTINCT");
    while (cursor.is_any_word(kSelectOptions)) cursor.skip();
  }
  Level level;
  level.outer = outer;
  level.ctes = ctes;
  level.top = top;
  const auto first = cursor.place();
  do {
    expression(cursor);
  } while (cursor.take_symbol(","));
  const auto list = slice(cursor, first, cursor.place());
  if (list.at_end()) return false;
  if (!into(cursor)) return false;
  if (cursor.take_word("from") && !from(cursor, level)) return false;
  if (!walk(list, level)) return false;
  select_list(list, level, outputs);
  if (!where(cursor, level) || !select_tail(cursor, level)) return false;
  const auto ordered = [&] {
    if (!cursor.take_words({"order", "by"})) return true;
    context_.not_scatterable("ORDER BY");
    do {
      if (!walk(expression(cursor), level)) return false;
    } while (cursor.take_symbol(","));
    return true;
  };
  if (!ordered()) return false;
  row_limit(cursor);
  if (cursor.is_word("procedure")) return false;
  if (!into(cursor)) return false;
  locking(cursor);
  return into(cursor);
}

// FOR UPDATE, LOCK IN SHARE MODE: of one SELECT, or of the whole.
void Walk::locking(Cursor& cursor) {
  while (cursor.is_word("for") || cursor.is_word("lock")) {
    do {
      cursor.skip();
    } while (!cursor.at_end() && !cursor.is_word("for") && !cursor.is_symbol(")") && !at_set_operation(cursor) &&
             !cursor.is_word("into"));
  }
}

bool Walk::query_term(Cursor& cursor, const Level* outer, const std::vector<std::string>& ctes, bool top,
                      Outputs& outputs) {
  if (cursor.is_word("select")) return select(cursor, outer, ctes, top, outputs);
  Level level;
  level.outer = outer;
  level.ctes = ctes;
  level.top = top;
  outputs.exact = false;
  if (cursor.take_word("values") || cursor.take_word("value")) {
    context_.not_scatterable("VALUES");
    do {
      cursor.take_word("row");
      if (!cursor.is_symbol("(") || !walk(expression(cursor), level)) return false;
    } while (cursor.take_symbol(","));
    return true;
  }
  if (cursor.take_word("table")) return table(cursor, level, Access::kRead);
  if (!cursor.is_symbol("(")) return false;
  auto behind = cursor;
  behind.skip_parenthesised();
  auto inside = slice(cursor, cursor.place() + 1, behind.place() - 1);
  cursor = behind;
  return query(inside, outer, ctes, top, outputs) && inside.at_end();
}

// A query with its WITH, set operations, and the ORDER BY and LIMIT of the whole.
bool Walk::query(Cursor& cursor, const Level* outer, std::vector<std::string> ctes, bool top, Outputs& outputs) {
  if (depth_ > kMaxDepth) return false;
  ++depth_;
  context_.out.writes_what_it_reads |= context_.out.kind == StatementKind::kWrite;
  bool understood = with_clause(cursor, outer, ctes);
  auto seen = cursor;
  bool has_sets = false;
  while (!seen.at_end()) {
    if (seen.is_symbol("(")) {
      seen.skip_parenthesised();
      continue;
    }
    has_sets = has_sets || at_set_operation(seen);
    seen.skip();
  }
  if (has_sets) context_.not_scatterable("UNION, INTERSECT or EXCEPT");
  understood = understood && query_term(cursor, outer, ctes, top && !has_sets, outputs);
  while (understood && at_set_operation(cursor)) {
    cursor.skip();
    cursor.is_any_word({"all", "distinct"}) ? cursor.skip() : void();
    Outputs more;
    understood = query_term(cursor, outer, ctes, false, more);
    for (auto& column : outputs.columns) column = {};
  }
  // Behind parentheses: of the whole.
  if (understood && cursor.take_words({"order", "by"})) {
    context_.not_scatterable("ORDER BY");
    do {
      const auto one = expression(cursor);
      Level level;
      level.outer = outer;
      level.ctes = ctes;
      understood = understood && walk(one, level);
    } while (cursor.take_symbol(","));
  }
  if (understood) row_limit(cursor);
  if (understood) locking(cursor);
  understood = understood && into(cursor);
  --depth_;
  return understood;
}

bool Walk::statement(Cursor cursor) {
  std::vector<std::string> ctes;
  auto verb = cursor;
  if (!with_clause(verb, nullptr, ctes)) return false;
  bool understood = false;
  Outputs outputs;
  if (verb.is_any_word({"insert", "replace"})) {
    understood = insert(verb, ctes);
  } else if (verb.is_word("update")) {
    understood = update(verb, ctes);
  } else if (verb.is_word("delete")) {
    understood = remove(verb, ctes);
  } else if (verb.is_word("load")) {
    understood = load(verb);
  } else {
    understood = query(verb, nullptr, ctes, true, outputs);
  }
  if (!understood || !verb.at_end()) return false;
  prove();
  return true;
}

bool query_tables(Context& context, Cursor cursor) {
  if (Walk(context).statement(cursor)) return true;
  // Half of a statement's tables says nothing.
  auto& out = context.out;
  out.sharded.clear();
  out.reference_tables.clear();
  out.single_tables.clear();
  return false;
}

}  // namespace shardway::router::mysql
