#!/usr/bin/python3
"""What the fault proxy does to a connection, and where its messages end."""
import pathlib
import random
import socket
import struct
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from chaos.fault_proxy import TO_CLIENT, TO_SERVER, Fault, FaultProxy, Framer, Schedule   # noqa: E402


def mysql(*payloads):
    return b"".join(len(payload).to_bytes(3, "little") + b"\0" + payload for payload in payloads)


def postgresql(*payloads, kind=b"D"):
    return b"".join(kind + struct.pack("!I", len(payload) + 4) + payload for payload in payloads)


class FramerTest(unittest.TestCase):
    def places(self, protocol, direction, data):
        """Where each message ends, found in one piece, and byte by byte."""
        def at_once(wanted):
            return Framer(protocol, direction).offset_of(data, wanted)

        def by_bytes(wanted):
            framer = Framer(protocol, direction)
            return next((i + 1 for i in range(len(data)) if framer.offset_of(data[i:i + 1], wanted) is not None), None)
        whole, pieces = ([find(wanted) for wanted in range(1, 5)] for find in (at_once, by_bytes))
        self.assertEqual(whole, pieces)
        return whole

    def test_mysql(self):
        self.assertEqual(self.places("mysql", TO_SERVER, mysql(b"abc", b"", b"x")), [7, 11, 16, None])

    def test_postgresql_from_the_server(self):
        self.assertEqual(self.places("postgresql", TO_CLIENT, postgresql(b"abc", b"", b"x")), [8, 13, 19, None])

    def test_postgresql_from_the_client(self):
        """SSLRequest and the start-up message have no type."""
        start = struct.pack("!II", 8, 80877103) + struct.pack("!I", 12) + b"12345678"
        self.assertEqual(self.places("postgresql", TO_SERVER, start + postgresql(b"q", kind=b"Q")), [8, 20, 26, None])

    def test_the_answer_to_sslrequest(self):
        framer = Framer("postgresql", TO_CLIENT)
        self.assertEqual(framer.offset_of(b"N", 1), 1)
        self.assertEqual(framer.offset_of(postgresql(b"abc"), 2), 8)


class OneFault:
    """The schedule of a proxy whose first connection gets this fault."""

    def __init__(self, fault):
        self._fault = fault

    def fault_of(self, number):
        return self._fault if number == 0 else None


class FaultProxyTest(unittest.TestCase):
    def setUp(self):
        """An echoing server."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.echo, args=(client,), daemon=True).start()

    @staticmethod
    def echo(client):
        with client:
            try:
                while data := client.recv(1000):
                    client.sendall(data)
            except OSError:
                pass

    def through(self, fault=None):
        proxy = FaultProxy("mysql", *self.listener.getsockname(), OneFault(fault)).start()
        self.addCleanup(proxy.stop)
        client = socket.create_connection(("127.0.0.1", proxy.port))
        client.settimeout(5)
        self.addCleanup(client.close)
        return proxy, client

    def heard(self, client, size=100):
        """Everything until the end of the connection; "reset" when it ended so."""
        data = b""
        try:
            while piece := client.recv(size):
                data += piece
        except ConnectionResetError:
            return data, "reset"
        return data, "closed"

    def test_without_faults(self):
        _, client = self.through()
        client.sendall(mysql(b"abc"))
        self.assertEqual(client.recv(100), mysql(b"abc"))
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(self.heard(client), (b"", "closed"))

    def test_cut_behind_a_message(self):
        for direction in (TO_CLIENT, TO_SERVER):
            proxy, client = self.through(Fault("cut", direction, messages=2))
            client.sendall(mysql(b"one", b"two", b"three"))
            data, _ = self.heard(client)
            self.assertEqual(proxy.done["cut"], 1)
            if direction == TO_CLIENT:
                self.assertEqual(data, mysql(b"one", b"two"))

    def test_cut_behind_a_byte(self):
        _, client = self.through(Fault("cut", TO_CLIENT, bytes=5))
        client.sendall(mysql(b"one"))
        self.assertEqual(self.heard(client)[0], mysql(b"one")[:5])

    def test_reset(self):
        _, client = self.through(Fault("reset", TO_SERVER, messages=1))
        client.sendall(mysql(b"one", b"two"))
        self.assertEqual(self.heard(client)[1], "reset")

    def test_half_close(self):
        """The server reads the end and closes; what it said before arrives."""
        _, client = self.through(Fault("half-close", TO_SERVER, messages=1, seconds=2.0))
        client.sendall(mysql(b"one"))
        self.assertEqual(self.heard(client), (mysql(b"one"), "closed"))

    def test_stall_of_one_connection(self):
        _, client = self.through(Fault("stall", TO_CLIENT, messages=1, seconds=0.5))
        client.sendall(mysql(b"one", b"two"))
        begun, data = time.monotonic(), b""
        while len(data) < 14:
            data += client.recv(100)
        self.assertGreater(time.monotonic() - begun, 0.4)

    def test_stall_and_reset_of_all(self):
        proxy, client = self.through()
        client.sendall(b"1")
        self.assertEqual(client.recv(10), b"1")
        proxy.stall()
        time.sleep(0.1)
        client.sendall(b"2")
        client.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            client.recv(10)
        proxy.flow()
        client.settimeout(5)
        self.assertEqual(client.recv(10), b"2")
        proxy.reset_all()
        self.assertEqual(self.heard(client), (b"", "reset"))

    def test_a_seed_gives_the_same_faults(self):
        first, second, other = ([Schedule(random.Random(seed), share=0.5).fault_of(n) for n in range(50)] for seed in (1, 1, 2))
        self.assertEqual(first, second)
        self.assertNotEqual(first, other)
        self.assertTrue(10 < sum(fault is not None for fault in first) < 40)


if __name__ == "__main__":
    unittest.main()
