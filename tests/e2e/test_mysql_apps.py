"""A small application (tables, rows, transactions, prepared statements, batches, LOAD DATA, errors) by the usual MySQL clients, unchanged:
what it sees through Shardway, on one shard, on two and on three, is what it sees on a plain MariaDB."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import pymysql

from pymysql_application import PymysqlApplication
from support import mysql_shardway
from support.mariadb import APP, Shard
from support.mysql_case import MysqlCase

NODE = pathlib.Path(__file__).parent / "node"
TABLES = [{"name": "people", "key": "id", "type": "bigint"}, {"name": "visits", "key": "person", "type": "bigint"},
          {"name": "countries", "kind": "reference"}, {"name": "journal", "kind": "single", "shard": "shop_0"}]
DROP = "drop table if exists visits, people, countries, journal"
# What is not understood, and what is not in the configuration, is not sent to any shard.
REFUSED_ON_SHARDS = {"syntax", "no such table"}

MYSQL = r"""
source people.sql
insert into countries values ('de', 'Germany'), ('fr', 'France'), ('gb', 'Britain');
insert into people values (1, 'Ada', 36, 'gb', '1815-12-10', '2024-02-29 12:34:56.789', 12345.60, 18446744073709551615, '{"a": [1, null]}', x'00ff');
insert into people (id, name, age) values (3, 'Blaise', 39), (7, 'Emmy', 53), (12, 'Sofja', null);
insert into people set id = 4, name = 'Carl';
insert into visits values (1, 1, '/'), (1, 2, '/notes'), (1, 3, '/engine');
insert into journal (what) values ('opened'), ('filled');
select last_insert_id();
select * from people where id = 1;
select * from people where id = 1\G
select v.page, v.path, p.name, c.name from visits v join people p on p.id = v.person join countries c on c.code = p.country where p.id = 1 order by v.page;
select count(*), max(age) from people where id in (3, 7);
describe people;
show tables;
show create table visits\G
insert ignore into people (id, name) values (1, 'twice'), (1, 'thrice');
select cast('x' as int), name from people where id = 4;
update people set age = age + 1 where id = 1;
update people set age = 37 where id = 1;
begin;
update people set age = 0 where id = 1;
update people set age = 0 where id = 3;
select age from people where id = 3;
rollback;
select age from people where id = 1;
start transaction;
update people set age = age + 1 where id = 1;
update people set age = age + 1 where id = 3;
savepoint a;
delete from people where id = 4;
rollback to a;
insert into journal (what) values ('aged');
update countries set name = 'Deutschland' where code = 'de';
commit;
select age from people where id = 1;
select age from people where id = 3;
select name from people where id = 4;
select * from countries order by code;
select * from journal order by entry;
insert into people (id, name) values (3, 'twice');
insert into people (id, name) values (16, null);
insert into people (id, name, age) values (16, 'x', -1);
insert into visits values (20, 1, '/');
select nothing from people where id = 3;
load data local infile 'pages.csv' into table visits fields terminated by ',' (page, path) set person = 3;
select * from visits where person = 3 and page in (16, 21) order by page;
set time_zone = '+02:00';
select @@time_zone, from_unixtime(0), name from people where id = 3;
replace into visits values (1, 3, '/machine');
insert into people (id, name) values (4, 'Carl') on duplicate key update age = 77;
delete from visits where person = 1 returning page;
delimiter //
select 1 as a; select name from people where id = 3 //
delimiter ;
\u DATABASE
select age from people where id = 4;
rehash
truncate table visits;
alter table people add column late int default 5, add index by_age (age);
select id, late from people where id = 3;
drop table visits, people, countries, journal;
show tables;
"""
UNION = "select id, name, age, details from people; select name from people where age > 36; select nothing from people"


class Apps(MysqlCase):
    @classmethod
    def configure(cls, config):
        """Databases with names of the same length, which show in tables; the plain server is the third shard of one of them."""
        two, three = (cls.database[:-1] + str(shards) for shards in (2, 3))
        for name in (two, three):
            cls.cluster.create_database(name)
            cls.addClassCleanup(cls.cluster.drop_database, name)
        config["database"] = [mysql_shardway.unsharded_database(cls.cluster, cls.database),
                              mysql_shardway.sharded_database(cls.cluster, TABLES, two),
                              mysql_shardway.sharded_database(ThreeShards(cls.cluster), TABLES, three)]

    @property
    def places(self):
        """(what, port, database): the plain server first."""
        if self.proxy is None:
            return [(name, port, self.database) for name, port in self.peers]
        names = [database["name"] for database in self.proxy.config["database"]]
        return [("direct", self.cluster.plain.port, self.database),
                *((f"{shards} of Shardway", self.proxy.mysql_port, name) for shards, name in enumerate(names, 1))]

    def masked(self, text):
        """Without the database's name and with no time that passed."""
        return re.sub(re.escape(self.database[:-1]) + f"[{self.database[-1]}23]", "DATABASE", re.sub(r"\d+\.\d{3} sec", "N sec", text))

    def masked_deeply(self, what):
        if isinstance(what, (list, tuple)):
            return type(what)(map(self.masked_deeply, what))
        return self.masked(what) if isinstance(what, str) else what

    def same(self, application):
        """application(port, database) returns [step, what was seen] for each step. Returns what the plain server says."""
        expected = None
        for name, port, database in self.places:
            with pymysql.connect(port=port, **self.login_of(database)) as connection, connection.cursor() as cursor:
                cursor.execute(DROP)
            seen = application(port, database)
            if expected is None:
                expected = seen
                continue
            with self.subTest(place=name):
                refused = REFUSED_ON_SHARDS if database != self.database else ()
                self.assertEqual([step for step, _ in seen], [step for step, _ in expected])
                self.assertEqual([(step, what, wanted) for (step, what), (_, wanted) in zip(seen, expected)
                                  if (1235 not in what if step in refused else what != wanted)], [], "(step, seen, expected)")
        return expected

    def login_of(self, database):
        return {"host": "127.0.0.1", "user": APP, "password": self.cluster.passwords[APP], "database": database, "charset": "utf8mb4"}

    # -- mysql ---------------------------------------------------------------------------------------------------------

    def mysql(self, port, database, script, *options):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "pages.csv").write_text("16,/sixteen\n21,/twenty-one\n", encoding="utf-8")
            (pathlib.Path(folder) / "people.sql").write_text((NODE / "people.sql").read_text(encoding="utf-8"), encoding="utf-8")
            done = subprocess.run(["mysql", "--no-defaults", "-h127.0.0.1", f"-P{port}", f"-u{APP}", "--local-infile", "--comments", "--force",
                                   *options, database],
                                  input=script.replace("DATABASE", database), text=True, cwd=folder, errors="backslashreplace",
                                  capture_output=True, timeout=60, check=False, env={**os.environ, "MYSQL_PWD": self.cluster.passwords[APP]})
        return self.masked(done.stdout), self.masked(done.stderr)

    def test_mysql(self):
        def application(port, database):
            told, errors = self.mysql(port, database, MYSQL, "-vvv", "--show-warnings")
            pieces = [piece.strip() for piece in re.split(r"^--------------$", told, flags=re.MULTILINE)]
            return [*zip(pieces[1::2], pieces[2::2]), ("errors", errors.splitlines())]
        seen = dict(self.same(application))
        self.assertIn("Query OK, 2 rows affected", seen[next(statement for statement in seen if "load data" in statement)])
        self.assertEqual(len(seen["errors"]), 5)

    def test_mysql_over_shards(self):
        def application(port, database):
            self.mysql(port, database, MYSQL.partition("alter table")[0])
            seen = []
            for way in ((), ("--quick",), ("--column-type-info",)):
                told, errors = self.mysql(port, database, UNION, "-t", *way)
                seen.append((f"union {way}", [sorted(told.splitlines()), errors.splitlines()]))
            return seen
        self.assertIn("| Emmy   |", self.same(application)[0][1][0])

    # -- mysql2 and mariadb, by Node.js --------------------------------------------------------------------------------

    def run_node(self, script, *more):
        def application(port, database):
            uri = f"mysql://{APP}:{self.cluster.passwords[APP]}@127.0.0.1:{port}/{database}"
            done = subprocess.run(["node", script, uri, *more], cwd=NODE, capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout[-2000:])
            return [json.loads(line) for line in self.masked(done.stdout).splitlines()]
        return self.same(application)

    @unittest.skipUnless((NODE / "node_modules" / "mysql2").exists(), "npm ci has not been run in tests/e2e/node")
    def test_mysql2(self):
        seen = self.run_node("mysql2_app.js")
        self.assertIn(["what was loaded", [{"page": 16, "path": "/sixteen"}, {"page": 21, "path": "/twenty-one"}]], seen)

    @unittest.skipUnless((NODE / "node_modules" / "mariadb").exists(), "npm ci has not been run in tests/e2e/node")
    def test_mariadb(self):
        seen = self.run_node("mariadb_app.js")
        self.assertEqual([what["affectedRows"] for step, what in seen if step in ("batch of several shards", "many", "many deleted")], [3, 500, 500])

    # -- PyMySQL -------------------------------------------------------------------------------------------------------

    def test_pymysql(self):
        def application(port, database):
            app = PymysqlApplication(**self.login_of(database), port=port)
            with app.connection:
                app.run()
            return [(step, self.masked_deeply(what)) for step, what in app.seen]
        self.assertIn(("committed", ((1, 38), (3, 40), (7, 53))), self.same(application))


class ThreeShards:
    """The cluster's shards, and its plain server as one more."""

    def __init__(self, cluster):
        self.shards = [*cluster.shards, Shard("shop_2", cluster.plain, [])]
        self.passwords = cluster.passwords
