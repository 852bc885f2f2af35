"""How conversations end: Terminate, a client that vanishes, and cancel, which never hits the wrong one."""
import struct
import threading
import time

from support import shardway
from support.cutter import Cutter
from support.servers import wait_until
from wire import (COPY_DONE, SYNC, TERMINATE, Wire, WireClosed, bind, cancel_request, copy_data, execute, parse, query, run)
from wire_case import WireCase


class Endings(WireCase):
    pool = {"size": 4}

    def test_a_write_followed_at_once_by_the_end(self):
        """What was sent completely is done, whether the client says goodbye or just closes."""
        number = 1000
        for database, rows in (("plain", self.on_plain), ("shop", lambda sql: [r for s in self.on_shards(sql) for r in s])):
            self.through(database).sql("select 1 from items")     # the servers are known: nobody waits for one, and may leave
            for ending in ("terminate", "close", "terminate and close"):
                for make in (lambda k: query(f"insert into items values ({k}, 'x')"),
                             lambda k: run("insert into items values ($1, 'x')", [k]) + SYNC,
                             lambda k: query(f"begin; insert into items values ({k}, 'x'); commit")):
                    number += 1
                    with self.subTest(database=database, ending=ending):
                        wire = self.through(database)
                        wire.send(make(number) + (TERMINATE if "terminate" in ending else b""))
                        if ending == "terminate":
                            self.assertTrue(wire.is_closed())
                        else:
                            wire.close()
                        wait_until(lambda k=number: rows(f"select 1 from items where id = {k}"), 10, f"row {number} is there")

    def test_terminate_at_any_moment(self):
        before = self.items()
        change = f"update items set note = 'lost' where id = {self.here}"
        for data in (b"", query("begin"), query("begin") + query(change), parse("", change), parse("", change) + bind(),
                     parse("", change)[:9], query("copy items (id, note) from stdin"),
                     query("copy items (id, note) from stdin") + copy_data(f"{self.here}99\tx\n"),
                     query("select pg_sleep(0.1)")):
            for database in ("plain", "shop"):
                with self.subTest(data=data[:30], database=database):
                    wire = self.through(database)
                    wire.send(data + TERMINATE)
                    if data[:1] != b"P" or len(data) != 9:
                        self.assertTrue(wire.is_closed())
        self.wait_until_idle()
        self.assertEqual(self.items(), before)

    def test_a_vanished_client_leaves_nothing(self):
        before = self.items()
        change = f"update items set note = 'lost' where id = {self.here}"
        starts = [
            (query("begin") + query(change), 2), (query("begin") + run(change) + SYNC, 2), (run(change), 0),
            (query("begin") + query(change) + query("select 1/0"), 3),
            (query("begin") + query(f"select 1 from items where id = {self.there}") + query(change), 3),
            (query("begin") + query("declare c cursor for select 1") + query("copy (select 1) to stdout"), 3),
            (query("copy log from stdin") + copy_data("1\tx\n"), 0),
            (query("copy items (id, note) from stdin") + copy_data("1\tx\n"), 0),
            (query("begin") + query("set local statement_timeout = 99") + query(change)[:-3], 2),
        ]
        for data, times in starts:
            for how in ("close", "abort"):
                for database in ("plain", "shop"):
                    with self.subTest(data=data[:40], how=how, database=database):
                        wire = self.through(database)
                        wire.send(data)
                        wire.until_ready(times)
                        getattr(wire, how)()
        self.wait_until_idle()
        self.assertEqual(self.items(), before)
        self.assertEqual(self.on_plain(f"select note from items where id = {self.here}"), [(f"note {self.here}",)])
        for database in ("plain", "shop"):   # and the next user of these connections finds them clean
            for _ in range(6):
                with self.through(database) as wire:
                    self.assertEqual(wire.sql("select 'clean'"), ["T ?column?:25:t", "D clean", "C SELECT 1", "Z I"])
                    self.assertEqual(wire.sql("show statement_timeout")[1], "D 0")

    def test_a_vanished_client_stops_its_long_statement_from_holding_a_connection_for_others(self):
        for database in ("plain", "shop"):
            wires = [self.through(database) for _ in range(4)]
            for wire in wires:
                wire.send(query("select pg_sleep(0.3)"))
                wire.abort()
            with self.through(database) as wire:
                self.assertEqual(wire.sql("select 5")[1], "D 5")

    def test_answers_of_one_are_never_given_to_another(self):
        for database in ("plain", "shop"):
            for number in range(40):
                left = self.through(database)
                left.send(query(f"select {number}, repeat('x', 100000)") + query(f"select {number}"))
                left.abort()
                with self.through(database) as wire:
                    self.assertEqual(wire.sql(f"select 'mine {number}'")[1], f"D mine {number}")


