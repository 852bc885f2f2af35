"""Reads on replicas: which go there, that a client reads what it wrote, and what happens when a replica dies."""
import copy
import threading

import psycopg

from support import servers, shardway
from support.case import ProxyCase
from support.cutter import Cutter
from support.servers import wait_until

ROWS = 100
TO_REPLICA = [
    "select * from things where id = 1",
    "select count(*) from things",
    "select now(), upper(note) from things where id = 2",
    "select generate_series(1, 3), random()",
    "with x as (select 1 as y) select * from x",
    "select * from ages where id = 5",
    "select * from over_ages",
    "select * from watched",
    "select * from logged",
]
TO_PRIMARY = [
    "select * from things where id = 1 for update",
    "select * from things where id = 1 for share",
    "select nextval('numbers')",
    "select pg_advisory_xact_lock(1)",
    "select pg_try_advisory_lock(2), pg_advisory_unlock(2)",
    "select txid_current()",
    "select pg_current_wal_lsn()",
    "select pg_is_in_recovery(), writes()",
    "with w as (update things set note = note where id = 3 returning id) select * from w",
    "update things set note = note where id = 3",
    "explain analyze update things set note = note where id = 3",
    "select * from numbering",
    "select * from over_numbering",
    "select * from locking where id = 4",
    "select * from computing",
    "select * from guarded",
    "select * from numbers",
    "select * from unlogged",
    "select count(*) from things join over_unlogged using (id)",
    "select * from parted",
    "select * from over_parted",
    "select id from inherited",
]


class ReplicaCase(ProxyCase):
    """One shard of a primary and two replicas of its own: they are paused and killed."""
    reads = {"from": "replicas", "max_lag": "5s"}

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(servers.Cluster(shards=1, replicas=2))
        cls.shard = cls.cluster.shards[0]
        cls.primary, cls.replicas = cls.shard.primary, cls.shard.replicas
        cls.primary.query(f"create table things(id int primary key, note text); create sequence numbers;"
                          f" insert into things select i, 'old' from generate_series(1, {ROWS}) i;"
                          " create table notes(id int primary key, n int); insert into notes values (1, 0);"
                          " create function writes() returns int language sql volatile as 'select 1';"
                          " create view numbering as select nextval('numbers');"
                          " create view over_numbering as select 1 where exists (select from numbering);"
                          " create view locking as select * from things for share;"
                          " create view computing as select writes();"
                          " create view ages as select id, now() - current_date, random() from things where note like 'o%';"
                          " create view over_ages as select count(*) from ages;"
                          " create table guarded(id int); alter table guarded enable row level security;"
                          " create policy p on guarded using (id > writes());"
                          " create table watched(id int); alter table watched enable row level security;"
                          " create policy p on watched using (id > 1);"
                          " create unlogged table unlogged(id int); create view over_unlogged as select id from unlogged;"
                          " create table parted(id int) partition by range (id);"
                          " create table half partition of parted for values from (0) to (10) partition by range (id);"
                          " create unlogged table quarter partition of half for values from (0) to (5);"
                          " create view over_parted as select count(*) from parted; create table inherited(id int);"
                          " create unlogged table heir(n int) inherits (inherited); create table logged(id int)", user=servers.APP)
        cls.shard.wait_for_replicas()
        cls.proxy = shardway.Proxy(cls.make_config()).start()
        cls.addClassCleanup(cls.proxy.stop)
        cls.wait_for_roles()

    @classmethod
    def make_config(cls):
        config = shardway.base_config(cls.cluster)
        config["database"] = [shardway.unsharded_database(cls.cluster, name="plain", server_database=servers.DATABASE,
                                                          nodes=cls.shard.nodes, reads=cls.reads)]
        return config

    @classmethod
    def nodes(cls):
        return cls.proxy.console("SHOW NODES")

    @classmethod
    def wait_for_roles(cls):
        def known():
            rows = cls.nodes()
            return (sorted(row["role"] for row in rows) == ["primary", "replica", "replica"]
                    and all(cls.is_up(row) and (row["role"] == "primary" or row["fresh_age_us"] is not None) for row in rows))
        wait_until(known, 20, "roles are known, and how fresh the replicas are")

    @staticmethod
    def is_up(row):
        return str(row.get("up", row.get("state"))) in ("True", "t", "1", "yes", "up")

    def connect(self, **overrides):
        return super().connect(**{"dbname": "plain", **overrides})

    def on_replica(self, client, sql):
        return client.execute(sql).fetchone()[0] != self.primary.name

    def reads_there(self, client, seconds=15):
        """Until reads of this client go to a replica (again)."""
        wait_until(lambda: self.on_replica(client, PROBE), seconds, "reads go to a replica", pause=0.05)



