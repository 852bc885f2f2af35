"""The base of the tests of a sharded database over MySQL's protocol: what one plain server says, two shards say.

The rows of `items` with the keys here (of shard_0) and there (of shard_1) are written anew before each conversation, by it.
"""
import re

from support import mysql_shardway
from support.mysql_case import MysqlCase
from support.servers import wait_until

HERE, THERE = 3, 1       # CRC32 puts them on the first and on the second shard
SCHEMA = """create table items (id bigint primary key, note varchar(40), n int not null default 0);
create table parts (id bigint, part int, what varchar(40), primary key (id, part));
create table places (code varchar(2) primary key, name varchar(40));
create table logs (entry int auto_increment primary key, what varchar(40));
create table codes (code varchar(20) character set utf8mb4 collate utf8mb4_bin primary key, note varchar(40))"""
TABLES = [{"name": "items", "key": "id", "type": "bigint"}, {"name": "parts", "key": "id", "type": "bigint"},
          {"name": "places", "kind": "reference"}, {"name": "logs", "kind": "single", "shard": "shop_0"},
          {"name": "codes", "key": "code", "type": "varchar"}]


def without_what_one_server_knows(line):
    """Not told on a sharded database: what session tracking says of a transaction; and in an EOF, what flags were known when."""
    line = re.sub(r" \[(transaction|characteristics)=[^\]]*\]", "", line)
    return line.replace("|no_index", "") if line.startswith("EOF") else line


class MysqlShardedCase(MysqlCase):
    schema = SCHEMA
    tables = TABLES

    @classmethod
    def configure(cls, config):
        config["database"] = [mysql_shardway.sharded_database(cls.cluster, cls.tables, cls.database, pool=cls.pool, reads=cls.reads)]

    def begin_with_rows(self, wire):
        """Statements of one shard each; what they answer is not part of the conversation."""
        wire.sql(*[f"delete from items where id = {key}" for key in (HERE, THERE, 103, 101)],
                 *[f"delete from parts where id = {key}" for key in (HERE, THERE)], "delete from places",
                 f"insert into items (id, note) values ({HERE}, 'here')", f"insert into items (id, note) values ({THERE}, 'there')",
                 "insert into places values ('de', 'Germany'), ('fr', 'France')")

    def same(self, conversation, clients=1, **how):
        def with_rows(*wires):
            self.begin_with_rows(wires[0])
            return [without_what_one_server_knows(line) for line in conversation(*wires)]
        return super().same(with_rows, clients, **how)

    def refused(self, wire, sql, *words):
        """1235, with these words in its message, and the connection lives."""
        heard = wire.sql(sql)
        self.assertTrue(heard[0].startswith("ERR 1235"), heard)
        for word in words:
            self.assertIn(word, heard[0])
        self.assertEqual(wire.sql("select 1")[1], "ROW 1")

    def on_shards(self, sql):
        """The rows of each shard's primary, asked directly."""
        return [shard.primary.query(sql, database=self.database) for shard in self.cluster.shards]

    def prepared(self):
        return [row for rows in self.on_shards("xa recover") for row in rows]

    def wait_until_nothing_is_prepared(self, seconds=20):
        wait_until(lambda: not self.prepared(), seconds, "nothing is prepared any more", pause=0.1)
