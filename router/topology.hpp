// Topology: one database as the router sees it, an immutable value with an epoch, swapped whole.
// Shards are numbers here; nodes, roles and sockets are the proxy's business.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "router/catalog.hpp"
#include "router/shard_map.hpp"

namespace shardway::router {

struct Language;
extern const Language kPostgresLanguage;

// kBinary is MySQL's: bytes as they are (binary types, and texts whose collation pads nothing).
enum class KeyType : std::uint8_t { kBigint, kInteger, kSmallint, kText, kUuid, kBinary };
enum class TableKind : std::uint8_t { kSharded, kReference, kSingle };

struct Table {
  std::string schema, name;
  TableKind kind = TableKind::kSharded;
  std::string key;  // sharded: the key column
  KeyType key_type = KeyType::kBigint;
  ShardIndex shard = 0;                      // single: where its rows are
  std::vector<std::string> unenforced = {};  // constraints accepted although the shards cannot keep them
};

// "schema.name"; without a schema, that of `public`.
std::string full_name(std::string_view schema, std::string_view name);

enum class Unlisted : std::uint8_t { kRefuse, kSingle, kReference };

class Tables {
 public:
  void add(Table table);
  // `schema` may be empty: then `public`. Names as the server folds them (lower case unless quoted).
  const Table* find(std::string_view schema, std::string_view name) const;
  const std::vector<Table>& all() const noexcept { return tables_; }

 private:
  std::vector<Table> tables_;
  std::unordered_map<std::string, std::size_t> by_name_;  // "schema.name"
};

struct Topology {
  std::uint64_t epoch = 0;
  std::string database;
  std::vector<std::string> shards;  // names, in the order configured
  ShardIndex home = 0;              // serves what belongs to no shard
  Tables tables;
  ShardMap map;
  Unlisted unlisted = Unlisted::kRefuse;
  ShardIndex unlisted_shard = 0;
  const Language* language = &kPostgresLanguage;  // how its statements are read (language.hpp)
  std::shared_ptr<const Catalog> catalog;         // null: not read yet (or offline); then what needs it is refused

  bool sharded() const noexcept { return shards.size() > 1; }
  // A sequence is no listed table, and those of unlisted ones count where these are.
  ShardIndex sequence_shard() const noexcept { return unlisted == Unlisted::kSingle ? unlisted_shard : home; }
};

}  // namespace shardway::router
