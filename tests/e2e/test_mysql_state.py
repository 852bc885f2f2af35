"""What belongs to a session follows its client over server connections, or keeps one; nobody sees another's.

Every conversation has more clients than there are server connections (`pool.size` 2), and between two steps of one the others ask
too, so that connections change hands. The numbers are those of the 55 behaviours that a transparent proxy has to get right.
"""
import mysql_commands as commands
from mysql_commands import LAST, command, execute, init_db, prepare, query
from mysql_wire import masked
from support.mysql_case import MysqlCase, proxy_only
from support.servers import wait_until


class StateCase(MysqlCase):
    pool = {"size": 2, "queue_timeout": "10s"}
    schema = "create table items (id int primary key auto_increment, note varchar(100));\ncreate table shadow (i int)"
    rows = """delete from items;
alter table items auto_increment = 100;
insert into items values (1, 'one'), (2, 'two'), (3, 'three');
delete from shadow;
insert into shadow values (0)
"""

    def mixed(self, *statements, others=3, **how):
        """One client's statements, each followed by one of every other client that would show a foreign state."""
        ask = "select @a, @@sql_mode = @@global.sql_mode, @@autocommit, @@time_zone, database() is null, @@in_transaction"

        def conversation(wire, *bystanders):
            heard = []
            for statement in statements:
                heard += wire.ask(statement) if isinstance(statement, bytes) else wire.sql(statement)
                for other in bystanders:
                    heard += [f"  {line}" for line in other.sql(ask) if not line.startswith("COLUMNS")]
            return heard
        return self.same(conversation, clients=1 + others, **how)


