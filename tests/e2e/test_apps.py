"""A small application (create, insert, read back, transaction, prepared, COPY, error) by the usual clients, unchanged: what it
sees through the sharded database is what it sees on one plain server."""
import json
import os
import pathlib
import subprocess
import unittest

import psycopg

from support.case import ProxyCase

NODE = pathlib.Path(__file__).parent / "node"
CREATE = "create table people(id bigint primary key, name text not null, age int)"

PSQL = r"""
create table people(id bigint primary key, name text not null, age int);
insert into people values (1, 'Ada', 36);
insert into people values (2, 'Alan', 41) returning *;
select * from people where id = 1;
\x on
select * from people where id = 2;
\x off
\d people
\dt people
begin;
update people set age = age + 1 where id = 1;
select age from people where id = 1;
rollback;
begin;
savepoint a;
select 1/0;
rollback to a;
update people set age = age + 1 where id = 1;
commit;
select age from people where id = 1;
insert into people values (1, 'twice');
insert into people values (1);
selec 1;
\copy people (id, name) from stdin
3	Barbara
\.
select * from people where id = 3;
\copy (select 1, 2) to stdout
select name from people where id = 1 \gdesc
select 1 as a, 2 as b \gset
\echo :a :b
select 1 \; select 2;
\set VERBOSITY sqlstate
select nothing from people where id = 1;
set application_name = 'psql test';
show application_name;
drop table people;
"""


class Apps(ProxyCase):
    tables = [{"name": "people", "key": "id", "type": "bigint"}]
    maxDiff = None

    def urls(self, create=True):
        """The plain server's own address, then the proxy's databases; a fresh table for each."""
        plain = psycopg.conninfo.conninfo_to_dict(self.cluster.plain.conninfo(dbname=self.server_database))
        urls = ["postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**plain),
                self.proxy.url(dbname="plain"), self.proxy.url(dbname="shop")]
        for name, url in zip(("direct", "plain", "shop"), urls):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("drop table if exists people")
                if create:
                    connection.execute(CREATE)
            yield name, url

    def compare(self, application, create=True):
        expected = None
        for name, url in self.urls(create):
            seen = application(url)
            if expected is None:
                expected = seen
            with self.subTest(database=name):
                self.assertEqual(seen, expected)
        return expected

    def test_psql(self):
        def application(url):
            done = subprocess.run(["psql", "-Xa", "-v", "VERBOSITY=verbose", "-v", "SHOW_CONTEXT=never", url], input=PSQL, text=True,
                                  capture_output=True, timeout=60, check=False, env={**os.environ, "LC_ALL": "C.UTF-8", "PAGER": "cat"})
            lines = (done.stdout + done.stderr).splitlines()
            return [line for line in lines if not line.startswith(("LOCATION", "LINE", "psql:"))]
        seen = self.compare(application, create=False)
        self.assertIn("COPY 1", seen)

    def run_node(self, script, url):
        done = subprocess.run(["node", script, url], cwd=NODE, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout[-2000:])
        return [json.loads(line) for line in done.stdout.splitlines()]

    @unittest.skipUnless((NODE / "node_modules").exists(), "npm ci has not been run in tests/e2e/node")
    def test_node_postgres(self):
        seen = self.compare(lambda url: self.run_node("pg_app.js", url))
        self.assertIn(["copied", [{"name": "Barbara", "age": None}]], seen)

    @unittest.skipUnless((NODE / "node_modules").exists(), "npm ci has not been run in tests/e2e/node")
    def test_postgres_js(self):
        seen = self.compare(lambda url: self.run_node("postgres_app.js", url))
        self.assertIn(["still", [{"one": 1}]], seen)

    def test_psycopg(self):
        for options in ({}, {"prepare_threshold": 0}, {"prepare_threshold": None}):
            with self.subTest(**options):
                self.compare(lambda url, options=options: self.psycopg_application(url, options))

    def psycopg_application(self, url, options):
        seen = []

        def failing(statement, *parameters):
            try:
                connection.execute(statement, *parameters)
                seen.append("no error")
            except psycopg.Error as error:
                seen.append((type(error).__name__, error.sqlstate, error.diag.message_primary, error.diag.constraint_name))
        with psycopg.connect(url, **options) as connection:
            cursor = connection.execute("insert into people values (%s, %s, %s) returning id, name", (1, "Ada", 36))
            seen += [cursor.fetchall(), cursor.rowcount, cursor.statusmessage]
            connection.commit()
            for key in (1, 2, 1, 1, 1, 1, 1, 1):
                cursor = connection.execute("select *, 1.5::numeric, now() > '2020-01-01' from people where id = %s", (key,))
                seen += [cursor.fetchall(), [column.name for column in cursor.description]]
            connection.commit()
            with connection.transaction():
                connection.execute("update people set age = age + 1 where id = %s", (1,))
                try:
                    with connection.transaction():
                        connection.execute("select 1/0")
                except psycopg.errors.DivisionByZero:
                    seen.append("savepoint")
            seen.append(connection.execute("select age from people where id = 1").fetchall())
            failing("insert into people values (%s, %s)", (1, "twice"))
            failing("select 1")
            connection.rollback()
            with connection.cursor() as cursor:
                with cursor.copy("copy people (id, name) from stdin") as copy:
                    copy.write_row((3, "Barbara"))
                connection.commit()   # 3 and 4 are rows of two shards
                with cursor.copy("copy people (id, name) from stdin (format binary)") as copy:
                    copy.set_types(["int8", "text"])
                    copy.write_row((4, "Dennis"))
                with cursor.copy("copy (select 1, 'two') to stdout") as copy:
                    seen.append(list(copy.rows()))
            connection.commit()
            seen.append([connection.execute("select name from people where id = %s", (key,)).fetchall() for key in (3, 4)])
            connection.rollback()
            binary = connection.cursor(binary=True)
            seen.append(binary.execute("select id, name from people where id = %s", (4,)).fetchall())
            binary.executemany("update people set age = %s where id = %s", [(1, 4), (2, 4), (3, 4)])
            connection.commit()
            with connection.pipeline():
                first = connection.execute("select age from people where id = %s", (4,))
                second = connection.execute("select age from people where id = %s", (1,))
                seen += [first.fetchall(), second.fetchall()]
            connection.commit()
            with connection.cursor("named") as named:
                named.execute("select i from people, generate_series(1, 5) i where id = 1 order by i")
                seen += [named.fetchmany(2), named.fetchall()]
            connection.commit()
        return seen

    def test_psycopg2(self):
        try:
            import psycopg2
        except ImportError:
            self.skipTest("psycopg2 is not installed (python3-psycopg2)")

        def application(url):
            connection = psycopg2.connect(url)
            cursor = connection.cursor()
            cursor.execute("insert into people values (%s, %s, %s) returning id", (1, "Ada", 36))
            seen = [cursor.fetchall(), cursor.statusmessage]
            connection.commit()
            cursor.copy_expert("copy people (id, name) from stdin", __import__("io").StringIO("3\tBarbara\n"))
            cursor.execute("select * from people where id = 3")
            seen.append(cursor.fetchall())
            try:
                cursor.execute("insert into people values (1, 'twice')")
            except psycopg2.Error as error:
                seen.append(error.pgcode)
            connection.rollback()
            cursor.execute("select count(*) from people where id = 3")
            seen.append(cursor.fetchall())
            connection.close()
            return seen
        self.compare(application)
