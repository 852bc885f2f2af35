// Catalog: what the servers say their tables look like, read by the control lane, immutable.
// In this version: columns in order (an INSERT or COPY without a column list needs them) and the names of user
// functions.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace shardway::router {

struct Column {
  std::string name;
  std::string type;        // format_type(): "bigint", "text", "character varying(20)"
  bool generated = false;  // GENERATED ALWAYS AS (…) STORED: not part of COPY's default column list
};

struct Catalog {
  std::unordered_map<std::string, std::vector<Column>> tables;  // "schema.name" -> live columns in attnum order
  std::unordered_set<std::string> user_functions;               // unqualified names of functions outside pg_catalog
  const std::vector<Column>* columns(std::string_view schema, std::string_view name) const;
};

}  // namespace shardway::router
