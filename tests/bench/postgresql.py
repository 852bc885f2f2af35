"""PostgreSQL's part: its servers and their data, PgBouncer, a client."""
import contextlib
import os
import socket
import subprocess

import endpoints
import pgbench
import postgresql_client
import two_shards
from endpoints import HALF, POOL_SIZE, SLOTS, Endpoint, servers, version_of
from workloads import IdleTarget

BIG_ROWS, BIG_KEY = 100_000, 7

# As little as possible of what costs time but is not the proxy's: the same on every server.
SETTINGS = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off", "jit": "off",
    "wal_level": "replica", "wal_log_hints": "off", "max_wal_size": "4GB", "checkpoint_timeout": "1h",
}
BIG_TABLE = f"""
create table big as select {BIG_KEY} as shop, i as id, repeat('x', 92) as line from generate_series(1, {BIG_ROWS}) i
"""
# One shard's rows: those whose key falls into its half of the slots, as PostgreSQL hashes it.
FOREIGN_ROWS = f"delete from {{table}} where (hashint4extended({{key}}, 0) & {SLOTS - 1}) / {HALF} <> {{shard}}"
ASKED = "select abalance from pgbench_accounts where aid = 1"

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


class Site(endpoints.Site):
    name = "postgresql"
    peer = "PgBouncer 1.25"
    server_user = "postgres"
    generator = pgbench
    idle = IdleTarget(login_us=60, kib=1.3, peer_login_us="37", peer_kib="1.08")
    sharded_keys = {"pgbench_accounts": "aid", "pgbench_branches": "bid", "pgbench_tellers": "tid", "big": "shop"}
    extras = {"two-shards": ("a transaction on two shards", two_shards.HEADER, two_shards.rows)}
    make_cluster = servers.Cluster

    @staticmethod
    def versions():
        return [version_of(servers.BIN / "pgbench", "--version"), version_of("pgbouncer", "--version")]

    def load(self):
        for node in self.cluster.primaries:
            for name, value in {**SETTINGS, "shared_buffers": f"{endpoints.cache_mib()}MB"}.items():
                node.set(name, value)
            node.restart()
            self._fill(node)
        for index, shard in enumerate(self.cluster.shards):
            for table, key in self.sharded_keys.items():
                shard.primary.query(FOREIGN_ROWS.format(table=table, key=key, shard=index))
            shard.primary.query("vacuum analyze")

    def _fill(self, node):
        environment = {**os.environ, "PGPASSWORD": self.password}
        subprocess.run(["pgbench", "-i", "-q", "-s", str(self.scale), "-h", node.host, "-p", str(node.port),
                        "-U", self.user, self.database], env=environment, check=True, capture_output=True)
        node.query(BIG_TABLE, user=self.user)
        node.query("vacuum analyze")
        node.query("checkpoint")

    def create_table(self, node):
        node.query("create table pgbench_accounts (aid int primary key, abalance int)")
        node.query(f"grant select on pgbench_accounts to {self.user}")

    def answers(self, port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return subprocess.run(
                ["psql", "-XAtqc", ASKED, "-h", "127.0.0.1", "-p", str(port), "-U", self.user, self.database],
                capture_output=True, check=False,
                env={**os.environ, "PGPASSWORD": self.password, "PGSSLMODE": "disable"}).returncode == 0
        return False

    def log_in(self, port):
        return postgresql_client.Client(self, port)

    def poolers(self, proxies):
        return {"pgbouncer": ("pgbouncer", lambda: self._pgbouncer(proxies))}

    def _pgbouncer(self, proxies):
        port = servers.free_port()
        users = proxies.write("users.txt", f'"{self.user}" "{self.password}"\n')
        config = proxies.write("pgbouncer.ini", PGBOUNCER.format(
            database=self.database, target=proxies.plain, port=port, users=users, pool=POOL_SIZE))
        # Prepared statements in transaction mode came with 1.21.
        skips = "prepared" if pgbouncer_version() < (1, 21) else "$^"
        return Endpoint("pgbouncer", port, skips=skips, process=proxies.spawn("pgbouncer", "-q", config))


def pgbouncer_version():
    return tuple(map(int, version_of("pgbouncer", "--version").split()[1].split(".")[:2]))
