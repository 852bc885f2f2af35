"""The copies of a reference table are equal, whatever writes them beside each other and whatever servers compute by themselves."""
import contextlib
import threading

from mysql_commands import LONGLONG, MARIADB_BULK, VARSTRING, bulk_execute, execute
from support import mariadb, servers
from support.mysql_case import proxy_only
from support.mysql_sharded_case import TABLES, MysqlShardedCase
from support.servers import wait_until

SCHEMA = """create table items (id bigint primary key, note varchar(40), n int not null default 0);
create table parts (id bigint, part int, what varchar(40), primary key (id, part));
create table places (code varchar(2) primary key, name varchar(40), n int not null default 0);
create table words (word varchar(20) primary key);
create table stamps (id int primary key, v varchar(40), made timestamp not null default current_timestamp,
 seen timestamp(6) not null default current_timestamp(6) on update current_timestamp(6));
create table logs (entry int auto_increment primary key, what varchar(40));
create table codes (code varchar(20) character set utf8mb4 collate utf8mb4_bin primary key, note varchar(40))"""
COUNTS = "update places set n = (select count(*) from words)"


class ReferenceCase(MysqlShardedCase):
    schema = SCHEMA
    tables = TABLES + [{"name": "words", "kind": "reference"}, {"name": "stamps", "kind": "reference"}]

    def begin_with_rows(self, wire):
        wire.sql("set session transaction isolation level repeatable read", "delete from words", "delete from places", "delete from stamps",
                 "insert into places (code, name) values ('de', 'Germany'), ('fr', 'France')")

    def equal_copies(self, table):
        first, second = self.on_shards(f"select * from {table} order by 1")
        self.assertEqual(first, second)
        return first


class Beside(ReferenceCase):
    """Each copy is written at a moment of its own; what the statement reads must be the same there."""

    def written_beside(self, client, sql, *ending):
        """`sql` is done on the first shard and waits on the second one, while another client writes what it reads."""
        node, word = self.cluster.shards[1].primary, f"word{len(sql)}"
        with node.connect(user="root", database=self.database) as holder, holder.cursor() as cursor, self.through() as other:
            cursor.execute("begin")
            cursor.execute("select * from places for update")
            heard = []
            first = threading.Thread(target=lambda: heard.extend(client.sql(sql)))
            first.start()
            wait_until(lambda: "update places" in str(node.query("show processlist")).lower(), 10, "it waits on the second shard")
            second = threading.Thread(target=lambda: heard.extend(other.sql(f"insert into words values ('{word}')")))
            second.start()
            second.join(1)
            cursor.execute("rollback")
            first.join(20)
            heard += client.sql(*ending)
            second.join(20)
        self.assertEqual([line[:2] for line in heard], ["OK"] * (2 + len(ending)))

    @proxy_only
    def test_a_statement_is_its_own_transaction(self):
        for level in ("read committed", "read uncommitted", "repeatable read", "serializable"):
            with self.subTest(level=level), self.through() as client:
                self.begin_with_rows(client)
                client.sql(f"set session transaction isolation level {level}")
                self.written_beside(client, COUNTS)
                self.equal_copies("places")
                self.assertEqual(client.sql("select @@tx_isolation")[1], "ROW " + level.upper().replace(" ", "-"))

    @proxy_only
    def test_a_longer_transaction(self):
        begins = {"set session transaction isolation level read committed": "begin", "set transaction isolation level read uncommitted": "begin",
                  "set session transaction isolation level  read committed": "set autocommit = 0"}
        for before, begin in begins.items():
            with self.subTest(before=before), self.through() as client:
                self.begin_with_rows(client)
                client.sql(before, begin)
                for sql in (COUNTS, "delete from places where name in (select word from words)",
                            "insert into places (code, name) values ('it', (select max(word) from words))"):
                    self.refused(client, sql, "REPEATABLE READ")
                self.assertEqual([line[:13] for line in client.sql("insert into places values ('it', 'Italy', 5)", "update places set n = n + 1", "commit")],
                                 ["OK affected=1", "OK affected=3", "OK affected=0"])
                self.equal_copies("places")

    @proxy_only
    def test_it_is_raised_before_it_begins(self):
        with self.through() as client:
            self.begin_with_rows(client)
            client.sql("set session transaction isolation level read committed", "set transaction isolation level repeatable read", "begin")
            self.written_beside(client, COUNTS, "commit")
            self.equal_copies("places")


class ReadCommitted(ReferenceCase):
    """What the servers do where nobody has said anything."""
    @classmethod
    @contextlib.contextmanager
    def servers(cls):
        cluster = mariadb.Cluster(shards=2, replicas=0, plain=True, settings="transaction-isolation = READ-COMMITTED\n")
        servers.stop_at_exit(cluster)
        yield cluster.start()
        cluster.stop()

    written_beside = Beside.written_beside

    @proxy_only
    def test_the_servers_default(self):
        with self.through() as client:
            self.begin_with_rows(client)
            client.sql("set session transaction isolation level read committed", "set tx_isolation = default")
            self.written_beside(client, COUNTS)
            self.equal_copies("places")
            client.sql("begin")
            self.refused(client, COUNTS, "REPEATABLE READ")
            client.sql("rollback", "set session transaction isolation level repeatable read", "begin")
            self.assertTrue(client.sql(COUNTS)[0].startswith("OK"))
            # What is said later is not for the part of it that begins later.
            client.sql("commit", "set tx_isolation = default", "begin", "set session transaction isolation level serializable")
            self.refused(client, COUNTS, "REPEATABLE READ")
            client.sql("rollback")