PROBE = "select current_setting('cluster_name') from things limit 1"   # pg_is_in_recovery() always goes to the primary


class Reads(ReplicaCase):
    def served_by_replica(self, client, sql):
        """A marker of this statement in the log of the servers' activity: pg_stat_activity keeps the last query."""
        client.execute(sql)
        return [node.value("select count(*) from pg_stat_activity where usename = 'app' and query = %s", [sql],
                           dbname="postgres") > 0 for node in self.shard.nodes]

    def check(self, table, replica):
        for sql in table:
            for protocol in ("simple", "extended"):
                with self.subTest(sql=sql, protocol=protocol):
                    with self.proxy.connect(dbname="plain", prepare_threshold=0 if protocol == "extended" else None) as client:
                        marked = f"{sql} -- {protocol}"
                        primary, *replicas = self.served_by_replica(client, marked)
                        self.assertEqual(primary, not replica)
                        if replica or protocol == "simple":   # a Parse alone may go to any node
                            self.assertEqual(any(replicas), replica)

    def test_roles_are_discovered(self):
        roles = {row["address"]: row["role"] for row in self.nodes()}
        self.assertEqual(roles, {self.primary.address: "primary", **{r.address: "replica" for r in self.replicas}})

    def test_read_only_statements_go_to_a_replica(self):
        self.check(TO_REPLICA, True)

    def test_the_others_go_to_the_primary(self):
        self.check(TO_PRIMARY, False)

    def test_transactions(self):
        client = self.connect()
        for begin, expected in (("begin", False), ("begin read only", True), ("begin isolation level repeatable read, read only", True),
                                ("begin isolation level serializable, read only", False)):
            with self.subTest(begin=begin):
                self.reads_there(client)   # what it did on the primary has arrived
                client.execute(begin)
                self.assertEqual(self.on_replica(client, PROBE), expected)
                client.execute("commit")

    def test_serializable_sessions_read_from_the_primary(self):
        client = self.connect()
        self.assertTrue(self.on_replica(client, PROBE))
        client.execute("set default_transaction_isolation to 'serializable'")
        self.assertFalse(self.on_replica(client, PROBE))
        client.execute("reset default_transaction_isolation")
        self.reads_there(client)
        other = self.connect(options="-c default_transaction_isolation=serializable")
        self.assertFalse(self.on_replica(other, PROBE))

    def test_clients_spread_over_the_replicas(self):
        names = {self.connect().execute(PROBE).fetchone()[0] for _ in range(40)}
        self.assertEqual(names, {replica.name for replica in self.replicas})

    def test_a_hint_for_the_primary(self):
        self.assertFalse(self.on_replica(self.connect(), "/* shardway: primary */ " + PROBE))


class Consistency(ReplicaCase):
    def pause(self, replica):
        replica.query("select pg_wal_replay_pause()", dbname="postgres")
        wait_until(lambda: replica.value("select pg_get_wal_replay_pause_state()", dbname="postgres") == "paused", 10, "paused")
        self.addCleanup(self.unpause, replica)

    def unpause(self, replica):
        replica.query("select pg_wal_replay_resume()", dbname="postgres")

    def test_reads_its_writes_while_the_replicas_stand_still(self):
        client = self.connect()
        self.reads_there(client)
        for replica in self.replicas:
            self.pause(replica)
        for n in range(1, 201):
            client.execute("update notes set n = %s where id = 1", (n,))
            self.assertEqual(client.execute("select n from notes where id = 1").fetchone(), (n,))
        for replica in self.replicas:
            self.unpause(replica)
        self.reads_there(client)
        self.assertEqual(client.execute("select n from notes where id = 1").fetchone(), (200,))

    def test_reads_its_writes_while_they_run(self):
        client = self.connect()
        self.reads_there(client)
        for n in range(1001, 1201):
            client.execute("update notes set n = %s where id = 1", (n,))
            self.assertEqual(client.execute("select n from notes where id = 1").fetchone(), (n,))
        self.reads_there(client)

    def test_never_back_in_time(self):
        """What a client has seen once stays seen, whichever node it reads from next. But for what nobody has been told of: a replica may
        show a commit a moment before its own primary does."""
        reader, writer, stop, back, told = self.connect(), self.connect(), threading.Event(), [], [0]
        writer.execute("update notes set n = 2000 where id = 1")

        def write():
            n = 2000
            while not stop.is_set():
                n += 1
                writer.execute("update notes set n = %s where id = 1", (n,))
                told[0] = n
        thread = threading.Thread(target=write)
        thread.start()
        try:
            last = 0
            for turn in range(300):
                where = "/* shardway: primary */ " if turn % 3 == 0 else ""
                must = min(last, told[0])
                seen = reader.execute(where + "select n from notes where id = 1").fetchone()[0]
                if seen < must:
                    back.append((turn, last, seen))
                last = max(seen, last)
        finally:
            stop.set()
            thread.join()
        self.assertEqual(back, [])


