// postgres_scope: what names mean at one query level, and what is proven about shard keys over all levels.
// A term is the key column of one use of a sharded table; its number is the use's place in Statement::sharded.
// Proofs are sets of constants a term is restricted to, and edges "if `of` is restricted, `term` is to the same".
// Not here: walking expressions (postgres_expression.cpp), statements (postgres_query.cpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "router/postgres_analyze.hpp"
#include "router/postgres_tree.hpp"

namespace shardway::router::analyze {

inline constexpr int kNoTerm = -1;

// What is known of a value without asking a server (postgres_value.cpp).
struct ValueFacts {
  bool text = true;
  bool words = true;           // text that nobody has looked at: as a date it may be 'now'
  bool exact = false;          // equal values are the same: not so 1.0 and 1.00
  bool own = true;             // of a type that is not PostgreSQL's own
  bool differing_row = false;  // of a table's row type, whose OID is another one on each shard
};

// An output column of a FROM item. `pushable`: a predicate on it restricts the rows the item reads.
struct Output {
  std::string name;
  int term = kNoTerm;
  bool pushable = false;
  ValueFacts facts = {};
};

struct Outputs {
  std::vector<Output> columns;
  bool open = false;             // has columns whose names are not known
  bool exact = true;             // the columns' positions are right
  bool locks_reference = false;  // FOR UPDATE of such a query locks rows of reference tables
};

struct Item {
  std::string name;     // alias, or the table's
  std::string schema;   // of a table without an alias
  bool hidden = false;  // inside a join with an alias: its columns go by other names
  bool reference = false;
  bool sharded = false;
  bool row_differs = false;         // a table's whose row has a type with another OID on each shard
  ValueFacts unknown_columns = {};  // of those that `outputs` leaves open
  Outputs outputs;
};

struct Cte {
  std::string name;
  Outputs outputs;
};

struct CteScope {
  std::vector<Cte> ctes;
  const CteScope* outer = nullptr;
};

// One query level. `merged`: the names joined by USING, and what they mean (kNoTerm: nothing that is a key).
struct Level {
  const Level* outer = nullptr;
  const CteScope* ctes = nullptr;
  std::vector<Item> items;
  std::unordered_map<std::string, Output> merged;
  bool top = false;  // the statement's own level, not a subquery
};

// A column reference's meaning: a term, and whether it belongs to this very level.
struct Column {
  int term = kNoTerm;
  bool pushable = false;
  bool local = false;
  std::size_t item = 0;
  std::optional<ValueFacts> facts = {};  // nothing: the column was not found
};

Column resolve(const Level& level, const ColumnRef& reference);
Column resolve_within(const Level& level, std::string_view name, std::size_t first, std::size_t last);

// FROM items [first, last) of a level whose rows a predicate restricts.
struct Range {
  std::size_t first = 0, last = 0;
  bool contains(std::size_t item) const noexcept { return item >= first && item < last; }
};

struct Edge {
  int term, of;
  bool joins = false;  // an inner join's equality at the statement's own level, both ways
};

// Everything that is collected while one statement is walked.
struct Context {
  Context(const Topology& topology_of, const ParseSettings& settings_of, std::string_view text_of,
          const Literals& literals_of, Statement& statement, bool& depends)
      : topology(topology_of),
        settings(settings_of),
        text(text_of),
        literals(literals_of),
        out(statement),
        depends_on_literals(depends) {}

  const Topology& topology;
  const ParseSettings& settings;
  std::string_view text;
  const Literals& literals;
  Statement& out;
  bool& depends_on_literals;

  std::vector<std::vector<std::vector<ValueRef>>> constants;  // by term: sets, each of which holds
  std::vector<Edge> edges;
  std::vector<char> top_terms;                        // by term: used at the statement's own level
  std::vector<std::pair<int, ValueRef>> new_keys;     // SET key = constant: must be on the same shard
  std::unordered_map<const void*, Outputs> sublinks;  // IN (SELECT …): the subquery's columns
  std::vector<const ParamRef*> parameters;
  std::unordered_set<const void*> key_parameters;  // those compared with keys
  std::unordered_set<int> optional_terms;          // an outer join or a grouping set may put NULL in their place
  const void* certain_call = nullptr;              // a function call that surely runs once
  const void* array_as_set = nullptr;              // an ARRAY(SELECT …) whose order does not matter
  bool is_definition = false;                      // a default, a CHECK, a policy
  int depth = 0;
  bool too_deep = false;

