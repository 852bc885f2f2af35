"""What the generator knows of the tables: columns and their types, primary keys, values of keys, columns that tables share."""
from schema import CIDS, KEYS, ODD_TEXTS, UUIDS, literal

COLUMNS = {
    "customers": {"cid": "int8", "name": "text", "email": "text", "country": "text", "score": "numeric", "created": "timestamptz"},
    "orders": {"oid": "int8", "cid": "int8", "status": "text", "total": "numeric", "ts": "timestamptz", "note": "text"},
    "items": {"iid": "int8", "oid": "int8", "cid": "int8", "sku": "text", "qty": "int4", "price": "numeric"},
    "events": {"eid": "int8", "cid": "int8", "kind": "text", "val": "float8"},
    "countries": {"code": "text", "name": "text"},
    "lk": {"email": "text", "cid": "int8"},
    "cfg": {"k": "text", "v": "text"},
    "docs": {"id": "uuid", "title": "text", "day": "date", "flag": "bool"},
    "sites": {"site": "int4", "label": "text", "grp": "int2"},
    "tiny": {"k": "int2", "v": "text", "amount": "int4"},
    "parts": {"k": "int8", "v": "text"},
    "entries": {"aid": "int8", "n": "int4", "code": "text"},
}
PRIMARY = {"customers": ["cid"], "orders": ["cid", "oid"], "items": ["cid", "iid"], "events": ["eid"], "countries": ["code"],
           "lk": ["email"], "cfg": ["k"], "docs": ["id"], "sites": ["site"], "tiny": ["k"], "parts": ["k"], "entries": ["aid", "n"]}
SHARDED = [table for table in KEYS if table in COLUMNS]
KEY = {table: KEYS[table][0] for table in SHARDED}
FAMILY = ["customers", "orders", "items"]       # colocated by cid

_KEY_VALUES = {
    "customers": CIDS, "orders": CIDS, "items": CIDS, "events": list(range(-6, 40)),
    "lk": [f"u{n}@x.org" for n in range(10)] + ODD_TEXTS,
    "docs": UUIDS, "sites": list(range(12)), "tiny": list(range(10)),
    "parts": list(range(1, 14)), "entries": list(range(10)),
}
_NO_VALUES = {"int8": [777, 31337, -9], "text": ["nobody", "Ä"], "uuid": ["00000000-0000-0000-0000-00000000beef"], "int4": [99, -99],
              "int2": [77, -77]}
_VALUES = {
    "int8": [0, 1, 2, 3, 5, 7, 42], "int4": [0, 1, 2, 5], "int2": [1, 2, 7], "numeric": ["0", "1.5", "10.00", "99.99", "-3"],
    "float8": ["0.25", "3", "-1.5"], "bool": ["true", "false"], "date": ["2026-03-01", "2026-03-05"],
    "timestamptz": ["2026-03-12 02:30:00+00", "2026-05-01 00:00:00+00"], "uuid": UUIDS[:3],
    "text": ["x", "", "new", "paid", "de", "it's", "Ada", "A-1", "click", "B-2"],
}


def key_value(draft, table, is_new=False):
    """A value of the table's shard key, most often one that is there."""
    kind = COLUMNS[table][KEY[table]]
    if is_new or draft.maybe(0.08):
        return draft.one_of(*_NO_VALUES[kind])
    # Few distinct values, so that two keys of one statement are often the same.
    values = _KEY_VALUES[table]
    return draft.one_of(*values[7:15]) if draft.maybe(0.6) else draft.one_of(*values)


def some_value(draft, kind):
    return draft.one_of(*_VALUES[kind])


def constant(draft, kind, value=False):
    """A constant of a column's type: a literal or a parameter. `False` chooses a value, `None` is NULL."""
    if value is False:
        value = None if draft.maybe(0.03) else some_value(draft, kind)
    text = None if value is None else str(value)
    if draft.maybe(0.3):
        return draft.parameter(kind, text, draft.maybe(0.6))
    if value is None:
        return "NULL"
    if kind in ("int8", "int4", "int2", "float8", "numeric") and draft.maybe(0.7):
        return text if not text.startswith("-") else f"({text})"
    return literal(text) + (f"::{kind}" if draft.maybe(0.3) else "")
