#include "proxy/maintenance.hpp"

namespace shardway::proxy {
namespace {

std::array<std::string, 3> key_of(const admin::Part& part) { return {part.database, part.shard, part.node}; }

}  // namespace

std::string Maintenance::name_of(const admin::Part& part) {
  if (!part.node.empty()) return "node " + part.node;
  if (part.database.empty()) return "all databases";
  return part.shard.empty() ? part.database : part.database + "." + part.shard;
}

std::uint64_t Maintenance::pause(const admin::Part& part, bool has_end) {
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = pauses_.try_emplace(key_of(part));
  if (!is_new && !has_end && !entry->second.has_end) return 0;
  entry->second = {++last_ticket_, has_end};
  return last_ticket_;
}

bool Maintenance::resume(const admin::Part& part, std::uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  const auto found = pauses_.find(key_of(part));
  if (found == pauses_.end() || (ticket != 0 && found->second.ticket != ticket)) return false;
  pauses_.erase(found);
  return true;
}

bool Maintenance::resume_all() {
  const std::lock_guard lock(mutex_);
  const bool any = !pauses_.empty();
  pauses_.clear();
  return any;
}

bool Maintenance::is_paused(const admin::Part& part) const {
  const std::lock_guard lock(mutex_);
  return pauses_.contains(key_of(part));
}

bool Maintenance::drain(const std::string& node) {
  const std::lock_guard lock(mutex_);
  return drained_.insert(node).second;
}

bool Maintenance::undrain(const std::string& node) {
  const std::lock_guard lock(mutex_);
  return drained_.erase(node) > 0;
}

bool Maintenance::is_drained(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  return drained_.contains(node);
}

void Maintenance::switch_over(const Shard& shard, bool held) {
  const std::lock_guard lock(mutex_);
  if (held)
    switched_over_.insert(shard);
  else
    switched_over_.erase(shard);
}

bool Maintenance::is_switched_over(const std::string& database, const std::string& shard) const {
  const std::lock_guard lock(mutex_);
  return switched_over_.contains({database, shard});
}

bool Maintenance::holds(const std::string& database, const std::string& shard) const {
  return is_paused({database, shard, ""});
}

bool Maintenance::rests(const std::string& node) const { return !state_of(node).empty(); }

std::string_view Maintenance::state_of(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  return pauses_.contains(key_of({"", "", node})) ? "paused" : drained_.contains(node) ? "drained" : "";
}

}  // namespace shardway::proxy
