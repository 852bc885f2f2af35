// ConsoleClient: the command line's way to the console of a running Shardway, through libpq: one command, whose rows
// are handed on as they come. Blocks until the answer's end.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "proxy/config/config.hpp"

namespace shardway::proxy::control {

struct ConsoleAddress {
  config::Address address;
  std::string user, password;  // password empty: libpq's own ways ($PGPASSWORD, ~/.pgpass)
};

// Where a Shardway that runs with this configuration answers, and one who may change things there: the first listener
// for PostgreSQL, the first of [admin] users whose password is in clear text; `user`: this one of them. An error text
// if there is none.
std::string find_console(const config::Config& config, const std::string& user, ConsoleAddress& found);

using Cells = std::vector<std::optional<std::string>>;
// An error text; empty: it went well.
std::string run_on_console(const ConsoleAddress& where, const std::string& command,
                           const std::function<void(const Cells&)>& each_row);

}  // namespace shardway::proxy::control
