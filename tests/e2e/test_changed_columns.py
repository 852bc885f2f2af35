"""Statements that were prepared before their table's columns changed, as one server treats them."""
from support.servers import SUPERUSER
from wire import SYNC, bind, describe, execute, parse
from wire_case import SCHEMA, WireCase

ALL = "select * from wide where id = {key}"
SHAPES = {"a column more": "alter table wide add column more int default 7", "another type": "alter table wide alter column note type int using 12",
          "another name": "alter table wide rename column note to remark", "another table": "drop table wide; create table wide(id bigint primary key, other int, note text); "
          "insert into wide select id, id, 'new' from items; grant all on wide to app"}


class ChangedColumns(WireCase):
    pool = {"size": 1}
    schema = SCHEMA + "create table wide(id bigint primary key, note text)"
    tables = WireCase.tables + [{"name": "wide", "key": "id", "type": "bigint"}]

    def lay(self):
        for node in self.cluster.primaries:
            node.query("drop table if exists wide; create table wide(id bigint primary key, note text); insert into wide select id, 'note' from items;"
                       " grant all on wide to app", user=SUPERUSER, dbname=self.server_database)

    def change(self, how):
        """Behind everybody's back."""
        for node in self.cluster.primaries:
            node.query(how, user=SUPERUSER, dbname=self.server_database)

    def each(self, conversation, shapes=SHAPES):
        """conversation(one, two, change), told by two clients; on a server, and through both databases, of whom one may have one connection."""
        for shape, how in shapes.items():
            self.lay()
            expected = conversation(self.direct(), self.direct(), lambda how=how: self.change(how))
            for database in ("plain", "shop"):
                with self.subTest(shape=shape, database=database):
                    self.lay()
                    with self.through(database) as one, self.through(database) as two:
                        self.assertEqual(conversation(one, two, lambda how=how: self.change(how)), expected)

    @staticmethod
    def asked(wire, *messages):
        wire.send(b"".join([*messages, SYNC]))
        return wire.until_ready()

    def test_another_client_prepares_it_afterwards(self):
        """It hears nothing of what was there before."""
        sql = ALL.format(key=self.here)

        def conversation(one, two, change):
            self.asked(one, parse("s", sql), bind("", "s"), execute())
            change()
            return [self.asked(two, parse("s", sql)), self.asked(two, bind("", "s"), describe("P"), execute()), self.asked(two, describe("S", "s")),
                    self.asked(two, bind("", "s"), execute())]
        self.each(conversation)

    def test_in_a_transaction(self):
        """The first to hear of it is told, and nobody else."""
        sql = ALL.format(key=self.here)
        for database in ("plain", "shop"):
            with self.subTest(database=database), self.through(database) as one, self.through(database) as two:
                self.lay()
                self.asked(one, parse("s", sql), bind("", "s"), execute())
                self.change(SHAPES["a column more"])
                heard = []
                for _ in range(2):
                    heard.append([two.sql("begin")[-1], self.asked(two, parse("", sql), bind(), execute())[-3:], self.asked(two, parse("t", sql), bind("", "t"), execute())[-3:]])
                    two.sql("rollback")
                    self.asked(two, parse("t", "select 1")) if "25P02" not in str(heard) else None
                self.assertIn("cached plan", str(heard[0]))
                self.assertNotIn("cached plan", str(heard[1:]))

    def test_who_was_told_of_its_columns(self):
        """The rows it gets are those it was told of, whoever has prepared it on that connection since."""
        sql = ALL.format(key=self.here)

        def conversation(one, two, change):
            heard = [self.asked(one, parse("s", sql), describe("S", "s")), self.asked(one, bind("", "s"), execute())]
            change()
            self.asked(two, parse("s", sql), bind("", "s"), execute())
            self.asked(two, bind("", "s"), execute())
            return heard + [self.asked(one, bind("", "s"), execute()), self.asked(one, parse("t", sql), describe("S", "t"), bind("", "t"), execute())]
        self.each(conversation)

    def test_rows_of_all_shards(self):
        def conversation(one, two, change):
            heard = [self.asked(one, parse("s", "select * from wide"), describe("S", "s")), sorted(self.asked(one, bind("", "s"), execute()))]
            change()
            self.asked(two, parse("s", "select * from wide"), bind("", "s"), execute())
            return heard + [self.asked(one, bind("", "s"), execute())[-2:]]
        self.each(conversation)

    def test_on_another_connection(self):
        """Prepared there anew, and the columns are other ones by then."""
        sql = ALL.format(key=self.here)
        for shape, how in SHAPES.items():
            for database in ("plain", "shop"):
                self.lay()
                with self.subTest(shape=shape, database=database), self.through(database) as one:
                    self.asked(one, parse("s", sql), describe("S", "s"))
                    self.assertEqual(self.asked(one, bind("", "s"), execute())[-2:], ["C SELECT 1", "Z I"])
                    self.proxy.console(f"RECONNECT {database}")
                    self.assertEqual(self.asked(one, bind("", "s"), execute())[-2:], ["C SELECT 1", "Z I"])
                    self.change(how)
                    self.proxy.console(f"RECONNECT {database}")
                    self.assertEqual(self.asked(one, bind("", "s"), execute()), ["E ERROR 0A000 cached plan must not change result type", "Z I"])
                    self.assertEqual(self.asked(one, parse("t", sql), describe("S", "t"), bind("", "t"), execute())[-2:], ["C SELECT 1", "Z I"])
