"""Session state follows the client over server connections, and nothing of it reaches another client.

One server connection (pool size 1) serves two clients in turn: whatever one leaves behind, the other would see.
"""
import os
import socket
import threading

import psycopg

from support.case import ProxyCase
from support.servers import SUPERUSER, wait_until

LONG = "x" * 20_000
VALUES = [   # (setting, value as a literal, what SHOW says)
    ("application_name", "'one'", "one"),
    ("application_name", "'One'", "One"),
    ("application_name", "'with ''quotes'' and \"these\"'", "with 'quotes' and \"these\""),
    ("application_name", r"'back\slash'", r"back\slash"),
    ("application_name", r"E'back\\slash'", r"back\slash"),
    ("application_name", "''", ""),
    ("search_path", "pg_catalog, public", "pg_catalog, public"),
    ("search_path", "'Mixed', \"Case\", plain", '"Mixed", "Case", plain'),
    ("search_path", "''", '""'),
    ("timezone", "'Europe/Berlin'", "Europe/Berlin"),
    ("timezone", "-3", "<-03>+03"),
    ("TimeZone", "interval '-08:00' hour to minute", "<-08>+08"),
    ("datestyle", "German, DMY", "German, DMY"),
    ("DateStyle", "'SQL, MDY'", "SQL, MDY"),
    ("work_mem", "'7MB'", "7MB"),
    ("work_mem", "4096", "4MB"),
    ("extra_float_digits", "-1", "-1"),
    ("enable_seqscan", "off", "off"),
    ("statement_timeout", "'33s'", "33s"),
    ("bytea_output", "escape", "escape"),
    ("myapp.tenant", "'42'", "42"),
    ("myapp.\"Tenant\"", "'43'", "43"),
    ("myapp.long", f"'{LONG}'", LONG),
]


class StateCase(ProxyCase):
    pool = {"size": 1, "queue_timeout": "5s"}

    def connect(self, **overrides):
        return super().connect(**{"dbname": "plain", **overrides})

    def show(self, client, name):
        return client.execute(f"show {name}").fetchone()[0]

    def pins(self):
        return self.proxy.console("SHOW PINS")

    def no_pins(self):
        wait_until(lambda: not self.pins(), 10, "no client is pinned")


