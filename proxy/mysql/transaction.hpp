// Transaction and Spread: what a client has open on a sharded database, and a statement that runs on several shards.
// Plain values; the session moves the bytes. A shard is enlisted at the first statement that needs it: there the
// transaction is an XA branch, so that it can be prepared. https://mariadb.com/kb/en/xa-transactions/
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/mysql/link.hpp"
#include "proxy/transaction/name.hpp"

namespace shardway::proxy::mysql {

using Shards = std::vector<router::ShardIndex>;

inline constexpr std::string_view kRepeatableRead = "REPEATABLE-READ";
inline bool is_below_repeatable_read(std::string_view isolation) noexcept {
  return isolation == "READ-COMMITTED" || isolation == "READ-UNCOMMITTED";
}

// A server's error, or one of ours, kept until it can be told.
struct KeptError {
  std::uint16_t code = 0;
  std::string sqlstate, message;
};

struct Transaction {
  // How far its end is. kOnePhase: every branch has been told to commit, or to roll back. The others are the last-agent
  // protocol's (ARCHITECTURE.md, "Atomic commit"), for one that has written to several shards.
  enum class Stage : std::uint8_t { kOpen, kOnePhase, kPreparing, kDeciding, kInDoubt, kApplying, kAborting };
  bool is_implicit = false;  // of autocommit = 0: the first table access opened it
  bool is_single = false;    // one statement that writes on several shards: it ends with it
  bool read_only = false;
  bool has_access_mode = false;           // somebody has said READ ONLY or READ WRITE, when it began
  bool is_raised = false;                 // to REPEATABLE READ at least: each copy of a table finds the rows for itself
  bool is_lost = false;                   // a server connection of it broke: the next statement hears of it
  bool is_over = false;                   // a server has rolled it back (1213): so are the others
  std::string isolation;                  // "READ-COMMITTED", as it was said when it began; empty: the servers' own
  std::vector<std::string> savepoints;    // their names, in order: what a shard enlisted later has to hear
  std::optional<transaction::Name> name;  // once a shard is enlisted; the first one would be the agent
  Stage stage = Stage::kOpen;
  bool commits = false;
  router::ShardIndex agent = 0;
  Shards enlisted;  // when its end began
  Shards prepared;
  std::string parts;  // the writers' shards, for people
  std::optional<KeptError> error;
  net::Time deadline{};  // kInDoubt: how long the client waits for the truth
};

// A savepoint of our own, no client's by accident.
inline constexpr std::string_view kUndoPoint = "`shardway bulk`";

// A bulk execution on several shards, part by part; each part is a bulk execution of some of its rows, in their order.
struct Bulk {
  bool is_one_statement = false;  // INSERT: all of its rows or none; else each row is a statement of its own
  std::size_t copies = 1;         // of a reference table: so many parts one after the other are the same rows
  bool ignores = false, is_of_one_table = false;
  std::size_t lists = 1;                           // of VALUES, in each row's execution
  std::vector<std::vector<std::uint32_t>> rows;    // of each part, counted from 0; empty: all of them in each part
  std::vector<router::Numbering> numberings;       // by which the link of each part counts
  std::size_t numbered_part = 0;                   // INSERT: whose number is the answer's
  bool can_undo = false;                           // each branch has a savepoint in front of it
  std::uint64_t statement = 0;                     // its number in the registry of prepared statements
  std::uint64_t affected_rows = 0, insert_id = 0;  // of all parts
  unsigned long counts[3] = {};                    // those of their info texts
};

// A statement on several shards. It is sent to all at once, or to one after the other, and answered as by one server:
// the rows of all behind the first one's definitions, or the first one's answer. Answers are read one after the other.
struct Spread {
  enum class Answer : std::uint8_t { kUnion, kFirst };
  Answer answer = Answer::kUnion;
  bool one_after_the_other = false;
  bool writes = false;          // the same rows on every shard: what the servers say must agree
  bool numbers = false;         // AUTO_INCREMENT: the first shard's numbers are everybody's
  router::Numbering numbering;  // by which the links count for it, if there are several rows
  bool sums = false;            // the first one's answer, with everybody's counts
  bool is_held = false;         // nothing is told before the transaction has ended
  Shards shards;
  std::size_t at = 0;                 // whose answer is being read
  bool differs = false;               // what the servers said did not agree
  bool failed = false;                // the client has its error, or `error`: the rest is read and dropped
  std::string asked;                  // the client's packet
  std::vector<std::string> commands;  // the packet for each shard; one: the same for all
  std::uint8_t next_number = 1;       // of the next packet to the client
  std::uint64_t affected_rows = 0, insert_id = 0;
  std::uint16_t warnings = 0, flags = 0;  // flags: of the status, those about the statement
  std::string info;
  std::optional<KeptError> error;
  std::unique_ptr<Bulk> bulk;  // a bulk execution; a shard may have several parts
  bool is_last() const noexcept { return at + 1 == shards.size(); }
  bool is_copy() const noexcept { return bulk ? at % bulk->copies != 0 : at > 0; }  // of what another shard has told
  bool counts_number() const noexcept {                                             // of a bulk execution
    return !is_copy() && (!bulk->is_one_statement || at / bulk->copies == bulk->numbered_part);
  }
  const std::string& command() const noexcept {
    return commands[commands.size() == 1 ? 0 : at / (bulk ? bulk->copies : 1)];
  }
};

// A bulk execution that waits for its links: its rows have been looked at, with this topology.
struct PlannedBulk {
  std::shared_ptr<const router::Topology> topology;
  Spread spread;
  bool is_whole = false;  // one shard's: it goes there as it came
  bool numbers = false, writes = false;
};

}  // namespace shardway::proxy::mysql
