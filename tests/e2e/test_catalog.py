"""The servers' catalogue: what differs between shards or cannot be kept by them is refused until it is mended."""
from support.servers import APP, wait_until
from support.case import ProxyCase
from wire import COPY_DONE, SYNC, Wire, bind, copy_data, execute, fields_of, parse, query, run
from wire_case import WireCase

TABLES = """
create table items(id bigint primary key, note text);
create table countries(code text primary key, added timestamptz default now(), n int default 5);
create table log(id int primary key, entry text);
"""


OTHER_SCHEMAS = """
create table pair(id bigint primary key, n int); create table lone(id bigint primary key, n int);
create schema app; create table app.pair(id bigint primary key, n int);
create table public.items(id bigint primary key, note text);
create schema aside; create table aside.items(id bigint primary key, note text);
"""
DEFAULT_PATH = """
do $$ begin execute format('alter role app in database %I set search_path = aside, "$user", public', current_database()); end $$
"""


class OtherSchemas(ProxyCase):
    """What an unqualified name means is the server's to say: by the user's schema, and by the user's search_path."""
    schema = OTHER_SCHEMAS
    tables = [{"name": name, "key": "id", "type": "bigint"} for name in ("pair", "lone", "items")]

    def test_the_users_own_schema(self):
        client = self.connect()
        client.execute("insert into lone values (1, 1)")
        client.execute("insert into public.pair values (1, 1)")
        for sql in ("select * from pair", "insert into pair values (1, 1)"):
            with self.refused(containing="app.pair"):
                client.execute(sql)
        client.execute("set search_path to public")
        self.assertEqual(client.execute("select * from pair").fetchall(), [(1, 1)])
        client.execute("set search_path to \"$user\", public")
        with self.refused(containing="app.pair"):
            client.execute("select * from pair")

    def test_the_schema_of_a_role(self):
        for node in self.cluster.primaries:
            node.query("create role aside; grant aside to app")
            self.addCleanup(node.query, "drop role aside")
        client = self.connect()
        client.execute("select * from public.items")
        with client.transaction():
            client.execute("set role aside")
            with self.refused(containing="aside.items"), client.transaction():
                client.execute("select * from items")
            client.execute("set role none")
            client.execute("select * from items")

    def test_a_search_path_of_ones_own(self):
        with self.refused(containing="search_path"):
            self.connect().execute("alter role app set search_path = aside")


class PathOfTheSession(WireCase):
    """However a session's search_path was given."""

    def look(self, wire):
        return [wire.sql("show search_path"), wire.sql(f"select note from items where id = {self.there}")]

    def test_at_the_start(self):
        for parameters in ({"search_path": "public,pg_catalog"}, {"search_path": '"$user", public'}, {"search_path": "nosuch, public"},
                           {"search_path": 'nosuch,"public"'}, {"options": "-c search_path=public,nosuch"}):
            with self.subTest(parameters=parameters):
                self.assertEqual(self.errors_in(self.same(self.look, **parameters)[1]), [])

    def test_by_statements(self):
        for change in ("set search_path = nosuch, public", "set search_path to 'nosuch', \"public\"", "select set_config('search_path', 'nosuch,public', false)",
                       "begin; select set_config('search_path', '\"nosuch\", public', true)", "begin; set local search_path to nosuch, public"):
            with self.subTest(change=change):
                self.assertEqual(self.errors_in(self.same(lambda wire, change=change: wire.sql(change)[-1:] + self.look(wire))[-1]), [])

    def test_names_in_messages(self):
        for parameters, change, name in (({"options": "-c search_path=nosuch"}, "", "nosuch.items"), ({"search_path": ""}, "", "items"),
                                         ({}, "set search_path = ''", "items"), ({}, "set search_path = nosuch, other", "nosuch.items")):
            with self.subTest(parameters=parameters, change=change), self.through(**parameters) as wire:
                if change:
                    wire.sql(change)
                self.assertIn(f'0A000 table "{name}" is not in the configuration', "".join(wire.sql("select * from items")))


