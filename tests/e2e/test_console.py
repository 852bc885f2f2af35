"""The console databases and HTTP, as psql and drivers use them, under a load whose numbers are known."""
import concurrent.futures
import contextlib
import os
import re
import subprocess
import threading
import time

import psycopg

from support import shardway
from support.case import ProxyCase
from support.servers import wait_until
from wire import SYNC, Wire, bind, close, describe, execute, parse

SHOWS = ("HELP VERSION STATE CONFIG DATABASES USERS LISTS MEM POOLS CLIENTS SERVERS SOCKETS ACTIVE_SOCKETS STATS STATS_TOTALS"
         " STATS_AVERAGES TOTALS SHARDS NODES MAP PINS RULES REFUSALS PEERS PEER_POOLS DNS_HOSTS DNS_ZONES FDS").split()
MAY_BE_REFUSED = {"FDS"}


class ConsoleCase(ProxyCase):
    tables = [{"name": "things", "key": "id", "type": "bigint"}]
    schema = "create table things(id bigint primary key, note text)"
    pool = {"size": 2, "queue_timeout": "30s"}

    @classmethod
    def configure(cls, config):
        config["admin"]["stats_users"] = ["watcher"]
        config["user"].append({"name": "watcher", "password": "watcher-secret"})

    def plain(self, **overrides):
        return self.connect(dbname="plain", **overrides)

    def pool_row(self, database="plain"):
        return next((row for row in self.proxy.console("SHOW POOLS") if row["database"] == database), None)

    def in_background(self, work):
        threads = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(threads.shutdown)
        return threads.submit(work)


