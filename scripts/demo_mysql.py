"""The guided session over MySQL's protocol: the same shop on MariaDB."""
import time
import zlib
from collections import Counter
from decimal import Decimal

import pymysql

from demo_session import Session
from support.servers import wait_until

SCHEMA = [
    "create table countries (code varchar(2) primary key, name varchar(40) not null)",
    "create table customers (customer_id bigint primary key, name varchar(80) not null, country varchar(2) not null,"
    " foreign key (country) references countries (code))",
    "create table orders (order_id bigint, customer_id bigint, status varchar(10) not null, total decimal(10,2) not null,"
    " primary key (customer_id, order_id), foreign key (customer_id) references customers (customer_id))",
    "create table order_items (customer_id bigint, order_id bigint, line int, product varchar(40) not null,"
    " price decimal(10,2) not null, primary key (customer_id, order_id, line),"
    " foreign key (customer_id, order_id) references orders (customer_id, order_id))",
    "create table audit_log (entry_id int auto_increment primary key, at timestamp not null default current_timestamp,"
    " entry varchar(80) not null)",
]
COLUMNS = {"customers": "customer_id, name, country", "orders": "order_id, customer_id, status, total",
           "order_items": "customer_id, order_id, line, product, price", "countries": "code, name", "audit_log": "entry"}


