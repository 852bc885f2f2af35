"""A server connection breaks in the middle of a transaction, or over a statement: the client is told what is known of it, once, and its
connection lives. 1213: nothing of the transaction was kept. 1180: the statement may have run. Reads go elsewhere and nobody notices."""
import contextlib
import threading

import pymysql

import mysql_commands as commands
from mysql_commands import DEFAULT, LAST, execute, fetch, init_db, long_data, prepare, query
from mysql_wire import WireClosed
from support import mariadb, mysql_shardway
from support.cutter import Cutter
from support.mariadb import APP
from support.mysql_behaviour import ITEMS, THREE_ITEMS, BehaviourCase, errors, rows
from support.mysql_case import proxy_only
from support.mysql_sharded_case import HERE, THERE, MysqlShardedCase
from support.servers import wait_until

TRANSACTION, UNKNOWN, CUT_OFF, CLOSED = ["1213 40001"], ["1180 08007"], ["1317 70100"], ["2013 HY000", "closed"]
OF_OLD = DEFAULT & ~commands.DEPRECATE_EOF & ~commands.SESSION_TRACK


def said(heard):
    """The errors of what was heard, with SQLSTATE; and whether the other side has hung up."""
    return [" ".join(line.split()[1:3]) for line in heard if line.startswith("ERR ")] + ["closed"] * ("closed" in heard)


def status(wire):
    return wire.ask(commands.command(commands.PING))[0].partition("status=")[2]


class LostCase(BehaviourCase):
    pool = {"size": 8, "queue_timeout": "15s"}
    schema = ITEMS + """;
create procedure naps() begin insert into items values (70, 'called'); do sleep(20); end"""
    rows = THREE_ITEMS

    @classmethod
    def configure(cls, config):
        cls.cutter = Cutter(cls.cluster.plain.port).start()
        cls.addClassCleanup(cls.cutter.stop)
        config["database"] = config["database"][:1]
        config["database"][0]["shard"][0]["nodes"] = [cls.cutter.address]
        config["database"][0]["server_tls"] = {"mode": "off"}   # the statements have to be legible

    def break_idle(self):
        """And Shardway sees it before the client goes on."""
        before = self.proxy.log().count("event=server_lost")
        self.kill_server_connections()
        wait_until(lambda: self.proxy.log().count("event=server_lost") > before, 10, "the loss is seen")

    def has(self, key):
        return self.on_plain("select count(*) from items where id = %s", [key]) == [(1,)]

    def over(self, client, payload, where=" and info like '%%sleep(%%'", kills=1, behind=None):
        """What is heard of a command whose server connection is killed while it sleeps, or waits; so often."""
        heard, killed = [], set()
        thread = threading.Thread(target=lambda: heard.extend(self.heard_or_closed(client, payload)))
        thread.start()
        for _ in range(kills):
            running = wait_until(lambda: [row for row in self.server_connections(where) if row[0] not in killed], 10, "it runs")
            killed.add(running[0][0])
            with contextlib.suppress(pymysql.Error):
                self.on_plain(f"kill {running[0][0]}")
        if behind:
            behind()
        thread.join(30)
        self.assertFalse(thread.is_alive())
        return heard

    WAITS = " and state like 'Waiting for table metadata lock%%'"

    @contextlib.contextmanager
    def locked(self):
        """Nobody else reads or writes `items`; yields what ends that."""
        with self.plain_connection().cursor() as cursor:
            cursor.execute("lock tables items write")
            try:
                yield lambda: cursor.execute("unlock tables")
            finally:
                cursor.execute("unlock tables")


