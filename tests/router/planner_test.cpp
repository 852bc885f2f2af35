// What routes.txt cannot say: binary parameters, COPY rows, Describe before Bind, explanations.
#include "router/planner.hpp"

#include <gtest/gtest.h>

#include "router/shard_hash.hpp"
#include "tests/router/route_row.hpp"

namespace shardway::router {
namespace {

class PlannerTest : public ::testing::Test {
 protected:
  Plan planned(std::string_view text, const std::vector<ParameterValue>* parameters = nullptr,
               const std::vector<std::uint32_t>* types = nullptr) {
    text_ = text;
    query_ = cache_.find(text_, {}, literals_);
    return plan(statement(), {&literals_, parameters, types}, *cache_.topology(), {}, text_);
  }
  const Statement& statement() const { return query_->statements.at(0); }
  std::vector<std::string> explained(std::string_view text) {
    const auto made = planned(text);
    return explain(statement(), made, *cache_.topology(), text);
  }

  StatementCache cache_{shop::topology(), 1 << 20};
  std::string text_;
  Literals literals_;
  std::shared_ptr<const Query> query_;
};

constexpr std::string_view kByKey = "SELECT * FROM orders WHERE customer_id = $1";
constexpr char kBinary42[] = "\0\0\0\0\0\0\0\x2a";

TEST_F(PlannerTest, TheSameKeyGoesToTheSameShardHoweverItComes) {
  const auto literal = planned("SELECT * FROM orders WHERE customer_id = 42").shards.at(0);
  const std::vector<ParameterValue> text{{"42", false}}, binary{{std::string_view(kBinary42, 8), true}},
      short_binary{{std::string_view(kBinary42 + 4, 4), true}};
  const std::vector<std::uint32_t> int8{20}, int4{23}, int2{21}, none{0};
  EXPECT_EQ(planned(kByKey, &text, &none).shards.at(0), literal);
  EXPECT_EQ(planned(kByKey, &text, &int8).shards.at(0), literal);
  EXPECT_EQ(planned(kByKey, &binary, &int8).shards.at(0), literal);
  EXPECT_EQ(planned(kByKey, &binary, &none).shards.at(0), literal);
  EXPECT_EQ(planned(kByKey, &short_binary, &int4).shards.at(0), literal);
  EXPECT_EQ(planned(kByKey, &short_binary, &int2).shards.at(0), cache_.topology()->home) << "the server refuses it";
  const auto& table = *cache_.topology()->tables.find("", "orders");
  EXPECT_EQ(shard_of_row(table, *cache_.topology(), "42", false).shard, literal);
  EXPECT_EQ(shard_of_row(table, *cache_.topology(), std::string_view(kBinary42, 8), true).shard, literal);
}

TEST_F(PlannerTest, ABinaryFloatIsNotTakenForAKey) {
  const std::vector<ParameterValue> binary{{std::string_view(kBinary42, 8), true}};
  const std::vector<std::uint32_t> float8{701}, none;
  EXPECT_EQ(planned(kByKey, &binary, &float8).action, Action::kRefuse);
  EXPECT_EQ(planned("SELECT $1::float8 FROM orders WHERE customer_id = $1", &binary, &none).action, Action::kRefuse);
}

TEST_F(PlannerTest, BinaryArrays) {
  const std::string head("\0\0\0\1\0\0\0\0\0\0\0\x14\0\0\0\2\0\0\0\1", 20);
  const std::string two =
      head + std::string("\0\0\0\x08", 4) + std::string(kBinary42, 8) + std::string("\xff\xff\xff\xff", 4);
  const std::vector<ParameterValue> parameters{{std::string_view(two), true}};
  const std::vector<std::uint32_t> types{1016};
  const auto made = planned("SELECT * FROM orders WHERE customer_id = ANY($1)", &parameters, &types);
  ASSERT_EQ(made.action, Action::kOneShard);
  EXPECT_EQ(made.shards.at(0), planned("SELECT * FROM orders WHERE customer_id = 42").shards.at(0));
  const auto cut = two.substr(0, two.size() - 6);
  const std::vector<ParameterValue> bad{{std::string_view(cut), true}};
  EXPECT_EQ(planned("SELECT * FROM orders WHERE customer_id = ANY($1)", &bad, &types).action, Action::kRefuse);
}

TEST_F(PlannerTest, ParametersAreMissedOnlyWhereTheyDecide) {
  const auto needs = [&](std::string_view text) {
    planned(text);
    return needs_parameters(statement(), *cache_.topology());
  };
  EXPECT_TRUE(needs(kByKey));
  EXPECT_TRUE(needs("INSERT INTO orders (customer_id) VALUES ($1)"));
  EXPECT_FALSE(needs("SELECT * FROM orders WHERE customer_id = 42 AND status = $1"));
  EXPECT_FALSE(needs("SELECT * FROM countries WHERE code = $1"));
  EXPECT_FALSE(needs("INSERT INTO orders (order_id) VALUES ($1)"));
  EXPECT_EQ(planned(kByKey).action, Action::kRefuse);
}

TEST_F(PlannerTest, CopyRowsWithoutAKeyAreRefused) {
  const auto& orders = *cache_.topology()->tables.find("", "orders");
  EXPECT_EQ(shard_of_row(orders, *cache_.topology(), std::nullopt, false).fault->reason, FaultReason::kNeedsKey);
  EXPECT_EQ(shard_of_row(orders, *cache_.topology(), "4.0", false).fault->reason, FaultReason::kBadKey);
}

TEST_F(PlannerTest, KeysThatTheColumnWouldChangeAreRefused) {
  auto topology = shop::topology();
  auto catalog = std::make_shared<Catalog>(*topology->catalog);
  catalog->tables["public.accounts"] = {{"name", "character varying(5)"}, {"balance", "numeric"}};
  topology->catalog = catalog;
  StatementCache cache(topology, 1 << 20);
  const auto action = [&](std::string_view text) {
    Literals literals;
    const auto query = cache.find(text, {}, literals);
    return plan(query->statements[0], {&literals, nullptr, nullptr}, *topology, {}, text).action;
  };
  EXPECT_EQ(action("INSERT INTO accounts (name) VALUES ('alice')"), Action::kOneShard);
  EXPECT_EQ(action("INSERT INTO accounts (name) VALUES ('alice   ')"), Action::kRefuse);
  EXPECT_EQ(action("INSERT INTO accounts (name) VALUES ('Ünlücü')"), Action::kOneShard);
  EXPECT_EQ(action("SELECT * FROM accounts WHERE name = 'alice   '"), Action::kOneShard);
  EXPECT_EQ(action("UPDATE accounts SET name = 'alice' WHERE name = 'alice'"), Action::kOneShard);
  EXPECT_EQ(action("UPDATE accounts SET name = 'alice   ' WHERE name = 'alice'"), Action::kRefuse);
  const auto& accounts = *topology->tables.find("", "accounts");
  for (const bool binary : {false, true}) {
    EXPECT_FALSE(shard_of_row(accounts, *topology, "alice", binary).fault);
    EXPECT_TRUE(shard_of_row(accounts, *topology, "alice   ", binary).fault);
  }
  catalog->tables["public.accounts"] = {{"name", "character(5)"}, {"balance", "numeric"}};
  EXPECT_EQ(action("INSERT INTO accounts (name) VALUES ('ab')"), Action::kRefuse);
}

TEST_F(PlannerTest, Explains) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(explained("SELECT * FROM orders WHERE customer_id = 42"),
            (Lines{"shards: shop_1", "rule: key (customer_id = 42)", "replica: yes"}));
  EXPECT_EQ(explained("SELECT * FROM orders WHERE customer_id IN (1, 2, '3')"),
            (Lines{"shards: shop_0", "rule: key (customer_id in (1, 2, '3'))", "replica: yes"}));
  EXPECT_EQ(explained("SELECT * FROM orders"),
            (Lines{"shards: shop_0, shop_1", "rule: scatter (a union of the shards' rows)", "replica: yes"}));
  EXPECT_EQ(explained("DELETE FROM countries"),
            (Lines{"shards: shop_0, shop_1", "rule: reference_write (\"countries\")", "replica: no"}));
  const auto refused = explained("SELECT * FROM orders ORDER BY total");
  ASSERT_EQ(refused.size(), 3U);
  EXPECT_EQ(refused[0], "rule: refuse");
  EXPECT_EQ(refused[1], "refused: the statement needs rows of several shards: ORDER BY over shards is not supported");
  EXPECT_TRUE(refused[2].starts_with("hint: add a predicate on \"orders\".\"customer_id\" (= or IN")) << refused[2];
  EXPECT_EQ(explained("SELECT * FROM orders WHERE customer_id = -5")[1], "rule: key (customer_id = -5)");
  EXPECT_EQ(explained("COPY orders FROM STDIN")[1], "rule: copy_by_row (the first row's customer_id)");
}

TEST_F(PlannerTest, FactsOfKinds) {
  const auto kind = [&](std::string_view text) {
    planned(text);
    return statement().kind;
  };
  EXPECT_EQ(kind("END"), StatementKind::kCommit);
  EXPECT_EQ(kind("ABORT"), StatementKind::kRollback);
  EXPECT_EQ(kind("ROLLBACK TO SAVEPOINT a"), StatementKind::kRollbackTo);
  EXPECT_EQ(statement().name, "a");
  EXPECT_EQ(kind("BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY"), StatementKind::kBegin);
  EXPECT_TRUE(statement().read_only_begin && statement().serializable_begin);
  EXPECT_EQ(kind("ROLLBACK AND CHAIN"), StatementKind::kRollback);
  EXPECT_TRUE(statement().chain);
  EXPECT_EQ(kind("CREATE INDEX CONCURRENTLY i ON orders (status)"), StatementKind::kDdlAlone);
  EXPECT_EQ(kind("REINDEX (CONCURRENTLY) TABLE orders"), StatementKind::kDdlAlone);
  EXPECT_EQ(kind("VACUUM"), StatementKind::kDdlAlone);
  EXPECT_EQ(kind("ANALYZE orders"), StatementKind::kDdl);
  EXPECT_EQ(kind("DEALLOCATE ALL"), StatementKind::kDeallocate);
  EXPECT_EQ(statement().name, "");
  EXPECT_EQ(kind("MOVE 5 FROM c"), StatementKind::kFetch);
  EXPECT_EQ(kind("SHOW TRANSACTION ISOLATION LEVEL"), StatementKind::kShow);
  EXPECT_EQ(statement().name, "transaction_isolation");
  EXPECT_EQ(kind("SHARDWAY EXPLAIN  SELECT 1"), StatementKind::kShardwayExplain);
  EXPECT_EQ(statement().name, "SELECT 1");
}

TEST_F(PlannerTest, CopyFacts) {
  planned(
      "COPY orders (order_id, customer_id) FROM STDIN WITH (FORMAT csv, HEADER true, DELIMITER ';', NULL 'x', "
      "QUOTE '|', ESCAPE '!', FORCE_NULL (order_id))");
  const auto& copy = *statement().copy;
  EXPECT_EQ(copy.columns, (std::vector<std::string>{"order_id", "customer_id"}));
  EXPECT_EQ(copy.format + copy.delimiter + copy.null + copy.quote + copy.escape, "csv;x|!");
  EXPECT_TRUE(copy.null_given && copy.header && copy.from_client);
  EXPECT_EQ(copy.force_null, (std::vector<std::string>{"order_id"}));
  planned("COPY orders FROM STDIN WITH BINARY");
  EXPECT_EQ(statement().copy->format, "binary");
  planned("COPY orders FROM STDIN CSV HEADER DELIMITER AS ','");
  EXPECT_TRUE(statement().copy->header);
  EXPECT_EQ(statement().copy->delimiter, ",");
}

TEST_F(PlannerTest, ColumnsThatACopyWouldReadByItsClock) {
  using Columns = std::vector<CopyFacts::Column>;
  planned("COPY audit_log FROM STDIN");
  EXPECT_EQ(statement().copy->clock_columns, (Columns{{2, "at"}}));
  planned("COPY audit_log (at, id) FROM STDIN");
  EXPECT_EQ(statement().copy->clock_columns, (Columns{{0, "at"}}));
  planned("COPY audit_log FROM STDIN (FORMAT binary)");
  EXPECT_EQ(statement().copy->clock_columns, Columns());
  planned("COPY countries FROM STDIN");
  EXPECT_EQ(statement().copy->clock_columns, Columns());
}

TEST(MayReadTheClock, WordsThatStandByThemselves) {
  for (const auto* value : {"now", " NOW ", "Today", "{2020-01-01,tomorrow}", "[yesterday,infinity)", "2020-01-01 now"})
    EXPECT_TRUE(may_read_the_clock(value)) << value;
  for (const auto* value : {"", "snow", "nowhere", "2020-01-01", "epoch", "todays", "{knowing}"})
    EXPECT_FALSE(may_read_the_clock(value)) << value;
}

}  // namespace
}  // namespace shardway::router
