// numbering: AUTO_INCREMENT columns of tables whose rows are on several servers, each of which counts for itself: which
// columns these are, and whether the servers' settings keep them from ever giving one number twice. Pure.
// https://mariadb.com/kb/en/auto_increment_increment/
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/topology.hpp"

namespace shardway::router {

// The AUTO_INCREMENT column whose numbers must differ over shards; null: there is none. A shard key's are given by
// whoever inserts, and one that is listed as `unenforced` may repeat.
const Column* numbered_column(const Table& table, const std::vector<Column>& columns);

// A sharded table that has such a column; null: none has.
const Table* numbered_table(const Topology& topology);

// What would let two shards give one number, and the cure; nothing: they never do. Both by the shard's number.
std::optional<Refusal> collision(const std::vector<Numbering>& numberings, const std::vector<std::string>& shards);

// "auto_increment_increment = 2, auto_increment_offset = 1"
std::string shown(const Numbering& numbering);

// Whether a server that counts like this could give the number. `digits`: a decimal integer, with its sign.
bool gives(const Numbering& numbering, std::string_view digits);

// Whether an integer column of this type ("int(11) unsigned") holds the number as it is.
bool holds(std::string_view type, std::string_view digits);

}  // namespace shardway::router
