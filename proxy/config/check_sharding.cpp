#include <algorithm>

#include "proxy/config/check.hpp"
#include "proxy/config/words.hpp"

namespace shardway::proxy::config {
namespace {

struct Claim {
  SlotRange range;
  std::string_view shard;
  Position at;
};

// The claims of the map, cut at the number of slots; what goes beyond it is reported.
std::vector<Claim> claims(const Database& database, const Value& map, Report& report) {
  const std::uint32_t slots = database.sharding.slots;
  std::vector<Claim> out;
  for (const SlotsOfShard& entry : database.sharding.map) {
    const Position at = where(map, {entry.shard});
    for (SlotRange range : entry.ranges) {
      if (range.last >= slots) {
        report.error(at,
                     "sharding.map: " + quote(entry.shard) + " claims " + print_slots({range}) + " of " +
                         std::to_string(slots) + " slots",
                     "slots count from 0 to " + std::to_string(slots - 1));
        if (range.first >= slots) continue;
        range.last = slots - 1;
      }
      out.push_back({range, entry.shard, at});
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Claim& a, const Claim& b) { return a.range.first < b.range.first; });
  return out;
}

std::string slots_text(const std::vector<SlotRange>& ranges) {
  const bool one = ranges.size() == 1 && ranges[0].first == ranges[0].last;
  return (one ? "slot " : "slots ") + print_slots(ranges) + (one ? " belongs" : " belong");
}

// Sweeps the claims in order; `reach` is the one that goes furthest so far, so it covers all of any overlap.
void check_cover(const Database& database, const Value& map, Report& report) {
  std::vector<SlotRange> missing;
  std::uint32_t next = 0;
  const std::vector<Claim> sorted = claims(database, map, report);
  const Claim* reach = nullptr;
  for (const Claim& claim : sorted) {
    if (claim.range.first > next) missing.push_back({next, claim.range.first - 1});
    if (reach && claim.range.first < next)
      report.error(claim.at,
                   "sharding.map: " + slots_text({{claim.range.first, std::min(claim.range.last, next - 1)}}) +
                       (reach->shard == claim.shard ? " twice to " + quote(claim.shard)
                                                    : " to " + quote(reach->shard) + " and to " + quote(claim.shard)),
                   "each slot belongs to exactly one shard");
    if (claim.range.last + 1 <= next) continue;
    next = claim.range.last + 1;
    reach = &claim;
  }
  if (next < database.sharding.slots) missing.push_back({next, database.sharding.slots - 1});
  if (!missing.empty())
    report.error(map.at, "sharding.map: " + slots_text(missing) + " to no shard",
                 "each of the " + std::to_string(database.sharding.slots) + " slots belongs to exactly one shard");
}

bool is_power_of_two(std::uint32_t n) { return n != 0 && (n & (n - 1)) == 0; }

void check_map(const Database& database, const Value& sharding, Report& report) {
  const std::uint32_t slots = database.sharding.slots;
  if (!is_power_of_two(slots)) {
    report.error(where(sharding, {"slots"}), "sharding.slots: " + std::to_string(slots) + " is not a power of two",
                 "for example 1024, 4096 or 16384 (the default)");
    return;
  }
  const Value* map = sharding.find("map");
  if (!map || !map->is(Value::Kind::kTable) || unread(sharding, "slots", report)) return;
  bool readable = true;
  for (const Member& member : map->members) {
    if (!has_shard(database, member.key))
      report.error(member.at, "sharding.map: " + quote(member.key) + " is not a shard of this database",
                   shard_hint(database, member.key));
    readable = readable && !report.blamed(member.value.at);
    for (const Value& item : member.value.items) readable = readable && !report.blamed(item.at);
  }
  if (readable) check_cover(database, *map, report);
}

void check_unlisted(const Database& database, const Value& sharding, Report& report) {
  constexpr std::string_view kSingle = "single:";
  const std::string_view word = database.sharding.unlisted_tables;
  const Position at = where(sharding, {"unlisted_tables"});
  if (word == "refuse" || word == "reference") return;
  if (!word.starts_with(kSingle))
    report.error(at, "sharding.unlisted_tables: " + quote(word) + " is not known here",
                 "one of \"refuse\", \"single:SHARD\" or \"reference\"");
  else if (const std::string_view shard = word.substr(kSingle.size()); !has_shard(database, shard))
    report.error(at, "sharding.unlisted_tables: " + quote(shard) + " is not a shard of this database",
                 shard_hint(database, shard));
}

}  // namespace

void check_sharding(const Database& database, const Value& at, Report& report) {
  const Value* sharding = at.find("sharding");
  if (!sharding && database.shards.size() > 1)
    report.error(at.at, "database " + quote(database.name) + " has several shards and no [database.sharding]",
                 "add [database.sharding] with map = { SHARD = \"0-8191\", … }");
  if (!sharding || !sharding->is(Value::Kind::kTable)) return;
  check_map(database, *sharding, report);
  check_unlisted(database, *sharding, report);
  const std::string& home = database.sharding.home;
  if (!home.empty() && !has_shard(database, home))
    report.error(where(*sharding, {"home"}), "sharding.home: " + quote(home) + " is not a shard of this database",
                 shard_hint(database, home));
}

}  // namespace shardway::proxy::config
