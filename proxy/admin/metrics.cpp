#include "proxy/admin/metrics.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "proxy/admin/metric_writer.hpp"
#include "proxy/admin/process_metrics.hpp"
#include "proxy/admin/version.hpp"

namespace shardway::proxy::admin {

namespace {

Labels with(Labels labels, std::string name, std::string value) {
  labels.emplace_back(std::move(name), std::move(value));
  return labels;
}

const stats::DatabaseRow* find_database(const stats::Report& report, const std::string& name) {
  const auto found = std::find_if(report.databases.begin(), report.databases.end(),
                                  [&](const stats::DatabaseRow& d) { return d.name == name; });
  return found == report.databases.end() ? nullptr : &*found;
}

void dump_traffic(MetricWriter& out, const stats::DatabaseCounters& c, const Labels& database) {
  const auto total = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out.counter(name, help, database, as_double(value));
  };
  total("shardway_transactions_total", "Transactions ended", c.transactions);
  total("shardway_queries_total", "Statements and queries answered", c.queries);
  total("shardway_received_bytes_total", "Bytes received from clients", c.received_bytes);
  total("shardway_sent_bytes_total", "Bytes sent to clients", c.sent_bytes);
  total("shardway_client_logins_total", "Clients that logged in", c.client_logins);
  total("shardway_failed_logins_total", "Clients that failed to log in", c.failed_logins);
  total("shardway_client_parses_total", "Parse messages from clients", c.client_parses);
  total("shardway_server_parses_total", "Parse messages to servers", c.server_parses);
  total("shardway_binds_total", "Bind messages from clients", c.binds);
  total("shardway_cancels_total", "Cancel requests from clients", c.cancels);
  total("shardway_server_assignments_total", "Times a client was lent a server connection", c.server_assignments);
  total("shardway_server_connects_total", "Server connections opened", c.server_connects);
  total("shardway_server_connect_failures_total", "Server connections that could not be opened",
        c.server_connect_failures);
  total("shardway_replica_fallbacks_total", "Reads that a replica could have served but the primary did",
        c.replica_fallbacks);
  total("shardway_holds_total", "Statements that waited for a shard without a usable primary, or one that is paused",
        c.holds);
  total("shardway_hold_refusals_total", "Statements that might not wait so, or waited for too long", c.hold_refusals);
}

void dump_cache(MetricWriter& out, const stats::DatabaseCounters& c, const Labels& database) {
  out.counter("shardway_statement_cache_hits_total", "Statements whose facts were known", database,
              as_double(c.cache_hits));
  out.counter("shardway_statement_cache_misses_total", "Statements that had to be parsed", database,
              as_double(c.cache_misses));
  out.counter("shardway_statement_cache_evictions_total", "Statements dropped from the cache to make room", database,
              as_double(c.cache_evictions));
  out.gauge("shardway_statement_cache_bytes", "Memory held by the statement cache", database, as_double(c.cache_bytes));
  out.gauge("shardway_statement_cache_entries", "Statements in the cache", database, as_double(c.cache_entries));
}

// Every rule and reason from the start, at 0: a rate needs a first value.
void dump_routing(MetricWriter& out, const stats::DatabaseCounters& c, const Labels& database) {
  for (std::size_t i = 0; i < c.by_rule.size(); ++i) {
    out.counter("shardway_statements_total", "Statements by the rule that routed them",
                with(database, "rule", std::string(router::name_of(static_cast<router::Rule>(i)))),
                as_double(c.by_rule[i]));
  }
  for (std::size_t i = 0; i < c.refusals.size(); ++i) {
    out.counter("shardway_refusals_total", "Errors made by Shardway itself, by reason",
                with(database, "reason", std::string(stats::reason_name(static_cast<protocol::FaultReason>(i)))),
                as_double(c.refusals[i]));
  }
}

void dump(MetricWriter& out, const stats::DatabaseCounters& c, const Labels& database, const stats::DatabaseRow* row) {
  dump_traffic(out, c, database);
  dump_cache(out, c, database);
  dump_routing(out, c, database);
  for (std::size_t i = 0; i < c.by_shard.size(); ++i) {
    const bool named = row != nullptr && i < row->shard_names.size();
    out.counter("shardway_shard_statements_total", "Statements sent to each shard",
                with(database, "shard", named ? row->shard_names[i] : std::to_string(i)), as_double(c.by_shard[i]));
  }
  out.histogram("shardway_query_seconds", "From a statement's arrival to its whole answer", database, c.query);
  out.histogram("shardway_wait_seconds", "Waiting for a server connection", database, c.wait);
  out.histogram("shardway_server_seconds", "From sending to a server to its whole answer", database, c.server);
}

void dump(MetricWriter& out, const stats::PoolRow& pool) {
  const Labels labels{{"database", pool.database}, {"user", pool.user}};
  out.gauge("shardway_client_active", "Clients that hold a server connection or wait for none", labels, pool.cl_active);
  out.gauge("shardway_client_waiting", "Clients waiting for a server connection", labels, pool.cl_waiting);
  out.gauge("shardway_max_wait_seconds", "How long the longest-waiting client has waited so far", labels,
            us_as_seconds(pool.maxwait_us));
}

void dump(MetricWriter& out, const stats::NodeRow& node) {
  const Labels labels{{"database", node.database}, {"shard", node.shard}, {"node", node.address}};
  out.gauge("shardway_node_up", "1 if statements are sent to the node when it is its turn", labels, node.up ? 1 : 0);
  for (const char* role : {"primary", "replica", "unknown"}) {
    out.gauge("shardway_node_role", "1 for the role the node has", with(labels, "role", role),
              node.role == role ? 1 : 0);
  }
  if (node.lag_us >= 0) {
    out.gauge("shardway_node_lag_seconds", "How far the replica is behind its primary", labels,
              us_as_seconds(static_cast<std::uint64_t>(node.lag_us)));
  }
  if (node.lag_bytes >= 0)
    out.gauge("shardway_node_lag_bytes", "How much the replica has not replayed yet", labels,
              as_double(static_cast<std::uint64_t>(node.lag_bytes)));
  for (const char* why :
       {"unreachable", "two_primaries", "stale_primary", "other_system", "other_source", "read_only"}) {
    out.gauge("shardway_node_out", "1 for the reason why the node gets no statement", with(labels, "why", why),
              node.why == why ? 1 : 0);
  }
  if (node.role == "replica")
    out.gauge("shardway_node_outstanding", "Statements the replica has not answered", labels, node.outstanding);
  if (node.latency_us >= 0) {
    out.gauge("shardway_node_latency_seconds", "The mean time of the replica's answers, recent ones counting most",
              labels, us_as_seconds(static_cast<std::uint64_t>(node.latency_us)));
  }
  out.gauge("shardway_node_timeline", "The node's timeline", labels, node.timeline);
}

void dump(MetricWriter& out, const stats::HeldRow& held) {
  const Labels labels{{"database", held.database}, {"shard", held.shard}};
  out.gauge("shardway_held_clients", "Clients that wait for the shard to have a usable primary", labels,
            as_double(held.clients));
  out.gauge("shardway_held_bytes", "What those have sent", labels, as_double(held.bytes));
  out.gauge("shardway_gate_closed", "1 while statements that need the shard's primary may not begin", labels,
            held.reasons.empty() ? 0 : 1);
}

void dump(MetricWriter& out, const stats::WorkerRow& worker) {
  const Labels labels{{"worker", std::to_string(worker.worker)}};
  out.gauge("shardway_worker_clients", "Clients of each worker", labels, as_double(worker.clients));
  out.gauge("shardway_worker_servers", "Server connections of each worker", labels, as_double(worker.servers));
  out.counter("shardway_worker_wakeups_total", "Times a worker woke up", labels, as_double(worker.wakeups));
  out.histogram("shardway_event_loop_lag_seconds", "From events being ready to the last of the batch being served",
                labels, worker.loop_lag);
}

void dump(MetricWriter& out, const stats::DatabaseRow& database) {
  const Labels labels{{"database", database.name}};
  out.gauge("shardway_pool_size", "Most server connections per node and user", labels, database.pool_size);
  out.gauge("shardway_database_paused", "1 if the database is paused", labels, database.paused ? 1 : 0);
  out.gauge("shardway_database_disabled", "1 if the database takes no new clients", labels, database.disabled ? 1 : 0);
  out.gauge("shardway_map_epoch", "Number of the shard map in use", labels, as_double(database.epoch));
}

std::string node_text(const stats::ServerRow& s) {
  if (s.port == 0) return s.addr;
  return s.addr.find(':') == std::string::npos ? fmt::format("{}:{}", s.addr, s.port)
                                               : fmt::format("[{}]:{}", s.addr, s.port);
}

void dump_servers(MetricWriter& out, const std::vector<stats::ServerRow>& servers) {
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::uint64_t> counts;
  for (const stats::ServerRow& s : servers) ++counts[{s.database, s.shard, node_text(s), s.state}];
  for (const auto& [key, count] : counts) {
    const auto& [database, shard, node, state] = key;
    out.gauge("shardway_server_connections", "Server connections",
              {{"database", database}, {"shard", shard}, {"node", node}, {"state", state}}, as_double(count));
  }
}

void dump_pins(MetricWriter& out, const stats::Report& report) {
  std::array<std::uint64_t, stats::kPinReasons> ever{};
  for (const auto& [name, counters] : report.counters) {
    for (std::size_t i = 0; i < ever.size(); ++i) ever[i] += counters.pins[i];
  }
  for (std::size_t i = 1; i < ever.size(); ++i) {  // 0 is kNone
    const auto reason = static_cast<router::PinReason>(i);
    const Labels labels{{"reason", std::string(router::name_of(reason))}};
    const auto now = report.pinned_now.find(reason);
    out.counter("shardway_pins_total", "Clients ever pinned to a server connection", labels, as_double(ever[i]));
    out.gauge("shardway_pinned_clients", "Clients pinned to a server connection", labels,
              now == report.pinned_now.end() ? 0 : as_double(now->second));
  }
}

void dump_switchovers(MetricWriter& out, const stats::Report& report) {
  for (const auto& [name, row] : report.switchovers) {
    out.gauge("shardway_switchover_under_way", "1 while a shard's primary is switched over", {{"shard", name}}, 1);
    out.gauge("shardway_switchover_alarm", "1 if a promotion was sent and is not verified: the shard is held",
              {{"shard", name}}, row.alarm ? 1 : 0);
  }
}

void dump_whole(MetricWriter& out, const stats::Report& report) {
  out.gauge("shardway_build_info", "1, with the program's version", {{"version", std::string(kVersion)}}, 1);
  out.gauge("shardway_clients", "Clients connected", {}, as_double(report.clients_total));
  out.gauge("shardway_clients_logging_in", "Clients that have not logged in yet", {}, as_double(report.logging_in));
  out.gauge("shardway_servers", "Server connections open", {}, as_double(report.servers_total));
  out.gauge("shardway_shutting_down", "1 while the program drains", {}, report.shutting_down ? 1 : 0);
  out.gauge("process_start_time_seconds", "Start of the process in seconds since 1970", {},
            static_cast<double>(report.start_time));
}

}  // namespace

std::string prometheus_text(const stats::Report& report) {
  MetricWriter out;
  dump_whole(out, report);
  dump_process(out);
  for (const auto& [name, counters] : report.counters) {
    dump(out, counters, {{"database", name}}, find_database(report, name));
  }
  for (const stats::DatabaseRow& database : report.databases) dump(out, database);
  for (const stats::PoolRow& pool : report.pools) dump(out, pool);
  for (const stats::NodeRow& node : report.nodes) dump(out, node);
  for (const stats::HeldRow& held : report.held) dump(out, held);
  for (const stats::WorkerRow& worker : report.workers) dump(out, worker);
  dump_servers(out, report.servers);
  dump_pins(out, report);
  dump_switchovers(out, report);
  return out.text();
}

}  // namespace shardway::proxy::admin
