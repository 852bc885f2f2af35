"""Planned changes of primary on PostgreSQL: under load no client sees an error and no row is lost or there twice; what may be undone is
undone; what must not be begun is refused. The old primary is stopped and started by an operator's commands, or left alone."""
import contextlib
import threading
import time
import unittest

import psycopg

from support import servers, shardway, switch_case, switch_commands
from support.servers import APP, CONTROL, wait_until


class PostgresSwitchover(switch_case.Switchovers, unittest.TestCase):
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
    def connect_to(proxy, database="shop"):
        return proxy.connect(dbname=database)

    @contextlib.contextmanager
    def another_turn(self):
        """As another Shardway has it."""
        with self.node(self.primary()).connect(user=CONTROL) as connection:
            connection.execute("select pg_advisory_lock(x'73686172'::int, x'64776179'::int)")
            yield

    def another_proxy(self):
        config = shardway.base_config(self.cluster, shutdown_timeout="1s")
        config["database"] = self.proxy.config["database"]
        return shardway.Proxy(config)

    def on_primary(self, sql):
        return self.node(self.primary()).query(sql)

    def nudge(self):
        with contextlib.suppress(StopIteration, psycopg.Error):
            self.on_primary("select pg_logical_emit_message(false, 'nudge', '')")

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
        with self.other_commands(promote="true"), switch_case.Load(self.connect) as load:
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

    def test_a_resume_of_the_database_releases_a_shard_in_alarm(self):
        for part in ("shop", ""):
            with self.subTest(part=part):
                to = self.replica()
                with self.other_commands(promote="true"):
                    self.refused(to, "RESUME shop.shop_0", "TIMEOUT 1")
                    self.assertIn("switchover", self.proxy.console("SHOW SHARDS")[0]["held"])
                    self.proxy.console(f"RESUME {part}")
                    self.assertNotIn("switchover", self.proxy.console("SHOW SHARDS")[0]["held"])
                    self.node(to).promote()
                    wait_until(lambda to=to: self.roles()[to] == "primary", 20, "it is the primary")
                    self.wait_until_open()
                    self.switch(to)   # the others follow it
                    self.wait_for_roles(to)

    def test_a_target_that_dies_is_named(self):
        before, to = self.primary(), self.replica()
        with self.delayed(to):
            self.on_primary("insert into written values (0, 0)")
            threading.Timer(1.5, lambda: self.node(to).stop("kill")).start()
            self.refused(to, f"the target does not answer any more: {to}: ", "TIMEOUT 4")
            self.assertEqual(self.primary(), before)
            self.wait_until_open()
            self.node(to).start()

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
        with self.other_commands(stop=None, rejoin=None, start=None, command=does_all), switch_case.Load(self.connect) as load:
            self.switch(to)
            self.wait_for_roles(to)
        self.assertEqual(load.errors, [])
        self.check_rows(load)


class PostgresWithoutCommands(unittest.TestCase):
    """The old primary is left to an operator, and no statement gets there."""
    node, roles, primary, replica, switch = (switch_case.Switchovers.__dict__[name] for name in ("node", "roles", "primary", "replica", "switch"))

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
                    with switch_case.Load(lambda: self.proxy.connect(dbname="shop")) as load:
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


    def test_a_shardway_that_dies_over_it(self):
        """The old primary is read only to all who say nothing else: Shardway holds, until somebody says how to go on."""
        with servers.Cluster(shards=1, replicas=1) as cluster:
            type(self).shard = shard = cluster.shards[0]
            config = shardway.base_config(cluster)
            config["database"] = [shardway.unsharded_database(cluster, name="shop", server_database=servers.DATABASE, nodes=shard.nodes)]
            old, new = shard.primary, shard.replicas[0]
            old.query("create table t (i int)", user=APP)

            def killed():
                proxy = shardway.Proxy(config, environment={"SHARDWAY_KILL_AT": "switchover read only"}).start()
                with self.assertRaises(psycopg.Error):
                    proxy.console(f"SWITCHOVER shop.shop_0 TO '{new.address}'")
                self.assertEqual(proxy.process.wait(10), -9)

            def is_found(proxy):
                wait_until(lambda: "SWITCHOVER" in proxy.console("SHOW NODES")[0]["cure"], 20, "SHOW NODES names the cure")
                self.assertEqual([row["why"] for row in proxy.console("SHOW NODES")], ["read_only", ""])
                self.assertEqual(proxy.console("SHOW SHARDS")[0]["held"], "no_primary")
                self.assertIn("event=unfinished_switchover", proxy.log())
            killed()
            with shardway.Proxy(config) as proxy:
                is_found(proxy)
                proxy.console(f"SWITCHOVER shop.shop_0 TO '{old.address}'")
                proxy.query("insert into t values (1)", dbname="shop")
            killed()
            with shardway.Proxy(config) as proxy:
                is_found(proxy)
                with self.assertRaisesRegex(psycopg.Error, "incomplete: .*is read only and gets no statement"):
                    proxy.console(f"SWITCHOVER shop.shop_0 TO '{new.address}'")
                proxy.query("insert into t values (2)", dbname="shop")
            self.assertEqual(new.query("select i from t order by i"), [(1,), (2,)])

    def test_a_user_who_is_read_only_holds_nothing(self):
        """The control user's own default is nobody else's."""
        with servers.Cluster(shards=1, replicas=0) as cluster:
            cluster.primaries[0].query(f"alter role {servers.CONTROL} set default_transaction_read_only = on")
            config = shardway.base_config(cluster)
            config["database"] = [shardway.unsharded_database(cluster, name="shop", server_database=servers.DATABASE, nodes=cluster.shards[0].nodes)]
            with shardway.Proxy(config) as proxy:
                proxy.query("create table t (i int)", dbname="shop")


class PostgresShardedSwitchover(switch_case.ShardedSwitchovers, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(servers.Cluster(shards=2, replicas=1))
        for shard in cls.cluster.shards:
            shard.primary.query("create table written (id bigint primary key, n bigint not null)", user=APP)
            shard.wait_for_replicas()
        config = shardway.base_config(cls.cluster)
        config["database"] = [shardway.sharded_database(cls.cluster, [{"name": "written", "key": "id", "type": "bigint"}],
                                                        reads={"from": "replicas"}, switchover=switch_commands.commands(cls.cluster))]
        cls.proxy = shardway.Proxy(config).start()
        cls.addClassCleanup(cls.proxy.stop)

    def connect(self):
        return self.proxy.connect(dbname="shop")

    @staticmethod
    def rows_on(node):
        return [row[0] for row in node.query("select id from written")]
