"""Messages of hundreds of megabytes pass in bounded memory."""
import struct

from support import shardway
from wire import COPY_DONE, SYNC, copy_data, message, query, run
from wire_case import WireCase

MB = 1 << 20
SIZE = 300 * MB
# A sanitizer keeps a shadow of every byte that was touched.
BOUND_KB = (48 if shardway.PRESET in ("release", "debug", "clang") else 160) * 1024


class Size(WireCase):
    settings = {"workers": 1}

    def setUp(self):
        super().setUp()
        with self.through("plain") as wire:
            wire.sql("select 1")
        self.before = self.peak()

    def peak(self):
        with open(f"/proc/{self.proxy.process.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))

    def tearDown(self):
        self.assertLess(self.peak() - self.before, BOUND_KB, "kB more at the peak")
        super().tearDown()

    def send_big(self, wire, kind, head, size, tail):
        """One message: head, then zeros of the letter x, then tail."""
        wire.send(kind + struct.pack("!I", 4 + len(head) + size + len(tail)) + head)
        block = b"x" * MB
        for _ in range(size // MB):
            wire.send(block)
        wire.send(tail)

    def receive_big(self, wire, kind, at_least):
        """Throws a big message away as it comes; returns its size."""
        while len(wire.buffer) < 5:
            wire._receive()
        self.assertEqual(chr(wire.buffer[0]), kind)
        (size,) = struct.unpack_from("!I", wire.buffer, 1)
        self.assertGreater(size, at_least)
        left = size + 1
        while left > len(wire.buffer):
            left -= len(wire.buffer)
            wire.buffer.clear()
            wire._receive()
        del wire.buffer[:left]
        return size

    def test_a_big_row_to_a_slow_client(self):
        for database, sql in (("plain", f"select repeat('x', {SIZE})"), ("shop", f"select repeat('x', {SIZE}) from items where id = 1")):
            with self.subTest(database=database), self.through(database) as wire:
                wire.send(query(sql))
                self.assertEqual(wire.frame()[0], "T")
                self.receive_big(wire, "D", SIZE)
                self.assertEqual(wire.until_ready(), ["C SELECT 1", "Z I"])

    def test_a_big_row_of_several_shards(self):
        with self.through() as wire:
            wire.send(query(f"select repeat('x', {40 * MB}) from items where id in ({self.here}, {self.there})"))
            self.assertEqual(wire.frame()[0], "T")
            for _ in range(2):
                self.receive_big(wire, "D", 40 * MB)
            self.assertEqual(wire.until_ready(), ["C SELECT 2", "Z I"])

    def test_a_big_query(self):
        with self.through("plain") as wire:
            self.send_big(wire, b"Q", b"select length('", 200 * MB, b"')\0")
            self.assertEqual(wire.until_ready(), ["T length:23:t", f"D {200 * MB}", "C SELECT 1", "Z I"])
            self.assertEqual(wire.sql("select 1")[1], "D 1")

    def test_big_copy_data(self):
        with self.through("plain") as wire:
            wire.send(query("copy log from stdin"))
            self.assertEqual(wire.until("GE")[0][0], "G")
            self.send_big(wire, b"d", b"1\t", 200 * MB, b"\n")
            self.assertEqual(wire.ask(COPY_DONE), ["C COPY 1", "Z I"])
            self.assertEqual(wire.sql("select length(entry) from log")[1], f"D {200 * MB}")

    def test_many_copy_data(self):
        with self.through() as wire:
            wire.send(query("copy items (id, note) from stdin"))
            self.assertEqual(wire.until("GE")[0][0], "G")
            row = copy_data(f"{self.here}\t" + "x" * 60_000 + "\n")
            for _ in range(2000):
                wire.send(row)
            wire.send(copy_data("x\n"))
            heard = wire.ask(COPY_DONE)
            self.assertEqual(heard[-1], "Z I")
            self.assertEqual(len(self.errors_in(heard)), 1)

    def test_too_big_to_be_looked_at(self):
        """A statement whose key has to be found is refused beyond a bound; it is not buffered."""
        with self.through() as wire:
            try:
                self.send_big(wire, b"Q", b"select '", 64 * MB, b"'\0")
                heard = wire.rest()
            except ConnectionError:
                heard = []
            self.assertLess(len(heard), 3)
        with self.through() as wire:
            self.assertEqual(wire.sql("select 1")[1], "D 1")

    def test_a_big_parameter(self):
        for database in ("plain", "shop"):
            with self.subTest(database=database), self.through(database) as wire:
                heard = wire.ask(run("select length($1::text) from items where id = 1", ["x" * (8 * MB)]) + SYNC)
                self.assertIn(f"D {8 * MB}", heard)
