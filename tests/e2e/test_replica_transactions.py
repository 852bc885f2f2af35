"""A READ ONLY transaction on a replica stays there to its end: one snapshot, one time, its cursors. What needs the primary is refused,
unless nobody can tell that it runs elsewhere. Pipelines that begin with a read go on at the primary."""
import psycopg

from support import servers
from support.servers import wait_until
from test_replicas import PROBE, ReplicaCase
from wire import FLUSH, SYNC, Wire, bind, describe, execute, parse, query, run
from wire_case import WireCase

READ, WRITE = "select note from things where id = 1", "update things set note = note where id = 1"
NEEDS_PRIMARY = "select writes()"


class Replicas(ReplicaCase):
    def wire(self, port, database):
        wire = Wire.login(port, "app", self.cluster.passwords["app"], database)
        self.addCleanup(wire.close)
        return wire

    def same(self, conversation):
        """conversation(wire) returns what was heard of the primary itself; through Shardway it has to be the same."""
        expected = conversation(self.wire(self.primary.port, servers.DATABASE))
        self.assertEqual(conversation(self.wire(self.proxy.port, "plain")), expected)
        return expected

    def begun(self, begin):
        """On a replica."""
        client = self.connect()
        self.reads_there(client)
        client.execute(begin)
        self.assertTrue(self.on_replica(client, PROBE))
        return client

    def refused(self, client, sql):
        with self.assertRaises(psycopg.errors.FeatureNotSupported) as caught:
            client.execute(sql)
        self.assertIn("/* shardway: primary */ BEGIN", caught.exception.diag.message_hint)
        client.execute("rollback")

    def add_row(self):
        self.primary.query("insert into things select max(id) + 1, 'new' from things", user=servers.APP)
        self.shard.wait_for_replicas()


class Snapshots(Replicas):
    COUNT = "select count(*) from things"

    def test_repeatable_read_has_one_snapshot(self):
        client = self.begun("begin isolation level repeatable read read only")
        before = client.execute(self.COUNT).fetchone()
        self.add_row()
        self.assertEqual(client.execute(self.COUNT).fetchone(), before)
        self.refused(client, "select count(*), writes() from things")
        client.execute("begin isolation level repeatable read read only")
        before = client.execute("select count(*), writes() from things").fetchone()[0]   # the first: all of it is on the primary
        self.add_row()
        self.assertFalse(self.on_replica(client, PROBE))
        self.assertEqual(client.execute(self.COUNT).fetchone()[0], before)
        client.execute("commit")

    def test_one_time(self):
        client = self.begun("begin read only")
        now = client.execute("select now() from things limit 1").fetchone()
        self.assertEqual(client.execute("select now() from things limit 1").fetchone(), now)
        self.refused(client, "select now(), writes()")
        for told in ("select current_date", "select id, age(now()) from things limit 1", "select * from ages limit 1", "select 'now'::timestamptz"):
            with self.subTest(told=told):
                client = self.begun("begin read only")
                client.execute(told)
                self.refused(client, NEEDS_PRIMARY)

    def test_read_committed_goes_on_at_the_primary(self):
        client = self.begun("begin read only")
        client.execute("savepoint a")
        client.execute("set local work_mem to '7MB'")
        self.add_row()
        self.assertEqual(client.execute(NEEDS_PRIMARY).fetchone(), (1,))
        self.assertFalse(self.on_replica(client, PROBE))
        self.assertEqual(client.execute("show work_mem").fetchone(), ("7MB",))
        client.execute("rollback to a")
        self.assertEqual(client.execute("show work_mem").fetchone(), ("4MB",))
        client.execute("commit")

    def test_the_hint_of_begin(self):
        client = self.connect()
        self.reads_there(client)
        client.execute("/* shardway: primary */ begin read only")
        self.assertFalse(self.on_replica(client, PROBE))
        client.execute(NEEDS_PRIMARY)
        client.execute("commit and chain")
        self.assertFalse(self.on_replica(client, PROBE))
        client.execute("commit")
        self.reads_there(client)


