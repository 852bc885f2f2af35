"""Packets around 16 MiB, in both directions, in text and prepared: what a plain MariaDB says, Shardway says. Behaviour 34."""
import mysql_commands as commands
from mysql_commands import BLOB, DEFAULT, LAST, execute, prepare, query
from support.mysql_case import MysqlCase, proxy_only
from support.shardway import tried

LARGEST = 0xFFFFFF
# The payload of a row with one such value is the value and the 4 or 9 bytes of its length.
SIZES = tried((0xFFFFFB - 5, LARGEST - 5, LARGEST - 4, LARGEST - 3, LARGEST - 1, LARGEST, LARGEST + 1, 2 * LARGEST, 40 << 20), (LARGEST - 4, 2 * LARGEST))


class Sizes(MysqlCase):
    schema = "create table big (id int primary key, data longblob)"
    rows = "delete from big"

    def test_results(self):
        for size in SIZES:
            for capabilities in (DEFAULT, DEFAULT & ~commands.DEPRECATE_EOF):
                with self.subTest(size=size, capabilities=hex(capabilities)):
                    self.same(lambda wire, size=size: wire.sql(f"select repeat('x', {size})", "select 1"), capabilities=capabilities)
            with self.subTest(size=size, how="prepared"):
                self.same(lambda wire, size=size: wire.ask(prepare("select repeat('x', ?), 'end'"), execute(LAST, [size]), query("select 1")))

    def test_statements(self):
        """The packet's size is exactly this one."""
        for size in SIZES:
            with self.subTest(size=size):
                head, tail = "insert into big values (1, '", "')"
                text = head + "x" * (size - len(head) - len(tail) - 1) + tail
                self.same(lambda wire, text=text: wire.ask(query(text), query("select length(data), md5(data) from big")))

    def test_parameters(self):
        for size in SIZES:
            with self.subTest(size=size):
                self.same(lambda wire, size=size: wire.ask(prepare("insert into big values (1, ?)"), execute(LAST, [(BLOB, b"y" * (size - 22))]),
                                                           query("select length(data), md5(data) from big")))

    def test_more_than_the_server_takes(self):
        """max_allowed_packet is 64 MiB: 1153, and the connection ends."""
        def conversation(wire):
            try:
                return [line.split()[1] for line in wire.sql("select length('" + "x" * (65 << 20) + "')")] + wire.pulse()
            except (EOFError, ConnectionError):
                return ["1153", "closed"]   # the error was overtaken by the reset
        self.same(conversation)

    @proxy_only
    def test_more_than_can_be_prepared(self):
        """The client hears why, and goes on."""
        with self.through() as wire:
            heard = wire.ask(prepare("select length('" + "x" * (2 * LARGEST) + "')"), query("select 'next'"))
        self.assertTrue(heard[0].startswith("ERR 1235 42000"), heard[0])
        self.assertEqual(heard[2], "ROW next")

    def test_many_rows(self):
        self.same(lambda wire: [str(len(wire.sql("select seq, repeat('x', 100) from seq_1_to_200000")))])
