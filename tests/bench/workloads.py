"""What is run through every endpoint, and what the figures are to be: the shapes; pgbench.py and sysbench.py fill them.

A target is the proxy's processor time per transaction as a ratio to the floor's in the same round; beside it stands what
the dialect's peer needed. Shardway is held to them with `workers = 1` and pools of 16.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Target:
    """Highest ratio to the floor, None where nothing is promised; `peer` is what the dialect's peer needed."""
    unsharded: float
    sharded: float
    peer: str

    def for_endpoint(self, endpoint):
        return self.sharded if endpoint.sharded else self.unsharded


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    title: str
    arguments: tuple               # of the load generator
    target: Target = None
    clients: int = 1
    needs_all_rows: bool = False   # on one server: statements without the key

    def fits(self, endpoint):
        return not (self.needs_all_rows and endpoint.sharded)


@dataclasses.dataclass(frozen=True)
class IdleTarget:
    """Of one client that does nothing: its log-in's processor time once the keys are known (None: nothing is promised), and its
    resident memory at 5,000 of them."""
    login_us: float
    kib: float
    peer_login_us: str
    peer_kib: str


IDLE_MS = 1.0          # processor time per second of an idle Shardway with four nodes


def title(what, how, clients):
    return f"{what}, {how}, {clients} client{'s' if clients > 1 else ''}"
