"""What the generator knows of the tables in MySQL's dialect: columns and their kinds, primary keys, values of keys."""
from draft import Draft
from mysql_parameters import Parameter
from mysql_schema import BYTES, CUSTOMERS, KEYS, ODD_TEXTS, UUIDS, literal

# text: of no case; name: binary; bytes: varbinary. The others are types.
COLUMNS = {
    "customers": {"customer_id": "bigint", "name": "text", "email": "text", "country": "text", "score": "decimal", "created": "datetime"},
    "orders": {"order_id": "bigint", "customer_id": "bigint", "status": "text", "total": "decimal", "ts": "datetime", "note": "text"},
    "order_items": {"customer_id": "bigint", "order_id": "bigint", "line": "int", "product": "text", "qty": "int", "price": "decimal"},
    "events": {"event_id": "bigint", "customer_id": "bigint", "kind": "text", "val": "double"},
    "countries": {"code": "name", "name": "text"},
    "cfg": {"k": "text", "v": "text"},
    "lk": {"email": "name", "customer_id": "bigint"},
    "exact": {"tag": "name", "n": "int"},
    "digests": {"d": "bytes", "n": "int"},
    "fixed": {"b": "bytes", "n": "int"},
    "docs": {"id": "uuid", "title": "text", "flag": "tinyint"},
    "sites": {"site": "int", "label": "text", "grp": "smallint"},
    "tiny": {"k": "smallint", "v": "text", "amount": "int"},
    "counters": {"u": "ubigint", "n": "int"},
    "parts": {"k": "bigint", "v": "text"},
    "logs": {"customer_id": "bigint", "msg": "text"},
    "entries": {"aid": "bigint", "n": "int", "code": "name"},
}
PRIMARY = {"customers": ["customer_id"], "orders": ["customer_id", "order_id"], "order_items": ["customer_id", "order_id", "line"],
           "events": ["event_id"], "countries": ["code"], "cfg": ["k"], "lk": ["email"], "exact": ["tag"], "digests": ["d"],
           "fixed": ["b"], "docs": ["id"],
           "sites": ["site"], "tiny": ["k"], "counters": ["u"], "parts": ["k"], "logs": ["customer_id", "msg"], "entries": ["aid", "n"]}
SHARDED = [table for table in KEYS if table in COLUMNS]
KEY = {table: KEYS[table][0] for table in SHARDED}
FAMILY = ["customers", "orders", "order_items"]       # colocated by customer_id
INTEGERS = ("bigint", "int", "smallint", "tinyint", "ubigint")
NUMBERS = (*INTEGERS, "decimal", "double")

_KEY_VALUES = {
    **{table: CUSTOMERS for table in FAMILY}, "events": list(range(-6, 40)), "lk": [f"u{n}@x.org" for n in range(10)] + ODD_TEXTS,
    "exact": [*ODD_TEXTS, " ", "a ", "A "], "digests": BYTES,
    "fixed": [b"a\0\0\0", b"a", b"abcd", b"abc ", b"abc", b"", b"5", b"\xff\0\xff"], "sites": list(range(12)), "tiny": list(range(10)),
    "counters": [*range(8), 9223372036854775808, 18446744073709551615], "parts": list(range(1, 14)), "logs": list(range(1, 8)),
    "entries": list(range(10)),
}
_NEW_VALUES = {"bigint": [777, 31337, -9], "name": ["nobody", "Ä", "n b"], "uuid": ["aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"],
               "int": [99, -99],
               "smallint": [77, -77], "ubigint": [99, 18446744073709551614], "bytes": [b"new", b"\0\1"]}
_VALUES = {
    "bigint": [0, 1, 2, 3, 5, 7, 42], "int": [0, 1, 2, 5], "smallint": [1, 2, 7], "tinyint": [0, 1],
    "ubigint": [0, 1, 5, 18446744073709551615],
    "decimal": ["0", "1.5", "10.00", "99.99", "-3"], "double": ["0.25", "3", "-1.5"],
    "datetime": ["2026-03-12 02:30:00", "2026-05-01 00:00:00"],
    "uuid": UUIDS[:3], "bytes": BYTES[:4], "name": ["de", "fr", "u5@x.org", "7", "a"],
    "text": ["x", "", "new", "paid", "de", "it's", "Ada", "lamp", "click", "Desk"],
}
_BOUND = {"text": "varchar", "name": "varchar", "uuid": "varchar"}      # kinds whose parameters have another type
_OTHERS = {"bigint": ["1", "2", "3", "7", "5000000000"], "int": ["1", "2", "3", "6", "-77"], "smallint": ["1", "2", "-5"],
           "varchar": ["", "new", "it's", "u5@x.org", "7"], "decimal": ["1", "2.5", "-3"], "double": ["3", "0.25"],
           "ubigint": ["1", "2", "5"]}


class MysqlDraft(Draft):
    parameter_type, others = Parameter, _OTHERS
    is_counted = False      # a limit without an order

    def bound(self, kind, value):
        """A parameter of a column's kind. value: a Python value, or None."""
        if isinstance(value, bytes):
            return self.parameter("hex", value.hex())
        return self.parameter("hex" if kind == "bytes" else _BOUND.get(kind, kind), None if value is None else str(value))


def key_kind(table):
    return COLUMNS[table][KEY[table]]


def key_value(draft, table, is_new=False):
    """A value of the table's shard key, most often one that is there."""
    if is_new or draft.maybe(0.08):
        return draft.one_of(*_NEW_VALUES[key_kind(table)])
    # Few distinct values, so that two keys of one statement are often the same.
    values = _KEY_VALUES[table]
    return draft.one_of(*(values[7:15] or values)) if draft.maybe(0.6) else draft.one_of(*values)


def constant(draft, kind, value=False):
    """A constant of a column's kind: a literal or a parameter. `False` chooses a value, `None` is NULL."""
    if value is False:
        value = None if draft.maybe(0.03) else draft.one_of(*_VALUES[kind])
    if draft.maybe(0.3):
        return draft.bound(kind, value)
    if value is None:
        return "NULL"
    if kind in NUMBERS and draft.maybe(0.8):
        return str(value)
    return literal(value if isinstance(value, bytes) else str(value))
