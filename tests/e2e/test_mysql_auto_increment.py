"""AUTO_INCREMENT on a sharded database: no number is given twice, whoever inserts where."""
import re
import subprocess
import threading

from mysql_commands import execute, query
from support.mysql_case import proxy_only
from support.mysql_sharded_case import HERE, SCHEMA, TABLES, THERE, MysqlShardedCase
from support.servers import wait_until
from support.shardway import binary

BOTH = (HERE, THERE)
TWICE = "could be given twice"


def number_of(heard):
    """The number an OK tells of."""
    found = re.match(r"OK affected=\d+ id=(\d+)", heard)
    assert found, heard
    return int(found[1])


class Counting(MysqlShardedCase):
    """The servers of shard i count i + 1, i + 1 + INCREMENT, …"""
    INCREMENT = 2
    schema = SCHEMA + """;
create table orders (id bigint auto_increment primary key, customer bigint not null, note varchar(40));
create table tickets (id bigint auto_increment primary key, note varchar(40));
create table counters (id int unsigned auto_increment primary key, what varchar(40))"""
    tables = TABLES + [{"name": "orders", "key": "customer", "type": "bigint"}, {"name": "tickets", "key": "id", "type": "bigint"},
                       {"name": "counters", "kind": "single", "shard": "shop_1"}]

    @classmethod
    def configure(cls, config):
        super().configure(config)
        cls.count(cls.INCREMENT)
        cls.addClassCleanup(cls.count, 1)

    @classmethod
    def count(cls, increment, shards=(0, 1), replicas=True):
        for number in shards:
            shard = cls.cluster.shards[number]
            for node in [shard.primary, *(shard.replicas if replicas else [])]:
                node.query(f"set global auto_increment_increment = {increment}, global auto_increment_offset = {min(number + 1, increment)}")

    def begin_with_orders(self):
        self.on_shards("delete from orders")
        wire = self.through()
        wait_until(lambda: wire.sql(f"delete from orders where customer = {HERE}")[0].startswith("OK"), 10, "the tables are known")
        return wire

    def content(self, table="orders"):
        return [sorted(rows) for rows in self.on_shards(f"select * from {table}")]


