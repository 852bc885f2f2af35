"""What a replica will not do: run on while its replay waits, read what it has no rows of, let a user in. Others are asked."""
import psycopg

from support.servers import APP, wait_until
from test_replicas import PROBE, ReplicaCase
from wire import SYNC, Wire, query, run


class Conflicts(ReplicaCase):
    """The replicas' replay waits for nobody for long."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for replica in cls.replicas:
            replica.set("max_standby_streaming_delay", "100ms")
            replica.reload()

    def through(self):
        wire = Wire.login(self.proxy.port, "app", self.cluster.passwords["app"], "plain")
        self.addCleanup(wire.close)
        return wire

    def in_the_way(self, marker):
        """Of the replay, once the statement runs on a replica."""
        wait_until(lambda: any(replica.value("select count(*) from pg_stat_activity where state = 'active' and usename = 'app' and query like %s",
                                             (f"%{marker}%",), dbname="postgres") for replica in self.replicas), 10, "it runs on a replica")
        self.primary.query("alter table things add column more int; alter table things drop column more", user=APP)

    def test_what_has_shown_nothing_is_asked_again(self):
        for times, message in (("300000", query), ("300001", run)):
            with self.subTest(times=times):
                client = self.through()
                self.reads_there(self.connect())
                client.send(message(f"select count(*) from things, generate_series(1, {times})") + (SYNC if message is run else b""))
                self.in_the_way(times)
                self.assertEqual(client.until_ready()[-3:], [f"D {int(times) * 100}", "C SELECT 1", "Z I"])
                self.assertEqual(client.sql("select 1 from things limit 1"), ["T ?column?:23:t", "D 1", "C SELECT 1", "Z I"])
        self.assertEqual(self.proxy.log().count("event=broken_off"), 2)
        self.assertTrue(all(self.is_up(row) for row in self.nodes()))

    def test_what_has_shown_rows_is_told(self):
        client = self.through()
        self.reads_there(self.connect())
        client.send(query("select repeat('x', 1000) from things, generate_series(1, 20001)"))
        client.until("D")
        self.in_the_way("20001")
        self.assertIn("E ERROR 40001 canceling statement due to conflict with recovery", client.until_ready())

    def test_a_transaction_is_told(self):
        client = self.connect()
        self.reads_there(client)
        client.execute("begin read only")
        client.execute(PROBE)
        self.primary.query(
            "alter table things add column more int; alter table things drop column more", user=APP)
        self.shard.wait_for_replicas()
        with self.assertRaises(psycopg.Error) as caught:
            client.execute(PROBE)
        self.assertEqual(caught.exception.sqlstate, "40001")
        client.execute("rollback")
        self.reads_there(client)


class Unlogged(ReplicaCase):
    def test_what_the_catalogue_does_not_know_yet(self):
        """Behind Shardway's back it has become a table of which replicas have no rows."""
        client = self.connect()
        node = "select current_setting('cluster_name') from logged"
        self.primary.query("insert into logged values (1)", user=APP)
        wait_until(lambda: client.execute(node).fetchall() and self.on_replica(client, node), 10, "it is read on a replica")
        self.primary.query("alter table logged set unlogged", user=APP)
        self.shard.wait_for_replicas()
        for prepare in (False, True):
            self.assertFalse(self.on_replica(client, node))
            self.assertEqual(client.execute("select * from logged", prepare=prepare).fetchall(), [(1,)])
            self.assertTrue(all(self.is_up(row) for row in self.nodes()))


class Logins(ReplicaCase):
    def refuse(self, replica):
        rules = replica.data / "pg_hba.conf"
        before = rules.read_text()
        rules.write_text(f"host all {APP} 127.0.0.1/32 reject\n" + before)
        self.addCleanup(self.let_in, replica, before)
        replica.reload()
        replica.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (APP,), dbname="postgres")
        return lambda: self.let_in(replica, before)

    @staticmethod
    def let_in(replica, rules):
        (replica.data / "pg_hba.conf").write_text(rules)
        replica.reload()

    def why(self):
        return [row["why"] for row in self.nodes() if row["role"] == "replica"]

    def served_by(self):
        names = set()
        for _ in range(20):
            with self.proxy.connect(dbname="plain") as client:
                names.add(client.execute(PROBE).fetchone()[0])
        return names

    def test_a_replica_that_refuses_the_user(self):
        first, second = self.replicas
        wait_until(lambda: self.served_by() == {first.name, second.name}, 15, "both are read")
        let_in_first = self.refuse(first)
        wait_until(lambda: (self.served_by(), self.why().count("login_refused")) == ({second.name}, 1), 15, "the second serves alone")
        let_in_second = self.refuse(second)
        wait_until(lambda: (self.served_by(), self.why().count("login_refused")) == ({self.primary.name}, 2), 15, "the primary serves alone")
        client = self.connect()
        client.execute("begin read only")
        client.execute(PROBE)
        client.execute("commit")
        let_in_first()
        wait_until(lambda: self.served_by() == {first.name}, 15, "the first is read again")
        let_in_second()
        wait_until(lambda: self.served_by() == {first.name, second.name}, 15, "both are")
        wait_until(lambda: not any(self.why()), 15, "and nobody says anything else", pause=0.5)
        log = [line for line in self.proxy.log().splitlines() if "event=login_refused" in line]
        self.assertEqual(len(log), 2, log)
        self.assertIn('sqlstate=28000', log[0])
