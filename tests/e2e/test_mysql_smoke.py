"""The shortest way through MySQL's side: does it log in, ask and answer as the plain server does?"""
import os
import subprocess

from support.mysql_case import MysqlCase


class Smoke(MysqlCase):
    schema = "create table customers (customer_id bigint primary key, name varchar(40))"
    rows = "delete from customers"

    def test_select_1(self):
        self.assertEqual(self.same(lambda wire: wire.sql("select 1 as one")), ["COLUMNS one:long", "ROW 1", "EOF status=autocommit"])

    def test_rows_come_back(self):
        self.same(lambda wire: wire.sql("insert into customers values (1, 'Ada'), (2, null)", "select * from customers order by 1"))

    def test_the_mysql_client(self):
        def client(port):
            password = self.cluster.passwords["app"]
            done = subprocess.run(["mysql", "--no-defaults", "-h127.0.0.1", f"-P{port}", "-uapp", "-t", self.database], text=True, timeout=60,
                                  input="select 1 as one; select * from customers; warnings; select 1/0; selec 1; ", check=False,
                                  capture_output=True, env={**os.environ, "MYSQL_PWD": password})
            return done.returncode, done.stdout, done.stderr
        self.assertIn("| one |", self.same_at(client)[1])