class Settings(StateCase):
    def test_set_follows_the_client(self):
        one, two = self.connect(), self.connect()
        for name, literal, shown in VALUES:
            with self.subTest(setting=name, value=literal[:40]):
                before = self.on_plain_show(name)
                one.execute(f"set {name} to {literal}" if not literal.startswith("interval") else f"set time zone {literal}")
                self.assertEqual(self.current(two, name), before)
                self.assertEqual(self.current(one, name), shown)
                one.execute(f"reset {name}")
                self.assertEqual(self.current(two, name), before)
                self.assertEqual(self.current(one, name), before)
        self.assertEqual(self.pins(), [])

    def current(self, client, name):
        # RESET makes '' of a setting that an application has made up, not NULL: a server knows it from then on.
        return client.execute("select coalesce(current_setting(%s, true), '')", [name.replace('"', "")]).fetchone()[0]

    def on_plain_show(self, name):
        """What a fresh client of the proxy has (psycopg sends no application_name)."""
        with self.proxy.connect(dbname="plain") as fresh:
            return self.current(fresh, name)

    def test_set_config(self):
        one, two = self.connect(), self.connect()
        one.execute("select set_config('application_name', 'by function', false)")
        self.assertEqual(self.show(two, "application_name"), "")
        self.assertEqual(self.show(one, "application_name"), "by function")
        with one.transaction():
            one.execute("select set_config('application_name', 'here only', true)")
            self.assertEqual(self.show(one, "application_name"), "here only")
        self.assertEqual(self.show(one, "application_name"), "by function")

    def test_a_path_set_by_set_config(self):
        """It is one string for set_config(), on the next connection as well."""
        for path, shown in (("public, pg_catalog", "public, pg_catalog"), ('"$user",public', '"$user",public'), ("", "")):
            with self.subTest(path=path):
                one, two = self.connect(), self.connect()
                one.execute("select set_config('search_path', %s, false)" % f"'{path}'")
                two.execute("set work_mem = '1MB'")
                self.assertEqual(self.show(one, "search_path"), shown)
                one.close()
                two.close()

    def test_set_config_with_parameters(self):
        """The value is known at Bind only: it must follow, or pin, but never get lost or leak."""
        one, two = self.connect(prepare_threshold=0), self.connect()
        one.execute("select set_config('application_name', %s, false)", ["bound"])
        if not self.pins():
            self.assertEqual(self.show(two, "application_name"), "")
        self.assertEqual(self.show(one, "application_name"), "bound")
        one.close()
        self.assertEqual(self.show(two, "application_name"), "")

    def test_set_local_ends_with_the_transaction(self):
        one, two = self.connect(), self.connect()
        for end in ("commit", "rollback"):
            one.execute("begin")
            one.execute("set local work_mem to '9MB'")
            self.assertEqual(self.show(one, "work_mem"), "9MB")
            one.execute(end)
            self.assertEqual((self.show(one, "work_mem"), self.show(two, "work_mem")), ("4MB", "4MB"))

    def test_rollback_and_savepoints_revert(self):
        one, two = self.connect(), self.connect()
        one.execute("set work_mem to '5MB'")
        one.execute("begin")
        one.execute("set work_mem to '6MB'")
        one.execute("savepoint s")
        one.execute("set work_mem to '7MB'")
        self.assertEqual(self.show(one, "work_mem"), "7MB")
        one.execute("rollback to savepoint s")
        self.assertEqual(self.show(one, "work_mem"), "6MB")
        one.execute("commit")
        self.assertEqual((self.show(two, "work_mem"), self.show(one, "work_mem")), ("4MB", "6MB"))
        one.execute("begin")
        one.execute("set work_mem to '8MB'")
        one.execute("rollback")
        self.assertEqual((self.show(two, "work_mem"), self.show(one, "work_mem")), ("4MB", "6MB"))

    def test_a_failed_transaction_reverts(self):
        one, two = self.connect(), self.connect()
        one.execute("begin")
        one.execute("set work_mem to '6MB'")
        with self.assertRaises(psycopg.Error):
            one.execute("select 1/0")
        one.execute("commit")   # answers ROLLBACK
        self.assertEqual((self.show(two, "work_mem"), self.show(one, "work_mem")), ("4MB", "4MB"))

    def test_a_wrong_value_changes_nothing(self):
        one = self.connect()
        for bad in ("set work_mem to 'much'", "set no_such_setting to 1", "set timezone to 'Nowhere/At_all'"):
            with self.assertRaises(psycopg.Error):
                one.execute(bad)
        self.connect().execute("select 1")
        self.assertEqual((self.show(one, "work_mem"), self.show(one, "timezone")), ("4MB", "UTC"))

    def test_several_in_one_query(self):
        one, two = self.connect(), self.connect()
        one.execute("set work_mem to '5MB'; set application_name to 'batch'; select 1")
        self.assertEqual(self.show(two, "application_name"), "")
        self.assertEqual((self.show(one, "work_mem"), self.show(one, "application_name")), ("5MB", "batch"))
        with self.assertRaises(psycopg.Error):
            one.execute("set work_mem to '6MB'; select 1/0")
        self.assertEqual((self.show(two, "work_mem"), self.show(one, "work_mem")), ("4MB", "5MB"))

    def test_startup_parameters_and_options(self):
        one = self.connect(application_name="App's \\ name", options='-c work_mem=5MB -c search_path="a\\ b",public')
        two = self.connect(application_name="other")
        for _ in range(2):
            self.assertEqual(self.show(two, "application_name"), "other")
            self.assertEqual((self.show(one, "application_name"), self.show(one, "work_mem"), self.show(two, "work_mem")),
                             ("App's \\ name", "5MB", "4MB"))
        one.execute("set work_mem to '6MB'")
        one.execute("reset work_mem")
        self.assertEqual((self.show(two, "work_mem"), self.show(one, "work_mem")), ("4MB", "5MB"))
        one.execute("set work_mem to '6MB'")
        one.execute("reset all")
        self.assertEqual((self.show(two, "work_mem"), self.show(one, "work_mem")), ("4MB", "5MB"))
        self.assertEqual(self.show(one, "application_name"), "App's \\ name")

    def test_a_wrong_startup_parameter_is_refused_at_login(self):
        with self.assertRaisesRegex(psycopg.OperationalError, "no_such_setting"):
            self.proxy.connect(dbname="plain", options="-c no_such_setting=1")
        self.connect().execute("select 1")

    def test_parameter_status_is_the_clients_own(self):
        one, two = self.connect(), self.connect()
        one.execute("set timezone to 'Europe/Berlin'")
        self.assertEqual(one.info.parameter_status("TimeZone"), "Europe/Berlin")
        two.execute("select 1")
        one.execute("select 1")
        self.assertEqual(two.info.parameter_status("TimeZone"), "UTC")
        self.assertEqual(one.info.parameter_status("TimeZone"), "Europe/Berlin")

    def test_discard_all(self):
        one, two = self.connect(), self.connect()
        one.execute("set work_mem to '5MB'")
        one.execute("create temp table mine(i int)")
        one.execute("discard all")
        self.assertEqual(self.show(one, "work_mem"), "4MB")
        with self.assertRaises(psycopg.errors.UndefinedTable):
            one.execute("select * from pg_temp.mine")
        one.close()
        self.no_pins()
        self.assertEqual(self.show(two, "work_mem"), "4MB")


