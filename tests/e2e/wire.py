"""A PostgreSQL client that hides nothing: it sends any bytes, split anywhere, and returns every message it gets.

It is not a driver: it keeps no state of the conversation. A Transcript is a list of short strings, one per message, without
what differs from server to server (object ids, line numbers of the server's source, process ids), so that the same
conversation with two servers can be compared.

    wire = Wire.login(port, user="app", password=..., database="shop")
    wire.send(query("select 1"))
    wire.until_ready()      ->  ["T ?column?:23:t", "D 1", "C SELECT 1", "Z I"]

Message formats: https://www.postgresql.org/docs/15/protocol-message-formats.html
"""
import base64
import contextlib
import hashlib
import hmac
import os
import select
import socket
import struct
import time

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
PROTOCOL_3 = 0x30000
SECONDS = 40


class WireClosed(EOFError):
    """The other side has closed the connection."""


# -- messages of a client ----------------------------------------------------------------------------------------------

def message(kind, body=b""):
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def text(value):
    return (value if isinstance(value, bytes) else value.encode()) + b"\0"


def query(sql):
    return message("Q", text(sql))


def parse(name, sql, types=()):
    return message("P", text(name) + text(sql) + struct.pack("!H", len(types)) + b"".join(struct.pack("!I", t) for t in types))


def bind(portal="", statement="", values=(), formats=(), result_formats=()):
    body = text(portal) + text(statement) + struct.pack("!H", len(formats)) + b"".join(struct.pack("!h", f) for f in formats)
    body += struct.pack("!H", len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
        else:
            raw = value if isinstance(value, bytes) else str(value).encode()
            body += struct.pack("!i", len(raw)) + raw
    return message("B", body + struct.pack("!H", len(result_formats)) + b"".join(struct.pack("!h", f) for f in result_formats))


def describe(target, name=""):
    """target: "S" a statement, "P" a portal."""
    return message("D", target.encode() + text(name))


def execute(portal="", limit=0):
    return message("E", text(portal) + struct.pack("!I", limit))


def close(target, name=""):
    return message("C", target.encode() + text(name))


def run(sql, values=(), types=(), name="", portal=""):
    """Parse, Bind, Describe and Execute of one statement, without Sync."""
    return parse(name, sql, types) + bind(portal, name, values) + describe("P", portal) + execute(portal)


def copy_data(data):
    return message("d", data if isinstance(data, bytes) else data.encode())


def copy_fail(reason):
    return message("f", text(reason))


def startup(parameters, protocol=PROTOCOL_3):
    body = struct.pack("!I", protocol) + b"".join(text(k) + text(v) for k, v in parameters.items()) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def request(code, *more):
    body = struct.pack("!I", code) + b"".join(struct.pack("!I", value) for value in more)
    return struct.pack("!I", len(body) + 4) + body


def cancel_request(process_id, secret):
    body = struct.pack("!II", CANCEL_REQUEST, process_id) + secret
    return struct.pack("!I", len(body) + 4) + body


SYNC, FLUSH, TERMINATE, COPY_DONE = message("S"), message("H"), message("X"), message("c")


# -- messages of a server ----------------------------------------------------------------------------------------------

def fields_of(body):
    """An ErrorResponse or NoticeResponse as a dict: S severity, C SQLSTATE, M message, D detail, H hint ..."""
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}


def cstring(body, at):
    end = body.index(b"\0", at)
    return body[at:end].decode(), end + 1


def _description(body):
    (count,), at, columns = struct.unpack_from("!H", body), 2, []
    for _ in range(count):
        name, at = cstring(body, at)
        _, _, kind, _, _, form = struct.unpack_from("!IhIhih", body, at)
        at += 18
        columns.append(f"{name}:{kind}:{'tb'[form]}")
    return " ".join(columns)


def _row(body):
    (count,), at, values = struct.unpack_from("!H", body), 2, []
    for _ in range(count):
        (size,) = struct.unpack_from("!i", body, at)
        at += 4
        values.append("null" if size < 0 else _shown(body[at:at + size]))
        at += max(size, 0)
    return "|".join(values)


def _shown(raw):
    with contextlib.suppress(UnicodeDecodeError):
        shown = raw.decode()
        if shown.isprintable() or shown == "":
            return shown
    return "0x" + raw.hex()


def readable(kind, body):
    """One message as a short string."""
    if kind == "T":
        return f"T {_description(body)}"
    if kind == "D":
        return f"D {_row(body)}"
    if kind in "EN":
        fields = fields_of(body)
        return f"{kind} {fields.get('V', fields.get('S'))} {fields.get('C')} {fields.get('M')}"
    if kind in "CZ":
        return f"{kind} {body.rstrip(chr(0).encode()).decode()}"
    if kind == "t":
        return "t " + " ".join(map(str, struct.unpack(f"!{len(body[2:]) // 4}I", body[2:])))
    if kind == "S":
        return "S " + "=".join(part.decode() for part in body.split(b"\0")[:2])
    if kind in "GH":
        return f"{kind} {body.hex()}"
    if kind == "A":
        return "A " + " ".join(part.decode() for part in body[4:].split(b"\0")[:2])
    if kind in "dV":
        return f"{kind} {_shown(body)}"
    return kind


