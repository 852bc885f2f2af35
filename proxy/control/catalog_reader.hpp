// The catalogue of one server: the question, and its answer as values, for PostgreSQL and for MySQL (whose database is
// called "public" in names here, as the router calls the schema of unqualified tables). Knows no connection.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "proxy/control/rows.hpp"
#include "router/catalog.hpp"

namespace shardway::proxy::control {

// Several statements in one Query, so that all see one snapshot.
extern const char* const kPostgresCatalogQuery;
extern const char* const kMysqlCatalogQuery;

struct ShardCatalog {
  std::unordered_map<std::string, router::TableShape> tables;  // "schema.name"; views and foreign tables too
  std::unordered_set<std::string> views;                       // those that are no tables
  std::unordered_set<std::string> sequences;                   // nor are these
  std::unordered_set<std::string> primary_only;  // views, tables with policies: not to be read on replicas
  std::unordered_map<std::string, std::vector<std::string>> parents;  // of partitions and inheritance children
  std::unordered_map<std::string, std::string> search_paths;          // a user's first one; "": everyone else's
  std::unordered_set<std::string> functions;                          // outside pg_catalog, unqualified
  std::unordered_set<std::string> operators;                          // names of the user's that may do anything
  std::unordered_map<std::string, std::uint32_t> types;               // "schema.name" -> OID, outside pg_catalog
  std::unordered_map<std::string, std::uint32_t> row_types;           // "schema.name" of a table -> its rows' type
  std::string sql_mode;                                               // MySQL: what a session begins with
  bool folds_table_names = false;                                     // MySQL: lower_case_table_names
  std::string server_version;                                         // MySQL: @@version
  router::Numbering numbering;                                        // MySQL
  std::unordered_set<std::string> computing_functions;                // of those, the ones that only compute
  std::unordered_set<std::string> leaving_functions;                  // see router::Catalog
  std::unordered_set<std::string> leaving_tables;                     // "schema.name"
  std::unordered_set<std::string> leaving_views;
  std::unordered_map<std::string, router::OwnType> own_types;  // by unqualified name
  bool operator==(const ShardCatalog&) const = default;
};
// Either of two types of one name may be meant.
void add(router::OwnType& known, const router::OwnType& found);
ShardCatalog read_postgres_catalog(const std::vector<Rows>& results);
ShardCatalog read_mysql_catalog(const std::vector<Rows>& results);

}  // namespace shardway::proxy::control
