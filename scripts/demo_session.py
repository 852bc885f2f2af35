"""What the guided session does whatever the protocol: a step says what was sent, where it went and why, and what came back."""
import contextlib
import os
import socket
import sys
import textwrap
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support import servers  # noqa: E402
from support.shop import Shop  # noqa: E402

BATCH = 250


class Terminal:
    """Compact text; colours only where somebody looks."""

    def __init__(self, stream):
        self._stream = stream
        self._colours = stream.isatty() and "NO_COLOR" not in os.environ

    def paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self._colours else text

    def line(self, text=""):
        print(text, file=self._stream, flush=True)

    def heading(self, text):
        self.line("\n" + self.paint("1", text))

    def step(self, text):
        self.line(f"  {text}")

    def field(self, label, text):
        first, *rest = textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False) or [""]
        self.line(f"      {self.paint('2', label)}  {first}")
        for line in rest:
            self.line(f"            {line}")

    def verdict(self, is_right):
        return self.paint("32", "right") if is_right else self.paint("1;31", "WRONG")


def preferred_port(wanted):
    """The usual port if it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", wanted))
            return wanted
    return servers.free_port()


class Session:
    """One database, its servers and its connections. A dialect says how they are talked to."""

    errors = ()            # what its driver raises
    slot = ""              # the slot of {} as any SQL client can compute it
    database = "shop"

    def __init__(self, terminal, cluster, proxy):
        self.out, self.cluster, self.proxy = terminal, cluster, proxy
        self.shop = Shop()
        self.number = self.wrong = 0
        self.slots = {}
        self.connection = None

    def ask(self, node, sql, parameters=None):
        """Rows of a server, asked directly."""
        raise NotImplementedError

    def execute(self, sql, parameters=None):
        """A cursor of the session's connection."""
        raise NotImplementedError

    def said(self, error):
        """(the error's code, its text)"""
        raise NotImplementedError

    def shard_of(self, customer_id):
        return self.cluster.shards[0 if self.slots[customer_id] < 8192 else 1]

    def batches(self, rows, key):
        for shard in self.cluster.shards:
            mine = [row for row in rows if self.shard_of(row[key]) is shard]
            yield from (mine[i:i + BATCH] for i in range(0, len(mine), BATCH))

    # -- one step ----------------------------------------------------------------------------------------------------

    def show(self, title, sql, expected, parameters=None, explained=None, goes_to=None, proof=None):
        """Runs one statement and compares. expected: rows, a Counter of rows (any order), a row count, or an error's code
        for a refusal. goes_to: the shard SHARDWAY EXPLAIN must name. proof: (what, callable -> whether it holds)."""
        self.number += 1
        self.out.line(f"\n  {self.out.paint('1', f'{self.number:2}  {title}')}")
        self.out.field("sent", sql if parameters is None else f"{sql}   with {parameters}")
        is_right = True
        try:
            where = self.explain(explained or sql)
            self.out.field("went", " · ".join(where))
            if goes_to is not None:
                is_right = any(line.startswith("shard") and line.split(":")[1].strip() == goes_to for line in where)
            answer, text = self.run(sql, parameters, expected)
            is_right = is_right and answer == expected
            self.out.field("back", text)
            if not is_right:
                self.out.field("want", f"{expected}, from {goes_to or 'any shard'}")
            if proof is not None:
                holds = proof[1]()
                is_right = is_right and holds
                self.out.field("and", proof[0])
        except self.errors as error:
            is_right = False
            self.out.field("back", self.said(error)[1])
        self.wrong += not is_right
        self.out.step(f"    {self.out.verdict(is_right)}")

    def explain(self, sql):
        return [str(row[0]) for row in self.execute("SHARDWAY EXPLAIN " + sql).fetchall()]

    def run(self, sql, parameters, expected):
        """(the answer in the form of `expected`, the answer as text)"""
        try:
            cursor = self.execute(sql, parameters)
        except self.errors as error:
            if not isinstance(expected, str):
                raise
            return self.said(error)
        if cursor.description is None:
            return cursor.rowcount, f"{cursor.rowcount} rows"
        rows = list(cursor.fetchall())
        shown = " ; ".join(" | ".join(map(str, row)) for row in rows[:4])
        more = f" … {len(rows)} rows" if len(rows) > 4 else ""
        return (Counter(rows) if isinstance(expected, Counter) else rows), (shown or "no rows") + more

    def everywhere(self, sql, expected):
        """Whether each shard's primary, asked directly, gives these rows."""
        return all(self.ask(shard.primary, sql) == expected for shard in self.cluster.shards)

    # -- the end -----------------------------------------------------------------------------------------------------

    def rows_per_shard(self):
        """Asked directly: every row once, and on the shard of its slot."""
        shop = self.shop
        kept = {"customers": shop.customers, "orders": shop.orders, "order_items": shop.items}
        self.out.line(f"      {'':<14}{'shop_0':>10}{'shop_1':>10}{'in all':>10}")
        for table, rows in kept.items():
            self.table_line(table, rows)
        for table, wanted in (("countries", [len(shop.countries)] * 2), ("audit_log", [2, 0])):
            counts = [self.ask(shard.primary, f"select count(*) from {table}")[0][0] for shard in self.cluster.shards]
            note = "a copy on each" if table == "countries" else "shop_0 only"
            self.count_line(table, counts, counts == wanted, note)

    def table_line(self, table, rows):
        per_shard = [self.ask(shard.primary, f"select * from {table}") for shard in self.cluster.shards]
        astray = f"select count(*) from {table} where ({self.slot.format('customer_id')}) not between %s and %s"
        strays = [self.ask(shard.primary, astray, (8192 * i, 8192 * i + 8191))[0][0] for i, shard in enumerate(self.cluster.shards)]
        is_right = not any(strays) and Counter(per_shard[0] + per_shard[1]) == Counter(rows)
        self.count_line(table, list(map(len, per_shard)), is_right, f"every row once, {sum(strays)} on a wrong shard")

    def count_line(self, table, counts, is_right, note):
        self.wrong += not is_right
        cells = "".join(f"{count:>10,}" for count in [*counts, sum(counts)])
        self.out.line(f"      {table:<14}{cells}   {note}: {self.out.verdict(is_right)}")
