// text -> Query. Literals are lifted out by a lexer of ours (1 ns a byte), so `id = 7` and `id = 8` share one entry;
// the normalised text is compared in full, never only its hash. Kinds of statements whose facts depend on their
// literals (SET, DDL, LIMIT-sensitive ones, …) are stored under their exact text or not at all. One per thread and
// database; bounded by bytes: the least recently used goes first, those used only once before all others. Not
// thread-safe.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "router/mysql_mode.hpp"
#include "router/statement.hpp"

namespace shardway::router {

// What changes the meaning of a text besides the text.
struct ParseSettings {
  bool standard_conforming_strings = true;
  std::string_view search_path;  // the session's, as SET printed it; empty: the server's default
  MysqlMode mysql = {};          // there `search_path` is the session's database
  std::string_view user = {};    // on the servers, where the catalogue says that it matters
};

// Longer texts are not looked into.
inline constexpr std::size_t kMaxAnalysedBytes = std::size_t{1} << 20;

// A literal's place in the text of this execution. Views into the caller's text.
struct Literal {
  std::string_view source;  // as written, quotes included
  bool is_string = false;   // a text, as opposed to a number
};
using Literals = std::vector<Literal>;

class StatementCache {
 public:
  StatementCache(std::shared_ptr<const Topology> topology, std::size_t max_bytes);
  ~StatementCache();
  // `literals` is cleared and filled. A text that does not parse gives a Query with syntax_error (not cached).
  std::shared_ptr<const Query> find(std::string_view text, const ParseSettings& settings, Literals& literals);
  const std::shared_ptr<const Topology>& topology() const noexcept { return topology_; }

  struct Counters {
    std::uint64_t hits = 0, misses = 0, evictions = 0;
    std::size_t bytes = 0, entries = 0;
  };
  const Counters& counters() const noexcept { return counters_; }

 private:
  struct Impl;
  std::shared_ptr<const Topology> topology_;
  std::unique_ptr<Impl> impl_;
  Counters counters_;
};

}  // namespace shardway::router
