"""COM_QUERY and the small commands: what a plain MariaDB says, Shardway says."""
import mysql_commands as commands
from mysql_commands import (DEFAULT, LAST, MARIADB_EXTENDED_METADATA, command, execute, field_list, init_db, prepare, process_kill, query,
                            set_option)
from support.mysql_case import MysqlCase, as_of_old
from support.servers import wait_until

WITHOUT_EOF_FLAG = DEFAULT & ~commands.DEPRECATE_EOF
# Each way of talking that changes what the packets look like.
WAYS = {"default": DEFAULT, "old EOF": WITHOUT_EOF_FLAG, "untracked": DEFAULT & ~commands.SESSION_TRACK,
        "old EOF, untracked": WITHOUT_EOF_FLAG & ~commands.SESSION_TRACK, "found rows": DEFAULT | commands.FOUND_ROWS,
        "ignore space": DEFAULT | commands.IGNORE_SPACE, "one statement": DEFAULT & ~commands.MULTI_STATEMENTS}


class QueryCase(MysqlCase):
    schema = """create table items (id int primary key auto_increment, note varchar(100), amount decimal(10,2), at datetime(3));
create procedure two_results() begin select 1 as a; select 2 as b, 'x' as c; end;
create procedure no_result() begin declare x int default 1; set x = 2; end;
create procedure out_parameter(in a int, out b int) begin set b = a * 2; end;
create function twice(i int) returns int deterministic return i * 2
"""
    rows = """delete from items;
alter table items auto_increment = 10;
insert into items values (1, 'one', 1.50, '2024-02-29 12:00:00.125'), (2, null, null, null), (3, 'drei ü', -3, '2000-01-01')
"""


