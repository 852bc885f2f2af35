// mysql::Walk: one statement's queries, level by level, and what is proven about shard keys over all of them.
// A term is the key column of one use of a sharded table; its number is the use's place in Statement::sharded.
// A predicate is taken only in its plain forms (column = value, IN, AND, OR); anything else proves nothing. Grammar
// that is not known makes understood() false. Lives for one call of query_tables().
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "router/mysql_context.hpp"

namespace shardway::router::mysql {

inline constexpr int kNoTerm = -1;
inline constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

struct Item {
  std::string name, database;  // the alias, or the table's name and database
  int term = kNoTerm;
  bool reference = false;
  bool nullable = false;  // on the side of an outer join that may be filled with NULLs
  const Table* table = nullptr;
};

struct Level {
  const Level* outer = nullptr;
  std::vector<std::string> ctes;  // visible here
  std::vector<Item> items;
  std::vector<std::string> merged;  // joined by USING
  bool natural = false;             // joined by NATURAL: a name alone may mean a column of any of them
  bool top = false;
};

// A column's meaning: a term, and whether it belongs to this very level.
struct ColumnMeaning {
  int term = kNoTerm;
  std::size_t item = 0;
  bool local = false;
};

// Items [first, last) of a level whose rows a predicate restricts.
struct Range {
  std::size_t first = 0, last = 0;
  bool contains(std::size_t item) const noexcept { return item >= first && item < last; }
};

struct Edge {
  int term, of;
  bool joins = false;  // an equality of two columns at the statement's own level
};

// An output column of a SELECT: a key, or one value.
struct Output {
  int term = kNoTerm;
  std::optional<ValueRef> value;
};
struct Outputs {
  std::vector<Output> columns;
  bool exact = true;  // the columns' positions are right
};

// UNION, EXCEPT, INTERSECT; MINUS is a name too.
inline bool at_set_operation(const Cursor& cursor) {
  if (cursor.is_word("minus"))
    return cursor.is_any_word({"select", "values", "all", "distinct"}, 1) || cursor.is_symbol("(", 1);
  return cursor.is_any_word({"union", "except", "intersect"});
}

inline bool same_name(std::string_view one, std::string_view other) { return equals_word(one, other); }

// mysql_numbers.cpp: a table's columns as an INSERT without a list takes them: where one stands, and ` (`a`, `b`)`.
std::size_t place_among(const std::vector<Column>& columns, std::string_view name);
std::string list_of(const std::vector<Column>& columns);
// id, VALUES(id), LAST_INSERT_ID(id)
bool is_itself(const Cursor& one, std::string_view column);

// mysql_own_time.cpp
bool is_word_alone(const Cursor& one, std::string_view word);

enum class Access : unsigned char { kRead, kWrite, kInsert };

class Walk {
 public:
  explicit Walk(Context& context) : context_(context) {}
  bool statement(Cursor cursor);

 private:
  using Sets = std::map<int, std::vector<ValueRef>>;
  using Equals = std::vector<std::pair<ColumnMeaning, ColumnMeaning>>;

  // mysql_query.cpp
  bool query(Cursor& cursor, const Level* outer, std::vector<std::string> ctes, bool top, Outputs& outputs);
  bool with_clause(Cursor& cursor, const Level* outer, std::vector<std::string>& ctes);
  bool query_term(Cursor& cursor, const Level* outer, const std::vector<std::string>& ctes, bool top, Outputs& outputs);
  bool select(Cursor& cursor, const Level* outer, const std::vector<std::string>& ctes, bool top, Outputs& outputs);
  bool select_tail(Cursor& cursor, const Level& level);
  void row_limit(Cursor& cursor);
  static bool into(Cursor& cursor);
  static void locking(Cursor& cursor);
  void select_list(Cursor list, const Level& level, Outputs& outputs);
  bool where(Cursor& cursor, const Level& level);

