#include <algorithm>

#include "router/mysql_scope.hpp"
#include "router/table_names.hpp"

namespace shardway::router::mysql {

namespace {

bool is_server_schema(std::string_view database) {
  return equals_word(database, "information_schema") || equals_word(database, "performance_schema") ||
         equals_word(database, "mysql") || equals_word(database, "sys");
}

void add_once(std::vector<std::uint16_t>& numbers, std::uint16_t number) {
  if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) numbers.push_back(number);
}

const std::initializer_list<std::string_view> kNoAlias = {
    "on",        "using",     "join",   "inner", "cross",  "left",  "right",  "natural",   "straight_join",
    "where",     "group",     "having", "order", "limit",  "union", "except", "intersect", "minus",
    "window",    "procedure", "into",   "for",   "lock",   "set",   "use",    "force",     "ignore",
    "partition", "returning", "values", "value", "select", "fetch", "offset", "with",      "as"};

std::string take_alias(Cursor& cursor) {
  if (cursor.take_word("as") || cursor.take_symbol("=")) return cursor.take_name();
  if (cursor.at_name() && !cursor.is_any_word(kNoAlias)) return cursor.take_name();
  return {};
}

// USE | FORCE | IGNORE {INDEX | KEY} [FOR …] (…), any number.
bool skip_index_hints(Cursor& cursor) {
  while (cursor.is_any_word({"use", "force", "ignore"}) && cursor.is_any_word({"index", "key"}, 1)) {
    cursor.skip(2);
    while (!cursor.at_end() && !cursor.is_symbol("(")) cursor.skip();
    if (cursor.at_end()) return false;
    cursor.skip_parenthesised();
    const bool another = cursor.is_any_word({"use", "force", "ignore"}, 1) && cursor.is_any_word({"index", "key"}, 2);
    if (another) cursor.take_symbol(",");
  }
  return true;
}

// Whether parentheses hold a query, and not tables: ((SELECT 1) UNION SELECT 2), but not ((SELECT 1) AS a, t).
bool holds_query(Cursor cursor) {
  while (cursor.is_symbol("(")) {
    auto behind = cursor;
    behind.skip_parenthesised();
    cursor = Cursor(cursor.text(), cursor.tokens(), cursor.place() + 1, behind.place() - 1);
    if (!cursor.is_symbol("(")) break;
    auto rest = cursor;
    rest.skip_parenthesised();
    if (rest.at_end()) continue;
    return at_set_operation(rest) || rest.is_any_word({"order", "limit", "offset", "fetch", "for", "lock"});
  }
  return cursor.is_any_word({"select", "with", "values"});
}

}  // namespace

void Walk::use_unlisted(const std::string& database, const std::string& name, Access access) {
  auto& out = context_.out;
  out.uses_unlisted = true;
  if (access != Access::kRead) out.writes_unlisted = true;
  const auto& topology = context_.topology;
  if (topology.catalog &&
      (topology.catalog->views.count(database + "." + name) > 0 || topology.catalog->views.count("public." + name) > 0))
    context_.fault(FaultReason::kUnknownTable, "\"" + name + "\" is a view: what it reads is not known",
                   "query the tables themselves, or name the shard in a comment: /* shardway: shard=… */");
  if (topology.unlisted != Unlisted::kRefuse && database == topology.database) return;
  context_.fault(FaultReason::kUnknownTable,
                 "table \"" + (database == topology.database ? std::string() : database + ".") + name +
                     "\" is not in the configuration of database \"" + topology.database + "\"",
                 "list it as [[database.table]], or set unlisted_tables under [database.sharding]");
}

