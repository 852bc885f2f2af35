"""What is measured: the servers with their data, and each way to reach them.

Every proxy is one process of an unprivileged user with a configuration written here, listening on a loopback port.
"""
import contextlib
import dataclasses
import os
import pathlib
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import servers  # noqa: E402  (found through the line above)

POOL_SIZE = 16
BIG_ROWS, BIG_KEY = 100_000, 7
SLOTS, HALF = 16384, 8192
START_SECONDS = 20

# As little as possible of what costs time but is not the proxy's: the same on every server.
SERVER_SETTINGS = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off", "jit": "off",
    "wal_level": "replica", "wal_log_hints": "off", "max_wal_size": "4GB", "checkpoint_timeout": "1h",
}
BIG_TABLE = f"""
create table big as select {BIG_KEY} as shop, i as id, repeat('x', 92) as line from generate_series(1, {BIG_ROWS}) i
"""
# One shard's rows: those whose key falls into its half of the slots, as PostgreSQL hashes it.
SHARDED_KEYS = {"pgbench_accounts": "aid", "pgbench_branches": "bid", "pgbench_tellers": "tid", "big": "shop"}
FOREIGN_ROWS = f"delete from {{table}} where (hashint4extended({{key}}, 0) & {SLOTS - 1}) / {HALF} <> {{shard}}"

PGBOUNCER = """
[databases]
{database} = host=127.0.0.1 port={target} dbname={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {pool}
max_client_conn = 6000
server_tls_sslmode = disable
log_connections = 0
log_disconnections = 0
"""
HAPROXY = """
global
  nbthread 1
  maxconn 6000
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen bench
  bind 127.0.0.1:{port}
  server database 127.0.0.1:{target}
"""
SHARDWAY = """
[shardway]
workers = 1
[[listen]]
protocol = "postgresql"
address = "127.0.0.1:{port}"
[[user]]
name = "{user}"
password = "{password}"
[[database]]
name = "{database}"
protocol = "postgresql"
[database.pool]
mode = "transaction"
size = {pool}
[database.control]
user = "{control_user}"
password = "{control_password}"
[database.server_tls]
mode = "off"
"""
SHARDING = f"""
[database.sharding]
slots = {SLOTS}
map = {{ shop_0 = "0-{HALF - 1}", shop_1 = "{HALF}-{SLOTS - 1}" }}
"""


class Site:
    """The servers, loaded: one with everything, and two that share the same rows as shards."""

    def __init__(self, cluster, build, cpu, scale):
        self.cluster, self.build, self.cpu, self.scale = cluster, build, cpu, scale
        self.user, self.password = servers.APP, cluster.passwords[servers.APP]
        self.database = servers.DATABASE
        self.folder = cluster.folder / "bench"
        self.folder.mkdir()
        self.counts = self.folder / "counts"
        self.counter = None

    def load(self):
        for node in self.cluster.primaries:
            for name, value in {**SERVER_SETTINGS, "shared_buffers": shared_buffers()}.items():
                node.set(name, value)
            node.restart()
            fill(node, self)
        for index, shard in enumerate(self.cluster.shards):
            for table, key in SHARDED_KEYS.items():
                shard.primary.query(FOREIGN_ROWS.format(table=table, key=key, shard=index))
            shard.primary.query("vacuum analyze")


def shared_buffers():
    """A sixteenth of the machine's memory for each server, within limits that hold the data."""
    with open("/proc/meminfo", encoding="ascii") as file:
        kib = int(file.readline().split()[1])
    return f"{min(1024, max(256, kib // 1024 // 16))}MB"


def fill(node, site):
    environment = {**os.environ, "PGPASSWORD": site.password}
    subprocess.run(["pgbench", "-i", "-q", "-s", str(site.scale), "-h", node.host, "-p", str(node.port),
                    "-U", site.user, site.database], env=environment, check=True, capture_output=True)
    node.query(BIG_TABLE, user=site.user)
    node.query("vacuum analyze")
    node.query("checkpoint")


