"""What is run through every endpoint, and what the figures are to be.

A target is the proxy's processor time per transaction as a ratio to the floor's in the same round; beside it stands
what PgBouncer 1.25 needed. Shardway is held to them with `workers = 1` and pools of 16.
"""
import dataclasses
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
SELECT, BIG = HERE / "select.sql", HERE / "big.sql"


@dataclasses.dataclass(frozen=True)
class Target:
    """Highest ratio to the floor; `peer` is PgBouncer 1.25's."""
    unsharded: float
    sharded: float
    peer: str

    def for_endpoint(self, endpoint):
        return self.sharded if endpoint.sharded else self.unsharded


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    title: str
    arguments: tuple
    target: Target = None
    clients: int = 1
    needs_all_rows: bool = False   # on one server: statements without the key

    def fits(self, endpoint):
        return not (self.needs_all_rows and endpoint.sharded)


def point_selects(mode, clients):
    plural = "s" if clients > 1 else ""
    target = Target(1.35, 1.45, "1.46") if mode == "prepared" else Target(1.20, 1.30, "1.14–1.22")
    return Workload(f"{mode}-c{clients}", f"point select, {mode}, {clients} client{plural}",
                    ("-M", mode, "-f", str(SELECT), "-c", str(clients)), target, clients)


CONNECT = Workload("connect", "connect, select, disconnect; 4 clients",
                   ("-C", "-M", "simple", "-f", str(SELECT), "-c", "4"), clients=4)
WORKLOADS = [
    CONNECT,
    *(point_selects(mode, clients) for mode in ("simple", "extended", "prepared") for clients in (1, 16)),
    Workload("tpcb-c16", "TPC-B-like, simple, 16 clients", ("-M", "simple", "-b", "tpcb-like", "-c", "16"),
             Target(1.15, 0, "1.12"), 16, needs_all_rows=True),
    Workload("big-c1", "one result of 100,000 rows of 110 bytes", ("-M", "simple", "-f", str(BIG), "-c", "1"),
             Target(1.15, 1.15, "1.92")),
]

LOGIN_US = 60          # processor time of one SCRAM log-in once the keys are known; PgBouncer 1.25: 37
IDLE_CLIENT_KIB = 1.3  # resident memory per idle client, at 5,000 of them; PgBouncer 1.25: 1.08
IDLE_MS = 1.0          # processor time per second of an idle Shardway with four nodes