void Walk::use_listed(const Table& table, Access access, Item& item, bool top) {
  auto& out = context_.out;
  const auto& topology = context_.topology;
  item.table = &table;
  const auto* refusal = topology.catalog ? topology.catalog->refusal_of(table.schema, table.name) : nullptr;
  if (refusal != nullptr) context_.fault(FaultReason::kTableRefused, refusal->message, refusal->hint);
  const auto number = static_cast<std::uint16_t>(&table - topology.tables.all().data());
  if (table.kind == TableKind::kReference) {
    item.reference = true;
    add_once(out.reference_tables, number);
  } else if (table.kind == TableKind::kSingle) {
    add_once(out.single_tables, number);
  } else {
    item.term = static_cast<int>(out.sharded.size());
    auto& use = out.sharded.emplace_back();
    use.table = number;
    use.inserts = access == Access::kInsert;
    constants_.emplace_back();
    top_terms_.push_back(top ? 1 : 0);
  }
  if (access != Access::kRead) written(item);
}

int Walk::use_table(Level& level, const std::string& database, const std::string& name, std::string alias,
                    Access access) {
  const auto& topology = context_.topology;
  const bool folds = context_.mode().lower_case_table_names;
  const auto& current = context_.settings.search_path;
  auto in = !database.empty() ? database : current.empty() ? topology.database : std::string(current);
  auto known_as = name;
  if (folds) {
    in = lower_case(in);
    known_as = lower_case(name);
    alias = lower_case(alias);
  }
  Item item;
  item.name = alias.empty() ? known_as : alias;
  if (alias.empty()) item.database = in;
  if (is_server_schema(in)) {
    context_.out.uses_catalog = true;
    if (access != Access::kRead) context_.not_sharded("writing the server's own tables");
  } else {
    const auto* table = topology.tables.find(in, known_as);
    if (table == nullptr && in == topology.database) table = topology.tables.find("", known_as);
    if (table != nullptr)
      use_listed(*table, access, item, level.top);
    else
      use_unlisted(in, known_as, access);
  }
  level.items.push_back(std::move(item));
  return level.items.back().term;
}

bool Walk::table(Cursor& cursor, Level& level, Access access) {
  auto name = cursor.take_name();
  std::string database;
  if (cursor.take_symbol(".")) {
    database = std::move(name);
    name = cursor.take_name();
  }
  if (name.empty()) return false;
  const bool partition = cursor.is_word("partition") && cursor.is_symbol("(", 1);
  if (partition) {
    cursor.skip();
    cursor.skip_parenthesised();
  }
  if (cursor.is_word("for") && cursor.is_word("system_time", 1)) return false;
  auto alias = take_alias(cursor);
  if (!skip_index_hints(cursor)) return false;
  const bool is_cte = database.empty() && std::find(level.ctes.begin(), level.ctes.end(), name) != level.ctes.end();
  if (is_cte || (database.empty() && equals_word(name, "dual"))) {
    Item item;
    item.name = alias.empty() ? name : alias;
    level.items.push_back(std::move(item));
    return true;
  }
  use_table(level, database, name, std::move(alias), access);
  return true;
}

bool Walk::derived(Cursor& cursor, Level& level, bool lateral) {
  if (level.top) context_.not_scatterable("a subquery in FROM");
  auto behind = cursor;
  behind.skip_parenthesised();
  auto inside = slice(cursor, cursor.place() + 1, behind.place() - 1);
  Outputs outputs;
  const bool understood =
      inside.is_word("values")
          ? walk(inside, level)
          : query(inside, lateral ? &level : level.outer, level.ctes, false, outputs) && inside.at_end();
  if (!understood) return false;
  cursor = behind;
  Item item;
  item.name = take_alias(cursor);
  if (cursor.is_symbol("(")) cursor.skip_parenthesised();
  level.items.push_back(std::move(item));
  return true;
}

