// What a MariaDB or MySQL node is asked: one text, of which each reads its own part: MariaDB what stands in /*M! … */,
// MySQL what stands in /*!80022 … */. https://mariadb.com/kb/en/comment-syntax/
// MariaDB's positions are GTIDs, domain-server-number; those of one domain compare by number.
// https://mariadb.com/kb/en/gtid/ https://mariadb.com/kb/en/show-replica-status/ (needs the right SLAVE MONITOR)
// MySQL's are sets of GTIDs, source:numbers, and it is told whose transactions come now: those are counted, and all
// others are the history they stand on. https://dev.mysql.com/doc/refman/8.0/en/replication-gtids-concepts.html
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <string_view>

#include "proxy/control/answers.hpp"

namespace shardway::proxy::control {
namespace {

#define SHARDWAY_POSITIONS                                                                               \
  "SELECT @@global.read_only, /*M! @@global.gtid_binlog_pos, @@global.gtid_slave_pos, */"                \
  "/*!80022 IF(@@global.gtid_mode = 'ON', @@global.gtid_executed, ''), IF(@@global.read_only, coalesce(" \
  "(SELECT SOURCE_UUID FROM performance_schema.replication_connection_status LIMIT 1),"                  \
  " @@global.server_uuid), @@global.server_uuid), */ @@global.server_id"

const char* const kPositionsQuery = SHARDWAY_POSITIONS;
const char* const kStatusQuery = SHARDWAY_POSITIONS
    ", (SELECT count(*) FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = 'shardway' AND TABLE_NAME IN ('decision', 'applied')) = 2,"
    " @@global.auto_increment_increment, @@global.auto_increment_offset"
    " /*M! , @@global.gtid_binlog_state, @@global.gtid_binlog_pos, @@global.gtid_slave_pos,"
    " @@global.gtid_current_pos */; SHOW /*M! ALL SLAVES *//*!80022 REPLICA */ STATUS; XA RECOVER";
#undef SHARDWAY_POSITIONS

enum Column : std::size_t {
  kReadOnly,
  kWritten,
  kApplied,
  kServer,
  kHasStore,
  kIncrement,
  kOffset,
  kState,
  kLastWritten,
  kLastApplied,
  kCurrent
};
constexpr std::size_t kExecuted = kWritten, kSource = kApplied;  // MySQL

struct Gtid {
  // MariaDB: the domain and one; MySQL: a number for the history. 0: nothing was written yet, or in several domains.
  std::uint32_t timeline = 0;
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

// A UUID has four dashes, a GTID of MariaDB two.
bool is_uuid(const std::string& text) {
  return std::count(text.begin(), text.end(), '-') == 4 && text.find(',') == std::string::npos;
}

// "1-270", "1-270:272-280": a replica has what lies before the first gap, a primary may have given every number. 0: it
// cannot be said, as of tagged ones.
std::uint64_t last_number(std::string_view intervals, bool in_recovery) {
  const bool begins_at_1 = intervals == "1" || intervals.starts_with("1-") || intervals.starts_with("1:");
  if (!begins_at_1 || intervals.find_first_not_of("0123456789-:") != std::string_view::npos) return 0;
  const auto wanted =
      in_recovery ? intervals.substr(0, intervals.find(':')) : intervals.substr(intervals.rfind(':') + 1);
  return std::strtoull(std::string(wanted.substr(wanted.find('-') + 1)).c_str(), nullptr, 10);
}

// "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-270,\n4f…:1-7"
Gtid parse_gtid_set(std::string_view set, const std::string& source, bool in_recovery) {
  Gtid gtid;
  if (set.empty()) return gtid;
  auto history = source;
  while (!set.empty()) {
    auto one = set.substr(0, set.find(','));
    set.remove_prefix(std::min(set.size(), one.size() + 1));
    while (!one.empty() && one.front() <= ' ') one.remove_prefix(1);
    if (!one.starts_with(source)) {
      history.append(",").append(one);
      continue;
    }
    gtid.number = last_number(one.substr(std::min(one.size(), source.size() + 1)), in_recovery);
    if (gtid.number == 0) return {};
  }
  gtid.timeline = static_cast<std::uint32_t>(std::hash<std::string>{}(history)) | 1;
  return gtid;
}

Positions read_positions(const std::vector<Rows>& results) {
  const auto& r = results[0];
  Positions positions;
  positions.in_recovery = r.text(0, kReadOnly) != "0";
  const auto gtid = is_uuid(r.text(0, kSource))
                        ? parse_gtid_set(r.text(0, kExecuted), r.text(0, kSource), positions.in_recovery)
                        : parse_gtid(r.text(0, positions.in_recovery ? kApplied : kWritten));
  positions.timeline = gtid.timeline;
  (positions.in_recovery ? positions.replayed : positions.inserted) = gtid.number;
  positions.flushed = positions.inserted;
  return positions;
}

// Of several sources the first one that runs.
void read_sources(const Rows& sources, Status& status) {
  const auto column = [&](const char* of_mariadb, const char* of_mysql) {
    return std::min(sources.column(of_mariadb), sources.column(of_mysql));
  };
  const auto reads = column("Slave_IO_Running", "Replica_IO_Running");
  const auto applies = column("Slave_SQL_Running", "Replica_SQL_Running");
  const auto number = column("Master_Server_Id", "Source_Server_Id");
  const auto behind = column("Seconds_Behind_Master", "Seconds_Behind_Source");
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
  status.numbering = {r.number(0, kIncrement), r.number(0, kOffset)};
  if (r.names.size() > kCurrent) status.gtids = r.text(0, kCurrent);
  if (is_uuid(r.text(0, kSource))) status.gtids = r.text(0, kExecuted);
  std::erase(status.gtids, '\n');
  if (r.names.size() > kLastApplied) {
    add_gtids(r.text(0, kLastWritten), status.last);
    for (const auto column : {kState, kLastWritten, kLastApplied}) add_gtids(r.text(0, column), status.has);
  }
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

// "0-1-270,0-2-300,1-1-7"; what is none is left out.
void add_gtids(const std::string& text, Gtids& to) {
  std::istringstream all(text);
  for (std::string one; std::getline(all, one, ',');) {
    std::uint32_t domain = 0;
    unsigned long long server = 0, number = 0;
    if (std::sscanf(one.c_str(), "%u-%llu-%llu", &domain, &server, &number) != 3) continue;
    auto& known = to[{domain, server}];
    known = std::max<std::uint64_t>(known, number);
  }
}

const Questions kMysqlQuestions{kPositionsQuery, kStatusQuery, kMysqlCatalogQuery,
                                read_positions,  read_status,  read_mysql_catalog};

}  // namespace shardway::proxy::control
