#include "proxy/transaction/mysql_store.hpp"

#include "proxy/transaction/store.hpp"

namespace shardway::proxy::transaction {

namespace {

// Bytes that mean the same under any sql_mode and character set.
std::string literal(std::string_view value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex = "x'";
  for (const char c : value) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex + "'";
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string list;
  for (const auto& text : texts) list += (list.empty() ? "" : ", ") + literal(text);
  return "(" + list + ")";
}

std::string commit_prepared(std::string_view gid) { return "XA COMMIT " + mysql_store::xid(gid); }
std::string rollback_prepared(std::string_view gid) { return "XA ROLLBACK " + mysql_store::xid(gid); }

// MySQL has no RETURNING. Once there the row's state stays as it is, so it may be read afterwards.
std::string decide_abort(std::string_view gtx) {
  return "INSERT INTO shardway.decision (gtx, state, parts, owner) VALUES (" + literal(gtx) + ", 'A', '', " +
         literal(incarnation()) +
         ") ON DUPLICATE KEY UPDATE at = CURRENT_TIMESTAMP(6);SELECT state FROM shardway.decision WHERE gtx = " +
         literal(gtx);
}

std::string list_prepared(std::string_view) { return "XA RECOVER"; }

// Rows (format, bytes of the first part, of the second, both).
std::vector<ListedPart> read_prepared(const Store::Rows& rows, std::string_view cluster) {
  std::vector<ListedPart> parts;
  const auto prefix = gid_prefix(cluster);
  for (const auto& row : rows)
    if (row.size() == 4 && row[3].starts_with(prefix)) parts.push_back({row[3], {}, -1});
  return parts;
}

std::string find_applied(std::string_view gtx) { return "SELECT 1 FROM shardway.applied WHERE gtx = " + literal(gtx); }

std::string forget_decisions(const std::vector<std::string>& gtxs) {
  return "DELETE FROM shardway.decision WHERE state = 'C' AND gtx IN " + list_of(gtxs);
}

std::string forget_applied(const std::vector<std::string>& gtxs) {
  return "DELETE FROM shardway.applied WHERE gtx IN " + list_of(gtxs);
}

constexpr char kCreate[] =
    "CREATE DATABASE IF NOT EXISTS shardway;"
    "CREATE TABLE IF NOT EXISTS shardway.decision (gtx varbinary(255) PRIMARY KEY, state char(1) NOT NULL,"
    " parts text NOT NULL, owner varchar(64) NOT NULL, at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),"
    " CHECK (state IN ('A', 'C'))) ENGINE = InnoDB;"
    "CREATE TABLE IF NOT EXISTS shardway.applied (gtx varbinary(255) PRIMARY KEY, parts text NOT NULL,"
    " at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)) ENGINE = InnoDB";

}  // namespace

namespace mysql_store {

std::string xid(std::string_view gid) {
  constexpr std::size_t kHalf = kMostGidBytes / 2;
  return literal(gid.substr(0, kHalf)) + "," + literal(gid.substr(std::min(gid.size(), kHalf)));
}

std::string insert_applied(const Name& name, std::string_view parts) {
  return "INSERT INTO shardway.applied (gtx, parts) VALUES (" + literal(name.text()) + ", " + literal(parts) + ")";
}

std::string decide_and_commit(const Name& name, std::size_t shard, std::string_view parts) {
  const auto part = xid(name.gid(shard));
  return insert_applied(name, parts) + ";INSERT INTO shardway.decision (gtx, state, parts, owner) VALUES (" +
         literal(name.text()) + ", 'C', " + literal(parts) + ", " + literal(name.incarnation) + ");XA END " + part +
         ";XA COMMIT " + part + " ONE PHASE";
}

}  // namespace mysql_store

const Store kMysqlStore{
    .create = kCreate,
    .create_hint = "GRANT ALL ON shardway.* TO the control user, and GRANT INSERT ON shardway.* TO PUBLIC",
    .commit_prepared = commit_prepared,
    .rollback_prepared = rollback_prepared,
    .no_such_part = "XAE04",
    .lock_not_available = "HY000",
    .binds_to_connection = true,
    .decide_abort = decide_abort,
    .list_prepared = list_prepared,
    .read_prepared = read_prepared,
    .find_applied = find_applied,
    .forget_decisions = forget_decisions,
    .forget_applied = forget_applied,
    // An open transaction is listed only once it has used a table; a week is longer than any may be idle.
    .forget_old_aborts =
        "DELETE FROM shardway.decision WHERE state = 'A' AND at < now(6) - INTERVAL 7 DAY"
        " AND NOT EXISTS (SELECT 1 FROM information_schema.innodb_trx"
        " WHERE trx_started < now() - INTERVAL 1 DAY)",
    .forget_old_applied = "DELETE FROM shardway.applied WHERE at < now(6) - INTERVAL 7 DAY",
    .old_commits =
        "SELECT gtx, parts FROM shardway.decision WHERE state = 'C' AND at < now(6) - INTERVAL 1 HOUR"
        " LIMIT 1000",
    .blocked = nullptr,
};

}  // namespace shardway::proxy::transaction
