#include "proxy/control/unfinished.hpp"

#include <algorithm>

namespace shardway::proxy::control {
namespace {

using Nodes = std::span<const NodeEvidence>;

bool is_replica(const NodeEvidence& node) { return node.standing() && node.failures == 0 && node.in_recovery; }

bool has_all_of(const NodeEvidence& node, const NodeEvidence& other) {
  return std::all_of(other.has.begin(), other.has.end(), [&](const auto& gtid) {
    const auto found = node.has.find(gtid.first);
    return found != node.has.end() && found->second >= gtid.second;
  });
}

std::vector<std::int32_t> of_postgres(Nodes nodes, const Verdict& verdict) {
  const auto at = [&](std::int32_t i) -> const NodeEvidence& { return nodes[static_cast<std::size_t>(i)]; };
  if (verdict.primary >= 0)
    return at(verdict.primary).read_only ? std::vector<std::int32_t>{verdict.primary} : std::vector<std::int32_t>();
  std::vector<std::int32_t> silent;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].failures > 0 || !nodes[i].known)
      silent.push_back(static_cast<std::int32_t>(i));
    else if (!is_replica(nodes[i]))
      return {};
  }
  const auto accepted = verdict.incumbent.node;
  const bool may_be = silent.size() == 1 && nodes.size() > 1 && (accepted < 0 || accepted == silent[0]);
  return may_be ? silent : std::vector<std::int32_t>();
}

std::vector<std::int32_t> of_mariadb(Nodes nodes, const Verdict& verdict) {
  if (verdict.primary >= 0 || !std::all_of(nodes.begin(), nodes.end(), is_replica)) return {};
  std::vector<std::int32_t> found;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const bool lacks_nothing =
        std::all_of(nodes.begin(), nodes.end(), [&](const auto& other) { return has_all_of(nodes[i], other); });
    if (nodes[i].source_number == 0 && lacks_nothing) found.push_back(static_cast<std::int32_t>(i));
  }
  return found;
}

}  // namespace

std::vector<std::int32_t> left_behind(Nodes nodes, const Verdict& verdict) {
  const auto known = std::find_if(nodes.begin(), nodes.end(), [](const auto& node) { return node.known; });
  if (known == nodes.end()) return {};
  return known->has_timelines ? of_postgres(nodes, verdict) : of_mariadb(nodes, verdict);
}

}  // namespace shardway::proxy::control
