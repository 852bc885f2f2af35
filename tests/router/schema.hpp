// The differential test's tables, on three shards, and its statements: what tests/differential/statements.py printed
// when the tests were built.
#pragma once

#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "router/topology.hpp"

namespace shardway::router::schema {

struct Written {
  std::shared_ptr<Topology> topology;
  std::vector<std::string> texts;
};

inline KeyType key_type(const std::string& name) {
  if (name == "bigint") return KeyType::kBigint;
  if (name == "integer") return KeyType::kInteger;
  if (name == "smallint") return KeyType::kSmallint;
  if (name == "text") return KeyType::kText;
  if (name == "uuid") return KeyType::kUuid;
  throw std::runtime_error("no type of a key: " + name);
}

inline std::string unescaped(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) text += line[i] != '\\' ? line[i] : line[++i] == 'n' ? '\n' : line[i];
  return text;
}

inline Written read() {
  Written all{std::make_shared<Topology>(), {}};
  auto catalog = std::make_shared<Catalog>();
  all.topology->shards = {"s0", "s1", "s2"};
  std::vector<ShardIndex> owner(16384);
  for (std::size_t slot = 0; slot < owner.size(); ++slot) owner[slot] = static_cast<ShardIndex>(slot % 3);
  all.topology->map = ShardMap(std::move(owner));
  std::ifstream file(SHARDWAY_STATEMENTS);
  std::string table;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string what, name, kind, key, type;
    words >> what >> name;
    if (what == "text") {
      all.texts.push_back(unescaped(std::string_view(line).substr(5)));
    } else if (what == "column") {
      std::getline(words >> std::ws, type);
      catalog->tables[table].push_back({name, type});
    } else {
      words >> kind >> key >> type;
      table = "public." + name;
      const auto table_kind = kind == "sharded"     ? TableKind::kSharded
                              : kind == "reference" ? TableKind::kReference
                                                    : TableKind::kSingle;
      all.topology->tables.add({"public", name, table_kind, key, type.empty() ? KeyType::kBigint : key_type(type), 0});
    }
  }
  all.topology->catalog = std::move(catalog);
  return all;
}

}  // namespace shardway::router::schema