class Show(ConsoleCase):
    def test_every_show_in_psql(self):
        for database in ("shardway", "pgbouncer"):
            commands = [part for name in SHOWS if name not in MAY_BE_REFUSED for part in ("-c", f"show {name.lower()};")]
            done = subprocess.run(["psql", "-XA", "-v", "ON_ERROR_STOP=1", *commands,
                                   self.proxy.conninfo(dbname=database, user=shardway.ADMIN)],
                                  capture_output=True, text=True, timeout=30, check=False,
                                  env={**os.environ, "LC_ALL": "C.UTF-8"})
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_show_in_psycopg(self):
        """Both protocols give the same columns and as many rows."""
        for name in SHOWS:
            with self.subTest(show=name):
                found = []
                for cursor in (psycopg.Cursor, psycopg.ClientCursor):
                    with self.proxy.connect(dbname="shardway", user=shardway.ADMIN, cursor_factory=cursor) as client:
                        try:
                            result = client.execute(f"SHOW {name}")
                            found.append([column.name for column in result.description])
                        except psycopg.Error as error:
                            self.assertIn(name, MAY_BE_REFUSED, str(error))
                            found.append(error.sqlstate)
                self.assertEqual(found[0], found[1])

    def test_what_is_no_command(self):
        with self.proxy.connect(dbname="shardway", user=shardway.ADMIN) as client:
            for wrong in ("show nonsense", "select 1 from t", "drop table t", "kill_client"):
                with self.subTest(command=wrong), self.assertRaises(psycopg.Error):
                    client.execute(wrong)
            self.assertTrue(client.execute("show version").fetchone())

    def test_statements_and_portals_that_are_not_there(self):
        """In a server's words, and nothing more until Sync."""
        def conversation(wire):
            heard = []
            for messages in ([bind("", "nothing"), execute()], [bind("", "")], [execute("nothing"), parse("", "show version")], [execute()],
                             [describe("S", "nothing")], [describe("S")], [describe("P", "nothing")], [close("S", "nothing"), close("P", "nothing")]):
                wire.send(b"".join([*messages, SYNC]))
                heard.append(wire.until_ready())
            return heard

        with contextlib.closing(Wire.login(self.cluster.plain.port, "app", self.cluster.passwords["app"], self.server_database)) as server, \
                contextlib.closing(Wire.login(self.proxy.port, shardway.ADMIN, shardway.ADMIN_PASSWORD, "shardway")) as console:
            self.assertEqual(conversation(console), conversation(server))
            console.send(parse("version", "show version") + bind("", "version") + describe("P") + execute() + SYNC)
            self.assertEqual([line[0] for line in console.until_ready()], ["1", "2", "T", "D", "C", "Z"])

    def test_who_may_do_what(self):
        with self.assertRaisesRegex(psycopg.OperationalError, "may not use the console"):
            self.proxy.connect(dbname="shardway")
        with self.proxy.connect(dbname="shardway", user="watcher", password="watcher-secret") as watcher:
            for name in SHOWS:
                if name not in MAY_BE_REFUSED:
                    watcher.execute(f"show {name}")
            for command in ("PAUSE", "RESUME", "RELOAD", "KILL plain", "DISABLE plain", "ENABLE plain", "RECONNECT",
                            "KILL_CLIENT 1", "SHUTDOWN"):
                with self.subTest(command=command), self.assertRaises(psycopg.Error) as caught:
                    watcher.execute(command)
                self.assertEqual(caught.exception.sqlstate, "42501")
        self.assertEqual(self.proxy.query("select 1"), [(1,)])

    def test_numbers_under_a_known_load(self):
        """Five clients, two of them hold the two server connections, two wait, one is idle."""
        clients = [self.plain(application_name=f"load {i}") for i in range(5)]
        for holder in clients[:2]:
            holder.execute("begin")
            holder.execute("select 1")
        waiting = [self.in_background(lambda c=c: c.execute("select 1")) for c in clients[2:4]]
        wait_until(lambda: self.pool_row()["cl_waiting"] == 2, 10, "two wait")
        row = self.pool_row()
        self.assertEqual((row["cl_active"], row["cl_waiting"], row["sv_active"], row["sv_idle"]), (3, 2, 2, 0))
        wait_until(lambda: self.pool_row()["maxwait"] + self.pool_row()["maxwait_us"] > 0, 5, "they have waited")
        shown = [row for row in self.proxy.console("SHOW CLIENTS") if row["database"] == "plain"]
        self.assertEqual(sorted(row["state"] for row in shown), ["active", "active", "idle", "waiting", "waiting"])
        self.assertEqual({row["application_name"] for row in shown}, {f"load {i}" for i in range(5)})
        held = [row for row in self.proxy.console("SHOW SERVERS") if row["database"] == "plain"]
        pids = {row["remote_pid"] for row in held}
        self.assertEqual(pids, {client.execute("select pg_backend_pid()").fetchone()[0] for client in clients[:2]})
        self.assertEqual({row["state"] for row in held}, {"active"})
        for holder in clients[:2]:
            holder.execute("commit")
        for waiter in waiting:
            waiter.result(10)
        row = self.pool_row()
        self.assertEqual((row["cl_active"], row["cl_waiting"], row["sv_active"], row["sv_idle"]), (5, 0, 0, 2))

    def test_stats_grow_by_what_was_done(self):
        def totals():
            return next(row for row in self.proxy.console("SHOW STATS_TOTALS") if row["database"] == "plain")
        client, before = self.plain(prepare_threshold=None), totals()
        for _ in range(10):
            client.execute("select 1")
        for statement in ("begin", "select 1", "select 2", "commit"):
            client.execute(statement)
        after = totals()
        self.assertEqual(after["query_count"] - before["query_count"], 14)
        self.assertEqual(after["xact_count"] - before["xact_count"], 11)
        self.assertGreater(after["bytes_received"], before["bytes_received"])
        self.assertGreater(after["bytes_sent"], before["bytes_sent"])


    def test_what_counts_as_a_query_and_as_a_transaction(self):
        """The numbers are PgBouncer's (1.18): (transactions, queries) of each conversation."""
        def counts():
            row = next(row for row in self.proxy.console("SHOW STATS_TOTALS") if row["database"] == "plain")
            return int(row["xact_count"]), int(row["query_count"])

        def simple(client, *statements):
            for statement in statements:
                client.pgconn.exec_(statement.encode())

        def extended(client, *statements):
            for statement in statements:
                client.pgconn.exec_params(statement.encode(), [])

        def pipeline(client, *statements):
            try:
                with client.pipeline():
                    for statement in statements:
                        client.execute(statement)
            except psycopg.Error:
                pass
        for talk, statements, expected in (
                (simple, ("select 1", "select 1"), (2, 2)), (simple, ("",), (1, 1)), (simple, ("selec",), (1, 1)), (simple, ("select 1/0",), (1, 1)),
                (simple, ("begin", "commit"), (1, 2)), (simple, ("begin", "select 1", "rollback"), (1, 3)), (simple, ("commit",), (1, 1)),
                (simple, ("begin", "select 1/0", "select 1", "commit"), (1, 4)), (simple, ("begin", "select 1"), (1, 2)),
                (simple, ("begin", "savepoint a", "rollback to a", "release a", "commit"), (1, 5)),
                (simple, ("begin", "select 1", "commit and chain", "select 1", "commit"), (1, 5)),
                (simple, ("select 1; select 2",), (1, 1)), (simple, ("begin; select 1", "commit"), (1, 2)), (simple, ("set work_mem to '5MB'",), (1, 1)),
                (extended, ("select 1", "select 1"), (2, 2)), (extended, ("begin", "select 1", "commit"), (1, 3)), (extended, ("begin", "commit"), (1, 2)),
                (extended, ("begin", "select 1/0", "select 1", "commit"), (1, 4)), (extended, ("deallocate all",), (1, 1)),
                (pipeline, ("select 1", "select 2"), (1, 1)), (pipeline, ("begin", "select 1", "commit"), (1, 1)), (pipeline, ("select 1/0", "select 2"), (1, 1))):
            with self.subTest(how=talk.__name__, statements=statements):
                with self.plain() as client:
                    before = counts()
                    talk(client, *statements)
                    after = counts()
                self.assertEqual((after[0] - before[0], after[1] - before[1]), expected)


