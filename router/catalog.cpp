#include "router/catalog.hpp"

namespace shardway::router {

const std::vector<Column>* Catalog::columns(std::string_view schema, std::string_view name) const {
  std::string full(schema.empty() ? "public" : schema);
  full += '.';
  full += name;
  const auto found = tables.find(full);
  return found == tables.end() ? nullptr : &found->second;
}

}  // namespace shardway::router
