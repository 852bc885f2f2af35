"""The base of the tests of the 55 behaviours that a transparent proxy has to get right: clients that are in each other's way.

A test says what is heard, in words, so that `run.py --direct` asks a plain server whether that is right: `client()` is a client of
Shardway, or with --direct of the server. Shardway has two server connections; `hop()` sees to it that what a client says next does not
run on the one it had before.
"""
import contextlib

from mysql_commands import query
from mysql_pending import PENDING
from mysql_wire import WireClosed
from support.mysql_case import IS_DIRECT, MysqlCase, proxy_only
from support.servers import wait_until

ITEMS = """create table items (id int primary key auto_increment, note varchar(100));
create table shadow (i int)
"""
THREE_ITEMS = """delete from items;
alter table items auto_increment = 100;
insert into items values (1, 'one'), (2, 'two'), (3, 'three');
delete from shadow;
insert into shadow values (0)
"""


def rows(heard):
    """Of what was heard, the rows' values."""
    return [line[4:] for line in heard if line.startswith("ROW ")]


def errors(heard):
    """And the errors' codes."""
    return [line.split()[1] for line in heard if line.startswith("ERR ")]


class BehaviourCase(MysqlCase):
    pool = {"size": 2, "queue_timeout": "10s"}
    schema, rows = ITEMS, THREE_ITEMS

    not_yet = None         # the reason of a class that is in PENDING: its tests are skipped before its Shardway is started

    @classmethod
    def setUpClass(cls):
        cls.not_yet = None if IS_DIRECT else PENDING.get(f"{cls.__module__}.{cls.__qualname__}")
        if not cls.not_yet:
            super().setUpClass()

    def setUp(self):
        if self.not_yet:
            self.skipTest(f"not yet: {self.not_yet}")
        super().setUp()
        self.fill()
        self._free = self._holding = None
        self._is_held = False

    @property
    def port(self):
        return self.proxy.mysql_port if self.proxy else self.cluster.plain.port

    def client(self, **how):
        return self.login(self.port, **how)

    def hop(self):
        """Of two server connections one is held by a client of the test's own, now the one that was free until now."""
        if self._free is None:
            self._free, self._holding = self.client(), self.client()
            self._free.sql("set autocommit = 0")
            self._holding.sql("set autocommit = 0")
            self._hold()
        self._hold()

    def _hold(self):
        hold = query("select count(*) from items")
        self._free.send(hold)
        if not self._free.has_input(0.2):   # the other connection is pinned, to a client of the test: then it stays where it is
            self.let_go()
        self._free.reply(hold)
        self.let_go()
        self._free, self._holding, self._is_held = self._holding, self._free, True

    def let_go(self):
        """Nobody holds a connection any more."""
        if self._is_held:
            self._holding.sql("rollback")
            self._is_held = False

    def ask_in_time(self, client, sql):
        """One statement of a client that may have to wait, because another is pinned and the second connection is held: then it is let go."""
        client.send(query(sql))
        if not client.has_input(0.2):
            self.let_go()
        return client.reply(query(sql))

    def hopping(self, client, *statements):
        """Each is asked on another server connection than the one before, if the client is not bound to one."""
        heard = []
        for statement in statements:
            heard += client.ask(statement) if isinstance(statement, bytes) else client.sql(statement)
            self.hop()
        return heard

    def heard_or_closed(self, client, *statements):
        """What is heard; the last line is "closed" if the other side hangs up."""
        heard = []
        try:
            for statement in statements:
                heard += client.ask(statement) if isinstance(statement, bytes) else client.sql(statement)
        except (WireClosed, ConnectionError):
            heard.append("closed")
        return heard

    def kill_server_connections(self, more=""):
        """Those of this class's database on the plain server, as an administrator would; until they are gone."""
        with self.plain_connection().cursor() as cursor:
            for number, *_ in self.server_connections(more):
                with contextlib.suppress(Exception):   # it went by itself
                    cursor.execute(f"kill {number}")
        wait_until(lambda: not self.server_connections(more), 10, "they are gone")

    def wait_for_statement(self, beginning):
        """Until a server runs a statement that begins so."""
        wait_until(lambda: self.server_connections(f" and info like '{beginning}%%'"), 10, f"{beginning} runs")


@proxy_only
class TwoNodesCase(BehaviourCase):
    """The database is the first shard's: a primary, and a replica that follows by GTID."""
    reads = {"from": "replicas", "consistency": "session"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not cls.not_yet:
            cls.shard = cls.cluster.shards[0]
            cls.primary_id, cls.replica_id = (str(node.value("select @@server_id")) for node in (cls.shard.primary, cls.shard.replicas[0]))

    @classmethod
    def configure(cls, config):
        first = config["database"][0]
        first["reads"] = cls.reads
        first["server_tls"] = {"mode": "off"}   # a Cutter has to be able to read
        first["shard"][0]["nodes"] = [node.address for node in cls.nodes()]
        config["database"] = [first]

    @classmethod
    def nodes(cls):
        return cls.cluster.shards[0].nodes

    def setUp(self):
        super().setUp()
        wait_until(lambda: rows(self.client().sql("select @@server_id")) == [self.replica_id], 30, "reads go to the replica", pause=0.1)

    def fill(self):
        self.run_script(self.cluster.shards[0].primary, self.rows)
        self.cluster.shards[0].wait_for_replicas()

    def missed(self, writer, reader, count):
        """The keys of rows that are written and not seen by the reader, while the replica is two seconds late."""
        self.addCleanup(self.delay, 0)
        self.delay(2)
        missed = []
        for key in range(1000, 1000 + count):
            writer.sql(f"insert into items values ({key}, 'new')")
            if rows(reader.sql(f"select note from items where id = {key}")) != ["new"]:
                missed.append(key)
        return missed

    def delay(self, seconds):
        for statement in ("stop slave", f"change master to master_delay = {seconds}", "start slave"):
            self.shard.replicas[0].query(statement)
