// What a switchover of PostgreSQL reads and writes: where a replica's primary_conninfo points, and what the control
// user may do. The procedure itself: switchover_postgres.cpp.
#pragma once

#include <optional>
#include <string>

#include "proxy/control/switchover_recipe.hpp"

namespace shardway::proxy::control::switchover {

struct HostAndPort {
  std::string host, port;  // as libpq has them
};
HostAndPort target_parameters(const Cast& cast);

// The same connection string, to another server; nullopt: it is none.
std::optional<std::string> points_at(const std::string& conninfo, const HostAndPort& where);

// What the control user has; from the server.
struct PostgresRights {
  std::string user, database;
  unsigned long version = 0;  // 150020
  bool is_superuser = false;
  bool promotes = false, reloads = false, reads_settings = false, ends_sessions = false;
  bool sets_conninfo = false, sets_read_only = false;
};
// What is missing for this cast; pure.
std::vector<Lack> judge(const PostgresRights& rights, const Cast& cast);

}  // namespace shardway::proxy::control::switchover
