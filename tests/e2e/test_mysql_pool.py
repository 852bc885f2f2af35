"""Pools of MySQL: how many server connections there are, the line for them, and what a client that vanished leaves: nothing."""
import concurrent.futures
import copy
import threading
import time

import mysql_commands as commands
from mysql_commands import query
from mysql_wire import WireClosed
from support.mysql_case import MysqlCase, proxy_only
from support.servers import wait_until


class PoolCase(MysqlCase):
    schema = "create table items (id int primary key auto_increment, note varchar(100))"
    rows = "delete from items"

    def in_threads(self, count, work):
        """work(index) in so many threads at once; their results, the first error raised."""
        with concurrent.futures.ThreadPoolExecutor(count) as threads:
            return [future.result(60) for future in [threads.submit(work, i) for i in range(count)]]


class Shared(PoolCase):
    pool = {"size": 3, "queue_timeout": "20s"}

    @proxy_only
    def test_clients_share_connections_between_transactions(self):
        clients = [self.through() for _ in range(12)]
        for client in clients * 3:
            self.assertEqual(client.sql("select 1")[1], "ROW 1")
        self.assertLessEqual(len(self.server_connections()), 3)

    @proxy_only
    def test_size_is_a_cap_over_all_threads(self):
        def work(_):
            with self.through() as client:
                client.sql(*["select sleep(0.01)"] * 5)
                return len(self.server_connections())
        self.assertLessEqual(max(self.in_threads(16, work)), 3)

    @proxy_only
    def test_a_transaction_keeps_its_connection(self):
        one, two = self.through(), self.through()
        one.sql("begin", "insert into items (note) values ('mine')")
        for _ in range(5):
            self.assertEqual(two.sql("select count(*) from items")[1], "ROW 0")
            self.assertEqual(one.sql("select count(*) from items")[1], "ROW 1")
        one.sql("rollback")

    @proxy_only
    def test_it_waits_in_line(self):
        holders = [self.through() for _ in range(3)]
        for holder in holders:
            holder.sql("begin", "insert into items (note) values ('held')")
        waiter = self.through()
        waiter.send(query("select 'waited'"))
        self.assertFalse(waiter.has_input(0.3))
        holders[1].sql("commit")
        self.assertEqual(waiter.reply(query(""))[1], "ROW waited")
        for holder in holders:
            holder.sql("rollback")

    def test_many_clients_at_once_see_their_own(self):
        """Values of their own, changed and undone, on few connections."""
        def work(port, index):
            heard = []
            with self.login(port) as client:
                client.sql(f"set @me = {index}, time_zone = '+{index % 12:02}:00'")
                for turn in range(12):
                    heard += client.sql("select @me, @@time_zone")[1:2]
                    if turn % 5 == index % 5:
                        client.sql("begin", "insert into items (note) values ('x')", "rollback")
            return heard
        self.same_at(lambda port: self.in_threads(10, lambda index: work(port, index)))


class Reload(PoolCase):
    pool = {"size": 3, "queue_timeout": "30s"}

    def reload(self, **pool):
        config = copy.deepcopy(self.proxy.config)
        for database in config["database"]:
            database["pool"] = {**database["pool"], **pool}
        before = self.proxy.log().count("event=reloaded")
        self.proxy.reload(config)
        wait_until(lambda: self.proxy.log().count("event=reloaded") > before, 10, "the configuration is read again")

    @proxy_only
    def test_a_removed_database_ends_what_pins_its_clients(self):
        pinned, busy = self.through(), self.through()
        for client in (pinned, busy):
            client.sql(f"select get_lock('{id(client)}', 0)")
        busy.sql("begin", "insert into items (note) values ('kept')")
        whole, less = self.proxy.config, copy.deepcopy(self.proxy.config)
        less["database"] = [database for database in less["database"] if database["name"] != self.database]
        before = self.proxy.log().count("event=reloaded")
        try:
            self.proxy.reload(less)
            wait_until(lambda: self.proxy.log().count("event=reloaded") > before, 10, "the configuration is read again")
            self.assertTrue(pinned.is_closed(5))
            self.assertEqual(busy.sql("select count(*) from items")[1], "ROW 1")   # its transaction may end
            busy.sql("commit")
            self.assertTrue(busy.is_closed(5))
        finally:
            self.proxy.reload(whole)
            wait_until(lambda: self.proxy.log().count("event=reloaded") > before + 1, 10, "the configuration is read again")
        self.assertEqual(self.through().sql("select count(*) from items")[1], "ROW 1")

    @proxy_only
    def test_old_and_new_connections_together_stay_below_the_cap(self):
        most, stop = [0], threading.Event()

        def watch():
            with self.plain_connection().cursor() as cursor:
                while not stop.is_set():
                    cursor.execute("select count(*) from information_schema.processlist where db = %s and user not in ('root', 'shardway')",
                                   [self.database])
                    most[0] = max(most[0], cursor.fetchone()[0])

        def ask(client):
            return [client.sql("select 1")[1] for _ in range(3)]
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            for turn in range(3):
                holders, clients = [self.through() for _ in range(3)], [self.through() for _ in range(10)]
                for holder in holders:
                    holder.sql("begin", "select count(*) from items")
                with concurrent.futures.ThreadPoolExecutor(10) as threads:
                    waiting = [threads.submit(ask, client) for client in clients[:4]]   # of the old configuration
                    time.sleep(0.1)
                    self.reload(lifetime=f"{50 + turn}m")
                    waiting += [threads.submit(ask, client) for client in clients[4:]]
                    time.sleep(0.1)
                    self.assertFalse(any(one.done() for one in waiting))
                    for holder in holders:
                        holder.sql("select 2", "commit")
                        time.sleep(0.05)
                    self.assertEqual([one.result(20) for one in waiting], [["ROW 1"] * 3] * 10)
        finally:
            stop.set()
            watcher.join()
        self.assertEqual(most[0], 3)


