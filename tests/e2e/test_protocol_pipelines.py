"""Pipelines and batches in odd orders: what a server makes of them, and that nothing is left hanging behind."""
import threading
import time

from support import shardway
from support.servers import wait_until
from wire import COPY_DONE, FLUSH, SYNC, WireClosed, bind, close, copy_data, describe, execute, message, parse, query, run
from wire_case import SCHEMA, WireCase


class Pipelines(WireCase):
    schema = SCHEMA
    pool = {"size": 1, "queue_timeout": "5s"}

    def talk(self, *steps, **how):
        """Texts are simple Queries; bytes are sent as they are, up to one ReadyForQuery."""
        def conversation(wire):
            return [line for step in steps for line in (wire.sql(step) if isinstance(step, str) else wire.ask(step))]
        return self.same(conversation, **how)

    @staticmethod
    def executed(sql, *limits):
        return parse("", sql) + bind() + b"".join(execute("", limit) for limit in limits) + SYNC

    def test_a_portal_runs_once(self):
        both = f"select id from items where id in ({self.here}, {self.there})"
        self.talk("insert into countries values ('z', 'z')", self.executed("update countries set name = name || '1'", 0, 0), "select * from countries")
        self.talk(self.executed("insert into countries values ('z', 'z') on conflict do nothing", 0, 0), "select * from countries")
        self.talk(self.executed("set work_mem = '5MB'", 0, 0), self.executed("begin", 0, 0), "rollback")
        self.talk("begin", self.executed("savepoint a", 0, 0), "rollback", self.executed("show work_mem", 0, 0))
        heard = self.talk(self.executed(both + " and id > 0", 0, 0), databases=("plain",))
        for limits in ((0, 0), (1, 0, 0), (2, 1), (5, 0)):
            with self.through() as wire:
                heard = wire.ask(self.executed(both, *limits))
                self.assertEqual(sorted(line for line in heard if line[0] == "D"), sorted(f"D {key}" for key in (self.here, self.there)), heard)

    def test_the_end_of_a_transaction_in_a_pipeline(self):
        update, note = run(f"update items set note = 'piped' where id = {self.here}"), f"select note from items where id = {self.here}"
        for end in ("commit", "rollback"):
            for behind in ("select 1/0", "select 1", f"update items set note = 'more' where id = {self.there}"):
                self.talk(update + run(end) + run(behind) + SYNC, note)
            self.talk(update + run("begin") + run(end) + run("select 1/0") + SYNC, note)
            self.talk(f"update items set note = 'piped' where id = {self.here}; {end}; select 1", note)

    def test_modes_of_a_begin_behind_other_statements(self):
        for before in ("set work_mem = '5MB'", f"select 1 from items where id = {self.here}", "begin"):
            for modes in ("read only", "isolation level serializable", "isolation level repeatable read, read only -- or not", "", "read write"):
                begin = f"begin {modes}"
                self.talk(f"{before}; {begin}", "show transaction_isolation", f"update items set note = 'x' where id = {self.here}", "rollback")
                self.talk(run(before) + run(begin) + SYNC, "show transaction_read_only", f"update items set note = 'x' where id = {self.here}", "rollback")
        self.talk("start transaction", "begin read only", f"delete from items where id = {self.here}", "rollback")
        self.talk(run("begin; -- x") + SYNC, "rollback")

    def test_set_transaction_at_the_beginning_of_a_batch(self):
        self.talk(f"set transaction isolation level serializable; show transaction_isolation; select id from items where id = {self.here}")
        self.talk(f"set transaction read only; delete from items where id = {self.here}")
        self.talk("begin isolation level repeatable read", "set transaction snapshot '00000003-0000001B-1'", "select 1", "rollback", databases=("plain",))
        with self.through() as wire:
            wire.sql("begin isolation level repeatable read")
            self.assertEqual(self.errors_in(wire.sql("set transaction snapshot '00000003-0000001B-1'"))[0].split()[2], "0A000")

    def test_messages_that_have_no_place_in_a_copy(self):
        for sent in (query("select 1"), parse("", "select 1") + SYNC, bind(), describe("S"), execute(), close("S"), message("F")):
            def conversation(wire, sent=sent):
                wire.send(query("copy log from stdin"))
                heard = wire.until("G")
                wire.send(copy_data("1\tx\n") + sent)
                return heard + wire.rest()
            heard = self.same(conversation)
            self.assertEqual([line.split()[1] for line in self.errors_in(heard)], ["ERROR", "FATAL"], heard)
        self.talk("select * from log")

    def test_copy_to_stdout_in_a_batch(self):
        self.talk("insert into log values (1, 'x')", "copy log to stdout; set work_mem = '5MB'; commit", "copy log to stdout; deallocate nothing",
                  f"select 1 from items where id = {self.there}; copy (select repeat('x', 300000)) to stdout; select 1 from items where id = {self.here}")

    def test_a_parse_that_is_skipped(self):
        """It takes nothing from the statements that are there, on this connection or on another."""
        text = "select 10/(id-1) from items where id = 1"
        self.talk(run(text, name="n") + run(text) + SYNC, run("select 7") + SYNC, bind("", "n") + execute() + SYNC, bind("", "n") + execute() + SYNC)
        for database in ("plain", "shop"):
            for _ in range(3):
                with self.through(database) as wire:
                    self.assertEqual([line.split()[2] for line in self.errors_in(wire.ask(run(text, name="x") + SYNC))], ["22012"])
        failing = run("select 1/0", name="a")
        self.talk(parse("", "select 5") + SYNC, failing + parse("", "select 6") + SYNC, bind() + execute() + SYNC)
        self.talk(parse("", "select 5") + parse("b", "select 8") + failing + parse("", "select 6") + parse("", "select 7") + SYNC, bind() + execute() + SYNC)
        self.talk(parse("", "select 5") + SYNC, parse("", "select nothing") + SYNC, bind() + execute() + SYNC)

    def test_what_a_transaction_that_failed_here_takes(self):
        nobody = describe("P", "nobody") + SYNC
        update = f"update items set note = 'lost' where id = {self.here}"
        for first in (update, "select 1"):
            self.talk("begin", first, nobody, f"commit; {update}", f"select note from items where id = {self.here}")
            self.talk("begin", first, nobody, f"commit and chain; {update}; commit", f"select note from items where id = {self.here}")
        self.talk("begin", nobody, "begin; release a", "rollback")
        self.talk("begin", run("select 1", name="s", portal="p") + SYNC, nobody, close("P", "p") + SYNC, run("-- nothing") + SYNC,
                  parse("s", "select 2") + SYNC, "rollback")

    def test_messages_that_cannot_be_read(self):
        for sent in (parse("", "select 1") + bind("", "", [], (1, 1)) + SYNC, describe("X", "a") + SYNC, message("B", b"abc") + SYNC,
                     parse("", "") + bind("", "", ["1"]) + SYNC, parse("", "begin") + bind("", "", ["1"]) + execute() + SYNC):
            def conversation(wire, sent=sent):
                return [" ".join(line.split()[:3]) for line in wire.ask(sent)] + wire.sql("select 1")
            self.same(conversation)

    def test_a_client_that_vanishes_behind_a_big_result(self):
        both = f"id in ({self.here}, {self.there})"
        for database, sql in (("plain", "begin; select repeat('x', 1000000) from generate_series(1, 100)"), ("shop", f"select repeat('x', 30000000) from items where {both}"),
                              ("plain", "copy (select repeat('x', 1000000) from generate_series(1, 100)) to stdout"),
                              ("shop", f"update items set note = note where id = {self.here} returning repeat('x', 50000000)")):
            for leave in ("close", "abort"):
                with self.subTest(sql=sql, leave=leave):
                    wire = self.through(database)
                    wire.send(query(sql))
                    time.sleep(0.05)
                    getattr(wire, leave)()
                    with self.through(database) as other:
                        self.assertEqual(other.sql(f"select id from items where id = {self.here}")[1], f"D {self.here}")

    def test_what_outlives_an_error(self):
        """A lock of the session and a prepared statement are there, whatever became of the rest: the client keeps its connection."""
        for sql, left in (("select pg_advisory_lock(77); select 1/0", "select pg_try_advisory_lock(77)"), ("prepare left_over as select 1; select 1/0", "execute left_over")):
            with self.through("plain") as wire:
                wire.sql(sql)
                self.assertIn("1" if "execute" in left else "t", wire.sql(left)[1])
            with self.through("plain") as wire:
                wire.sql("begin")
                wire.sql(sql.replace("select 1/0", "rollback"))
                self.assertIn("1" if "execute" in left else "t", wire.sql(left)[1])
            with self.through("plain") as other:
                heard = other.sql(left)
                self.assertTrue(self.errors_in(heard) or heard[1] == "D t", heard)

    def test_what_do_leaves_behind(self):
        for database, hint in (("plain", ""), ("shop", "/* shardway: shard=shop_0 */ ")):
            with self.through(database) as wire:
                self.assertEqual(self.errors_in(wire.sql(hint + "do $$ begin perform set_config('my.left', 'x', false); perform pg_advisory_lock(78); end $$")), [])
            with self.through(database) as other:
                self.assertEqual(other.sql(hint + "select current_setting('my.left', true), (select count(*) from pg_locks where locktype = 'advisory')")[1], "D |0")


