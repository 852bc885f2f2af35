"""One client's connection to the scripted MySQL 8 (mysql8_server.py): the log-in, and which command is answered how."""
import contextlib
import os
import socket
import struct

import mysql_auth
import mysql_commands as commands
from mysql_commands import lenenc, lenenc_string
from support.mysql8_results import Done, result_packets, values_of
from support.mysql8_session import AUTOCOMMIT, MORE_RESULTS, STATE_CHANGED, Refused, Session, split, syntax_error

# All that 8.0.28 and later announce: also query attributes, optional metadata, zstd, several factors.
ANNOUNCED = 0xDFFFFFFF
OPTIONAL_METADATA, ZSTD, QUERY_ATTRIBUTES, MULTI_FACTOR = 1 << 25, 1 << 26, 1 << 27, 1 << 28
PARAMETER_COUNT_AVAILABLE = 8
NATIVE, SHA2 = "mysql_native_password", "caching_sha2_password"
PARAMETER = b"".join(map(lenenc_string, ("def", "", "", "", "?", ""))) + b"\x0c" + struct.pack("<HIBHBH", 63, 0, commands.VARSTRING, 0x80, 0, 0)


class Native(str):
    """The password of a user of mysql_native_password."""


class Closed(EOFError):
    """The client has gone."""


