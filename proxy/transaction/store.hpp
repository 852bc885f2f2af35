// Store: the two tables every shard of a sharded database has for transactions on several shards, and recovery's
// statements on them and on prepared parts, in the words of one kind of server. What the session says while it commits
// is beside each: postgres_store.hpp, mysql_store.hpp; both must agree on every word.
//
//   decision(gtx, state, …)  on the agent: 'C' committed, 'A' aborted. Whoever inserts first has decided; the primary
//                            key makes the two exclude each other.
//   applied(gtx, …)          on every shard that took part: written by the part itself, so that it is there exactly if
//                            the part was committed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/config.hpp"

namespace shardway::proxy::transaction {

struct ListedPart {
  std::string gid, owner;  // owner empty: anyone may end it
  long age = -1;           // seconds since it was prepared; -1: the server does not say
};

struct Store {
  using Rows = std::vector<std::vector<std::string>>;
  // Creates what is missing; for the control user, who then owns it. Everyone may insert, only the owner may read (on
  // MariaDB an operator has to grant it: nobody else may grant to PUBLIC).
  const char* create;
  const char* create_hint;  // what to grant

  std::string (*commit_prepared)(std::string_view gid);
  std::string (*rollback_prepared)(std::string_view gid);
  std::string_view no_such_part, lock_not_available;  // SQLSTATEs
  bool binds_to_connection;  // a part cannot be ended by others while the connection that prepared it lives

  // Each its own transaction. One row (state): the decision, which is 'A' from now on if there was none. It has been
  // written and acknowledged: a decision that a failover would undo is not read by mistake. Waits for one who is just
  // deciding.
  std::string (*decide_abort)(std::string_view gtx);
  std::string (*list_prepared)(std::string_view cluster);
  std::vector<ListedPart> (*read_prepared)(const Rows& rows, std::string_view cluster);
  // One row if the part on this shard was committed.
  std::string (*find_applied)(std::string_view gtx);
  // Of transactions that are over on every shard.
  std::string (*forget_decisions)(const std::vector<std::string>& gtxs);
  std::string (*forget_applied)(const std::vector<std::string>& gtxs);
  // Rows nobody of this run of the program will take away. Abort decisions go when every transaction that was open when
  // they were made has ended; so nobody is left who could still try to decide otherwise.
  const char* forget_old_aborts;
  const char* forget_old_applied;
  const char* old_commits;  // rows (gtx, parts) of commit decisions older than an hour
  const char* blocked;      // rows (waiting, blocking) of this server's processes; null: it is not asked
};

extern const Store kPostgresStore;
extern const Store kMysqlStore;
inline const Store& store_of(config::Protocol protocol) noexcept {
  return protocol == config::Protocol::kMysql ? kMysqlStore : kPostgresStore;
}

}  // namespace shardway::proxy::transaction
