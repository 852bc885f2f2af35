"""Pools against a real server: modes, the cap, the line, timeouts, opening and closing of server connections."""
import concurrent.futures
import contextlib
import copy
import ctypes
import statistics
import threading
import time

import psycopg

import wire
from support import servers, shardway
from support.case import ProxyCase
from support.servers import wait_until


def reset(connection):
    """Ends it with a TCP reset, as a client's host does that has lost its state (AF_UNSPEC disconnects)."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.connect(connection.pgconn.socket, bytes(16), 16)


class PoolCase(ProxyCase):
    """One unsharded database; its server connections are counted on the server."""
    workers = 2

    @classmethod
    def configure(cls, config):
        config["shardway"]["workers"] = cls.workers

    def connect(self, **overrides):
        return super().connect(**{"dbname": "plain", **overrides})

    def backends(self, more=""):
        """The proxy's connections to the plain server, as this database's users have them."""
        return self.cluster.plain.value(
            "select count(*) from pg_stat_activity where datname = %s and usename = 'app' and backend_type = 'client backend'"
            + more, [self.server_database], dbname="postgres")

    def pid(self, connection):
        return connection.execute("select pg_backend_pid()").fetchone()[0]

    def in_threads(self, count, work):
        """work(index) in so many threads at once; their results, the first error raised."""
        with concurrent.futures.ThreadPoolExecutor(count) as threads:
            return [future.result(60) for future in [threads.submit(work, i) for i in range(count)]]


class TransactionMode(PoolCase):
    pool = {"size": 3, "queue_timeout": "30s"}

    def test_clients_share_connections_between_transactions(self):
        clients = [self.connect() for _ in range(8)]
        seen = {self.pid(client) for client in clients for _ in range(2)}
        self.assertLessEqual(len(seen), 3)

    def test_a_transaction_keeps_its_connection(self):
        one, two = self.connect(), self.connect()
        with one.transaction():
            mine = self.pid(one)
            self.assertNotEqual(self.pid(two), mine)
            self.assertEqual({self.pid(one) for _ in range(5)}, {mine})

    def test_size_is_a_cap_over_all_threads(self):
        most, stop = [0], threading.Event()

        def watch():
            with self.cluster.plain.connect(user=servers.SUPERUSER, dbname="postgres") as watcher:
                while not stop.is_set():
                    count = watcher.execute("select count(*) from pg_stat_activity where datname = %s and usename = 'app'",
                                            [self.server_database]).fetchone()[0]
                    most[0] = max(most[0], count)

        def work(_):
            with self.proxy.connect(dbname="plain") as client:
                for _ in range(5):
                    client.execute("select pg_sleep(0.01)")
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            self.in_threads(16, work)
        finally:
            stop.set()
            watcher.join()
        self.assertEqual(most[0], 3)

    def test_connections_are_opened_in_parallel(self):
        """Three waiters at once come to three connections, not one after the other's transaction."""
        self.proxy.console("RECONNECT plain")
        wait_until(lambda: self.backends() == 0, 10, "idle connections are closed")
        barrier = threading.Barrier(3, timeout=10)

        def work(_):
            with self.proxy.connect(dbname="plain") as client, client.transaction():
                client.execute("select 1")
                barrier.wait()   # all three hold a connection at the same moment
        self.in_threads(3, work)

    def test_a_vanished_client_leaves_no_transaction(self):
        client = self.connect()
        client.execute("create table if not exists vanish(i int)")
        client.execute("begin")
        client.execute("insert into vanish values (1)")
        client.close()
        wait_until(lambda: self.backends(" and state like 'idle in transaction%%'") == 0, 10, "it is rolled back")
        self.assertEqual(self.on_plain("select * from vanish"), [])

    def test_a_client_that_vanishes_while_it_waits_leaves_the_line(self):
        holders = [self.connect() for _ in range(3)]
        for holder in holders:
            holder.execute("begin")
            holder.execute("select 1")
        quitter = self.connect()
        waits = threading.Thread(target=lambda: self.assertRaises(psycopg.Error, quitter.execute, "select 1"))
        waits.start()
        wait_until(lambda: self.waiting() == 1, 10, "it waits")
        reset(quitter)
        waits.join(10)
        wait_until(lambda: self.waiting() == 0, 10, "it has left the line")
        for holder in holders:
            holder.execute("commit")
        self.assertEqual(self.connect().execute("select 1").fetchone(), (1,))

    def waiting(self):
        return sum(int(row["cl_waiting"]) for row in self.proxy.console("SHOW POOLS") if row["database"] == "plain")

    def wire(self):
        return self.enterContext(wire.Wire.login(self.proxy.port, "app", self.cluster.passwords["app"], "plain"))

    def leaves(self, how, message):
        """A client that says this and is gone, while it waits: it has left the line, and nothing of it is executed."""
        quitter = self.wire()
        if how == "at once":
            quitter.send(message + wire.TERMINATE)
            quitter.end()
        else:
            quitter.send(message)
            wait_until(lambda: self.waiting() == 1, 10, "it waits")
            if how == "ends":
                quitter.end()
            elif how == "terminates":
                quitter.send(wire.TERMINATE)
            else:
                quitter.close()
        wait_until(lambda: self.waiting() == 0, 5, "it has left the line")

    def each_that_leaves(self, begin, end):
        self.connect().execute("create table if not exists left_behind(i int)")
        insert = "insert into left_behind values (1)"
        self.wire()   # the log-in of the others needs no server
        for how in ("ends", "terminates", "closes", "at once"):
            for message in (wire.query(insert), wire.run(insert) + wire.SYNC, wire.query(f"begin; {insert}; commit")):
                with self.subTest(how=how, message=message):
                    begin()
                    try:
                        self.leaves(how, message)
                    finally:
                        end()
                    self.assertEqual(self.connect().execute("select count(*) from left_behind").fetchone(), (0,))

    def test_a_client_that_closes_while_it_waits_is_not_served(self):
        holders = [self.connect() for _ in range(3)]
        self.each_that_leaves(lambda: [holder.execute(s) for holder in holders for s in ("begin", "select 1")],
                              lambda: [holder.execute("commit") for holder in holders])

    def test_a_client_that_closes_in_a_paused_database_is_not_served(self):
        self.each_that_leaves(lambda: self.proxy.console("PAUSE plain"), lambda: self.proxy.console("RESUME plain"))

    def test_a_client_that_closes_before_a_paused_shard_is_not_served(self):
        self.each_that_leaves(lambda: self.proxy.console("PAUSE plain.plain_0"), lambda: self.proxy.console("RESUME plain.plain_0"))

    def test_what_is_sent_before_the_end_is_done(self):
        """A connection was free, or could be made: nobody had to wait."""
        self.connect().execute("create table if not exists sent_before(i int)")
        insert = "insert into sent_before values (1)"
        count = 0
        for reconnects in (False, True):
            for message in (wire.query(insert), wire.run(insert) + wire.SYNC, wire.query(insert) + wire.TERMINATE):
                for ends in (True, False):
                    with self.subTest(reconnects=reconnects, message=message, ends=ends):
                        client = self.wire()
                        if reconnects:
                            self.proxy.console("RECONNECT plain")
                        client.send(message)
                        client.end() if ends else client.close()
                        count += 1
                        wait_until(lambda: self.on_plain("select count(*) from sent_before") == [(count,)], 5, "it is done")


