#include "router/rules.hpp"

#include <algorithm>

#include "router/key_values.hpp"
#include "router/language.hpp"
#include "router/table_names.hpp"

namespace shardway::router {

namespace {

bool writes(const Statement& statement) noexcept {
  switch (statement.kind) {
    case StatementKind::kWrite:
    case StatementKind::kCopyIn:
    case StatementKind::kNotify:
    case StatementKind::kDdl:
    case StatementKind::kDdlAlone:
    case StatementKind::kTruncate:
    case StatementKind::kCall:
    case StatementKind::kDo:
    case StatementKind::kLoadData: return true;
    default: break;
  }
  if (statement.writes_home || statement.uses_user_functions || statement.writes_reference || statement.writes_single ||
      statement.writes_unlisted)
    return statement.kind != StatementKind::kLock;
  return std::any_of(statement.sharded.begin(), statement.sharded.end(),
                     [](const TableUse& use) { return use.written; }) &&
         statement.kind != StatementKind::kLock;
}

Plan in_session(Rule rule, Action action = Action::kSession) {
  Plan made;
  made.action = action;
  made.rule = rule;
  return made;
}

std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

// The type of the value in a key=… hint: that of the statement's tables, or of all tables if they agree.
std::optional<KeyType> hinted_key_type(const Case& c) {
  std::optional<KeyType> type;
  const auto& tables = c.topology.tables.all();
  if (!c.statement.sharded.empty()) return tables[c.statement.sharded.front().table].key_type;
  for (const auto& table : tables) {
    if (table.kind != TableKind::kSharded) continue;
    if (type && *type != table.key_type) return std::nullopt;
    type = table.key_type;
  }
  return type;
}

struct HintedShard {
  std::optional<ShardIndex> shard;
  std::string why_not;
};

HintedShard hinted_shard(const Case& c) {
  const auto& hint = c.statement.hint;
  if (hint.kind == HintKind::kShard) {
    const auto& shards = c.topology.shards;
    const auto found = std::find(shards.begin(), shards.end(), hint.value);
    if (found == shards.end()) return {std::nullopt, "there is no shard " + quoted(hint.value)};
    return {static_cast<ShardIndex>(found - shards.begin()), {}};
  }
  if (!c.topology.sharded()) return {ShardIndex{0}, {}};
  const auto type = hinted_key_type(c);
  if (!type) return {std::nullopt, "the tables' shard keys are of several types, so key= is not clear"};
  const auto hash = c.topology.language->hash_text_form(*type, hint.value);
  if (!hash) return {std::nullopt, quoted(hint.value) + " is no value of the shard key's type"};
  return {c.topology.map.shard_of(*hash), {}};
}

// A hint may say where to look, but not where rows are put: that is the keys' and the tables' business.
std::unique_ptr<Fault> contradiction(const Case& c, ShardIndex shard) {
  const auto& statement = c.statement;
  const auto elsewhere = [&](ShardIndex right, const Table& table) {
    return make_fault(FaultReason::kSeveralShards,
                      "the hint names shard " + quoted(c.topology.shards[shard]) + ", but the rows of " +
                          shown_name(table) + " belong to " + quoted(c.topology.shards[right]),
                      "leave the hint out");
  };
  for (const auto& use : statement.sharded) {
    if (!use.written || !use.bound) continue;
    auto keys = c.topology.language->shards_of(use, c.values, c.topology, c.session);
    if (keys.fault) return std::move(keys.fault);
    for (const auto right : keys.shards)
      if (right != shard) return elsewhere(right, c.topology.tables.all()[use.table]);
  }
  for (const auto number : statement.single_tables) {
    const auto& table = c.topology.tables.all()[number];
    if (statement.writes_single && table.shard != shard) return elsewhere(table.shard, table);
  }
  if (statement.writes_reference)
    return make_fault(FaultReason::kNotSupported, "a hint cannot write a reference table on one shard only",
                      "leave the hint out: it is written on every shard");
  if (statement.kind == StatementKind::kCopyIn && !statement.sharded.empty())
    return make_fault(FaultReason::kNotSupported, "COPY FROM goes to the shard of its first row, whatever a hint says",
                      "leave the hint out");
  return nullptr;
}

std::optional<Plan> lock_or_truncate(const Case& c, bool is_lock) {
  const auto& s = c.statement;
  if (is_lock && !s.sharded.empty())
    return refuse(FaultReason::kNotSupported,
                  "LOCK TABLE of a sharded table is not supported: it would lock on every shard",
                  "name the shard in a comment: /* shardway: shard=… */");
  const bool only_single = s.sharded.empty() && s.reference_tables.empty() && !s.uses_unlisted;
  if (only_single && !s.single_tables.empty()) {
    const auto& tables = c.topology.tables.all();
    const auto shard = tables[s.single_tables.front()].shard;
    for (const auto number : s.single_tables)
      if (tables[number].shard != shard)
        return refuse(FaultReason::kSeveralShards, "the tables are on several shards", "one statement for each");
    return on_shard(c, Rule::kSingleTable, shard);
  }
  const bool only_unlisted = s.sharded.empty() && s.reference_tables.empty() && s.single_tables.empty();
  if (only_unlisted && c.topology.unlisted == Unlisted::kSingle)
    return on_shard(c, Rule::kSingleTable, c.topology.unlisted_shard);
  return on_every_shard(c, is_lock ? Rule::kReferenceWrite : Rule::kDdl);
}

}  // namespace

Plan refuse(std::unique_ptr<Fault> fault) {
  Plan made;
  made.fault = std::move(fault);
  return made;
}

Plan refuse(FaultReason reason, std::string message, std::string hint) {
  return refuse(make_fault(reason, std::move(message), std::move(hint)));
}

Plan on_shard(const Case& c, Rule rule, ShardIndex shard) {
  Plan made;
  made.action = Action::kOneShard;
  made.rule = rule;
  made.writes = writes(c.statement);
  made.replica_ok = c.statement.replica_safe && c.statement.hint.kind != HintKind::kPrimary;
  made.shards.push_back(shard);
  return made;
}

Plan on_every_shard(const Case& c, Rule rule) {
  Plan made;
  made.action = Action::kEveryShard;
  made.rule = rule;
  made.writes = true;
  for (std::size_t i = 0; i < c.topology.shards.size(); ++i) made.shards.push_back(static_cast<ShardIndex>(i));
  return made;
}

std::optional<Plan> session_rule(const Case& c) {
  switch (c.statement.kind) {
    case StatementKind::kEmpty: return in_session(Rule::kEmpty);
    case StatementKind::kShardwayExplain: return in_session(Rule::kExplain, Action::kExplain);
    case StatementKind::kBegin:
    case StatementKind::kCommit:
    case StatementKind::kRollback:
    case StatementKind::kSavepoint:
    case StatementKind::kReleaseSavepoint:
    case StatementKind::kRollbackTo:
    case StatementKind::kSetTransaction: return in_session(Rule::kTransaction);
    case StatementKind::kTwoPhase:
      if (c.topology.sharded() && c.statement.fault) return std::nullopt;
      if (c.topology.sharded())
        return refuse(
            FaultReason::kNotSupported,
            "PREPARE TRANSACTION, COMMIT PREPARED and ROLLBACK PREPARED are not supported on a sharded database",
            "use COMMIT and ROLLBACK");
      return in_session(Rule::kTransaction);
    case StatementKind::kSet:
    case StatementKind::kReset:
    case StatementKind::kResetAll:
    case StatementKind::kShow:
    case StatementKind::kDiscardAll:
    case StatementKind::kDiscard:
    case StatementKind::kFetch:
    case StatementKind::kCloseCursor:
    case StatementKind::kDeallocate:
    case StatementKind::kUse:
    case StatementKind::kKill: return in_session(Rule::kSession);
    default: return std::nullopt;
  }
}

std::optional<Plan> bad_hint_rule(const Case& c) {
  const auto& hint = c.statement.hint;
  if (hint.kind == HintKind::kNone) return std::nullopt;
  if (!c.session.hints_allowed)
    return refuse(FaultReason::kForbidden, "this user may not steer by /* shardway: … */ comments",
                  "leave the comment out, or set hints = true for the user in the configuration");
  if (hint.kind == HintKind::kBad)
    return refuse(FaultReason::kBadHint, "steering comment not understood: \"" + hint.value + "\"",
                  "it is one of shard=NAME, key=VALUE, primary");
  if (hint.kind == HintKind::kPrimary) return std::nullopt;
  if (auto hinted = hinted_shard(c); !hinted.shard)
    return refuse(FaultReason::kBadHint, "steering comment: " + hinted.why_not,
                  "the shards of this database are named in the configuration");
  return std::nullopt;
}

std::optional<Plan> unsharded_rule(const Case& c) {
  if (c.topology.sharded()) return std::nullopt;
  return on_shard(c, Rule::kUnsharded, 0);
}

std::optional<Plan> hint_rule(const Case& c) {
  const auto kind = c.statement.hint.kind;
  if (kind != HintKind::kShard && kind != HintKind::kKey) return std::nullopt;
  if (c.statement.fault && !c.statement.fault_yields_to_hint) return std::nullopt;
  const auto shard = *hinted_shard(c).shard;
  if (auto fault = contradiction(c, shard)) return refuse(std::move(fault));
  return on_shard(c, Rule::kHint, shard);
}

std::optional<Plan> fault_rule(const Case& c) {
  if (c.statement.fault) return refuse(std::make_unique<Fault>(*c.statement.fault));
  const bool procedure = c.statement.kind == StatementKind::kCall || c.statement.kind == StatementKind::kDo;
  if (procedure || c.statement.uses_user_functions)
    return refuse(FaultReason::kNotSupported,
                  (procedure ? std::string("CALL and DO are")
                             : "a function that is not " + std::string(c.topology.language->server) + "'s own is") +
                      " not supported on a sharded database: what it reads and writes is not known",
                  "name the shard in a comment: /* shardway: shard=… */");
  if (c.statement.kind == StatementKind::kOther)
    return refuse(FaultReason::kNotSupported, "this kind of statement is not supported on a sharded database",
                  "name the shard in a comment: /* shardway: shard=… */");
  return std::nullopt;
}

std::optional<Plan> definition_rule(const Case& c) {
  switch (c.statement.kind) {
    case StatementKind::kDdl:
    case StatementKind::kDdlAlone: return on_every_shard(c, Rule::kDdl);
    case StatementKind::kTruncate: return lock_or_truncate(c, false);
    case StatementKind::kLock: return lock_or_truncate(c, true);
    case StatementKind::kListen:
    case StatementKind::kUnlisten:
    case StatementKind::kNotify: return on_shard(c, Rule::kHome, c.topology.home);
    default: return std::nullopt;
  }
}

std::optional<Plan> copy_in_rule(const Case& c) {
  if (c.statement.kind != StatementKind::kCopyIn || c.statement.sharded.empty()) return std::nullopt;
  const auto& table = c.topology.tables.all()[c.statement.sharded.front().table];
  const auto& named = c.statement.copy->columns;
  const auto* known = c.topology.catalog ? c.topology.catalog->columns(table.schema, table.name) : nullptr;
  const bool has_key =
      named.empty() ? known != nullptr : std::find(named.begin(), named.end(), table.key) != named.end();
  if (!has_key)
    return refuse(named.empty() ? FaultReason::kTableRefused : FaultReason::kNeedsKey,
                  "COPY into " + shown_name(table) +
                      (named.empty() ? std::string(": its columns are not known")
                                     : ": the shard key \"" + table.key + "\" is missing in the column list"),
                  "name the columns: COPY " + shown_name(table) + " (\"" + table.key + "\", …) FROM …");
  Plan made;
  made.action = Action::kCopyIn;
  made.rule = Rule::kCopyByRow;
  made.writes = true;
  return made;
}

std::optional<Plan> reference_write_rule(const Case& c) {
  const auto& s = c.statement;
  const bool unlisted_reference = s.uses_unlisted && c.topology.unlisted == Unlisted::kReference;
  if (!s.writes_reference && !(s.writes_unlisted && unlisted_reference)) return std::nullopt;
  const auto no = [](std::string what, std::string hint) {
    return refuse(FaultReason::kNotSupported, "writing a reference table: " + std::move(what), std::move(hint));
  };
  if (!s.sharded.empty() || !s.single_tables.empty() || (s.uses_unlisted && !unlisted_reference) || s.uses_catalog)
    return no("the statement also uses tables that are not on every shard", "read them first, then write the values");
  if (s.needs_home || s.uses_sequences)
    return no("sequences, advisory locks and the like are not on every shard",
              "call the function first, then write its result");
  if (!s.not_repeatable.empty())
    return no(s.not_repeatable + " may differ between the copies", "compute the value first, then write it");
  const auto* given = c.values.parameters;
  for (const auto number : s.own_time_if_null)
    if (given != nullptr && number <= given->size() && !(*given)[number - 1].value)
      return no("NULL in a TIMESTAMP column that is NOT NULL: each server would store its own time", "give the time");
  if (reads_the_clock(c)) return no("'now' and its like differ between the copies", "write the time itself");
  if (c.session.defined.varies)
    return no("a default, trigger or function defined in the same transaction may give its copies different values",
              "commit the definition first");
  if (s.kind != StatementKind::kWrite && s.kind != StatementKind::kCopyIn)
    return no("this kind of statement is not supported on every copy", "");
  return on_every_shard(c, Rule::kReferenceWrite);
}

}  // namespace shardway::router
