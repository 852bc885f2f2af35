"""Conversations made at random, from messages in every order, right and wrong: what a plain server says is what Shardway has to say. Of an
error only that it comes, and when: which of several faults in a message is found first is not looked at. What needs several shards may be refused."""
import random
import time

from support import shardway
from support.servers import wait_until
from wire import COPY_DONE, FLUSH, SYNC, WireClosed, bind, close, copy_data, copy_fail, describe, execute, parse, query, run
from wire_case import WireCase

SEEDS = shardway.tried(range(1, 121), range(1, 25))
REFUSED = "0A000"


class Conversation:
    """The messages of one seed."""
    with_parameters = [
        ("select id, note from items where id = $1", (20,), 1), ("select $1::int + $2::int", (), 2), ("update items set note = $2 where id = $1", (), 2),
        ("insert into items values ($1, $2, $3)", (), 3), ("select 1 / $1::int", (), 1), ("select $1", (), 1),
        ("select id from items where id in ($1, $2) order by id", (), 2), ("insert into log values ($1, 'p')", (), 1)]

    def __init__(self, seed, here, here_too, there):
        self.random, self.keys = random.Random(seed), [here, here, here_too, there]
        self.key = here
        self.segments = [self.segment() for _ in range(self.random.randint(1, 5))]
        self.pieces = self.random.random() < 0.5     # in two pieces each, or whole

    def statement(self):
        pick, key = self.random.choice, self.random.choice(self.keys)
        return pick([
            f"select id, note from items where id = {key}", f"update items set note = 'u{pick('0123')}' where id = {key}", f"delete from items where id = {key}",
            f"update items set amount = amount + 1 where id = {key} returning amount", f"insert into items values ({key}, 'new', 1)",
            f"select 1 / (id - {key}) from items where id = {key}", "select nothing from items", "selec 1", "", ";", "-- c",
            "begin", "commit", "rollback", "begin", "commit", "savepoint a", "savepoint b", "rollback to a", "release a", "begin; -- x", "start transaction read only",
            "commit and chain", "rollback and chain", "begin isolation level serializable", "set extra_float_digits = 1", "set local extra_float_digits = 0",
            "show extra_float_digits", "reset extra_float_digits", "set nothing = 1", "reset all", "deallocate all", "deallocate s1",
            "select set_config('extra_float_digits', '2', true)", f"declare c cursor for select id from items where id = {self.key}", "fetch c", "close c", "close all",
            "set transaction read only", "show transaction_read_only", f"copy (select id from items where id = {self.key}) to stdout", "copy log to stdout",
            "insert into log values (1, 'x')", "select * from log", "insert into countries values ('a', 'b')", "select * from countries", "show timezone",
            "set time zone 'Asia/Tokyo'", "set time zone default", "select 1", "values (1), (2)", "select generate_series(1, 5)", "do $$ begin raise notice 'hi'; end $$",
            "lock table log", "truncate log", "select pg_advisory_unlock_all()"])

    def copy(self):
        sql = self.random.choice(["copy log from stdin", "copy items from stdin"])
        rows = ["7\tcopied\t1\n", "7\tcopied\n", f"{self.key}\ttwice\t1\n", "bad\n"]
        data = b"".join(copy_data(self.random.choice(rows)) for _ in range(self.random.randint(0, 2))) + self.random.choice([COPY_DONE, COPY_DONE, copy_fail("no")])
        if self.random.random() < 0.5:
            return query(self.random.choice(["", "select 1; ", "begin; ", "select 1/0; "]) + sql + self.random.choice(["", "; select 2", "; commit"])) + data
        return run(sql) + self.random.choice([b"", FLUSH, SYNC]) + data + SYNC

    def message(self):
        pick = self.random.choice
        kind, name, portal = self.random.random(), pick(["", "", "s1", "s2"]), pick(["", "", "p1", "p2"])
        if kind < 0.35:
            return run(self.statement(), name=name, portal=portal) + (execute(portal) if self.random.random() < 0.2 else b"")
        if kind < 0.6:
            sql, types, count = pick(self.with_parameters)
            count = self.random.randint(0, 3) if self.random.random() < 0.1 else count
            values = [pick([*map(str, self.keys), "x", None]) for _ in range(count)]
            return (close("S", name) if name else b"") + parse(name, sql, types) + bind(portal, name, values) + pick([b"", describe("P", portal)]) + execute(portal, pick([0, 0, 1, 2]))
        return pick([parse(name, self.statement()), bind(portal, name, [str(self.key)] * pick([0, 0, 1])), execute(portal, pick([0, 1])), describe("P", portal),
                     describe("S", name), close("P", portal), close("S", name), FLUSH, SYNC, COPY_DONE, copy_data("7\tcopied\n")])

    def segment(self):
        kind = self.random.random()
        if kind < 0.05:
            return self.copy()
        if kind < 0.35:
            return query("; ".join(self.statement() for _ in range(self.random.choice([1, 1, 1, 2, 3]))))
        return b"".join(self.message() for _ in range(self.random.randint(1, 6))) + SYNC

    def talk(self, wire):
        heard = []
        try:
            for segment in self.segments:
                cut = self.random.randint(1, len(segment) - 1) if self.pieces else len(segment)
                for piece in (segment[:cut], segment[cut:]):
                    wire.send(piece)
                    time.sleep(0.001)
            wire.send(copy_fail("end") + SYNC + query("rollback") + query("select 'END'"))
            while "D END" not in heard[-6:]:
                heard += wire.until("Z")
        except (WireClosed, ConnectionError):
            heard.append("closed")
        return [line for line in heard if line[0] not in "SA"]


class RandomPipelines(WireCase):
    pool = {"size": 2, "queue_timeout": "10s"}

    def rows(self, connections):
        return [sorted(row for connection in connections for row in connection.execute(f"select * from {table}").fetchall()) for table in ("items", "log")]

    def heard_and_left(self, seed, database):
        self.fill()
        with (self.through(database) if database else self.direct()) as wire:
            heard = Conversation(seed, self.here, self.here_too, self.there).talk(wire)
        wait_until(lambda: not self.open_transactions(), 10, "what was open has ended", pause=0.005)
        return heard, self.rows(self.fillers[:2] if database == "shop" else self.fillers[2:])

    def test_all_seeds(self):
        without_text = lambda heard: [line[0] if line[0] in "EN" else line for line in heard]
        for seed in SEEDS:
            expected, left = self.heard_and_left(seed, None)
            for database in ("plain", "shop"):
                with self.subTest(seed=seed, database=database):
                    heard, left_here = self.heard_and_left(seed, database)
                    self.assertNotIn("XX000", "".join(heard))
                    if any(REFUSED in line for line in heard):
                        continue
                    self.assertEqual(without_text(heard), without_text(expected))
                    self.assertEqual(left_here, left)