class Reload(PoolCase):
    pool = {"size": 3, "queue_timeout": "30s"}
    clients = 12

    @contextlib.contextmanager
    def most_connections(self):
        """[the most server connections there were at once]"""
        most, stop = [0], threading.Event()

        def watch():
            with self.cluster.plain.connect(user=servers.SUPERUSER, dbname="postgres") as watcher:
                while not stop.is_set():
                    count = watcher.execute("select count(*) from pg_stat_activity where datname = %s and usename = 'app'",
                                            [self.server_database]).fetchone()[0]
                    most[0] = max(most[0], count)
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield most
        finally:
            stop.set()
            watcher.join()

    def reload(self, **pool):
        """With pools of its own: the old ones' links are lent, and come back, or not."""
        config = copy.deepcopy(self.proxy.config)
        for database in config["database"]:
            database["pool"] = {**database["pool"], **pool}
        before = self.proxy.log().count("event=reloaded")
        self.proxy.reload(config)
        wait_until(lambda: self.proxy.log().count("event=reloaded") > before, 10, "the configuration is read again")

    def hold(self, count):
        holders = [self.connect() for _ in range(count)]
        for holder in holders:
            holder.execute("begin")
            holder.execute("select 1")
        return holders

    def test_old_and_new_connections_together_stay_below_the_cap(self):
        with self.most_connections() as most:
            for turn in range(3):
                holders, clients = self.hold(3), [self.connect() for _ in range(self.clients)]
                with concurrent.futures.ThreadPoolExecutor(self.clients) as threads:
                    def ask(client):
                        return [client.execute("select 1").fetchone()[0] for _ in range(3)]
                    waiting = [threads.submit(ask, client) for client in clients[:4]]   # of the old configuration
                    time.sleep(0.1)
                    self.reload(lifetime=f"{50 + turn}m")
                    waiting += [threads.submit(ask, client) for client in clients[4:]]
                    time.sleep(0.1)
                    self.assertFalse(any(one.done() for one in waiting))
                    for holder in holders:
                        holder.execute("select 2")
                        holder.execute("commit")
                        time.sleep(0.05)
                    self.assertEqual([one.result(20) for one in waiting], [[1, 1, 1]] * self.clients)
        self.assertEqual(most[0], 3)

    def test_a_smaller_size_counts_as_connections_come_back(self):
        self.addCleanup(self.reload)
        holders, late = self.hold(3), self.connect()
        self.reload(size=1)
        answer = self.in_background(lambda: late.execute("select pg_sleep(0.2)").fetchone())
        for holder in holders[:2]:
            holder.execute("commit")
        time.sleep(0.1)
        self.assertFalse(answer.done())
        holders[2].execute("commit")
        answer.result(10)
        self.assertLessEqual(self.backends(), 1)
        self.reload(size=3)

    def in_background(self, work):
        threads = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(threads.shutdown)
        return threads.submit(work)

    def test_reloads_in_a_row_under_load(self):
        stop = threading.Event()

        def work(_):
            done = 0
            with self.proxy.connect(dbname="plain") as client:
                while not stop.is_set():
                    with client.transaction():
                        client.execute("select pg_sleep(0.002)")
                    done += 1
            return done
        with self.most_connections() as most, concurrent.futures.ThreadPoolExecutor(8) as threads:
            running = [threads.submit(work, i) for i in range(8)]
            try:
                for turn in range(6):
                    time.sleep(0.2)
                    self.reload(lifetime=f"{40 + turn}m")
            finally:
                stop.set()
            self.assertTrue(all(one.result(20) > 10 for one in running))
        self.assertEqual(most[0], 3)


