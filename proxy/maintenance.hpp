// Maintenance: what operators have taken out of service on the console, and for how long: shards and nodes that are
// paused, nodes that are drained, shards held for a switchover. It outlives reloads; App applies it to each
// generation's Backends. Databases are paused as a whole elsewhere (Backend::paused). Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/admin/host.hpp"

namespace shardway::proxy {

class Maintenance {
 public:
  using Shard = std::pair<std::string, std::string>;  // of a database

  // "shop", "shop.shop_0", "node 127.0.0.1:5502", "all databases"
  static std::string name_of(const admin::Part& part);

  // The shards are those whose primary the part is, or is on. A ticket to end it by, or 0 if it is paused already.
  std::uint64_t pause(const admin::Part& part, std::vector<Shard> shards);
  // The shards that were paused by it; false if nothing was. `ticket`: only if it is that pause still; 0: any.
  bool resume(const admin::Part& part, std::uint64_t ticket);
  bool resume_all();
  bool is_paused(const admin::Part& part) const;
  bool drain(const std::string& node);  // false: it is drained already
  bool undrain(const std::string& node);
  bool is_drained(const std::string& node) const;

  void switch_over(const Shard& shard, bool held);  // its gate is closed for a switchover
  bool is_switched_over(const std::string& database, const std::string& shard) const;
  bool holds(const std::string& database, const std::string& shard) const;  // by any pause
  bool rests(const std::string& node) const;                                // drained or paused
  // "paused", "drained", or empty.
  std::string_view state_of(const std::string& node) const;

 private:
  struct Pause {
    std::uint64_t ticket = 0;
    std::string node;  // of PAUSE NODE
    std::vector<Shard> shards;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Pause> pauses_;  // by name_of
  std::set<std::string> drained_;
  std::set<Shard> switched_over_;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace shardway::proxy
