// Report: everything the console and /metrics show, gathered from all workers at one moment, as plain values.
// Collected by App::collect(); the admin room only formats it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proxy/stats/counters.hpp"

namespace shardway::proxy::stats {

struct ClientRow {
  std::uint64_t id = 0, link_id = 0;  // link_id: the server connection it holds, 0 if none
  std::uint32_t worker = 0;
  std::string user, database, state;  // active idle waiting login
  std::string addr, local_addr, tls, application_name;
  std::uint16_t port = 0, local_port = 0;
  std::int64_t connect_time = 0, request_time = 0;  // unix seconds
  std::uint64_t wait_us = 0;                        // waiting now, since
  std::uint32_t prepared_statements = 0;
  router::PinReason pin = router::PinReason::kNone;
  std::string pin_detail;          // what the client sent that pinned it
  std::uint64_t memory_bytes = 0;  // buffers held
  bool close_needed = false;
  std::int64_t pin_since = 0;  // unix seconds; 0: not pinned
};
struct ServerRow {
  std::uint64_t id = 0, client_id = 0;  // client_id: who holds it, 0 if nobody
  std::uint32_t worker = 0;
  std::string user, database, state;  // active idle new active_cancel being_canceled
  std::string addr, local_addr, tls, application_name, shard, role;
  std::uint16_t port = 0, local_port = 0;
  std::int64_t connect_time = 0, request_time = 0;
  std::uint32_t remote_pid = 0, prepared_statements = 0;
  bool close_needed = false;
};
struct PoolRow {  // one per database and user; sv_* over all its nodes
  std::string database, user, mode;
  std::uint32_t cl_active = 0, cl_waiting = 0, cl_active_cancel_req = 0, cl_waiting_cancel_req = 0;
  std::uint32_t sv_active = 0, sv_active_cancel = 0, sv_being_canceled = 0, sv_idle = 0, sv_used = 0, sv_tested = 0,
                sv_login = 0;
  std::uint64_t maxwait_us = 0;
  PoolRow& operator+=(const PoolRow& other);
};
struct NodeRow {
  std::string database, shard, address, zone, role;
  bool up = false;
  std::int64_t lag_us = -1;
  std::uint32_t timeline = 0;
  std::uint64_t system_identifier = 0;
  std::uint32_t servers = 0;       // open server connections
  std::int64_t fresh_age_us = -1;  // how long ago the replica's known freshness was; -1 unknown
  std::int64_t lag_bytes = -1;     // replica: written by the primary and not replayed; -1 unknown
  std::string why = {};            // it gets no statement; empty: it may
  std::uint32_t epoch = 0;         // of its connections
  std::string state = {};          // paused, drained; empty: in service
  std::uint32_t outstanding = 0;   // replica: statements it has not answered
  std::int64_t latency_us = -1;    // replica: the mean time of its answers; -1 unknown
  std::string gtid = {};           // MariaDB, MySQL: all it has
  std::string cure = {};           // of `why`
};
struct HeldRow {                         // one for every shard
  std::string database, shard, reasons;  // why its gate is closed; empty: it is open
  std::uint64_t clients = 0, bytes = 0;
  std::int64_t closed_us = 0;  // for how long
};
struct WorkerRow {
  std::uint32_t worker = 0;
  std::uint64_t clients = 0, servers = 0, wakeups = 0;
  Histogram loop_lag;  // from "events are ready" to "the last one of the batch is served"
};
struct DatabaseRow {
  std::string name, protocol, pool_mode, server_database;
  std::uint32_t pool_size = 0, shards = 0, slots = 0, max_connections = 0, current_connections = 0;
  std::string home, unlisted;
  std::vector<std::string> shard_names;
  std::vector<std::uint32_t> slots_per_shard;
  std::vector<std::string> first_addresses;  // the first node's host:port per shard
  std::uint64_t epoch = 0;
  std::string refused_tables;  // "a, b": of the catalogue, in order
  bool paused = false, disabled = false;
};
struct TransactionRow {  // on several shards, being committed or to be finished
  std::string database, gtx, state, agent, parts, owner, why;
  std::uint64_t client_id = 0;  // 0: another Shardway's
  std::int64_t since = 0;       // unix seconds
  bool recovered = false;       // no session is on it: recovery is
};
struct SwitchoverRow {
  std::string step;
  bool alarm = false;  // a promotion was sent and is not verified
};
struct Report {
  std::vector<ClientRow> clients;  // filled only if asked for: there may be very many
  std::vector<ServerRow> servers;
  std::vector<PoolRow> pools;
  std::vector<HeldRow> held;
  std::vector<NodeRow> nodes;
  std::vector<WorkerRow> workers;
  std::vector<DatabaseRow> databases;
  std::vector<TransactionRow> transactions;
  std::map<std::string, SwitchoverRow> switchovers;  // under way; by "database.shard"
  std::map<std::string, DatabaseCounters> counters;  // by database
  std::uint64_t clients_total = 0, logging_in = 0, servers_total = 0, users = 0;
  std::map<router::PinReason, std::uint64_t> pinned_now;
  std::int64_t start_time = 0;  // unix seconds
  std::uint64_t uptime_us = 0;
  bool shutting_down = false;
};

}  // namespace shardway::proxy::stats