# -- the connection ----------------------------------------------------------------------------------------------------

class Wire:
    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.parameters, self.process_id, self.secret = {}, None, None
        self.welcome = []

    @classmethod
    def login(cls, port, user="app", password="", database="shop", protocol=PROTOCOL_3, **parameters):
        wire = cls(port)
        wire.send(startup({"user": user, "database": database, **parameters}, protocol))
        wire.authenticate(user, password)
        return wire

    def authenticate(self, user, password):
        """Answers what the server asks for, up to the first ReadyForQuery. An error raises LoginError."""
        scram = _Scram(password)
        while True:
            kind, body = self.frame()
            if kind == "E":
                raise LoginError(fields_of(body))
            if kind == "R":
                (method,) = struct.unpack_from("!I", body)
                answer = self._login_answer(method, body[4:], scram, user, password)
                if answer is not None:
                    self.send(message("p", answer))
            elif kind == "S":
                name, at = cstring(body, 0)
                self.parameters[name] = cstring(body, at)[0]
            elif kind == "K":
                (self.process_id,), self.secret = struct.unpack_from("!I", body), body[4:]
            self.welcome.append((kind, body))
            if kind == "Z":
                return

    @staticmethod
    def _login_answer(method, body, scram, user, password):
        if method in (0, 12):
            return None
        if method == 3:
            return text(password)
        if method == 5:
            inner = hashlib.md5(password.encode() + user.encode()).hexdigest()
            return text("md5" + hashlib.md5(inner.encode() + body).hexdigest())
        if method == 10:
            return text("SCRAM-SHA-256") + struct.pack("!I", len(scram.first())) + scram.first()
        if method == 11:
            return scram.final(body)
        raise AssertionError(f"authentication method {method}")

    def send(self, data):
        self.socket.sendall(data)

    def send_split(self, data, at):
        """In two writes that are two segments on the wire."""
        self.send(data[:at])
        self.send(data[at:])

    def send_bytewise(self, data):
        for i in range(len(data)):
            self.send(data[i:i + 1])

    def has_input(self, seconds=0.0):
        return bool(self.buffer) or bool(select.select([self.socket], [], [], seconds)[0])

    def frame(self):
        """The next message: (type, body)."""
        while True:
            if len(self.buffer) >= 5:
                (size,) = struct.unpack_from("!I", self.buffer, 1)
                if len(self.buffer) >= size + 1:
                    kind, body = chr(self.buffer[0]), bytes(self.buffer[5:size + 1])
                    del self.buffer[:size + 1]
                    return kind, body
            self._receive()

    def _receive(self):
        try:
            more = self.socket.recv(1 << 16)
        except ConnectionError:
            more = b""
        if not more:
            raise WireClosed(f"closed after {bytes(self.buffer[:100])!r}")
        self.buffer += more

    def byte(self):
        """One byte outside of messages: the answer to SSLRequest."""
        while not self.buffer:
            self._receive()
        first = self.buffer[0]
        del self.buffer[:1]
        return chr(first)

    def until(self, kinds):
        """Readable messages up to and with the first of these types."""
        got = []
        while True:
            kind, body = self.frame()
            got.append(readable(kind, body))
            if kind in kinds:
                return got

    def until_ready(self, times=1):
        got = []
        for _ in range(times):
            got += self.until("Z")
        return got

    def ask(self, data, times=1):
        self.send(data)
        return self.until_ready(times)

    def sql(self, text_):
        return self.ask(query(text_))

    def rest(self):
        """What still comes until the other side closes."""
        got = []
        with contextlib.suppress(WireClosed):
            while True:
                got.append(readable(*self.frame()))
        return got

    def is_closed(self, seconds=SECONDS):
        """True once the other side has closed; whatever it says before is dropped."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([self.socket], [], [], 0.1)[0]:
                continue
            try:
                if not self.socket.recv(1 << 16):
                    return True
            except ConnectionError:
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


class LoginError(Exception):
    def __init__(self, fields):
        super().__init__(f"{fields.get('C')} {fields.get('M')}")
        self.fields, self.sqlstate, self.said = fields, fields.get("C"), fields.get("M")


class _Scram:
    """RFC 5802 and 7677, the client's side."""

    def __init__(self, password):
        self.password = password.encode()
        self.bare = b"n=,r=" + base64.b64encode(os.urandom(18))

    def first(self):
        return b"n,," + self.bare

    def final(self, server_first):
        parts = dict(part.split(b"=", 1) for part in server_first.split(b","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password, base64.b64decode(parts[b"s"]), int(parts[b"i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = b"c=biws,r=" + parts[b"r"]
        signed = b",".join([self.bare, server_first, without_proof])
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature))
        return without_proof + b",p=" + base64.b64encode(proof)
