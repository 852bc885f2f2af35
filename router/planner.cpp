#include "router/planner.hpp"

#include <algorithm>
#include <memory>

#include "router/key_values.hpp"
#include "router/rules.hpp"
#include "router/shard_hash.hpp"
#include "router/table_names.hpp"

namespace shardway::router {

namespace {

// It is known that the server would take it.
bool may_be_null(const Table& table, const Topology& topology) {
  const auto* columns = topology.catalog ? topology.catalog->columns(table.schema, table.name) : nullptr;
  return columns != nullptr && std::any_of(columns->begin(), columns->end(), [&table](const Column& column) {
           return column.name == table.key && !column.not_null;
         });
}

}  // namespace

Plan plan(const Statement& statement, const Values& values, const Topology& topology, const SessionView& session,
          std::string_view text) {
  const Case c{statement, values, topology, session, text};
  for (const auto rule : {session_rule, bad_hint_rule, unsharded_rule, hint_rule, fault_rule, definition_rule,
                          copy_in_rule, reference_write_rule})
    if (auto made = rule(c)) return with_time(c, with_numbers(c, std::move(*made)));
  return with_time(c, with_numbers(c, rows_rule(c)));
}

bool needs_parameters(const Statement& statement, const Topology& topology) {
  if (!topology.sharded() || statement.fault) return false;
  for (const auto& use : statement.sharded)
    for (const auto& key : use.keys)
      if (key.source == ValueRef::Source::kParameter) return true;
  if (statement.numbered)
    for (const auto& number : statement.numbered->values)
      if (number.source == ValueRef::Source::kParameter) return true;
  return false;
}

RowShard shard_of_row(const Table& table, const Topology& topology, std::optional<std::string_view> key, bool binary) {
  RowShard row;
  if (!key) {
    row.fault = make_fault(
        may_be_null(table, topology) ? FaultReason::kNeedsKey : FaultReason::kNullKey,
        "null value in column \"" + table.key + "\" of relation \"" + table.name + "\": the shard key cannot be NULL",
        "");
    return row;
  }
  if ((row.fault = altered_when_stored(table, topology, *key))) return row;
  const auto hash = binary ? hash_binary_form(table.key_type, 0, *key) : hash_text_form(table.key_type, *key);
  const bool is_integer = table.key_type != KeyType::kText && table.key_type != KeyType::kUuid;
  if (!hash && !binary && is_integer && is_integer_text(*key)) return row;
  if (!hash) {
    row.fault = make_fault(FaultReason::kBadKey,
                           (binary ? std::string("a binary value") : '"' + std::string(*key) + '"') +
                               " is no value of the shard key " + shown_key(table),
                           "");
    return row;
  }
  row.shard = topology.map.shard_of(*hash);
  return row;
}

}  // namespace shardway::router
