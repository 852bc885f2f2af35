// LastStatement: what a client's last statement left behind for the one after it to ask about, which may run elsewhere.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "router/topology.hpp"

namespace shardway::proxy::mysql {

// What SHOW WARNINGS said: payloads, the number of columns first, the end last.
struct Diagnostics {
  static constexpr std::size_t kMostBytes = 64 * 1024;  // more than these are not kept
  bool is_complete = false;
  std::size_t bytes = 0;
  std::vector<std::string> payloads;
};

struct LastStatement {
  std::uint64_t link = 0;   // where it ran; 0: nowhere yet
  std::uint64_t swept = 0;  // the link on which nothing is left of whoever ran there before
  router::ShardIndex shard = 0;
  bool is_gone = false;                 // nobody knows any more what it left behind: it ran on several shards
  std::int64_t row_count = 0;           // ROW_COUNT()
  bool is_row_count_elsewhere = false;  // its link has another one by now, or never had it
  std::uint16_t warnings = 0;
  bool failed = false;
  std::unique_ptr<Diagnostics> diagnostics;  // null: not asked for
  std::unique_ptr<Diagnostics> before;  // of the statement before the one under way, which may leave them as they are
  std::uint64_t insert_id = 0;          // LAST_INSERT_ID(), but for what its link has generated since
  std::uint64_t sequence_link = 0;      // where NEXTVAL ran
  std::uint64_t found_link = 0;         // whose FOUND_ROWS() is of its last SELECT; 0: unknown
  bool is_insert_id_lost = false;       // the number may have been another one, and who knew is gone
};

}  // namespace shardway::proxy::mysql
