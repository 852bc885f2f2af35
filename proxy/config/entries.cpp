#include "proxy/config/entries.hpp"

#include "proxy/config/keys.hpp"

namespace shardway::proxy::config {
namespace {

void list(const Config& config, std::vector<Entry>& out) { list_section(config, Config{}, root_keys(), "", out); }

}  // namespace

std::vector<Entry> entries(const Config& config) {
  std::vector<Entry> out;
  list(config, out);
  return out;
}

std::vector<Entry> describe_keys() {
  Config one_of_each;
  one_of_each.listen.emplace_back();
  one_of_each.users.emplace_back();
  Database& database = one_of_each.databases.emplace_back();
  database.shards.emplace_back();
  database.tables.emplace_back();
  std::vector<Entry> out;
  list(one_of_each, out);
  for (Entry& entry : out)  // the nameless elements leave "database..pool.size"
    for (std::size_t at; (at = entry.key.find("..")) != std::string::npos;) entry.key.erase(at, 1);
  return out;
}

}  // namespace shardway::proxy::config