class Actions(ConsoleCase):
    def tearDown(self):
        for row in self.proxy.console("SHOW DATABASES"):
            if row.get("paused") in (1, True, "1", "t"):
                self.proxy.console(f"RESUME {row['name']}")

    def test_pause_waits_and_queries_wait_until_resume(self):
        holder, other = self.plain(), self.plain()
        holder.execute("begin")
        holder.execute("select 1")
        paused = self.in_background(lambda: self.proxy.console("PAUSE plain"))
        wait_until(lambda: self.is_paused(), 10, "it is being paused")
        holder.execute("select 2")   # a transaction may go on
        self.assertFalse(paused.done())
        holder.execute("commit")
        paused.result(10)
        late = [self.in_background(lambda c=c: c.execute("select 3").fetchone()) for c in (holder, other)]
        wait_until(lambda: self.pool_row()["cl_waiting"] == 2, 10, "they wait")
        self.assertEqual(self.pool_row()["sv_active"], 0)
        self.assertEqual(self.proxy.query("select 1"), [(1,)])   # the other database works
        self.proxy.console("RESUME plain")
        self.assertEqual([one.result(10) for one in late], [(3,), (3,)])

    def is_paused(self):
        return any(row["name"] == "plain" and row["paused"] in (1, True, "1", "t") for row in self.proxy.console("SHOW DATABASES"))

    def test_resume_opens_as_many_connections_as_are_wanted(self):
        clients = [self.plain() for _ in range(2)]
        self.proxy.console("PAUSE plain")
        barrier = threading.Barrier(2, timeout=10)

        def work(client):
            with client.transaction():
                client.execute("select 1")
                barrier.wait()
        waiting = [self.in_background(lambda c=c: work(c)) for c in clients]
        wait_until(lambda: self.pool_row()["cl_waiting"] == 2, 10, "they wait")
        self.proxy.console("RESUME plain")
        for one in waiting:
            one.result(15)

    def test_pause_twice_and_resume_of_what_runs_are_errors(self):
        self.proxy.console("PAUSE plain")
        with self.assertRaises(psycopg.Error):
            self.proxy.console("PAUSE plain")
        self.proxy.console("RESUME plain")
        for wrong in ("RESUME plain", "PAUSE nowhere", "RESUME nowhere", "KILL nowhere"):
            with self.subTest(command=wrong), self.assertRaises(psycopg.Error):
                self.proxy.console(wrong)

    def test_reconnect_replaces_server_connections(self):
        client = self.plain()
        first = client.execute("select pg_backend_pid()").fetchone()
        self.assertEqual(client.execute("select pg_backend_pid()").fetchone(), first)
        self.proxy.console("RECONNECT plain")
        wait_until(lambda: client.execute("select pg_backend_pid()").fetchone() != first, 5, "another connection")

    def test_disable_and_enable(self):
        client = self.plain()
        self.proxy.console("DISABLE plain")
        with self.assertRaisesRegex(psycopg.OperationalError, "disabled"):
            self.proxy.connect(dbname="plain")
        self.assertEqual(client.execute("select 1").fetchone(), (1,))
        self.proxy.console("ENABLE plain")
        self.assertEqual(self.proxy.query("select 1", dbname="plain"), [(1,)])

    def test_kill_drops_clients_and_leaves_it_paused(self):
        client, other = self.plain(), self.connect()
        client.execute("begin")
        client.execute("select 1")
        self.proxy.console("KILL plain")
        with self.assertRaises(psycopg.OperationalError):
            client.execute("select 1")
        self.assertTrue(self.is_paused())
        self.assertEqual(other.execute("select 1").fetchone(), (1,))
        self.proxy.console("RESUME plain")
        self.assertEqual(self.proxy.query("select 1", dbname="plain"), [(1,)])

    def test_kill_client(self):
        victim, other = self.plain(application_name="victim"), self.plain(application_name="other")
        number = next(row for row in self.proxy.console("SHOW CLIENTS") if row["application_name"] == "victim")
        self.proxy.console(f"KILL_CLIENT {number.get('id', number.get('ptr'))}")
        with self.assertRaises(psycopg.OperationalError):
            victim.execute("select 1")
        self.assertEqual(other.execute("select 1").fetchone(), (1,))
        with self.assertRaisesRegex(psycopg.Error, "no such client: 0"):
            self.proxy.console("KILL_CLIENT 0")

    def test_reload_with_a_bad_file_is_an_error(self):
        good = self.proxy.config
        self.proxy.config = "[shardway]\nworkres = 2\n"
        self.proxy.write_config()
        self.proxy.config = good
        try:
            with self.assertRaisesRegex(psycopg.Error, "workres"):
                self.proxy.console("RELOAD")
        finally:
            self.proxy.write_config()
        self.proxy.console("RELOAD")
        self.assertEqual(self.proxy.query("select 1"), [(1,)])

    def test_who_asked_is_in_the_log(self):
        self.plain(application_name="asked")
        number = next(row for row in self.proxy.console("SHOW CLIENTS") if row["application_name"] == "asked")["id"]
        begin = len(self.proxy.log().splitlines())
        good = ["PAUSE plain", "RESUME plain", "RELOAD", "DISABLE plain", "ENABLE plain", "RECONNECT plain", f"KILL_CLIENT {number}", "KILL plain",
                "resume plain ;"]
        for command in good:
            self.proxy.console(command)
        for command in ("RESUME plain", "PAUSE nowhere", "SUSPEND"):
            with self.assertRaises(psycopg.Error):
                self.proxy.console(command)
        with self.proxy.connect(dbname="shardway", user="watcher", password="watcher-secret") as watcher:
            with self.assertRaises(psycopg.Error):
                watcher.execute("PAUSE plain")
            watcher.execute("SHOW POOLS")
        log = self.proxy.log().splitlines()[begin:]
        for command in good:
            self.assertTrue(any(f'user="admin" command="{command}"' in line and "event=console " in line for line in log), command)
        self.assertEqual(len([line for line in log if "event=console_refused" in line]), 3, log)
        self.assertFalse([line for line in log if "event=console" in line and ("SHOW" in line or "watcher" in line)])

    def test_reload_while_paused_keeps_it_paused_and_resumable(self):
        client = self.plain()
        self.proxy.console("PAUSE plain")
        late = self.in_background(lambda: client.execute("select 4").fetchone())
        wait_until(lambda: self.pool_row()["cl_waiting"] == 1, 10, "it waits")
        self.proxy.console("RELOAD")
        self.assertTrue(self.is_paused())
        self.assertFalse(late.done())
        self.proxy.console("RESUME plain")
        self.assertEqual(late.result(10), (4,))


