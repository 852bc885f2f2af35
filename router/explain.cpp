#include "router/language.hpp"
#include "router/planner.hpp"
#include "router/table_names.hpp"

namespace shardway::router {

namespace {

std::string shard_list(const Plan& plan, const Topology& topology) {
  std::string names;
  for (const auto shard : plan.shards) names += (names.empty() ? "" : ", ") + topology.shards[shard];
  return names;
}

std::string shown(const ValueRef& key, const Literals& literals) {
  switch (key.source) {
    case ValueRef::Source::kNull: return "NULL";
    case ValueRef::Source::kParameter: return "$" + std::to_string(key.index);
    case ValueRef::Source::kLiteral: break;
  }
  if (key.index >= literals.size()) return "?";
  return (key.negated ? "-" : "") + std::string(literals[key.index].source);
}

// "customer_id = 42", "customer_id in (1, 2)" of the first bound use.
std::string shown_keys(const Statement& statement, const Topology& topology, const Literals& literals) {
  constexpr std::size_t kShown = 8;
  for (const auto& use : statement.sharded) {
    if (!use.bound || use.keys.empty()) continue;
    std::string values;
    for (std::size_t i = 0; i < use.keys.size() && i < kShown; ++i)
      values += (i == 0 ? "" : ", ") + shown(use.keys[i], literals);
    if (use.keys.size() > kShown) values += ", …";
    const auto& table = topology.tables.all()[use.table];
    return use.keys.size() == 1 ? table.key + " = " + values : table.key + " in (" + values + ")";
  }
  return {};
}

std::string why(const Statement& statement, const Plan& plan, const Topology& topology, const Literals& literals) {
  const auto& tables = topology.tables.all();
  switch (plan.rule) {
    case Rule::kKey: return shown_keys(statement, topology, literals);
    case Rule::kScatter: return "a union of the shards' rows";
    case Rule::kSingleTable:
      return statement.single_tables.empty() ? "" : shown_name(tables[statement.single_tables[0]]);
    case Rule::kReferenceRead:
    case Rule::kReferenceWrite:
      return statement.reference_tables.empty() ? "" : shown_name(tables[statement.reference_tables[0]]);
    case Rule::kHint: return statement.hint.value;
    case Rule::kHome: return "belongs to no shard";
    case Rule::kCopyByRow: return "the first row's " + tables[statement.sharded[0].table].key;
    default: return {};
  }
}

}  // namespace

std::vector<std::string> explain(const Statement& statement, const Plan& plan, const Topology& topology,
                                 std::string_view text) {
  std::vector<std::string> lines;
  if (plan.action == Action::kRefuse) {
    lines.push_back("rule: " + std::string(name_of(Rule::kRefuse)));
    if (plan.fault) {
      lines.push_back("refused: " + plan.fault->message);
      if (!plan.fault->hint.empty()) lines.push_back("hint: " + plan.fault->hint);
    }
    return lines;
  }
  Literals literals;
  topology.language->collect_literals(text, {}, literals);
  lines.push_back("shards: " + (plan.action == Action::kCopyIn    ? std::string("by the first row")
                                : plan.action == Action::kSession ? std::string("the session's")
                                                                  : shard_list(plan, topology)));
  const auto reason = why(statement, plan, topology, literals);
  lines.push_back("rule: " + std::string(name_of(plan.rule)) + (reason.empty() ? "" : " (" + reason + ")"));
  if (!plan.rewritten.empty())
    for (const auto shard : plan.shards) lines.push_back("sql: " + topology.shards[shard] + ": " + plan.rewritten);
  lines.push_back(std::string("replica: ") + (plan.replica_ok ? "yes" : "no"));
  return lines;
}

}  // namespace shardway::router
