"""What is measured: the servers with their data, and each way to reach them.

Every proxy is one process of an unprivileged user with a configuration written here, listening on a loopback port. What is a
dialect's own stands in postgresql.py and mysql.py.
"""
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from support import servers  # noqa: E402  (found through the line above)

POOL_SIZE = 16
SLOTS, HALF = 16384, 8192
START_SECONDS = 20

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
protocol = "{protocol}"
address = "127.0.0.1:{port}"
[[user]]
name = "{user}"
password = "{password}"
[[database]]
name = "{database}"
protocol = "{protocol}"
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
    """The servers of one dialect, loaded: one with everything, and two that share the same rows as shards. A dialect adds

    name                    its word in the configuration
    peer                    whose figures stand in brackets
    server_user             whom its servers and the proxies run as
    generator               what makes the load: pgbench or sysbench
    idle                    what idle clients may cost
    sharded_keys            table -> key
    make_cluster(shards, replicas, plain=False)    its servers, to be entered
    versions()              of the programs that only it needs
    load()
    create_table(node)      the one that answers() reads, without rows
    answers(port)           whether a client can log in and ask
    log_in(port)            a client with query() and close(), as cheap as can be
    """
    extras = {}    # measurements of this dialect only: name -> (title, header, rows of a site and a sharded Shardway)

    def __init__(self, cluster, build, cpu, scale):
        self.cluster, self.build, self.cpu, self.scale = cluster, build, cpu, scale
        self.user, self.password = servers.APP, cluster.passwords[servers.APP]
        self.database = servers.DATABASE
        self.folder = cluster.folder / "bench"
        self.folder.mkdir()
        self.counts = self.folder / "counts"
        self.counter = None

    @classmethod
    def full_name(cls, name):
        """Of a workload or another measurement, as --only sees it."""
        return f"{cls.name}-{name}"

    def poolers(self, _proxies):
        """Proxies that know this dialect only: name -> (program, what starts it)."""
        return {}


def cache_mib():
    """A sixteenth of the machine's memory for each server, within limits that hold the data."""
    with open("/proc/meminfo", encoding="ascii") as file:
        kib = int(file.readline().split()[1])
    return min(1024, max(256, kib // 1024 // 16))


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
        shardway = site.build / "shardway"
        self.ways = {   # name -> (program, what starts it)
            "direct": (None, self.direct), "floor": (site.build / "tests/bench/bench_forwarder", self.floor),
            "haproxy": ("haproxy", self.haproxy), **site.poolers(self),
            "shardway": (shardway, self.shardway), "shardway-sharded": (shardway, self.shardway_sharded)}
        if before:
            self.ways |= {"before": (before, lambda: self.shardway("before")),
                          "before-sharded": (before, lambda: self.shardway_sharded("before-sharded"))}
        self.running = []

    def available(self, name):
        return self.ways[name][0] is None or program(self.ways[name][0]) is not None

    def pools(self, name):
        """Whether it keeps clients that do nothing without a server connection for each."""
        return name.startswith(("shardway", "before")) or name in self.site.poolers(self)

    def start(self, name):
        endpoint = self.ways[name][1]()
        self.running.append(endpoint)
        self._wait_for_answer(endpoint)
        return endpoint

    def stop(self):
        for endpoint in self.running:
            endpoint.stop()

    def direct(self):
        return Endpoint("direct", self.plain)

    def floor(self):
        port = servers.free_port()
        return Endpoint("floor", port, process=self.spawn("floor", port, self.plain))

    def haproxy(self):
        port = servers.free_port()
        config = self.write("haproxy.cfg", HAPROXY.format(port=port, target=self.plain))
        return Endpoint("haproxy", port, process=self.spawn("haproxy", "-db", "-f", config))

    def shardway(self, name="shardway"):
        return self._shardway(name, shard_section("only", self.site.cluster.plain.address), sharded=False)

    def shardway_sharded(self, name="shardway-sharded"):
        shards = "".join(shard_section(shard.name, *shard.addresses) for shard in self.site.cluster.shards)
        tables = "".join(f'[[database.table]]\nname = "{table}"\nkey = "{key}"\ntype = "int"\n'
                         for table, key in self.site.sharded_keys.items())
        return self._shardway(name, shards + SHARDING + tables, sharded=True)

    def _shardway(self, name, rest, sharded):
        port, site = servers.free_port(), self.site
        config = self.write(f"{name}.toml", SHARDWAY.format(
            protocol=site.name, port=port, user=site.user, password=site.password, database=site.database, pool=POOL_SIZE,
            control_user=servers.CONTROL, control_password=site.cluster.passwords[servers.CONTROL]) + rest)
        return Endpoint(name, port, sharded=sharded, process=self.spawn(name, "run", "--config", config))

    def write(self, name, text):
        path = self.site.folder / name
        path.write_text(text, encoding="utf-8")
        servers.give_to_server_user(path, self.site.server_user)
        return path

    def spawn(self, name, *arguments):
        # A copy, because the server's user may not be allowed into the build folder.
        original = pathlib.Path(program(self.ways[name][0]))
        copy = self.site.folder / ("before" if name.startswith("before") else original.name)
        if not copy.exists():
            shutil.copy(original, copy)
        with open(self._log(name), "a", encoding="utf-8") as log:
            return subprocess.Popen(servers.as_server_user([copy, *arguments], self.site.server_user), stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=subprocess.STDOUT, start_new_session=True, cwd="/")

    def _log(self, name):
        return self.site.folder / f"{name}.log"

    def _wait_for_answer(self, endpoint):
        def answers():
            if endpoint.process and endpoint.process.poll() is not None:
                said = self._log(endpoint.name).read_text(encoding="utf-8")[-2000:]
                raise servers.ServerError(f"{endpoint.name} did not start:\n{said}")
            return self.site.answers(endpoint.port)
        servers.wait_until(answers, START_SECONDS, f"{endpoint.name} answers a query", pause=0.1)


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
