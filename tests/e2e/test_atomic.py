"""Atomic commit: what is written on several shards is there on all or on none, whoever dies, and everybody can see why it waits."""
import contextlib
import time

import psycopg

from support import servers, shardway
from support.case import ProxyCase
from support.servers import APP, SUPERUSER, wait_until
from wire import SYNC, Wire, query, run
from wire_case import WireCase

DEAD = "0123456789abcdef"      # the incarnation of a Shardway that is no more


class Commit(WireCase):
    """Equal to one plain server."""
    schema = WireCase.schema + "create table late(id bigint, n int, unique (id, n) deferrable initially deferred);"
    tables = [*WireCase.tables, {"name": "late", "key": "id", "type": "bigint"}]

    def talk(self, wire, *statements):
        return [line for sql in statements for line in wire.sql(sql)]

    def both(self, note):
        return [f"update items set note = '{note}' where id = {key}" for key in (self.here, self.there)]

    def prepared(self):
        return [row for rows in self.on_shards("select gid from pg_prepared_xacts where database = current_database()") for row in rows]

    def test_nothing_is_left_behind(self):
        self.same(lambda wire: self.talk(wire, "begin", *self.both("both"), "commit", "select note from items where note = 'both'"))
        self.assertEqual(self.prepared(), [])
        left = lambda: self.on_shards("select gtx, state from shardway.decision where state = 'C'")
        wait_until(lambda: not any(left()), 10, f"the decision is deleted: {left()}", pause=0.1)

    def test_a_constraint_that_fails_at_commit(self):
        for first, second in ((self.here, self.there), (self.there, self.here)):
            with self.subTest(first=first), self.through() as wire:
                before = self.items()
                heard = self.talk(wire, "begin", f"update items set note = 'x' where id = {first}",
                                  f"insert into late values ({second}, 1)", f"insert into late values ({second}, 1)", "commit")
                self.assertEqual([line.split()[2] for line in heard if line[0] == "E"], ["23505"], heard)
                self.assertEqual(heard[-1], "Z I")
                self.assertEqual(self.items(), before)
                self.assertEqual(self.prepared(), [])

    def test_what_cannot_be_prepared_decides(self):
        self.same(lambda wire: self.talk(wire, "begin", *self.both("told"), "notify nobody, 'news'", "commit",
                                         "select note from items where note = 'told'"))
        self.same(lambda wire: self.talk(wire, "begin", *self.both("told"), "select pg_notify('nobody', 'news')", "commit"))

    def test_what_the_session_tells_itself(self):
        """A channel it LISTENs to, on the home shard: told with a COMMIT on several, and beside a statement on several."""
        for conversation in (("begin", *self.both("told"), "notify news, 'here'", "commit"),
                             ("begin", "notify news, 'here'", *self.both("told"), "commit"), ("begin", "notify news, 'gone'", *self.both("told"), "rollback")):
            with self.subTest(conversation=conversation):
                heard = self.same(lambda wire, said=conversation: sorted(self.talk(wire, "listen news", *said, "unlisten *")))
                self.assertEqual(any(line.startswith("A") for line in heard), conversation[-1] == "commit", heard)

    def test_a_transaction_that_failed_on_one_shard(self):
        self.same(lambda wire: self.talk(wire, "begin", *self.both("lost"), f"select 1 / (id - id) from items where id = {self.there}",
                                         "commit", "select note from items where note = 'lost'"))

    def test_locks_are_held_until_all_is_there(self):
        """FOR UPDATE on one shard, writes on both others' sides of it: nobody gets the lock before the end."""
        self.same(lambda wire: self.talk(wire, "begin", f"select note from items where id = {self.here} for update",
                                         f"update items set note = 'locked' where id = {self.there}", "commit",
                                         f"select note from items where id = {self.there}"))

    def test_read_only_behind_writes(self):
        """The rows by which it is committed on all shards or on none are inserted all the same."""
        only, look = "set transaction read only", "select note from items where note = 'sealed'"
        for texts in ([only], ["set local transaction_read_only = on"], ["begin read only"], ["set transaction_read_only = 'on'", only], ["savepoint a", only],
                      ["savepoint a", only, "release a"], ["savepoint a", only, "rollback to a", only], [only, "savepoint a", "select 1/0", "rollback to a"],
                      [only, "savepoint a", "release a"], [only, f"select note from items where id = {self.there} for update"], [only, self.both("late")[0]],
                      ["set transaction read write"]):
            with self.subTest(texts=texts):
                self.same(lambda wire, texts=texts: sorted(self.talk(wire, "begin", *self.both("sealed"), *texts, "commit", look)))
                self.same(lambda wire, texts=texts: sorted(self.talk(wire, "begin", self.both("sealed")[1], *texts, f"select note from items where id = {self.here}",
                                                                     "commit and chain", look, "show transaction_read_only", "commit")))
        pipeline = b"".join(map(run, [*self.both("sealed"), only]))
        self.same(lambda wire: wire.ask(pipeline + SYNC) + sorted(wire.sql(look)))
        self.same(lambda wire: wire.sql("; ".join([*self.both("sealed"), only])) + sorted(wire.sql(look)))
        with self.through() as wire:
            heard = self.talk(wire, "begin", *self.both("lost"), "select set_config('transaction_read_only', 'on', true)")
            self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"])
        self.assertEqual(self.prepared(), [])

    def test_functions_in_a_read_only_transaction(self):
        """They might write, but not there."""
        for node in self.cluster.primaries:
            node.query("create or replace function touched() returns int language sql as 'select 1'", dbname=self.server_database)
        calls = [f"/* shardway: shard=shop_{i} */ select touched()" for i in (0, 1)]
        for begin in (["begin read only"], ["begin", "set transaction read only"], ["begin read only", "commit and chain"]):
            with self.subTest(begin=begin):
                self.same(lambda wire, begin=begin: self.talk(wire, *begin, *calls, "commit"), databases=("shop",))

    def test_a_server_lost_before_the_commit(self):
        before = self.items()
        with self.through() as wire:
            self.talk(wire, "begin", *self.both("lost"))
            self.cluster.shards[1].primary.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'"
                                                 f" and datname = '{self.server_database}' and state = 'idle in transaction'")
            heard = wire.sql("commit")
            self.assertTrue(heard[0].startswith("E") or heard[0] == "C ROLLBACK", heard)
            self.assertEqual(heard[-1], "Z I")
            self.assertEqual(wire.sql("select 'alive'")[1], "D alive")
        self.assertEqual(self.items(), before)
        wait_until(lambda: not self.prepared(), 10, "what was prepared is rolled back")

    def test_by_the_extended_protocol(self):
        one, other = self.both("extended")
        self.same(lambda wire: wire.ask(run("begin") + run(one) + run(other) + run("commit") + SYNC)
                  + wire.sql("select note from items where note = 'extended'"))
        self.same(lambda wire: wire.ask(run("begin") + SYNC + run(one) + SYNC + run(other) + SYNC + run("commit") + SYNC))


    def test_a_deadlock_over_two_shards(self):
        """No server sees the circle; the younger transaction gets what one server would give it, and the other one goes on."""
        def late(wire, key):
            return f"update items set note = '{wire}' where id = {key}"
        ways = {"simple": lambda sql: query(sql), "extended": lambda sql: run(sql) + SYNC}
        for way, message in ways.items():
            with self.subTest(way=way), self.through() as older, self.through() as younger:
                self.talk(older, "begin", late("older", self.here))
                self.talk(younger, "begin", late("younger", self.there))
                older.send(message(late("older", self.there)))
                younger.send(message(late("younger", self.here)))
                heard = younger.until("Z")
                self.assertEqual([line.split()[2] for line in heard if line[0] == "E"], ["40P01"], heard)
                self.assertEqual(heard[-1], "Z E")
                self.assertEqual(younger.sql("rollback"), ["C ROLLBACK", "Z I"])
                self.assertIn("C UPDATE 1", older.until("Z"))
                self.assertEqual(older.sql("commit"), ["C COMMIT", "Z I"])
                self.assertEqual(older.sql("select note from items where note in ('older', 'younger')").count("D older"), 2)
                self.proxy.wait_for_log("event=deadlock")

    def test_a_long_wait_is_no_deadlock(self):
        with self.through() as holder, self.through() as waiter:
            self.talk(holder, "begin", *self.both("holder"))
            self.talk(waiter, "begin", f"select 1 from items where id = {self.there}")
            waiter.send(query(self.both("waiter")[0]))
            time.sleep(5)
            self.assertEqual(holder.sql("commit"), ["C COMMIT", "Z I"])
            self.assertEqual(waiter.until("Z"), ["C UPDATE 1", "Z T"])
            self.assertEqual(waiter.sql("commit"), ["C COMMIT", "Z I"])


