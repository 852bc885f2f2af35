// The catalogue of one PostgreSQL server: the question, and its answer as values. Knows libpq's results, no connection.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "proxy/control/control_link.hpp"
#include "router/catalog.hpp"

namespace shardway::proxy::control {

// Several statements in one Query, so that all see one snapshot.
extern const char* const kCatalogQuery;

struct ShardCatalog {
  std::unordered_map<std::string, router::TableShape> tables;  // "schema.name"; views and foreign tables too
  std::unordered_set<std::string> views;                       // those that are no tables
  std::unordered_set<std::string> functions;                   // outside pg_catalog, unqualified
  std::unordered_set<std::string> operators;                   // names of the user's that may do anything
  std::unordered_map<std::string, std::uint32_t> types;        // "schema.name" -> OID, outside pg_catalog
  bool operator==(const ShardCatalog&) const = default;
};
ShardCatalog read_catalog(const std::vector<Result>& results);

}  // namespace shardway::proxy::control
