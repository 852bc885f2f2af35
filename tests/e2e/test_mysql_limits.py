"""What is bounded on the MySQL side, what PAUSE does not hold up, and what is gone when a client hears that it is."""
import concurrent.futures
import socket
import struct

from mysql_commands import RESET_CONNECTION, command, execute, fetch, long_data, prepare, query
from mysql_wire import LoginError, Wire
from support.mysql_case import MysqlCase, proxy_only
from support.servers import wait_until


class Paused(MysqlCase):
    pool = {"size": 2}

    def pool_row(self):
        return next(row for row in self.proxy.console("SHOW POOLS") if row["database"] == self.database)

    @proxy_only
    def test_kill_while_the_database_is_paused(self):
        """PAUSE waits for a statement, and KILL ends it; its own connection is in no pool."""
        victim, killer = self.through(), self.through()
        sleeping = query("select sleep(30)")
        victim.sql("select 1")
        victim.send(sleeping)
        wait_until(lambda: self.server_connections(" and info like 'select sleep%%'"), 10, "it sleeps")
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            paused = threads.submit(self.proxy.console, f"PAUSE {self.database}")
            try:
                wait_until(lambda: any(row["name"] == self.database and row["paused"] in (1, True, "1", "t")
                                       for row in self.proxy.console("SHOW DATABASES")), 10, "it is being paused")
                self.assertEqual(killer.sql(f"kill query {victim.greeting.connection_id}")[0].split()[0], "OK")
                victim.socket.settimeout(10)
                self.assertTrue(victim.reply(sleeping)[-1].startswith(("ROW 1", "EOF", "ERR 1317")))
                paused.result(10)
                self.assertEqual([self.pool_row()[one] for one in ("sv_active", "sv_idle", "sv_login")], [0, 0, 0])
            finally:
                self.proxy.console(f"RESUME {self.database}")
        self.assertEqual(victim.sql("select 'alive'")[1], "ROW alive")

    @proxy_only
    def test_a_kills_connection_counts_in_no_pool(self):
        victim, killer = self.through(), self.through()
        sleeping = query("select sleep(30)")
        for _ in range(3):
            victim.send(sleeping)
            wait_until(lambda: self.server_connections(" and info like 'select sleep%%'"), 10, "it sleeps")
            killer.sql(f"kill query {victim.greeting.connection_id}")
            victim.reply(sleeping)
            row = self.pool_row()
            self.assertLessEqual(row["sv_active"] + row["sv_idle"], 2)
        wait_until(lambda: self.pool_row()["sv_active"] == 0, 10, "the links are back")
        self.assertLessEqual(self.pool_row()["sv_idle"], 1)


class FewStatements(MysqlCase):
    schema = "create table items (id int primary key auto_increment, note longtext)"
    rows = "delete from items;\ninsert into items values (1, 'one')"
    pool = {"size": 1, "max_prepared_statements": 3}

    def test_an_open_cursor_outlives_other_statements(self):
        """A server connection keeps three; the one with the cursor is not closed for the others."""
        def conversation(wire):
            cursor = wire.prepare("select seq, 'x' from seq_1_to_9 order by seq")
            heard = wire.ask(execute(cursor, cursor=1), fetch(cursor, 2))
            for i in range(6):
                heard += wire.ask(execute(wire.prepare(f"select {i}, ?"), [i]))
            return heard + wire.ask(fetch(cursor, 2), fetch(cursor, 9))
        self.same(conversation)

    def test_so_do_values_sent_ahead(self):
        def conversation(wire):
            insert = wire.prepare("update items set note = ? where id = 1")
            wire.send(long_data(insert, 0, b"ahead"))
            heard = []
            for i in range(6):
                heard += wire.ask(execute(wire.prepare(f"select {i}, ?"), [i]))
            return heard + wire.ask(execute(insert, [b""], long_parameters=(0,))) + wire.sql("select note from items")
        self.same(conversation)

    def test_many_open_cursors(self):
        """More than a connection keeps."""
        def conversation(wire):
            cursors = [wire.prepare(f"select {i}, seq from seq_1_to_9 order by seq") for i in range(5)]
            heard = wire.ask(*[execute(cursor, cursor=1) for cursor in cursors])
            return heard + wire.ask(*[fetch(cursor, 3) for cursor in cursors + cursors], *[prepare("select 1")])
        self.same(conversation)


