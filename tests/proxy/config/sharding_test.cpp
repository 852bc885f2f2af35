#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "problems.hpp"

namespace shardway::proxy::config {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

class RefusedDatabase : public testing::TestWithParam<Case> {};

TEST_P(RefusedDatabase, IsSaidWithPlaceAndHint) {
  EXPECT_THAT(problems(GetParam().text), ElementsAreArray(GetParam().expected));
}

// Lines 3 to 7; the case begins on line 8.
const std::string kTwoShards = kDoor + R"([[database]]
name = "shop"
control = { user = "watch" }
shard = [{ name = "a", nodes = ["h:1"] },
         { name = "b", nodes = ["h:2"] }]
)";
// … and lines 8 and 9; the case begins on line 10.
const std::string kSharded = kTwoShards + R"([database.sharding]
map = { a = "0-8191", b = "8192-16383" }
)";

const std::vector<Case> kShards{
    {"ConsolesName",
     kDoor + "database = [{ name = \"shardway\", shard = [{ name = \"a\", nodes = [\"h:1\"] }] }]\n",
     {"f:3:22: error: database \"shardway\" is the name of the console\n  hint: give the database another name"}},
    {"NoShard",
     kDoor + "[[database]]\nname = \"shop\"\n",
     {"f:3:1: error: database \"shop\" has no shard\n  hint: add [[database.shard]] with name and nodes"}},
    {"NoNodes",
     kDoor + "[[database]]\nname = \"shop\"\nshard = [{ name = \"a\", nodes = [] }]\n",
     {"f:5:32: error: shard \"a\" has no nodes\n  hint: name its servers: [\"host:5432\"]"}},
    {"DatabaseTwice",
     kDoor + "[[database]]\nname = \"shop\"\nshard = [{ name = \"a\", nodes = [\"h:1\"] }]\n[[database]]\nname = "
             "\"shop\"\nshard = [{ name = \"a\", nodes = [\"h:1\"] }]\n",
     {"f:7:8: error: database \"shop\" is there twice\n  hint: remove one of the two [[database]]"}},
    {"ShardTwice",
     kDoor +
         "[[database]]\nname = \"shop\"\n[[database.shard]]\nname = \"a\"\nnodes = [\"h:1\"]\n[[database.shard]]\nname "
         "= \"a\"\nnodes = [\"h:2\"]\n[database.control]\nuser = \"w\"\n[database.sharding]\nmap = { a = \"0-16383\" "
         "}\n",
     {"f:9:8: error: shard \"a\" is there twice in database \"shop\"\n  hint: give each shard its own name"}},
    {"NodeOfTwoShards",
     kDoor + "[[database]]\nname = \"shop\"\ncontrol = { user = \"w\" }\nshard = [{ name = \"a\", nodes = [\"h:1\"] "
             "},\n{ name "
             "= \"b\", nodes = [\"h:1\"] }]\nsharding = { map = { a = \"0-16383\" } }\n",
     {"f:7:24: error: node \"h:1\" is already a node of shard \"a\"\n  hint: a node holds the rows of one shard: name "
      "it "
      "once"}},
    {"ReplicasWithoutControl",
     kDoor + "[[database]]\nname = \"shop\"\nshard = [{ name = \"a\", nodes = [\"h:1\", { address = \"h:2\", zone = "
             "\"b\" }] "
             "}]\nreads = { from = \"replicas\" }\n",
     {"f:5:32: error: shard \"a\" has several nodes, and nobody to ask which is the primary\n  hint: add "
      "[database.control] with user and password",
      "f:6:18: error: database \"shop\": reads from replicas need [database.control]\n  hint: add [database.control] "
      "with user and password: it watches roles and lag"}},
    {"NodeTableKeys",
     kDoor + "[[database]]\nname = \"shop\"\nshard = [{ name = \"a\", nodes = [{ adress = \"h:1\" }] }]\n",
     {"f:5:33: error: database.shard.nodes: \"address\" is missing",
      "f:5:35: error: database.shard.nodes: unknown key \"adress\"\n  hint: did you mean \"address\"?"}},
    {"VerifyWithoutAuthorities",
     kDoor + "[[database]]\nname = \"shop\"\nshard = [{ name = \"a\", nodes = [\"h:1\"] }]\nserver_tls = { mode = "
             "\"verify-full\" }\n",
     {"f:6:23: error: server_tls: this mode needs the authorities that sign the servers' certificates\n  hint: add ca "
      "= "
      "\"file.pem\""}},
};
INSTANTIATE_TEST_SUITE_P(Shards, RefusedDatabase, testing::ValuesIn(kShards), name_of_case);

