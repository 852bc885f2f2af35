"""Transactions over shards: enlisting, savepoints, failing, what may be written together; batches; hints; EXPLAIN."""
from wire import SYNC, run
from wire_case import WireCase


class Transactions(WireCase):
    def talk(self, wire, *statements):
        return [line for sql in statements for line in wire.sql(sql)]

    def test_reads_of_both_shards_and_a_write(self):
        self.same(lambda wire: self.talk(
            wire, "begin", f"select note from items where id = {self.there}", f"update items set note = 'new' where id = {self.here}",
            f"select note from items where id = {self.here}", f"select note from items where id = {self.there}", "commit",
            f"select note from items where id = {self.here}"))

    def test_savepoints_over_shards(self):
        self.same(lambda wire: self.talk(
            wire, "begin", f"update items set note = 'one' where id = {self.here}", "savepoint a",
            f"update items set note = 'two' where id = {self.here}", f"select note from items where id = {self.there}",
            f"select 1/0 from items where id = {self.there}",
            f"select note from items where id = {self.there}", "rollback to a",
            f"select note from items where id = {self.here}", f"select note from items where id = {self.there}",
            "release a", "commit", f"select note from items where id = {self.here}"))

    def test_a_shard_enlisted_behind_a_savepoint(self):
        self.same(lambda wire: self.talk(
            wire, "begin", "savepoint a", f"select note from items where id = {self.here}", "savepoint b",
            f"update items set note = 'x' where id = {self.there}", "rollback to b", f"select note from items where id = {self.there}",
            "savepoint b", f"update items set note = 'y' where id = {self.there}", "rollback to a",
            f"select note from items where id = {self.there}", f"update items set note = 'z' where id = {self.there}", "commit",
            f"select note from items where id = {self.there}"))

    def test_comments_at_the_end(self):
        """What a shard enlisted later hears of them is not swallowed by the comment."""
        here, there = (f"select 1.23456789012::float8 from items where id = {key}" for key in (self.here, self.there))
        write = f"update items set note = 'new' where id = {self.here}"
        self.same(lambda wire: self.talk(wire, "begin -- hi", "set transaction read only", write, "rollback"))
        self.same(lambda wire: self.talk(wire, "begin; -- hi", "set local extra_float_digits = -5", here, there, "rollback"))
        self.same(lambda wire: self.talk(wire, "begin -- x\n; set local extra_float_digits = -5; select 1", here, there, "rollback"))
        self.same(lambda wire: self.talk(wire, "begin", "savepoint a -- hi", "savepoint b", write, "rollback to b", here, "commit"))
        self.same(lambda wire: self.talk(wire, "begin -- c", "set transaction isolation level repeatable read -- d", "commit and chain", "savepoint a", write,
                                         "rollback to a", "show transaction_isolation", "commit"))

    def test_each_way_to_begin(self):
        self.same(lambda wire: self.talk(wire, " start transaction", "start transaction", "rollback", "/* c */ start transaction", "begin", "commit"))

    def test_a_cursor_of_a_batch(self):
        self.same(lambda wire: self.talk(wire, "begin", f"select note from items where id = {self.here}",
                                         f"declare c cursor for select note from items where id = {self.there}; select 1 from items where id = {self.there}",
                                         "fetch c", "commit"))

    def test_numbers_of_another_client(self):
        """currval() and lastval() are the connection's: only where this client has counted on it."""
        for node in self.cluster.primaries:
            node.query("create sequence if not exists numbers; grant usage on sequence numbers to public", dbname=self.server_database)
        for database in ("plain", "shop"):
            with self.subTest(database=database), self.through(database) as one, self.through(database) as two:
                self.assertTrue(one.sql("select nextval('numbers')")[1].startswith("D "))
                for texts in (["select currval('numbers'); select 1"], ["select lastval(); select 1"], ["begin", "select currval('numbers')"],
                              ["begin", "select 1", "select lastval()"]):
                    heard = self.talk(two, *texts)
                    self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"], texts)
                    two.sql("rollback")
                counted = self.talk(two, "begin", "select nextval('numbers')", "select currval('numbers')", "commit",
                                    "select nextval('numbers'); select currval('numbers')")
                numbers = [line for line in counted if line.startswith("D ")]
                self.assertEqual((numbers[0], numbers[2]), (numbers[1], numbers[3]))

    def test_and_chain(self):
        level = "show transaction_isolation"
        here, there = (f"update items set note = 'chained' where id = {key}" for key in (self.here, self.there))
        self.same(lambda wire: self.talk(
            wire, "commit and chain", "rollback and chain", "select 1; commit and chain",
            "begin isolation level repeatable read", here, level, "commit and chain", level, there, "rollback and chain", level,
            f"select note from items where id = {self.there}", "commit", level,
            "begin", "set transaction isolation level serializable, read only", "commit and chain", level, here,
            "commit and chain", level, "show transaction_read_only", "rollback",
            "begin", "set local work_mem = '1MB'", "set lock_timeout = '7s'", "rollback and chain", "show work_mem",
            "show lock_timeout", "savepoint a", "commit and no chain", "rollback to a"))
        self.same(lambda wire: wire.sql("begin") + wire.ask(run(here) + run("commit and chain") + SYNC) + wire.sql(there)
                  + wire.ask(run("rollback and chain") + SYNC) + wire.sql("commit"))
        self.wait_until_idle()

    def test_modes_behind_a_savepoint(self):
        """Some may not be set there: it is told at once, also where nothing has run yet."""
        for modes in ("isolation level serializable", "isolation level repeatable read", "deferrable", "read only", "read write"):
            for then in ("commit", "rollback to s", "select 1"):
                for begin in ("begin", "begin read only"):
                    with self.subTest(modes=modes, then=then, begin=begin):
                        self.same(lambda wire, texts=(begin, "savepoint s", f"set transaction {modes}", then, "show transaction_read_only", "commit"):
                                  [line for text in texts for line in wire.sql(text)])

    def test_the_modes_of_a_chained_transaction(self):
        """They are the server's, by whatever they came there; an error sets them back to the defaults."""
        shown = [f"show transaction_{mode}" for mode in ("isolation", "read_only", "deferrable")]
        write = f"update items set note = 'chained' where id = {self.there}"
        for texts in (["begin; set transaction read only"], ["begin isolation level serializable; select 1"], ["begin", "select 1; set transaction read only"],
                      ["start transaction; set transaction isolation level serializable, read only, deferrable"], ["select 1; begin; set local transaction_read_only = on"],
                      ["begin", "savepoint a", "set transaction read only", "rollback to a"], ["begin", "savepoint a", "set transaction read only", "release a"],
                      ["begin read only", "select 1/0"], ["begin isolation level repeatable read, read only", f"select 1/0 from items where id = {self.there}"],
                      ["begin read only", "savepoint a", "select 1/0", "rollback to a"], ["begin", "select set_config('transaction_read_only', 'on', true)"],
                      ["set default_transaction_read_only = on", "begin", "set default_transaction_read_only = off"], ["begin", "begin read only"],
                      ["begin read only; commit and chain; select 1"], ["begin", "set default_transaction_isolation = 'serializable'", "select 1"]):
            for end in ("commit and chain", "rollback and chain"):
                with self.subTest(texts=texts, end=end):
                    self.same(lambda wire, texts=texts, end=end: self.talk(wire, *texts, end, *shown, end, *shown, write, "commit", *shown))
        pipeline = b"".join(map(run, ["begin", "set transaction read only", "commit and chain", *shown]))
        self.same(lambda wire: wire.ask(pipeline + SYNC) + self.talk(wire, write, "rollback"))
        self.same(lambda wire: self.talk(wire, f"begin; set transaction read only; select note from items where id = {self.there}; commit and chain; {shown[1]}", write))
        self.wait_until_idle()

    def test_modes_without_a_transaction(self):
        for sql in ("set transaction read only", "set transaction_read_only = on", "set local transaction_read_only = on", "set /* x */ local transaction_isolation = 'serializable'"):
            with self.subTest(sql=sql):
                self.same(lambda wire, sql=sql: wire.sql(sql) + wire.ask(run(sql) + run("show transaction_read_only") + SYNC) + wire.sql("show transaction_read_only"))

    def test_set_transaction_in_a_pipeline(self):
        """It is warned of, and in force up to the Sync: a write behind READ ONLY is an error."""
        here, there = (f"select note from items where id = {key}" for key in (self.here, self.there))
        write, level, rows = f"delete from items where id = {self.there}", "show transaction_isolation", "select count(*) from items where id = "
        only, serializable = "set transaction read only", "set transaction isolation level serializable"
        for texts in ([only, write], [there, only, write], [here, only, write], [only, there, here], [serializable, level], [there, serializable, level],
                      [only, "begin read write", write, "commit"], [serializable, "begin", level, "commit and chain", level, "rollback"],
                      [only, "commit", write], [write, only, there, "rollback"], ["begin", only, write]):
            with self.subTest(texts=texts):
                self.same(lambda wire, texts=texts: wire.ask(b"".join(map(run, texts)) + SYNC) + self.talk(
                    wire, "rollback", f"{rows}{self.there}", "show transaction_read_only", f"{only}; begin read write; {write}", "commit"))
        self.wait_until_idle()

    def test_a_failed_transaction_over_shards(self):
        self.same(lambda wire: self.talk(
            wire, "begin", f"update items set note = 'lost' where id = {self.here}", f"select 1/0 from items where id = {self.there}",
            f"select note from items where id = {self.here}", "savepoint a", "commit", f"select note from items where id = {self.here}"))

    def test_a_transaction_writes_on_two_shards(self):
        here, there = (f"update items set note = '{{}}' where id = {key}" for key in (self.here, self.there))
        look = "select note from items where note in ('a', 'b', 'c', 'd')"
        self.same(lambda wire: self.talk(wire, "begin", here.format("a"), there.format("a"), "commit", look))
        self.same(lambda wire: self.talk(wire, "begin", here.format("b"), there.format("b"), "rollback", look))
        self.same(lambda wire: self.talk(wire, "begin", here.format("c"), "savepoint s", there.format("c"), "select 1/0",
                                         "rollback to s", "commit and chain", there.format("d"), here.format("d"), "commit", look))
        self.wait_until_idle()

    def test_reference_tables_are_written_everywhere_or_nowhere(self):
        def conversation(wire):
            return self.talk(wire, "insert into countries values ('CH', 'Switzerland'), ('DE', 'Germany')",
                             "insert into countries values ('DE', 'again')", "update countries set name = 'x' where code = 'CH' returning name",
                             "insert into countries values ('FR', null)", "begin", "insert into countries values ('FR', 'France')",
                             "insert into countries values ('FR', 'France')", "select 1", "commit", "select count(*) from countries",
                             "begin", "insert into countries values ('IS', 'Iceland')",
                             f"update items set note = 'with it' where id = {self.there}", "commit",
                             f"select note from items where id = {self.there}", "delete from countries where code = 'DE'",
                             "select code from countries order by code")
        self.same(conversation)
        rows = self.on_shards("select code, name from countries order by code")
        self.assertEqual(rows[0], rows[1])
        self.assertEqual([code for code, _ in rows[0]], ["CH", "IS"])

    def test_a_reference_row_that_only_one_shard_refuses(self):
        self.cluster.shards[1].primary.query("insert into countries values ('XX', 'only here')", dbname=self.server_database)
        with self.through() as wire:
            heard = wire.sql("insert into countries values ('XX', 'everywhere')")
            self.assertEqual(heard[0].split()[2], "23505")
            heard = wire.ask(run("insert into countries values ('XX', 'everywhere')") + SYNC)
            self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["23505"])
            self.assertEqual(heard[-1], "Z I")
        self.assertEqual(self.on_shards("select name from countries"), [[], [("only here",)]])

    def test_ddl_on_every_shard(self):
        self.same(lambda wire: self.talk(
            wire, "create index items_note on items(note)", "create index items_note on items(note)", "drop index items_note",
            "begin", "alter table items add column more text", "rollback", "select more from items where id = 1",
            "begin", "create index items_note on items(note)", f"update items set note = 'x' where id = {self.here}", "commit",
            "drop index items_note"))
        self.assertEqual(self.on_shards("select count(*) from pg_indexes where indexname = 'items_note'"), [[(0,)], [(0,)]])

    def test_batches_over_shards(self):
        here, there = self.here, self.there
        for sql in (f"select note from items where id = {here}; select note from items where id = {there}",
                    f"update items set note = 'b' where id = {here}; select note from items where id = {there}; select 1",
                    f"update items set note = 'b' where id = {here}; select 1/0 from items where id = {there}; select 2",
                    f"select note from items where id = {there}; begin; update items set note = 'c' where id = {here}; commit; select 3",
                    f"begin; update items set note = 'd' where id = {here}; select 1 from items where id = {there}; rollback",
                    f"begin; update items set note = 'd' where id = {here}; select 1/0 from items where id = {there}; commit",
                    f"insert into countries values ('NO', 'Norway'); select note from items where id = {here}; select 1/0",
                    f"insert into countries values ('NO', 'Norway'); update items set note = 'e' where id = {there}",
                    f"set work_mem = '9MB'; select note from items where id = {there}; show work_mem"):
            with self.subTest(sql=sql):
                self.same(lambda wire, sql=sql: self.talk(
                    wire, sql, "rollback", f"select note from items where id = {here}", f"select note from items where id = {there}",
                    "select count(*) from countries", "show work_mem"))

    def test_a_batch_that_writes_on_two_shards(self):
        both = f"update items set note = 'b' where id = {self.here}; update items set note = 'b' where id = {self.there}"
        self.same(lambda wire: wire.sql(both) + wire.sql("select note from items where note = 'b'"))
        self.same(lambda wire: wire.sql(both + "; select 1 / 0") + wire.sql(f"select note from items where id = {self.there}"))

    def test_several_shards_in_one_select(self):
        def conversation(wire):
            simple = wire.sql("select id, note from items where id < 7")
            extended = wire.ask(run("select id, note from items where id < $1", [7]) + SYNC)
            inside = self.talk(wire, "begin", f"update items set note = 'seen' where id = {self.here}",
                               "select note from items where note = 'seen'", "rollback")
            failing = wire.sql("select 1 / (id - 5) from items")
            return [*sorted(simple), *sorted(extended), *inside, *[line for line in failing if line[0] in "EZ"]]
        self.same(conversation)

    def test_what_needs_several_shards_is_refused(self):
        before = self.items()
        for sql in ("select count(*) from items", "select * from items order by id", "select * from items limit 1",
                    "update items set note = 'all'", "delete from items", "select distinct note from items",
                    f"insert into items values ({self.here}00, 'a'), (1, 'b'), (2, 'c'), (3, 'd'), (4, 'e'), (5, 'f')",
                    "select * from items for update", "select nextval('none') from items", "create temp table t(a int)"):
            with self.subTest(sql=sql), self.through() as wire:
                heard = wire.sql(sql)
                self.assertEqual((heard[0].split()[2], heard[1:]), ("0A000", ["Z I"]))
                heard = wire.ask(run(sql) + SYNC)
                self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"])
                self.assertEqual(wire.sql("select 'alive'")[1], "D alive")
        self.assertEqual(self.items(), before)

    def test_hints(self):
        with self.through() as wire:
            counts = [int(wire.sql(f"/* shardway: shard=shop_{i} */ select count(*) from items")[1].split()[1]) for i in (0, 1)]
            self.assertEqual(counts, [len(keys) for keys in self.keys_of])
            count = wire.sql(f"/* shardway: key={self.there} */ select count(*) from items")[1]
            self.assertEqual(count, f"D {len(self.keys_of[1])}")
            heard = wire.ask(run("/* shardway: shard=shop_1 */ select count(*) from items") + SYNC)
            self.assertIn(f"D {len(self.keys_of[1])}", heard)
            self.assertEqual(len(self.errors_in(wire.sql("/* shardway: shard=none */ select 1"))), 1)

    def test_explain(self):
        with self.through() as wire:
            for sql in (f"select * from items where id = {self.here}", "select count(*) from items", "select 1",
                        "insert into countries values ('A', 'B')"):
                simple = wire.sql(f"shardway explain {sql}")
                extended = wire.ask(run(f"shardway explain {sql}") + SYNC)
                self.assertEqual(simple[0], "T SHARDWAY EXPLAIN:25:t")
                self.assertEqual([line for line in simple if line[0] == "D"], [line for line in extended if line[0] == "D"])
                self.assertEqual((extended[:2], extended[-1]), (["1", "2"], "Z I"))
                self.assertEqual(extended[-2], simple[-2])
        self.assertEqual(self.on_shards("select * from countries"), [[], []])