@proxy_only
class Lost(LostCase):
    def test_between_two_statements(self):
        for capabilities in (DEFAULT, OF_OLD):
            for statement in ("insert into items values (50, 'x')", "select 1", "savepoint a", "commit", "begin", "set time_zone = '+02:00'",
                              "insert into items values (50, 'x'); commit"):
                with self.subTest(statement=statement, capabilities=capabilities):
                    client = self.client(capabilities=capabilities)
                    client.sql("set time_zone = '+01:00'", "begin", "insert into items values (60, 'lost')")
                    self.break_idle()
                    self.assertEqual(status(client), "in_trans|autocommit")
                    self.assertEqual(said(client.sql(statement)), TRANSACTION)
                    self.assertEqual(status(client), "autocommit")
                    heard = client.sql("select @@time_zone, count(*) from items where id in (50, 60)")
                    self.assertEqual((rows(heard), said(heard)), (["+01:00|0"], []), "told once, and the session is as it was")

    def test_between_two_executions(self):
        client = self.client()
        insert, select = client.prepare("insert into items values (?, 'x')"), client.prepare("select count(*) from items where id = ?")
        for payload in (execute(insert, [50]), execute(select, [50]), prepare("select 1"), init_db(self.database), fetch(select, 1)):
            with self.subTest(payload=payload):
                client.ask(query("begin"), execute(insert, [60]))
                self.break_idle()
                self.assertEqual(said(client.ask(payload)), TRANSACTION)
                self.assertEqual(rows(client.ask(execute(select, [60]))), ["0"])

    def test_without_autocommit(self):
        client = self.client()
        client.sql("set autocommit = 0", "insert into items values (60, 'lost')")
        self.break_idle()
        self.assertEqual(said(client.sql("insert into items values (61, 'x')")), TRANSACTION)
        self.assertEqual(rows(client.sql("select @@autocommit, @@in_transaction", "select count(*) from items where id in (60, 61)")), ["0|0", "0"])
        client.sql("rollback", "savepoint a")   # nothing tells that this has begun one
        self.break_idle()
        self.assertEqual(said(client.sql("rollback to a")), TRANSACTION)
        self.assertEqual(said(client.sql("insert into items values (62, 'kept')", "commit")), [])
        self.break_connections_that_rest()
        self.assertEqual(said(client.sql("insert into items values (63, 'kept')", "commit")), [], "nothing was open")
        self.assertTrue(self.has(62) and self.has(63))

    def break_connections_that_rest(self):
        self.kill_server_connections()

    def test_a_rollback_is_one(self):
        client = self.client()
        by_statement = client.prepare("rollback")
        for payload in (query("rollback"), query("/* a */ Rollback work"), execute(by_statement), query("rollback and chain")):
            with self.subTest(payload=payload):
                client.sql("begin", "insert into items values (60, 'lost')")
                self.break_idle()
                heard = client.ask(payload)
                if b"chain" in payload:
                    self.assertEqual(said(heard), TRANSACTION)
                else:
                    self.assertTrue(heard[0].startswith("OK affected=0 id=0 status=autocommit"), heard)
                self.assertEqual(rows(client.sql("select count(*) from items where id = 60")), ["0"])

    def test_over_a_statement(self):
        sleeping = "insert into items values (50, sleep(20))"
        for before, statement, expected, kept in (
                ([], sleeping, UNKNOWN, []),
                ([], "call naps()", UNKNOWN, [70]),
                ([], "insert into items values (62, 'first'); select sleep(20)", UNKNOWN, [62]),
                ([], "select 1; select sleep(20)", UNKNOWN, []),   # SLEEP is not among what is proven to read only
                ([], "select sleep(20) from items where id = 1 for update", UNKNOWN, []),
                (["begin", "insert into items values (60, 'x')"], sleeping, TRANSACTION, []),
                (["begin", "insert into items values (60, 'x')"], "update items set note = 'x' where sleep(20) = 0", TRANSACTION, []),
                (["begin", "insert into items values (60, 'x')"], "select sleep(20)", TRANSACTION, []),
                (["begin", "insert into items values (60, 'x')"], "insert into items values (61, 'x'); select sleep(20)", TRANSACTION, []),
                (["begin", "insert into items values (60, 'x')"], "select 1; select sleep(20)", TRANSACTION, []),
                (["begin", "insert into items values (60, 'x')"], "call naps()", UNKNOWN, []),
                (["begin", "insert into items values (60, 'x')"], "commit; select sleep(20)", UNKNOWN, [60]),
                (["begin", "insert into items values (60, 'x')"], "create table extra as select sleep(20)", UNKNOWN, [60]),
                (["start transaction read only"], "select sleep(20)", TRANSACTION, []),
                (["set autocommit = 0"], sleeping, TRANSACTION, []),
                (["set autocommit = 0", "insert into items values (60, 'x')"], "select sleep(20)", TRANSACTION, []),
                (["set autocommit = 0", "insert into items values (60, 'x')"], "set autocommit = 1; select sleep(20)", UNKNOWN, [60])):
            prepared = [False] + [True] * (";" not in statement)
            for capabilities, as_prepared in [(DEFAULT, one) for one in prepared] + [(OF_OLD, False)]:
                with self.subTest(before=before, statement=statement, prepared=as_prepared, capabilities=capabilities):
                    self.fill()
                    self.on_plain("drop table if exists extra")
                    client = self.client(capabilities=capabilities)
                    payload = execute(client.prepare(statement)) if as_prepared else query(statement)
                    client.sql("set time_zone = '+01:00'", *before)
                    self.assertEqual(said(self.over(client, payload)), expected)
                    self.assertNotIn("in_trans", status(client))
                    self.wait_until_clean()
                    self.assertEqual([key for key in (50, 60, 61, 62, 70) if self.has(key)], kept)
                    self.assertEqual(rows(client.sql("select @@time_zone")), ["+01:00"])
                    client.close()

    def test_over_a_read(self):
        client = self.client()
        by_statement = client.prepare("select id from items order by id")
        for payload in (query("select id from items order by id"), execute(by_statement), query("select id from items where id < 4; select 2")):
            for before in ([], ["set autocommit = 0"]):
                with self.subTest(payload=payload, before=before), self.locked() as unlock:
                    client.sql("set autocommit = 1", *before)
                    heard = self.over(client, payload, self.WAITS, behind=unlock)
                    self.assertEqual((said(heard), rows(heard)[:3]), ([], ["1", "2", "3"]))
                    client.sql("rollback")
        for before, expected in ([], CUT_OFF), (["set autocommit = 0"], TRANSACTION):
            with self.subTest(before=before), self.locked():
                client.sql("set autocommit = 1", *before)
                heard = self.over(client, query("select 1; select id from items"), self.WAITS)
                self.assertEqual((said(heard), rows(heard)), (expected, ["1"]))

    def test_what_breaks_every_connection_is_not_asked_for_ever(self):
        client = self.client()
        with self.locked() as unlock:
            self.assertEqual(said(self.over(client, query("select id from items"), self.WAITS, kills=3)), CUT_OFF)
            self.assertEqual(rows(client.sql("select 1")), ["1"])
            self.assertEqual(len(rows(self.over(client, query("select id from items"), self.WAITS, 2, unlock))), 3)

    def test_what_was_sent_behind_it_is_heard_behind_it(self):
        client = self.client()
        payloads = [query("insert into items values (50, sleep(20))"), query("select 1"), execute(LAST), query("select 2")]
        client.ask(prepare("select 'prepared'"))
        heard = []
        thread = threading.Thread(target=lambda: heard.extend(client.ask(*payloads)))
        thread.start()
        self.wait_for_statement("insert into items")
        self.kill_server_connections(" and info like '%%sleep(%%'")
        thread.join(20)
        self.assertEqual((said(heard), rows(heard)), (UNKNOWN, ["1", "prepared", "2"]))

    def test_what_a_client_had_there_ends_it(self):
        for before in ("select get_lock('a', 1)", "create temporary table mine (i int)", "lock tables items write", "set @a = 1 + 1",
                       "prepare a from 'select 1'", "handler items open"):
            with self.subTest(before=before, idle=True):
                client = self.client()
                client.sql(before)
                self.break_idle()
                self.assertEqual(client.rest()[0].split()[:3], ["ERR", "2013", "HY000"])
            with self.subTest(before=before, idle=False):
                client = self.client()
                client.sql(before)
                heard = self.over(client, query("select sleep(20)"))
                self.assertEqual(said(heard + self.heard_or_closed(client, query("select 1"))), CLOSED)
        client = self.client()   # it has not got it
        self.assertEqual(said(self.over(client, query("select get_lock('a', 1), sleep(20)"))), UNKNOWN)
        self.assertEqual(rows(client.sql("select 1")), ["1"])

    def test_answers_that_are_lost(self):
        """The server has done what it was asked; nobody hears of it."""
        begun = ["begin", "insert into items values (60, 'x')"]
        for before, statement, expected, kept in (
                ([], "insert into items values (50, 'x')", UNKNOWN, [50]),
                ([], "insert into items values (50, 'x'); insert into items values (51, 'x')", UNKNOWN, [50, 51]),
                (begun, "insert into items values (50, 'x')", TRANSACTION, []),
                (begun, "commit", UNKNOWN, [60]),
                (begun, "begin", UNKNOWN, [60]),
                (begun, "set autocommit = 1", UNKNOWN, []),
                (begun, "commit release", UNKNOWN, [60]),
                (begun, "rollback", [], []),
                (begun, "rollback and chain", TRANSACTION, []),
                (begun, "savepoint a", TRANSACTION, []),
                (begun, "truncate shadow", UNKNOWN, [60]),
                (["set autocommit = 0", begun[1]], "commit", UNKNOWN, [60]),
                (["set autocommit = 0", begun[1]], "set autocommit = 1", UNKNOWN, [60]),
                (["set autocommit = 0"], "insert into items values (50, 'x')", TRANSACTION, [])):
            for as_prepared in [False] + [True] * (";" not in statement and "release" not in statement):
                with self.subTest(before=before, statement=statement, prepared=as_prepared):
                    self.fill()
                    client, cuts = self.client(), self.cutter.cuts
                    payload = execute(client.prepare(statement)) if as_prepared else query(statement)
                    client.sql("set time_zone = '+01:00'", *before)
                    self.cutter.arm(b"\x17" if as_prepared else statement.encode())
                    heard = self.heard_or_closed(client, payload)
                    self.assertEqual((self.cutter.cuts, said(heard)), (cuts + 1, expected))
                    self.assertNotIn("in_trans", status(client))
                    self.wait_until_clean()
                    self.assertEqual([key for key in (50, 51, 60) if self.has(key)], kept)
                    self.assertEqual(rows(client.sql("select @@time_zone")), ["+01:00"])
                    client.close()

    def test_nobody_notices(self):
        client = self.client()
        by_statement = client.prepare("select note from items where id = ?")
        for payload, marker, expected in (
                (query("select note from items where id = 1"), b"select note", ["one"]),
                (execute(by_statement, [2]), b"\x17", ["two"]),
                (query("set time_zone = '+03:00'"), b"set time_zone", []),
                (query("set @a = 5"), b"set @a", []),
                (query(f"use {self.database}"), b"use ", []),
                (init_db(self.database), self.database.encode(), []),
                (prepare("select 'prepared'"), b"select 'prepared'", []),
                (query("show tables"), b"show tables", ["items", "shadow"]),
                (query("rollback"), b"rollback", []),
                (query("begin"), b"begin", [])):
            with self.subTest(payload=payload):
                cuts = self.cutter.cuts
                self.cutter.arm(marker)
                heard = client.ask(payload)
                self.assertEqual((self.cutter.cuts, said(heard), rows(heard)), (cuts + 1, [], expected))
        self.assertEqual(status(client), "in_trans|autocommit")
        self.assertEqual(rows(client.ask(execute(LAST))), ["prepared"])
        self.assertEqual(rows(client.sql("select @@time_zone, @a, @@in_transaction")), ["+03:00|5|1"])

    def test_cut_anywhere(self):
        """A result that breaks off behind so many bytes: it comes again, or ends in an error of the right number; in the middle of its
        definitions the client is closed, too."""
        text = "select id, note, 'cut' from items order by id"
        for capabilities in (DEFAULT, OF_OLD):
            whole, heard_of = None, set()
            for passing in range(0, 400, 3):
                client, cuts = self.client(capabilities=capabilities), self.cutter.cuts
                whole = whole or client.sql(text)
                client.sql("select 1")
                self.cutter.arm(b"'cut'", passing)
                heard = []
                with contextlib.suppress(WireClosed, ConnectionError):
                    client.send(query(text))
                    heard = client.reply(query(text))
                if self.cutter.cuts == cuts:   # all of it has passed
                    self.assertEqual(heard, whole)
                    client.close()
                    break
                with self.subTest(passing=passing, capabilities=capabilities):
                    heard_of.add("nothing" if not heard else "whole" if heard == whole else "rows" if rows(heard) else " ".join(said(heard)))
                    if heard:
                        self.assertIn(said(heard), ([], CUT_OFF))
                    if rows(heard) or heard == whole:
                        self.assertEqual(client.sql(text), whole, "its connection lives")
                client.close()
            self.assertEqual(heard_of, {"whole", "rows", *CUT_OFF})

    def test_rows_of_a_write_cut_off(self):
        text = "insert into items values (50, 'cut') returning id, repeat('x', 100)"
        for passing in (0, 20, 90, 120, 140):
            with self.subTest(passing=passing):
                self.fill()
                client = self.client()
                client.sql("select 1")
                self.cutter.arm(b"'cut'", passing)
                heard = self.heard_or_closed(client, query(text))
                self.assertEqual(said(heard), UNKNOWN, heard)
                self.assertTrue(self.has(50))
                client.close()

    def test_values_sent_ahead(self):
        client = self.client()
        number = client.prepare("insert into items values (?, ?)")
        execution = execute(number, [50, b""], long_parameters=(1,))
        client.send(long_data(number, 1, "lost"))
        client.ask(commands.command(commands.PING))
        self.break_idle()
        client.send(long_data(number, 1, " and more"))
        self.assertEqual(said(client.ask(execution)), CUT_OFF)
        client.send(long_data(number, 1, "sent again"))
        self.assertEqual(said(client.ask(execution)), [])
        self.assertEqual(self.on_plain("select note from items where id = 50"), [("sent again",)])
        client.send(long_data(number, 1, "lost"))
        client.ask(commands.command(commands.PING))
        self.break_idle()
        self.assertEqual(said(client.ask(commands.reset(number))), [])
        self.assertEqual(said(client.ask(execute(number, [51, b"with it"]))), [])

    def test_a_cursor(self):
        client = self.client()
        number = client.prepare("select id from items")
        client.ask(execute(number, cursor=commands.READ_ONLY_CURSOR))
        self.break_idle()
        self.assertEqual(said(client.ask(fetch(number, 1))), ["1421 HY000"])
        self.assertEqual(len(rows(client.ask(execute(number)))), 3)

    def test_over_a_file(self):
        client = self.client()
        for before, expected, lines in ([], UNKNOWN, 10), (["begin"], TRANSACTION, 10), ([], UNKNOWN, 1000000), (["begin"], TRANSACTION, 1000000):
            with self.subTest(before=before, lines=lines):
                client.files["data"] = b"".join(b"%d\tx\n" % key for key in range(1000, 1000 + lines))
                client.sql(*before)
                load = query("load data local infile 'data' into table items (id, @a) set note = if(id = 1000, sleep(20), 'x')")
                self.assertEqual(said(self.over(client, load)), expected)
                self.assertNotIn("in_trans", status(client))
                self.assertEqual(rows(client.sql("select 1")), ["1"])

    def test_a_session_of_its_own(self):
        """pool.mode = session pins every client, and by itself carries nothing."""
        config = mysql_shardway.base_config(self.cluster)
        config["database"] = [mysql_shardway.unsharded_database(self.cluster, self.database, pool={"mode": "session"})]
        with mysql_shardway.Proxy(config) as proxy, self.login(proxy.mysql_port) as client:
            client.sql("set time_zone = '+01:00'")
            self.kill_server_connections()
            self.assertEqual(rows(client.sql("select @@time_zone")), ["+01:00"])
            client.sql("begin", "insert into items values (60, 'x')")
            self.kill_server_connections()
            self.assertEqual(said(client.sql("commit")), TRANSACTION)
            client.sql("select get_lock('a', 1)")
            self.kill_server_connections()
            self.assertEqual(client.rest()[0].split()[:2], ["ERR", "2013"])