constexpr char kEachOnce[] = "\n  hint: each slot belongs to exactly one shard";
constexpr char kAll[] = "\n  hint: each of the 16384 slots belongs to exactly one shard";

const std::vector<Case> kSlots{
    {"NoSharding",
     kTwoShards,
     {"f:3:1: error: database \"shop\" has several shards and no [database.sharding]\n  hint: add [database.sharding] "
      "with map = { SHARD = \"0-8191\", … }"}},
    {"NoMap", kTwoShards + "[database.sharding]\n", {"f:8:1: error: database.sharding: \"map\" is missing"}},
    {"Missing",
     kTwoShards + "[database.sharding]\nmap = { a = \"1-8191\", b = \"8193-9000,9002-16000\" }\n",
     {std::string("f:9:7: error: sharding.map: slots 0,8192,9001,16001-16383 belong to no shard") + kAll}},
    {"OneMissing",
     kTwoShards + "[database.sharding]\nmap = { a = \"0-8191\", b = \"8192-16382\" }\n",
     {std::string("f:9:7: error: sharding.map: slot 16383 belongs to no shard") + kAll}},
    {"Overlap",
     kTwoShards + "[database.sharding]\nmap = { a = \"0-8191\", b = [\"8000-16383\", \"5\"] }\n",
     {std::string("f:9:27: error: sharding.map: slot 5 belongs to \"a\" and to \"b\"") + kEachOnce,
      std::string("f:9:27: error: sharding.map: slots 8000-8191 belong to \"a\" and to \"b\"") + kEachOnce}},
    {"OverlapInside",
     kTwoShards + "[database.sharding]\nmap = { a = \"0-100\", b = \"10-20,30-16383\" }\n",
     {std::string("f:9:26: error: sharding.map: slots 10-20 belong to \"a\" and to \"b\"") + kEachOnce,
      std::string("f:9:26: error: sharding.map: slots 30-100 belong to \"a\" and to \"b\"") + kEachOnce}},
    {"TwiceTheSame",
     kTwoShards + "[database.sharding]\nmap = { a = \"0-8191,7-8\", b = \"8192-16383\" }\n",
     {std::string("f:9:13: error: sharding.map: slots 7-8 belong twice to \"a\"") + kEachOnce}},
    {"BeyondTheEnd",
     kTwoShards + "[database.sharding]\nmap = { a = \"0-8191\", b = \"8192-16384\" }\n",
     {"f:9:27: error: sharding.map: \"b\" claims 8192-16384 of 16384 slots\n  hint: slots count from 0 to 16383"}},
    {"NotSlots",
     kTwoShards + "[database.sharding]\nmap = { a = \"0..8191\", b = \"9-8\" }\n",
     {"f:9:13: error: database.sharding.map.a: \"0..8191\" is not a list of slots\n  hint: write \"0-8191\", "
      "\"0-99,200-299\" or \"5\"",
      "f:9:28: error: database.sharding.map.b: \"9-8\" is not a list of slots\n  hint: write \"0-8191\", "
      "\"0-99,200-299\" or \"5\""}},
    {"NotAPowerOfTwo",
     kTwoShards + "[database.sharding]\nslots = 1000\nmap = { a = \"0-499\", b = \"500-999\" }\n",
     {"f:9:9: error: sharding.slots: 1000 is not a power of two\n  hint: for example 1024, 4096 or 16384 (the "
      "default)"}},
    {"UnknownShards",
     kTwoShards + "[database.sharding]\nmap = { a = \"0-8191\", c = \"8192-16383\" }\nhome = \"d\"\nunlisted_tables = "
                  "\"single:e\"\n",
     {"f:9:23: error: sharding.map: \"c\" is not a shard of this database\n  hint: the shards are a or b",
      "f:10:8: error: sharding.home: \"d\" is not a shard of this database\n  hint: the shards are a or b",
      "f:11:19: error: sharding.unlisted_tables: \"e\" is not a shard of this database\n  hint: the shards are a or "
      "b"}},
    {"UnlistedWord",
     kSharded + "unlisted_tables = \"allow\"\n",
     {"f:10:19: error: sharding.unlisted_tables: \"allow\" is not known here\n  hint: one of \"refuse\", "
      "\"single:SHARD\" or \"reference\""}},
};
INSTANTIATE_TEST_SUITE_P(Slots, RefusedDatabase, testing::ValuesIn(kSlots), name_of_case);

