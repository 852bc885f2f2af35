#include "proxy/config/placement.hpp"

#include <algorithm>
#include <optional>

#include "router/table_names.hpp"

namespace shardway::proxy::config {
namespace {

using router::ShardIndex;
using router::TableKind;

bool shares_node(const Shard& a, const Shard& b) {
  return std::any_of(a.nodes.begin(), a.nodes.end(), [&](const Node& node) {
    return std::any_of(b.nodes.begin(), b.nodes.end(),
                       [&](const Node& other) { return node.address.text == other.address.text; });
  });
}

// The shards of one configuration among those of the other, by number; a new one has none.
std::vector<std::optional<std::size_t>> same_shards(const Database& after, const Database& before) {
  std::vector<std::optional<std::size_t>> same;
  for (const auto& shard : after.shards) {
    auto found = std::find_if(before.shards.begin(), before.shards.end(),
                              [&](const Shard& known) { return shares_node(known, shard); });
    if (found == before.shards.end())
      found = std::find_if(before.shards.begin(), before.shards.end(),
                           [&](const Shard& known) { return known.name == shard.name; });
    same.emplace_back();
    if (found != before.shards.end()) same.back() = static_cast<std::size_t>(found - before.shards.begin());
  }
  return same;
}

class Comparison {
 public:
  Comparison(const Database& before, const Database& after)
      : before_(before), after_(after), same_(same_shards(after, before)) {}

  std::string slots() const {
    const auto &was = before_.topology.map, &is = after_.topology.map;
    if (was.slots() != is.slots())
      return "sharding.slots changes from " + std::to_string(was.slots()) + " to " + std::to_string(is.slots());
    for (std::uint32_t slot = 0; slot < was.slots(); ++slot)
      if (is_elsewhere(was.owner(slot), is.owner(slot)))
        return "slot " + std::to_string(slot) + moves(was.owner(slot), is.owner(slot));
    return {};
  }

  std::string home() const {
    if (!is_elsewhere(before_.topology.home, after_.topology.home)) return {};
    return "the home shard" + moves(before_.topology.home, after_.topology.home);
  }

  std::string tables() const {
    for (const auto* topology : {&before_.topology, &after_.topology})
      for (const auto& table : topology->tables.all())
        if (auto moved = of_table(table.schema, table.name); !moved.empty()) return moved;
    return of_unlisted();
  }

 private:
  bool is_elsewhere(ShardIndex was, ShardIndex is) const { return same_[is] != std::optional<std::size_t>(was); }

  std::string moves(ShardIndex was, ShardIndex is) const {
    return " moves from shard \"" + before_.shards[was].name + "\" to \"" + after_.shards[is].name + "\"";
  }

  std::string of_table(const std::string& schema, const std::string& name) const {
    const auto was = placed(before_.topology, schema, name), is = placed(after_.topology, schema, name);
    return was && is ? difference("table " + router::full_name(schema, name), *was, *is) : std::string();
  }

  std::string of_unlisted() const {
    const auto was = unlisted(before_.topology), is = unlisted(after_.topology);
    return was && is ? difference("unlisted_tables", *was, *is) : std::string();
  }

  std::string difference(const std::string& what, const router::Table& was, const router::Table& is) const {
    if (was.kind != is.kind) return what + " becomes " + shown(is.kind) + " and was " + shown(was.kind);
    if (was.kind == TableKind::kSingle && is_elsewhere(was.shard, is.shard)) return what + moves(was.shard, is.shard);
    if (was.kind == TableKind::kSharded && (was.key != is.key || was.key_type != is.key_type))
      return what + " gets another shard key";
    return {};
  }

  // Nothing where its rows are nobody's to look for.
  static std::optional<router::Table> placed(const router::Topology& topology, const std::string& schema,
                                             const std::string& name) {
    const auto* table = topology.tables.find(schema, name);
    return table != nullptr ? std::optional(*table) : unlisted(topology);
  }

  static std::optional<router::Table> unlisted(const router::Topology& topology) {
    router::Table table;
    table.shard = topology.unlisted_shard;
    switch (topology.unlisted) {
      case router::Unlisted::kRefuse: return std::nullopt;
      case router::Unlisted::kSingle: table.kind = TableKind::kSingle; break;
      case router::Unlisted::kReference: table.kind = TableKind::kReference; break;
    }
    return table;
  }

  static std::string shown(TableKind kind) {
    return kind == TableKind::kSharded ? "sharded" : kind == TableKind::kReference ? "reference" : "single";
  }

  const Database &before_, &after_;
  const std::vector<std::optional<std::size_t>> same_;
};

}  // namespace

std::string rows_moved(const Database& before, const Database& after) {
  if (before.shards.size() < 2 && after.shards.size() < 2) return {};
  const Comparison comparison(before, after);
  auto moved = comparison.slots();
  if (moved.empty()) moved = comparison.home();
  return moved.empty() ? comparison.tables() : moved;
}

}  // namespace shardway::proxy::config
