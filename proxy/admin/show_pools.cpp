#include <fmt/format.h>

#include <charconv>

#include "proxy/admin/show.hpp"

namespace shardway::proxy::admin {

namespace {

using enum ColumnType;

std::uint32_t servers_of(const stats::PoolRow& p) {
  return p.sv_active + p.sv_active_cancel + p.sv_being_canceled + p.sv_idle + p.sv_used + p.sv_tested + p.sv_login;
}

std::uint32_t clients_of(const stats::PoolRow& p) { return p.cl_active + p.cl_waiting; }

Rows pool_rows(const Moment& now) {
  constexpr std::uint64_t kSecond = 1'000'000;
  Rows rows;
  for (const stats::PoolRow& p : now.report.pools) {
    rows.push_back(row(p.database, p.user, p.cl_active, p.cl_waiting, p.cl_active_cancel_req, p.cl_waiting_cancel_req,
                       p.sv_active, p.sv_active_cancel, p.sv_being_canceled, p.sv_idle, p.sv_used, p.sv_tested,
                       p.sv_login, p.maxwait_us / kSecond, p.maxwait_us % kSecond, p.mode, nullptr));
  }
  return rows;
}

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

// "10.0.0.1:5432", "[::1]:5432", "unix:/run/x/.s.PGSQL.5432" (port 0).
HostPort split_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || address.starts_with("unix:")) return {address, 0};
  HostPort split{address.substr(0, colon), 0};
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), split.port);
  if (split.host.starts_with('[') && split.host.ends_with(']'))
    split.host = split.host.substr(1, split.host.size() - 2);
  return split;
}

// One shard: its host and port. Several: PgBouncer's form for a list of hosts, each with its port for they may differ;
// `port` is the first one's.
HostPort host_and_port(const stats::DatabaseRow& d) {
  if (d.first_addresses.empty()) return {};
  HostPort first = split_address(d.first_addresses.front());
  if (d.first_addresses.size() == 1) return first;
  return {fmt::format("{}", fmt::join(d.first_addresses, ",")), first.port};
}

Rows database_rows(const Moment& now) {
  Rows rows;
  for (const stats::DatabaseRow& d : now.report.databases) {
    std::uint32_t clients = 0;
    for (const stats::PoolRow& p : now.report.pools) clients += p.database == d.name ? clients_of(p) : 0;
    const config::Database* configured = now.config.database(d.name);
    const config::Pool pool = configured ? configured->pool : config::Pool{};
    const HostPort at = host_and_port(d);
    rows.push_back(row(d.name, at.host, at.port, d.server_database.empty() ? d.name : d.server_database, nullptr,
                       d.pool_size, 0, 0, pool.lifetime.count() / 1000, d.pool_mode, nullptr, d.max_connections,
                       d.current_connections, 0, clients, d.paused, d.disabled, 0));
  }
  return rows;
}

Rows user_rows(const Moment& now) {
  Rows rows;
  for (const config::User& user : now.config.users) {
    std::uint32_t servers = 0, clients = 0;
    for (const stats::PoolRow& p : now.report.pools) {
      servers += p.user == user.name ? servers_of(p) : 0;
      clients += p.user == user.name ? clients_of(p) : 0;
    }
    rows.push_back(row(user.name, "", "", nullptr, 0, servers, 0, clients));
  }
  return rows;
}

}  // namespace

Show show_pools() {
  return {"POOLS",
          Needs::kReport,
          {{"database"},
           {"user"},
           {"cl_active", kInt4},
           {"cl_waiting", kInt4},
           {"cl_active_cancel_req", kInt4},
           {"cl_waiting_cancel_req", kInt4},
           {"sv_active", kInt4},
           {"sv_active_cancel", kInt4},
           {"sv_being_canceled", kInt4},
           {"sv_idle", kInt4},
           {"sv_used", kInt4},
           {"sv_tested", kInt4},
           {"sv_login", kInt4},
           {"maxwait", kInt4},
           {"maxwait_us", kInt4},
           {"pool_mode"},
           {"load_balance_hosts"}},
          pool_rows,
          "clients and server connections by database and user"};
}

Show show_databases() {
  return {"DATABASES",
          Needs::kReport,
          {{"name"},
           {"host"},
           {"port", kInt4},
           {"database"},
           {"force_user"},
           {"pool_size", kInt4},
           {"min_pool_size", kInt4},
           {"reserve_pool_size", kInt4},
           {"server_lifetime", kInt4},
           {"pool_mode"},
           {"load_balance_hosts"},
           {"max_connections", kInt4},
           {"current_connections", kInt4},
           {"max_client_connections", kInt4},
           {"current_client_connections", kInt4},
           {"paused", kInt4},
           {"disabled", kInt4},
           // The name before PgBouncer 1.24, which pgbouncer_exporter still reads.
           {"reserve_pool", kInt4}},
          database_rows,
          "the databases a client may name"};
}

Show show_users() {
  return {"USERS",
          Needs::kReport,
          {{"name"},
           {"pool_size"},
           {"reserve_pool_size"},
           {"pool_mode"},
           {"max_user_connections", kInt4},
           {"current_connections", kInt4},
           {"max_user_client_connections", kInt4},
           {"current_client_connections", kInt4}},
          user_rows,
          "the users of the configuration"};
}

}  // namespace shardway::proxy::admin
