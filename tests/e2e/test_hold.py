"""A shard loses its primary, by itself or because another one takes its place: what has not begun waits and goes on there, within bounds;
an old primary is fenced off; others feel nothing."""
import threading
import time

import psycopg
import pymysql

from support import mariadb, mysql_shardway, servers, shardway
from support.case import ProxyCase
from support.servers import APP, wait_until


class Later(threading.Thread):
    """What comes of a call, later: `result`, or the `error` it raised."""

    def __init__(self, call):
        super().__init__()
        self.call, self.result, self.error = call, None, None
        self.start()

    def run(self):
        try:
            self.result = self.call()
        except (psycopg.Error, pymysql.Error) as error:
            self.error = error


class HoldCase(ProxyCase):
    """Two shards, each a database of its own: `first` loses its primary, `second` does not. Servers of their own."""
    hold, reads = {"timeout": "60s"}, {"from": "replicas"}

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.cluster = self.enterContext(self.make_cluster())
        first, self.other = self.cluster.shards
        self.old, self.new = first.primary, first.replicas[0]
        for shard in self.cluster.shards:
            self.on(shard.primary, "create table things (id int primary key, n int)")
            shard.wait_for_replicas()
        self.start({})

    def start(self, hold, **more):
        config = self.module.base_config(self.cluster, **more)
        config["database"] = [self.module.unsharded_database(self.cluster, name=name, server_database=servers.DATABASE, nodes=shard.nodes,
                                                             reads=self.reads, hold={**self.hold, **hold})
                              for name, shard in zip(("first", "second"), self.cluster.shards)]
        self.proxy = self.proxy_class(config).start()
        self.addCleanup(self.proxy.stop)
        wait_until(lambda: [row["role"] for row in self.proxy.console("SHOW NODES")] == ["primary", "replica"] * 2, 20, "roles are known")

    def on(self, node, sql):
        """Straight to a node: the first column of the first row."""
        rows = node.query(sql, user=APP, **self.where)
        return rows[0][0] if rows else None

    def held(self):
        return next(row for row in self.proxy.console("SHOW HELD") if row["database"] == "first")

    def wait_held(self, clients):
        wait_until(lambda: int(self.held()["clients"]) == clients, 20, f"{clients} clients are held")

    def lose(self):
        self.old.stop("kill")
        wait_until(lambda: self.held()["reason"] == "no_primary", 20, "the loss is seen")

    def test_what_has_not_begun_goes_on_at_the_new_primary(self):
        clients = [self.client() for _ in range(5)]
        clients[0].run("insert into things values (100, 0)")
        wait_until(lambda: self.on(self.new, "select count(*) from things") == 1, 10, "it is replicated")
        self.old.stop("kill")
        waiting = [Later(lambda client=client, i=i: client.run(f"insert into things values ({i}, 0)")) for i, client in enumerate(clients)]
        self.wait_held(5)
        self.assertEqual(self.client("second").run("select count(*) from things"), 0, "another shard feels nothing")
        self.assertIn('shardway_held_clients{database="first",shard="first_0"} 5', self.proxy.http("/metrics")[1])
        began = time.monotonic()
        self.new.promote()
        for one in waiting:
            one.join(30)
            self.assertIsNone(one.error)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(self.on(self.new, "select count(*) from things"), 6)
        self.assertEqual(self.held()["reason"], "")

    def test_reads_of_a_replica_go_on(self):
        client = self.client()
        self.lose()
        self.assertEqual(client.run("select count(*) from things"), 0)

    def test_reads_of_a_level_replica_go_on_beyond_max_lag(self):
        self.reads = {"from": "replicas", "consistency": "eventual", "max_lag": "1s"}
        self.start({"timeout": "1s"})
        client = self.client()
        client.run("insert into things values (1, 1)")
        wait_until(lambda: self.on(self.new, "select count(*) from things") == 1, 10, "it is replicated")
        wait_until(lambda: [str(row["lag_bytes"]) for row in self.proxy.console("SHOW NODES") if row["role"] == "replica"][:1] == ["0"], 10,
                   "the control lane knows")
        self.lose()
        for _ in range(6):
            time.sleep(1)
            self.assertEqual(client.run("select count(*) from things"), 1)

    def test_a_transaction_that_was_cut_may_be_run_again(self):
        client = self.client()
        client.run("begin")
        client.run("insert into things values (1, 1)")
        self.lose()
        self.new.promote()
        wait_until(lambda: self.held()["reason"] == "", 20, "the new primary is used")
        self.assertEqual(self.code(Later(lambda: client.run("insert into things values (2, 2)"))), self.cut)
        client.run("rollback")
        client.run("insert into things values (1, 1)")
        self.assertEqual(client.run("select count(*) from things"), 1)

    def test_the_bounds(self):
        self.start({"clients": 1, "timeout": "2s"})
        one, two = self.client(), self.client()
        self.lose()
        waiting = Later(lambda: one.run("insert into things values (1, 1)"))
        self.wait_held(1)
        began = time.monotonic()
        self.assertEqual(self.code(Later(lambda: two.run("insert into things values (2, 2)"))), self.cannot_now)
        self.assertLess(time.monotonic() - began, 1, "one more is told at once")
        self.assertEqual(self.code(waiting), self.cannot_now)
        self.assertRegex(str(waiting.error), "could not be used for 20[0-9][0-9] ms")
        self.new.promote()
        for client in (one, two):   # both connections live
            client.run("insert into things values (3, 3)") if client is one else client.run("insert into things values (4, 4)")

    def test_bytes(self):
        self.start({"bytes": "1KiB"})
        client = self.client()
        self.lose()
        text = "x" * 2000
        self.assertEqual(self.code(Later(lambda: client.run(f"insert into things values (length('{text}'), 1)"))), self.cannot_now)

    def test_one_server_connection_that_breaks_is_no_loss(self):
        clients = [self.client() for _ in range(3)]
        for i, client in enumerate(clients):
            client.run(f"insert into things values ({i}, 0)")
        self.break_connections(self.old)
        wait_until(lambda: not any(row["state"] == "idle" and row["database"] == "first" for row in self.proxy.console("SHOW SERVERS")), 10,
                   "the loss is seen")
        for i, client in enumerate(clients):
            client.run(f"insert into things values ({10 + i}, 0)")

    def test_a_control_user_that_may_not_log_in(self):
        """The only node there is must be the primary: it serves. Of several nobody knows."""
        config = self.module.base_config(self.cluster)
        config["database"] = [self.module.unsharded_database(self.cluster, name=name, server_database=servers.DATABASE, nodes=nodes, hold={"timeout": "1s"})
                              for name, nodes in (("first", self.cluster.shards[0].nodes[:1]), ("second", self.other.nodes))]
        for database in config["database"]:
            database["control"]["password"] = "another one"
        self.proxy = self.proxy_class(config).start()
        self.addCleanup(self.proxy.stop)
        self.client().run("insert into things values (1, 1)")
        later = Later(lambda: self.client("second").run("insert into things values (1, 1)"))
        later.join(30)
        self.assertRegex(str(later.error), "could not be used for 10.. ms")

    def test_a_client_that_leaves_is_not_held(self):
        client = self.client()
        self.lose()
        Later(lambda: client.run("insert into things values (1, 1)"))
        self.wait_held(1)
        client.abandon()
        self.wait_held(0)
        self.assertEqual(int(self.held()["bytes"]), 0)

    def test_a_held_statement_is_cancelled(self):
        client = self.client()
        self.lose()
        waiting = Later(lambda: client.run("insert into things values (1, 1)"))
        self.wait_held(1)
        self.cancel(client)
        self.assertEqual(self.code(waiting), self.cancelled)
        self.assertEqual(int(self.held()["clients"]), 0)
        self.new.promote()
        client.run("insert into things values (2, 2)")
        self.assertEqual(self.on(self.new, "select min(id) from things"), 2)

    def test_a_reload_holds_on(self):
        client = self.client()
        self.lose()
        waiting = Later(lambda: client.run("insert into things values (1, 1)"))
        self.wait_held(1)
        self.proxy.reload()
        self.new.promote()
        waiting.join(30)
        self.assertIsNone(waiting.error)
        self.assertFalse(waiting.is_alive())

    def reload_with(self, nodes):
        before = self.proxy.log().count("event=reloaded")
        self.proxy.config["database"][0] = self.module.unsharded_database(self.cluster, name="first", server_database=servers.DATABASE, nodes=nodes,
                                                                          reads={"from": "replicas"}, hold={"timeout": "8s"})
        self.proxy.reload()
        wait_until(lambda: self.proxy.log().count("event=reloaded") > before, 20, "the configuration is read again")

    def held_by_a_node_that_is_lost(self):
        """Clients before the gate of a configuration that does not know the new primary: of a statement, one with values, one in a transaction that
        no server has heard of, and one that comes after the reload, out of such a transaction."""
        self.reload_with([self.old])
        clients = [self.client() for _ in range(4)]
        for client in clients:
            client.run("select count(*) from things")
        for client in clients[2:]:
            client.run("begin")
        self.lose()
        waiting = [Later(lambda: clients[0].run("insert into things values (0, 0)")),
                   Later(lambda: clients[1].run("insert into things values (%s, %s)", (1, 1)))]
        if self.begins_here:
            waiting.append(Later(lambda: clients[2].run("insert into things values (2, 2)")))
        self.wait_held(len(waiting))
        return clients, waiting

    def test_a_reload_brings_the_new_primary(self):
        clients, waiting = self.held_by_a_node_that_is_lost()
        self.new.promote()
        self.reload_with([self.new])
        if self.begins_here:
            waiting.append(Later(lambda: clients[3].run("insert into things values (3, 3)")))
        for one in waiting:
            one.join(30)
            self.assertIsNone(one.error)
        if self.begins_here:
            for client in clients[2:]:
                client.run("commit")
        self.assertEqual(self.on(self.new, "select count(*) from things"), len(waiting))
        self.assertEqual(int(self.held()["clients"]), 0)

    def test_a_reload_gives_no_one_more_time(self):
        began = time.monotonic()
        clients, waiting = self.held_by_a_node_that_is_lost()
        waited_for = time.monotonic() - began
        time.sleep(3)
        self.reload_with([self.old])
        self.wait_held(len(waiting))
        for one in waiting:
            self.assertEqual(self.code(one), self.cannot_now)
            self.assertRegex(str(one.error), "could not be used for 80[0-9][0-9] ms")
        self.assertLess(time.monotonic() - began, waited_for + 12)
        self.assertEqual(int(self.held()["clients"]), 0)
        if self.begins_here:
            for client in clients[2:]:
                client.run("rollback")


