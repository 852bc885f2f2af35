// key_values: from the values of one execution to shards, in either dialect. Where a value is no exact value of the
// key's type, says so.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/planner.hpp"

namespace shardway::router {

struct KeyShards {
  std::vector<ShardIndex> shards;  // sorted, each once; empty: no row can match (every value is NULL)
  std::unique_ptr<Fault> fault;
};

// The shards of the keys a bound use is restricted to.
KeyShards postgres_shards_of(const TableUse& use, const Values& values, const Topology& topology,
                             const SessionView& session);
KeyShards mysql_shards_of(const TableUse& use, const Values& values, const Topology& topology,
                          const SessionView& session);

// What a statement gives where MySQL stores an integer.
struct GivenInteger {
  bool is_null = false;
  std::string digits;  // with its sign; empty: NULL, or not exactly an integer
};
GivenInteger mysql_integer(const ValueRef& given, const Values& values, const SessionView& session);

// The elements of an array in its text form, of however many dimensions, as array_in reads it; nothing if it is
// anything else. NULL elements are left out, and counted.
std::optional<std::vector<std::string>> array_elements(std::string_view text, std::size_t* nulls = nullptr);

// Why a text would be stored in PostgreSQL's key column as another one than was written; null: it would not.
std::unique_ptr<Fault> altered_when_stored(const Table& table, const Topology& topology, std::string_view text);

std::unique_ptr<Fault> make_fault(FaultReason reason, std::string message, std::string hint);

}  // namespace shardway::router
