#include "proxy/control/catalog_merge.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "router/constraints.hpp"
#include "router/numbering.hpp"

namespace shardway::proxy::control {

namespace {

using router::Column;
using router::Table;
using router::TableKind;
using router::TableShape;

// Several spellings are one key type; the first is the one to name.
std::vector<std::string_view> type_names(router::KeyType type) {
  switch (type) {
    case router::KeyType::kBigint: return {"bigint"};
    case router::KeyType::kInteger: return {"integer", "int"};
    case router::KeyType::kSmallint: return {"smallint"};
    case router::KeyType::kText: return {"text", "character varying", "varchar"};
    case router::KeyType::kUuid: return {"uuid"};
    case router::KeyType::kBinary: return {"binary", "varbinary", "nopad varchar", "nopad text"};
  }
  return {};
}

// "character varying(20)" -> "character varying"; "bigint unsigned" -> "bigint"
std::string_view without_modifier(std::string_view type) {
  constexpr std::string_view kUnsigned = " unsigned";
  type = type.substr(0, type.find('('));
  return type.ends_with(kUnsigned) ? type.substr(0, type.size() - kUnsigned.size()) : type;
}

std::string name_of(const Table& table) { return (table.schema.empty() ? "public" : table.schema) + "." + table.name; }

std::optional<router::Refusal> judge_key(const Table& table, const TableShape& shape) {
  const auto column = std::find_if(shape.columns.begin(), shape.columns.end(),
                                   [&](const Column& one) { return one.name == table.key; });
  if (column == shape.columns.end())
    return router::Refusal{"it has no column \"" + table.key + "\", its configured key",
                           "name an existing column as key"};
  const auto expected = type_names(table.key_type);
  if (std::find(expected.begin(), expected.end(), without_modifier(column->type)) == expected.end())
    return router::Refusal{"its key column \"" + table.key + "\" is " + column->type + ", configured as " +
                               std::string(expected[0]) + ": rows would be looked for on the wrong shard",
                           "set the table's type in the configuration to what the column is"};
  if (!column->unfit_as_key.empty())
    return router::Refusal{"its key column \"" + table.key + "\" cannot be a shard key: " + column->unfit_as_key,
                           "give it an integer or binary type, or the collation utf8mb4_bin or utf8mb4_nopad_bin"};
  if (column->loose)
    return router::Refusal{"its key column \"" + table.key +
                               "\" compares by a nondeterministic collation: equal keys could be " +
                               "on different shards",
                           "give the column a deterministic collation"};
  return std::nullopt;
}

std::string shown(const Column& column) {
  return column.name + " " + column.type + (column.not_null ? " not null" : "") +
         (column.generated ? " generated" : "") + (column.auto_increment ? " auto_increment" : "") +
         (column.default_sql.empty() ? "" : " default " + column.default_sql) +
         (column.own_type == 0 ? "" : " (type OID " + std::to_string(column.own_type) + ")");
}

// What is different, first things first.
std::string difference(const TableShape& a, const TableShape& b) {
  for (std::size_t i = 0; i < std::max(a.columns.size(), b.columns.size()); ++i) {
    const auto left = i < a.columns.size() ? shown(a.columns[i]) : "nothing";
    const auto right = i < b.columns.size() ? shown(b.columns[i]) : "nothing";
    if (left != right) return "column " + std::to_string(i + 1) + " is " + left + " here and " + right + " there";
  }
  if (a.columns != b.columns) return "the columns' collations differ";
  if (a.unique_keys != b.unique_keys || a.primary_key != b.primary_key) return "the unique indexes differ";
  if (a.foreign_keys != b.foreign_keys) return "the foreign keys differ";
  return "the triggers differ";
}

using Parents = std::unordered_map<std::string, std::vector<std::string>>;

class Merger {
 public:
  Merger(const router::Topology& topology, const std::vector<const ShardCatalog*>& shards)
      : topology_(topology), shards_(shards) {}