  const Table& table_of(int term) const {
    return topology.tables.all()[out.sharded[static_cast<std::size_t>(term)].table];
  }
  // The first reason stays: it is the one that stands first in the statement.
  void not_scatterable(std::string_view why) {
    if (out.not_scatterable.empty()) out.not_scatterable = why;
  }
  void not_repeatable(std::string_view why) {
    if (out.not_repeatable.empty()) out.not_repeatable = why;
  }
  void hidden_clock(std::string_view what) {
    if (out.hidden_clock.empty()) out.hidden_clock = what;
  }
  void fault(FaultReason reason, std::string message, std::string hint, bool yields_to_hint = false);
  int add_use(const Table& table, bool top);
  // Of several reasons a lock stays: it is there whatever becomes of the statement.
  void pin(PinReason reason) {
    if (out.pins != PinReason::kAdvisoryLock) out.pins = reason;
  }
  void limit_to(int term, std::vector<ValueRef> keys) {
    constants[static_cast<std::size_t>(term)].push_back(std::move(keys));
  }
};

// postgres_relation.cpp: adds a table to the facts, and as an item to `level` (null: it has no columns to name).
enum class Access : unsigned char { kRead, kWrite, kInsert };
int use_relation(Context& context, Level* level, const RangeVar& relation, Access access);
// A relation or function of pg_catalog that tells what the server connection has.
void reads_session(Context& context, std::string_view name);
// The configured table that a definition names; null if it is none.
const Table* listed_table(const Context& context, const RangeVar* relation);

// CREATE TEMP …, or anything in pg_temp.
inline bool is_temporary(const RangeVar& relation) {
  return relation.relpersistence == 't' || tree::text(relation.schemaname).substr(0, 7) == "pg_temp";
}

// postgres_setting.cpp: what a call in a part of the statement leaves that is not walked.
void note_unwalked_calls(Context& context);
const std::unordered_set<std::string>& leaving_functions(const Context& context);

// postgres_expression.cpp
void walk(Context& context, Level& level, const Node* node);
void walk_list(Context& context, Level& level, const List* list);
// One that a word stands for, like = for IN (SELECT …), BETWEEN, CASE x WHEN and JOIN … USING: found by its name, too.
void unwritten_operator(Context& context, std::string_view name);
// Text becomes a value of the type.
void text_as(Context& context, const TypeName& type);
// One of a select list or of RETURNING (a ResTarget).
void result_column(Context& context, Level& level, const Node* node);

// postgres_row_type.cpp: see ValueFacts::differing_row; of a subquery after it was walked.
bool is_differing_row(const Context& context, const Level& level, const Node* node);
// What the client would be told as values of another type is a fault.
void check_row_types(Context& context, const Outputs& results);

// postgres_value.cpp; of a subquery after it was walked.
ValueFacts facts_of(Context& context, const Level& level, const Node* node);
ValueFacts facts_of(const router::Column& column);
ValueFacts either(ValueFacts a, ValueFacts b);
// A type that reads 'now' and its like, by its name or that of its elements.
bool may_be_date(const router::Column& column);
bool is_date_type(std::string_view name) noexcept;
std::string_view element_name(const TypeName& type);
// The type is not PostgreSQL's own, or may be another one of that name.
bool is_own_type(const Context& context, const TypeName& type);
// Null: it is PostgreSQL's, or not known.
const OwnType* own_type(const Context& context, const TypeName& type);

// postgres_constant.cpp: a value of the term's key type that is the same for every row; nothing otherwise.
std::optional<ValueRef> constant(Context& context, const Node* node, KeyType type);
std::optional<std::vector<ValueRef>> constant_array(Context& context, const Node* node, KeyType type);

// postgres_predicate.cpp: what must hold for every row of the items in `range`. `join`: from a join's ON or WHERE.
void predicate(Context& context, const Level& level, const Node* node, Range range);
void equal_columns(Context& context, const Level& level, const Column& left, const Column& right, Range range);
// Equal keys of the two tables have one shard.
bool same_family(const Table& left, const Table& right);

// postgres_from.cpp
Range from_item(Context& context, Level& level, const Node* node);
void from_list(Context& context, Level& level, const List* list);

// postgres_query.cpp
Outputs select_statement(Context& context, const SelectStmt& select, const Level* outer, const CteScope* ctes,
                         bool top);
void query_statement(Context& context, const Node* node, const Level* outer, const CteScope* ctes, bool top,
                     Outputs& outputs);
// postgres_columns.cpp: notes the list an INSERT or COPY into `target` goes without. False: no place for it was found.
std::string quoted_name(std::string_view name);
bool write_columns(Context& context, const RangeVar& target, const std::vector<std::string_view>& columns);

// postgres_modify.cpp
// postgres_clock.cpp: the defaults of an INSERT or COPY that read the transaction's time.
void note_clock_defaults(Context& context, const InsertStmt& insert);
void note_clock_defaults(Context& context, const CopyStmt& copy);
// Of what SET gives DEFAULT: those that call currval() or lastval().
void note_session_defaults(Context& context, const RangeVar& table, const List* targets);
// SET a = DEFAULT, and SET (a, b) = (1, DEFAULT).
bool says_default(const Node* value);
Outputs insert_statement(Context& context, const InsertStmt& insert, const Level* outer, const CteScope* ctes);
Outputs update_statement(Context& context, const UpdateStmt& update, const Level* outer, const CteScope* ctes);
Outputs delete_statement(Context& context, const DeleteStmt& remove, const Level* outer, const CteScope* ctes);
void with_clause(Context& context, const WithClause* with, const Level* outer, CteScope& scope);

// postgres_utility.cpp: everything that is not a query. False: not known.
bool utility_statement(Context& context, const Node* node);

// postgres_proof.cpp: from constants and edges to TableUse::keys.
void prove(Context& context);

}  // namespace shardway::router::analyze
