"""A scripted MySQL 8: no real one can be had from Debian's packages. It greets, lets in and answers as MySQL 8.0.22 and later do by their
documentation, keeps every packet it gets, and is honest about the rest: what it does not know is an error, and noted in `unscripted`.

    with Mysql8Server({"app": "secret"}, tls=folder) as server:
        server.results["select name from words"] = Result([Column("name")], [["Ärger"]])
        ...
        server.of_user("app")[-1].login        ->  ["TLS", "full TLS"]
        server.texts("app")                    ->  the statements heard from connections of this user

Users prove themselves by caching_sha2_password, unless their password is given as Native(password). It is no database: results are
canned (mysql8_results.py), and a write does nothing but give a GTID. A replica (source=server) has what its source has, unless it is `late`.
"""
import contextlib
import socket
import ssl
import subprocess
import tempfile
import threading
import uuid

import mysql_commands as commands
from support.mysql8_connection import Connection
from support.mysql8_session import VARIABLES
from support.servers import free_port


class Mysql8Server:
    def __init__(self, users, tls=None, version="8.0.40", source=None):
        """users: names and passwords; tls: a folder with server.crt and server.key."""
        self.users, self.version, self.source = dict(users), version, source
        self.version_number = int("%d%02d%02d" % tuple(map(int, version.split("."))))
        self.tls = None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(f"{tls}/server.crt", f"{tls}/server.key")
        self.port, self.uuid = free_port(), str(uuid.uuid4())
        self.server_id = self.port
        self.variables, self.results, self.catalog, self.schemas = dict(VARIABLES), {}, {}, {"shop"}
        self.set_read_only(source is not None)
        self.connections, self.unscripted, self.refused = [], [], []
        self.known_passwords = set()       # users whose proof can be checked without the password, until forget_passwords()
        self.executed = {}                 # uuid -> the last transaction's number
        self.late = None                   # what a replica that does not follow has executed
        self.prepared, self.stored, self.has_store = [], {}, 1
        self.lock = threading.RLock()
        self.key = RsaKey()
        self._listener = None

    # -- running -------------------------------------------------------------------------------------------------------

    def start(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=100)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection = Connection(self, self._listener.accept()[0], len(self.connections) + 1)
                self.connections.append(connection)
                threading.Thread(target=connection.serve, daemon=True).start()

    def stop(self):
        if self._listener:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for connection in self.connections:
            connection.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    # -- what a test asks ----------------------------------------------------------------------------------------------

    def of_user(self, user):
        return [connection for connection in self.connections if connection.user == user]

    def texts(self, user):
        """Of all its connections, as they came."""
        return [payload[1:].decode() for connection in self.of_user(user) for payload in connection.heard if payload[0] == commands.QUERY]

    def packets(self, user, kind):
        """The commands of this kind."""
        return [payload for connection in self.of_user(user) for payload in connection.heard if payload[0] == kind]

    def forget_passwords(self):
        """As FLUSH PRIVILEGES does."""
        self.known_passwords.clear()

    # -- replication ---------------------------------------------------------------------------------------------------

    def set_read_only(self, on):
        self.variables["read_only"] = self.variables["super_read_only"] = "ON" if on else "OFF"

    def next_gtid(self):
        with self.lock:
            self.executed[self.uuid] = self.executed.get(self.uuid, 0) + 1
            return f"{self.uuid}:{self.executed[self.uuid]}"

    def all_executed(self):
        if self.late is not None:
            return self.late
        if not self.source:
            return self.executed
        theirs = self.source.all_executed()
        return {source: max(theirs.get(source, 0), self.executed.get(source, 0)) for source in theirs | self.executed}

    def executed_text(self):
        return ",\n".join(f"{source}:1-{last}" if last > 1 else f"{source}:1" for source, last in sorted(self.all_executed().items()))

    def fall_behind(self):
        """Applies nothing from now on, until catch_up()."""
        self.late = dict(self.all_executed())

    def catch_up(self):
        self.late = None

    @property
    def source_uuid(self):
        return self.source.uuid if self.source else self.uuid

    def replica_status(self):
        if not self.source:
            return []
        return [("Waiting for source to send event", "127.0.0.1", "replication", self.source.port, "Yes", "Yes", 0 if self.late is None else 1,
                 self.source.server_id, self.source.uuid, self.executed_text())]


class RsaKey:
    """The pair that passwords are sealed with; by the openssl program, which needs no package."""

    def __init__(self):
        self._file = tempfile.NamedTemporaryFile(prefix="shardway-rsa-")
        self._openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self._file.name)
        self.public = self._openssl("pkey", "-in", self._file.name, "-pubout")

    def opened(self, sealed):
        """What was sealed with OAEP padding."""
        return self._openssl("pkeyutl", "-decrypt", "-inkey", self._file.name, "-pkeyopt", "rsa_padding_mode:oaep", given=sealed)

    @staticmethod
    def _openssl(*arguments, given=b""):
        return subprocess.run(["openssl", *arguments], input=given, check=True, capture_output=True).stdout