class Conversations(Replicas):
    FETCHING = ("declare c cursor for select id from things order by id", "fetch 1 from c", "move 1 in c", "fetch 2 from c", "close c")

    def test_cursors(self):
        for begin in (["begin read only"], ["begin read only", READ], ["start transaction isolation level repeatable read, read only"],
                      ["begin", "set transaction read only"], ["begin read only", "savepoint a"]):
            with self.subTest(begin=begin):
                self.same(lambda wire: [wire.sql(sql) for sql in (*begin, *self.FETCHING, "commit")])
                self.same(lambda wire: [wire.sql(sql) for sql in begin] + [wire.ask(b"".join(map(run, self.FETCHING[:2])) + SYNC)]
                          + [wire.sql(sql) for sql in ("rollback",)])
                self.same(lambda wire: [wire.sql(sql) for sql in begin] + [wire.sql("; ".join(self.FETCHING)), wire.sql("rollback")])
        self.same(lambda wire: [wire.sql(sql) for sql in ("begin read only", "declare c cursor with hold for select id from things order by id",
                                                          "commit", "fetch 2 from c", "close c")])
        self.same(lambda wire: [wire.sql(sql) for sql in ("begin read only", self.FETCHING[0], "savepoint a", "fetch 2 from c", "rollback to a",
                                                          "fetch 1 from c", "select 1/0", "rollback to a", "close all", "commit")])

    def test_named_cursors_of_a_driver(self):
        client = psycopg.connect(self.proxy.conninfo(dbname="plain"))
        self.addCleanup(client.close)
        client.read_only = True
        for _ in range(2):
            with client.cursor("named") as cursor:
                cursor.execute("select id from things order by id")
                self.assertEqual(cursor.fetchmany(2), [(1,), (2,)])
                self.assertEqual(cursor.fetchmany(2), [(3,), (4,)])
            client.commit()

    def test_what_stays_where_it_is(self):
        for then in (["show transaction_read_only", "set local work_mem to '5MB'", "show work_mem"], [WRITE], ["truncate things"], ["select 1; " + READ],
                     [f"{READ}; set local work_mem to '5MB'; show work_mem"], ["savepoint a", "select 1/0", "rollback to a", READ],
                     ["with w as (update things set note = note returning id) select * from w"], ["copy (select 1) to stdout"],
                     ["explain (costs off) select 1"], ["set transaction read write"], ["unlisten *", "deallocate all", "discard plans"],
                     [f"{READ}; commit", READ], ["select 1; rollback", WRITE]):
            with self.subTest(then=then):
                self.same(lambda wire: [wire.sql(sql) for sql in ("begin isolation level repeatable read read only", READ, *then, "rollback")])

    def test_begun_at_the_primary(self):
        for then in (["select writes()"], ["lock table things in access share mode"], ["prepare q as select 1", "execute q"], ["select txid_current() is null"],
                     ["set transaction read write", WRITE], ["select pg_advisory_xact_lock(3)"], ["listen a"]):
            with self.subTest(then=then):
                self.same(lambda wire: [wire.sql(sql) for sql in ("begin read only", *then, "select pg_is_in_recovery()", READ, "rollback")])

    def test_described_first(self):
        """Where a statement is only described, nothing has begun."""
        for sql in (WRITE, READ, NEEDS_PRIMARY):
            for then in (["set transaction isolation level serializable"], ["savepoint a"], [sql]):
                with self.subTest(sql=sql, then=then):
                    self.same(lambda wire: [wire.sql("begin"), wire.ask(parse("", sql) + describe("S") + SYNC), *map(wire.sql, then), wire.sql("rollback")])


