"""Transactions on a sharded database over MySQL's protocol: on all shards or on none, whoever dies."""
import contextlib
import threading
import time

from mysql_commands import DEFAULT
import mysql_commands as commands
from mysql_wire import Wire, WireClosed
from support import mysql_shardway
from support.mariadb import SUPERUSER
from support.mysql_case import proxy_only
from support.mysql_sharded_case import HERE, THERE, MysqlShardedCase
from support.servers import APP, wait_until
from support.shardway import tried

DEAD = "0123456789abcdef"      # the incarnation of a Shardway that is no more
STEPS = ["begun", "preparing", "prepared", "deciding", "decided", "applying", "applied"]


def both(note):
    return [f"update items set note = '{note}' where id = {key}" for key in (HERE, THERE)]


READ = [f"select note from items where id = {key}" for key in (HERE, THERE)]


class ReadsBehindACommit(MysqlShardedCase):
    """The replicas knew everything that was there when the transaction wrote, and nothing of its end."""
    reads = {"from": "replicas"}

    def replicas(self):
        return [replica for shard in self.cluster.shards for replica in shard.replicas]

    @proxy_only
    def test_a_client_reads_what_it_committed(self):
        where = "select @@server_id in ({}), note from items where id = {}"
        numbers = ", ".join(str(replica.value("select @@server_id")) for replica in self.replicas())
        client = self.through()
        self.begin_with_rows(client)
        for replica in self.replicas():
            self.addCleanup(replica.query, "start slave")
        for key in (HERE, THERE):
            wait_until(lambda key=key: client.sql(where.format(numbers, key))[1].startswith("ROW 1|"), 15, "reads go to a replica")
        client.sql("begin", *both("committed"))
        written = time.monotonic()
        wait_until(lambda: all(row["fresh_age_us"] is not None and int(row["fresh_age_us"]) < (time.monotonic() - written) * 1e6
                               for row in self.proxy.console("SHOW NODES") if row["role"] == "replica"), 15, "the replicas know all that was written")
        for replica in self.replicas():
            replica.query("stop slave")
        heard = client.sql("commit", *READ)
        self.assertEqual([line for line in heard if line.startswith("ROW")], ["ROW committed"] * 2)


