#include <fmt/format.h>

#include "proxy/admin/show.hpp"

namespace shardway::proxy::admin {

namespace {

std::string_view mode_name(config::PoolMode mode) {
  switch (mode) {
    case config::PoolMode::kSession: return "session";
    case config::PoolMode::kTransaction: return "transaction";
    case config::PoolMode::kStatement: return "statement";
  }
  return "";
}

// Threads and sockets are made once; RELOAD changes everything else.
bool is_changeable(std::string_view key) {
  return key != "shardway.workers" && !key.starts_with("listen") && key != "admin.http";
}

// The first database's pool stands for PgBouncer's global settings: monitoring reads them as numbers.
void add_pool(Rows& rows, const config::Pool& pool) {
  const config::Pool defaults;
  const auto seconds = [&](const char* key, config::Milliseconds value, config::Milliseconds otherwise) {
    rows.push_back(row(key, seconds_text(value), seconds_text(otherwise), "yes"));
  };
  rows.push_back(row("pool_mode", mode_name(pool.mode), mode_name(defaults.mode), "yes"));
  rows.push_back(row("default_pool_size", pool.size, defaults.size, "yes"));
  rows.push_back(row("max_prepared_statements", pool.max_prepared_statements, defaults.max_prepared_statements, "yes"));
  seconds("query_wait_timeout", pool.queue_timeout, defaults.queue_timeout);
  seconds("server_connect_timeout", pool.connect_timeout, defaults.connect_timeout);
  seconds("server_idle_timeout", pool.idle_timeout, defaults.idle_timeout);
  seconds("server_lifetime", pool.lifetime, defaults.lifetime);
  seconds("idle_transaction_timeout", pool.idle_transaction_timeout, defaults.idle_transaction_timeout);
  seconds("query_timeout", pool.query_timeout, defaults.query_timeout);
}

void add_listen(Rows& rows, const config::Config& config) {
  const config::Address at = config.listen.empty() ? config::Address{} : config.listen.front().address;
  rows.push_back(row("listen_addr", at.is_unix ? "" : at.host, "", "no"));
  rows.push_back(row("listen_port", at.port, 6432, "no"));
  rows.push_back(row("admin_users", fmt::format("{}", fmt::join(config.admin.users, ",")), "", "yes"));
  rows.push_back(row("stats_users", fmt::format("{}", fmt::join(config.admin.stats_users, ",")), "", "yes"));
}

Rows config_rows(const Moment& now) {
  Rows rows;
  for (const config::Entry& entry : config::entries(now.config)) {
    rows.push_back(row(entry.key, entry.value, entry.default_value, is_changeable(entry.key) ? "yes" : "no"));
  }
  const config::Config defaults;
  add_listen(rows, now.config);
  rows.push_back(row("max_client_conn", now.config.max_clients, defaults.max_clients, "yes"));
  rows.push_back(
      row("client_login_timeout", seconds_text(now.config.login_timeout), seconds_text(defaults.login_timeout), "yes"));
  rows.push_back(row("client_idle_timeout", seconds_text(now.config.client_idle_timeout),
                     seconds_text(defaults.client_idle_timeout), "yes"));
  // Limits of PgBouncer's that Shardway has no setting for: 0 is its word for "no limit" and "none".
  for (const char* key : {"max_db_connections", "max_user_connections", "max_db_client_connections",
                          "max_user_client_connections", "min_pool_size", "reserve_pool_size"}) {
    rows.push_back(row(key, 0, 0, "no"));
  }
  rows.push_back(row("stats_period", 60, 60, "no"));
  add_pool(rows, now.config.databases.empty() ? config::Pool{} : now.config.databases.front().pool);
  return rows;
}

}  // namespace

Show show_config() {
  return {"CONFIG",
          Needs::kConfig,
          {{"key"}, {"value"}, {"default"}, {"changeable"}},
          config_rows,
          "every setting, then those PgBouncer has a name for"};
}

}  // namespace shardway::proxy::admin
