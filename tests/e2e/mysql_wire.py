"""A MySQL client that hides nothing: it sends any packets, split anywhere, and returns everything it gets as short strings.

It is not a driver. A reply is a list of strings, one per packet, without what differs from server to server, so that the same
conversation with two servers can be compared; the sequence ids are checked on the way.

    wire = Wire.login(port, user="app", password=..., database="shop")
    wire.sql("select 1 as a")          ->  ["COLUMNS a:long", "ROW 1", "EOF status=autocommit"]
    wire.ask(prepare("select ?"), execute(LAST, [1]))          sends both before it reads
"""
import contextlib
import re
import select
import socket
import ssl
import struct
import time

import mysql_commands as commands
from mysql_auth import PLUGINS
from mysql_commands import DEFAULT, lenenc_string
from mysql_results import Reader, StatementReader

SECONDS = 40
LARGEST = 0xFFFFFF


class WireClosed(EOFError):
    """The other side has closed the connection."""


class LoginError(Exception):
    def __init__(self, said):
        super().__init__(said)
        self.said = said


class Greeting:
    """The server's first packet."""

    def __init__(self, payload):
        end = payload.index(b"\0", 1)
        self.version = payload[1:end].decode()
        self.connection_id, first, low, self.collation, self.status, high, size, self.mariadb = struct.unpack_from(
            "<I8sxHBHHB6xI", payload, end + 1)
        self.capabilities = low | high << 16
        rest = payload[end + 32:]
        self.scramble = first + rest[:max(12, size - 9)]
        self.plugin = rest[max(13, size - 8):].rstrip(b"\0").decode()