class Strong(ReplicaCase):
    reads = {"from": "replicas", "consistency": "strong"}

    def test_whatever_anyone_was_told_is_read(self):
        reader, writer = self.connect(), self.connect()
        for n in range(1, 401):
            writer.execute("update notes set n = %s where id = 1", (n,))
            self.assertEqual(reader.execute("select n from notes where id = 1").fetchone(), (n,))
        self.reads_there(reader)
        self.assertEqual(reader.execute("select n from notes where id = 1").fetchone(), (400,))

    def test_what_a_client_of_an_older_configuration_wrote_is_read(self):
        """Its transaction is open over the reload, and commits while the replicas stand still."""
        writer = self.connect()
        writer.execute("begin")
        writer.execute("insert into notes values (2, 0)")
        before = self.proxy.log().count("event=reloaded")
        self.proxy.reload()
        wait_until(lambda: self.proxy.log().count("event=reloaded") > before, 10, "the configuration is read again")
        self.primary.query("select pg_logical_emit_message(false, 'nudge', ''), pg_switch_wal()")
        self.reads_there(self.connect())
        for replica in self.replicas:
            replica.query("select pg_wal_replay_pause()", dbname="postgres")
        try:
            self.assertTrue(self.on_replica(self.connect(), PROBE), "the replicas serve")
            writer.execute("commit")
            for _ in range(4):
                self.assertEqual(self.connect().execute("select count(*) from notes where id = 2").fetchone(), (1,))
        finally:
            for replica in self.replicas:
                replica.query("select pg_wal_replay_resume()", dbname="postgres")

    def test_what_others_only_read_keeps_nobody_from_a_replica(self):
        reader, other = self.connect(), self.connect()
        self.reads_there(reader)
        for _ in range(20):
            for statement in ("begin", "select n from notes where id = 1", "commit"):   # on the primary
                other.execute(statement)
            self.assertTrue(self.on_replica(reader, PROBE))


class MaxLag(ReplicaCase):
    reads = {"from": "replicas", "max_lag": "1s", "consistency": "eventual"}

    def test_a_replica_too_far_behind_serves_no_reads(self):
        client = self.connect()
        self.reads_there(client)
        for replica in self.replicas:
            replica.query("select pg_wal_replay_pause()", dbname="postgres")
        self.primary.query("update notes set n = n + 1")
        wait_until(lambda: not self.on_replica(client, PROBE), 20, "reads leave the lagging replicas", pause=0.1)
        for replica in self.replicas:
            replica.query("select pg_wal_replay_resume()", dbname="postgres")
        self.reads_there(client)


class Death(ReplicaCase):
    def test_a_replica_dies_under_load_and_comes_back(self):
        errors, stop, counted = [], threading.Event(), [0]

        def work(_):
            try:
                with self.proxy.connect(dbname="plain", prepare_threshold=0) as client:
                    while not stop.is_set():
                        client.execute("select note from things where id = %s", (1,)).fetchone()
                        counted[0] += 1
            except psycopg.Error as error:
                errors.append(error)
        threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        try:
            for victim in self.replicas:
                wait_until(lambda: counted[0] > 200, 20, "load")
                victim.stop("kill")
                counted[0] = 0
                wait_until(lambda: counted[0] > 200, 20, "load goes on")
                victim.start()
                self.wait_for_roles()
        finally:
            stop.set()
            for thread in threads:
                thread.join(30)
        self.assertEqual([str(error) for error in errors], [])

    def test_without_replicas_the_primary_serves(self):
        client = self.connect()
        self.reads_there(client)
        for replica in self.replicas:
            replica.stop("kill")
        for _ in range(20):
            self.assertFalse(self.on_replica(client, PROBE))
        for replica in self.replicas:
            replica.start()
        self.wait_for_roles()
        self.reads_there(client, 30)


