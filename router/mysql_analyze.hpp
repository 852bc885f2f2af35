// analyze_mysql: text -> Query, for MySQL's and MariaDB's dialect. Not here: values, shards, policy about them, and any
// syntax error: what is not understood is StatementKind::kOther, which a server may judge where there is only one.
// Everything the facts cannot prove is left unbound or faulted; the planner refuses it where it matters.
// Pins are for a statement that succeeded: one that the server refused has left nothing behind. An implicit commit has
// happened all the same, unless the server could not even parse the text.
#pragma once

#include <memory>
#include <string_view>

#include "router/statement_cache.hpp"

namespace shardway::router {

// `literals` are the text's own, numbered as the facts will number them. Never throws, whatever the text.
std::shared_ptr<const Query> analyze_mysql(std::string_view text, const ParseSettings& settings,
                                           const Topology& topology, const Literals& literals,
                                           bool& depends_on_literals);

}  // namespace shardway::router
