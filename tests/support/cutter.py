"""Stands between a client and a server and loses an answer: what a server that dies at that moment looks like, as often as wanted.

    with Cutter(node.port) as cutter:
        cutter.arm(b"insert into items")       the server gets this statement and answers; nobody hears it
        cutter.arm(b"select", passing=100000)  so many bytes of the answer pass, then both sides are closed
"""
import contextlib
import selectors
import socket
import threading

LONGEST = 1 << 16


class Cutter:
    def __init__(self, port, host="127.0.0.1"):
        self._server = (host, port)
        self._listener = socket.create_server((host, 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, "stop")
        self._left = {}          # a server's socket whose answer is cut -> bytes that still pass
        self._marker, self._passing = None, 0
        self.cuts = 0
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

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._wake.close()
        self._thread.join(10)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def _run(self):
        """Every socket is registered with the one it is relayed to, and whether it is the server's."""
        while True:
            for key, _ in self._selector.select():
                if key.data == "stop":
                    return self._close_all()
                if key.data is None:
                    self._accept()
                elif key.fileobj.fileno() >= 0:   # the other end's event may have closed it
                    with contextlib.suppress(OSError):
                        self._relay(key.fileobj, *key.data)

    def _accept(self):
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self._server)
        except OSError:
            return client.close()
        for one, other, is_server in ((client, server, False), (server, client, True)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(one, selectors.EVENT_READ, (other, is_server))

    def _relay(self, source, target, is_server):
        try:
            data = source.recv(LONGEST)
        except OSError:
            data = b""
        if not data:
            return self._close(source, target)
        marker = self._marker
        if not is_server and marker and marker in data:
            self._marker = None
            self._left[target] = self._passing
        if is_server and source in self._left:
            passed = data[:self._left[source]]
            self._left[source] -= len(passed)
            if passed:
                target.sendall(passed)
            if len(passed) < len(data):
                self.cuts += 1
                self._close(source, target)
            return
        target.sendall(data)

    def _close(self, *pair):
        for one in pair:
            self._left.pop(one, None)
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(one)
            one.close()

    def _close_all(self):
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