class Settings(StateCase):
    schema = StateCase.schema + """;
create function sets_both() returns int begin set time_zone = '+05:00', @f = 3; return 1; end;
create function sets_time() returns int begin set timestamp = 1000000; return 1; end
"""

    def test_system_variables(self):
        """15: whatever a client sets it sees, on every connection; the others do not."""
        for name, value in {
            "time_zone": "'+02:00'", "sql_mode": "'ANSI_QUOTES'", "sql_mode ": "''", "max_statement_time": "7.5", "sort_buffer_size": "default",
            "transaction_isolation": "'SERIALIZABLE'", "lc_time_names": "'de_DE'", "div_precision_increment": "7",
            "group_concat_max_len": "1 + 20", "foreign_key_checks": "off", "unique_checks": "0", "sql_safe_updates": "1", "auto_increment_increment": "5",
            "innodb_lock_wait_timeout": "3", "collation_connection": "latin1_german1_ci",
            "optimizer_switch": "'mrr=on'", "wait_timeout": "1234", "net_write_timeout": "77", "sql_select_limit": "2", "profiling": "0",
        }.items():
            with self.subTest(variable=name, value=value):
                self.mixed(f"set {name} = {value}", f"select @@{name}", "select id from items", f"set session {name} = default", f"select @@{name}")

    def test_ways_to_set(self):
        self.mixed("set @@session.time_zone = '+01:00', @a = 5, sql_mode = concat(@@sql_mode, ',ANSI_QUOTES')", "select @@time_zone, @a, @@sql_mode",
                   "set time_zone = (select '+03:00')", "select @@time_zone", "set time_zone = 'nowhere'", "select @@time_zone",
                   "set sql_mode = '', time_zone = 'nowhere'", "select @@sql_mode = '', @@time_zone", "set no_such_variable = 1",
                   "set global sort_buffer_size = 1", "set statement sql_mode = '' for select @@sql_mode", "select @@sql_mode = ''",
                   "set character set latin1", "select @@character_set_client, @@character_set_connection, @@character_set_results",
                   "set names utf8mb4 collate utf8mb4_bin", "select @@collation_connection", "set names default", "select @@collation_connection")
        self.mixed(prepare("set time_zone = ?"), execute(LAST, ["+05:00"]), "select @@time_zone",
                   "set @tz = '+06:00'; set time_zone = @tz; select @@time_zone", "select @@time_zone")

    def test_how_long_a_lock_is_waited_for(self):
        """WAIT and NOWAIT are a statement's own, although servers report them like variables that were set."""
        ask = "select @@innodb_lock_wait_timeout, @@lock_wait_timeout"
        self.mixed("select id from items where id = 1 for update wait 1", ask, "begin", "select id from items for update nowait;", "commit", ask,
                   "lock tables items read nowait", "unlock tables", ask, prepare("select id from items lock in share mode wait 2"), execute(LAST), ask,
                   capabilities=commands.DEFAULT & ~commands.SESSION_TRACK)

    def test_a_collation_of_the_log_in(self):
        """Another one than its character set's default: nobody else's SET NAMES takes it away."""
        ask = "select @@collation_connection"
        self.same(lambda *wires: [line for other in wires[1:] for line in wires[0].sql("set names utf8mb4", ask) + other.sql(ask)], clients=5, collation=46)

    @proxy_only
    def test_a_role(self):
        """Nobody else has it: a server keeps it over COM_RESET_CONNECTION."""
        role = f"{self.database}_role"
        self.cluster.plain.query(f"create or replace role {role}")
        self.addCleanup(self.cluster.plain.query, f"drop role {role}")
        self.cluster.plain.query(f"grant {role} to app@'%'")
        with self.through() as wire:
            wire.sql("set @a = 1", f"set role {role}")
            self.assertEqual(wire.sql("select current_role()")[1], f"ROW {role}")
        for wire in [self.through() for _ in range(3)]:
            self.assertEqual(wire.sql("begin", "select current_role()")[2], "ROW NULL")
            self.addCleanup(wire.close)
            wire.sql("rollback")

    def test_a_function_that_sets_more_than_is_told(self):
        """Of a variable of the system and one of the user only the first is reported; of the time nothing that follows a client."""
        ask = "select @f, @@time_zone, now() < '2001-01-01'"
        for call in ("select sets_both()", "insert into shadow values (sets_both())", "select sets_time()"):
            with self.subTest(call=call):
                def conversation(wire, *others):
                    heard = wire.sql(call)
                    for other in others:
                        heard += other.sql(ask, "begin", "select 1 from items") + wire.sql(ask) + other.sql("commit", ask)
                    return heard
                self.same(conversation, clients=3, capabilities=commands.DEFAULT & ~commands.SESSION_TRACK)

    def test_a_function_that_sets_more_under_set_statement(self):
        ask = "select @f, @@time_zone, 1/3"
        for call in ("set statement div_precision_increment = 9 for select sets_both()", "select sets_both() from items for update skip locked"):
            with self.subTest(call=call):
                def conversation(wire, *others):
                    heard = wire.sql(call)
                    for other in others:
                        heard += other.sql(ask, "begin", "select 1 from items") + wire.sql(ask) + other.sql("commit", ask)
                    return heard
                self.same(conversation, clients=3, capabilities=commands.DEFAULT & ~commands.SESSION_TRACK)

    @proxy_only
    def test_reading_a_variable_in_an_update_pins_nobody(self):
        clients = [self.through() for _ in range(3)]
        for client in clients:
            heard = client.sql("update items set note = @@version where id = 1", "insert into shadow set i = @@port",
                               "set statement max_statement_time = 5 for select count(*) from items")
            self.assertFalse([line for line in heard if line.startswith("ERR")], heard)
        for client in clients * 2:
            client.sql("begin", "select 1 from items", "commit")

    def test_a_syntax_unknown(self):
        """16: a SET nobody understands costs no connection."""
        self.mixed("set what is this", "select 1", "insert into items (note) values ('x')", "set @@x.y.z = 1", "select count(*) from items")

    def test_user_variables(self):
        """13, 14: they follow, whatever they were set to, and are evaluated once."""
        self.mixed("set @a = 1", "select @a", "select @a := @a + 1", "select @a", "set @a = 'text ü', @b = null, @c = 1.50, @d = x'00ff'",
                   "select @a, @b, @c, hex(@d)", "select count(*) into @a from items", "select @a", "set @a = rand() * 0 + 7, @`b c` = 2", "select @a, @`b c`",
                   "update items set note = @a := 'from update' where id = 1", "select @a", "set @a = (select max(id) from items)", "select @a",
                   "set @n = now(6)", "select @n <= now(6)", "select @never", "select @A")
        self.mixed(prepare("set @a = ?"), execute(LAST, [42]), "select @a", prepare("select @a := @a + 1"), execute(LAST), execute(LAST), "select @a")

    def test_databases(self):
        """46: USE and INIT_DB, with the server's own error at once."""
        self.mixed("use nowhere", "select database() is null", init_db("nowhere"), "select count(*) from items",
                   f"use `{self.database}`", "select count(*) from items", init_db(self.database), "select count(*) from items")

    def test_a_denied_database(self):
        self.mixed("use mysql", init_db("mysql"), "select count(*) from items", "select * from mysql.user")

    def test_without_a_database(self):
        self.mixed("select database()", "select * from items", f"use {self.database}", "select count(*) from items", database="")

    def test_reset_connection(self):
        self.mixed("set @a = 1, time_zone = '+02:00', sql_mode = ''", "begin", "insert into items (note) values ('gone')",
                   command(commands.RESET_CONNECTION), "select @a, @@time_zone, @@sql_mode = '', database() is null", "select count(*) from items",
                   "select @@character_set_client, @@collation_connection", collation=8)

    def test_ansi_quotes_and_backslashes(self):
        """51: what a string is follows sql_mode."""
        self.mixed("set sql_mode = 'ANSI_QUOTES'", 'select "id" from items where "id" = 1', "set sql_mode = 'NO_BACKSLASH_ESCAPES'",
                   "select '\\', 1; select 'x'", "set sql_mode = ''", "select '\\', 1; select '", "select \"a\", 'it''s'")
        gbk = query("select '") + b"\xbf\x5c' , 1"
        self.mixed("set names gbk", gbk, query("select hex('") + b"\xbf\x5c')", "set names utf8mb4", "select 'ok'")


