// Plan: what is to be done with one statement. Made by planner.hpp; the rule's name stays in it for EXPLAIN, logs,
// tests.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "router/statement.hpp"

namespace shardway::router {

enum class Rule : std::uint8_t {
  kUnsharded,    // the database has one shard
  kHint,         // a steering comment named the shard, or a key
  kTransaction,  // BEGIN, COMMIT, SAVEPOINT …: the session's own business
  kSession,      // SET, RESET, SHOW, DISCARD, cursors, prepared statements by SQL
  kEmpty,
  kKey,  // the shard key names one shard
  kSingleTable,
  kReferenceRead,
  kReferenceWrite,  // every shard
  kDdl,             // every shard
  kHome,            // belongs to no shard
  kScatter,         // several shards, union of rows
  kCopyByRow,       // COPY FROM: the first row says
  kExplain,         // SHARDWAY EXPLAIN
  kRefuse,
};
std::string_view name_of(Rule rule) noexcept;
inline constexpr std::size_t kRules = static_cast<std::size_t>(Rule::kRefuse) + 1;

enum class Action : std::uint8_t {
  kOneShard,    // shards[0]
  kScatter,     // shards: the same text to each, the union of their rows is the answer
  kEveryShard,  // shards: the same text to each, in order; the first one's answer is the answer, all must agree
  kSession,     // the session decides by StatementKind (transaction control, SET, cursors …)
  kCopyIn,      // table use 0 of the statement, shard by the first row
  kExplain,
  kRefuse,
};

struct Plan {
  Action action = Action::kRefuse;
  Rule rule = Rule::kRefuse;
  bool writes = false;
  bool replica_ok = false;  // may run on a replica if the session's consistency allows it
  boost::container::small_vector<ShardIndex, 4> shards;
  // MySQL: rows get AUTO_INCREMENT numbers. The server connections must count by `numbering` first, if it is known.
  bool numbers = false;
  Numbering numbering;
  std::unique_ptr<Fault> fault;  // kRefuse
  // now() where it is not the server's own: the text with a literal in place of the calls; empty: the text as it is.
  std::string rewritten;
  bool wants_time = false;  // it is to be planned again, with the transaction's time
};

}  // namespace shardway::router
