// What a statement leaves behind that no session tracking shows, by its words.
#include "proxy/mysql/traces.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy::mysql {
namespace {

using router::PinReason;

TEST(Traces, WhatPins) {
  for (const auto& [sql, reason] : std::vector<std::pair<const char*, PinReason>>{
           {"SELECT GET_LOCK('a', 1)", PinReason::kAdvisoryLock},
           {"select 1 + get_lock ('a', 1) from t", PinReason::kAdvisoryLock},
           {"HANDLER t OPEN", PinReason::kUninspected},
           {"XA START 'a'", PinReason::kUninspected},
           {"CALL p()", PinReason::kUninspected},
           {"SET @a = 1 + 1", PinReason::kComputedSetting},
           {"SET @a = NULL", PinReason::kComputedSetting},
           {"SET @a = 1, @b = now()", PinReason::kComputedSetting},
           {"SET @a = 'it''s'", PinReason::kComputedSetting},
           {"SET @a = 'a' 'b'", PinReason::kComputedSetting},
           {"SET @a = 1; SET @b = 2", PinReason::kComputedSetting},
           {"SET @`a` = 1", PinReason::kComputedSetting},
           {"SET @a = 1 /* a */", PinReason::kComputedSetting},
           {"SET time_zone = '+01:00', @a = 1", PinReason::kComputedSetting},
           {"SELECT @a := 1", PinReason::kComputedSetting},
           {"SELECT b INTO @a FROM t", PinReason::kComputedSetting},
           {"SET TRANSACTION READ ONLY", PinReason::kComputedSetting},
           {"FLUSH TABLES WITH READ LOCK", PinReason::kTableLock},
           {"BACKUP STAGE START", PinReason::kTableLock},
           {"BACKUP LOCK t", PinReason::kTableLock},
           {"LOCK INSTANCE FOR BACKUP", PinReason::kTableLock},
           {"SET timestamp = 5", PinReason::kComputedSetting},
           {"UPDATE t SET a = 1; SET @@rand_seed1 = 5", PinReason::kComputedSetting},
           {"UPDATE t SET a = (@a := 1)", PinReason::kComputedSetting},
           {"SET gtid_next = 'AUTOMATIC'", PinReason::kComputedSetting},
           {"SELECT LAST_INSERT_ID(5)", PinReason::kComputedSetting},
           {"SET last_insert_id = 5", PinReason::kComputedSetting},
           {"SET @@session.identity = LAST_INSERT_ID()", PinReason::kComputedSetting},
           {"UPDATE t SET a = LAST_INSERT_ID( a + 1 )", PinReason::kComputedSetting},
           {"SET session_track_schema = 0", PinReason::kUninspected},
           {"SET STATEMENT a = 1 FOR SELECT 1; SET time_zone = '+01:00'", PinReason::kUninspected},
       })
    EXPECT_EQ(traces_of(sql).pins, reason) << sql;
}

TEST(Traces, WhatDoesNot) {
  for (const char* sql : {"SELECT 1", "SELECT @@version", "SELECT @a", "SET NAMES utf8mb4", "SET autocommit = 0",
                          "SET SESSION TRANSACTION READ ONLY", "SET @@session.sql_mode = ''", "SELECT timestamp FROM t",
                          "INSERT INTO t VALUES (LAST_INSERT_ID())", "UPDATE t SET a = LAST_INSERT_ID() WHERE b = 1",
                          "UPDATE t SET a = @@version", "INSERT INTO t SET a = @@port", "UPDATE t SET timestamp = 5",
                          "SELECT blockade, handlers, caller FROM t", "START TRANSACTION", "SELECT 'a@b.org'"})
    EXPECT_EQ(traces_of(sql).pins, PinReason::kNone) << sql;
}

TEST(Traces, Transactions) {
  for (const char* sql : {"BEGIN", "/* a */ begin work", "START TRANSACTION READ ONLY", "SELECT 1; BEGIN",
                          "SET autocommit = 0", "SET @@autocommit=OFF", "SET time_zone = 'UTC', autocommit = @x",
                          "COMMIT AND CHAIN", "XA START 'a'", "XA BEGIN 'a'"})
    EXPECT_TRUE(traces_of(sql).begins_transaction) << sql;
  for (const char* sql : {"SET autocommit = 1", "SET autocommit=ON", "SET SESSION autocommit = 'on'",
                          "COMMIT AND NO CHAIN", "BEGIN NOT ATOMIC SELECT 1; END", "SELECT start, begin FROM t",
                          "SELECT @@autocommit", "SELECT 'BEGIN'", "XA RECOVER", "SET a = @@autocommit"})
    EXPECT_FALSE(traces_of(sql).begins_transaction) << sql;
}

TEST(Traces, CommentsHideNothing) {
  for (const char* sql :
       {"/* a */ KILL 5", "-- a\nKILL QUERY 5", "# a\nkill 5", "SELECT 1; KILL 5", "/*!50000 KILL 5 */"})
    EXPECT_TRUE(traces_of(sql).kills) << sql;
  EXPECT_FALSE(traces_of("SELECT kill FROM t -- ; kill 5").kills);
  EXPECT_TRUE(traces_of("/* a */ SAVEPOINT b").saves);
  EXPECT_TRUE(traces_of("COMMIT AND CHAIN").ends_transaction);
  EXPECT_TRUE(traces_of("insert into t values (1); rollback work").ends_transaction);
  EXPECT_FALSE(traces_of("ROLLBACK WORK TO SAVEPOINT a").ends_transaction);
  EXPECT_FALSE(traces_of("SELECT 'COMMIT'").ends_transaction);
  EXPECT_TRUE(traces_of("/* a */ COMMIT RELEASE").releases);
}

TEST(Traces, ALaterStatementAsksAboutItsOwnText) {
  EXPECT_FALSE(traces_of("UPDATE t SET a = 1; SELECT ROW_COUNT()").asks_about_last);
  EXPECT_TRUE(traces_of("SELECT ROW_COUNT(); UPDATE t SET a = 1").asks_about_last);
}

TEST(Traces, ConstantsAreCarried) {
  const auto traces = traces_of("set @A = 5 , @b:='x y',@c1=-7 ; ");
  EXPECT_EQ(traces.pins, PinReason::kNone);
  EXPECT_EQ(traces.user_variables, (UserVariables{{"a", "5"}, {"b", "'x y'"}, {"c1", "-7"}}));
  EXPECT_TRUE(traces_of("SELECT @a, 'set @a = 1'").user_variables.empty());
}

TEST(Traces, TextInALiteralDoesNot) {
  for (const char* sql : {"INSERT INTO t VALUES ('a@b.org')", "UPDATE t SET a = 'a@b.org' WHERE b = 'call me'",
                          "INSERT INTO t VALUES ('it\\'s a@b.org', 'xa', '')", "UPDATE t SET a = 'O''Hara a@b.org'",
                          "UPDATE t SET a = 'x\\\\' -- it's\n, b = 'a@b.org'", "/* it's */ UPDATE t SET a = '@a'",
                          "UPDATE `it's` SET `a'b` = '@a'", "UPDATE t SET a = \"it's\", b = '@a' # it's",
                          "INSERT INTO t VALUES (_binary'\xff@\\\'@')", "UPDATE t SET a = 5--'@a'"})
    EXPECT_EQ(traces_of(sql).pins, PinReason::kNone) << sql;
}

TEST(Traces, WhatIsNotCertainlyInALiteralDoes) {
  const Quoting plain{false, false}, gbk{true, true};
  EXPECT_EQ(traces_of("UPDATE t SET a = '\\', b = @a := '", plain).pins, PinReason::kComputedSetting);
  EXPECT_EQ(traces_of("UPDATE t SET a = '\x81\\', b = @a := '", gbk).pins, PinReason::kComputedSetting);
  for (const char* sql :
       {"EXECUTE IMMEDIATE 'CALL p()'", "PREPARE s FROM 'CALL p()'", "SET a = 'a@b.org",
        "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT '\\' , GET_LOCK('a', 1)", "/*!99999 it's */ CALL p() /* ' */",
        "/*M!99999 it's */ CALL p() /* ' */", "-- it's\nCALL p() -- '", "SELECT \"\\\", '\", GET_LOCK('a', 1)",
        "SELECT \"'\", GET_LOCK(\"'\", 1)", "SELECT `'`, GET_LOCK('a', 1)", "# '\nCALL p() # '"})
    EXPECT_NE(traces_of(sql).pins, PinReason::kNone) << sql;
}

TEST(Traces, WhatNoResetTakesAway) {
  for (const char* sql : {"SET ROLE reader", "set role none", "SET ROLE a; SET @a = 1", "SET RESOURCE GROUP g"})
    EXPECT_TRUE(traces_of(sql).outlives_reset) << sql;
  EXPECT_EQ(traces_of("SET ROLE reader").pins, PinReason::kRole);
  for (const char* sql :
       {"UPDATE t SET role = 'x'", "SELECT role FROM t", "LOCK TABLES t READ", "SET DEFAULT ROLE a TO b", "SET @a = 1"})
    EXPECT_FALSE(traces_of(sql).outlives_reset) << sql;
}

TEST(Traces, WhatAsksAboutTheStatementBefore) {
  EXPECT_TRUE(traces_of("SELECT LAST_INSERT_ID()").asks_for_insert_id_only);
  EXPECT_TRUE(traces_of("SELECT @@identity").asks_for_insert_id_only);
  EXPECT_FALSE(traces_of("SELECT LAST_INSERT_ID(), ROW_COUNT()").asks_for_insert_id_only);
  for (const char* sql : {"SELECT ROW_COUNT()", "select found_rows()", "SHOW WARNINGS LIMIT 1", "SHOW COUNT(*) ERRORS",
                          "SELECT @@warning_count", "GET DIAGNOSTICS @n = NUMBER"})
    EXPECT_TRUE(traces_of(sql).asks_about_last) << sql;
  EXPECT_FALSE(traces_of("SELECT 1").asks_about_last);
}

TEST(Traces, WhatTheLastInsertStandsFor) {
  for (const char* sql : {"SET sql_auto_is_null = 1", "set @@session.SQL_AUTO_IS_NULL=on, a = 1"})
    EXPECT_EQ(traces_of(sql).pins, PinReason::kComputedSetting) << sql;
  for (const char* sql : {"SET SQL_AUTO_IS_NULL = 0", "SET sql_auto_is_null=OFF", "SELECT @@sql_auto_is_null"})
    EXPECT_EQ(traces_of(sql).pins, PinReason::kNone) << sql;
}

TEST(Traces, WhatAsksBehindOthersOfItsText) {
  for (const char* sql : {"DO 0; SHOW WARNINGS", "SELECT 1; SELECT @@error_count", "SELECT 1 FROM dual; SHOW ERRORS",
                          "BEGIN; SELECT TRIM('x' FROM 'xy'); SHOW WARNINGS", "SET @a = 1; SELECT FOUND_ROWS()"}) {
    EXPECT_TRUE(traces_of(sql).asks_about_last) << sql;
    EXPECT_TRUE(traces_of(sql).asks_later) << sql;
  }
  EXPECT_FALSE(traces_of("SHOW WARNINGS; DO 0; SHOW WARNINGS").asks_later);
  for (const char* sql : {"INSERT INTO t VALUES (1); SHOW WARNINGS", "SELECT a FROM t; DO 0; SHOW WARNINGS",
                          "DO 0; SELECT ROW_COUNT()", "SELECT 1; SELECT FOUND_ROWS()"})
    EXPECT_FALSE(traces_of(sql).asks_about_last) << sql;
}

TEST(Traces, VariablesOfOneStatement) {
  EXPECT_TRUE(traces_of("SET STATEMENT max_statement_time = 1 FOR SELECT 1").sets_for_statement);
  EXPECT_TRUE(traces_of("SELECT a FROM t FOR UPDATE NOWAIT").sets_for_statement);
  EXPECT_TRUE(traces_of("ALTER TABLE t WAIT 5 ADD b int").sets_for_statement);
  EXPECT_FALSE(traces_of("SET max_statement_time = 1").sets_for_statement);
  EXPECT_FALSE(traces_of("SELECT wait FROM t").sets_for_statement);
  EXPECT_EQ(traces_of("SELECT a FROM t FOR UPDATE NOWAIT;").pins, PinReason::kNone);
  EXPECT_EQ(traces_of("SELECT a FROM t FOR UPDATE NOWAIT; SELECT 1").pins, PinReason::kUninspected);
}

TEST(Traces, WhereNumbersComeFrom) {
  for (const char* sql :
       {"SET insert_id = 5", "SET @@auto_increment_offset = 2", "set session AUTO_INCREMENT_INCREMENT=2",
        "SET STATEMENT auto_increment_increment = 1 FOR INSERT INTO t VALUES (1)"})
    EXPECT_TRUE(traces_of(sql).sets_numbers) << sql;
  for (const char* sql : {"SELECT @@auto_increment_offset", "SET time_zone = '+01:00'", "SELECT @@insert_id"})
    EXPECT_FALSE(traces_of(sql).sets_numbers) << sql;
}

TEST(Traces, Kill) {
  EXPECT_TRUE(traces_of("kill query 5").kills);
  EXPECT_FALSE(traces_of("SELECT kill FROM t").kills);
}

TEST(Traces, WhatNoTrackerShows) {
  EXPECT_EQ(traces_of("SET NAMES 'utf8mb4' COLLATE \"utf8mb4_bin\"").collation, "utf8mb4_bin");
  EXPECT_EQ(traces_of("set names latin1").collation, "");
  EXPECT_EQ(traces_of("SELECT a COLLATE utf8mb4_bin FROM names").collation, "") << "no SET";
  EXPECT_TRUE(traces_of("COMMIT RELEASE").releases && traces_of("rollback work and no chain release").releases);
  EXPECT_FALSE(traces_of("COMMIT NO RELEASE").releases || traces_of("RELEASE SAVEPOINT commit").releases);
  EXPECT_TRUE(traces_of("select @@in_transaction").asks_about_transaction);
  EXPECT_EQ(traces_of("CREATE TEMPORARY TABLE t LIKE u").pins, PinReason::kTemporaryTable);
  EXPECT_EQ(traces_of("SET CHARACTER SET utf8").pins, PinReason::kComputedSetting);
  EXPECT_EQ(traces_of("SET character_set_results = NULL").pins, PinReason::kNone);
}

}  // namespace
}  // namespace shardway::proxy::mysql
