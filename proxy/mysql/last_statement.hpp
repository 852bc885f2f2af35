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
  std::uint64_t link = 0;  // where it ran; 0: nowhere yet
  router::ShardIndex shard = 0;
  bool is_gone = false;         // nobody knows any more what it left behind: it ran on several shards
  std::int64_t row_count = -1;  // ROW_COUNT()
  std::uint16_t warnings = 0;
  bool failed = false;
  std::unique_ptr<Diagnostics> diagnostics;           // null: not asked for
  std::uint64_t insert_version = 0;                   // grows with every change of the next
  std::uint64_t insert_id = 0, insert_id_before = 0;  // of the last OK that had one; what LAST_INSERT_ID() was then
  std::uint64_t insert_link = 0, sequence_link = 0;   // where that was; where NEXTVAL ran
  std::uint64_t found_link = 0;                       // whose FOUND_ROWS() is of its last SELECT; 0: unknown
  // The last number may be another one, and the server has not said so: only where it ran it is known.
  bool insert_id_untold = false;
};

}  // namespace shardway::proxy::mysql