class Queries(QueryCase):
    CASES = {
        "columns of every kind": ["select 1, 1.5, 1e0, 'x', null, true, now() > 0, cast('2020-01-01' as date), cast('12:00' as time),"
                                  " x'00ff', b'1', cast(1 as unsigned), @@version_comment is null"],
        "rows": ["select * from items order by id", "select id from items where 1 = 0", "select count(*), sum(amount) from items"],
        "writes": ["insert into items (note) values ('a'), ('b')", "update items set note = 'same' where id < 3",
                   "update items set note = 'same' where id < 3", "delete from items where id = 1", "insert into items values (2, 'dup', 0, null)",
                   "replace into items values (2, 'again', 0, null)", "insert into items (id, note) values (2, 'x') on duplicate key update note = 'y'",
                   "insert ignore into items values (2, 'z', 0, null)", "show warnings", "select id, note from items order by id"],
        "returning": ["insert into items (note) values ('r') returning id, note", "delete from items where id = 10 returning note"],
        "several statements": ["select 1; select 2 as b, 3 as c; select 'end'", "insert into items (note) values ('m'); select last_insert_id()",
                               "update items set note = 'u' where id = 1; delete from items where id = 2; select * from items order by 1",
                               "select 1; selec 2; select 3", "select 1; select * from nowhere; select 3", ";", "select 1;", "", "select 1;;"],
        "procedures": ["call two_results()", "call no_result()", "call out_parameter(21, @b)", "select @b", "select twice(4)",
                       "call nowhere()", "call two_results(); select 'after'"],
        "errors": ["selec 1", "select * from nowhere", "select nothing from items", "select 1 from items where", "select 'unterminated",
                   "insert into items values (1)", "select twice('x', 2)", "signal sqlstate '45000' set message_text = 'mine', mysql_errno = 4711",
                   "select 1"],
        "warnings": ["do 0/0", "show warnings", "select 1/0", "show warnings", "show count(*) warnings", "select 1/0", "select @@warning_count",
                     "select cast('12x' as int)", "show warnings limit 1", "drop table if exists nowhere", "show warnings", "show errors",
                     "selec", "show errors"],
        "transactions": ["begin", "insert into items (note) values ('t')", "select count(*) from items", "savepoint a",
                         "delete from items", "rollback to a", "release savepoint a", "commit", "select count(*) from items", "rollback",
                         "start transaction read only", "select 1", "insert into items (note) values ('no')", "commit",
                         "start transaction with consistent snapshot", "commit and chain", "rollback release"],
        "characters": ["select 'ü', '日本', '😀'", "set names latin1", "select note from items where id = 3", "set names utf8mb4",
                       "select _latin1 x'fc'", "select hex('ü')", "set names gbk", "select hex('\u00bf')"],
        "comments": ["/* a */ select /*! 1 */ /*!99999 , 2 */ -- c\n", "# only a comment", "select 1 # end", "/*!50000 select 5 */"],
        "show": ["show tables", "describe items", "show create table items", "show variables like 'sql_mode'", "explain select 1"],
        "do, help, handler": ["do 1", "handler items open", "handler items read first limit 1", "handler items close"],
        "last insert id": ["insert into items (note) values ('l')", "select last_insert_id()", "select last_insert_id(77)", "select last_insert_id()",
                           "select 1", "select last_insert_id(), @@identity"],
        "found rows": ["select sql_calc_found_rows id from items limit 1", "select found_rows()", "select id from items", "select found_rows()"],
        "row count": ["update items set note = 'x' where id < 3", "select row_count()", "select row_count()", "delete from items", "do 1",
                      "select row_count()"],
        "analyze": ["analyze table items", "check table items", "truncate table items"],
        "prepare in text": ["prepare p from 'select ? + 1'", "set @v = 4", "execute p using @v", "deallocate prepare p", "execute p using @v",
                            "execute immediate 'select 5'"],
        "anonymous block": ["begin not atomic select 1; select 2; end"],
        "set statement": ["set statement max_statement_time = 5 for select 1", "select @@max_statement_time"],
    }

    def test_conversations(self):
        for name, statements in self.CASES.items():
            with self.subTest(case=name):
                self.same(lambda wire, all_of_it=statements: wire.sql(*all_of_it))

    def test_each_way_of_talking(self):
        statements = [statement for name in ("rows", "writes", "several statements", "procedures", "warnings", "transactions")
                      for statement in self.CASES[name] if "release" not in statement]
        for name, capabilities in WAYS.items():
            with self.subTest(case=name):
                tidy = as_of_old if "old EOF" in name else list
                self.same(lambda wire, tidy=tidy: tidy(wire.sql(*statements, "select count (*) from items")), capabilities=capabilities)

    def test_columns_described_further(self):
        """To who asks for it: the connector's JSON values are objects because of it."""
        sql = "select json_object('a', 1) as j, cast('::1' as inet6) as i, point(1, 2) as p, 1 as n"
        for extensions in (0, MARIADB_EXTENDED_METADATA):
            with self.subTest(extensions=extensions):
                heard = self.same(lambda wire: wire.sql(sql) + wire.ask(prepare(sql), execute(LAST)), mariadb=extensions)
                self.assertEqual(b"json".hex() in heard[0], extensions != 0, heard[0])

    def test_byte_by_byte_and_pipelined(self):
        def bytewise(wire):
            wire.send_bytewise(query("select 'slowly'"))
            return wire.reply(query(""))
        self.same(bytewise)
        many = [query(f"select {i}") for i in range(50)] + [query("selec"), query("select 'a'; select 'b'"), command(commands.PING)]
        self.same(lambda wire: wire.ask(*many))
        self.same(lambda wire: wire.ask(query("begin"), query("insert into items (note) values ('p')"), query("commit"),
                                        query("select count(*) from items"), init_db(self.database), query("select database() is null")))

    def test_ten_large_inserts_are_pipelined(self):
        texts = [query(f"insert into items (id, note) values ({i}, left('{'x' * (2 << 20)}', 20))") for i in range(100, 110)]
        heard = self.same(lambda wire: wire.ask(*texts))
        self.assertEqual(len([line for line in heard if line.startswith("OK affected=1")]), 10)

    def test_status_flags(self):
        self.same(lambda wire: wire.sql("begin", "select 1 from items limit 1", "rollback", "set autocommit = 0", "select 1 from items limit 1",
                                        "commit", "set autocommit = 1", "start transaction read only", "select 1", "commit",
                                        "set sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'", "select '\\'", "select 1"))

    def test_kill_query(self):
        """Behaviour 48: by text, by command; the victim gets 1317 and goes on."""
        for how in ("kill query {}", "kill soft query {}", None):
            with self.subTest(case=how):
                def conversation(killer, victim, how=how):
                    sleeping = "select sleep(8)"
                    victim.socket.settimeout(12)
                    victim.send(query(sleeping))
                    wait_until(lambda: self.server_connections(" and info like 'select sleep%%'"), 10, "it sleeps")
                    number = victim.greeting.connection_id
                    heard = killer.sql(how.format(number)) if how else killer.ask(process_kill(number))
                    heard += victim.reply(query(sleeping)) if how else victim.rest()[:1]
                    return heard + (victim.sql("select 'alive'") if how else []) + killer.sql("select 'alive'")
                self.same(conversation, clients=2, mask_ids=True)

    def test_kill_connection(self):
        def conversation(killer, victim):
            victim.sql("select 1")
            heard = killer.sql(f"kill {victim.greeting.connection_id}", "kill 4294967290", "kill query 4294967290")
            return heard + [str(victim.is_closed(5))] + killer.sql("select 'alive'")
        self.same(conversation, clients=2, mask_ids=True)

    def test_own_connection_id(self):
        """Alone; as part of something else it is the server connection's, as processlist has it."""
        self.same(lambda wire: wire.sql("select connection_id()", "select  Connection_Id ( )", "select connection_id() as me",
                                        "select connection_id() 'my number'", "select connection_id() `a``b`"), mask_ids=True)
        self.same(lambda wire: wire.sql("kill query connection_id()"), mask_ids=True)