std::string table(const std::string& members) { return kSharded + "[[database.table]]\n" + members; }
constexpr char kKeyTypes[] = "\n  hint: a shard key is bigint, integer, smallint, text, varchar or uuid";

const std::vector<Case> kTables{
    {"WithoutKeyAndType",
     table("name = \"t\"\n"),
     {"f:10:1: error: table \"t\" is sharded and has no key\n  hint: for example key = \"customer_id\" and type = "
      "\"bigint\"",
      "f:10:1: error: table \"t\" is sharded and has no type of its key\n  hint: for example key = \"customer_id\" and "
      "type = \"bigint\""}},
    {"UnknownType",
     table("name = \"t\"\nkey = \"k\"\ntype = \"bigit\"\n"),
     {std::string("f:13:8: error: table \"t\": \"bigit\" is not a type a shard key can have") + kKeyTypes}},
    {"PaddedType",
     table("name = \"t\"\nkey = \"k\"\ntype = \"Character(10)\"\n"),
     {std::string(
          "f:13:8: error: table \"t\": \"Character(10)\" cannot be a shard key's type: spaces at its end do not "
          "count when it is compared, so one key would have several hashes") +
      kKeyTypes}},
    {"Numeric",
     table("name = \"t\"\nkey = \"k\"\ntype = \"numeric\"\n"),
     {std::string("f:13:8: error: table \"t\": \"numeric\" cannot be a shard key's type: 1.0 and 1.00 are one key with "
                  "several spellings, which are not hashed alike here") +
      kKeyTypes}},
    {"Serial",
     table("name = \"t\"\nkey = \"k\"\ntype = \"bigserial\"\n"),
     {"f:13:8: error: table \"t\": \"bigserial\" is not a type but a default\n  hint: a bigserial column is a bigint, "
      "a "
      "serial one an integer, a smallserial one a smallint"}},
    {"SameNameOnceFolded",
     table("name = \"Orders\"\nkind = \"reference\"\n[[database.table]]\nname = \"public.orders\"\nkind = "
           "\"reference\"\n"),
     {"f:14:8: error: table \"public.orders\" is there twice\n  hint: remove one of the two [[database.table]]"}},
    {"NoName",
     table("name = \"a.b.c\"\nkind = \"reference\"\n"),
     {"f:11:8: error: \"a.b.c\" is not a table's name\n  hint: write \"table\" or \"schema.table\"; names with "
      "capitals "
      "or signs in quotes: 'public.\"Orders\"'"}},
    {"ServersOwn",
     table("name = \"pg_catalog.pg_class\"\nkind = \"reference\"\n"),
     {"f:11:8: error: table \"pg_catalog.pg_class\" belongs to the server itself\n  hint: list only tables of your "
      "own"}},
    {"SingleWithoutShard",
     table("name = \"t\"\nkind = \"single\"\n"),
     {"f:10:1: error: table \"t\" is single and has no shard\n  hint: add shard = \"…\": where its rows are"}},
    {"SingleOnAnUnknownShard",
     table("name = \"t\"\nkind = \"single\"\nshard = \"aa\"\n"),
     {"f:13:9: error: table \"t\": \"aa\" is not a shard of this database\n  hint: did you mean \"a\"?"}},
    {"ReferenceWithAKey",
     table("name = \"t\"\nkind = \"reference\"\nkey = \"k\"\n"),
     {"f:13:7: error: table \"t\" is a reference table: it has no key\n  hint: remove key, or change kind"}},
};
INSTANTIATE_TEST_SUITE_P(Tables, RefusedDatabase, testing::ValuesIn(kTables), name_of_case);