class AutoIsNull(StateCase):
    def test_the_row_of_the_last_insert(self):
        """The server finds it on the connection of the INSERT, once."""
        self.mixed("set sql_auto_is_null = 1", "insert into items (note) values ('mine')", "select note from items where id is null",
                   "select note from items where id is null", "insert into items (note) values ('a'), ('b')", "select note from items where id is null",
                   "set sql_auto_is_null = 0", "insert into items (note) values ('c')", "select note from items where id is null")


class UserVariables(StateCase):
    def test_constants_follow_their_client(self):
        """13: over connections, with their types; the others' are not touched, nor typed."""
        def conversation(wire, *others):
            ask = "select @A, @b, collation(@b), @c, coalesce(@d, 1)"
            heard = wire.sql("set @a = 5, @b := 'x y', @c = -7", ask)
            for other in others:
                heard += other.sql(ask, "set @d = 'of another'", ask)
                heard += wire.sql(ask)
            heard += wire.sql("set @a = 'now a text'", ask, "begin", "set @a = 9", "rollback", ask, "set names latin1", ask, "set @b = 'latin'", ask)
            heard += wire.ask(prepare("set @c = 11"), execute(LAST), query("set @c = no_such_function()"), query(ask), command(commands.RESET_CONNECTION),
                              query(ask))[:-4]
            return heard + others[0].sql(ask)
        self.same(conversation, clients=3)


@proxy_only
class SeveralStatements(StateCase):
    """COM_SET_OPTION is for its session's life on the server: whoever gets the connection next logged in otherwise."""
    pool = {"size": 1, "queue_timeout": "10s"}

    def test_it_goes_with_the_client(self):
        two, with_them, without = "select 1; select 2", commands.DEFAULT, commands.DEFAULT & ~commands.MULTI_STATEMENTS
        for capabilities, option, expected in ((with_them, 1, ["ROW 1", "ROW 2"]), (without, 0, ["ERR 1064"])):
            with self.subTest(option=option):
                with self.through(capabilities=capabilities) as changer:
                    self.assertEqual(changer.ask(commands.set_option(option))[0][:3], "EOF")
                with self.through(capabilities=capabilities) as next_one:
                    heard = [line for line in next_one.sql(two) if line.startswith(("ROW", "ERR"))]
                    self.assertEqual([line[:8].strip() for line in heard], expected)


