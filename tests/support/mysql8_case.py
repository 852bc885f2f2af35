"""The base of the tests that put Shardway in front of the scripted MySQL 8 (mysql8_server.py): a primary and a replica.

Databases of `self.proxy`: `shop`, of the primary alone, in clear; `secure`, the same by TLS; `replicated`, of both, with reads from the replica;
`sharded`, over the primary and a second one, `other`.
"""
import pathlib
import shutil
import tempfile
import types
import unittest

from support import mysql_shardway, servers, shardway
from support.mysql8_connection import Native
from support.mysql8_results import Column, Result, number
from support.mysql8_server import Mysql8Server
from support.mysql_case import MysqlCase, proxy_only
from support.servers import APP, CONTROL, wait_until

# Each is known to the servers by another name for Shardway than the clients': whoever logs in there is Shardway.
PASSWORDS = {user: f"secret of {user}" for user in (APP, CONTROL, "app_ed25519", "by_rsa", "by_tls", "second", "asks", "wrong")}
OLD = "by_native"
TABLES = [{"name": "orders", "key": "id", "type": "bigint"}]
HERE, THERE = 3, 1       # keys of the first and of the second shard
ORDERS = [["orders", "id", "bigint", 0, 1, 0, 0, None, None, "", 0, 0, 0, 0],
          ["orders", "note", "varchar(40)", 0, 0, 0, 0, "utf8mb4_0900_ai_ci", "utf8mb4", "", 0, 0, 0, 0]]
COLLATIONS = {"utf8mb4_0900_ai_ci": 255, "utf8mb4_0900_as_ci": 305, "utf8mb4_0900_as_cs": 278, "utf8mb4_0900_bin": 309}


@proxy_only
class Mysql8Case(MysqlCase):
    version = "8.0.40"

    @classmethod
    def setUpClass(cls):
        reason = mysql_shardway.why_not_served()
        if reason:
            raise unittest.SkipTest(f"MySQL is not served yet ({reason})")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="shardway-mysql8-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        servers.make_certificates(cls.folder)
        users = {**PASSWORDS, OLD: Native("secret of the old way")}
        cls.primary = cls.enterClassContext(Mysql8Server(users, tls=cls.folder, version=cls.version))
        cls.replica = cls.enterClassContext(Mysql8Server(users, tls=cls.folder, version=cls.version, source=cls.primary))
        cls.other = cls.enterClassContext(Mysql8Server(users, tls=cls.folder, version=cls.version))
        for server in cls.servers():
            server.results = {
                "select name from words": Result([Column(name, collation=one) for name, one in COLLATIONS.items()],
                                                 [["Ärger", "straße", "\N{PILE OF POO}", None]]),
                "select ? as said, ? as counted": Result([Column("said"), number("counted")], lambda said, counted: [[said, counted]]),
            }
            server.catalog = {"COLUMNS": ORDERS, "STATISTICS": [["orders", "PRIMARY", "id", 0]]}
        cls.cluster = types.SimpleNamespace(passwords={**users}, plain=cls.primary, folder=cls.folder)
        cls.database = "shop"
        config = mysql_shardway.base_config(cls.cluster, **cls.settings)
        config["user"] += [{"name": user, "password": password} for user, password in users.items()
                           if user not in {known["name"] for known in config["user"]} | {CONTROL}]
        clear, secure = {"server_tls": {"mode": "off"}}, {"server_tls": {"mode": "require"}}
        config["database"] = [
            mysql_shardway.unsharded_database(cls.cluster, "shop", pool=cls.pool, **clear),
            mysql_shardway.unsharded_database(cls.cluster, "secure", pool=cls.pool, server_database="shop", **secure),
            mysql_shardway.unsharded_database(cls.cluster, "replicated", nodes=[cls.primary, cls.replica], pool=cls.pool, server_database="shop",
                                              reads={"from": "replicas", "consistency": "session"}, **clear),
            cls.sharded(clear)]
        cls.configure(config)
        cls.proxy = mysql_shardway.Proxy(config).start()
        cls.addClassCleanup(cls.proxy.stop)

    @classmethod
    def servers(cls):
        return [cls.primary, cls.replica, cls.other]

    @classmethod
    def sharded(cls, more):
        nodes = [types.SimpleNamespace(name=name, addresses=[server.address]) for name, server in (("first", cls.primary), ("second", cls.other))]
        return {**shardway.sharded_database(types.SimpleNamespace(shards=nodes, passwords=PASSWORDS), TABLES, "sharded", server_database="shop",
                                            pool=cls.pool, **more), "protocol": "mysql"}

    def setUp(self):
        super().setUp()
        for server in self.servers():
            server.forget_passwords()
            server.unscripted.clear()
            server.refused.clear()

    def tearDown(self):
        """Whatever was asked of a server is something MySQL 8 has."""
        for server in self.servers():
            self.assertEqual(server.unscripted, [])
            self.assertEqual([one for one in server.refused if one not in self.expected_errors], [])

    expected_errors = ()

    def wait_until_clean(self, seconds=10):
        pass

    def roles(self, database="replicated"):
        """As the control lane sees them, by address."""
        return {node["address"]: node["role"] for node in self.proxy.console("SHOW NODES") if node["database"] == database}

    def wait_for_roles(self, primary, replica):
        wait_until(lambda: self.roles() == {primary.address: "primary", replica.address: "replica"}, 20, "it is known who is who", pause=0.05)
