// Maintenance: what operators have taken out of service on the console, and for how long: shards and nodes that are
// paused, nodes that are drained, shards held for a switchover. It outlives reloads; App applies it to each
// generation's Backends. Databases are paused as a whole elsewhere (Backend::paused). Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/admin/host.hpp"

namespace shardway::proxy {

class Maintenance {
 public:
  using Shard = std::pair<std::string, std::string>;  // of a database

  // "shop", "shop.shop_0", "node 127.0.0.1:5502", "all databases"
  static std::string name_of(const admin::Part& part);

  // A ticket to end it by. Of several pauses of one part the newest counts; 0: it is paused already, and neither that
  // pause nor this one has an end.
  std::uint64_t pause(const admin::Part& part, bool has_end);
  // False if it was not paused. `ticket`: only if it is that pause still; 0: any.
  bool resume(const admin::Part& part, std::uint64_t ticket);
  bool resume_all();
  bool is_paused(const admin::Part& part) const;
  bool drain(const std::string& node);  // false: it is drained already
  bool undrain(const std::string& node);
  bool is_drained(const std::string& node) const;

  void switch_over(const Shard& shard, bool held);  // its gate is closed for a switchover
  bool is_switched_over(const std::string& database, const std::string& shard) const;
  bool holds(const std::string& database, const std::string& shard) const;  // it is paused itself
  bool rests(const std::string& node) const;                                // drained or paused
  // "paused", "drained", or empty.
  std::string_view state_of(const std::string& node) const;

 private:
  struct Pause {
    std::uint64_t ticket = 0;
    bool has_end = false;
  };
  mutable std::mutex mutex_;
  std::map<std::array<std::string, 3>, Pause> pauses_;  // by database, shard and node
  std::set<std::string> drained_;
  std::set<Shard> switched_over_;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace shardway::proxy
