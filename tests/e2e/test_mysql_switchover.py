"""Planned changes of primary on MariaDB, in SQL alone: the same tests as PostgreSQL's, and who may write in spite of read_only."""
import contextlib
import threading
import time
import unittest

import psycopg
import pymysql

from support import mariadb, mysql_shardway, switch_case
from support.servers import CONTROL, wait_until


class MariadbSwitchover(switch_case.Switchovers, unittest.TestCase):
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
    def connect_to(proxy, database="shop"):
        return proxy.mysql_connect(database=database)

    @contextlib.contextmanager
    def another_turn(self):
        """As another Shardway has it."""
        with contextlib.closing(self.node(self.primary()).connect(user=CONTROL, database=None)) as connection, connection.cursor() as cursor:
            cursor.execute("select get_lock('shardway.switchover', 0)")
            yield

    def another_proxy(self):
        config = mysql_shardway.base_config(self.cluster, shutdown_timeout="1s")
        config["database"] = self.proxy.config["database"]
        return mysql_shardway.Proxy(config)

    def on_primary(self, sql):
        return self.node(self.primary()).query(sql, database="shop")

    @staticmethod
    def start_replica(node):
        node.set("read_only", "on")   # what a switchover sets does not outlive the server
        node.start()

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


class MariadbSemiSync(unittest.TestCase):
    """Who waits for a replica, and who acknowledges, change places with the roles."""
    node, roles, primary, replica, switch, wait_for_roles, nudge = (
        switch_case.Switchovers.__dict__[name] for name in ("node", "roles", "primary", "replica", "switch", "wait_for_roles", "nudge"))
    TIMEOUT = "3600000"

    def settings(self, node):
        return {name.removeprefix("rpl_semi_sync_"): value for name, value in node.query(
            "show global variables where variable_name in ('rpl_semi_sync_master_enabled', 'rpl_semi_sync_slave_enabled', 'rpl_semi_sync_master_timeout',"
            " 'rpl_semi_sync_master_wait_point')")}

    def status(self, node):
        return dict(node.query("show global status like 'Rpl_semi_sync_%'"))

    def check_roles(self, source, replica):
        self.assertEqual({**self.settings(source), "slave_enabled": None},
                         {"master_enabled": "ON", "slave_enabled": None, "master_timeout": self.TIMEOUT, "master_wait_point": "AFTER_SYNC"})
        self.assertEqual([self.settings(replica)[name] for name in ("master_enabled", "slave_enabled")], ["OFF", "ON"])
        wait_until(lambda: self.status(source)["Rpl_semi_sync_master_clients"] == "1", 10, "the source has a replica that acknowledges")
        self.assertEqual((self.status(source)["Rpl_semi_sync_master_status"], self.status(replica)["Rpl_semi_sync_slave_status"]), ("ON", "ON"))

    def test_a_switchover_exchanges_them(self):
        type(self).cluster = cluster = self.enterContext(mariadb.Cluster(shards=1, replicas=1, settings="rpl_semi_sync_master_wait_point = AFTER_COMMIT\n"))
        type(self).shard = cluster.shards[0]
        first, second = self.shard.primary, self.shard.replicas[0]
        first.query("create table written (i int primary key)", database="shop")
        for statement in ("stop slave", "set global rpl_semi_sync_slave_enabled = 1", "start slave"):
            second.query(statement)
        first.query(f"set global rpl_semi_sync_master_enabled = 1, global rpl_semi_sync_master_timeout = {self.TIMEOUT},"
                    " global rpl_semi_sync_master_wait_point = 'AFTER_SYNC'")
        config = mysql_shardway.base_config(cluster)
        config["database"] = [mysql_shardway.unsharded_database(
            cluster, "shop", nodes=self.shard.nodes,
            switchover={"replication_user": mariadb.REPLICATION, "replication_password": cluster.passwords[mariadb.REPLICATION]})]
        type(self).proxy = self.enterContext(mysql_shardway.Proxy(config))
        self.wait_for_roles(first.address)
        self.check_roles(first, second)
        with self.proxy.mysql_connect(database="shop") as client, client.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute("insert into written values (1)")
            with self.assertRaises(psycopg.Error):
                self.switch(second.address, "TIMEOUT 1")
            cursor.execute("commit")
            self.check_roles(first, second)   # undone
            self.switch(second.address)
            self.wait_for_roles(second.address)
            self.check_roles(second, first)
            cursor.execute("insert into written values (2)")
            self.switch(first.address)
            self.wait_for_roles(first.address)
            self.check_roles(first, second)
            cursor.execute("insert into written values (3)")
        self.assertEqual([row[0] for row in first.query("select i from written order by i", database="shop")], [1, 2, 3])
        self.check_gtids()

    def check_gtids(self):
        """SHOW NODES has all of them, of every domain."""
        with self.shard.primary.connect(user=mariadb.SUPERUSER, database="shop") as connection, connection.cursor() as cursor:
            cursor.execute("set gtid_domain_id = 7")
            cursor.execute("insert into written values (4)")

        def are_shown():
            rows = {row["address"]: row["gtid"] for row in self.proxy.console("SHOW NODES")}
            return all("7-" in rows[node.address] and sorted(rows[node.address].split(",")) == sorted(node.query("select @@gtid_current_pos")[0][0].split(","))
                       for node in self.shard.nodes)
        wait_until(are_shown, 10, "SHOW NODES has the position of every node")


class MariadbShardedSwitchover(switch_case.ShardedSwitchovers, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(mariadb.Cluster(shards=2, replicas=1))
        for shard in cls.cluster.shards:
            shard.primary.query("create table written (id bigint primary key, n bigint not null)", user=mariadb.APP, database=mariadb.DATABASE)
            shard.wait_for_replicas()
        config = mysql_shardway.base_config(cls.cluster)
        config["database"] = [mysql_shardway.sharded_database(cls.cluster, [{"name": "written", "key": "id", "type": "bigint"}],
                                                              reads={"from": "replicas"})]   # they replicate as the control user
        cls.proxy = mysql_shardway.Proxy(config).start()
        cls.addClassCleanup(cls.proxy.stop)

    def connect(self):
        return self.proxy.mysql_connect(database="shop")

    @staticmethod
    def rows_on(node):
        return [row[0] for row in node.query("select id from written", database="shop")]
