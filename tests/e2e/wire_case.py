"""The same conversation with a plain server, with an unsharded database of the proxy and with a sharded one.

The plain server is asked directly first; what it says is what the proxy has to say. Tables are emptied in between, so that
every conversation begins with the same rows: `items` 1 to 8, of which `self.here` and `self.there` are on different shards.
"""
from support.case import ProxyCase
from support.servers import SUPERUSER, wait_until
from wire import Wire

SCHEMA = """
create table items(id bigint primary key, note text, amount int check (amount < 1000));
create table countries(code text primary key, name text not null);
create table log(id int primary key, entry text);
"""
ROWS = """
set lock_timeout = '5s';
delete from items; delete from countries; delete from log;
insert into items select i, 'note ' || i, i * 10 from unnest('{%s}'::int[]) i
"""


class WireCase(ProxyCase):
    schema = SCHEMA
    tables = [{"name": "items", "key": "id", "type": "bigint"}, {"name": "countries", "kind": "reference"},
              {"name": "log", "kind": "single", "shard": "shop_0"}]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        keys = cls.cluster.plain.query(
            "select array_agg(i order by i) from generate_series(1, 8) i group by (hashint8extended(i, 0) & 16383) < 8192"
            " order by (hashint8extended(i, 0) & 16383) < 8192 desc")
        cls.keys_of = [keys[0][0], keys[1][0]]      # per shard
        cls.fillers = [cls.enterClassContext(node.connect(user=SUPERUSER, dbname=cls.server_database))
                       for node in cls.cluster.primaries]
        cls.here, cls.there = keys[0][0][0], keys[1][0][0]
        cls.here_too, cls.there_too = keys[0][0][1], keys[1][0][1]

    def setUp(self):
        self.fill()

    def fill(self):
        """The rows every conversation begins with, each shard with its own."""
        for connection, keys in zip(self.fillers, [*self.keys_of, range(1, 9)]):
            connection.execute(ROWS % ",".join(map(str, keys)))

    def direct(self, **parameters):
        """A connection straight to the plain server."""
        wire = Wire.login(self.cluster.plain.port, "app", self.cluster.passwords["app"], self.server_database, **parameters)
        self.addCleanup(wire.close)
        return wire

    def through(self, database="shop", proxy=None, **parameters):
        proxy = proxy or self.proxy
        wire = Wire.login(proxy.port, "app", self.cluster.passwords["app"], database, **parameters)
        self.addCleanup(wire.close)
        return wire

    def same(self, conversation, databases=("plain", "shop"), **parameters):
        """conversation(wire) returns what was heard; it has to be the same everywhere. Returns it."""
        self.fill()
        with self.direct(**parameters) as wire:
            expected = conversation(wire)
        for database in databases:
            with self.subTest(database=database):
                self.fill()
                with self.through(database, **parameters) as wire:
                    self.assertEqual(conversation(wire), expected)
        return expected

    def items(self):
        """All rows of `items`, from both shards."""
        return sorted(row for rows in self.on_shards("select id, note, amount from items") for row in rows)

    def open_transactions(self):
        """Server connections of this test's database that are in a transaction, or busy, on any server."""
        return [row for node in self.cluster.primaries for row in node.query(
            "select pid, state, query from pg_stat_activity where datname = %s and usename = 'app'"
            " and backend_type = 'client backend' and state <> 'idle'", (self.server_database,))]

    def wait_until_idle(self, seconds=10):
        wait_until(lambda: not self.open_transactions(), seconds, "no server connection is busy or in a transaction")

    def errors_in(self, transcript):
        return [line for line in transcript if line.startswith("E ")]
