// FakeHost: a running program made of plain values, for the console's, the metrics' and the HTTP server's tests. It
// notes what it was asked to do and answers what the test put into it, on the caller's thread.
#pragma once

#include <utility>

#include "proxy/admin/host.hpp"

namespace shardway::proxy::admin::test {

inline constexpr const char* kSecret = "open-sesame";

inline std::shared_ptr<config::Config> sample_config() {
  auto config = std::make_shared<config::Config>();
  config->max_clients = 5000;
  config->listen.push_back({config::Protocol::kPostgresql, {"127.0.0.1", 6432, false, "127.0.0.1:6432"}, {}, {}});
  config->admin.users = {"admin"};
  config->admin.stats_users = {"watcher"};
  config->users.push_back({"app", kSecret, "app_on_server", kSecret, false});
  config->users.push_back({"other", kSecret, "", kSecret, false});
  config::Database shop;
  shop.name = "shop";
  shop.pool.size = 16;
  shop.control = {"shardway", kSecret, "postgres"};
  shop.shards.push_back(
      {"shop_0",
       {{{"127.0.0.1", 5501, false, "127.0.0.1:5501"}, "a"}, {{"127.0.0.1", 5502, false, "127.0.0.1:5502"}, "b"}}});
  shop.shards.push_back({"shop_1", {{{"127.0.0.1", 5503, false, "127.0.0.1:5503"}, ""}}});
  shop.topology.database = "shop";
  shop.topology.shards = {"shop_0", "shop_1"};
  shop.topology.map = router::ShardMap({0, 0, 1, 0, 1, 1, 1, 1});
  config->databases.push_back(shop);
  return config;
}

inline stats::ClientRow sample_client() {
  stats::ClientRow client;
  client.id = 17;
  client.link_id = 5;
  client.worker = 1;
  client.user = "app";
  client.database = "shop";
  client.state = "active";
  client.addr = "10.1.1.1";
  client.port = 40000;
  client.local_addr = "10.1.1.9";
  client.local_port = 6432;
  client.tls = "TLSv1.3/TLS_AES_256_GCM_SHA384";
  client.application_name = "web";
  client.connect_time = 1'764'020'400;
  client.request_time = 1'764'020'460;
  client.wait_us = 2'000'003;
  client.prepared_statements = 4;
  client.pin = router::PinReason::kListen;
  client.pin_detail = "LISTEN jobs";
  client.pin_since = 1'764'020'450;
  client.memory_bytes = 4096;
  return client;
}

inline stats::ServerRow sample_server() {
  stats::ServerRow server;
  server.id = 5;
  server.client_id = 17;
  server.worker = 1;
  server.user = "app";
  server.database = "shop";
  server.state = "active";
  server.addr = "127.0.0.1";
  server.port = 5501;
  server.shard = "shop_0";
  server.role = "primary";
  server.remote_pid = 4711;
  server.connect_time = 1'764'020'400;
  server.request_time = 1'764'020'460;
  server.close_needed = true;
  return server;
}

inline stats::DatabaseRow sample_database() {
  stats::DatabaseRow shop;
  shop.name = "shop";
  shop.protocol = "postgresql";
  shop.pool_mode = "transaction";
  shop.pool_size = 16;
  shop.shards = 2;
  shop.slots = 8;
  shop.max_connections = 64;
  shop.current_connections = 7;
  shop.home = "shop_0";
  shop.shard_names = {"shop_0", "shop_1"};
  shop.slots_per_shard = {3, 5};
  shop.first_addresses = {"127.0.0.1:5501", "127.0.0.1:5503"};
  shop.epoch = 9;
  return shop;
}

inline stats::DatabaseCounters sample_counters() {
  stats::DatabaseCounters c;
  c.server_assignments = 10;
  c.transactions = 20;
  c.queries = 40;
  c.received_bytes = 3000;
  c.sent_bytes = 9000;
  c.transaction_us = 4000;
  c.query_us = 2000;
  c.wait_us = 50;
  c.client_parses = 7;
  c.server_parses = 3;
  c.binds = 8;
  c.client_logins = 2;
  c.by_rule[static_cast<std::size_t>(router::Rule::kKey)] = 30;
  c.by_shard = {25, 5};
  c.refusals[static_cast<std::size_t>(protocol::FaultReason::kNeedsKey)] = 6;
  c.pins[static_cast<std::size_t>(router::PinReason::kListen)] = 2;
  c.cache_bytes = 3'000'000'000;
  c.cache_entries = 3;
  for (const std::uint64_t us : {0u, 1u, 3u, 900u, 70'000'000u, 200'000'000u}) c.query.add(us);
  return c;
}

inline stats::Report sample_report() {
  stats::Report report;
  report.clients = {sample_client()};
  report.servers = {sample_server()};
  report.pools.push_back({.database = "shop",
                          .user = "app",
                          .mode = "transaction",
                          .cl_active = 3,
                          .cl_waiting = 2,
                          .sv_active = 1,
                          .sv_idle = 4,
                          .maxwait_us = 3'000'007});
  report.nodes.push_back(
      {"shop", "shop_0", "127.0.0.1:5501", "a", "primary", true, -1, 3, 7'000'000'000'000'000'001u, 5, -1});
  report.nodes.push_back({"shop",
                          "shop_0",
                          "127.0.0.1:5502",
                          "b",
                          "replica",
                          false,
                          1'500'000,
                          3,
                          1,
                          0,
                          20,
                          4096,
                          "stale_primary",
                          2,
                          {},
                          3,
                          450});
  stats::WorkerRow worker;
  worker.worker = 1;
  worker.clients = 3;
  worker.loop_lag.add(12);
  report.workers.push_back(worker);
  report.databases = {sample_database()};
  report.counters["shop"] = sample_counters();
  report.clients_total = 6;
  report.logging_in = 1;
  report.servers_total = 5;
  report.users = 2;
  report.pinned_now[router::PinReason::kListen] = 1;
  report.start_time = 1'764'020'000;
  report.uptime_us = 10'000'000;
  return report;
}

class FakeHost : public Host {
 public:
  stats::Report report = sample_report();
  std::shared_ptr<const config::Config> configuration = sample_config();
  bool is_accepting = true;
  std::string error;               // what every action answers
  std::vector<std::string> calls;  // "pause shop", "shutdown 1", …
  bool answers_collect = true;     // false: keeps `done` in `owed`, as a stuck worker would
  std::vector<std::function<void(stats::Report)>> owed;

