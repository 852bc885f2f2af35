#include "proxy/control/stray_rows.hpp"

#include <optional>
#include <set>

#include "proxy/control/node_watch.hpp"
#include "router/language.hpp"

namespace shardway::proxy::control {
namespace {

using router::TableKind;

constexpr const char* kRows = "1000";
constexpr SteadyNanos kOneAnswer = 3'000 * kMillisecond;

std::string quoted(const std::string& name, char quote) {
  std::string text(1, quote);
  for (const char c : name) text += c == quote ? std::string(2, c) : std::string(1, c);
  return text + quote;
}

class Look {
 public:
  Look(const router::Topology& topology, bool is_mysql, std::size_t shard, switchover::Line& line,
       const switchover::Patience& patience)
      : topology_(topology), is_mysql_(is_mysql), shard_(shard), line_(line), patience_(patience) {}

  // False: this user was not told. `found`: what is wrong with it, if anything.
  bool at(const router::Table& table, std::optional<TableProblem>& found) {
    const bool is_sharded = table.kind == TableKind::kSharded;
    const auto rows = line_.ask("SELECT " + (is_sharded ? name(table.key) : "1") + " FROM " + place_of(table) +
                                    " LIMIT " + (is_sharded ? kRows : "1"),
                                patience_.at_most(kOneAnswer));
    if (!rows) return false;
    for (std::size_t i = 0; i < rows->size() && !found; ++i)
      if (rows->has(i, 0)) found = is_sharded ? judge(table, rows->text(i, 0)) : of_single(table);
    return true;
  }

 private:
  std::string name(const std::string& plain) const { return quoted(plain, is_mysql_ ? '`' : '"'); }
  std::string place_of(const router::Table& table) const {
    return is_mysql_ || table.schema.empty() ? name(table.name) : name(table.schema) + "." + name(table.name);
  }
  std::string shard_name(std::size_t shard) const { return '"' + topology_.shards[shard] + '"'; }

  std::optional<TableProblem> judge(const router::Table& table, const std::string& key) const {
    const auto hash = topology_.language->hash_text_form(table.key_type, key);
    if (!hash || topology_.map.shard_of(*hash) == shard_) return std::nullopt;
    return TableProblem{router::full_name(table.schema, table.name),
                        "the row with " + table.key + " = " + key + " is on shard " + shard_name(shard_) +
                            ", and is looked for on " + shard_name(topology_.map.shard_of(*hash)),
                        "correct sharding.map, or move the rows to where it says"};
  }

  TableProblem of_single(const router::Table& table) const {
    return {
        router::full_name(table.schema, table.name),
        "it has rows on shard " + shard_name(shard_) + ", and is looked for on " + shard_name(table.shard) + " only",
        "correct its kind or its shard, or move the rows"};
  }

  const router::Topology& topology_;
  const bool is_mysql_;
  const std::size_t shard_;
  switchover::Line& line_;
  const switchover::Patience& patience_;
};

// Those that may have rows which do not belong there; not those that are refused anyway.
std::vector<const router::Table*> tables_to_look_at(const router::Topology& topology, std::size_t shard) {
  std::vector<const router::Table*> tables;
  for (const auto& table : topology.tables.all()) {
    const bool is_known = topology.catalog && topology.catalog->columns(table.schema, table.name) != nullptr &&
                          topology.catalog->refusal_of(table.schema, table.name) == nullptr;
    const bool is_single_elsewhere = table.kind == TableKind::kSingle && table.shard != shard;
    if (is_known && (table.kind == TableKind::kSharded || is_single_elsewhere)) tables.push_back(&table);
  }
  return tables;
}

}  // namespace

std::vector<TableProblem> stray_rows(const backend::Backend& backend, const std::vector<Account>& accounts,
                                     const switchover::Patience& patience) {
  std::vector<TableProblem> problems;
  std::set<std::string> told;
  const auto topology = backend.topology();
  if (!topology || !topology->sharded()) return problems;
  for (std::size_t shard = 0; shard < backend.shards.size(); ++shard) {
    const auto& nodes = *backend.shards[shard];
    if (nodes.primary < 0) continue;
    auto left = tables_to_look_at(*topology, shard);
    for (const auto& account : accounts) {
      auto as = backend.config;
      as.control.user = account.user;
      as.control.password = account.password;
      switchover::Line line(as, nodes.nodes[static_cast<std::size_t>(nodes.primary.load())]->address);
      Look look(*topology, as.protocol == config::Protocol::kMysql, shard, line, patience);
      std::erase_if(left, [&](const router::Table* table) {
        std::optional<TableProblem> found;
        const bool was_told = look.at(*table, found);
        if (found && told.insert(found->table).second) problems.push_back(std::move(*found));
        return was_told;
      });
    }
  }
  return problems;
}

}  // namespace shardway::proxy::control
