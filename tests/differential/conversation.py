"""Many messages to several servers at once, and what they answer, ready to compare.

An answer is the list of events up to a ReadyForQuery: ("T", columns), ("D", [rows]), ("C", tag), ("E", SQLSTATE, message),
("t", types), ("Z", status) and their like. Notices, settings and what counts a server's own objects are left out.
"""
import selectors
import struct
import time

from wire import Wire, cstring, fields_of

SECONDS = 20      # of silence
FIRST_USER_OID = 16384
SKIPPED = frozenset(b"NSAK")
LISTED = frozenset(b"Dd")       # rows: gathered in one event


class NoAnswer(Exception):
    """A server closed the connection, or is silent for too long."""


def known_type(oid):
    """Types of users have other numbers on every server."""
    return oid if oid < FIRST_USER_OID else "of a user"


def _columns(body):
    (count,), at, columns = struct.unpack_from("!H", body), 2, []
    for _ in range(count):
        name, at = cstring(body, at)
        _, _, kind, _, modifier, form = struct.unpack_from("!IhIhih", body, at)
        at += 18
        columns.append((name, known_type(kind), modifier, form))
    return tuple(columns)


def event(kind, body):
    if kind == ord("T"):
        return ("T", _columns(body))
    if kind == ord("E"):
        fields = fields_of(body)
        return ("E", fields.get("C"), fields.get("M"))
    if kind == ord("t"):
        return ("t", tuple(map(known_type, struct.unpack(f"!{len(body[2:]) // 4}I", body[2:]))))
    if kind in b"CZ":
        return (chr(kind), body.rstrip(b"\0").decode())
    return (chr(kind), body)


class Conversation:
    """One connection with its answers so far."""

    def __init__(self, wire):
        self.wire, self.socket = wire, wire.socket
        self.socket.setblocking(False)
        self.input, self.output = bytearray(wire.buffer), memoryview(b"")
        self.answers, self._events, self._rows = [], [], None

    @classmethod
    def open(cls, **login):
        return cls(Wire.login(**login))

    def begin(self, data):
        self.output, self.answers, self._events, self._rows = memoryview(data), [], [], None

    def write(self):
        try:
            self.output = self.output[self.socket.send(self.output):]
        except BlockingIOError:
            pass

    def read(self):
        try:
            more = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionError as error:
            raise NoAnswer(str(error)) from None
        if not more:
            raise NoAnswer("the connection was closed")
        self.input += more
        self._take_frames()

    def _take_frames(self):
        data, at, end = bytes(self.input), 0, len(self.input)
        while end - at >= 5:
            kind, size = data[at], int.from_bytes(data[at + 1:at + 5], "big") + 1
            if end - at < size:
                break
            self._take(kind, data[at + 5:at + size])
            at += size
        del self.input[:at]

    def _take(self, kind, body):
        if kind in LISTED:
            if self._rows is None:
                self._rows = []
                self._events.append((chr(kind), self._rows))
            self._rows.append(body)
            return
        if kind in SKIPPED:
            return
        self._rows = None
        self._events.append(event(kind, body))
        if kind == ord("Z"):
            self.answers.append(self._events)
            self._events = []

    def close(self):
        self.socket.close()


def exchange(conversations, payloads, counts):
    """Sends to all at once and waits for so many answers of each: a list of lists of answers. NoAnswer names who fails."""
    selector, deadline = selectors.DefaultSelector(), time.monotonic() + SECONDS
    waiting = {}
    for name, conversation in conversations.items():
        conversation.begin(payloads[name])
        if counts[name]:
            selector.register(conversation.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, name)
            waiting[name] = conversation
    with selector:
        while waiting:
            ready = selector.select(max(0, deadline - time.monotonic()))
            if not ready:
                raise NoAnswer(f"{', '.join(waiting)}: no answer within {SECONDS} s")
            deadline = time.monotonic() + SECONDS
            for key, mask in ready:
                if _progress(selector, waiting[key.data], mask, key.data, counts[key.data]):
                    del waiting[key.data]
    return {name: conversation.answers for name, conversation in conversations.items()}


def _progress(selector, conversation, mask, name, count):
    """Whether this conversation is over."""
    try:
        if mask & selectors.EVENT_WRITE:
            conversation.write()
            if not conversation.output:
                selector.modify(conversation.socket, selectors.EVENT_READ, name)
        if mask & selectors.EVENT_READ:
            conversation.read()
    except (NoAnswer, ConnectionError) as error:
        raise NoAnswer(f"{name}: {error}") from None
    if len(conversation.answers) < count:
        return False
    selector.unregister(conversation.socket)
    return True
