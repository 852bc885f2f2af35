"""MariaDB's bulk execution on a sharded database: what one plain server says of the rows, two shards say."""
import struct
import zlib

import mysql_commands as commands
from mysql_commands import (BULK, DEFAULT, DEFAULT_VALUE, FOUND_ROWS, IGNORE_VALUE, LONG, LONGLONG, MARIADB_BULK, VARSTRING, bulk_execute,
                            command, execute, query)
from support.mysql_case import MysqlCase, proxy_only
from support.mysql_sharded_case import HERE, SCHEMA, TABLES, THERE, MysqlShardedCase
from support.servers import wait_until

KEYS = range(200, 232)
ROW = [LONGLONG, VARSTRING, LONG]
INSERT = "insert into items (id, note, n) values (?, ?, ?)"
LONG_TEXT = "x" * 50


def shard_of(key):
    """16384 slots, the first half of them on the first shard."""
    return int(zlib.crc32(str(key).encode()) % 16384 >= 8192)


HERES, THERES = ([key for key in KEYS if shard_of(key) == shard] for shard in (0, 1))
MIXED = [key for pair in zip(HERES, THERES) for key in pair][:8]


class Bulk(MysqlShardedCase):
    schema = SCHEMA + """;
create table kinds (id int auto_increment primary key, name varchar(40) unique)"""
    tables = TABLES + [{"name": "kinds", "kind": "reference"}]

    def begin_with_rows(self, wire):
        super().begin_with_rows(wire)
        wire.sql(*[f"delete from {table} where id = {key}" for table in ("items", "parts") for key in KEYS], "delete from logs", "delete from kinds")

    def same(self, conversation, **how):
        return super().same(conversation, mariadb=MARIADB_BULK, **how)

    @staticmethod
    def bulk(wire, sql, rows, types=None, **how):
        types = ROW if types is None else types
        return wire.ask(bulk_execute(wire.prepare(sql), types, rows, **how))

    @staticmethod
    def rows_of(wire, keys=KEYS):
        return [line for key in keys for line in wire.sql(f"select id, note, n from items where id = {key}") if line.startswith("ROW")]

    def check_places(self):
        """Each row where its key says, and nothing left prepared."""
        if self.proxy:
            for shard, rows in enumerate(self.on_shards("select id from items")):
                self.assertEqual([key for key, in rows if shard_of(key) != shard], [])
            self.assertEqual(self.prepared(), [])

    def test_announced(self):
        self.assertTrue(self.login(self.peers[-1][1], mariadb=MARIADB_BULK).mariadb & MARIADB_BULK)

    def test_insert(self):
        def conversation(wire):
            insert, heard = wire.prepare(INSERT), []
            for rows in ([[key, "new", key] for key in MIXED], [[key, None, 1] for key in HERES[5:8]], [[HERES[9], "alone", 1], [THERES[9], "too", 2]]):
                heard += wire.ask(bulk_execute(insert, ROW, rows), query("select row_count()"))
            heard += wire.ask(bulk_execute(insert, ROW, [[HERES[10], "a", 1], [THERES[10], "b", 2]], with_types=False), execute(insert, [THERES[11], "c", 3]))
            return heard + self.rows_of(wire)
        for capabilities in (DEFAULT, DEFAULT & ~commands.DEPRECATE_EOF, DEFAULT & ~commands.SESSION_TRACK):
            with self.subTest(capabilities=capabilities):
                heard = self.same(conversation, capabilities=capabilities)
                self.assertIn("info=Records: 8  Duplicates: 0  Warnings: 0", heard[0])
                self.check_places()

    def test_a_thousand_rows(self):
        def conversation(wire):
            heard = self.bulk(wire, "insert into parts values (?, ?, ?)", [[MIXED[i % 8], i, f"part {i}"] for i in range(1000)], [LONGLONG, LONG, VARSTRING])
            return heard + [line for key in MIXED for line in wire.sql(f"select count(*), min(part), max(part) from parts where id = {key}")]
        self.same(conversation)

    def test_variants_of_insert(self):
        for sql in ("insert ignore into items (id, note, n) values (?, ?, ?)", "replace into items (id, note, n) values (?, ?, ?)",
                    INSERT + " on duplicate key update note = values(note)", "insert into items values (?, ?, ?) on duplicate key update n = n + 1"):
            def conversation(wire, sql=sql):
                wire.sql(*[f"insert into items values ({key}, 'old', 0)" for key in MIXED[2:5]])
                rows = [[key, "old" if key == MIXED[3] else "new", 0] for key in MIXED]
                heard = self.bulk(wire, sql, rows) + self.bulk(wire, sql, rows[2:5]) + self.bulk(wire, sql, rows[3:5])
                return heard + self.rows_of(wire)
            with self.subTest(sql=sql):
                self.same(conversation)
        self.same(lambda wire: self.bulk(wire, "insert into parts values (?, ?, 'a'), (?, ?, ?)",
                                         [[key, 1, key, 2, "b"] for key in MIXED] + [[MIXED[0], 5, MIXED[0], 6, LONG_TEXT]], [LONGLONG, LONG] * 2 + [VARSTRING])
                  + self.bulk(wire, "insert into parts values (?, ?, 'a'), (?, ?, ?)",
                              [[key, 1, key, 2, "b"] for key in MIXED], [LONGLONG, LONG] * 2 + [VARSTRING]))

    def test_all_or_nothing(self):
        """The fourth row is the one that fails, for each way it can."""
        for what, bad in (("duplicate", [HERE, "twice", 0]), ("there", [THERE, "twice", 0]), ("too long", [MIXED[6], LONG_TEXT, 0]),
                          ("too long there", [MIXED[7], LONG_TEXT, 0]), ("no number", [MIXED[6], "x", None]), ("no key", [None, "x", 1])):
            rows = [[MIXED[0], "a", 1], [MIXED[1], "b", 2], [MIXED[2], "c", 3], bad, [MIXED[5], "d", 4]]
            for around in (("begin", "rollback"), ("begin", "commit"), ("set autocommit = 0", "commit"), ("select 1", "select 2")):
                def conversation(wire, rows=rows, around=around):
                    heard = wire.sql(around[0], f"update items set note = 'before' where id = {HERE}", "select 1")
                    heard += self.bulk(wire, INSERT, rows) + self.rows_of(wire, MIXED)
                    heard += self.bulk(wire, INSERT, rows[:3]) + wire.sql(around[1])
                    return heard + self.rows_of(wire, [HERE, THERE, *MIXED])
                with self.subTest(what=what, around=around):
                    self.same(conversation)
                    self.check_places()

    def test_in_a_transaction(self):
        def conversation(wire):
            heard = wire.sql("begin", "savepoint a") + self.bulk(wire, INSERT, [[key, "a", 1] for key in MIXED[:4]])
            heard += wire.sql("savepoint b") + self.bulk(wire, INSERT, [[key, "b", 1] for key in MIXED[4:]])
            heard += self.bulk(wire, INSERT, [[HERES[10], "b", 1], [THERE, "twice", 1]]) + self.rows_of(wire)
            heard += wire.sql("rollback to b") + self.rows_of(wire) + wire.sql("release savepoint a", "commit")
            return heard + self.rows_of(wire)
        self.same(conversation)
        self.check_places()

    def test_update_and_delete(self):
        """Row after row, as a server does it: what comes before an error stays."""
        update, delete = "update items set note = ?, n = n + ? where id = ?", "delete from items where id = ?"
        types = [VARSTRING, LONG, LONGLONG]
        rows = [["x", 1, key] for key in MIXED]
        for capabilities in (DEFAULT, DEFAULT | FOUND_ROWS):
            for around in (("select 1", "select 2"), ("begin", "rollback"), ("begin", "commit")):
                def conversation(wire, around=around):
                    self.bulk(wire, INSERT, [[key, "old", 0] for key in MIXED])
                    heard = wire.sql(around[0]) + self.bulk(wire, update, rows, types) + self.bulk(wire, update, [["x", 0, key] for key in MIXED], types)
                    heard += self.bulk(wire, update, [["y", 1, 999], ["y", 1, MIXED[0]], ["y", 1, 998], ["y", 0, MIXED[1]]], types)
                    heard += self.bulk(wire, update, [["z", 1, MIXED[0]], ["z", 1, MIXED[1]], [LONG_TEXT, 1, MIXED[2]], ["z", 1, MIXED[3]]], types)
                    heard += self.rows_of(wire) + wire.sql("select row_count()")
                    heard += self.bulk(wire, delete, [[key] for key in MIXED[:5]], [LONGLONG]) + wire.sql(around[1]) + self.rows_of(wire)
                    return heard + self.bulk(wire, update, [[IGNORE_VALUE, 1, key] for key in MIXED[5:]], types) + self.rows_of(wire)
                with self.subTest(around=around, capabilities=capabilities):
                    self.same(conversation, capabilities=capabilities)

    def test_reference_tables(self):
        insert, update = "insert into places values (?, ?)", "update places set name = ? where code = ?"
        for around in (("select 1", "select 2"), ("begin", "commit"), ("begin", "rollback")):
            def conversation(wire, around=around):
                heard = wire.sql(around[0]) + self.bulk(wire, insert, [["it", "Italy"], ["es", "Spain"], ["pt", None]], [VARSTRING] * 2)
                heard += self.bulk(wire, insert, [["at", "Austria"], ["it", "again"]], [VARSTRING] * 2) + wire.sql("select * from places order by code")
                heard += self.bulk(wire, update, [["X", "it"], ["Y", "es"], ["Y", "nowhere"], ["Spain", "es"]], [VARSTRING] * 2)
                heard += self.bulk(wire, "delete from places where code = ?", [["it"], ["fr"], ["xx"]], [VARSTRING])
                return heard + wire.sql(around[1], "select * from places order by code")
            with self.subTest(around=around):
                self.same(conversation)
                if self.proxy:
                    first, second = self.on_shards("select * from places order by code")
                    self.assertEqual(first, second)

    def test_an_update_of_a_reference_table_that_fails(self):
        """Inside of a transaction the rows before it stay, on every copy; outside of one a single server keeps them, too, and here none is."""
        rows = [["X", "de"], [LONG_TEXT, "fr"]]
        def conversation(wire):
            return (wire.sql("begin") + self.bulk(wire, "update places set name = ? where code = ?", rows, [VARSTRING] * 2)
                    + wire.sql("commit", "select * from places order by code"))
        self.same(conversation)
        if self.proxy:
            first, second = self.on_shards("select * from places order by code")
            self.assertEqual(first, second)
            with self.through(mariadb=MARIADB_BULK) as wire:
                self.begin_with_rows(wire)
                heard = self.bulk(wire, "update places set name = ? where code = ?", rows, [VARSTRING] * 2)
                self.assertRegex(heard[0], "ERR 1406 .* nothing of this bulk execution was kept")
                self.assertEqual(wire.sql("select name from places where code = 'de'")[1], "ROW Germany")

    def test_numbers_of_a_reference_table(self):
        def conversation(wire):
            wire.sql("delete from kinds", "alter table kinds auto_increment = 5")
            heard = self.bulk(wire, "insert into kinds (name) values (?)", [["a"], ["b"], ["c"]], [VARSTRING]) + wire.sql("select last_insert_id()")
            heard += self.bulk(wire, "insert into kinds (name) values (?)", [["d"], ["a"]], [VARSTRING])
            heard += self.bulk(wire, "insert into kinds values (?, ?)", [[50, "e"], [51, "f"]], [LONG, VARSTRING])
            return heard + wire.sql("begin") + self.bulk(wire, "insert into kinds values (?, ?)", [[None, "g"], [None, "h"]], [LONG, VARSTRING]) + wire.sql(
                "commit", "select * from kinds order by name")
        self.same(conversation)
        if self.proxy:
            first, second = self.on_shards("select * from kinds order by id")
            self.assertEqual(first, second)

    def test_single_tables(self):
        self.same(lambda wire: wire.sql("alter table logs auto_increment = 7") + self.bulk(wire, "insert into logs (what) values (?)", [["a"], ["b"], [None]], [VARSTRING])
                  + wire.sql("select last_insert_id()", "select * from logs") + self.bulk(wire, "insert into logs (what) values (?)", [[LONG_TEXT]], [VARSTRING]))

    def test_one_shards_rows_pass_as_they_are(self):
        for keys in (HERES[:3], THERES[:3]):
            self.same(lambda wire, keys=keys: [
                *self.bulk(wire, INSERT, [[keys[0], DEFAULT_VALUE, DEFAULT_VALUE]]), *self.bulk(wire, "insert ignore into items values (?, ?, ?)",
                                                                                   [[keys[0], "x", 1], [keys[1], LONG_TEXT, 1], [keys[2], "z", 1]]),
                *wire.sql("show warnings"), *self.bulk(wire, INSERT + " returning id, note", [[keys[0] + 1000 * shard_of(keys[0]), "r", 1]])][:4])

    def test_what_no_server_does(self):
        def conversation(wire):
            insert, plain, heard = wire.prepare(INSERT), wire.prepare(f"insert into items (id) values ({MIXED[0]})"), []
            types = b"".join(bytes([kind, 0]) for kind in ROW)
            for packet in (struct.pack("<IH", insert, 128) + types, struct.pack("<IH", insert, 128) + types[:3], struct.pack("<IH", insert, 128) + types + b"\7",
                           struct.pack("<IH", insert, 192) + types + b"\1\1\1", struct.pack("<I", insert), struct.pack("<IH", plain, 128)):
                heard += wire.ask(command(BULK, packet))
            for sql in ("select note from items where id = ?", "do ?", "insert into items (id) select id + ? from items where id = 5"):
                try:
                    heard += self.bulk(wire, sql, [[HERE], [THERE]], [LONGLONG])
                except AssertionError as error:   # refused when it was prepared
                    self.assertIn("ERR 1235", str(error))
                    heard.append("ERR 1295 HY000 This command is not supported in the prepared statement protocol yet")
            return heard + wire.ask(command(BULK, struct.pack("<IH", 999999, 128))) + wire.sql("select 1")
        self.same(conversation)

    @proxy_only
    def test_what_is_refused(self):
        with self.through(mariadb=MARIADB_BULK) as wire:
            self.begin_with_rows(wire)
            here, there = [MIXED[0], "a", 1], [MIXED[1], "b", 1]
            for rows, sql, *words in (([here, [DEFAULT_VALUE, "b", 1]], INSERT, "shard key", "row 2"), ([here, there], INSERT + " returning id", "RETURNING"),
                                      ([here, ["no number", "b", 1]], "insert into items (id, note, n) values (concat(?), ?, ?)", "not a constant"),
                                      ([here, there], "insert into items (id, note, n) values (?, ?, last_insert_id(?))", "LAST_INSERT_ID")):
                with self.subTest(sql=sql, rows=rows):
                    try:
                        heard = self.bulk(wire, sql, rows)
                    except AssertionError as error:
                        heard = [str(error)]
                    self.assertTrue(heard[0].startswith("ERR 1235"), heard)
                    for word in words:
                        self.assertIn(word, heard[0])
                    self.assertEqual(wire.sql("select 1")[1], "ROW 1")
            heard = self.bulk(wire, "insert into places values (?, ?)", [["it", DEFAULT_VALUE]], [VARSTRING] * 2)
            self.assertRegex(heard[0], "ERR 1235 .*DEFAULT")
            self.assertEqual(self.rows_of(wire), [])
            wire.sql(f"/* shardway: shard=shop_0 */ select get_lock('{self.database}', 1)")
            self.assertRegex(self.bulk(wire, INSERT, [here, there])[0], "ERR 1235 .*bound to one shard")

    @proxy_only
    def test_sent_ahead(self):
        """Several at once, as a connector sends them, and whatever comes behind them."""
        with self.through(mariadb=MARIADB_BULK) as wire:
            self.begin_with_rows(wire)
            insert = wire.prepare(INSERT)
            heard = wire.ask(*[bulk_execute(insert, ROW, [[key, "x", 1] for key in pair]) for pair in zip(HERES[:8], THERES[:8])],
                             bulk_execute(insert, ROW, [[HERE, "twice", 1], [THERES[9], "x", 1]]), query("select 1"), bulk_execute(insert, ROW, [[HERES[9], "x", 1]]))
            self.assertEqual([line.split()[1] for line in heard if not line.startswith(("COLUMNS", "EOF"))], ["affected=2"] * 8 + ["1062", "1", "affected=1"])
            self.assertEqual(len(self.rows_of(wire)), 17)
            self.check_places()

    def while_row_is_locked(self, wire, lock, *sent):
        """What these bring whose first one waits for a row of the second shard: then its connection is killed, and the row is free."""
        node = self.cluster.shards[1].primary
        running = ("select id from information_schema.processlist where command <> 'Sleep' and user = 'app'"
                   f" and db = '{self.database}' and info regexp '^(insert into|update) items'")
        with node.connect(database=self.database) as blocker, blocker.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute(lock)
            running += f" and id <> {blocker.thread_id()}"   # it may be listed for a moment more
            wire.send(*sent)
            wait_until(lambda: node.query(running), 10, "it waits for the other one")
            number = node.value(running)
            node.query(f"kill {number}")
            wait_until(lambda: not node.query(f"select 1 from information_schema.processlist where id = {number}"), 10, "it is gone")
            cursor.execute("rollback")
            return wire.replies(*sent)

    @proxy_only
    def test_a_server_connection_is_lost(self):
        """A bulk execution of its own runs once more; in a transaction nothing is kept, and the client hears of it once."""
        for begins in ((), ("begin",)):
            with self.subTest(begins=begins), self.through(mariadb=MARIADB_BULK) as wire:
                self.begin_with_rows(wire)
                insert = wire.prepare(INSERT)
                wire.sql(*begins)
                heard = self.while_row_is_locked(wire, f"insert into items values ({MIXED[1]}, 'blocks', 0)",
                                                 bulk_execute(insert, ROW, [[key, "x", 1] for key in MIXED[:4]]), query("select 1"))
                self.assertTrue(heard[0].startswith("ERR 1213 40001" if begins else "OK affected=4"), heard)
                self.assertEqual(heard[2], "ROW 1", heard)
                self.assertEqual(len(self.rows_of(wire)), 0 if begins else 4)
                self.check_places()

    @proxy_only
    def test_a_server_connection_is_lost_among_updates(self):
        """Those before are done, what is under way may be: the client is told so once, and goes on."""
        with self.through(mariadb=MARIADB_BULK) as wire:
            self.begin_with_rows(wire)
            self.bulk(wire, INSERT, [[key, "old", 1] for key in MIXED[:4]])
            update = wire.prepare("update items set note = ? where id = ?")
            heard = self.while_row_is_locked(wire, f"update items set n = 5 where id = {MIXED[1]}",
                                             bulk_execute(update, [VARSTRING, LONGLONG], [["new", key] for key in MIXED[:4]]), query("select 1"))
            self.assertRegex(heard[0], "ERR 1180 08007 .*from row 2 on; the rows before are done")
            self.assertEqual(heard[2], "ROW 1", heard)
            self.assertEqual([line.split("|")[1] for line in self.rows_of(wire, [MIXED[0], *MIXED[2:4]])], ["new", "old", "old"])


