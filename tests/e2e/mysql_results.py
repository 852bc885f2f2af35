"""What a MySQL server sends, as short strings: one Reader per packet, and a StatementReader for a command's whole reply."""
import contextlib
import hashlib
import struct

import mysql_commands as commands
from mysql_commands import TYPE_NAMES

STATUS = {1: "in_trans", 2: "autocommit", 8: "more", 16: "no_good_index", 32: "no_index", 64: "cursor", 128: "last_row",
          256: "db_dropped", 512: "no_backslash_escapes", 1024: "metadata_changed", 4096: "out_params", 8192: "in_trans_readonly",
          32768: "ansi_quotes"}   # 2048, a slow query, is the machine's affair; 16384 is told by the items that follow it
MORE_RESULTS, CURSOR_EXISTS, LAST_ROW, STATE_CHANGED = 8, 64, 128, 16384
TRACKED = {1: "schema", 4: "characteristics", 5: "transaction"}
LONGEST_SHOWN = 200


def shown(value):
    """A value's bytes: as text if it can be read, in short if it is long."""
    if value is None:
        return "NULL"
    if len(value) > LONGEST_SHOWN:
        return f"<{len(value)} bytes {hashlib.sha256(value).hexdigest()[:12]}>"
    with contextlib.suppress(UnicodeDecodeError):
        text = value.decode()
        if text.isprintable() or text == "":
            return text
    return "0x" + value.hex()


