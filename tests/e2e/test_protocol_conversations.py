"""Conversations as drivers have them, message for message as with a plain server: simple and extended, split anywhere."""
import struct

from wire import FLUSH, SYNC, bind, close, describe, execute, message, parse, query, run
from wire_case import WireCase

INT8, TEXT = 20, 25


class Splits(WireCase):
    """Any split of the bytes gives the same answers."""

    def conversation(self):
        """The bytes of a whole session after login, and how many ReadyForQuery they earn."""
        parts = [
            query("select 1 as one"),
            query(""),
            query("select note from items where id = 1; select note from items where id = 1"),
            parse("get", "select note, amount from items where id = $1", [INT8]) + describe("S", "get") + SYNC,
            bind("", "get", [1]) + describe("P") + execute() + SYNC,
            run("select id from items where id = $1", [2]) + SYNC,
            query("begin"), query("update items set note = 'new' where id = 3"), query("rollback"),
            run("select 1/0") + run("select 2") + SYNC,
            query("select nonsense"),
            close("S", "get") + SYNC,
        ]
        return b"".join(parts), len(parts)

    def test_byte_by_byte(self):
        data, times = self.conversation()

        def bytewise(wire):
            wire.send_bytewise(data)
            return wire.until_ready(times)
        expected = self.same(lambda wire: wire.ask(data, times))
        for database in ("plain", "shop"):
            with self.subTest(database=database), self.through(database) as wire:
                self.assertEqual(bytewise(wire), expected)

    def test_split_at_every_byte(self):
        data, times = self.conversation()
        expected = self.same(lambda wire: wire.ask(data, times))
        for database in ("plain", "shop"):
            with self.through(database) as wire:
                for at in range(1, len(data)):
                    wire.send_split(data, at)
                    self.assertEqual(wire.until_ready(times), expected, f"{database}: split at {at}")


