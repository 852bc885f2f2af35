#include <fmt/core.h>

#include "proxy/admin/show.hpp"

namespace shardway::proxy::admin {

namespace {

using enum ColumnType;

struct SlotRange {
  router::ShardIndex shard = 0;
  std::uint32_t first = 0, last = 0;
};

// Neighbouring slots of one shard, in the order of the slots.
std::vector<SlotRange> ranges_of(const router::ShardMap& map) {
  std::vector<SlotRange> ranges;
  for (std::uint32_t slot = 0; slot < map.slots(); ++slot) {
    if (ranges.empty() || ranges.back().shard != map.owner(slot)) ranges.push_back({map.owner(slot), slot, slot});
    ranges.back().last = slot;
  }
  return ranges;
}

std::string range_text(const router::ShardMap& map, std::size_t shard) {
  std::string text;
  for (const SlotRange& range : ranges_of(map)) {
    if (range.shard != shard) continue;
    if (!text.empty()) text += ", ";
    text += range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}-{}", range.first, range.last);
  }
  return text;
}

// Addresses of a shard's nodes of one role, in order, with commas between them.
std::string addresses(const stats::Report& report, const std::string& database, const std::string& shard,
                      std::string_view role) {
  std::string text;
  for (const stats::NodeRow& node : report.nodes) {
    if (node.database != database || node.shard != shard || node.role != role) continue;
    if (!text.empty()) text += ",";
    text += node.address;
  }
  return text;
}

std::uint64_t at_or_zero(const auto& numbers, std::size_t index) { return index < numbers.size() ? numbers[index] : 0; }

// Why statements for its primary wait; empty: they do not.
std::string held_for(const stats::Report& report, const std::string& database, const std::string& shard) {
  for (const stats::HeldRow& held : report.held)
    if (held.database == database && held.shard == shard) return held.reasons;
  return {};
}

// Its step, if one is under way.
std::string switchover_of(const stats::Report& report, const std::string& database, const std::string& shard) {
  const auto found = report.switchovers.find(database + "." + shard);
  if (found == report.switchovers.end()) return {};
  return found->second.alarm ? "alarm: not verified" : found->second.step;
}

Rows shard_rows(const Moment& now) {
  Rows rows;
  for (const stats::DatabaseRow& d : now.report.databases) {
    const config::Database* configured = now.config.database(d.name);
    const auto counted = now.report.counters.find(d.name);
    for (std::size_t i = 0; i < d.shard_names.size(); ++i) {
      const std::string& shard = d.shard_names[i];
      const auto primary = addresses(now.report, d.name, shard, "primary");
      const auto replicas = addresses(now.report, d.name, shard, "replica");
      const std::uint64_t statements =
          counted == now.report.counters.end() ? 0 : at_or_zero(counted->second.by_shard, i);
      rows.push_back(row(
          d.name, shard, at_or_zero(d.slots_per_shard, i), configured ? range_text(configured->topology.map, i) : "",
          primary.empty() ? cell(nullptr) : cell(primary), replicas, shard == d.home, statements, d.epoch,
          d.refused_tables, held_for(now.report, d.name, shard), switchover_of(now.report, d.name, shard)));
    }
  }
  return rows;
}

Rows map_rows(const Moment& now) {
  Rows rows;
  for (const config::Database& d : now.config.databases) {
    for (const SlotRange& range : ranges_of(d.topology.map)) {
      rows.push_back(row(d.name, d.topology.shards.at(range.shard), range.first, range.last));
    }
  }
  return rows;
}

Cell unless_negative(std::int64_t value) { return value < 0 ? std::nullopt : cell(value); }

Rows node_rows(const Moment& now) {
  Rows rows;
  for (const stats::NodeRow& n : now.report.nodes) {
    rows.push_back(row(n.database, n.shard, n.address, n.zone, n.role, n.up, unless_negative(n.lag_us), n.timeline,
                       n.system_identifier, n.servers, unless_negative(n.fresh_age_us), unless_negative(n.lag_bytes),
                       n.why, n.epoch, n.state, n.outstanding, unless_negative(n.latency_us), n.gtid, n.cure));
  }
  return rows;
}

Rows held_rows(const Moment& now) {
  Rows rows;
  for (const stats::HeldRow& held : now.report.held) {
    const config::Database* configured = now.config.database(held.database);
    const config::Hold bounds = configured != nullptr ? configured->hold : config::Hold{};
    rows.push_back(row(held.database, held.shard, held.reasons, held.closed_us, held.clients, held.bytes,
                       bounds.clients, bounds.bytes, bounds.timeout.count()));
  }
  return rows;
}

}  // namespace

Show show_shards() {
  return {
      "SHARDS",
      Needs::kReport,
      {{"database"},
       {"shard"},
       {"slots", kInt4},
       {"ranges"},
       {"primary"},
       {"replicas"},
       {"home", kInt4},
       {"statements", kInt8},
       {"epoch", kInt8},
       {"refused_tables"},
       {"held"},
       {"switchover"}},
      shard_rows,
      "the shards of each database: their slots, who is primary, statements sent there, tables that may not be used"};
}

Show show_map() {
  return {"MAP",
          Needs::kConfig,
          {{"database"}, {"shard"}, {"first_slot", kInt4}, {"last_slot", kInt4}},
          map_rows,
          "the shard map, slot by slot range"};
}

Show show_nodes() {
  return {"NODES",
          Needs::kReport,
          {{"database"},
           {"shard"},
           {"address"},
           {"zone"},
           {"role"},
           {"up", kInt4},
           {"lag_us", kInt8},
           {"timeline", kInt8},
           {"system_identifier", kNumeric},
           {"servers", kInt4},
           {"fresh_age_us", kInt8},
           {"lag_bytes", kInt8},
           {"why"},
           {"epoch", kInt8},
           {"state"},
           {"outstanding", kInt4},
           {"latency_us", kInt8},
           {"gtid"},
           {"cure"}},
          node_rows,
          "every database server: role, lag, timeline or GTIDs, why it gets no statement and what helps; of replicas, "
          "what they have to do"};
}

Show show_held() {
  return {"HELD",
          Needs::kReport,
          {{"database"},
           {"shard"},
           {"reason"},
           {"closed_us", kInt8},
           {"clients", kInt8},
           {"bytes", kInt8},
           {"max_clients", kInt8},
           {"max_bytes", kInt8},
           {"timeout_ms", kInt8}},
          held_rows,
          "for each shard: why statements wait for its primary, since when, and how many"};
}

}  // namespace shardway::proxy::admin
