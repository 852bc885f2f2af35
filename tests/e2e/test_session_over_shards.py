"""What a statement leaves in the session is in force on every shard, or refused; and stays with its client."""
from wire import SYNC, bind, execute, parse, run
from wire_case import WireCase


class SessionOverShards(WireCase):
    pool = {"size": 1}

    def refused(self, heard, containing):
        errors = self.errors_in(heard)
        self.assertEqual([line.split()[2] for line in errors], ["0A000"], heard)
        self.assertIn(containing, errors[0])

    def tenant(self, wire, key):
        return [line for line in wire.sql(f"select current_setting('app.tenant', true) from items where id = {key}") if line[0] in "DE"]

    def test_set_config_before_other_shards(self):
        for kept in ("true", "false"):
            with self.subTest(local=kept):
                self.same(lambda wire, kept=kept: wire.sql("begin") + wire.sql(f"select set_config('app.tenant', 'A', {kept})") +
                          self.tenant(wire, self.here) + self.tenant(wire, self.there) + wire.sql("commit"))

    def test_set_config_beside_other_shards(self):
        """It would reach one of them: another tenant's rows would be seen there."""
        there = f"select 1 from items where id = {self.there}"
        change = "select set_config('app.tenant', 'B', true)"
        for begin in ("begin",), ("begin", change.replace("B", "A")):
            with self.subTest(begin=begin), self.through() as wire:
                for sql in (*begin, there):
                    wire.sql(sql)
                self.refused(wire.sql(change), "other shards")
                self.assertEqual(wire.sql("rollback")[-1], "Z I")
        for text in (f"{there}; {change}", f"begin; {there}; {change}"):
            with self.subTest(text=text), self.through() as wire:
                self.refused(wire.sql(text), "other shards")
        with self.through() as wire:
            self.refused(wire.ask(run(there) + run(change) + SYNC), "other shards")

    def test_set_config_of_what_is_no_constant(self):
        with self.through() as wire:
            self.refused(wire.ask(parse("", "select set_config('app.tenant', $1, false)") + bind("", "", ["A"]) + execute() + SYNC), "one shard only")
            self.refused(wire.sql(f"select set_config('app.tenant', note, false) from items where id = {self.there}"), "one shard only")
            self.assertEqual(self.tenant(wire, self.there), self.tenant(self.through("plain"), self.there))

    def test_what_a_pipeline_over_two_shards_leaves(self):
        """Its client keeps the connection where it is, whichever of the two that is."""
        here, there = (f"select 1 from items where id = {key}" for key in (self.here, self.there))
        hold = f"declare d cursor with hold for select note from items where id = {self.there}"
        locked = "select 'locked' from pg_locks where locktype = 'advisory' and objid = 4711"
        for pipeline, seen in ((run(here) + run(hold), f"begin; {there}; fetch all from d"), (run(there) + run("listen news"), "select pg_listening_channels()"),
                               (run(there) + run("select pg_advisory_lock(4711)"), locked),
                               (run(there) + run("select pg_advisory_lock(4711)") + run("select 1/0"), locked)):
            with self.subTest(seen=seen):
                with self.through() as wire:
                    wire.ask(pipeline + SYNC)
                    self.assertEqual(len(self.proxy.console("SHOW PINS")), 1)
                with self.through() as next_one:
                    rows = [line for line in next_one.sql(seen) if line[0] == "D" and line != "D 1"]
                    self.assertEqual(rows, [])

    def test_a_local_role_of_a_transaction_on_several_shards(self):
        """Its parts would be prepared by that role, and could not be committed by the session's."""
        writes = [f"update items set note = 'as a role' where id = {key}" for key in (self.here, self.there)]
        for statements in (["set local role app", *writes], [*writes, "set local role app"], [writes[0], "set local role app", writes[1]]):
            with self.subTest(statements=statements), self.through() as wire:
                heard = [line for sql in ("begin", *statements, "commit") for line in wire.sql(sql)]
                self.assertEqual([line.split()[2] for line in self.errors_in(heard)][:1], ["0A000"], heard)
                self.assertEqual(self.on_shards("select 1 from items where note = 'as a role'"), [[], []])
                self.assertEqual(self.on_shards("select gid from pg_prepared_xacts where database = current_database()"), [[], []])
                self.assertEqual(wire.sql("select 1")[-1], "Z I")

    def test_the_role_behind_another_user_and_reset_all(self):
        """A change of the session's user ends its role; RESET ALL leaves both."""
        roles = [f"select current_setting('role') from items where id = {key}" for key in (self.here, self.there)]
        for change in ("set session authorization default", "reset session authorization", "reset all", "discard all", "set session authorization app"):
            with self.subTest(change=change):
                self.same(lambda wire, change=change: [line for sql in (
                    "set role app", *roles, change, "show role", *roles, "set role app", "reset role", *roles) for line in wire.sql(sql)])
