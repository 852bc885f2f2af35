"""A MySQL client's commands as payloads, and the numbers of the protocol that its tests use.

Each function returns what follows a packet's header; mysql_wire.Wire frames it. https://mariadb.com/kb/en/clientserver-protocol/
"""
import struct

# Capability flags; MARIADB_* are those of the second word, which only MariaDB has.
CLIENT_MYSQL, FOUND_ROWS, LONG_FLAG, CONNECT_WITH_DB = 1 << 0, 1 << 1, 1 << 2, 1 << 3
LOCAL_FILES, IGNORE_SPACE, PROTOCOL_41, INTERACTIVE, SSL = 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 11
TRANSACTIONS, SECURE_CONNECTION, MULTI_STATEMENTS, MULTI_RESULTS = 1 << 13, 1 << 15, 1 << 16, 1 << 17
PS_MULTI_RESULTS, PLUGIN_AUTH, CONNECT_ATTRS, AUTH_LENENC = 1 << 18, 1 << 19, 1 << 20, 1 << 21
SESSION_TRACK, DEPRECATE_EOF = 1 << 23, 1 << 24
MARIADB_PROGRESS, MARIADB_BULK, MARIADB_EXTENDED_METADATA, MARIADB_CACHE_METADATA = 1 << 0, 1 << 2, 1 << 3, 1 << 4
DEFAULT = (LONG_FLAG | CONNECT_WITH_DB | LOCAL_FILES | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | MULTI_STATEMENTS | MULTI_RESULTS
           | PS_MULTI_RESULTS | PLUGIN_AUTH | CONNECT_ATTRS | AUTH_LENENC | SESSION_TRACK | DEPRECATE_EOF)

QUIT, INIT_DB, QUERY, FIELD_LIST, STATISTICS, PROCESS_KILL, DEBUG, PING = 1, 2, 3, 4, 9, 12, 13, 14
CHANGE_USER, PREPARE, EXECUTE, LONG_DATA, CLOSE, RESET, SET_OPTION, FETCH = 0x11, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C
RESET_CONNECTION, BULK = 0x1F, 0xFA
WITHOUT_REPLY = (QUIT, LONG_DATA, CLOSE)
LAST = 0xFFFFFFFF      # MariaDB: the statement prepared last

TINY, SHORT, LONG, FLOAT, DOUBLE, NULL, TIMESTAMP, LONGLONG, INT24, DATE, TIME, DATETIME, YEAR = range(1, 14)
BLOB, VARSTRING, STRING = 252, 253, 254
UNSIGNED = 0x80
TYPE_NAMES = {0: "decimal", 1: "tiny", 2: "short", 3: "long", 4: "float", 5: "double", 6: "null", 7: "timestamp", 8: "longlong", 9: "int24",
              10: "date", 11: "time", 12: "datetime", 13: "year", 15: "varchar", 16: "bit", 245: "json", 246: "newdecimal", 247: "enum",
              248: "set", 249: "tinyblob", 250: "mediumblob", 251: "longblob", 252: "blob", 253: "varchar", 254: "char", 255: "geometry"}
READ_ONLY_CURSOR = 1
DEFAULT_VALUE, IGNORE_VALUE = object(), object()   # bulk execute's indicators 2 and 3


def raw(value):
    return value if isinstance(value, bytes) else str(value).encode()


def lenenc(number):
    if number < 0xFB:
        return bytes([number])
    for mark, size in ((0xFC, 2), (0xFD, 3), (0xFE, 8)):
        if number < 1 << 8 * size:
            return bytes([mark]) + number.to_bytes(size, "little")
    raise ValueError(number)


def lenenc_string(value):
    return lenenc(len(raw(value))) + raw(value)


# -- commands ----------------------------------------------------------------------------------------------------------

def command(kind, body=b""):
    return bytes([kind]) + body


def query(sql):
    return command(QUERY, raw(sql))


def init_db(name):
    return command(INIT_DB, raw(name))


def field_list(table, wildcard=""):
    return command(FIELD_LIST, raw(table) + b"\0" + raw(wildcard))


def set_option(number):
    """0: several statements at once; 1: no longer."""
    return command(SET_OPTION, struct.pack("<H", number))


def process_kill(number):
    return command(PROCESS_KILL, struct.pack("<I", number))


def prepare(sql):
    return command(PREPARE, raw(sql))


def close(statement):
    return command(CLOSE, struct.pack("<I", statement))


def reset(statement):
    return command(RESET, struct.pack("<I", statement))


def fetch(statement, rows):
    return command(FETCH, struct.pack("<II", statement, rows))


def long_data(statement, parameter, data):
    return command(LONG_DATA, struct.pack("<IH", statement, parameter) + raw(data))


def typed(value):
    """(type, bytes) of a Python value; a tuple (type, value) says which."""
    if isinstance(value, tuple):
        kind, value = value
        return kind, _encode(kind & 0xFF, value)
    kind = {int: LONGLONG, float: DOUBLE, type(None): NULL, bytes: BLOB}.get(type(value), VARSTRING)
    return kind, _encode(kind, value)


def _encode(kind, value):
    if value is None:
        return b""
    form = {TINY: "<b", SHORT: "<h", YEAR: "<h", LONG: "<i", INT24: "<i", LONGLONG: "<q", FLOAT: "<f", DOUBLE: "<d"}.get(kind)
    if form:
        return struct.pack(form if form[1] in "fd" or value < 1 << 8 * struct.calcsize(form) - 1 else form.upper(), value)
    if kind in (DATE, DATETIME, TIMESTAMP):   # a (year, month, day[, hour, minute, second[, microsecond]])
        packed = struct.pack("<HBB", *value[:3]) + bytes(value[3:6]) + (struct.pack("<I", value[6]) if len(value) > 6 else b"")
        return bytes([len(packed)]) + packed
    return lenenc_string(value)


def execute(statement, values=(), with_types=True, cursor=0, long_parameters=()):
    """long_parameters: indexes of those sent by LONG_DATA; their values are not sent again."""
    body = struct.pack("<IBI", statement, cursor, 1)
    if values:
        pairs = [typed(value) for value in values]
        nulls = bytearray((len(values) + 7) // 8)
        for i, value in enumerate(values):
            if value is None or (isinstance(value, tuple) and value[1] is None):
                nulls[i // 8] |= 1 << i % 8
        body += bytes(nulls) + bytes([with_types])
        if with_types:
            body += b"".join(bytes([kind & 0xFF, kind >> 8]) for kind, _ in pairs)
        body += b"".join(data for i, (_, data) in enumerate(pairs) if i not in long_parameters)
    return command(EXECUTE, body)


def bulk_execute(statement, types, rows, with_types=True):
    """MariaDB: one statement for many rows; a value may be None, DEFAULT_VALUE or IGNORE_VALUE."""
    body = struct.pack("<IH", statement, 128 if with_types else 0)
    if with_types:
        body += b"".join(bytes([kind, 0]) for kind in types)
    indicators = {id(None): b"\1", id(DEFAULT_VALUE): b"\2", id(IGNORE_VALUE): b"\3"}
    for row in rows:
        for kind, value in zip(types, row):
            body += indicators.get(id(value)) or b"\0" + _encode(kind, value)
    return command(BULK, body)


def change_user(user, token, database, plugin="mysql_native_password", collation=45):
    body = raw(user) + b"\0" + bytes([len(token)]) + token + raw(database) + b"\0" + struct.pack("<H", collation) + raw(plugin) + b"\0"
    return command(CHANGE_USER, body + b"\0")   # no attributes
