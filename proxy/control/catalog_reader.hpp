// The catalogue of a PostgreSQL database: the question, its answer as a router::Catalog, and what in it speaks against
// the configured tables. Knows libpq's results, no connection. Nothing fails: problems are values for the caller to
// log.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "proxy/control/control_link.hpp"
#include "router/topology.hpp"

namespace shardway::proxy::control {

// Three statements in one Query, so that all see one snapshot: columns, functions, columns that compare by a
// nondeterministic collation.
extern const char* const kCatalogQuery;

struct CatalogAnswer {
  router::Catalog catalog;
  std::unordered_set<std::string> loosely_compared;  // "schema.table.column"
};
CatalogAnswer read_catalog(const std::vector<Result>& results);

bool same(const router::Catalog& a, const router::Catalog& b);

// A configured table the servers know differently.
struct TableProblem {
  std::string table, column, message, hint;
};
// `topology.tables` against what was found on the home shard; a single table kept elsewhere cannot be looked up there.
std::vector<TableProblem> check_tables(const router::Topology& topology, const CatalogAnswer& found);

}  // namespace shardway::proxy::control
