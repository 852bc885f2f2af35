"""The servers of the failover tests: shop_0 with a primary and two replicas, which the faults happen to, and shop_1, which may feel nothing.

What an operator, or Patroni, would do is done here: kill, freeze, cut off, promote the most advanced replica, bring the old primary back. A
subclass for each kind of server: PostgresqlCluster (postgresql_cluster.py), MariadbCluster (mariadb_cluster.py).
"""
import contextlib

from chaos import network
from support.servers import wait_until

SETTLE_SECONDS = 60


class Cluster:
    """`primary` is the node of shop_0 that was promoted last; `nodes` are all of shop_0. May be stopped twice."""

    def __init__(self, dialect):
        self.dialect = dialect
        self.network = network.Network().start() if network.is_possible() else None
        self.servers = self.make_servers()
        self.servers.shards[1].replicas = []
        self.nodes = self.servers.shards[0].nodes
        self.primary, self.elsewhere = self.nodes[0], self.servers.shards[1].primary

    def make_servers(self):
        """A support.servers.Cluster (or its twin) that has not been started."""
        raise NotImplementedError

    def place(self, node):
        """Gives a node that has not been started an address of its own."""
        if self.network is not None:
            node.host, node.prefix = self.network.attach(node.name)
        return node

    def start(self):
        self.servers.start()
        self.set_synchronous(True)
        self.settle()
        return self

    def stop(self):
        self.servers.stop()
        if self.network is not None:
            self.network.stop()
            self.network = None

    @property
    def replicas(self):
        return [node for node in self.nodes if node is not self.primary]

    # -- what is on the servers ----------------------------------------------------------------------------------------

    def ask(self, node, sql):
        """The rows, asked directly by the superuser, on a socket file: also of one that is cut off."""
        raise NotImplementedError

    def lay_tables(self, statements, tables):
        """Empty ones, on both primaries."""
        for node in (self.primary, self.elsewhere):
            for sql in (*(f"drop table if exists {table}" for table in tables), *statements):
                self.run_as_app(node, sql)
        self.settle()

    def run_as_app(self, node, sql):
        raise NotImplementedError

    def prepared(self):
        """The transactions that are prepared on the primaries."""
        raise NotImplementedError

    # -- what happens to them ------------------------------------------------------------------------------------------

    def set_synchronous(self, is_wanted):
        """Whether a commit waits for a replica."""
        raise NotImplementedError

    def delay(self, replica, seconds):
        """It applies everything so much later (0: at once)."""
        raise NotImplementedError

    def promote_best(self):
        """The most advanced replica becomes the primary, and the others follow it; returns the old one, which is not touched."""
        old, candidates = self.primary, [node for node in self.replicas if node.is_running]
        best = self.most_advanced(candidates)
        self.promote(best)
        self.primary = best
        for node in candidates:
            if node is not best:
                self.point(node)
        return old

    def switched_to(self, node):
        """Somebody else has promoted it."""
        self.primary = node

    def switchover_commands(self):
        """What an operator adds to a database's configuration, so that Shardway can switch over."""
        return {}

    def most_advanced(self, candidates):
        raise NotImplementedError

    def promote(self, node):
        raise NotImplementedError

    def point(self, replica):
        """A running replica follows the primary from now on."""
        raise NotImplementedError

    def rejoin(self, node):
        """An old primary, whatever it has that nobody was told of, comes back as a replica."""
        raise NotImplementedError

    def make_lonely(self, node):
        """An old primary's commits no longer wait for any replica: now it would accept writes."""
        raise NotImplementedError

    def cut(self, node):
        self.network.cut(node.name)

    def heal(self, node):
        self.network.heal(node.name)

    def settle(self):
        """Until every replica streams and has applied what the primary has."""
        for node in self.replicas:
            wait_until(lambda n=node: self.has_caught_up(n), SETTLE_SECONDS, f"{node.name} follows {self.primary.name}", pause=0.1)

    def has_caught_up(self, replica):
        raise NotImplementedError

    def repair(self):
        """Everything runs, is connected, in time and synchronous: what a scenario may have left."""
        for node in self.nodes:
            if node.is_running:
                node.resume()
            if self.network is not None:
                with contextlib.suppress(OSError):
                    self.heal(node)
        for node in self.replicas:
            if not node.is_running or not self.follows(node):
                self.rejoin(node)
            self.delay(node, 0)
        self.set_synchronous(True)
        self.settle()

    def follows(self, replica):
        raise NotImplementedError
