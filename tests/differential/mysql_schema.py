"""The tables of the differential test in MySQL's dialect and their rows, always the same: the shop, and what its keys do not show.

Keys are chosen so that shards differ and so that every limit of a type is there: negative, zero, beyond 32 bits, the largest
bigint, texts that differ by a space, by case or by an accent only, bytes that are no text. Sums of `val` are exact in any order.
"""
import random
import uuid
import zlib

SHOP_DDL = """
create table countries(code char(2) collate utf8mb4_bin primary key, name varchar(60));
create table customers(customer_id bigint primary key, name varchar(60) not null, email varchar(80), country char(2), score decimal(10,2),
                       created datetime);
create table orders(order_id bigint, customer_id bigint, status varchar(20), total decimal(12,2) check (total < 1000000), ts datetime(3),
                    note text, primary key (customer_id, order_id));
create table order_items(customer_id bigint, order_id bigint, line int, product varchar(40), qty int, price decimal(10,2),
                         primary key (customer_id, order_id, line));
create table audit_log(entry_id int auto_increment primary key, at timestamp not null default '2026-01-01 00:00:00',
                       entry varchar(100) not null);
"""

# Keys of every type, what a catalogue has to know, and what no shard can keep on its own.
MORE_DDL = """
create table events(event_id bigint primary key, customer_id bigint, kind varchar(20), val double);
create table lk(email varchar(80) collate utf8mb4_bin primary key, customer_id bigint);
create table exact(tag varchar(40) collate utf8mb4_nopad_bin primary key, n int);
create table digests(d varbinary(32) primary key, n int);
create table fixed(b binary(4) primary key, n int);
create table docs(id uuid primary key, title varchar(40), meta json, flag boolean);
create table sites(site int primary key, label varchar(40), grp smallint);
create table tiny(k smallint primary key, v varchar(20), amount int default 7);
create table counters(u bigint unsigned primary key, n int);
create table cfg(k varchar(20) primary key, v varchar(40));
create table typed(id bigint primary key, t tinyint, m mediumint unsigned, f float, d double, n decimal(20,6), day date, at datetime(6),
                   span time(2), y year, flags bit(10), kind enum('a', 'b', 'it''s'), tags set('x', 'y', 'z'), b blob,
                   latin varchar(20) character set latin1,
                   bin varbinary(20), c char(5));
create table tagged(id bigint primary key, tag varchar(20) default 'none', seen datetime default '2026-01-01 00:00:00');
create table gen(id bigint primary key, a int, b int generated always as (a * 2) stored, c int as (a + 1) virtual);
create table odd(`Key` bigint primary key, `select` varchar(20), `a b` int);
create table logs(customer_id bigint, msg varchar(40), key (customer_id));
create table accounts(aid bigint primary key, owner varchar(40));
create table entries(aid bigint, n int, code char(2) collate utf8mb4_bin, primary key (aid, n),
                     foreign key (aid) references accounts(aid) on delete cascade, foreign key (code) references countries(code));
create table codes(code varchar(20) primary key, parent varchar(20), foreign key (parent) references codes(code));
create table parts(k bigint primary key, v varchar(20)) partition by hash (k) partitions 4;
create table owners(aid bigint primary key, owner varchar(40), unique (owner));
create table tickets(ticket_id bigint auto_increment primary key, title varchar(40));
create table notes(customer_id bigint, note_id int auto_increment, body varchar(40), primary key (customer_id, note_id), key (note_id));
create table labels(label_id int auto_increment primary key, name varchar(20), unique (name));
create table moved(id bigint primary key, v varchar(20));
create view german as select customer_id, name from customers where country = 'de';
create function twice(n bigint) returns bigint deterministic return n * 2;
create function customers_of(c varchar(9)) returns bigint reads sql data return (select count(*) from customers where country = c);
create procedure orders_of(in c bigint) select order_id, status from orders where customer_id = c order by order_id;
create procedure double_it(inout n bigint) set n = n * 2;
create trigger move_key before insert on moved for each row set new.id = new.id + 1000;
create sequence numbers;
"""

