"""The servers of the differential test: one plain PostgreSQL, Shardway with one shard, Shardway with three, all with the same rows.

The rows get in through Shardway, one key in each statement. World also puts tables back to their first content, directly on the
servers, and looks for rows that are where they do not belong.
"""
import contextlib

import wire
from conversation import Conversation, exchange
from schema import DDL, KEYS, MORE_DDL, REFERENCES, SINGLES, TABLES, configured_tables, inserts, slot_of
from support import servers, shardway

SHARD, ONE, PLAIN = "judge_shard", "judge_one", "judge_plain"      # databases; the last two on the plain server
TARGETS = ("plain", "one", "three")


class World:
    def __init__(self):
        self._stack, self.direct, self.targets = contextlib.ExitStack(), {}, {}
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        self.cluster = self._stack.enter_context(servers.shared(shards=2, replicas=0, plain=True))
        shards = self.cluster.primaries       # the plain server is the third shard, too
        self.shards = {f"shop_{number}": node for number, node in enumerate(shards)}
        self.nodes = {"plain": (self.cluster.plain, PLAIN), "one": (self.cluster.plain, ONE),
                      **{name: (node, SHARD) for name, node in self.shards.items()}}
        for name in (SHARD, ONE, PLAIN):
            self.cluster.create_database(name)
            self._stack.callback(self.cluster.drop_database, name)
        self._psycopg = {name: self._stack.enter_context(node.connect(dbname=database))
                         for name, (node, database) in self.nodes.items()}
        for connection in self._psycopg.values():
            connection.execute(DDL + MORE_DDL)
        self.ranges = self._ranges()
        self.proxy = self._stack.enter_context(shardway.Proxy(self._config()))
        self.direct = {name: self._conversation(node.port, database, servers.SUPERUSER)
                       for name, (node, database) in self.nodes.items()}
        self.connect()
        servers.wait_until(self._knows_columns, 90, "shardway knows the tables' columns", pause=0.1)
        self._load()
        self._first_content = {name: {table: self._content(name, table) for table in TABLES} for name in self.nodes}

    def _config(self):
        config = shardway.base_config(self.cluster, workers=1)
        three = shardway.sharded_database(self.cluster, configured_tables("shop_0"), name="three", server_database=SHARD)
        three["shard"] = [{"name": name, "nodes": [node.address]} for name, node in self.shards.items()]
        three["sharding"]["map"] = shardway.slot_map(list(self.shards))
        one = shardway.unsharded_database(self.cluster, name="one", server_database=ONE, nodes=[self.cluster.plain])
        config["database"] = [three, one]
        return config

    def _ranges(self):
        return {name: tuple(map(int, span.split("-"))) for name, span in shardway.slot_map(list(self.shards)).items()}

    # -- connections -------------------------------------------------------------------------------------------------

    def _conversation(self, port, database, user=servers.APP):
        return Conversation.open(port=port, user=user, password=self.cluster.passwords[user], database=database)

    def connect(self):
        """New connections to all three."""
        for conversation in self.targets.values():
            conversation.close()
        self.targets = {"plain": self._conversation(self.cluster.plain.port, PLAIN),
                        "one": self._conversation(self.proxy.port, "one"), "three": self._conversation(self.proxy.port, "three")}

    def ask_directly(self, texts):
        """{server: SQL} -> {server: answer}, without Shardway."""
        payloads = {name: wire.query(texts[name]) for name in texts}
        answers = exchange({name: self.direct[name] for name in texts}, payloads, dict.fromkeys(texts, 1))
        return {name: given[0] for name, given in answers.items()}

    def _knows_columns(self):
        """The catalogue is read soon after the start, not before it."""
        three = {"three": self.targets["three"]}
        answer, = exchange(three, {"three": wire.query("explain insert into customers values (1, 'x')")}, {"three": 1})["three"]
        return answer[0][0] == "T"

    # -- content -----------------------------------------------------------------------------------------------------

    def _load(self):
        """Through Shardway; directly where that refuses a table."""
        statements = list(inserts())
        payload = b"".join(map(wire.query, statements))
        answers = exchange(self.targets, dict.fromkeys(TARGETS, payload), dict.fromkeys(TARGETS, len(statements)))
        for name, given in answers.items():
            for sql, events in zip(statements, given):
                if name == "three" and events[0][:2] == ("E", "0A000"):
                    self._load_directly(sql)
                elif events[0][0] != "C":
                    raise AssertionError(f"{name} did not load: {sql}: {events}")

    def _load_directly(self, sql):
        table = sql.split()[2]
        for shard, (low, high) in self.ranges.items():
            self._psycopg[shard].execute(sql)
            if table in KEYS:
                self._psycopg[shard].execute(f"delete from {table} where {slot_of(table)} not between {low} and {high}")

    def _content(self, name, table):
        """The statement that puts a table's content of now in again."""
        values = self._value(name, f"select string_agg(quote_literal(t::text) || '::{table}', ', ') from {table} t")
        columns = self._value(name, "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute"
                                    f" where attrelid = '{table}'::regclass and attnum > 0 and attgenerated = ''")
        put = f"; insert into {table} ({columns}) select {columns} from (select (r).* from unnest(array[{values}]) r) x" if values else ""
        return f"delete from {table}{put}"

    def _value(self, name, sql):
        return self._psycopg[name].execute(sql).fetchone()[0]

    def reset(self, tables):
        """Puts tables back to their first content."""
        first = "set session_replication_role = replica; set lock_timeout = '10s'; "      # no foreign keys, no triggers
        texts = {name: first + "; ".join(self._first_content[name][table] for table in tables) for name in self.nodes}
        for name, answer in self.ask_directly(texts).items():
            failed = [event for event in answer if event[0] == "E"]
            if failed:
                raise AssertionError(f"{name} cannot be reset: {failed}")

    def checks(self, target):
        """The function table -> statements that show its content; of three shards one each, saying whether the rows belong there."""
        if target != "three":
            return lambda table: [f"select *, true from {table}"]
        return self._checks_on_shards

    def _checks_on_shards(self, table):
        if table in SINGLES:
            return [f"select *, true from {table}"]
        def belongs(shard):
            return f"{slot_of(table)} between {self.ranges[shard][0]} and {self.ranges[shard][1]}" if table in KEYS else "true"
        return [f"/* shardway: shard={shard} */ select *, {belongs(shard)} from {table}" for shard in self.ranges]

    @staticmethod
    def kind(table):
        return "reference" if table in REFERENCES else "single" if table in SINGLES else "sharded"

    def misplaced(self):
        """Looks on every shard, directly: complaints about rows of other shards, differing copies, rows of single tables elsewhere."""
        complaints = []
        for table, shard in ((table, shard) for table in TABLES for shard in self.ranges):
            low, high = self.ranges[shard]
            where = f"{slot_of(table)} not between {low} and {high}" if table in KEYS else f"{shard != next(iter(self.ranges))}"
            if table in REFERENCES:
                where, digest = "false", f"select md5(string_agg(t::text, '|' order by t::text)) from {table} t"
                if self._value(shard, digest) != self._value("plain", digest):
                    complaints.append(f"the copy of {table} on {shard} differs")
            count = self._value(shard, f"select count(*) from {table} where {where}")
            if count:
                complaints.append(f"{count} rows of {table} on {shard} belong elsewhere")
        return complaints

    def close(self):
        for conversation in (*self.targets.values(), *self.direct.values()):
            conversation.close()
        self._stack.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
