// Inspection: one look at every server of every database, and what is wrong with them, in words: for
// `shardway check --servers`. The same eyes and the same judgement as the running proxy's control lane
// (database_watch), used once, on the caller's thread. Nothing is changed on the servers. Secrets are never part of the
// words.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/backend/node.hpp"

namespace shardway::proxy::control {

struct Inspection {
  struct Node {
    std::string database, shard, address;
    backend::Role role = backend::Role::kUnknown;
    std::int64_t lag_us = -1;  // replica; -1: unknown
    bool answered = false;
  };
  struct Problem {
    std::string message, hint;
    bool is_error = true;  // else it works, but not all of it
  };
  std::vector<Node> nodes;
  std::vector<Problem> problems;
};

// Returns when every node has answered or failed, or at the deadline.
Inspection inspect(const std::vector<std::shared_ptr<backend::Backend>>& backends, config::Milliseconds deadline);

}  // namespace shardway::proxy::control
