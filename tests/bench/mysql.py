"""MySQL's part: MariaDB servers and their data, a client. Its pooler to compare with, ProxySQL, is not in Debian: its figures stand
in brackets."""
import subprocess

import pymysql

import endpoints
import mysql_client
import sysbench
from endpoints import HALF, SLOTS, servers, version_of
from support import mariadb
from workloads import IdleTarget

# As little as possible of what costs time but is not the proxy's, and what sessions are told by a server as it is installed.
SETTINGS = """skip_log_bin
innodb_buffer_pool_size = {cache}M
session_track_system_variables = autocommit,character_set_client,character_set_connection,character_set_results,time_zone
session_track_transaction_info = OFF
"""
# One shard's rows: those whose key falls into its half of the slots, as Shardway hashes it.
FOREIGN_ROWS = f"delete from {{table}} where (crc32({{key}}) & {SLOTS - 1}) div {HALF} <> {{shard}}"
PURGED = "set global innodb_max_purge_lag_wait = 0"   # comes back when no deleted row is left to be cleaned away
ASKED = "select c from sbtest1 where id = 1"


class Site(endpoints.Site):
    name = "mysql"
    peer = "ProxySQL 2.7"
    server_user = mariadb.SERVER_USER
    generator = sysbench
    idle = IdleTarget(login_us=None, kib=1.3, peer_login_us="157", peer_kib="14.9")
    sharded_keys = {f"sbtest{number}": "id" for number in range(1, sysbench.TABLES + 1)}

    @staticmethod
    def make_cluster(shards, replicas, plain=False):
        return mariadb.Cluster(shards, replicas, plain, settings="" if replicas else SETTINGS.format(cache=endpoints.cache_mib()))

    @staticmethod
    def versions():
        return [version_of("sysbench", "--version"), " ".join(version_of("mariadbd", "--version").split()[1:3])]

    def load(self):
        for node in self.cluster.primaries:
            subprocess.run(sysbench.prepare(self, node.port), check=True, capture_output=True)
        for index, shard in enumerate(self.cluster.shards):
            for table, key in self.sharded_keys.items():
                self._run(shard.primary, FOREIGN_ROWS.format(table=table, key=key, shard=index))
        for node in self.cluster.primaries:
            self._run(node, PURGED)
            self._run(node, f"analyze table {', '.join(self.sharded_keys)}")

    def create_table(self, node):
        self._run(node, "create table sbtest1 (id int primary key, c char(120))")

    def _run(self, node, sql):
        node.query(sql, database=self.database)

    def answers(self, port):
        try:
            with pymysql.connect(host="127.0.0.1", port=port, user=self.user, password=self.password, database=self.database,
                                 connect_timeout=2, read_timeout=5) as connection, connection.cursor() as cursor:
                return cursor.execute(ASKED) is not None
        except (pymysql.Error, OSError):
            return False

    def log_in(self, port):
        return mysql_client.Client(self, port, ASKED)
