"""Prepared statements that outlive transactions, shared by clients on few server connections."""
from wire import SYNC, bind, close, describe, execute, parse, run
from wire_case import WireCase


class OneConnection(WireCase):
    """All clients share one server connection per node, which keeps no more than four statements."""
    pool = {"size": 1, "max_prepared_statements": 4}
    settings = {"workers": 1}

    def test_the_same_name_for_different_statements(self):
        for database in ("plain", "shop"):
            with self.subTest(database=database):
                clients = [self.through(database) for _ in range(4)]
                for number, wire in enumerate(clients):
                    heard = wire.ask(parse("s", f"select {number}, note from items where id = $1") + SYNC)
                    self.assertEqual(heard, ["1", "Z I"])
                for _ in range(3):
                    for number, wire in enumerate(clients):
                        for key in (self.here, self.there):
                            heard = wire.ask(bind("", "s", [key]) + execute() + SYNC)
                            self.assertEqual(heard, ["2", f"D {number}|note {key}", "C SELECT 1", "Z I"])

    def test_a_wrong_number_of_parameters(self):
        """The error names the statement as the client does, also where the transaction has failed before."""
        def conversation(wire):
            heard = wire.ask(parse("s", "select note from items where id = $1") + SYNC)
            for name, sql in {"show": "show work_mem", "begin": "begin", "set": "set work_mem = '4MB'", "fetch": "fetch all from c"}.items():
                heard += wire.ask(parse(name, sql) + SYNC) + wire.ask(bind("", name, ["1"]) + execute() + SYNC)
            for before in (), ("begin",), ("select 1/0",):
                for sql in before:
                    heard += wire.sql(sql)
                heard += wire.ask(bind("", "s", ["1", "2"]) + execute() + SYNC)
                heard += wire.ask(bind("p", "s", []) + SYNC)
            return heard + wire.sql("rollback")
        heard = self.same(conversation)
        self.assertEqual(len([line for line in heard if "bind message supplies" in line]), 10, heard)

    def test_unnamed_statements_of_several_clients(self):
        for database in ("plain", "shop"):
            with self.subTest(database=database):
                clients = [self.through(database) for _ in range(3)]
                for number, wire in enumerate(clients):
                    wire.ask(parse("", f"select {number}, note from items where id = $1") + SYNC)
                for _ in range(2):
                    for number, wire in enumerate(clients):
                        heard = wire.ask(bind("", "", [1]) + execute() + SYNC)
                        self.assertEqual(heard, ["2", f"D {number}|note 1", "C SELECT 1", "Z I"])
                clients[0].sql("select 1")   # drops its own unnamed statement on the server connection, not the others'
                heard = clients[1].ask(bind("", "", [1]) + execute() + SYNC)
                self.assertEqual(heard, ["2", "D 1|note 1", "C SELECT 1", "Z I"])
                self.assertEqual(clients[0].ask(bind("", "", [1]) + SYNC)[0],
                                 "E ERROR 26000 unnamed prepared statement does not exist")

    def test_more_statements_than_a_server_connection_keeps(self):
        for database, on_one in (("plain", ""), ("shop", "/* shardway: shard=shop_0 */ ")):
            with self.subTest(database=database), self.through(database) as wire:
                for number in range(20):
                    wire.ask(parse(f"s{number}", f"select {number}, note from items where id = $1") + SYNC)
                for _ in range(2):
                    for number in range(20):
                        heard = wire.ask(bind("", f"s{number}", [1]) + execute() + SYNC)
                        self.assertEqual(heard, ["2", f"D {number}|note 1", "C SELECT 1", "Z I"])
                data = b"".join(bind("", f"s{number}", [1]) + execute() for number in range(20)) + SYNC
                heard = wire.ask(data)
                self.assertEqual([line for line in heard if line[0] == "D"], [f"D {number}|note 1" for number in range(20)])
                kept = wire.sql(on_one + "select count(*) < 6 from pg_prepared_statements")
                self.assertEqual(kept[1], "D t")

    def test_an_error_in_a_prepare_behind_an_evicted_one(self):
        for database in ("plain", "shop"):
            with self.subTest(database=database), self.through(database) as wire:
                for number in range(6):
                    wire.ask(parse(f"s{number}", f"select {number} from items where id = $1") + SYNC)
                    wire.ask(bind("", f"s{number}", [1]) + execute() + SYNC)
                # The division fails; what is skipped behind it is prepared again when it is needed.
                heard = wire.ask(run("select 1/0") + b"".join(bind("", f"s{n}", [1]) + execute() for n in range(6)) + SYNC)
                self.assertEqual([line[:13] for line in self.errors_in(heard)], ["E ERROR 22012"])
                for number in range(6):
                    heard = wire.ask(bind("", f"s{number}", [1]) + execute() + SYNC)
                    self.assertEqual(heard, ["2", f"D {number}", "C SELECT 1", "Z I"])


