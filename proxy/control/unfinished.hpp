// Unfinished: what is left of a change of primary whose author died over it: a shard in which nobody takes writes
// although every server that is asked answers well. Pure. Which nodes may be given their writes back, so that nothing
// is lost and no second one takes writes: the one whose server only new sessions find read only, or that does not
// answer while all others are replicas (PostgreSQL); those that follow nobody and lack nothing (MariaDB).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "proxy/control/roles.hpp"

namespace shardway::proxy::control {

std::vector<std::int32_t> left_behind(std::span<const NodeEvidence> nodes, const Verdict& verdict);

}  // namespace shardway::proxy::control
