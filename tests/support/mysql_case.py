"""The base of the end-to-end tests that speak MySQL: the same conversation with a plain MariaDB and through Shardway.

    class Queries(MysqlCase):
        schema = "create table t (i int primary key)"

        def test_insert(self):
            self.same(lambda wire: wire.sql("insert into t values (1)", "select i from t"))

Databases of `self.proxy`: one called as the class's database on the servers, of the plain server alone, and `replicated`, of the
first shard with its replica. $SHARDWAY_TEST_DIRECT (run.py --direct) leaves the proxy out: then only the plain server is asked,
to see whether what the tests expect is what a server does.
"""
import os
import re
import unittest

from mysql_pending import PENDING
from mysql_wire import Wire, masked
from support import mariadb, mysql_shardway
from support.mariadb import APP, SUPERUSER
from support.servers import wait_until

IS_DIRECT = bool(os.environ.get("SHARDWAY_TEST_DIRECT"))


def proxy_only(test):
    """A test that asks Shardway only, because a plain server has nothing to compare with."""
    return unittest.skipIf(IS_DIRECT, "--direct: this one asks the proxy only")(test)


def as_of_old(heard):
    """Of the EOF behind the definitions only what lasts: of the statement itself a server that tells it in the last one alone has
    said nothing there yet. And what it has told with rows it does not tell again with the next OK."""
    lines, before = [], ""
    for line in heard:
        if before.startswith("COLUMNS") and line.startswith("EOF"):
            line = re.sub(r"\|(no_index|more|out_params)", "", line)
        lines.append(re.sub(r" \[transaction=\w+\]", "", line) if line.startswith("OK") else line)
        before = line
    return lines


class MysqlCase(unittest.TestCase):
    schema = ""            # statements, run on every primary and on the plain server, directly
    rows = ""              # statements, run on the plain server before every conversation
    settings = {}          # keys of [shardway]
    pool = {}              # keys of [database.pool]
    reads = {}             # keys of [database.reads] of `replicated`
    maxDiff = None

    @classmethod
    def configure(cls, config):
        """Change the configuration dict before the start."""

    @classmethod
    def servers(cls):
        """A context: the cluster."""
        return mariadb.shared(shards=2, replicas=1, plain=True, tls=True)

    @classmethod
    def setUpClass(cls):
        reason = None if IS_DIRECT else mysql_shardway.why_not_served()
        if reason:
            raise unittest.SkipTest(f"MySQL is not served yet ({reason})")
        cls.cluster = cls.enterClassContext(cls.servers())
        cls.database = re.sub(r"\W", "_", f"{cls.__module__}_{cls.__name__}").lower()[:60]
        cls.cluster.create_database(cls.database)
        cls.addClassCleanup(cls.cluster.drop_database, cls.database)
        for node in cls.cluster.primaries:
            cls.run_script(node, cls.schema)
        cls.proxy = None
        if not IS_DIRECT:
            config = mysql_shardway.base_config(cls.cluster, **cls.settings)
            config["database"] = [
                mysql_shardway.unsharded_database(cls.cluster, cls.database, pool=cls.pool),
                mysql_shardway.unsharded_database(cls.cluster, "replicated", nodes=[cls.cluster.shards[0].primary], pool=cls.pool,
                                                  reads=cls.reads, server_database=cls.database)]
            cls.configure(config)
            cls.proxy = mysql_shardway.Proxy(config).start()
            cls.addClassCleanup(cls.proxy.stop)

    def setUp(self):
        reason = PENDING.get(self.id())
        if reason and not IS_DIRECT:
            self.skipTest(f"not yet: {reason}")

    @classmethod
    def run_script(cls, node, script):
        """Statements separated by `;` at line ends, as the application's user."""
        statements = [statement for statement in re.split(r";\s*(?:\n|$)", script) if statement.strip()]
        if statements:
            with node.connect(user=APP, database=cls.database) as connection, connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

    # -- two peers -----------------------------------------------------------------------------------------------------

    def login(self, port, user=APP, database=None, **how):
        how.setdefault("password", self.cluster.passwords.get(user, ""))
        wire = Wire.login(port, user, database=self.database if database is None else database, **how)
        self.addCleanup(wire.close)
        return wire

    def direct(self, **how):
        """A connection straight to the plain server."""
        return self.login(self.cluster.plain.port, **how)

    def through(self, **how):
        return self.login(self.proxy.mysql_port, **how)

    @property
    def peers(self):
        """(name, port): the plain server first, then the proxy; without one the plain server again, to find what differs by itself."""
        return [("direct", self.cluster.plain.port), ("proxy", self.proxy.mysql_port) if self.proxy else ("again", self.cluster.plain.port)]

    def same(self, conversation, clients=1, mask_ids=False, with_gtid=False, **how):
        """conversation(wire, ...) returns what was heard by so many clients; it has to be the same everywhere. Returns it."""
        def talk(port):
            wires = [self.login(port, **how) for _ in range(clients)]
            try:
                return masked(conversation(*wires), wires if mask_ids else (), with_gtid)
            finally:
                for wire in wires:
                    wire.close()
                self.wait_until_clean()
        return self.same_at(talk)

    def same_at(self, ask):
        """ask(port) has to return the same for both peers."""
        expected = None
        for name, port in self.peers:
            self.fill()
            heard = ask(port)
            if name == "direct":
                expected = heard
            else:
                with self.subTest(peer=name):
                    self.assertEqual(heard, expected)
        return expected

    def fill(self):
        self.run_script(self.cluster.plain, self.rows)

    # -- what is on the servers ----------------------------------------------------------------------------------------

    def on_plain(self, sql, parameters=None):
        """The rows the plain server gives, asked directly."""
        return self.cluster.plain.query(sql, parameters, database=self.database)

    def plain_connection(self, **overrides):
        """A pymysql connection of the superuser straight to the plain server."""
        connection = self.cluster.plain.connect(**{"user": SUPERUSER, "database": self.database, **overrides})
        self.addCleanup(self._close, connection)
        return connection

    @staticmethod
    def _close(connection):
        if connection.open:
            connection.close()

    def server_connections(self, more=""):
        """Those of this class's database on the plain server: (id, command, state, statement)."""
        return self.on_plain("select id, command, state, info from information_schema.processlist where db = %s and user not in ('root', 'shardway')"
                             + more, [self.database])

    def open_transactions(self, waiting=False):
        """Threads of this class's database that have a transaction open (or wait for a lock in it). innodb_trx would not do: it shows
        an old state as long as it is asked more often than every 100 ms."""
        status = self.on_plain("show engine innodb status")[0][2]
        found = re.findall(r"^---TRANSACTION \d+, ACTIVE.*?(?=^---|\Z)", status, re.MULTILINE | re.DOTALL)
        threads = {int(re.search(r"thread id (\d+)", text)[1]) for text in found if "thread id" in text and (not waiting or "LOCK WAIT" in text)}
        return [number for number, *_ in self.server_connections() if number in threads]

    def wait_until_clean(self, seconds=10):
        """Until no server connection of this database runs a statement or has a transaction open."""
        wait_until(lambda: not self.open_transactions() and not self.server_connections(" and command <> 'Sleep'"), seconds,
                   "no server connection is busy or in a transaction", pause=0.02)
