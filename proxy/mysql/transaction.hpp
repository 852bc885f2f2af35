// Transaction and Spread: what a client has open on a sharded database, and a statement that runs on several shards.
// Plain values; the session moves the bytes. A shard is enlisted at the first statement that needs it: there the
// transaction is an XA branch, so that it could be prepared. https://mariadb.com/kb/en/xa-transactions/
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proxy/mysql/link.hpp"

namespace shardway::proxy::mysql {

struct Transaction {
  bool is_implicit = false;  // of autocommit = 0: the first table access opened it
  bool read_only = false;
  bool is_over = false;                 // a server has rolled it back (1213): so are the others
  bool is_ending = false;               // COMMIT or ROLLBACK is on its way to the shards
  std::string characteristics;          // SET TRANSACTION …, sent before each branch begins
  std::string xid;                      // of every branch, as XA START has it
  std::vector<std::string> savepoints;  // their names, in order: what a shard enlisted later has to hear
};

// A statement on several shards. It is sent to all at once, or to one after the other, and answered as by one server:
// the rows of all behind the first one's definitions, or the first one's answer. Answers are read one after the other.
struct Spread {
  enum class Answer : std::uint8_t { kUnion, kFirst };
  Answer answer = Answer::kUnion;
  bool one_after_the_other = false;
  boost::container::small_vector<router::ShardIndex, 4> shards;
  std::size_t at = 0;            // whose answer is being read
  bool failed = false;           // the client has its error: the rest is read and dropped
  std::string command;           // what is sent to each, as a packet
  std::uint8_t next_number = 1;  // of the next packet to the client
  std::uint64_t affected_rows = 0, insert_id = 0;
  std::uint16_t warnings = 0;
  std::string info;
  bool is_last() const noexcept { return at + 1 == shards.size(); }
};

}  // namespace shardway::proxy::mysql
