#!/usr/bin/python3
"""Kills Shardways and servers in the middle of commits, and checks that a bank's books still balance.

    tests/chaos/run.py [--kills N] [--seed S] [--clients C] [--logs FOLDER]

Two Shardways stand in front of three shards; clients transfer money through both. One Shardway is killed (-9) at each named step of
the atomic commit in turn; servers are killed, too, and both Shardways at once. The last line is the number of kills that were
survived, as `N passed, 0 failed`.
"""
import argparse
import collections
import contextlib
import pathlib
import random
import sys
import time

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from chaos.bank import Bank, Client, start_cluster             # noqa: E402
from support import shardway                                   # noqa: E402
from support.servers import ServerError, wait_until            # noqa: E402

STEPS = ["begun", "preparing", "prepared", "deciding", "decided", "applying", "applied"]
RECOVERY_STEPS = ["recovery-decided", "recovery-finished"]
IN_DOUBT_SECONDS = 30    # no prepared transaction may be older when the faults stop


class Chaos:
    def __init__(self, bank, seed, logs=None):
        self.bank, self.random = bank, random.Random(seed)
        folders = [logs and pathlib.Path(logs) / name for name in ("first", "second")]
        for folder in filter(None, folders):
            folder.mkdir(parents=True, exist_ok=True)
        self.proxies = [shardway.Proxy(bank.config(), folder=folder) for folder in folders]
        self.kills, self.clients = collections.Counter(), []
        self.turn = 0

    def start(self, clients):
        for proxy in self.proxies:
            proxy.start()
        self.bank.open_accounts(self.proxies[0])
        self.clients = [Client(self.proxies, number) for number in range(clients)]
        for client in self.clients:
            client.start()

    def kill_something(self):
        self.turn += 1
        if self.turn % 5 == 4:
            self.kill_server()
        elif self.turn % 9 == 8:
            self.kill_both()
        else:
            self.kill_at_step()

    def restart(self, proxy, step=None, times=1):
        proxy.environment = {"SHARDWAY_KILL_AT": f"{step}:{times}"} if step else {}
        try:
            proxy.start()
        except shardway.ProxyError:
            if step is None:     # with a step, recovery may have come to it before it was ready
                proxy.kill()
                proxy.start()

    def kill_at_step(self):
        """The first Shardway dies at a step; every third time the next one that recovers does, too."""
        step = STEPS[self.turn % len(STEPS)]
        proxy = self.proxies[0]
        proxy.kill()
        self.restart(proxy, step, self.random.randint(1, 25))
        self.await_death(proxy, step, 10)
        if self.turn % 3 == 0:
            step = RECOVERY_STEPS[self.turn // 3 % len(RECOVERY_STEPS)]
            self.restart(proxy, step)
            self.await_death(proxy, step, 8)
        self.restart(proxy)

    def await_death(self, proxy, step, seconds):
        try:
            wait_until(lambda: proxy.process.poll() is not None, seconds, f"it comes to {step}", pause=0.02)
            self.kills[step] += 1
        except ServerError:
            self.kills["at any time"] += 1
        proxy.kill()

    def kill_server(self):
        node = self.random.choice(self.bank.cluster.primaries)
        node.stop("kill")
        time.sleep(self.random.random())
        node.start()
        self.kills["server"] += 1

    def kill_both(self):
        time.sleep(self.random.random())
        for proxy in self.proxies:
            proxy.kill()
        self.kills["both Shardways"] += 1
        for proxy in self.proxies:
            self.restart(proxy)

    def come_to_rest(self):
        for client in self.clients:
            client.stop()
        for client in self.clients:
            client.join(60)
        assert not any(client.is_alive() for client in self.clients), "a client hangs"
        surprises = [client.surprise for client in self.clients if client.surprise]
        assert not surprises, f"a client's surprise: {surprises[0]!r}"
        wait_until(lambda: not self.bank.prepared(), IN_DOUBT_SECONDS, "nothing is prepared any more", pause=0.2)
        for proxy in self.proxies:
            wait_until(lambda p=proxy: self.is_at_rest(p), 30, "no transaction is listed", pause=0.2)

    @staticmethod
    def is_at_rest(proxy):
        assert proxy.process.poll() is None, f"a Shardway ended by itself:\n{proxy.log_tail(4000)}"
        with contextlib.suppress(psycopg.OperationalError):   # it may have been started a moment ago
            return not proxy.console("SHOW TRANSACTIONS")
        return False


    def explain(self):
        """What whoever looks for the cause will want to see."""
        for proxy in self.proxies:
            print(proxy.log_tail(4000))
            for noun in ("CLIENTS", "SERVERS", "POOLS", "TRANSACTIONS"):
                with contextlib.suppress(psycopg.Error):
                    for row in proxy.console(f"SHOW {noun}"):
                        print(noun, {name: value for name, value in row.items() if value not in (None, "", 0)})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--logs", help="keeps the Shardways' logs there")
    options = parser.parse_args()
    with start_cluster() as cluster:
        chaos = Chaos(Bank(cluster), options.seed, options.logs)
        try:
            chaos.start(options.clients)
            while sum(chaos.kills.values()) < options.kills:
                chaos.kill_something()
                print(f"{sum(chaos.kills.values()):4} {dict(chaos.kills)}", flush=True)
            chaos.come_to_rest()
            print(chaos.bank.check(chaos.clients))
        except (AssertionError, ServerError) as failure:
            chaos.explain()
            print(f"FAIL {failure}")
            for row in chaos.bank.prepared():
                print(f"prepared: {row}")
            print(f"0 passed, 1 failed; seed {options.seed}")
            return 1
        finally:
            for proxy in chaos.proxies:
                proxy.kill()
        print(f"kills: {dict(chaos.kills)}; seed {options.seed}")
        print(f"{sum(chaos.kills.values())} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
