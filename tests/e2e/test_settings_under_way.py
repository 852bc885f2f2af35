"""What a SET changes for the statements behind it, in the same pipeline or prepared long before: how constants are read, and which tables names mean."""
from support.servers import SUPERUSER
from wire import SYNC, bind, describe, execute, parse, query, run
from wire_case import SCHEMA, WireCase

MOMENT = "select '2024-01-01 00:00'::timestamptz at time zone 'UTC'"
SCHEMAS = """
create schema other; create table other.items(id bigint primary key, note text, amount int);
create function to_tokyo() returns text language plpgsql as $$ begin perform set_config('timezone', 'Asia/Tokyo', false); return 'done'; end $$;
"""


class SettingsCase(WireCase):
    pool = {"size": 1}
    schema = SCHEMA + SCHEMAS

    @staticmethod
    def asked(wire, *messages):
        wire.send(b"".join([*messages, SYNC]))
        return wire.until_ready()


class Texts(SettingsCase):
    """A server reads a whole text before it runs any of it."""
    def test_one_that_sets_how_it_is_read(self):
        backslash, quote, letter = r"select 'a\\b'", r"select E'it\'s'", "select length('é')"
        off = "set standard_conforming_strings = off"
        with self.through() as wire:
            for before, text in (("", f"{off}; {backslash}"), ("", f"{off}; insert into items(id, note) values ({self.here}00, 'a\\\\b')"),
                                 ("", f"begin; set local standard_conforming_strings = off; {backslash}; commit"),
                                 ("", f"select set_config('standard_conforming_strings', 'off', false), 1 from items where id = 0; {off}; {backslash}"),
                                 (off, f"set standard_conforming_strings = on; {backslash}"), (off, f"reset standard_conforming_strings; {backslash}"),
                                 (off, f"set standard_conforming_strings to default; {backslash}"), (off, f"reset all; {backslash}"),
                                 (f"begin; {off}", f"rollback; {backslash}"), (f"begin; set local standard_conforming_strings = off", f"commit; {backslash}"),
                                 (f"begin; savepoint s; {off}", f"rollback to s; {backslash}"),
                                 ("", f"set backslash_quote = off; {quote}"), ("set backslash_quote = off", f"set backslash_quote = on; {quote}"),
                                 ("", f"set client_encoding = 'latin1'; {letter}"), ("set client_encoding = 'latin1'", f"set client_encoding = 'utf8'; {letter}")):
                with self.subTest(before=before, text=text):
                    wire.sql(before)
                    self.assertEqual([line.split()[2] for line in self.errors_in(wire.sql(text))], ["0A000"])
                    wire.sql("rollback")
                    wire.sql("reset all")

    def test_one_that_is_read_as_before(self):
        for text in (r"set standard_conforming_strings = off; select 'ab'", r"set standard_conforming_strings = on; set client_encoding = 'UTF8'; select 'é\\b'",
                     r"reset all; select 'é\\b', E'it\'s'", r"select 'a\\b'; set standard_conforming_strings = off",
                     r"begin; set work_mem = '1MB'; rollback; select 'a\\b'"):
            with self.subTest(text=text):
                self.same(lambda wire, text=text: wire.sql(text) + wire.sql(r"select 'a\\b'"))


class Constants(SettingsCase):
    """They are read when a statement is prepared; nobody else's settings have a part in it."""

    def prepared(self, wire, name, sql=MOMENT, before=b""):
        return self.asked(wire, before, parse(name, sql), bind("", name), execute())

    def with_another(self, conversation):
        """conversation(one, two) of two clients who share a server connection."""
        expected = conversation(self.direct(), self.direct())
        for database in ("plain", "shop"):
            with self.subTest(database=database), self.through(database) as one, self.through(database) as two:
                self.assertEqual(conversation(one, two), expected)

    def test_set_in_the_same_pipeline(self):
        self.with_another(lambda one, two: [self.prepared(one, "s", before=run("set timezone = 'Asia/Tokyo'")), self.prepared(two, "s"),
                                            self.asked(one, bind("", "s"), execute()), self.prepared(two, "again"), self.prepared(one, "again")])

    def test_set_local_in_the_same_pipeline(self):
        self.with_another(lambda one, two: [one.sql("begin"), self.prepared(one, "s", before=run("set local timezone = 'Asia/Tokyo'")),
                                            self.prepared(one, "t", before=run("set timezone = 'America/New_York'")), one.sql("rollback"),
                                            self.prepared(two, "s"), self.prepared(two, "t", sql=MOMENT + " ")])

    def test_set_before_two_shards(self):
        writes = [f"update items set note = '2024-01-01'::timestamptz::text where id = {key}" for key in (self.here, self.there)]

        def conversation(wire):
            return [self.asked(wire, run("set timezone = 'Asia/Tokyo'"), *map(run, writes)),
                    wire.sql(f"select note from items where id in ({self.here}, {self.there})")]
        self.same(conversation)

    def test_by_a_function(self):
        """Nobody knows what it has set: its client's statements are its own from then on."""
        def conversation(one, two):
            heard = [self.prepared(two, "s"), self.prepared(one, "early"), one.sql("select to_tokyo()"), self.prepared(one, "s"),
                     self.prepared(one, "t", MOMENT + " "), self.asked(one, bind("", "early"), execute()), self.asked(one, bind("", "s"), execute()),
                     one.sql("select set_config('timezone', 'UTC', false)"), self.prepared(one, "u"), self.asked(one, bind("", "t"), execute())]
            one.close()
            return heard + [self.prepared(two, "t", MOMENT + " "), self.prepared(two, "u")]

        expected = conversation(self.direct(), self.direct())
        self.assertEqual(conversation(self.through("plain"), self.through("plain")), expected)


