#!/usr/bin/python3
"""What Shardway costs: pgbench for PostgreSQL and sysbench for MySQL, through a direct connection, a forwarder of bytes (the
floor), HAProxy, a pooler (PgBouncer), Shardway unsharded, and Shardway with two shards and the key in every statement.

Everything is pinned to one processor: then the time between two transactions is the sum of what everyone spent, and
the proxy's share repeats within a few percent. Endpoints are interleaved, every second round in reverse order, and a
ratio to the floor is taken within one round. System calls are counted in a pass of their own: counting costs time.

    scripts/bench                          everything; about twenty minutes
    scripts/bench --only '^mysql'          one protocol
    scripts/bench --only 'simple|big'      workloads that match
    scripts/bench --before build/old/shardway --only 'c1$'     what a change costs
    scripts/bench --endpoints 'floor|shardway' --rounds 5 --markdown table.md
"""
import argparse
import os
import pathlib
import re
import sys

import clients
import endpoints
import measure
import mysql
import postgresql
import report
import workloads
from endpoints import servers

DIALECTS = (postgresql.Site, mysql.Site)
IDLE = "idle"
IDLE_SECONDS = 10
NOISY = 0.15   # processors used by others on ours


def say(text):
    print(text, file=sys.stderr, flush=True)


def names_of(dialect):
    """What --only chooses from."""
    return [dialect.full_name(name) for name in [*(workload.name for workload in dialect.generator.WORKLOADS), *dialect.extras, IDLE]]


class Bench:
    """All measurements of one dialect."""

    def __init__(self, options, site):
        self.options, self.site = options, site
        self.results = report.Results()
        self.proxies = endpoints.Proxies(site, options.before)
        self.output = []   # (title, header, rows)

    def run(self):
        names = [name for name in self.proxies.ways if re.search(self.options.endpoints, name)]
        for name in [name for name in names if not self.proxies.available(name)]:
            say(f"{name}: no program, left out")
            names.remove(name)
        chosen = [workload for workload in self.site.generator.WORKLOADS if self._is_wanted(workload.name)]
        if chosen:
            self._run_workloads(chosen, self._start(names))
        self.proxies.stop()
        if "shardway-sharded" in names:
            self._measure_extras()
        if self._is_wanted(IDLE):
            self._measure_idle_clients([name for name in names if self.proxies.pools(name)])
            if "shardway-sharded" in names:
                self._measure_idle_shardway()

    def _start(self, names):
        """An older program need not know the dialect: then it is left out."""
        started = []
        for name in names:
            try:
                started.append(self.proxies.start(name))
            except servers.ServerError as error:
                if not name.startswith("before"):
                    raise
                say(f"left out: {error}".strip())
        return started

    def _is_wanted(self, name):
        return bool(re.search(self.options.only, self.site.full_name(name)))

    # -- workloads -----------------------------------------------------------------------------------------------------

    def _run_workloads(self, chosen, started):
        connect = self.site.generator.CONNECT
        if connect and connect not in chosen and any(workload.clients > 1 for workload in chosen):
            self._run_rounds(connect, started, rounds=1)   # what a log-in costs, to be taken out
        for workload in chosen:
            self._run_rounds(workload, started, self.options.rounds)
            self._count(workload, started)
            shown = [endpoint for endpoint in started if self._was_run(workload, endpoint)]
            rows = [report.row(self.results, workload, endpoint) for endpoint in shown]
            self._show(f"{self.site.full_name(workload.name)}: {workload.title}", report.HEADER, rows)
        self._show(f"{self.site.name}, in short: the proxy's processor time per transaction",
                   *report.summary(self.results, chosen, started, self.site.peer))

    def _was_run(self, workload, endpoint):
        key = (workload.name, endpoint.name)
        return key in self.results.failures or self.results.runs.get(key)

    def _run_rounds(self, workload, started, rounds):
        fitting = [one for one in started if workload.fits(one) and not re.search(one.skips, workload.name)]
        for endpoint in fitting:
            self._try(workload, endpoint, lambda one=endpoint: measure.warm_up(self.site, one, workload))
        for number in range(rounds):
            for endpoint in fitting if number % 2 == 0 else fitting[::-1]:
                run = self._try(workload, endpoint, lambda one=endpoint: self._quiet_run(workload, one))
                if run:
                    self.results.runs[workload.name, endpoint.name][number] = run

    def _quiet_run(self, workload, endpoint):
        """A run, repeated once if others disturbed it, and for twice the time if that was too short."""
        seconds = self.options.seconds
        try:
            run = measure.timed_run(self.site, endpoint, workload, seconds)
            if run.noise > NOISY:
                run = min(run, measure.timed_run(self.site, endpoint, workload, seconds), key=lambda one: one.noise)
            return run
        except measure.TooShort:
            return measure.timed_run(self.site, endpoint, workload, 2 * seconds)

    def _try(self, workload, endpoint, action):
        """What `action` gives; nothing from the first failure on."""
        key = (workload.name, endpoint.name)
        if key in self.results.failures:
            return None
        try:
            return action()
        except measure.MeasureError as error:
            self.results.failures[key] = str(error)
            say(f"{workload.name}, {endpoint.name}: {error}")
            return None

    def _count(self, workload, started):
        if not self.site.counter:
            return
        for endpoint in started:
            key = (workload.name, endpoint.name)
            if endpoint.pid and key not in self.results.failures and self.results.runs.get(key):
                try:
                    self.results.counts[key] = measure.counted_run(self.site, endpoint, workload)
                except measure.MeasureError as error:
                    say(f"{workload.name}, {endpoint.name}, counting: {error}")

    def _measure_extras(self):
        for title, header, rows in [extra for name, extra in self.site.extras.items() if self._is_wanted(name)]:
            endpoint = self.proxies.start("shardway-sharded")
            self._show(f"{self.site.name}, {title}", header, rows(self.site, endpoint))
            endpoint.stop()

    # -- idle ----------------------------------------------------------------------------------------------------------

    def _measure_idle_clients(self, names):
        rows = []
        for name in names:
            for count in map(int, self.options.idle.split(",")):
                try:
                    endpoint = self.proxies.start(name)   # a new process: nothing is left from other clients
                    rows.append(idle_row(self.site, endpoint, count))
                except (OSError, measure.MeasureError, servers.ServerError) as error:
                    rows.append([name, f"failed with {count} clients: {' '.join(str(error).split())}"])
                self.proxies.stop()
        self._show(f"{self.site.name}, idle clients", report.IDLE_HEADER, rows)

    def _measure_idle_shardway(self):
        with self.site.make_cluster(shards=2, replicas=1) as cluster:
            site = type(self.site)(cluster, self.site.build, self.site.cpu, self.site.scale)
            proxies = endpoints.Proxies(site)
            for shard in cluster.shards:
                site.create_table(shard.primary)
            endpoint = proxies.start("shardway-sharded")
            spent = clients.idle_ms_per_second(endpoint, IDLE_SECONDS)
            proxies.stop()
        self._show(f"{self.site.name}, an idle Shardway with four nodes", ["", "CPU ms/s", "target"],
                   [["shardway", f"{spent:.2f}", report.verdict(spent, workloads.IDLE_MS, "", "{:.1f} ms")]])

    # -- output --------------------------------------------------------------------------------------------------------

    def _show(self, title, header, rows):
        if rows:
            self.output.append((title, header, rows))
            print(f"\n{title}\n{report.aligned(header, rows)}", flush=True)


