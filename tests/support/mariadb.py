#!/usr/bin/python3
"""Real MariaDB servers for tests, the demo and the benchmarks: the twin of servers.py.

A Cluster is N shards, each a primary with R replicas that follow it by GTID, and if asked for one plain server to compare with.
Users: `app` (mysql_native_password), `app_ed25519`, `app_nopass` (an empty password), `shardway` (control), `root`.

    with Cluster(shards=2, replicas=1) as cluster:
        cluster.shards[0].primary.query("select 1")

    mariadb.py start --shards 2 --replicas 1 --json FILE    starts one that outlives this process
    mariadb.py stop --json FILE
"""
import argparse
import contextlib
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys

import pymysql

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import servers  # noqa: E402
from support.servers import APP, CONTROL, ServerError, give_to_server_user, wait_until  # noqa: E402

SUPERUSER, REPLICATION = "root", "replication"
APP_ED25519, APP_NO_PASSWORD = "app_ed25519", "app_nopass"
DATABASE = "shop"
SERVER_USER = "mysql"
START_SECONDS = 40
PROGRAM = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin") or "mariadbd"   # not everybody's path has it
PLUGINS = pathlib.Path("/usr/lib/mysql/plugin")

SETTINGS = """
[mariadbd]
datadir = {data}
tmpdir = {folder}/{name}.tmp
port = {port}
socket = {folder}/{name}.sock
pid_file = {data}/mariadbd.pid
bind_address = 127.0.0.1
skip_name_resolve = on
server_id = {server_id}
log_bin = binlog
binlog_format = row
log_slave_updates = on
gtid_strict_mode = on
session_track_system_variables = *
session_track_transaction_info = CHARACTERISTICS
character_set_server = utf8mb4
default_time_zone = +00:00
local_infile = on
log_bin_trust_function_creators = on
max_connections = 300
max_allowed_packet = 64M
innodb_buffer_pool_size = 48M
innodb_log_file_size = 48M
innodb_flush_log_at_trx_commit = {durable}
sync_binlog = {durable}
innodb_doublewrite = {durable}
innodb_use_native_aio = off
aria_log_file_size = 8M
performance_schema = off
slave_net_timeout = 10
"""
TLS_SETTINGS = """ssl_ca = {folder}/ca.crt
ssl_cert = {folder}/server.crt
ssl_key = {folder}/server.key
"""
# Run by each server at its first start; not replicated, for every server does it.
USERS = """SET sql_log_bin = 0;
ALTER USER root@localhost IDENTIFIED VIA mysql_native_password USING PASSWORD('{root}');
CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED VIA mysql_native_password USING PASSWORD('{root}');
GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
CREATE OR REPLACE USER app@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('{app}');
CREATE OR REPLACE USER app_nopass@'%';
CREATE OR REPLACE USER shardway@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('{shardway}');
GRANT SELECT, PROCESS, RELOAD, BINLOG MONITOR, SLAVE MONITOR, REPLICATION SLAVE, REPLICATION SLAVE ADMIN, REPLICATION MASTER ADMIN, READ_ONLY ADMIN, CONNECTION ADMIN ON *.* TO shardway@'%';
GRANT ALL ON shardway.* TO shardway@'%';
GRANT INSERT ON shardway.* TO PUBLIC;
CREATE OR REPLACE USER replication@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('{replication}');
GRANT REPLICATION SLAVE ON *.* TO replication@'%';
"""
ED25519_USER = "CREATE OR REPLACE USER app_ed25519@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{app_ed25519}');\n"
USERS_OF_DATABASES = (APP, APP_ED25519, APP_NO_PASSWORD, CONTROL)


def has_ed25519():
    return (PLUGINS / "auth_ed25519.so").exists()