class Http(ConsoleCase):
    LINE = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_]\w*="([^"\\]|\\.)*",?)*\})? [-+0-9.eEnaNIif]+$')

    def metrics(self):
        status, text = self.proxy.http("/metrics")
        self.assertEqual(status, 200)
        values = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                self.assertRegex(line, self.LINE)
                name, _, value = line.rpartition(" ")
                values[name] = float(value)
        return values

    def test_counters_grow(self):
        self.metrics()
        before = self.metrics()
        for _ in range(5):
            self.proxy.query("select 1", dbname="plain")
        after = self.metrics()
        grown = {name for name, value in after.items() if value > before.get(name, 0)}
        for word in ("quer", "login", "bytes"):
            self.assertTrue([name for name in grown if word in name and "plain" in name], (word, sorted(grown)))
        shrunk = {name for name, value in before.items() if "_total" in name and after.get(name, 0) < value}
        self.assertEqual(shrunk, set())

    def test_counters_survive_a_reload(self):
        def queries():
            return sum(value for name, value in self.metrics().items() if re.match(r"shardway_quer\w*_total", name))
        self.proxy.query("select 1", dbname="plain")
        before = queries()
        self.proxy.console("RELOAD")
        self.proxy.query("select 1", dbname="plain")
        deadline = time.monotonic() + 3   # while the old generation is retired, no moment may show less
        while time.monotonic() < deadline:
            self.assertGreaterEqual(queries(), before)

    def test_health(self):
        self.assertEqual(self.proxy.http("/healthz")[0], 200)
        self.assertEqual(self.proxy.http("/readyz")[0], 200)
        self.assertEqual(self.proxy.http("/nonsense")[0], 404)
