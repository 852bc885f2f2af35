"""A bank on three shards: accounts, a journal of transfers beside each account, and a reference table. Whatever is killed, the
sum of the balances stays, and each transfer is there on both sides or on none: exactly once if the client was told so."""
import collections
import contextlib
import random
import threading
import uuid

import psycopg

from support import servers, shardway

DATABASE, ACCOUNTS, BALANCE = "bank", 120, 1000
SCHEMA = """
create table accounts(id bigint primary key, balance bigint not null);
create table journal(account bigint, transfer uuid, amount bigint not null, primary key (account, transfer));
create table rates(id int primary key, changes bigint not null);
"""
TABLES = [{"name": "accounts", "key": "id", "type": "bigint"}, {"name": "journal", "key": "account", "type": "bigint"},
          {"name": "rates", "kind": "reference"}]


class Bank:
    """The servers, empty of prepared transactions, with every account filled."""

    def __init__(self, cluster):
        self.cluster = cluster
        cluster.create_database(DATABASE)

    def config(self):
        """For one more Shardway in front of it; few connections, so that clients wait for each other, too."""
        config = shardway.base_config(self.cluster)
        config["shardway"]["cluster"] = "bank"
        config["database"] = [shardway.sharded_database(self.cluster, TABLES, name=DATABASE,
                                                        pool={"size": 12, "queue_timeout": "10s"})]
        return config

    def open_accounts(self, proxy):
        with proxy.connect(dbname=DATABASE) as connection:
            for statement in filter(str.strip, SCHEMA.split(";")):
                connection.execute(statement)
            for account in range(ACCOUNTS):
                connection.execute("insert into accounts values (%s, %s)", (account, BALANCE))
            connection.execute("insert into rates values (1, 0)")

    def on_every_shard(self, sql):
        return [node.query(sql, dbname=DATABASE) for node in self.cluster.primaries]

    def prepared(self):
        """Rows (gid, age in seconds) on all shards."""
        sql = "select gid, extract(epoch from now() - prepared)::float from pg_prepared_xacts where database = current_database()"
        return [row for rows in self.on_every_shard(sql) for row in rows]

    def check(self, clients):
        """What must hold when everything has come to rest; the first thing that does not is an AssertionError."""
        balances = {row[0]: row[1] for rows in self.on_every_shard("select id, balance from accounts") for row in rows}
        assert len(balances) == ACCOUNTS, f"{len(balances)} accounts"
        assert sum(balances.values()) == ACCOUNTS * BALANCE, f"the sum is {sum(balances.values())}"
        journal = {}
        for rows in self.on_every_shard("select transfer, account, amount from journal"):
            for transfer, account, amount in rows:
                journal.setdefault(transfer, []).append((account, amount))
                balances[account] -= amount
        assert all(balance == BALANCE for balance in balances.values()), "a balance is not what its journal says"
        halves = [transfer for transfer, rows in journal.items() if len(rows) != 2 or sum(amount for _, amount in rows) != 0]
        assert not halves, f"{len(halves)} transfers are not there on both sides: {halves[:3]}"
        done, failed, unknown = (set().union(*(getattr(client, name) for client in clients)) for name in ("done", "failed", "unknown"))
        assert not done - journal.keys(), f"{len(done - journal.keys())} acknowledged transfers are lost"
        assert not failed & journal.keys(), f"{len(failed & journal.keys())} transfers are there although the client was told they failed"
        assert not journal.keys() - done - unknown, "a transfer nobody asked for"
        rates = self.on_every_shard("select changes from rates")
        assert rates.count(rates[0]) == len(rates), f"the copies of the reference table differ: {rates}"
        changes = sum(client.rates_done for client in clients)
        assert changes <= rates[0][0][0] <= changes + sum(client.rates_unknown for client in clients), "a change of rates is lost, or is there twice"
        errors = dict(sum((client.errors for client in clients), collections.Counter()))
        return f"{len(done)} transfers acknowledged, {len(failed)} failed, {len(unknown)} unknown ({len(unknown & journal.keys())} of them there); errors: {errors}"


class Client(threading.Thread):
    """Moves money between two accounts, again and again, through one Shardway or the other."""

    def __init__(self, proxies, number):
        super().__init__(daemon=True)
        self._proxies, self._random, self._stop_wanted = proxies, random.Random(number), threading.Event()
        self.done, self.failed, self.unknown = set(), set(), set()
        self.rates_done = self.rates_unknown = 0
        self.errors = collections.Counter()
        self.surprise = None

    def stop(self):
        self._stop_wanted.set()

    def run(self):
        while not self._stop_wanted.is_set():
            try:
                with self._connect() as connection:
                    for _ in range(20):
                        if self._stop_wanted.is_set() or connection.closed:
                            break
                        self._transfer(connection)
            except (psycopg.OperationalError, OSError):
                self._stop_wanted.wait(0.05)
            except Exception as error:    # pylint: disable=broad-except
                self.surprise = error
                return

    def _connect(self):
        return self._random.choice(self._proxies).connect(dbname=DATABASE, connect_timeout=3, options="-c lock_timeout=1000", prepare_threshold=self._random.choice((None, 0)))

    def _transfer(self, connection):
        transfer, amount = uuid.uuid4(), self._random.randint(1, 50)
        source, target = self._random.sample(range(ACCOUNTS), 2)
        with_rates = self._random.random() < 0.1
        begun = committing = False
        try:
            connection.execute("begin")
            begun = True
            for account, change in ((source, -amount), (target, amount)):
                connection.execute("update accounts set balance = balance + %s where id = %s", (change, account))
                connection.execute("insert into journal values (%s, %s, %s)", (account, transfer, change))
            if with_rates:
                connection.execute("update rates set changes = changes + 1 where id = 1")
            committing = True
            said = connection.execute("commit").statusmessage
            self._note(transfer, "done" if said == "COMMIT" else "failed", with_rates)
        except psycopg.Error as error:
            self.errors[error.sqlstate or "closed"] += 1
            is_unknown = committing and (connection.closed or error.sqlstate is None or error.sqlstate == "08007")
            self._note(transfer, "unknown" if is_unknown else "failed", with_rates)
            if begun and not connection.closed:
                with contextlib.suppress(psycopg.OperationalError):
                    connection.execute("rollback")

    def _note(self, transfer, outcome, with_rates):
        getattr(self, outcome).add(transfer)
        self.rates_done += with_rates and outcome == "done"
        self.rates_unknown += with_rates and outcome == "unknown"


def start_cluster():
    return servers.Cluster(shards=3, replicas=0)
