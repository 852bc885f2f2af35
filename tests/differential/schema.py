"""The tables of the differential test and their rows, always the same.

Keys are chosen so that shards differ and so that every limit of a type is there: negative, zero, beyond 32 bits, the largest
bigint, texts with quotes and letters outside of ASCII. The smallest bigint is not: `abs(key)` would fail or not, depending on
which rows a server looks at. Sums of `val` are exact in any order.
"""
import random
import uuid

DDL = """
create table customers(cid bigint primary key, name text not null, email text, country text, score numeric, created timestamptz);
create table orders(oid bigint, cid bigint, status text, total numeric(12,2) check (total < 1000000), ts timestamptz, note text,
                    primary key (cid, oid));
create table items(iid bigint, oid bigint, cid bigint, sku text, qty int, price numeric(10,2), primary key (cid, iid));
create table events(eid bigint primary key, cid bigint, kind text, val float8);
create table countries(code text primary key, name text);
create table lk(email text primary key, cid bigint);
create table cfg(k text primary key, v text);
create table docs(id uuid primary key, title text, tags text[], meta jsonb, day date, flag boolean);
create table sites(site int primary key, label text, grp smallint);
create table tiny(k smallint primary key, v text, amount int default 7);
create sequence s;
"""

# What a catalogue has to know: types of users, defaults, generated columns, foreign keys, partitions, names that hide others.
MORE_DDL = """
create type mood as enum ('sad', 'ok', 'happy');
create domain positive as int check (value > 0);
create table people(id bigint primary key, feeling mood, cents positive);
create table tagged(id bigint primary key, tag text default 'none', seen timestamptz default '2026-01-01');
create table gen(id bigint primary key, a int, b int generated always as (a * 2) stored);
create table odd("Key" bigint primary key, "select" text, "a b" int);
create table accounts(aid bigint primary key, owner text);
create table owners(aid bigint primary key, owner text unique);
create table entries(aid bigint references accounts on delete cascade, n int, code text references countries, primary key (aid, n));
create table parts(k bigint primary key, v text) partition by hash (k);
create table parts_0 partition of parts for values with (modulus 2, remainder 0);
create table parts_1 partition of parts for values with (modulus 2, remainder 1);
create view german as select cid, name from customers where country = 'de';
create schema other;
create table other.customers(cid bigint, name text);
create function reverse(bigint) returns bigint language sql volatile as 'select count(*) from public.customers';
create function count_above(bigint, bigint) returns bigint language sql volatile
  as 'select count(*) from public.customers where cid > $2';
create table lines(aid bigint references accounts deferrable initially deferred, n int, primary key (aid, n));
create table codes(code text primary key, parent text references codes deferrable initially deferred);
create table moved(id bigint primary key, v text);
create function move_key() returns trigger language plpgsql as 'begin new.id := new.id + 1000; return new; end';
create trigger move_key before insert on moved for each row execute function move_key();
create operator @> (leftarg = bigint, rightarg = bigint, function = count_above);
create operator @@@ (leftarg = bigint, rightarg = bigint, function = count_above);
"""

# name: (key column, its type) of sharded tables
KEYS = {
    **{table: ("cid", "bigint") for table in ("customers", "orders", "items")},
    **{table: ("id", "bigint") for table in ("people", "tagged", "gen", "moved")},
    **{table: ("aid", "bigint") for table in ("accounts", "owners", "entries", "lines")},
    "events": ("eid", "bigint"), "odd": ('"Key"', "bigint"), "parts": ("k", "bigint"),
    "lk": ("email", "text"), "docs": ("id", "uuid"), "sites": ("site", "integer"), "tiny": ("k", "smallint"),
}
REFERENCES, SINGLES = ("countries", "codes"), ("cfg",)
TABLES = (*KEYS, *REFERENCES, *SINGLES)
_HASHES = {"bigint": "hashint8extended", "integer": "hashint4extended", "smallint": "hashint2extended",
           "text": "hashtextextended", "uuid": "uuid_hash_extended"}

CIDS = [-9223372036854775807, -5000000000, -2147483648, -77, -5, -1, 0, *range(1, 25), 42, 100, 32767, 2147483647, 2147483648,
        5000000000, 9223372036854775807]
ODD_TEXTS = ["", " ", "it's", 'say "x"', "ß", "éa", "Zoë", "b\\s", "a,b", "{x}", "NULL", "日本", "007", "7", "percent%", "a "]
UUIDS = [str(uuid.UUID(int=(i * 0x1234567890abcdef1234567890abcdef) & ((1 << 128) - 1))) for i in range(12)]


def configured_tables(home):
    """The [[database.table]] entries."""
    return ([{"name": name, "key": key, "type": kind} for name, (key, kind) in KEYS.items()]
            + [{"name": name, "kind": "reference"} for name in REFERENCES]
            + [{"name": name, "kind": "single", "shard": home} for name in SINGLES])