class Vanished(PoolCase):
    pool = {"size": 2, "queue_timeout": "10s"}

    def vanishing(self, *statements, unread=None, how="abort"):
        """A client that says this, perhaps does not read the last answer, and is gone: no rows, no transaction, nobody disturbed."""
        def ask(port):
            client = self.login(port)
            client.sql(*statements)
            if unread:
                client.send(query(unread))
            getattr(client, how)()
            self.wait_until_clean()
            heard = []
            for _ in range(3):
                with self.login(port) as later:
                    heard += later.sql("select count(*), @a, @@autocommit, @@in_transaction from items", "do 1")
            return heard
        return self.same_at(ask)

    def test_in_a_transaction(self):
        for how in ("close", "abort"):
            self.vanishing("begin", "insert into items (note) values ('gone')", "set @a = 1", how=how)
            self.vanishing("set autocommit = 0", "insert into items (note) values ('gone')", how=how)

    def test_in_a_result(self):
        self.vanishing(unread="select repeat('x', 1000) from seq_1_to_100000")
        self.vanishing("begin", "insert into items (note) values ('gone')", unread="select repeat('x', 1000) from seq_1_to_100000")

    def test_in_a_result_that_takes_minutes(self):
        """A server finds out when it writes; nobody reads the rest."""
        for how in ("abort", "close"):
            self.vanishing(unread="select repeat('x', 1000) from seq_1_to_100000000", how=how)
        self.vanishing("begin", "insert into items (note) values ('gone')", unread="select repeat('x', 1000) from seq_1_to_100000000")

    def test_behind_a_pipeline(self):
        self.vanishing("begin", unread="insert into items (note) values ('gone')")

    def test_in_the_middle_of_a_packet(self):
        def ask(port):
            client = self.login(port)
            client.sql("begin", "insert into items (note) values ('gone')")
            client.send_raw(client.framed(query("commit"))[:-3])
            client.close()
            self.wait_until_clean()
            return self.on_plain("select count(*) from items")
        self.assertEqual(self.same_at(ask), [(0,)])

    def test_in_the_middle_of_a_file(self):
        def ask(port):
            client = self.login(port)
            client.send(query("load data local infile 'x' into table items (note)"))
            client.packet()
            client.write(b"a\nb\n")
            client.abort()
            self.wait_until_clean()
            with self.login(port) as later:
                return later.sql("select count(*) from items")
        self.same_at(ask)

    def test_quit(self):
        def ask(port):
            client = self.login(port)
            client.sql("begin", "insert into items (note) values ('gone')")
            client.send(commands.command(commands.QUIT))
            closed = client.is_closed(10)
            self.wait_until_clean()
            return closed, self.on_plain("select count(*) from items")
        self.assertEqual(self.same_at(ask), (True, [(0,)]))


