"""The guided session of scripts/demo: real servers, a shop loaded through Shardway, every answer checked."""
import argparse
import contextlib
import os
import pathlib
import signal
import socket
import sys
import textwrap
import time
from collections import Counter
from decimal import Decimal

import psycopg

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support import servers, shardway  # noqa: E402
from support.shop import SCHEMA, TABLES, Shop  # noqa: E402

SLOT = "hashint8extended({}, 0) & 16383"   # what decides, as any SQL client can compute it
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


def configuration(cluster):
    """configs/sharded-postgresql.toml with this cluster's addresses, and reads from replicas."""
    config = shardway.base_config(cluster, workers=0)
    config["listen"][0]["address"] = f"127.0.0.1:{preferred_port(6432)}"
    config["admin"]["http"] = f"127.0.0.1:{preferred_port(9632)}"
    reads = {"from": "replicas", "consistency": "session", "max_lag": "10s"}
    config["database"] = [shardway.sharded_database(cluster, TABLES, reads=reads)]
    return config


class Demo:
    """The session: every step says what was sent, where it went and why, and what came back."""

    def __init__(self, terminal, cluster, proxy):
        self.out, self.cluster, self.proxy = terminal, cluster, proxy
        self.shop = Shop()
        self.number = self.wrong = 0
        self.slots = {}
        self.connection = None

    # -- loading -----------------------------------------------------------------------------------------------------

    def shard_of(self, customer_id):
        return self.cluster.shards[0 if self.slots[customer_id] < 8192 else 1]

    def load(self):
        """Schema and rows through Shardway; a batch holds rows of one shard."""
        begun = time.monotonic()
        with self.proxy.connect() as connection:
            for statement in SCHEMA:
                connection.execute(statement)
            self.out.step(f"{len(SCHEMA)} tables created on every shard by plain CREATE TABLE")
            keys = f"select k, {SLOT.format('k')} from generate_series(1, {len(self.shop.customers) + 100}) k"
            self.slots = dict(connection.execute(keys).fetchall())
            insert(connection, "countries", self.shop.countries)
            for table, rows, key in (("customers", self.shop.customers, 0), ("orders", self.shop.orders, 1)):
                for batch in self.batches(rows, key):
                    insert(connection, table, batch)
            for batch in self.batches(self.shop.items, 0):
                with connection.cursor().copy("copy order_items from stdin") as copy:
                    for row in batch:
                        copy.write_row(row)
            insert(connection, "audit_log (entry_id, entry)", [(1, "shop opened")])
        rows = sum(map(len, (self.shop.customers, self.shop.orders, self.shop.items, self.shop.countries))) + 1
        self.out.step(f"{rows:,} rows loaded by INSERT and COPY in {time.monotonic() - begun:.1f} s")
        for shard in self.cluster.shards:
            shard.wait_for_replicas()

    def batches(self, rows, key):
        for shard in self.cluster.shards:
            mine = [row for row in rows if self.shard_of(row[key]) is shard]
            yield from (mine[i:i + BATCH] for i in range(0, len(mine), BATCH))

    # -- one step ----------------------------------------------------------------------------------------------------

    def show(self, title, sql, expected, parameters=None, explained=None, goes_to=None, proof=None):
        """Runs one statement and compares. expected: rows, a Counter of rows (any order), a row count, or an SQLSTATE
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
        except psycopg.Error as error:
            is_right = False
            self.out.field("back", f"{error.sqlstate}: {error}")
        self.wrong += not is_right
        self.out.step(f"    {self.out.verdict(is_right)}")

    def explain(self, sql):
        return [str(row[0]) for row in self.connection.execute("SHARDWAY EXPLAIN " + sql).fetchall()]

    def run(self, sql, parameters, expected):
        """(the answer in the form of `expected`, the answer as text)"""
        try:
            cursor = self.connection.execute(sql, parameters)
        except psycopg.Error as error:
            if not isinstance(expected, str):
                raise
            hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
            return error.sqlstate, f"ERROR {error.sqlstate}: {error.diag.message_primary}{hint}"
        if cursor.description is None:
            return cursor.rowcount, cursor.statusmessage
        rows = cursor.fetchall()
        shown = " ; ".join(" | ".join(map(str, row)) for row in rows[:4])
        more = f" … {len(rows)} rows" if len(rows) > 4 else ""
        return (Counter(rows) if isinstance(expected, Counter) else rows), (shown or "no rows") + more

    def everywhere(self, sql, expected):
        """Whether each shard's primary, asked directly, gives these rows."""
        return all(shard.primary.query(sql) == expected for shard in self.cluster.shards)

    # -- the session -------------------------------------------------------------------------------------------------

    def session(self):
        with self.proxy.connect() as self.connection:
            self.reads()
            self.writes()
            self.refusals()
        self.replica_read()

    def reads(self):
        shop, home = self.shop, self.shard_of(42).name
        _, name, country = shop.customer(42)
        orders = shop.orders_of(42)
        self.show("One customer: the key says which shard",
                  "select name, country from customers where customer_id = 42", [(name, country)], goes_to=home)
        self.show("The same through a prepared statement: the key comes with Bind",
                  "select name, country from customers where customer_id = %s", [(name, country)], parameters=[42],
                  explained="select name, country from customers where customer_id = 42", goes_to=home)
        self.show("A join: orders live with their customer, countries on every shard",
                  "select o.order_id, o.total, n.name from orders o join customers c on c.customer_id = o.customer_id "
                  "join countries n on n.code = c.country where o.customer_id = 42 order by o.order_id",
                  [(row[0], row[3], dict(shop.countries)[country]) for row in orders], goes_to=home)
        self.show("Within one shard everything PostgreSQL can do works",
                  "select count(*), sum(total) from orders where customer_id = 42",
                  [(len(orders), sum(row[3] for row in orders))], goes_to=home)
        self.show("No key: all shards are asked at once, their rows are one answer",
                  "select customer_id, name from customers where country = 'IS'",
                  Counter((row[0], row[1]) for row in shop.customers if row[2] == "IS"))
        self.show("A reference table is read on any shard", "select name from countries where code = 'NO'",
                  [("Norway",)])
        self.show("A hint names the shard (for users who may)",
                  "/* shardway: shard=shop_1 */ select count(*) from customers",
                  [(sum(self.shard_of(row[0]).name == "shop_1" for row in shop.customers),)], goes_to="shop_1")

    def writes(self):
        shard, next_order = self.shard_of(42), len(self.shop.orders) + 1
        order = (next_order, 42, "open", Decimal("19.90"))
        item = (42, next_order, 1, "lamp", Decimal("19.90"))
        with self.connection.transaction():
            self.show("A transaction: BEGIN is answered at once, the shard joins at the first statement",
                      f"insert into orders values ({next_order}, 42, 'open', 19.90)", 1, goes_to=shard.name,
                      proof=("not yet visible to others", lambda: not self.order_on(shard, next_order)))
            self.show("… an insert into a second table of the same shard",
                      f"insert into order_items values (42, {next_order}, 1, 'lamp', 19.90)", 1, goes_to=shard.name)
            self.show("… and it reads what it wrote",
                      f"select total from orders where customer_id = 42 and order_id = {next_order}", [(order[3],)])
        self.shop.orders.append(order)
        self.shop.items.append(item)
        self.show("After COMMIT", "select count(*) from orders where customer_id = 42",
                  [(len(self.shop.orders_of(42)),)],
                  proof=(f"{shard.name}, asked directly, has the order", lambda: self.order_on(shard, next_order)))
        self.copy_step(next_order)
        self.show("A reference table is written on every shard, or on none",
                  "insert into countries values ('AQ', 'Antarctica')", 1,
                  proof=("both shards, asked directly, have the row",
                         lambda: self.everywhere("select name from countries where code = 'AQ'", [("Antarctica",)])))
        self.shop.countries.append(("AQ", "Antarctica"))
        self.show("A single table lives on one shard",
                  "insert into audit_log (entry_id, entry) values (2, 'demo ran') returning entry", [("demo ran",)],
                  goes_to="shop_0")

    def copy_step(self, order_id):
        """COPY of three rows of one customer."""
        rows = [(42, order_id, line, product, Decimal(price))
                for line, product, price in ((2, "desk", "80.00"), (3, "clock", "12.00"), (4, "teapot", "9.50"))]
        self.number += 1
        self.out.line(f"\n  {self.out.paint('1', f'{self.number:2}  COPY goes to the shard of its rows')}")
        sql = "copy order_items from stdin"
        self.out.field("sent", f"{sql}   with {len(rows)} rows of customer 42")
        try:
            self.out.field("went", " · ".join(self.explain(sql)))
            with self.connection.cursor() as cursor:
                with cursor.copy(sql) as copy:
                    for row in rows:
                        copy.write_row(row)
                self.out.field("back", cursor.statusmessage)
            self.shop.items += rows
            found = self.shard_of(42).primary.query(
                "select customer_id, order_id, line, product, price from order_items where order_id = %s order by line",
                [order_id])
            is_right = found == [row for row in self.shop.items if row[1] == order_id]
            self.out.field("and", f"{self.shard_of(42).name}, asked directly, has {len(found)} items of that order")
        except psycopg.Error as error:
            is_right = False
            self.out.field("back", f"{error.sqlstate}: {error}")
        self.wrong += not is_right
        self.out.step(f"    {self.out.verdict(is_right)}")

    def refusals(self):
        new = len(self.shop.customers) + 1
        other = next(key for key in self.slots if key > new and self.shard_of(key) is not self.shard_of(new))
        self.show("What cannot be answered exactly is refused, with the way out",
                  "select country, count(*) from customers group by country", "0A000")
        self.show("So is one INSERT for two shards (for now)",
                  f"insert into customers values ({new}, 'One', 'CH'), ({other}, 'Two', 'CH')", "0A000",
                  proof=("nothing was kept on any shard",
                         lambda: self.everywhere(f"select 1 from customers where customer_id >= {new}", [])))
        self.show("An error is the server's own", "insert into customers values (42, 'Nobody', 'NO')", "23505",
                  goes_to=self.shard_of(42).name)

    def replica_read(self):
        """On a connection that has written nothing; the replica itself tells that it answered."""
        for shard in self.cluster.shards:
            shard.wait_for_replicas()
        sql = "select name from customers where customer_id = 7"
        shard = self.shard_of(7)
        replica = shard.replicas[0]

        def asked():
            return bool(replica.query("select 1 from pg_stat_activity where usename = 'app' and query like %s",
                                      ["%customer_id = 7%"], dbname="postgres"))
        with self.proxy.connect() as self.connection:
            self.show("A read of a client that wrote nothing goes to a replica", sql, [(self.shop.customer(7)[1],)],
                      goes_to=shard.name, proof=(f"{replica.name} at {replica.address} says it was asked", asked))

    @staticmethod
    def order_on(shard, order_id):
        return bool(shard.primary.query("select 1 from orders where order_id = %s", [order_id]))

    # -- the end -----------------------------------------------------------------------------------------------------

    def rows_per_shard(self):
        """Asked directly: every row once, and on the shard of its slot."""
        shop = self.shop
        kept = {"customers": shop.customers, "orders": shop.orders, "order_items": shop.items}
        self.out.line(f"      {'':<14}{'shop_0':>10}{'shop_1':>10}{'in all':>10}")
        for table, rows in kept.items():
            self.table_line(table, rows)
        for table, wanted in (("countries", [len(shop.countries)] * 2), ("audit_log", [2, 0])):
            counts = [shard.primary.value(f"select count(*) from {table}") for shard in self.cluster.shards]
            note = "a copy on each" if table == "countries" else "shop_0 only"
            self.count_line(table, counts, counts == wanted, note)

    def table_line(self, table, rows):
        per_shard = [shard.primary.query(f"select * from {table}") for shard in self.cluster.shards]
        astray = f"select count(*) from {table} where ({SLOT.format('customer_id')}) not between %s and %s"
        strays = [shard.primary.value(astray, (8192 * i, 8192 * i + 8191)) for i, shard in enumerate(self.cluster.shards)]
        is_right = not any(strays) and Counter(per_shard[0] + per_shard[1]) == Counter(rows)
        self.count_line(table, list(map(len, per_shard)), is_right, f"every row once, {sum(strays)} on a wrong shard")

    def count_line(self, table, counts, is_right, note):
        self.wrong += not is_right
        cells = "".join(f"{count:>10,}" for count in [*counts, sum(counts)])
        self.out.line(f"      {table:<14}{cells}   {note}: {self.out.verdict(is_right)}")

    def invite(self):
        """How to reach it."""
        proxy = self.proxy
        console = proxy.url(dbname="shardway", user=shardway.ADMIN)
        self.out.heading("Connect")
        self.out.step(f"psql           psql '{proxy.url()}'")
        self.out.step(f"node-postgres  new pg.Client('{proxy.url()}')")
        self.out.step(f"psycopg        psycopg.connect('{proxy.url()}')")
        self.out.step(f"console        psql '{console}' -c 'SHOW POOLS'")
        self.out.step(f"metrics        http://{proxy.config['admin']['http']}/metrics")
        self.out.step(f"configuration  {proxy.file}      log  {proxy.log_file}")


