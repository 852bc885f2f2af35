#!/usr/bin/env python3
"""Holds the router's reading of MySQL's dialect against a real MariaDB, which prepares everything and executes nothing.

Of every row of routes_mysql.txt the server must accept what the row does not call bad, refuse as a syntax error (1064)
what it does, and find params=N parameters. Of every statement of mysql_statements.py that the server accepts the program
`mysql_facts` must know what it is, find as many parameters, call no read what is none, and call a read what is nothing else.

    tests/golden/mysql_oracle.py [--port N]      starts a server of its own on that port and stops it again
        --statements 6000 --seed 1               so many are made, besides those that are written
        --facts build/release/tests/mysql_facts
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import mysql_statements

ROWS = pathlib.Path(__file__).with_name("routes_mysql.txt")
FACTS = pathlib.Path(__file__).parents[2] / f"build/{os.environ.get('SHARDWAY_PRESET', 'release')}/tests/mysql_facts"
MODES = {"ansi_quotes", "no_backslash_escapes", "pipes_as_concat", "ignore_space", "oracle"}
CHARSETS = {"gbk", "big5", "sjis", "latin1"}
PARSE_ERRORS = {1064, 1149, 1300}
# As MysqlMode::Charset counts them.
CHARSET_NUMBERS = {"utf8mb4": 0, "latin1": 1, "gbk": 2, "big5": 3, "sjis": 4, "cp932": 4}
TABLES = ("customers (customer_id bigint primary key, name varchar(99) collate utf8mb4_bin, country text)",
          "orders (order_id bigint, customer_id bigint, status varchar(20), total decimal(10,2), created datetime)",
          "order_items (customer_id bigint, order_id bigint)", "accounts (name varchar(99), balance int)",
          "docs (id uuid, body text)", "sites (site int, host text)", "countries (code varchar(9), name text)",
          "audit_log (id bigint, what text)",
          "stamps (code varchar(9), made datetime default now(), seen datetime on update now())",
          "invoices (customer_id bigint, id int unsigned auto_increment, note text, primary key (customer_id, id), key (id))",
          "tickets (id bigint auto_increment primary key, title text)", "tags (id bigint auto_increment primary key, name text)", "loose_tags like tags", "t (a varchar(99), b int, c int, d datetime, key a (a), key b (b))",
          "u (a int, b int)", "ver (a int, b int, c int, d datetime) with system versioning",
          "per (a int, f date, g date, period for p (f, g))",
          "part (a int, b int) partition by range (a) "
          "(partition p0 values less than (5), partition p1 values less than (9))")
OBJECTS = ("SEQUENCE IF NOT EXISTS s", "OR REPLACE VIEW v AS SELECT a FROM t",
           "OR REPLACE PROCEDURE p(x int, y int) DELETE FROM t", "OR REPLACE PROCEDURE p0() DELETE FROM t")
# Some of them have the names of functions that only MySQL has, or a later MariaDB, or of words of the grammar.
FUNCTIONS = ("myfunction", "any_value", "uuid_to_bin", "uuid_v7", "member", "share", "wait", "escape", "columns",
             "json_table")
# As root the server and its files belong to this user.
UNPRIVILEGED = "nobody"


class Client:
    """Just enough of the protocol: log in without a password, COM_QUERY, COM_STMT_PREPARE."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read()
        capabilities = 0x1 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x80000
        self.send(struct.pack("<IIB23x", capabilities, 1 << 24, 45) + b"root\0" + b"\0" + b"mysql\0" +
                  b"mysql_native_password\0", 1)
        answer = self.read()
        if answer[0] == 0xFE:
            self.send(b"", 3)
            answer = self.read()
        if answer[0] != 0:
            raise RuntimeError(answer)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("the server closed the connection")
            data += part
        return data

    def read(self):
        head = self.exactly(4)
        return self.exactly(int.from_bytes(head[:3], "little"))

    def send(self, payload, sequence=0):
        self.socket.sendall(len(payload).to_bytes(3, "little") + bytes([sequence]) + payload)

    def query(self, sql):
        self.send(b"\x03" + sql.encode())
        answer = self.read()
        if answer[0] == 0xFF:
            raise RuntimeError(f"{sql}: {answer[9:]!r}")

    def prepare(self, text):
        """(errno, parameters, columns): errno 0 is accepted; what answers with rows has columns."""
        self.send(b"\x16" + text)
        answer = self.read()
        if answer[0] == 0xFF:
            return struct.unpack_from("<H", answer, 1)[0], 0, 0
        _, statement, columns, parameters = struct.unpack_from("<BIHH", answer)
        for count in (parameters, columns):
            for _ in range(count + 1 if count else 0):
                self.read()
        self.send(b"\x19" + struct.pack("<I", statement))
        return 0, parameters, columns


class Server:
    def __init__(self, port):
        self.folder = tempfile.mkdtemp(prefix="shardway-oracle-")
        os.chmod(self.folder, 0o755)
        if os.geteuid() == 0:
            shutil.chown(self.folder, UNPRIVILEGED)
        data = f"{self.folder}/data"
        subprocess.run([*self.as_user(), "mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
                        "--auth-root-authentication-method=normal"], check=True, stdout=subprocess.DEVNULL)
        program = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin")   # not everybody's path has it
        self.process = subprocess.Popen([*self.as_user(), program, "--no-defaults", f"--datadir={data}",
                                         f"--port={port}", "--bind-address=127.0.0.1",
                                         f"--socket={self.folder}/socket", "--innodb-buffer-pool-size=16M"],
                                        stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                Client(port)
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the server did not start")

    @staticmethod
    def as_user():
        return ["setpriv", f"--reuid={UNPRIVILEGED}", "--clear-groups"] if os.geteuid() == 0 else []

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)