class Node(servers.Node):
    """One server. It may be stopped, killed, started again and promoted by a test."""

    server_id = 0
    more_settings = ""     # lines for the configuration file

    @property
    def socket_path(self):
        return f"{self.folder}/{self.name}.sock"

    @property
    def file(self):
        return self.folder / f"{self.name}.cnf"

    @property
    def pid(self):
        """The server's, or None when it does not run."""
        with contextlib.suppress(OSError, ValueError):
            if self._process is not None and self._process.poll() is None:
                return self._process.pid
            pid = int((self.data / "mariadbd.pid").read_text(encoding="utf-8"))
            if str(self.file) in pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8"):
                return pid
        return None

    # -- creating ----------------------------------------------------------------------------------------------------

    def create(self, template):
        """A data directory from the template, one for its temporary tables (a server that starts deletes all it finds in there, those
        of others that run, too, which crash then), and the configuration file."""
        servers.run(["cp", "-r", "--reflink=auto", template, self.data], user=SERVER_USER)
        servers.run(["mkdir", f"{self.folder}/{self.name}.tmp"], user=SERVER_USER)
        settings = SETTINGS.format(data=self.data, port=self.port, folder=self.folder, name=self.name,
                                   server_id=self.server_id, durable=int(self.fsync))
        if self.tls:
            settings += TLS_SETTINGS.format(folder=self.folder)
        if has_ed25519():
            settings += "plugin_load_add = auth_ed25519\n"
        self.file.write_text(settings + self.more_settings, encoding="utf-8")

    def set(self, setting, value):
        """Writes a setting; the last one in the file counts. A start makes it take effect."""
        with open(self.file, "a", encoding="utf-8") as file:
            file.write(f"{setting} = {value}\n")

    def follow(self, primary):
        """Becomes (or stays) a replica, of this primary from now on."""
        with self.connect(user=SUPERUSER, database=None) as connection, connection.cursor() as cursor:
            cursor.execute("STOP SLAVE")
            cursor.execute("SET GLOBAL read_only = 1")
            if self._value(cursor, "SELECT @@gtid_binlog_pos <> @@gtid_slave_pos AND @@gtid_binlog_pos <> ''"):
                cursor.execute("SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos")   # it was a primary
            cursor.execute("CHANGE MASTER TO master_host = %s, master_port = %s, master_user = %s, master_password = %s,"
                           " master_use_gtid = slave_pos, master_connect_retry = 1",
                           (primary.host, primary.port, REPLICATION, self.passwords[REPLICATION]))
            cursor.execute("START SLAVE")
        self.set("read_only", "on")

    def promote(self):
        """Stops following and takes writes."""
        with self.connect(user=SUPERUSER, database=None) as connection, connection.cursor() as cursor:
            for statement in ("STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = 0"):
                cursor.execute(statement)
        self.set("read_only", "off")

    @staticmethod
    def _value(cursor, sql):
        cursor.execute(sql)
        return cursor.fetchone()[0]

    # -- running -----------------------------------------------------------------------------------------------------

    def launch(self, init_file=None):
        """Starts the server without waiting for it."""
        command = [PROGRAM, f"--defaults-file={self.file}"] + ([f"--init-file={init_file}"] if init_file else [])
        with open(self.log, "a", encoding="utf-8") as log:
            self._process = subprocess.Popen([*self.prefix, *servers.as_server_user(command, SERVER_USER)], stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=subprocess.STDOUT, start_new_session=True, cwd="/")

    def wait_ready(self):
        def is_ready():
            if self._process is not None and self._process.poll() is not None:
                raise ServerError(f"{self.name} did not start:\n{self.log_tail()}")
            with contextlib.suppress(pymysql.Error):
                return self.query("SELECT 1") == [(1,)]
            return False
        try:
            wait_until(is_ready, START_SECONDS, f"{self.name} accepts connections", pause=0.05)
        except ServerError as error:
            raise ServerError(f"{error}\n{self.log_tail()}") from None

    def stop(self, how="fast", seconds=30):
        """fast: as the service is stopped; immediate or kill: SIGKILL, as in a power failure."""
        pid = self.pid
        if pid is not None:
            self._signal(pid, signal.SIGTERM if how == "fast" else signal.SIGKILL)
            wait_until(lambda: self._is_gone(pid), seconds, f"{self.name} stops")
        self._process = None

    def reload(self):
        raise NotImplementedError("MariaDB reads its file at start only")

    def _processes(self):
        return [pid for pid in [self.pid] if pid]

    # -- asking ------------------------------------------------------------------------------------------------------

    def conninfo(self, **overrides):
        """What pymysql.connect takes, for the application's user or another one."""
        values = {"host": self.host, "port": self.port, "user": APP, "database": DATABASE, **overrides}
        return {"password": self.passwords.get(values["user"], ""), **values}

    def connect(self, **overrides):
        """A pymysql connection straight to the server, in autocommit."""
        return pymysql.connect(**{"autocommit": True, "charset": "utf8mb4", **self.conninfo(**overrides)})

    def query(self, sql, parameters=None, **overrides):
        """The rows of one statement (None if it returns none), sent by the superuser, in no database, unless told otherwise."""
        with self.connect(**{"user": SUPERUSER, "database": None, **overrides}) as connection:
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return list(cursor.fetchall()) if cursor.description else None


