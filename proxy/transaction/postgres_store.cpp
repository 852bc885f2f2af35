#include "proxy/transaction/postgres_store.hpp"

#include <cstdlib>

#include "proxy/transaction/store.hpp"

namespace shardway::proxy::transaction {

namespace {

// An E'' string if it holds a backslash: it means the same whatever standard_conforming_strings is.
std::string literal(std::string_view value) {
  std::string quoted = value.find('\\') == std::string_view::npos ? "'" : "E'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted.push_back(c);
    quoted.push_back(c);
  }
  return quoted + "'";
}

// A commit that others rely on must be as durable as the servers can make it, whatever the client has set for itself.
// Set within the transaction, before the row is inserted.
constexpr std::string_view kDurable =
    " FROM pg_catalog.set_config('synchronous_commit',"
    " CASE WHEN pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) 'off'"
    " OR pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) 'local' THEN 'on'"
    " ELSE pg_catalog.current_setting('synchronous_commit') END, true)";

std::string insert_applied(const std::string& gtx, std::string_view parts) {
  return "INSERT INTO shardway.applied (gtx, parts) SELECT " + literal(gtx) + ", " + literal(parts) +
         std::string(kDurable);
}

std::string array_literal(const std::vector<std::string>& texts) {
  std::string array = "{";
  for (const auto& text : texts) {
    if (array.size() > 1) array += ',';
    array += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

const char* const kCreate =
    "CREATE SCHEMA IF NOT EXISTS shardway;"
    "CREATE TABLE IF NOT EXISTS shardway.decision (gtx text COLLATE \"C\" PRIMARY KEY, state \"char\" NOT NULL,"
    " parts text NOT NULL, owner text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(),"
    " CHECK (state IN ('A', 'C')));"
    "CREATE TABLE IF NOT EXISTS shardway.applied (gtx text COLLATE \"C\" PRIMARY KEY, parts text NOT NULL,"
    " at timestamptz NOT NULL DEFAULT clock_timestamp());"
    "GRANT USAGE ON SCHEMA shardway TO PUBLIC;"
    "GRANT INSERT ON shardway.decision, shardway.applied TO PUBLIC";

std::string decide_abort(std::string_view gtx) {
  return "INSERT INTO shardway.decision AS d (gtx, state, parts, owner) VALUES (" + literal(gtx) + ", 'A', '', " +
         literal(incarnation()) + ") ON CONFLICT (gtx) DO UPDATE SET owner = d.owner RETURNING state";
}

std::string list_prepared(std::string_view cluster) {
  const auto prefix = literal(gid_prefix(cluster));
  return "SELECT gid, owner, extract(epoch FROM clock_timestamp() - prepared)::bigint FROM pg_prepared_xacts"
         " WHERE database = current_database() AND left(gid, length(" +
         prefix + ")) = " + prefix;
}

// Rows (gid, owner, age).
std::vector<ListedPart> read_prepared(const Store::Rows& rows, std::string_view) {
  std::vector<ListedPart> parts;
  for (const auto& row : rows) parts.push_back({row[0], row[1], std::atol(row[2].c_str())});
  return parts;
}

std::string find_applied(std::string_view gtx) { return "SELECT 1 FROM shardway.applied WHERE gtx = " + literal(gtx); }

std::string forget_decisions(const std::vector<std::string>& gtxs) {
  return "DELETE FROM shardway.decision WHERE state = 'C' AND gtx = ANY (" + literal(array_literal(gtxs)) + "::text[])";
}

std::string forget_applied(const std::vector<std::string>& gtxs) {
  return "DELETE FROM shardway.applied WHERE gtx = ANY (" + literal(array_literal(gtxs)) + "::text[])";
}

// What other users' sessions do is hidden from a control user without pg_monitor: then nothing is known, and kept.
const char* const kForgetOldAborts =
    "DELETE FROM shardway.decision d WHERE state = 'A' AND at < clock_timestamp() - interval '1 hour'"
    " AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datname = current_database()"
    " AND a.pid <> pg_backend_pid() AND a.backend_type IS DISTINCT FROM 'walsender'"
    " AND (a.xact_start <= d.at OR (a.xact_start IS NULL AND a.state IS DISTINCT FROM 'idle')))";

const char* const kForgetOldApplied = "DELETE FROM shardway.applied WHERE at < clock_timestamp() - interval '7 days'";

const char* const kOldCommits =
    "SELECT gtx, parts FROM shardway.decision WHERE state = 'C' AND at < clock_timestamp() - interval '1 hour'"
    " LIMIT 1000";

const char* const kBlocked =
    "SELECT pid, unnest(pg_blocking_pids(pid)) FROM (SELECT DISTINCT pid FROM pg_locks WHERE NOT granted) waiting";

}  // namespace

namespace postgres_store {

std::string prepare(const Name& name, std::size_t shard, std::string_view parts) {
  return insert_applied(name.text(), parts) + ";PREPARE TRANSACTION " + literal(name.gid(shard));
}

std::string decide_and_commit(const Name& name, std::string_view parts) {
  return insert_applied(name.text(), parts) + ";INSERT INTO shardway.decision (gtx, state, parts, owner) VALUES (" +
         literal(name.text()) + ", 'C', " + literal(parts) + ", " + literal(name.incarnation) + ");COMMIT";
}

std::string commit_prepared(std::string_view gid) { return "COMMIT PREPARED " + literal(gid); }
std::string rollback_prepared(std::string_view gid) { return "ROLLBACK PREPARED " + literal(gid); }

}  // namespace postgres_store

const Store kPostgresStore{
    .create = kCreate,
    .create_hint = "GRANT CREATE ON DATABASE to the control user",
    .commit_prepared = postgres_store::commit_prepared,
    .rollback_prepared = postgres_store::rollback_prepared,
    .no_such_part = "42704",
    .lock_not_available = "55P03",
    .binds_to_connection = false,
    .decide_abort = decide_abort,
    .list_prepared = list_prepared,
    .read_prepared = read_prepared,
    .find_applied = find_applied,
    .forget_decisions = forget_decisions,
    .forget_applied = forget_applied,
    .forget_old_aborts = kForgetOldAborts,
    .forget_old_applied = kForgetOldApplied,
    .old_commits = kOldCommits,
    .blocked = kBlocked,
};

}  // namespace shardway::proxy::transaction
