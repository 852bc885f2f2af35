"""The load: many clients, each a thread with a real driver's connection, that insert, change, transfer and read what they have written.

    load = Load(dialect, proxy, random, databases={"shop": 8, "plain": 4}, clients=16, rate=300)
    load.open()      the rows, through the proxy
    load.start()     …     load.stop()

Each write carries a number of its own and stands in its client's journal with what the client was told. A client that reads anything older
than what it wrote or has read before says so in `violations`.
"""
import random
import threading
import time

from chaos import journal
from chaos.dialects import CLOSED
from chaos.journal import ACKNOWLEDGED, FAILED, INSERT, MARK, SPREAD, TRANSFER, UNKNOWN, Error, Write

ACCOUNTS, BALANCE = 10, 1000
NUMBERS_OF_A_CLIENT = 10_000_000
RECONNECT_SECONDS = 0.2
READ_ONLY = "read_in_transaction"
MIX = {"insert": 3, "change_mark": 3, "transfer": 3, "read": 8, READ_ONLY: 1}


class Client(threading.Thread):
    """One client of one branch. What it knows of its rows: `mark` is its last mark for certain, `marks_unknown` may have come to be."""

    def __init__(self, load, number, database, branch):
        super().__init__(daemon=True, name=f"client {number}")
        self.load, self.number, self.database, self.branch = load, number, database, branch
        self.dialect, self.random = load.dialect, random.Random(f"{load.seed}/{number}")
        self.is_elsewhere, self.partner = False, None
        self.writes, self.errors, self.violations = [], [], []
        self.latencies = []                 # (begun, seconds) of every operation
        self.working_since = None           # what it is at, if anything
        self.doing = ""
        self._connection = None
        self._mark, self._marks_unknown = 0, []
        self._forget_session()

    def _forget_session(self):
        """A new connection has seen nothing yet."""
        self._last_insert, self._transfers_seen, self._mark_is_ours = None, 0, False

    def run(self):
        while not self.load.is_over.is_set():
            if self._connection is None and not self._connect():
                self.load.is_over.wait(RECONNECT_SECONDS)
                continue
            self._operate(getattr(self, self.random.choices(*zip(*self.load.mix.items()))[0]))
            self.load.is_over.wait(self.load.pause * self.random.uniform(0.5, 1.5))
        self._disconnect()

    def _connect(self):
        begun = time.monotonic()
        self.working_since, self.doing = begun, "log in"
        try:
            self._connection = self.dialect.connect(self.load.proxy, self.database, self.random)
            self._forget_session()
        except self.dialect.error as error:
            self._note_error(error, begun)
        self._ended(begun)
        return self._connection is not None

    def _disconnect(self):
        if self._connection is not None:
            try:
                self._connection.close()
            except self.dialect.error:
                pass
        self._connection = None

    def _operate(self, operation):
        begun = time.monotonic()
        self.working_since, self.doing = begun, operation.__name__
        try:
            operation()
        except self.dialect.error as error:
            self._note_error(error, begun)
            self._recover()
        except Exception as error:    # pylint: disable=broad-except
            self.violations.append(f"client {self.number} in {self.doing}: {error!r}")
            self._disconnect()
        self._ended(begun)

    def _ended(self, begun):
        self.working_since = None
        self.latencies.append((begun, time.monotonic() - begun))

    def _note_error(self, error, begun):
        message = str(error.args[-1] if error.args else error).strip().partition("\n")[0]
        code = self.dialect.code_of(error)
        if code == CLOSED and self._connection is not None and not self.dialect.is_closed(self._connection):
            code = "2013 alive"      # as if it were closed, from a server that goes on
        self.errors.append(Error(code, self.doing, message, self.number, begun, time.monotonic(),
                                 is_elsewhere=self.is_elsewhere))

    def _recover(self):
        """After an error the connection lives, and a ROLLBACK ends whatever is left."""
        if self._connection is None or self.dialect.is_closed(self._connection):
            self._disconnect()
            return
        begun = time.monotonic()
        try:
            self._execute("rollback")
        except self.dialect.error as error:
            self.doing = f"rollback after {self.doing}"
            self._note_error(error, begun)
            self._disconnect()

    @property
    def port(self):
        """Of its connection; None without one."""
        try:
            return self.dialect.port_of(self._connection) if self._connection is not None else None
        except self.dialect.error:
            return None

    def _execute(self, sql, parameters=()):
        return self.dialect.execute(self._connection, sql, parameters)

    # -- writing -------------------------------------------------------------------------------------------------------

    def _next(self, kind):
        write = Write(self.number * NUMBERS_OF_A_CLIENT + len(self.writes) + 1, kind, self.branch, self.number, time.monotonic())
        self.writes.append(write)
        return write

    def _settle(self, write, work, is_sent):
        """work() writes; what its error proves is written down. is_sent() tells whether anything that commits was sent."""
        try:
            write.outcome = ACKNOWLEDGED if work() else FAILED
        except self.dialect.error as error:
            write.code = self.dialect.code_of(error)
            if write.code in self.dialect.cut_reads:
                self.violations.append(f"client {self.number}: write {write.number} was told {write.code}, which is of reads")
            is_unknown = is_sent() and write.code not in self.dialect.not_kept
            write.outcome = UNKNOWN if is_unknown or write.code in self.dialect.unknown else FAILED
            raise

    def insert(self):
        write = self._next(INSERT)

        def work():
            self._execute("insert into writes (branch, number, client, kind) values (%s, %s, %s, 'insert')", (self.branch, write.number, self.number))
            return True
        self._settle(write, work, lambda: True)
        self._last_insert = write.number

    def change_mark(self):
        write = self._next(MARK)

        def work():
            self._execute("update marks set number = %s, changes = changes + 1 where branch = %s and client = %s", (write.number, self.branch, self.number))
            return True
        try:
            self._settle(write, work, lambda: True)
            self._mark, self._mark_is_ours = write.number, True
        finally:
            if write.outcome == UNKNOWN:
                self._marks_unknown.append(write.number)
        if self.random.random() < 0.5:
            self.read_mark()

    def transfer(self):
        write, steps = self._next(TRANSFER), []
        source, target = sorted(self.random.sample(range(ACCOUNTS), 2))
        amount = self.random.randint(-50, 50)

        def work():
            self._execute("begin")
            for account, change in ((source, -amount), (target, amount)):
                self._execute("update accounts set balance = balance + %s where branch = %s and account = %s", (change, self.branch, account))
            self._execute("insert into writes (branch, number, client, kind) values (%s, %s, %s, 'transfer')", (self.branch, write.number, self.number))
            self._execute("update branches set transfers = transfers + 1 where branch = %s", (self.branch,))
            steps.append("commit")
            return self.dialect.commit(self._connection)
        self._settle(write, work, lambda: bool(steps))
        if write.outcome != ACKNOWLEDGED:
            self.violations.append(f"client {self.number}: COMMIT of {write.number} was a ROLLBACK without an error before")
        self._last_insert = write.number

    def spread(self):
        """A row here and one on the other shard, in one transaction."""
        write, steps = self._next(SPREAD), []

        def work():
            self._execute("begin")
            for branch in self.random.sample((self.branch, self.partner), 2):
                self._execute("insert into writes (branch, number, client, kind) values (%s, %s, %s, 'spread')", (branch, write.number, self.number))
            steps.append("commit")
            return self.dialect.commit(self._connection)
        self._settle(write, work, lambda: bool(steps))

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self):
        self.random.choice((self.read_mark, self.read_last_insert, self.read_transfers, self.read_balances))()

    def read_mark(self):
        """Its own row, that nobody else writes. A write of unknown outcome may come to be, once, until it was seen."""
        number = self._execute("select number from marks where branch = %s and client = %s", (self.branch, self.number))[0][0]
        if number in self._marks_unknown:
            self._marks_unknown.remove(number)
            self._mark = number
        elif number != self._mark and self._mark_is_ours:
            self._violation(f"its mark was {number} after {self._mark} (unknown: {self._marks_unknown})")
        self._mark_is_ours = self._mark_is_ours or number == self._mark

    def read_last_insert(self):
        if self._last_insert is not None:
            rows = self._execute("select count(*) from writes where branch = %s and number = %s", (self.branch, self._last_insert))[0][0]
            if rows != 1:
                self._violation(f"its row {self._last_insert} was there {rows} times")

    def read_transfers(self):
        self._note_transfers(self._execute("select transfers from branches where branch = %s", (self.branch,))[0][0])

    def _note_transfers(self, transfers):
        if transfers < self._transfers_seen:
            self._violation(f"the branch's transfers went back from {self._transfers_seen} to {transfers}")
        self._transfers_seen = max(transfers, self._transfers_seen)

    def read_balances(self):
        total = int(self._execute("select sum(balance) from accounts where branch = %s", (self.branch,))[0][0])
        if total != ACCOUNTS * BALANCE:
            self._violation(f"the branch's balances were {total}, not {ACCOUNTS * BALANCE}")

    def read_in_transaction(self):
        self._execute("start transaction read only")
        self.read_balances()
        self.read_transfers()
        self.dialect.commit(self._connection)

    def _violation(self, what):
        self.violations.append(f"stale read: client {self.number} of {self.database}, branch {self.branch}: {what}")


