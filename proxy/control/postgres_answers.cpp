#include "proxy/control/answers.hpp"

#include <cstdlib>
#include <cstring>

namespace shardway::proxy::control {

// The replayed position is asked before the receiver's timeline: a position taken first is on that timeline's own past.
// The other way round it could be ahead on a timeline the receiver did not know yet. (The sub-select runs when its
// column is computed, columns from left to right.)
#define SHARDWAY_POSITIONS                                                                           \
  "SELECT pg_is_in_recovery(),"                                                                      \
  " CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn() END,"                         \
  " CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() END,"                          \
  " CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END," \
  " pg_last_wal_replay_lsn(), pg_last_wal_receive_lsn(),"                                            \
  " (SELECT coalesce(status, 'hidden') || ' ' || coalesce(received_tli, 0) FROM pg_stat_wal_receiver)"

namespace {

const char* const kPositionsQuery = SHARDWAY_POSITIONS;
const char* const kStatusQuery = SHARDWAY_POSITIONS
    ", (SELECT system_identifier FROM pg_control_system()),"
    " (SELECT timeline_id FROM pg_control_checkpoint()),"
    " pg_postmaster_start_time(),"
    " CASE WHEN current_setting('default_transaction_read_only') = 'on' THEN"  // the server's, not this user's
    " (SELECT CASE source WHEN 'configuration file' THEN setting END FROM pg_settings"
    " WHERE name = 'default_transaction_read_only') END,"
    " (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000000)::bigint,"
    " current_setting('wal_block_size'),"
    " pg_size_bytes(current_setting('wal_segment_size')),"
    " current_setting('max_prepared_transactions'),"
    " CASE WHEN current_setting('max_prepared_transactions') <> '0' THEN"
    " (SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database() AND gid LIKE 'shardway:%') END,"
    " to_regclass('shardway.decision') IS NOT NULL AND to_regclass('shardway.applied') IS NOT NULL";
#undef SHARDWAY_POSITIONS

enum Column : std::size_t {
  kInRecovery,
  kInserted,
  kFlushed,
  kTimeline,
  kReplayed,
  kReceived,
  kReceiver,
  kSystem,
  kCheckpointTimeline,
  kStarted,
  kReadOnly,
  kSinceReplay,
  kBlock,
  kSegment,
  kMaxPrepared,
  kPrepared,
  kHasStore
};

bool has(const Rows& r, std::size_t column) { return r.has(0, column); }
const char* text(const Rows& r, std::size_t column) { return r.text(0, column).c_str(); }
std::uint64_t number(const Rows& r, std::size_t column, int base = 10) { return r.number(0, column, base); }

void read_receiver(const char* state_and_timeline, Positions& positions) {
  const char* space = std::strchr(state_and_timeline, ' ');
  if (space == nullptr) return;
  const std::string state(state_and_timeline, space);
  positions.receiver_runs = true;
  positions.receiver_hidden = state == "hidden";
  positions.streaming = state == "streaming";
  if (positions.streaming) positions.timeline = static_cast<std::uint32_t>(std::strtoul(space + 1, nullptr, 10));
}

}  // namespace

std::uint64_t parse_lsn(const char* lsn) noexcept {
  char* slash = nullptr;
  const auto high = std::strtoull(lsn, &slash, 16);
  if (slash == lsn || *slash != '/') return 0;
  return high << 32 | std::strtoull(slash + 1, nullptr, 16);
}

namespace {

Positions read_positions(const std::vector<Rows>& results) {
  const auto& r = results[0];
  Positions positions;
  positions.in_recovery = *text(r, kInRecovery) == 't';
  if (positions.in_recovery) {
    positions.replayed = parse_lsn(text(r, kReplayed));
    positions.received = parse_lsn(text(r, kReceived));
    read_receiver(text(r, kReceiver), positions);
  } else {
    positions.inserted = parse_lsn(text(r, kInserted));
    positions.flushed = parse_lsn(text(r, kFlushed));
    positions.timeline = static_cast<std::uint32_t>(number(r, kTimeline, 16));
  }
  return positions;
}

Status read_status(const std::vector<Rows>& results) {
  const auto& r = results[0];
  Status status;
  status.positions = read_positions(results);
  status.system_identifier = number(r, kSystem);
  status.checkpoint_timeline = static_cast<std::uint32_t>(number(r, kCheckpointTimeline));
  status.started = text(r, kStarted);
  status.read_only = std::strcmp(text(r, kReadOnly), "on") == 0;
  if (has(r, kSinceReplay)) status.since_replay_us = std::strtoll(text(r, kSinceReplay), nullptr, 10);
  if (has(r, kBlock) && number(r, kBlock) != 0) status.geometry.block = number(r, kBlock);
  if (has(r, kSegment) && number(r, kSegment) != 0) status.geometry.segment = number(r, kSegment);
  if (has(r, kMaxPrepared)) status.max_prepared = static_cast<std::int32_t>(number(r, kMaxPrepared));
  status.prepared = static_cast<std::int32_t>(number(r, kPrepared));
  status.has_store = *text(r, kHasStore) == 't';
  return status;
}

}  // namespace

const Questions kPostgresQuestions{kPositionsQuery, kStatusQuery, kPostgresCatalogQuery,
                                   read_positions,  read_status,  read_postgres_catalog};

const Questions& questions_of(config::Protocol protocol) noexcept {
  return protocol == config::Protocol::kMysql ? kMysqlQuestions : kPostgresQuestions;
}

}  // namespace shardway::proxy::control