class Settings(WireCase):
    """The same text, prepared under other settings, is another statement."""

    def test_two_clients(self):
        sql = "select '01/02/2020'::date from items where id = $1"
        for database in ("plain", "shop"):
            heard = []
            for style in ("ISO, MDY", "ISO, DMY"):
                with self.direct() as wire, self.through(database) as through:
                    for one in (wire, through):
                        one.sql(f"set datestyle = '{style}'")
                        heard.append(one.ask(run(sql, (str(self.here),), name="s") + SYNC))
                    self.assertEqual(heard[-1], heard[-2])
            self.assertNotEqual(heard[0], heard[2])

    def test_a_client_that_changes_its_mind(self):
        for database in ("plain", "shop"):
            with self.through(database) as wire:
                wire.ask(parse("dated", f"select '01/02/2020'::date from items where id = {self.here}") + SYNC)
                wire.ask(parse("plain", f"select 'text' from items where id = {self.here}") + SYNC)
                wire.sql("set datestyle = 'ISO, DMY'")
                self.assertEqual(self.errors_in(wire.ask(bind("", "dated") + execute() + SYNC))[0].split()[2], "0A000")
                self.assertEqual(wire.ask(bind("", "plain") + execute() + SYNC)[1], "D text")
                wire.sql("reset datestyle")
                self.assertEqual(wire.ask(bind("", "dated") + execute() + SYNC)[1], "D 2020-01-02")


