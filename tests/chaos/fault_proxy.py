"""A proxy between Shardway and one server that does it harm, by a seed: delay, stall, reset, half-close, cut after a byte or a message.

    with FaultProxy("postgresql", node.host, node.port, Schedule(random.Random(7), share=0.2)) as proxy:
        …                       every fifth connection gets a fault of its own, somewhere in its conversation
        proxy.stall()           nothing passes any more, nothing is closed;  proxy.flow()
        proxy.reset_all()       every connection is reset
        proxy.is_refusing = True

It runs in a thread of its own; what it did is counted in `done`. It reads no more of the protocols than where a message ends.
"""
import asyncio
import collections
import contextlib
import dataclasses
import random
import socket
import struct
import threading

from support.servers import free_port

TO_SERVER, TO_CLIENT = "to server", "to client"
KINDS = ("delay", "stall", "reset", "half-close", "cut")
LONGEST = 1 << 16
LOGIN_MESSAGES, LOGIN_BYTES = 30, 3000     # more than a log-in takes


@dataclasses.dataclass
class Fault:
    """What happens to one connection in one direction, behind so many messages or bytes (of the two given, messages count)."""
    kind: str
    direction: str = TO_CLIENT
    messages: int | None = None
    bytes: int = 0
    seconds: float = 0.0     # of a delay (of each piece from then on) and of a stall


class Schedule:
    """The faults of one run: the same seed gives the n-th connection the same fault."""

    def __init__(self, chance, share=0.2, kinds=KINDS, messages=(1, 400), seconds=(0.01, 2.0)):
        self._seed, self._share, self._kinds, self._messages, self._seconds = chance.random(), share, kinds, messages, seconds
        self.is_on = True

    def fault_of(self, number):
        chance = random.Random(f"{self._seed}/{number}")
        if not self.is_on or chance.random() >= self._share:
            return None
        fault = Fault(chance.choice(self._kinds), chance.choice((TO_SERVER, TO_CLIENT)), seconds=chance.uniform(*self._seconds))
        if chance.random() < 0.5:
            fault.messages = chance.randint(*self._messages)
        else:
            fault.bytes = chance.randint(1, 60 * self._messages[1])
        if fault.kind == "delay":
            fault.seconds = min(fault.seconds, 0.05)
        if fault.kind == "half-close":    # not while somebody logs in: a server that reads the end then answers that the password is wrong
            fault.messages, fault.bytes = fault.messages and fault.messages + LOGIN_MESSAGES, fault.bytes + LOGIN_BYTES
        return fault


class Framer:
    """Where messages end in one direction. Of PostgreSQL the first ones of a client have no type, and the answer to SSLRequest is one byte."""

    def __init__(self, protocol, direction):
        self._is_mysql = protocol == "mysql"
        self._is_untyped = not self._is_mysql and direction == TO_SERVER
        self._waits_for_byte = not self._is_mysql and direction == TO_CLIENT
        self._head, self._left = b"", 0
        self.messages = 0

    def offset_of(self, data, wanted):
        """The place in data behind which `wanted` messages have passed in all; None if that is later. Takes the data in."""
        at, found = 0, None
        while at < len(data):
            step = self._take(data, at)
            at += step
            if found is None and self.messages >= wanted:
                found = at
        return found

    def _take(self, data, at):
        """How many bytes belong to the message (or its head) that comes next."""
        if self._left:
            taken = min(self._left, len(data) - at)
            self._left -= taken
            self.messages += self._left == 0
            return taken
        if self._waits_for_byte:
            self._waits_for_byte = False
            if data[at:at + 1] in (b"N", b"S") and len(data) - at == 1:
                self.messages += 1
                return 1
        size = 4 if self._is_mysql or self._is_untyped else 5
        taken = min(size - len(self._head), len(data) - at)
        self._head += data[at:at + taken]
        if len(self._head) == size:
            self._left = self._length()
            self.messages += self._left == 0
            self._head = b""
        return taken

    def _length(self):
        """Of what follows the head. A start-up message (protocol 3) is the last without a type; it is longer than the others."""
        if self._is_mysql:
            return int.from_bytes(self._head[:3], "little")
        length = struct.unpack("!I", self._head[-4:])[0] - 4
        if self._is_untyped and length != 4:
            self._is_untyped = False
        return max(length, 0)


class _Connection:
    def __init__(self, proxy, fault, client, server):
        self.proxy, self.fault, self.streams = proxy, fault, {TO_SERVER: (client[0], server[1]), TO_CLIENT: (server[0], client[1])}

    async def run(self):
        pumps = [asyncio.ensure_future(self._pump(direction)) for direction in self.streams]
        try:
            await asyncio.gather(*pumps)
        except (OSError, EOFError):
            pass
        finally:
            for pump in pumps:
                pump.cancel()
            for _, writer in self.streams.values():
                writer.close()

    def reset(self):
        """RST, not FIN, to both sides."""
        for _, writer in self.streams.values():
            with contextlib.suppress(OSError, ValueError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _pump(self, direction):
        reader, writer = self.streams[direction]
        fault = self.fault if self.fault and self.fault.direction == direction else None
        framer, passed, late = Framer(self.proxy.protocol, direction), 0, 0.0
        while data := await reader.read(LONGEST):
            await self.proxy.may_pass.wait()
            if late:
                await asyncio.sleep(late)
            if fault:
                place = framer.offset_of(data, fault.messages) if fault.messages is not None else max(fault.bytes - passed, 0)
                if place is not None and place <= len(data):
                    await self._send(writer, data[:place])
                    late = await self._harm(fault, writer)
                    data, fault = data[place:], None
            passed += len(data)
            await self._send(writer, data)
        if writer.can_write_eof():
            writer.write_eof()

    async def _send(self, writer, data):
        if data:
            writer.write(data)
            await writer.drain()

    async def _harm(self, fault, writer):
        """Seconds by which everything is late from now on; EOFError ends the connection."""
        self.proxy.done[fault.kind] += 1
        if fault.kind == "delay":
            return fault.seconds
        if fault.kind == "stall":
            await asyncio.sleep(fault.seconds)
            return 0.0
        if fault.kind == "reset":
            self.reset()
        if fault.kind == "half-close":
            writer.write_eof()
            await asyncio.sleep(fault.seconds)
        raise EOFError


class FaultProxy:
    def __init__(self, protocol, host, port, schedule=None):
        self.protocol, self.target, self.schedule = protocol, (host, port), schedule
        self.done, self.is_refusing = collections.Counter(), False
        self.may_pass = None
        self._number, self._connections = 0, set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True, name="fault proxy")
        self._is_ready = threading.Event()
        self.port = self._listener = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self._thread.start()
        self._is_ready.wait(10)
        return self

    def stop(self):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def stall(self):
        """Nothing passes in either direction until flow()."""
        self._loop.call_soon_threadsafe(self.may_pass.clear)

    def flow(self):
        self._loop.call_soon_threadsafe(self.may_pass.set)

    def reset_all(self):
        self._loop.call_soon_threadsafe(lambda: [connection.reset() for connection in list(self._connections)])

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._is_ready.set()
        self._loop.run_forever()
        self._listener.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _listen(self):
        self.may_pass = asyncio.Event()
        self.may_pass.set()
        self.port = free_port()
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _serve(self, reader, writer):
        number, self._number = self._number, self._number + 1
        fault = self.schedule.fault_of(number) if self.schedule else None
        try:
            if self.is_refusing:
                raise OSError("refused")
            await self.may_pass.wait()
            server = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(self, fault, (reader, writer), server)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()
