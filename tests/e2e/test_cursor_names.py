"""A cursor's name is the session's, whichever shard the cursor is on."""
from wire import SYNC, bind, describe, execute, parse, run
from wire_case import WireCase


class CursorNames(WireCase):
    def declare(self, key, name="c", options=""):
        return f"declare {name} cursor {options} for select id from items where id = {key}"

    def asked(self, *statements):
        return self.same(lambda wire: [[line[:13] if line[0] == "E" else line for line in wire.sql(sql)] for sql in statements])

    def test_one_that_is_there(self):
        for first, second in ((self.here, self.there), (self.there, self.here), (self.here, self.here)):
            with self.subTest(first=first, second=second):
                heard = self.asked("begin", self.declare(first), self.declare(second), "commit")
                self.assertEqual(heard[2], ["E ERROR 42P03", "Z E"])

    def test_with_others_between(self):
        self.asked("begin", f"select 1 from items where id = {self.there}", self.declare(self.here), self.declare(self.there, "d"), "fetch c", "fetch d",
                   self.declare(self.there), "rollback")
        self.asked("begin", self.declare(self.here), "close c", self.declare(self.there), "fetch c", "commit")
        self.asked("begin", self.declare(self.here), "close all", self.declare(self.there), "fetch c", "commit")
        self.asked("begin", self.declare(self.here) + "; close c", self.declare(self.there), "fetch c", "commit")
        self.asked("begin", self.declare(self.here) + "; " + self.declare(self.here, "d"), self.declare(self.there, "d"), "commit")
        self.asked("begin", self.declare(self.here, options="with hold"), self.declare(self.there), "commit")

    def test_savepoints(self):
        one, other = self.declare(self.here), self.declare(self.there)
        self.asked("begin", one, "savepoint s", other, "rollback to s", "fetch c", other, "rollback")
        self.asked("begin", "savepoint s", one, "rollback to s", other, "fetch c", "commit")
        self.asked("begin", one, "savepoint s", "close c", "rollback to s", other, "fetch c", "commit")
        self.asked("begin", one, "savepoint s", "close c", other, "rollback to s", one, "fetch c", "commit")
        self.asked("begin", one, "savepoint s", "savepoint t", "release t", "rollback to s", other, "rollback")
        self.asked("begin", "savepoint s", one, "release s", other, "rollback")

    def test_one_text_and_a_pipeline(self):
        one, other = self.declare(self.here), self.declare(self.there)
        self.asked("begin", f"{one}; {other}", "rollback")
        self.asked(f"begin; {one}; {other}; commit", "rollback")
        self.same(lambda wire: [line[:13] for line in wire.ask(run("begin") + run(one) + run(other) + SYNC) if line[0] in "CEZ"])

    def test_one_that_was_kept(self):
        with self.through() as wire:
            wire.sql(self.declare(self.there, options="with hold"))
            wire.sql("begin")
            self.assertEqual([line.split()[2] for line in self.errors_in(wire.sql(self.declare(self.here)))], ["0A000"])

    def test_a_portal_of_that_name(self):
        with self.through() as wire:
            wire.sql("begin")
            wire.sql(self.declare(self.here))
            heard = wire.ask(parse("", f"select id from items where id = {self.there}") + bind("c", "") + describe("P", "c") + execute("c") + SYNC)
            self.assertEqual([line[:13] for line in self.errors_in(heard)], ["E ERROR 42P03"])

    def test_a_list_of_them(self):
        look = "select name from pg_cursors order by name"
        self.same(lambda wire: [wire.sql(sql) for sql in (look, "begin", look, self.declare(self.here), look, "fetch c", "commit", look)], databases=("shop",))
        with self.through() as wire:
            for sql in ("begin", self.declare(self.there)):
                wire.sql(sql)
            self.assertEqual([line.split()[2] for line in self.errors_in(wire.sql(look))], ["0A000"])
            wire.sql("rollback")
            for what in ("pg_prepared_statements", "pg_catalog.pg_prepared_statements", "pg_prepared_statement()"):
                self.assertEqual([line.split()[2] for line in self.errors_in(wire.sql(f"select * from {what}"))], ["0A000"])