class SeveralShards(WireCase):
    def test_behind_a_copy_that_was_refused(self):
        """It had asked for a connection of one shard; what comes next gets one of another."""
        database = shardway.sharded_database(self.cluster, self.tables, server_database=self.server_database)
        with shardway.Proxy({**shardway.base_config(self.cluster), "database": [database]}) as proxy, self.through(proxy=proxy) as wire:
            wire.send(query("copy items (id, note) from stdin"))
            wire.until("G")
            wire.send(copy_data(f"{self.there + 1000}\tx\n") + copy_data(f"{self.here}\tx\n") + copy_data(f"{self.there}\tx\n") + COPY_DONE)
            self.assertEqual(len(self.errors_in(wire.until_ready())), 1)
            self.assertEqual(wire.sql(f"select id from items where id = {self.here}")[1], f"D {self.here}")
            self.assertEqual(wire.sql(f"select id from items where id = {self.there}")[1], f"D {self.there}")

    def test_one_snapshot_has_one_shard(self):
        for begin in ("begin isolation level repeatable read", "begin; set transaction isolation level serializable", "begin; set transaction_isolation = 'repeatable read'",
                      "set default_transaction_isolation = 'serializable'; begin"):
            with self.subTest(begin=begin), self.through() as wire:
                wire.sql(begin)
                self.assertEqual(wire.sql(f"select id from items where id = {self.here}")[1], f"D {self.here}")
                self.assertEqual(self.errors_in(wire.sql(f"select id from items where id = {self.there}"))[0].split()[2], "0A000")
                self.assertEqual(wire.sql("rollback")[-1], "Z I")
                wire.sql("reset all")

    def test_copies_of_a_reference_table_under_many_writers(self):
        """Which rows a statement finds depends on what others do: every copy has to find the same."""
        with self.through() as wire:
            wire.sql("insert into countries values ('x', '0'), ('y', '0')")
        failures = []

        def write(sql):
            with self.through() as wire:
                for _ in range(100):
                    failures.extend(self.errors_in(wire.sql(sql)))
        threads = [threading.Thread(target=write, args=(sql,)) for sql in (
            "update countries set code = case code when 'x' then 'X' else 'x' end where code in ('x', 'X')",
            "update countries set name = (name::int + 1)::text where code = 'x'",
            "update countries set name = (select name from countries where code in ('x', 'X')) where code = 'y'")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(failures, [])
        wait_until(lambda: len({str(rows) for rows in self.on_shards("select * from countries order by code")[:2]}) == 1, 10, "the copies are the same")

    def test_a_write_of_every_copy_that_pushes_a_statement_out(self):
        database = shardway.sharded_database(self.cluster, self.tables, server_database=self.server_database, pool={"size": 2, "max_prepared_statements": 1})
        with shardway.Proxy({**shardway.base_config(self.cluster), "database": [database]}) as proxy, self.through(proxy=proxy) as wire:
            wire.sql("insert into countries values ('x', '0')")
            for number in range(4):
                heard = wire.ask(run(f"update countries set name = '{number}' where code = $1 returning name", ("x",), name=f"s{number}") + SYNC)
                self.assertEqual([line for line in heard if line[0] in "DCE"], [f"D {number}", "C UPDATE 1"], heard)

    def test_columns_that_the_same_transaction_has_renamed(self):
        renames = "alter table items rename note to other; alter table items rename other to note"
        with self.through() as wire:
            for steps in (["begin", *renames.split("; "), f"insert into items values ({self.here + 100}, 'x', 1)"], [renames + f"; insert into items values ({self.here + 100}, 'x', 1)"],
                          ["begin", *renames.split("; "), "copy items from stdin"]):
                heard = [line for step in steps for line in wire.sql(step)]
                self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"], heard)
                wire.sql("rollback")
            heard = [line for step in ("begin", *renames.split("; "), f"insert into items (id, note) values ({self.here + 100}, 'x')", "rollback") for line in wire.sql(step)]
            self.assertEqual(self.errors_in(heard), [])

    def test_portals_of_two_shards_answer_in_order(self):
        ask = "select id from items where id = $1"
        first = parse("", ask, (20,)) + bind("", "", (str(self.there),)) + execute()
        second = parse("s", ask, (20,)) + bind("p", "s", (str(self.here),)) + describe("P", "p") + execute("p")
        for behind in (describe("P"), execute(), close("P")):
            self.same(lambda wire, behind=behind: wire.ask(first + second + behind + SYNC), databases=("plain", "shop"))

    def test_cursors_of_one_name(self):
        with self.through() as wire:
            for sql in ("begin", f"declare c cursor for select id from items where id = {self.here}", f"declare d cursor for select id from items where id = {self.there}"):
                self.assertEqual(self.errors_in(wire.sql(sql)), [])
            self.assertEqual(wire.sql("fetch d")[1], f"D {self.there}")
            wire.sql("close all")
            for name in "cd":
                wire.sql("savepoint s")
                self.assertEqual(self.errors_in(wire.sql(f"fetch {name}"))[0].split()[2], "34000")
                wire.sql("rollback to s")
            wire.sql("rollback")