@proxy_only
class LostSharded(MysqlShardedCase):
    def kill(self, where="info like '%%sleep(%%'"):
        """Whatever of this class's database runs such a statement, on any shard."""
        def running():
            return [(shard, number) for shard in self.cluster.shards
                    for (number,) in shard.primary.query(f"select id from information_schema.processlist where user = %s and db = %s and {where}",
                                                         (APP, self.database))]
        wait_until(running, 10, "it runs")
        for shard, number in running():
            with contextlib.suppress(pymysql.Error):
                shard.primary.query(f"kill {number}")

    def over(self, wire, payload, where="info like '%%sleep(%%'", behind=None):
        heard = []
        thread = threading.Thread(target=lambda: heard.extend(wire.ask(payload)))
        thread.start()
        self.kill(where)
        if behind:
            behind()
        thread.join(30)
        self.assertEqual(wire.sql("select 1")[1], "ROW 1", "exactly one answer, and its connection lives")
        return heard

    def test_outside_of_a_transaction(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            for statement in (f"insert into items (id, note) values (103, sleep(20))", f"update items set note = sleep(20) where id = {HERE}"):
                for as_prepared in (False, True):
                    with self.subTest(statement=statement, prepared=as_prepared):
                        payload = execute(wire.prepare(statement)) if as_prepared else query(statement)
                        self.assertEqual(said(self.over(wire, payload)), UNKNOWN)
            waits, all_of_them = "state like 'Waiting for table metadata lock%%'", lambda holder: lambda: holder.cursor().execute("unlock tables")
            holder = self.locked("lock tables items write")
            self.assertEqual(rows(self.over(wire, query(f"select note from items where id = {THERE}"), waits, all_of_them(holder))), ["there"])
            holder = self.locked("lock tables items write", shard=0)
            self.assertEqual(sorted(rows(self.over(wire, query("select note from items where id > 0"), waits, all_of_them(holder)))), ["here", "there"])
            holder = self.locked("lock tables items write")   # the first shard's row has been told
            heard = self.over(wire, query("select note from items where id > 0"), waits, all_of_them(holder))
            self.assertEqual((rows(heard), said(heard)), (["here"], CUT_OFF))
            heard = self.over(wire, query(f"insert into items (id, note) values (103, 'x'); select sleep(20) from items where id = {HERE}"))
            self.assertEqual(said(heard), UNKNOWN)
            self.assertEqual(rows(wire.sql("select count(*) from items where id = 103")), ["1"])

    def test_in_a_transaction(self):
        with self.through() as wire:
            for statement in (f"update items set note = sleep(20) where id = {HERE}", f"select sleep(20) from items where id = {HERE}",
                              f"update items set n = 5 where id = {HERE}; select sleep(20) from items where id = {HERE}"):
                for before in ("begin", "set autocommit = 0"):
                    with self.subTest(statement=statement, before=before):
                        self.begin_with_rows(wire)
                        wire.sql(before, f"update items set note = 'lost' where id = {THERE}")
                        self.assertEqual(said(self.over(wire, query(statement))), TRANSACTION)
                        self.assertNotIn("in_trans", status(wire))
                        wire.sql("rollback", "set autocommit = 1")
                        self.assertEqual(rows(wire.sql(f"select note, n from items where id = {THERE}", f"select note, n from items where id = {HERE}")),
                                         ["there|0", "here|0"])

    def locked(self, sql, shard=1):
        """A connection straight to the second shard, or to the first, that holds what this locks."""
        holder = self.cluster.shards[shard].primary.connect(database=self.database)
        self.addCleanup(holder.close)
        with holder.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute(sql)
        return holder

    def test_a_reference_table(self):
        """It is its own transaction, of which nothing was kept: it runs once more."""
        with self.through() as wire:
            self.begin_with_rows(wire)
            holder = self.locked("select * from places for update")
            heard = self.over(wire, query("update places set name = 'lost once' where code = 'de'"), "info like 'update places%%'", holder.rollback)
            self.assertEqual(heard[0].split()[:2], ["OK", "affected=1"])
            self.assertEqual(self.on_shards("select name from places where code = 'de'"), [[("lost once",)]] * 2)
        self.wait_until_nothing_is_prepared()

    def test_a_reference_table_in_a_transaction(self):
        for kept in ("begin", "set autocommit = 0"):
            with self.subTest(kept), self.through() as wire:
                self.begin_with_rows(wire)
                wire.sql(kept, f"update items set note = 'lost' where id = {THERE}", f"update items set n = 5 where id = {HERE}")
                holder = self.locked("select * from places for update")
                heard = self.over(wire, query("update places set name = 'lost' where code = 'de'"), "info like 'update places%%'", holder.rollback)
                self.assertEqual(said(heard), TRANSACTION)
                wire.sql("rollback", "set autocommit = 1")
                self.assertEqual(rows(wire.sql(f"select note, n from items where id = {THERE}", f"select note, n from items where id = {HERE}")), ["there|0", "here|0"])
        self.wait_until_nothing_is_prepared()

    def test_a_definition(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            holder = self.locked("select * from parts")
            heard = self.over(wire, query("alter table parts add column more int"), "info like 'alter table parts%%' and state like 'Waiting%%'", holder.rollback)
            self.assertEqual(said(heard), UNKNOWN)
            self.assertIn("may have run on shop_1; it has run on shop_0", heard[0])
            for shard in self.cluster.shards:
                shard.primary.query("alter table parts drop column if exists more", database=self.database)


@proxy_only
class Killed(LostCase):
    """kill -9 of the server under writers, and its orderly end: what was acknowledged is there, what was called lost is not, and every client lives."""
    CLIENTS = 6

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls.enterClassContext(mariadb.Cluster(shards=1, replicas=0, fsync=True))
        cls.node = cls.own.shards[0].primary
        cls.node.query("create table items (id bigint primary key, note varchar(40))", user=APP, database=mariadb.DATABASE)

    def write(self, proxy, number, stop, outcomes):
        password = self.own.passwords[APP]
        with self.login(proxy.mysql_port, password=password, database=mariadb.DATABASE) as client:
            for i in range(1000000):
                if stop.is_set():
                    return
                key = number * 1000000 + i * 2
                statements = [f"insert into items values ({key}, 'a'), ({key + 1}, 'b')"]
                if i % 2:
                    statements = ["begin", f"insert into items values ({key}, 'a')", f"insert into items values ({key + 1}, 'b')", "commit"]
                heard = next((said(heard) for heard in map(client.sql, statements) if said(heard)), ["kept"])
                outcomes.append((key, *heard))

    def test_under_writers(self):
        config = mysql_shardway.base_config(self.own)
        config["database"] = [mysql_shardway.unsharded_database(self.own, mariadb.DATABASE, nodes=[self.node], pool={"queue_timeout": "30s", "size": 4})]
        stop, outcomes, failures = threading.Event(), [], []

        def writer(number):
            try:
                self.write(proxy, number, stop, outcomes)
            except Exception as error:  # pylint: disable=broad-exception-caught
                failures.append(repr(error))
        with mysql_shardway.Proxy(config) as proxy:
            threads = [threading.Thread(target=writer, args=(number,)) for number in range(1, self.CLIENTS + 1)]
            for thread in threads:
                thread.start()
            for how in ("kill", "fast", "kill"):
                before = len(outcomes)
                wait_until(lambda before=before: len(outcomes) > before + 100, 30, "they write")
                self.node.stop(how)
                self.node.launch()
                self.node.wait_ready()
            before = len(outcomes)
            wait_until(lambda: len(outcomes) > before + 100, 30, "they write again")
            stop.set()
            for thread in threads:
                thread.join(30)
        self.assertEqual(failures, [], "every client lives")
        self.assertTrue(any(outcome != "kept" for _, outcome in outcomes), "something was under way")
        there = {key for (key,) in self.node.query("select id from items", database=mariadb.DATABASE)}
        self.assertLessEqual({outcome for _, outcome in outcomes}, {"kept", *TRANSACTION, *UNKNOWN})
        for key, outcome in outcomes:
            kept = there & {key, key + 1}
            self.assertIn(len(kept), {"kept": (2,), "1213 40001": (0,)}.get(outcome, (0, 2)), (key, outcome))


@proxy_only
class LostInAPacket(LostCase):
    def test_a_big_one(self):
        """It passes as it comes; of one that breaks off nothing can be said."""
        client = self.client()
        client.sql("select 1")
        self.cutter.arm(b"repeat(", 20000)
        self.assertEqual(self.heard_or_closed(client, query("select repeat('x', 100000)")), ["closed"])
