"""Expressions in which each shard, or each copy of a reference table, would say something else: refused, wherever they stand."""
import struct

from wire import SYNC, bind, execute, parse
from wire_case import WireCase


class Expressions(WireCase):
    schema = WireCase.schema + """
create table things(id int primary key, ts timestamptz, tr tstzrange, ta timestamptz[], note text, arr int[]);
create table boxes(id bigint primary key, arr int[]);
"""
    tables = [*WireCase.tables, {"name": "things", "kind": "reference"}, {"name": "boxes", "key": "id", "type": "bigint"}]

    def fill(self):
        super().fill()
        for connection, rows in zip(self.fillers, ("(1), (2)", "(2), (1)", "(1), (2)")):  # in another order on each copy
            connection.execute(f"truncate things, boxes; insert into things(id) values {rows}")

    def check_refused(self, *statements):
        wire = self.through()
        for sql in statements:
            with self.subTest(sql=sql):
                heard = wire.sql(sql)
                self.assertTrue(heard[0].startswith("E ERROR 0A000"), heard)
        copies = self.on_shards("select array_agg(t::text order by id) from things t")
        self.assertEqual(copies[0], copies[1])

    def check_same(self, *statements):
        for sql in statements:
            self.same(lambda wire, sql=sql: wire.sql(sql))
            copies = self.on_shards("select array_agg(t::text order by id) from things t")
            self.assertEqual(copies[0], copies[1], sql)

    def test_system_columns_of_a_row(self):
        self.check_refused("delete from things where (things).ctid = '(0,1)'", "update things t set note = 'x' where (t).ctid = '(0,1)'",
                           "update things t set note = (t.*).ctid::text", "update things t set note = (t).xmin::text",
                           "update things t set note = (t).tableoid::text", "delete from things a using things b where (a).ctid < (b).ctid",
                           "insert into things(id, note) select 9, (q).ctid::text from things q where id = 1",
                           "insert into things values (1) on conflict (id) do update set note = (things).ctid::text",
                           "insert into things values (1) on conflict (id) do update set note = 'k' where (things).ctid = '(0,1)'",
                           "update things set note = 'x' returning (things).ctid",
                           "select id, (items).ctid from items", "select id from items i where (i.*).ctid = '(0,1)'")
        self.check_same(f"select id, (items).note from items where id = {self.there}", "update things t set note = (t).id::text")

    def test_subscripts_of_what_is_written(self):
        self.check_refused("insert into boxes(id, arr[(select count(*)::int from items)]) values (100, 5)",
                           "insert into boxes(id, arr[1:(select count(*)::int from log)]) values (100, '{5}'), (101, '{5}')",
                           "insert into things(id, arr[(random() * 100000)::int]) values (7, 1)",
                           "insert into things(id, arr[(select count(*)::int from items)]) values (7, 1)",
                           "insert into things(id, arr[nextval('things_seq')]) values (7, 1)",
                           "with new as (insert into things(id, arr[(random() * 100000)::int]) values (7, 1) returning id) select 1",
                           "update things set arr[(random() * 1000)::int] = 1", "update things set (arr[(random() * 1000)::int], id) = (1, 2)",
                           "insert into things(id) values (1) on conflict (id) do update set arr[(random() * 1000)::int] = 4",
                           f"update boxes set arr[(select count(*)::int from items)] = 1 where id = {self.there}")
        self.check_same("insert into boxes(id, arr[2], arr[4 - 1]) values (100, 5, 6) returning arr", "insert into things(id, arr[2:3]) values (7, '{1,2}')",
                        f"insert into boxes(id, arr[(select amount / 10 from items where id = {self.there})]) values ({self.there}, 5) returning arr",
                        "insert into things(id, arr[(select 4)]) values (7, 1) returning arr")

    def test_words_that_are_the_clocks(self):
        self.check_refused(*(f"update things set ts = {text}" for text in (
            r"U&'\006eow'", r"U&'!006eow' uescape '!'", r"U&'n\+00006Fw'", "'on on on now'", "'at at at at now'", "'now now now now'", r"E'o\x6e on on now'",
            "'today at 10:00 pm Europe/Berlin'", "'10:00 pm mon today EST5EDT'", "'on 10:00now'", "'UTC {now}'")),
            "update things set tr = '[  on on on now,]'", "update things set tr = '[n\"o\"w,]'", "update things set ta = '{on on on now}'",
            "update things set ta = U&'{\\006eow}'", "insert into things(id, ts) values (3, 'at at at at now')")
        self.check_same("update things set note = 'See what we do today'", "update things set note = U&'\\0064o it later'", "update things set note = 'http://example.org/now'")

    def test_words_that_are_the_clocks_in_parameters(self):
        wire = self.through()
        for sql, types in (("update things set ts = $1", ()), ("update things set ts = $1::text::timestamptz", (25,)), ("update things set ts = $1::text::timestamptz", ())):
            for formats in ([0], [1]) if "::text" in sql else ([0],):
                with self.subTest(sql=sql, types=types, formats=formats):
                    heard = wire.ask(parse("", sql, types) + bind("", "", ["on on on now"], formats=formats) + execute() + SYNC)
                    self.assertTrue(any(line.startswith("E ERROR 0A000") for line in heard), heard)

    def test_words_that_are_the_clocks_in_binary_arrays(self):
        sql = "insert into things(id, ts) select 9, d::timestamptz from unnest($1::text[]) as x(d) returning id"
        for text, word in (("2024-01-01 10:00", "C INSERT 0 1"), ("on on now", "E ERROR 0A000")):
            for types in ((), (1009,)):
                with self.subTest(text=text, types=types), self.through() as wire:
                    wire.sql("delete from things where id = 9")
                    array = struct.pack("!6I", 1, 0, 25, 1, 1, len(text)) + text.encode()
                    heard = wire.ask(parse("", sql, types) + bind("", "", [array], formats=[1]) + execute() + SYNC)
                    self.assertTrue(any(line.startswith(word) for line in heard), heard)