class Recovery(ProxyCase):
    """What another Shardway, now gone, left prepared: as its decision says, or rolled back."""
    schema = "create table items(id bigint primary key, note text);"
    tables = [{"name": "items", "key": "id", "type": "bigint"}]

    def prepare(self, shard, agent, number, row=None):
        gtx, gid = f"main:{DEAD}:{number}:{agent}", f"shardway:main:{DEAD}:{number}:{shard}:{agent}"
        with self.cluster.shards[shard].primary.connect(dbname=self.server_database, user=APP) as connection:
            connection.autocommit = False
            connection.execute("insert into items values (%s, 'prepared')", (row if row is not None else 1000 + number,))
            connection.execute("insert into shardway.applied (gtx, parts) values (%s, 'shop_0,shop_1')", (gtx,))
            connection.execute(f"prepare transaction '{gid}'")
            connection.rollback()
        return gtx

    def rows(self, shard, number):
        return self.cluster.shards[shard].primary.query(f"select note from items where id = {1000 + number}", dbname=self.server_database)

    def wait_until_over(self, seconds=15):
        count = "select count(*) from pg_prepared_xacts where database = current_database()"
        wait_until(lambda: not any(rows[0][0] for rows in self.on_shards(count)), seconds, "nothing is prepared any more", pause=0.1)

    def test_without_a_decision_it_is_rolled_back_for_good(self):
        gtx = self.prepare(1, "shop_0", 1)
        self.wait_until_over()
        self.assertEqual(self.rows(1, 1), [])
        decided = "insert into shardway.decision (gtx, state, parts, owner) values (%s, 'C', '', 'late')"
        with self.cluster.shards[0].primary.connect(dbname=self.server_database, user=APP) as connection:
            with self.assertRaises(psycopg.errors.UniqueViolation):     # its owner, were it alive after all, cannot commit it now
                connection.execute(decided, (gtx,))
        self.proxy.wait_for_log("outcome=rolled_back")

    def test_with_a_decision_it_is_committed(self):
        gtx = self.prepare(1, "shop_0", 2)
        self.cluster.shards[0].primary.query("insert into shardway.decision (gtx, state, parts, owner) values (%s, 'C', 'shop_0,shop_1', %s)",
                                             (gtx, DEAD), dbname=self.server_database)
        self.wait_until_over()
        self.assertEqual(self.rows(1, 2), [("prepared",)])
        self.proxy.wait_for_log("outcome=committed")

    def test_while_its_owner_decides_it_waits(self):
        gtx = self.prepare(1, "shop_0", 3)
        with self.cluster.shards[0].primary.connect(dbname=self.server_database, user=APP) as connection:
            connection.autocommit = False
            connection.execute("insert into shardway.decision (gtx, state, parts, owner) values (%s, 'C', 'shop_0,shop_1', %s)", (gtx, DEAD))
            listed = lambda: [row for row in self.proxy.console("SHOW TRANSACTIONS") if row["gtx"] == gtx]
            wait_until(listed, 15, "it is listed", pause=0.1)
            row, = listed()
            self.assertEqual((row["state"], row["agent"], row["parts"], row["owner"]), ("in doubt", "shop_0", "shop_1", "another"))
            self.assertIn("is being told to commit it just now", row["why"])
            connection.commit()
        self.wait_until_over()
        self.assertEqual(self.rows(1, 3), [("prepared",)])
        wait_until(lambda: not listed(), 10, "it is listed no more", pause=0.1)

    def test_another_clusters_is_left_alone(self):
        primary = self.cluster.shards[1].primary
        gid = f"shardway:other:{DEAD}:1:1:shop_0"
        with primary.connect(dbname=self.server_database, user=APP) as connection:
            connection.autocommit = False
            connection.execute("insert into items values (1999, 'other')")
            connection.execute(f"prepare transaction '{gid}'")
            connection.rollback()
        self.prepare(1, "shop_0", 4)
        wait_until(lambda: self.proxy.log().count(f"main:{DEAD}:4:shop_0") > 0, 15, "ours is finished", pause=0.1)
        self.assertEqual(primary.query("select gid from pg_prepared_xacts where database = current_database()",
                                       dbname=self.server_database), [(gid,)])
        with contextlib.suppress(psycopg.Error):
            primary.query(f"rollback prepared '{gid}'", dbname=self.server_database, user=SUPERUSER)

    def test_a_shard_nobody_knows(self):
        gtx = self.prepare(1, "elsewhere", 5)
        listed = lambda: [row for row in self.proxy.console("SHOW TRANSACTIONS") if row["gtx"] == gtx]
        wait_until(listed, 15, "it is listed", pause=0.1)
        self.assertIn('"elsewhere", is not in this configuration', listed()[0]["why"])
        self.cluster.shards[1].primary.query(f"rollback prepared 'shardway:main:{DEAD}:5:1:elsewhere'", dbname=self.server_database)
        wait_until(lambda: not listed(), 10, "it is listed no more", pause=0.1)


