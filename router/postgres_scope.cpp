#include "router/postgres_scope.hpp"

namespace shardway::router::analyze {

namespace {

struct Match {
  enum class Found : unsigned char { kNo, kMaybe, kYes } found = Found::kNo;
  Column column;
};

// One item's column of this name. Certain beats possible: where an item surely has it, the server means that one or
// reports an ambiguous name.
Match match_item(const Item& item, std::size_t index, std::string_view name) {
  Match match;
  if (item.outputs.open) match.found = Match::Found::kMaybe;
  for (const auto& output : item.outputs.columns) {
    if (output.name != name) continue;
    match.found = Match::Found::kYes;
    match.column = {output.term, output.pushable, true, index, output.facts};
    break;
  }
  return match;
}

Match match_level(const Level& level, std::string_view name, std::size_t first, std::size_t last) {
  Match best;
  for (auto i = first; i < last; ++i) {
    if (level.items[i].hidden) continue;
    const auto match = match_item(level.items[i], i, name);
    if (match.found > best.found) best = match;
  }
  return best;
}

// A qualified name: the item is certain, its columns may not be.
const Item* find_item(const Level& level, std::string_view schema, std::string_view name, std::size_t& index) {
  for (index = 0; index < level.items.size(); ++index) {
    const auto& item = level.items[index];
    if (!item.hidden && item.name == name && (schema.empty() || item.schema == schema)) return &item;
  }
  return nullptr;
}

}  // namespace

Column resolve_within(const Level& level, std::string_view name, std::size_t first, std::size_t last) {
  if (const auto merged = level.merged.find(std::string(name)); merged != level.merged.end()) {
    // A name that an earlier USING joined inside this range means what that join made of it.
    for (auto i = first; i < last; ++i) {
      const auto match = match_item(level.items[i], i, name);
      if (match.found == Match::Found::kYes && match.column.term == merged->second.term && match.column.term != kNoTerm)
        return match.column;
    }
    if (merged->second.term == kNoTerm) return {};
  }
  const auto match = match_level(level, name, first, last);
  return match.found == Match::Found::kYes ? match.column : Column{};
}

Column resolve(const Level& level, const ColumnRef& reference) {
  const tree::Nodes fields(reference.fields);
  for (const auto* field : fields)
    if (tree::tag(field) != T_String) return {};
  if (fields.size() == 0 || fields.size() > 3) return {};
  const auto name = tree::string_of(fields[fields.size() - 1]);
  for (const Level* at = &level; at != nullptr; at = at->outer) {
    Column column;
    if (fields.size() == 1) {
      if (const auto merged = at->merged.find(std::string(name)); merged != at->merged.end()) {
        column = {merged->second.term, merged->second.pushable, at == &level, 0, merged->second.facts};
        for (std::size_t i = 0; i < at->items.size(); ++i)
          if (const auto match = match_item(at->items[i], i, name);
              match.column.local && match.column.term == column.term)
            column.item = i;
        return column;
      }
      const auto match = match_level(*at, name, 0, at->items.size());
      if (match.found == Match::Found::kNo) continue;
      if (match.found == Match::Found::kMaybe) return {};
      column = match.column;
    } else {
      std::size_t index = 0;
      const auto schema = fields.size() == 3 ? tree::string_of(fields[0]) : std::string_view{};
      const auto* item = find_item(*at, schema, tree::string_of(fields[fields.size() - 2]), index);
      if (item == nullptr) continue;
      column = match_item(*item, index, name).column;
    }
    column.local = at == &level;
    return column;
  }
  return {};
}

void Context::fault(FaultReason reason, std::string message, std::string hint, bool yields_to_hint) {
  if (out.fault) {
    // The one that no hint can cure is the one to show.
    if (!out.fault_yields_to_hint || yields_to_hint) return;
  }
  Fault made;
  made.reason = reason;
  made.message = std::move(message);
  made.hint = std::move(hint);
  out.fault = std::move(made);
  out.fault_yields_to_hint = yields_to_hint;
}

int Context::add_use(const Table& table, bool top) {
  TableUse use;
  use.table = static_cast<std::uint16_t>(&table - topology.tables.all().data());
  out.sharded.push_back(std::move(use));
  constants.emplace_back();
  top_terms.push_back(top ? 1 : 0);
  return static_cast<int>(out.sharded.size()) - 1;
}

}  // namespace shardway::router::analyze
