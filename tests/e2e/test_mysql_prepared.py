"""Prepared statements in the binary protocol: what a plain MariaDB says, Shardway says."""
import mysql_commands as commands
from mysql_commands import (DEFAULT, DEFAULT_VALUE, LAST, LONG, MARIADB_BULK, MARIADB_CACHE_METADATA, MARIADB_EXTENDED_METADATA,
                            VARSTRING, bulk_execute, close, command, execute, fetch, long_data, prepare, query, reset)
from support.mysql_case import MysqlCase, as_of_old

WAYS = {"default": DEFAULT, "old EOF": DEFAULT & ~commands.DEPRECATE_EOF,
        "old EOF, untracked": DEFAULT & ~commands.DEPRECATE_EOF & ~commands.SESSION_TRACK}


class Prepared(MysqlCase):
    schema = """create table items (id int primary key auto_increment, note varchar(100) default 'standard', big longblob, amount decimal(10,2),
 u bigint unsigned, f float, d double, day date, at datetime(6), span time(3), y year, flag bit(3), kind enum('a', 'b'));
create procedure results(in a int, out b int) begin set b = a * 2; select a; select 'second'; end
"""
    rows = """delete from items;
alter table items auto_increment = 100;
insert into items values (1, 'one', x'00ff', 1.50, 18446744073709551615, 1.5, 2.25, '2024-02-29', '2024-02-29 12:00:00.000125',
 '-30:00:01.500', 2024, b'101', 'b'), (2, null, null, null, null, null, null, null, null, null, null, null, null),
 (3, 'drei ü', '', -3, 0, 0, 0, '0001-01-01', '2000-01-01', '00:00:00', 1999, b'0', 'a')
"""

    def each_way(self, conversation, **how):
        for name, capabilities in WAYS.items():
            with self.subTest(way=name):
                tidy = as_of_old if "old EOF" in name else list
                self.same(lambda *wires, tidy=tidy: tidy(conversation(*wires)), capabilities=capabilities, **how)

    def test_prepare(self):
        texts = ["select ?", "select * from items where id = ?", "insert into items (note) values (?)", "selec ?", "select ? from nowhere",
                 "select 1; select 2", "begin", "set @a = ?", "call results(?, ?)", "update items set note = ? where id in (?, ?, ?)", "",
                 "show tables", "create table never (i int)", "select '?' , `id` from items -- ?"]
        self.each_way(lambda wire: wire.ask(*map(prepare, texts)))

    def test_execute_each_type(self):
        self.each_way(lambda wire: wire.ask(prepare("select * from items where id >= ? order by id"), execute(LAST, [1])))
        values = [0, -1, 1 << 40, 1.5, "text ü", b"\0\xff", None, (commands.TINY, -5), (commands.SHORT | commands.UNSIGNED << 8, 65535),
                  (LONG, -70000), (commands.FLOAT, 0.5), (commands.DATE, (2024, 2, 29)), (commands.DATETIME, (2024, 2, 29, 1, 2, 3, 4)),
                  (commands.YEAR, 2024), (commands.STRING, "x"), "y" * 70000]
        self.same(lambda wire: wire.ask(prepare("select " + ", ".join("?" * len(values))), execute(LAST, values)))

    def test_with_and_without_new_types(self):
        """Behaviour 38; what the types were is known on any server connection."""
        def conversation(wire, other):
            statement, heard = wire.prepare("select ?, ?"), []
            heard += wire.ask(execute(statement, [1, "a"]), execute(statement, [2, "b"], with_types=False))
            heard += other.sql("begin", "select 'holds a connection'")
            heard += wire.ask(execute(statement, [3, "c"], with_types=False), execute(statement, ["now text", 4]))
            heard += wire.ask(execute(statement, ["still", 5], with_types=False))
            return heard + other.sql("rollback")
        self.same(conversation, clients=2)

    def test_writes(self):
        def conversation(wire):
            insert = wire.prepare("insert into items (id, note) values (?, ?)")
            heard = wire.ask(execute(insert, [50, "x"]), execute(insert, [50, "again"]), execute(insert, [None, "auto"]))
            update = wire.prepare("update items set note = ? where id > ?")
            heard += wire.ask(execute(update, ["u", 1]), execute(update, ["u", 1]))
            heard += wire.ask(prepare("select last_insert_id() > 50"), execute(LAST), prepare("select row_count()"), execute(LAST))
            heard += wire.ask(prepare("begin"), execute(LAST), prepare("delete from items"), execute(LAST), prepare("rollback"), execute(LAST))
            return heard + wire.sql("select count(*) from items")
        self.each_way(conversation)

    def test_unknown_and_closed_ids(self):
        """Behaviour 40: 1243, and the connection lives."""
        def conversation(wire):
            statement = wire.prepare("select 1")
            return wire.ask(execute(statement), close(statement), execute(statement), reset(statement), reset(99),
                            execute(4711), close(4711), long_data(4711, 0, "x"), command(commands.PING))
        self.same(conversation)

    def test_many_statements(self):
        def conversation(wire):
            ids = [wire.prepare(f"select {i}, ?") for i in range(100)]
            heard = [line for i in (0, 50, 99, 3, 0) for line in wire.ask(execute(ids[i], [i]))]
            heard += wire.ask(*[close(number) for number in ids[:50]], execute(ids[60], [1]), execute(ids[10], [1]))
            again = wire.prepare("select 60, ?")
            return heard + [str(again not in ids)] + wire.ask(execute(again, ["again"]))
        self.same(conversation)

    def test_wrong_executes(self):
        def conversation(wire):
            statement = wire.prepare("select ?, ?")
            heard = wire.ask(execute(statement, [1, 2], with_types=False))
            heard += wire.ask(command(commands.EXECUTE, statement.to_bytes(4, "little") + b"\0\1\0\0\0"))
            heard += wire.ask(command(commands.EXECUTE, statement.to_bytes(4, "little") + b"\0\1\0\0\0\0\1\x08"))
            return heard + wire.ask(command(commands.EXECUTE), command(commands.PING))
        self.same(conversation)

    def test_direct_execution(self):
        """Behaviour 36: PREPARE and EXECUTE of id -1 in one write, also behind one that fails."""
        self.each_way(lambda wire: wire.ask(prepare("select ? + 1"), execute(LAST, [41])))
        self.same(lambda wire: wire.ask(prepare("insert into items (note) values (?)"), execute(LAST, ["d"]), close(LAST),
                                        query("select count(*) from items")))
        self.same(lambda wire: wire.ask(prepare("selec ?"), execute(LAST, [1]), command(commands.PING)))
        self.same(lambda wire: wire.ask(execute(LAST, [1]), command(commands.PING)))
        self.same(lambda wire: wire.ask(*[part for i in range(20) for part in (prepare(f"select ?, {i}"), execute(LAST, [i]))]))

    def test_long_data(self):
        """Behaviour 42: in pieces; RESET drops them; an error waits for EXECUTE."""
        def conversation(wire):
            statement = wire.prepare("select length(?), ?, md5(?)")
            pieces = [long_data(statement, i, bytes([65 + n]) * (1 << 20)) for n in range(10) for i in (0, 2)]
            types = [(commands.BLOB, b""), 5, (commands.BLOB, b"")]
            heard = wire.ask(*pieces, execute(statement, types, long_parameters=(0, 2)))
            heard += wire.ask(long_data(statement, 0, "dropped"), reset(statement), execute(statement, ["a", "b", "c"]))
            heard += wire.ask(long_data(statement, 7, "no such parameter"), execute(statement, ["a", "b", "c"]), command(commands.PING))
            insert = wire.prepare("insert into items (id, big) values (77, ?)")
            heard += wire.ask(long_data(insert, 0, "x" * 100), long_data(insert, 0, ""), execute(insert, [(commands.BLOB, b"")], long_parameters=[0]))
            return heard + wire.sql("select big from items where id = 77")
        self.each_way(conversation)

    def test_cursors(self):
        """Behaviour 41: two of them, interleaved."""
        def conversation(wire):
            get = "select seq, 'x' from seq_1_to_{} order by seq"
            one, two = wire.prepare(get.format(5)), wire.prepare(get.format(3))
            heard = wire.ask(execute(one, cursor=1), execute(two, cursor=1))
            heard += wire.ask(fetch(one, 2), fetch(two, 2), fetch(one, 2), query("select 'between'"), fetch(two, 2), fetch(one, 9))
            heard += wire.ask(fetch(one, 1), execute(one, cursor=1), reset(one), fetch(one, 1), close(two))
            empty = wire.prepare("select id from items where id < 0")
            heard += wire.ask(execute(empty, cursor=1), fetch(empty, 1))
            insert = wire.prepare("insert into items (note) values ('no rows')")
            return heard + wire.ask(execute(insert, cursor=1))[:1] + wire.sql("select 'alive'")
        for name, capabilities in WAYS.items():
            with self.subTest(way=name):
                self.same(lambda wire: [line.replace(" no_index", "") for line in conversation(wire)], capabilities=capabilities)

    def test_procedures(self):
        def conversation(wire):
            statement = wire.prepare("call results(?, ?)")
            return wire.ask(execute(statement, [21, None]), command(commands.PING))
        self.each_way(conversation)

    def test_a_changed_table(self):
        """Behaviour 39: the columns are those of now."""
        def conversation(wire, other):
            other.sql("drop table if exists changing", "create table changing (a int)", "insert into changing values (1)")
            statement = wire.prepare("select * from changing")
            heard = wire.ask(execute(statement))
            heard += other.sql("alter table changing add b varchar(5) default 'new'")
            heard += wire.ask(execute(statement), execute(statement))
            heard += other.sql("drop table changing")
            return heard + wire.ask(execute(statement), command(commands.PING))
        for extensions in (0, MARIADB_CACHE_METADATA, MARIADB_CACHE_METADATA | MARIADB_EXTENDED_METADATA):
            with self.subTest(extensions=extensions):
                self.same(conversation, clients=2, mariadb=extensions)

    def test_bulk_execute(self):
        """Behaviour 37: with NULL and DEFAULT; without the capability it is an unknown command."""
        rows = [[i, None if i % 7 == 0 else DEFAULT_VALUE if i % 5 == 0 else f"row {i}"] for i in range(1000, 2000)]

        def conversation(wire):
            if not wire.mariadb & MARIADB_BULK:
                return ["not announced"]
            insert = wire.prepare("insert into items (id, note) values (?, ?)")
            heard = wire.ask(bulk_execute(insert, [LONG, VARSTRING], rows), bulk_execute(insert, [LONG, VARSTRING], [[1, "dup"]]))
            heard += wire.sql("select count(*), count(note), sum(note = 'standard') from items")
            update = wire.prepare("update items set note = ? where id = ?")
            heard += wire.ask(bulk_execute(update, [VARSTRING, LONG], [["a", 1], ["b", 2], [None, 3]]))
            return heard + wire.sql("select id, note from items where id < 4 order by id")
        self.same(conversation, mariadb=MARIADB_BULK)

    def test_reset_forgets_statements(self):
        def conversation(wire):
            statement = wire.prepare("select 1")
            return wire.ask(command(commands.RESET_CONNECTION), execute(statement), prepare("select 2"), execute(LAST))
        self.same(conversation)

    def test_statements_are_each_clients_own(self):
        def conversation(one, two):
            mine, also = one.prepare("select 'mine', ?"), two.prepare("select 'mine', ?")
            heard = one.ask(execute(mine, [1])) + two.ask(execute(also, ["x"])) + one.ask(execute(mine, [2], with_types=False))
            heard += one.ask(close(mine)) + two.ask(execute(also, ["y"], with_types=False)) + one.ask(execute(mine, [3]))
            return heard
        self.same(conversation, clients=2)
