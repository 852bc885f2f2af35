// rules: one function per named rule of the planner; each answers with a plan or leaves the statement to the next.
// Pure. Called by planner.cpp only, in the order written there.
#pragma once

#include <optional>
#include <string>

#include "router/planner.hpp"

namespace shardway::router {

// What the rules look at.
struct Case {
  const Statement& statement;
  const Values& values;
  const Topology& topology;
  const SessionView& session;
  std::string_view text;
};

Plan refuse(std::unique_ptr<Fault> fault);
Plan refuse(FaultReason reason, std::string message, std::string hint);
Plan on_shard(const Case& c, Rule rule, ShardIndex shard);
Plan on_every_shard(const Case& c, Rule rule);

std::optional<Plan> session_rule(const Case& c);  // transaction control, SET, SHOW, cursors, SHARDWAY EXPLAIN
std::optional<Plan> bad_hint_rule(const Case& c);
std::optional<Plan> unsharded_rule(const Case& c);
std::optional<Plan> hint_rule(const Case& c);
std::optional<Plan> fault_rule(const Case& c);       // what is wrong whatever the shards
std::optional<Plan> definition_rule(const Case& c);  // DDL, TRUNCATE, LOCK
std::optional<Plan> copy_in_rule(const Case& c);
std::optional<Plan> reference_write_rule(const Case& c);
Plan rows_rule(const Case& c);  // key, single table, reference read, home, scatter

// numbers_rule.cpp: a plan for rows that get AUTO_INCREMENT numbers, or why no number may be given.
Plan with_numbers(const Case& c, Plan made);

// time_rule.cpp: one time for all shards of a transaction: a literal in place of now()-like calls where the server's
// own time is another one, or why that cannot be.
Plan with_time(const Case& c, Plan made);

// clock_words.cpp: a string literal or text parameter like 'now' or 'today': each server would read its own clock.
bool reads_the_clock(const Case& c);

}  // namespace shardway::router