  // mysql_from.cpp
  bool from(Cursor& cursor, Level& level, Access access = Access::kRead);
  bool join_chain(Cursor& cursor, Level& level, Access access);
  bool join_on(Cursor& cursor, Level& level, Access access, std::size_t first);
  bool factor(Cursor& cursor, Level& level, Access access);
  bool derived(Cursor& cursor, Level& level, bool lateral);
  bool table(Cursor& cursor, Level& level, Access access);
  bool join_condition(Cursor& cursor, Level& level, Range left, Range right, std::string_view kind);
  int use_table(Level& level, const std::string& database, const std::string& name, std::string alias, Access access);
  void use_listed(const Table& table, Access access, Item& item, bool top);
  void use_unlisted(const std::string& database, const std::string& name, Access access);

  // mysql_predicate.cpp
  Cursor slice(const Cursor& cursor, std::size_t first, std::size_t last) const;
  Cursor expression(Cursor& cursor) const;
  bool walk(Cursor cursor, const Level& level);
  void predicate(Cursor range, const Level& level, Range restricted);
  void read(Cursor range, const Level& level, Range restricted, Sets& sets, Equals& equals);
  void read_plain(Cursor range, const Level& level, Range restricted, Sets& sets, Equals& equals);
  void read_in(Cursor range, const ColumnMeaning& column, Sets& sets) const;
  std::optional<ValueRef> value(Cursor range) const;
  std::optional<ColumnMeaning> column(Cursor range, const Level& level) const;
  void equal_columns(const Level& level, const ColumnMeaning& left, const ColumnMeaning& right, Range restricted);

  // mysql_modify.cpp
  bool insert(Cursor& cursor, const std::vector<std::string>& ctes);
  bool insert_rows(Cursor& cursor, const Level& level, const std::vector<std::string>& columns, std::size_t position,
                   std::size_t number_at);
  bool insert_set(Cursor& cursor, const Level& level);
  bool insert_query(Cursor& cursor, const Level& level, const std::vector<std::string>& ctes, std::size_t position);
  bool on_duplicate(Cursor& cursor, const Level& level);
  bool inserted_rows(Cursor& cursor, const Level& level, const std::vector<std::string>& ctes,
                     const std::vector<std::string>& columns, bool listed);
  bool update(Cursor& cursor, const std::vector<std::string>& ctes);
  bool remove(Cursor& cursor, const std::vector<std::string>& ctes);
  bool assignments(Cursor& cursor, Level& level, bool several);
  void written(Item& item);
  std::size_t key_position(const Item& item, const std::vector<std::string>& columns, bool listed, std::size_t behind);
  void check_defaults(const Item& item, const std::vector<std::string>& columns, bool listed);
  void check_value(const Item& item, Cursor one);
  void check_update(const Item& item, const std::vector<std::string>& assigned);
  void needs_key(const Table& table, std::string what);
  const std::vector<Column>* columns_of(const Item& item) const;

  // mysql_load.cpp
  bool load(Cursor& cursor);
  bool loaded_columns(Cursor& cursor, const Item& item);
  bool loaded_constants(Cursor& cursor, const Level& level);
  void check_loaded(const Item& item, bool leaves_key_out);

  // mysql_own_time.cpp
  void check_null(const Item& item, std::string_view column, const Cursor& one, bool is_new);

  // mysql_numbers.cpp
  void expect_numbers(const Item& item, bool ignores);
  std::size_t number_position(const Item& item, const std::vector<std::string>& columns, bool listed,
                              const Cursor& rows);
  void number(Cursor one);
  void keeps_number(const Item& item, std::string_view column, Cursor value);

  // mysql_proof.cpp
  void prove();
  void check_colocated();
  const Table& table_of(int term) const {
    return context_.topology.tables.all()[context_.out.sharded[static_cast<std::size_t>(term)].table];
  }
  void limit_to(int term, std::vector<ValueRef> keys) {
    constants_[static_cast<std::size_t>(term)].push_back(std::move(keys));
  }

  static constexpr int kMaxDepth = 100;

  Context& context_;
  std::vector<std::vector<std::vector<ValueRef>>> constants_;  // by term: sets, each of which holds
  std::vector<Edge> edges_;
  std::vector<char> top_terms_;
  int depth_ = 0;
};

}  // namespace shardway::router::mysql
