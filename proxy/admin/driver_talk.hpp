// DriverTalk: what drivers say to any server before and between the commands a person types: BEGIN, SET
// client_encoding, SHOW datestyle, SELECT 1, DISCARD ALL. It is answered as a server would, and changes nothing.
#pragma once

#include <optional>

#include "proxy/admin/console.hpp"
#include "proxy/admin/words.hpp"

namespace shardway::proxy::admin {

// nullopt: a command of the console, or nonsense.
std::optional<Answer> driver_talk(const Words& words);

}  // namespace shardway::proxy::admin