class LastInOneText(StateCase):
    """What a later statement of a text asks for may be of the statement before the text: the client's own, and nobody else's."""
    pool = {"size": 1, "queue_timeout": "10s"}
    behind = ("do 0; show warnings", "select 1; show count(*) warnings", "begin; show errors", "commit; select @@warning_count", "set @x = 1; show warnings",
              "set time_zone = '+01:00'; select @@error_count", "select extract(day from '2020-01-01'); show warnings", "select 1 from dual; show warnings")

    def test_nothing_of_another_client(self):
        for text in self.behind:
            with self.subTest(text=text):
                self.same(lambda one, other, text=text: one.sql("select cast('secret' as int)") + other.sql(text, text), clients=2)
        self.same(lambda one, other: one.sql("select cast('secret' as int)") + other.ask(command(commands.RESET_CONNECTION))[1:]
                  + other.sql("set session transaction read only; show warnings"), clients=2)

    def test_ones_own(self):
        for text in self.behind:
            with self.subTest(text=text):
                self.same(lambda wire, text=text: wire.sql("select cast('mine' as int)", text, "insert into items values (1, 'twice')", text, "select 1 from items", text, "rollback"))
        self.same(lambda wire: wire.sql("insert into items values (1, 'x'); show warnings", "do 0/0; show warnings", "select id from items; do 0; select found_rows()",
                                        "do 1; select found_rows()", "select cast('mine' as int); select id from items; show warnings"))

    @proxy_only
    def test_ones_own_that_is_gone(self):
        with self.through() as one, self.through() as other:
            one.sql("select cast('mine' as int)")
            other.sql("select cast('secret' as int)")
            for text in self.behind:
                with self.subTest(text=text):
                    self.assertRegex(one.sql(text)[0], "^ERR 1235.*another client")
            # A table clears it.
            self.assertEqual(one.sql("select id from items where id = 1; show warnings")[-1], "EOF status=autocommit")


@proxy_only
class GlobalLocks(StateCase):
    """Nothing is reported of them; whoever takes one keeps its connection."""
    pool = {"size": 1, "queue_timeout": "10s"}

    @classmethod
    def configure(cls, config):
        passwords = cls.cluster.passwords
        config["user"].append({"name": "boss", "password": passwords["app"], "server_user": "root", "server_password": passwords["root"]})

    def boss(self):
        return self.login(self.proxy.mysql_port, "boss", password=self.cluster.passwords["app"])

    def test_each(self):
        for lock, release in (("flush tables with read lock", "unlock tables"), ("backup stage start", "backup stage end"),
                              (f"backup lock {self.database}.items", "backup unlock")):
            with self.subTest(lock=lock), self.boss() as holder, self.boss() as other:
                self.assertEqual(holder.sql(lock), ["OK affected=0 id=0 status=autocommit"])
                other.send(query("select 1"))
                self.assertFalse(other.has_input(0.3), "there is only one connection")
                self.assertEqual(holder.sql(release)[0][:2], "OK")
                holder.close()
                self.assertEqual(other.reply(query("select 1"))[1], "ROW 1")