class Cancel(WireCase):
    pool = {"size": 1}
    settings = {"workers": 2}

    def cancel(self, wire, secret=None):
        with Wire(self.proxy.port) as other:
            other.send(cancel_request(wire.process_id, secret or wire.secret))
            self.assertTrue(other.is_closed())

    def runs(self, text_):
        return any(text_ in query_ for _, _, query_ in self.open_transactions())

    def test_the_statement_ends_with_57014(self):
        cases = {"simple": query("select pg_sleep(30)"), "extended": run("select pg_sleep(30)") + SYNC,
                 "on a shard": query(f"select pg_sleep(30) from items where id = {self.there}")}
        for name, data in cases.items():
            for database in ("plain", "shop"):
                with self.subTest(name, database=database), self.through(database) as wire:
                    wire.send(data)
                    wait_until(lambda: self.runs("pg_sleep"), 10, "the statement runs")
                    self.cancel(wire)
                    heard = wire.until_ready()
                    self.assertEqual(self.errors_in(heard), ["E ERROR 57014 canceling statement due to user request"])
                    self.assertEqual(heard[-1], "Z I")
                    self.assertEqual(wire.sql("select 'alive'")[1], "D alive")

    def test_in_a_transaction(self):
        with self.through() as wire:
            wire.sql("begin")
            wire.send(query("select pg_sleep(30)"))
            wait_until(lambda: self.runs("pg_sleep"), 10, "the statement runs")
            self.cancel(wire)
            self.assertEqual(wire.until_ready()[-1], "Z E")
            self.assertEqual(wire.sql("rollback"), ["C ROLLBACK", "Z I"])

    def test_with_a_wrong_secret(self):
        with self.through() as wire:
            wire.send(query("select pg_sleep(0.5), 'done'"))
            self.cancel(wire, struct.pack("!I", struct.unpack("!I", wire.secret)[0] ^ 1))
            self.assertEqual(wire.until_ready()[1], "D |done")

    def test_when_idle(self):
        with self.through() as wire:
            self.cancel(wire)
            self.assertEqual(wire.sql("select 1")[1], "D 1")

    def test_while_it_waits_for_a_connection(self):
        for database in ("plain", "shop"):
            with self.subTest(database=database), self.through(database) as first, self.through(database) as second:
                first.sql("begin")
                first.sql("select 1")
                second.send(query("select 2"))
                wait_until(lambda d=database: any(row["cl_waiting"] for row in self.proxy.console("show pools")
                                                  if row["database"] == d), 10, "it waits")
                self.cancel(second)
                self.assertEqual(second.until_ready(), ["E ERROR 57014 canceling statement due to user request", "Z I"])
                first.sql("commit")
                self.assertEqual(second.sql("select 2")[1], "D 2")

    def test_a_pipeline_that_gets_no_connection(self):
        """It waits and is cancelled, or waits for too long, with an error of its own already behind its Parse."""
        whole, unknown = run("select 1") + SYNC, parse("", "select 1") + bind("", "nope") + SYNC
        for database in ("plain", "shop"):
            with self.through(database) as first:
                first.sql("begin")
                first.sql("select 1")
                for data in (whole, unknown):
                    for cancels in (1, 2):
                        with self.subTest(database=database, data=data, cancels=cancels), self.through(database) as second:
                            second.send(data)
                            wait_until(lambda d=database: any(row["cl_waiting"] for row in self.proxy.console("show pools") if row["database"] == d),
                                       10, "it waits")
                            for _ in range(cancels):
                                self.cancel(second)
                            self.assertEqual(second.until_ready(), ["E ERROR 57014 canceling statement due to user request", "Z I"])
                first.sql("commit")
                self.assertEqual(first.sql("select 2")[1], "D 2")

    def test_begin_is_not_cancelled(self):
        """What travels behind a BEGIN that fails would be done by itself, and kept."""
        for database in ("plain", "shop"):
            for delay in (0.002, 0.005, 0.01, 0.02):
                with self.subTest(database=database, delay=delay), self.through(database) as wire:
                    self.fill()
                    wire.sql("begin")
                    for _ in range(10):
                        wire.ask((query("savepoint s") + query("release s")) * 1000, times=2000)   # so that it takes a while
                    wire.send(query(f"update items set note = 'kept' where id = {self.here}"))
                    time.sleep(delay)
                    self.cancel(wire)
                    heard = wire.until_ready()
                    self.assertIn(heard, (["C UPDATE 1", "Z T"], ["E ERROR 57014 canceling statement due to user request", "Z E"]))
                    self.assertEqual(wire.sql("rollback"), ["C ROLLBACK", "Z I"])
                    self.assertNotIn("kept", str(self.items() + self.on_plain("select note from items")))

    def test_never_the_next_user(self):
        """Two clients take turns on one server connection; the cancels of one come at the worst moments."""
        for database in ("plain", "shop"):
            with self.subTest(database=database), self.through(database) as victim, self.through(database) as other:
                stop = threading.Event()
                wrong = []

                def bystander(wire=other):
                    while not stop.is_set():
                        heard = wire.sql("select 'fine' from pg_sleep(0.001)")
                        if heard[1:2] != ["D fine"]:
                            wrong.append(heard)
                thread = threading.Thread(target=bystander)
                thread.start()
                try:
                    for number in range(100):
                        victim.send(query("select pg_sleep(0.003)"))
                        time.sleep(0.0005 * (number % 10))   # another moment each time
                        self.cancel(victim)
                        heard = victim.until_ready()
                        self.assertTrue("E ERROR 57014 canceling statement due to user request" in heard[:2] or
                                        heard[1] == "D ", heard)
                finally:
                    stop.set()
                    thread.join(20)
                self.assertEqual(wrong, [])


