// The shards' catalogues become the database's: what they agree on, and for each configured table why it may not be
// used: the shards know it differently, or not as the configuration says, or cannot keep one of its constraints.
// Pure: nothing fails; problems are values for the caller to log, and refusals for the planner.
#pragma once

#include <string>
#include <vector>

#include "proxy/control/catalog_reader.hpp"
#include "router/topology.hpp"

namespace shardway::proxy::control {

struct TableProblem {
  std::string table, message, hint;
  bool operator==(const TableProblem&) const = default;
};

struct MergedCatalog {
  router::Catalog catalog;
  // A table has one at most; without a refusal if it exists nowhere yet, or only INSERT is refused.
  std::vector<TableProblem> problems;
  bool lacks_tables = false;  // a shard lacks a configured one
};

// `shards`: by shard index; null where nothing is known (then nothing is said about it). The home shard is known.
MergedCatalog merge_catalogs(const router::Topology& topology, const std::vector<const ShardCatalog*>& shards);

}  // namespace shardway::proxy::control
