"""COPY in both directions, by both protocols, going well and going wrong."""
import struct

from wire import COPY_DONE, FLUSH, SYNC, bind, copy_data, copy_fail, describe, execute, parse, query, run
from wire_case import WireCase


def binary_rows(rows):
    data = b"PGCOPY\n\xff\r\n\0" + struct.pack("!II", 0, 0)
    for key, note in rows:
        data += struct.pack("!HIqI", 2, 8, key, len(note)) + note.encode()
    return data + struct.pack("!h", -1)


class Copy(WireCase):
    def rows_of(self, count=3):
        """Keys that do not exist yet and belong to the first shard."""
        return [row[0] for row in self.cluster.plain.query(
            "select i from generate_series(1000, 2000) i where (hashint8extended(i, 0) & 16383) < 8192 limit %s", (count,))]

    def foreign(self):
        return self.cluster.plain.value(
            "select i from generate_series(1000, 2000) i where (hashint8extended(i, 0) & 16383) >= 8192 limit 1")

    def check(self, wire):
        return wire.sql("select id, note from items where id = %d" % self.rows_of()[0]) + wire.sql("select 'alive'")

    def test_in_every_format(self):
        keys = self.rows_of()
        forms = {
            "copy items (id, note) from stdin": "".join(f"{k}\tn{k}\n" for k in keys).encode(),
            "copy items from stdin": "".join(f"{k}\tn{k}\t\\N\n" for k in keys).encode() + b"\\.\n",
            "copy items (note, id) from stdin (format csv)": "".join(f'"n, ""{k}""\n",{k}\n' for k in keys).encode(),
            "copy items (id, note) from stdin csv header delimiter ';'": b"id;note\n" + "".join(f"{k};x\n" for k in keys).encode(),
            "copy items (id, note) from stdin (format binary)": binary_rows((k, f"n{k}") for k in keys),
            "copy items (id) from stdin": b"",
        }
        for sql, data in forms.items():
            for size in (1, 7, 100000):
                with self.subTest(sql=sql, size=size):
                    def conversation(wire, sql=sql, data=data, size=size):
                        wire.send(query(sql))
                        heard = wire.until("GE")
                        pieces = [data[i:i + size] for i in range(0, len(data), size)]
                        return heard + wire.ask(b"".join(map(copy_data, pieces)) + COPY_DONE) + self.check(wire)
                    self.same(conversation)

    def test_without_a_row(self):
        """The header of HEADER MATCH is the server's to judge even then, and so is everything else."""
        for sql, data in (("copy items (id, note) from stdin (header match)", "id\tname\n"),
                          ("copy items (id, note) from stdin (header match)", "id\tnote\n"),
                          ("copy items (id, note) from stdin (header)", "whatever\n"),
                          ("copy items from stdin", "")):
            with self.subTest(sql=sql, data=data):
                def conversation(wire, sql=sql, data=data):
                    wire.send(query(sql))
                    heard = wire.until("GE") + wire.ask(copy_data(data) + COPY_DONE)
                    wire.send(parse("", sql) + bind() + execute() + FLUSH)
                    wire.until("G")
                    return heard + wire.ask(copy_data(data) + COPY_DONE + SYNC) + wire.sql("select 'alive'")
                self.same(conversation)

    def test_sent_without_waiting(self):
        keys = self.rows_of()
        data = query("copy items (id, note) from stdin") + b"".join(copy_data(f"{k}\tx\n") for k in keys) + COPY_DONE
        self.same(lambda wire: wire.ask(data) + self.check(wire))

    def test_failing_in_the_middle(self):
        keys = self.rows_of()
        for name, data in {"bad number": f"{keys[0]}\ta\nx\tb\n", "duplicate": f"{keys[0]}\ta\n{keys[0]}\tb\n",
                           "too many columns": f"{keys[0]}\ta\n{keys[1]}\tb\tc\td\n"}.items():
            with self.subTest(name):
                def conversation(wire, data=data):
                    wire.send(query("copy items (id, note) from stdin"))
                    heard = wire.until("GE")
                    # What comes late, after the server has given up, is dropped.
                    heard += wire.ask(copy_data(data) + copy_data(f"{keys[2]}\tlate\n") + COPY_DONE)
                    # One may be noticed by the proxy and one by the server: the class of the error counts.
                    return [line[:10] if line[0] == "E" else line for line in heard] + self.check(wire)
                self.same(conversation)

    def test_copy_fail(self):
        keys = self.rows_of()
        for data in (b"", copy_data(f"{keys[0]}\ta\n")):
            def conversation(wire, data=data):
                wire.send(query("copy items (id, note) from stdin"))
                return wire.until("GE") + wire.ask(data + copy_fail("changed my mind")) + self.check(wire)
            heard = self.same(conversation, ["plain"])
            self.assertIn("E ERROR 57014 COPY from stdin failed: changed my mind", heard)
            with self.through() as wire:
                said = conversation(wire)
                self.assertEqual([line[:13] for line in self.errors_in(said)], ["E ERROR 57014"], said)
                self.assertEqual(said[-4:], heard[-4:])

    def test_late_and_lonely_copy_messages(self):
        """CopyData, CopyDone and CopyFail outside of a COPY are ignored."""
        self.same(lambda wire: wire.ask(copy_data("x") + COPY_DONE + copy_fail("y") + query("select 1")))

    def test_in_a_transaction(self):
        keys = self.rows_of()

        def conversation(wire):
            heard = wire.sql("begin")
            heard += wire.ask(query("copy items (id, note) from stdin") + copy_data(f"{keys[0]}\ta\n") + COPY_DONE)
            heard += wire.sql(f"select note from items where id = {keys[0]}") + wire.sql("rollback")
            heard += wire.sql("begin")
            heard += wire.ask(query("copy items (id, note) from stdin") + copy_data("x\ta\n") + COPY_DONE)
            heard = [line[:10] if line[0] == "E" else line for line in heard]
            return heard + wire.sql("select 1") + wire.sql("commit") + self.check(wire)
        self.same(conversation)

    def test_out(self):
        self.same(lambda wire: wire.sql("copy (select id, note from items order by id) to stdout") +
                  wire.sql("copy items to stdout (format csv, header)") + wire.sql("copy (select 1/0) to stdout"), ["plain"])
        self.same(lambda wire: wire.sql("copy countries to stdout") + wire.sql("copy log to stdout csv header") +
                  wire.sql("copy (select 1, 'a') to stdout"))
        with self.through() as wire:
            self.assertEqual(wire.sql("copy items to stdout")[0].split()[2], "0A000")

    def test_extended(self):
        keys = self.rows_of()

        def conversation(wire):
            heard = wire.ask(parse("", "copy (select id, note from items where id < 4 order by id) to stdout") + bind() + execute() + SYNC)
            wire.send(parse("", "copy items (id, note) from stdin") + bind() + execute() + FLUSH)
            heard += wire.until("G")
            heard += wire.ask(copy_data(f"{keys[0]}\ta\n") + COPY_DONE + SYNC)
            # With its Sync at once, as libpq's pipelines and psycopg do: ignored during COPY, another one follows.
            wire.send(parse("", "copy items (id, note) from stdin") + bind() + execute() + SYNC)
            heard += wire.until("G")
            heard += wire.ask(copy_data(f"{keys[1]}\ta\n") + COPY_DONE + SYNC)
            wire.send(parse("", "copy items (id, note) from stdin") + bind() + execute() + FLUSH)
            heard += wire.until("G")
            heard += wire.ask(copy_data("x\ta\n") + COPY_DONE + SYNC)
            wire.send(parse("", "copy items (id, note) from stdin") + bind() + execute() + FLUSH)
            heard += wire.until("G")
            return heard + wire.ask(copy_fail("no") + SYNC) + self.check(wire)
        self.same(conversation, ["plain"])

        def single(wire):
            wire.send(parse("", "copy log from stdin") + bind() + execute() + SYNC)
            heard = wire.until("GE")
            return heard + wire.ask(copy_data("1\ta\n") + COPY_DONE + SYNC) + wire.sql("select * from log")
        self.same(single)

    def test_extended_into_a_sharded_table(self):
        keys = self.rows_of()
        copy = parse("", "copy items (id, note) from stdin") + bind() + execute()

        def conversation(wire):
            heard = []
            for ending in (FLUSH, SYNC):      # with its Sync at once it is ignored during COPY, another one follows
                wire.send(copy + ending)
                heard += wire.until("G")[-1:] + wire.ask(copy_data(f"{keys.pop()}\ta\n") + COPY_DONE + SYNC)
            wire.send(copy + FLUSH)
            heard += wire.until("G")[-1:] + wire.ask(COPY_DONE + SYNC)                               # no row at all
            wire.send(run(f"update items set amount = 1 where id = {self.there}") + copy + FLUSH)
            heard += wire.until("G")[-1:] + wire.ask(copy_fail("no") + SYNC)
            wire.send(copy + FLUSH)
            heard += wire.until("G")[-1:]
            states = wire.ask(copy_data(f"{self.here}\ta\n") + COPY_DONE + SYNC)                     # is there already
            heard += [" ".join(line.split()[:3]) for line in states]
            return heard + wire.sql("select amount from items where id = %d" % self.there) + self.check(wire)
        keys_again = list(keys)

        def fresh(wire):
            keys[:] = keys_again
            return conversation(wire)
        self.same(fresh)
        foreign = self.foreign()
        with self.through() as wire:
            wire.send(copy + FLUSH)
            wire.until("G")
            heard = wire.ask(copy_data(f"{keys_again[0]}\ta\n{foreign}\tb\n") + COPY_DONE + SYNC)
            self.assertEqual(self.errors_in(heard)[0].split()[2], "0A000", heard)
            self.assertEqual(heard[-1], "Z I")
            self.assertEqual(wire.sql("select 'alive'")[1], "D alive")

    def test_a_row_of_another_shard_ends_it(self):
        keys, foreign = self.rows_of(500), self.foreign()
        before = self.items()
        for sql, rows in {"copy items (id, note) from stdin": "".join(f"{k}\ta\n" for k in [*keys, foreign]).encode(),
                          "copy items (id, note) from stdin csv": "".join(f"{k},a\n" for k in [*keys, foreign]).encode(),
                          "copy items (id, note) from stdin binary": binary_rows((k, "a") for k in [*keys, foreign])}.items():
            for size in (13, 1 << 20):
                with self.subTest(sql=sql, size=size), self.through() as wire:
                    pieces = [copy_data(rows[i:i + size]) for i in range(0, len(rows), size)]
                    wire.send(query(sql))
                    self.assertEqual(wire.until("GE")[-1][0], "G")
                    heard = wire.ask(b"".join(pieces) + COPY_DONE)
                    self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"], heard)
                    self.assertEqual(heard[-1], "Z I")
                    self.assertEqual(self.items(), before)
                    self.assertEqual(wire.sql("select 'alive'")[1], "D alive")
        foreign = self.foreign()

        def conversation(wire):   # in a transaction that wrote on another shard
            heard = wire.sql("begin") + wire.sql(f"update items set note = 'changed' where id = {self.here}")
            heard += wire.ask(query("copy items (id) from stdin") + copy_data(f"{foreign}\n") + COPY_DONE)
            return heard + wire.sql("commit") + wire.sql(f"select id from items where id = {foreign}")
        self.same(conversation)

    def test_a_key_that_is_missing_or_null(self):
        before = self.items()
        for sql, data in (("copy items (note) from stdin", "x\n"), ("copy items (id, note) from stdin", "\\N\tx\n"),
                          ("copy items (id, note) from stdin", "\n"), ("copy items from stdin (format csv)", ",x,\n")):
            with self.subTest(sql=sql, data=data), self.through() as wire:
                heard = wire.ask(query(sql) + copy_data(data) + COPY_DONE)
                self.assertEqual(len(self.errors_in(heard)), 1, heard)
                self.assertEqual(heard[-1], "Z I")
                self.assertEqual(wire.sql("select 'alive'")[1], "D alive")
                self.assertEqual(self.items(), before)


