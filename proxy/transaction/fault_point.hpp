// The named steps of an atomic commit at which a test may have the process killed, as kill -9 would:
// SHARDWAY_KILL_AT=decided:3 in its environment kills it when it comes to the step "decided" for the third time.
#pragma once

#include <string_view>

namespace shardway::proxy::transaction {

void at_step(std::string_view step) noexcept;

}  // namespace shardway::proxy::transaction
