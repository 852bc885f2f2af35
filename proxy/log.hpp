// Log: spdlog set up from the configuration: one line per event, key=value text or one JSON object.
#pragma once

#include "proxy/config/config.hpp"

namespace shardway::proxy {

// Throws std::runtime_error if the file cannot be opened.
void set_up_log(const config::Config& config);

}  // namespace shardway::proxy
