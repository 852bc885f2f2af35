// entries: the keys themselves, without a file: "database.pool.size" with default, need and description.
// For the hint at an unknown key and for the test of configs/reference.toml. With values: entries() in config.hpp.
#pragma once

#include <vector>

#include "proxy/config/config.hpp"

namespace shardway::proxy::config {

std::vector<Entry> describe_keys();

}  // namespace shardway::proxy::config