class Backslashes(SettingsCase):
    def test_in_the_same_pipeline(self):
        """The WHERE is in the string or behind it."""
        sql = f"update items set note = '\\' where id = {self.here} --' where id = {self.there}"
        set_off = run("set standard_conforming_strings = off")
        self.same(lambda wire: [self.asked(wire, set_off, run(sql)), self.asked(wire, run(sql))], databases=("plain",))
        with self.through("shop") as wire:
            self.assertIn("standard_conforming_strings in the same pipeline", str(self.asked(wire, set_off, run(sql))))
            self.assertEqual(self.asked(wire, set_off, run(f"update items set note = 'x' where id = {self.here}"))[-3:],
                             ["C UPDATE 1", "S standard_conforming_strings=off", "Z I"])
            self.assertEqual(self.asked(wire, run(sql))[-2:], ["C UPDATE 1", "Z I"])


class Names(SettingsCase):
    def rows_elsewhere(self):
        return [node.query("select * from other.items", user=SUPERUSER, dbname=self.server_database) for node in self.cluster.primaries]

    def test_search_path_in_the_same_pipeline(self):
        for change in ("set search_path = other", "set local search_path = other", "select set_config('search_path', 'other', false)"):
            with self.subTest(change=change), self.through("shop") as wire:
                self.assertIn('"other.items" is not in the configuration', str(self.asked(wire, run(change), run("insert into items values (99, 'x', 1)"))))
                self.assertEqual(self.asked(wire, run(f"select note from items where id = {self.here}"))[3:], [f"D note {self.here}", "C SELECT 1", "Z I"])
        self.assertEqual(self.rows_elsewhere(), [[], [], []])

    def test_search_path_behind_the_preparation(self):
        with self.through("shop") as wire:
            self.asked(wire, parse("put", "insert into items values (99, 'x', 1)"), parse("all", f"select note from items where id = {self.here}"))
            wire.sql("set search_path = other")
            for name in ("put", "all"):
                self.assertIn('"other.items" is not in the configuration', str(self.asked(wire, bind("", name), execute())))
            wire.sql("reset search_path")
            self.assertEqual(self.asked(wire, bind("", "all"), execute()), ["2", f"D note {self.here}", "C SELECT 1", "Z I"])
        self.assertEqual(self.rows_elsewhere(), [[], [], []])


class Unexecuted(SettingsCase):
    def test_what_is_only_bound_sets_nothing(self):
        show = [f"select current_setting('work_mem'), current_setting('timezone') from items where id = {key}" for key in (self.here, self.there)]

        def conversation(wire):
            return [self.asked(wire, parse("", "set work_mem = '8MB'"), bind(), describe("P")), *map(wire.sql, show),
                    wire.sql("begin"), self.asked(wire, parse("", "set timezone = 'Asia/Tokyo'"), bind("later")), *map(wire.sql, show),
                    wire.sql("commit"), *map(wire.sql, show)]
        self.same(conversation)

    def test_what_is_executed_behind_another_shard(self):
        with self.through("shop") as wire:
            wire.sql("begin")
            self.asked(wire, parse("", "set timezone = 'Asia/Tokyo'"), bind("later"))
            wire.sql(f"select from items where id = {self.there}")
            self.assertIn("SET timezone that was bound before the transaction came to another shard", str(self.asked(wire, execute("later"))))
            wire.sql("rollback")
            self.assertIn("UTC", str(wire.sql("show timezone")))

    def test_a_portal_of_set_in_an_earlier_pipeline(self):
        self.same(lambda wire: [wire.sql("begin"), self.asked(wire, parse("", "set work_mem = '8MB'"), bind("later")), wire.sql("show work_mem"),
                                self.asked(wire, execute("later"), execute("later")), wire.sql("rollback"), wire.sql("show work_mem")])

    def test_a_query_that_follows(self):
        wire = self.through("shop")
        wire.send(parse("", "set work_mem = '8MB'") + bind() + SYNC + query("show work_mem"))
        self.assertEqual([wire.until_ready(), wire.until_ready()[1]], [["1", "2", "Z I"], "D 4MB"])