class LastStatement(StateCase):
    def test_last_insert_id(self):
        """8: also through a prepared statement, and after other reads."""
        self.mixed("insert into items (note) values ('a')", "select last_insert_id()", *["select 1 from items limit 1"] * 10, "select last_insert_id()",
                   prepare("select last_insert_id()"), execute(LAST), "insert into items (note) select last_insert_id()",
                   "select note from items order by id desc limit 1", "insert into items (note) values ('b'), ('c')", "select last_insert_id(), @@identity",
                   "select last_insert_id(7)", "select last_insert_id()", "update items set id = last_insert_id(id + 500) where id = 1",
                   "select last_insert_id()", prepare("insert into items (note) values (?)"), execute(LAST, ["p"]), "select last_insert_id()")

    def test_last_insert_id_behind_a_number_that_was_given(self):
        """An OK tells of it, LAST_INSERT_ID() does not; whoever has the connection meanwhile, and whatever number he leaves there."""
        asked = "select last_insert_id()"
        for name, first in {"nothing before": [], "one generated before": ["insert into items (note) values ('g')"]}.items():
            for statement in ("insert into items values (90001, 'given')", "insert into items values (90001, 'x'), (90002, 'y')",
                              "insert into items values (90001, 'x'), (0, 'y')", "insert into items values (45000 * 2 + 1, 'computed')",
                              "replace into items values (1, 'again')", "insert into items (id, note) values (1, 'x') on duplicate key update note = 'new'",
                              "insert into items (note) values ('fails'), (cast(repeat('x', 200) as char))", "insert into items values (1, 'twice')",
                              "insert into items (note) values ('r') returning id", "insert into items values (90001, 'r') returning id",
                              "insert ignore into items values (1, 'x')", "insert into items select id + 90000, note from items",
                              "set @@insert_id = 90001"):
                with self.subTest(name, statement=statement):
                    def conversation(one, *others):
                        heard = one.sql(*first, statement)
                        for number, other in enumerate(others):
                            heard += other.sql(f"insert into items values ({90010 + number}, 'other')", asked)
                        heard += one.sql(asked)
                        for other in others:
                            heard += other.sql("insert into items (note) values ('other')", asked)
                        return heard + one.sql(asked, "begin", "insert into items values (95001, 'in it')", asked,
                                               "insert into items (note) values ('gen')", asked, "insert into items values (97001, 'in it')", "commit",
                                               asked)
                    self.same(conversation, clients=4)

    def test_last_insert_id_is_that_of_another_client_by_chance(self):
        """A number that one client generates, and another one gives."""
        def conversation(one, other):
            return one.sql("insert into items (note) values ('generated')", "delete from items where id = 100") + \
                other.sql("insert into items values (100, 'given')", "select last_insert_id()") + one.sql("select last_insert_id()")
        self.same(conversation, clients=2)

    def test_row_count_beside_others(self):
        """What is answered without a server counts, too."""
        of_old = commands.DEFAULT & ~commands.SESSION_TRACK
        for between in (command(commands.PING), command(commands.RESET_CONNECTION), query("select connection_id() > 0"), query("select row_count()"),
                        query("do 0"), query("select 1")):
            for ask in ("select row_count()", "select row_count(), 1"):
                with self.subTest(between=between, ask=ask):
                    def conversation(wire):
                        heard = wire.sql("select 1", "update items set note = 'changed'")
                        wire.ask(between)
                        return heard + wire.sql(ask)
                    self.same(conversation, capabilities=of_old)
        self.same(lambda wire: wire.sql("select row_count(), 1"))

    @proxy_only
    def test_row_count_that_the_server_has_no_more(self):
        """A connection that was asked for something in between says it, or it is refused."""
        with self.through() as wire:
            heard = wire.sql("insert into items values (90001, 'given')", "select row_count()", "insert into items values (90002, 'given')",
                             "select row_count(), 1")
            self.assertEqual(heard[2], "ROW 1")
            self.assertTrue(heard[-1].startswith("ERR 1235") or heard[-2] == "ROW 1|1", heard)

    def test_nothing_of_another_client(self):
        """The first statement of a session hears nothing of the one that ran before on its connection."""
        def conversation(one, *others):
            questions = ("show warnings", "select @@warning_count", "select row_count()", "show count(*) warnings")
            return [line for other, question in zip(others, questions)
                    for line in one.sql("select cast('secret' as int)") + other.sql(question, question)]
        self.same(conversation, clients=5)

    def test_ones_own_behind_what_clears_nothing(self):
        """On whatever connection that ran."""
        for between in ("set @x = 1", "begin", "do 1", "select 1", "select database() is null", "set time_zone = '+01:00'",
                        "set @y = (select count(*) from items)"):
            with self.subTest(between=between):
                def conversation(one, *others):
                    heard = one.sql("begin", "rollback", "insert into items values (1, 'mine')")
                    others[0].sql("begin", "select 1 from items")
                    heard += one.sql(between)
                    others[0].sql("commit")
                    others[1].sql("begin", "select 1 from items")
                    heard += one.sql("show warnings", "select @@warning_count", "rollback")
                    others[1].sql("commit")
                    return heard
                self.same(conversation, clients=3, capabilities=commands.DEFAULT & ~commands.SESSION_TRACK)

    def test_nothing_of_another_client_behind_what_clears_nothing(self):
        """Servers keep warnings over a statement without a table: those of whoever had the connection before, too."""
        questions = ("show warnings", "select @@warning_count", "show count(*) errors", "select @@error_count, @@warning_count")
        for first in ("set @x = 1", "begin", "do 1", "rollback and chain", "select 1", "set time_zone = '+01:00'"):
            def conversation(one, other):
                return [line for question in questions
                        for line in one.sql("insert into items values (1, 'secret')") + other.sql(first, question, "rollback")]
            with self.subTest(first=first):
                self.same(conversation, clients=2, capabilities=commands.DEFAULT & ~commands.SESSION_TRACK)

    def test_found_rows_are_ones_own(self):
        """Or nobody's: another client may have counted on that connection."""
        for first in ("set @x = 1", "begin", "update shadow set i = 1"):
            with self.subTest(first=first):
                one, other = (self.login(self.peers[1][1]) for _ in range(2))
                one.sql("select id from items")
                other.sql("select id from items limit 1")
                found = one.sql(first, "select found_rows()")[1:]
                self.assertTrue("ROW 3" in found or found[0].startswith("ERR 1235"), found)

    def test_found_rows(self):
        """9: in text and prepared."""
        self.mixed("select sql_calc_found_rows id from items limit 1", "select found_rows()",
                   prepare("select sql_calc_found_rows id from items limit ?"), execute(LAST, [1]), prepare("select found_rows()"), execute(LAST))

    def test_row_count(self):
        """10"""
        self.mixed("update items set note = 'x'", "select row_count()", prepare("select row_count()"), "delete from items where id = 1", execute(LAST),
                   "select 1", "select row_count()", "select row_count() as n", "insert into items (note) values ('r'), ('s')", "select row_count() n")

    def test_warnings(self):
        """29: they belong to the last statement, over connections."""
        self.mixed("do 0/0", "show warnings", "select 1/0", "select @@warning_count", "select 1/0, 2/0", "show count(*) warnings", "show warnings",
                   "select cast('x' as int)", "selec", "show errors", "show count(*) errors", "select 1/0 from items", "show errors", "SHOW WARNINGS")