def rows():
    for number, line in enumerate(ROWS.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line[0] == "#" or line.count("|") < 2:
            continue
        flags, rest = line.split("|", 1)
        yield number, set(flags.split()), rest.rsplit("|", 1)[0].strip()


def bytes_of(sql):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), sql.encode())


def problem_of(client, flags, sql):
    modes = ",".join(sorted(MODES & flags)).upper()
    client.query("SET NAMES " + next(iter(CHARSETS & flags), "utf8mb4"))
    client.query(f"SET sql_mode = '{modes}'")
    errno, parameters, _ = client.prepare(bytes_of(sql))
    expected = int(next((flag[7:] for flag in flags if flag.startswith("params=")), 0))
    if (errno in PARSE_ERRORS) != ("bad" in flags):
        return f"the server says {errno}"
    # What is refused for its names or its kind was parsed, but its parameters are not told.
    if errno == 0 and parameters != expected:
        return f"the server finds {parameters} parameters, not {expected}"
    return None


def make_schema(client):
    for schema in ("shop", "other", "db"):
        client.query(f"CREATE DATABASE IF NOT EXISTS {schema}")
    client.query("USE shop")
    for table in TABLES:
        client.query(f"CREATE TABLE IF NOT EXISTS {table}")
    for thing in OBJECTS:
        client.query(f"CREATE {thing}")
    for name in FUNCTIONS:
        client.query(f"CREATE OR REPLACE FUNCTION `{name}` (x int) RETURNS int RETURN x")
    client.query("CREATE OR REPLACE FUNCTION now () RETURNS int RETURN 1")


def compare_rows(client):
    asked, problems = 0, []
    for number, flags, sql in rows():
        if "unasked" in flags:
            continue
        asked += 1
        problem = problem_of(client, flags, sql)
        if problem:
            problems.append(f"{ROWS}:{number}: {sql}: {problem}")
    print("\n".join(problems + [f"{asked} rows asked, {len(problems)} differ"]))
    return len(problems)


def facts_of(program, statements):
    """What the router says of each: (understood on one server, on shards, parameters, reads|primary|writes, kind)."""
    asked = b""
    for statement in statements:
        modes = sum(1 << bit for bit, mode in enumerate(mysql_statements.MODES) if mode in statement.modes)
        asked += struct.pack("<III", modes, CHARSET_NUMBERS[statement.charset], len(statement.text)) + statement.text
    lines = subprocess.run([program], input=asked, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    if len(lines) != len(statements):
        raise RuntimeError(f"{program} answered {len(lines)} of {len(statements)} statements")
    for line in lines:
        alone, on_shards, parameters, does, kind = line.split()
        yield alone == "yes", on_shards == "yes", int(parameters), does, kind


def difference(statement, facts, parameters, columns):
    alone, on_shards, found, does, kind = facts
    marks = statement.marks
    if found != parameters:
        return f"the server finds {parameters} parameters, not {found}"
    if not alone and "other" not in marks:
        return "not understood"
    if kind in ("read", "write") and not on_shards and "unproven" not in marks:
        return "not understood on shards"
    # Of some SHOWs the columns are known when they are run.
    if does == "reads" and columns == 0 and b"show" not in statement.text.lower():
        return "it answers without rows, so it is no read"
    if does == "reads" and marks & {"keeps", "writes", "other"} and not statement.broken:
        return "it is no read"
    if does != "writes" and "writes" in marks and kind not in ("other", "set", "kill") and not statement.broken:
        return "it writes"
    if does != "reads" and not marks - {"unproven"} and not statement.broken:
        return "it only reads"
    return None


def compare_statements(client, program, count, seed):
    statements = mysql_statements.statements(count, seed)
    accepted, problems, current, begun = 0, [], None, time.monotonic()
    for statement, facts in zip(statements, facts_of(program, statements)):
        if current != (statement.charset, statement.modes):
            client.query(f"SET NAMES {statement.charset}, sql_mode = '{','.join(sorted(statement.modes))}'")
            current = statement.charset, statement.modes
        errno, parameters, columns = client.prepare(statement.text)
        accepted += errno == 0
        problem = difference(statement, facts, parameters, columns) if errno == 0 else None
        if problem:
            problems.append(f"{' '.join([*sorted(statement.modes), statement.charset, *sorted(statement.marks)])} | "
                            f"{statement.text!r}: {problem}; {facts}")
    print("\n".join([*problems, f"seed {seed}, {time.monotonic() - begun:.1f} s",
                     f"{len(statements)} asked, {accepted} accepted by the server, {len(statements) - accepted} refused by it, "
                     f"{len(problems)} differ"]))
    return len(problems)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=23862)
    parser.add_argument("--running", action="store_true", help="a server without passwords is there already")
    parser.add_argument("--statements", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--facts", default=FACTS)
    arguments = parser.parse_args()
    server = None if arguments.running else Server(arguments.port)
    try:
        client = Client(arguments.port)
        make_schema(client)
        differ = compare_rows(client) + compare_statements(client, arguments.facts, arguments.statements, arguments.seed)
        return 1 if differ else 0
    finally:
        if server:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
