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

// A table's column, or a view's.
struct Column {
  std::string name;
  std::string type;             // format_type(): "bigint", "text", "character varying(20)"
  bool generated = false;       // GENERATED ALWAYS AS (…) STORED: not part of COPY's default column list
  bool default_varies = false;  // has a default that is no constant: nextval(), now(), gen_random_uuid(), identity
};

struct Catalog {
  std::unordered_map<std::string, std::vector<Column>> tables;  // "schema.name" -> live columns in attnum order
  // "schema.name" of views, materialized and foreign tables: what they read is not known here, so unlisted ones are
  // refused.
  std::unordered_set<std::string> views;
  std::unordered_set<std::string> user_functions;  // unqualified names of functions outside pg_catalog
  const std::vector<Column>* columns(std::string_view schema, std::string_view name) const;
};

}  // namespace shardway::router
