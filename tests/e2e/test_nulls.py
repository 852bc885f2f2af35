"""NULL as a shard key: by settings that read it otherwise, and by joins that leave it."""
from wire import SYNC, bind, execute, parse
from wire_case import WireCase


class Nulls(WireCase):
    schema = WireCase.schema + "create table words(word text primary key, n int); create table loose(k bigint, note text); create unique index on loose(k);"
    tables = [*WireCase.tables, {"name": "words", "key": "word", "type": "text"}, {"name": "loose", "key": "k", "type": "bigint"}]
    texts = ("NULL", "null", "Null", "nUll", "nuLL", "NULl", "a")

    def fill(self):
        super().fill()
        for i, connection in enumerate(self.fillers):
            connection.execute("delete from words; delete from loose; insert into loose values (5, 'five')")
            connection.execute("insert into words select w, 1 from unnest(%s::text[]) w where %s or ((hashtextextended(w, 0) & 16383) < 8192) = %s",
                               [list(self.texts), i == 2, i == 0])

    def check_refused(self, *statements, first=()):
        for sql in statements:
            with self.subTest(sql=sql), self.through() as wire:
                for before in first:
                    wire.sql(before)
                heard = [line for line in wire.sql(sql) if line.startswith("E ")]
                self.assertTrue(heard and heard[0].startswith("E ERROR 0A000"), heard)

    def talk(self, *statements):
        return self.same(lambda wire: [line for sql in statements for line in sorted(wire.sql(sql))])

    def test_array_nulls(self):
        arrays = [f"select word from words where word = any('{{{text}}}'{cast})" for text in self.texts[:-1] for cast in ("", "::text[]")]
        self.check_refused(*arrays, first=["set array_nulls = off"])
        self.check_refused(*arrays[:2], first=["begin", "set local array_nulls to false"])
        self.check_refused(*arrays[:2], first=["select set_config('array_nulls', '0', false)"])
        self.check_refused("set array_nulls = off; " + arrays[0], "set array_nulls = off; select 1; delete from words where word = any('{NULL}')")
        with self.through() as wire:
            wire.sql("set array_nulls = off")
            heard = wire.ask(parse("", "select word from words where word = any($1)") + bind("", "", ["{NULL}"]) + execute() + SYNC)
            self.assertTrue(any(line.startswith("E ERROR 0A000") for line in heard), heard)
        with self.through(options="-c array_nulls=off") as wire:
            self.assertTrue(wire.sql(arrays[0])[0].startswith("E ERROR 0A000"))
        self.talk("set array_nulls = off", "select word from words where word = any('{\"NULL\"}')", "set array_nulls = on", "select word from words where word = any('{NULL,\"null\"}')")
        self.talk("select word from words where word = any('{NULL}')", "select count(*) from words where word = any('{NULL}')")

    def test_equal_to_null(self):
        statements = ["select * from loose where k = null", "select count(*) from loose where k = null or k = 5", "select * from loose where null = k",
                      "update loose set note = 'w' where k = null", "delete from loose where k = null", "select l.note from items i join loose l on l.k = i.id and l.k = null",
                      "insert into items(id) select k from loose where k = null"]
        self.check_refused(*statements, first=["set transform_null_equals = on"])
        self.check_refused(*statements[:2], first=["begin", "set local transform_null_equals = on"])
        self.check_refused("set transform_null_equals = on; " + statements[0])
        self.talk(*(sql for sql in statements if not sql.startswith("insert")))
        self.talk("set transform_null_equals = off", statements[0], "set transform_null_equals = on", "reset transform_null_equals", statements[3])
        self.talk("set transform_null_equals = on", "select note from loose where k = 5 and note = null", "select note from loose where k = 5 and (note, 1) = (null, 1)")

    def test_prepared_where_null_meant_something_else(self):
        for before, behind in (("on", "off"), ("off", "on")):
            with self.subTest(before=before), self.through() as wire:
                wire.sql(f"set transform_null_equals = {before}")
                wire.ask(parse("p", "select note from loose where k = 5 and note = null") + SYNC)
                self.assertIn("C SELECT 0", wire.ask(bind("", "p") + execute() + SYNC))
                wire.sql(f"set transform_null_equals = {behind}")
                heard = wire.ask(bind("", "p") + execute() + SYNC)
                self.assertTrue(any(line.startswith("E ERROR 0A000") for line in heard), heard)

    def test_a_key_that_is_null_does_not_come_in(self):
        self.check_refused(f"insert into loose select b.id, 'z' from items a left join items b on a.id = b.id and b.id > 100 where a.id = {self.there}",
                           f"insert into loose select b.id, 'z' from items b right join items a on a.id = b.id where a.id = {self.there}",
                           f"insert into loose select x.id, 'z' from items a left join (select id from items where id > 100) x on a.id = x.id where a.id = {self.there}",
                           f"insert into loose select id, count(*) from items where id = {self.there} group by rollup (id)",
                           f"insert into loose select case when id > 100 then id end, 'z' from items where id = {self.there}",
                           f"insert into loose select nullif(id, {self.there}), 'z' from items where id = {self.there}")
        with self.through() as wire:
            heard = wire.ask(parse("", "update loose set k = $1 where k = 5") + bind("", "", [None]) + execute() + SYNC)
            self.assertTrue(any(line.startswith("E ERROR 0A000") for line in heard), heard)
        self.assertEqual(self.on_shards("select count(*) from loose where k is null"), [[(0,)], [(0,)]])
        self.talk(f"insert into loose select a.id, 'z' from items a left join items b on a.id = b.id where a.id = {self.there}",
                  f"insert into loose select b.id, 'z' from items a join items b on a.id = b.id where a.id = {self.here} on conflict do nothing", "select note from loose where k = 5")
        self.talk(f"insert into items select b.id, 'z' from items a left join items b on a.id = b.id and b.id > 100 where a.id = {self.there}")
