#include <numeric>

#include "router/mysql_scope.hpp"

namespace shardway::router::mysql {

// Every term gets the smallest set that is proven for it: sets spread along the edges.
void Walk::prove() {
  auto& uses = context_.out.sharded;
  std::vector<const std::vector<ValueRef>*> best(uses.size(), nullptr);
  const auto improves = [&](std::size_t term, const std::vector<ValueRef>* keys) {
    return best[term] == nullptr || keys->size() < best[term]->size();
  };
  for (std::size_t term = 0; term < uses.size(); ++term)
    for (const auto& keys : constants_[term])
      if (improves(term, &keys)) best[term] = &keys;
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& edge : edges_) {
      const auto term = static_cast<std::size_t>(edge.term), of = static_cast<std::size_t>(edge.of);
      // INSERT's own keys are what is written: nothing smaller may stand for them.
      if (best[of] == nullptr || (uses[term].inserts && best[term] != nullptr) || !improves(term, best[of])) continue;
      best[term] = best[of];
      changed = true;
    }
  }
  for (std::size_t term = 0; term < uses.size(); ++term) {
    uses[term].bound = best[term] != nullptr;
    if (uses[term].bound)
      uses[term].keys = *best[term];
    else
      uses[term].why_not = "its shard key is not fixed by = or IN with constants or parameters";
  }
  check_colocated();
}

// A union of the shards' rows is the join's answer only if every joined row meets its partners on its own shard.
void Walk::check_colocated() {
  const auto terms = context_.out.sharded.size();
  if (terms == 0) return;
  for (const auto top : top_terms_)
    if (top == 0) return context_.not_scatterable("a subquery over a sharded table");
  std::vector<std::size_t> group(terms);
  std::iota(group.begin(), group.end(), std::size_t{0});
  const auto find = [&](std::size_t term) {
    while (group[term] != term) term = group[term];
    return term;
  };
  for (const auto& edge : edges_)
    if (edge.joins) group[find(static_cast<std::size_t>(edge.term))] = find(static_cast<std::size_t>(edge.of));
  for (std::size_t term = 1; term < terms; ++term)
    if (find(term) != find(0))
      context_.not_scatterable("joining sharded tables on other columns than their shard keys");
}

}  // namespace shardway::router::mysql
