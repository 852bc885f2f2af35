"""The guided session over PostgreSQL's protocol."""
import time
from collections import Counter
from decimal import Decimal

import psycopg

from demo_session import Session
from support import shardway
from support.shop import SCHEMA


class PostgresSession(Session):
    errors = psycopg.Error
    slot = "hashint8extended({}, 0) & 16383"

    def ask(self, node, sql, parameters=None):
        return node.query(sql, parameters)

    def execute(self, sql, parameters=None):
        return self.connection.execute(sql, parameters)

    def said(self, error):
        hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
        return error.sqlstate, f"ERROR {error.sqlstate}: {error.diag.message_primary}{hint}"

    def load(self):
        """Schema and rows through Shardway; a batch holds rows of one shard."""
        begun = time.monotonic()
        with self.proxy.connect() as connection:
            for statement in SCHEMA:
                connection.execute(statement)
            self.out.step(f"{len(SCHEMA)} tables created on every shard by plain CREATE TABLE")
            keys = f"select k, {self.slot.format('k')} from generate_series(1, {len(self.shop.customers) + 100}) k"
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
            self.out.field("back", self.said(error)[1])
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

    def invite(self):
        """How to reach it."""
        proxy = self.proxy
        console = proxy.url(dbname="shardway", user=shardway.ADMIN)
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
