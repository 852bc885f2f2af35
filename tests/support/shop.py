"""The `shop` of the demo: its schema, its tables in the configuration, and rows that are always the same."""
import random
from decimal import Decimal

TABLES = [
    {"name": "customers", "key": "customer_id", "type": "bigint"},
    {"name": "orders", "key": "customer_id", "type": "bigint"},
    {"name": "order_items", "key": "customer_id", "type": "bigint"},
    {"name": "countries", "kind": "reference"},
    {"name": "audit_log", "kind": "single", "shard": "shop_0"},
]

SCHEMA = [
    "create table countries (code text primary key, name text not null)",
    "create table customers (customer_id bigint primary key, name text not null,"
    " country text not null references countries)",
    "create table orders (order_id bigint, customer_id bigint references customers, status text not null,"
    " total numeric(10,2) not null, primary key (customer_id, order_id))",
    "create table order_items (customer_id bigint, order_id bigint, line int, product text not null,"
    " price numeric(10,2) not null, primary key (customer_id, order_id, line), foreign key (customer_id, order_id) references orders)",
    "create table audit_log (entry_id int primary key, at timestamptz not null default now(), entry text not null)",
]

COUNTRIES = [("CH", "Switzerland"), ("DE", "Germany"), ("FR", "France"), ("IS", "Iceland"), ("NO", "Norway"),
             ("PT", "Portugal")]
_FIRST = "Ada Alan Barbara Dennis Edsger Frances Grace Hedy Ida John Katherine Ken Leslie Margaret Radia".split()
_LAST = "Lovelace Turing Liskov Ritchie Dijkstra Allen Hopper Lamarr Rhodes Backus Johnson Thompson Hamilton".split()
_PRODUCTS = "lamp chair desk shelf clock kettle teapot blanket mirror basket".split()


class Shop:
    """All rows as Python values: what one plain server would hold."""

    def __init__(self, customers=1000, seed=42):
        chance = random.Random(seed)
        self.countries = list(COUNTRIES)
        self.customers, self.orders, self.items = [], [], []
        order_id = 0
        for customer_id in range(1, customers + 1):
            name = f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"
            # Few live in Iceland: the demo asks every shard for them.
            country = "IS" if customer_id % 111 == 0 else chance.choice(["CH", "DE", "FR", "NO", "PT"])
            self.customers.append((customer_id, name, country))
            for _ in range(chance.randint(1, 3)):
                order_id += 1
                prices = [Decimal(chance.randint(100, 20000)) / 100 for _ in range(chance.randint(1, 3))]
                self.orders.append((order_id, customer_id, chance.choice(["open", "paid", "sent"]), sum(prices)))
                self.items += [(customer_id, order_id, line, chance.choice(_PRODUCTS), price)
                               for line, price in enumerate(prices, 1)]

    def customer(self, customer_id):
        return next(row for row in self.customers if row[0] == customer_id)

    def orders_of(self, customer_id):
        return [row for row in self.orders if row[1] == customer_id]

    def items_of(self, customer_id):
        return [row for row in self.items if row[0] == customer_id]
