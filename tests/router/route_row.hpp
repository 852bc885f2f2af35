// A row of tests/golden/routes.txt: `flags | SQL | expected plan`, and how a plan is written there.
#pragma once

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "router/planner.hpp"
#include "router/statement_lexer.hpp"
#include "tests/router/shop.hpp"

namespace shardway::router::shop {

struct Row {
  int line = 0;
  std::string flags, sql, expected;

  bool has(std::string_view flag) const {
    std::istringstream words(flags);
    for (std::string word; words >> word;)
      if (word == flag) return true;
    return false;
  }
  std::optional<std::string> value(std::string_view name) const {
    std::istringstream words(flags);
    for (std::string word; words >> word;)
      if (word.compare(0, name.size(), name) == 0) return word.substr(name.size());
    return std::nullopt;
  }
};

inline std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

inline std::vector<Row> rows(const std::string& name = "routes.txt") {
  std::vector<Row> all;
  std::ifstream file(std::string(SHARDWAY_SOURCE_DIR) + "/tests/golden/" + name);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    // SQL may have | in it, so the flags end at the first and the plan begins behind the last one.
    const auto first = line.find('|'), last = line.rfind('|');
    if (first == last) continue;
    all.push_back({number, trimmed(line.substr(0, first)), trimmed(line.substr(first + 1, last - first - 1)),
                   trimmed(line.substr(last + 1))});
  }
  return all;
}

inline std::shared_ptr<Topology> topology_of(const Row& row) {
  if (row.has("one")) return one_shard();
  auto unlisted = Unlisted::kRefuse;
  if (row.has("unlisted=single")) unlisted = Unlisted::kSingle;
  if (row.has("unlisted=reference")) unlisted = Unlisted::kReference;
  auto made = topology(!row.has("nocatalog"), unlisted);
  made->unlisted_shard = 1;
  if (row.has("casts_from")) {
    auto with = std::make_shared<Catalog>(*made->catalog);
    with->own_types["remark"].casts_from = true;
    made->catalog = std::move(with);
  }
  if (const auto operators = row.value("operators=")) {
    auto with = std::make_shared<Catalog>(*made->catalog);
    with->user_operators.insert(*operators);
    made->catalog = std::move(with);
  }
  return made;
}

// $1=42 (text), $1=NULL, $1:20=42 (declared type 20).
struct Parameters {
  std::vector<std::string> texts;
  std::vector<ParameterValue> values;
  std::vector<std::uint32_t> types;

  explicit Parameters(const Row& row) {
    texts.reserve(9);
    for (int i = 1; i <= 9; ++i) {
      const auto name = "$" + std::to_string(i);
      std::uint32_t type = 0;
      auto value = row.value(name + "=");
      if (!value) {
        if (const auto typed = row.value(name + ":")) {
          const auto equals = typed->find('=');
          type = static_cast<std::uint32_t>(std::stoul(typed->substr(0, equals)));
          value = typed->substr(equals + 1);
        }
      }
      if (!value) break;
      texts.push_back(*value);
      types.push_back(type);
      values.push_back({*value == "NULL" ? std::nullopt : std::optional<std::string_view>(texts.back()), false});
    }
  }
};

inline std::string_view reason_name(FaultReason reason) {
  switch (reason) {
    case FaultReason::kNotSupported: return "not_supported";
    case FaultReason::kNeedsKey: return "needs_key";
    case FaultReason::kSeveralShards: return "several_shards";
    case FaultReason::kNullKey: return "null_key";
    case FaultReason::kBadKey: return "bad_key";
    case FaultReason::kUnknownTable: return "unknown_table";
    case FaultReason::kTableRefused: return "table_refused";
    case FaultReason::kSyntax: return "syntax";
    case FaultReason::kBadHint: return "bad_hint";
    case FaultReason::kForbidden: return "forbidden";
    case FaultReason::kTooLarge: return "too_large";
    default: return "other";
  }
}

inline std::string written(const Statement& statement, const Plan& plan, const Topology& topology) {
  if (plan.action == Action::kRefuse)
    return "refuse " + std::string(reason_name(plan.fault->reason)) + ": " + plan.fault->message;
  std::string text(name_of(plan.rule));
  for (const auto shard : plan.shards) text += " " + topology.shards[shard];
  if (plan.writes) text += " write";
  if (plan.replica_ok) text += " replica";
  if (statement.pins != PinReason::kNone) text += " pin:" + std::string(name_of(statement.pins));
  for (const auto& setting : statement.settings)
    text += " set:" + std::string(setting.local ? "local:" : "") + setting.name + "=" + setting.value_sql;
  if (plan.wants_time) text += " wants_time";
  if (!plan.rewritten.empty()) text += " sql: " + plan.rewritten;
  return text;
}

inline constexpr std::string_view kNowLiteral = "'2026-11-24 21:00:00.123456+00'::timestamptz";

inline std::string route(const Row& row, StatementCache& cache) {
  const ParseSettings settings{
      !row.has("scs_off"),
      row.value("path=") ? std::string_view(row.flags).substr(row.flags.find("path=") + 5, row.value("path=")->size())
                         : std::string_view(),
      {},
      row.value("user=") ? std::string_view(row.flags).substr(row.flags.find("user=") + 5, row.value("user=")->size())
                         : std::string_view()};
  Literals literals;
  const auto query = cache.find(row.sql, settings, literals);
  if (query->syntax_error) return "refuse syntax: " + query->syntax_error->message;
  const Parameters parameters(row);
  const Values values{&literals, &parameters.values, &parameters.types};
  SessionView session{row.has("hints"), settings.standard_conforming_strings,
                      row.has("untimed") ? std::string_view() : kNowLiteral};
  if (const auto shard = row.value("clock=")) {
    session.keeps_time = true;
    session.clock_shard = *shard == "shop_0" ? ShardIndex{0} : ShardIndex{1};
  }
  session.array_nulls = !row.has("array_nulls=off");
  session.transform_null_equals = row.has("null_equals=on");
  std::string all;
  for (const auto& statement : query->statements) {
    const bool several = query->statements.size() > 1;
    const auto own = std::string_view(row.sql).substr(several ? statement.begin : 0,
                                                      several ? statement.end - statement.begin : std::string::npos);
    const auto made = plan(statement, values, *cache.topology(), session, own);
    all += (all.empty() ? "" : " ; ") + written(statement, made, *cache.topology());
  }
  return all;
}

}  // namespace shardway::router::shop
