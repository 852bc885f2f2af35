#include "router/topology.hpp"

namespace shardway::router {

std::string full_name(std::string_view schema, std::string_view name) {
  std::string full(schema.empty() ? "public" : schema);
  full += '.';
  full += name;
  return full;
}

void Tables::add(Table table) {
  if (table.schema.empty()) table.schema = "public";
  by_name_.insert_or_assign(full_name(table.schema, table.name), tables_.size());
  tables_.push_back(std::move(table));
}

const Table* Tables::find(std::string_view schema, std::string_view name) const {
  const auto found = by_name_.find(full_name(schema, name));
  return found == by_name_.end() ? nullptr : &tables_[found->second];
}

}  // namespace shardway::router
