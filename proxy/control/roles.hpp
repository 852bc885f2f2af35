// Roles: who is primary and who is replica in one shard, from what the nodes said about themselves. Pure; nothing
// fails. The configuration names no primary. Of two that claim to be one the higher timeline wins (MariaDB has none:
// whoever was a replica of the accepted primary before; if none was accepted yet, who has all that the other has, and
// more), and the other gets no statement until its own demotion; once a
// primary was accepted, one with an older history never takes its place. Unsure: no primary.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "proxy/backend/node.hpp"

namespace shardway::proxy::control {

inline constexpr unsigned kFailuresToForget = 3;

// Of a GTID domain and server ("0-1-270"), the greatest number.
using Gtids = std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint64_t>;

struct NodeEvidence {
  bool tried = false;     // answered or failed at least once (or had its time to)
  bool known = false;     // has answered; what follows is its last answer
  unsigned failures = 0;  // in a row, since that answer
  // pg_is_in_recovery(), default_transaction_read_only; MariaDB: read_only, and whether it follows a primary.
  bool in_recovery = false, read_only = false;
  std::uint64_t system_identifier = 0;
  std::uint32_t timeline = 0;
  // MariaDB has neither a system identifier nor timelines: there a server's number, and that of the one it follows (0:
  // nobody), say who belongs together.
  bool has_timelines = true;
  std::uint64_t server_number = 0, source_number = 0;
  Gtids has = {}, last = {};  // of each server; and of each domain, the newest
  bool standing() const noexcept { return known && failures < kFailuresToForget; }
};

// The primary accepted last. It outlives that node's failures: this is what keeps an old primary out.
struct Incumbent {
  std::int32_t node = -1;  // -1: none yet
  std::uint32_t timeline = 0;
  std::uint64_t system_identifier = 0;
  // Where no timeline tells an old history from a new one: what it had written itself when it was accepted, and what
  // came last when it was heard last; and the nodes that were accepted before it and have not been seen as replicas
  // since. One of them that has neither followed it nor lacks nothing comes back from the past.
  Gtids began = {}, last = {};
  std::vector<std::int32_t> followers =
      {};  // seen as its replicas since: who of them claims to be primary was promoted
  std::vector<std::int32_t> replaced = {};
};

enum class Suspicion : std::uint8_t {
  kTwoPrimaries,  // claims to be primary on the timeline the other claims, too: two that diverge
  kStalePrimary,  // claims to be primary on an older timeline than the accepted one
  kOtherSystem,   // is not a copy of the shard's primary at all
  kOtherSource,   // follows a server that is none of the shard's nodes
  kReplaced,      // the accepted primary's address answers as another server, and nobody contradicts: accepted
};

struct Finding {
  Suspicion suspicion;
  std::int32_t node;
  friend bool operator==(const Finding&, const Finding&) = default;
};

struct Verdict {
  std::vector<backend::Role> roles;  // as the evidence
  std::int32_t primary = -1;
  Incumbent incumbent;
  std::vector<Finding> findings;
};

Verdict decide_roles(std::span<const NodeEvidence> nodes, const Incumbent& incumbent);

// What an operator should read about a finding: what it means and the cure.
std::string explain(Suspicion suspicion);

}  // namespace shardway::proxy::control
