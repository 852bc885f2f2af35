"""sysbench: its command, its summary, and what it runs. Sharded by `id` a point select has one shard; SUM, ORDER BY and DISTINCT over
a range of keys, which its other transactions hold, are refused there."""
import os
import re

import measure
from workloads import Target, Workload, title

TABLES, ROWS_PER_SCALE = 4, 10_000
WARM_UP_TRANSACTIONS = 5
IGNORED = 0.01   # share of transactions that servers may end by a deadlock; sysbench goes on with the next
PREPARED = {"text": "disable", "prepared": "auto"}
CONNECT = None   # it cannot log in for each transaction; 16 log-ins are less than a thousandth of a run


def workload(name, script, what, mode, clients, target=None):
    arguments = (*script.split(), f"--db-ps-mode={PREPARED[mode]}", f"--threads={clients}")
    return Workload(f"{name}{mode}-c{clients}", title(what, mode, clients), arguments, target, clients,
                    needs_all_rows=target is not None and target.sharded is None)


# Figures of the peer that were not taken with everything on one processor say so: they are soft.
WORKLOADS = [
    *(workload("", "oltp_point_select", "point select", mode, clients, Target(1.30, 1.40, peer))
      for mode, peer in (("text", "1.56"), ("prepared", "1.38")) for clients in (1, 16)),
    workload("transaction-", "oltp_read_only --range_selects=off", "ten point selects in a transaction", "text", 16),
    *(workload("read-only-", "oltp_read_only", "read only, 16 statements", mode, 16, Target(1.30, None, peer))
      for mode, peer in (("text", "2.35"), ("prepared", "1.70 unpinned"))),
    *(workload("read-write-", "oltp_read_write", "read and write, 20 statements", mode, 16, Target(None, None, peer))
      for mode, peer in (("text", "1.35 unpinned"), ("prepared", "1.48 unpinned"))),
]


def timed(site, endpoint, workload, seconds):
    """The command and its environment."""
    return _command(site, endpoint.port, *workload.arguments, f"--time={seconds}", "run"), dict(os.environ)


def short(site, endpoint, workload):
    """A few transactions of each client."""
    events = f"--events={WARM_UP_TRANSACTIONS * workload.clients}"
    return _command(site, endpoint.port, *workload.arguments, "--time=0", events, "run"), dict(os.environ)


def prepare(site, port):
    """The command that fills a server; the same rows each time, their keys counted by the client as on a sharded table."""
    return _command(site, port, "oltp_read_write", "--auto_inc=off", "--rand-seed=1", "prepare")


def _command(site, port, *arguments):
    return ["sysbench", "--mysql-host=127.0.0.1", f"--mysql-port={port}", f"--mysql-user={site.user}",
            f"--mysql-password={site.password}", f"--mysql-db={site.database}", "--mysql-ssl=off", f"--tables={TABLES}",
            f"--table-size={ROWS_PER_SCALE * site.scale}", *arguments]


def parse(output, status, workload):
    """The summary; MeasureError if a thread gave up or more than a few transactions met errors."""
    done = re.search(r"transactions: +(\d+) +\(([\d.]+) per sec", output)
    ignored = re.search(r"ignored errors: +(\d+)", output)
    spent = re.search(r"\bsum: +([\d.]+)", output)
    if status != 0 or not (done and ignored and spent) or "FATAL" in output:
        raise measure.failure(output, f"sysbench ended with status {status}")
    transactions = int(done[1])
    if int(ignored[1]) > max(workload.clients, IGNORED * transactions):
        raise measure.MeasureError(f"{ignored[1]} errors beside {transactions} transactions")
    if transactions == 0:
        raise measure.TooShort("the time was up before the first transaction")
    return measure.Run(transactions, float(done[2]), float(spent[1]) / transactions)