PINS = [   # (what the client does, what a later client asks on the same connection, what it must see)
    ("create temp table canary(i int)", "select count(*) from pg_class where relname = 'canary'", 0),
    ("select pg_advisory_lock(4711)", "select count(*) from pg_locks where locktype = 'advisory'", 0),
    ("select pg_try_advisory_lock_shared(4712)", "select count(*) from pg_locks where locktype = 'advisory'", 0),
    ("listen canary", "select count(*) from pg_listening_channels()", 0),
    ("declare canary cursor with hold for select 1", "select count(*) from pg_cursors where name = 'canary'", 0),
    ("prepare canary as select 1", "select count(*) from pg_prepared_statements where name = 'canary'", 0),
    ("set role pg_monitor", "select count(*) where current_user <> 'app'", 0),
    ("set session authorization app", "select count(*) where session_user <> 'app'", 0),
    ("create temp sequence canary", "select count(*) from pg_class where relname = 'canary'", 0),
    ("create temp view canary as select 1", "select count(*) from pg_class where relname = 'canary'", 0),
    ("select 1 as x into temp canary", "select count(*) from pg_class where relname = 'canary'", 0),
]


class Pins(StateCase):
    schema = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.plain.query("grant pg_monitor to app", dbname="postgres")
        cls.addClassCleanup(cls.cluster.plain.query, "revoke pg_monitor from app", dbname="postgres")

    def test_what_cannot_follow_pins_and_goes_with_the_client(self):
        for does, asks, sees in PINS:
            with self.subTest(statement=does):
                client = self.proxy.connect(dbname="plain")
                try:
                    client.execute(does)
                    pins = self.pins()
                    self.assertEqual([row["database"] for row in pins], ["plain"], does)
                    client.execute("select 1")
                finally:
                    client.close()
                self.no_pins()
                with self.proxy.connect(dbname="plain") as later:
                    self.assertEqual(later.execute(asks).fetchone()[0], sees)

    def test_a_client_that_vanishes_leaves_nothing(self):
        for does, asks, sees in PINS:
            with self.subTest(statement=does):
                client = self.proxy.connect(dbname="plain")
                client.execute("begin")
                try:
                    client.execute(does)
                finally:
                    with socket.socket(fileno=os.dup(client.pgconn.socket)) as raw:
                        raw.shutdown(socket.SHUT_RDWR)   # no Terminate
                    client.close()
                self.no_pins()
                with self.proxy.connect(dbname="plain") as later:
                    self.assertEqual(later.execute(asks).fetchone()[0], sees)

    def test_notifications_are_delivered(self):
        listener = self.connect()
        listener.execute("listen news")
        self.cluster.plain.query("notify news, 'from elsewhere'", dbname=self.server_database)
        note = next(listener.notifies())
        self.assertEqual((note.channel, note.payload), ("news", "from elsewhere"))
        own = []
        listener.add_notify_handler(own.append)
        listener.execute("notify news, 'own'")
        listener.execute("select 1")
        self.assertEqual([note.payload for note in own], ["own"])

    def test_a_hold_cursor_lives_on(self):
        client = self.connect()
        client.execute("begin")
        client.execute("declare held cursor with hold for select generate_series(1, 5)")
        client.execute("commit")
        self.assertEqual(client.execute("fetch 2 from held").fetchall(), [(1,), (2,)])
        self.assertEqual(client.execute("fetch 2 from held").fetchall(), [(3,), (4,)])

    def test_sql_prepare_and_execute(self):
        client = self.connect()
        client.execute("prepare plus(int) as select $1 + 1")
        self.assertEqual([client.execute(f"execute plus({i})").fetchone()[0] for i in range(3)], [1, 2, 3])

    def test_show_pins_says_what_and_since_when(self):
        client = self.connect()
        client.execute("create temp table mine(i int)")
        row, = self.pins()
        self.assertEqual((row["user"], row["database"]), ("app", "plain"))
        self.assertIn("temp", row["reason"].lower())
        self.assertTrue(any("20" in str(value) for key, value in row.items() if "since" in key or "time" in key), row)


