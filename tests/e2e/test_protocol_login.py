"""From the first byte to the first ReadyForQuery, and what is no protocol at all."""
import contextlib
import random
import struct

from wire import (CANCEL_REQUEST, GSS_REQUEST, SSL_REQUEST, LoginError, Wire, WireClosed, bind, execute, message, parse, query,
                  request, startup)
from wire_case import WireCase

LYING_LENGTHS = [0, 1, 2, 3, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


class Login(WireCase):
    def password(self):
        return self.cluster.passwords["app"]

    def refused_by(self, port, database, **login):
        with self.assertRaises(LoginError) as caught:
            Wire.login(port, **{"user": "app", "password": self.password(), "database": database, **login})
        return caught.exception

    def test_encryption_requests_in_clear(self):
        for codes in ([SSL_REQUEST], [GSS_REQUEST], [GSS_REQUEST, SSL_REQUEST], [SSL_REQUEST, GSS_REQUEST]):
            with Wire(self.proxy.port) as wire:
                for code in codes:
                    wire.send(request(code))
                    self.assertEqual(wire.byte(), "N")
                wire.send(startup({"user": "app", "database": "shop"}))
                wire.authenticate("app", self.password())
                self.assertEqual(wire.sql("select 1")[1], "D 1")

    def test_byte_by_byte(self):
        with Wire(self.proxy.port) as wire:
            wire.send_bytewise(request(SSL_REQUEST))
            self.assertEqual(wire.byte(), "N")
            wire.send_bytewise(startup({"user": "app", "database": "plain"}))
            wire.authenticate("app", self.password())
            self.assertEqual(wire.sql("select 1")[1], "D 1")

    def test_newer_minors_and_unknown_options(self):
        for protocol, options in ((0x30002, {}), (0x30000, {"_pq_.unknown": "1"}), (0x30002, {"_pq_.a": "1", "_pq_.b": "2"}),
                                  (0x3FFFF, {})):
            heard = []
            for port, database in ((self.cluster.plain.port, self.server_database), (self.proxy.port, "shop")):
                with Wire.login(port, "app", self.password(), database, protocol, **options) as wire:
                    heard.append([body for kind, body in wire.welcome if kind == "v"])
                    self.assertEqual(wire.sql("select 1")[1], "D 1")
            self.assertEqual(heard[0], heard[1], f"{protocol:x} {options}")

    def test_other_major_versions(self):
        for protocol in (0x20000, 0x40000, 0):
            with Wire(self.proxy.port) as wire:
                wire.send(startup({"user": "app"}, protocol))
                heard = wire.rest()
                self.assertEqual([line[:7] for line in heard], ["E FATAL"], heard)

    def test_wrong_password_and_unknown_user_look_the_same(self):
        plain = self.refused_by(self.cluster.plain.port, self.server_database, password="wrong")
        for user in ("app", "nobody"):
            error = self.refused_by(self.proxy.port, "shop", user=user, password="wrong")
            self.assertEqual((error.sqlstate, error.said), ("28P01", f'password authentication failed for user "{user}"'))
            self.assertEqual((error.fields["S"], error.fields["V"]), (plain.fields["S"], plain.fields["V"]))
        self.assertEqual(plain.sqlstate, "28P01")

    def test_unknown_database(self):
        plain = self.refused_by(self.cluster.plain.port, "none")
        error = self.refused_by(self.proxy.port, "none")
        self.assertEqual((error.sqlstate, error.said), (plain.sqlstate, plain.said))
        self.assertEqual(error.sqlstate, "3D000")

    def test_bad_startup_options(self):
        for options in ({"options": "-c no_such_setting=1"}, {"options": "-c statement_timeout=x"}, {"no_such_setting": "1"}):
            plain = self.refused_by(self.cluster.plain.port, self.server_database, **options)
            for database in ("plain", "shop"):
                error = self.refused_by(self.proxy.port, database, **options)
                self.assertEqual((error.sqlstate, error.said), (plain.sqlstate, plain.said), options)
        with self.through() as wire:
            self.assertEqual(wire.sql("select 1")[1], "D 1")

    def test_no_user(self):
        with Wire(self.proxy.port) as wire:
            wire.send(startup({"database": "shop"}))
            self.assertEqual([line[:13] for line in wire.rest()], ["E FATAL 28000"])

    def test_the_same_parameters_are_reported(self):
        with self.direct() as direct:
            for database in ("plain", "shop"):
                with self.through(database) as wire:
                    self.assertEqual(wire.parameters, direct.parameters)

    def test_names_of_any_bytes(self):
        """What a server makes of them, and of names longer than it has any."""
        for name in (b"x\xff\n", b"\xc3", "ü\t€".encode(), b"ok\x7f", b"\xf0\x9f"):
            self.assertEqual(self.same(lambda wire: wire.sql("show application_name"), application_name=name)[0], "T application_name:25:t", name)
        for port, database in (self.cluster.plain.port, self.server_database), (self.proxy.port, "shop"):
            error = self.refused_by(port, database, user="a" * 9000, password="wrong")
            self.assertEqual((error.sqlstate, error.said), ("28P01", f'password authentication failed for user "{"a" * 63}"'))
        self.assertNotIn("a" * 64, self.proxy.log())

    def test_cancel_of_nobody(self):
        with Wire(self.proxy.port) as wire:
            wire.send(request(CANCEL_REQUEST, 12345, 678))
            self.assertTrue(wire.is_closed())


class Nonsense(WireCase):
    """Whatever comes in, the connection is closed or told an error; the proxy lives, its memory does not grow."""
    settings = {"workers": 1, "login_timeout": "3s"}

    def setUp(self):
        super().setUp()
        self.memory_before = self.memory()

    def tearDown(self):
        self.assertIsNone(self.proxy.process.poll(), "the proxy has ended")
        self.assertLess(self.memory(), self.memory_before + 64 * 1024, "kB resident")
        for database in ("plain", "shop"):
            with self.through(database) as wire:
                self.assertEqual(wire.sql("select 'alive'")[1], "D alive")
        super().tearDown()

    def memory(self):
        with open(f"/proc/{self.proxy.process.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def ends(self, wire, data):
        """Sends, and waits for the other side to close."""
        with contextlib.suppress(ConnectionError):
            wire.send(data)
        self.assertTrue(wire.is_closed(), f"still open after {data[:40]!r}")

    def test_garbage_before_login(self):
        chance = random.Random(1)
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100, b"\xff" * 100,
                     b"SSH-2.0-OpenSSH\r\n", *(chance.randbytes(200) for _ in range(30))):
            with Wire(self.proxy.port) as wire:
                with contextlib.suppress(ConnectionError):
                    wire.send(data)
                wire.socket.shutdown(1)
                self.assertTrue(wire.is_closed(), data[:20])

    def test_lengths_that_lie_before_login(self):
        for length in [*LYING_LENGTHS, 4, 5, 7, 10001]:
            with Wire(self.proxy.port) as wire:
                self.ends(wire, struct.pack("!II", length, 0x30000) + b"user\0app\0\0")

    def test_lengths_that_lie_during_login(self):
        for length in [*LYING_LENGTHS, 100_000]:
            with Wire(self.proxy.port) as wire:
                wire.send(startup({"user": "app", "database": "shop"}))
                self.assertEqual(wire.frame()[0], "R")
                self.ends(wire, b"p" + struct.pack("!I", length) + b"x" * 20)

    def test_other_messages_during_login(self):
        for data in (query("select 1"), message("X"), message("p"), message("p", b"NONE\0\0\0\0\0"), message("p", b"SCRAM-SHA-256\0\x7f\xff\xff\xff"),
                     message("p", b"SCRAM-SHA-256\0\0\0\0\x04n,,x"), b"\xff\0\0\0\x04"):
            with Wire(self.proxy.port) as wire:
                wire.send(startup({"user": "app", "database": "shop"}))
                self.assertEqual(wire.frame()[0], "R")
                self.ends(wire, data)

    def test_lengths_that_lie_when_ready(self):
        for database in ("plain", "shop"):
            for kind in b"QPBDECHSFdcfX?\0\xff":
                for length in (0, 1, 3, 0x80000000, 0xFFFFFFFF):
                    wire = self.through(database)
                    self.ends(wire, bytes([kind]) + struct.pack("!I", length) + b"select 1\0")
                    wire.close()

    def test_lengths_that_lie_in_a_transaction_and_in_copy(self):
        for database in ("plain", "shop"):
            for start, kinds in ((query("begin") + query("update items set note = 'x' where id = 1"), b"QPd"),
                                 (query("copy log from stdin"), b"dcfQ"), (query("copy items (id) from stdin"), b"dcfQ"),
                                 (parse("", "select 1"), b"BES")):
                for kind in kinds:
                    wire = self.through(database)
                    wire.send(start)
                    self.ends(wire, bytes([kind]) + struct.pack("!I", 0xFFFFFFFF) + b"1\n")
                    wire.close()
        self.wait_until_idle()
        self.assertEqual(self.items()[0][1], "note 1")

    def test_huge_messages_that_never_come(self):
        """The length is honest but nobody sends a gigabyte: nothing is allocated for it."""
        wires = []
        for database in ("plain", "shop"):
            for kind in b"QPBDECFd":
                wire = self.through(database)
                wire.send(bytes([kind]) + struct.pack("!I", 0x3FFFFFFF) + b"select 1")
                wires.append(wire)
        for wire in wires:
            wire.close()

    def test_messages_cut_short(self):
        for database in ("plain", "shop"):
            for data in (query("select 1"), parse("a", "select 1"), bind("", "a", [1]), execute("x", 5), message("D", b"S\0")):
                for size in range(1, len(data), 3):
                    wire = self.through(database)
                    wire.send(data[:size])
                    wire.close()
        self.wait_until_idle()

    def test_bodies_that_lie(self):
        """The frame is right, its contents are not: a protocol error, and mostly the end, as with a server."""
        bodies = [message("Q", b"select 1"), message("Q"), message("P", b"a"), message("P", b"a\0select 1\0\x7f\xff"),
                  message("B", b"\0\0\x7f\xff"), message("B", b"\0\0\0\0\x7f\xff\0\0"), message("B", b"\0\0\0\0\0\x01\x7f\xff\xff\xff\0\0"),
                  message("B", b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0"), message("D"), message("D", b"S"), message("D", b"Xa\0"),
                  message("E"), message("E", b"\0\0"), message("C", b"Sa"), message("C", b"Q\0"), message("F"), message("F", b"\0\0"),
                  message("f", b"x"), message("S", b"more"), message("H", b"more")]
        for database in ("plain", "shop"):
            for data in bodies:
                with self.subTest(data=data, database=database), self.through(database) as wire:
                    wire.send(data + message("S") + query("select 'next'"))
                    wire.socket.shutdown(1)
                    heard = wire.rest()   # comes to an end: no hang
                    self.assertLess(len(heard), 12, heard)

    def test_unknown_message_types(self):
        for kind in b"\0aRZ1~\x80\xff":
            with self.through() as wire:
                self.ends(wire, bytes([kind]) + struct.pack("!I", 4))

    def test_random_bytes_when_ready(self):
        chance = random.Random(2)
        for database in ("plain", "shop"):
            for _ in range(30):
                with self.through(database) as wire:
                    with contextlib.suppress(ConnectionError):
                        wire.send(b"".join(bytes([chance.choice(b"QPBDECHSFdcf")]) + struct.pack("!I", chance.randint(4, 30)) +
                                           chance.randbytes(chance.randint(0, 26)) for _ in range(10)))
                        wire.socket.shutdown(1)
                    self.assertTrue(wire.is_closed())
        self.wait_until_idle()

    def test_a_client_that_says_nothing(self):
        with Wire(self.proxy.port) as wire, Wire(self.proxy.port) as half:
            half.send(b"\0\0")
            self.assertTrue(wire.is_closed())
            self.assertTrue(half.is_closed())
