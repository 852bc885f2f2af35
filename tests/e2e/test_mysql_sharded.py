"""A sharded database over MySQL's protocol: equal to one plain MariaDB, or refused."""
import contextlib

import mysql_commands as commands
from mysql_commands import DEFAULT, LAST, execute, long_data, prepare
from support import mariadb, servers
from support.mysql_case import proxy_only
from support.mysql_sharded_case import HERE, THERE, MysqlShardedCase
from support.servers import wait_until

WAYS = {"default": DEFAULT, "old EOF": DEFAULT & ~commands.DEPRECATE_EOF,
        "old EOF, untracked": DEFAULT & ~commands.DEPRECATE_EOF & ~commands.SESSION_TRACK}


class Statements(MysqlShardedCase):
    def each_way(self, conversation):
        for name, capabilities in WAYS.items():
            with self.subTest(way=name):
                self.same(conversation, capabilities=capabilities)

    def test_by_key(self):
        self.each_way(lambda wire: wire.sql(*[sql for key in (HERE, THERE) for sql in (
            f"select * from items where id = {key}", f"update items set n = n + 1 where id = {key} and n = 0",
            f"insert into items (id, note) values ({key}, 'again')", f"insert ignore into items (id, note) values ({key}, 'again')",
            f"replace into items (id, note) values ({key}, 'replaced')", f"insert into items set id = {key}, note = 'x' on duplicate key"
            " update note = 'updated'", f"select note, n from items where id = {key} limit 1", f"delete from items where id = '{key}'",
            f"select * from items where id = {key}", f"insert into parts (id, part) values ({key}, 1), ({key}, 2)",
            f"select count(*) from parts where id = {key}", f"select i.note, p.part from items i join parts p on i.id = p.id where i.id = {key}")]))

    def test_an_error_of_shardways_own_is_the_last_statement(self):
        """What Shardway says in a server's place counts as one of that server's."""
        wrong = "release savepoint nowhere"
        questions = ("select row_count()", "show warnings", "show errors", "show count(*) errors", "select @@error_count", "show count(*) warnings")
        for before in ([], [f"update items set n = n + 1 where id in ({HERE})"], ["begin", f"update items set n = n + 1 where id = {THERE}"]):
            with self.subTest(before=before):
                self.each_way(lambda wire, before=before: wire.sql(*before, *[sql for question in questions for sql in (wrong, question)], wrong, "set @x = 1",
                                                                   "show warnings", f"select n from items where id = {HERE}", "show warnings", "rollback"))

    def test_waiting_beside_rows(self):
        self.same(lambda wire: wire.sql(*[f"select sleep(0), benchmark(1, 1), note from items where id = {key}" for key in (HERE, THERE)], "select sleep(0)"))

    @proxy_only
    def test_the_last_row_by_null_is_refused(self):
        with self.through() as wire:
            self.refused(wire, "set sql_auto_is_null = 1", "sql_auto_is_null")
            self.assertTrue(wire.sql("set sql_auto_is_null = 0")[0].startswith("OK"))

    def test_union_of_rows(self):
        self.each_way(lambda wire: [*sorted(wire.sql("select id, note from items")), *wire.sql("select id from items where note = 'nowhere'"),
                                    *wire.sql("select id from items where note = 'here'"), *wire.sql("select id from items where note = 'there'"),
                                    *wire.sql("select nothing from items"), *wire.sql("select 1")])

    def test_several_statements(self):
        """What needs no table goes along, wherever the others belong."""
        self.same(lambda wire: wire.sql(*[sql for key in (HERE, THERE) for sql in (
            f"select 1; select note from items where id = {key}; select 'end'", f"select note from items where id = {key}; select 1",
            f"insert into parts (id, part) values ({key}, 9); select 2", "select 1; select 2")]))

    def test_prepared(self):
        def conversation(wire):
            select, heard = wire.prepare("select note from items where id = ?"), []
            update = wire.prepare("update items set note = ? where id = ?")
            for key in (HERE, THERE, str(HERE), str(THERE)):
                heard += wire.ask(execute(select, [key]), execute(update, [f"new {key}", key]), execute(select, [key]))
            heard += wire.ask(execute(select, [THERE]), execute(select, [HERE], with_types=False))
            heard += sorted(wire.ask(prepare("select note from items"), execute(LAST)))
            heard += wire.ask(prepare("begin"), execute(LAST)) + wire.ask(execute(update, ["in it", HERE]))
            return heard + wire.ask(prepare("rollback"), execute(LAST), execute(select, [HERE]))
        self.same(conversation)

    def test_inserts_without_columns(self):
        def conversation(wire):
            heard = wire.sql(*[sql for key in (103, 101) for sql in (
                f"insert into items values ({key}, 'x', 1)", f"select * from items where id = {key}", f"insert items values ({key}, 1)",
                f"replace into items values ({key}, 'again', 2)", f"insert into parts values ({key}, 1, 'a'), ({key}, 2, 'b')",
                f"insert ignore into items select id, note, n from items where id = {key}", f"select * from parts where id = {key}",
                f"delete from parts where id = {key}", f"delete from items where id = {key}")])
            insert = wire.prepare("insert into items values (?, ?, ?)")
            heard += wire.ask(execute(insert, [103, "prepared", 3]), execute(insert, [101, "prepared", 4]))
            return heard + wire.sql("select * from items where id = 103", "select * from items where id = 101")
        self.same(conversation)

    @proxy_only
    def test_columns_moved_behind_shardways_back(self):
        """The row is where its key says, with each value in the column it was meant for."""
        with self.through() as wire:
            self.begin_with_rows(wire)
            wire.sql("insert into items values (103, 'before', 1)")
            self.addCleanup(lambda: self.on_shards("alter table items modify id bigint not null first"))
            self.on_shards("alter table items modify id bigint not null after n")
            self.assertTrue(wire.sql("insert into items values (101, 'after', 2)")[0].startswith("OK"))
            self.assertEqual(self.on_shards("select id, note, n from items where id in (101, 103)"), [[(103, "before", 1)], [(101, "after", 2)]])

    def test_text_keys(self):
        keys = ["a", "A", "a ", "ä", "", "O''Hara", "x\\\\y"]
        def conversation(wire):
            heard = []
            for key in keys:
                heard += wire.sql(f"delete from codes where code = '{key}'", f"insert into codes values ('{key}', 'n')",
                                  f"select code, hex(code) from codes where code = '{key}'", f"delete from codes where code = '{key}'")
            return heard
        self.same(conversation)

    def test_reference_tables(self):
        self.each_way(lambda wire: wire.sql(
            "insert into places values ('it', 'Italy')", "insert into places values ('it', 'again')", "update places set name = 'X'",
            "update places set name = 'X'", "select * from places order by code", "delete from places where code in ('it', 'de')",
            f"select p.name, i.note from items i, places p where i.id = {THERE}"))
        if self.proxy:
            first, second = self.on_shards("select * from places order by code")
            self.assertEqual(first, second)

    def test_single_tables(self):
        self.same(lambda wire: wire.sql("delete from logs", "alter table logs auto_increment = 7", "insert into logs (what) values ('a'), ('b')",
                                        "select last_insert_id()", "select entry, what from logs order by entry"))

    def test_session_state_follows(self):
        self.same(lambda wire: wire.sql("set time_zone = '+03:00', sql_mode = 'ANSI_QUOTES'", f'select @@time_zone, "note" from items where id = {HERE}',
                                        f'select @@time_zone, "note" from items where id = {THERE}', "set sql_mode = 'NO_BACKSLASH_ESCAPES'",
                                        f"update items set note = 'back\\' where id = {THERE}", f"select note from items where id = {THERE}",
                                        "set names latin1", f"select @@character_set_results from items where id = {HERE}"))

    def test_how_long_a_lock_is_waited_for(self):
        """NOWAIT ends with its statement, not with the session."""
        def conversation(wire):
            return wire.sql("begin", f"select id from items where id = {HERE} for update nowait", f"update items set n = 1 where id = {THERE}", "commit",
                            "select @@innodb_lock_wait_timeout, @@lock_wait_timeout",
                            f"select id from items where id = {THERE} for update wait 1", "select @@innodb_lock_wait_timeout, @@lock_wait_timeout")
        self.same(conversation, capabilities=DEFAULT & ~commands.SESSION_TRACK)

    def test_a_chain_begins_without_a_transaction_before(self):
        for end in ("commit and chain", "rollback and chain"):
            with self.subTest(end=end):
                self.same(lambda wire: wire.sql(end, f"update items set n = 7 where id = {HERE}", "rollback", f"select n from items where id = {HERE}",
                                                "set transaction read only", end, f"update items set n = 7 where id = {HERE}", "commit",
                                                "set autocommit = 0", f"update items set n = 8 where id = {HERE}", end, "select @@in_transaction",
                                                f"update items set n = n + 1 where id = {THERE}", "rollback", f"select id, n from items where id = {THERE}"))

    def test_a_chain_and_the_end_of_the_connection(self):
        """Both are no statement, and the transaction stays open."""
        def conversation(wire):
            heard = []
            for sql in ("commit and chain release", "rollback work and chain release", "commit and no chain release"):
                heard += [line[:3] for line in wire.sql("begin", f"update items set n = 7 where id = {HERE}", sql)]
            return heard
        self.same(conversation)

    def test_snapshot_isolation(self):
        """1020 rolls the transaction back, on every shard; what comes next is outside of it."""
        def conversation(wire, other):
            heard = wire.sql("set innodb_snapshot_isolation = 1", "begin", f"select n from items where id = {HERE}", f"update items set n = 5 where id = {THERE}")
            heard += other.sql(f"update items set n = 9 where id = {HERE}")
            return heard + wire.sql(f"update items set n = n + 1 where id = {HERE}", f"update items set n = n + 1 where id = {HERE}", "rollback",
                                    f"select n from items where id = {HERE}", f"select n from items where id = {THERE}")
        self.same(conversation, clients=2)

    @proxy_only
    def test_what_is_too_long_to_be_looked_into(self):
        """It is refused, and neither the connection nor its transaction suffers."""
        with self.through() as wire:
            self.begin_with_rows(wire)
            statement = wire.prepare("select length(?) from items where id = ?")
            wire.sql("begin", f"update items set n = 7 where id = {HERE}")
            for size in (3 << 20, 17 << 20, 40 << 20):
                long = "x" * size
                heard = wire.ask(commands.query(f"select length('{long}')"), commands.query("select 'next'"))
                self.assertTrue(heard[0].startswith("ERR 1235 42000"), heard[0])
                self.assertEqual(heard[2], "ROW next")
                heard = wire.ask(execute(statement, [long, HERE]), commands.query("select 'next'"))
                self.assertTrue(heard[1] == f"ROW {size}" if size < 16 << 20 else heard[0].startswith("ERR 1235 42000"), heard[0])
                self.assertEqual(heard[-2], "ROW next")
            self.assertEqual(wire.sql("commit", f"select n from items where id = {HERE}")[2], "ROW 7")

    def test_autocommit_off_once_more(self):
        """It was off: the transaction goes on, and can be rolled back."""
        for again in ("set autocommit = 0", "set @@session.autocommit = OFF", "set autocommit = 'off', sql_mode = ''", "set autocommit = false"):
            with self.subTest(again=again):
                self.same(lambda wire: wire.sql("set autocommit = 0", f"update items set n = 8 where id = {HERE}", again, f"update items set n = 9 where id = {THERE}",
                                                "rollback", f"select n from items where id = {HERE}", f"select n from items where id = {THERE}", "rollback"))

    def test_definitions_without_autocommit(self):
        """What commits by itself ends the transaction, and waits for none of its own."""
        for define in ("truncate table logs", "alter table logs comment = 'x'", "create index by_what on logs (what)", "drop index by_what on logs",
                       "truncate table places", "alter table places comment = 'x'", "truncate table parts"):
            with self.subTest(define=define):
                self.same(lambda wire: wire.sql("set autocommit = 0", "insert into logs (what) values ('x')", f"update items set n = 3 where id = {THERE}",
                                                define, "rollback", f"select n from items where id = {THERE}", "select count(*) > 0 from logs",
                                                "rollback", "delete from logs", "commit"))

    def test_autocommit_without_a_scope(self):
        """Only the status flags tell of it."""
        for off, on in (("set @@autocommit = 0", "set @@autocommit = 1"), ("set autocommit = 0", "set @@autocommit = 1")):
            with self.subTest(off=off):
                update, select = f"update items set n = n + 1 where id = {HERE}", f"select n from items where id = {HERE}"
                self.same(lambda wire: wire.sql(off, update, "rollback", select, update, "commit", select, "rollback", update, on, "rollback", select,
                                                update, "rollback", select, off, update, "rollback", select), capabilities=DEFAULT & ~commands.SESSION_TRACK)

    def test_errors(self):
        self.same(lambda wire: wire.sql(f"select * from items where id = {HERE} and nothing = 1", "insert into items (id, note) values (101, repeat('x', 50))",
                                        f"insert into items (id, note) values ({HERE}, 'twice')", "select 1 from dual", "rollback to nowhere"))

    @proxy_only
    def test_what_is_refused(self):
        with self.through() as wire:
            self.begin_with_rows(wire)
            for sql, *words in (("select count(*) from items", "aggregate"), ("update items set n = 1", "shard key"),
                                (f"update items set id = 9 where id = {HERE}",), ("insert into items (note) values ('x')", "shard key"),
                                (f"insert into items (id) values ({HERE}), ({THERE})", "several shards"), ("select * from nowhere", "nowhere"),
                                ("select * from items order by id",), ("start transaction with consistent snapshot", "SNAPSHOT"),
                                ("xa start 'x'", "XA"), ("lock tables items write", "LOCK"), ("set global max_connections = 5", "GLOBAL"),
                                (f"select 1; select note from items where id = {HERE}; select note from items where id = {THERE}",),
                                ("create table elsewhere (a int)", "elsewhere"), ("call anything()",), ("selec",)):
                with self.subTest(sql=sql):
                    self.refused(wire, sql, *words)
            self.assertTrue(wire.sql("insert into items (id) values (null)")[0].startswith("ERR 1048"))

    def test_text_in_literals_binds_nothing(self):
        self.same(lambda wire: wire.sql(*[sql for key in (HERE, THERE) for sql in (
            f"insert into parts values ({key}, 1, 'mail@example.org')", f"update items set note = 'xa: call me, @you\\'s' where id = {key}",
            f"insert into parts values ({key}, 2, 'it''s @a')", f"select note from items where id = {key} and note <> 'get_lock(1)'")],
            "select what from parts where id = 1"))

    @proxy_only
    def test_a_value_that_came_ahead(self):
        with self.through() as wire:
            statement = wire.prepare("update items set note = ? where id = ?")
            heard = wire.ask(long_data(statement, 0, b"ahead"), execute(statement, [b"", HERE], long_parameters=(0,)))
            self.assertTrue(heard[0].startswith("ERR 1235"), heard)
            self.assertTrue(wire.ask(execute(statement, ["whole", HERE]))[0].startswith("OK"))

    @proxy_only
    def test_what_binds_a_session_to_a_shard(self):
        with self.through() as wire:
            wire.sql(f"/* shardway: shard=shop_0 */ select get_lock('{self.database}', 1)")
            self.assertTrue(wire.sql(f"select note from items where id = {HERE}")[1].startswith("ROW"))
            self.refused(wire, f"select note from items where id = {THERE}", "bound to shard")

    @proxy_only
    def test_definitions(self):
        with self.through() as wire:
            self.addCleanup(lambda: self.on_shards("drop index by_note on items"))
            self.assertTrue(wire.sql("create index by_note on items (note)")[0].startswith("OK"))
            for rows in self.on_shards("show index from items where key_name = 'by_note'"):
                self.assertEqual(len(rows), 1)
            self.assertTrue(wire.sql("alter table places add column since int")[0].startswith("OK"))
            self.cluster.shards[1].primary.query("alter table places add column elsewhere int", database=self.database)
            heard = wire.sql("alter table places add column elsewhere int")
            self.assertIn("done on shop_0; not done on shop_1", heard[0])
            wait_until(lambda: wire.sql("select * from places")[1].startswith("ROW") or "ERR" not in wire.sql("select * from places")[0], 5, "equal again")
            wire.sql("alter table places drop column elsewhere", "alter table places drop column since")

    @proxy_only
    def test_explain(self):
        for extensions in (0, commands.MARIADB_EXTENDED_METADATA):
            with self.through(mariadb=extensions) as wire:
                heard = wire.sql(f"shardway explain select * from items where id = {HERE}")
                self.assertIn("ROW shards: shop_0", heard)


