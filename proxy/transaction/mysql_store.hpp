// What a session says to MySQL and MariaDB servers while it commits on several shards. The tables and recovery's side:
// store.hpp. https://mariadb.com/kb/en/xa-transactions/
#pragma once

#include <string>
#include <string_view>

#include "proxy/transaction/name.hpp"

namespace shardway::proxy::transaction::mysql_store {

// Global and branch identifier together have 128 bytes.
inline constexpr std::size_t kMostGidBytes = 128;

// A part's identifier as XA statements take it.
std::string xid(std::string_view gid);
// The row that says a part was committed; inside the part, before it ends.
std::string insert_applied(const Name& name, std::string_view parts);
// The agent's: decides and commits, in one text, of which nothing runs behind an error.
std::string decide_and_commit(const Name& name, std::size_t shard, std::string_view parts);

}  // namespace shardway::proxy::transaction::mysql_store