class OwnTime(ReferenceCase):
    """A server stores its own time for a NULL in a TIMESTAMP that is NOT NULL, and fills a column that is added."""

    @proxy_only
    def test_null_in_a_timestamp(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            for sql in ("insert into stamps (id, v, made, seen) values (3, 'x', null, '2020-01-01')", "insert into stamps values (3, 'x', '2020-01-01', NULL)",
                        "insert into stamps set id = 5, made = null, seen = '2020-01-01'", "update stamps set made = nullif(1, 1), seen = '2020-01-01'",
                        "replace into stamps (id, made, seen) values (1, if(1, null, '2020-01-01'), '2020-01-01')",
                        "insert into stamps values (1, 'x', '2020-01-01', '2020-01-01'), (2, 'x', null, '2020-01-01')", "insert into stamps values ()",
                        "insert into stamps (id, made, seen) values (1, '2020-01-01', '2020-01-01') on duplicate key update made = null, seen = '2020-01-01'"):
                with self.subTest(sql=sql):
                    self.refused(wire, sql, "may differ between the copies")
            self.assertEqual(self.on_shards("select * from stamps"), [[], []])

    def test_times_that_are_given(self):
        """Literals, and columns that hold one already."""
        self.same(lambda wire: wire.sql(
            "insert into stamps values (1, null, '2020-01-01', timestamp '2020-01-02'), (2, 'x', 20200103, 20200104.5)",
            "insert into stamps values (1, 'y', '2021-01-01', '2021-01-02') on duplicate key update made = values(made), seen = seen",
            "update stamps set v = null, made = made, seen = '2022-01-01' where id = 2", "select * from stamps order by id"))

    @proxy_only
    def test_null_as_a_parameter(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            insert = wire.prepare("insert into stamps (id, v, made, seen) values (?, ?, ?, ?)")
            for values in ([1, "x", None, "2020-01-01"], [1, "x", "2020-01-01", None]):
                self.assertRegex(wire.ask(execute(insert, values))[0], "^ERR 1235.*TIMESTAMP")
            self.assertTrue(wire.ask(execute(insert, [1, None, "2020-01-01", "2020-01-02"]))[0].startswith("OK"))
            update = wire.prepare("update stamps set made = ?, seen = '2020-01-01'")
            self.assertRegex(wire.ask(execute(update, [None]))[0], "^ERR 1235.*TIMESTAMP")
            self.assertTrue(wire.ask(execute(update, ["2021-01-01"]))[0].startswith("OK affected=1"))
            self.assertEqual(len(self.equal_copies("stamps")), 1)

    @proxy_only
    def test_a_column_that_is_added(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            for definition in ("add u varchar(40) default (uuid())", "add column if not exists u varchar(40) default uuid()", "add (r double default (rand()), s int)",
                               "add column t timestamp(6) not null default current_timestamp(6)", "add t timestamp", "add s int, add t datetime default now()"):
                with self.subTest(definition=definition):
                    self.refused(wire, f"alter table places {definition}", "reference table", "UPDATE the rows")
            for definition in ("add t timestamp null", "modify t timestamp not null default '2020-01-01'", "change t t2 timestamp not null"):
                with self.subTest(definition=definition):
                    if definition.startswith("add"):
                        wire.sql(f"alter table places {definition}")
                    else:
                        self.refused(wire, f"alter table places {definition}", "reference table")
            for definition in ("drop t", "add k varchar(40) default 'it', add l int not null default -1, add m int default (1 + 2), default charset = utf8mb4",
                               "add u varchar(40)", "alter u set default (uuid())", "drop k, drop l, drop m, drop u"):
                with self.subTest(definition=definition):
                    self.assertTrue(wire.sql(f"alter table places {definition}")[0].startswith("OK"))
                    self.equal_copies("places")


class InBulk(ReferenceCase):
    """MariaDB's bulk execution."""

    @proxy_only
    def test_of_any_row_and_below_repeatable_read(self):
        with self.through(mariadb=MARIADB_BULK) as wire:
            self.begin_with_rows(wire)
            types, day = [LONGLONG, VARSTRING, VARSTRING], "2020-01-01"
            insert = wire.prepare("insert into stamps (id, made, seen) values (?, ?, ?)")
            self.assertRegex(wire.ask(bulk_execute(insert, types, [[1, day, day], [2, None, day]]))[0], "^ERR 1235.*TIMESTAMP")
            wire.sql("set session transaction isolation level read committed")
            self.assertTrue(wire.ask(bulk_execute(insert, types, [[1, day, day], [2, day, day]]))[0].startswith("OK affected=2"))
            counted = wire.prepare("insert into places (code, n) values (?, (select count(*) from words where word <> ?))")
            rows = [["it", "a"], ["es", "b"]]
            self.assertTrue(wire.ask(bulk_execute(counted, [VARSTRING] * 2, rows))[0].startswith("OK affected=2"))
            wire.sql("delete from places", "begin")
            self.assertRegex(wire.ask(bulk_execute(counted, [VARSTRING] * 2, rows))[0], "^ERR 1235.*REPEATABLE READ")
            wire.sql("rollback")
            self.assertEqual([len(self.equal_copies(table)) for table in ("stamps", "places")], [2, 0])


class Warned(ReferenceCase):
    """What a write to all copies warned of is nobody's to ask for afterwards: never told as none."""

    @proxy_only
    def test_warnings_of_a_write(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            for begin, end in ((), ()), (("begin",), ("rollback",)):
                for ask in ("show warnings", "select 1; show warnings", "select 1; select @@warning_count"):
                    with self.subTest(begin=begin, ask=ask):
                        heard = wire.sql(*begin, "insert ignore into places (code, name) values ('de', 'Germany')", ask, *end)
                        self.assertRegex(str(heard), "warnings=1")
                        self.assertRegex(str(heard), "ERR 1235")
