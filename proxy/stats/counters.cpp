#include "proxy/stats/counters.hpp"

#include <algorithm>

namespace shardway::proxy::stats {

namespace {

template <typename Numbers>
void add_each(Numbers& to, const Numbers& from) {
  for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

}  // namespace

std::string_view reason_name(protocol::FaultReason reason) noexcept {
  using enum protocol::FaultReason;
  switch (reason) {
    case kNotSupported: return "not_supported";
    case kNeedsKey: return "needs_key";
    case kSeveralShards: return "several_shards";
    case kNullKey: return "null_key";
    case kBadKey: return "bad_key";
    case kUnknownTable: return "unknown_table";
    case kTableRefused: return "table_refused";
    case kSyntax: return "syntax";
    case kInFailedTransaction: return "in_failed_transaction";
    case kActiveTransaction: return "active_transaction";
    case kNoTransaction: return "no_transaction";
    case kCursorExists: return "cursor_exists";
    case kPoolTimeout: return "pool_timeout";
    case kNoServer: return "no_server";
    case kServerLost: return "server_lost";
    case kTransactionLost: return "transaction_lost";
    case kOutcomeUnknown: return "outcome_unknown";
    case kShutdown: return "shutdown";
    case kBadHint: return "bad_hint";
    case kForbidden: return "forbidden";
    case kProtocol: return "protocol";
    case kTooLarge: return "too_large";
  }
  return "unknown";
}

DatabaseCounters& DatabaseCounters::operator+=(const DatabaseCounters& other) {
  server_assignments += other.server_assignments;
  transactions += other.transactions;
  queries += other.queries;
  received_bytes += other.received_bytes;
  sent_bytes += other.sent_bytes;
  transaction_us += other.transaction_us;
  query_us += other.query_us;
  wait_us += other.wait_us;
  client_parses += other.client_parses;
  server_parses += other.server_parses;
  binds += other.binds;
  client_logins += other.client_logins;
  failed_logins += other.failed_logins;
  server_connects += other.server_connects;
  server_connect_failures += other.server_connect_failures;
  cancels += other.cancels;
  replica_fallbacks += other.replica_fallbacks;
  holds += other.holds;
  hold_refusals += other.hold_refusals;
  cache_hits += other.cache_hits;
  cache_misses += other.cache_misses;
  cache_evictions += other.cache_evictions;
  cache_bytes += other.cache_bytes;
  cache_entries += other.cache_entries;
  add_each(by_rule, other.by_rule);
  add_each(refusals, other.refusals);
  add_each(pins, other.pins);
  // A worker that has not yet sent anything to the later shards has a shorter list.
  by_shard.resize(std::max(by_shard.size(), other.by_shard.size()));
  add_each(by_shard, other.by_shard);
  query += other.query;
  wait += other.wait;
  server += other.server;
  return *this;
}

}  // namespace shardway::proxy::stats
