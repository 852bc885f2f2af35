"""A small application by the usual MySQL clients, unchanged: what it sees through Shardway is what it sees on a plain MariaDB."""
import json
import pathlib
import subprocess
import unittest

import pymysql

from support.mysql_case import MysqlCase

NODE = pathlib.Path(__file__).parent / "node"


class Apps(MysqlCase):
    schema = "create table people (id bigint primary key, name varchar(40) not null, age int)"
    rows = "delete from people"

    @unittest.skipUnless((NODE / "node_modules" / "mysql2").exists(), "npm ci has not been run in tests/e2e/node")
    def test_mysql2(self):
        def application(port):
            uri = f"mysql://app:{self.cluster.passwords['app']}@127.0.0.1:{port}/{self.database}"
            done = subprocess.run(["node", "mysql2_app.js", uri], cwd=NODE, capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout[-2000:])
            return [json.loads(line) for line in done.stdout.splitlines()]
        self.assertIn(["loaded", [{"name": "Barbara", "age": 5}]], self.same_at(application))

    def test_pymysql(self):
        def application(port):
            seen = []
            with pymysql.connect(host="127.0.0.1", port=port, user="app", password=self.cluster.passwords["app"], database=self.database,
                                 charset="utf8mb4") as connection, connection.cursor() as cursor:
                seen.append(cursor.execute("insert into people values (%s, %s, %s)", (1, "Ada ü", 36)))
                connection.commit()
                seen.append(cursor.executemany("insert into people values (%s, %s, %s)", [(i, f"person {i}", None) for i in range(2, 50)]))
                connection.rollback()
                for key in (1, 2, 1):
                    cursor.execute("select *, 1.5, cast('2024-02-29' as date) from people where id = %s", (key,))
                    seen += [cursor.fetchall(), [column[:2] for column in cursor.description]]
                for wrong in ("selec 1", "insert into people values (1, 'twice', null)", "select * from nowhere"):
                    try:
                        cursor.execute(wrong)
                    except pymysql.Error as error:
                        seen.append((type(error).__name__, error.args))
                connection.begin()
                cursor.execute("update people set age = age + 1")
                cursor.execute("savepoint s")
                cursor.execute("delete from people")
                cursor.execute("rollback to s")
                connection.commit()
                cursor.execute("select age from people")
                seen.append(cursor.fetchall())
                connection.select_db(self.database)
                connection.ping(reconnect=False)
                seen.append(connection.get_server_info().split("-")[0])
            return seen
        self.same_at(application)
