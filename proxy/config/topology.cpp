// From the words of a checked database to the router's numbers.
#include <algorithm>

#include "proxy/config/check.hpp"
#include "proxy/config/words.hpp"
#include "router/language.hpp"

namespace shardway::proxy::config {
namespace {

router::ShardIndex index_of(const Database& database, std::string_view shard) {
  const auto found =
      std::find_if(database.shards.begin(), database.shards.end(), [shard](const Shard& s) { return s.name == shard; });
  return static_cast<router::ShardIndex>(found - database.shards.begin());
}

router::ShardMap make_map(const Database& database) {
  std::vector<router::ShardIndex> owner(database.sharding.slots, 0);  // without a map there is one shard
  for (const SlotsOfShard& entry : database.sharding.map)
    for (const SlotRange& range : entry.ranges)
      std::fill(owner.begin() + range.first, owner.begin() + range.last + 1, index_of(database, entry.shard));
  return router::ShardMap(std::move(owner));
}

router::Table make_table(const Database& database, const Table& table) {
  router::Table out;
  auto name = *parse_table_name(table.name);
  out.schema = std::move(name.schema);
  out.name = std::move(name.name);
  out.kind = table.kind;
  out.unenforced = table.unenforced;
  if (table.kind == router::TableKind::kSharded) {
    out.key = *parse_column_name(table.key);
    out.key_type = std::get<router::KeyType>(parse_key_type(table.type, database.protocol));
  } else if (table.kind == router::TableKind::kSingle) {
    out.shard = index_of(database, table.shard);
  }
  return out;
}

}  // namespace

router::Topology make_topology(const Database& database) {
  constexpr std::string_view kSingle = "single:";
  router::Topology out;
  out.database = database.name;
  if (database.protocol == Protocol::kMysql) out.language = &router::kMysqlLanguage;
  for (const Shard& shard : database.shards) out.shards.push_back(shard.name);
  const Sharding& sharding = database.sharding;
  if (!sharding.home.empty()) out.home = index_of(database, sharding.home);
  for (const Table& table : database.tables) out.tables.add(make_table(database, table));
  out.map = make_map(database);
  if (sharding.unlisted_tables == "reference") {
    out.unlisted = router::Unlisted::kReference;
  } else if (sharding.unlisted_tables.starts_with(kSingle)) {
    out.unlisted = router::Unlisted::kSingle;
    out.unlisted_shard = index_of(database, std::string_view(sharding.unlisted_tables).substr(kSingle.size()));
  }
  return out;
}

}  // namespace shardway::proxy::config
