"""The two protocols of the failover tests: a real driver each (psycopg, PyMySQL), the same tables, and what an error's code proves.

A dialect's `not_kept` codes say that nothing of the statement, or of its transaction, was kept; `unknown` ones that it may have been. An error
without a code is a broken connection, `CLOSED`: it says nothing, and a client of Shardway's is never to see it. `LATE` is one behind an answer that was
complete but for its ReadyForQuery: the outcome is unknown, and psycopg 3.1 is not made for it.
"""
import os
import socket

import psycopg
import pymysql

from support import mysql_shardway, shardway

CLOSED, LATE = "closed", "late"
COUNTED = ("accounts", "branches", "marks", "writes")
TABLES = [{"name": name, "key": "branch", "type": "bigint"} for name in COUNTED]
SCHEMA = """
create table accounts (branch bigint, account bigint, balance bigint not null, primary key (branch, account));
create table branches (branch bigint primary key, transfers bigint not null);
create table marks (branch bigint, client bigint, number bigint not null, changes bigint not null, primary key (branch, client));
create table writes (branch bigint not null, number bigint not null, client bigint not null, kind varchar(10) not null);
create index writes_of_a_branch on writes (branch, number)
"""
STATEMENTS = [statement.strip() for statement in SCHEMA.split(";")]


class Postgresql:
    name = "postgresql"
    error = (psycopg.Error, OSError, ValueError)
    not_kept = {"40001", "40P01", "25006", "53300", "55P03", "57P03"}
    unknown = {"08007"}
    in_flight = {"40001", "08007"}    # what a client may be told when a server is lost under its statement
    cut_reads = set()
    proxy = shardway.Proxy
    support = shardway

    @staticmethod
    def connect(proxy, database, chance):
        """With statements prepared at once, or never."""
        return proxy.connect(dbname=database, connect_timeout=60, prepare_threshold=chance.choice((None, 0)))

    @staticmethod
    def execute(connection, sql, parameters=()):
        """The rows, or None."""
        cursor = connection.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else None

    @staticmethod
    def commit(connection):
        """False: it was a rollback."""
        return connection.execute("commit").statusmessage == "COMMIT"

    @staticmethod
    def is_closed(connection):
        return connection.closed

    @staticmethod
    def code_of(error):
        return LATE if isinstance(error, ValueError) else getattr(error, "sqlstate", None) or CLOSED

    @staticmethod
    def port_of(connection):
        """The client's own, by which Shardway lists it."""
        with socket.socket(fileno=os.dup(connection.fileno())) as mine:
            return mine.getsockname()[1]


class Mysql:
    name = "mysql"
    error = (pymysql.Error, OSError)
    not_kept = {"1213", "1205", "1040", "1290", "1792", "1836"}
    unknown = {"1180"}
    in_flight = {"1213", "1180"}
    cut_reads = {"1317"}              # a read whose answer breaks off, or that was asked again too often
    proxy = mysql_shardway.Proxy
    support = mysql_shardway

    @staticmethod
    def connect(proxy, database, _chance):
        return proxy.mysql_connect(database=database, connect_timeout=60)

    @staticmethod
    def execute(connection, sql, parameters=()):
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else None

    @classmethod
    def commit(cls, connection):
        cls.execute(connection, "commit")
        return True

    @staticmethod
    def is_closed(connection):
        return not connection.open

    @staticmethod
    def code_of(error):
        """2006 and 2013 are the driver's own, as 0 is for a connection it has closed."""
        code = error.args[0] if isinstance(error, pymysql.Error) and error.args else 0
        return CLOSED if code in (0, 2003, 2006, 2013) or not isinstance(code, int) else str(code)

    @staticmethod
    def port_of(connection):
        return connection._sock.getsockname()[1]     # pylint: disable=protected-access


DIALECTS = {dialect.name: dialect for dialect in (Postgresql, Mysql)}