class Warnings(MysqlCase):
    pool = {"size": 1}

    @proxy_only
    def test_warnings_that_are_kept_are_bounded(self):
        """Those of an ordinary statement follow the client; half a megabyte of them stays on the server, until somebody else is there."""
        with self.through() as wire, self.through() as other:
            text = "select cast(concat('x', seq) as int) from seq_1_to_{} where length(repeat('y', seq)) >= 0 limit {}"
            wire.sql("set max_error_count = 65535")
            for comes, count, told in ((False, 40, 40), (True, 40, 40), (False, 9000, 9000), (True, 9000, 0)):
                wire.sql(text.format(count, count))
                if comes:
                    other.sql("select cast('x' as int)")
                heard = wire.sql("show warnings")
                self.assertEqual(len([line for line in heard if line.startswith("ROW Warning|")]), told, heard[:2])
                self.assertEqual(heard[0].startswith("ERR 1235"), told == 0)


class HalfLogins(MysqlCase):
    settings = {"max_clients": 3}

    @proxy_only
    def test_one_too_many_is_told_before_it_says_anything(self):
        held = [self.through() for _ in range(2)]
        with socket.create_connection(("127.0.0.1", self.proxy.mysql_port), timeout=10) as half:   # says nothing
            half.recv(4)
            wait_until(lambda: self.is_full(), 10, "it counts")
        for wire in held:
            wire.close()
        wait_until(lambda: self.login_ends(), 10, "there is room")

    def is_full(self):
        with socket.create_connection(("127.0.0.1", self.proxy.mysql_port), timeout=10) as late:
            said = late.recv(1024)
        return said[4:7] == b"\xff" + struct.pack("<H", 1040)

    def login_ends(self):
        try:
            with self.through() as wire:
                return wire.sql("select 1")[1] == "ROW 1"
        except LoginError:
            return False

    @proxy_only
    def test_a_response_that_is_too_long_is_not_waited_for(self):
        wire = Wire(self.proxy.mysql_port)
        self.addCleanup(wire.close)
        wire.greet()
        wire.send_raw(b"\xff\x7f\x00\x01" + b"x" * 100)   # 32 KiB are to come
        self.assertTrue(wire.is_closed(10))


class Gone(MysqlCase):
    schema = "create table items (id int primary key, note varchar(40))"
    rows = "delete from items;\ninsert into items values (1, 'one')"
    pool = {"size": 4}

    def test_what_a_client_held(self):
        """Locks and transactions end with COM_RESET_CONNECTION and COM_CHANGE_USER, before these are answered."""
        def conversation(one, two):
            heard = []
            for turn in range(15):
                heard += one.sql(f"select get_lock('{self.database}', 0)")[1:2]
                heard += one.ask(command(RESET_CONNECTION))[:1] if turn % 2 else one.change_user("app", self.cluster.passwords["app"], self.database)[-1:]
                heard += two.sql(f"select get_lock('{self.database}', 0)", f"select release_lock('{self.database}')")
                heard += one.sql("begin", "update items set note = 'changed'")[-1:]
                heard += one.ask(command(RESET_CONNECTION))[:1]
                heard += two.sql("begin", "select note from items where id = 1 for update nowait", "rollback")[1:-1]
            return [line.split(" [")[0] for line in heard]
        self.same(conversation, clients=2)

    def test_a_transaction_that_takes_long_to_roll_back(self):
        def conversation(one, two):
            heard = two.sql("set innodb_lock_wait_timeout = 0")
            for turn in range(3):
                heard += one.sql("begin", "insert into items select seq, 'x' from seq_2_to_30000")[-1:]
                heard += one.ask(command(RESET_CONNECTION)) if turn else one.change_user("app", self.cluster.passwords["app"], self.database)[-1:]
                heard += two.sql("insert into items values (2, 'mine')", "delete from items where id = 2")
            return [line.split(" [")[0] for line in heard]
        self.same(conversation, clients=2)
