"""Runs the program under test: writes its configuration, waits until it serves, keeps its log, ends it and looks at
how it ended. A crash, a sanitizer's report, a hang or a wrong exit status is an error, whatever the test saw.

    with Proxy(sharded_config(cluster, tables=[...])) as proxy:
        with proxy.connect(dbname="shop") as connection: ...
"""
import contextlib
import copy
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

import psycopg
import psycopg.rows

from support.servers import APP, CONTROL, free_port, wait_until, ServerError, stop_at_exit

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRESET = os.environ.get("SHARDWAY_PRESET", "release")
START_SECONDS, STOP_SECONDS = 30, 40
SANITIZER_REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", ": runtime error: ")
ADMIN, ADMIN_PASSWORD = "admin", "admin-secret"


def tried(all_of_them, some_of_them):
    """What a test goes through. A sanitizer's build takes ten times as long for the same and looks at how, not at what is answered: there some will do."""
    return some_of_them if PRESET in ("asan", "fuzz", "tsan") else all_of_them


class ProxyError(AssertionError):
    """The program did not start, or did not end as it should; the message carries the end of its log."""


def binary():
    return pathlib.Path(os.environ.get("SHARDWAY_BINARY", ROOT / "build" / PRESET / "shardway"))


# -- configurations --------------------------------------------------------------------------------------------------

