"""Behaviours 8, 13, 15 and 17 where servers' session tracking does not report what a statement leaves behind: it is its client's all the
same, on whichever connection, and nobody else's. MariaDB 10.11 does not report `SET @@name = …`, the collation of SET NAMES, what a trigger
or a function does, nor the last value of a sequence."""
from support.mysql_behaviour import ITEMS, BehaviourCase, rows
from support.servers import wait_until


class Untold(BehaviourCase):
    schema = ITEMS + """;
create table watched (i int);
create trigger watching before insert on watched for each row set @told = new.i;
create function takes_lock(name text) returns int return get_lock(name, 0);
create sequence numbers
"""

    def stays_with_its_client(self, does, asks, fresh):
        """What the client hears to its question is the same on both server connections; others hear what is fresh, also when it has left."""
        client, other = self.client(), self.client()
        client.sql(does)
        expected = rows(client.sql(asks))
        self.assertNotEqual(expected, [fresh])
        heard, others, later = [], [], []
        for _ in range(2):
            others += rows(self.ask_in_time(other, asks))
            self.hop()
        for _ in range(2):
            heard += rows(client.sql(asks))
            self.hop()
        self.let_go()
        client.close()
        gone = client.greeting.connection_id   # of the server's numbers only where there is nothing in between
        wait_until(lambda: self.proxy or gone not in [number for number, *_ in self.server_connections()], 10, "it has left")
        for _ in range(2):
            with self.client() as one:
                later += rows(one.sql(asks))
            self.hop()
        self.let_go()
        self.assertEqual({"itself": heard, "another": others, "later": later}, {"itself": expected * 2, "another": [fresh] * 2, "later": [fresh] * 2})

    def test_08_the_last_value_of_a_sequence(self):
        self.stays_with_its_client("select nextval(numbers)", "select lastval(numbers)", "NULL")

    def test_13_a_user_variable_set_by_a_trigger(self):
        self.stays_with_its_client("insert into watched values (5)", "select @told", "NULL")

    def test_15_settings_without_a_scope(self):
        usual = self.client()
        for name, value in {"time_zone": "'+01:00'", "sql_mode": "'ANSI_QUOTES'", "foreign_key_checks": "0", "autocommit": "0",
                            "character_set_client": "gbk", "sql_select_limit": "7", "group_concat_max_len": "9"}.items():
            with self.subTest(variable=name):
                fresh, = rows(usual.sql(f"select @@global.{name}"))
                self.stays_with_its_client(f"set @@{name} = {value}", f"select @@{name}", fresh)

    def test_15_a_collation_beside_the_names(self):
        self.stays_with_its_client("set names latin1 collate latin1_german2_ci", "select @@collation_connection", "utf8mb4_general_ci")

    def test_17_a_lock_taken_in_a_function(self):
        name = f"'{self.database}'"
        self.stays_with_its_client(f"select takes_lock({name})", f"select ifnull(is_used_lock({name}) = @@pseudo_thread_id, 0)", "0")
