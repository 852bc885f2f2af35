"""Logging in: each way, right and wrong, in clear and by TLS: what a plain MariaDB says, Shardway says."""
import socket
import struct

import mysql_commands as commands
from mysql_commands import DEFAULT
from mysql_wire import LoginError, Wire, WireClosed, masked
from support.mysql_case import MysqlCase, proxy_only

NATIVE, SHA2 = "mysql_native_password", "caching_sha2_password"


class Login(MysqlCase):
    @classmethod
    def configure(cls, config):
        config["listen"][-1]["tls"] = {"mode": "prefer", "certificate": f"{cls.cluster.folder}/server.crt",
                                       "key": f"{cls.cluster.folder}/server.key"}

    def outcome(self, port, user="app", database=None, **how):
        """What a login says, and a first statement."""
        try:
            wire = self.login(port, user, database, **how)
        except LoginError as error:
            return [error.said]
        with wire:
            return masked([wire.login_steps[-1]] + wire.sql("select current_user(), database() is null"))

    def same_login(self, **how):
        return self.same_at(lambda port: self.outcome(port, **how))

    def test_right_and_wrong(self):
        for name, how in {
            "right": {}, "no database": {"database": ""}, "wrong password": {"password": "wrong"}, "no password": {"password": ""},
            "no such user": {"user": "nobody", "password": "x"}, "no such user, no password": {"user": "nobody", "password": ""},
            "no such database": {"database": "nowhere"},
            "wrong password and database": {"password": "wrong", "database": "nowhere"}, "empty user": {"user": "", "password": ""},
        }.items():
            with self.subTest(case=name):
                self.same_login(**how)

    def test_character_sets_no_client_may_speak(self):
        """ucs2, utf16, utf16le, utf32: 1231."""
        for collation in (35, 54, 56, 60, 128, 183):
            with self.subTest(collation=collation):
                self.assertIn("ERR 1231", self.same_login(collation=collation)[0])

    def test_a_denied_database(self):
        self.same_login(database="mysql")

    def test_each_way_of_the_client(self):
        """Whatever plugin a client begins with and whichever flags it has, it comes in."""
        old = DEFAULT & ~commands.PLUGIN_AUTH & ~commands.AUTH_LENENC & ~commands.CONNECT_ATTRS
        for name, how in {
            "begins with caching_sha2_password": {"plugin": SHA2}, "begins with an unknown plugin": {"plugin": "client_unknown"},
            "without plugins": {"capabilities": old}, "without lengths": {"capabilities": DEFAULT & ~commands.AUTH_LENENC},
            "as MySQL's client": {"capabilities": DEFAULT | commands.CLIENT_MYSQL}, "attributes": {"attributes": {"_os": "Linux", "a": "b" * 300}},
            "latin1": {"collation": 8}, "utf8mb3": {"collation": 33}, "collation 255": {"collation": 255}, "collation 0": {"collation": 0},
            "interactive": {"capabilities": DEFAULT | commands.INTERACTIVE}, "TLS": {"tls": True},
            "TLS, wrong password": {"tls": True, "password": "wrong"},
        }.items():
            with self.subTest(case=name):
                self.same_login(**how)

    def test_what_the_handshake_sets(self):
        """Character set and interactive timeout are those of the handshake."""
        ask = "select @@character_set_client, @@collation_connection, @@wait_timeout = @@interactive_timeout"
        for how in ({"collation": 8}, {"collation": 33}, {"collation": 45}, {"collation": 28}, {"capabilities": DEFAULT | commands.INTERACTIVE}):
            with self.subTest(**how):
                self.same(lambda wire: wire.sql(ask), **how)

    def test_ed25519(self):
        """Towards Shardway a client may use another plugin: it is the server that has to be convinced."""
        if "app_ed25519" in self.cluster.passwords:
            self.same(lambda wire: wire.sql("select 1"), user="app_ed25519")
            self.same_login(user="app_ed25519", password="wrong")

    def test_the_login_byte_by_byte(self):
        def login(port):
            with Wire(port) as wire:
                wire.greet()
                original = wire.write

                def write(payload):
                    data = wire.framed(payload, wire.next_id)
                    wire.next_id += 1
                    for byte in data:
                        wire.socket.sendall(bytes([byte]))
                wire.write = write
                wire.authenticate("app", self.cluster.passwords["app"], self.database)
                wire.write = original
                return wire.sql("select 1")
        self.same_at(login)

    def test_a_command_right_behind_the_login(self):
        """A client that does not wait for OK: what it sent is answered behind it."""
        def login(port):
            with Wire(port) as wire:
                wire.greet()
                original = wire.write

                def write(payload):
                    original(payload)
                    if len(payload) > 32:
                        wire.socket.sendall(wire.framed(commands.query("select 'early'")))
                wire.write = write
                wire.authenticate("app", self.cluster.passwords["app"], self.database)
                wire.next_id = 1
                return wire.reply(commands.query(""))
        self.same_at(login)

    def test_the_greeting(self):
        def greeting(port):
            with Wire(port) as wire:
                wire.greet()
                said = wire.greeting
                return [said.version.split("-")[0], said.plugin, len(said.scramble), b"\0" in said.scramble]
        self.same_at(greeting)

    @proxy_only
    def test_capabilities_are_none_the_server_lacks(self):
        with Wire(self.cluster.plain.port) as server, Wire(self.proxy.mysql_port) as proxy:
            server.greet()
            proxy.greet()
            lacking = proxy.greeting.capabilities & ~server.greeting.capabilities & ~commands.SSL
            self.assertEqual((hex(lacking), proxy.greeting.mariadb & ~server.greeting.mariadb), ("0x0", 0))
            numbers = {proxy.greeting.connection_id}
            for _ in range(20):
                with Wire(self.proxy.mysql_port) as other:
                    other.greet()
                    numbers.add(other.greeting.connection_id)
            self.assertEqual(len(numbers), 21)