def slot_of(table):
    """The slot of a row of this table, as SQL."""
    key, kind = KEYS[table]
    return f"({_HASHES[kind]}({key}, 0) & 16383)"


def literal(value):
    """A Python value as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    quoted = str(value).replace("'", "''")
    return f"'{quoted}'"


def rows():
    """All rows: {table: [tuple]}."""
    chance = random.Random(7)
    tables = {name: [] for name in TABLES}
    tables["countries"] = [("de", "Germany"), ("fr", "France"), ("is", "Iceland"), ("no", "Norway"), ("xx", None), ("DE", "Shouted")]
    tables["codes"] = [("a", None), ("b", "a")]
    tables["cfg"] = [("limit", "10"), ("theme", "dark"), ("empty", ""), ("none", None)]
    for number, cid in enumerate(CIDS):
        tables["customers"].append(_customer(chance, number, cid))
        _orders_of(chance, tables, number, cid)
    tables["orders"].append((7, 777, "lost", "1.00", _time(9), None))
    _more(chance, tables)
    return tables


def _time(number):
    return f"2026-0{1 + number % 9}-{10 + number % 17} 0{number % 10}:30:00+00"


def _customer(chance, number, cid):
    name = ODD_TEXTS[number] if 0 < number < len(ODD_TEXTS) else chance.choice(["Ada", "bob", "Cleo", "dan", "Émile", "Zoë"])
    country = chance.choice(["de", "fr", "is", "DE", None, "zz"])
    score = chance.choice([None, "0", "1.50", "2.5", "-3", "100.25", "1e3", "NaN" if number == 9 else "7"])
    return (cid, name, f"u{number % 30}@x.org" if number % 7 else None, country, score, _time(number))


def _orders_of(chance, tables, number, cid):
    for oid in range(1, 1 + number % 4):
        total = chance.choice([None, "10.00", "10.00", "99.99", "0.01", "-5.00", "123456.78"])
        tables["orders"].append((oid if number % 5 else oid + 4, cid, chance.choice(["new", "paid", "sent", None]), total,
                                 _time(number + oid), chance.choice([None, "", "x", "it's"])))
        for iid in range(1, 1 + (number + oid) % 3):
            tables["items"].append((oid * 10 + iid, oid, cid, chance.choice(["A-1", "B-2", "ß-3"]), chance.choice([0, 1, 2, 5, None]),
                                    chance.choice(["1.25", "20.00", None])))


def _more(chance, tables):
    for eid in range(-6, 40):
        cid = chance.choice([None, *CIDS[4:20], 777]) if eid != 3 else None
        tables["events"].append((eid, cid, chance.choice(["x", "y", "click", None]), chance.choice([0.25, -1.5, 3, 1000000.75, None])))
    tables["events"].append((9223372036854775807, 5, "last", 0.5))
    tables["lk"] = [(f"u{n}@x.org", CIDS[n]) for n in range(10)] + [(text, 5) for text in ODD_TEXTS]
    for number, key in enumerate(UUIDS):
        tags, meta = "{a,\"b c\",NULL}" if number % 2 else "{}", '{"n": %d}' % number if number % 3 else None
        tables["docs"].append((key, f"doc {number}", tags, meta, f"2026-03-{number + 1:02}", chance.choice([True, False, None])))
    tables["people"] = [(n, chance.choice(["sad", "ok", "happy", None]), chance.choice([1, 500, None])) for n in range(1, 13)]
    tables["odd"] = [(n, f"s{n}", n % 3) for n in range(1, 10)]
    tables["accounts"] = [(n, f"owner {n}") for n in range(1, 10)]
    tables["entries"] = [(n, i, "fr" if n == 3 else None) for n in range(1, 6) for i in range(n % 3)]
    tables["parts"] = [(n, f"v{n}") for n in range(1, 14)]
    tables["sites"] = [(site, f"site {site}", chance.choice([1, 2, None])) for site in (-2147483647, -7, *range(12), 2147483647)]
    tables["tiny"] = [(k, f"v{k}", chance.choice([None, 1, 2])) for k in (-32767, -1, *range(10), 32767)]


def inserts():
    """The statements that load all rows: one for each key, as an application would have to write them."""
    for table, all_rows in rows().items():
        groups = {}
        for row in all_rows:
            groups.setdefault(_key_of(table, row), []).append(row)
        for group in groups.values():
            values = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in group)
            yield f"insert into {table} values {values}"
    for n in range(1, 10):
        yield f"insert into gen (id, a) values ({n}, {n * 10})"


def _key_of(table, row):
    """The key, or None where all rows of the table go to the same place."""
    if table not in KEYS:
        return None
    return row[2] if table == "items" else row[1] if table == "orders" else row[0]