class Balance(ReplicaCase):
    """Reads of anything within max_lag, so that every statement is free to go anywhere. Both replicas stand behind a Cutter each."""
    reads = {"from": "replicas", "max_lag": "1m", "consistency": "eventual"}

    @classmethod
    def make_config(cls):
        cutters = [cls.enterClassContext(Cutter(replica.port)) for replica in cls.replicas]
        cls.cutter = cutters[1]
        config = super().make_config()
        config["database"][0]["shard"][0]["nodes"] = [cls.primary.address] + [cutter.address for cutter in cutters]
        return config

    def setUp(self):
        self.stop, self.seen, self.errors = threading.Event(), [], []
        self.threads = [threading.Thread(target=self.work) for _ in range(8)]
        for thread in self.threads:
            thread.start()

    def tearDown(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)

    def work(self):
        try:
            with self.proxy.connect(dbname="plain", prepare_threshold=0) as client:
                while not self.stop.is_set():
                    self.seen.append(client.execute(PROBE).fetchone()[0])
        except psycopg.Error as error:
            self.errors.append(str(error))

    def share(self, replica, reads=400):
        """Of so many reads from now on."""
        before = len(self.seen)
        wait_until(lambda: len(self.seen) >= before + reads, 30, "they read")
        seen = self.seen[before:]
        self.assertLessEqual(set(seen), {one.name for one in self.replicas}, "none goes to the primary")
        return seen.count(replica.name) / len(seen)

    def test_a_slow_replica_gets_less(self):
        slow = self.replicas[1]
        wait_until(lambda: self.share(slow) > 0.2, 20, "both are read")
        self.cutter.delay = 0.05
        try:
            self.share(slow)   # until its figures are known
            self.assertLess(self.share(slow, 1000), 0.05)
            row = next(row for row in self.nodes() if row["address"] == self.cutter.address)
            self.assertGreater(int(row["latency_us"]), 5000)
        finally:
            self.cutter.delay = 0
        wait_until(lambda: self.share(slow) > 0.2, 60, "it has its share again")
        self.assertEqual(self.errors, [])

    def test_a_stopped_replica_loses_its_share(self):
        """Who waits for it at that moment waits; nobody else does, and nobody hears of it."""
        stopped = self.replicas[0]
        wait_until(lambda: self.share(stopped) > 0.2, 20, "both are read")
        stopped.pause()
        try:
            self.share(self.replicas[1], 100)
            self.assertGreater(self.share(self.replicas[1], 1000), 0.99)
        finally:
            stopped.resume()
        wait_until(lambda: self.share(stopped) > 0.2, 60, "it has its share again")
        self.stop.set()
        for thread in self.threads:
            thread.join(30)
        self.assertEqual(self.errors, [])
        self.assertEqual({int(row["outstanding"]) for row in self.nodes()}, {0})


class Nearest(ReplicaCase):
    reads = {"from": "nearest", "consistency": "eventual", "max_lag": "1m"}

    @classmethod
    def make_config(cls):
        config = super().make_config()
        config["shardway"]["zone"] = "b"
        config["database"][0]["shard"][0]["nodes"] = [{"address": node.address, "zone": zone} for node, zone in zip(cls.shard.nodes, "aab")]
        return config

    def test_reads_stay_in_the_zone(self):
        client = self.connect()
        wait_until(lambda: client.execute(PROBE).fetchone()[0] == self.replicas[1].name, 10, "it is read")
        self.assertEqual({client.execute(PROBE).fetchone()[0] for _ in range(50)}, {self.replicas[1].name})
        self.replicas[1].stop("kill")
        self.assertEqual({client.execute(PROBE).fetchone()[0] for _ in range(20)}, {self.replicas[0].name})
        self.replicas[1].start()
        self.wait_for_roles()
