// The two tables every shard of a sharded PostgreSQL database has for transactions on several shards, and the
// statements on them. Used by the session that commits and by recovery, which must agree on every word.
//
//   decision(gtx, state, …)  on the agent: 'C' committed, 'A' aborted. Whoever inserts first has decided; the primary
//                            key makes the two exclude each other.
//   applied(gtx, …)          on every shard that took part: written by the part itself, so that it is there exactly if
//                            the part was committed.
//
// PREPARE TRANSACTION: https://www.postgresql.org/docs/15/sql-prepare-transaction.html
#pragma once

#include <string>
#include <string_view>

#include "proxy/transaction/name.hpp"

namespace shardway::proxy::transaction::postgres_store {

inline constexpr const char* kSchema = "shardway";

// Creates what is missing; for the control user, who then owns it. Everyone may insert, only the owner may read.
extern const char* const kCreate;

// ---- for the session, inside the client's transaction; simple Query each ----
// A part that is not the agent's. `parts`: the shards' names with commas, for people.
std::string prepare(const Name& name, std::size_t shard, std::string_view parts);
// The agent's: decides and commits. COMMIT does not run if an insert fails.
std::string decide_and_commit(const Name& name, std::string_view parts);
std::string commit_prepared(std::string_view gid);
std::string rollback_prepared(std::string_view gid);

// ---- for recovery, each its own transaction ----
// One row (state): the decision, which is 'A' from now on if there was none. It has been written and acknowledged:
// a decision that a failover would undo is not read by mistake. Waits for one who is just deciding.
std::string decide_abort(std::string_view gtx);
// Rows (gid, owner, age in seconds) of this database's prepared parts.
std::string list_prepared(std::string_view cluster);
// One row if the part on this shard was committed.
std::string find_applied(std::string_view gtx);
// `gtxs`: of transactions that are over on every shard.
std::string forget_decisions(const std::string& array_literal);
std::string forget_applied(const std::string& array_literal);
// Rows nobody of this run of the program will take away. Abort decisions go when every transaction that was open when
// they were made has ended; so nobody is left who could still try to decide otherwise.
extern const char* const kForgetOldAborts;
extern const char* const kForgetOldApplied;
// Rows (gtx, parts) of commit decisions older than an hour.
extern const char* const kOldCommits;

// Rows (waiting pid, blocking pid) of this server.
extern const char* const kBlocked;

}  // namespace shardway::proxy::transaction::postgres_store
