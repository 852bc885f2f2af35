#include "router/constraints.hpp"

#include <algorithm>

#include "router/numbering.hpp"
#include "router/table_names.hpp"

namespace shardway::router {

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "\"" : ", \"") + name + '"';
  return text;
}

bool same_family(KeyType a, KeyType b) noexcept {
  const auto is_integer = [](KeyType type) { return type != KeyType::kText && type != KeyType::kUuid; };
  return a == b || (is_integer(a) && is_integer(b));  // equal integers hash alike
}

class Judge {
 public:
  Judge(const Tables& tables, const Table& table, ShardIndex sequences)
      : tables_(tables), table_(table), sequences_(sequences) {}

  std::vector<Unenforceable> judge(const TableShape& shape) {
    numbered_ = numbered_column(table_, shape.columns);
    for (const auto& key : shape.unique_keys) judge(key);
    for (const auto& key : shape.foreign_keys) judge(key);
    for (const auto& column : shape.columns)
      if (column.from_sequence) judge_sequence(column.name);
    for (const auto& trigger : shape.triggers) judge_trigger(trigger);
    return std::move(found_);
  }

 private:
  void judge(const UniqueKey& key) {
    if (table_.kind != TableKind::kSharded || contains(key.columns, table_.key)) return;
    // No two shards give one number, and a row has none but its own shard's (numbers_rule.cpp).
    if (numbered_ != nullptr && contains(key.columns, numbered_->name)) return;
    add(key.name,
        std::string(key.excludes ? "exclusion constraint" : "unique constraint or index") + " \"" + key.name +
            "\" of " + shown_name(table_) + " does not contain the shard key " + shown_key(table_) +
            (key.excludes ? " compared by =" : "") + ": rows on different shards could break it unnoticed",
        "add the shard key to its columns");
  }

  void judge(const ForeignKey& key) {
    const auto* other = tables_.find(key.schema, key.table);
    const auto why_not = other == nullptr ? std::string("is not in the configuration") : obstacle(key, *other);
    if (why_not.empty()) return;
    add(key.name,
        "foreign key \"" + key.name + "\" of " + shown_name(table_) + " cannot be checked: \"" + key.table + "\" " +
            why_not,
        "refer to a reference table, or to a sharded table with both shard keys among the columns");
  }

  // Why the rows referred to may be where the referring row's server does not see them.
  std::string obstacle(const ForeignKey& key, const Table& other) const {
    if (other.kind == TableKind::kReference) return {};
    if (other.kind == TableKind::kSingle) {
      const bool together = table_.kind == TableKind::kSingle && table_.shard == other.shard;
      return together ? std::string() : "is a single table of another place";
    }
    if (table_.kind != TableKind::kSharded) return "is sharded: its rows are spread over the shards";
    if (!same_family(table_.key_type, other.key_type)) return "has a shard key of another type";
    for (std::size_t i = 0; i < key.columns.size() && i < key.columns_there.size(); ++i)
      if (key.columns[i] == table_.key && key.columns_there[i] == other.key) return {};
    return "is sharded, and the two shard keys are not paired in " + joined(key.columns);
  }

  void judge_sequence(const std::string& column) {
    const bool reference = table_.kind == TableKind::kReference;  // its rows get their values before they are copied
    if (reference || (table_.kind == TableKind::kSingle && table_.shard == sequences_)) return;
    add(column,
        "column \"" + column + "\" of " + shown_name(table_) +
            (table_.kind == TableKind::kSharded
                 ? " takes its values from a sequence of which every shard has its own: they would repeat"
                 : " takes its values from a sequence that is not on the shard where nextval() is answered"),
        table_.kind == TableKind::kSharded ? "give the values yourself, or use DEFAULT gen_random_uuid()"
                                           : "keep the table on the home shard, or where unlisted_tables are");
  }

  void judge_trigger(const std::string& trigger) {
    add(trigger,
        "trigger or rule \"" + trigger + "\" of " + shown_name(table_) +
            ": what it reads and writes is not known, it may need rows of other shards",
        "drop it");
  }

  void add(const std::string& name, std::string message, std::string hint) {
    if (contains(table_.unenforced, name)) return;
    found_.push_back({name, std::move(message),
                      std::move(hint) + ", or accept it: unenforced = [\"" + name +
                          "\"] for the table in the "
                          "configuration"});
  }

  const Tables& tables_;
  const Table& table_;
  const ShardIndex sequences_;
  const Column* numbered_ = nullptr;
  std::vector<Unenforceable> found_;
};

}  // namespace

std::vector<Unenforceable> unenforceable(const Tables& tables, const Table& table, const TableShape& shape,
                                         ShardIndex sequences) {
  return Judge(tables, table, sequences).judge(shape);
}

}  // namespace shardway::router