class SessionMode(PoolCase):
    pool = {"mode": "session", "size": 2, "queue_timeout": "500ms"}

    def test_a_client_keeps_its_connection_until_it_leaves(self):
        one = self.connect()
        mine = self.pid(one)
        self.assertEqual({self.pid(one) for _ in range(5)}, {mine})
        one.execute("create temp table mine(i int)")
        one.close()
        wait_until(lambda: self.backends(" and state = 'idle'") >= 1, 10, "it is cleaned")
        two = self.connect()
        with self.assertRaises(psycopg.errors.UndefinedTable):
            two.execute("select * from mine")

    def test_a_third_client_waits_for_one_to_leave(self):
        one, two = self.connect(), self.connect()
        self.pid(one), self.pid(two)
        three = self.connect()
        with self.refused("53300", "pool.size"):
            three.execute("select 1")
        one.close()
        self.assertEqual(three.execute("select 1").fetchone(), (1,))


class FullPool(PoolCase):
    """The only server connection is in a transaction."""
    pool = {"size": 1, "queue_timeout": "1s"}

    def setUp(self):
        self.connect().execute("select 1")   # what clients are told is known
        self.holder = self.connect()
        self.holder.execute("begin")
        self.holder.execute("select 1")

    def told(self, connection):
        return {name: connection.info.parameter_status(name) for name in (
            "application_name", "client_encoding", "DateStyle", "IntervalStyle", "TimeZone", "server_encoding", "server_version",
            "standard_conforming_strings", "integer_datetimes", "is_superuser", "session_authorization", "in_hot_standby")}

    def test_a_login_with_a_name_needs_no_server(self):
        for name in "load", "na\u00efve \u20ac", "tab\there", "it's \"x\" \\", "a" * 70, "\u00e9" * 40, "x" * 62 + "\u20ac", "":
            with self.subTest(name=name):
                client = self.connect(application_name=name)
                with self.cluster.plain.connect(dbname=self.server_database, user=servers.APP, application_name=name) as plain:
                    expected = self.told(plain)
                    self.assertEqual(self.told(client), expected)
                self.holder.execute("commit")
                self.assertEqual(client.execute("show application_name").fetchone(), (expected["application_name"],))
                shown = {row["application_name"] for row in self.proxy.console("SHOW CLIENTS") if row["database"] == "plain"}
                self.assertIn(expected["application_name"], shown)
                self.holder.execute("begin")
                self.holder.execute("select 1")
        self.assertEqual(self.told(self.connect())["application_name"], "")

    def test_a_login_behind_a_reload(self):
        for command in "RELOAD", "RECONNECT plain", "RELOAD":
            with self.subTest(command=command):
                self.proxy.console(command)
                self.assertEqual(self.told(self.connect())["TimeZone"], self.told(self.holder)["TimeZone"])
                self.connect(application_name="x")

    def test_a_login_while_it_is_paused(self):
        self.holder.execute("commit")
        self.proxy.console("RELOAD")
        self.proxy.console("PAUSE plain")
        self.addCleanup(self.proxy.console, "RESUME")
        client = self.connect(application_name="x")
        with self.refused("53300", "is paused") as caught:
            client.execute("select 1")
        self.assertIn("RESUME plain", caught.exception.diag.message_hint)
        self.assertNotIn("pool.size", str(caught.exception))

    def test_what_servers_say_now_is_told_again(self):
        self.holder.execute("commit")
        self.cluster.plain.query(f"alter database {self.server_database} set timezone = 'Asia/Tokyo'", dbname="postgres")
        self.addCleanup(self.cluster.plain.query, f"alter database {self.server_database} reset timezone", dbname="postgres")
        self.proxy.console("RECONNECT plain")
        wait_until(lambda: self.told(self.connect())["TimeZone"] == "Asia/Tokyo", 10, "a server is asked again")