@dataclasses.dataclass
class Endpoint:
    """A port to connect to; `pid` is the process measured, none for the server itself."""
    name: str
    port: int
    sharded: bool = False
    skips: str = "$^"          # workloads it cannot do
    process: subprocess.Popen = None

    @property
    def pid(self):
        return self.process.pid if self.process else None

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Proxies:
    """Starts proxies by name; those that this machine lacks are not available."""

    def __init__(self, site, before=None):
        self.site = site
        self.plain = site.cluster.plain.port if site.cluster.plain else None
        self.makers = {"direct": self.direct, "floor": self.floor, "haproxy": self.haproxy, "pgbouncer": self.pgbouncer,
                       "shardway": self.shardway, "shardway-sharded": self.shardway_sharded}
        self.programs = {"floor": site.build / "tests/bench/bench_forwarder", "haproxy": "haproxy",
                         "pgbouncer": "pgbouncer", "shardway": site.build / "shardway",
                         "shardway-sharded": site.build / "shardway"}
        if before:
            self.makers |= {"before": lambda: self.shardway("before"), "before-sharded": lambda: self.shardway_sharded("before-sharded")}
            self.programs |= {"before": before, "before-sharded": before}
        self.running = []

    def available(self, name):
        return name not in self.programs or program(self.programs[name]) is not None

    def start(self, name):
        endpoint = self.makers[name]()
        self.running.append(endpoint)
        wait_for_query(self.site, endpoint)
        return endpoint

    def stop(self):
        for endpoint in self.running:
            endpoint.stop()

    def direct(self):
        return Endpoint("direct", self.plain)

    def floor(self):
        port = servers.free_port()
        return Endpoint("floor", port, process=self._spawn("floor", port, self.plain))

    def haproxy(self):
        port = servers.free_port()
        config = self._write("haproxy.cfg", HAPROXY.format(port=port, target=self.plain))
        return Endpoint("haproxy", port, process=self._spawn("haproxy", "-db", "-f", config))

    def pgbouncer(self):
        port = servers.free_port()
        users = self._write("users.txt", f'"{self.site.user}" "{self.site.password}"\n')
        config = self._write("pgbouncer.ini", PGBOUNCER.format(
            database=self.site.database, target=self.plain, port=port, users=users, pool=POOL_SIZE))
        # Prepared statements in transaction mode came with 1.21.
        skips = "prepared" if pgbouncer_version() < (1, 21) else "$^"
        return Endpoint("pgbouncer", port, skips=skips, process=self._spawn("pgbouncer", "-q", config))

    def shardway(self, name="shardway"):
        return self._shardway(name, shard_section("only", self.site.cluster.plain.address), sharded=False)

    def shardway_sharded(self, name="shardway-sharded"):
        shards = "".join(shard_section(shard.name, *shard.addresses) for shard in self.site.cluster.shards)
        tables = "".join(f'[[database.table]]\nname = "{table}"\nkey = "{key}"\ntype = "int"\n'
                         for table, key in SHARDED_KEYS.items())
        return self._shardway(name, shards + SHARDING + tables, sharded=True)

    def _shardway(self, name, rest, sharded):
        port, site = servers.free_port(), self.site
        config = self._write(f"{name}.toml", SHARDWAY.format(
            port=port, user=site.user, password=site.password, database=site.database, pool=POOL_SIZE,
            control_user=servers.CONTROL, control_password=site.cluster.passwords[servers.CONTROL]) + rest)
        return Endpoint(name, port, sharded=sharded, process=self._spawn(name, "run", "--config", config))

    def _write(self, name, text):
        path = self.site.folder / name
        path.write_text(text, encoding="utf-8")
        servers.give_to_server_user(path)
        return path

    def _spawn(self, name, *arguments):
        # A copy, because the server's user may not be allowed into the build folder.
        original = pathlib.Path(program(self.programs[name]))
        copy = self.site.folder / ("before" if name.startswith("before") else original.name)
        if not copy.exists():
            shutil.copy(original, copy)
        with open(self.site.folder / f"{name}.log", "a", encoding="utf-8") as log:
            return subprocess.Popen(servers.as_server_user([copy, *arguments]), stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=subprocess.STDOUT, start_new_session=True, cwd="/")


def shard_section(name, *nodes):
    quoted = ", ".join(f'"{node}"' for node in nodes)
    return f'[[database.shard]]\nname = "{name}"\nnodes = [{quoted}]\n'


def program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")


def version_of(name, *arguments):
    found = program(name)
    if not found:
        return ""
    said = subprocess.run([found, *arguments], capture_output=True, text=True, check=False).stdout
    return said.partition("\n")[0].strip()


def pgbouncer_version():
    return tuple(map(int, version_of("pgbouncer", "--version").split()[1].split(".")[:2]))


def wait_for_query(site, endpoint):
    """Until a client can log in and ask."""
    def answers():
        if endpoint.process and endpoint.process.poll() is not None:
            log = site.folder / f"{endpoint.name}.log"
            raise servers.ServerError(f"{endpoint.name} did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", endpoint.port), 1):
            return subprocess.run(
                ["psql", "-XAtqc", "select abalance from pgbench_accounts where aid = 1", "-h", "127.0.0.1", "-p",
                 str(endpoint.port), "-U", site.user, site.database], capture_output=True, check=False,
                env={**os.environ, "PGPASSWORD": site.password, "PGSSLMODE": "disable"}).returncode == 0
        return False
    servers.wait_until(answers, START_SECONDS, f"{endpoint.name} answers a query", pause=0.1)
