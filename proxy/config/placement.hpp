// Where two configurations of one database would look for the same row. Pure; a reload asks.
#pragma once

#include <string>

#include "proxy/config/config.hpp"

namespace shardway::proxy::config {

// What is placed otherwise after than before, as a message says it; empty: nothing that is known of. A shard is the
// same if one of its nodes is, or else its name.
std::string rows_moved(const Database& before, const Database& after);

}  // namespace shardway::proxy::config