class Sharded(Counting):
    @proxy_only
    def test_each_shard_has_numbers_of_its_own(self):
        wire, given = self.begin_with_orders(), {HERE: [], THERE: []}
        insert = wire.prepare("insert into orders (customer, note) values (?, ?)")
        for key in BOTH * 3:
            for one in (query(f"insert into orders (customer) values ({key})"), query(f"insert into orders values (null, {key}, 'x')"),
                        query(f"insert into orders set customer = {key}, id = default"), execute(insert, [key, "prepared"]),
                        query(f"replace into orders (id, customer) values (0, {key})")):
                number = number_of(wire.ask(one)[0])
                given[key].append(number)
                self.assertEqual(wire.sql("select last_insert_id()")[1], f"ROW {number}")
        self.assertEqual({number % 2 for number in given[HERE]}, {1})
        self.assertEqual({number % 2 for number in given[THERE]}, {0})
        for key, rows in zip(BOTH, self.content()):
            self.assertEqual([row[:2] for row in rows], [(number, key) for number in sorted(given[key])])

    @proxy_only
    def test_rows_of_one_statement(self):
        wire = self.begin_with_orders()
        first = number_of(wire.sql(f"insert into orders (customer) values ({THERE}), ({THERE}), ({THERE})")[0])
        self.assertEqual([row[0] for row in self.content()[1]], [first, first + 2, first + 4])
        again = number_of(wire.sql(f"insert into orders (customer, note) select customer, 'copy' from orders where customer = {THERE}")[0])
        self.assertEqual(len([row for row in self.content()[1] if row[0] >= again and row[0] % 2 == 0]), 3)

    @proxy_only
    def test_many_clients_at_once(self):
        self.begin_with_orders()
        numbers, lock = [], threading.Lock()

        def inserts(seed):
            with self.through() as wire:
                for turn in range(20):
                    heard = wire.sql(f"insert into orders (customer) values ({BOTH[(seed + turn) % 2]})")
                    with lock:
                        numbers.append(number_of(heard[0]))
        threads = [threading.Thread(target=inserts, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(set(numbers)), 120)

    @proxy_only
    def test_in_a_transaction_of_both_shards(self):
        wire = self.begin_with_orders()
        heard = wire.sql("begin", *[f"insert into orders (customer) values ({key})" for key in BOTH], "commit")
        self.assertEqual([[row[0] for row in rows] for rows in self.content()], [[number_of(heard[1])], [number_of(heard[2])]])

    @proxy_only
    def test_numbers_given(self):
        """Only a shard's own: another one would give it to somebody else."""
        wire = self.begin_with_orders()
        self.assertTrue(wire.sql(f"insert into orders (id, customer) values (100001, {HERE})")[0].startswith("OK"))
        self.refused(wire, f"insert into orders (id, customer) values (100002, {HERE})", "100002 may be another shard's", "unenforced")
        self.refused(wire, f"insert into orders (id, customer) values (1 + 2, {HERE})", "constants")
        self.refused(wire, f"update orders set id = 5 where customer = {HERE}", "AUTO_INCREMENT")
        insert = wire.prepare("insert into orders (id, customer) values (?, ?)")
        self.assertIn("another shard's", wire.ask(execute(insert, [100004, HERE]))[0])
        self.assertTrue(wire.ask(execute(insert, [100004, THERE]))[0].startswith("OK"))
        self.assertEqual(number_of(wire.sql(f"insert into orders (customer) values ({HERE})")[0]), 100003)
        self.assertEqual(number_of(wire.sql(f"insert into orders (customer) values ({THERE})")[0]), 100006)

    @proxy_only
    def test_zero_is_what_the_session_says_when_it_is_inserted(self):
        wire = self.begin_with_orders()
        insert, ticket = wire.prepare("insert into orders (id, customer) values (?, ?)"), wire.prepare("insert into tickets (id, note) values (?, ?)")
        self.assertEqual(number_of(wire.ask(execute(insert, [0, THERE]))[0]) % 2, 0)
        self.assertIn("is 0", wire.ask(execute(ticket, [0, "x"]))[0])
        wire.sql("set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        self.assertIn("another shard's", wire.ask(execute(insert, [0, HERE]))[0])
        self.assertTrue(wire.ask(execute(ticket, [0, "x"]))[0].startswith("OK affected=1 id=0"))
        wire.sql("delete from tickets where id = 0")

    @proxy_only
    def test_upserts(self):
        wire = self.begin_with_orders()
        number = number_of(wire.sql(f"insert into orders (customer, note) values ({THERE}, 'first')")[0])
        upsert = f"insert into orders (id, customer) values ({number}, {THERE}) on duplicate key update id = last_insert_id(id), note = 'again'"
        self.assertEqual(number_of(wire.sql(upsert)[0]), number)
        self.assertEqual(self.content()[1], [(number, THERE, "again")])

    @proxy_only
    def test_rows_that_refer_to_the_one_before(self):
        """LAST_INSERT_ID() is the session's on every shard."""
        wire = self.begin_with_orders()
        self.begin_with_rows(wire)
        for order, item in (BOTH, BOTH[::-1], (HERE, HERE)):
            number = number_of(wire.sql(f"insert into orders (customer) values ({order})")[0])
            wire.sql(f"update items set note = last_insert_id() where id = {item}", f"insert into parts (id, part) values ({item}, last_insert_id())")
            self.assertEqual(wire.sql(f"select note from items where id = {item}")[1], f"ROW {number}")
            self.assertEqual(wire.sql(f"select count(*) from parts where id = {item} and part = last_insert_id()")[1], "ROW 1")

    @proxy_only
    def test_a_session_that_counts_by_itself(self):
        for setting in ("set auto_increment_increment = 1", "set @@auto_increment_offset = 1", "set insert_id = 77"):
            wire = self.begin_with_orders()
            with self.subTest(setting=setting):
                self.assertTrue(wire.sql(setting)[0].startswith("OK"))
                self.assertTrue(wire.sql(f"insert into orders (customer) values ({HERE})")[0].startswith("ERR 1235"))
                self.assertIn("in a session that has set", wire.sql(f"insert into orders (customer) values ({HERE})")[0])
            wire.close()
            with self.through() as other:
                numbers = [number_of(other.sql(f"insert into orders (customer) values ({key})")[0]) % 2 for key in BOTH * 3]
                self.assertEqual(numbers, [1, 0] * 3, "others have the same server connections")

    @proxy_only
    def test_keys(self):
        """Which shard a row belongs to is not known before its number."""
        with self.through() as wire:
            wire.sql("delete from tickets where id = 500", "delete from tickets where id = 501")
            self.refused(wire, "insert into tickets (note) values ('x')", "shard key")
            self.refused(wire, "insert into tickets (id, note) values (0, 'x')", "is 0")
            self.refused(wire, "insert into tickets (id, note) values (null, 'x')", "NULL")
            for key in (500, 501):
                self.assertTrue(wire.sql(f"insert into tickets (id, note) values ({key}, 'x')")[0].startswith("OK"))

    @proxy_only
    def test_single_tables_anywhere(self):
        with self.through() as wire:
            first = number_of(wire.sql("insert into counters (what) values ('a')")[0])
            self.assertEqual(number_of(wire.sql("insert into counters (what) values ('b')")[0]), first + 2, "as that server counts")

    @proxy_only
    def test_servers_that_are_set_otherwise_later(self):
        """Connections that were opened before count as their shard is known to; then nobody gets a number."""
        wire = self.begin_with_orders()
        wire.sql(f"insert into orders (customer) values ({HERE})")
        self.addCleanup(self.count, self.INCREMENT)
        self.count(1)
        statement = f"insert into orders (customer) values ({THERE})"
        wait_until(lambda: TWICE in wire.sql(statement)[0], 10, "it is known that the servers count alike", pause=0.05)
        self.refused(wire, statement, 'shard "shop_0" has auto_increment_increment = 1', "auto_increment_offset to 1 on those of")
        self.refused(wire, f"insert into orders (id, customer) values (1, {HERE})", TWICE)
        self.assertTrue(wire.sql(f"select * from orders where customer = {HERE}")[1].startswith("ROW"))
        numbers = [row[0] for rows in self.content() for row in rows]
        self.assertEqual(len(numbers), len(set(numbers)))
        self.count(self.INCREMENT)
        wait_until(lambda: wire.sql(statement)[0].startswith("OK"), 10, "it is known that they do no longer", pause=0.05)
        self.assertEqual({row[0] % 2 for row in self.content()[1]}, {0})


class Checked(Counting):
    """What an operator is told before the first row is refused."""

    def check(self):
        done = subprocess.run([binary(), "check", "--servers", "--config", self.proxy.file], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    @proxy_only
    def test_all_is_well(self):
        status, told = self.check()
        self.assertEqual((status, "AUTO_INCREMENT" in told, "auto_increment" in told), (0, False, False), told)

    @proxy_only
    def test_primaries_that_count_alike(self):
        self.addCleanup(self.count, self.INCREMENT)
        self.count(1)
        status, told = self.check()
        self.assertEqual(status, 0, told)
        self.assertIn(f'warning: database "{self.database}": table "public.orders": INSERT is refused: numbers of its AUTO_INCREMENT column "id" could be'
                      ' given twice: shard "shop_0" has auto_increment_increment = 1, auto_increment_offset = 1', told)
        self.assertIn('auto_increment_offset to 1 on those of "shop_0", 2 on those of "shop_1"', told)

    @proxy_only
    def test_a_replica_that_would_count_otherwise(self):
        replica = self.cluster.shards[1].replicas[0]
        self.addCleanup(self.count, self.INCREMENT)
        replica.query("set global auto_increment_offset = 1")
        status, told = self.check()
        self.assertEqual(status, 0, told)
        self.assertIn(f'shard "shop_1", node {replica.address}: it has auto_increment_increment = 2, auto_increment_offset = 1, unlike', told)
        self.assertIn("set auto_increment_increment = 2, auto_increment_offset = 2 there", told)


class References(Counting):
    """Every copy has the numbers the first one gave."""
    schema = Counting.schema + """;
create table tags (id int auto_increment primary key, name varchar(40), unique (name))"""
    tables = Counting.tables + [{"name": "tags", "kind": "reference"}]

    def begin_with_tags(self):
        self.on_shards("delete from tags")
        return self.begin_with_orders()

    def copies(self):
        """The rows of one copy, which are those of the other, too."""
        first, second = self.content("tags")
        self.assertEqual(first, second)
        return first

    @proxy_only
    def test_rows_one_by_one(self):
        wire, given = self.begin_with_tags(), []
        insert = wire.prepare("insert into tags (name) values (?)")
        for one in (query("insert into tags (name) values ('a')"), query("insert into tags values (null, 'b')"),
                    query("insert into tags values (0, 'c')"), query("insert into tags set name = 'd', id = default"),
                    execute(insert, ["e"]), query("insert into tags values ()"), query("replace into tags (name) values ('b')")):
            given.append(number_of(wire.ask(one)[0]))
            self.assertEqual(wire.sql("select last_insert_id()")[1], f"ROW {given[-1]}")
        self.assertEqual([row[0] for row in self.copies()], sorted(set(given) - {given[1]}))
        wire.sql(f"insert into tags values ({given[-1] + 100}, 'given')")
        self.assertGreater(number_of(wire.sql("insert into tags (name) values ('behind it')")[0]), given[-1] + 100)
        self.copies()

    @proxy_only
    def test_several_rows(self):
        """The shards count otherwise; for this they count alike, and only for this."""
        wire = self.begin_with_tags()
        insert = wire.prepare("insert into tags (name) values (?), (?)")
        first = number_of(wire.sql("insert into tags (name) values ('a'), ('b'), ('c')")[0])
        again = number_of(wire.ask(execute(insert, ["d", "e"]))[0])
        self.assertEqual([row[0] for row in self.copies()], [first, first + 2, first + 4, again, again + 2])
        self.assertEqual(wire.sql("/* shardway: shard=shop_1 */ select @@auto_increment_offset")[1], "ROW 2")
        self.assertEqual(number_of(wire.sql(f"insert into orders (customer) values ({THERE})")[0]) % 2, 0)

    @proxy_only
    def test_in_transactions(self):
        wire = self.begin_with_tags()
        heard = wire.sql("begin", "insert into tags (name) values ('gone')", f"insert into orders (customer) values ({HERE})", "rollback", "begin",
                         f"insert into orders (customer) values ({THERE})", "insert into tags (name) values ('kept'), ('too')", "commit")
        self.assertEqual(self.copies(), [(number_of(heard[6]), "kept"), (number_of(heard[6]) + 2, "too")])
        wire.sql("set autocommit = 0", "insert into tags (name) values ('gone')", "rollback", "insert into tags (name) values ('kept, too')", "commit")
        self.assertEqual([row[1] for row in self.copies()], ["kept", "too", "kept, too"])

    @proxy_only
    def test_counters_that_have_parted(self):
        wire = self.begin_with_tags()
        self.cluster.shards[1].primary.query("alter table tags auto_increment = 70000", database=self.database)
        for name in "abc":
            number_of(wire.sql(f"insert into tags (name) values ('{name}')")[0])
        self.assertEqual(len(self.copies()), 3)

    @proxy_only
    def test_a_number_another_copy_has(self):
        for begin, end in ((), ()), (["begin"], ["commit"]):
            wire = self.begin_with_tags()
            number = number_of(wire.sql("insert into tags (name) values ('a')")[0])
            self.cluster.shards[1].primary.query(f"insert into tags values ({number + 2}, 'in the way')", database=self.database)
            heard = wire.sql(*begin, "insert into tags (name) values ('b')", *end)
            self.assertRegex(heard[len(begin)], "^ERR (1062|1213)", heard)
            self.assertEqual(self.content("tags")[0], [(number, "a")], "nothing is left of it")
            self.on_shards("delete from tags")
            number_of(wire.sql("insert into tags (name) values ('c')")[0])
            self.assertEqual(len(self.copies()), 1)
            wire.close()

    @proxy_only
    def test_a_number_that_was_not_used(self):
        """It must not become that of the next row on this connection, whosever it is."""
        wire = self.begin_with_tags()
        number_of(wire.sql("insert into tags (name) values ('a')")[0])
        wire.sql("set lock_wait_timeout = 1")
        blocker = self.cluster.shards[1].primary.connect(database=self.database)
        with blocker, blocker.cursor() as cursor:
            cursor.execute("lock tables tags read")
            self.assertIn("timeout", wire.sql("insert into tags (name) values ('b')")[0])
        self.assertEqual(len(self.copies()), 1)
        for _ in range(3):
            with self.through() as other:
                self.assertEqual(number_of(other.sql(f"insert into orders (customer) values ({THERE})")[0]) % 2, 0)
        self.assertEqual(number_of(wire.sql(f"insert into orders (customer) values ({THERE})")[0]) % 2, 0)

    @proxy_only
    def test_many_clients_at_once(self):
        self.begin_with_tags()

        def inserts(seed):
            with self.through() as wire:
                for turn in range(10):
                    rows = ", ".join(f"('{seed} {turn} {i}')" for i in range(1 + turn % 3))
                    number_of(wire.sql(f"insert into tags (name) values {rows}")[0])
        threads = [threading.Thread(target=inserts, args=(seed,)) for seed in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.copies()), 5 * (4 + 3 * 2 + 3 * 3))

    @proxy_only
    def test_what_is_refused(self):
        wire = self.begin_with_tags()
        for sql in ("insert ignore into tags (name) values ('x')", "insert into tags values (null, 'x'), (7, 'y')", "insert into tags values (3 + 4, 'x')",
                    "insert into tags (name) values ('x') on duplicate key update name = 'y'", "insert into tags (name) select name from places"):
            self.refused(wire, sql, "may differ between the copies")
        wire.sql("set insert_id = 5")
        self.assertIn("in a session that has set", wire.sql("insert into tags (name) values ('x')")[0])


class Scarce(Counting):
    """One server connection for each shard: who has the first shard's gets the other one's, too."""
    pool = {"size": 1}
    schema, tables = References.schema, References.tables
    begin_with_tags, copies, test_many_clients_at_once = References.begin_with_tags, References.copies, References.test_many_clients_at_once


class ReferencesAsOnOneServer(Counting):
    INCREMENT = 1
    schema, tables = References.schema, References.tables

    def fill(self):
        for node in self.cluster.primaries:
            node.query("truncate table tags", database=self.database)

    def test_the_same_numbers(self):
        self.same(lambda wire: wire.sql("insert into tags (name) values ('a')", "select last_insert_id()", "insert into tags (name) values ('a')",
                                        "insert into tags values (null, 'b'), (0, 'c'), (default, 'd')", "begin",
                                        "insert into tags (name) values ('e')", "select last_insert_id()", "rollback",
                                        "insert into tags (name) values ('f')", "replace into tags (name) values ('f')",
                                        "insert into tags values (50, 'g')", "insert into tags (name) values ('h')", "insert into tags values ()",
                                        "select * from tags order by id"))