class Numbered(MysqlShardedCase):
    """AUTO_INCREMENT beside the key: rows of several shards get their shards' numbers, and the answer tells the first row's."""
    schema = SCHEMA + ";\ncreate table orders (id bigint auto_increment primary key, customer bigint not null, note varchar(40))"
    tables = TABLES + [{"name": "orders", "key": "customer", "type": "bigint"}]

    @classmethod
    def configure(cls, config):
        super().configure(config)
        cls.count(2)
        cls.addClassCleanup(cls.count, 1)

    @classmethod
    def count(cls, increment):
        for number, shard in enumerate(cls.cluster.shards):
            for node in [shard.primary, *shard.replicas]:
                node.query(f"set global auto_increment_increment = {increment}, global auto_increment_offset = {min(number + 1, increment)}")

    @proxy_only
    def test_numbers(self):
        with self.through(mariadb=MARIADB_BULK) as wire:
            wait_until(lambda: wire.sql(f"delete from orders where customer = {HERE}")[0].startswith("OK"), 10, "the tables are known")
            insert = wire.prepare("insert into orders (customer, note) values (?, ?)")
            for first, second in ((THERE, HERE), (HERE, THERE)):
                heard = wire.ask(bulk_execute(insert, [LONGLONG, VARSTRING], [[first, "a"], [second, "b"], [first, "c"]]))
                number = int(heard[0].split("id=")[1].split()[0])
                self.assertEqual(heard[0].split()[1], "affected=3")
                self.assertEqual(number % 2, 1 if first == HERE else 0)
                self.assertEqual(wire.sql("select last_insert_id()")[1], f"ROW {number}")
                self.assertEqual(wire.sql(f"select note from orders where customer = {first} and id = {number}")[1], "ROW a")
            here, there = self.on_shards("select id % 2, customer from orders")
            self.assertEqual((set(here), set(there), len(here) + len(there)), ({(1, HERE)}, {(0, THERE)}, 6))
            given = wire.prepare("insert into orders values (?, ?, ?)")
            types = [LONGLONG, LONGLONG, VARSTRING]
            heard = wire.ask(bulk_execute(given, types, [[1001, HERE, "a"], [1002, THERE, "b"]]))
            self.assertIn("affected=2 id=1002", heard[0])
            heard = wire.ask(bulk_execute(given, types, [[1003, HERE, "a"], [1005, THERE, "b"]]))
            self.assertRegex(heard[0], "ERR 1235 .*another shard's")
            heard = wire.ask(bulk_execute(given, types, [[1003, HERE, "a"], [None, THERE, "b"], [None, HERE, "c"]]))
            self.assertEqual(int(heard[0].split("id=")[1].split()[0]) % 2, 0)
            ignoring = wire.prepare("insert ignore into orders (customer, note) values (?, ?)")
            heard = wire.ask(bulk_execute(ignoring, [LONGLONG, VARSTRING], [[HERE, "a"], [THERE, "b"]]))
            self.assertRegex(heard[0], "ERR 1235 .*IGNORE")


class Large(MysqlCase):
    schema = "create table big (id int primary key, data longblob)"
    rows = "delete from big"

    def test_sixteen_mebibytes_and_more(self):
        """On one shard they pass as they come; types of an execution before count for the next one."""
        def conversation(wire):
            insert = wire.prepare("insert into big values (?, ?)")
            rows = [[i, "y" * (1 << 20)] for i in range(20)]
            heard = wire.ask(bulk_execute(insert, [LONG, VARSTRING], rows), bulk_execute(insert, [LONG, VARSTRING], [[100, "z"]], with_types=False))
            return heard + wire.sql("select count(*), sum(length(data)) from big")
        self.assertIn("affected=20", self.same(conversation, mariadb=MARIADB_BULK)[0])