class Pipelines(Replicas):
    def flushed(self, wire, first, then, until):
        wire.send(first + FLUSH)
        return [wire.until(until), wire.ask(then + SYNC)]

    def test_one_that_writes_behind_a_read(self):
        self.same(lambda wire: wire.ask(run(READ) + run(WRITE) + run(READ) + SYNC))
        self.same(lambda wire: wire.ask(run(READ) + run(NEEDS_PRIMARY) + run("select 1/0") + run(WRITE) + SYNC))
        self.same(lambda wire: wire.ask(run("select 1/0") + run(WRITE) + SYNC) + wire.sql(READ))
        self.same(lambda wire: self.flushed(wire, run(READ), run(WRITE), "C"))
        self.same(lambda wire: wire.ask(run(READ) + run("set work_mem to '6MB'") + run(WRITE) + SYNC) + wire.sql("show work_mem"))
        self.same(lambda wire: wire.ask(run(READ) + run("begin") + run(WRITE) + run("rollback") + SYNC))
        self.same(lambda wire: wire.ask(run(READ) + run("begin") + SYNC) + wire.ask(run(WRITE) + run("select pg_is_in_recovery()") + SYNC) + wire.sql("rollback"))
        client = self.connect()
        self.reads_there(client)
        heard = self.wire(self.proxy.port, "plain").ask(run("select now() from things limit 1") + run(WRITE) + SYNC)
        self.assertIn("E ERROR 0A000", heard[-2])

    def test_a_write_that_was_described(self):
        """As asyncpg does it: Parse, Describe and Flush, then Bind, Execute and Sync."""
        for name in ("", "s"):
            for sql in (WRITE, NEEDS_PRIMARY, READ):
                with self.subTest(name=name, sql=sql):
                    self.same(lambda wire: self.flushed(wire, parse(name, sql) + describe("S", name), bind("", name) + execute(), "n" if sql is WRITE else "T"))
                    self.same(lambda wire: wire.ask(parse(name, sql) + describe("S", name) + bind("", name) + execute() + SYNC))

    def test_in_a_transaction(self):
        wire = self.wire(self.proxy.port, "plain")
        wire.sql("begin isolation level repeatable read read only")
        heard = wire.ask(run(READ) + run(NEEDS_PRIMARY) + run(READ) + SYNC)
        self.assertEqual([one for one in heard if one[0] in "DEZ"][1:],
                         ["E ERROR 0A000 this statement has to run on the primary, and the READ ONLY transaction is open on a replica", "Z E"])
        self.same(lambda wire: [wire.sql("begin read only"), wire.ask(run(READ) + run(NEEDS_PRIMARY) + run(READ) + SYNC), wire.sql("commit")])
        self.same(lambda wire: [wire.sql("begin read only"), wire.ask(run(READ) + run(WRITE) + SYNC), wire.sql("commit")])


class Sharded(WireCase):
    reads = {"from": "replicas"}

    def of(self, *texts):
        """The same on a plain server and through Shardway, in the simple and in the extended protocol."""
        self.wait_for_replicas()
        self.same(lambda wire: [wire.sql(sql) for sql in texts], databases=("shop",))
        self.same(lambda wire: [wire.ask(run(sql) + SYNC) for sql in texts], databases=("shop",))

    def wait_for_replicas(self):
        for shard in self.cluster.shards:
            shard.wait_for_replicas()
        client = self.connect()
        wait_until(lambda: client.execute("select current_setting('cluster_name') from countries right join (values (1)) v on true").fetchone()[0]
                   not in [node.name for node in self.cluster.primaries], 15, "replicas are read")

    def test_cursors(self):
        read = f"declare c cursor for select note from items where id = {self.here}"
        self.of("begin read only", read, "fetch 1 from c", f"select note from items where id = {self.there}", "fetch 1 from c", "close c", "commit")
        self.of("begin isolation level repeatable read read only", read, "move 1 in c", "savepoint a", "fetch 1 from c", "rollback to a", "commit")

    def test_on_several_shards(self):
        self.of("begin read only", f"select note from items where id = {self.here}", f"select note from items where id = {self.there}",
                "set local work_mem to '5MB'", "show work_mem", "savepoint a", "select 1/0", "rollback to a", f"select note from items where id = {self.there}",
                "commit", f"update items set note = 'x' where id = {self.here}")
        self.of("begin read only", f"select note from items where id = {self.here}", f"update items set note = 'x' where id = {self.here}", "rollback")

    def test_a_union_that_replicas_cannot_read(self):
        """Behind Shardway's back they have no rows of it: all of it is asked again on the primaries."""
        def alter(how):
            for node in self.cluster.primaries:
                node.query(f"alter table items set {how}", dbname=self.server_database, user=servers.APP)
        self.wait_for_replicas()
        alter("unlogged")
        self.addCleanup(alter, "logged")
        self.wait_for_replicas()
        client = self.connect()
        for prepare in (False, True):
            self.assertEqual(sorted(client.execute("select id, note from items", prepare=prepare)), sorted(self.on_plain("select id, note from items")))
        self.assertEqual(client.execute(f"select id from items where id = {self.here}").fetchall(), [(self.here,)])
