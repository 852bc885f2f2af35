// Language: how one dialect's statements are read, as one table of functions. A Topology names the one of its
// database; the statement cache, the planner and EXPLAIN ask it instead of knowing dialects. Not here: sending
// anything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/key_values.hpp"
#include "router/statement_cache.hpp"

namespace shardway::router {

struct Language {
  std::string_view server;   // as messages name it
  bool clock_words = false;  // string literals like 'now' are read as the clock's time

  // The cache's key of a text, or false: it must be kept as it is.
  bool (*normalise)(std::string_view text, const ParseSettings& settings, std::string& key, Literals& literals);
  // Every literal of a text, in the order of their numbers.
  void (*collect_literals)(std::string_view text, const ParseSettings& settings, Literals& literals);
  // Where each of the text's first `count` tokens ends, in bytes.
  std::vector<std::uint32_t> (*token_ends)(std::string_view text, const ParseSettings& settings, std::size_t count);
  // `literals` are the text's own, numbered as the facts will number them. `depends_on_literals` says that the facts
  // hold for this very text only. Never throws, whatever the text.
  std::shared_ptr<const Query> (*analyze)(std::string_view text, const ParseSettings& settings,
                                          const Topology& topology, const Literals& literals,
                                          bool& depends_on_literals);
  // The shards of the keys a bound use is restricted to.
  KeyShards (*shards_of)(const TableUse& use, const Values& values, const Topology& topology,
                         const SessionView& session);
  // A key as a steering comment writes it -> its hash.
  std::optional<std::uint64_t> (*hash_text_form)(KeyType type, std::string_view text);
};

extern const Language kPostgresLanguage;
extern const Language kMysqlLanguage;

}  // namespace shardway::router
