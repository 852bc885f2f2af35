// Statement: the facts of one SQL statement that routing needs, without its literals' values.
// It is made once per text (statement_cache.hpp) and read by the planner with the values of this execution.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/common/fault.hpp"
#include "router/topology.hpp"

namespace shardway::router {

using protocol::Fault;
using protocol::FaultReason;

enum class StatementKind : std::uint8_t {
  kEmpty,  // nothing but space, comments, semicolons
  kRead,   // SELECT, VALUES, TABLE, WITH … SELECT; EXPLAIN and SHOW too (see is_explain)
  kWrite,  // INSERT, UPDATE, DELETE, MERGE; SELECT with a data-modifying WITH
  kCopyIn,
  kCopyOut,
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,
  kReleaseSavepoint,
  kRollbackTo,      // END, ABORT, START TRANSACTION included
  kTwoPhase,        // PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED; XA …, whose verb is `name`
  kSetTransaction,  // SET TRANSACTION …
  kSet,
  kReset,
  kResetAll,
  kShow,  // kSet: SET, SET SESSION, SET LOCAL, SET SESSION CHARACTERISTICS; see `setting`
  kDiscardAll,
  kDiscard,  // DISCARD ALL; DISCARD PLANS, SEQUENCES, TEMP
  kDeclareCursor,
  kFetch,
  kCloseCursor,  // FETCH and MOVE; `name` is the cursor, empty for CLOSE ALL
  kSqlPrepare,
  kSqlExecute,
  kDeallocate,  // `name` is the statement, empty for DEALLOCATE ALL
  kListen,
  kUnlisten,
  kNotify,
  kLock,      // LOCK TABLE
  kDdl,       // can run in a transaction block
  kDdlAlone,  // cannot: CREATE INDEX CONCURRENTLY, VACUUM, REINDEX DATABASE, CREATE DATABASE, …
  kTruncate,
  kCall,
  kDo,
  kUse,              // `name` is the database
  kKill,             // see `kill`
  kUnlock,           // UNLOCK TABLES
  kLoadData,         // LOAD DATA, LOAD XML; see `loads_client_file`
  kHandler,          // HANDLER … OPEN, READ, CLOSE
  kShardwayExplain,  // SHARDWAY EXPLAIN <statement>; `name` is the inner text
  kOther,            // known to the parser, unknown to us: unsharded databases forward it, sharded ones refuse it
};

inline bool is_ddl(StatementKind kind) noexcept {
  return kind == StatementKind::kDdl || kind == StatementKind::kDdlAlone;
}

// Why a client must keep its server connection, as SHOW PINS prints it.
enum class PinReason : std::uint8_t {
  kNone,
  kTemporaryTable,
  kAdvisoryLock,
  kListen,
  kHoldCursor,
  kSqlPrepare,
  kRole,
  kLoad,
  kComputedSetting,
  kUninspected,
  kSessionMode,
  kReplication,
  kUserVariable,  // set to something that is not a constant: see Setting::computed
  kTableLock,     // LOCK TABLES, FLUSH TABLES WITH READ LOCK
  kXa,
  kRoutine,  // a stored routine ran, which may have left anything behind
  kHandler,
  kHint,
};
std::string_view name_of(PinReason reason) noexcept;

// Where a value of the statement comes from when it is executed.
struct ValueRef {
  enum class Source : std::uint8_t { kLiteral, kParameter, kNull };
  Source source = Source::kNull;
  std::uint32_t index = 0;     // literal: its number in the text, from 0; parameter: $n counts from 1
  bool is_array = false;       // = ANY($1) or = ANY('{…}')
  bool is_string = false;      // literal: written '…' (as opposed to a number)
  bool negated = false;        // literal: -5 is the literal 5 behind a minus
  bool shared_type = false;    // parameter: used elsewhere too, so the server may infer another type than the key's
  bool is_new = false;         // SET key = …: stored, not looked for
  std::uint32_t cast_oid = 0;  // parameter: $1::int8 and the like, the type the server infers; 0: the column's
};

// One use of a sharded table, and the key values it is restricted to (any of them). Every row the statement reads or
// writes of this use has one of these keys. Not `bound`: no such proof; `why_not` says what was seen instead.
struct TableUse {
  std::uint16_t table = 0;  // index into Topology::tables.all()
  bool bound = false;
  bool written = false;
  bool inserts = false;  // INSERT: `keys` are the new rows' keys
  bool ignores = false;  // INSERT … SELECT, MySQL: INSERT IGNORE, too: a NULL key is not simply an error
  std::vector<ValueRef> keys;
  std::string why_not;
};

// MySQL: what an INSERT gives the AUTO_INCREMENT column of a table that is on several shards, row by row.
struct NumberedRows {
  TableKind kind = TableKind::kSharded;  // or kReference
  std::string table, column;             // the table as messages show it
  std::string type;                      // the column's
  bool is_key = false;                   // the column is the shard key
  bool is_accepted = false;              // the configuration lists it as unenforced
  bool leaves_out = false;               // the column has no place: every row gets a number
  bool has_triggers = false;             // the table has
  bool ignores = false;                  // INSERT IGNORE
  bool updates = false;                  // ON DUPLICATE KEY UPDATE
  std::uint32_t rows = 0;                // 0: a query's
  std::vector<ValueRef> values;          // constants and parameters; kNull: NULL or DEFAULT
};

// SET and friends. `value_sql` is what follows TO, quoted and ready to be sent again; empty for DEFAULT and RESET.
// MySQL: a user variable is named with its @; `names` and `character set` take their value without =.
struct Setting {
  std::string name;  // lower case
  std::string value_sql;
  bool local = false;
  bool from_function = false;  // set_config('name', 'value', false) inside a SELECT
  bool global = false;         // SET GLOBAL, SET PERSIST: the server's, not the session's
  bool computed = false;       // the value is not in the text: the server knows it afterwards
};

struct CopyFacts {
  std::vector<std::string> columns;            // empty: all of the table
  std::string format = "text";                 // text, csv, binary
  std::string delimiter, null, quote, escape;  // empty: the format's default
  std::string encoding;                        // empty: the session's
  bool null_given = false;
  bool header = false;
  std::vector<std::string> force_null, force_not_null;
  bool from_client = false;  // FROM STDIN / TO STDOUT
  struct Column {
    std::size_t place;  // in the rows
    std::string name;
    bool operator==(const Column&) const = default;
  };
  std::vector<Column> clock_columns;  // where a text like 'now' would be read as the server's time
};

// KILL. `connection`: nothing where it is not a plain number.
struct Kill {
  bool query = false;  // KILL QUERY: the statement only
  bool soft = false;
  bool is_parameter = false;  // KILL ?
  bool is_own = false;        // KILL CONNECTION_ID()
  std::optional<std::uint64_t> connection;
};

enum class HintKind : std::uint8_t { kNone, kShard, kKey, kPrimary, kBad };
struct Hint {
  HintKind kind = HintKind::kNone;
  std::string value;  // shard name, key text, or what was wrong
};

// The column list an INSERT or COPY of a sharded table went without, as the catalogue has it (column_lists.hpp).
struct ColumnList {
  std::uint32_t token = 0;  // it belongs behind the token of this number, counted from 0 over the whole text
  std::string sql;          // ` ("id", "name")`
};

// Columns an INSERT leaves to defaults that read the transaction's time. Tokens as in Statement::now_calls.
struct ClockDefaults {
  struct Column {
    std::string name, sql;  // quoted; the default as the catalogue has it
  };
  std::vector<Column> columns;
  std::uint32_t list = 0;           // the parenthesis that ends the column list
  std::vector<std::uint32_t> rows;  // those that end the rows of VALUES
};

// What DDL brings that the catalogue tells only when its transaction is over.
struct Definitions {
  bool clock = false;   // a default that reads the transaction's time
  bool varies = false;  // of a reference table a default that is no constant, or a trigger; a meaning for a known name
  bool routines = false;  // functions, procedures, triggers
  bool operator==(const Definitions&) const = default;
};

struct Statement {
  StatementKind kind = StatementKind::kOther;
  PinReason pins = PinReason::kNone;   // the statement leaves something behind in the session that cannot be tracked
  bool replica_safe = false;           // proven read-only: no lock, no write, every function known to be safe there
  bool is_explain = false;             // EXPLAIN (without ANALYZE of a write) of what the facts say
  bool uses_sequences = false;         // nextval, currval, setval, lastval; FROM a sequence: see sequence_shard()
  bool starts = false;                 // kBegin: START TRANSACTION, which has a tag of its own
  bool uses_session_sequence = false;  // currval, lastval: the answer is the server connection's, not the server's
  bool uses_user_functions = false;    // a function outside pg_catalog, or one whose volatility is unknown
  bool uses_catalog_only = false;      // no table at all, or pg_catalog and information_schema only
  bool read_only_begin = false;        // BEGIN READ ONLY
  bool read_write_begin = false;       // PostgreSQL: BEGIN READ WRITE
  bool reads_views = false;         // PostgreSQL: a view, or what may be one, is read: what it calls is not in the text
  bool leaves_traces = false;       // DO, CALL: settings, locks, temporary tables may stay behind on the connection
  bool serializable_begin = false;  // BEGIN ISOLATION LEVEL SERIALIZABLE
  bool snapshot_begin = false;      // PostgreSQL: that or REPEATABLE READ: one snapshot for all its statements
  bool consistent_snapshot = false;  // START TRANSACTION WITH CONSISTENT SNAPSHOT
  bool chain = false;                // COMMIT AND CHAIN, ROLLBACK AND CHAIN
  bool returns_rows = false;         // INSERT, REPLACE, DELETE … RETURNING
  bool release = false;              // COMMIT RELEASE, ROLLBACK RELEASE: the connection ends
  bool implicit_commit = false;      // commits the open transaction before it runs
  // Answers that are the server connection's, from what it did before.
  bool reads_last_insert_id = false;  // LAST_INSERT_ID(), @@last_insert_id, @@identity
  bool reads_last_outcome = false;    // ROW_COUNT(), FOUND_ROWS(), SHOW WARNINGS, @@warning_count, GET DIAGNOSTICS
  bool leaves_found_rows = false;     // SQL_CALC_FOUND_ROWS
  bool reads_user_variables = false;  // @x
  bool reads_connection_id = false;   // CONNECTION_ID()
  bool loads_client_file = false;     // LOAD DATA LOCAL: the server will ask the client for a file
  std::uint32_t begin = 0, end = 0;   // bytes of the text it came from; meaningful only where the text has several
  // cursor, savepoint, prepared statement, channel, SHOW's variable; of MySQL's SET TRANSACTION the isolation level
  std::string name;
  std::vector<TableUse> sharded;                               // each use of a sharded table
  std::vector<std::uint16_t> reference_tables, single_tables;  // indexes into Topology::tables.all()
  bool writes_reference = false;
  bool writes_single = false;
  bool writes_what_it_reads = false;  // MySQL: a write with a query in it
  // MySQL: parameters of a reference table's write for whose NULL each server would store its own time.
  std::vector<std::uint32_t> own_time_if_null;
  bool uses_unlisted = false;  // tables outside the configuration, where it says what they are
  bool writes_unlisted = false;
  bool uses_catalog = false;     // pg_catalog or information_schema is read
  bool reads_cursors = false;    // pg_cursors: each server connection has its own
  bool needs_home = false;       // advisory locks, NOTIFY, large objects: they live on the home shard
  bool writes_home = false;      // NOTIFY, large objects: part of the transaction there
  bool locks_reference = false;  // FOR UPDATE … that would lock rows of one copy only
  bool names_plain_now = false;  // a now()-like call may give an unnamed column its name, which a literal would not
  // What keeps this from being run once on every copy of a reference table with the same outcome; empty: it may.
  std::string not_repeatable;
  // What keeps this from running on several shards as a plain union of rows; empty: it may (plain filter-and-project).
  std::string not_scatterable;
  // What reads the transaction's time where no literal can stand for it; empty: nothing that is known of.
  std::string hidden_clock;
  // now(), CURRENT_DATE and their like, which a literal may replace: the numbers of their first tokens, from 0 at the
  // statement's own beginning.
  // (Not bytes: one entry of the cache serves texts with literals of other lengths.)
  std::vector<std::uint32_t> now_calls;
  std::vector<ClockDefaults> clock_defaults;
  std::optional<NumberedRows> numbered;  // an INSERT's
  std::vector<ColumnList> column_lists;  // to be written into the text before it is sent
  // What is wrong whatever the shards (an unknown table, INSERT without the key column, SET of the key column, …).
  std::optional<Fault> fault;
  bool fault_yields_to_hint = false;  // a hint that names the shard takes the blame
  std::vector<Setting> settings;
  Definitions defines;
  std::vector<std::string> temporary_tables;  // those created, or dropped (then `pins` is kNone), in MySQL's dialect
  std::optional<Kill> kill;
  std::optional<CopyFacts> copy;
  Hint hint;
  std::uint16_t parameters = 0;  // the highest $n
};

// A whole query string: one statement nearly always. `syntax_error` is the parser's own word, with position.
struct Query {
  std::vector<Statement> statements;
  std::optional<Fault> syntax_error;
  std::uint64_t topology_epoch = 0;
  bool lacks_columns = false;  // a statement has column_lists
};

}  // namespace shardway::router