class Reader:
    """One payload from its beginning to its end."""

    def __init__(self, payload, capabilities, mariadb=0):
        self.payload, self.capabilities, self.mariadb = payload, capabilities, mariadb
        self.at = 0
        self.status = 0

    @property
    def left(self):
        return len(self.payload) - self.at

    def take(self, size):
        if self.left < size:
            raise AssertionError(f"{size} bytes wanted at {self.at} of {self.payload[:100]!r}")
        self.at += size
        return self.payload[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def lenenc(self):
        first = self.number(1)
        if first == 0xFB:
            return None
        return self.number({0xFC: 2, 0xFD: 3, 0xFE: 8}[first]) if first > 0xFB else first

    def string(self):
        size = self.lenenc()
        return None if size is None else self.take(size)

    def rest(self):
        return self.take(self.left)

    # -- packets -------------------------------------------------------------------------------------------------------

    def _status(self):
        self.status = self.number(2)
        return "|".join(name for bit, name in STATUS.items() if self.status & bit)

    def ok(self, word="OK"):
        """Also the one that ends rows under DEPRECATE_EOF."""
        self.take(1)
        affected, insert_id = self.lenenc(), self.lenenc()
        status, warnings = self._status(), self.number(2)
        parts = [f"{word} status={status}"] if word == "EOF" else [f"{word} affected={affected} id={insert_id} status={status}"]
        if word == "EOF" and (affected or insert_id):
            parts.append(f"affected={affected} id={insert_id}")
        if warnings:
            parts.append(f"warnings={warnings}")
        if self.capabilities & commands.SESSION_TRACK:
            info = self.string() if self.left else b""
            tracked = self._tracked() if self.status & STATE_CHANGED and self.left else []
        else:
            info, tracked = self.rest(), []
            info = info[1:] if info[:1] == bytes([len(info) - 1 & 0xFF]) else info   # MariaDB tells the length here too
        parts += [f"info={shown(info)}"] if info else []
        parts += [f"[{item}]" for item in sorted(tracked)]  # variables come in no order of their own
        return self._ended(" ".join(parts))

    def _tracked(self):
        inner, items = Reader(self.string(), self.capabilities), []
        while inner.left:
            kind, body = inner.number(1), Reader(inner.string(), self.capabilities)
            if kind == 0:
                while body.left:
                    items.append(f"{shown(body.string())}={shown(body.string())}")
            elif kind == 3:
                body.take(1)
                items.append(f"gtids={shown(body.string())}")
            elif kind == 2:   # a digit without a length
                items.append(f"state={shown(body.rest())}")
            else:
                items.append(f"{TRACKED.get(kind, kind)}={shown(body.string())}")
        return sorted(items)   # the server's own order is that of a hash table

    def eof(self):
        """The five bytes of old."""
        self.take(1)
        warnings = self.number(2)
        text = f"EOF status={self._status()}" + (f" warnings={warnings}" if warnings else "")
        return self._ended(text)

    def error(self):
        self.take(1)
        code = self.number(2)
        state = ""
        if self.payload[3:4] == b"#":
            state = self.take(6)[1:].decode() + " "
        return f"ERR {code} {state}{self.rest().decode(errors='replace')}"

    def column(self):
        """(readable, type, flags)"""
        catalog, _, _, _, name, _ = [self.string() for _ in range(6)]
        more = ""
        if self.mariadb & commands.MARIADB_EXTENDED_METADATA:
            extended = self.string()
            more = f"({shown(extended)})" if extended else ""
        fixed = Reader(self.take(self.lenenc()), 0)
        fixed.take(6)
        kind, flags = fixed.number(1), fixed.number(2)
        assert catalog == b"def", self.payload
        default = f"={shown(self.string())}" if self.left else ""
        sign = " unsigned" if flags & 32 and kind in (1, 2, 3, 8, 9) else ""
        return self._ended(f"{shown(name)}:{TYPE_NAMES.get(kind, kind)}{sign}{more}{default}"), kind, flags

    def text_row(self):
        values = []
        while self.left:
            values.append(shown(self.string()))
        return "ROW " + "|".join(values)

    def binary_row(self, columns):
        self.take(1)
        nulls = self.take((len(columns) + 9) // 8)
        values = ["NULL" if nulls[(i + 2) // 8] & 1 << (i + 2) % 8 else self._binary(kind, flags)
                  for i, (_, kind, flags) in enumerate(columns)]
        return self._ended("ROW " + "|".join(values))

    def _binary(self, kind, flags):
        form = {1: "<b", 2: "<h", 13: "<H", 3: "<i", 9: "<i", 8: "<q", 4: "<f", 5: "<d"}.get(kind)
        if form:
            if flags & 32 and kind != 13 and form[1] not in "fd":
                form = form.upper()
            value, = struct.unpack(form, self.take(struct.calcsize(form)))
            return f"{value:.6g}" if kind == 4 else str(value)
        if kind in (7, 10, 12):
            parts = self.take(self.number(1))
            date = "%04d-%02d-%02d" % (struct.unpack_from("<HBB", parts) if parts else (0, 0, 0))
            return date + (" %02d:%02d:%02d" % tuple(parts[4:7]) if len(parts) > 4 else "") + self._fraction(parts[7:])
        if kind == 11:
            parts = self.take(self.number(1))
            if not parts:
                return "00:00:00"
            negative, days, hours, minutes, seconds = struct.unpack_from("<BIBBB", parts)
            return f"{'-' if negative else ''}{days * 24 + hours:02}:{minutes:02}:{seconds:02}{self._fraction(parts[8:])}"
        return shown(self.string())

    @staticmethod
    def _fraction(parts):
        return f".{int.from_bytes(parts, 'little'):06}" if parts else ""

    def _ended(self, text):
        return text + (f" and {self.left} bytes more: {self.rest().hex()[:80]}" if self.left else "")


class StatementReader:
    """Reads the reply to one command from a wire."""

    def __init__(self, wire):
        self.wire = wire
        self.deprecates_eof = bool(wire.capabilities & commands.DEPRECATE_EOF)

    def next(self):
        while True:
            reader = self.wire.reader(self.wire.packet())
            if not reader.payload.startswith(b"\xff\xff\xff"):   # MariaDB's report on the progress of a statement
                return reader

    def reply(self, payload):
        kind = payload[0]
        if kind == commands.STATISTICS:
            text = self.next().rest().decode(errors="replace")
            return [text if text.startswith("\xff") or "Uptime" not in text else "STATISTICS " + text.split(":")[0]]
        if kind == commands.PREPARE:
            return self.prepared()
        if kind == commands.FIELD_LIST:
            return self.fields()
        if kind == commands.FETCH:
            statement = int.from_bytes(payload[1:5], "little")
            return self.rows(self.wire.columns_of[statement], binary=True)[0]
        if kind in (commands.EXECUTE, commands.BULK):
            statement = int.from_bytes(payload[1:5], "little")
            return self.results(self.wire.statement if statement == commands.LAST else statement)
        return self.results(None)

    def results(self, statement):
        """All results of a statement, of which a binary one has the id given."""
        heard, more = [], True
        while more:
            first = self.next()
            mark = first.payload[0]
            if mark == 0xFF:
                return heard + [first.error()]
            if mark == 0xFB and len(first.payload) > 1:
                name = first.payload[1:].decode()
                heard.append(f"FILE {name}")
                self.wire.send_file(name)
                continue
            if mark == 0:
                heard.append(first.ok())
                more = first.status & MORE_RESULTS
            elif mark == 0xFE and len(first.payload) < 9:
                heard.append(first.ok("EOF") if self.deprecates_eof and len(first.payload) > 5 else first.eof())
                more = first.status & MORE_RESULTS
            else:
                lines, more = self.result_set(first, statement)
                heard += lines
        return heard

    def result_set(self, first, statement):
        count, known = first.lenenc(), self.wire.columns_of.get(statement)
        if first.left and not first.number(1):
            columns, heard = known, ["COLUMNS cached"]
        else:
            columns = []
            while len(columns) < count:
                definition = self.next()
                if definition.payload[0] == 0xFF:   # and then the other side hangs up
                    return [definition.error()], 0
                columns.append(definition.column())
            heard = ["COLUMNS " + " ".join(name for name, _, _ in columns)]
        if statement is not None:
            self.wire.columns_of[statement] = columns
        if not self.deprecates_eof:
            end = self.next()
            heard.append(end.eof())
            if end.status & CURSOR_EXISTS:
                return heard, 0
        elif statement is not None and (cursor := self._cursor()):
            return heard + cursor, 0
        lines, status = self.rows(columns, statement is not None)
        return heard + lines, status & MORE_RESULTS

    def _cursor(self):
        """With an open cursor the columns are followed by no row but by their end, which says so."""
        reader = self.next()
        if reader.payload[0] != 0xFE or len(reader.payload) > 0xFFFFFE:
            self._held = reader
            return None
        line = reader.ok("EOF")
        if reader.status & CURSOR_EXISTS:
            return [line]
        reader.at = 0
        self._held = reader
        return None

    _held = None

    def rows(self, columns, binary):
        """(lines, status of the end)"""
        heard = []
        while True:
            reader, self._held = self._held or self.next(), None
            mark, size = reader.payload[0] if reader.payload else -1, len(reader.payload)
            if mark == 0xFF:
                return heard + [reader.error()], 0
            if mark == 0xFE and size < 0xFFFFFF and (self.deprecates_eof or size < 9):
                heard.append(reader.ok("EOF") if self.deprecates_eof else reader.eof())
                return heard, reader.status
            heard.append(reader.binary_row(columns) if binary else reader.text_row())

    def prepared(self):
        reader = self.next()
        if reader.payload[0] == 0xFF:
            return [reader.error()]
        reader.take(1)
        self.wire.statement = reader.number(4)
        columns, parameters = reader.number(2), reader.number(2)
        reader.take(1)
        warnings = reader.number(2)
        heard = [f"PREPARED parameters={parameters} columns={columns}" + (f" warnings={warnings}" if warnings else "")]
        for word, count in (("PARAMETERS", parameters), ("COLUMNS", columns)):
            if count:
                found = [self.next().column() for _ in range(count)]
                heard.append(f"{word} " + " ".join(name for name, _, _ in found))
                if word == "COLUMNS":
                    self.wire.columns_of[self.wire.statement] = found
                if not self.deprecates_eof:
                    heard.append(self.next().eof())
        return heard

    def fields(self):
        heard = []
        while True:
            reader = self.next()
            mark = reader.payload[0]
            if mark == 0xFF:
                return heard + [reader.error()]
            if mark == 0xFE:
                return heard + [reader.ok("EOF") if self.deprecates_eof and len(reader.payload) > 5 else reader.eof()]
            heard.append("FIELD " + reader.column()[0])
