"""COPY in both directions, by both protocols, going well and going wrong."""
import struct

from wire import COPY_DONE, FLUSH, SYNC, bind, copy_data, copy_fail, execute, parse, query, run
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

    def test_reference_table(self):
        def conversation(wire):
            heard = wire.ask(query("copy countries from stdin") + copy_data("CH\tSwitzerland\n") + COPY_DONE)
            return heard + wire.sql("select * from countries")
        with self.through() as wire:
            heard = conversation(wire)
        if self.errors_in(heard):   # refused: then nothing may be there, on any shard
            self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"])
            self.assertEqual(self.on_shards("select * from countries"), [[], []])
        else:
            self.assertEqual(self.on_shards("select code from countries"), [[("CH",)], [("CH",)]])

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