class Transactions(StateCase):
    def test_statements_of_a_transaction(self):
        """2, 31: one connection, savepoints included; nobody else sees it before COMMIT."""
        self.mixed("begin", "insert into items (note) values ('t')", "savepoint a", "delete from items", "rollback to a", "select count(*) from items",
                   "commit", "select count(*) from items", "start transaction", "delete from items", "rollback", "select count(*) from items",
                   others=1)

    def test_autocommit_off(self):
        """6, 30: a transaction begins with the first table; SET autocommit=1 commits."""
        self.mixed("set autocommit = 0", "select 1", "insert into items (note) values ('off')", "select @@autocommit", "rollback",
                   "insert into items (note) values ('on')", "set autocommit = 1", "select count(*) from items", "set autocommit = 0",
                   "select count(*) from items", "savepoint a", "commit", "begin", "commit", "select @@autocommit", "set autocommit = on", others=1)

    @proxy_only
    def test_a_statement_that_fails_begins_one(self):
        """Without a word of the server's; it keeps its locks, and so the connection, over what says nothing of it either, until its end."""
        def lent():
            return sum(row["sv_active"] for row in self.proxy.console("SHOW POOLS"))

        wire = self.through()
        wire.sql("set autocommit = 0", "insert into items (id, note) values (1, 'twice')", "show warnings")
        self.assertEqual(lent(), 1)
        wire.sql("select 1")
        self.assertEqual(lent(), 1)
        wire.sql("rollback", "show warnings")
        wait_until(lambda: lent() == 0, 5, "the connection is given back")

    def test_characteristics(self):
        """4, 5: of the next one only, or of all."""
        self.mixed("set transaction read only", "begin", "insert into items (note) values ('no')", "commit", "begin", "insert into items (note) values ('yes')",
                   "commit", "set session transaction read only", "insert into items (note) values ('no')", "begin", "delete from items", "rollback",
                   "set session transaction read write, isolation level serializable", "select @@transaction_isolation, @@transaction_read_only",
                   "set transaction isolation level read committed", "begin", "set transaction isolation level read committed", "commit",
                   "start transaction read only", "select count(*) from items", "start transaction read write", "commit work and chain release",
                   "commit and chain", "select @@in_transaction", "rollback and no chain", others=1)

    def test_a_deadlock_and_a_timeout(self):
        """32, 33: 1213 ends the transaction, 1205 the statement."""
        def conversation(one, two):
            heard = one.sql("set innodb_lock_wait_timeout = 5", "begin", "update items set note = 'one' where id = 1")
            heard += two.sql("begin", "update items set note = 'two' where id in (2, 3)", "insert into items (note) values ('weight'), ('weight')")
            blocked = query("update items set note = 'two' where id = 1")
            two.send(blocked)
            wait_until(lambda: self.open_transactions(waiting=True), 10, "it waits")
            heard += one.sql("update items set note = 'one' where id = 2", "select @@in_transaction")
            heard += two.reply(blocked) + two.sql("rollback") + one.sql("rollback")
            heard += two.sql("begin", "update items set note = 'two' where id = 1")
            heard += one.sql("begin", "insert into items (note) values ('kept')", "set innodb_lock_wait_timeout = 0", "update items set note = 'x' where id = 1",
                             "select @@in_transaction", "commit", "select count(*) from items")
            return heard + two.sql("rollback")
        heard = self.same(conversation, clients=2)
        self.assertEqual([line.split()[1] for line in heard if line.startswith("ERR")], ["1213", "1205"], heard)

    def test_xa(self):
        """54: a prepared branch outlives its client."""
        def conversation(one, two):
            heard = one.sql("xa start 'branch'", "insert into items (note) values ('xa')", "xa end 'branch'", "xa prepare 'branch'", "select 1")
            one.close()
            wait_until(lambda: two.sql("xa recover")[1:2] == ["ROW 1|6|0|branch"], 10, "it is listed")
            # MariaDB lists it before InnoDB has taken it from its connection: in between XA COMMIT may do nothing and say OK.
            wait_until(lambda: not self.open_transactions(), 10, "its connection has let it go")
            wait_until(lambda: (heard.extend(two.sql("xa commit 'branch'")), not heard[-1].startswith("ERR 1399") and "XAER_NOTA" not in heard[-1])[1],
                       10, "it can be committed")
            return [line for line in heard if "XAER" not in line] + two.sql("xa recover", "select count(*) from items", "xa start 'b'", "commit", "xa end 'b'",
                                                                           "xa rollback 'b'", "xa commit 'nowhere'")
        self.same(conversation, clients=2)


