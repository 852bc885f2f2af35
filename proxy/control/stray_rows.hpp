// Stray rows: on a shard where the configuration looks for none of them, by a wrong map or kind of table. Of each table
// some rows are looked at, on every shard's primary, by the first user who may. For `shardway check --servers`.
#pragma once

#include <string>
#include <vector>

#include "proxy/backend/node.hpp"
#include "proxy/control/catalog_merge.hpp"
#include "proxy/control/switchover_line.hpp"

namespace shardway::proxy::control {

struct Account {
  std::string user, password;
};

// What is found, a table's first only. After inspect(), which knows the primaries and the tables.
std::vector<TableProblem> stray_rows(const backend::Backend& backend, const std::vector<Account>& accounts,
                                     const switchover::Patience& patience);

}  // namespace shardway::proxy::control
