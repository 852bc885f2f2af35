"""The base of most end-to-end tests: one shardway for a test class, on databases of its own.

    class Inserts(ProxyCase):
        tables = [{"name": "orders", "key": "id", "type": "bigint"}]
        schema = "create table orders(id bigint primary key, note text)"

        def test_one_row(self):
            self.proxy.query("insert into orders values (42, 'x')")
            self.assertEqual(self.on_shards("select id from orders"), [[], [(42,)]])

Databases: `shop` is sharded over all shards, `plain` is unsharded (the plain server, to compare with).
"""
import contextlib
import re
import unittest

from support import servers, shardway


class ProxyCase(unittest.TestCase):
    tables = []            # [[database.table]] of `shop`
    schema = ""            # DDL run on every shard and on the plain server, directly
    settings = {}          # keys of [shardway]
    pool = {}              # keys of [database.pool]
    reads = {}             # keys of [database.reads] of `shop`
    sharding = {}          # keys of [database.sharding]

    @classmethod
    def configure(cls, config):
        """Change the configuration dict before the start."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(servers.shared(shards=2, replicas=1, plain=True))
        cls.server_database = re.sub(r"\W", "_", f"{cls.__module__}_{cls.__name__}").lower()[:60]
        cls.cluster.create_database(cls.server_database)
        cls.addClassCleanup(cls.cluster.drop_database, cls.server_database)
        cls.run_everywhere(cls.schema)
        config = shardway.base_config(cls.cluster, **cls.settings)
        config["database"] = [
            shardway.sharded_database(cls.cluster, cls.tables, server_database=cls.server_database, pool=cls.pool,
                                      reads=cls.reads, sharding=cls.sharding),
            shardway.unsharded_database(cls.cluster, server_database=cls.server_database, pool=cls.pool)]
        cls.configure(config)
        cls.proxy = shardway.Proxy(config).start()
        cls.addClassCleanup(cls.proxy.stop)

    @classmethod
    def run_everywhere(cls, sql):
        """Directly on every primary and the plain server, as the application's user."""
        if sql:
            for node in cls.cluster.primaries:
                node.query(sql, dbname=cls.server_database, user=servers.APP)
            for shard in cls.cluster.shards:
                shard.wait_for_replicas()

    def on_shards(self, sql, parameters=None):
        """The rows each shard's primary has, asked directly: one list per shard."""
        return [shard.primary.query(sql, parameters, dbname=self.server_database) for shard in self.cluster.shards]

    def on_plain(self, sql, parameters=None):
        """The rows the plain server gives."""
        return self.cluster.plain.query(sql, parameters, dbname=self.server_database)

    def connect(self, **overrides):
        """A connection to `shop` through the proxy that is closed at the end of the test."""
        connection = self.proxy.connect(**overrides)
        self.addCleanup(connection.close)
        return connection

    @contextlib.contextmanager
    def refused(self, sqlstate="0A000", containing=""):
        """The statement inside must fail with this SQLSTATE and a message (or hint) containing the text."""
        with self.assertRaises(shardway.psycopg.Error) as caught:
            yield caught
        error = caught.exception
        self.assertEqual(error.sqlstate, sqlstate, str(error))
        said = f"{error.diag.message_primary}\n{error.diag.message_detail}\n{error.diag.message_hint}"
        self.assertIn(containing, said)
