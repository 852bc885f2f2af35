// What a session says to PostgreSQL servers while it commits on several shards. The tables and recovery's side:
// store.hpp.
// PREPARE TRANSACTION: https://www.postgresql.org/docs/15/sql-prepare-transaction.html
#pragma once

#include <string>
#include <string_view>

#include "proxy/transaction/name.hpp"

namespace shardway::proxy::transaction::postgres_store {

// Inside the client's transaction; simple Query each.
// A part that is not the agent's. `parts`: the shards' names with commas, for people.
std::string prepare(const Name& name, std::size_t shard, std::string_view parts);
// The agent's: decides and commits. COMMIT does not run if an insert fails.
std::string decide_and_commit(const Name& name, std::string_view parts);
std::string commit_prepared(std::string_view gid);
std::string rollback_prepared(std::string_view gid);

}  // namespace shardway::proxy::transaction::postgres_store
