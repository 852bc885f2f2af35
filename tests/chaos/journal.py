"""The journal of a load: every write with its number and what its client was told of it, and the check of what the servers have kept.

A write is acknowledged, failed (its code proves that nothing was kept) or unknown. When all is at rest an acknowledged one must be there exactly
once, a failed one must not be there, an unknown one may be there once.
"""
import collections
import dataclasses
import time

OPEN, ACKNOWLEDGED, FAILED, UNKNOWN = "open", "acknowledged", "failed", "unknown"
INSERT, MARK, TRANSFER, SPREAD = "insert", "mark", "transfer", "spread"
ROWS = {INSERT: 1, TRANSFER: 1, SPREAD: 2}    # that a write leaves in `writes`; a spread one leaves one on each of two shards


@dataclasses.dataclass(slots=True)
class Write:
    number: int
    kind: str
    branch: int
    client: int
    begun: float
    outcome: str = OPEN
    code: str = ""


@dataclasses.dataclass(slots=True)
class Error:
    """What a client was told instead of an answer. Times are of time.monotonic()."""
    code: str
    what: str
    message: str
    client: int
    begun: float
    ended: float
    at: float = dataclasses.field(default_factory=time.time)     # as in Shardway's log
    is_elsewhere: bool = False      # its rows are on a shard that nothing was done to

    def __str__(self):
        where = " (of another shard)" if self.is_elsewhere else ""
        moment = time.strftime("%H:%M:%S", time.gmtime(self.at)) + f"{self.at % 1:.3f}"[1:]
        return f"client {self.client}{where} at {moment} in {self.what}: {self.code} {self.message!r} after {self.ended - self.begun:.3f} s"


@dataclasses.dataclass
class Books:
    """What the primaries hold, asked directly when all is at rest."""
    writes: collections.Counter = dataclasses.field(default_factory=collections.Counter)     # number -> rows
    transfers: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # branch -> rows of transfers
    counted: dict = dataclasses.field(default_factory=dict)    # branch -> transfers, as the branch counts them
    balances: dict = dataclasses.field(default_factory=dict)   # branch -> sum of its accounts
    marks: dict = dataclasses.field(default_factory=dict)      # client -> (number, changes)

    def add(self, ask):
        """ask(sql) gives the rows of one server."""
        for branch, number, kind in ask("select branch, number, kind from writes"):
            self.writes[number] += 1
            self.transfers[branch] += kind == TRANSFER
        self.counted.update(ask("select branch, transfers from branches"))
        self.balances.update((branch, int(total)) for branch, total in ask("select branch, sum(balance) from accounts group by branch"))
        self.marks.update((client, (number, changes)) for client, number, changes in ask("select client, number, changes from marks"))
        return self


class Journal:
    def __init__(self, opening_balances):
        """opening_balances: branch -> the sum of its accounts, which no transfer changes."""
        self.opening_balances = opening_balances
        self.writes = []

    def add(self, writes):
        self.writes += writes

    def numbers(self, outcome, *kinds):
        return {write.number for write in self.writes if write.outcome == outcome and write.kind in kinds}

    def check(self, books):
        """Everything that is not as it must be, as sentences."""
        return [*self._check_rows(books), *self._check_branches(books), *self._check_marks(books)]

    def _check_rows(self, books):
        kept = {outcome: self.numbers(outcome, *ROWS) for outcome in (ACKNOWLEDGED, FAILED, UNKNOWN, OPEN)}
        there = books.writes.keys()
        yield from self._complain("acknowledged writes are lost", kept[ACKNOWLEDGED] - there)
        yield from self._complain("writes are there although the client was told that they failed", kept[FAILED] & there)
        expected = {write.number: ROWS[write.kind] for write in self.writes if write.kind in ROWS}
        yield from self._complain("writes are there twice", {number for number, rows in books.writes.items() if rows > expected.get(number, 1)})
        yield from self._complain("writes are there on one shard only", {number for number, rows in books.writes.items() if rows < expected.get(number, 1)})
        yield from self._complain("writes are there that nobody asked for", there - set().union(*kept.values()))
        yield from self._complain("writes were never answered", kept[OPEN])

    def _complain(self, what, numbers):
        if numbers:
            known = {write.number: write for write in self.writes}
            yield f"{len(numbers)} {what}: " + ", ".join(str(known.get(number, number)) for number in sorted(numbers)[:3])

    def _check_branches(self, books):
        for branch, opening in self.opening_balances.items():
            balance, counted = books.balances.get(branch), books.counted.get(branch)
            if balance != opening:
                yield f"branch {branch} has {balance}, not {opening}"
            if counted != books.transfers[branch]:
                yield f"branch {branch} counts {counted} transfers and has the rows of {books.transfers[branch]}: a part of a transfer"

    def _check_marks(self, books):
        of_client = collections.defaultdict(list)
        for write in self.writes:
            if write.kind == MARK:
                of_client[write.client].append(write)
        for client, marks in of_client.items():
            number, changes = books.marks.get(client, (None, None))
            done = [write.number for write in marks if write.outcome == ACKNOWLEDGED]
            unknown = [write.number for write in marks if write.outcome in (UNKNOWN, OPEN)]
            if changes is None or not len(done) <= changes <= len(done) + len(unknown):
                yield f"client {client}'s mark was changed {changes} times: {len(done)} are acknowledged and {len(unknown)} unknown"
            elif number not in [*done[-1:], *unknown, *([0] if not done else [])]:
                yield f"client {client}'s mark is {number}, not its last acknowledged one {done[-1:]} nor an unknown one"

    def summary(self):
        counted = collections.Counter(write.outcome for write in self.writes)
        return ", ".join(f"{counted[outcome]} {outcome}" for outcome in (ACKNOWLEDGED, FAILED, UNKNOWN, OPEN) if counted[outcome] or outcome != OPEN)
