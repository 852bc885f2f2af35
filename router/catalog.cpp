#include "router/catalog.hpp"

#include "router/topology.hpp"

namespace shardway::router {

const std::vector<Column>* Catalog::columns(std::string_view schema, std::string_view name) const {
  const auto found = tables.find(full_name(schema, name));
  return found == tables.end() ? nullptr : &found->second;
}

const Refusal* Catalog::refusal_of(std::string_view schema, std::string_view name) const {
  const auto found = refused.find(full_name(schema, name));
  return found == refused.end() ? nullptr : &found->second;
}

bool Catalog::has_triggers(std::string_view schema, std::string_view name) const {
  return triggered.contains(full_name(schema, name));
}

bool Catalog::is_replica_safe(std::string_view schema, std::string_view name) const {
  const auto full = full_name(schema, name);
  return tables.contains(full) && !primary_only.contains(full);
}

bool Catalog::has_own_path(const std::string& user) const { return !search_paths.empty() || schemas.contains(user); }

}  // namespace shardway::router