class Postgres(HoldCase):
    module, proxy_class = shardway, shardway.Proxy
    cut, cannot_now, where = "40001", "57P03", {}
    begins_here = True
    cancelled = "57014"

    class Client:
        def __init__(self, connection):
            self.connection = connection

        def run(self, sql, values=None):
            cursor = self.connection.execute(sql, values)
            return cursor.fetchone()[0] if cursor.description else None

        def abandon(self):
            self.connection.pgconn.finish()

    @staticmethod
    def make_cluster():
        return servers.Cluster(shards=2, replicas=1)

    def client(self, database="first"):
        return self.Client(self.proxy.connect(dbname=database))

    def code(self, later):
        later.join(30)
        return later.error.sqlstate

    @staticmethod
    def cancel(client):
        client.connection.cancel()

    @staticmethod
    def break_connections(node):
        node.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (APP,), dbname="postgres")

    def test_an_old_primary_is_fenced_off(self):
        """Promoted while the old one lives: the newer timeline is used, what was open on the other is cut."""
        client = self.client()
        client.run("begin")
        client.run("insert into things values (1, 1)")
        self.new.promote()
        wait_until(lambda: {row["address"]: row["why"] for row in self.proxy.console("SHOW NODES")}[self.old.address] == "stale_primary", 20,
                   "it is fenced")
        self.assertEqual(self.code(Later(lambda: client.run("commit"))), self.cut)
        client.run("insert into things values (2, 2)")
        self.assertEqual(self.on(self.new, "select count(*) from things where id = 2"), 1)
        self.assertEqual(self.on(self.old, "select count(*) from things"), 0)
        self.assertEqual(self.old.value("select count(*) from pg_stat_activity where usename = %s", (APP,), dbname="postgres"), 0)

    def test_a_frozen_primary_that_was_replaced(self):
        """It wakes up again, and gets nothing."""
        client, other = self.client(), self.client()
        client.run("begin")
        client.run("insert into things values (1, 1)")
        self.old.pause()
        self.addCleanup(self.old.resume)
        self.new.promote()
        wait_until(lambda: {row["address"]: row["role"] for row in self.proxy.console("SHOW NODES")}[self.new.address] == "primary", 30,
                   "the new one is used")
        other.run("insert into things values (2, 2)")
        self.assertEqual(self.code(Later(lambda: client.run("commit"))), self.cut)
        self.old.resume()
        wait_until(lambda: {row["address"]: row["why"] for row in self.proxy.console("SHOW NODES")}[self.old.address] == "stale_primary", 30,
                   "it is fenced")
        client.run("insert into things values (3, 3)")
        self.assertEqual(self.on(self.new, "select count(*) from things"), 2)
        self.assertEqual(self.on(self.old, "select count(*) from things"), 0)

    def test_a_login_needs_no_particular_shard(self):
        """The home shard has no primary: clients whose parameters nobody has asked a server about come in, and work on the other shard."""
        config = self.module.base_config(self.cluster)
        tables = [{"name": "things", "key": "id", "type": "int"}]
        config["database"] = [self.module.sharded_database(self.cluster, tables, server_database=servers.DATABASE, hold={"timeout": "5s"})]
        self.proxy = self.proxy_class(config).start()
        self.addCleanup(self.proxy.stop)
        wait_until(lambda: [row["role"] for row in self.proxy.console("SHOW NODES")] == ["primary", "replica"] * 2, 20, "roles are known")
        with self.proxy.connect(dbname="shop") as client:
            for i in range(20):
                client.execute("insert into things values (%s, 0)", (i,))
        key = self.on(self.other.primary, "select min(id) from things")
        self.old.stop("kill")
        wait_until(lambda: self.proxy.console("SHOW HELD")[0]["reason"] == "no_primary", 20, "the loss is seen")
        with self.proxy.connect(dbname="shop", application_name="a stranger") as client:
            self.assertEqual(client.execute("update things set n = 1 where id = %s", (key,)).rowcount, 1)

    def test_a_full_server_is_not_lost(self):
        """No connection is left for anyone: who has one goes on."""
        client = self.client()
        client.run("begin")
        limit = int(self.old.value("select setting from pg_settings where name = 'max_connections'", dbname="postgres"))
        crowd = []
        try:
            with self.assertRaises(psycopg.OperationalError):
                for _ in range(limit + 1):
                    crowd.append(self.old.connect(user=servers.SUPERUSER, dbname="postgres"))
            time.sleep(3)   # the control lane has tried
            client.run("insert into things values (1, 1)")
            client.run("commit")
            client.run("insert into things values (2, 2)")
            self.assertEqual(self.held()["reason"], "")
        finally:
            for connection in crowd:
                connection.close()


class Mysql(HoldCase):
    module, proxy_class = mysql_shardway, mysql_shardway.Proxy
    cut, cannot_now, where = 1213, 2003, {"database": servers.DATABASE}
    begins_here = False   # one shard: a server hears of the BEGIN
    cancelled = 1317

    class Client:
        def __init__(self, connection):
            self.connection = connection

        def run(self, sql, values=None):
            with self.connection.cursor() as cursor:
                cursor.execute(sql, values)
                row = cursor.fetchone()
            return row[0] if row else None

        def abandon(self):
            self.connection._sock.shutdown(2)   # pylint: disable=protected-access

    @staticmethod
    def make_cluster():
        return mariadb.Cluster(shards=2, replicas=1)

    def client(self, database="first"):
        return self.Client(self.proxy.mysql_connect(database=database))

    def code(self, later):
        later.join(30)
        return later.error.args[0]

    def cancel(self, client):
        self.client().run(f"kill query {client.connection.thread_id()}")

    @staticmethod
    def break_connections(node):
        for (number,) in node.query("select id from information_schema.processlist where user = %s", (APP,), user=mariadb.SUPERUSER):
            node.query(f"kill {number}", user=mariadb.SUPERUSER)


del HoldCase
