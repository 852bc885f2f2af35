"""Defaults that would be other values on each shard: a column's own, its domain's, and those of functions that count."""
from support.servers import APP, SUPERUSER
from wire_case import WireCase

SCHEMA = """
create sequence numbers;
create function counted() returns int language plpgsql as 'begin return nextval(''numbers''); end';
create function counted_too() returns int language sql as 'select counted() + 1';
create function plain_one() returns int language sql as 'select 1';
create domain number as int default nextval('numbers');
create domain inner_number as number;
create table by_function(id bigint primary key, n int default counted_too());
create table by_plain(id bigint primary key, n int default plain_one());
create table by_domain(id int primary key, n inner_number);
create table last_ones(id int primary key, n bigint default lastval());
create table current_ones(id bigint primary key, n bigint default currval('numbers'));
"""


class Defaults(WireCase):
    schema = WireCase.schema + SCHEMA
    tables = [*WireCase.tables, *({"name": name, "key": "id", "type": "bigint"} for name in ("by_function", "by_plain", "stamps", "moments", "current_ones")),
              {"name": "by_domain", "kind": "single", "shard": "shop_1"}, {"name": "last_ones", "kind": "single", "shard": "shop_0"}]

    def check_refused(self, word, *statements):
        for sql in statements:
            with self.subTest(sql=sql), self.through() as wire:
                errors = self.errors_in(wire.sql(sql))
                self.assertTrue(errors and errors[0].startswith("E ERROR 0A000"), errors)
                self.assertIn(word, errors[0])

    def check_same(self, *statements):
        for connection in self.fillers:
            connection.execute("truncate last_ones")
        return self.same(lambda wire: [line for sql in statements for line in wire.sql(sql)], databases=("shop",))

    def test_numbers_by_functions_and_domains(self):
        self.check_refused("takes its values from a sequence", f"insert into by_function(id) values ({self.here})",
                           "select * from by_function", "insert into by_domain(id) values (1) returning n", "select n from current_ones")
        self.assertEqual(self.through().sql(f"insert into by_plain(id) values ({self.there}) returning n")[1:], ["D 1", "C INSERT 0 1", "Z I"])

    def test_domains_made_through_shardway(self):
        self.check_refused("each shard would count by itself", "create domain other as int default nextval('numbers')", "create domain other as int default counted()",
                           "begin; create domain other as int; alter domain other set default nextval('numbers')", "alter domain number set default lastval()")
        self.check_refused("takes its values from a sequence", "alter table items add column n inner_number", "alter table items alter amount type number",
                           "create table stamps(id bigint primary key, n number)", "alter table items add column n int default 1 + nextval('numbers')")
        self.check_refused("lastval()", "alter table log add column n bigint default lastval()")

    def test_what_the_connection_did_before(self):
        self.through().sql("select nextval('numbers')")
        self.check_refused("another client's connection", "insert into last_ones(id) values (1)", "insert into last_ones values (1)", "insert into last_ones values (1, default)",
                           "insert into last_ones values (1, 1) on conflict (id) do update set n = default", "update last_ones set n = default",
                           "with new as (insert into last_ones(id) values (1) returning id) select 1", "copy last_ones(id) from stdin")
        self.check_same("insert into last_ones values (1, 5)", "update last_ones set n = 6", "insert into last_ones(n, id) select 1, 2", "select * from last_ones")
        self.check_same("begin", "select nextval('numbers') > 0", "insert into last_ones(id) values (1) returning n = currval('numbers')", "commit")

    def test_the_time_by_a_domain(self):
        """Types with one number on both shards, as on servers made alike."""
        nodes = self.cluster.primaries
        numbers = [node.query("select lo_create(0)::int8", user=SUPERUSER)[0][0] for node in nodes]
        for node, number in zip(nodes, numbers):
            node.query("select count(lo_create(0)) from generate_series(1, %s)", [max(numbers) - number], user=SUPERUSER)
        for node in nodes:
            node.query("create domain stamp as timestamptz default now(); create table moments(id bigint primary key, at stamp)", dbname=self.server_database, user=APP)
        self.through().sql("comment on table items is 'read again'")
        heard = self.same(lambda wire: [line for sql in ("begin", f"insert into moments(id) values ({self.here}) returning at = now()", f"insert into moments(id) values ({self.there}) returning at = now()",
                                                         f"select at = now() from moments where id = {self.there}", "rollback") for line in wire.sql(sql)], databases=("shop",))
        self.assertEqual([line for line in heard if line.startswith("D")], ["D t", "D t", "D t"])
