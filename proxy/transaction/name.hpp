// Name: what a transaction on several shards is called, on every server it touches, so that any Shardway that finds it
// there knows whose it is and who decides it. A name is never used twice: it holds the number of this run of the
// program (the incarnation), 80 random bits drawn at its start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shardway::proxy::transaction {

// This run of the program: 16 characters, base 32.
const std::string& incarnation();

struct Name {
  std::string cluster;      // shardway.cluster: Shardways that recover each other's transactions
  std::string incarnation;  // whose it is
  std::uint64_t number = 0;
  std::string agent;  // the shard whose commit decides it

  // "cluster:incarnation:number:agent": the key of its rows in the tables decision and applied.
  std::string text() const;
  // The global identifier of its part on one shard: unique on a server that holds several shards.
  // At most 200 bytes with names the configuration allows.
  std::string gid(std::size_t shard) const;
  bool operator==(const Name&) const = default;
};

// The cluster's name where one server lists the prepared parts of several databases: theirs must not be mixed up.
std::string scoped(std::string_view cluster, std::string_view database);
// What all identifiers of a cluster's transactions begin with.
std::string gid_prefix(std::string_view cluster);
// nullopt: it is not one of ours.
std::optional<Name> parse_gid(std::string_view gid);

}  // namespace shardway::proxy::transaction