class QueryTimeout(PoolCase):
    pool = {"size": 4, "query_timeout": "1s"}
    tables = [{"name": "things", "key": "id", "type": "bigint"}]
    schema = "create table things(id bigint primary key)"

    def end_of(self, client, sql):
        begun = time.monotonic()
        with self.refused("57014", "canceling statement due to query_timeout"):
            client.execute(sql)
        self.assertLess(time.monotonic() - begun, 1.6)

    def test_it_says_what_it_was_and_comes_in_time(self):
        client = self.connect()
        for _ in range(3):
            self.end_of(client, "select pg_sleep(10)")
        self.assertEqual(client.execute("select 1").fetchone(), (1,))
        with self.refused("57014", "canceling statement due to statement timeout"):
            client.execute("set statement_timeout = 100; select pg_sleep(10)")

    def test_on_several_shards(self):
        client = self.connect(dbname="shop")
        with self.cluster.shards[0].primary.connect(dbname=self.server_database) as holder, holder.transaction():
            holder.execute("lock table things")
            self.end_of(client, "select id from things")
        self.assertEqual(client.execute("select id from things").fetchall(), [])


class StatementMode(PoolCase):
    pool = {"mode": "statement", "size": 2}

    def test_statements_run_and_transactions_are_refused(self):
        client = self.connect()
        self.assertEqual(client.execute("select 1").fetchone(), (1,))
        with self.assertRaises(psycopg.Error) as caught:
            client.execute("begin")
        self.assertIn("statement", str(caught.exception))
        self.assertEqual(client.execute("select 2").fetchone(), (2,))


class Fairness(PoolCase):
    workers = 4
    pool = {"size": 1, "queue_timeout": "60s"}

    def test_64_clients_on_one_connection(self):
        rounds, begin = 12, threading.Barrier(64, timeout=60)

        def work(_):
            waits = []
            with self.proxy.connect(dbname="plain", prepare_threshold=None) as client:
                begin.wait()
                for _ in range(rounds):
                    since = time.monotonic()
                    client.execute("select pg_sleep(0.002)")
                    waits.append(time.monotonic() - since)
            return waits
        waits = [wait for client in self.in_threads(64, work) for wait in client[2:-2]]   # while all of them are there
        self.assertLess(max(waits), 3 * statistics.median(waits), sorted(waits)[-5:])


class QueueTimeout(PoolCase):
    pool = {"size": 1, "queue_timeout": "300ms"}

    def check(self, **how):
        holder, waiter = self.connect(), self.connect(**how)
        waiter.execute("select 1")
        with holder.transaction():
            holder.execute("select 1")
            since = time.monotonic()
            with self.refused("53300") as caught:
                waiter.execute("select %s::int", (1,)) if how.get("prepare_threshold") == 0 else waiter.execute("select 1")
            self.assertGreaterEqual(time.monotonic() - since, 0.29)
            error = caught.exception.diag
            self.assertEqual(error.severity, "ERROR")
            self.assertIn("pool.size", error.message_hint)
            self.assertRegex(f"{error.message_primary} {error.message_hint}", r"0\.\d s")
        self.assertEqual(waiter.execute("select 2").fetchone(), (2,))

    def test_in_the_simple_protocol(self):
        self.check(prepare_threshold=None, cursor_factory=psycopg.ClientCursor)

    def test_in_the_extended_protocol(self):
        self.check(prepare_threshold=None)

    def test_with_prepared_statements(self):
        self.check(prepare_threshold=0)

    def test_in_a_pipeline(self):
        holder, waiter = self.connect(), self.connect()
        with holder.transaction():
            holder.execute("select 1")
            with self.assertRaises(psycopg.Error) as caught:
                with waiter.pipeline():
                    waiter.execute("select 1")
                    waiter.execute("select 2")
            self.assertEqual(caught.exception.sqlstate, "53300")
        self.assertEqual(waiter.execute("select 2").fetchone(), (2,))