class RowTypes(WireCase):
    """A table's own row type has a number of its own on each server."""
    tables = [*WireCase.tables, {"name": "late", "key": "id", "type": "bigint"}]

    @classmethod
    def run_everywhere(cls, sql):
        cls.cluster.primaries[1].query("create type filler as enum ('x')", dbname=cls.server_database, user=APP)
        super().run_everywhere(sql)

    def test_a_row_as_a_result(self):
        where = f"from items where id = {self.there}"
        for result in ("items", "i", "array_agg(i)", "array_agg(items.*)", "array[items]", "coalesce(items, null)", "case when true then items end", "first_value(items) over ()"):
            sql = f"select {result} {where}".replace("items where", "items i where" if "items" not in result else "items where")
            with self.subTest(sql=sql), self.through() as wire:
                self.assertIn('0A000 a table\'s row as a result', "".join(wire.sql(sql)))
        for sql in (f"select x.r from (select i as r from items i where id = {self.there}) x", f"with x as (select items as r {where}) select * from x", f"select 1, (select items {where})",
                    f"select array(select items {where})", f"select items {where} union all select items {where}"):
            with self.subTest(sql=sql), self.through() as wire:
                self.assertIn('0A000 a table\'s row as a result', "".join(wire.sql(sql)))
        for sql in (f"select row_to_json(x) from (select id, array_agg(i) as r from items i where id = {self.there} group by id) x", f"select count(*) from (select items {where}) x",
                    f"select exists(select items {where})", f"copy (select items {where}) to stdout"):
            self.assertEqual(self.errors_in(self.same(lambda wire, sql=sql: wire.sql(sql))), [])
        with self.through() as wire:
            self.assertIn('0A000 a table\'s row as a result', "".join(wire.sql(f"update items set amount = 1 where id = {self.there} returning items")))
        for result in ("to_jsonb(items)", "items::text", "count(items)", "row_to_json(items.*)", "array_to_json(array_agg(items))", "(items).note", "items.*", "items is null", "note as items"):
            with self.subTest(result=result):
                self.assertEqual(self.errors_in(self.same(lambda wire, result=result: wire.sql(f"select {result} {where}"))), [])
        self.same(lambda wire: wire.sql(f"select i from (select id, note from items) i where id = {self.there}"))

    def test_a_table_made_by_somebody_else_is_known_before_long(self):
        for node in self.cluster.primaries:
            node.query("create type mood as enum ('ok', 'sad'); create table late(id bigint primary key, m mood)", dbname=self.server_database, user=APP)
        with self.through() as wire:
            wait_until(lambda: "0A000" in "".join(wire.sql("select m from late where id = 1")), 12, "the table is refused: its type differs")


class TooManyValues(WireCase):
    """More values than the columns that are known: the server's to refuse, unless the columns may be others by now."""
    def test_no_such_column(self):
        text = f"insert into items values ({self.there}00, 'a', 1, 2)"
        self.same(lambda wire: wire.sql(text))
        self.same(lambda wire: wire.ask(parse("", text) + bind() + execute() + SYNC))
        self.same(lambda wire: wire.sql(f"insert into items select id + 100, note, amount, 1 from items where id = {self.there}"), databases=("plain",))

    def test_one_that_is_being_made(self):
        change, text = "alter table items add more int", f"insert into items values ({self.here}00, 'a', 1, 2)"
        for conversation in (lambda wire: wire.sql("begin") + wire.sql(change) + wire.sql(text), lambda wire: wire.sql(f"begin; {change}; {text}"),
                             lambda wire: wire.ask(run("begin") + run(change) + run(text) + SYNC)):
            with self.through() as wire:
                self.assertEqual([line.split()[2] for line in self.errors_in(conversation(wire))], ["0A000"])
                wire.sql("rollback")


class OwnPath(ProxyCase):
    schema = OTHER_SCHEMAS + DEFAULT_PATH
    tables = OtherSchemas.tables

    def test_it_is_what_names_are_looked_up_by(self):
        client = self.connect()
        client.execute("insert into lone values (2, 1)")
        for table in ("items", "pair"):
            with self.refused():
                client.execute(f"select * from {table}")
        client.execute("set search_path to public")
        client.execute("select * from items")
        client.execute("select * from pair")


