"""Transactions over several shards that wait for each other's server connections; and what a failed one still holds."""
import threading

from support.servers import wait_until
from wire import SYNC, Wire, cancel_request, query, run
from wire_case import WireCase


class SmallPools(WireCase):
    pool = {"size": 2}

    def wait_until_it_waits(self):
        wait_until(lambda: any(state == "active" for _, state, _ in self.open_transactions()), 10, "a statement waits on its server")

    def both_ways(self, **clients):
        """Each has all connections of one shard in hand, and asks for one of the other's; what each hears."""
        wires = [self.through(**clients) for _ in range(4)]
        first, second = (f"select note from items where id = {key}" for key in (self.here, self.there))
        for wire, sql in zip(wires, (first, first, second, second)):
            wire.socket.settimeout(30)
            wire.sql("begin")
            wire.sql(sql)
        for wire, sql in zip(wires, (second, second, first, first)):
            wire.send(query(sql))
        heard = [None] * 4

        def listen(i):
            heard[i] = wires[i].until_ready()
            if heard[i][-1] == "Z T":
                wires[i].sql("commit")
        threads = [threading.Thread(target=listen, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return wires, heard

    def test_waiting_for_each_others_connections(self):
        """The youngest ends with 40P01, soon; with what it lets go the others go on, long before pool.queue_timeout."""
        wires, heard = self.both_ways()
        errors = [line for lines in heard for line in lines if line[0] == "E"]
        self.assertIn(len(errors), (1, 2), heard)
        for error in errors:
            self.assertIn("40P01 deadlock detected", error)
        for wire, lines in zip(wires, heard):
            if lines[-1] == "Z E":
                self.assertEqual(wire.sql("select 1")[0].split()[2], "25P02")
                self.assertEqual(wire.sql("rollback"), ["C ROLLBACK", "Z I"])
        self.proxy.wait_for_log("event=deadlock")

    def test_a_line_that_moves_is_no_deadlock(self):
        """All connections of the other shard work for long, one of them behind a row's lock: whoever waits for one gets it."""
        holder, waiter, second = (self.through() for _ in range(3))
        holder.sql("begin")
        holder.sql(f"update items set amount = amount where id = {self.there}")
        waiter.send(query(f"update items set amount = amount where id = {self.there}"))
        self.wait_until_it_waits()
        second.sql("begin")
        second.sql(f"select 1 from items where id = {self.here}")
        second.send(query(f"select note from items where id = {self.there}"))
        with self.assertRaises(TimeoutError):
            second.socket.settimeout(4)
            second.until_ready()
        second.socket.settimeout(20)
        self.assertEqual(holder.sql("commit")[-1], "Z I")
        self.assertEqual([waiter.until_ready()[-1], second.until_ready()[-1]], ["Z I", "Z T"])

    def test_through_a_row_lock(self):
        """One waits for a row, whose owner waits for a connection, which are held by those who wait for the first one's row."""
        first, owner, other = (self.through() for _ in range(3))
        for wire in (first, owner, other):
            wire.socket.settimeout(30)
            wire.sql("begin")
        first.sql(f"update items set amount = amount where id = {self.here}")
        owner.sql(f"update items set amount = amount where id = {self.there}")
        other.send(query(f"update items set amount = amount where id = {self.here}"))    # the second connection of its shard
        self.wait_until_it_waits()
        owner.send(query(f"select 1 from items where id = {self.here}"))                 # waits for a third
        first.send(query(f"update items set amount = amount where id = {self.there}"))   # waits for the owner's row
        heard = {wire: wire.until_ready() for wire in (owner, first)}
        self.assertIn("40P01 deadlock detected", [line for line in heard[owner] if line[0] == "E"][0])
        self.assertEqual(heard[first][-1], "Z T")
        self.assertEqual(first.sql("commit")[-1], "Z I")
        self.assertEqual(other.until_ready()[-1], "Z T")


class PoolsOfOne(WireCase):
    pool = {"size": 1}

    def test_who_is_pinned_gives_nothing_free(self):
        """The victim is the one whose connection comes free with it, though he is older."""
        with self.through() as other, self.through() as pinned:
            other.sql("begin")
            other.sql(f"select 1 from items where id = {self.there}")
            pinned.sql("listen news")
            for wire, key in (other, self.here), (pinned, self.there):
                wire.socket.settimeout(30)
                wire.send(query(f"select note from items where id = {key}"))
            self.assertIn("40P01 deadlock detected", other.until_ready()[0])
            self.assertEqual(pinned.until_ready()[-1], "Z I")


class Cancels(WireCase):
    def test_while_another_one_writes_the_copies(self):
        """The wait for him is Shardway's own statement, and no BEGIN: it may be cancelled."""
        write = "update countries set name = name"
        for name, data in {"simple": query(write), "extended": run(write) + SYNC}.items():
            for begin in ("begin", "rollback"):
                with self.subTest(name, begin=begin), self.through() as other, self.through() as wire:
                    other.sql("begin")
                    other.sql(write)
                    wire.sql(begin)
                    wire.send(data)
                    wait_until(lambda: any("pg_advisory_xact_lock" in sql and state == "active" for _, state, sql in self.open_transactions()),
                               10, "it waits")
                    with Wire(self.proxy.port) as canceller:
                        canceller.send(cancel_request(wire.process_id, wire.secret))
                        self.assertTrue(canceller.is_closed())
                    wire.socket.settimeout(5)
                    heard = wire.until_ready()
                    self.assertEqual(self.errors_in(heard), ["E ERROR 57014 canceling statement due to user request"])
                    self.assertEqual(heard[-1], "Z E" if begin == "begin" else "Z I")
                    wire.sql("rollback")
                    self.assertEqual(other.sql("commit")[-1], "Z I")
                    self.assertEqual(wire.sql(write)[-1], "Z I")


class FailedTransactions(WireCase):
    LOCK = "select pg_advisory_xact_lock(4711)"
    TRY = "select pg_try_advisory_xact_lock(4711)"

    def test_locks_are_free_at_once(self):
        """As on one server, also where the error has not been."""
        def conversation(login):
            heard, wire, other = [], login(), login()
            here, there = (f"update items set amount = amount where id = {key}" for key in (self.here, self.there))
            for fails in (["select 1/0"], [f"select 1/0 from items where id = {self.there}"], ["selec 1"], ["select nothing from nowhere"],
                          ["set transaction read only", there], ["set transaction read only", "savepoint c", here]):
                for begin in (["begin"], ["begin", "set local work_mem = '3MB'"], ["begin", "set datestyle = german"], ["begin", "savepoint a"],
                              ["begin", self.LOCK, "savepoint a"], ["begin", "savepoint a", "savepoint \"A b\"", "release a"]):
                    for sql in (*begin, here, there, self.LOCK, *fails):
                        heard += [line for line in wire.sql(sql) if line[0] in "SZ"]
                    heard += other.sql(self.TRY)
                    heard += [line for key in (self.here, self.there) for line in other.sql(
                        f"select id from items where id = {key} for update skip locked")]
                    heard += wire.sql("select 1") + wire.sql("commit") + wire.sql("select 1")
            return heard
        expected = conversation(self.direct)
        for database in ("plain", "shop"):
            with self.subTest(database=database):
                self.fill()
                self.assertEqual(conversation(lambda database=database: self.through(database)), expected)

    def test_it_goes_back_to_its_savepoint(self):
        rows = [f"select amount from items where id = {key}" for key in (self.here, self.there)]
        def add(key):
            return f"update items set amount = amount + 1 where id = {key}"
        self.same(lambda wire: [line for sql in (
            "begin", add(self.here), add(self.there), "savepoint a", add(self.here), "savepoint b", add(self.there), "select 1/0", *rows,
            "rollback to b", *rows, add(self.there), "select 1/0", "rollback to a", *rows, "commit", *rows) for line in wire.sql(sql)])

    def test_in_pipelines(self):
        add = f"update items set amount = amount + 1 where id = {self.here}"
        there = f"select amount from items where id = {self.there}"
        self.same(lambda wire: wire.sql("begin") + wire.ask(run(add) + run(there) + run("select 1/0") + SYNC) + wire.ask(run(there) + SYNC) +
                  wire.sql("commit") + wire.sql(add) + wire.sql(there))
