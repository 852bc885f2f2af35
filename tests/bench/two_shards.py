"""What a transaction on two shards costs: through Shardway, and by a client that does the two-phase commit itself on a connection
to each server. Two updates each time; beside them the same two updates on one shard, through Shardway and directly.
"""
import contextlib
import statistics
import time

import psycopg

import measure

ROUNDS, TRANSACTIONS, WARM_UP = 5, 300, 50
HEADER = ["transaction of two updates", "latency ms", "CPU µs/tx of the proxy", "latency × direct"]


def update(connection, key):
    connection.execute(f"update pgbench_accounts set abalance = abalance + 1 where aid = {key}")


class Clients:
    def __init__(self, site, endpoint):
        self.stack, self.site, self.endpoint, self.number = contextlib.ExitStack(), site, endpoint, 0
        self.nodes = [shard.primary for shard in site.cluster.shards]
        self.keys = [[row[0] for row in node.query("select aid from pgbench_accounts order by aid limit 2")] for node in self.nodes]
        self.direct = [self._connect(node.port) for node in self.nodes]
        self.through = self._connect(endpoint.port)

    def _connect(self, port):
        return self.stack.enter_context(psycopg.connect(
            host="127.0.0.1", port=port, user=self.site.user, password=self.site.password, dbname=self.site.database,
            autocommit=True, prepare_threshold=None, sslmode="disable"))

    def direct_pair(self):
        self.number += 1
        for connection, keys in zip(self.direct, self.keys):
            connection.execute("begin")
            update(connection, keys[0])
        for connection in self.direct:
            connection.execute(f"prepare transaction 'bench {self.number}'")
        for connection in self.direct:
            connection.execute(f"commit prepared 'bench {self.number}'")

    def direct_single(self):
        self._transaction(self.direct[0], self.keys[0])

    def pair(self):
        self._transaction(self.through, [keys[0] for keys in self.keys])

    def single(self):
        self._transaction(self.through, self.keys[0])

    @staticmethod
    def _transaction(connection, keys):
        connection.execute("begin")
        for key in keys:
            update(connection, key)
        connection.execute("commit")


def rows(site, endpoint):
    """One row for each way, the median of the rounds; `endpoint` is a Shardway in front of both shards."""
    clients = Clients(site, endpoint)
    ways = {"two shards, directly: PREPARE TRANSACTION pair": clients.direct_pair, "two shards, Shardway": clients.pair,
            "one shard, directly": clients.direct_single, "one shard, Shardway": clients.single}
    times = {name: [] for name in ways}
    with clients.stack:
        for way in ways.values():
            for _ in range(WARM_UP):
                way()
        for number in range(ROUNDS):
            for name, way in list(ways.items())[::1 if number % 2 == 0 else -1]:
                before, began = measure.processor_us(endpoint.pid), time.monotonic()
                for _ in range(TRANSACTIONS):
                    way()
                wall = time.monotonic() - began
                times[name].append((wall / TRANSACTIONS * 1000, (measure.processor_us(endpoint.pid) - before) / TRANSACTIONS))
    shown = []
    for name, runs in times.items():
        latency = statistics.median(run[0] for run in runs)
        direct = statistics.median(run[0] for run in times[next(one for one in times if one.startswith(name[:9]))])
        used = statistics.median(run[1] for run in runs)
        shown.append([name, f"{latency:.3f}", f"{used:.0f}" if "Shardway" in name else "", f"{latency / direct:.2f}"])
    return shown