class Names(WireCase):
    def test_statements_outlive_transactions(self):
        def conversation(wire):
            heard = wire.sql("begin") + wire.ask(parse("kept", "select note from items where id = $1") + SYNC)
            heard += wire.sql("rollback") + wire.ask(bind("", "kept", [1]) + execute() + SYNC)
            heard += wire.sql("discard all") + wire.ask(bind("", "kept", [1]) + execute() + SYNC)
            return heard + wire.ask(parse("kept", "select 5") + bind("", "kept") + execute() + SYNC)
        self.same(conversation)

    def test_deallocate_and_discard(self):
        def conversation(wire):
            heard = []
            for sql in ("deallocate one", "deallocate all", "deallocate prepare one", "discard all", "deallocate none"):
                heard += wire.ask(parse("one", "select 1") + parse("two", "select 2") + SYNC) + wire.sql(sql)
                heard += wire.ask(bind("", "one") + execute() + SYNC) + wire.ask(bind("", "two") + execute() + SYNC)
                heard += wire.ask(close("S", "one") + close("S", "two") + SYNC)
            return heard
        self.same(conversation)

    def test_parse_of_a_missing_column_leaves_the_name_free(self):
        def conversation(wire):
            return (wire.ask(parse("n", "select nothing from items where id = $1") + SYNC) +
                    wire.ask(parse("n", "select note from items where id = $1") + bind("", "n", [1]) + execute() + SYNC))
        self.same(conversation)

    def test_a_result_type_that_changes(self):
        """A plain server says 0A000 "cached plan must not change result type"; so does the proxy, and a new statement works."""
        def conversation(wire):
            heard = wire.ask(parse("all", "select * from items where id = $1") + SYNC)
            heard += wire.ask(bind("", "all", [1]) + execute() + SYNC)
            self.run_everywhere("alter table items add column extra int")
            heard += wire.ask(bind("", "all", [1]) + execute() + SYNC)
            heard += wire.ask(close("S", "all") + parse("all", "select * from items where id = $1") +
                              bind("", "all", [1]) + describe("P") + execute() + SYNC)
            self.run_everywhere("alter table items drop column extra")
            return heard
        heard = self.same(conversation)
        self.assertIn("E ERROR 0A000 cached plan must not change result type", heard)

    def test_sql_level_prepare(self):
        def conversation(wire):
            return [line for sql in ("prepare p(int) as select $1 + 1", "execute p(4)", "deallocate p", "execute p(4)")
                    for line in wire.sql(sql)]
        self.same(conversation, ["plain"])

    def test_types_are_part_of_a_statement(self):
        """The same text with other parameter types is another statement on the server."""
        def conversation(wire):
            heard = []
            for name, kind in (("a", 20), ("b", 23), ("c", 25), ("d", 0)):
                heard += wire.ask(parse(name, "select $1 is null from items where id = 1", [kind]) + describe("S", name) +
                                  bind("", name, ["7"]) + execute() + SYNC)
            return heard
        self.same(conversation)

    def test_row_limits_of_a_write_with_returning(self):
        """The copies are written at the first Execute; the rows wait for the next ones."""
        def conversation(limits, sql):
            return lambda wire: (wire.sql("insert into countries values ('A', 'one'), ('B', 'two')") +
                                 wire.ask(parse("", sql) + bind() + b"".join(execute("", limit) for limit in limits) + SYNC) +
                                 wire.sql("select count(*), min(name) from countries"))
        for sql in ("update countries set name = 'new' returning name", "insert into countries values ('C', 'c'), ('D', 'd') returning code",
                    "delete from countries returning code", "update countries set name = 'new' where false returning name", "update countries set name = 'new'",
                    "with x as (select 1) update countries set name = 'returning' returning name", "update countries set name = 'returning' -- returning"):
            for limits in ([0, 0], [1, 0], [1, 1, 1, 1], [2, 1], [3, 1], [1, 5, 2]):
                with self.subTest(sql=sql, limits=limits):
                    self.same(conversation(limits, sql), databases=("shop",))
        for size in (10, 400_000):
            self.same(conversation([1, 1, 1], f"update countries set name = repeat('x', {size}) returning name"), databases=("shop",))
        self.fill()
        with self.through() as wire:
            heard = conversation([1, 1], "update countries set name = 'x' returning repeat(name, 9000000)")(wire)
            self.assertEqual([line.split()[2] for line in heard if line[0] == "E"], ["54000"])
            self.assertEqual(heard[-3].split("|")[-1], "one")

    def test_its_portal_in_a_transaction(self):
        sql = "insert into countries values ('C', 'c'), ('D', 'd') returning code"
        self.same(lambda wire: wire.sql("begin") + wire.ask(parse("p", sql) + bind("c", "p") + describe("P", "c") + execute("c", 1) + SYNC) +
                  wire.ask(execute("c", 1) + SYNC) + wire.ask(execute("c", 1) + close("P", "c") + SYNC) + wire.sql("commit") + wire.ask(execute("c", 1) + SYNC),
                  databases=("shop",))