def insert(connection, table, rows):
    """One INSERT of several rows."""
    row = "(" + ", ".join(["%s"] * len(rows[0])) + ")"
    values = [value for one in rows for value in one]
    connection.execute(f"insert into {table} values " + ", ".join([row] * len(rows)), values)


def serve(terminal, proxy):
    """Until Ctrl-C, or until the program ends by itself."""
    terminal.line("\n  serving; Ctrl-C stops it and removes everything")
    stopped = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.append(True))
    while not stopped and proxy.process.poll() is None:
        time.sleep(0.2)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)   # cleaning up is not interrupted


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo")
    parser.add_argument("--once", action="store_true", help="end after the guided session")
    once = parser.parse_args().once
    out = Terminal(sys.stdout)

    out.heading("Servers")
    with servers.Cluster(shards=2, replicas=1) as cluster:
        for shard in cluster.shards:
            out.step(f"{shard.name}   primary {shard.primary.address}   replica {shard.replicas[0].address}")
        config = configuration(cluster)
        (cluster.folder / "shardway").mkdir()
        with shardway.Proxy(config, folder=cluster.folder / "shardway") as proxy:
            demo = Demo(out, cluster, proxy)
            out.step(f"shardway in front of both at {proxy.addresses[0]}, user app, database shop")
            out.heading("The shop, created and loaded through Shardway")
            demo.load()
            out.heading("The guided session")
            demo.session()
            out.heading("Rows per shard, asked directly at the servers")
            demo.rows_per_shard()
            demo.invite()
            out.line("")
            out.line(out.paint("32", "  every answer was right") if not demo.wrong
                     else out.paint("1;31", f"  {demo.wrong} answers were WRONG"))
            if not once:
                serve(out, proxy)
    return 1 if demo.wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
