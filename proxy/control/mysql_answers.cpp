// What a MariaDB node is asked. Its positions are GTIDs, domain-server-number; those of one domain compare by number.
// https://mariadb.com/kb/en/gtid/ https://mariadb.com/kb/en/show-replica-status/ (needs the right SLAVE MONITOR)
#include <cstdlib>

#include "proxy/control/answers.hpp"

namespace shardway::proxy::control {
namespace {

#define SHARDWAY_POSITIONS \
  "SELECT @@global.read_only, @@global.gtid_binlog_pos, @@global.gtid_slave_pos, @@global.server_id"

const char* const kPositionsQuery = SHARDWAY_POSITIONS;
const char* const kStatusQuery = SHARDWAY_POSITIONS
    ", (SELECT count(*) FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = 'shardway' AND TABLE_NAME IN ('decision', 'applied')) = 2; SHOW ALL SLAVES STATUS; XA "
    "RECOVER";
#undef SHARDWAY_POSITIONS

enum Column : std::size_t { kReadOnly, kWritten, kApplied, kServer, kHasStore };

struct Gtid {
  std::uint32_t timeline = 0;  // the domain and one; 0: nothing was written yet, or in several domains
  std::uint64_t number = 0;
};

// "0-1-270"; several domains are separated by commas: then no one number says how far it is.
Gtid parse_gtid(const std::string& text) {
  Gtid gtid;
  if (text.empty() || text.find(',') != std::string::npos) return gtid;
  const auto last = text.rfind('-');
  if (last == std::string::npos) return gtid;
  gtid.timeline = static_cast<std::uint32_t>(std::strtoul(text.c_str(), nullptr, 10)) + 1;
  gtid.number = std::strtoull(text.c_str() + last + 1, nullptr, 10);
  return gtid;
}

Positions read_positions(const std::vector<Rows>& results) {
  const auto& r = results[0];
  Positions positions;
  positions.in_recovery = r.text(0, kReadOnly) != "0";
  const auto gtid = parse_gtid(r.text(0, positions.in_recovery ? kApplied : kWritten));
  positions.timeline = gtid.timeline;
  (positions.in_recovery ? positions.replayed : positions.inserted) = gtid.number;
  positions.flushed = positions.inserted;
  return positions;
}

// Of several sources the first one that runs.
void read_sources(const Rows& sources, Status& status) {
  const auto reads = sources.column("Slave_IO_Running"), applies = sources.column("Slave_SQL_Running");
  const auto number = sources.column("Master_Server_Id"), behind = sources.column("Seconds_Behind_Master");
  for (std::size_t i = 0; i < sources.size() && !status.positions.receiver_runs; ++i) {
    if (sources.text(i, reads) == "No" && sources.text(i, applies) == "No") continue;
    auto& positions = status.positions;
    positions.receiver_runs = true;
    positions.streaming = sources.text(i, reads) == "Yes" && sources.text(i, applies) == "Yes";
    positions.received = positions.replayed;
    status.source_number = sources.number(i, number);
    if (sources.has(i, behind))
      status.since_replay_us = static_cast<std::int64_t>(sources.number(i, behind)) * 1'000'000;
    if (status.since_replay_us.value_or(1) != 0) ++positions.received;  // it is not level, however far it has read
  }
}

Status read_status(const std::vector<Rows>& results) {
  const auto& r = results[0];
  Status status;
  status.has_timelines = false;
  status.positions = read_positions(results);
  status.system_identifier = 1;
  status.checkpoint_timeline = status.positions.timeline;
  status.server_number = r.number(0, kServer);
  status.started = r.text(0, kServer);
  status.has_store = r.text(0, kHasStore) == "1";
  // A GTID's number is what it is, wherever a page of WAL would begin.
  status.geometry.block = status.geometry.segment = UINT64_MAX;
  if (results.size() > 1) read_sources(results[1], status);
  status.read_only = status.positions.receiver_runs;
  status.max_prepared = INT32_MAX;  // every server can
  for (std::size_t i = 0; results.size() > 2 && i < results[2].size(); ++i)
    if (results[2].text(i, 3).starts_with("shardway:")) ++status.prepared;
  return status;
}

}  // namespace

const Questions kMysqlQuestions{kPositionsQuery, kStatusQuery, kMysqlCatalogQuery,
                                read_positions,  read_status,  read_mysql_catalog};

}  // namespace shardway::proxy::control