class Shard(servers.Shard):
    def wait_for_replicas(self, seconds=30):
        """Until every running replica has applied what the primary has written by now."""
        position = self.primary.value("SELECT @@gtid_binlog_pos")
        for replica in self.replicas:
            if position and replica.is_running and replica.value("SELECT MASTER_GTID_WAIT(%s, %s)", (position, seconds)) != 0:
                raise ServerError(f"{replica.name} did not apply {position} within {seconds} s:\n{replica.log_tail()}")


class Cluster(servers.Cluster):
    """The servers of one test run. settings: lines for every server's configuration file."""

    def __init__(self, shards=2, replicas=1, plain=False, folder=None, fsync=False, tls=False, passwords=None, settings="",
                 app_password=None):
        self._more_settings = settings
        owned = folder is None
        users = (SUPERUSER, APP, APP_ED25519, CONTROL, REPLICATION)
        super().__init__(shards, replicas, plain, folder or servers.temporary_folder("shardway-", SERVER_USER), fsync, tls,
                         passwords or {APP_NO_PASSWORD: "", **{user: secrets.token_hex(12) for user in users}})
        self.passwords[APP] = app_password or self.passwords[APP]
        self._owns_folder = owned
        self.shards = [Shard(shard.name, shard.primary, shard.replicas) for shard in self.shards]

    def _node(self, name):
        node = Node(name, self.folder, servers.free_port(), self.passwords, self.settings["tls"], self.settings["fsync"])
        node.server_id, node.more_settings = node.port, self._more_settings   # the port is as good a number as any
        return node

    def start(self):
        """All or nothing; every step runs on all servers at once."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            give_to_server_user(self.folder, SERVER_USER)
            if self.settings["tls"]:
                servers.make_certificates(self.folder, SERVER_USER)
            template, users = self._template(), self._users_file()
            for node in self.nodes:
                node.create(template)
                node.launch(users)
            for node in self.nodes:
                node.wait_ready()
            users.unlink()
            shutil.rmtree(template)
            self._start_replicas()
            self.create_database(DATABASE)
        except BaseException:
            self.stop()
            raise
        return self

    def _template(self):
        """One data directory; to copy it takes a tenth of the time of making another."""
        template = self.folder / "template"
        servers.run(["mariadb-install-db", "--no-defaults", f"--datadir={template}", f"--tmpdir={self.folder}", "--skip-test-db",
                     "--innodb-log-file-size=48M", "--auth-root-authentication-method=normal", "--skip-name-resolve", "--innodb-use-native-aio=off",
                     "--aria-log-file-size=8M"], user=SERVER_USER)
        return template

    def _users_file(self):
        file = self.folder / "users.sql"
        file.touch(mode=0o600)
        give_to_server_user(file, SERVER_USER)
        file.write_text((USERS + (ED25519_USER if has_ed25519() else "")).format(**self.passwords), encoding="utf-8")
        return file

    def _start_replicas(self):
        for shard in self.shards:
            for replica in shard.replicas:
                replica.follow(shard.primary)

    def create_database(self, name, owner=APP):
        """On every primary; a test module of its own database disturbs no other."""
        for node in self.primaries:
            with node.connect(user=SUPERUSER, database=None) as connection, connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
                cursor.execute(f"CREATE DATABASE `{name}`")
                for user in {owner, *USERS_OF_DATABASES} - (set() if has_ed25519() else {APP_ED25519}):
                    cursor.execute(f"GRANT ALL ON `{name}`.* TO {user}@'%'")
        for shard in self.shards:
            shard.wait_for_replicas()

    def drop_database(self, name):
        for node in self.primaries:
            if node.is_running:
                node.query(f"DROP DATABASE IF EXISTS `{name}`")


_of_this_process = []


@contextlib.contextmanager
def shared(**wanted):
    """The run's servers ($SHARDWAY_TEST_MARIADB), or else this process's: the first who asks starts them, the end stops them."""
    file = os.environ.get("SHARDWAY_TEST_MARIADB")
    if file:
        yield Cluster.load(file)
        return
    if not _of_this_process:
        cluster = Cluster(**wanted)
        servers.stop_at_exit(cluster)
        _of_this_process.append(cluster.start())
    yield _of_this_process[0]


def main():
    parser = argparse.ArgumentParser(description="Starts and stops MariaDB servers for tests.")
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
    cluster = Cluster(arguments.shards, arguments.replicas, arguments.plain, arguments.dir, arguments.fsync, arguments.tls)
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    cluster.start()
    cluster.save(arguments.json)


if __name__ == "__main__":
    main()