class Discarded(StateCase):
    """DISCARD ALL leaves nothing on a connection, so that nothing keeps it."""

    def test_every_pin_ends(self):
        everywhere = ("listen canary", "select pg_advisory_lock(4712)", "declare canary cursor with hold for select 1")
        for database, left in (("plain", (*everywhere, "create temp table canary(i int)", "prepare canary as select 1")), ("shop", everywhere)):
            for what in left:
                with self.subTest(database=database, what=what), self.connect(dbname=database, autocommit=True) as one, \
                        self.connect(dbname=database, autocommit=True) as two:
                    one.execute(what)
                    self.assertEqual(len(self.pins()), 1)
                    one.execute("discard all")
                    self.assertEqual(self.pins(), [])
                    self.assertEqual(two.execute("select 1").fetchall(), [(1,)])     # there is one connection
                    self.assertEqual(two.execute("select count(*) from pg_locks where locktype = 'advisory' and objid = 4712").fetchall(), [(0,)])
                    self.assertEqual(one.execute("select 1").fetchall(), [(1,)])

    def test_a_library_stays(self):
        node = self.cluster.plain
        node.query("alter role app superuser", user=SUPERUSER)
        try:
            with self.connect(dbname="plain", autocommit=True) as one:
                one.execute("load 'auto_explain'")
                one.execute("discard all")
                self.assertEqual(len(self.pins()), 1)
        finally:
            node.query("alter role app nosuperuser", user=SUPERUSER)


