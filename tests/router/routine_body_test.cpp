#include "router/routine_body.hpp"

#include <gtest/gtest.h>

namespace shardway::router {
namespace {

TEST(RoutineBody, SaysWhatItLeaves) {
  for (const auto* body :
       {"begin perform set_config('app.user', name, false); end",
        "select set_config('a', 'b', is_local)",
        "SELECT Pg_Catalog.Set_Config('a', (select 'b'), FALSE)",
        "begin perform pg_advisory_lock(1); end",
        "select pg_try_advisory_lock_shared($1)",
        "begin set search_path to x; end",
        "SET work_mem = '4MB'",
        "set session authorization default; select 1",
        "begin if a then set role b; end if; end",
        "begin execute 'set application_name to ' || quote_literal(a); end",
        "begin execute format($q$ set session x.y = %L $q$, a); end",
        "begin listen news; end",
        "begin execute 'listen ' || a; end",
        "begin create temp table t (i int); end",
        "create or replace local temporary view v as select 1",
        "begin create temp table a (i int) on commit drop; create temp table b (i int); end",
        "begin select 1 into temp t; end",
        "begin prepare p as select 1; end",
        "begin reset all; end",
        "begin update pg_settings set setting = a where name = 'x.y'; end",
        "update pg_catalog.pg_settings set setting = a",
        "begin create table pg_temp.t (i int); end",
        "CREATE OR REPLACE FUNCTION public.f(t text)\n RETURNS text\n LANGUAGE sql\nBEGIN ATOMIC\n SELECT "
        "set_config('x.y'::text, f.t, false) AS set_config;\nEND",
        "begin loop discard temp; end loop; end",
        "do $x$ begin execute $$set x.y = 1$$; end $x$"})
    EXPECT_TRUE(leaves_in_session(body)) << body;
}

TEST(RoutineBody, SaysThatItLeavesNothing) {
  for (const auto* body :
       {"begin update t set a = 1; end", "select setting from pg_settings; update t set pg_settings = 1",
        "begin create table t (pg_temp int); end", "begin perform set_config('app.user', name, true); end",
        "select set_config('a', concat('b', f(1)), true)", "begin set local work_mem = '4MB'; end",
        "begin set constraints all deferred; end", "select pg_advisory_xact_lock(1)",
        "begin create temp table t (i int) on commit drop; end", "begin -- set search_path to x\n return 1; end",
        "begin /* ; set a = 1 */ return 'listen'; end", "insert into t values (1) on conflict do update set a = 2",
        "declare load int; begin load := 1; reset = 2; return load; end",
        "begin alter table t set (fillfactor = 50); end", "begin raise notice 'unterminated", "",
        "begin return template; end"})
    EXPECT_FALSE(leaves_in_session(body)) << body;
}

TEST(RoutineBody, NamesWhatItCalls) {
  using Names = std::unordered_set<std::string>;
  EXPECT_EQ(routines_called("begin perform Set_Tenant (1); call app.\"Tidy\"(f(2)); end"),
            (Names{"set_tenant", "tidy", "f"}));
  EXPECT_EQ(routines_called("select set_tenant, 'set_tenant(1)' from t -- set_tenant(1)"), Names{});
}

TEST(RoutineBody, CallsInAStatement) {
  const std::unordered_set<std::string> leaving{"enter"};
  EXPECT_TRUE(leaves_in_session("begin perform enter(); end", leaving));
  EXPECT_EQ(left_by_calls("alter table t add a text default app.enter(1)", leaving), PinReason::kRoutine);
  EXPECT_EQ(left_by_calls("merge into t using enter() on set_config('a', b, c) when matched then delete", leaving),
            PinReason::kComputedSetting);
  EXPECT_EQ(left_by_calls("select set_config('a', 'b', false), pg_advisory_lock(1) into t", leaving),
            PinReason::kAdvisoryLock);
  EXPECT_EQ(left_by_calls("select set_config('a', 'b', true), 'enter()', enter, $$pg_advisory_lock(1)$$", leaving),
            PinReason::kNone);
}

}  // namespace
}  // namespace shardway::router
