"""A server connection breaks in the middle of a transaction, or over a statement: the client is told what is known of it, once, and its
connection lives. 40001: nothing of the transaction was kept. 08007: it may have been."""
import contextlib
import threading
import time
import unittest

import psycopg

import wire
from support import servers, shardway
from support.case import ProxyCase
from support.cutter import Cutter
from support.servers import APP, SUPERUSER, wait_until

ON_SHARD = "select i from generate_series(1, 50) i where ((hashint8extended(i, 0) & 16383) < 8192) = %s order by i"


class Lost(ProxyCase):
    tables = [{"name": "things", "key": "id", "type": "int"}]
    schema = "create table things(id int primary key, n int)"
    EACH = [(database, prepare) for database in ("shop", "plain") for prepare in (False, True)]

    def connect(self, **how):
        return super().connect(autocommit=True, **how)

    def break_connections(self, nodes=()):
        for node in nodes or self.cluster.primaries:
            node.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s and datname = %s", (APP, self.server_database),
                       dbname="postgres")

    def break_idle(self):
        """And Shardway sees it before the client goes on."""
        before = self.proxy.log().count("event=server_lost")
        self.break_connections()
        wait_until(lambda: self.proxy.log().count("event=server_lost") > before, 10, "the loss is seen")

    def begun(self, database):
        client = self.connect(dbname=database)
        client.execute("delete from things where id = 1")
        client.execute("begin")
        client.execute("insert into things values (1, 1)")
        return client

    def error_of(self, client, statement, **how):
        with self.assertRaises(psycopg.Error) as caught:
            client.execute(statement, **how)
        self.assertFalse(client.closed, "its connection lives")
        return caught.exception.sqlstate

    def test_between_two_statements(self):
        for database, prepare in self.EACH:
            for statement in ("insert into things values (1, 2)", "savepoint a", "commit"):
                with self.subTest(database=database, prepare=prepare, statement=statement):
                    client = self.begun(database)
                    self.break_idle()
                    self.assertEqual(self.error_of(client, statement, prepare=prepare), "40001")
                    if statement != "commit":
                        self.assertEqual(self.error_of(client, "select 1"), "25P02")
                        client.execute("rollback")
                    self.assertEqual(client.execute("select count(*) from things where id = 1").fetchone(), (0,))

    def test_no_savepoint_leads_back(self):
        """What was written before it is gone, too."""
        for database, prepare in self.EACH:
            for first in ("rollback to s", "release s"):
                with self.subTest(database=database, prepare=prepare, first=first):
                    client = self.begun(database)
                    client.execute("savepoint s")
                    client.execute("update things set n = 2 where id = 1")
                    self.break_idle()
                    self.assertEqual(self.error_of(client, first, prepare=prepare), "40001")
                    self.assertEqual(self.error_of(client, "rollback to s", prepare=prepare), "40001")
                    self.assertEqual(self.error_of(client, "select 1"), "25P02")
                    self.assertEqual(client.execute("commit").statusmessage, "ROLLBACK")
                    self.assertEqual(client.execute("select count(*) from things where id = 1").fetchone(), (0,))

    def test_a_rollback_is_one(self):
        for database, prepare in self.EACH:
            with self.subTest(database=database, prepare=prepare):
                client = self.begun(database)
                self.break_idle()
                self.assertEqual(client.execute("rollback", prepare=prepare).statusmessage, "ROLLBACK")
                self.assertEqual(client.execute("select count(*) from things where id = 1").fetchone(), (0,))

    def over(self, client, statement, prepare):
        """The error of a statement whose server connection breaks while it runs."""
        heard = []
        thread = threading.Thread(target=lambda: heard.append(self.error_of(client, statement, prepare=prepare)))
        thread.start()
        wait_until(lambda: any(node.value("select count(*) from pg_stat_activity where query like '%%pg_sleep(20)%%' and state = 'active'"
                                          " and pid <> pg_backend_pid()", dbname="postgres") for node in self.cluster.primaries), 10, "it runs")
        self.break_connections()
        thread.join(15)
        return heard

    def test_over_a_statement(self):
        update = "update things set n = 2 where id = 1 and pg_sleep(20) is not null"
        for database, prepare in self.EACH:
            with self.subTest(database=database, prepare=prepare):
                client = self.begun(database)
                self.assertEqual(self.over(client, update, prepare), ["40001"])
                client.execute("rollback")
                client.execute("insert into things values (1, 1)")
                self.assertEqual(self.over(client, update, prepare), ["08007"])
                self.assertEqual(client.execute("select n from things where id = 1").fetchone(), (1,))


    def test_a_read_is_asked_again(self):
        read = "select id, n from things where id = 1 union all select 0, count(*) from generate_series(1, 8000000)"
        for database, prepare in shardway.tried(self.EACH, self.EACH[1:3]):
            with self.subTest(database=database, prepare=prepare):
                client = self.connect(dbname=database)
                client.execute("delete from things where id = 1")
                client.execute("insert into things values (1, 1)")
                if prepare:
                    client.execute(read, prepare=True)
                heard = []
                thread = threading.Thread(target=lambda: heard.append(client.execute(read, prepare=prepare).fetchall()))
                thread.start()
                wait_until(lambda: any(node.value("select count(*) from pg_stat_activity where query like '%%generate_series(1, 8000000)%%' and state ="
                                                  " 'active' and pid <> pg_backend_pid()", dbname="postgres") for node in self.cluster.primaries), 10, "it runs")
                self.break_connections()
                thread.join(30)
                self.assertEqual(heard, [[(1, 1), (0, 8000000)]])

    def test_a_read_is_asked_again_with_its_parse(self):
        """The server sends what it had in its buffer, ParseComplete and BindComplete, before its farewell."""
        read = "select id, n from things where id = 1 union all select 0, count(*) from generate_series(1, 3000000)"
        for database, name in (("shop", "counted"), ("plain", "")):
            with self.subTest(database=database, name=name), self.wire(database) as client:
                client.sql("delete from things where id = 1")
                client.sql("insert into things values (1, 1)")
                client.send(wire.run(read, name=name) + wire.SYNC)
                wait_until(lambda: any(node.value("select count(*) from pg_stat_activity where query like '%%generate_series(1, 3000000)%%' and state ="
                                                  " 'active' and pid <> pg_backend_pid()", dbname="postgres") for node in self.cluster.primaries), 10, "it runs")
                self.break_connections()
                heard = client.until_ready()
                self.assertEqual([line.split()[0] for line in heard], ["1", "2", "T", "D", "D", "C", "Z"], heard)
                heard = client.ask(wire.bind("", name) + wire.execute() + wire.SYNC)
                self.assertEqual(heard, ["2", "D 1|1", "D 0|3000000", "C SELECT 2", "Z I"])

    def test_a_write_in_a_pipeline(self):
        """Whatever stood before it in the pipeline, it is not asked again."""
        update = "update things set n = n + 1 where id = 1 and pg_sleep(3) is not null"
        for database in ("shop", "plain"):
            for pipeline in (wire.run("select n from things where id = 1") + wire.run(update),
                             wire.parse("u", update) + wire.describe("S", "u") + wire.bind("", "u") + wire.execute()):
                with self.subTest(database=database, pipeline=pipeline), self.wire(database) as client:
                    client.sql("delete from things where id = 1")
                    client.sql("insert into things values (1, 1)")
                    client.send(pipeline + wire.SYNC)
                    wait_until(lambda: any(node.value("select count(*) from pg_stat_activity where query like '%%pg_sleep(3)%%' and state = 'active'"
                                                      " and pid <> pg_backend_pid()", dbname="postgres") for node in self.cluster.primaries), 10, "it runs")
                    self.break_connections()
                    self.assertEqual([line.split()[2] for line in client.until_ready() if line.startswith("E ")], ["08007"])

    def wire(self, database):
        return self.enterContext(wire.Wire.login(self.proxy.port, user=APP, password=self.cluster.passwords[APP], database=database))

    def lost_copy(self, client, begins, ends):
        """What a client of the wire hears of a COPY whose server connection breaks in the middle of the data, and what it is then."""
        client.send(begins)
        client.until("G")
        client.send(wire.copy_data("1\t1\n"))
        wait_until(lambda: any(node.value("select count(*) from pg_stat_activity where query like '%%copy things%%' and state = 'active'"
                                          " and pid <> pg_backend_pid()", dbname="postgres")
                               for node in self.cluster.primaries), 10, "the COPY runs")
        self.break_idle()
        client.send(wire.copy_data("1\t1\n") * 3 + ends)
        heard = client.until_ready()
        return [line.split()[2] for line in heard if line.startswith("E ")], heard[-1]

    def test_a_copy(self):
        copy = "copy things from stdin"
        ways = [(wire.query(copy), wire.COPY_DONE), (wire.query(copy), wire.copy_fail("enough")),
                (wire.run(copy) + wire.FLUSH, wire.COPY_DONE + wire.SYNC), (wire.run(copy) + wire.SYNC, wire.COPY_DONE + wire.SYNC)]
        for database in ("shop", "plain"):
            for begins, ends in ways:
                with self.subTest(database=database, begins=begins, ends=ends):
                    client = self.wire(database)
                    client.sql("delete from things where id in (1, 2)") if database == "plain" else client.sql("delete from things where id = 1")
                    self.assertEqual(self.lost_copy(client, begins, ends), (["40001"], "Z I"))
                    self.assertEqual(client.sql("select count(*) from things where id = 1")[1], "D 0")
                    client.sql("begin")
                    client.sql("insert into things values (1, 1)")
                    client.sql("delete from things where id = 1")
                    self.assertEqual(self.lost_copy(client, begins, ends), (["40001"], "Z E"))
                    self.assertIn("25P02", client.sql("select 1")[0])
                    self.assertEqual(client.sql("rollback")[0], "C ROLLBACK")
                    self.assertEqual(client.sql("select count(*) from things where id = 1")[1], "D 0")

    def test_a_copy_behind_a_commit(self):
        client = self.wire("plain")
        client.sql("delete from things where id = 2")
        heard = self.lost_copy(client, wire.query("insert into things values (2, 2); commit; copy things from stdin"), wire.COPY_DONE)
        self.assertEqual(heard, (["08007"], "Z I"))
        self.assertEqual(client.sql("select count(*) from things where id = 2")[1], "D 1")