class Leaving(PoolCase):
    """A client that is gone while it waits has left the line, and nothing of what it waited with is executed."""
    pool = {"size": 1, "queue_timeout": "30s"}

    def waiting(self):
        return sum(int(row["cl_waiting"]) for row in self.proxy.console("SHOW POOLS") if row["database"] == self.database)

    def leave(self, quitter, how, message):
        quit_ = commands.command(commands.QUIT)
        if how == "at once":
            quitter.send(message, quit_)
            quitter.end()
        else:
            quitter.send(message)
            wait_until(lambda: self.waiting() == 1, 10, "it waits")
            {"ends": quitter.end, "quits": lambda: quitter.send(quit_), "closes": quitter.close}[how]()
        wait_until(lambda: self.waiting() == 0, 5, "it has left the line")

    def each_that_leaves(self, begin, end):
        for how in ("ends", "quits", "closes", "at once"):
            with self.subTest(how=how):
                quitter = self.through()
                quitter.sql("select 1")
                begin()
                try:
                    self.leave(quitter, how, query("insert into items (note) values ('left behind')"))
                finally:
                    end()
                self.assertEqual(self.through().sql("select count(*) from items")[1], "ROW 0")

    @proxy_only
    def test_the_line(self):
        holder = self.through()
        self.each_that_leaves(lambda: holder.sql("begin", "select count(*) from items"), lambda: holder.sql("commit"))

    @proxy_only
    def test_a_paused_database(self):
        self.each_that_leaves(lambda: self.proxy.console(f"PAUSE {self.database}"), lambda: self.proxy.console(f"RESUME {self.database}"))

    @proxy_only
    def test_what_is_sent_before_the_end_is_done(self):
        """A connection was free, or could be made: nobody had to wait."""
        count = 0
        for reconnects in (False, True):
            for ends in ("end", "close"):
                with self.subTest(reconnects=reconnects, ends=ends):
                    client = self.through()
                    if reconnects:
                        self.proxy.console(f"RECONNECT {self.database}")
                    client.send(query("insert into items (note) values ('sent')"), commands.command(commands.QUIT))
                    getattr(client, ends)()
                    count += 1
                    wait_until(lambda: self.on_plain("select count(*) from items") == [(count,)], 5, "it is done")


class QueueTimeout(PoolCase):
    pool = {"size": 1, "queue_timeout": "300ms"}

    @proxy_only
    def test_the_line_is_left_with_an_error_that_names_the_cure(self):
        holder, waiter = self.through(), self.through()
        holder.sql("begin", "insert into items (note) values ('held')")
        said = waiter.sql("select 1")
        self.assertTrue(said[0].startswith("ERR "), said)
        self.assertIn("pool.size", said[0])
        holder.sql("rollback")
        self.assertEqual(waiter.sql("select 2")[1], "ROW 2")

    @proxy_only
    def test_the_line_of_a_paused_database_says_so(self):
        client = self.through()
        self.proxy.console(f"PAUSE {self.database}")
        said = client.sql("select 1")
        self.proxy.console(f"RESUME {self.database}")
        self.assertIn(f"database '{self.database}' is paused", said[0])
        self.assertIn(f"RESUME {self.database}", said[0])
        self.assertEqual(client.sql("select 2")[1], "ROW 2")

    @proxy_only
    def test_a_server_connection_that_was_killed(self):
        """Idle: nobody notices. In a transaction: an error, and the client goes on."""
        client = self.through()
        client.sql("select 1")
        self.kill_all()
        self.assertEqual(client.sql("select 'unnoticed'")[1], "ROW unnoticed")
        client.sql("begin", "insert into items (note) values ('gone')")
        self.kill_all()
        try:
            self.assertTrue(client.sql("select 1")[0].startswith("ERR"))
        except WireClosed:
            pass
        with self.through() as later:
            self.assertEqual(later.sql("select count(*) from items")[1], "ROW 0")

    def kill_all(self):
        with self.plain_connection().cursor() as cursor:
            for number, *_ in self.server_connections():
                cursor.execute(f"kill {number}")
        wait_until(lambda: not self.server_connections(), 10, "they are gone")


class SessionMode(PoolCase):
    pool = {"mode": "session", "size": 2, "queue_timeout": "500ms"}

    @proxy_only
    def test_a_client_keeps_its_connection_until_it_leaves(self):
        one, two, three = (self.through() for _ in range(3))
        one.sql("create temporary table mine (i int)")
        two.sql("select 1")
        self.assertTrue(three.sql("select 1")[0].startswith("ERR "))
        one.close()
        wait_until(lambda: three.sql("select 1")[1:2] == ["ROW 1"], 10, "there is room")
        self.assertTrue(three.sql("select * from mine")[0].startswith("ERR 1146"))


class StatementMode(PoolCase):
    """pool.mode = "statement": a transaction of several statements is refused, and its client goes on."""
    pool = {"mode": "statement", "size": 2}

    @proxy_only
    def test_transactions_are_refused(self):
        with self.through() as wire:
            for sql in ("begin", "BEGIN WORK", "/* x */ start transaction read only", "set autocommit = 0", "set @@session.autocommit = off", "commit and chain",
                        "xa start 'x'", "select 1; begin"):
                with self.subTest(sql=sql):
                    heard = wire.sql(sql)
                    self.assertTrue(heard[-1].startswith("ERR 1235 42000"), heard)
                    self.assertIn('pool.mode = "transaction"', heard[-1])
            self.assertTrue(wire.ask(commands.prepare("start transaction"))[-1].startswith("ERR 1235"))
            heard = wire.sql("set autocommit = 1", "insert into items (note) values ('begin')", "select @@autocommit", "commit", "select 'start transaction'")
            self.assertFalse([line for line in heard if line.startswith("ERR")], heard)
            self.assertIn("ROW 1", heard)
            self.assertEqual(self.open_transactions(), [])
