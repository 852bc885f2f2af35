"""Runs into tables: one list of rows for each workload, printed aligned or as Markdown."""
import collections
import datetime
import os
import platform
import re
import statistics
import subprocess
import time

import endpoints
import measure

PEER_SYSTEM_CALL_NS = 48
HEADER = ["endpoint", "tps", "× direct", "latency ms", "CPU µs/tx", "[min–max]", "× floor", "[min–max]", "calls/tx",
          "all/tx", "target", "noise"]
IDLE_HEADER = ["endpoint", "clients", "KiB, logged in", "KiB, after a query", "log-in µs", "target"]


class Results:
    """Runs by workload, endpoint and round, and counts of system calls."""

    def __init__(self):
        self.runs = collections.defaultdict(dict)    # (workload, endpoint) -> round -> Run
        self.counts = {}                             # (workload, endpoint) -> (on sockets, all)
        self.failures = {}                           # (workload, endpoint) -> why

    def login_us(self, endpoint):
        """What a connection costs the proxy, from the `connect` workload; 0 if that was not run."""
        runs = self.runs.get(("connect", endpoint), {}).values()
        return statistics.median(run.proxy_us for run in runs) if runs else 0

    def proxy_us(self, workload, endpoint):
        """Processor time per transaction by round, without the clients' log-ins that are part of every run."""
        has_many = workload.name != "connect" and workload.clients > 1
        logins = workload.clients * self.login_us(endpoint) if has_many else 0
        return {number: max(0.0, run.proxy_us - logins / run.transactions)
                for number, run in self.runs[workload.name, endpoint].items()}

    def ratios(self, workload, endpoint):
        """To the floor, round by round."""
        floor, own = self.proxy_us(workload, "floor"), self.proxy_us(workload, endpoint)
        return [own[number] / floor[number] for number in own if floor.get(number)]

    def against_direct(self, workload, endpoint):
        direct, own = self.runs[workload.name, "direct"], self.runs[workload.name, endpoint]
        return [own[number].tps / direct[number].tps for number in own if number in direct]


def verdict(value, most, peer, form="{:.2f}"):
    """`ok` or `short` and the figure to reach, if there is one, and in brackets the peer's."""
    said = [f"{'ok' if value <= most else 'short'} ≤{form.format(most)}"] if most is not None else []
    return " ".join(said + [f"({peer})"] * bool(peer))


def row(results, workload, endpoint):
    """The cells under HEADER."""
    key = (workload.name, endpoint.name)
    if key in results.failures:
        return [endpoint.name, f"failed: {results.failures[key]}"]
    runs = list(results.runs[key].values())
    median = statistics.median
    cells = [endpoint.name, f"{median(run.tps for run in runs):.0f}"]
    direct = results.against_direct(workload, endpoint.name)
    cells += [f"{median(direct):.2f}" if direct else "", f"{median(run.latency_ms for run in runs):.3f}"]
    cells += proxy_cells(results, workload, endpoint) if endpoint.pid else [""] * 7
    return cells + [f"{median(run.noise for run in runs):.2f}"]


def proxy_cells(results, workload, endpoint):
    spent = list(results.proxy_us(workload, endpoint.name).values())
    ratios = results.ratios(workload, endpoint.name)
    counts = results.counts.get((workload.name, endpoint.name))
    cells = [f"{statistics.median(spent):.1f}", f"{min(spent):.1f}–{max(spent):.1f}"]
    cells += [f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f}–{max(ratios):.2f}"] if ratios else ["", ""]
    cells += [f"{count:.1f}" for count in counts] if counts else ["", ""]
    is_held = endpoint.name.startswith("shardway") and workload.target and ratios
    return cells + [verdict(statistics.median(ratios), workload.target.for_endpoint(endpoint), workload.target.peer)
                    if is_held else ""]


def summary(results, run, started, peer):
    """One row for each workload: the ratios to the floor side by side."""
    proxies = [endpoint for endpoint in started if endpoint.pid and endpoint.name != "floor"]
    header = ["× floor", *(endpoint.name for endpoint in proxies), f"{peer}, elsewhere"]
    rows = []
    for workload in run:
        cells = [workload.title]
        for endpoint in proxies:
            done = results.runs.get((workload.name, endpoint.name))
            ratios = results.ratios(workload, endpoint.name) if done else []
            cells.append(summary_cell(statistics.median(ratios), workload, endpoint) if ratios else "–")
        rows.append(cells + [workload.target.peer if workload.target else "–"])
    return header, rows


def summary_cell(ratio, workload, endpoint):
    if not endpoint.name.startswith("shardway") or not workload.target:
        return f"{ratio:.2f}"
    return f"{ratio:.2f} {verdict(ratio, workload.target.for_endpoint(endpoint), '')}".strip()


def aligned(header, rows):
    """For a terminal: the first column to the left, figures to the right; a failure's reason may run on."""
    full = [cells for cells in rows if len(cells) == len(header)]
    widths = [max(len(cells[i]) for cells in [header, *full]) for i in range(len(header))]
    lines = []
    for cells in [header, *rows]:
        if len(cells) < len(header):
            lines.append("  ".join(cells))
        else:
            padded = [cell.rjust(width) for cell, width in zip(cells, widths)]
            lines.append("  ".join([cells[0].ljust(widths[0]), *padded[1:]]).rstrip())
    return "\n".join(lines)


def markdown(header, rows):
    def line(cells):
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(line(cells + [""] * (len(header) - len(cells))) for cells in [header, rule, *rows])


def machine(dialects, build, cpu):
    """When, where, and with which versions."""
    model = re.search(r"model name\s*: (.*)", measure.read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s+(\d+)", measure.read("/proc/meminfo"))
    peers = " and ".join(f"{dialect.peer}'s for {dialect.name}" for dialect in dialects)
    versions = [version for dialect in dialects for version in dialect.versions()]
    versions += [" ".join(endpoints.version_of("haproxy", "-v").split()[:3]), shardway_version(build)]
    return [f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
            f"{model[1] if model else platform.machine()}, {os.cpu_count()} processors, {int(memory[1]) / 2**20:.0f} GiB, "
            f"Linux {platform.release()}, {system_call_ns():.0f} ns for an empty system call; "
            f"everything pinned to processor {cpu}",
            f"the figures in brackets are {peers}, where an empty system call took {PEER_SYSTEM_CALL_NS} ns: "
            "ratios compare, times only as far as the machines do",
            "; ".join(version for version in versions if version)]


def shardway_version(build):
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False,
                            cwd=os.path.dirname(__file__)).stdout.strip()
    version = endpoints.version_of(build / "shardway", "--version")
    return f"{version} (commit {commit})" if version else ""


def system_call_ns():
    """What entering the kernel costs here: it differs many times between machines, and a forwarder does little else."""
    calls, elapsed = 100_000, []
    for call in (os.getppid, int):   # the second one is what Python's loop costs
        began = time.process_time_ns()
        for _ in range(calls):
            call()
        elapsed.append(time.process_time_ns() - began)
    return max(0, elapsed[0] - elapsed[1]) / calls
