#include <numeric>

#include "router/postgres_scope.hpp"
#include "router/table_names.hpp"

namespace shardway::router::analyze {

namespace {

using Keys = std::vector<ValueRef>;

// Every term gets the smallest set that is proven for it: sets spread along the edges, smaller ones first.
std::vector<const Keys*> spread(const Context& context) {
  const auto terms = context.out.sharded.size();
  std::vector<const Keys*> best(terms, nullptr);
  const auto improves = [&](std::size_t term, const Keys* keys) {
    return best[term] == nullptr || keys->size() < best[term]->size();
  };
  for (std::size_t term = 0; term < terms; ++term)
    for (const auto& keys : context.constants[term])
      if (improves(term, &keys)) best[term] = &keys;
  // INSERT's own keys are what is written: nothing smaller may stand for them.
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& edge : context.edges) {
      const auto term = static_cast<std::size_t>(edge.term), of = static_cast<std::size_t>(edge.of);
      if (best[of] == nullptr || (context.out.sharded[term].inserts && best[term] != nullptr)) continue;
      if (!improves(term, best[of])) continue;
      best[term] = best[of];
      changed = true;
    }
  }
  return best;
}

void mark_shared_parameters(const Context& context, Keys& keys) {
  for (auto& key : keys) {
    if (key.source != ValueRef::Source::kParameter) continue;
    for (const auto* parameter : context.parameters)
      if (static_cast<std::uint32_t>(parameter->number) == key.index && context.key_parameters.count(parameter) == 0)
        key.shared_type = true;
  }
}

// A union of the shards' rows is the join's answer only if every joined row meets its partners on its own shard.
void check_colocated(Context& context) {
  const auto terms = context.out.sharded.size();
  if (terms == 0) return;
  for (const auto top : context.top_terms)
    if (top == 0) return context.not_scatterable("a subquery over a sharded table");
  std::vector<std::size_t> group(terms);
  std::iota(group.begin(), group.end(), std::size_t{0});
  const auto find = [&](std::size_t term) {
    while (group[term] != term) term = group[term];
    return term;
  };
  for (const auto& edge : context.edges)
    if (edge.joins) group[find(static_cast<std::size_t>(edge.term))] = find(static_cast<std::size_t>(edge.of));
  for (std::size_t term = 1; term < terms; ++term)
    if (find(term) != find(0)) context.not_scatterable("joining sharded tables on other columns than their shard keys");
}

}  // namespace

void prove(Context& context) {
  const auto best = spread(context);
  auto& uses = context.out.sharded;
  for (std::size_t term = 0; term < uses.size(); ++term) {
    auto& use = uses[term];
    if (best[term] == nullptr) {
      use.why_not = "its shard key is not fixed by = or IN with constants or parameters";
      continue;
    }
    use.bound = true;
    use.keys = *best[term];
  }
  for (const auto& [term, key] : context.new_keys) {
    auto& use = uses[static_cast<std::size_t>(term)];
    if (use.bound)
      use.keys.push_back(key);
    else
      context.fault(FaultReason::kNeedsKey,
                    "setting the shard key " + shown_key(context.table_of(term)) + " of rows whose key is not fixed",
                    "fix the key in WHERE: both must be on one shard");
  }
  for (auto& use : uses) mark_shared_parameters(context, use.keys);
  check_colocated(context);
}

}  // namespace shardway::router::analyze