class Children(ProxyCase):
    """Tables that share rows with a sharded one, while what is not listed is a table of one shard."""
    schema = """
    create table parted(id bigint, n int) partition by range (id);
    create table parted_low partition of parted for values from (0) to (1000);
    create table base(id bigint, n int); create table derived() inherits (base);
    create table loose(id bigint, n int); create table bound() inherits (loose);
    """
    tables = [{"name": name, "key": "id", "type": "bigint"} for name in ("parted", "base", "bound")]
    sharding = {"unlisted_tables": "single:shop_0"}

    def test_only_the_listed_one_is_used(self):
        client = self.connect()
        for id in range(1, 9):
            client.execute(f"insert into parted values ({id}, 1)")
            client.execute(f"insert into base values ({id}, 1)")
        self.assertEqual(len(client.execute("select * from parted").fetchall()), 8)
        for table in ("parted_low", "derived", "loose"):
            for sql in (f"select * from {table}", f"insert into {table} values (1, 1)", f"truncate {table}"):
                with self.subTest(sql), self.refused(containing="shares rows"):
                    client.execute(sql)
        client.execute("create table later() inherits (base)")
        with self.refused(containing="shares rows"):
            client.execute("insert into later values (1, 1)")


class Catalog(ProxyCase):
    schema = TABLES
    tables = [{"name": "items", "key": "id", "type": "bigint"}, {"name": "countries", "kind": "reference"},
              {"name": "log", "kind": "single", "shard": "shop_0"}, {"name": "wares", "key": "id", "type": "bigint"},
              {"name": "parts", "key": "id", "type": "bigint", "unenforced": ["parts_code_key", "number"]},
              {"name": "moods", "key": "id", "type": "bigint"}]

    def setUp(self):
        self.wire = Wire.login(self.proxy.port, "app", self.cluster.passwords["app"], "shop")
        self.addCleanup(self.wire.close)

    def shard(self, index, sql):
        self.cluster.shards[index].primary.query(sql, dbname=self.server_database, user=APP)

    def reread(self):
        """A statement whose end is answered when the catalogue has been read again."""
        self.wire.sql("comment on table items is 'read again'")

    def state(self, sql):
        """The SQLSTATE, or "" for none."""
        errors = [line.split()[2] for line in self.wire.sql(sql) if line.startswith("E ")]
        return errors[0] if errors else ""

    @staticmethod
    def position(wire, sql, extended=False):
        """The SQLSTATE of the statement's error, and where it says it is."""
        wire.send(run(sql) + SYNC if extended else query(sql))
        error = None
        while True:
            kind, body = wire.frame()
            if kind == "E":
                error = fields_of(body)
            if kind == "Z":
                return error["C"], error.get("P")

    def check_refused(self, change, undo, statement, word):
        self.assertEqual(self.state(statement), "")
        self.shard(1, change)
        self.reread()
        heard = self.wire.sql(statement)
        self.assertEqual(heard[0].split()[2], "0A000", heard)
        self.assertIn(word, self.proxy.log())
        self.assertEqual(self.state("select 1"), "")
        self.shard(1, undo)
        self.reread()
        self.assertEqual(self.state(statement), "")

    def test_tables_that_differ(self):
        self.check_refused("alter table items add column extra int", "alter table items drop column extra",
                           "select note from items where id = 1", "column 3 is nothing here and extra integer there")
        self.check_refused("alter table items alter note set default 'x'", "alter table items alter note drop default",
                           "insert into items values (1, 'a') on conflict do nothing", "default 'x'::text there")
        self.check_refused("alter table countries rename to gone", "alter table gone rename to countries",
                           "select code from countries", "does not exist on shop_1, only on shop_0")
        self.check_refused("create unique index on countries(n)", "drop index countries_n_idx",
                           "select code from countries", "the unique indexes differ")

    def test_a_single_table_of_another_shard_is_no_matter(self):
        self.shard(1, "alter table log add column extra int")
        self.addCleanup(self.shard, 1, "alter table log drop column extra")
        self.reread()
        self.assertEqual(self.state("select * from log"), "")

    def test_what_shards_cannot_keep_is_refused_when_found(self):
        for name, ddl in (("wares_code_key", "create table wares(id bigint, code text unique)"),
                          ("number", "create table wares(id bigint, number serial)"),
                          ("wares_log_fkey", "create table wares(id bigint, log int references log)")):
            with self.subTest(name=name):
                self.assertEqual(self.state(ddl), "0A000", "through Shardway")
                for index in (0, 1):
                    self.shard(index, ddl)
                self.reread()
                self.assertEqual(self.state("select * from wares where id = 1"), "0A000")
                self.assertIn(name, self.proxy.log())
                self.assertEqual(self.state("drop table wares"), "")

    def test_what_is_listed_as_unenforced_is_accepted(self):
        self.assertEqual(self.state("create table parts(id bigint, code text unique, number serial)"), "")
        self.assertEqual(self.state("insert into parts values (1, 'x', 1)"), "")
        self.assertEqual(self.state("create unique index other on parts(number)"), "0A000")
        self.assertEqual(self.state("drop table parts"), "")

    def test_an_enum_with_another_number(self):
        self.shard(1, "create type filler as enum ('x')")
        self.addCleanup(self.shard, 1, "drop type filler")
        self.assertEqual(self.state("create type mood as enum ('sad', 'happy')"), "")
        self.assertEqual(self.state("create table moods(id bigint primary key, mood mood)"), "")
        rows = [shard.primary.query("select 'mood'::regtype::oid::int", dbname=self.server_database)[0][0]
                for shard in self.cluster.shards]
        if rows[0] == rows[1]:
            self.skipTest("both shards gave the type the same number")
        self.assertEqual(self.state("insert into moods values (1, 'sad')"), "0A000")
        self.assertEqual(self.state("select 'sad'::mood"), "0A000")
        self.assertEqual(self.state("drop table moods; drop type mood"), "")

    def test_defaults_that_vary_are_not_computed_on_every_copy(self):
        self.assertEqual(self.state("insert into countries(code) values ('de')"), "0A000")
        self.assertEqual(self.state("insert into countries(code, added) values ('de', '2026-01-01')"), "")
        self.assertEqual(self.on_shards("select code, n from countries"), [[("de", 5)], [("de", 5)]])

    def test_definitions_of_the_same_transaction(self):
        """The catalogue has them when it is over."""
        for definition, refused in (("alter table countries alter n set default 7", False), ("create index on countries (n)", False),
                                    ("alter table items add at timestamptz default now()", False),
                                    ("alter table countries alter n set default random()", True), ("create domain chance as float8 default random()", True),
                                    ("create function lower(bigint) returns text language sql as 'select random()::text'", True),
                                    ("create function touched() returns trigger language plpgsql as 'begin new.n = random(); return new; end';"
                                     "create trigger t before insert on countries for each row execute function touched()", True)):
            for begin, end in (("begin", "rollback"), ("", "")):
                with self.subTest(definition=definition, begin=begin):
                    write = "insert into countries(code, added) values ('zz', '2026-01-01')"
                    whole = "; ".join(part for part in (begin, definition, write, end or "select 1/0") if part)
                    expected = "0A000" if refused else "" if begin else "22012"
                    state = self.state(whole)
                    self.state("rollback")
                    self.assertEqual(state, expected)
        self.assertEqual(self.on_shards("select n from countries where code = 'zz'"), [[], []])

    def test_types_that_call_functions_or_have_defaults_that_vary(self):
        for sql in ("create function items_here() returns bigint language sql as 'select count(*) from items'",
                    "create type grade as enum ('a', 'b')", "create domain chance as float8 default random()",
                    "create domain few as bigint check (value < items_here())", "create type remark as (t text)",
                    "create function remarked(text) returns remark language sql as 'select row($1)::remark'",
                    "create cast (text as remark) with function remarked(text)"):
            self.assertEqual(self.state(sql), "", sql)
        self.addCleanup(self.state, "drop type grade, remark cascade; drop domain few, chance; drop function items_here")
        self.assertIn("domain with this default", self.wire.sql("alter table countries add column r chance")[0])
        self.assertIn('CHECK of the type "few"', self.wire.sql("alter table items add column f few")[0])
        self.assertIn("a default of", self.wire.sql("alter table items add column f bigint default items_here()")[0])
        self.assertEqual(self.state("select note::remark from items where id = 1"), "0A000")
        self.assertEqual(self.state("alter table countries add column g grade; alter table countries drop column g"), "")
        self.assertEqual(self.state("begin; create type fresh as enum ('a')"), "")
        self.assertIn("a type that is not known yet", self.wire.sql("alter table countries add column g fresh")[0])
        self.assertEqual(self.state("rollback"), "")

    def test_functions_that_only_compute_may_be_defaults(self):
        if self.state("create extension \"uuid-ossp\""):
            self.skipTest("uuid-ossp is not there")
        self.addCleanup(self.state, "drop extension \"uuid-ossp\"")
        self.assertEqual(self.state("alter table items add column u uuid default uuid_generate_v4()"), "")
        self.assertEqual(self.state("alter table items drop column u"), "")
        self.assertEqual(self.state("alter table countries add column u uuid default uuid_generate_v4()"), "0A000")

    def test_a_null_key_is_the_servers_to_refuse(self):
        self.assertEqual(self.state("insert into items values (null, 'x')"), "23502")
        self.assertEqual(self.state("insert into items values (1, 'a'), (null, 'x')"), "23502")
        self.assertEqual(self.state("insert into items values (99999999999999999999, 'x')"), "22003")
        self.assertEqual(self.wire.sql("select note from items where id = 99999999999999999999")[-2:], ["C SELECT 0", "Z I"])

    def test_an_insert_without_columns_is_sent_with_those_it_was_planned_with(self):
        explained = [line for line in self.wire.sql("shardway explain insert into items values (7, 'x')")
                     if "sql: " in line]
        self.assertEqual(len(explained), 1)
        self.assertIn('insert into items ("id", "note") values (7, \'x\')', explained[0])
        # A column goes and comes back at the end: by place, the note would be the key now.
        for index in (0, 1):
            self.shard(index, "alter table items drop column id; alter table items add column id bigint primary key")
        self.addCleanup(self.reread)
        self.addCleanup(self.run_everywhere, "drop table items; create table items(id bigint primary key, note text)")
        keys = range(100, 140)
        for key in keys:
            self.assertEqual(self.state(f"insert into items values ({key}, '{key + 1}')"), "")
        self.wire.send(query("copy items from stdin"))
        self.wire.until("G")
        self.assertEqual(self.wire.ask(copy_data("140\t141\n") + COPY_DONE)[0], "C COPY 1")
        first, second = self.on_shards("select id, hashint8extended(id, 0) & 16383 from items")
        self.assertTrue(first and second)
        self.assertEqual([row for row in first if row[1] >= 8192] + [row for row in second if row[1] < 8192], [])
        self.assertEqual(sorted(key for key, _ in first + second), [*keys, 140])

    def test_a_dropped_column_is_an_error_until_the_catalogue_is_read(self):
        for index in (0, 1):
            self.shard(index, "alter table items drop column note")
        self.addCleanup(self.reread)
        self.addCleanup(self.shard, 0, "alter table items add column note text")
        self.addCleanup(self.shard, 1, "alter table items add column note text")
        self.assertEqual(self.state("insert into items values (1, 'a')"), "42703")
        self.reread()
        self.assertEqual(self.state("insert into items values (1, 'a')"), "42601")
        self.assertEqual(self.on_shards("select * from items"), [[], []])

    def test_positions_are_those_of_the_clients_text(self):
        plain = Wire.login(self.proxy.port, "app", self.cluster.passwords["app"], "plain")
        self.addCleanup(plain.close)
        for sql in ("insert into items values (1, 2 + 'x'::int)", "insert into items as ü values (1, nothing)",
                    "insert into items values (1, 'a') returning wrong"):
            with self.subTest(sql=sql):
                self.assertEqual(self.position(self.wire, sql), self.position(plain, sql))
                self.assertEqual(self.position(self.wire, sql, extended=True), self.position(plain, sql, extended=True))

    def test_show_shards_names_refused_tables(self):
        self.shard(1, "alter table items add column extra int")
        self.addCleanup(self.reread)
        self.addCleanup(self.shard, 1, "alter table items drop column extra")
        self.reread()

        def refused():
            return {row["refused_tables"] for row in self.proxy.console("show shards") if row["database"] == "shop"}
        wait_until(lambda: refused() == {"public.items"}, 5, "SHOW SHARDS names the table")