def idle_row(site, endpoint, count):
    logged_in, asked, login_us = clients.idle_clients(site, endpoint, count)
    target = []
    if endpoint.name.startswith("shardway"):
        target.append(report.verdict(login_us, site.idle.login_us, site.idle.peer_login_us, "{:.0f} µs"))
        if count >= 5000:
            target.append(report.verdict(max(logged_in, asked), site.idle.kib, site.idle.peer_kib, "{:.1f} KiB"))
    return [endpoint.name, str(count), f"{logged_in:.2f}", f"{asked:.2f}", f"{login_us:.0f}", ", ".join(target)]


def write_markdown(file, machine, output):
    parts = ["\n".join(f"- {line}" for line in machine)]
    parts += [f"**{title}**\n\n{report.markdown(header, rows)}" for title, header, rows in output]
    pathlib.Path(file).write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="of each run")
    parser.add_argument("--only", default="", metavar="REGEX", help="workloads: " + ", ".join(
        name for dialect in DIALECTS for name in names_of(dialect)))
    parser.add_argument("--endpoints", default="", metavar="REGEX", help="the floor is always among them")
    parser.add_argument("--idle", default="1000,5000", metavar="N,N", help="numbers of idle clients")
    parser.add_argument("--markdown", metavar="FILE", help="also write the tables there")
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)), help="the processor to use")
    parser.add_argument("--scale", type=int, default=10, help="pgbench's; each of sysbench's tables has 10,000 times as many rows")
    parser.add_argument("--no-counts", action="store_true", help="do not count system calls")
    parser.add_argument("--before", type=pathlib.Path, metavar="PROGRAM", help="an older shardway, measured beside the new one")
    parser.add_argument("--build", type=pathlib.Path, default="build/release", help="folder of the programs")
    options = parser.parse_args()
    if options.endpoints:
        options.endpoints += "|^floor$"
    return options


def measure_dialect(dialect, options):
    """The tables of one dialect, with servers of its own."""
    with dialect.make_cluster(shards=2, replicas=0, plain=True) as cluster:
        site = dialect(cluster, options.build.resolve(), options.cpu, options.scale)
        bench = Bench(options, site)
        try:
            say(f"loading three servers for {dialect.name}")
            site.load()
            site.counter = None if options.no_counts else measure.counter()
            if not site.counter and not options.no_counts:
                say("neither perf nor strace works here: system calls are not counted")
            bench.run()
        finally:
            bench.proxies.stop()
    return bench.output


def main():
    options = parse_options()
    os.sched_setaffinity(0, {options.cpu})   # inherited by all that is started from here
    dialects = [one for one in DIALECTS if any(re.search(options.only, name) for name in names_of(one))]
    machine, output = report.machine(dialects, options.build, options.cpu), []
    print("\n".join(machine))
    for dialect in dialects:
        output += measure_dialect(dialect, options)
    if options.markdown:
        write_markdown(options.markdown, machine, output)


if __name__ == "__main__":
    main()
