#!/usr/bin/python3
"""Real PostgreSQL servers for tests, the demo and the benchmarks.

A Cluster is N shards, each a primary with R streaming replicas, and if asked for one plain server to compare with.
Everything lives in one temporary folder and on free loopback ports; servers run as an unprivileged user and are gone,
with the folder, when the cluster is stopped (also by SIGINT or SIGTERM). Not for production: fsync is off by default.

    with Cluster(shards=2, replicas=1) as cluster:
        cluster.shards[0].primary.query("select 1")

    servers.py start --shards 2 --replicas 1 --json FILE    starts one that outlives this process
    servers.py stop --json FILE
"""
import argparse
import atexit
import contextlib
import fcntl
import functools
import json
import os
import pathlib
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import psycopg

BIN = pathlib.Path(os.environ.get("SHARDWAY_POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))
SUPERUSER, APP, CONTROL = "postgres", "app", "shardway"
DATABASE = "shop"
START_SECONDS = 60

SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{sockets}'
cluster_name = '{name}'
max_connections = 300
shared_buffers = 64MB
dynamic_shared_memory_type = posix
password_encryption = 'scram-sha-256'
wal_level = logical
wal_log_hints = on
wal_keep_size = 256MB
max_wal_size = 1GB
max_wal_senders = 10
max_prepared_transactions = 64
hot_standby = on
hot_standby_feedback = on
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 100ms
fsync = {fsync}
synchronous_commit = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
log_checkpoints = off
"""
TLS_SETTINGS = """
ssl = on
ssl_cert_file = '{folder}/server.crt'
ssl_key_file = '{folder}/server.key'
"""
ACCESS = """
local   all          all                 scram-sha-256
host    all          all  127.0.0.1/32   scram-sha-256
local   replication  all                 scram-sha-256
host    replication  all  127.0.0.1/32   scram-sha-256
"""


class ServerError(RuntimeError):
    """A server could not be started or did not do what was asked; the message carries the end of its log."""


_ports_given = set()


@functools.cache
def _port_locks():
    """A file whose bytes are locked by the processes that have given the ports of these numbers to somebody."""
    with contextlib.suppress(OSError):
        return os.open(os.path.join(tempfile.gettempdir(), f"shardway-ports-{os.getuid()}"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return None


def _is_given(port):
    """Whoever was given it may not have bound it yet."""
    if port in _ports_given:
        return True
    if _port_locks() is not None:
        try:
            fcntl.lockf(_port_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except OSError:
            return True
    _ports_given.add(port)
    return False


def free_port():
    """A free loopback port below the ephemeral range, so that no outgoing connection takes it meanwhile."""
    while True:
        port = random.randint(15000, 32000)
        if _is_given(port):
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


def wait_until(condition, seconds, what, pause=0.01):
    """The first true value of condition(); ServerError after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise ServerError(f"{what}: not within {seconds} s")
        time.sleep(pause)


def as_server_user(command, user="postgres"):
    """Servers refuse to run as root: then they run as the user of their package."""
    if os.geteuid() != 0:
        return [str(part) for part in command]
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *map(str, command)]


def run(command, user="postgres", **more):
    done = subprocess.run(as_server_user(command, user), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, cwd="/", **more)
    if done.returncode != 0:
        raise ServerError(f"{command[0]} failed ({done.returncode}):\n{done.stdout[-3000:]}")
    return done.stdout


def temporary_folder(prefix, user="postgres"):
    """In $TMPDIR, or in /tmp where the server's user cannot enter that."""
    for parent in (tempfile.gettempdir(), "/tmp"):
        folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        give_to_server_user(folder, user)
        # A socket's path has at most 107 bytes.
        if len(str(folder)) < 70 and subprocess.run(as_server_user(["test", "-w", folder], user), check=False,
                                                    cwd="/").returncode == 0:
            return folder
        folder.rmdir()
    raise ServerError(f"no temporary folder that the servers' user {user} can enter; set TMPDIR")


def give_to_server_user(path, user="postgres"):
    if os.geteuid() == 0:
        owner = pwd.getpwnam(user)
        os.chown(path, owner.pw_uid, owner.pw_gid)


class Node:
    """One server. It may be stopped, killed, started again and promoted by a test."""

    def __init__(self, name, folder, port, passwords, tls=False, fsync=False):
        self.name, self.folder, self.port = name, pathlib.Path(folder), port
        self.passwords, self.tls, self.fsync = passwords, tls, fsync
        self.data = self.folder / name
        self.log = self.folder / f"{name}.log"
        self._process = None

    host = "127.0.0.1"
    prefix = ()            # the words before the server's command, as those that run it in another namespace

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def socket_path(self):
        return f"{self.folder}/.s.PGSQL.{self.port}"

    @property
    def pid(self):
        """The postmaster's, or None when it does not run."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            if str(self.data) in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
                return pid
        return None

    @property
    def is_running(self):
        return self.pid is not None

    # -- creating ----------------------------------------------------------------------------------------------------

    def begin_initdb(self, password_file):
        """Starts initdb and returns its process, so that several run at once."""
        command = [BIN / "initdb", "-D", self.data, "-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password_file}",
                   "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        with open(self.log, "w", encoding="utf-8") as log:
            return subprocess.Popen(as_server_user(command), stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=subprocess.STDOUT, cwd="/")

    def configure(self):
        settings = SETTINGS.format(port=self.port, sockets=self.folder, name=self.name,
                                   fsync="on" if self.fsync else "off")
        if self.tls:
            settings += TLS_SETTINGS.format(folder=self.folder)
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(settings)
        (self.data / "pg_hba.conf").write_text(ACCESS, encoding="utf-8")

    def copy_from(self, primary):
        """Becomes a streaming replica: pg_basebackup writes standby.signal and primary_conninfo."""
        source = primary.conninfo(dbname="replication", user=SUPERUSER, application_name=self.name)
        run([BIN / "pg_basebackup", "-d", source, "-D", self.data, "-c", "fast", "-X", "stream", "-R", "--no-sync"])
        self.set("port", self.port)
        self.set("cluster_name", self.name)

    def follow(self, primary):
        """(While stopped) follows another primary, as after a promotion."""
        self.set("primary_conninfo", primary.conninfo(dbname="replication", user=SUPERUSER, application_name=self.name))
        (self.data / "standby.signal").touch()
        give_to_server_user(self.data / "standby.signal")

    def set(self, setting, value):
        """Writes a setting; the last one in the file counts. reload() or a start makes it take effect."""
        quoted = str(value).replace("'", "''")
        with open(self.data / "postgresql.auto.conf", "a", encoding="utf-8") as file:
            file.write(f"{setting} = '{quoted}'\n")

    # -- running -----------------------------------------------------------------------------------------------------

    def launch(self):
        """Starts the server without waiting for it."""
        with open(self.log, "a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [*self.prefix, *as_server_user([BIN / "postgres", "-D", self.data])], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True, cwd="/")

    def wait_ready(self):
        status = self.data / "postmaster.pid"

        def is_ready():
            if self._process is not None and self._process.poll() is not None:
                raise ServerError(f"{self.name} did not start:\n{self.log_tail()}")
            with contextlib.suppress(OSError):
                lines = status.read_text().splitlines()
                return len(lines) > 7 and lines[7].strip() == "ready"
            return False
        wait_until(is_ready, START_SECONDS, f"{self.name} accepts connections")

    def start(self):
        self.launch()
        self.wait_ready()

    def stop(self, how="fast", seconds=30):
        """fast: clients are cut off; immediate: no checkpoint; kill: SIGKILL to all of it, as in a power failure."""
        pid = self.pid
        if pid is None:
            return
        if how == "kill":
            processes = self._processes()
            self._signal_all(signal.SIGKILL)
            wait_until(lambda: all(map(self._is_gone, processes)), seconds, f"{self.name} is killed")
            for left in ("postmaster.pid", f"../.s.PGSQL.{self.port}", f"../.s.PGSQL.{self.port}.lock"):
                (self.data / left).unlink(missing_ok=True)
        else:
            self._signal(pid, {"fast": signal.SIGINT, "smart": signal.SIGTERM, "immediate": signal.SIGQUIT}[how])
            wait_until(lambda: self._is_gone(pid), seconds, f"{self.name} stops")
        self._process = None

    def pause(self):
        """The whole server hangs, its connections open (SIGSTOP)."""
        self._signal_all(signal.SIGSTOP)

    def resume(self):
        self._signal_all(signal.SIGCONT)

    def restart(self, how="fast"):
        self.stop(how)
        self.start()

    def reload(self):
        self._signal(self.pid, signal.SIGHUP)

    def promote(self):
        run([BIN / "pg_ctl", "promote", "-D", self.data, "-w"])

    def _processes(self):
        pid = self.pid
        return [pid, *map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split())]

    def _signal_all(self, number):
        for process in self._processes():
            self._signal(process, number)

    @staticmethod
    def _signal(pid, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def _is_gone(self, pid):
        if self._process is not None and self._process.pid == pid:
            return self._process.poll() is not None
        with contextlib.suppress(OSError):
            state = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            return state == "Z"   # ended, and its new parent has not noticed yet
        return True

    def log_tail(self, size=3000):
        return self.log.read_text(encoding="utf-8", errors="replace")[-size:]

    # -- asking ------------------------------------------------------------------------------------------------------

    def conninfo(self, **overrides):
        """A libpq connection string for the application's user, or for another one."""
        values = {"host": self.host, "port": self.port, "dbname": DATABASE, "user": APP, **overrides}
        if values["user"] in self.passwords:
            values.setdefault("password", self.passwords[values["user"]])
        return psycopg.conninfo.make_conninfo(**values)

    def connect(self, **overrides):
        """A psycopg connection straight to the server, in autocommit."""
        return psycopg.connect(self.conninfo(**overrides), autocommit=True)

    def query(self, sql, parameters=None, **overrides):
        """The rows of one statement (None if it returns none), sent by the superuser unless told otherwise."""
        with self.connect(**{"user": SUPERUSER, **overrides}) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else None

    def value(self, sql, parameters=None, **overrides):
        """The first column of the first row."""
        return self.query(sql, parameters, **overrides)[0][0]


class Shard:
    """One primary and its replicas, as they were created."""

    def __init__(self, name, primary, replicas):
        self.name, self.primary, self.replicas = name, primary, replicas

    @property
    def nodes(self):
        return [self.primary, *self.replicas]

    @property
    def addresses(self):
        return [node.address for node in self.nodes]

    def wait_for_replicas(self, seconds=30):
        """Until every running replica has replayed what the primary has written by now."""
        position = self.primary.value("select pg_current_wal_insert_lsn()::text")
        for replica in self.replicas:
            if replica.is_running:
                wait_until(lambda r=replica: r.value("select coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, false)",
                                                     [position], dbname="postgres"),
                           seconds, f"{replica.name} replays {position}")


class Cluster:
    """The servers of one test run."""

    def __init__(self, shards=2, replicas=1, plain=False, folder=None, fsync=False, tls=False, passwords=None):
        self._owns_folder = folder is None
        self.folder = pathlib.Path(folder).resolve() if folder else temporary_folder("shardway-")
        self.passwords = passwords or {user: secrets.token_hex(12) for user in (SUPERUSER, APP, CONTROL)}
        self.settings = {"shards": shards, "replicas": replicas, "plain": plain, "fsync": fsync, "tls": tls}
        self.shards = [Shard(f"shop_{i}", self._node(f"shop_{i}_a"),
                             [self._node(f"shop_{i}_{chr(ord('b') + r)}") for r in range(replicas)])
                       for i in range(shards)]
        self.plain = self._node("plain") if plain else None

    def _node(self, name):
        return Node(name, self.folder, free_port(), self.passwords, self.settings["tls"], self.settings["fsync"])

    @property
    def primaries(self):
        """Every server that is no replica."""
        return [shard.primary for shard in self.shards] + ([self.plain] if self.plain else [])

    @property
    def nodes(self):
        return [node for shard in self.shards for node in shard.nodes] + ([self.plain] if self.plain else [])

    @property
    def ca(self):
        """The certificate authority that signed the servers' certificate (with tls=True)."""
        return str(self.folder / "ca.crt")

    def start(self):
        """All or nothing; every step runs on all servers at once."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            give_to_server_user(self.folder)
            if self.settings["tls"]:
                make_certificates(self.folder)
            self._init_primaries()
            for node in self.primaries:
                node.configure()
                node.launch()
            for node in self.primaries:
                node.wait_ready()
                self._create_users(node)
            self._start_replicas()
        except BaseException:
            self.stop()
            raise
        return self

    def _init_primaries(self):
        password_file = self.folder / "superuser.password"
        password_file.touch(mode=0o600)
        give_to_server_user(password_file)
        password_file.write_text(self.passwords[SUPERUSER] + "\n", encoding="utf-8")
        running = [(node, node.begin_initdb(password_file)) for node in self.primaries]
        failed = [node for node, process in running if process.wait() != 0]
        password_file.unlink()
        if failed:
            raise ServerError(f"initdb failed:\n{failed[0].log_tail()}")

    def _create_users(self, node):
        with node.connect(user=SUPERUSER, dbname="postgres") as connection:
            connection.execute(f"create role {APP} login password '{self.passwords[APP]}'")
            connection.execute(f"create role {CONTROL} login password '{self.passwords[CONTROL]}'"
                               " in role pg_monitor, pg_signal_backend, pg_checkpoint")
            connection.execute(f"grant alter system on parameter primary_conninfo, default_transaction_read_only to {CONTROL}")
        with node.connect(user=SUPERUSER, dbname="template1") as connection:   # functions are of one database: those made from it have the grants
            connection.execute(f"grant execute on function pg_promote(boolean, integer), pg_reload_conf() to {CONTROL}")
        with node.connect(user=SUPERUSER, dbname="postgres") as connection:
            connection.execute(f"create database {DATABASE} owner {APP}")
            connection.execute(f"grant create on database {DATABASE} to {CONTROL}")

    def _start_replicas(self):
        for shard in self.shards:
            for replica in shard.replicas:
                replica.copy_from(shard.primary)
                replica.launch()
        for shard in self.shards:
            for replica in shard.replicas:
                replica.wait_ready()
            shard.wait_for_replicas()

    def create_database(self, name, owner=APP):
        """On every primary; a test module of its own database disturbs no other."""
        for node in self.primaries:
            with node.connect(user=SUPERUSER, dbname="postgres") as connection:
                connection.execute(f"drop database if exists {name} with (force)")
                connection.execute(f"create database {name} owner {owner}")
                connection.execute(f"grant create on database {name} to {CONTROL}")
        for shard in self.shards:
            shard.wait_for_replicas()

    def drop_database(self, name):
        for node in self.primaries:
            if node.is_running:
                node.query(f"drop database if exists {name} with (force)", dbname="postgres")

    def stop(self):
        """Stops every server and removes the folder. May be called twice."""
        for node in self.nodes:
            if node.is_running:
                node.resume()
            with contextlib.suppress(ServerError):
                node.stop("immediate")
            if node.is_running:
                node.stop("kill")
        if self._owns_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            for node in self.nodes:
                shutil.rmtree(node.data, ignore_errors=True)

    def __enter__(self):
        stop_at_exit(self)
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # -- a description that another process can load ------------------------------------------------------------------

    def save(self, file):
        def describe(node):
            return {"name": node.name, "port": node.port, "pid": node.pid, "data": str(node.data)}
        content = {
            "folder": str(self.folder), "owns_folder": self._owns_folder, "passwords": self.passwords, **self.settings,
            "nodes": [{"shard": shard.name, "primary": describe(shard.primary),
                       "replicas": [describe(replica) for replica in shard.replicas]} for shard in self.shards],
            "plain_node": describe(self.plain) if self.plain else None,
        }
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as out:
            json.dump(content, out, indent=2)

    @classmethod
    def load(cls, file):
        with open(file, encoding="utf-8") as source:
            content = json.load(source)
        cluster = cls(folder=content["folder"], passwords=content["passwords"],
                      **{key: content[key] for key in ("shards", "replicas", "plain", "fsync", "tls")})
        cluster._owns_folder = content["owns_folder"]
        for shard, saved in zip(cluster.shards, content["nodes"]):
            for node, described in zip(shard.nodes, [saved["primary"], *saved["replicas"]]):
                node.port = described["port"]
        if cluster.plain:
            cluster.plain.port = content["plain_node"]["port"]
        return cluster


def make_certificates(folder, user="postgres"):
    """ca.crt and a server's certificate for 127.0.0.1 and localhost that it signed."""
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=folder)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 30,
            "-subj", "/CN=Shardway test CA", "-keyout", "ca.key", "-out", "ca.crt")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
            "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="utf-8")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", 30,
            "-extfile", "names", "-out", "server.crt")
    (folder / "server.key").chmod(0o600)
    for name in ("ca.crt", "server.crt", "server.key"):
        give_to_server_user(folder / name, user)