  void collect(bool with_clients, std::function<void(stats::Report)> done) override {
    if (!answers_collect) return owed.push_back(std::move(done));
    stats::Report given = report;
    if (!with_clients) given.clients.clear();
    done(std::move(given));
  }
  std::shared_ptr<const config::Config> config() const override { return configuration; }
  bool accepting() const override { return is_accepting; }
  std::string reload() override { return note("reload"); }
  void pause(const Part& part, config::Milliseconds timeout, std::function<void(std::string)> done) override {
    done(note("pause " + text(part) + (timeout.count() == 0 ? "" : " for " + std::to_string(timeout.count()) + " ms")));
  }
  std::string resume(const Part& part) override { return note("resume " + text(part)); }
  void drain_node(const std::string& node, std::function<void(std::string)> done) override {
    done(note("drain " + node));
  }
  std::string undrain_node(const std::string& node) override { return note("undrain " + node); }
  void switchover(const SwitchoverOrder& order, std::function<void(SwitchoverStep)> tell,
                  std::function<void(std::string)> done) override {
    tell({"check", "done", "all well", 3});
    tell({"hold", "done", "", 0});
    done(note("switchover " + text(order.part) + " " + std::to_string(order.timeout.count()) +
              (order.force ? " force" : "") + (order.rehearse ? " rehearse" : "")));
  }
  std::string set_disabled(const std::string& database, bool disabled) override {
    return note((disabled ? "disable " : "enable ") + database);
  }
  std::string reconnect(const std::string& database) override { return note("reconnect " + database); }
  std::string kill(const std::string& database) override { return note("kill " + database); }
  void kill_client(std::uint64_t id, std::function<void(std::string)> done) override {
    done(note("kill_client " + std::to_string(id)));
  }
  void shutdown(bool wait_for_clients) override { note(wait_for_clients ? "shutdown clients" : "shutdown servers"); }

 private:
  static std::string text(const Part& part) {
    return part.database + (part.shard.empty() ? "" : "." + part.shard) + (part.node.empty() ? "" : "@" + part.node);
  }
  std::string note(std::string call) {
    calls.push_back(std::move(call));
    return error;
  }
};

}  // namespace shardway::proxy::admin::test
