"""pgbench: its command, its summary, and what it runs."""
import os
import pathlib
import re

import measure
from workloads import Target, Workload, title

HERE = pathlib.Path(__file__).resolve().parent
SELECT, BIG = HERE / "select.sql", HERE / "big.sql"
WARM_UP_TRANSACTIONS = 5


def point_selects(mode, clients):
    target = Target(1.35, 1.45, "1.46") if mode == "prepared" else Target(1.20, 1.30, "1.14–1.22")
    return Workload(f"{mode}-c{clients}", title("point select", mode, clients),
                    ("-M", mode, "-f", str(SELECT), "-c", str(clients)), target, clients)


CONNECT = Workload("connect", "connect, select, disconnect; 4 clients",
                   ("-C", "-M", "simple", "-f", str(SELECT), "-c", "4"), clients=4)
WORKLOADS = [
    CONNECT,
    *(point_selects(mode, clients) for mode in ("simple", "extended", "prepared") for clients in (1, 16)),
    Workload("tpcb-c16", "TPC-B-like, simple, 16 clients", ("-M", "simple", "-b", "tpcb-like", "-c", "16"),
             Target(1.15, None, "1.12"), 16, needs_all_rows=True),
    Workload("big-c1", "one result of 100,000 rows of 110 bytes", ("-M", "simple", "-f", str(BIG), "-c", "1"),
             Target(1.15, 1.15, "1.92")),
]


def timed(site, endpoint, workload, seconds):
    """The command and its environment."""
    return _command(site, endpoint, workload, "-T", str(seconds))


def short(site, endpoint, workload):
    """A few transactions of each client."""
    return _command(site, endpoint, workload, "-t", str(WARM_UP_TRANSACTIONS))


def _command(site, endpoint, workload, *length):
    command = ["pgbench", "-n", "-h", "127.0.0.1", "-p", str(endpoint.port), "-U", site.user, "-j", "1",
               *length, "-D", f"scale={site.scale}", *workload.arguments, site.database]
    environment = {**os.environ, "PGPASSWORD": site.password, "PGSSLMODE": "disable", "PGGSSENCMODE": "disable"}
    return command, environment


def parse(output, status, _workload):
    """The summary; MeasureError if any transaction failed."""
    count = re.search(r"transactions actually processed: (\d+)", output)
    failed = re.search(r"number of failed transactions: (\d+)", output)
    failures = int(failed[1]) if failed else 0
    if status != 0 or not count or failures > 0:
        raise measure.failure(output, f"pgbench ended with status {status}, {failures} failed")
    if int(count[1]) == 0:
        raise measure.TooShort("the time was up before the first transaction")
    return measure.Run(int(count[1]), float(re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)[1]),
                       float(re.search(r"latency average = ([\d.]+)", output)[1]))