TEST(Sharding, SeveralShardsWithoutTheControlLaneAreAWarning) {
  std::string text = kSharded;
  const std::string control = "control = { user = \"watch\" }\n";
  text.erase(text.find(control), control.size());
  EXPECT_THAT(problems(text), ElementsAre(testing::StartsWith("f:3:1: warning: database \"shop\" has several shards")));
  EXPECT_NE(load_text("f", text).config, nullptr);
}

TEST(Sharding, EveryProblemOfAFileIsReportedAtOnceInItsOrder) {
  const std::string text = R"([shardway]
worker = 1
login_timeout = 10
[[listen]]
address = "nowhere"
[[user]]
name = "app"
[[database]]
name = "shop"
[[database.shard]]
name = "a"
nodes = ["h:1"]
[[database.shard]]
name = "b"
nodes = ["h:2", "h:2"]
[database.sharding]
map = { a = "0-99", c = "200-16383" }
[[database.table]]
name = "t"
)";
  std::vector<std::string> places;
  for (const Diagnostic& d : load_text("f", text).diagnostics)
    places.push_back(std::to_string(d.line) + ":" + std::to_string(d.column));
  EXPECT_THAT(places,
              ElementsAre("2:1", "3:17", "5:11", "6:1", "8:1", "15:9", "15:17", "17:7", "17:21", "18:1", "18:1"));
}

TEST(Sharding, TopologyIsWhatTheWordsMean) {
  const Loaded loaded = load_text("f", kTwoShards + R"toml([database.sharding]
slots = 16
map = { b = ["0-3", "5"], a = "4,6-15" }
home = "b"
unlisted_tables = "single:b"
[[database.table]]
name = 'Sales."Orders"'
key = "Customer_Id"
type = "varchar(20)"
[[database.table]]
name = "log"
kind = "single"
shard = "b"
)toml");
  ASSERT_NE(loaded.config, nullptr);
  const router::Topology& topology = loaded.config->database("shop")->topology;
  EXPECT_THAT(topology.shards, ElementsAre("a", "b"));
  EXPECT_EQ(topology.database, "shop");
  EXPECT_EQ(topology.home, 1);
  EXPECT_EQ(topology.unlisted, router::Unlisted::kSingle);
  EXPECT_EQ(topology.unlisted_shard, 1);
  std::string owners;
  for (std::uint32_t slot = 0; slot < topology.map.slots(); ++slot) owners += topology.map.owner(slot) == 0 ? 'a' : 'b';
  EXPECT_EQ(owners, "bbbbabaaaaaaaaaa");
  const router::Table* orders = topology.tables.find("sales", "Orders");
  ASSERT_NE(orders, nullptr);
  EXPECT_EQ(orders->key, "customer_id");
  EXPECT_EQ(orders->key_type, router::KeyType::kText);
  const router::Table* log = topology.tables.find("public", "log");
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(log->kind, router::TableKind::kSingle);
  EXPECT_EQ(log->shard, 1);
}

TEST(Sharding, OneShardNeedsNoMapAndOwnsEverySlot) {
  const Loaded loaded = load_text("f", kHouse);
  ASSERT_NE(loaded.config, nullptr);
  const router::Topology& topology = loaded.config->database("shop")->topology;
  EXPECT_EQ(topology.map.slots(), 16384u);
  EXPECT_EQ(topology.map.owner(16383), 0);
  EXPECT_FALSE(topology.sharded());
}

}  // namespace
}  // namespace shardway::proxy::config
