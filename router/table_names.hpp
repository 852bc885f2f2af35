// table_names: which table a name in a statement means, by the configuration, the session's search_path and the
// catalog. Where the catalog would be needed to be sure and is not there, the answer is kUnclear.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "router/topology.hpp"

namespace shardway::router {

enum class NameMeaning : unsigned char { kListed, kUnlisted, kCatalog, kTemporary, kUnclear };

struct ResolvedName {
  NameMeaning meaning = NameMeaning::kUnlisted;
  const Table* table = nullptr;  // kListed
  std::string schema;            // where it is, or would be
};

// `search_path` as SET printed it ("a", 'b, c', "$user", public, …); empty: the server's default.
ResolvedName resolve_table(const Topology& topology, std::string_view search_path, std::string_view schema,
                           std::string_view name);

std::vector<std::string> split_search_path(std::string_view search_path);
// The same, each name in double quotes, of what stands behind SET search_path TO: a name in each string; and of the one
// string that set_config() is given.
std::string search_path_of_set(std::string_view value_sql);
std::string search_path_of_string(std::string_view literal);

// "schema"."name" as messages show it: without `public`, quoted.
std::string shown_name(const Table& table);
// "name"."key"
std::string shown_key(const Table& table);

}  // namespace shardway::router