class ImplicitCommits(StateCase):
    rows = """drop table if exists extra, present;
drop view if exists v, seen;
create table present (i int);
create view seen as select 1;
create or replace table shadow (i int, index there (i));
alter table items drop index if exists note
""" + ";\n" + StateCase.rows

    def test_implicit_commit(self):
        """19: the rows stay, whatever comes later."""
        for ddl in ("create table extra (i int)", "alter table shadow comment 'x'", "create temporary table t (i int)", "truncate table shadow",
                    "drop table if exists present, never", "lock tables items write", "begin", "analyze table items", "set autocommit = 1", "create view v as select 1",
                    "drop view if exists seen", "rename table present to extra", "create index note on items (note)", "drop index there on shadow",
                    "flush tables", "unlock tables", "optimize table shadow", "create or replace table extra (i int)", "drop table present"):
            with self.subTest(ddl=ddl):
                self.mixed("begin", "insert into items (note) values ('kept?')", ddl, "select @@in_transaction", "rollback", "unlock tables",
                           "select count(*) from items", "drop temporary table if exists t", others=1)


class Pins(StateCase):
    def test_temporary_tables(self):
        """11, 12: seen by their client only, in text and prepared; what they hide comes back."""
        self.mixed("create temporary table mine (i int)", "insert into mine values (1), (2)", "select * from mine", prepare("select i from mine"),
                   execute(LAST), "create temporary table shadow (i int)", "insert into shadow values (7)", "select * from shadow",
                   "drop temporary table shadow", "select * from shadow", "create or replace temporary table mine (j int)", "select * from mine",
                   "drop table mine", "select * from mine", others=1)

    def test_locks_by_name(self):
        """17: held until released."""
        def conversation(one, two):
            name = f"'{self.database}'"
            heard = one.sql(f"select get_lock({name}, 1)") + two.sql(f"select is_free_lock({name}), get_lock({name}, 0)")
            for _ in range(20):
                heard += one.sql("select 1") + two.sql(f"select is_free_lock({name})")
            heard += one.sql(f"select release_lock({name})", f"select release_lock({name})") + two.sql(f"select get_lock({name}, 0), release_all_locks()")
            heard += one.sql(f"select get_lock({name}, 0)")
            one.close()
            wait_until(lambda: two.sql(f"select is_free_lock({name})")[1] == "ROW 1", 10, "the lock went with its client")
            return heard
        self.same(conversation, clients=2)

    def test_lock_tables(self):
        """18"""
        self.mixed("lock tables items write, shadow read", "insert into items (note) values ('locked')", "insert into shadow values (1)",
                   "select count(*) from items", "select * from other", "unlock tables", "insert into shadow values (1)", "select count(*) from shadow", others=1)

    def test_prepared_in_text(self):
        self.mixed("prepare p from 'select ? + 1'", "set @v = 4", "execute p using @v", "execute p using @v", "deallocate prepare p", "execute p using @v",
                   others=1)

    def test_a_client_that_leaves_takes_everything_along(self):
        """53: what would be left is named by the next client, on whichever connection."""
        for does, asks in (("create temporary table mine (i int)", "select * from mine"), ("set @left = 1", "select @left"),
                           ("lock tables items write", "insert into items (note) values ('free')"), ("begin; delete from items", "select count(*) from items"),
                           ("select get_lock('left', 0)", "select is_free_lock('left')"), ("set autocommit = 0", "select @@autocommit"),
                           ("prepare p from 'select 1'", "execute p"), ("handler items open", "handler items read first"),
                           ("set sql_mode = ''", "select @@sql_mode = ''"), ("xa start 'left'", "begin"), ("set names latin1", "select @@character_set_client"),
                           ("select last_insert_id(99)", "select last_insert_id()"), ("set transaction read only", "select @@in_transaction; begin; delete from items; rollback")):
            for how in ("close", "abort"):
                with self.subTest(does=does, how=how):
                    def conversation(port, does=does, asks=asks, how=how):
                        leaving = self.login(port)
                        heard = leaving.sql(does)
                        getattr(leaving, how)()
                        self.wait_until_clean()
                        for _ in range(3):
                            with self.login(port) as later:
                                heard += later.sql(asks)
                        return masked(heard)
                    self.same_at(conversation)


class Gtid(StateCase):
    def test_the_position_is_told_to_those_who_asked(self):
        """28: `last_gtid`, when it is among the tracked variables."""
        heard = self.same(lambda wire: wire.sql("set session_track_system_variables = 'last_gtid'", "insert into items (note) values ('g')", "begin",
                                                "delete from items where id = 1", "commit", "select @@last_gtid <> ''"), with_gtid=True)
        self.assertEqual(len([line for line in heard if "last_gtid=GTID" in line]), 2, heard)
        self.same(lambda wire: wire.sql("set session_track_system_variables = ''", "insert into items (note) values ('g')", "set time_zone = '+01:00'"),
                  with_gtid=True)
