"""The shortest way through everything: does it start, log in, route and answer?"""
import os
import subprocess

import psycopg

from support.case import ProxyCase


class Smoke(ProxyCase):
    tables = [{"name": "customers", "key": "customer_id", "type": "bigint"}]
    schema = "create table customers(customer_id bigint primary key, name text)"

    def test_select_1_unsharded(self):
        self.assertEqual(self.proxy.query("select 1", dbname="plain"), [(1,)])

    def test_select_1_sharded(self):
        self.assertEqual(self.proxy.query("select 1"), [(1,)])

    def test_psql(self):
        for database in ("shop", "plain"):
            with self.subTest(database=database):
                conninfo = self.proxy.conninfo(dbname=database)
                done = subprocess.run(["psql", "-XAt", "-v", "ON_ERROR_STOP=1", "-c", "select 1", conninfo],
                                      capture_output=True, text=True, timeout=30, check=False,
                                      env={**os.environ, "LC_ALL": "C.UTF-8"})
                self.assertEqual((done.returncode, done.stdout), (0, "1\n"), done.stderr)

    def test_rows_land_on_the_shard_of_their_slot(self):
        with self.connect() as connection:
            for key in range(1, 9):
                connection.execute("insert into customers values (%s, %s)", (key, f"customer {key}"))
            for key in range(1, 9):
                row = connection.execute("select name from customers where customer_id = %s", (key,)).fetchone()
                self.assertEqual(row, (f"customer {key}",))
        first, second = self.on_shards("select customer_id, hashint8extended(customer_id, 0) & 16383 from customers")
        self.assertEqual(sorted(key for key, _ in first + second), list(range(1, 9)))
        self.assertTrue(all(slot < 8192 for _, slot in first), first)
        self.assertTrue(all(slot >= 8192 for _, slot in second), second)

    def test_a_wrong_password_is_refused(self):
        with self.assertRaisesRegex(psycopg.OperationalError, 'password authentication failed for user "app"'):
            self.proxy.connect(password="wrong")

    def test_healthz(self):
        self.assertEqual(self.proxy.http("/healthz")[0], 200)