class Wire:
    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.next_id = 0
        self.capabilities = self.mariadb = 0
        self.greeting = None
        self.login_steps = []      # what the server said on the way in
        self.files = {}            # what LOAD DATA LOCAL may read: name -> bytes, or None to refuse
        self.statement = None      # the id that the last PREPARE gave
        self.columns_of = {}       # statement -> column types, when the server may leave them out

    # -- logging in ----------------------------------------------------------------------------------------------------

    @classmethod
    def login(cls, port, user="app", password="", database="", **how):
        wire = cls(port)
        try:
            wire.greet()
            wire.authenticate(user, password, database, **how)
        except BaseException:
            wire.close()
            raise
        return wire

    def greet(self):
        payload = self.packet()
        if payload[:1] == b"\xff":
            raise LoginError(self.reader(payload).error())
        self.greeting = Greeting(payload)

    def authenticate(self, user, password="", database="", capabilities=DEFAULT, mariadb=0, collation=45, plugin=None, tls=False,
                     attributes=None):
        """Answers the greeting and what else the server asks for, up to OK. An error raises LoginError. Flags that the server
        does not announce are not sent."""
        wanted = capabilities | (commands.SSL if tls else 0) | (commands.CONNECT_WITH_DB if database else 0)
        self.capabilities = wanted & (self.greeting.capabilities | commands.CONNECT_WITH_DB)
        if not database:
            self.capabilities &= ~commands.CONNECT_WITH_DB
        if not self.capabilities & commands.CLIENT_MYSQL:
            self.mariadb = mariadb & self.greeting.mariadb
        fixed = struct.pack("<IIB19xI", self.capabilities, 1 << 30, collation, self.mariadb)
        if tls:
            self.write(fixed)
            self.start_tls()
        plugin = plugin or self.greeting.plugin
        body = fixed + user.encode() + b"\0" + self._token(self._answer(plugin, password, self.greeting.scramble))
        if database:
            body += database.encode() + b"\0"
        if self.capabilities & commands.PLUGIN_AUTH:
            body += plugin.encode() + b"\0"
        if self.capabilities & commands.CONNECT_ATTRS:
            body += lenenc_string(b"".join(lenenc_string(k) + lenenc_string(v) for k, v in (attributes or {}).items()))
        self.write(body)
        self.login_steps += self.finish_login(password)

    @staticmethod
    def _answer(plugin, password, scramble):
        return PLUGINS[plugin](password, scramble) if plugin in PLUGINS else b""

    def _token(self, answer):
        if self.capabilities & commands.AUTH_LENENC:
            return lenenc_string(answer)
        return bytes([len(answer)]) + answer

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def finish_login(self, password):
        """Also the reply to CHANGE_USER."""
        steps = []
        while True:
            payload = self.packet()
            first = payload[0]
            if first == 0xFF:
                raise LoginError(self.reader(payload).error())
            if first == 0xFE:
                plugin, _, scramble = payload[1:].partition(b"\0")
                steps.append(f"SWITCH {plugin.decode()}")
                self.write(self._answer(plugin.decode(), password, scramble))
            elif first == 1:   # caching_sha2_password: 3 the short way did, 4 the password itself is wanted
                steps.append(f"MORE {payload[1]}")
                if payload[1] == 4:
                    if not isinstance(self.socket, ssl.SSLSocket):
                        raise LoginError("the server wants the password and there is no TLS")
                    self.write(password.encode() + b"\0")
            else:
                return steps + [self.reader(payload).ok()]

    def change_user(self, user, password="", database="", plugin="mysql_native_password"):
        token = self._answer(plugin, password, self.greeting.scramble)
        self.send(commands.change_user(user, token, database, plugin))
        try:
            return self.finish_login(password)
        except LoginError as error:
            return [error.said]

    # -- packets -------------------------------------------------------------------------------------------------------

    @staticmethod
    def framed(payload, sequence=0):
        """The packet, or as many as it needs."""
        pieces = []
        for at in range(0, len(payload) + 1, LARGEST):
            piece = payload[at:at + LARGEST]
            pieces.append(len(piece).to_bytes(3, "little") + bytes([sequence & 0xFF]) + piece)
            sequence += 1
        return b"".join(pieces)

    def write(self, payload):
        """Goes on in the current exchange."""
        data = self.framed(payload, self.next_id)
        self.next_id = (self.next_id + len(payload) // LARGEST + 1) & 0xFF
        self.socket.sendall(data)

    def send(self, *payloads):
        """Commands, each a new exchange; nothing is read."""
        self.socket.sendall(b"".join(map(self.framed, payloads)))
        self._reply_begins_after(payloads[-1])

    def send_raw(self, data):
        """Bytes that need not be packets."""
        self.socket.sendall(data)

    def send_bytewise(self, payload):
        for byte in self.framed(payload):
            self.socket.sendall(bytes([byte]))
        self._reply_begins_after(payload)

    def _reply_begins_after(self, payload):
        self.next_id = (len(payload) // LARGEST + 1) & 0xFF

    def packet(self):
        """The next payload, put together if it came in several packets; the sequence ids have to be the next ones."""
        payload = b""
        while True:
            self._fill(4)
            size, sequence = int.from_bytes(self.buffer[:3], "little"), self.buffer[3]
            self._fill(4 + size)
            piece = bytes(self.buffer[4:4 + size])
            del self.buffer[:4 + size]
            # A server that closes on its own says why with sequence id 0 (MDEV-19893).
            if sequence != self.next_id and not (sequence == 0 and piece[:1] == b"\xff"):
                raise AssertionError(f"sequence id {sequence}, not {self.next_id}, of {piece[:50]!r}")
            self.next_id = (sequence + 1) & 0xFF
            payload = payload + piece if payload else piece
            if size < LARGEST:
                return payload

    def _fill(self, size):
        while len(self.buffer) < size:
            try:
                more = self.socket.recv(1 << 20)
            except (ConnectionError, ssl.SSLError):
                more = b""
            if not more:
                raise WireClosed(f"closed after {bytes(self.buffer[:100])!r}")
            self.buffer += more

    def reader(self, payload):
        return Reader(payload, self.capabilities, self.mariadb)

    # -- conversations -------------------------------------------------------------------------------------------------

    def ask(self, *payloads):
        """Sends them all, then reads what each brings."""
        self.send(*payloads)
        return self.replies(*payloads)

    def replies(self, *payloads):
        """What these bring, which have been sent."""
        heard = []
        for payload in payloads:
            self._reply_begins_after(payload)
            heard += self.reply(payload)
        return heard

    def reply(self, payload):
        """What this command brings, to its end."""
        return [] if payload[0] in commands.WITHOUT_REPLY else StatementReader(self).reply(payload)

    def sql(self, *texts):
        """Each as a COM_QUERY of its own, one after the other."""
        return [line for text in texts for line in self.ask(commands.query(text))]

    def prepare(self, sql):
        """The statement's id; an error is an AssertionError."""
        heard = self.ask(commands.prepare(sql))
        if heard[0].startswith("ERR"):
            raise AssertionError(heard[0])
        return self.statement

    def send_file(self, name):
        """Answers a request of LOAD DATA LOCAL."""
        content = self.files.get(name)
        for at in range(0, len(content or b""), 1 << 16):
            self.write(content[at:at + (1 << 16)])
        self.write(b"")

    def pulse(self):
        """Whether the other side still answers."""
        try:
            return self.ask(commands.command(commands.PING))
        except (WireClosed, ConnectionError):
            return ["closed"]

    def has_input(self, seconds=0.0):
        return bool(self.buffer) or bool(select.select([self.socket], [], [], seconds)[0])

    def rest(self):
        """What still comes until the other side closes: errors as text, all else as hexadecimal."""
        heard = []
        with contextlib.suppress(WireClosed, OSError):
            while True:
                self._fill(4)
                self.next_id = self.buffer[3]
                payload = self.packet()
                heard.append(self.reader(payload).error() if payload[:1] == b"\xff" else payload[:40].hex())
        return heard

    def is_closed(self, seconds=SECONDS):
        """True once the other side has closed; whatever it says before is dropped."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([self.socket], [], [], 0.1)[0]:
                continue
            try:
                if not self.socket.recv(1 << 16):
                    return True
            except (ConnectionError, ssl.SSLError):
                return True
        return False

    def abort(self):
        """Closes with a reset, as a process that was killed with unread input does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def end(self):
        """Closes its side, and still listens."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def masked(lines, wires=(), with_gtid=False):
    """Without what differs between two servers that say the same: statement ids, the connection ids of these wires, and
    the position in the binary log (or, unless wanted, that it was told)."""
    ids = {str(wire.greeting.connection_id): f"<connection {i}>" for i, wire in enumerate(wires)}
    shown = []
    for line in lines:
        line = re.sub(r"(handler \(|statement \()\d+(\))", r"\1ID\2", line)
        line = re.sub(r"\b\d+\b", lambda found: ids.get(found[0], found[0]), line) if ids else line
        shown.append(re.sub(r" \[last_gtid=[\d,-]+\]", " [last_gtid=GTID]" if with_gtid else "", line))
    return shown