class Connection:
    """Served on a thread of its own."""

    def __init__(self, server, peer, number):
        self.server, self.peer, self.number = server, peer, number
        self.heard, self.sent = [], []     # payloads: commands as they came, and all that was said
        self.login = []                    # how the client proved itself: "TLS", "switch", "fast", "full TLS", "full RSA", "native"
        self.user = self.plugin = ""
        self.attributes, self.query_attributes = b"", []   # of the connection, as they came; the values of queries' own
        self.capabilities = self.collation = 0
        self.clear = b""                   # what it sent before TLS
        self.session = None
        self._sequence, self._statement = 0, 0

    def close(self):
        with contextlib.suppress(OSError):
            self.peer.shutdown(socket.SHUT_RDWR)
        self.peer.close()

    def farewell(self):
        """What a server of 8.0.24 and later says to an idle client before it closes."""
        self._sequence = 0
        self._error(Refused(4031, "HY000", "The client was disconnected by the server because of inactivity. See wait_timeout and interactive_timeout for "
                                           "configuring this behavior."))
        self.close()

    def serve(self):
        with contextlib.suppress(Closed, OSError):
            try:
                self._let_in()
                while self._command(self._receive(new=True)):
                    pass
            except Refused as error:
                self._error(error)
        self.close()

    # -- packets -------------------------------------------------------------------------------------------------------

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.peer.recv(size - len(data))
            if not piece:
                raise Closed
            data += piece
        return data

    def _receive(self, new=False):
        head = self._exactly(4)
        if not new and head[3] != self._sequence:
            raise Refused(1156, "08S01", "Got packets out of order")
        self._sequence = head[3] + 1 & 0xFF
        payload = self._exactly(int.from_bytes(head[:3], "little"))
        if not self.login:
            self.clear += payload
        return payload

    def _send(self, *payloads):
        data = b""
        for payload in payloads:
            data += len(payload).to_bytes(3, "little") + bytes([self._sequence]) + payload
            self._sequence = self._sequence + 1 & 0xFF
        self.sent += payloads
        self.peer.sendall(data)

    def _has(self, capability):
        return bool(self.capabilities & capability)

    def _ok(self, done=Done(), header=0, more=False):
        tracked = self.session.take_tracked() if self.session else b""
        status = (self.session.status if self.session else AUTOCOMMIT) | (MORE_RESULTS if more else 0)
        tells = bool(tracked) and self._has(commands.SESSION_TRACK)
        body = bytes([header]) + lenenc(done.affected) + lenenc(done.insert_id)
        body += struct.pack("<HH", status | (STATE_CHANGED if tells else 0), 0)
        return body + (lenenc_string("") + lenenc_string(tracked) if tells else b"")

    def _end(self, more=False):
        """Of rows."""
        if self._has(commands.DEPRECATE_EOF):
            return self._ok(header=0xFE, more=more)
        return struct.pack("<BHH", 0xFE, 0, self.session.status | (MORE_RESULTS if more else 0))

    def _error(self, error):
        self._send(struct.pack("<BH", 0xFF, error.code) + b"#" + error.sqlstate.encode() + error.message.encode())

    # -- logging in ----------------------------------------------------------------------------------------------------

    def _let_in(self):
        scramble = self._scramble()
        flags = ANNOUNCED & ~(0 if self.server.tls else commands.SSL)
        self._send(b"\x0a" + self.server.version.encode() + b"\0" + struct.pack("<I", self.number) + scramble[:8] + b"\0"
                   + struct.pack("<HBHHB", flags & 0xFFFF, 255, AUTOCOMMIT, flags >> 16, 21) + bytes(10) + scramble[8:] + b"\0" + SHA2.encode() + b"\0")
        payload = self._receive()
        if len(payload) == 32 and struct.unpack_from("<I", payload)[0] & commands.SSL:
            self.peer = self.server.tls.wrap_socket(self.peer, server_side=True)
            self.login.append("TLS")
            payload = self._receive()
        proof, database = self._read_response(payload)
        password = self.server.users.get(self.user)
        wanted = NATIVE if isinstance(password, Native) else SHA2
        if self.plugin != wanted:
            scramble = self._scramble()
            self._send(b"\xfe" + wanted.encode() + b"\0" + scramble + b"\0")
            self.login.append("switch")
            proof = self._receive()
        proves = self._is_native if wanted == NATIVE else self._is_sha2
        if password is None or not proves(password, scramble, proof):
            raise Refused(1045, "28000", f"Access denied for user '{self.user}'@'127.0.0.1' (using password: {'YES' if proof else 'NO'})")
        self.session = Session(self.server, self.collation)
        if database:
            self.session.use(database)
            self.session.take_tracked()
        self._send(self._ok())

    @staticmethod
    def _scramble():
        return bytes(byte % 93 + 33 for byte in os.urandom(20))

    def _read_response(self, payload):
        """(proof, database); the rest is kept."""
        self.capabilities, _, self.collation = struct.unpack_from("<IIB", payload)
        self.user, _, rest = (part.decode() if i == 0 else part for i, part in enumerate(payload[32:].partition(b"\0")))
        size = rest[0]
        proof, rest = rest[1:1 + size], rest[1 + size:]
        database = b""
        if self._has(commands.CONNECT_WITH_DB):
            database, _, rest = rest.partition(b"\0")
        if self._has(commands.PLUGIN_AUTH):
            plugin, _, rest = rest.partition(b"\0")
            self.plugin = plugin.decode()
        if self._has(commands.CONNECT_ATTRS):
            self.attributes = rest
        return proof, database.decode()

    def _is_native(self, password, scramble, proof):
        self.login.append("native")
        return proof == mysql_auth.native(password, scramble)

    def _is_sha2(self, password, scramble, proof):
        """The proof is enough only for a user whose password was seen before; else the password itself is wanted."""
        if not password or proof in (b"", b"\0"):
            return not password and proof in (b"", b"\0")
        if self.user in self.server.known_passwords and proof == mysql_auth.caching_sha2(password, scramble):
            self.login.append("fast")
            self._send(b"\x01\x03")
            return True
        self._send(b"\x01\x04")
        payload = self._receive()
        if self.login[:1] == ["TLS"]:
            self.login.append("full TLS")
        else:
            if payload != b"\x02":
                raise Refused(1045, "28000", "Authentication requires secure connection.")
            self.login.append("full RSA")
            self._send(b"\x01" + self.server.key.public)
            hidden = self.server.key.opened(self._receive())
            payload = bytes(byte ^ scramble[i % 20] for i, byte in enumerate(hidden))
        if payload != password.encode() + b"\0":
            return False
        self.server.known_passwords.add(self.user)
        return True

    # -- commands ------------------------------------------------------------------------------------------------------

    def _command(self, payload):
        """False: it was the last one."""
        self.heard.append(payload)
        kind, body = payload[0], payload[1:]
        if kind == commands.QUIT:
            return False
        try:
            self._HANDLERS.get(kind, Connection._unknown)(self, body)
        except Refused as error:
            self.server.refused.append((self.user, error.code, payload))
            self._error(error)
        return True

    def _unknown(self, _body):
        raise Refused(1047, "08S01", "Unknown command")

    def _query(self, body):
        if self._has(QUERY_ATTRIBUTES):   # how many, in how many sets (one), then as an execution's parameters
            count, body = body[0], body[2:]
            if count:
                values, _, body = values_of(body, count, [], has_names=True)
                self.query_attributes += values
        text = body.decode()
        parts = [part for part in split(text, ";") if part]
        if not self._has(commands.MULTI_STATEMENTS) and len(parts) > 1:
            raise syntax_error(parts[1])
        for i, part in enumerate(parts):
            self._answer(self.session.run(part), more=i + 1 < len(parts))

    def _answer(self, answer, parameters=(), is_binary=False, more=False):
        if isinstance(answer, Done):
            return self._send(self._ok(answer, more=more))
        count, definitions, rows = result_packets(answer, parameters, is_binary)
        if self._has(OPTIONAL_METADATA):
            count = [b"\x01" + count[0]]
        middle = [] if self._has(commands.DEPRECATE_EOF) else [self._end()]
        return self._send(*count, *definitions, *middle, *rows, self._end(more))

    def _prepare(self, body):
        sql = body.decode()
        answer = self.server.results.get(sql) or (Done() if sql.split()[0].upper() in ("INSERT", "UPDATE", "DELETE") else self.session.run(sql))
        parameters, columns = sql.count("?"), [] if isinstance(answer, Done) else answer.columns
        self._statement += 1
        self.session.prepared[self._statement] = [sql, parameters, []]
        packets = [b"\0" + struct.pack("<IHHBH", self._statement, len(columns), parameters, 0, 0)]
        for definitions in ([PARAMETER] * parameters, [column.encoded() for column in columns]):
            packets += definitions
            if definitions and not self._has(commands.DEPRECATE_EOF):
                packets.append(self._end())
        self._send(*packets)

    def _execute(self, body):
        number, flags, _iterations = struct.unpack_from("<IBI", body)
        if number not in self.session.prepared:
            raise Refused(1243, "HY000", f"Unknown prepared statement handler ({number}) given to mysqld_stmt_execute")
        statement = self.session.prepared[number]
        sql, count, types = statement
        body, values, sent, has_names = body[9:], [], count, self._has(QUERY_ATTRIBUTES)
        if has_names and (count or flags & PARAMETER_COUNT_AVAILABLE):
            sent, body = body[0], body[1:]
        if sent:
            values, statement[2], _ = values_of(body, sent, types, has_names)
        values = values[:count]   # attributes follow
        self._answer(self.session.run(sql, values), values, is_binary=True)

    def _close_statement(self, body):
        self.session.prepared.pop(struct.unpack_from("<I", body)[0], None)

    def _reset_connection(self, _body):
        self.session.begin_again()
        self._send(self._ok())

    def _init_db(self, body):
        self.session.use(body.decode())
        self._send(self._ok())

    _HANDLERS = {
        commands.QUERY: _query, commands.INIT_DB: _init_db, commands.PREPARE: _prepare, commands.EXECUTE: _execute,
        commands.CLOSE: _close_statement, commands.RESET_CONNECTION: _reset_connection,
        commands.PING: lambda self, _body: self._send(self._ok()), commands.RESET: lambda self, _body: self._send(self._ok()),
        commands.SET_OPTION: lambda self, _body: self._send(self._end()),
        commands.STATISTICS: lambda self, _body: self._send(b"Uptime: 1  Threads: 1"),
    }