class Simple(WireCase):
    def test_one_statement(self):
        for sql in ("select id, note from items where id = 1", "insert into items values (1, 'twice')",
                    "update items set note = 'x' where id = 2", "delete from items where id = 3",
                    "update items set note = 'y' where id = 99", "select", ";", "", "  -- nothing", "select 1;",
                    "select * from items where id = 4 and note = 'none'", "insert into items values (1, 'a', 5000)",
                    "select pg_catalog.current_database() is null", "values (1, 'a'), (2, 'b')",
                    "select 1 from items where id = 1 and amount / 0 = 1",
                    "insert into countries values ('CH', 'Switzerland') returning name",
                    "insert into log values (1, 'x') returning *", "select nothing from items where id = 1",
                    "selec 1", "select 1 +"):
            with self.subTest(sql=sql):
                self.same(lambda wire, sql=sql: wire.sql(sql))

    def test_several_statements(self):
        for sql in ("select 1; select 2", "select note from items where id = 1; update items set note = 'x' where id = 1",
                    "select 1; select 1/0; select 3", ";;", "select 1;;select 2",
                    "insert into items values (100, 'a'); insert into items values (100, 'b')",
                    "begin; update items set note = 'z' where id = 1; commit",
                    "begin; update items set note = 'z' where id = 1; rollback; select note from items where id = 1",
                    "begin; select 1/0; select 2", "select 1; select 2 +"):
            with self.subTest(sql=sql):
                self.same(lambda wire, sql=sql: wire.sql(sql) + wire.sql("rollback") +
                          wire.sql("select note from items where id = 1") + wire.sql("select id from items where id = 100"))

    def test_a_failed_batch_keeps_nothing(self):
        def conversation(wire):
            heard = wire.sql("update items set note = 'lost' where id = 1; select 1/0")
            return heard + wire.sql("select note from items where id = 1")
        self.assertIn("D note 1", self.same(conversation))

    def test_notices(self):
        self.same(lambda wire: wire.sql("drop table if exists no_such_table"))
        self.same(lambda wire: wire.sql("do $$ begin raise notice 'hello'; raise warning 'careful'; end $$"), ["plain"])

    def test_parameter_status(self):
        def conversation(wire):
            return (wire.sql("set application_name = 'me'") + wire.sql("set timezone = 'Asia/Tokyo'") +
                    wire.sql("set datestyle = 'German'") + wire.sql("show application_name") + wire.sql("reset timezone") +
                    wire.sql("begin") + wire.sql("set local timezone = 'Europe/Paris'") + wire.sql("rollback") +
                    wire.sql("show timezone"))
        self.same(conversation)

    def test_failed_transaction(self):
        def conversation(wire):
            return [line for sql in ("begin", "select 1/0", "select 1", "update items set note = '' where id = 1",
                                     "savepoint a", "commit", "select 1") for line in wire.sql(sql)]
        self.same(conversation)

    def test_transaction_control(self):
        for statements in (["commit"], ["rollback"], ["begin", "begin", "commit"], ["start transaction", "select 1", "end"],
                           ["begin isolation level serializable", "show transaction_isolation", "abort"],
                           ["begin read only", "insert into items values (50, 'x')", "rollback"],
                           ["savepoint a"], ["rollback to a"], ["release a"], ["set transaction read only"],
                           ["begin", "rollback to a", "select 1", "rollback"],
                           ["begin", "savepoint a", "select 1/0", "rollback to a", "select 1", "release a", "commit"],
                           ["begin", "select note from items where id = 1", "savepoint a", "select 1/0", "select 1",
                            "rollback to savepoint a", "update items set note = 'k' where id = 1", "commit",
                            "select note from items where id = 1"],
                           ["begin", "savepoint a", "savepoint b", "release a", "rollback to b", "rollback"],
                           ["begin", "select note from items where id = 1", "savepoint a", "release a", "rollback to a", "rollback"],
                           ["begin", "set transaction isolation level repeatable read", "show transaction_isolation", "commit"]):
            with self.subTest(statements=statements):
                self.same(lambda wire, s=statements: [line for sql in s for line in wire.sql(sql)])

    def test_settings_follow_the_transaction(self):
        def conversation(wire):
            return [line for sql in ("set statement_timeout = 1234", "begin", "set statement_timeout = 77",
                                     "select note from items where id = 1", "rollback", "show statement_timeout",
                                     "begin", "set local statement_timeout = 55", "show statement_timeout", "commit",
                                     "show statement_timeout", "select set_config('work_mem', '5MB', false)", "show work_mem",
                                     "reset all", "show statement_timeout", "show work_mem") for line in wire.sql(sql)]
        self.same(conversation)

    def test_startup_options(self):
        self.same(lambda wire: wire.sql("show statement_timeout") + wire.sql("show work_mem") + wire.sql("reset statement_timeout") +
                  wire.sql("show statement_timeout"),
                  options="-c statement_timeout=4321 --work-mem=6MB", application_name="me")