class Commands(QueryCase):
    def test_the_small_ones(self):
        cases = {
            "ping": [command(commands.PING)], "statistics": [command(commands.STATISTICS)], "debug": [command(commands.DEBUG)],
            "unknown": [command(0x50), command(commands.PING)], "unknown with a body": [command(0x7F, b"abc"), command(commands.PING)],
            "init_db": [init_db(self.database), query("select database() is null")],
            "init_db to nowhere": [init_db("nowhere"), query("select database()"), query("use nowhere"), query("select database()")],
            "field_list": [field_list("items"), field_list("items", "n%"), field_list("nowhere"), command(commands.PING)],
            "set_option": [set_option(1), query("select 1; select 2"), set_option(0), query("select 1; select 2"), set_option(7)],
            "reset_connection": [query("set @a = 1, sql_mode = ''"), command(commands.RESET_CONNECTION), query("select @a, @@sql_mode = ''")],
        }
        for way in ("default", "old EOF"):
            for name, payloads in cases.items():
                with self.subTest(case=name, way=way):
                    self.same(lambda wire, all_of_it=payloads: as_of_old(wire.ask(*all_of_it)), capabilities=WAYS[way])

    def test_init_db_to_one_that_is_denied(self):
        self.same(lambda wire: wire.ask(init_db("mysql"), query("select database() is null")))

    def test_reset_connection_in_a_transaction(self):
        """Behaviour 45: rolled back, all gone, the database kept."""
        def conversation(wire):
            heard = wire.sql("create temporary table mine (i int)", "set @v = 1", "begin", "insert into items (note) values ('gone')")
            statement = wire.prepare("select 1")
            heard += wire.ask(command(commands.RESET_CONNECTION))
            heard += wire.sql("select count(*) from items", "select * from mine", "select @v", "select database() is null")
            return heard + wire.ask(commands.execute(statement))
        self.same(conversation)

    def test_change_user(self):
        """Behaviour 44: often, with a wrong password once."""
        password = self.cluster.passwords

        def conversation(wire):
            heard = wire.sql("set @a = 1", "begin", "insert into items (note) values ('gone')")
            heard += wire.change_user("app", password["app"], self.database)
            heard += wire.sql("select @a, count(*), database() is null from items", "select current_user()")
            heard += wire.change_user("app", password["app"], "") + wire.sql("select database()")
            for _ in range(20):
                heard += wire.change_user("app", password["app"], self.database)
            heard += wire.change_user("app", "wrong", self.database)
            return heard + wire.pulse()
        self.same(conversation)

    def test_change_user_to_nobody(self):
        self.same(lambda wire: wire.change_user("nobody", "x", self.database) + wire.pulse())
        self.same(lambda wire: wire.change_user("app", self.cluster.passwords["app"], "nowhere") + wire.pulse())

    def test_local_files(self):
        """Behaviour 43: from the client, three in one; refused by the client; refused without the capability."""
        load = "load data local infile '{}' into table items (note)"

        def conversation(wire):
            wire.files = {"two": b"a\nb\n", "none": b"", "large": b"x" * 50 + b"\n" + (b"y" * 60 + b"\n") * 20000, "no": None}
            heard = wire.sql("; ".join([load.format("two")] * 3), "select count(*) from items where note in ('a', 'b')")
            heard += wire.sql(load.format("none"), load.format("no"), load.format("large"), load.format("two") + "; selec",
                              "load data local infile 'two' into table nowhere", "select count(*) from items")
            return heard + wire.pulse()
        heard = self.same(conversation)
        self.assertIn("FILE two", heard)
        self.assertIn("ROW 6", heard)
        self.same(lambda wire: wire.sql(load.format("two"), "select 1"), capabilities=DEFAULT & ~commands.LOCAL_FILES)
