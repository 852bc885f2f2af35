"""The servers of the differential test in MySQL's dialect: one plain MariaDB, Shardway with one shard, Shardway with three, all with the
same rows.

What a statement left is read directly on the servers, also before its transaction ends: dirty reads need nothing of Shardway.
"""
import contextlib
import itertools

from mysql_commands import DEFAULT, FOUND_ROWS, query
from mysql_conversation import Conversation, exchange, is_gone
from mysql_schema import KEYS, REFERENCES, SINGLES, SLOTS, TABLES, configured_tables, slot_of, slot_of_row, statements
from mysql_keeper import Keeper
from support import mariadb, mysql_shardway, servers, shardway

PLAIN, ONE, SHARD = "judge_p", "judge_o", "judge_s"     # of one length, as lengths are in the answers; the first two on one server
SHARDS = 3
DATABASES = {"plain": PLAIN, "one": ONE, "three": SHARD}
LATIN1 = 8
_DIRECT = ("set session transaction isolation level read uncommitted", "set foreign_key_checks = 0, sql_mode = '', lock_wait_timeout = 20,"
           " innodb_lock_wait_timeout = 20")


class World:
    def __init__(self, shards="both", is_crowded=False):
        self._stack, self.direct, self.wires = contextlib.ExitStack(), {}, {}
        self._is_crowded, self._others, self._turns = is_crowded, {}, itertools.count()
        self.targets = ("plain", *(() if shards == "3" else ("one",)), *(() if shards == "1" else ("three",)))
        self._login = frozenset()
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        self.cluster = self._stack.enter_context(mariadb.shared(shards=SHARDS - 1, replicas=0, plain=True))
        self._shards = {f"shop_{number}": node for number, node in enumerate(self.cluster.primaries)}   # the plain server is the third, too
        self.nodes = {"plain": (self.cluster.plain, PLAIN), "one": (self.cluster.plain, ONE),
                      **{name: (node, SHARD) for name, node in self._shards.items()}}
        for target, names in (("one", ["one"]), ("three", list(self._shards))):
            if target not in self.targets:
                self.nodes = {name: node for name, node in self.nodes.items() if name not in names}
        spans = shardway.slot_map(list(self._shards), SLOTS)
        self.ranges = {name: tuple(map(int, spans[name].split("-"))) for name in self._shards if name in self.nodes}
        self._create()
        self.proxy = self._stack.enter_context(mysql_shardway.Proxy(self._config()))
        self.connect()
        if self._is_crowded:
            self._others = {target: self._conversation(self.proxy.mysql_port, DATABASES[target]) for target in self.targets[1:]}
        if "three" in self.targets:
            servers.wait_until(self._knows_tables, 90, "shardway knows the tables", pause=0.1)

    def _create(self):
        for name in (PLAIN, ONE, SHARD):
            self.cluster.create_database(name)
            self._stack.callback(self.cluster.drop_database, name)
        for name, (node, database) in self.nodes.items():
            self.direct[name] = self._conversation(node.port, database, mariadb.SUPERUSER)
        for text in (*_DIRECT, *statements()):
            self.ask_directly(text)
        self.keeper = Keeper(self)
        self.keeper.fill(TABLES)
        self.keeper.remember()

    def _config(self):
        config = mysql_shardway.base_config(self.cluster, workers=1)
        if "three" in self.targets:
            three = mysql_shardway.sharded_database(self.cluster, configured_tables("shop_0"), name=SHARD)
            three["shard"] = [{"name": name, "nodes": [node.address]} for name, node in self._shards.items()]
            three["sharding"]["map"] = shardway.slot_map(list(self._shards), SLOTS)
            config["database"].append(three)
        if "one" in self.targets:
            config["database"].append(mysql_shardway.unsharded_database(self.cluster, ONE, nodes=[self.cluster.plain]))
        return config

    def _knows_tables(self):
        """The catalogue is read soon after the start, not before it."""
        wire = self.wires["three"]
        return not wire.ask(query("select * from customers where customer_id = 1"))[-1].startswith("ERR")

    # -- connections -------------------------------------------------------------------------------------------------

    def _conversation(self, port, database, user=mariadb.APP, login=frozenset()):
        how = {"capabilities": DEFAULT | FOUND_ROWS} if "found_rows" in login else {}
        how |= {"collation": LATIN1} if "latin1" in login else {}
        return Conversation.login(port, user=user, password=self.cluster.passwords[user], database=database, **how)

    def connect(self, login=None):
        """New connections to all, with these flags of a case from now on."""
        self._login = self._login if login is None else frozenset(login)
        for wire in self.wires.values():
            wire.close()
        ports = {"plain": self.cluster.plain.port}
        self.wires = {target: self._conversation(ports.get(target, self.proxy.mysql_port), DATABASES[target], login=self._login)
                      for target in self.targets}

    @property
    def login(self):
        return self._login

    def ask(self, payloads):
        """{target: lines}"""
        asked = self.wires if not isinstance(payloads, dict) else {target: self.wires[target] for target in payloads}
        return exchange(asked, payloads)

    def say(self, kind, sql):
        """A text to all, by one of mysql_commands' functions: {target: lines}"""
        return self.ask({target: kind(sql.replace("{here}", DATABASES[target])) for target in self.targets})

    def jostle(self):
        """In a crowd, another client takes the server connections of one shard, or gives them back: the next statement gets others."""
        turn = next(self._turns)
        texts = ("begin", f"select 1 from events where event_id = {turn // 2 % 7}") if turn % 2 == 0 else ("rollback",)
        for text in texts if self._others else ():
            heard = exchange(self._others, query(text))
            if any(lines[-1].startswith("ERR") or is_gone(lines) for lines in heard.values()):
                raise AssertionError(f"another client's {text}: {heard}")

    def ask_directly(self, text, names=None, may_fail=False):
        """{server: lines}, without Shardway. An error is an AssertionError, unless it may fail."""
        answers = exchange({name: self.direct[name] for name in names or self.direct}, query(text))
        for name, lines in answers.items():
            if is_gone(lines) or (lines[-1].startswith("ERR") and not may_fail):
                raise AssertionError(f"{name}: {text[:200]}: {lines[-1]}")
        return answers

    # -- content -----------------------------------------------------------------------------------------------------

    def contents(self, table):
        """{server: rows}, each row with its slot at the end. Where a statement has taken the table or its key away, the error."""
        slot = slot_of(table) if table in KEYS else "null"
        answers = self.ask_directly(f"select *, {slot} from {table}", may_fail=True)
        return {name: [line for line in lines if line.startswith(("ROW", "ERR"))] for name, lines in answers.items()}

    def of_target(self, target, contents):
        """The rows of each of its servers."""
        return [contents[name] for name in (self.ranges if target == "three" else [target])]

    def rows_of_node(self, name, table, all_rows):
        """Those of the first rows that belong on this server."""
        if name not in self.ranges or table in REFERENCES:
            return all_rows
        if table in SINGLES:
            return all_rows if name == next(iter(self.ranges)) else []
        low, high = self.ranges[name]
        return [row for row in all_rows if low <= (slot_of_row(table, row) or 0) <= high]

    def strays(self, table, contents):
        """Complaints about rows that are on a shard where they do not belong."""
        if table not in KEYS:
            first = next(iter(self.ranges), None)
            return [f"rows of {table} on {name}" for name in self.ranges if table in SINGLES and name != first and contents[name]]
        found = []
        for name, (low, high) in self.ranges.items():
            slots = [(row, row.rpartition("|")[2]) for row in contents[name] if row.startswith("ROW")]
            found += [f"misplaced in {table} on {name}: {row}" for row, slot in slots if slot != "NULL" and not low <= int(slot) <= high]
        return found

    @staticmethod
    def kind(table):
        return "reference" if table in REFERENCES else "single" if table in SINGLES else "sharded"

    def misplaced(self):
        """Complaints about rows of other shards, differing copies, and tables that are not as they were at first."""
        complaints = []
        for table in TABLES:
            contents = self.contents(table)
            complaints += self.strays(table, contents)
            complaints += [f"{table} on {name} is not as it was" for name in contents if not self.keeper.is_first(table, name,
                                                                                                                  contents[name])]
        return complaints

    def close(self):
        for wire in (*self.wires.values(), *self._others.values(), *self.direct.values()):
            wire.close()
        self._stack.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