# name: (key column, how CRC32 sees it) of sharded tables
_TEXT = "rtrim({})"
KEYS = {
    **{table: ("customer_id", "{}") for table in ("customers", "orders", "order_items", "logs", "notes")},
    **{table: ("id", "{}") for table in ("typed", "tagged", "gen", "moved")},
    **{table: ("aid", "{}") for table in ("accounts", "entries", "owners")},
    "events": ("event_id", "{}"), "odd": ("`Key`", "{}"), "parts": ("k", "{}"), "sites": ("site", "{}"), "tiny": ("k", "{}"),
    "counters": ("u", "{}"), "tickets": ("ticket_id", "{}"), "lk": ("email", _TEXT), "exact": ("tag", "{}"), "digests": ("d", "{}"),
    "fixed": ("b", "{}"),
}
REFERENCES, SINGLES = ("countries", "codes", "labels"), ("cfg", "docs", "audit_log")
TABLES = (*KEYS, *REFERENCES, *SINGLES)
COUNTING = {"audit_log": 100, "tickets": 100, "notes": 100, "labels": 100}      # AUTO_INCREMENT at the start
TYPES = {"lk": "varchar", "exact": "varbinary", "digests": "varbinary", "fixed": "binary", "sites": "int",
         "tiny": "smallint"}   # else bigint
INSERTED = {"gen": "(id, a)"}                                    # the columns given, where it is not all of them
SLOTS = 16384

CUSTOMERS = [-9223372036854775807, -5000000000, -2147483648, -77, -5, -1, 0, *range(1, 25), 42, 100, 32767, 2147483647, 2147483648,
             5000000000, 9223372036854775807]
ODD_TEXTS = ["", "it's", 'say "x"', "ß", "ss", "éa", "ea", "Zoë", "zoe", "b\\s", "a,b", "{x}", "NULL", "日本", "007", "7", "percent%", "A",
             "a", "😀"]
BYTES = [b"", b"\0", b"abc", b"abc ", b"ABC", b"5", b"\xff\xfe", b"it's", bytes(range(32))]
UUIDS = [str(uuid.UUID(int=(i * 0x1234567890abcdef1234567890abcdef) & ((1 << 128) - 1),
                       version=1 + i % 5)) for i in range(12)]   # no other is taken


def configured_tables(home):
    """The [[database.table]] entries."""
    return ([{"name": name, "key": key.strip("`"), "type": TYPES.get(name, "bigint")} for name, (key, _) in KEYS.items()]
            + [{"name": name, "kind": "reference"} for name in REFERENCES]
            + [{"name": name, "kind": "single", "shard": home} for name in SINGLES])


def slot_of(table):
    """The slot of a row of this table, as SQL."""
    key, form = KEYS[table]
    return f"(crc32({form.format(key)}) & {SLOTS - 1})"


def slot_of_row(table, row):
    """The same from a row's values, or None if its key is NULL."""
    value = key_of(table, row)
    if value is None:
        return None
    text = value if isinstance(value, bytes) else str(value).encode()
    return zlib.crc32(text.rstrip(b" ") if KEYS[table][1] == _TEXT else text) & SLOTS - 1


def key_of(table, row):
    return row[1] if table == "orders" else row[0]


def literal(value):
    """A Python value as an SQL literal, whatever the sql_mode is (there is a backslash, then it is written in hexadecimal)."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, (int, float)):
        return str(value)
    if "\\" in value:
        return f"_utf8mb4 x'{value.encode().hex()}'"
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def statements():
    """The DDL's statements."""
    return [text.strip() for text in (SHOP_DDL + MORE_DDL).split(";\n") if text.strip()]


def rows():
    """All rows: {table: [tuple]}."""
    chance = random.Random(7)
    tables = {name: [] for name in TABLES}
    tables["countries"] = [("de", "Germany"), ("fr", "France"), ("is", "Iceland"), ("no", "Norway"), ("xx", None), ("DE", "Shouted")]
    tables["codes"] = [("a", None), ("b", "a")]
    tables["labels"] = [(1, "red"), (2, "green"), (7, None)]
    tables["cfg"] = [("limit", "10"), ("theme", "dark"), ("empty", ""), ("none", None)]
    tables["audit_log"] = [(n, f"2026-02-0{n} 12:00:00", f"entry {n}") for n in range(1, 5)]
    for number, customer in enumerate(CUSTOMERS):
        tables["customers"].append(_customer(chance, number, customer))
        _orders_of(chance, tables, number, customer)
    tables["orders"].append((7, 777, "lost", "1.00", _time(9), None))
    _other_keys(chance, tables)
    _catalogue(chance, tables)
    return tables


def _time(number):
    return f"2026-0{1 + number % 9}-{10 + number % 17} 0{number % 10}:30:00"