class Garbage(MysqlCase):
    """Behaviour 52: an error or a close; the next client comes in."""

    def test_bytes_instead_of_a_login(self):
        cases = {
            "nothing": b"", "a truncated header": b"\x10", "an empty packet": b"\0\0\0\1", "one byte": b"\1\0\0\1\0",
            "a truncated response": Wire.framed(struct.pack("<IIB19xI", DEFAULT, 1 << 24, 45, 0) + b"ap", 1),
            "a length beyond the end": Wire.framed(struct.pack("<IIB19xI", DEFAULT, 1 << 24, 45, 0) + b"app\0\xfe" + b"\xff" * 8, 1),
            "a null length": Wire.framed(struct.pack("<IIB19xI", DEFAULT, 1 << 24, 45, 0) + b"app\0\xfb", 1),
            "a wrong sequence id": Wire.framed(struct.pack("<IIB19xI", DEFAULT, 1 << 24, 45, 0) + b"app\0\0", 9),
            "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "all ones": b"\xff" * 100000, "random": bytes(i * 7919 % 251 for i in range(100000)),
        }
        for _, port in self.peers:
            for name, data in cases.items():
                with self.subTest(case=name, port=port), Wire(port) as wire:
                    wire.greet()
                    try:
                        wire.send_raw(data)
                    except ConnectionError:
                        pass
                    try:
                        wire.socket.shutdown(socket.SHUT_WR)
                    except OSError:
                        pass
                    self.assertTrue(wire.is_closed(10), name)
                    self.assertEqual(self.login(port).sql("select 1")[1], "ROW 1")

    def test_clear_text_behind_a_request_for_tls(self):
        """What came in clear behind it is not taken as if it had come inside."""
        for _, port in self.peers:
            with Wire(port) as wire:
                wire.greet()
                if not wire.greeting.capabilities & commands.SSL:
                    continue
                flags = DEFAULT | commands.SSL
                clear = Wire.framed(struct.pack("<IIB19xI", DEFAULT, 1 << 24, 45, 0) + b"nobody\0\0\0", 2)
                wire.send_raw(Wire.framed(struct.pack("<IIB19xI", flags, 1 << 24, 45, 0), 1) + clear)
                with self.assertRaises((OSError, WireClosed, LoginError)):
                    wire.next_id = 2
                    wire.start_tls()
                    wire.authenticate("app", self.cluster.passwords["app"], self.database)