class MysqlSession(Session):
    errors = pymysql.MySQLError
    slot = "crc32({}) & 16383"
    driver = "MySQL"

    def ask(self, node, sql, parameters=None):
        return node.query(sql, parameters, database="shop")

    def execute(self, sql, parameters=None):
        cursor = self.connection.cursor()
        cursor.execute(sql, parameters)
        return cursor

    def said(self, error):
        return str(error.args[0]), f"ERROR {error.args[0]}: {error.args[1]}"

    def connect(self):
        return self.proxy.mysql_connect(database=self.database)

    def insert(self, table, rows):
        """One INSERT of several rows, its columns named."""
        row = "(" + ", ".join(["%s"] * len(rows[0])) + ")"
        values = [value for one in rows for value in one]
        self.execute(f"insert into {table} ({COLUMNS[table]}) values " + ", ".join([row] * len(rows)), values)

    def load(self):
        """Schema and rows through Shardway; a batch holds rows of one shard."""
        begun = time.monotonic()
        self.slots = {key: zlib.crc32(str(key).encode()) & 16383 for key in range(1, len(self.shop.customers) + 101)}
        with self.connect() as self.connection:
            for statement in SCHEMA:
                self.execute(statement)
            self.out.step(f"{len(SCHEMA)} tables created on every shard by plain CREATE TABLE")
            self.insert("countries", self.shop.countries)
            for table, rows, key in (("customers", self.shop.customers, 0), ("orders", self.shop.orders, 1), ("order_items", self.shop.items, 0)):
                for batch in self.batches(rows, key):
                    self.insert(table, batch)
            self.insert("audit_log", [("shop opened",)])
        rows = sum(map(len, (self.shop.customers, self.shop.orders, self.shop.items, self.shop.countries))) + 1
        self.out.step(f"{rows:,} rows loaded by INSERT in {time.monotonic() - begun:.1f} s")
        for shard in self.cluster.shards:
            shard.wait_for_replicas()

    def session(self):
        self.replica_read()
        with self.connect() as self.connection:
            self.reads()
            self.writes()
            self.refusals()

    def reads(self):
        shop, home = self.shop, self.shard_of(42).name
        _, name, country = shop.customer(42)
        orders = shop.orders_of(42)
        self.show("One customer: the key says which shard", "select name, country from customers where customer_id = 42",
                  [(name, country)], goes_to=home)
        self.show("A join: orders live with their customer, countries on every shard",
                  "select o.order_id, o.total, n.name from orders o join customers c on c.customer_id = o.customer_id "
                  "join countries n on n.code = c.country where o.customer_id = 42 order by o.order_id",
                  [(row[0], row[3], dict(shop.countries)[country]) for row in orders], goes_to=home)
        self.show("Within one shard everything MariaDB can do works", "select count(*), sum(total) from orders where customer_id = 42",
                  [(len(orders), sum(row[3] for row in orders))], goes_to=home)
        self.show("No key: all shards are asked at once, their rows are one answer", "select customer_id, name from customers where country = 'IS'",
                  Counter((row[0], row[1]) for row in shop.customers if row[2] == "IS"))
        self.show("A reference table is read on any shard", "select name from countries where code = 'NO'", [("Norway",)])
        self.show("A hint names the shard (for users who may)", "/* shardway: shard=shop_1 */ select count(*) from customers",
                  [(sum(self.shard_of(row[0]).name == "shop_1" for row in shop.customers),)], goes_to="shop_1")

    def writes(self):
        shard, next_order = self.shard_of(42), len(self.shop.orders) + 1
        other = next(key for key in self.slots if self.shard_of(key) is not shard)
        order = (next_order, 42, "open", Decimal("19.90"))
        self.connection.begin()
        self.show("A transaction: BEGIN is answered at once, the shard joins at the first statement",
                  f"insert into orders (order_id, customer_id, status, total) values ({next_order}, 42, 'open', 19.90)", 1, goes_to=shard.name,
                  proof=("not yet visible to others", lambda: not self.order_on(shard, next_order)))
        self.show("… and it reads what it wrote", f"select total from orders where customer_id = 42 and order_id = {next_order}", [(order[3],)])
        self.show("… a second shard joins: now both must commit, or none", f"update customers set name = 'Renamed' where customer_id = {other}", 1,
                  goes_to=self.shard_of(other).name)
        self.connection.commit()
        self.shop.orders.append(order)
        at = next(i for i, row in enumerate(self.shop.customers) if row[0] == other)
        self.shop.customers[at] = (other, "Renamed", self.shop.customers[at][2])
        self.show("After COMMIT", "select count(*) from orders where customer_id = 42", [(len(self.shop.orders_of(42)),)],
                  proof=("both shards, asked directly, have their part",
                         lambda: self.order_on(shard, next_order) and self.ask(
                             self.shard_of(other).primary, "select name from customers where customer_id = %s", [other]) == [("Renamed",)]))
        self.show("A reference table is written on every shard, or on none", "insert into countries values ('AQ', 'Antarctica')", 1,
                  proof=("both shards, asked directly, have the row",
                         lambda: self.everywhere("select name from countries where code = 'AQ'", [("Antarctica",)])))
        self.shop.countries.append(("AQ", "Antarctica"))
        self.show("A single table lives on one shard", "insert into audit_log (entry) values ('demo ran') returning entry", [("demo ran",)],
                  goes_to="shop_0")

    def refusals(self):
        new = len(self.shop.customers) + 1
        other = next(key for key in self.slots if key > new and self.shard_of(key) is not self.shard_of(new))
        self.show("What cannot be answered exactly is refused, with the way out", "select country, count(*) from customers group by country", "1235")
        self.show("So is one INSERT for two shards (for now)",
                  f"insert into customers (customer_id, name, country) values ({new}, 'One', 'CH'), ({other}, 'Two', 'CH')", "1235",
                  proof=("nothing was kept on any shard", lambda: self.everywhere(f"select 1 from customers where customer_id >= {new}", [])))
        self.show("An error is the server's own", "insert into customers (customer_id, name, country) values (42, 'Nobody', 'NO')", "1062",
                  goes_to=self.shard_of(42).name)

    def replica_read(self):
        """On a connection that has written nothing; the replica has a connection of the application only if it is read."""
        shard = self.shard_of(7)
        replica = shard.replicas[0]
        with self.connect() as self.connection:
            def asked():
                wait_until(lambda: self.execute("select name from customers where customer_id = 7").fetchall() and self.ask(
                    replica, "select 1 from information_schema.processlist where user = 'app'"), 10, f"{replica.name} is read")
                return True
            self.show("A read of a client that wrote nothing goes to a replica", "select name from customers where customer_id = 7",
                      [(self.shop.customer(7)[1],)], goes_to=shard.name, proof=(f"{replica.name} at {replica.address} serves the application", asked))

    def order_on(self, shard, order_id):
        return bool(self.ask(shard.primary, "select 1 from orders where order_id = %s", [order_id]))

    def invite(self):
        """How to reach it."""
        known = self.proxy.mysql_conninfo(database=self.database)
        url = f"mysql://{known['user']}:{known['password']}@{known['host']}:{known['port']}/{self.database}"
        self.out.step(f"mysql          mysql -h {known['host']} -P {known['port']} -u {known['user']} -p{known['password']} {self.database}")
        self.out.step(f"mysql2         mysql.createConnection('{url}')")
        self.out.step(f"PyMySQL        pymysql.connect(host='{known['host']}', port={known['port']}, user='{known['user']}', "
                      f"password='{known['password']}', database='{self.database}')")
