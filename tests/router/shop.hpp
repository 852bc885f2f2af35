// The database all router tests speak of: two shards, customers, orders and order_items sharded by customer_id,
// accounts by a text, docs by a uuid, sites by an integer, countries and currencies reference tables, audit_log on
// shop_1 and settings on shop_0; for MySQL's dialect invoices (sharded by customer_id), tickets (by its own id) and
// tags (reference), each with an AUTO_INCREMENT id. Keys whose shard the rows of routes.txt rely on: see shop_test.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "router/topology.hpp"

namespace shardway::router::shop {

inline std::shared_ptr<Catalog> catalog() {
  auto made = std::make_shared<Catalog>();
  made->tables["public.customers"] = {{"customer_id", "bigint"}, {"name", "text"}, {"country", "text"}};
  made->tables["public.customers"][0].not_null = true;
  made->tables["public.orders"] = {{"order_id", "bigint"},
                                   {"customer_id", "bigint"},
                                   {"status", "text"},
                                   {"total", "numeric"},
                                   {"created", "timestamp with time zone"}};
  made->tables["public.order_items"] = {
      {"customer_id", "bigint"}, {"order_id", "bigint"}, {"sku", "text"}, {"qty", "integer"}};
  made->tables["public.accounts"] = {{"name", "text"}, {"balance", "numeric"}};
  made->tables["public.docs"] = {{"id", "uuid"}, {"body", "text"}};
  made->tables["public.sites"] = {{"site", "integer"}, {"host", "text"}};
  made->tables["public.countries"] = {{"code", "text"}, {"name", "text"}};
  made->tables["public.currencies"] = {{"code", "text"}, {"rate", "numeric"}};
  made->tables["public.stamps"] = {{"code", "text"}, {"made", "datetime"}, {"seen", "datetime"}};
  made->tables["public.stamps"][1].default_varies = made->tables["public.stamps"][2].varies_on_update = true;
  made->tables["public.audit_log"] = {{"id", "bigint"}, {"what", "text"}, {"at", "timestamp with time zone"}};
  made->tables["public.settings"] = {{"k", "text"}, {"v", "text"}};
  made->tables["public.invoices"] = {{"customer_id", "bigint"}, {"id", "int(10) unsigned"}, {"note", "text"}};
  made->tables["public.invoices"][1].auto_increment = true;
  made->tables["public.tickets"] = {{"id", "bigint"}, {"title", "text"}};
  made->tables["public.tags"] = {{"id", "bigint"}, {"name", "text"}};
  for (const char* table : {"public.tickets", "public.tags"})
    made->tables[table][0].not_null = made->tables[table][0].auto_increment = true;
  made->tables["public.loose_tags"] = made->tables["public.tags"];  // not in the configuration
  made->numberings = {{4, 1}, {4, 2}};
  made->tables["public.ranks"] = {{"id", "bigint"}, {"name", "text"}};
  made->tables["public.sites"][0].from_sequence = made->tables["public.ranks"][0].from_sequence = true;
  made->tables["public.ranks"][0].default_varies = true;
  made->primary_only = {"public.ranks"};
  made->tables["public.ranks_2025"] = made->tables["public.ranks"];  // a child, not in the configuration
  made->refused["public.ranks_2025"] = {"table public.ranks_2025 cannot be used: it shares rows with public.ranks", ""};
  made->tables["public.visits"] = {
      {"id", "bigint"}, {"at", "timestamp with time zone"}, {"due", "date"}, {"odd Day", "date"}};
  made->tables["public.visits"][1].default_sql = "now()";
  made->tables["public.visits"][2].default_sql = "((CURRENT_TIMESTAMP(0) + '7 days'::interval))::date";
  made->tables["public.reminders"] = {{"id", "bigint"}, {"odd Day", "date"}};
  made->tables["public.reminders"][1].default_sql = "('now'::text)::date";
  made->tables["shadow.orders"] = {{"order_id", "bigint"}};
  made->schemas = {"public", "shadow"};
  made->search_paths = {{"teller", "shadow, public"}};
  made->user_operators = {"@@@"};
  made->own_types = {{"mood", {}},
                     {"checked", {.checks = true}},
                     {"cast_to", {.casts_to = true}},
                     {"random_number", {.default_varies = true}},
                     {"stamp", {.reads_clock = true}},
                     {"counted", {.counts = true}}};
  made->sequences = {"public.numbers"};
  made->computing_functions = {"uuid_generate_v4"};
  made->user_functions = {"refund", "order_total", "lower_all"};
  return made;
}

inline std::shared_ptr<Topology> topology(bool with_catalog = true, Unlisted unlisted = Unlisted::kRefuse) {
  auto made = std::make_shared<Topology>();
  made->epoch = 7;
  made->database = "shop";
  made->shards = {"shop_0", "shop_1"};
  const auto sharded = [&](std::string name, std::string key, KeyType type) {
    made->tables.add({"public", std::move(name), TableKind::kSharded, std::move(key), type, 0});
  };
  sharded("customers", "customer_id", KeyType::kBigint);
  sharded("orders", "customer_id", KeyType::kBigint);
  sharded("order_items", "customer_id", KeyType::kBigint);
  sharded("accounts", "name", KeyType::kText);
  sharded("docs", "id", KeyType::kUuid);
  sharded("sites", "site", KeyType::kInteger);
  made->tables.add({"public", "countries", TableKind::kReference, "", KeyType::kBigint, 0});
  made->tables.add({"public", "currencies", TableKind::kReference, "", KeyType::kBigint, 0});
  made->tables.add({"public", "audit_log", TableKind::kSingle, "", KeyType::kBigint, 1});
  made->tables.add({"public", "settings", TableKind::kSingle, "", KeyType::kBigint, 0});
  sharded("invoices", "customer_id", KeyType::kBigint);
  sharded("tickets", "id", KeyType::kBigint);
  sharded("visits", "id", KeyType::kBigint);
  sharded("reminders", "id", KeyType::kBigint);
  made->tables.add({"public", "stamps", TableKind::kReference, "", KeyType::kBigint, 0});
  made->tables.add({"public", "tags", TableKind::kReference, "", KeyType::kBigint, 0});
  made->tables.add({"public", "ranks", TableKind::kReference, "", KeyType::kBigint, 0});
  std::vector<ShardIndex> owner(16384, 0);
  for (std::size_t slot = 8192; slot < owner.size(); ++slot) owner[slot] = 1;
  made->map = ShardMap(std::move(owner));
  made->unlisted = unlisted;
  if (with_catalog) made->catalog = catalog();
  return made;
}

inline std::shared_ptr<Topology> one_shard() {
  auto made = std::make_shared<Topology>();
  made->database = "plain";
  made->shards = {"only"};
  made->map = ShardMap(std::vector<ShardIndex>(16384, 0));
  return made;
}

}  // namespace shardway::router::shop