class Extended(WireCase):
    def test_pipelines(self):
        get = "select note from items where id = $1"
        cases = {
            "one": run(get, [1]) + SYNC,
            "typed": run(get, [1], [INT8]) + SYNC,
            "binary": parse("", get, [INT8]) + bind("", "", [(1).to_bytes(8, "big")], [1], [1]) + describe("P") + execute() + SYNC,
            "describe statement": parse("", get) + describe("S") + SYNC,
            "parse only": parse("", get) + SYNC,
            "parse of nothing": parse("", "") + bind() + describe("P") + execute() + SYNC,
            "two": run(get, [1]) + run(get, [1]) + SYNC,
            "two of one key, named": parse("n", get) + bind("", "n", [1]) + execute() + bind("", "n", [1]) + execute() + SYNC,
            "bind twice before execute": parse("", get) + bind("a", "", [1]) + bind("b", "", [1]) + execute("b") + execute("a") + SYNC,
            "sync only": SYNC,
            "an error in the middle": run(get, [1]) + run("select 1/0") + run(get, [1]) + SYNC,
            "an error in Parse": run("selec 1") + run(get, [1]) + SYNC,
            "an unknown column": run("select nothing from items where id = $1", [1]) + SYNC,
            "a bad value": run(get, ["x"]) + SYNC,
            "too few values": parse("", get) + bind("", "", []) + execute() + SYNC,
            "too many values": parse("", get) + bind("", "", [1, 2]) + execute() + SYNC,
            "insert": run("insert into items values ($1, $2)", [100, "x"]) + SYNC,
            "insert returning": run("insert into items values ($1, $2) returning id, note", [100, "x"]) + SYNC,
            "insert twice": run("insert into items values ($1, $2)", [1, "x"]) + SYNC,
            "several commands": parse("", "select 1; select 2") + SYNC,
            "select without key": run("select 1") + SYNC,
            "unknown statement": bind("", "none", []) + execute() + SYNC,
            "unknown portal": execute("none") + SYNC,
            "describe unknown statement": describe("S", "none") + SYNC,
            "describe unknown portal": describe("P", "none") + SYNC,
            "close unknown": close("S", "none") + close("P", "none") + SYNC,
            "unnamed, never parsed": bind() + execute() + SYNC,
            "unnamed portal, never bound": execute() + SYNC,
            "name twice": parse("n", get) + parse("n", get) + SYNC,
            "name again after close": parse("n", get) + close("S", "n") + parse("n", "select 2") + bind("", "n") + execute() + SYNC,
            "close portal": parse("", get) + bind("p", "", [1]) + close("P", "p") + execute("p") + SYNC,
            "close statement, then bind": parse("n", get) + close("S", "n") + bind("", "n", [1]) + SYNC,
            "begin and commit": run("begin") + run(get, [1]) + run("commit") + SYNC,
            "begin": run("begin") + SYNC + run(get, [1]) + SYNC + run("rollback") + SYNC,
            "begin twice": run("begin") + run("begin") + SYNC + run("rollback") + SYNC,
            "rollback without": run("rollback") + SYNC,
            "update, then begin": run("update items set note = 'x' where id = 1") + run("begin") + SYNC + run("rollback") + SYNC +
                                  run(get, [1]) + SYNC,
            "commit in the middle": run("update items set note = 'x' where id = 1") + run("begin") + run("commit") +
                                    run("select 1/0") + SYNC + run(get, [1]) + SYNC,
            "set": run("set work_mem = '7MB'") + SYNC + run("show work_mem") + SYNC,
            "savepoints": run("begin") + run("savepoint a") + SYNC + run("select 1/0") + SYNC + run("rollback to a") + SYNC +
                          run("select 1") + SYNC + run("commit") + SYNC,
            "in a failed transaction": run("begin") + SYNC + run("select 1/0") + SYNC + run(get, [1]) + SYNC + run("rollback") + SYNC,
            "failed transaction, commit": run("begin") + SYNC + run("select 1/0") + SYNC + run("commit") + SYNC,
            "discard": parse("n", get) + SYNC + run("discard all") + SYNC + bind("", "n", [1]) + SYNC,
            "deallocate all": parse("n", get) + SYNC + run("deallocate all") + SYNC + bind("", "n", [1]) + SYNC,
            "deallocate": parse("n", get) + SYNC + run("deallocate n") + SYNC + bind("", "n", [1]) + SYNC,
            "reference table": run("insert into countries values ($1, $2)", ["CH", "Switzerland"]) + SYNC +
                               run("select name from countries where code = $1", ["CH"]) + SYNC,
            "reference table, twice": run("insert into countries values ($1, $2)", ["CH", "a"]) + SYNC +
                                      run("insert into countries values ($1, $2)", ["CH", "b"]) + SYNC,
            "notice": run("drop table if exists no_such_table") + SYNC,
        }
        for name, data in cases.items():
            with self.subTest(name):
                # The number of Syncs is the number of answers: none of these texts contains the bytes of a Sync.
                times = data.count(SYNC)
                self.same(lambda wire, data=data, times=times: wire.ask(data, times) + wire.sql("select 'alive'"))

    def test_answers_come_one_by_one_when_asked_for(self):
        """postgres.js: Parse and Describe, Flush, wait for the answer, Bind and Execute, Sync."""
        def conversation(wire):
            heard = []
            for _ in range(2):
                wire.send(parse("", "select note from items where id = $1") + describe("S") + FLUSH)
                heard += wire.until("T")
                wire.send(bind("", "", [1]) + execute() + SYNC)
                heard += wire.until_ready()
            return heard
        self.same(conversation)

    def test_flush_after_every_message(self):
        def conversation(wire):
            heard = []
            for data, kind in ((parse("n", "select note from items where id = $1"), "1"), (describe("S", "n"), "T"),
                               (bind("", "n", [1]), "2"), (describe("P"), "T"), (execute(), "C"), (close("P"), "3"),
                               (close("S", "n"), "3"), (parse("", "select 1/0"), "1"), (bind(), "2E")):
                wire.send(data + FLUSH)
                heard += wire.until(kind)
            return heard + wire.ask(SYNC)
        self.same(conversation)

    def test_several_syncs_in_flight(self):
        data = b"".join(run("select note from items where id = $1", [i % 8 + 1]) + SYNC for i in range(100))
        self.same(lambda wire: wire.ask(data, 100))

    def test_executes_up_to_a_sync_are_one_transaction(self):
        change = "update items set note = 'changed' where id = $1"

        def conversation(wire):
            heard = wire.ask(run(change, [1]) + run(change, [1]) + run("select 1/0") + SYNC)
            return heard + wire.sql("select note from items where id = 1")
        self.assertIn("D note 1", self.same(conversation))

    def test_executes_up_to_a_sync_over_two_shards(self):
        """Reads of two shards; then an error behind a write rolls it back; then a refusal of ours behind a write does."""
        get = "select note from items where id = $1"
        self.same(lambda wire: wire.ask(run(get, [self.here]) + run(get, [self.there]) + run(get, [self.here]) + SYNC))
        change = "update items set note = 'changed' where id = $1"

        def conversation(wire):
            heard = wire.ask(run(change, [self.here]) + run(get, [self.there]) + run("select 1/0") + SYNC)
            return heard + wire.sql(f"select note from items where id = {self.here}")
        self.assertIn(f"D note {self.here}", self.same(conversation))

        def commits(wire):
            heard = wire.ask(run(get, [self.there]) + run(change, [self.here]) + run(get, [self.there]) + SYNC)
            return heard + wire.sql(f"select note from items where id = {self.here}")
        self.assertIn("D changed", self.same(commits))

    def test_a_pipeline_that_writes_on_two_shards(self):
        change = "update items set note = 'changed' where id = $1"
        self.same(lambda wire: wire.ask(run(change, [self.here]) + run(change, [self.there]) + run("select 1") + SYNC)
                  + wire.sql("select note from items where note = 'changed'"))
        before = self.items()
        with self.through() as wire:
            heard = wire.ask(run(change, [self.here]) + run(change, [self.there]) + run("select 1 / 0") + SYNC)
            self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["22012"], heard)
            self.assertEqual(heard[-1], "Z I")
        self.assertEqual(self.items(), before)

    def test_portals_with_row_limits(self):
        get = "select i from items, generate_series(1, 10) i where id = $1 order by i"

        def conversation(wire):
            heard = wire.sql("begin")
            heard += wire.ask(parse("", get) + bind("cursor", "", [1]) + describe("P", "cursor") + SYNC)
            heard += wire.ask(execute("cursor", 3) + SYNC)
            heard += wire.ask(execute("cursor", 3) + FLUSH + execute("cursor", 3) + SYNC)
            heard += wire.ask(execute("cursor", 3) + SYNC)
            heard += wire.ask(execute("cursor", 3) + SYNC)
            heard += wire.ask(close("P", "cursor") + SYNC)
            return heard + wire.sql("commit") + wire.ask(execute("cursor", 1) + SYNC)
        self.assertIn("s", self.same(conversation))

    def test_a_row_limit_without_a_transaction(self):
        get = "select i from items, generate_series(1, 5) i where id = $1 order by i"

        def conversation(wire):   # pg-cursor: Flush keeps the portal until Sync
            wire.send(parse("", get) + bind("", "", [1]) + describe("P") + execute("", 2) + FLUSH)
            heard = wire.until("s")
            wire.send(execute("", 2) + FLUSH)
            heard += wire.until("s")
            heard += wire.ask(close("P") + SYNC)
            return heard + wire.ask(execute("", 2) + SYNC)
        self.same(conversation)

    def fetched(self, wire, get, limits, ending, values=()):
        """All that Execute with these limits brings; the rows sorted, for several shards give them in their own order."""
        wire.send(parse("", get) + bind("rows", "", values) + describe("P", "rows") + FLUSH)
        heard = wire.until("TE")
        for limit in limits:
            wire.send(execute("rows", limit) + FLUSH)
            heard += wire.until("sCE")
        heard += wire.ask(ending)
        return sorted(line for line in heard if line.startswith("D ")), [line for line in heard if not line.startswith("D ")]

    def test_row_limits_over_shards(self):
        get = "select id, note from items"      # 8 rows
        for limits in ([3, 3, 3], [2, 2, 2, 2, 1, 1], [7, 0, 1], [100], [8, 1], [1, 0]):
            self.same(lambda wire, limits=limits: self.fetched(wire, get, limits, close("P", "rows") + SYNC))
            self.same(lambda wire, limits=limits: (
                wire.sql("begin"), self.fetched(wire, get, limits, SYNC), wire.sql("select 1"), wire.sql("commit"),
                wire.ask(execute("rows", 1) + SYNC)))

    def test_row_limits_over_shards_with_other_work_between(self):
        def conversation(wire):
            heard = wire.sql("begin") + wire.ask(parse("", "select 1 from items") + bind("rows", "") + execute("rows", 3) + SYNC)
            heard += wire.sql(f"update items set note = 'between' where id = {self.here}")
            heard += wire.ask(execute("rows", 3) + SYNC)
            heard += wire.ask(run("select note from items where id = $1", [self.here]) + execute("rows", 5) + SYNC)
            heard += wire.ask(close("P", "rows") + SYNC) + wire.ask(execute("rows", 5) + SYNC)
            return heard + wire.sql("rollback")
        self.assertIn("s", self.same(conversation))
        self.wait_until_idle()

    def test_an_error_behind_a_row_limit(self):
        get = f"select 1 / (id - {self.there}) is null from items where id in ({self.here}, {self.there}) order by id = {self.there}"
        get = get.split(" order by")[0]
        with self.through() as wire:
            wire.send(parse("", get) + bind("rows", "") + execute("rows", 1) + FLUSH)
            self.assertEqual(wire.until("sE")[-1], "s")
            heard = wire.ask(execute("rows", 1) + SYNC)
            self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["22012"], heard)
            self.assertEqual(heard[-1], "Z I")
            self.assertEqual(wire.sql("select 'alive'")[1], "D alive")
        self.wait_until_idle()

    def test_unnamed_statement_and_portal_over_syncs(self):
        def conversation(wire):
            heard = wire.ask(parse("", "select note from items where id = $1") + SYNC)
            heard += wire.ask(describe("S") + SYNC)
            heard += wire.ask(bind("", "", [1]) + execute() + SYNC)
            heard += wire.ask(bind("", "", [2]) + SYNC)
            heard += wire.ask(execute() + SYNC)              # the portal has ended with the Sync
            heard += wire.sql("select 1")                    # a Query drops the unnamed statement
            return heard + wire.ask(bind("", "", [2]) + execute() + SYNC)
        self.same(conversation)

    def test_a_query_in_a_pipeline(self):
        def conversation(wire):
            heard = wire.ask(run("update items set note = 'x' where id = 1") + query("select note from items where id = 1"))
            return heard + wire.ask(run("select 1/0") + query("select 5") + SYNC)
        self.same(conversation, ["plain"])

    def test_function_call_message(self):
        def conversation(wire):
            heard = wire.sql("select 'pg_catalog.int4pl(int4,int4)'::regprocedure::oid")
            oid = int(heard[1].split()[1])
            body = struct.pack("!IHhH", oid, 1, 1, 2) + struct.pack("!ii", 4, 40) + struct.pack("!ii", 4, 2) + struct.pack("!h", 1)
            return heard + wire.ask(message("F", body)) + wire.ask(message("F", struct.pack("!IHHh", 999999, 0, 0, 0)))
        self.same(conversation, ["plain"])
        with self.through() as wire:
            heard = wire.ask(message("F", struct.pack("!IHHh", 177, 0, 0, 0)))
            self.assertEqual(heard[0].split()[2], "0A000")
            self.assertEqual(heard[1:], ["Z I"])
