"""Results as MySQL 8 sends them: columns, rows of either protocol; and the parameters of an execution."""
from dataclasses import dataclass, field

from mysql_commands import LONGLONG, VARSTRING, lenenc, lenenc_string

BINARY, UTF8MB4_0900_AI_CI = 63, 255


@dataclass
class Column:
    name: str
    kind: int = VARSTRING
    collation: int = UTF8MB4_0900_AI_CI
    flags: int = 0

    def encoded(self):
        names = b"".join(map(lenenc_string, ("def", "shop", "words", "words", self.name, self.name)))
        return (names + b"\x0c" + self.collation.to_bytes(2, "little") + (1020).to_bytes(4, "little") + bytes([self.kind])
                + self.flags.to_bytes(2, "little") + b"\0\0\0")


def number(name):
    return Column(name, LONGLONG, BINARY)


@dataclass
class Result:
    """rows: values, or a function of the parameters of an execution."""
    columns: list
    rows: list = field(default_factory=list)

    def given(self, parameters):
        return self.rows(*parameters) if callable(self.rows) else self.rows


@dataclass
class Done:
    """An OK."""
    affected: int = 0
    insert_id: int = 0


def text_row(values):
    return b"".join(b"\xfb" if value is None else lenenc_string(value) for value in values)


def binary_row(columns, values):
    nulls = bytearray((len(columns) + 9) // 8)
    body = b""
    for i, (column, value) in enumerate(zip(columns, values)):
        if value is None:
            nulls[(i + 2) // 8] |= 1 << (i + 2) % 8
        else:
            body += int(value).to_bytes(8, "little", signed=True) if column.kind == LONGLONG else lenenc_string(value)
    return b"\0" + bytes(nulls) + body


def result_packets(result, parameters=(), is_binary=False):
    """Column count, definitions and rows, without the end."""
    rows = result.given(parameters)
    encode = (lambda row: binary_row(result.columns, row)) if is_binary else text_row
    return [lenenc(len(result.columns))], [column.encoded() for column in result.columns], [encode(row) for row in rows]


def values_of(body, count, types, has_names=False):
    """The parameters of an execution (or the attributes of a query) from their null map on: (values, types, what follows)."""
    nulls, at = body[:(count + 7) // 8], (count + 7) // 8
    is_typed, at = body[at], at + 1
    if is_typed:
        types = []
        for _ in range(count):
            types.append(body[at])
            at += 2 + (1 + body[at + 2] if has_names else 0)
    values = []
    for i in range(count):   # texts are shorter than 251 bytes
        size = 0 if nulls[i // 8] & 1 << i % 8 else 8 if types[i] == LONGLONG else 1 + body[at]
        piece, at = body[at:at + size], at + size
        values.append(None if not size else int.from_bytes(piece, "little", signed=True) if types[i] == LONGLONG else piece[1:].decode())
    return values, types, body[at:]