class Copies(MysqlShardedCase):
    """What each copy of a reference table would compute by itself is not left to it."""
    schema = MysqlShardedCase.schema + """;
create table stamps (code varchar(9) primary key, made datetime default now(), seen datetime on update now())"""
    tables = MysqlShardedCase.tables + [{"name": "stamps", "kind": "reference"}]

    @proxy_only
    def test_times(self):
        with self.through() as wire:
            wait_until(lambda: wire.sql("insert into stamps (code, made) values ('a', '2026-01-01')")[0].startswith("OK"), 10, "the table is known")
            for sql in ("insert into stamps (code) values ('b')", "insert into stamps values ('b', default, null)",
                        "update stamps set made = default, seen = null", "update stamps set code = 'c'",
                        "insert into stamps (code, made) values ('a', '2026-01-02') on duplicate key update made = '2026-01-03'"):
                self.refused(wire, sql, "may differ between the copies")
            self.assertTrue(wire.sql("update stamps set code = 'c', seen = '2026-01-01'")[0].startswith("OK affected=1"))
            first, second = self.on_shards("select * from stamps")
            self.assertEqual(first, second)


class Keys(MysqlShardedCase):
    """Whose equal values may have different bytes is no key."""
    schema = """create table loose (id varchar(20) collate utf8mb4_general_ci primary key);
create table narrow (id int primary key);
create table codes (code varchar(20) collate utf8mb4_nopad_bin primary key)"""
    tables = [{"name": "loose", "key": "id", "type": "varchar"}, {"name": "narrow", "key": "id", "type": "bigint"},
              {"name": "codes", "key": "code", "type": "varchar"}]

    @proxy_only
    def test_tables_that_may_not_be_used(self):
        with self.through() as wire:
            self.refused(wire, "select * from loose where id = 'a'", "utf8mb4_general_ci")
            self.refused(wire, "select * from narrow where id = 1", "int")
            self.refused(wire, "select * from codes where code = 'a'", "nopad")


class LockTimeout(MysqlShardedCase):
    """Servers with innodb_rollback_on_timeout: 1205 ends the transaction, on every shard."""
    @classmethod
    @contextlib.contextmanager
    def servers(cls):
        cluster = mariadb.Cluster(shards=2, replicas=0, plain=True, settings="innodb_rollback_on_timeout = ON\n")
        servers.stop_at_exit(cluster)
        yield cluster.start()
        cluster.stop()

    def test_it_ends_the_transaction(self):
        def conversation(wire, holder):
            heard = holder.sql("begin", f"update items set n = 5 where id = {HERE}")
            heard += wire.sql("set innodb_lock_wait_timeout = 1", "begin", f"update items set n = 7 where id = {THERE}",
                              f"update items set n = 8 where id = {HERE}", "select @@in_transaction", f"update items set n = n + 1 where id = {THERE}",
                              "rollback", f"select n from items where id = {THERE}")
            return heard + holder.sql("rollback", f"select n from items where id = {HERE}")
        heard = self.same(conversation, clients=2)
        self.assertEqual([line.split()[1] for line in heard if line.startswith("ERR")], ["1205"], heard)
        self.assertIn("ROW 1", heard)
