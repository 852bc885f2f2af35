"""One scenario's world: the servers, a Shardway in front of them, the load, and what has been found wrong."""
import collections
import contextlib
import copy
import pathlib
import tempfile
import time

import psycopg

from chaos import dialects
from chaos.fault_proxy import FaultProxy
from chaos.journal import Books
from chaos.load import READ_ONLY, Load
from support import shardway
from support.servers import wait_until

READS = {"from": "replicas", "consistency": "session"}
DATABASES = {"shop": (1, 8), "plain": (101, 4)}    # sharded over both shards; on shop_0 alone: name -> first branch, branches
STEP = 0.05
IN_DOUBT_SECONDS = 30    # no prepared transaction may be older when the faults stop


class World:
    def __init__(self, cluster, dialect, scenario, chance, clients, rate):
        schedule = scenario.schedule(chance)
        self.cluster, self.dialect, self.random = cluster, dialect, chance
        self.proxies = {node: FaultProxy(dialect.name, node.host, node.port, schedule) for node in cluster.nodes} if scenario.through_proxies else {}
        self.shardway = self.load = None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="shardway-chaos-"))    # of its log; left when something is wrong
        self._more = cluster.switchover_commands() if scenario.has_commands else {}
        self._clients, self._rate, self._mix, self._databases = clients, rate, scenario.mix, {name: DATABASES[name] for name in scenario.databases}
        self._resources = contextlib.ExitStack()
        self.faults = []             # [begun, ended]: who was at work then may be told an expected code
        self.mends = []              # [begun, ended]: replicas may be stopped, which only a READ ONLY transaction there may be told
        self.wrong = []              # sentences
        self.stalls = []             # of every fault and client: how long it waited at most
        self.begun = time.monotonic()

    # -- its beginning -------------------------------------------------------------------------------------------------

    def open(self):
        """Tables and opening rows, a Shardway, clients at work."""
        self.cluster.lay_tables(dialects.STATEMENTS, dialects.COUNTED)
        for proxy in self.proxies.values():
            self._resources.enter_context(proxy)
        self.set_harm(False)
        self.shardway = self.dialect.proxy(self.config(), folder=self.folder).start()
        self.load = Load(self.dialect, self.shardway, self.random.random(), self._databases, self._clients, self._rate, self._mix)
        self.await_nodes()
        self.load.open()
        self.load.set_elsewhere({branch for branch, in self.cluster.ask(self.cluster.elsewhere, "select branch from branches")})
        self.cluster.settle()
        self.load.start()
        self.await_progress("the load begins", 20)
        self.set_harm(True)
        return self

    def set_harm(self, is_wanted):
        """Whether new connections through the proxies get the faults of their schedule."""
        for proxy in self.proxies.values():
            if proxy.schedule is not None:
                proxy.schedule.is_on = is_wanted

    def address(self, node):
        return self.proxies[node].address if node in self.proxies else node.address

    def config(self, nodes=None, size=20):
        """Both databases, of these nodes of shop_0 (all of them, as they were created)."""
        support, servers = self.dialect.support, self.cluster.servers
        config = support.base_config(servers) if self.shardway is None else copy.deepcopy(self.shardway.config)
        shop = support.sharded_database(servers, dialects.TABLES, pool={"size": size}, reads=READS)
        plain = support.unsharded_database(servers, "plain", server_database="shop", nodes=self.cluster.nodes, pool={"size": size}, reads=READS)
        plain["shard"][0]["name"] = "plain_0"
        addresses = [self.address(node) for node in nodes or self.cluster.nodes]
        for database in (shop, plain):
            database["shard"][0]["nodes"] = addresses
            database.update(copy.deepcopy(self._more))
        config["database"] = [database for database in (shop, plain) if database["name"] in self._databases]
        return config

    def rows_of_nodes(self):
        """Of both databases."""
        return [row for row in self.shardway.console("SHOW NODES") if row["shard"] in ("shop_0", "plain_0")]

    def await_nodes(self, seconds=30):
        """Until Shardway knows of every node the role that it has."""
        expected = {self.address(node): "primary" if node is self.cluster.primary else "replica" for node in self.cluster.nodes}

        def are_known():
            rows = self.rows_of_nodes()
            return len(rows) == len(self._databases) * len(expected) and all(row["role"] == expected.get(row["address"]) for row in rows)
        wait_until(are_known, seconds, "Shardway knows the roles of all nodes", pause=STEP)

    # -- what happens in it ---------------------------------------------------------------------------------------------

    def say(self, text):
        print(f"    {time.monotonic() - self.begun:6.1f} s  {text}", flush=True)

    def pass_time(self, seconds):
        time.sleep(seconds)

    def rejoin(self, node):
        """An old primary comes back as a replica. Another one is stopped for a moment where this one has to be copied anew."""
        begun = time.monotonic()
        self.cluster.rejoin(node)
        self.mends.append([begun, time.monotonic()])

    @contextlib.contextmanager
    def fault(self, what, grace=1.0, seconds=30):
        """What is done inside; afterwards every client has to go on, within so many seconds. grace: after its beginning; None: until all go on.
        Yields its window, [begun, ended], whose end may be put off by what is done."""
        begun, marks = time.monotonic(), {client: len(client.errors) for client in self.load.clients}
        window = [begun, float("inf")]
        self.faults.append(window)
        yield window
        last = window[1] if grace is None or window[1] < float("inf") else begun + grace
        recovered = self.await_progress(what, seconds)
        ended = time.monotonic()
        window[1] = min(last, ended)
        waits = self.load.longest_waits(begun, ended)
        self.stalls += [(seconds, client.is_elsewhere) for client, seconds in waits]
        here = [seconds for client, seconds in waits if not client.is_elsewhere]
        codes = collections.Counter(error.code for client in self.load.clients for error in client.errors[marks[client]:])
        self.say(f"{what}: longest stall {max(here):.2f} s, errors {dict(codes)}{'' if recovered else ', NO PROGRESS'}")

    def await_progress(self, what, seconds=30):
        since = time.monotonic()
        while time.monotonic() < since + seconds:
            if not self.load.without_progress(since):
                return True
            time.sleep(STEP)
        stuck = self.load.without_progress(since)
        self.explain(stuck[:3])
        self.wrong.append(f"{what}: {len(stuck)} clients make no progress within {seconds} s, such as client {stuck[0].number} of {stuck[0].database} in {stuck[0].doing}")
        return False

    def explain(self, clients):
        """What Shardway says of these clients, and of the server connections that they have."""
        with contextlib.suppress(psycopg.Error):
            sockets = self.shardway.console("SHOW SOCKETS")
            for client in clients:
                rows = [row for row in sockets if row["port"] == client.port and row["type"] == "C"]
                rows += [row for row in sockets if rows and row["type"] == "S" and row["link"] == rows[0]["ptr"]]
                for row in rows:
                    print(f"    client {client.number} in {client.doing}: " + " ".join(f"{name}={value}" for name, value in row.items() if value not in (None, "", 0)), flush=True)

    def check_untouched(self, node, promoted_at):
        """A node that was primary until then has none of what was begun afterwards."""
        late = {write.number: write for client in self.load.clients for write in client.writes if write.begun > promoted_at}
        found = [number for number, in self.cluster.ask(node, "select number from writes union all select number from marks") if number in late]
        if found:
            self.wrong.append(f"{node.name} took {len(found)} writes after {self.cluster.primary.name} was promoted, such as {late[found[0]]}")

    # -- its end --------------------------------------------------------------------------------------------------------

    def close(self):
        """Ends the load and holds the journal against the books."""
        if self.load is not None and self.load.clients[0].is_alive():
            self.wrong += self.load.stop()
            self.cluster.settle()
            wait_until(lambda: not self.cluster.prepared(), IN_DOUBT_SECONDS, "nothing is prepared any more", pause=0.2)
            self._check()
        self._end_shardway()
        self._resources.close()

    def abandon(self):
        """Ends everything without a look."""
        if self.load is not None:
            self.load.is_over.set()
        if self.shardway is not None:
            self.shardway.kill()
        self._resources.close()

    def _check(self):
        books = Books()
        for node in (self.cluster.primary, self.cluster.elsewhere):
            books.add(lambda sql, n=node: self.cluster.ask(n, sql))
        self.wrong += self.load.journal().check(books)
        self.wrong += self.load.violations()[:5]

    def _end_shardway(self):
        """A crash, a hang or a sanitizer's report is wrong, too."""
        if self.shardway is None:
            return
        try:
            self.shardway.stop()
        except shardway.ProxyError as error:
            self.wrong.append(str(error))

    def check_errors(self, scenario):
        """Only who was at work when something was done to its shard may have been told anything, and only what the scenario expects."""
        surprises = collections.defaultdict(list)
        for error in self.load.errors():
            at_work = self._was_at_work(error, self.faults)
            is_cut = error.what == READ_ONLY and error.code in self.dialect.in_flight and self._was_at_work(error, self.mends)
            is_expected = is_cut or at_work and error.code in scenario.expected(self.dialect, error.what)
            if error.is_elsewhere or not is_expected:
                surprises[error.code, error.is_elsewhere, at_work].append(error)
        for (code, is_elsewhere, at_work), errors in surprises.items():
            where = f"{' of another shard' if is_elsewhere else ''}{'' if at_work else ' long after the fault'}"
            yield f"{len(errors)} operations{where} were told {code}, such as {errors[0]}"

    @staticmethod
    def _was_at_work(error, windows):
        return any(error.begun <= ended and error.ended >= begun for begun, ended in windows)

    def summary(self):
        """Counts and stalls, for the report."""
        here = sorted(seconds for seconds, is_elsewhere in self.stalls if not is_elsewhere) or [0.0]
        there = max((seconds for seconds, is_elsewhere in self.stalls if is_elsewhere), default=0.0)
        codes = dict(collections.Counter(f"{error.code} in {error.what}" for error in self.load.errors()))
        taken = sorted(self.load.latencies()) or [0.0]
        return (f"{self.load.journal().summary()}; errors {codes}; {len(taken)} operations, p99 {taken[int(0.99 * (len(taken) - 1))]:.3f} s; "
                f"stalls of {len(self.faults)} faults: longest {here[-1]:.2f} s, p99 {here[int(0.99 * (len(here) - 1))]:.2f} s, on the other shard {there:.2f} s")
