"""What the scripted MySQL 8 (mysql8_server.py) says to a statement, and what one connection has made of itself.

Statements are read as MySQL 8 reads them: /*M! … */ is a comment to it, /*!80022 … */ is not; a variable, a column or a statement that only
MariaDB has is an error. What a client asks for is canned; what Shardway asks for itself is answered from the server's state.
"""
import re

from mysql_commands import lenenc_string
from support.mysql8_results import UTF8MB4_0900_AI_CI, Column, Done, Result, number

IN_TRANSACTION, AUTOCOMMIT, MORE_RESULTS, READ_ONLY_TRANSACTION, STATE_CHANGED = 0x1, 0x2, 0x8, 0x2000, 0x4000
DEFAULT_COLLATIONS = {255: ("utf8mb4", "utf8mb4_0900_ai_ci"), 45: ("utf8mb4", "utf8mb4_general_ci"), 33: ("utf8mb3", "utf8mb3_general_ci"),
                      8: ("latin1", "latin1_swedish_ci")}
COLLATION_OF = {"utf8mb4": "utf8mb4_0900_ai_ci", "utf8mb3": "utf8mb3_general_ci", "latin1": "latin1_swedish_ci"}

# The variables it knows, as it prints them; a test that needs another one adds it.
VARIABLES = {
    "auto_increment_increment": "1", "auto_increment_offset": "1",
    "autocommit": "ON", "character_set_client": "utf8mb4", "character_set_connection": "utf8mb4", "character_set_results": "utf8mb4",
    "collation_connection": "utf8mb4_0900_ai_ci", "gtid_mode": "ON", "gtid_next": "AUTOMATIC", "innodb_lock_wait_timeout": "50",
    "innodb_rollback_on_timeout": "OFF",
    "interactive_timeout": "28800", "last_insert_id": "0", "lock_wait_timeout": "31536000", "lower_case_table_names": "0",
    "max_execution_time": "0", "read_only": "OFF", "session_track_gtids": "OFF", "session_track_schema": "ON",
    "session_track_state_change": "OFF",
    "session_track_system_variables": "time_zone,autocommit,character_set_client,character_set_results,character_set_connection",
    "session_track_transaction_info": "OFF", "sql_log_bin": "ON",
    "sql_mode": "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
    "super_read_only": "OFF", "time_zone": "SYSTEM", "transaction_isolation": "REPEATABLE-READ", "transaction_read_only": "OFF",
    "wait_timeout": "28800",
}
BOOLEANS = {"autocommit", "innodb_rollback_on_timeout", "read_only", "super_read_only", "session_track_schema", "session_track_state_change", "sql_log_bin",
            "transaction_read_only"}
# Of information_schema, what the catalogue's questions may name.
COLUMNS = {"TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "ORDINAL_POSITION", "COLUMN_DEFAULT", "IS_NULLABLE", "DATA_TYPE",
           "CHARACTER_SET_NAME", "COLLATION_NAME", "COLUMN_TYPE", "COLUMN_KEY", "EXTRA", "PRIVILEGES", "COLUMN_COMMENT", "GENERATION_EXPRESSION",
           "SRS_ID", "TABLE_TYPE", "ENGINE"}


class Refused(Exception):
    """An error, as the client is told it."""

    def __init__(self, code, sqlstate, message):
        super().__init__(message)
        self.code, self.sqlstate, self.message = code, sqlstate, message


def as_mysql_reads(sql, version):
    """Without comments, and with what stands in those for this version."""
    def read(found):
        if found["quoted"]:
            return found[0]
        wanted = found["version"]
        return found["inner"] if wanted is not None and int(wanted or 0) <= version else " "
    pattern = r"""(?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`)|/\*(?:!(?P<version>\d{5,6}|))?(?P<inner>.*?)\*/"""
    return re.sub(pattern, read, sql, flags=re.DOTALL).strip()


def split(text, separator):
    """At separators that stand in no quotes and no parentheses."""
    parts, depth, quote, begin = [], 0, "", 0
    for at, byte in enumerate(text):
        if quote:
            quote = "" if byte == quote else quote
        elif byte in "'\"`":
            quote = byte
        elif byte in "()":
            depth += 1 if byte == "(" else -1
        elif byte == separator and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return parts + [text[begin:].strip()]


