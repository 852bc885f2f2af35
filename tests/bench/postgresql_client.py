"""A log-in and a query of protocol 3.0 written out (SCRAM-SHA-256): thousands of libpq clients would cost more than the proxy."""
import base64
import hashlib
import hmac
import os
import socket
import struct

import measure

QUERY = b"select abalance from pgbench_accounts where aid = 1\0"
_salted = {}   # (password, salt, iterations) -> salted password: each costs a millisecond


class Client:
    """One logged-in connection that blocks."""

    def __init__(self, site, port):
        self._socket = socket.create_connection(("127.0.0.1", port), 30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        names = f"user\0{site.user}\0database\0{site.database}\0\0".encode()
        self._socket.sendall(struct.pack("!II", len(names) + 8, 3 << 16) + names)
        self._log_in(site.password)

    def _log_in(self, password):
        proof = None
        while True:
            kind, body = self._receive()
            if kind == b"Z":
                return
            if kind != b"R":
                continue
            step, data = struct.unpack("!I", body[:4])[0], body[4:]
            if step == 10:     # AuthenticationSASL
                proof = Scram(password)
                first = proof.first()
                self._send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first)
            elif step == 11:   # AuthenticationSASLContinue
                self._send(b"p", proof.final(data.decode()))
            elif step not in (0, 12):
                raise measure.MeasureError(f"log-in by method {step}, not SCRAM-SHA-256")

    def query(self):
        self._send(b"Q", QUERY)
        while self._receive()[0] != b"Z":
            pass

    def close(self):
        self._socket.close()

    def _send(self, kind, body):
        self._socket.sendall(kind + struct.pack("!I", len(body) + 4) + body)

    def _receive(self):
        kind, length = struct.unpack("!cI", self._exactly(5))
        body = self._exactly(length - 4)
        if kind == b"E":
            raise measure.MeasureError(body.replace(b"\0", b" ").decode(errors="replace"))
        return kind, body

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            if not part:
                raise measure.MeasureError("the connection was closed during the log-in or query")
            data += part
        return data


class Scram:
    """RFC 5802's client, without channel binding."""

    def __init__(self, password):
        self._password = password.encode()
        self._bare = "n=,r=" + base64.b64encode(os.urandom(18)).decode()

    def first(self):
        return b"n,," + self._bare.encode()

    def final(self, server_first):
        nonce, salt, iterations = (part[2:] for part in server_first.split(","))
        key = (self._password, salt, iterations)
        if key not in _salted:
            _salted[key] = hashlib.pbkdf2_hmac("sha256", self._password, base64.b64decode(salt), int(iterations))
        client_key = hmac.digest(_salted[key], b"Client Key", "sha256")
        without_proof = f"c=biws,r={nonce}"
        signed = f"{self._bare},{server_first},{without_proof}".encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        proof = bytes(mine ^ theirs for mine, theirs in zip(client_key, signature))
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()