class LostBehindTheLastRow(unittest.TestCase):
    """CopyDone was passed on, and nobody hears what the server thinks of it."""

    def test_a_copy(self):
        with servers.Cluster(shards=1, replicas=0) as cluster, Cutter(cluster.shards[0].primary.port) as cutter:
            node = cluster.shards[0].primary
            node.query("create table things (id int primary key, n int)", user=APP)
            config = shardway.base_config(cluster)
            config["database"] = [shardway.unsharded_database(cluster, name="plain", server_database=servers.DATABASE, nodes=cluster.shards[0].nodes)]
            config["database"][0]["shard"][0]["nodes"] = [cutter.address]
            with shardway.Proxy(config) as proxy, proxy.connect(dbname="plain", autocommit=True) as client:
                for begin, code in (("select 1", "08007"), ("begin", "40001")):
                    with self.subTest(begin=begin):
                        client.execute(begin)
                        with self.assertRaises(psycopg.Error) as caught, client.cursor() as cursor, cursor.copy("copy things from stdin") as copy:
                            copy.write("%d\t1\n" % len(code))
                            cutter.arm(wire.COPY_DONE)
                        self.assertEqual(caught.exception.sqlstate, code)
                        client.execute("rollback")


class StoppedAtOnce(unittest.TestCase):
    """A server that is stopped without delay says so in a notice, and closes."""

    def heard_of(self, client, node, statement):
        """What a client hears of a statement whose server is stopped at once while it waits for a lock, and started again."""
        with contextlib.suppress(psycopg.OperationalError), node.connect(user=SUPERUSER, dbname=servers.DATABASE) as holder:
            holder.execute("begin")
            holder.execute("lock table things")
            client.send(wire.query(statement))
            wait_until(lambda: node.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock'", dbname="postgres"), 10, "it waits")
            node.stop("immediate")
        node.start()
        return client.until_ready()

    def test_what_it_says_is_not_the_clients(self):
        with servers.Cluster(shards=2, replicas=0) as cluster:
            here = cluster.primaries[0].value(ON_SHARD + " limit 1", (True,), dbname="postgres")
            for node in cluster.primaries:
                node.query("create table things (id bigint primary key, n int)", user=APP)
            config = shardway.base_config(cluster)
            config["database"] = [shardway.sharded_database(cluster, [{"name": "things", "key": "id", "type": "bigint"}], pool={"queue_timeout": "30s"})]
            with shardway.Proxy(config) as proxy, wire.Wire.login(proxy.port, APP, cluster.passwords[APP], "shop") as client:
                client.sql(f"insert into things values ({here}, 7)")
                node = cluster.primaries[0]
                self.assertEqual(self.heard_of(client, node, f"select n from things where id = {here}"), ["T n:23:t", "D 7", "C SELECT 1", "Z I"])
                self.assertEqual(self.heard_of(client, node, "select n from things"), ["T n:23:t", "D 7", "C SELECT 1", "Z I"])
                heard = self.heard_of(client, node, f"update things set n = 8 where id = {here}")
                self.assertEqual([line[:13] for line in heard], ["E ERROR 08007", "Z I"], heard)


class LostOnOneShard(ProxyCase):
    """What is lost of a transaction that several shards know of, or only one of them."""
    tables = [{"name": "things", "key": "id", "type": "bigint"}]
    schema = "create table things(id bigint primary key, n int)"
    break_connections, error_of = Lost.break_connections, Lost.error_of

    def setUp(self):
        plain = self.cluster.plain
        self.here, self.there = [[i for i, in plain.query(ON_SHARD, (first,))] for first in (True, False)]   # on shop_0, on shop_1
        for node in self.cluster.primaries:
            node.query("delete from things", dbname=self.server_database)
        self.client = self.enterContext(contextlib.closing(self.connect(dbname="shop", autocommit=True)))

    def rows(self):
        return self.on_shards("select id, n from things order by id")[:2]

    def break_shop_0(self, is_seen=True):
        before = self.proxy.log().count("event=server_lost")
        self.break_connections(self.cluster.primaries[:1] + list(self.cluster.shards[0].replicas))
        if is_seen:
            wait_until(lambda: self.proxy.log().count("event=server_lost") > before, 10, "the loss is seen")
        time.sleep(0.2)

    def test_a_shard_that_only_described_something(self):
        """A statement is prepared wherever it may be, before anybody knows its key."""
        self.client.execute("begin")
        self.client.pgconn.prepare(b"described", b"select n from things where id = $1")
        self.break_shop_0()
        self.client.execute("insert into things values (%s, 1)", (self.there[0],))
        self.client.execute("commit")
        self.assertEqual(self.rows(), [[], [(self.there[0], 1)]])

    def test_a_statement_prepared_in_the_transaction(self):
        self.client.execute("begin")
        self.client.execute("insert into things values (%s, 1)", (self.there[0],), prepare=True)
        self.break_shop_0(is_seen=False)
        self.client.execute("update things set n = 2 where id = %s", (self.there[0],), prepare=True)
        self.assertEqual(self.client.execute("commit").statusmessage, "COMMIT")
        self.assertEqual(self.rows(), [[], [(self.there[0], 2)]])

    def test_what_one_of_them_had_written_is_lost(self):
        self.client.execute("begin")
        self.client.execute("insert into things values (%s, 1)", (self.there[0],))
        self.client.execute("insert into things values (%s, 1)", (self.here[0],))
        self.break_shop_0()
        self.assertEqual(self.error_of(self.client, "commit"), "40001")
        self.assertEqual(self.rows(), [[], []])

    @contextlib.contextmanager
    def held_up_there(self):
        """A row of shop_1 that nobody gets: an update of it runs on until then."""
        node = self.cluster.primaries[1]
        with node.connect(dbname=self.server_database) as holder:
            holder.autocommit = True
            holder.execute("insert into things values (%s, 1)", (self.there[0],))
            holder.execute("begin")
            holder.execute("update things set n = 3 where id = %s", (self.there[0],))
            yield lambda: wait_until(lambda: node.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = %s",
                                                        (self.server_database,), dbname="postgres"), 10, "it waits for the row")
            holder.execute("rollback")

    def test_a_batch_over_two_shards(self):
        """The first statement has been answered by a server that is gone when the second one ends: the batch is not there, and says so."""
        heard = []
        with self.held_up_there() as wait:
            batch = f"insert into things values ({self.here[0]}, 1); update things set n = 2 where id = {self.there[0]}"
            thread = threading.Thread(target=lambda: heard.append(self.error_of(self.client, batch)))
            thread.start()
            wait()
            self.break_shop_0()
        thread.join(10)
        self.assertEqual(heard, ["40001"])
        self.assertEqual(self.rows(), [[], [(self.there[0], 1)]])

    def test_over_what_runs_on_both(self):
        """It is told once, and what comes next hears its own answer."""
        with Cutter(self.cluster.primaries[0].port) as first:
            database = shardway.sharded_database(self.cluster, self.tables, server_database=self.server_database)
            database["shard"][0]["nodes"] = [first.address]
            with shardway.Proxy({**shardway.base_config(self.cluster), "database": [database]}) as proxy:
                for statement in ("select n from things", "savepoint s", "set local work_mem = '1MB'", "select n from things; select 1"):
                    with self.subTest(statement=statement), wire.Wire.login(proxy.port, APP, self.cluster.passwords[APP], "shop") as client:
                        client.sql("begin")
                        for key in (self.here[0], self.there[0]):
                            client.sql(f"insert into things values ({key}, 1)")
                        first.arm(statement.split(";")[0].encode())
                        heard = client.sql(statement)
                        self.assertEqual([line for line in heard if line[0] in "EZ"], [line for line in heard if line[0] == "E"][:1] + ["Z E"])
                        self.assertFalse(client.has_input(0.2))
                        self.assertEqual(client.sql("rollback"), ["C ROLLBACK", "Z I"])
        self.assertEqual(self.rows(), [[], []])

    def waiting_for_shop_0(self, client, message):
        """What a client hears of a read of both shards whose connection to shop_0 is terminated while it waits there."""
        node = self.cluster.primaries[0]
        with node.connect(user=SUPERUSER, dbname=self.server_database) as holder:
            holder.execute("begin")
            holder.execute("lock table things")
            client.send(message)
            wait_until(lambda: node.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = %s",
                                          (self.server_database,), dbname="postgres"), 10, "it waits for the table")
            self.break_shop_0()
        return client.until_ready()

    def test_a_read_of_both_is_asked_again(self):
        """Nothing of it has been shown; the server's own farewell is not the client's."""
        self.client.execute("insert into things values (%s, 1)", (self.here[0],))
        read = "select n from things"
        with wire.Wire.login(self.proxy.port, APP, self.cluster.passwords[APP], "shop") as client:
            self.assertEqual(self.waiting_for_shop_0(client, wire.query(read)), ["T n:23:t", "D 1", "C SELECT 1", "Z I"])
            self.assertEqual(self.waiting_for_shop_0(client, wire.run(read) + wire.SYNC), ["1", "2", "T n:23:t", "D 1", "C SELECT 1", "Z I"])
            self.assertEqual(client.sql("select 'alive'")[1], "D alive")

    def test_a_read_of_both_that_has_shown_rows(self):
        """It is no end of the client, and in a transaction nothing was kept."""
        self.client.execute("insert into things values (%s, 1)", (self.there[0],))
        with wire.Wire.login(self.proxy.port, APP, self.cluster.passwords[APP], "shop") as client:
            for begin, code, status in ((), "08007", "Z I"), (("begin",), "40001", "Z E"):
                for statement in begin:
                    client.sql(statement)
                heard = self.waiting_for_shop_0(client, wire.query("select n from things"))
                self.assertEqual([line[:13] for line in heard], ["T n:23:t", "D 1", f"E ERROR {code}", status])
                client.sql("rollback")

    def pipeline(self):
        """A connection that has been answered the first statement of a pipeline, on shop_0, before its Sync."""
        pipeline = wire.Wire.login(self.proxy.port, APP, self.cluster.passwords[APP], "shop")
        self.addCleanup(pipeline.close)
        pipeline.send(wire.run("insert into things values ($1, 1)", (self.here[0],)) + wire.message("H"))
        pipeline.until("C")
        return pipeline

    def test_a_pipeline_that_loses_what_was_executed(self):
        pipeline = self.pipeline()
        self.break_shop_0()
        pipeline.send(wire.message("S"))
        heard = pipeline.until_ready()
        self.assertIn("40001", "".join(heard))
        self.assertEqual(heard[-1], "Z I")
        self.assertEqual(self.rows(), [[], []])

    def test_a_pipeline_over_two_shards(self):
        pipeline = self.pipeline()
        with self.held_up_there() as wait:
            pipeline.send(wire.run("update things set n = 2 where id = $1", (self.there[0],)) + wire.message("S"))
            wait()
            self.break_shop_0()
        heard = pipeline.until_ready()
        self.assertIn("40001", "".join(heard))
        self.assertEqual(self.rows(), [[], [(self.there[0], 1)]])


