"""What one client does must not be heard by another, nor lost by itself, when server connections change hands between its statements."""
import struct

import mysql_commands as commands
from mysql_commands import LAST, close, command, execute, fetch, long_data, prepare, query
from support.mysql_behaviour import BehaviourCase, TwoNodesCase, errors, rows
from support.mysql_case import proxy_only
from support.servers import wait_until


class Strangers(BehaviourCase):
    pool = {"size": 1, "queue_timeout": "5s"}

    def test_values_ahead_of_an_execution_are_their_clients(self):
        one, two = self.client(), self.client()
        insert = "insert into items (note) values (concat(?, ?))"
        first, other = one.prepare(insert), one.prepare("select 5")
        second = two.prepare(insert)
        one.ask(long_data(first, 1, "secret"))
        self.assertEqual(rows(one.ask(execute(other))), ["5"])
        two.send(execute(second, ["two", "!"]))
        if self.proxy:
            self.assertFalse(two.has_input(0.3), "the connection has the first one's value")
        one.ask(close(other))
        one.ask(execute(first, ["one ", ""], long_parameters=(1,)))
        two.reply(execute(second, ["two", "!"]))
        self.assertEqual(self.on_plain("select note from items where id >= 100 order by note"), [("one secret",), ("two!",)])

    def test_two_cursors_on_one_text(self):
        client = self.client()
        one, two = client.prepare("select seq from seq_1_to_9 where seq > ?"), client.prepare("select seq from seq_1_to_9 where seq > ?")
        client.ask(execute(one, [0], cursor=1), execute(two, [5], cursor=1))
        self.assertEqual(rows(client.ask(fetch(one, 2), fetch(two, 2), fetch(one, 2))), ["1", "2", "6", "7", "3", "4"])
        client.ask(close(one), close(two))

    def test_an_error_of_a_prepared_statement_keeps_the_transaction(self):
        client, other = self.client(), self.client()
        gone = client.prepare("select * from shadow where i = ?")
        other.sql("set sql_mode = ''", "select 1")
        self.kill_server_connections()   # it has to be prepared anew
        self.on_plain("rename table shadow to hidden")
        try:
            heard = client.sql("begin", "insert into items (note) values ('first')") + client.ask(execute(gone, [1]))
            self.assertEqual(errors(heard), ["1146"])
            client.sql("insert into items (note) values ('second')", "commit")
        finally:
            self.on_plain("rename table hidden to shadow")
        self.assertEqual(self.on_plain("select note from items where id >= 100"), [("first",), ("second",)])

    def test_a_prepared_statement_brings_no_autocommit(self):
        client, other = self.client(), self.client()
        insert = client.prepare("insert into items (note) values (?)")
        self.kill_server_connections()
        client.sql("set autocommit = 0", "insert into items (note) values ('gone')")
        client.ask(execute(insert, ["gone, too"]))
        client.sql("rollback", "set autocommit = 1")
        self.assertEqual(rows(other.sql("select count(*) from items where note like 'gone%'")), ["0"])

    def test_a_temporary_table_made_under_locks_stays(self):
        client, other = self.client(), self.client()
        client.sql("lock tables items write", "create temporary table mine (i int)", "insert into mine values (7)", "unlock tables")
        self.assertEqual(rows(client.sql("select * from mine")), ["7"])
        client.sql("drop temporary table mine")
        client.close()
        self.assertEqual(errors(other.sql("select * from mine")), ["1146"])

    def test_numbers(self):
        one, two = self.client(), self.client()
        insert, ask = "insert into items (note) values ('n')", "select last_insert_id()"
        heard = one.sql(insert, ask) + two.sql(insert, ask) + one.sql(ask, insert, ask) + two.sql(ask) + one.ask(command(commands.RESET_CONNECTION))
        heard += one.sql(ask)
        self.assertEqual(rows(heard), ["100", "101", "100", "102", "101", "0"])
        one.sql(insert)
        two.sql("insert into items (id, note) values (500, 'given'), (500, 'twice')")
        self.assertEqual(rows(one.sql(ask)), ["103"])

    @proxy_only
    def test_a_client_that_leaves_in_a_statement_of_16_mib(self):
        for _ in range(2):
            client = self.client()
            client.socket.sendall(b"\xff\xff\xff\x00\x03select '" + b"x" * 100000)
            wait_until(lambda: any(int(pool["sv_active"]) for pool in self.proxy.console("SHOW POOLS")), 10, "it has the server connection")
            client.close()
        self.assertEqual(rows(self.client().sql("select 1")), ["1"])

    @proxy_only
    def test_a_kill_in_a_comments_wake(self):
        client = self.client()
        number = client.greeting.connection_id
        for text in ("/* a */ kill query {}", "-- a\nkill query {}"):
            self.assertEqual(errors(client.sql(text.format(number))), ["1317"])
        self.assertEqual(errors(client.sql(f"select 1; kill query {number}")), ["1235"])

    def test_a_wait_that_ends_in_an_error_is_answered_once(self):
        holder, waiter = self.client(), self.client()
        holder.sql("begin", "update items set note = 'held' where id = 1")
        if self.proxy:
            self.assertEqual(errors(waiter.sql("select 1")), ["1040"])
            holder.sql("rollback")
        self.assertEqual(rows(waiter.sql("select 42")), ["42"])

    def test_a_length_that_grows_over_a_packet(self):
        client = self.client()
        statement = client.prepare("select length(?)")
        client.ask(execute(statement, [b"small"]))
        for size in (0xffffff - 19, 0xffffff - 18, 0xffffff - 17):
            body = struct.pack("<BIBI", 0x17, statement, 0, 1) + b"\0\0" + b"\xfd" + struct.pack("<I", size)[:3] + b"y" * size
            self.assertEqual(rows(client.ask(body)), [str(size)])


class Constants(BehaviourCase):
    def test_constants_do_not_bind(self):
        client = self.client()
        client.sql("set @a = 5, @b = 'text'")
        heard = [line.split("|") for line in rows(self.hopping(client, *["select @a, @b, @@pseudo_thread_id"] * 8))]
        self.assertEqual({(a, b) for a, b, _ in heard}, {("5", "text")})
        if self.proxy:
            self.assertEqual(len({thread for _, _, thread in heard}), 2)
        self.assertEqual(rows(self.hopping(client, "set @c = @a + 1", "select @c")), ["6"])


class ReadOnlyOnAReplica(TwoNodesCase):
    def test_what_may_not_run_there_runs_where_it_may(self):
        client = self.client()
        heard = client.sql("start transaction read only", "select 1 from items limit 1", "show variables like 'port'", "select last_insert_id()", "do 1",
                           "insert into items (note) values ('no')", "truncate table shadow", "insert into items (note) values ('yes')")
        self.assertEqual(errors(heard), ["1792"])
        heard = client.sql("start transaction read only", "select 1 from items limit 1", "commit", "set @n = 1 + 1", "insert into items (note) values ('yes')")
        self.assertEqual(errors(heard), [])