bool Walk::factor(Cursor& cursor, Level& level, Access access) {
  // The servers join 61 tables.
  constexpr std::size_t kMaxItems = 64;
  if (depth_ > kMaxDepth || level.items.size() > kMaxItems) return false;
  if (cursor.take_word("lateral")) return cursor.is_symbol("(") && derived(cursor, level, true);
  if (cursor.is_word("json_table") && cursor.is_symbol("(", 1)) {
    context_.not_scatterable("JSON_TABLE");
    cursor.skip();
    cursor.skip_parenthesised();
    Item item;
    item.name = take_alias(cursor);
    level.items.push_back(std::move(item));
    return true;
  }
  if (cursor.is_symbol("{") && cursor.is_word("oj", 1)) {
    cursor.skip(2);
    return join_chain(cursor, level, access) && cursor.take_symbol("}");
  }
  if (!cursor.is_symbol("(")) return table(cursor, level, access);
  if (holds_query(cursor)) return derived(cursor, level, false);
  cursor.skip();
  ++depth_;
  const bool understood = from(cursor, level, access);
  --depth_;
  return understood && cursor.take_symbol(")");
}

bool Walk::join_condition(Cursor& cursor, Level& level, Range left, Range right, std::string_view kind) {
  const auto restricted = kind == "left" ? right : kind == "right" ? left : Range{left.first, right.last};
  if (cursor.take_word("on")) {
    auto condition = expression(cursor);
    if (!walk(condition, level)) return false;
    predicate(condition, level, restricted);
    return true;
  }
  if (!cursor.take_word("using")) return kind == "inner";
  if (!cursor.take_symbol("(")) return false;
  do {
    const auto name = lower_case(cursor.take_name());
    for (auto i = left.first; i < left.last; ++i)
      for (auto j = right.first; j < right.last; ++j) {
        const auto& a = level.items[i];
        const auto& b = level.items[j];
        if (a.term == kNoTerm || b.term == kNoTerm || !equals_word(table_of(a.term).key, name) ||
            !equals_word(table_of(b.term).key, name))
          continue;
        equal_columns(level, {a.term, i, true}, {b.term, j, true}, restricted);
      }
    // Of a RIGHT JOIN the name means the right column: then it is left alone.
    if (kind != "right") level.merged.push_back(name);
  } while (cursor.take_symbol(","));
  return cursor.take_symbol(")");
}

bool Walk::join_chain(Cursor& cursor, Level& level, Access access) {
  const auto first = level.items.size();
  return factor(cursor, level, access) && join_on(cursor, level, access, first);
}

// What is joined to the items from `first` on. A join may stand inside of another, before that one's condition:
// a LEFT JOIN b LEFT JOIN c ON b.x = c.x ON a.x = b.x
bool Walk::join_on(Cursor& cursor, Level& level, Access access, std::size_t first) {
  for (int without_condition = 0;;) {
    std::string_view kind = "inner";
    const bool natural = cursor.take_word("natural");
    if (cursor.is_any_word({"left", "right"})) {
      kind = cursor.is_word("left") ? "left" : "right";
      cursor.skip();
      cursor.take_word("outer");
      if (!cursor.take_word("join")) return false;
      if (level.top) context_.not_scatterable("an outer join");
    } else if (cursor.is_any_word({"inner", "cross"}) && cursor.is_word("join", 1)) {
      cursor.skip(2);
    } else if (cursor.take_word("join") || cursor.take_word("straight_join")) {
      // An inner join.
    } else if (without_condition > 0 && cursor.is_any_word({"on", "using"})) {
      --without_condition;
      if (!join_condition(cursor, level, {first, first}, {first, level.items.size()}, kind)) return false;
      continue;
    } else {
      return true;
    }
    const Range left{first, level.items.size()};
    if (!factor(cursor, level, access)) return false;
    if (natural) {
      level.natural = true;
      continue;
    }
    if (kind != "inner" && !cursor.is_any_word({"on", "using"})) {
      ++depth_;
      const bool understood = join_on(cursor, level, access, left.last);
      --depth_;
      if (!understood) return false;
    }
    if (!cursor.is_any_word({"on", "using"})) ++without_condition;
    if (!join_condition(cursor, level, left, {left.last, level.items.size()}, kind)) return false;
  }
}

bool Walk::from(Cursor& cursor, Level& level, Access access) {
  do {
    if (!join_chain(cursor, level, access)) return false;
  } while (cursor.take_symbol(","));
  return true;
}

}  // namespace shardway::router::mysql