def syntax_error(sql):
    return Refused(1064, "42000", f"You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the "
                                  f"right syntax to use near '{sql[:80]}' at line 1")


class Session:
    """What one connection has made of itself."""

    def __init__(self, server, collation=UTF8MB4_0900_AI_CI):
        self.server, self.collation = server, collation
        self.schema, self.role = "", "NONE"      # which COM_RESET_CONNECTION leaves as they are
        self.begin_again()

    def begin_again(self):
        """As after log-in, and after COM_RESET_CONNECTION (which takes the server's own character set)."""
        self.variables = dict(self.server.variables)
        charset, collation = DEFAULT_COLLATIONS.get(self.collation, DEFAULT_COLLATIONS[UTF8MB4_0900_AI_CI])
        for name in ("character_set_client", "character_set_connection", "character_set_results"):
            self.variables[name] = charset
        self.variables["collation_connection"] = collation
        self.collation = UTF8MB4_0900_AI_CI
        self.in_transaction = self.reads_only = self.wrote = False
        self.branch = None
        self.prepared = {}
        self._tracked = []

    # -- what an OK tells ----------------------------------------------------------------------------------------------

    @property
    def status(self):
        return ((IN_TRANSACTION if self.in_transaction else 0) | (AUTOCOMMIT if self.variables["autocommit"] == "ON" else 0)
                | (READ_ONLY_TRANSACTION if self.in_transaction and self.reads_only else 0))

    def take_tracked(self):
        """The items since the last OK."""
        items, self._tracked = b"".join(self._tracked), []
        return items

    def _track(self, kind, data):
        self._tracked.append(bytes([kind]) + lenenc_string(data))

    def _track_variable(self, name):
        wanted = self.variables["session_track_system_variables"]
        if wanted == "*" or name in wanted.split(","):
            self._track(0, lenenc_string(name) + lenenc_string(self.variables[name]))

    def _changed(self):
        if self.variables["session_track_state_change"] == "ON":
            self._track(2, b"1")

    def use(self, name):
        if name not in self.server.schemas:
            raise Refused(1049, "42000", f"Unknown database '{name}'")
        self.schema = name
        if self.variables["session_track_schema"] == "ON":
            self._track(1, lenenc_string(name))
        self._changed()

    def _commit(self):
        """What was written has a GTID from now on."""
        self.in_transaction = self.reads_only = False
        if not self.wrote:
            return
        self.wrote = False
        gtid = self.server.next_gtid()
        told = {"OWN_GTID": gtid, "ALL_GTIDS": self.server.executed_text()}.get(self.variables["session_track_gtids"])
        if told:
            self._track(3, b"\0" + lenenc_string(told))

    # -- statements ----------------------------------------------------------------------------------------------------

    def run(self, sql, parameters=()):
        """A Result or a Done; raises Refused."""
        known = self.server.results.get(sql)
        if known:
            return known
        sql = re.sub(r"\s+", " ", as_mysql_reads(sql, self.server.version_number))
        for pattern, answer in self._ANSWERS:
            found = re.match(pattern, sql, re.IGNORECASE | re.DOTALL)
            if found:
                return answer(self, sql, found)
        self.server.unscripted.append(sql)
        raise syntax_error(sql)

    def _set(self, sql, found):
        if re.match(r"STATEMENT\b", found[1], re.IGNORECASE):
            raise syntax_error(found[1])
        if re.match(r"ROLE \w", found[1], re.IGNORECASE):
            self.role = found[1][5:]   # and nothing is told of it
            return Done()
        if re.match(r"(SESSION |GLOBAL )?TRANSACTION\b", found[1], re.IGNORECASE):
            self.reads_only = "READ ONLY" in found[1].upper()
            return Done()
        assignments = [self._assignment(part) for part in split(found[1], ",")]   # none of them if one is wrong
        for is_global, values in assignments:
            for name, value in values.items():
                (self.server.variables if is_global else self.variables)[name] = value
                if name == "character_set_connection" and len(values) == 1:
                    self.variables["collation_connection"] = COLLATION_OF[value]
                self._track_variable(name)
            self._changed()
        if self.variables["autocommit"] == "ON" and any("autocommit" in values for _, values in assignments):
            self._commit()
        return Done()

    def _assignment(self, text):
        names = re.fullmatch(r"NAMES '?(\w+)'?(?: COLLATE '?(\w+)'?)?", text, re.IGNORECASE)
        if names:   # the collation is not told of
            self.variables["collation_connection"] = names[2] or COLLATION_OF[names[1]]
            return False, {f"character_set_{one}": names[1] for one in ("client", "connection", "results")}
        if re.match(r"@\w", text):
            return False, {}
        found = re.fullmatch(r"(?:@@)?(?:(SESSION|GLOBAL|LOCAL)[. ])?(\w+) ?:?= ?(.+)", text, re.IGNORECASE)
        if not found:
            raise syntax_error(text)
        name = found[2].lower()
        if name not in VARIABLES:
            raise Refused(1193, "HY000", f"Unknown system variable '{found[2]}'")
        return (found[1] or "").upper() == "GLOBAL", {name: self._value(name, found[3])}

    def _value(self, name, text):
        if text.upper() == "DEFAULT":
            return self.server.variables[name]
        text = text[1:-1] if text[:1] in "'\"" else text
        if name in BOOLEANS:
            return "ON" if text.upper() in ("1", "ON", "TRUE") else "OFF"
        return text.upper() if name == "session_track_gtids" else text

    def _select(self, sql, found):
        columns, row = [], []
        for item in split(found[1], ","):
            columns.append(Column(item))
            row.append(self._item(item))
        return Result(columns, [row])

    def _item(self, item):
        text = re.sub(r" AS \w+$", "", item, flags=re.IGNORECASE)
        variable = re.fullmatch(r"@@(?:(global|session|local)\.)?(\w+)( \+ 0)?", text, re.IGNORECASE)
        if variable:
            return self._variable(variable[2].lower(), variable[1] == "global")
        for pattern, value in (
                (r"IF\(@@global\.gtid_mode = 'ON', @@global\.gtid_executed, ''\)", self.server.executed_text),
                (r"IF\(@@global\.read_only, coalesce\(\(SELECT SOURCE_UUID FROM performance_schema\.replication_connection_status LIMIT 1\), "
                 r"@@global\.server_uuid\), @@global\.server_uuid\)", lambda: self.server.source_uuid),
                (r"\(SELECT count\(\*\) FROM information_schema\.TABLES WHERE TABLE_SCHEMA = 'shardway' .*\) = 2", lambda: self.server.has_store),
                (r"LAST_INSERT_ID\(0\)", lambda: 0), (r"DATABASE\(\)", lambda: self.schema or None), (r"CURRENT_ROLE\(\)", lambda: self.role), (r"(-?\d+)", lambda: text), (r"'([^']*)'", lambda: text[1:-1])):
            if re.fullmatch(pattern, text, re.IGNORECASE):
                return value()
        self.server.unscripted.append(f"SELECT {item}")
        raise syntax_error(item)

    def _variable(self, name, is_global):
        own = {"gtid_executed": self.server.executed_text, "server_id": lambda: self.server.server_id, "server_uuid": lambda: self.server.uuid,
               "version": lambda: self.server.version}
        if name in own:
            return own[name]()
        if name not in VARIABLES:
            raise Refused(1193, "HY000", f"Unknown system variable '{name}'")
        value = (self.server.variables if is_global else self.variables)[name]
        return int(value == "ON") if name in BOOLEANS else value

    def _catalog(self, sql, found):
        for name in re.findall(r"\b[ct]\.([A-Z_]+)\b", sql):
            if name not in COLUMNS:
                raise Refused(1054, "42S22", f"Unknown column '{name}' in 'field list'")
        rows = self.server.catalog.get(found[1].upper(), [])
        width = len(rows[0]) if rows else 1
        return Result([Column(f"c{i}") for i in range(width)], rows)

    def _begin(self, sql, _found):
        self._commit()
        self.in_transaction, self.reads_only = True, "READ ONLY" in sql.upper()
        return Done()

    def _end(self, sql, _found):
        self.wrote = self.wrote and sql[:1].upper() == "C"
        self._commit()
        return Done()

    def _write(self, sql, _found):
        if re.search(r"\bRETURNING\b", sql, re.IGNORECASE):
            raise syntax_error(sql[sql.upper().index("RETURNING"):])
        if self.server.variables["read_only"] == "ON":
            raise Refused(1290, "HY000", "The MySQL server is running with the --super-read-only option so it cannot execute this statement")
        kept = re.match(r"INSERT INTO shardway\.(decision|applied) \(.*?\) VALUES \(x'([0-9a-f]*)', ('[AC]')?", sql, re.IGNORECASE)
        if kept:
            self.server.stored.setdefault((kept[1].lower(), kept[2]), (kept[3] or "'1'").strip("'"))
        self.wrote = True
        if self.variables["autocommit"] == "OFF":
            self.in_transaction = True
        if not self.in_transaction:
            self._commit()
        return Done(affected=1, insert_id=0)

    def _stored(self, _sql, found):
        """Of what transactions on several shards keep."""
        state = self.server.stored.get((found[1].lower(), found[2]))
        return Result([Column("state"), Column("parts")][:1 if found[2] else 2], [[state]] if state else [])

    def _replica_status(self, _sql, _found):
        columns = ["Replica_IO_State", "Source_Host", "Source_User", "Source_Port", "Replica_IO_Running", "Replica_SQL_Running",
                   "Seconds_Behind_Source", "Source_Server_Id", "Source_UUID", "Executed_Gtid_Set"]
        return Result([Column(name) for name in columns], self.server.replica_status())

    def _xa(self, sql, found):
        word, gid = found[1].upper(), found[2].strip()
        if word == "RECOVER":
            return Result([number("formatID"), number("gtrid_length"), number("bqual_length"), Column("data")],
                          [(1, len(gid), 0, gid) for gid in self.server.prepared])
        gid = gid.removesuffix(" ONE PHASE")
        if word == "START":
            self._commit()
            self.branch, self.in_transaction = gid, True
        elif word == "PREPARE" and gid == self.branch:
            self.server.prepared.append(self._gid_text(gid))
            self.branch, self.in_transaction = None, False
        elif word in ("COMMIT", "ROLLBACK"):
            if gid == self.branch:
                self.branch = None
            elif self._gid_text(gid) in self.server.prepared:
                self.server.prepared.remove(self._gid_text(gid))
            else:
                raise Refused(1397, "XAE04", "XAER_NOTA: Unknown XID")
            self.wrote = self.wrote and word == "COMMIT"
            self._commit()
        elif word != "END" or gid != self.branch:
            raise Refused(1399, "XAE07", "XAER_RMFAIL: The command cannot be executed when global transaction is in the  NON-EXISTING state")
        return Done()

    @staticmethod
    def _gid_text(gid):
        return b"".join(bytes.fromhex(part) for part in re.findall(r"x'([0-9a-f]*)'", gid, re.IGNORECASE)).decode()

    _ANSWERS = (
        (r"SET (.+)", _set),
        (r"SELECT (@@.+|DATABASE\(\)|CURRENT_ROLE\(\)|-?\d+|'[^']*')$", _select),
        (r"SELECT .+ FROM shardway\.(decision|applied) WHERE (?:gtx = x'([0-9a-f]*)')?", _stored),
        (r"SELECT .+ FROM information_schema\.(\w+)", _catalog),
        (r"USE `?(\w+)`?$", lambda self, _sql, found: self.use(found[1]) or Done()),
        (r"(?:BEGIN|START TRANSACTION)\b", _begin), (r"(?:COMMIT|ROLLBACK)$", _end), (r"(?:SAVEPOINT|RELEASE SAVEPOINT) ", lambda *_: Done()),
        (r"(?:INSERT|UPDATE|DELETE|REPLACE)\b", _write),
        (r"CREATE (?:DATABASE|TABLE) IF NOT EXISTS shardway\b", _write),
        (r"SHOW REPLICA STATUS$", _replica_status),
        (r"XA (START|END|PREPARE|COMMIT|ROLLBACK|RECOVER)\b(.*)", _xa),
    )
