// Answers: the questions the control lane asks a node, and their answers as values, for either kind of server.
// `positions` is the light question of the fast rounds; `status` answers it and everything a role is decided by, in
// one round trip. What a node does not say (rights, another version) stays at its default: unknown is not zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/control/catalog_reader.hpp"
#include "proxy/control/freshness.hpp"
#include "proxy/control/roles.hpp"
#include "proxy/control/rows.hpp"

namespace shardway::proxy::control {

// PostgreSQL: places in the WAL. MariaDB: numbers of the one GTID domain, whose number and one is the timeline.
struct Positions {
  bool in_recovery = false;
  std::uint32_t timeline = 0;                // primary: it writes on; replica: its receiver streams; 0: not known
  std::uint64_t inserted = 0, flushed = 0;   // primary
  std::uint64_t replayed = 0, received = 0;  // replica
  bool receiver_runs = false, streaming = false;
  bool receiver_hidden = false;  // its state is not shown to this user: pg_monitor is missing
};

struct Status {
  Positions positions;
  std::uint64_t system_identifier = 0;
  std::uint32_t checkpoint_timeline = 0;  // lags behind a promotion
  std::string started;                    // pg_postmaster_start_time(), compared only
  bool read_only = false;
  bool has_timelines = true;                           // a promotion begins a new one
  std::uint64_t server_number = 0, source_number = 0;  // MariaDB: its server_id, and that of whom it follows; 0: nobody
  Gtids has, last;                                     // MariaDB: what it has of each server, and what came last
  std::string gtids;                                   // in the server's own words; empty: PostgreSQL
  std::optional<std::int64_t> since_replay_us;
  WalGeometry geometry;
  std::int32_t max_prepared = -1, prepared = 0;  // max_prepared_transactions; Shardway's that are prepared there
  bool has_store = false;                        // the tables of proxy/transaction
  router::Numbering numbering;                   // MariaDB

  std::uint32_t timeline() const noexcept { return positions.timeline != 0 ? positions.timeline : checkpoint_timeline; }
};

// How one kind of server is asked. Each reader is handed all results of its question.
struct Questions {
  const char* positions;
  const char* status;
  const char* catalog;
  Positions (*read_positions)(const std::vector<Rows>& results);
  Status (*read_status)(const std::vector<Rows>& results);
  ShardCatalog (*read_catalog)(const std::vector<Rows>& results);
};
extern const Questions kPostgresQuestions;
extern const Questions kMysqlQuestions;
const Questions& questions_of(config::Protocol protocol) noexcept;

// Of "0-1-270,0-2-300", added to what is known.
void add_gtids(const std::string& text, Gtids& to);
std::uint64_t parse_lsn(const char* text) noexcept;  // "16/B374D848"; 0 if it is not one

}  // namespace shardway::proxy::control
