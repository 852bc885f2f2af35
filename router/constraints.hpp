// constraints: what a table demands of its rows that servers which know only their own rows cannot keep: uniqueness
// without the shard key, foreign keys to rows elsewhere, sequences of which every shard would have its own, triggers.
// Pure: the same rules judge the servers' catalogue and a CREATE or ALTER TABLE before it is sent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "router/topology.hpp"

namespace shardway::router {

struct Unenforceable {
  std::string constraint;  // its name; of a sequence the column's, as `unenforced` of the configuration lists it
  std::string message, hint;
};

// Those that `table.unenforced` does not list. `sequences`: their shard.
std::vector<Unenforceable> unenforceable(const Tables& tables, const Table& table, const TableShape& shape,
                                         ShardIndex sequences);

}  // namespace shardway::router
