"""The scenarios: what is done to the servers under load, and what clients may be told of it.

Each is a class: `rounds` and `short_rounds`, what the world is made with, `run(world, rounds)`. The journal, the errors and the stalls are
judged by whoever runs it (failover.py).
"""
import time

import psycopg

from chaos import dialects, fault_proxy, network
from chaos.load import READ_ONLY
from support.servers import ServerError, wait_until

FROZEN_SECONDS = 10
DELAY_SECONDS = 3
FENCED_SECONDS = 15
AWAY_SECONDS = 6      # in which Shardway may take the old primary for the primary


class Skipped(Exception):
    """Why a scenario cannot be run here."""


class Scenario:
    rounds, short_rounds = 20, 1
    synchronous = True
    may_fail = False          # whether what was in flight may be told so
    may_cut_reads = False     # whether a READ ONLY transaction may: it cannot go on elsewhere with what it has seen
    through_proxies = False
    databases = ("shop", "plain")
    has_commands = False      # the operator's, for switchovers
    mix = None                # of the load's operations

    def schedule(self, chance):
        """Of faults on the way, if any."""

    def run(self, world, rounds):
        raise NotImplementedError

    def expected(self, dialect, what):
        """The codes a client may get in this operation."""
        return dialect.in_flight if self.may_fail or self.may_cut_reads and what == READ_ONLY else set()


class Kill(Scenario):
    """kill -9 of the primary; a synchronous replica is promoted; the dead one comes back as a replica."""
    may_fail, short_rounds = True, 2

    def run(self, world, rounds):
        for _ in range(rounds):
            world.pass_time(world.random.uniform(0.3, 1.0))
            old = world.cluster.primary
            with world.fault(f"{old.name} is killed"):
                old.stop("kill")
                world.pass_time(world.random.uniform(0.0, 1.5))
                world.cluster.promote_best()
            world.rejoin(old)
            world.cluster.settle()
        world.await_nodes()


class SpreadKill(Kill):
    """The same under transactions that write on both shards: they are there on both or on neither."""
    rounds, short_rounds, databases, mix = 10, 1, ("shop",), {"spread": 6, "insert": 2, "read": 2}


class Replicas(Scenario):
    """Replicas killed, stopped and delayed, one by one and all together: nobody is told anything, and nobody reads what is old."""
    rounds, short_rounds, synchronous, may_cut_reads = 6, 1, False, True

    def run(self, world, rounds):
        for _ in range(rounds):
            replicas = world.cluster.replicas
            world.random.shuffle(replicas)
            for work in world.random.sample((self.kill, self.freeze, self.delay), 3):
                work(world, replicas)
                world.cluster.settle()
                world.await_nodes()

    def kill(self, world, replicas):
        for replica in replicas:
            with world.fault(f"replica {replica.name} is killed"):
                replica.stop("kill")
            world.pass_time(0.3)
        world.pass_time(1)
        with world.fault("all replicas come back"):
            for replica in replicas:
                replica.start()

    def freeze(self, world, replicas):
        with world.fault(f"replica {replicas[0].name} is frozen"):
            replicas[0].pause()
            try:
                world.pass_time(world.random.uniform(2, 4))
            finally:
                replicas[0].resume()

    def delay(self, world, replicas):
        with world.fault(f"replicas are {DELAY_SECONDS} s late"):
            for replica in replicas:
                world.cluster.delay(replica, DELAY_SECONDS)
            world.pass_time(DELAY_SECONDS + 1)
            for replica in replicas:
                world.cluster.delay(replica, 0)


class Frozen(Scenario):
    """The primary hangs for ten seconds with its connections open, and goes on: nobody was promoted."""
    rounds, short_rounds, may_fail = 3, 1, True

    def run(self, world, rounds):
        for _ in range(rounds):
            world.pass_time(0.5)
            with world.fault(f"{world.cluster.primary.name} is frozen for {FROZEN_SECONDS} s", grace=FROZEN_SECONDS):
                world.cluster.primary.pause()
                try:
                    world.pass_time(FROZEN_SECONDS)
                finally:
                    world.cluster.primary.resume()
            world.cluster.settle()
            world.await_nodes()


class _OldPrimary(Scenario):
    """The primary cannot be reached, a replica is promoted, and the old one comes back as it was: in every other round at once, before anybody
    may have noticed, else when all clients go on. Once the new one is known the old one waits for no replica any more: it would take writes."""
    rounds, short_rounds, may_fail = 6, 2, True
    how = ""

    def away(self, world, node):
        raise NotImplementedError

    def back(self, world, node):
        raise NotImplementedError

    def run(self, world, rounds):
        for turn in range(rounds):
            world.pass_time(0.5)
            old, is_quick = world.cluster.primary, turn % 2 == 1
            with world.fault(f"{old.name} is {self.how}, another is promoted{', it is back' if is_quick else ''}", grace=AWAY_SECONDS) as window:
                self.away(world, old)
                world.pass_time(world.random.uniform(0.2, 1.0 if is_quick else 3.0))
                world.cluster.promote_best()
                promoted_at = time.monotonic()
                if is_quick:
                    self.back(world, old)
                    window[1] = promoted_at + AWAY_SECONDS
            with world.fault(f"{old.name} {'waits for nobody' if is_quick else 'is back and waits for nobody'}"):
                if not is_quick:
                    self.back(world, old)
                world.cluster.make_lonely(old)
                world.pass_time(3)
            world.check_untouched(old, promoted_at + (AWAY_SECONDS if is_quick else 0))
            self.check_fenced(world, old)
            world.rejoin(old)
            world.cluster.settle()
        world.await_nodes()

    @staticmethod
    def check_fenced(world, old):
        """Shardway keeps no connection to it. (The server may: of a reset that the network has lost it is not told.)"""
        def kept():
            return [row for row in world.shardway.console("SHOW SERVERS") if f"{row['addr']}:{row['port']}" == world.address(old)]
        try:
            wait_until(lambda: not kept(), FENCED_SECONDS, f"no connection to {old.name}, which was primary, is kept", pause=0.2)
        except ServerError as error:
            world.wrong.append(f"{error}: {[(row['database'], row['state'], str(row['connect_time']), row['link']) for row in kept()]}")


