// Order: what an action's words ask for, read and checked against the configuration: the thing they name exists. What
// cannot be read or found is an Answer that says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "proxy/admin/console.hpp"
#include "proxy/admin/words.hpp"

namespace shardway::proxy::admin {

enum class Argument : std::uint8_t {
  kNone,
  kDatabase,
  kDatabaseOrAll,
  kClient,
  kHowToStop,
  kPart,        // [<db>[.<shard>] | NODE '<host:port>'] [TIMEOUT <seconds>]
  kPartNoTime,  // the same without a time
  kNode,        // NODE '<host:port>'
  kSwitchover,  // <db>.<shard> TO '<host:port>' [TIMEOUT <seconds>] [FORCE] [REHEARSE]
};
std::string_view text_of(Argument argument) noexcept;  // for SHOW HELP, with a space before it

struct Order {
  std::string name;  // of a database, a client's number, how to stop
  Part part;         // kPart, kNode
  config::Milliseconds timeout{0};
  SwitchoverOrder switchover;
};

// `words`: with the verb.
std::variant<Order, Answer> read_order(Argument argument, const Words& words, std::string_view command,
                                       const config::Config& config);

// The command in an error text, cut at a character's border: nobody wants a megabyte back.
std::string quoted_for_error(std::string_view command);

}  // namespace shardway::proxy::admin
