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

struct MysqlRights {
  std::string user;                 // "shardway@%"
  std::vector<std::string> grants;  // on *.*, as information_schema.USER_PRIVILEGES names them
};
// `replicates`: as this user the old primary will log in to the new one.
std::vector<Lack> judge(const MysqlRights& rights, bool replicates, const std::string& shard, const std::string& node);

}  // namespace shardway::proxy::control::switchover
