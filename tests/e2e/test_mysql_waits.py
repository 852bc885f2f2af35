"""MySQL transactions over several shards that wait for each other's server connections."""
import threading

from support.mysql_sharded_case import HERE, THERE, MysqlShardedCase


class SmallPools(MysqlShardedCase):
    pool = {"size": 2}

    def both_ways(self, statement):
        """Each has all connections of one shard in hand, and asks for one of the other's; what each hears."""
        wires = [self.through() for _ in range(4)]
        keys = (HERE, HERE, THERE, THERE)
        for number, (wire, key) in enumerate(zip(wires, keys)):
            wire.sql("begin", statement.format(key=key, number=number))
        heard = [None] * 4

        def ask(i):
            heard[i] = wires[i].sql(statement.format(key=keys[3 - i], number=i))
            if heard[i][0].startswith("ERR"):
                heard[i] += wires[i].sql("select @@in_transaction")[1:2]
            else:
                wires[i].sql("commit")
        threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return heard

    def test_waiting_for_each_others_connections(self):
        """One ends with 1213, soon, rolled back as by a server; with what it had the others go on."""
        with self.through() as wire:
            self.begin_with_rows(wire)
        for statement in ("select note from items where id = {key}", "insert into parts values ({key}, {number}, 'x')"):
            with self.subTest(statement=statement):
                heard = self.both_ways(statement)
                errors = [lines for lines in heard if lines[0].startswith("ERR")]
                self.assertIn(len(errors), (1, 2), heard)
                for lines in errors:
                    self.assertTrue(lines[0].startswith("ERR 1213"), lines)
                    self.assertEqual(lines[-1], "ROW 0")
        kept = [row for rows in self.on_shards("select id, part from parts order by 1, 2") for row in rows]
        self.assertEqual(len(kept), 2 * (4 - len(errors)), kept)
        self.proxy.wait_for_log("event=deadlock")
