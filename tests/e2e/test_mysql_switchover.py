"""Planned changes of primary on MariaDB, in SQL alone: the same tests as PostgreSQL's, and who may write in spite of read_only."""
import contextlib
import threading
import time
import unittest

import pymysql

from support import mariadb, mysql_shardway, switch_case
from support.servers import CONTROL


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
