"""Planned changes of primary, on PostgreSQL and MariaDB: under load no client sees an error and no row is lost or there twice; what may
be undone is undone; what must not be begun is refused."""
import contextlib
import subprocess
import threading
import time
import unittest

import psycopg
import pymysql

from support import mariadb, mysql_shardway, servers, shardway, switch_commands
from support.servers import APP, CONTROL, wait_until

WRITERS, READERS = 4, 2


class Load:
    """Clients that write rows nobody else writes and remember which were acknowledged, and clients that read."""

    def __init__(self, connect):
        self._connect = connect
        self._stop = threading.Event()
        self.errors, self.acknowledged, self.longest = [], [], 0.0
        self._threads = [threading.Thread(target=self._run, args=(self._write, number)) for number in range(WRITERS)]
        self._threads += [threading.Thread(target=self._run, args=(self._read, number)) for number in range(READERS)]

    def _run(self, work, number):
        try:
            with contextlib.closing(self._connect()) as connection, contextlib.closing(connection.cursor()) as cursor:
                step = 0
                while not self._stop.is_set():
                    begun = time.monotonic()
                    work(cursor, number, step)
                    self.longest = max(self.longest, time.monotonic() - begun)
                    step += 1
        except Exception as error:  # noqa: BLE001: whatever a client sees is counted
            self.errors.append(f"{work.__name__} {number}: {error!r}")

    def _write(self, cursor, number, step):
        if step % 3:
            cursor.execute("insert into written (client, step) values (%s, %s)", (number, step))
        else:
            for statement in ("begin", f"insert into written (client, step) values ({number}, {step})", "commit"):
                cursor.execute(statement)
        self.acknowledged.append((number, step))

    def _read(self, cursor, _number, _step):
        cursor.execute("select count(*) from written")
        cursor.fetchall()
        time.sleep(0.002)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)