def _customer(chance, number, customer):
    name = ODD_TEXTS[number] if 0 < number < len(ODD_TEXTS) else chance.choice(["Ada", "bob", "Cleo", "dan", "Émile", "zoë"])
    country = chance.choice(["de", "fr", "is", "DE", None, "zz"])
    score = chance.choice([None, "0", "1.50", "2.5", "-3", "100.25", "1000", "7"])
    return (customer, name, f"u{number % 30}@x.org" if number % 7 else None, country, score, _time(number))


def _orders_of(chance, tables, number, customer):
    for order in range(1, 1 + number % 4):
        total = chance.choice([None, "10.00", "10.00", "99.99", "0.01", "-5.00", "123456.78"])
        tables["orders"].append((order if number % 5 else order + 4, customer, chance.choice(["new", "paid", "Paid", "sent", None]), total,
                                 _time(number + order), chance.choice([None, "", "x", "it's"])))
        for line in range(1, 1 + (number + order) % 3):
            tables["order_items"].append((customer, order, line, chance.choice(["lamp", "Desk", "ß-3"]), chance.choice([0, 1, 2, 5, None]),
                                          chance.choice(["1.25", "20.00", None])))


def _other_keys(chance, tables):
    for event in range(-6, 40):
        customer = chance.choice([None, *CUSTOMERS[4:20], 777]) if event != 3 else None
        tables["events"].append((event, customer, chance.choice(["x", "y", "click", None]),
                                 chance.choice([0.25, -1.5, 3.0, 1000000.75, None])))
    tables["events"].append((9223372036854775807, 5, "last", 0.5))
    tables["lk"] = [(f"u{n}@x.org", CUSTOMERS[n]) for n in range(10)] + [(text, 5) for text in ODD_TEXTS]
    tables["exact"] = [(text, n) for n, text in enumerate([*ODD_TEXTS, " ", "a ", "a  ", "A "])]
    tables["digests"] = [(text, n) for n, text in enumerate(BYTES)]
    tables["fixed"] = [(text.ljust(4, b"\0"), n) for n,
                       text in enumerate((b"", b"a", b"ab", b"abcd", b"abc ", b"5", b"\xff\0\xff\0", b"ABCD"))]
    for number, key in enumerate(UUIDS):
        meta = '{"n": %d}' % number if number % 3 else None
        tables["docs"].append((key, f"doc {number}", meta, chance.choice([1, 0, None])))
    tables["sites"] = [(site, f"site {site}", chance.choice([1, 2, None])) for site in (-2147483648, -7, *range(12), 2147483647)]
    tables["tiny"] = [(k, f"v{k}", chance.choice([None, 1, 2])) for k in (-32768, -1, *range(10), 32767)]
    tables["counters"] = [(u, chance.choice([1, 2, None])) for u in (*range(8), 9223372036854775808, 18446744073709551615)]


def _catalogue(chance, tables):
    for n in range(1, 9):
        tables["typed"].append((
            n, n - 4, n * 1000, n / 4, n / 8, f"{n}.125", f"2026-0{n}-1{n}", f"2026-0{n}-01 01:02:03.{n:06}", f"{n - 3}:00:00.5", 2020 + n,
            n,
            chance.choice(["a", "b", "it's", None]), chance.choice(["x", "x,z", "", None]), chance.choice([b"\0\xff", b"blob", None]),
            f"é{n}",
            chance.choice([b"\xe4", b"x", None]), chance.choice(["c", "c d", ""])))
    tables["typed"].append((9, *[None] * 16))
    tables["odd"] = [(n, f"s{n}", n % 3) for n in range(1, 10)]
    tables["logs"] = [(n % 5 or None, f"message {n}") for n in range(1, 16) if n % 5] + [(7, "message 7"), (7, "message 7")]
    tables["accounts"] = [(n, f"owner {n}") for n in range(1, 10)]
    tables["entries"] = [(n, i, "fr" if n == 3 else None) for n in range(1, 6) for i in range(n % 3)]
    tables["parts"] = [(n, f"v{n}") for n in range(1, 14)]
    tables["gen"] = [(n, n * 10) for n in range(1, 10)]
    tables["tickets"] = [(n, f"ticket {n}") for n in range(1, 6)]
    tables["notes"] = [(n % 3 + 1, n, f"note {n}") for n in range(1, 6)]
