// Catalog: what the servers say their tables look like, read by the control lane from every shard, immutable.
// Tables on which the shards do not agree, or which they cannot keep as one server would, are in `refused`: no
// statement that uses them is planned. It is part of a Topology and changes with its epoch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace shardway::router {

// A table's column, or a view's.
struct Column {
  std::string name;
  std::string type;               // format_type(): "bigint", "text", "character varying(20)"
  bool generated = false;         // GENERATED ALWAYS AS (…) STORED: not part of COPY's default column list
  bool not_null = false;          // NOT NULL: the server refuses a NULL there
  bool default_varies = false;    // has a default that is no constant: nextval(), now(), gen_random_uuid(), identity
  bool from_sequence = false;     // serial, identity, DEFAULT nextval(…), also a domain's or by a function
  bool auto_increment = false;    // MySQL: a row without a value, or with 0, gets a number (numbering.hpp)
  bool varies_on_update = false;  // MySQL: ON UPDATE CURRENT_TIMESTAMP
  bool loose = false;             // compares by a nondeterministic collation: equal values may have different bytes
  bool hidden = false;            // MySQL: INVISIBLE: no part of SELECT * and of an INSERT without columns
  std::string unfit_as_key = {};  // MySQL: why a text column cannot be a shard key; empty: it may
  std::uint32_t own_type = 0;  // the OID of a type that is not PostgreSQL's own; other shards may number it differently
  std::string default_sql = {};  // its own, or its domain's
  bool operator==(const Column&) const = default;
};

// A unique index, a primary key, or an exclusion constraint.
struct UniqueKey {
  std::string name;
  std::vector<std::string> columns;  // those compared for equality as they are; expressions are left out
  bool excludes = false;             // EXCLUDE
  bool operator==(const UniqueKey&) const = default;
};

struct ForeignKey {
  std::string name;
  std::vector<std::string> columns;
  std::string schema, table;  // what it refers to
  std::vector<std::string> columns_there;
  bool operator==(const ForeignKey&) const = default;
};

// Everything of a table that says which rows it may hold.
struct TableShape {
  std::vector<Column> columns;
  std::vector<UniqueKey> unique_keys;
  std::vector<ForeignKey> foreign_keys;
  std::vector<std::string> triggers;  // the user's, and rules
  std::vector<std::string> primary_key;
  bool operator==(const TableShape&) const = default;
};

// By which numbers a MySQL server counts an AUTO_INCREMENT column up: offset, offset + increment, …
// (auto_increment_increment, auto_increment_offset). 0: not known.
struct Numbering {
  std::uint64_t increment = 0, offset = 0;
  bool operator==(const Numbering&) const = default;
};

struct Refusal {
  std::string message, hint;
  bool operator==(const Refusal&) const = default;
};

// A type that is not PostgreSQL's own, with the types it is made of.
struct OwnType {
  bool checks = false;          // a domain whose CHECK calls functions that may do anything
  bool casts_to = false;        // a cast to it calls one
  bool casts_from = false;      // a cast from it does
  bool default_varies = false;  // a domain with a default that is no constant
  bool reads_clock = false;     // has dates in it, for which 'now' is a value
  bool counts = false;          // a domain whose default takes its values from a sequence
  bool operator==(const OwnType&) const = default;
};

struct Catalog {
  std::unordered_map<std::string, std::vector<Column>> tables;  // "schema.name" -> live columns in attnum order
  // "schema.name" of views, materialized and foreign tables: what they read is not known here, so unlisted ones are
  // refused.
  std::unordered_set<std::string> views;
  std::unordered_set<std::string> sequences;       // "schema.name"; each is a table of one row, too
  std::unordered_set<std::string> user_operators;  // names of operators, not PostgreSQL's own, that may do anything
  std::unordered_set<std::string> user_functions;  // unqualified names of functions outside pg_catalog
  std::unordered_map<std::string, std::vector<std::string>> primary_keys;  // "schema.name" -> its columns
  std::unordered_set<std::string> triggered;  // "schema.name" of configured tables that have triggers
  // "schema.name" of configured tables that may not be used, and of others that share rows with them.
  std::unordered_map<std::string, Refusal> refused;
  // "schema.name" of views and of tables with policies: reading them may write or lock, by what they are defined with.
  std::unordered_set<std::string> primary_only;
  std::unordered_set<std::string> schemas;  // that have tables
  // The search_path a user's sessions begin with, where it is not the server's own default; "": everyone else's.
  std::unordered_map<std::string, std::string> search_paths;
  std::unordered_set<std::string> differing_types;      // unqualified names of types whose OID depends on the shard
  std::unordered_set<std::string> differing_rows;       // "schema.name" of tables whose rows' type is such a one
  std::string sql_mode;                                 // MySQL: what a session begins with
  bool folds_table_names = false;                       // MySQL: lower_case_table_names
  std::string server_version;                           // MySQL: @@version
  std::vector<Numbering> numberings;                    // MySQL: of each shard's primary, by the shard's number
  std::unordered_map<std::string, OwnType> own_types;   // by unqualified name
  std::unordered_set<std::string> computing_functions;  // of the user's, those that read nothing and change nothing
  // Of the user's, those that leave settings, locks or temporary tables in the session; "schema.name" of tables whose
  // triggers or defaults do.
  std::unordered_set<std::string> leaving_functions, leaving_tables;
  std::unordered_set<std::string> leaving_views;  // "schema.name"; tables whose policies do, too
  const std::vector<Column>* columns(std::string_view schema, std::string_view name) const;
  const Refusal* refusal_of(std::string_view schema, std::string_view name) const;
  bool has_triggers(std::string_view schema, std::string_view name) const;
  bool is_replica_safe(std::string_view schema, std::string_view name) const;
  // Unqualified names may mean something else for this user than for others.
  bool has_own_path(const std::string& user) const;
  bool operator==(const Catalog&) const = default;
};

}  // namespace shardway::router