class Limits(PoolCase):
    pool = {"size": 4, "idle_timeout": "1s", "lifetime": "3s"}

    def test_idle_connections_close(self):
        with self.proxy.connect(dbname="plain") as client:
            client.execute("select 1")
            wait_until(lambda: self.backends() == 0, 10, "an idle connection is closed")
            self.assertEqual(client.execute("select 1").fetchone(), (1,))

    def test_old_connections_close_between_transactions(self):
        with self.proxy.connect(dbname="plain") as client:
            first = self.pid(client)
            wait_until(lambda: self.pid(client) != first, 10, "another connection", pause=0.2)


class Prepared(PoolCase):
    workers = 4
    pool = {"size": 1}

    def test_a_connection_handed_between_threads_keeps_its_statements(self):
        """All clients prepare the same text; the one server connection knows it once, whichever thread has it."""
        keeper = self.connect(prepare_threshold=0)   # while somebody has the statement, it stays one
        keeper.execute("select %s::int + 1", (0,))

        def work(index):
            with self.proxy.connect(dbname="plain", prepare_threshold=0) as client:
                return [client.execute("select %s::int + 1", (index,)).fetchone()[0] for _ in range(10)]
        self.assertEqual(self.in_threads(8, work), [[i + 1] * 10 for i in range(8)])
        with self.connect(prepare_threshold=None, cursor_factory=psycopg.ClientCursor) as client:
            texts = client.execute("select statement from pg_prepared_statements").fetchall()
        self.assertEqual(texts.count(("select $1::int + 1",)), 1, texts)


class ServerDown(PoolCase):
    pool = {"size": 4, "queue_timeout": "1s", "connect_timeout": "2s"}

    @classmethod
    def setUpClass(cls):
        """A server of its own, because it is stopped; and it is down when the proxy starts."""
        cls.cluster = cls.enterClassContext(servers.Cluster(shards=1, replicas=0))
        cls.node = cls.cluster.shards[0].primary
        cls.node.stop("fast")
        config = shardway.base_config(cls.cluster)
        config["database"] = [shardway.unsharded_database(cls.cluster, server_database=servers.DATABASE, pool=cls.pool)]
        cls.proxy = shardway.Proxy(config).start()
        cls.addClassCleanup(cls.proxy.stop)

    def test_1_down_at_start_then_there_then_gone_then_back(self):
        with self.assertRaises(psycopg.OperationalError) as caught:
            self.proxy.connect(dbname="plain")
        self.assertIn("could not be used", str(caught.exception))

        waiter = concurrent.futures.ThreadPoolExecutor(1)
        early = waiter.submit(lambda: self.proxy.query("select 1", dbname="plain"))   # waits while the server starts
        self.node.start()
        try:
            self.assertEqual(early.result(30), [(1,)])
        except psycopg.OperationalError:   # the start took longer than the queue's timeout
            pass
        client = self.connect()
        self.assertEqual(client.execute("select 1").fetchone(), (1,))
        self.node.stop("fast")
        with self.refused("57P03", "could not be used"):
            client.execute("select 1")
        self.node.start()
        self.assertEqual(client.execute("select 1").fetchone(), (1,))

    def test_a_login_the_server_refuses_fails_at_once(self):
        config = shardway.base_config(self.cluster)
        config["user"].append({"name": "stranger", "password": "known here only"})
        config["database"] = [shardway.unsharded_database(self.cluster, server_database=servers.DATABASE)]
        if not self.node.is_running:
            self.node.start()
        with shardway.Proxy(config) as proxy:
            since = time.monotonic()
            with self.assertRaisesRegex(psycopg.OperationalError, "stranger"):
                proxy.connect(dbname="plain", user="stranger")
            self.assertLess(time.monotonic() - since, 5)
            self.assertEqual(proxy.query("select 1", dbname="plain"), [(1,)])