def stop_at_exit(stoppable):
    """Also when a signal ends this process."""
    atexit.register(stoppable.stop)

    def leave(number, _frame):
        sys.exit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, leave)


@contextlib.contextmanager
def shared(**wanted):
    """The run's servers ($SHARDWAY_TEST_SERVERS), or else new ones for this process."""
    file = os.environ.get("SHARDWAY_TEST_SERVERS")
    if file:
        yield Cluster.load(file)
        return
    with Cluster(**wanted) as cluster:
        yield cluster


def main():
    parser = argparse.ArgumentParser(description="Starts and stops PostgreSQL servers for tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start")
    start.add_argument("--shards", type=int, default=2)
    start.add_argument("--replicas", type=int, default=1)
    start.add_argument("--plain", action="store_true", help="and one server of its own to compare with")
    start.add_argument("--tls", action="store_true")
    start.add_argument("--fsync", action="store_true")
    start.add_argument("--dir", help="folder for the data (default: a new temporary one)")
    start.add_argument("--json", required=True, help="where to write ports, passwords and process ids")
    stop = commands.add_parser("stop")
    stop.add_argument("--json", required=True)
    arguments = parser.parse_args()
    if arguments.command == "stop":
        if os.path.exists(arguments.json):
            Cluster.load(arguments.json).stop()
            os.unlink(arguments.json)
        return
    cluster = Cluster(arguments.shards, arguments.replicas, arguments.plain, arguments.dir, arguments.fsync,
                      arguments.tls)
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    cluster.start()
    cluster.save(arguments.json)


if __name__ == "__main__":
    main()
