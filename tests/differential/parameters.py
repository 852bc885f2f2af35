"""Parameters of statements: as a literal of the simple protocol, as text, as bytes.

A type written with a question mark (`?int8`) is one the client does not declare: the server infers it.
"""
import dataclasses
import re
import struct
import uuid

OIDS = {"unknown": 0, "bool": 16, "int8": 20, "int2": 21, "int4": 23, "text": 25, "float4": 700, "float8": 701, "varchar": 1043,
        "date": 1082, "timestamptz": 1184, "numeric": 1700, "uuid": 2950, "jsonb": 3802, "bpchar": 1042,
        "int2[]": 1005, "int4[]": 1007, "int8[]": 1016, "text[]": 1009, "numeric[]": 1231, "uuid[]": 2951, "varchar[]": 1015}
_MARK = re.compile(r"\$(\d+)")


@dataclasses.dataclass(frozen=True)
class Parameter:
    type: str
    value: str | None
    is_declared: bool = True

    @classmethod
    def read(cls, text):
        """`int8 5`, `?int8 5`, `text NULL`; the value is all that follows the type."""
        kind, _, value = text.partition(" ")
        declared = not kind.startswith("?")
        return cls(kind.lstrip("?"), None if value == "NULL" else value, declared)

    def __str__(self):
        return f"{'' if self.is_declared else '?'}{self.type} {'NULL' if self.value is None else self.value}"

    @property
    def oid(self):
        return OIDS[self.type] if self.is_declared else 0

    def as_literal(self):
        """For the simple protocol: a constant of the same type."""
        text = "NULL" if self.value is None else "'" + self.value.replace("'", "''") + "'"
        return f"{text}::{self.type}" if self.oid else text

    def as_text(self):
        return None if self.value is None else self.value.encode()

    def as_binary(self):
        """(format, bytes). Types without an encoder here are sent as text, as drivers do."""
        if self.value is None:
            return 1, None
        if self.type.endswith("[]"):
            return _binary_array(self.type.removesuffix("[]"), self.value)
        encode = _ENCODERS.get(self.type)
        return (1, encode(self.value)) if encode else (0, self.value.encode())


def inline(sql, parameters):
    """The statement with literals in place of its parameters."""
    return _MARK.sub(lambda mark: parameters[int(mark[1]) - 1].as_literal(), sql) if parameters else sql


def _numeric(text):
    """PostgreSQL's numeric_send: digits of base 10000."""
    if text == "NaN":
        return struct.pack("!HhHH", 0, 0, 0xC000, 0)
    negative, digits = text.startswith("-"), text.lstrip("+-")
    whole, _, fraction = digits.partition(".")
    whole = whole.lstrip("0")
    scale = len(fraction)
    whole = whole.zfill(-(-len(whole) // 4) * 4) if whole else ""
    fraction = fraction.ljust(-(-len(fraction) // 4) * 4, "0")
    groups = [int((whole + fraction)[i:i + 4]) for i in range(0, len(whole + fraction), 4)]
    weight = len(whole) // 4 - 1
    while groups and groups[0] == 0:
        groups, weight = groups[1:], weight - 1
    while groups and groups[-1] == 0:
        groups.pop()
    sign = 0x4000 if negative and groups else 0
    return struct.pack(f"!HhHH{len(groups)}H", len(groups), weight if groups else 0, sign, scale, *groups)


_ENCODERS = {
    "int2": lambda text: struct.pack("!h", int(text)), "int4": lambda text: struct.pack("!i", int(text)),
    "int8": lambda text: struct.pack("!q", int(text)), "float8": lambda text: struct.pack("!d", float(text)),
    "float4": lambda text: struct.pack("!f", float(text)), "bool": lambda text: b"\1" if text in ("t", "true") else b"\0",
    "uuid": lambda text: uuid.UUID(text).bytes, "text": str.encode, "varchar": str.encode, "bpchar": str.encode, "numeric": _numeric,
    "jsonb": lambda text: b"\1" + text.encode(),
}


def _binary_array(element, text):
    """A one-dimensional array without quoting inside, `{1,2,NULL}`."""
    inner = text.strip()[1:-1]
    parts = [None if part == "NULL" else _ENCODERS[element](part) for part in inner.split(",")] if inner else []
    body = struct.pack("!iiI", 1 if parts else 0, int(None in parts), OIDS[element])
    if parts:
        body += struct.pack("!ii", len(parts), 1)
    for part in parts:
        body += struct.pack("!i", -1) if part is None else struct.pack("!i", len(part)) + part
    return 1, body
