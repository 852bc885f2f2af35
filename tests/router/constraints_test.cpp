#include "router/constraints.hpp"

#include <gtest/gtest.h>

namespace shardway::router {
namespace {

Tables tables() {
  Tables all;
  all.add({"", "customers", TableKind::kSharded, "id", KeyType::kBigint, 0, {}});
  all.add({"", "orders", TableKind::kSharded, "customer", KeyType::kInteger, 0, {"orders_code_key", "number"}});
  all.add({"", "docs", TableKind::kSharded, "id", KeyType::kUuid, 0, {}});
  all.add({"", "countries", TableKind::kReference, "", KeyType::kBigint, 0, {}});
  all.add({"", "log", TableKind::kSingle, "", KeyType::kBigint, 1, {}});
  all.add({"", "settings", TableKind::kSingle, "", KeyType::kBigint, 0, {}});
  return all;
}

bool is_kept(const char* table, const TableShape& shape) {
  const auto all = tables();
  const auto found = unenforceable(all, *all.find("", table), shape, 0);
  for (const auto& one : found) {
    EXPECT_NE(one.message.find(table), std::string::npos) << one.message;
    EXPECT_NE(one.hint.find("unenforced = [\"" + one.constraint + "\"]"), std::string::npos) << one.hint;
  }
  return found.empty();
}

TableShape unique(const char* name, std::vector<std::string> columns, bool excludes = false) {
  return {{}, {{name, std::move(columns), excludes}}, {}, {}, {}};
}
TableShape foreign(std::vector<std::string> columns, const char* table, std::vector<std::string> there) {
  return {{}, {}, {{"fk", std::move(columns), "public", table, std::move(there)}}, {}, {}};
}
TableShape sequence(const char* name) {
  Column column;
  column.name = name;
  column.from_sequence = true;
  return {{column}, {}, {}, {}, {}};
}

TEST(Constraints, UniquenessNeedsTheShardKey) {
  EXPECT_TRUE(is_kept("customers", unique("p", {"id"})));
  EXPECT_TRUE(is_kept("orders", unique("p", {"number", "customer"})));
  EXPECT_FALSE(is_kept("orders", unique("p", {"number"})));
  EXPECT_FALSE(is_kept("customers", unique("lower_email", {})));
  EXPECT_FALSE(is_kept("customers", unique("x", {"room"}, true)));
  EXPECT_TRUE(is_kept("customers", unique("x", {"id"}, true)));
  EXPECT_TRUE(is_kept("countries", unique("p", {"code"})));
  EXPECT_TRUE(is_kept("log", unique("p", {"n"})));
  EXPECT_TRUE(is_kept("orders", unique("orders_code_key", {"code"}))) << "listed as unenforced";
}

TEST(Constraints, ForeignKeysNeedTheOtherRowOnTheSameServer) {
  EXPECT_TRUE(is_kept("orders", foreign({"customer"}, "customers", {"id"}))) << "integer and bigint hash alike";
  EXPECT_TRUE(is_kept("orders", foreign({"n", "customer"}, "customers", {"n", "id"})));
  EXPECT_FALSE(is_kept("orders", foreign({"customer", "n"}, "customers", {"n", "id"}))) << "crossed";
  EXPECT_FALSE(is_kept("orders", foreign({"agent"}, "customers", {"id"})));
  EXPECT_FALSE(is_kept("orders", foreign({"customer"}, "docs", {"id"})));
  EXPECT_TRUE(is_kept("orders", foreign({"country"}, "countries", {"code"})));
  EXPECT_FALSE(is_kept("orders", foreign({"n"}, "log", {"n"})));
  EXPECT_FALSE(is_kept("orders", foreign({"n"}, "stranger", {"n"})));
  EXPECT_FALSE(is_kept("countries", foreign({"n"}, "customers", {"id"})));
  EXPECT_TRUE(is_kept("countries", foreign({"n"}, "countries", {"code"})));
  EXPECT_FALSE(is_kept("log", foreign({"n"}, "settings", {"n"}))) << "on another shard";
  EXPECT_TRUE(is_kept("log", foreign({"n"}, "log", {"n"})));
  EXPECT_FALSE(is_kept("log", foreign({"n"}, "customers", {"id"})));
}

TEST(Constraints, NumbersThatDifferOverTheShardsAreUnique) {
  auto shape = unique("PRIMARY", {"id"});
  shape.columns = {{"number", "bigint"}, {"id", "bigint"}};
  EXPECT_FALSE(is_kept("orders", shape));
  shape.columns[1].auto_increment = true;
  EXPECT_TRUE(is_kept("orders", shape));
  shape.unique_keys[0].columns = {"other"};
  EXPECT_FALSE(is_kept("orders", shape));
  shape = unique("p", {"number"});
  shape.columns = {{"number", "bigint"}};
  shape.columns[0].auto_increment = true;
  EXPECT_FALSE(is_kept("orders", shape)) << "listed as unenforced: its numbers may repeat";
  EXPECT_TRUE(is_kept("log", shape));
}

TEST(Constraints, SequencesAndTriggers) {
  EXPECT_FALSE(is_kept("customers", sequence("id")));
  EXPECT_TRUE(is_kept("orders", sequence("number"))) << "listed as unenforced";
  EXPECT_TRUE(is_kept("countries", sequence("n")));
  EXPECT_FALSE(is_kept("log", sequence("n"))) << "not on the home shard";
  EXPECT_TRUE(is_kept("settings", sequence("n")));
  EXPECT_FALSE(is_kept("customers", {{}, {}, {}, {"audit"}, {}}));
}

}  // namespace
}  // namespace shardway::router
