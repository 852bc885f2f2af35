// planner: facts + values + topology -> Plan. Pure: an ordered list of named rules, the first that applies answers;
// refusing is a plan. Transactions (who has written where) are judged by the caller, which knows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/plan.hpp"
#include "router/statement_cache.hpp"

namespace shardway::router {

// The values of one execution. Parameters as Bind brought them; `types` as Parse declared them (may be shorter). In
// MySQL's protocol: the bytes of COM_STMT_EXECUTE without a length before them, always binary; the type's two bytes as
// they stand there (0x8000: unsigned).
struct ParameterValue {
  std::optional<std::string_view> value;  // nullopt: NULL
  bool binary = false;
};
struct Values {
  const Literals* literals = nullptr;
  const std::vector<ParameterValue>* parameters = nullptr;  // null: not bound yet
  const std::vector<std::uint32_t>* parameter_types = nullptr;
};

struct SessionView {
  bool hints_allowed = false;
  bool standard_conforming_strings = true;
  // The transaction's time as "'2026-11-24 21:00:00.123456+00'::timestamptz"; empty: not known yet (Plan::wants_time).
  std::string_view now_literal;
  // In a transaction that has begun: the shard whose server's own now() that is; nullopt: none's. Outside of one each
  // statement on one shard has its own time.
  bool keeps_time = false;
  std::optional<ShardIndex> clock_shard = {};
  Definitions defined = {};  // in the transaction at hand
  MysqlMode mysql = {};
  bool array_nulls = true;             // false: NULL in an array's text may be the string
  bool transform_null_equals = false;  // k = NULL may be k IS NULL
};

// `text` is the statement's own text (needed only for rewriting).
Plan plan(const Statement& statement, const Values& values, const Topology& topology, const SessionView& session,
          std::string_view text);

// True if plan() needs parameter values that are not there yet (Parse, Describe before Bind): any shard may describe
// it.
bool needs_parameters(const Statement& statement, const Topology& topology);

// What of a statement, in a transaction with such definitions, reads the transaction's time where no literal can stand
// for it; empty: nothing that is known of.
std::string_view hidden_clock(const Statement& statement, const Definitions& defined);

// A value in which 'now', 'today' or their like stands, perhaps within an array or a range.
bool may_read_the_clock(std::string_view value);

// The shard of a COPY row's key, or why there is none; neither of an integer out of the key's range, which every server
// refuses.
struct RowShard {
  std::optional<ShardIndex> shard;
  std::unique_ptr<Fault> fault;
};
RowShard shard_of_row(const Table& table, const Topology& topology, std::optional<std::string_view> key, bool binary);

// What `SHARDWAY EXPLAIN` and `shardway explain` print: one line a row ("shards: shop_0", "rule: key (customer_id =
// 42)", …).
std::vector<std::string> explain(const Statement& statement, const Plan& plan, const Topology& topology,
                                 std::string_view text);

}  // namespace shardway::router