  MergedCatalog merge() {
    const auto& home = *shards_[topology_.home];
    auto& catalog = made_.catalog;
    for (const auto& [name, shape] : home.tables) {
      catalog.tables.emplace(name, shape.columns);
      catalog.schemas.insert(name.substr(0, name.find('.')));
      if (!shape.primary_key.empty()) catalog.primary_keys.emplace(name, shape.primary_key);
    }
    catalog.views = home.views;
    catalog.sequences = home.sequences;
    catalog.search_paths = home.search_paths;
    catalog.computing_functions = home.computing_functions;
    catalog.sql_mode = home.sql_mode;
    catalog.folds_table_names = home.folds_table_names;
    catalog.server_version = home.server_version;
    for (const auto* shard : shards_) {
      catalog.numberings.push_back(shard == nullptr ? router::Numbering{} : shard->numbering);
      if (shard == nullptr) continue;
      catalog.user_functions.insert(shard->functions.begin(), shard->functions.end());
      catalog.user_operators.insert(shard->operators.begin(), shard->operators.end());
      catalog.primary_only.insert(shard->primary_only.begin(), shard->primary_only.end());
      catalog.leaving_functions.insert(shard->leaving_functions.begin(), shard->leaving_functions.end());
      catalog.leaving_tables.insert(shard->leaving_tables.begin(), shard->leaving_tables.end());
      catalog.leaving_views.insert(shard->leaving_views.begin(), shard->leaving_views.end());
      for (const auto& [name, type] : shard->own_types) add(catalog.own_types[name], type);
      std::erase_if(catalog.computing_functions, [&](const std::string& name) {
        return shard->functions.contains(name) && !shard->computing_functions.contains(name);
      });
      note_types(home, *shard);
    }
    for (const auto& table : topology_.tables.all()) judge(table);
    for (const auto* shard : shards_)
      if (shard != nullptr) judge_kin(shard->parents);
    return std::move(made_);
  }

 private:
  void note_types(const ShardCatalog& home, const ShardCatalog& other) {
    for (const auto& [name, oid] : home.types) {
      const auto there = other.types.find(name);
      if (there == other.types.end() || there->second != oid)
        made_.catalog.differing_types.insert(name.substr(name.find('.') + 1));
    }
    for (const auto& [name, oid] : home.row_types)
      if (const auto there = other.row_types.find(name); there != other.row_types.end() && there->second != oid)
        made_.catalog.differing_rows.insert(name);
  }

  const TableShape* shape_on(std::size_t shard, const std::string& name) const {
    const auto found = shards_[shard]->tables.find(name);
    return found == shards_[shard]->tables.end() ? nullptr : &found->second;
  }

  void judge(const Table& table) {
    const auto name = name_of(table);
    const TableShape* first = nullptr;
    std::string missing_on, exists_on;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (shards_[i] == nullptr || (table.kind == TableKind::kSingle && table.shard != i)) continue;
      const auto* shape = shape_on(i, name);
      auto& list = shape == nullptr ? missing_on : exists_on;
      list += (list.empty() ? "" : ", ") + topology_.shards[i];
      if (shape == nullptr) continue;
      if (first != nullptr && *first != *shape) {
        refuse(name, "the shards know it differently: " + difference(*first, *shape) + " (" + exists_on + ")",
               "make the shards' tables equal, by the statements that some of them missed");
        return;
      }
      if (first == nullptr) first = shape;
    }
    if (first == nullptr) {
      if (missing_on.empty()) return;  // its only shard is not known
      made_.catalog.tables.erase(name);
      made_.lacks_tables = true;
      made_.problems.push_back({name, "it does not exist", "create it through Shardway, or correct its name"});
      return;
    }
    made_.lacks_tables = made_.lacks_tables || !missing_on.empty();
    if (!missing_on.empty())
      return refuse(name, "it does not exist on " + missing_on + ", only on " + exists_on,
                    "create it there, too: /* shardway: shard=… */ CREATE TABLE …");
    made_.catalog.tables[name] = first->columns;
    if (!first->triggers.empty()) made_.catalog.triggered.insert(name);
    judge(table, name, *first);
  }