class Revenant(_OldPrimary):
    """The same, because it was frozen: its connections stay open, and it goes on in the middle of a statement."""
    how = "frozen"

    def away(self, world, node):
        node.pause()

    def back(self, world, node):
        node.resume()


class CutOff(_OldPrimary):
    """The same, because the network to it is cut: by namespaces, where this machine has them, else by proxies that let nothing pass."""
    how = "cut off"

    def __init__(self):
        self.through_proxies = not network.is_possible()

    def away(self, world, node):
        if self.through_proxies:
            world.proxies[node].stall()
        else:
            world.cluster.cut(node)

    def back(self, world, node):
        if self.through_proxies:
            world.proxies[node].flow()
        else:
            world.cluster.heal(node)


class Reloads(Scenario):
    """The configuration is read anew: nodes come, go and change places, pools grow and shrink."""
    rounds, short_rounds = 20, 8

    def run(self, world, rounds):
        for turn in range(rounds):
            nodes = [world.cluster.primary, *world.random.sample(world.cluster.replicas, world.random.randint(0, 2))]
            world.random.shuffle(nodes)
            with world.fault(f"reload {turn + 1}: {len(nodes)} nodes"):
                world.shardway.reload(world.config(nodes, size=world.random.randint(8, 24)))
                self.await_reload(world, nodes)
                world.pass_time(world.random.uniform(0.0, 0.3))
        world.shardway.reload(world.config())
        self.await_reload(world, world.cluster.nodes)
        world.await_nodes()

    @staticmethod
    def await_reload(world, nodes):
        addresses = sorted(2 * [world.address(node) for node in nodes])
        wait_until(lambda: sorted(row["address"] for row in world.rows_of_nodes()) == addresses, 10, "the reload is done", pause=0.05)


class Restarts(Scenario):
    """Every server is restarted, one after another, the primary too, without a switchover: only what it was at may fail."""
    rounds, short_rounds, may_fail = 3, 1, True

    def run(self, world, rounds):
        for _ in range(rounds):
            for node in [*world.cluster.replicas, world.cluster.primary]:
                is_primary = node is world.cluster.primary
                before = world.load.errors()
                with world.fault(f"{'primary' if is_primary else 'replica'} {node.name} is restarted"):
                    node.restart("fast")
                noticed = [error for error in world.load.errors()[len(before):] if error.what != READ_ONLY]
                if noticed and not is_primary:
                    world.wrong.append(f"a replica's restart was noticed: {noticed[0]}")
                world.cluster.settle()
            world.await_nodes()


class Wire(Scenario):
    """Connections to the servers are delayed, stalled, reset, half closed and cut, where the seed says."""
    rounds, short_rounds, may_fail, through_proxies = 6, 1, True, True

    def expected(self, dialect, what):
        """An answer may be cut off behind its last row, and a read be cut off in each of its attempts."""
        return super().expected(dialect, what) | dialect.cut_reads | {dialects.LATE}

    def schedule(self, chance):
        return fault_proxy.Schedule(chance, share=0.5, messages=(1, 100))

    def run(self, world, rounds):
        with world.fault("faults on the way", grace=None):
            for turn in range(rounds * FROZEN_SECONDS):
                for proxy in [world.random.choice(list(world.proxies.values()))] if turn else world.proxies.values():
                    proxy.reset_all()
                world.pass_time(1)
            world.set_harm(False)
            for proxy in world.proxies.values():
                proxy.reset_all()
        done = {kind: sum(proxy.done[kind] for proxy in world.proxies.values()) for kind in fault_proxy.KINDS}
        world.say(f"on the way: {done}")


class Switchovers(Scenario):
    """SWITCHOVER to a replica, and on to the next: nobody is told anything."""
    short_rounds, synchronous, databases, shard, has_commands = 2, False, ("shop",), "shop.shop_0", True

    def run(self, world, rounds):
        for _ in range(rounds):
            world.pass_time(world.random.uniform(0.3, 1.0))
            target = world.random.choice(world.cluster.replicas)
            with world.fault(f"switchover to {target.name}"):
                self.switch(world, target)
            world.cluster.switched_to(target)
            world.cluster.settle()
            world.await_nodes()

    def switch(self, world, target):
        try:
            world.shardway.console(f"SWITCHOVER {self.shard} TO '{world.address(target)}'")
        except psycopg.Error as error:
            if "invalid command" in str(error):
                raise Skipped("this Shardway has no SWITCHOVER") from error
            raise ServerError(f"SWITCHOVER {self.shard}: {error}") from error


class UnshardedSwitchovers(Switchovers):
    """The same of a database with one shard."""
    databases, shard = ("plain",), "plain.plain_0"


SCENARIOS = {"kill": Kill, "spread-kill": SpreadKill, "replicas": Replicas, "frozen": Frozen, "revenant": Revenant, "cut-off": CutOff, "reloads": Reloads, "restarts": Restarts,
             "wire": Wire, "switchover": Switchovers, "unsharded-switchover": UnshardedSwitchovers}
