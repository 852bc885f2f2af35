"""Tables outside of the configuration, by unlisted_tables: where their sequences count, and where their rows are locked."""
from wire_case import SCHEMA, WireCase

MORE = "create sequence numbers; create table notes(id serial primary key, note text);"


class UnlistedCase(WireCase):
    schema = SCHEMA + MORE

    def fill(self):
        super().fill()
        for connection in self.fillers:
            connection.execute("truncate notes restart identity; alter sequence numbers restart; insert into notes(note) values ('a'), ('b')")

    def refused(self, sql):
        with self.through() as wire:
            self.assertEqual([line.split()[2] for line in self.errors_in(wire.sql(sql))], ["0A000"], sql)


class Elsewhere(UnlistedCase):
    """On a shard that is not the home shard: so are the sequences."""
    sharding = {"unlisted_tables": "single:shop_1"}
    insert = "insert into notes(note) values ('c') returning id"

    def same_here(self, *statements):
        self.same(lambda wire: [wire.sql(sql) for sql in statements], databases=("shop",))

    def test_the_numbers_of_a_table(self):
        self.same_here(self.insert, "select nextval('notes_id_seq')", self.insert, "select setval('notes_id_seq', 100)", self.insert,
                       "begin", self.insert, "select currval('notes_id_seq'), lastval()", "commit",
                       "select setval('notes_id_seq', (select max(id) + 10 from notes))", self.insert,
                       "insert into notes(id) values (nextval('notes_id_seq')) returning id")

    def test_a_sequence_of_its_own(self):
        self.same_here("select nextval('numbers')", "select nextval('numbers')", "select last_value from numbers", "select setval('numbers', 77)",
                       "select last_value, is_called from numbers", "select nextval('numbers'), id from notes")

    def test_beside_rows_of_another_shard(self):
        self.refused(f"update items set amount = nextval('numbers') where id = {self.here}")
        self.refused(f"select last_value from numbers, items where items.id = {self.here}")
        self.refused("select nextval('numbers'), pg_advisory_xact_lock(1)")

    def test_nobody_is_told_anothers_number(self):
        with self.through() as one:
            one.sql("select nextval('numbers')")
        self.refused(f"begin; update items set amount = 1 where id = {self.here}; select lastval()")


class Copies(UnlistedCase):
    sharding = {"unlisted_tables": "reference"}

    def test_a_sequence_beside_rows_of_another_shard(self):
        join = "select last_value, items.id from numbers, items where items.id = %d"
        self.same(lambda wire: [wire.sql("select setval('numbers', 77)"), wire.sql(join % self.here)], databases=("shop",))
        self.refused(join % self.there)

    def test_locks_are_on_one_copy(self):
        join = "select n.id from items i join notes n on n.id = 1 where i.id = %d for %s of %s"
        for strength in ("update", "share"):
            self.same(lambda wire, strength=strength: [wire.sql(join % (self.here, strength, "n")), wire.sql(join % (self.there, strength, "i"))],
                      databases=("shop",))
            self.refused(join % (self.there, strength, "n"))
            self.refused((join % (self.there, strength, "n, i")))
        self.refused(f"select 1 from items i, (select id from notes) n where i.id = {self.there} for update")