  void judge(const Table& table, const std::string& name, const TableShape& shape) {
    if (table.kind == TableKind::kSharded) {
      if (const auto refusal = judge_key(table, shape)) return refuse(name, refusal->message, refusal->hint);
    }
    const auto broken = router::unenforceable(topology_.tables, table, shape, topology_.sequence_shard());
    if (!broken.empty()) return refuse(name, broken[0].message, broken[0].hint);
    judge_numbers(table, name, shape);
  }

  // The table may be used, but gets no new rows.
  void judge_numbers(const Table& table, const std::string& name, const TableShape& shape) {
    const auto* column = router::numbered_column(table, shape.columns);
    if (column == nullptr) return;
    if (const auto found = router::collision(made_.catalog.numberings, topology_.shards))
      made_.problems.push_back({name,
                                "INSERT is refused: numbers of its AUTO_INCREMENT column \"" + column->name +
                                    "\" could be given twice: " + found->message,
                                found->hint});
  }

  const Table* find(const std::string& name) const {
    const auto dot = name.find('.');
    return topology_.tables.find(std::string_view(name).substr(0, dot), std::string_view(name).substr(dot + 1));
  }

  // Where rows of tables outside of the configuration are.
  Table unlisted() const {
    Table table;
    table.kind = topology_.unlisted == router::Unlisted::kSingle ? TableKind::kSingle : TableKind::kReference;
    table.shard = topology_.unlisted_shard;
    return table;
  }

  bool is_placed_alike(const Table* a, const Table* b) const {
    const bool is_used = topology_.unlisted != router::Unlisted::kRefuse || (a != nullptr && b != nullptr);
    const auto one = a == nullptr ? unlisted() : *a, other = b == nullptr ? unlisted() : *b;
    return !is_used || (one.kind == other.kind && one.key == other.key && one.key_type == other.key_type &&
                        one.shard == other.shard);
  }

  // A child's rows are its parent's, too: both must be looked for in one place.
  void judge_kin(const Parents& parents) {
    for (const auto& [child, of] : parents)
      for (const auto& ancestor : ancestors(parents, child)) judge_kin(child, ancestor);
  }

  static std::vector<std::string> ancestors(const Parents& parents, const std::string& child) {
    std::vector<std::string> found{child};
    for (std::size_t i = 0; i < found.size(); ++i)
      if (const auto known = parents.find(found[i]); known != parents.end())
        for (const auto& parent : known->second)
          if (std::find(found.begin(), found.end(), parent) == found.end()) found.push_back(parent);
    found.erase(found.begin());
    return found;
  }

  void judge_kin(const std::string& child, const std::string& ancestor) {
    const auto *a = find(child), *b = find(ancestor);
    if (is_placed_alike(a, b)) return;
    const auto refuse_one = [&](const std::string& name, const std::string& other) {
      refuse(name, "it shares rows with " + other + " (a partition, or inheritance), which is placed otherwise",
             "list both alike, with the same key, or use " + other + " only");
    };
    if (a == nullptr || b != nullptr) refuse_one(child, ancestor);
    if (b == nullptr || a != nullptr) refuse_one(ancestor, child);
  }

  void refuse(const std::string& name, const std::string& message, const std::string& hint) {
    if (made_.catalog.refused.contains(name)) return;
    made_.problems.push_back({name, message, hint});
    made_.catalog.refused[name] = {"table " + name + " cannot be used: " + message, hint};
  }

  const router::Topology& topology_;
  const std::vector<const ShardCatalog*>& shards_;
  MergedCatalog made_;
};

}  // namespace

MergedCatalog merge_catalogs(const router::Topology& topology, const std::vector<const ShardCatalog*>& shards) {
  return Merger(topology, shards).merge();
}

}  // namespace shardway::proxy::control
