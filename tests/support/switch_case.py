"""What the tests of planned changes of primary share: a load whose every acknowledged row is remembered, and the tests that hold for
each kind of server."""
import contextlib
import shutil
import subprocess
import threading
import time

import psycopg
import pymysql

from support import shardway
from support.servers import wait_until

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
            self.nudge()
            rows = self.proxy.console("SHOW NODES")
            return self.roles() == wanted and all(str(row["up"]) == "1" and (row["role"] == "primary" or row["lag_us"] is not None) for row in rows)
        wait_until(is_whole, 20, f"{primary} is primary and the others follow it")

    @staticmethod
    def start_replica(node):
        node.start()

    def nudge(self):
        """Has the primary write something, so that replicas can show how far they are."""

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
        primary = self.node(self.primary())
        others = [node for node in self.shard.nodes if node is not primary]
        type(self.shard)(self.shard.name, primary, others).wait_for_replicas()   # new sessions may read there at once

    # ---- the tests

    def test_back_and_forth_under_load(self):
        before = len(self.proxy.log())
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
        for alarm in ("event=node_suspect", "event=unfinished_switchover"):
            self.assertNotIn(alarm, self.proxy.log()[before:])
        self.assertGreater(len(load.acknowledged), 50)
        print(f"  longest stall {load.longest:.2f} s, {len(load.acknowledged)} rows", flush=True)

    def test_a_paused_primary_is_left(self):
        """A paused node holds its shard for as long as it is its primary."""
        before, to = self.primary(), self.replica()
        self.proxy.console(f"PAUSE NODE '{before}'")
        try:
            self.assertEqual(self.proxy.console("SHOW SHARDS")[0]["held"], "paused")
            self.switch(to)
            self.wait_until_open()
            self.assertEqual(self.proxy.console("SHOW SHARDS")[0]["held"], "")
            self.wait_for_roles(to)
            for command, state, undo in (("PAUSE", "paused", "RESUME"), ("DRAIN", "drained", "UNDRAIN")):
                if command == "DRAIN":
                    self.proxy.console(f"RESUME NODE '{before}'")
                    self.proxy.console(f"DRAIN NODE '{before}'")
                self.refused(before, f"node {before} is {state}: first {undo} NODE '{before}'")
        finally:
            for undo in ("RESUME", "UNDRAIN"):
                with contextlib.suppress(psycopg.Error):
                    self.proxy.console(f"{undo} NODE '{before}'")

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

    def times_it_waited(self):
        return self.proxy.log().count('step="drain" state=waiting')

    def test_a_transaction_that_ends_in_time_is_waited_for(self):
        to = self.replica()
        with contextlib.closing(self.connect()) as connection, contextlib.closing(connection.cursor()) as cursor:
            cursor.execute("begin")
            cursor.execute("insert into written values (100, 1)")
            done, before = [], self.times_it_waited()
            thread = threading.Thread(target=lambda: done.append(self.switch(to)))
            thread.start()
            wait_until(lambda: self.times_it_waited() > before, 20, "it waits for the transaction")
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
            self.start_replica(replica)
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

    def test_only_one_shardway_at_a_time(self):
        with self.another_turn():
            self.refused(self.replica(), "is being switched over already")
        self.switch(self.replica(), "REHEARSE")
        self.wait_until_open()

    def test_another_database_on_the_same_servers_waits_too(self):
        to, proxy = self.replica(), self.another_proxy()
        first = proxy.config["database"][0]
        proxy.config["database"] = [first, {**first, "name": "beside", "server_database": "shop", "shard": [{**first["shard"][0], "name": "beside_0"}]}]
        with proxy:
            wait_until(lambda: sorted(row["role"] for row in proxy.console("SHOW NODES")) == ["primary"] * 2 + ["replica"] * 4, 20, "roles are known")
            with Load(lambda: self.connect_to(proxy, "beside")) as load:
                time.sleep(0.5)
                proxy.console(f"SWITCHOVER shop.shop_0 TO '{to}'")
                time.sleep(0.5)
            self.assertEqual([row["reason"] for row in proxy.console("SHOW HELD")], ["", ""])
        self.wait_for_roles(to)
        self.assertEqual(load.errors, [])
        self.check_rows(load)

    # ---- a Shardway that dies over it

    KILLED_AT = {"hold": None, "read only": "unfinished", "catch up": "unfinished", "promote": "promoted", "release": "promoted", "replicas": "promoted"}

    def killed_at(self, step, to):
        """A second Shardway with clients at work is killed behind this step of its switchover. The rows that its clients were told of."""
        proxy = self.another_proxy()
        proxy.environment = {"SHARDWAY_KILL_AT": f"switchover {step}"}
        proxy.start()
        acknowledged, threads = [], []

        def write(number):
            with contextlib.suppress(psycopg.Error, pymysql.Error, OSError), contextlib.closing(self.connect_to(proxy)) as connection:
                with contextlib.closing(connection.cursor()) as cursor:
                    for i in range(1_000_000):
                        cursor.execute("insert into written (client, step) values (%s, %s)", (number, i))
                        acknowledged.append((number, i))
        for number in (600, 601):
            threads.append(threading.Thread(target=write, args=(number,)))
            threads[-1].start()
        wait_until(lambda: len(acknowledged) > 20, 10, "the clients are at work")
        with contextlib.suppress(psycopg.Error):
            proxy.console(f"SWITCHOVER shop.shop_0 TO '{to}'")
        self.assertEqual(proxy.process.wait(10), -9, f"it dies at {step}")
        for thread in threads:
            thread.join(30)
        shutil.rmtree(proxy.folder)
        return acknowledged

    def check_is_found(self, proxy, left):
        """What a Shardway that knows nothing makes of it: the promoted node serves, or an alarm says what to do."""
        if left == "unfinished":
            wait_until(lambda: [row["cure"] for row in proxy.console("SHOW NODES") if "SWITCHOVER" in row["cure"]], 20, "SHOW NODES names the cure")
            self.assertIn("event=unfinished_switchover", proxy.log())
            self.assertEqual(proxy.console("SHOW SHARDS")[0]["held"], "no_primary")
        else:
            with contextlib.closing(self.connect_to(proxy)) as connection, contextlib.closing(connection.cursor()) as cursor:
                cursor.execute("insert into written values (700, 1)")
            self.assertNotIn("event=unfinished_switchover", proxy.log())

    def test_a_shardway_that_dies_over_it_leaves_what_another_one_finishes(self):
        killed_at = [*self.KILLED_AT.items()]
        for step, left in shardway.tried(killed_at, killed_at[1::2]):
            with self.subTest(killed_at=step):
                self.setUp()
                to = self.replica()
                acknowledged = self.killed_at(step, to)
                with self.another_proxy() as proxy:
                    self.check_is_found(proxy, left)
                    steps = [name for name, state in [(row["step"], row["state"]) for row in proxy.console(f"SWITCHOVER shop.shop_0 TO '{to}'")] if state == "done"]
                    self.assertEqual(steps[0], {None: "check", "unfinished": "restore", "promoted": "replicas"}[left])
                    self.assertEqual(steps[-1], "end")
                self.wait_for_roles(to)
                self.wait_until_open()
                rows = [tuple(row) for row in self.on_primary("select client, step from written")]
                self.assertEqual(len(rows), len(set(rows)), "rows are there twice")
                self.assertEqual(set(acknowledged) - set(rows), set(), "acknowledged rows are lost")

    def test_a_shardway_that_dies_over_it_leaves_what_another_one_undoes(self):
        before = self.primary()
        acknowledged = self.killed_at("read only", self.replica())
        with self.another_proxy() as proxy:
            self.check_is_found(proxy, "unfinished")
            steps = [(row["step"], row["state"]) for row in proxy.console(f"SWITCHOVER shop.shop_0 TO '{before}'")]
            self.assertEqual([step for step, state in steps if state == "done"], ["restore", "replicas", "old primary", "end"])
        self.wait_for_roles(before)
        self.wait_until_open()
        rows = {tuple(row) for row in self.on_primary("select client, step from written")}
        self.assertEqual(set(acknowledged) - rows, set())

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


