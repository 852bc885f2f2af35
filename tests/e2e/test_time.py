"""A transaction has one time: now() and its like say the same on every shard it goes to, as on one server."""
import re
import time

from support import shardway
from support.cutter import Cutter
from wire import COPY_DONE, SYNC, bind, copy_data, describe, execute, parse, query, run
from wire_case import WireCase

STAMP = re.compile(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)?)?")


def labelled(transcript):
    """Each time in it by the number of its first appearance: T1, T2, …"""
    seen = []

    def label(match):
        if match.group(0) not in seen:
            seen.append(match.group(0))
        return f"T{seen.index(match.group(0)) + 1}"
    return [STAMP.sub(label, line) for line in transcript]


class Time(WireCase):
    schema = WireCase.schema + "create table stamps(id bigint primary key, at timestamptz, note text);" \
                                   "create table visits(id bigint primary key, at timestamptz default now(), due timestamp default (current_timestamp(3) + interval '1 day'));"
    tables = [*WireCase.tables, {"name": "stamps", "key": "id", "type": "bigint"}, {"name": "visits", "key": "id", "type": "bigint"}]

    def fill(self):
        super().fill()
        for connection in self.fillers:
            connection.execute("delete from stamps; delete from visits")

    def talk(self, *statements):
        """The conversation, with time going by between the statements."""
        def conversation(wire):
            heard = []
            for sql in statements:
                heard += wire.sql(sql.format(here=self.here, there=self.there, here_too=self.here_too, there_too=self.there_too))
                time.sleep(0.002)
            return labelled(heard)
        heard = self.same(conversation)
        self.assertEqual(self.errors_in(heard), [])
        return heard

    def test_now_on_a_second_shard(self):
        heard = self.talk("begin", "select now() from items where id = {here}", "select now() from items where id = {there}",
                          "select now(), current_timestamp, transaction_timestamp() as t from items where id = {there}",
                          "select now() from items where id = {here}", "commit", "select now() from items where id = {there}")
        self.assertEqual([line for line in heard if line.startswith("D")], ["D T1", "D T1", "D T1|T1|T1", "D T1", "D T2"], heard)

    def test_a_name_written_otherwise_and_a_call_that_is_none(self):
        heard = self.talk("begin", "select now() from items where id = {here}", "select U&\"n\\006Fw\"() from items where id = {there}",
                          "select \"now\"() as a, pg_catalog . \"now\" ( ), 1 from items where id = {there}", "commit")
        self.assertEqual([line for line in heard if line.startswith("D")], ["D T1", "D T1", "D T1|T1|1"], heard)
        for key in ("{here}", "{there}"):
            self.same(lambda wire, key=key.format(here=self.here, there=self.there): wire.sql("begin") + labelled(wire.sql(f"select now() from items where id = {self.here}")) + wire.sql(f"select now(1) from items where id = {key}") + wire.sql("rollback"))
        self.same(lambda wire: self.errors_in(wire.sql(f"select now(1), id from items where id in ({self.here}, {self.there})")))

    def test_rows_written_on_both_have_one_time(self):
        heard = self.talk("begin", "insert into stamps values ({here}, now())", "insert into stamps values ({there}, now()) returning now()",
                          "update stamps set at = current_timestamp, note = localtimestamp::text where id = {there} returning at = now()",
                          "commit", "select at from stamps where id = {here}", "select at from stamps where id = {there}")
        self.assertEqual([line for line in heard if line.startswith("D")], ["D T1", "D t", "D T1", "D T1"], heard)

    def test_what_defaults_say(self):
        heard = self.talk("begin", "insert into visits (id) values ({here}) returning at, due - interval '1 day' = now()::timestamp(3), now()", "insert into visits values ({there}) returning at, due - interval '1 day' = now()::timestamp(3), now()",
                          "insert into visits (due, id) values (null, {there_too}) returning at", "commit", "insert into visits (id) values ({here_too}) returning at")
        rows = [line for line in heard if line.startswith("D")]
        self.assertEqual([*rows[:1], *rows[2:]], [rows[1], "D T1", rows[-1]])
        self.assertNotEqual(rows[-1], "D T1")

    def test_its_like_has_the_same_name_and_type(self):
        clocks = "current_timestamp, current_timestamp(2), current_date = now()::date, current_time, current_time(1), localtime, localtimestamp(0), now()::date = now()"
        heard = self.talk("set timezone to 'America/St_Johns'", "begin", "select " + clocks + " from items where id = {here}",
                          "select " + clocks + " from items where id = {there}", "select n.now from (select now()) n, items where id = {there}",
                          "with n as (select now()) select now from n, items where id = {there}", "commit")
        rows = [line for line in heard if line.startswith("D")]
        self.assertEqual(rows[0], rows[1])

    def test_rows_of_several_shards_first(self):
        heard = self.talk("begin", "select now() as t from items where id in ({here}, {there})", "select now() from items where id = {there}",
                          "select now() from items where id = {here}", "select now() from log", "commit")
        self.assertEqual({line for line in heard if line.startswith("D")}, {"D T1"}, heard)

    def test_rows_of_several_shards_behind_one(self):
        heard = self.talk("begin", "savepoint s", "insert into stamps values ({there}, now())",
                          "select now() from items where id in ({here}, {there})", "rollback to s", "select now() from items where id = {here}", "commit")
        self.assertEqual({line for line in heard if line.startswith("D")}, {"D T1"}, heard)

    def test_each_transaction_of_a_chain_has_its_own(self):
        heard = self.talk("begin", "select now() from items where id = {here}", "select now() from items where id = {there}", "commit and chain",
                          "select now() from items where id = {there}", "select now() from items where id = {here}", "commit")
        self.assertEqual([line for line in heard if line.startswith("D")], ["D T1", "D T1", "D T2", "D T2"], heard)

    def test_a_batch(self):
        heard = self.talk("insert into stamps values ({here}, now()); insert into stamps values ({there}, now()); select 'a;b', now() as t from items"
                          " where id in ({here}, {there}); select at from stamps where id = {here}; select at from stamps where id = {there}",
                          "select 1; select now() as t, id / id from items where id in ({here}, {there})", "; ; select now() as t from items where id in ({here}, {there})")
        self.assertEqual([line for line in heard if line.startswith("D")],
                         ["D a;b|T1", "D a;b|T1", "D T1", "D T1", "D 1", "D T2|1", "D T2|1", "D T3", "D T3"], heard)

    def test_a_cursor(self):
        heard = self.talk("begin", "select now() from items where id = {here}", "declare c cursor for select now() from items where id = {there}",
                          "fetch c", "commit")
        self.assertEqual([line for line in heard if line.startswith("D")], ["D T1", "D T1"], heard)

    def extended(self, *messages):
        """Pipelines, each up to a Sync."""
        def conversation(wire):
            heard = []
            for sent in messages:
                heard += wire.ask(sent)
                time.sleep(0.002)
            return labelled(heard)
        heard = self.same(conversation)
        self.assertEqual(self.errors_in(heard), [])
        return [line for line in heard if line.startswith("D ")]

    def test_prepared_statements(self):
        named = parse("s", "select id / id, now() from items where id = $1", (20,)) + SYNC
        call = lambda key, limit=0: bind("", "s", (str(key),)) + describe("P") + execute("", limit) + SYNC
        self.assertEqual(self.extended(named, run("begin") + SYNC, call(self.here), call(self.there), call(self.there, 1),
                                       run("select now() from items where id = $1", (str(self.there),), (20,)) + SYNC,
                                       run("commit") + SYNC, call(self.there)),
                         ["D 1|T1"] * 3 + ["D T1", "D 1|T2"])

    def test_a_pipeline_is_one_transaction(self):
        one = lambda key: run("select now() from items where id = $1", (str(key),), (20,))
        both = run("select now() as t from items where id in ($1, $2)", (str(self.here), str(self.there)), (20, 20))
        write = lambda key: run("insert into stamps values ($1, now()) returning at", (str(key),), (20,))
        for pipeline in ((one(self.here), one(self.there)), (both, one(self.here)), (one(self.there), both, one(self.here)),
                         (write(self.here), write(self.there), both), (both, write(self.there), write(self.here)),
                         (run("begin"), both, write(self.there), run("commit"))):
            with self.subTest(pipeline=pipeline):
                times = self.extended(b"".join(pipeline) + SYNC, one(self.there) + SYNC)
                self.assertEqual({*times[:-1]}, {"D T1"})
                self.assertEqual(times[-1], "D T2")

    def test_what_no_literal_can_say_is_refused(self):
        for sql in ("select age(at) from stamps where id = {there}", "select * from items, now() where id = {there}",
                    "update visits set (at, due) = (default, default) where id = {there}", "insert into stamps values ({there}, 'now')", "insert into stamps values ({there}, 'today 10:00')"):
            with self.subTest(sql=sql), self.through() as wire:
                wire.sql("begin")
                self.assertEqual(self.errors_in(wire.sql(sql.format(there=self.there))), [])
                wire.sql("rollback")
                wire.sql("begin")
                wire.sql(f"select 1 from items where id = {self.here}")
                heard = wire.sql(sql.format(there=self.there))
                self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"], heard)
                self.assertEqual(wire.sql("rollback")[-1], "Z I")

    def test_a_default_of_the_same_transaction(self):
        """It is not in the catalogue yet, and would say another time on another shard."""
        for key, expected in (self.here, []), (self.there, ["0A000"]):
            with self.subTest(key=key), self.through() as wire:
                wire.sql("begin")
                wire.sql(f"select 1 from items where id = {self.here}")
                self.assertEqual(self.errors_in(wire.sql("alter table stamps alter at set default now()")), [])
                heard = wire.sql(f"insert into stamps (id) values ({key})")
                self.assertEqual([line.split()[2] for line in self.errors_in(heard)], expected, heard)
                wire.sql("rollback")

    def test_a_copy_whose_defaults_would_say_another_time(self):
        with self.through() as wire:
            for key, expected in (self.here, []), (self.there, ["0A000"]):
                wire.sql("begin")
                wire.sql(f"select 1 from items where id = {self.here}")
                wire.send(query("copy visits (id) from stdin"))
                wire.until("G")
                heard = wire.ask(copy_data(f"{key}\n") + COPY_DONE)
                self.assertEqual([line.split()[2] for line in self.errors_in(heard)], expected, heard)
                wire.sql("rollback")

    def test_a_server_that_cannot_be_asked(self):
        """One error, and the session goes on."""
        with Cutter(self.cluster.primaries[0].port) as first:
            database = shardway.sharded_database(self.cluster, self.tables, server_database=self.server_database)
            database["shard"][0]["nodes"] = [first.address]
            with shardway.Proxy({**shardway.base_config(self.cluster), "database": [database]}) as proxy, self.through(proxy=proxy) as wire:
                wire.sql("begin")
                wire.sql(f"select 1 from items where id = {self.here}")
                first.arm(b"pg_catalog.to_char")
                heard = wire.sql(f"insert into stamps values ({self.there}, now())")
                self.assertEqual(len(self.errors_in(heard)), 1, heard)
                self.assertEqual(heard[-1], "Z E")
                self.assertEqual([line for line in wire.sql("rollback") if line[0] in "CZE"], ["C ROLLBACK", "Z I"], heard)