class Switchovers:   # no TestCase: a base
    """The tests of both protocols; the shard is `shop_0` of database `shop`."""

    # ---- what both need

    @classmethod
    def node(cls, address):
        return next(node for node in cls.shard.nodes if node.address == address)

    def roles(self):
        return {row["address"]: row["role"] for row in self.proxy.console("SHOW NODES")}

    def primary(self):
        return next(address for address, role in self.roles().items() if role == "primary")

    def replica(self):
        return next(address for address, role in sorted(self.roles().items()) if role == "replica")

    def wait_for_roles(self, primary):
        """All nodes are there: one primary, two replicas that follow it."""
        wanted = {node.address: "primary" if node.address == primary else "replica" for node in self.shard.nodes}

        def is_whole():
            rows = self.proxy.console("SHOW NODES")
            return self.roles() == wanted and all(str(row["up"]) == "1" and (row["role"] == "primary" or row["lag_us"] is not None) for row in rows)
        wait_until(is_whole, 20, f"{primary} is primary and the others follow it")

    def switch(self, to, more=""):
        return [(row["step"], row["state"]) for row in self.proxy.console(f"SWITCHOVER shop.shop_0 TO '{to}' {more}")]

    def refused(self, to, words, more=""):
        with self.assertRaises(psycopg.Error) as caught:
            self.switch(to, more)
        self.assertEqual(caught.exception.sqlstate, "55000")
        self.assertIn(words, str(caught.exception))

    def wait_until_open(self):
        """Statements that write run again."""
        with contextlib.closing(self.connect()) as connection, contextlib.closing(connection.cursor()) as cursor:
            cursor.execute("create table if not exists probe (i int)")
            cursor.execute("insert into probe values (1)")

    def check_rows(self, load):
        rows = [tuple(row) for row in self.on_primary("select client, step from written")]
        self.assertEqual(len(rows), len(set(rows)), "rows are there twice")
        self.assertEqual(set(load.acknowledged) - set(rows), set(), "acknowledged rows are lost")
        self.assertLessEqual(len(rows), len(load.acknowledged) + WRITERS)

    def setUp(self):
        self.wait_for_roles(self.primary())
        with contextlib.closing(self.connect()) as connection, contextlib.closing(connection.cursor()) as cursor:
            cursor.execute("drop table if exists written")
            cursor.execute("create table written (client int, step int, primary key (client, step))")

    # ---- the tests

    def test_back_and_forth_under_load(self):
        with Load(self.connect) as load:
            for _ in range(3):
                to = self.replica()
                steps = self.switch(to)
                self.assertEqual([step for step, state in steps if state == "done"],
                                 ["check", "hold", "drain", "read only", "catch up", "promote", "verify", "release", "replicas", "old primary", "end"])
                self.wait_for_roles(to)
                self.assertEqual(load.errors, [])
                time.sleep(0.3)
        self.assertEqual(load.errors, [])
        self.check_rows(load)
        self.assertGreater(len(load.acknowledged), 50)
        print(f"  longest stall {load.longest:.2f} s, {len(load.acknowledged)} rows", flush=True)

    def test_a_rehearsal_changes_nothing(self):
        before = self.primary()
        with Load(self.connect) as load:
            steps = self.switch(self.replica(), "REHEARSE")
        self.assertEqual(load.errors, [])
        self.check_rows(load)
        self.assertIn(("undo", "done"), steps)
        self.assertNotIn("promote", [step for step, _ in steps])
        self.assertEqual(steps[-1], ("end", "rehearsed"))
        self.wait_for_roles(before)
        self.wait_until_open()

    def test_a_pinned_client_is_waited_for_or_ended(self):
        before, to = self.primary(), self.replica()
        with contextlib.closing(self.connect()) as pinned, contextlib.closing(pinned.cursor()) as cursor:
            self.pin(cursor)
            self.refused(to, "pinned by", "TIMEOUT 1.5")   # undone, and the client named
            self.assertEqual(self.primary(), before)
            self.wait_until_open()
            self.switch(to, "FORCE")
            self.wait_for_roles(to)
            with self.assertRaises((psycopg.Error, pymysql.Error)) as caught:
                cursor.execute("select 1")
            self.assertIn(self.code_of(caught.exception), ("57P01", 1053, 2013, 2006))
        self.wait_until_open()

    def test_a_transaction_that_ends_in_time_is_waited_for(self):
        to = self.replica()
        with contextlib.closing(self.connect()) as connection, contextlib.closing(connection.cursor()) as cursor:
            cursor.execute("begin")
            cursor.execute("insert into written values (100, 1)")
            done = []
            thread = threading.Thread(target=lambda: done.append(self.switch(to)))
            thread.start()
            time.sleep(1.5)
            cursor.execute("insert into written values (100, 2)")   # what has begun goes on
            cursor.execute("commit")
            thread.join(60)
            self.assertIn(("drain", "waiting"), done[0])
        self.wait_for_roles(to)
        self.assertEqual(self.on_primary("select count(*) from written where client = 100")[0][0], 2)

    def test_a_replica_that_lags_is_refused(self):
        to = self.replica()
        with self.delayed(to):
            with contextlib.closing(self.connect()) as connection, contextlib.closing(connection.cursor()) as cursor:
                cursor.execute("insert into written values (200, 1)")
            self.refused(to, "still lacks")
            self.wait_until_open()

    def test_what_is_not_even_begun(self):
        for command, words in ((f"SWITCHOVER shop.shop_0 TO '{self.primary()}'", "is the primary already"),
                               ("SWITCHOVER shop.shop_0 TO '127.0.0.1:1'", "no node"),
                               ("SWITCHOVER shop.shop_9 TO '127.0.0.1:1'", "has no shard")):
            with self.subTest(command=command), self.assertRaisesRegex(psycopg.Error, words):
                self.proxy.console(command)
        replica = self.node(self.replica())
        replica.stop()
        try:
            wait_until(lambda: self.proxy.console("SHOW NODES") and self.roles()[replica.address] != "replica", 20, "the replica's end is seen")
            self.refused(replica.address, "no replica")
        finally:
            replica.start()
        self.wait_for_roles(self.primary())

    def test_missing_grants_are_named(self):
        to = self.replica()
        self.revoke()
        try:
            done = self.proxy.check_servers(lambda config: None, self.cluster.passwords.values())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("cannot switch it over: it lacks", done.stderr)
            self.refused(to, "cannot switch it over: it lacks")
            self.refused(to, "GRANT")
        finally:
            self.grant()
        done = self.proxy.check_servers(lambda config: None, self.cluster.passwords.values())
        self.assertNotIn("switch it over", done.stderr)

    def test_the_command_line_prints_the_steps(self):
        to = self.replica()
        command = [str(shardway.binary()), "switchover", "--config", str(self.proxy.file), "shop.shop_0", "--to", to]
        done = subprocess.run([*command, "--rehearse", "--timeout", "5"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^check +done +\d+ ms")
        self.assertRegex(done.stdout, r"(?m)^end +rehearsed +\d+ ms +it would have held")
        done = subprocess.run([*command[:-1], "127.0.0.1:1"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no node", done.stderr)
        for secret in (*self.cluster.passwords.values(), shardway.ADMIN_PASSWORD):
            self.assertFalse(secret and secret in done.stderr + done.stdout + self.proxy.log())

    def test_the_programs_end_undoes_what_is_under_way(self):
        """And does not wait for it. A second Shardway, so that the first may go on."""
        before, to = self.primary(), self.replica()
        with self.another_proxy() as proxy:
            with contextlib.closing(self.connect_to(proxy)) as connection, contextlib.closing(connection.cursor()) as cursor:
                cursor.execute("begin")
                cursor.execute("insert into written values (500, 1)")
                failed = []

                def switch():
                    try:
                        proxy.console(f"SWITCHOVER shop.shop_0 TO '{to}' TIMEOUT 60")
                    except psycopg.Error as error:
                        failed.append(str(error))
                thread = threading.Thread(target=switch)
                thread.start()
                wait_until(lambda: proxy.console("SHOW SHARDS")[0]["switchover"] == "drain", 10, "it waits")
                begun = time.monotonic()
                proxy.stop()
                self.assertLess(time.monotonic() - begun, 15)
                thread.join(30)
        self.assertEqual(self.primary(), before)
        self.wait_until_open()

    def test_only_one_at_a_time(self):
        to = self.replica()
        with contextlib.closing(self.connect()) as connection, contextlib.closing(connection.cursor()) as cursor:
            cursor.execute("begin")
            cursor.execute("insert into written values (300, 1)")
            failed = []

            def switch():
                try:
                    self.switch(to, "TIMEOUT 3")
                except psycopg.Error as error:
                    failed.append(str(error))
            thread = threading.Thread(target=switch)
            thread.start()
            wait_until(lambda: self.proxy.console("SHOW SHARDS")[0]["switchover"] == "drain", 10, "SHOW SHARDS shows the step")
            self.refused(to, "is under way")
            thread.join(30)
            self.assertIn("in a transaction", failed[0])   # undone: the transaction stands
            cursor.execute("commit")
        self.assertEqual(self.on_primary("select count(*) from written where client = 300")[0][0], 1)


class PostgresSwitchover(Switchovers, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(servers.Cluster(shards=1, replicas=2))
        cls.shard = cls.cluster.shards[0]
        config = shardway.base_config(cls.cluster)
        config["database"] = [shardway.unsharded_database(cls.cluster, name="shop", server_database=servers.DATABASE, nodes=cls.shard.nodes,
                                                          reads={"from": "replicas"}, switchover=cls.switchover())]
        cls.proxy = shardway.Proxy(config).start()
        cls.addClassCleanup(cls.proxy.stop)

    @classmethod
    def switchover(cls):
        return switch_commands.commands(cls.cluster)

    def connect(self):
        return self.connect_to(self.proxy)

    @staticmethod
    def connect_to(proxy):
        return proxy.connect(dbname="shop")

    def another_proxy(self):
        config = shardway.base_config(self.cluster, shutdown_timeout="1s")
        config["database"] = self.proxy.config["database"]
        return shardway.Proxy(config)

    def on_primary(self, sql):
        return self.node(self.primary()).query(sql)

    @staticmethod
    def pin(cursor):
        cursor.execute("listen jobs")

    @staticmethod
    def code_of(error):
        return error.sqlstate or ("57P01" if "administrator command" in str(error) else str(error))

    @contextlib.contextmanager
    def delayed(self, address):
        node = self.node(address)
        for value in ("60s", "0"):
            node.set("recovery_min_apply_delay", value)
            node.reload()
            if value == "0":
                break
            wait_until(lambda: node.value("show recovery_min_apply_delay") == "1min", 10, "the delay is there")
            yield

    def revoke(self):
        self.node(self.primary()).query(f"revoke execute on function pg_promote(boolean, integer) from {CONTROL}")
        self.node(self.primary()).query(f"revoke alter system on parameter primary_conninfo from {CONTROL}")

    def grant(self):
        self.node(self.primary()).query(f"grant execute on function pg_promote(boolean, integer) to {CONTROL}")
        self.node(self.primary()).query(f"grant alter system on parameter primary_conninfo to {CONTROL}")

    def configure(self, commands):
        before = self.proxy.log().count("event=reloaded")
        self.proxy.config["database"][0]["switchover"] = {key: value for key, value in commands.items() if value is not None}
        self.proxy.reload()
        wait_until(lambda: self.proxy.log().count("event=reloaded") > before, 10, "the configuration is read again")

    @contextlib.contextmanager
    def other_commands(self, **changed):
        """The configuration with these keys of [database.switchover]; None: without."""
        primary = self.primary()
        self.configure({**self.switchover(), **changed})
        try:
            self.wait_for_roles(primary)
            yield
        finally:
            self.configure(self.switchover())

    def test_a_promotion_that_is_not_verified_holds_the_shard_and_raises_an_alarm(self):
        """What promotes does nothing here; an operator then does it by hand."""
        to = self.replica()
        with self.other_commands(promote="true"), Load(self.connect) as load:
            with self.assertRaisesRegex(psycopg.Error, "held: the promotion of .* was sent and cannot be verified.*RESUME shop.shop_0"):
                self.switch(to, "TIMEOUT 2")
            shard = self.proxy.console("SHOW SHARDS")[0]
            self.assertEqual(shard["switchover"], "alarm: not verified")
            self.assertIn("switchover", shard["held"])
            self.assertIn("event=switchover_alarm", self.proxy.log())
            self.assertIn('shardway_switchover_alarm{shard="shop.shop_0"} 1', self.proxy.http("/metrics")[1])
            rows = len(load.acknowledged)
            time.sleep(0.5)
            self.assertEqual(len(load.acknowledged), rows)
            self.node(to).promote()
            self.wait_for_roles(to)   # the old primary, too
            wait_until(lambda: len(load.acknowledged) > rows + 10, 10, "the clients go on")
        self.assertEqual(load.errors, [])
        self.check_rows(load)
        wait_until(lambda: self.proxy.console("SHOW SHARDS")[0]["switchover"] == "", 10, "it is over")

    def test_a_stop_that_fails_is_undone(self):
        before = self.primary()
        for stop, words in (("false", "command stop: exit status 1"), ("/no/such/program", "cannot be started"), ("true", "still answers")):
            with self.subTest(stop=stop):
                with self.other_commands(stop=stop):
                    self.refused(self.replica(), words)
                    self.assertEqual(self.primary(), before)
                    self.wait_until_open()

    def test_one_command_that_does_it_all(self):
        to = self.replica()
        does_all = switch_commands.command(self.cluster, "all", "{port}", "{new_port}")
        with self.other_commands(stop=None, rejoin=None, start=None, command=does_all), Load(self.connect) as load:
            self.switch(to)
            self.wait_for_roles(to)
        self.assertEqual(load.errors, [])
        self.check_rows(load)


class PostgresWithoutCommands(unittest.TestCase):
    """The old primary is left to an operator, and no statement gets there."""
    node, roles, primary, replica, switch = (Switchovers.__dict__[name] for name in ("node", "roles", "primary", "replica", "switch"))

    def test_the_old_primary_is_read_only_and_left_alone(self):
        with servers.Cluster(shards=1, replicas=2) as cluster:
            type(self).shard = shard = cluster.shards[0]
            config = shardway.base_config(cluster)
            config["database"] = [shardway.unsharded_database(cluster, name="shop", server_database=servers.DATABASE, nodes=shard.nodes)]
            with shardway.Proxy(config) as self.proxy:
                wait_until(lambda: sorted(self.roles().values()) == ["primary", "replica", "replica"], 20, "roles are known")
                old, new = self.primary(), self.replica()
                self.proxy.query("create table written (client int, step int, primary key (client, step))", dbname="shop")
                with shard.primary.connect(user=APP) as stranger:
                    with Load(lambda: self.proxy.connect(dbname="shop")) as load:
                        with self.assertRaisesRegex(psycopg.Error, "incomplete: .*is read only and gets no statement"):
                            self.switch(new)
                    with self.assertRaises(psycopg.Error):
                        stranger.execute("create table x (i int)")
                self.assertEqual(load.errors, [])
                self.assertEqual(self.primary(), new)
                self.assertNotIn(self.roles()[old], ("primary", "replica"))
                with self.assertRaisesRegex(psycopg.Error, "read-only"):
                    shard.primary.query("create table x (i int)")
                self.proxy.query("create table y (i int)", dbname="shop")


class MariadbSwitchover(Switchovers, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        reason = mysql_shardway.why_not_served()
        if reason:
            raise unittest.SkipTest(f"MySQL is not served yet ({reason})")
        cls.cluster = cls.enterClassContext(mariadb.Cluster(shards=1, replicas=2))
        cls.shard = cls.cluster.shards[0]
        config = mysql_shardway.base_config(cls.cluster)
        config["database"] = [mysql_shardway.unsharded_database(
            cls.cluster, "shop", nodes=cls.shard.nodes, reads={"from": "replicas"},
            switchover={"replication_user": mariadb.REPLICATION, "replication_password": cls.cluster.passwords[mariadb.REPLICATION]})]
        cls.proxy = mysql_shardway.Proxy(config).start()
        cls.addClassCleanup(cls.proxy.stop)

    def connect(self):
        return self.connect_to(self.proxy)

    @staticmethod
    def connect_to(proxy):
        return proxy.mysql_connect(database="shop")

    def another_proxy(self):
        config = mysql_shardway.base_config(self.cluster, shutdown_timeout="1s")
        config["database"] = self.proxy.config["database"]
        return mysql_shardway.Proxy(config)

    def on_primary(self, sql):
        return self.node(self.primary()).query(sql, database="shop")

    @staticmethod
    def pin(cursor):
        cursor.execute("create temporary table pinned (i int)")

    @staticmethod
    def code_of(error):
        return error.args[0]

    @contextlib.contextmanager
    def delayed(self, address):
        node = self.node(address)
        for delay in (60, 0):
            for statement in ("STOP SLAVE", f"CHANGE MASTER TO MASTER_DELAY = {delay}", "START SLAVE"):
                node.query(statement)
            if delay:
                yield

    def revoke(self):
        for node in self.shard.nodes:
            with node.connect(user=mariadb.SUPERUSER, database=None) as connection, connection.cursor() as cursor:
                cursor.execute("SET sql_log_bin = 0")
                cursor.execute(f"REVOKE READ_ONLY ADMIN ON *.* FROM {CONTROL}@'%'")

    def grant(self):
        for node in self.shard.nodes:
            with node.connect(user=mariadb.SUPERUSER, database=None) as connection, connection.cursor() as cursor:
                cursor.execute("SET sql_log_bin = 0")
                cursor.execute(f"GRANT READ_ONLY ADMIN ON *.* TO {CONTROL}@'%'")

    def test_who_may_write_in_spite_of_read_only_does_not(self):
        """A privileged write that waits behind the lock must not happen on the old primary after the promotion."""
        to, old = self.replica(), self.node(self.primary())
        stop, written, root = threading.Event(), [], old.connect(user=mariadb.SUPERUSER)

        def write():
            with contextlib.suppress(pymysql.Error), contextlib.closing(root), root.cursor() as cursor:
                for step in range(1_000_000):
                    if stop.is_set():
                        return
                    cursor.execute("insert into shop.written values (400, %s)", (step,))
                    written.append((400, step))
        thread = threading.Thread(target=write)
        thread.start()
        time.sleep(0.2)
        self.switch(to)
        stop.set()
        thread.join(30)
        self.wait_for_roles(to)
        rows = set(self.on_primary("select client, step from written where client = 400"))
        self.assertEqual(set(written) - rows, set())


if __name__ == "__main__":
    unittest.main()
