"""Cursors of prepared statements on a sharded database: their rows are on one shard, while statements go to others."""
from mysql_commands import close, execute, fetch, reset
from support.mysql_case import proxy_only
from support.mysql_sharded_case import HERE, THERE, MysqlShardedCase

ROWS = "select part from parts where id = ? order by part"
WRITES = [f"update items set n = n + 1 where id = {key}" for key in (HERE, THERE)]


class Cursors(MysqlShardedCase):
    def begin_with_rows(self, wire):
        super().begin_with_rows(wire)
        for key in (HERE, THERE):
            wire.sql(f"insert into parts (id, part) values ({key}, 1), ({key}, 2), ({key}, 3)")

    @staticmethod
    def opened(wire, key, more=""):
        number = wire.prepare(ROWS + more)
        return number, wire.ask(execute(number, [key], cursor=1), fetch(number, 1))

    def test_while_a_transaction_writes_elsewhere(self):
        """Also behind its end."""
        def conversation(wire, key, other):
            heard = wire.sql("begin")
            number, opened = self.opened(wire, key)
            heard += opened + wire.sql(WRITES[other]) + wire.ask(fetch(number, 1)) + wire.sql(WRITES[other], "update places set name = 'x'")
            heard += wire.sql("commit") + wire.ask(fetch(number, 1), fetch(number, 1), fetch(number, 1))
            return heard + wire.sql(WRITES[other], f"select n from items where id = {(HERE, THERE)[other]}")
        for key, other in ((HERE, 1), (THERE, 0)):
            with self.subTest(key=key):
                self.same(lambda wire, key=key, other=other: conversation(wire, key, other))

    def test_begun_behind_it(self):
        def conversation(wire):
            number, heard = self.opened(wire, HERE)
            heard += wire.sql("begin", WRITES[1]) + wire.ask(fetch(number, 1)) + wire.sql(WRITES[1], "rollback") + wire.ask(fetch(number, 5))
            return heard + wire.sql(WRITES[1])
        self.same(conversation)

    def test_what_takes_its_place(self):
        def conversation(wire):
            heard = wire.sql("begin")
            number, opened = self.opened(wire, HERE)
            heard += opened + wire.ask(execute(number, [THERE]), fetch(number, 1), execute(number, [THERE], cursor=1), fetch(number, 2))
            heard += wire.sql(WRITES[0]) + wire.ask(fetch(number, 2), reset(number), fetch(number, 1))
            return heard + wire.sql("commit")
        self.same(conversation)

    def test_closed_from_elsewhere(self):
        """The next command is not told of it."""
        def conversation(wire, ends):
            heard = wire.sql("begin")
            first, opened = self.opened(wire, THERE)
            second, more = self.opened(wire, THERE, " desc")
            heard += opened + more + wire.sql(WRITES[0])
            for number in (first, second):
                wire.send(close(number))
            heard += wire.sql(*ends) + wire.ask(execute(wire.prepare("insert into parts (id, part) values (?, 9)"), [THERE]))
            return heard + wire.sql(f"select part from parts where id = {THERE} order by part", "rollback", WRITES[0], WRITES[1])
        for ends in ([], ["commit"], ["rollback"], WRITES):
            with self.subTest(ends=ends):
                self.same(lambda wire, ends=ends: conversation(wire, ends))

    @proxy_only
    def test_without_a_transaction(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            number, _ = self.opened(wire, HERE)
            for sql in (WRITES[1], "select id from items", "update places set name = 'x'"):
                self.refused(wire, sql, "cursor is open", "shop_0")
            self.assertEqual(wire.sql(WRITES[0])[0][:13], "OK affected=1")
            self.assertEqual(wire.ask(fetch(number, 1))[0], "ROW 2")
            wire.send(close(number))
            self.assertEqual(wire.sql(WRITES[1])[0][:13], "OK affected=1")

    @proxy_only
    def test_of_two_shards_at_the_transactions_end(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            wire.sql("begin")
            here, _ = self.opened(wire, HERE)
            there, _ = self.opened(wire, THERE)
            self.assertEqual([wire.ask(fetch(number, 1))[0] for number in (here, there)], ["ROW 2", "ROW 2"])
            wire.sql("commit")
            heard = sorted(wire.ask(fetch(number, 1))[0][:8] for number in (here, there))
            self.assertEqual(heard, ["ERR 1235", "ROW 3"])
            self.assertEqual(wire.ask(execute(here, [HERE]))[1], "ROW 1")
