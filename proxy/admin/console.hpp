// Console: the commands of database `shardway` (and `pgbouncer`): SHOW …, RELOAD, PAUSE, RESUME, KILL and the rest,
// with PgBouncer's columns in PgBouncer's order and ours behind them. It knows no protocol: a session turns the answer
// into messages, for the simple and the extended protocol alike.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/host.hpp"

namespace shardway::proxy::admin {

enum class ColumnType : std::uint8_t { kText, kInt4, kInt8, kNumeric };  // OID 25, 23, 20, 1700
struct Column {
  std::string name;
  ColumnType type = ColumnType::kText;
};
struct Answer {
  std::string error_sqlstate, error;  // error not empty: it failed
  std::vector<Column> columns;        // empty: no rows, only a tag
  std::vector<std::vector<std::optional<std::string>>> rows;
  std::string tag;    // "SHOW", "PAUSE", "RELOAD", …; empty without an error: the
                      // command was empty, the answer is EmptyQueryResponse
  bool more = false;  // further rows of the same answer follow, or its end
};

// `may_change`: the user is in [admin] users; stats_users may only SHOW. `done` is called exactly once,
// on any thread; but for an Answer with `more`, after which it is called again.
void execute(Host& host, std::string_view command, bool may_change, std::function<void(Answer)> done);
// False: whatever comes of it, it only looks.
bool is_action(std::string_view command);
// The columns `command` will answer with (Describe before Execute); empty for commands without rows; nullopt: unknown
// command.
std::optional<std::vector<Column>> describe(std::string_view command);

}  // namespace shardway::proxy::admin
