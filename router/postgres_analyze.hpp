// postgres_analyze: text -> Query, through libpg_query's raw parser. Not here: values, shards, policy about them.
// Everything the facts cannot prove is left unbound or faulted; the planner refuses it where it matters.
// A text the parser refuses gives a Query with syntax_error. Never throws, whatever the text.
#pragma once

#include <memory>
#include <string_view>

#include "router/statement_cache.hpp"

namespace shardway::router {

// `literals` are the text's own (normalise() or collect_literals()), numbered as the facts will number them.
// `depends_on_literals` says that the facts hold for this very text only.
std::shared_ptr<const Query> analyze_postgres(std::string_view text, const ParseSettings& settings,
                                              const Topology& topology, const Literals& literals,
                                              bool& depends_on_literals);

}  // namespace shardway::router