class ShardedSwitchovers:   # no TestCase: a base
    """Transactions that write on both shards go on while the primary of one is switched over, and then of the other. `cluster`, `proxy`,
    `connect` and `rows_on` are the subclass's."""

    def write(self, number):
        """Four rows in each transaction, or none."""
        try:
            with contextlib.closing(self.connect()) as connection, contextlib.closing(connection.cursor()) as cursor:
                for step in range(1_000_000):
                    if self.stopping.is_set():
                        return
                    first = (number * 1_000_000 + step) * 10
                    cursor.execute("begin")
                    for i in range(4):
                        cursor.execute("insert into written values (%s, %s)", (first + i, number))
                    cursor.execute("commit")
                    self.acknowledged.append(first)
        except Exception as error:  # noqa: BLE001: whatever a client sees is counted
            self.errors.append(repr(error))

    def nodes(self, shard):
        return {row["address"]: row["role"] for row in self.proxy.console("SHOW NODES") if row["shard"] == shard.name}

    def test_transactions_on_several_shards(self):
        self.stopping, self.acknowledged, self.errors = threading.Event(), [], []
        threads = [threading.Thread(target=self.write, args=(number,)) for number in range(6)]
        for shard in self.cluster.shards:
            wait_until(lambda s=shard: sorted(self.nodes(s).values()) == ["primary", "replica"], 20, "roles are known")
        for thread in threads:
            thread.start()
        try:
            for shard in [*self.cluster.shards, *self.cluster.shards]:
                replica = next(address for address, role in self.nodes(shard).items() if role == "replica")
                self.proxy.console(f"SWITCHOVER shop.{shard.name} TO '{replica}'")
                wait_until(lambda s=shard: sorted(self.nodes(s).values()) == ["primary", "replica"], 20, "the old primary is a replica")
        finally:
            self.stopping.set()
            for thread in threads:
                thread.join(30)
        self.assertEqual(self.errors, [])
        rows = set()
        for shard in self.cluster.shards:
            primary = next(address for address, role in self.nodes(shard).items() if role == "primary")
            rows |= set(self.rows_on(next(node for node in shard.nodes if node.address == primary)))
        whole = {row // 10 * 10 for row in rows}
        self.assertEqual({first for first in whole if any(first + i not in rows for i in range(4))}, set(), "some transactions are there in part")
        self.assertEqual(set(self.acknowledged) - whole, set(), "acknowledged transactions are lost")
        self.assertGreater(len(self.acknowledged), 50)
