// ShardMap: slots -> shard. slot = hash(key) & (slots - 1); slots is a power of two, 16384 by default.
#pragma once

#include <cstdint>
#include <vector>

namespace shardway::router {

using ShardIndex = std::uint16_t;

class ShardMap {
 public:
  ShardMap() = default;
  // `owner_of_slot.size()` must be a power of two; every slot has an owner (the configuration's check made sure).
  explicit ShardMap(std::vector<ShardIndex> owner_of_slot) : owner_(std::move(owner_of_slot)) {}
  std::uint32_t slots() const noexcept { return static_cast<std::uint32_t>(owner_.size()); }
  std::uint32_t slot_of(std::uint64_t hash) const noexcept {
    return static_cast<std::uint32_t>(hash & (owner_.size() - 1));
  }
  ShardIndex shard_of(std::uint64_t hash) const noexcept { return owner_[hash & (owner_.size() - 1)]; }
  ShardIndex owner(std::uint32_t slot) const noexcept { return owner_[slot]; }

 private:
  std::vector<ShardIndex> owner_;
};

}  // namespace shardway::router
