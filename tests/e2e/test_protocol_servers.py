"""Servers that hang up, answer nonsense, or send errors that are none: scripted, since no real one does it on demand."""
import contextlib
import socket
import struct
import threading

from support import servers, shardway
from support.case import ProxyCase
from wire import Wire, WireClosed, query, run, SYNC, LoginError, message, text


def reply(kind, body=b""):
    return message(kind, body)


READY = reply("Z", b"I")
LOGIN = (reply("R", struct.pack("!I", 0)) + reply("S", text("server_version") + text("15.0")) +
         reply("S", text("client_encoding") + text("UTF8")) + reply("S", text("standard_conforming_strings") + text("on")) +
         reply("K", struct.pack("!II", 77, 88)) + READY)
ROW = (reply("T", struct.pack("!H", 1) + text("one") + struct.pack("!IhIhih", 0, 0, 23, 4, -1, 0)) +
       reply("D", struct.pack("!HI", 1, 1) + b"1") + reply("C", text("SELECT 1")))


class FakeServer:
    """Logs everyone in; a Query or Sync that contains the word `now` is answered by the script, others by one row."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", servers.free_port()))
        self.port = self.socket.getsockname()[1]
        self.script, self.login = [], LOGIN
        self._stopped = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.socket.accept()
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        with contextlib.suppress(OSError, EOFError), peer:
            stream = peer.makefile("rb")
            while True:
                (size,) = struct.unpack("!I", self._exactly(stream, 4))
                body = self._exactly(stream, size - 4)
                if struct.unpack_from("!I", body)[0] >> 16 == 3:
                    break
                peer.sendall(b"N")
            peer.sendall(self.login)
            awaited = b""
            while True:
                kind = self._exactly(stream, 1)
                (size,) = struct.unpack("!I", self._exactly(stream, 4))
                body = self._exactly(stream, size - 4)
                awaited += body
                if kind == b"X":
                    return
                if kind not in b"QS":
                    continue
                now, awaited = b"now" in awaited, b""
                for part in self.script if now else [ROW + READY]:
                    if part is None:
                        return
                    peer.sendall(part)

    @staticmethod
    def _exactly(stream, size):
        data = stream.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def close(self):
        self.socket.close()


class Servers(ProxyCase):
    """The unsharded database `fake` is the scripted server; the real ones next to it must not notice."""
    settings = {"workers": 1}

    @classmethod
    def configure(cls, config):
        cls.fake = FakeServer()
        cls.addClassCleanup(cls.fake.close)
        database = shardway.unsharded_database(cls.cluster, name="fake", nodes=[cls.cluster.plain], pool={"queue_timeout": "1s", "connect_timeout": "1s"})
        database["shard"][0]["nodes"] = [f"127.0.0.1:{cls.fake.port}"]
        config["database"].append(database)

    def setUp(self):
        self.fake.script, self.fake.login = [], LOGIN

    def through(self, database="fake"):
        wire = Wire.login(self.proxy.port, "app", self.cluster.passwords["app"], database)
        self.addCleanup(wire.close)
        return wire

    def check_alive(self):
        self.assertIsNone(self.proxy.process.poll(), "the proxy has ended")
        self.fake.script = [ROW + READY]
        with self.through() as wire:
            self.assertEqual(wire.sql("select now"), ["T one:23:t", "D 1", "C SELECT 1", "Z I"])
        with self.through("plain") as wire:
            self.assertEqual(wire.sql("select 2")[1], "D 2")

    def ends(self, script, data=query("select now")):
        """The client gets an error or is disconnected; it never hangs."""
        self.fake.script = script
        with self.through() as wire:
            wire.send(data)
            heard = []
            with contextlib.suppress(WireClosed):
                heard = wire.until_ready()
            if heard and heard[-1][0] == "Z":
                self.assertTrue(any(line[0] == "E" for line in heard), heard)
        self.check_alive()

    def test_hangs_up(self):
        for script in ([None], [ROW, None], [ROW[:7], None], [ROW[:-3], None], [b"D", None], [b"D\0\0", None],
                       [reply("E", b"SFATAL\0VFATAL\0C57P01\0Mbye\0\0"), None]):
            for data in (query("select now"), run("select now") + SYNC):
                with self.subTest(script=script):
                    self.ends(script, data)

    def test_nonsense(self):
        for script in ([b"\0\0\0\0\0\0\0\0"], [b"Z\0\0\0\0"], [b"Z\xff\xff\xff\xff"], [b"C\0\0\0\x03"], [b"HTTP/1.1 400 Bad Request\r\n\r\n", None],
                       [reply("E", b""), None], [reply("E", b"SERROR"), None], [reply("C", b""), None]):
            with self.subTest(script=script):
                self.ends(script)

    def test_an_error_without_sqlstate(self):
        for body in (b"SERROR\0Mno state\0\0", b"Mno state\0\0", b"\0"):
            with self.subTest(body=body):
                self.fake.script = [reply("E", body) + READY]
                with self.through() as wire:
                    wire.send(query("select now"))
                    with contextlib.suppress(WireClosed):
                        heard = wire.until_ready()
                        self.assertEqual((heard[0][0], heard[-1][0]), ("E", "Z"))
                self.check_alive()

    def test_answers_nobody_asked_for(self):
        """More than was asked for must not reach the next user."""
        self.fake.script = [ROW + READY + ROW + READY]
        with self.through() as wire:
            wire.send(query("select now"))
            self.assertEqual(wire.until_ready()[-1], "Z I")
        for _ in range(3):
            self.check_alive()

    def test_nonsense_at_login(self):
        good = self.fake.login
        for login in (b"", b"N" * 100, b"R\0\0\0\x08\0\0\0\x63", reply("E", b"SFATAL\0C3D000\0Mno such database\0\0"),
                      reply("R", struct.pack("!I", 0)) + b"Z\xff\xff\xff\xff", b"R\0\0\0\x08\0\0\0\x00" + reply("K", b"x") + READY):
            with self.subTest(login=login):
                self.fake.login = login
                proxy_answers = []
                with contextlib.suppress(LoginError, WireClosed, TimeoutError):
                    with self.through() as wire:
                        proxy_answers = wire.sql("select 1")
                self.assertIsNone(self.proxy.process.poll())
                self.assertFalse([line for line in proxy_answers if line[0] == "D" and line != "D 1"])
        self.fake.login = good
        self.check_alive()