class LostWhileItIsPrepared(unittest.TestCase):
    """A connection breaks while it is brought up to the session's settings: what the transaction has done elsewhere is still there."""

    def test_nothing_is_lost_elsewhere(self):
        with servers.Cluster(shards=2, replicas=0) as cluster:
            here, there = [[i for i, in cluster.primaries[0].query(ON_SHARD, (first,), dbname="postgres")] for first in (True, False)]
            for node in cluster.primaries:
                node.query("create table things (id bigint primary key)", user=APP)
            with Cutter(cluster.primaries[1].port) as cutter, Cutter(cluster.primaries[0].port) as home:
                config = shardway.base_config(cluster)
                config["database"] = [shardway.sharded_database(cluster, [{"name": "things", "key": "id", "type": "bigint"}])]
                config["database"][0]["shard"][1]["nodes"] = [cutter.address]
                config["database"][0]["shard"][0]["nodes"] = [home.address]
                with shardway.Proxy(config) as proxy, proxy.connect(dbname="shop", autocommit=True) as client:
                    client.execute("set application_name = 'marked'")
                    client.execute("begin")
                    client.execute("insert into things values (%s)", (here[0],))
                    cutter.arm(b"marked")
                    client.execute("insert into things values (%s)", (there[0],))
                    self.assertEqual(cutter.cuts, 1)
                    self.assertEqual(client.execute("commit").statusmessage, "COMMIT")
                    home.arm(b"described")
                    lost = client.pgconn.prepare(b"", b"insert into things as described values ($1)")
                    self.assertEqual((lost.status, home.cuts), (psycopg.pq.ExecStatus.COMMAND_OK, 1), "it cannot have run, and is asked again")
            self.assertEqual([node.query("select id from things") for node in cluster.primaries], [[(here[0],)], [(there[0],)]])
