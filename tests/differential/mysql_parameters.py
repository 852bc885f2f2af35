"""Parameters of MySQL statements: as a literal in the text, as typed bytes of the binary protocol."""
import dataclasses
import re

import mysql_commands as commands
from mysql_schema import literal

_WIDTHS = {"tinyint": commands.TINY, "smallint": commands.SHORT, "int": commands.LONG, "bigint": commands.LONGLONG, "year": commands.YEAR}
_FLOATS = {"float": commands.FLOAT, "double": commands.DOUBLE}
_DECIMAL = 246
_TEXTS = {"varchar": commands.VARSTRING, "char": commands.STRING, "decimal": _DECIMAL, "blob": commands.BLOB}
_TIMES = {"date": commands.DATE, "datetime": commands.DATETIME, "timestamp": commands.TIMESTAMP}
_MARK = re.compile(r"\$(\d+)")


@dataclasses.dataclass(frozen=True)
class Parameter:
    """type: as above, `u` in front of an unsigned one; `hex` is a blob written as hexadecimal digits."""
    type: str
    value: str | None
    is_declared: bool = True

    @classmethod
    def read(cls, text):
        """`bigint 5`, `varchar NULL`; the value is all that follows the type."""
        kind, _, value = text.partition(" ")
        return cls(kind, None if value == "NULL" else value)

    def __str__(self):
        return f"{self.type} {'NULL' if self.value is None else self.value}"

    def as_literal(self):
        """For the text protocol."""
        if self.value is None:
            return "NULL"
        if self.type == "hex":
            return f"x'{self.value}'"
        if self.type.lstrip("u") in _WIDTHS or self.type in _FLOATS or self.type == "decimal":
            return self.value
        return literal(self.value)

    def as_typed(self):
        """(type, value) as mysql_commands.execute takes it."""
        kind = self._kind()
        if self.value is None:
            return kind, None
        if self.type == "hex":
            return kind, bytes.fromhex(self.value)
        if self.type in _FLOATS:
            return kind, float(self.value)
        if self.type in _TIMES:
            return kind, tuple(map(int, re.findall(r"\d+", self.value)))
        return kind, self.value if self.type in _TEXTS else int(self.value)

    def _kind(self):
        if self.type == "null":
            return commands.NULL
        if self.type == "hex":
            return commands.BLOB
        unsigned = self.type.startswith("u")
        plain = self.type.removeprefix("u")
        return {**_WIDTHS, **_FLOATS, **_TEXTS, **_TIMES}[plain] | (commands.UNSIGNED << 8 if unsigned else 0)


def inline(sql, parameters):
    """The statement with literals in place of its parameters."""
    return _MARK.sub(lambda mark: parameters[int(mark[1]) - 1].as_literal(), sql) if parameters else sql


def marked(sql, parameters):
    """(the statement with question marks, the parameters in their order)"""
    if not parameters:
        return sql, []
    return _MARK.sub("?", sql), [parameters[int(mark) - 1] for mark in _MARK.findall(sql)]
