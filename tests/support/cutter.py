"""Stands between a client and a server and loses an answer: what a server that dies at that moment looks like, as often as wanted.

    with Cutter(node.port) as cutter:
        cutter.arm(b"insert into items")       the server gets this statement and answers; nobody hears it
        cutter.arm(b"select", passing=100000)  so many bytes of the answer pass, then both sides are closed
        cutter.delay = 0.02                    whatever the server says comes so much later
        cutter.hold_up(b"KILL QUERY", 0.3)     what has these bytes in one piece gets to the server so much later
"""
import contextlib
import socket
import threading
import time

LONGEST = 1 << 16


class Cutter:
    def __init__(self, port, host="127.0.0.1"):
        self._server = (host, port)
        self._listener = socket.create_server((host, 0))
        self._lock = threading.Lock()
        self._open = set()
        self._left = {}          # a server's socket whose answer is cut -> bytes that still pass
        self._marker, self._passing = None, 0
        self.cuts = 0
        self.delay = self._held_up = 0
        self._held_marker = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def port(self):
        return self._listener.getsockname()[1]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def arm(self, marker, passing=0):
        """Once: the next connection that sends these bytes in one piece loses the answer."""
        self._passing, self._marker = passing, marker

    def hold_up(self, marker, seconds):
        self._held_marker, self._held_up = marker, seconds

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()
        with self._lock:
            left = list(self._open)
        self._close(*left)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def _run(self):
        """A thread for each direction of each connection: one that is stuck holds up no other."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._server)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            for source, target, is_server in ((client, server, False), (server, client, True)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._relay, args=(source, target, is_server), daemon=True).start()

    def _relay(self, source, target, is_server):
        with contextlib.suppress(OSError):
            while data := source.recv(LONGEST):
                if is_server and self.delay:
                    time.sleep(self.delay)
                if not is_server and self._held_marker and self._held_marker in data:
                    time.sleep(self._held_up)
                if not self._pass(source, target, is_server, data):
                    break
        self._close(source, target)

    def _pass(self, source, target, is_server, data):
        """False: the answer is cut off here."""
        with self._lock:
            if not is_server and self._marker and self._marker in data:
                self._marker = None
                self._left[target] = self._passing
            left = self._left.get(source) if is_server else None
            passed = data if left is None else data[:left]
            if left is not None:
                self._left[source] -= len(passed)
            is_cut = len(passed) < len(data)
            self.cuts += is_cut
        if passed:
            target.sendall(passed)
        return not is_cut

    def _close(self, *pair):
        for one in pair:
            with self._lock:
                self._left.pop(one, None)
                self._open.discard(one)
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
