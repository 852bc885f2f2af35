#include <fmt/core.h>

#include "proxy/admin/show.hpp"

namespace shardway::proxy::admin {

namespace {

using enum ColumnType;

Rows pin_rows(const Moment& now) {
  Rows rows;
  for (const stats::ClientRow& c : now.report.clients) {
    if (c.pin == router::PinReason::kNone) continue;
    rows.push_back(row(c.id, c.user, c.database, router::name_of(c.pin), c.pin_detail, time_cell(c.pin_since), c.state,
                       c.link_id == 0 ? std::nullopt : cell(fmt::format("s{}", c.link_id)), c.application_name));
  }
  return rows;
}

Rows transaction_rows(const Moment& now) {
  Rows rows;
  for (const stats::TransactionRow& t : now.report.transactions) {
    rows.push_back(row(t.database, t.gtx, t.state, t.agent, t.parts, t.owner,
                       t.client_id == 0 ? std::nullopt : cell(t.client_id), time_cell(t.since), t.recovered ? 1 : 0,
                       t.why));
  }
  return rows;
}

Rows rule_rows(const Moment& now) {
  Rows rows;
  for (const auto& [database, counters] : now.report.counters) {
    for (std::size_t i = 0; i < counters.by_rule.size(); ++i) {
      if (counters.by_rule[i] == 0) continue;
      rows.push_back(row(database, router::name_of(static_cast<router::Rule>(i)), counters.by_rule[i]));
    }
  }
  return rows;
}

Rows refusal_rows(const Moment& now) {
  Rows rows;
  for (const auto& [database, counters] : now.report.counters) {
    for (std::size_t i = 0; i < counters.refusals.size(); ++i) {
      if (counters.refusals[i] == 0) continue;
      rows.push_back(row(database, stats::reason_name(static_cast<protocol::FaultReason>(i)), counters.refusals[i]));
    }
  }
  return rows;
}

}  // namespace

Show show_pins() {
  return {"PINS",
          Needs::kClients,
          {{"client_id", kInt8},
           {"user"},
           {"database"},
           {"reason"},
           {"detail"},
           {"since"},
           {"state"},
           {"link"},
           {"application_name"}},
          pin_rows,
          "clients that keep their server connection beyond the transaction, and why"};
}

Show show_transactions() {
  return {"TRANSACTIONS",
          Needs::kReport,
          {{"database"},
           {"gtx"},
           {"state"},
           {"agent"},
           {"parts"},
           {"owner"},
           {"client_id", kInt8},
           {"since"},
           {"in_recovery", kInt4},
           {"why"}},
          transaction_rows,
          "transactions on several shards that are being committed, or are in doubt and why"};
}

Show show_rules() {
  return {"RULES",
          Needs::kReport,
          {{"database"}, {"rule"}, {"statements", kInt8}},
          rule_rows,
          "statements by the rule that routed them; SHOW SHARDS has them by shard"};
}

Show show_refusals() {
  return {"REFUSALS",
          Needs::kReport,
          {{"database"}, {"reason"}, {"count", kInt8}},
          refusal_rows,
          "errors made by Shardway itself, by reason"};
}

}  // namespace shardway::proxy::admin
