"""Measuring: processor time, memory and system calls of a tree of processes, and one run of a load generator.

Processor time is the scheduler's own (schedstat: nanoseconds, user and system); times of the whole benchmark come from
/proc/PID/stat, which also knows children that have ended.
"""
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
SOCKET_CALLS = ("read", "write", "readv", "writev", "recvfrom", "sendto", "recvmsg", "sendmsg", "splice")
PATIENCE_SECONDS = 30
FAILURE = re.compile(r"^.*(?:error|fatal|aborted).*$", re.IGNORECASE | re.MULTILINE)


class MeasureError(RuntimeError):
    """A run that gave no figure; the message says why."""


class TooShort(MeasureError):
    """The time was up before the first transaction: the log-ins took it all."""


def failure(output, otherwise):
    """What a load generator said of its failure, as an error to raise."""
    said = FAILURE.search(output)
    return MeasureError(said[0].strip() if said else otherwise)


def read(path):
    """A file under /proc, empty if its process has ended."""
    with contextlib.suppress(OSError):
        return pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    return ""


def threads(pid):
    """The folders of a process's threads, none if it has ended."""
    with contextlib.suppress(OSError):
        return [f"/proc/{pid}/task/{thread}" for thread in os.listdir(f"/proc/{pid}/task")]
    return []


def tree(pid):
    """A process and all its living descendants."""
    found = [pid]
    for one in found:
        for thread in threads(one):
            found += map(int, read(f"{thread}/children").split())
    return found


def processor_us(pid):
    """Microseconds that all threads of a process and its descendants have run."""
    total = 0
    for one in tree(pid):
        for thread in threads(one):
            total += int((read(f"{thread}/schedstat").split() or [0])[0])
    return total / 1e3


def resident_kib(pid):
    """Resident memory; smaps_rollup is exact where the counters of /proc/PID/status lag behind."""
    rollups = [read(f"/proc/{one}/smaps_rollup") for one in tree(pid)]
    return sum(int(re.search(r"^Rss:\s+(\d+)", rollup, re.MULTILINE)[1]) for rollup in rollups if rollup)


def own_seconds():
    """Processor time of the whole benchmark: this process, its descendants, and those of them that have ended."""
    ticks = 0
    for one in tree(os.getpid()):
        fields = read(f"/proc/{one}/stat").rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15])) if fields else 0
    return ticks / TICKS_PER_SECOND


def busy_seconds(cpu):
    """What a processor has spent on anything, the hypervisor's theft included."""
    user, nice, system, _, _, irq, softirq, steal = map(int, re.search(rf"^cpu{cpu} (.*)$", read("/proc/stat"),
                                                                      re.MULTILINE)[1].split()[:8])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


@dataclasses.dataclass
class Run:
    """One run of a load generator through one endpoint."""
    transactions: int
    tps: float
    latency_ms: float
    proxy_us: float = 0       # processor time per transaction
    noise: float = 0          # processors that others used on ours


def complete(command, environment, seconds):
    """Output and exit status; a client that waits for an answer that never comes is ended."""
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process:
        try:
            return process.communicate(timeout=seconds + PATIENCE_SECONDS)[0], process.returncode
        except subprocess.TimeoutExpired:
            for one in reversed(tree(process.pid)):   # perf's child is the load generator
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
            raise MeasureError(f"no end {PATIENCE_SECONDS} s after the time was up") from None


def warm_up(site, endpoint, workload):
    """Server connections are opened, caches filled, keys known; MeasureError if the endpoint cannot do this workload."""
    command, environment = site.generator.short(site, endpoint, workload)
    site.generator.parse(*complete(command, environment, 0), workload)


def timed_run(site, endpoint, workload, seconds):
    """tps, latency, and what the proxy spent."""
    command, environment = site.generator.timed(site, endpoint, workload, seconds)
    began, busy, own = time.monotonic(), busy_seconds(site.cpu), own_seconds()
    before = processor_us(endpoint.pid) if endpoint.pid else 0
    output, status = complete(command, environment, seconds)
    after = processor_us(endpoint.pid) if endpoint.pid else 0
    busy, own, wall = busy_seconds(site.cpu) - busy, own_seconds() - own, time.monotonic() - began
    run = site.generator.parse(output, status, workload)
    run.proxy_us = (after - before) / run.transactions
    run.noise = max(0.0, busy - own) / wall
    return run


def counted_run(site, endpoint, workload, seconds=1):
    """System calls per transaction: (those on sockets, all). Counting slows the proxy down: no times are taken."""
    command, environment = site.generator.timed(site, endpoint, workload, seconds)
    count = {"perf": count_by_perf, "strace": count_by_strace}[site.counter]
    site.counts.unlink(missing_ok=True)
    output, status, on_sockets, all_calls = count(site, endpoint, command, environment, seconds)
    run = site.generator.parse(output, status, workload)
    return on_sockets / run.transactions, all_calls / run.transactions


def counter():
    """How system calls can be counted on this machine: perf (cheap), strace (slow), or not at all."""
    probes = {"perf": ["perf", "stat", "-e", "raw_syscalls:sys_enter", "true"], "strace": ["strace", "-c", "true"]}
    for name, probe in probes.items():
        if shutil.which(name) and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return name
    return None


def count_by_perf(site, endpoint, command, environment, seconds):
    events = [f"syscalls:sys_enter_{call}" for call in SOCKET_CALLS]
    watch = ["perf", "stat", "-x", ";", "-o", str(site.counts), "-e", ",".join(["raw_syscalls:sys_enter", *events]),
             "-p", ",".join(map(str, tree(endpoint.pid))), "--", *command]
    output, status = complete(watch, environment, seconds)
    counts = [line.split(";") for line in read(site.counts).splitlines() if line[:1].isdigit()]
    found = {fields[2]: int(fields[0]) for fields in counts}
    return output, status, sum(found.get(event, 0) for event in events), found.get("raw_syscalls:sys_enter", 0)


def count_by_strace(site, endpoint, command, environment, seconds):
    with subprocess.Popen(["strace", "-c", "-f", "-o", str(site.counts), "-p", str(endpoint.pid)],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as watch:
        time.sleep(0.3)   # until it is attached
        output, status = complete(command, environment, seconds)
        watch.send_signal(signal.SIGINT)
    rows = [line.split() for line in read(site.counts).splitlines()]
    found = {row[-1]: int(row[3]) for row in rows if len(row) >= 5 and row[3].isdigit()}
    total = found.pop("total", 0)
    return output, status, sum(found.get(call, 0) for call in SOCKET_CALLS), total
