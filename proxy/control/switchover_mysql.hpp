// What a switchover of MariaDB reads: rights of the control user, and how a replica stands to its source. The procedure
// itself: switchover_mysql.cpp.
#pragma once

#include <string>
#include <vector>

#include "proxy/control/switchover_recipe.hpp"

namespace shardway::proxy::control::switchover {

// "10.11.6-MariaDB-…" -> {10, 11, 6}; zeros where there is no number.
struct MariadbVersion {
  unsigned major = 0, minor = 0, patch = 0;
  friend auto operator<=>(const MariadbVersion&, const MariadbVersion&) = default;
};
MariadbVersion mariadb_version(const std::string& text) noexcept;

// Semi-synchronous replication: does the server wait for its replicas as a source, and how; and would it, as a replica,
// acknowledge. https://mariadb.com/kb/en/semisynchronous-replication/
struct SemiSync {
  bool is_source = false, is_replica = false;
  std::string timeout, wait_point;  // of the source
};
inline constexpr const char* kSemiSync =
    "SELECT @@global.rpl_semi_sync_master_enabled, @@global.rpl_semi_sync_slave_enabled,"
    " @@global.rpl_semi_sync_master_timeout, @@global.rpl_semi_sync_master_wait_point";
SemiSync read_semi_sync(const Rows& row);
// The statements by which a server that has `own` gets what the other one has; empty: nothing is to be done.
std::string exchanged(const SemiSync& own, const SemiSync& others);

struct MysqlRights {
  std::string user;                 // "shardway@%"
  std::vector<std::string> grants;  // on *.*, as information_schema.USER_PRIVILEGES names them
  bool sets_semi_sync = false;      // the server waits for its replicas: the other one will
};
// `replicates`: as this user the old primary will log in to the new one.
std::vector<Lack> judge(const MysqlRights& rights, bool replicates, const std::string& shard, const std::string& node);

}  // namespace shardway::proxy::control::switchover