class Load:
    """All clients. databases: name -> (first branch, number of branches); mix: operation -> how often, of all together."""

    def __init__(self, dialect, proxy, seed, databases, clients, rate, mix=None):
        self.dialect, self.proxy, self.seed, self.mix = dialect, proxy, seed, mix or MIX
        self.is_over = threading.Event()
        self.pause = clients / rate
        places = [(name, branch) for name, (first, count) in databases.items() for branch in range(first, first + count)]
        chosen = [places[number % len(places)] for number in range(clients)]
        self.clients = [Client(self, number + 1, *place) for number, place in enumerate(chosen)]
        self.branches = dict(sorted({(branch, name) for name, branch in chosen}))

    def open(self):
        """The opening rows, through the proxy."""
        for branch, database in self.branches.items():
            connection = self.dialect.connect(self.proxy, database, random.Random(0))
            run = lambda sql, parameters, on=connection: self.dialect.execute(on, sql, parameters)
            for account in range(ACCOUNTS):
                run("insert into accounts (branch, account, balance) values (%s, %s, %s)", (branch, account, BALANCE))
            run("insert into branches (branch, transfers) values (%s, 0)", (branch,))
            for client in self.clients:
                if client.branch == branch:
                    run("insert into marks (branch, client, number, changes) values (%s, %s, 0, 0)", (branch, client.number))
            connection.close()

    def set_elsewhere(self, branches):
        """These are on a shard that nothing will be done to. Of spread writes every client feels what is done."""
        here = [branch for branch in self.branches if branch not in branches]
        for client in self.clients:
            client.partner = client.random.choice(here if client.branch in branches else list(branches) or here)
            client.is_elsewhere = client.branch in branches and "spread" not in self.mix

    def start(self):
        for client in self.clients:
            client.start()

    def stop(self, seconds=60):
        """The clients that hang, as sentences: there may be none."""
        self.is_over.set()
        end = time.monotonic() + seconds
        for client in self.clients:
            client.join(max(0.0, end - time.monotonic()))
        return [f"client {client.number} of {client.database} hangs in {client.doing}" for client in self.clients if client.is_alive()]

    def without_progress(self, since):
        """The clients that have ended no operation which began after this moment."""
        return [client for client in self.clients if not (client.latencies and client.latencies[-1][0] > since)]

    def longest_waits(self, begin, end):
        """Of each client: the longest time it waited for an operation that overlaps these moments."""
        waits = []
        for client in self.clients:
            taken = [seconds for begun, seconds in client.latencies[-2000:] if begun < end and begun + seconds > begin]
            if client.working_since is not None and client.working_since < end:
                taken.append(time.monotonic() - client.working_since)
            waits.append((client, max(taken, default=0.0)))
        return waits

    def errors(self):
        return sorted((error for client in self.clients for error in client.errors), key=lambda error: error.ended)

    def violations(self):
        return [violation for client in self.clients for violation in client.violations]

    def journal(self):
        written = journal.Journal({branch: ACCOUNTS * BALANCE for branch in self.branches})
        for client in self.clients:
            written.add(client.writes)
        return written

    def latencies(self):
        return [seconds for client in self.clients for _, seconds in client.latencies]

    def closed(self):
        """Errors that ended a connection."""
        return [error for error in self.errors() if error.code == CLOSED]