class Transactions(MysqlShardedCase):
    """Equal to one plain server."""

    def test_endings(self):
        for capabilities in (DEFAULT, DEFAULT & ~commands.DEPRECATE_EOF & ~commands.SESSION_TRACK):
            for end in ("commit", "rollback", "commit and chain", "rollback and chain", "begin", "rollback work"):
                with self.subTest(end=end, capabilities=capabilities):
                    self.same(lambda wire, end=end: wire.sql("begin", *both("x"), *READ, end, *both("y"), "rollback", *READ, "select 1"),
                              capabilities=capabilities)

    def test_savepoints(self):
        self.same(lambda wire: wire.sql("begin", "savepoint a", both("one")[0], "savepoint b", *both("two"), "rollback to b", *READ,
                                        "release savepoint b", "rollback to b", *both("three"), "rollback to A", *READ, "commit", *READ,
                                        "savepoint nowhere", "rollback to nowhere"))

    def test_autocommit_off(self):
        self.same(lambda wire: wire.sql("set autocommit = 0", "select 1", *both("x"), "rollback", *READ, *both("y"), "commit", *READ,
                                        *both("z"), "set autocommit = 1", "rollback", *READ, "select 1"))

    def test_read_only(self):
        self.same(lambda wire: wire.sql("start transaction read only", *READ, both("x")[1], "commit", "set transaction read only", "begin",
                                        *READ, both("x")[0], "rollback", "begin", both("y")[0], "set transaction isolation level read committed",
                                        "commit", *READ))

    def test_what_the_session_says_in_it_is_for_the_next_one(self):
        """Also where its part on a shard begins later."""
        mine, theirs = both("x")
        for before, later in (("read only", "read write"), ("read write", "read only")):
            with self.subTest(before=before):
                self.same(lambda wire, before=before, later=later: wire.sql(
                    f"set session transaction {before}", "begin", f"set session transaction {later}", mine, "commit", *READ, "begin", theirs,
                    f"set session transaction {before}", mine, "commit", *READ, "set session transaction read write",
                    f"start transaction {before}", mine, "commit and chain", theirs, "commit", *READ))
        self.same(lambda wire: wire.sql("set session transaction read only", "start transaction read write", mine, theirs, "commit", *READ,
                                        "set tx_read_only = 0", "set autocommit = 0", READ[0], "set session transaction read only", theirs, "commit",
                                        theirs, "rollback", *READ))

    def test_the_level_is_that_of_its_beginning(self):
        def conversation(wire, other):
            heard = wire.sql("set session transaction isolation level read committed", "begin", "set session transaction isolation level serializable")
            for key in (HERE, THERE):
                heard += wire.sql(f"select n from items where id = {key}") + other.sql(f"update items set n = n + 1 where id = {key}")
                heard += wire.sql(f"select n from items where id = {key}")
            return heard + wire.sql("commit", "select @@tx_isolation")
        self.same(conversation, clients=2)

    def test_set_transaction_for_one_statement(self):
        """It is used up by what comes to a table, if that is done at all."""
        mine, theirs = both("x")
        place = "insert into places values ('it', 'Italy')"
        self.same(lambda wire: wire.sql("set transaction read only", mine, theirs, place, place, "select 1", READ[0], mine, theirs,
                                        "set transaction read only", "select id from items where note = 'nobody'", mine, place, *READ))

    def test_a_read_of_both_in_it(self):
        self.same(lambda wire: wire.sql("begin", *both("in it")) + sorted(wire.sql("select id, note from items")) + wire.sql("commit", *READ))

    def test_reference_tables_in_it(self):
        self.same(lambda wire: wire.sql("begin", "update places set name = 'X'", "select * from places order by code", both("x")[0], "rollback",
                                        "select * from places order by code", "begin", "delete from places where code = 'de'", *both("y"), "commit",
                                        "select * from places order by code", *READ, "set autocommit = 0", "insert into places values ('it', 'I')",
                                        "rollback", "select * from places order by code"))

    def test_several_statements_in_one_text_are_part_of_it(self):
        text = "/* shardway: shard=shop_0 */ select 1; " + both("x")[0]
        later = f"{both('y')[0]}; update items set n = n + 1 where id = {HERE}"
        self.same(lambda wire: wire.sql("begin", text, "rollback", *READ, "set autocommit = 0", later, "rollback", *READ))

    @proxy_only
    def test_a_text_that_opens_one_in_its_middle_is_refused(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            wire.sql("set autocommit = 0")
            self.refused(wire, "/* shardway: shard=shop_0 */ select 1; " + both("x")[0], "one by one")
            self.assertEqual(wire.sql("rollback", READ[0])[2], "ROW here")

    @proxy_only
    def test_a_procedure_is_part_of_it(self):
        self.on_shards(f"create or replace procedure touch() update items set note = 'touched' where id = {HERE}")
        self.addCleanup(lambda: self.on_shards("drop procedure touch"))
        with self.through() as wire:
            self.begin_with_rows(wire)
            wire.sql("begin", "/* shardway: shard=shop_0 */ call touch()", "rollback")
            self.assertEqual(wire.sql(READ[0])[1], "ROW here")

    def test_a_definition_commits(self):
        self.same(lambda wire: wire.sql("begin", *both("x"), "alter table parts comment = 'c'", "rollback", *READ))

    def test_release(self):
        def conversation(wire):
            return wire.sql("begin", *both("x"), "commit release") + [f"closed: {wire.is_closed()}"]
        self.same(conversation)

    def test_a_deadlock_takes_the_whole_transaction(self):
        def conversation(one, other):
            first = one.sql("begin", f"update items set note = 'one' where id = {THERE}", f"update parts set what = 'x' where id = {HERE}",
                            f"insert into items (id, note) values (103, 'mine')")
            other.sql("begin", f"update items set n = n + 1 where id = {HERE}", f"update items set n = n + 1 where id in ({HERE})")
            thread = threading.Thread(target=lambda: first.extend(one.sql(f"update items set note = 'one' where id = {HERE}")))
            thread.start()
            wait_until(lambda: thread.is_alive(), 1, "it waits")
            heard = other.sql("update items set note = 'other' where id = 103")
            thread.join(20)
            # Whose statement ends with 1213 is the server's to choose; its transaction is gone.
            errors = [line.split(":")[0] for line in first + heard if line.startswith("ERR")]
            return errors + one.sql("rollback") + other.sql("rollback") + one.sql(*READ, "select * from items where id = 103")
        heard = self.same(conversation, clients=2)
        self.assertTrue(heard[0].startswith("ERR 1213"), heard)

    @proxy_only
    def test_nothing_is_left_behind(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            wire.sql("begin", *both("x"), "commit")
            self.assertEqual(self.prepared(), [])
            left = lambda: self.on_shards(f"select gtx from shardway.decision where state = 'C' and gtx like 'main/{self.database}:%'")
            wait_until(lambda: not any(left()), 20, "the decision is deleted", pause=0.1)

    @proxy_only
    def test_a_server_connection_lost_before_the_commit(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            wire.sql("begin", *both("lost"))
            primary = self.cluster.shards[1].primary
            for (number,) in primary.query("select id from information_schema.processlist where db = %s and user = %s", (self.database, APP)):
                primary.query(f"kill {number}")
            heard = wire.sql("commit")
            self.assertTrue(heard[0].startswith("ERR 1213"), heard)
            self.assertEqual([wire.sql(sql)[1] for sql in READ], ["ROW here", "ROW there"])
        self.wait_until_nothing_is_prepared()


class Recovery(MysqlShardedCase):
    """What another Shardway, now gone, left prepared: as its decision says, or rolled back."""

    def prepare(self, shard, number, note):
        gid = f"shardway:main/{self.database}:{DEAD}:{number}:{shard}:shop_0"
        key = (HERE, THERE)[shard]
        with self.cluster.shards[shard].primary.connect(user=APP, database=self.database) as connection, connection.cursor() as cursor:
            for sql in (f"xa start '{gid[:64]}', '{gid[64:]}'", f"update items set note = '{note}' where id = {key}",
                        f"insert into shardway.applied (gtx, parts) values ('main/{self.database}:{DEAD}:{number}:shop_0', 'shop_0,shop_1')",
                        f"xa end '{gid[:64]}', '{gid[64:]}'", f"xa prepare '{gid[:64]}', '{gid[64:]}'"):
                cursor.execute(sql)

    @proxy_only
    def test_as_the_decision_says(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            self.prepare(1, 1, "decided")
            self.cluster.shards[0].primary.query("insert into shardway.decision (gtx, state, parts, owner) values"
                                                 f" ('main/{self.database}:{DEAD}:1:shop_0', 'C', 'shop_0,shop_1', '{DEAD}')")
            self.wait_until_nothing_is_prepared(30)
            self.assertEqual(wire.sql(READ[1])[1], "ROW decided")
            self.prepare(1, 2, "undecided")
            self.wait_until_nothing_is_prepared(30)
            self.assertEqual(wire.sql(READ[1])[1], "ROW decided")
            self.assertEqual(self.cluster.shards[0].primary.query(f"select state from shardway.decision where gtx = 'main/{self.database}:{DEAD}:2:shop_0'"), [("A",)])


class Killed(MysqlShardedCase):
    """Shardway is killed at each step of a commit: another one that comes finishes what it left."""

    @proxy_only
    def test_at_each_step(self):
        with self.through() as wire:
            for step in tried(STEPS, STEPS[1::2]):
                with self.subTest(step=step):
                    self.begin_with_rows(wire)
                    self.kill_at(step)
                    self.wait_until_nothing_is_prepared(30)
                    notes = [wire.sql(sql)[1] for sql in READ]
                    self.assertIn(notes, (["ROW here", "ROW there"], [f"ROW {step}"] * 2))
                    if step in ("decided", "applying", "applied"):
                        self.assertEqual(notes, [f"ROW {step}"] * 2)

    def kill_at(self, step):
        config = mysql_shardway.base_config(self.cluster)
        config["database"] = [mysql_shardway.sharded_database(self.cluster, self.tables, self.database)]
        doomed = mysql_shardway.Proxy(config, environment={"SHARDWAY_KILL_AT": f"{step}:1"}).start()
        client = Wire.login(doomed.mysql_port, APP, self.cluster.passwords[APP], self.database)
        with contextlib.suppress(WireClosed, ConnectionError):
            client.sql("begin", *both(step), "commit")
        client.close()
        doomed.stop(expect=-9)


class Unapplied(MysqlShardedCase):
    """A transaction is committed, and one of its shards is held up before it has its part."""
    pool = {"queue_timeout": "1500ms"}

    @proxy_only
    def test_statements_for_that_shard_wait_for_so_long(self):
        """They must not see the time before it; the other shard's are answered."""
        here, there = (shard.primary.connect(user=SUPERUSER, database=self.database) for shard in self.cluster.shards)
        self.addCleanup(here.close)
        self.addCleanup(there.close)
        with self.through() as wire, here.cursor() as on_agent, there.cursor() as on_part:
            self.begin_with_rows(wire)
            wire.sql("begin", *both("committed"))
            on_agent.execute("flush tables with read lock")
            wire.send(commands.query("commit"))
            wait_until(self.prepared, 10, "the other part is prepared")
            on_part.execute("flush tables with read lock")
            on_agent.execute("unlock tables")
            node, running = self.cluster.shards[1].primary, "select id from information_schema.processlist where info like 'xa commit%' and user = 'app'"
            wait_until(lambda: node.query(running), 10, "its commit waits")
            node.query(f"kill {node.value(running)}")
            self.assertTrue(wire.replies(commands.query("commit"))[0].startswith("OK"))
            began = time.monotonic()
            heard = wire.sql(READ[1])
            self.assertRegex(heard[0], "ERR 2003 .*has not applied a transaction")
            self.assertLess(time.monotonic() - began, 10)
            self.assertEqual(wire.sql(READ[0])[1], "ROW committed")
            on_part.execute("unlock tables")
            wait_until(lambda: wire.sql(READ[1])[-1].startswith("EOF"), 20, "it is applied")
            self.assertEqual(wire.sql(READ[1])[1], "ROW committed")
        self.wait_until_nothing_is_prepared()
