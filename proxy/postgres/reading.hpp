// Reading: a server reads a whole text before it runs any of it. The statements of one that are sent one by one have to
// be read the same, or the text is refused. Called before the first of them runs; views live until the call returns.
#pragma once

#include <optional>
#include <string_view>

#include "protocol/common/fault.hpp"
#include "proxy/postgres/settings.hpp"

namespace shardway::proxy::postgres {

struct Reading {
  const Settings& now;
  const Settings& base;             // what RESET goes back to
  std::string_view in_transaction;  // the SQL of the settings that the open transaction has made
  bool standard_strings;
};

// Nothing: every statement means the same, read when its turn comes.
std::optional<protocol::Fault> read_otherwise(const router::Query& query, std::string_view text,
                                              const Reading& reading);

}  // namespace shardway::proxy::postgres
