#include <fmt/core.h>

#include <algorithm>

#include "proxy/admin/show.hpp"
#include "proxy/admin/version.hpp"

namespace shardway::proxy::admin {

namespace {

using enum ColumnType;

Rows version_rows(const Moment&) { return {row(fmt::format("Shardway {}", kVersion))}; }

Rows help_rows(const Moment&) {
  Rows rows;
  for (const Show& show : shows()) rows.push_back(row(fmt::format("SHOW {}", show.name), show.does));
  for (const Action& a : actions()) rows.push_back(row(fmt::format("{}{}", a.verb, text_of(a.argument)), a.does));
  return rows;
}

Rows list_rows(const Moment& now) {
  const stats::Report& r = now.report;
  return {row("databases", r.databases.size()),
          row("users", r.users),
          row("peers", 0),
          row("pools", r.pools.size()),
          row("peer_pools", 0),
          row("free_clients", 0),
          row("used_clients", r.clients_total),
          row("login_clients", r.logging_in),
          row("free_servers", 0),
          row("used_servers", r.servers_total),
          row("dns_names", 0),
          row("dns_zones", 0),
          row("dns_queries", 0),
          row("dns_pending", 0)};
}

// Paused as a whole when every database is; one paused database shows in SHOW DATABASES.
Rows state_rows(const Moment& now) {
  const auto& databases = now.report.databases;
  const bool paused = !databases.empty() && std::all_of(databases.begin(), databases.end(),
                                                        [](const stats::DatabaseRow& d) { return d.paused; });
  return {row("active", paused ? "no" : "yes"), row("paused", paused ? "yes" : "no"), row("suspended", "no")};
}

// PgBouncer lists its slabs here; we list what grows: `size` is the average, `memtotal` the sum in bytes.
Rows memory_rows(const Moment& now) {
  std::uint64_t buffers = 0, holders = 0, cached = 0, entries = 0;
  for (const stats::ClientRow& c : now.report.clients) {
    buffers += c.memory_bytes;
    holders += c.memory_bytes > 0 ? 1 : 0;
  }
  for (const auto& [name, counters] : now.report.counters) {
    cached += counters.cache_bytes;
    entries += counters.cache_entries;
  }
  const auto line = [](const char* name, std::uint64_t bytes, std::uint64_t count) {
    return row(name, count == 0 ? 0 : bytes / count, count, 0, bytes);
  };
  return {line("client_buffers", buffers, holders), line("statement_cache", cached, entries)};
}

}  // namespace

Show show_version() { return {"VERSION", Needs::kConfig, {{"version"}}, version_rows, "the program's version"}; }

Show show_help() { return {"HELP", Needs::kConfig, {{"command"}, {"does"}}, help_rows, "this list"}; }

Show show_lists() {
  return {"LISTS", Needs::kReport, {{"list"}, {"items", kInt4}}, list_rows, "how many there are of what"};
}

Show show_state() { return {"STATE", Needs::kReport, {{"key"}, {"value"}}, state_rows, "whether all is paused"}; }

// `memtotal` is wider than PgBouncer's: a cache of more than 2 GiB must not show as a negative number.
Show show_mem() {
  return {"MEM",
          Needs::kClients,
          {{"name"}, {"size", kInt4}, {"used", kInt4}, {"free", kInt4}, {"memtotal", kInt8}},
          memory_rows,
          "memory held for clients and statements"};
}

}  // namespace shardway::proxy::admin
