#!/usr/bin/python3
"""Does to servers what happens to servers, under load, and holds what clients were told against what has been kept.

    tests/chaos/failover.py [--protocol postgresql|mysql|both] [--seed S] [--only SCENARIO]… [--rounds N] [--short] [--clients C] [--rate R]

Every acknowledged write has to be there exactly once, every failed one not at all; nobody may read what is older than what it knows; and only who
was at work where something was done may get an error, of the codes the scenario allows (scenarios.py). The last line: `N passed, 0 failed`.
"""
import argparse
import pathlib
import random
import shutil
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from chaos import network                                       # noqa: E402
from chaos.dialects import DIALECTS                             # noqa: E402
from chaos.mariadb_cluster import MariadbCluster                # noqa: E402
from chaos.postgresql_cluster import PostgresqlCluster          # noqa: E402
from chaos.scenarios import SCENARIOS, Skipped                  # noqa: E402
from chaos.world import World                                   # noqa: E402
from support.servers import stop_at_exit                        # noqa: E402

CLUSTERS = {"postgresql": PostgresqlCluster, "mysql": MariadbCluster}
LOG_LINES = 40
MOST_SHOWN = 12      # of what is wrong in one scenario


class Run:
    """All scenarios of one protocol on one set of servers."""

    def __init__(self, protocol, options):
        self.protocol, self.options, self.dialect = protocol, options, DIALECTS[protocol]
        self.cluster = None
        self.results = {"passed": 0, "failed": 0, "skipped": 0}

    def scenarios(self):
        for name in self.options.only or SCENARIOS:
            result = self.scenario(name, SCENARIOS[name]())
            self.results[result] += 1
        self.end_cluster()
        return self.results

    def scenario(self, name, scenario):
        print(f"---- {self.protocol} {name}: {scenario.__doc__.strip()}", flush=True)
        chance, begun = random.Random(f"{self.options.seed}/{self.protocol}/{name}"), time.monotonic()
        world, wrong = None, []
        try:
            self.prepare(scenario.synchronous)
            world = World(self.cluster, self.dialect, scenario, chance, self.options.clients, self.options.rate)
            world.open()
            scenario.run(world, self.options.rounds or (scenario.short_rounds if self.options.short else scenario.rounds))
            world.close()
            wrong = [*world.wrong, *world.check_errors(scenario)]
        except Skipped as reason:
            world.abandon()
            shutil.rmtree(world.folder)
            print(f"SKIP {self.protocol} {name}: {reason}", flush=True)
            return "skipped"
        except Exception as error:    # pylint: disable=broad-except
            wrong = (world.wrong if world else []) + [f"{type(error).__name__}: {error}"]
            traceback.print_exc()
        if wrong:
            self.explain(name, world, wrong)
            self.end_cluster()        # the next one begins with servers that nothing was done to
            return "failed"
        shutil.rmtree(world.folder)
        print(f"ok   {self.protocol} {name}, {time.monotonic() - begun:.0f} s: {world.summary()}", flush=True)
        return "passed"

    def prepare(self, synchronous):
        if self.cluster is None:
            self.cluster = CLUSTERS[self.protocol](self.dialect)
            stop_at_exit(self.cluster)
            self.cluster.start()
        self.cluster.set_synchronous(synchronous)

    def end_cluster(self):
        if self.cluster is not None:
            self.cluster.stop()
            self.cluster = None

    def explain(self, name, world, wrong):
        if world is not None and world.load is not None:
            world.abandon()
            print(f"     {self.protocol} {name}: {world.summary()}")
            print(f"     Shardway's log, without log-ins, of {world.shardway.log_file}:")
            print("\n".join([line for line in world.shardway.log().splitlines() if "event=login" not in line][-LOG_LINES:]))
        for sentence in wrong[:MOST_SHOWN]:
            print(f"WRONG {self.protocol} {name}: {sentence}")
        print(f"FAIL {self.protocol} {name}: {len(wrong)} things are wrong; again: scripts/dev chaos --protocol {self.protocol} --only {name} "
              f"--seed {self.options.seed} --clients {self.options.clients} --rate {self.options.rate}" +
              (" --short" if self.options.short else "") + (f" --rounds {self.options.rounds}" if self.options.rounds else ""), flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protocol", choices=[*CLUSTERS, "both"], default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=list(SCENARIOS), action="append", help="may be given several times")
    parser.add_argument("--rounds", type=int, help="how often each scenario does what it does (its own number: up to 20)")
    parser.add_argument("--short", action="store_true", help="few rounds and few clients")
    parser.add_argument("--clients", type=int)
    parser.add_argument("--rate", type=int, help="operations a second, of all clients together")
    options = parser.parse_args()
    options.clients = options.clients or (16 if options.short else 64)
    options.rate = options.rate or (250 if options.short else 500)
    return options


def main():
    options, begun = parse(), time.monotonic()
    total = {"passed": 0, "failed": 0, "skipped": 0}
    print("servers are cut off " + ("in network namespaces" if network.is_possible() else "by proxies: this machine, or this user, has no network namespaces"))
    for protocol in CLUSTERS if options.protocol == "both" else [options.protocol]:
        for result, number in Run(protocol, options).scenarios().items():
            total[result] += number
    print(f"seed {options.seed}, {options.clients} clients, {time.monotonic() - begun:.0f} s")
    print(f"{total['passed']} passed, {total['failed']} failed" + (f", {total['skipped']} skipped" if total["skipped"] else ""))
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