class Canary(ProxyCase):
    """Many clients with values of their own on few connections: never a foreign one."""
    pool = {"size": 2, "queue_timeout": "30s"}

    def test_nobody_sees_another_ones_state(self):
        foreign = []

        def work(index):
            me = f"client {index}"
            with self.proxy.connect(dbname="plain", application_name=me) as client:
                client.execute(f"set myapp.me to '{me}'")
                for turn in range(25):
                    row = client.execute("select current_setting('application_name'), current_setting('myapp.me')").fetchone()
                    if row != (me, me):
                        foreign.append((me, row))
                    if turn % 5 == index % 5:
                        me = f"client {index} turn {turn}"
                        client.execute("begin")
                        client.execute(f"set application_name to '{me}'")
                        client.execute(f"set myapp.me to '{me}'")
                        client.execute("commit")
                    if turn % 7 == index % 7:
                        client.execute("begin")
                        client.execute("set application_name to 'undone'")
                        client.execute("rollback")
        threads = [threading.Thread(target=work, args=(i,)) for i in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(foreign, [])


class Routines(StateCase):
    """What a function leaves in the session its own text says, and its client stays where it is."""
    schema = """create function atomic(t text) returns text language sql begin atomic select set_config('app.tenant', t, false); end"""
    functions = """
        create function by_view() returns void language plpgsql as 'begin update pg_settings set setting = ''5MB'' where name = ''work_mem''; end';
        create function set_tenant(t text) returns void language plpgsql as 'begin perform set_config(''app.tenant'', t, false); end';
        create function enter(t text) returns text language sql as 'select set_tenant(t); select t';
        create function only_here(t text) returns text language plpgsql as 'begin perform set_config(''app.tenant'', t, true); return t; end';
        create function stamp() returns trigger language plpgsql as 'begin execute format(''set app.tenant = %L'', new.note); return new; end';
        create table stamped(note text);
        create trigger stamp before insert on stamped for each row execute function stamp();
    """
    LEFT = "select current_setting('app.tenant', true)"

    def setUp(self):
        super().setUp()
        with self.connect() as client:
            client.execute(self.functions)
            client.execute("select 1")   # it waits until the functions are known
        self.addCleanup(self.drop)
        self.no_pins()

    def drop(self):
        with self.connect() as client:
            client.execute("drop table stamped; drop function by_view, set_tenant, enter, only_here, stamp")

    def test_what_a_function_sets_stays_with_its_client(self):
        for call in ("select set_tenant('t')", "select enter('t')", "select atomic('t')", "insert into stamped values ('t')", "do $$ begin perform set_config('app.tenant', 't', false); end $$"):
            for prepare in (False, True):
                with self.subTest(call=call, prepare=prepare):
                    with self.connect() as client:
                        client.execute(call, prepare=prepare)
                        self.assertEqual(client.execute(self.LEFT).fetchone()[0], "t")
                        self.assertEqual([row["reason"] for row in self.pins()], ["routine"])
                    self.no_pins()
                    with self.connect() as client:
                        self.assertIn(client.execute(self.LEFT).fetchone()[0], (None, ""))

    def test_a_function_that_updates_the_view_of_settings(self):
        with self.connect() as client:
            before = self.show(client, "work_mem")
            client.execute("select by_view()")
            self.assertEqual(self.show(client, "work_mem"), "5MB")
            self.assertEqual([row["reason"] for row in self.pins()], ["routine"])
        self.no_pins()
        with self.connect() as client:
            self.assertEqual(self.show(client, "work_mem"), before)

    def test_a_function_that_nobody_knows_yet(self):
        define = "create function fresh() returns int language plpgsql as 'begin perform set_config(''app.tenant'', ''t'', false); return 0; end'"
        for texts in [f"{define}; select fresh()"], ["begin", define, "select fresh()", "commit"]:
            with self.subTest(texts=texts):
                with self.connect() as client:
                    for text in texts:
                        client.execute(text)
                    self.assertEqual(client.execute(self.LEFT).fetchone()[0], "t")
                self.no_pins()
                with self.connect() as client:
                    self.assertIn(client.execute(self.LEFT).fetchone()[0], (None, ""))
                    client.execute("drop function fresh")

    def test_what_ends_with_the_transaction_pins_nobody(self):
        with self.connect() as client:
            self.assertEqual(client.execute("select only_here('t')").fetchone(), ("t",))
            self.assertEqual(self.pins(), [])


class EveryStatement(StateCase):
    """Wherever a call stands that leaves something, it stays with its client."""
    SETS = "set_config('app.tenant', 't', false)"
    TAKES = "pg_try_advisory_lock(4711)"
    LEFT = Routines.LEFT
    definitions = f"""
        create table kept(note text);
        insert into kept values ('a row');
        create table stamped(id int, note text default {SETS});
        create view tenants as select {SETS};
        create view over_tenants as select * from tenants;
        create table guarded(note text); alter table guarded enable row level security; alter table guarded force row level security;
        create policy p on guarded using ({SETS} = 't'); insert into guarded select 'a row' from over_tenants;
        create function locks() returns int language plpgsql as 'begin perform pg_advisory_lock(4711); return 0; end';
    """
    statements = [
        "create table made as select {call} as x", "select {call} as x into made", "explain (analyze) create table made as select {call} as x", "explain analyze select {call}",
        "merge into kept using (select 1) s on false when not matched then insert values ({call}::text)", "alter table kept add column more text default {call}::text",
        "alter table kept alter column note type text using {call}::text", "select U&\"\\0073et_config\"('app.tenant', 't', false), {call}", "call nothing({call}::text)",
    ]

    def setUp(self):
        super().setUp()
        with self.connect() as client:
            client.execute(self.definitions + "create procedure nothing(t text) language sql as ''")
            client.execute("select 1")   # it waits until they are known
        self.addCleanup(self.drop)
        self.no_pins()

    def drop(self):
        with self.connect() as client:
            client.execute("drop table if exists kept, stamped, guarded, made; drop view over_tenants, tenants; drop function locks; drop procedure nothing")

    def stays(self, statement, asks, here, elsewhere, fails=False):
        with self.subTest(statement=statement):
            with self.connect() as client:
                try:
                    client.execute(statement)
                except psycopg.Error:
                    self.assertTrue(fails)
                self.assertEqual(client.execute(asks).fetchone()[0], here)
            self.no_pins()
            with self.connect() as client:
                self.assertIn(client.execute(asks).fetchone()[0], elsewhere)
                client.execute("drop table if exists made; alter table kept drop column if exists more")

    def test_settings(self):
        for statement in [*(text.replace("{call}", self.SETS) for text in self.statements), "select query_to_xml('select set_config(''app.tenant'', ''t'', false)', true, true, '')",
                          "select * from ts_stat('select to_tsvector(set_config(''app.tenant'', ''t'', false))')", "insert into stamped values (1)", "select * from over_tenants",
                          "select * from guarded"]:
            self.stays(statement, self.LEFT, "t", (None, ""))

    def test_locks(self):
        asks = "select count(*) from pg_locks where locktype = 'advisory' and objid = 4711"
        for statement in [*(text.replace("{call}", self.TAKES) for text in self.statements if "U&" not in text), "select query_to_xml('select locks()', true, true, '')"]:
            self.stays(statement, asks, 1, (0,))
        for statement in ["select locks() from kept where 1 / locks() = 1", "merge into kept using (select 1) s on 1 / length(pg_advisory_lock(4711)::text) = 1 when not matched then do nothing"]:
            self.stays(statement, asks, 1, (0,), fails=True)

    def test_a_lock_before_something_else_and_an_error(self):
        asks = "select count(*) from pg_locks where locktype = 'advisory' and objid = 4711"
        for text in (f"select {self.TAKES}; select set_config('app.tenant', random()::text, false)", f"begin; select {self.TAKES}; select set_config('app.tenant', random()::text, false)",
                     "select locks(); create temp table made(i int)"):
            with self.subTest(text=text):
                with self.connect() as client:
                    with self.assertRaises(psycopg.errors.DivisionByZero):
                        client.execute(f"{text}; select 1/0")
                    client.execute("rollback")
                    self.assertEqual(client.execute(asks).fetchone(), (1,))
                self.no_pins()
                with self.connect() as client:
                    self.assertEqual(client.execute(asks).fetchone(), (0,))

    def test_what_runs_unseen_is_cleaned_away(self):
        query = "select set_config('app.tenant', 't', false)"
        with self.connect() as client:
            client.execute("select query_to_xml(%s, true, true, '')", (query,))
            self.assertEqual(self.pins(), [])
        with self.connect() as client:
            self.assertIn(client.execute(self.LEFT).fetchone()[0], (None, ""))

    def test_what_is_only_explained_sets_nothing(self):
        for text in (f"explain select {self.SETS}", f"explain create table made as select {self.SETS} as x", "explain select pg_advisory_lock(4711)"):
            with self.subTest(text=text), self.connect() as client:
                client.execute(text)
                self.assertIn(client.execute(self.LEFT).fetchone()[0], (None, ""))
                self.assertEqual(self.pins(), [])
                client.execute("set app.tenant = 't'")
                self.assertEqual(client.execute(self.LEFT).fetchone()[0], "t")
