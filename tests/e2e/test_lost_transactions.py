"""A server connection breaks in the middle of a transaction, or over a statement: the client is told what is known of it, once, and its
connection lives. 40001: nothing of the transaction was kept. 08007: it may have been."""
import threading

import psycopg

from support.case import ProxyCase
from support.servers import APP, wait_until


class Lost(ProxyCase):
    tables = [{"name": "things", "key": "id", "type": "int"}]
    schema = "create table things(id int primary key, n int)"
    EACH = [(database, prepare) for database in ("shop", "plain") for prepare in (False, True)]

    def connect(self, **how):
        return super().connect(autocommit=True, **how)

    def break_connections(self):
        for node in self.cluster.primaries:
            node.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s and datname = %s", (APP, self.server_database),
                       dbname="postgres")

    def break_idle(self):
        """And Shardway sees it before the client goes on."""
        before = self.proxy.log().count("event=server_lost")
        self.break_connections()
        wait_until(lambda: self.proxy.log().count("event=server_lost") > before, 10, "the loss is seen")

    def begun(self, database):
        client = self.connect(dbname=database)
        client.execute("delete from things where id = 1")
        client.execute("begin")
        client.execute("insert into things values (1, 1)")
        return client

    def error_of(self, client, statement, **how):
        with self.assertRaises(psycopg.Error) as caught:
            client.execute(statement, **how)
        self.assertFalse(client.closed, "its connection lives")
        return caught.exception.sqlstate

    def test_between_two_statements(self):
        for database, prepare in self.EACH:
            for statement in ("insert into things values (1, 2)", "savepoint a", "commit"):
                with self.subTest(database=database, prepare=prepare, statement=statement):
                    client = self.begun(database)
                    self.break_idle()
                    self.assertEqual(self.error_of(client, statement, prepare=prepare), "40001")
                    if statement != "commit":
                        self.assertEqual(self.error_of(client, "select 1"), "25P02")
                        client.execute("rollback")
                    self.assertEqual(client.execute("select count(*) from things where id = 1").fetchone(), (0,))

    def test_no_savepoint_leads_back(self):
        """What was written before it is gone, too."""
        for database, prepare in self.EACH:
            for first in ("rollback to s", "release s"):
                with self.subTest(database=database, prepare=prepare, first=first):
                    client = self.begun(database)
                    client.execute("savepoint s")
                    client.execute("update things set n = 2 where id = 1")
                    self.break_idle()
                    self.assertEqual(self.error_of(client, first, prepare=prepare), "40001")
                    self.assertEqual(self.error_of(client, "rollback to s", prepare=prepare), "40001")
                    self.assertEqual(self.error_of(client, "select 1"), "25P02")
                    self.assertEqual(client.execute("commit").statusmessage, "ROLLBACK")
                    self.assertEqual(client.execute("select count(*) from things where id = 1").fetchone(), (0,))

    def test_a_rollback_is_one(self):
        for database, prepare in self.EACH:
            with self.subTest(database=database, prepare=prepare):
                client = self.begun(database)
                self.break_idle()
                self.assertEqual(client.execute("rollback", prepare=prepare).statusmessage, "ROLLBACK")
                self.assertEqual(client.execute("select count(*) from things where id = 1").fetchone(), (0,))

    def over(self, client, statement, prepare):
        """The error of a statement whose server connection breaks while it runs."""
        heard = []
        thread = threading.Thread(target=lambda: heard.append(self.error_of(client, statement, prepare=prepare)))
        thread.start()
        wait_until(lambda: any(node.value("select count(*) from pg_stat_activity where query like '%%pg_sleep(20)%%' and state = 'active'"
                                          " and pid <> pg_backend_pid()", dbname="postgres") for node in self.cluster.primaries), 10, "it runs")
        self.break_connections()
        thread.join(15)
        return heard

    def test_over_a_statement(self):
        update = "update things set n = 2 where id = 1 and pg_sleep(20) is not null"
        for database, prepare in self.EACH:
            with self.subTest(database=database, prepare=prepare):
                client = self.begun(database)
                self.assertEqual(self.over(client, update, prepare), ["40001"])
                client.execute("rollback")
                client.execute("insert into things values (1, 1)")
                self.assertEqual(self.over(client, update, prepare), ["08007"])
                self.assertEqual(client.execute("select n from things where id = 1").fetchone(), (1,))