def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml_key(key)} = {toml_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def toml_key(key):
    return key if key.replace("_", "").replace("-", "").isalnum() else toml_value(key)


def to_toml(table, path=""):
    """A dict as TOML: dicts become [tables], lists of dicts [[arrays of tables]], everything else a value."""
    lines, inner = [], []
    for key, value in table.items():
        name = path + toml_key(key)
        if isinstance(value, dict):
            inner.append(f"\n[{name}]\n" + to_toml(value, name + "."))
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            inner += [f"\n[[{name}]]\n" + to_toml(item, name + ".") for item in value]
        else:
            lines.append(f"{toml_key(key)} = {toml_value(value)}\n")
    return "".join(lines + inner)


def slot_map(names, slots=16384):
    """Equal ranges of slots, as many as there are shards."""
    each = slots // len(names)
    ends = [each * (i + 1) for i in range(len(names) - 1)] + [slots]
    return {name: f"{each * i}-{ends[i] - 1}" for i, name in enumerate(names)}


def base_config(cluster, **settings):
    """Listeners, users and no database; two workers. A keyword (`workers=1`) is a key of [shardway]."""
    http = free_port()
    return {
        "shardway": {"workers": 2, **settings},
        "listen": [{"protocol": "postgresql", "address": f"127.0.0.1:{free_port()}"}],
        "admin": {"http": f"127.0.0.1:{http}", "users": [ADMIN]},
        "user": [{"name": APP, "password": cluster.passwords[APP], "hints": True},
                 {"name": ADMIN, "password": ADMIN_PASSWORD}],
        "database": [],
    }


def _database(cluster, name, shards, server_database, pool, reads, more):
    database = {
        "name": name, "protocol": "postgresql",
        "pool": {"mode": "transaction", "size": 10, **(pool or {})},
        "control": {"user": CONTROL, "password": cluster.passwords[CONTROL]},
        **({"reads": reads} if reads else {}), **more,
        "shard": [{"name": label, "nodes": addresses} for label, addresses in shards],
    }
    if server_database:
        database["server_database"] = server_database
    return database


def unsharded_database(cluster, name="plain", server_database=None, nodes=None, pool=None, reads=None, **more):
    """A database of one shard: the plain server if there is one, else the first shard's nodes."""
    if nodes is None:
        nodes = [cluster.plain] if cluster.plain else cluster.shards[0].nodes
    shards = [(f"{name}_0", [node.address for node in nodes])]
    return _database(cluster, name, shards, server_database, pool, reads, more)


def sharded_database(cluster, tables, name="shop", server_database=None, pool=None, reads=None, sharding=None, **more):
    """A database over all shards. tables: [[database.table]] entries: {"name": "t", "key": "id", "type": "bigint"}"""
    shards = [(shard.name, shard.addresses) for shard in cluster.shards]
    database = _database(cluster, name, shards, server_database, pool, reads, more)
    database["sharding"] = {"slots": 16384, "map": slot_map([label for label, _ in shards]), **(sharding or {})}
    database["table"] = list(tables)
    return database


# -- the program -----------------------------------------------------------------------------------------------------

class Proxy:
    """One running shardway."""

    def __init__(self, config, program=None, environment=None, folder=None):
        """config: a dict (see base_config) or TOML text. Listeners are found in a dict only."""
        self.config = config
        self.program = pathlib.Path(program or binary())
        self.environment = environment or {}
        self._owns_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="shardway-proxy-"))
        self.file = self.folder / "shardway.toml"
        self.log_file = self.folder / "shardway.log"
        self.process = None
        self._registered = False

    def write_config(self):
        text = self.config if isinstance(self.config, str) else to_toml(self.config)
        self.file.touch(mode=0o600)
        self.file.write_text(text, encoding="utf-8")

    def start(self, wait=True):
        if not self._registered:
            stop_at_exit(_Killer(self))
            self._registered = True
        self.write_config()
        environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1", "TSAN_OPTIONS": "second_deadlock_stack=1",
                       "ASAN_OPTIONS": "detect_stack_use_after_return=1:quarantine_size_mb=4", **self.environment}
        with open(self.log_file, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [str(self.program), "run", "--config", str(self.file)], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=environment, cwd=self.folder, start_new_session=True)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        def is_ready():
            if self.process.poll() is not None:
                raise ProxyError(f"shardway ended with status {self.process.returncode} at start:\n{self.log_tail()}")
            http = [] if isinstance(self.config, str) else [self.config.get("admin", {}).get("http")]
            return all(map(_accepts, [*self.addresses, *filter(None, http)]))
        try:
            wait_until(is_ready, START_SECONDS, "shardway accepts connections")
        except ServerError as error:
            self.kill()
            raise ProxyError(f"{error}\n{self.log_tail()}") from None

    def send(self, number):
        """Sends a signal to the program."""
        self.process.send_signal(number)

    def reload(self, config=None):
        """Writes a changed configuration, if given, and sends SIGHUP."""
        if config is not None:
            self.config = config
        self.write_config()
        self.send(signal.SIGHUP)

    def wait(self, seconds=STOP_SECONDS):
        """The exit status. A program that does not end in time is killed, and that is an error."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
            self.kill()
            raise ProxyError(f"shardway did not end within {seconds} s:\n{self.log_tail()}") from None

    def stop(self, number=signal.SIGTERM, expect=0, seconds=STOP_SECONDS):
        """Ends the program and checks how it ended."""
        if self.process is None:
            return
        try:
            if self.process.poll() is None:
                self.send(number)
            status = self.wait(seconds)
            reports = [line for line in self.log().splitlines() if any(mark in line for mark in SANITIZER_REPORTS)]
            if reports:
                raise ProxyError(f"a sanitizer reports:\n{reports[0]}\n{self._log_from(reports[0])}")
            if status != expect:
                raise ProxyError(f"shardway ended with status {status}, not {expect}:\n{self.log_tail()}")
        finally:
            self.process = None
            if self._owns_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self):
        """Ends it at once, without a look at how."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
            return
        try:
            self.stop()
        except ProxyError as error:   # the test's own failure comes first; this is its likely cause
            print(error)

    # -- its log -----------------------------------------------------------------------------------------------------

    def log(self):
        return self.log_file.read_text(encoding="utf-8", errors="replace") if self.log_file.exists() else ""

    def log_tail(self, size=6000):
        return self.log()[-size:]

    def _log_from(self, mark, size=8000):
        log = self.log()
        start = log.index(mark)
        return log[start:start + size]

    def wait_for_log(self, text, seconds=10):
        """Until the log contains the text."""
        try:
            wait_until(lambda: text in self.log(), seconds, f"the log says {text!r}")
        except ServerError as error:
            raise ProxyError(f"{error}\n{self.log_tail()}") from None

    # -- reaching it -------------------------------------------------------------------------------------------------

    @property
    def addresses(self):
        return [listen["address"] for listen in self.config["listen"]]

    @property
    def port(self):
        return int(self.addresses[0].rpartition(":")[2])

    def user_password(self, name):
        for user in self.config["user"]:
            if user["name"] == name:
                return ADMIN_PASSWORD if name == ADMIN else user["password"]
        return None

    def conninfo(self, **overrides):
        """A libpq connection string for the first listener, the first database and the application's user."""
        first = self.config["database"][0]["name"] if self.config["database"] else "shardway"
        values = {"host": "127.0.0.1", "port": self.port, "dbname": first, "user": APP, **overrides}
        password = self.user_password(values["user"])
        if password is not None:
            values.setdefault("password", password)
        return psycopg.conninfo.make_conninfo(**values)

    def url(self, **overrides):
        values = psycopg.conninfo.conninfo_to_dict(self.conninfo(**overrides))
        return "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**values)

    def connect(self, autocommit=True, **overrides):
        """A psycopg connection through the program. Give prepare_threshold=0 to prepare at once, None never."""
        arguments = {key: overrides.pop(key) for key in ("prepare_threshold", "cursor_factory", "row_factory")
                     if key in overrides}
        return psycopg.connect(self.conninfo(**overrides), autocommit=autocommit, **arguments)

    def query(self, sql, parameters=None, **overrides):
        """The rows of one statement on a connection of its own; None if it returns none."""
        with self.connect(**overrides) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else None

    def check_servers(self, change, secrets):
        """`shardway check --servers` with a changed configuration, as a finished process; no secret may stand in what it says."""
        config = copy.deepcopy(self.config)
        change(config)
        with tempfile.TemporaryDirectory() as folder:
            program = type(self)(config, folder=folder)
            program.write_config()
            done = subprocess.run([binary(), "check", "--servers", "--config", program.file], capture_output=True, text=True, timeout=60,
                                  check=False)
        if any(secret in done.stdout + done.stderr for secret in secrets if secret):
            raise AssertionError("check --servers tells a password")
        return done

    def console(self, command):
        """One console command's rows, as dicts (simple protocol)."""
        with self.connect(dbname="shardway", user=ADMIN, prepare_threshold=None,
                          row_factory=psycopg.rows.dict_row) as connection:
            cursor = psycopg.ClientCursor(connection, row_factory=psycopg.rows.dict_row)
            cursor.execute(command)
            return cursor.fetchall() if cursor.description else None

    def http(self, path):
        """(status, text) of a GET on the admin address."""
        try:
            with urllib.request.urlopen(f"http://{self.config['admin']['http']}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


class _Killer:
    """What is left of a Proxy's obligations when the whole process ends."""

    def __init__(self, proxy):
        self._proxy = proxy

    def stop(self):
        self._proxy.kill()
        if self._proxy._owns_folder:
            shutil.rmtree(self._proxy.folder, ignore_errors=True)


def _accepts(address):
    family = socket.AF_INET
    if address.startswith("unix:"):
        family, target = socket.AF_UNIX, address.removeprefix("unix:")
    else:
        host, _, port = address.rpartition(":")
        if host.startswith("["):
            family, host = socket.AF_INET6, host.strip("[]")
        target = (host, int(port))
    with socket.socket(family) as probe, contextlib.suppress(OSError):
        probe.settimeout(1)
        probe.connect(target)
        return True
    return False