class IntoAReferenceTable(WireCase):
    """Every shard gets all of it in one transaction; the client sees what one server does."""
    schema = WireCase.schema + """
create table moments(id int primary key, at timestamptz, days date[], note text);
create table stamped(id int primary key, at timestamptz default now());
create table referring(code text references countries deferrable initially deferred, n int);
"""
    tables = [*WireCase.tables, *({"name": name, "kind": "reference"} for name in ("moments", "stamped", "referring"))]
    COPY = "copy countries from stdin"

    def fill(self):
        super().fill()
        for connection in self.fillers:
            connection.execute("delete from referring; delete from moments; delete from stamped; delete from countries")

    def same_on_all(self, conversation):
        """As on one server; and the copies are equal. Returns the rows."""
        self.same(conversation)
        rows = self.on_shards("select code, name from countries order by code")
        self.assertEqual(rows[0], rows[1])
        self.wait_until_idle()
        return rows[0]

    def simple(self, wire, *messages, sql=None):
        wire.send(query(sql or self.COPY))
        heard = wire.until("GE")
        return heard + (wire.ask(b"".join(messages)) if heard[-1][0] == "G" else wire.until("Z"))

    def look(self, wire):
        return wire.sql("select code, name from countries order by code") + wire.sql("select 'alive'")

    def test_rows(self):
        forms = {
            self.COPY: b"CH\tSwitzerland\nDE\tGermany\n",
            "copy countries (name, code) from stdin (format csv, header)": b'name,code\n"Swiss, ""all""\n",CH\nGermany,DE\n',
            "copy countries from stdin where code > 'D'": b"CH\tSwitzerland\nDE\tGermany\nFR\tFrance\n",
            "copy countries from stdin (format binary)": b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\0\2\0\0\0\2CH\0\0\0\1x\xff\xff",
            "copy countries (code, name) from stdin": b"",
        }
        for sql, data in forms.items():
            for size in (1, 7, 100000):
                with self.subTest(sql=sql, size=size):
                    pieces = [copy_data(data[i:i + size]) for i in range(0, len(data), size)]
                    rows = self.same_on_all(lambda wire, sql=sql, pieces=pieces:
                                            self.simple(wire, *pieces, COPY_DONE, sql=sql) + self.look(wire))
                    self.assertEqual(bool(rows), bool(data))

    def test_sent_without_waiting(self):
        rows = self.same_on_all(lambda wire: wire.ask(query(self.COPY) + copy_data("CH\tx\n") + COPY_DONE) + self.look(wire))
        self.assertEqual(rows, [("CH", "x")])

    def test_failing_in_the_middle(self):
        for name, data in {"null": "CH\tx\nDE\t\\N\n", "duplicate": "CH\tx\nCH\ty\n", "too few columns": "CH\tx\nDE\n",
                           "too many columns": "CH\tx\ty\n"}.items():
            for end in (COPY_DONE, copy_fail("no")):
                with self.subTest(name):
                    rows = self.same_on_all(lambda wire, data=data, end=end: self.simple(
                        wire, copy_data(data), *[copy_data("FR\tlate\n")] * 3, end) + self.look(wire))
                    self.assertEqual(rows, [])

    def test_copy_fail(self):
        for data in ([], [copy_data("CH\tx\n")]):
            self.assertEqual(self.same_on_all(lambda wire, data=data: self.simple(wire, *data, copy_fail("on second thoughts")) +
                                              self.look(wire)), [])

    def test_what_is_refused_at_once(self):
        for sql in ("copy countries (code, nothing) from stdin", "copy countries (code, code) from stdin"):
            self.same_on_all(lambda wire, sql=sql: self.simple(wire, sql=sql) + self.look(wire))

    def test_in_a_transaction(self):
        good, bad = [copy_data("CH\tx\n"), COPY_DONE], [copy_data("DE\n"), COPY_DONE]

        def conversation(wire):
            heard = wire.sql("begin") + self.simple(wire, *good) + wire.sql("select count(*) from countries") + wire.sql("rollback") + self.look(wire)
            heard += wire.sql("begin") + wire.sql(f"update items set note = 'with it' where id = {self.there}")
            heard += self.simple(wire, *good) + wire.sql("commit") + self.look(wire)
            heard += wire.sql("begin") + wire.sql("savepoint s") + self.simple(wire, *bad) + wire.sql("select 1")
            heard += wire.sql("rollback to s") + self.simple(wire, copy_data("FR\ty\n"), COPY_DONE) + wire.sql("commit") + self.look(wire)
            heard += wire.sql("begin") + self.simple(wire, *bad) + wire.sql("commit") + self.look(wire)
            return heard + wire.sql(f"select note from items where id = {self.there}")
        self.assertEqual(self.same_on_all(conversation), [("CH", "x"), ("FR", "y")])

    def test_a_constraint_that_is_looked_at_with_the_commit(self):
        def conversation(wire):
            heard = self.simple(wire, copy_data("XX\t1\n"), COPY_DONE, sql="copy referring from stdin")
            return heard + self.simple(wire, COPY_DONE, sql="copy referring from stdin") + wire.sql("select * from referring") + self.look(wire)
        self.same_on_all(conversation)

    def test_extended(self):
        copy = parse("", self.COPY) + bind() + describe("P") + execute()

        def conversation(wire):
            heard = []
            for code, ending in (("CH", FLUSH), ("DE", SYNC)):   # a Sync at once is ignored during COPY, another one follows
                wire.send(copy + ending)
                heard += wire.until("G") + wire.ask(copy_data(f"{code}\tx\n") + COPY_DONE + SYNC)
            wire.send(copy + FLUSH)
            heard += wire.until("G") + wire.ask(copy_data("CH\tagain\n") + copy_data("FR\tlate\n") + COPY_DONE + SYNC)
            wire.send(copy + FLUSH)
            heard += wire.until("G") + wire.ask(copy_fail("no") + SYNC)
            wire.send(run("insert into countries values ('IS', 'Iceland')") + copy + FLUSH)
            heard += wire.until("G") + wire.ask(copy_data("FR\tFrance\n") + COPY_DONE + run("select count(*) from countries") + SYNC)
            wire.send(run("insert into countries values ('NO', 'Norway')") + copy + FLUSH)
            heard += wire.until("G") + wire.ask(copy_data("CH\tagain\n") + COPY_DONE + SYNC)
            return heard + self.look(wire)
        self.assertEqual([code for code, _ in self.same_on_all(conversation)], ["CH", "DE", "FR", "IS"])

    def test_a_row_that_only_one_shard_refuses(self):
        self.cluster.shards[1].primary.query("insert into countries values ('XX', 'only here')", dbname=self.server_database)
        with self.through() as wire:
            heard = self.simple(wire, copy_data("CH\tx\nXX\ty\n"), COPY_DONE)
            self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["23505"], heard)
            self.assertEqual(heard[-1], "Z I")
            self.assertEqual(wire.sql("select 'alive'")[1], "D alive")
        self.assertEqual(self.on_shards("select name from countries"), [[], [("only here",)]])
        self.wait_until_idle()

    def test_much(self):
        """More than any buffer holds, in pieces of every size; nobody reads ahead without bound."""
        row = "%d\t" + "x" * 1000 + "\n"

        def conversation(wire):
            wire.send(query(self.COPY))
            heard, left = wire.until("G"), "".join(row % i for i in range(20_000)).encode()
            for size in (10, 70_000, 1_500_000, 3_000_000, len(left)):
                wire.send(copy_data(left[:size]) if size < 4_000_000 else b"".join(copy_data(left[i:i + 8192]) for i in range(0, len(left), 8192)))
                left = left[size:]
            return heard + wire.ask(COPY_DONE) + wire.sql("select count(*), sum(length(name)) from countries")
        self.assertEqual(len(self.same_on_all(conversation)), 20_000)

    def test_a_client_that_vanishes(self):
        for message in (b"", copy_data("CH\tx\n"), copy_data("CH\tx\n")[:-2]):
            wire = self.through()
            wire.send(query(self.COPY))
            wire.until("G")
            wire.send(message)
            wire.close()
            self.wait_until_idle()
            self.assertEqual(self.on_shards("select code from countries"), [[], []])

    def test_a_server_connection_that_is_lost(self):
        with self.through() as wire:
            wire.send(query(self.COPY))
            wire.until("G")
            wire.send(copy_data("CH\tx\n"))
            self.cluster.shards[1].primary.query(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and usename = 'app'", (self.server_database,))
            heard = wire.ask(copy_data("DE\tx\n") + COPY_DONE)
            self.assertTrue(self.errors_in(heard), heard)
            self.assertEqual(wire.sql("select 'alive'")[1], "D alive")
        self.assertEqual(self.on_shards("select code from countries"), [[], []])
        self.wait_until_idle()

    def test_what_the_copies_would_read_by_clocks_of_their_own(self):
        kept = b"1\t2020-01-01 00:00+00\t{2020-01-01}\tnow it snows\n"
        self.same(lambda wire: self.simple(wire, copy_data(kept), COPY_DONE, sql="copy moments from stdin") + wire.sql("select * from moments"))
        for row in ("2\tNow\t\\N\tx\n", "2\t\\N\t{today}\tx\n", "2\t today \t\\N\tx\n"):
            with self.through() as wire:
                heard = self.simple(wire, copy_data("3\t\\N\t\\N\tx\n" + row), COPY_DONE, sql="copy moments from stdin")
                self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"], heard)
                self.assertEqual(heard[-1], "Z I")
        self.assertEqual(self.on_shards("select id from moments"), [[(1,)], [(1,)]])
        with self.through() as wire:
            heard = self.simple(wire, sql="copy stamped (id) from stdin")
            self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"], heard)
            heard = self.simple(wire, copy_data("1\t2020-01-01\n"), COPY_DONE, sql="copy stamped from stdin")
            self.assertEqual(heard[-2], "C COPY 1", heard)
