#include <algorithm>

#include "router/key_values.hpp"
#include "router/language.hpp"
#include "router/rules.hpp"
#include "router/table_names.hpp"

namespace shardway::router {

namespace {

// Where the statement's tables are. `anchor`: what does not move, single tables and the home shard's things.
class Places {
 public:
  explicit Places(const Case& c) : c_(c) {}

  Plan plan() {
    if (auto refused = find_anchor()) return std::move(*refused);
    if (auto refused = find_keys()) return std::move(*refused);
    if (unbound_ == nullptr && shards_.size() <= 1) return one_shard();
    return several_shards();
  }

 private:
  std::string shard_name(ShardIndex shard) const { return '"' + c_.topology.shards[shard] + '"'; }
  const Table& table_of(const TableUse& use) const { return c_.topology.tables.all()[use.table]; }

  std::optional<Plan> set_anchor(ShardIndex shard, const std::string& what) {
    if (anchor_ && *anchor_ != shard)
      return refuse(FaultReason::kSeveralShards,
                    what + " on shard " + shard_name(shard) + " cannot be used together with " + anchor_name_ +
                        " on shard " + shard_name(*anchor_),
                    "use one statement for each");
    anchor_ = shard;
    anchor_name_ = what;
    return std::nullopt;
  }

  std::optional<Plan> find_anchor() {
    const auto& s = c_.statement;
    for (const auto number : s.single_tables) {
      const auto& table = c_.topology.tables.all()[number];
      if (auto refused = set_anchor(table.shard, "the single table " + shown_name(table))) return refused;
    }
    if (s.uses_unlisted && c_.topology.unlisted == Unlisted::kSingle)
      if (auto refused = set_anchor(c_.topology.unlisted_shard, "an unlisted table")) return refused;
    if (s.uses_sequences)
      if (auto refused = set_anchor(c_.topology.sequence_shard(), "a sequence")) return refused;
    if (s.needs_home)
      if (auto refused = set_anchor(c_.topology.home, "an advisory lock or its like")) return refused;
    if (s.uses_catalog)
      if (auto refused = set_anchor(c_.topology.home, "the system catalog")) return refused;
    // Two lockers of one row of a reference table must meet on one copy.
    if (s.locks_reference) return set_anchor(c_.topology.home, "locking rows of a reference table");
    return std::nullopt;
  }

  std::optional<Plan> find_keys() {
    for (const auto& use : c_.statement.sharded) {
      if (!use.bound) {
        if (unbound_ == nullptr) unbound_ = &use;
        continue;
      }
      auto keys = c_.topology.language->shards_of(use, c_.values, c_.topology, c_.session);
      if (keys.fault) return refuse(std::move(keys.fault));
      shards_.insert(shards_.end(), keys.shards.begin(), keys.shards.end());
    }
    std::sort(shards_.begin(), shards_.end());
    shards_.erase(std::unique(shards_.begin(), shards_.end()), shards_.end());
    return std::nullopt;
  }

  Plan one_shard() {
    const auto& s = c_.statement;
    if (!shards_.empty() && anchor_ && shards_.front() != *anchor_)
      return refuse(FaultReason::kSeveralShards,
                    anchor_name_ + " on shard " + shard_name(*anchor_) +
                        " cannot be used together with rows on shard " + shard_name(shards_.front()),
                    "use one statement for each");
    if (!shards_.empty()) return on_shard(c_, Rule::kKey, shards_.front());
    const auto shard = anchor_.value_or(c_.topology.home);
    if (!s.sharded.empty()) return on_shard(c_, Rule::kKey, shard);  // every key is NULL: no row anywhere
    if (!s.single_tables.empty() || (s.uses_unlisted && c_.topology.unlisted == Unlisted::kSingle))
      return on_shard(c_, Rule::kSingleTable, shard);
    if (!s.reference_tables.empty() || s.uses_unlisted) return on_shard(c_, Rule::kReferenceRead, shard);
    return on_shard(c_, Rule::kHome, shard);
  }

  std::string add_predicate() const {
    const auto& use = unbound_ != nullptr ? *unbound_ : c_.statement.sharded.front();
    return "add a predicate on " + shown_key(table_of(use)) +
           " (= or IN, with constants or parameters of one shard), or name the shard in a comment: "
           "/* shardway: shard=… */";
  }

  std::string shard_names() const {
    std::string names;
    for (const auto shard : shards_) names += (names.empty() ? "" : ", ") + shard_name(shard);
    return names;
  }

  std::optional<Plan> refuse_write() const {
    const auto& s = c_.statement;
    for (const auto& use : s.sharded) {
      if (!use.written) continue;
      if (unbound_ == nullptr)
        return refuse(FaultReason::kSeveralShards,
                      std::string(use.inserts ? "the rows to insert belong" : "the rows to write belong") +
                          " to several shards (" + shard_names() + "), table " + shown_name(table_of(use)),
                      "write the rows of one shard per statement");
      return refuse(FaultReason::kNeedsKey,
                    "writing needs the shard key: of " + shown_name(table_of(*unbound_)) + " " + unbound_->why_not,
                    add_predicate());
    }
    return std::nullopt;
  }

  Plan several_shards() {
    const auto& s = c_.statement;
    if (auto refused = refuse_write()) return std::move(*refused);
    const auto no = [&](const std::string& what) {
      return refuse(unbound_ != nullptr ? FaultReason::kNeedsKey : FaultReason::kSeveralShards,
                    "the statement needs rows of several shards: " + what + " over shards is not supported",
                    add_predicate());
    };
    if (!s.not_scatterable.empty()) return no(s.not_scatterable);
    if (s.kind != StatementKind::kRead) return no("this kind of statement");
    if (anchor_) return no(anchor_name_);
    if (!s.hidden_clock.empty()) return no(s.hidden_clock);
    if (reads_the_clock(c_)) return no("'now' or its like in a string");
    return scatter();
  }

  Plan scatter() const {
    Plan made;
    made.action = Action::kScatter;
    made.rule = Rule::kScatter;
    made.replica_ok = c_.statement.replica_safe && c_.statement.hint.kind != HintKind::kPrimary;
    if (unbound_ == nullptr) {
      for (const auto shard : shards_) made.shards.push_back(shard);
    } else {
      for (std::size_t i = 0; i < c_.topology.shards.size(); ++i) made.shards.push_back(static_cast<ShardIndex>(i));
    }
    return made;
  }

  const Case& c_;
  std::optional<ShardIndex> anchor_;
  std::string anchor_name_;
  const TableUse* unbound_ = nullptr;
  std::vector<ShardIndex> shards_;
};

}  // namespace

Plan rows_rule(const Case& c) { return Places(c).plan(); }

}  // namespace shardway::router