class LateCancel(WireCase):
    """A cancel request gets to the server when what it was for has ended: it may meet nothing that is said there next."""

    def setUp(self):
        super().setUp()
        self.cutters = [self.enterContext(Cutter(node.port)) for node in self.cluster.primaries[:2]]
        database = shardway.sharded_database(self.cluster, self.tables, server_database=self.server_database)
        for shard, cutter in zip(database["shard"], self.cutters):
            shard["nodes"] = [cutter.address]
            cutter.hold_up(cancel_request(0, bytes(4))[:8], 0.4)
        self.late = self.enterContext(shardway.Proxy({**shardway.base_config(self.cluster), "database": [database]}))

    def test_another_shards_error(self):
        """What runs on the other shard is cancelled, and over before."""
        both = f"id in ({self.here}, {self.there})"
        slow = "md5(repeat(note, 10000000))"
        wrong_here = f"select 1 / (id - {self.here}), {slow} from items where {both}"
        failing = {"simple": query(wrong_here), "extended": run(wrong_here) + SYNC}
        for name, data in failing.items():
            with self.subTest(name), self.through(proxy=self.late) as wire:
                wire.sql("begin")
                wire.sql("savepoint a")
                wire.send(data)
                self.assertEqual(wire.until_ready()[-2:], ["E ERROR 22012 division by zero", "Z E"])
                self.assertEqual(wire.sql("rollback to a"), ["C ROLLBACK", "Z T"])
                self.assertEqual(wire.sql(f"select length({slow}) from items where {both}")[1:], ["D 32", "D 32", "C SELECT 2", "Z T"])
                self.assertEqual(wire.sql(f"select 'there' from items, pg_sleep(0.3) where id = {self.there}")[1], "D there")
                self.assertEqual(wire.sql("commit"), ["C COMMIT", "Z I"])

    def test_of_a_statement_that_has_ended(self):
        with self.through(proxy=self.late) as wire:
            for begin in ("begin", "select 1"):
                with self.subTest(begin=begin):
                    wire.sql(begin)
                    wire.send(query(f"select pg_sleep(0.2) from items where id = {self.there}"))
                    wait_until(lambda: any("pg_sleep" in text for _, _, text in self.open_transactions()), 10, "it runs")
                    with Wire(self.late.port) as other:
                        other.send(cancel_request(wire.process_id, wire.secret))
                    self.assertIn("C SELECT 1", wire.until_ready())
                    for _ in range(3):
                        self.assertEqual(wire.sql(f"select 'next' from items, pg_sleep(0.2) where id = {self.there}")[1], "D next")
                    wire.sql("rollback")

    def test_of_what_waits_for_an_earlier_one(self):
        with self.through(proxy=self.late) as wire:
            wire.sql("begin")
            for number in range(2):
                wire.send(query(f"select pg_sleep({(0.2, 20)[number]}) from items where id = {self.there}"))
                if number == 0:
                    wait_until(lambda: any("pg_sleep" in text for _, _, text in self.open_transactions()), 10, "it runs")
                time.sleep(0.05)
                with Wire(self.late.port) as other:
                    other.send(cancel_request(wire.process_id, wire.secret))
                heard = wire.until_ready()
                self.assertIn("C SELECT 1" if number == 0 else "E ERROR 57014 canceling statement due to user request", heard)