class Unable(ProxyCase):
    """Servers that cannot prepare: what would have to be committed on several shards is refused, and nothing else."""
    schema = "create table items(id bigint primary key, note text); create table countries(code text primary key);"
    tables = [{"name": "items", "key": "id", "type": "bigint"}, {"name": "countries", "kind": "reference"}]

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(servers.Cluster(shards=2, replicas=0))
        cls.cluster.shards[1].primary.set("max_prepared_transactions", 0)
        cls.cluster.shards[1].primary.restart()
        cls.server_database = servers.DATABASE
        cls.run_everywhere(cls.schema)
        config = shardway.base_config(cls.cluster)
        config["database"] = [shardway.sharded_database(cls.cluster, cls.tables, server_database=cls.server_database)]
        cls.proxy = cls.enterClassContext(shardway.Proxy(config))

    def test_it_is_refused_with_the_hint(self):
        wire = Wire.login(self.proxy.port, "app", self.cluster.passwords["app"], "shop")
        self.addCleanup(wire.close)
        self.assertEqual(wire.sql("insert into items values (1, 'one')"), ["C INSERT 0 1", "Z I"])
        for sql in ("insert into countries values ('CH')", "alter table items add extra int"):
            heard = wire.sql(sql)
            self.assertEqual((heard[0].split()[2], heard[1:]), ("0A000", ["Z I"]), sql)
            with self.assertRaisesRegex(psycopg.errors.FeatureNotSupported, "max_prepared_transactions is 0 on shard(.|\n)*HINT: .*set max_prepared"):
                self.proxy.query(sql, dbname="shop")
        self.assertEqual(self.on_shards("select code from countries"), [[], []])
        self.assertEqual(wire.sql("select * from items where id = 1")[0].split()[1:], ["id:20:t", "note:25:t"])
        keys = [next(k for k in range(100) if wire.sql(f"shardway explain select 1 from items where id = {k}")[1].endswith(shard))
                for shard in ("shop_0", "shop_1")]
        wire.sql("begin")
        self.assertEqual(wire.sql(f"insert into items values ({keys[0]}, 'a') on conflict do nothing")[-1], "Z T")
        heard = wire.sql(f"insert into items values ({keys[1]}, 'b') on conflict do nothing")
        self.assertEqual((heard[0].split()[2], heard[-1]), ("0A000", "Z E"))
        self.assertEqual(wire.sql("commit"), ["C ROLLBACK", "Z I"])
