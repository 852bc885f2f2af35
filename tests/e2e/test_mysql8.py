"""What MySQL 8 does in its own way, against a scripted one (support/mysql8_server.py): log-ins by caching_sha2_password, query attributes and
optional metadata, collations, GTIDs in OK packets, and that nothing is asked of it that only MariaDB has."""
import json
import pathlib
import subprocess
import time
import unittest

import pymysql

import mysql_commands as commands
from mysql_commands import DEFAULT, LAST, execute, prepare, query
from mysql_wire import LoginError, Wire
from support.mysql8_case import COLLATIONS, HERE, OLD, PASSWORDS, THERE, Mysql8Case
from support.mysql8_connection import MULTI_FACTOR, OPTIONAL_METADATA, QUERY_ATTRIBUTES, ZSTD
from support.mysql8_session import as_mysql_reads
from support.servers import CONTROL, wait_until

MYSQL8 = DEFAULT | commands.CLIENT_MYSQL | QUERY_ATTRIBUTES | OPTIONAL_METADATA | MULTI_FACTOR
NODE = pathlib.Path(__file__).parent / "node"
WORDS = "select name from words"
TRACK = "set session_track_gtids = OWN_GTID"


class Fixture(Mysql8Case):
    """The scripted server itself, asked directly: what the other tests rest on."""

    def test_a_driver_of_others_comes_in_each_way(self):
        server = self.primary
        for how, more in (("full RSA", {}), ("fast", {}), ("full TLS", {"ssl": {"ca": f"{self.folder}/ca.crt"}})):
            if how == "full TLS":
                server.forget_passwords()
            with pymysql.connect(host="127.0.0.1", port=server.port, user="second", password=PASSWORDS["second"], database="shop",
                                 **more) as connection, connection.cursor() as cursor:
                cursor.execute(WORDS)
                self.assertEqual(cursor.fetchall(), (("Ärger", "straße", "\N{PILE OF POO}", None),))
            self.assertEqual(server.of_user("second")[-1].login[-1], how)
        with self.assertRaises(pymysql.err.OperationalError) as caught:
            pymysql.connect(host="127.0.0.1", port=server.port, user="second", password="wrong")
        self.assertEqual(caught.exception.args[0], 1045)

    def test_it_announces_what_mysql_8_does(self):
        with Wire(self.primary.port) as wire:
            wire.greet()
            said = wire.greeting
            self.assertEqual((said.version, said.plugin, said.collation, said.mariadb, said.capabilities & MYSQL8),
                             ("8.0.40", "caching_sha2_password", 255, 0, MYSQL8))

    def test_it_has_nothing_of_mariadb(self):
        with self.login(self.primary.port, capabilities=DEFAULT, tls=True) as wire:
            for sql, code in (("set max_statement_time = 5", 1193), ("select @@global.gtid_binlog_pos", 1193),
                              ("set statement autocommit = 1 for select 1", 1064), ("show all slaves status", 1064),
                              ("insert into t values (1) returning id", 1064),
                              ("select c.IS_GENERATED from information_schema.columns c", 1054)):
                with self.subTest(sql=sql):
                    self.assertTrue(wire.sql(sql)[0].startswith(f"ERR {code} "), sql)
            number = wire.prepare(WORDS)
            self.assertTrue(wire.ask(execute(LAST))[0].startswith("ERR 1243 "))
            self.assertIn("ROW Ärger", wire.ask(execute(number))[1])
        for server in self.servers():
            server.unscripted.clear()
            server.refused.clear()

    def test_it_reads_comments_as_mysql_does(self):
        for sql, read in (("a /*M! b *//*!80022 c */", "a   c"), ("a /*!99999 b */c", "a  c"), ("'/*!80022 b */'", "'/*!80022 b */'"),
                          ("a /*! b */", "a  b")):
            self.assertEqual(as_mysql_reads(sql, 80040), read)

    def test_query_attributes_and_metadata_of_a_client_that_agreed(self):
        with self.login(self.primary.port, capabilities=MYSQL8, tls=True) as wire:
            wire.send(commands.command(commands.QUERY, b"\0\1" + WORDS.encode()))
            self.assertEqual(wire.packet(), b"\1\4", "a byte says whether definitions follow")


class LoginToServers(Mysql8Case):
    def connections(self, user):
        return [(connection.login, connection.plugin) for connection in self.primary.of_user(user)]

    def test_the_password_sealed_with_the_servers_key(self):
        with self.through(user="by_rsa") as first, self.through(user="by_rsa") as second:
            first.sql("begin")
            second.sql("begin")      # another connection: now the server knows the password
            self.assertEqual([login for login, _ in self.connections("by_rsa")], [["full RSA"], ["fast"]])
            self.assertEqual({plugin for _, plugin in self.connections("by_rsa")}, {"caching_sha2_password"})
        for connection in self.primary.of_user("by_rsa"):
            self.assertNotIn(PASSWORDS["by_rsa"].encode(), connection.clear)

    def test_the_password_itself_under_tls(self):
        with self.through(user="by_tls", database="secure") as first, self.through(user="by_tls", database="secure") as second:
            first.sql("begin")
            second.sql("begin")
        self.assertEqual([login for login, _ in self.connections("by_tls")], [["TLS", "full TLS"], ["TLS", "fast"]])
        for connection in self.primary.of_user("by_tls"):
            self.assertEqual(len(connection.clear), 32, "a request for TLS and nothing else was sent in clear")

    def test_a_user_of_the_old_plugin(self):
        with self.through(user=OLD) as wire:
            self.assertEqual(wire.sql("select 1")[1], "ROW 1")
        self.assertEqual([login for login, _ in self.connections(OLD)], [["switch", "native"]])

    def test_a_wrong_password(self):
        self.primary.users["wrong"] = "another one"
        for database in ("shop", "secure"):
            with self.through(user="wrong", database=database) as wire:
                self.assertTrue(wire.sql("select 1")[0].startswith("ERR 1045 "))

    def test_the_control_lane_comes_in(self):
        wait_until(lambda: self.primary.of_user(CONTROL), 10, "the control lane asks")
        ways = {connection.login[-1] for server in self.servers() for connection in server.of_user(CONTROL) if connection.session}
        self.assertLessEqual(ways, {"full RSA", "fast", "full TLS"})
        self.assertIn("full RSA", ways)


class LoginToShardway(Mysql8Case):
    """A client of MySQL 8 begins with caching_sha2_password and with all its capabilities."""

    def test_what_is_announced(self):
        self.through().sql("select 1")     # from now on the server's version is known
        with Wire(self.proxy.mysql_port) as wire:
            wire.greet()
            self.assertEqual(wire.greeting.version, "8.0.40")
            not_done = QUERY_ATTRIBUTES | OPTIONAL_METADATA | ZSTD | MULTI_FACTOR
            self.assertEqual(wire.greeting.capabilities & not_done, 0)

    def test_what_the_servers_are_told(self):
        """No more than is done: a server that was told of query attributes would read every statement otherwise."""
        with self.through(user="asks", capabilities=MYSQL8, plugin="caching_sha2_password") as wire:
            self.assertEqual(wire.capabilities & (QUERY_ATTRIBUTES | OPTIONAL_METADATA | MULTI_FACTOR), 0)
            self.assertEqual(wire.sql(WORDS)[-1], "EOF status=autocommit")
            wire.ask(prepare("select ? as said, ? as counted"), execute(LAST, ["a", 1]))
        for connection in self.primary.of_user("asks"):
            self.assertEqual(hex(connection.capabilities & (QUERY_ATTRIBUTES | OPTIONAL_METADATA | ZSTD | MULTI_FACTOR)), "0x0")
        self.assertIn(query(WORDS), self.primary.packets("asks", commands.QUERY))

    def test_drivers(self):
        with self.proxy.mysql_connect(database="shop") as connection, connection.cursor() as cursor:
            cursor.execute(WORDS)
            self.assertEqual(cursor.fetchall(), (("Ärger", "straße", "\N{PILE OF POO}", None),))

    @unittest.skipUnless((NODE / "node_modules" / "mysql2").exists(), "npm ci has not been run in tests/e2e/node")
    def test_mysql2(self):
        """It sends query attributes to a server that announces them."""
        script = """const [uri, sql] = process.argv.slice(1)
            require('mysql2/promise').createConnection({ uri, charset: 'UTF8MB4_0900_AI_CI' }).then(async client => {
              const [rows] = await client.query({ sql, attributes: { trace: 'abc' } })
              const [[said]] = await client.execute('select ? as said, ? as counted', ['straße', '5'])
              console.log(JSON.stringify([Object.values(rows[0]), said.said]))
              await client.end()
            })"""
        for port, attributes in ((self.primary.port, ["abc"]), (self.proxy.mysql_port, [])):
            uri = f"mysql://second:{PASSWORDS['second'].replace(' ', '%20')}@127.0.0.1:{port}/shop"
            done = subprocess.run(["node", "-e", script, uri, WORDS], cwd=NODE, capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(json.loads(done.stdout), [["Ärger", "straße", "\N{PILE OF POO}", None], "straße"])
            asked = [connection for connection in self.primary.of_user("second") if WORDS.encode() in b"".join(connection.heard)]
            self.assertEqual(asked[-1].query_attributes, attributes)

    def test_wrong_password(self):
        with self.assertRaises(LoginError) as caught:
            self.through(password="wrong", plugin="caching_sha2_password")
        self.assertTrue(caught.exception.said.startswith("ERR 1045 28000 "))


class Results(Mysql8Case):
    settings = {"workers": 1}

    def raw(self, port, payload, **how):
        """The packets of one result, to the end of the last row."""
        with self.login(port, **how) as wire:
            wire.send(payload)
            packets = [wire.packet()]
            while packets[-1][:1] != b"\xfe":
                packets.append(wire.packet())
            return packets

    def test_definitions_are_the_servers(self):
        """Collations above 255 among them, byte for byte."""
        expected = self.raw(self.primary.port, query(WORDS), tls=True)
        heard = self.raw(self.proxy.mysql_port, query(WORDS))
        self.assertEqual(heard, expected)
        self.assertEqual([int.from_bytes(packet[-12:-10], "little") for packet in heard[1:5]], list(COLLATIONS.values()))

    def test_the_character_set_of_the_log_in(self):
        """255 is told to the server, and what it is there comes back after a connection was reset."""
        for collation, name in ((255, "utf8mb4_0900_ai_ci"), (45, "utf8mb4_general_ci"), (8, "latin1_swedish_ci")):
            with self.through(user="second", collation=collation) as wire:
                self.assertEqual(wire.sql("select @@collation_connection")[1], f"ROW {name}")
                wire.sql("set @a = 1")
            with self.through(user="second", collation=collation) as wire:
                self.assertEqual(wire.sql("select @@collation_connection")[1], f"ROW {name}")
        self.assertEqual({connection.collation for connection in self.primary.of_user("second") if not connection.attributes}, {255, 45, 8})

    def test_names_and_collations_follow_their_client(self):
        """utf8mb4's default is another one than that of the log-in."""
        ask = "select @@collation_connection"
        for collation, name in ((45, "utf8mb4_general_ci"), (255, "utf8mb4_0900_ai_ci")):
            plain, names, collated = (self.through(user="by_rsa", collation=collation) for _ in range(3))
            names.sql("set names utf8mb4")
            collated.sql("set names utf8mb4 collate utf8mb4_0900_as_cs")
            for _ in range(2):
                self.assertEqual(names.sql(ask)[1], "ROW utf8mb4_0900_ai_ci")
                self.assertEqual(plain.sql(ask)[1], f"ROW {name}")
                self.assertEqual(collated.sql(ask)[1], "ROW utf8mb4_0900_as_cs")
            self.assertEqual(len([one for one in self.primary.of_user("by_rsa") if one.collation == collation]), 1, "they share a connection")

    def test_ends_of_old(self):
        heard = self.through(capabilities=DEFAULT & ~commands.DEPRECATE_EOF).sql(WORDS)
        self.assertEqual(heard[1], "EOF status=autocommit")
        self.assertEqual(heard[-1], "EOF status=autocommit")

    def test_set_option(self):
        """MySQL 8 answers it by an OK in an EOF's place."""
        self.assertEqual(self.through().ask(commands.set_option(1)), ["EOF status=autocommit"])


class Prepared(Mysql8Case):
    ASK = "select ? as said, ? as counted"

    def test_prepare_and_execute(self):
        with self.through(user="second") as wire:
            number = wire.prepare(self.ASK)
            self.assertEqual(wire.ask(execute(number, ["straße", 5]))[1], "ROW straße|5")
            self.assertEqual(wire.ask(execute(number, ["b", 6], with_types=False))[1], "ROW b|6")
            self.assertEqual(wire.ask(execute(number, [None, -1]))[1], "ROW NULL|-1")
        with self.through(user="second") as other:
            self.assertEqual(other.ask(prepare(self.ASK), execute(LAST, ["c", 7]))[-2], "ROW c|7")

    def test_the_last_statement_is_called_by_its_number(self):
        """MySQL 8 does not know MariaDB's -1."""
        self.assertEqual(self.through().ask(prepare(self.ASK), execute(LAST, ["direct", 1]))[-2], "ROW direct|1")
        numbers = [int.from_bytes(payload[1:5], "little") for server in self.servers() for connection in server.connections
                   for payload in connection.heard if payload[0] in (commands.EXECUTE, commands.CLOSE, commands.RESET)]
        self.assertTrue(numbers)
        self.assertNotIn(LAST, numbers)

    def test_a_write(self):
        with self.through() as wire:
            number = wire.prepare("insert into words values (?)")
            self.assertTrue(wire.ask(execute(number, ["x"]))[0].startswith("OK affected=1 "))


class Gtids(Mysql8Case):
    """With one server connection: what one client asked for must not come to another."""
    pool = {"size": 1}

    def test_told_to_who_asked(self):
        asking, other = self.through(user="asks"), self.through(user="asks")
        old = self.through(user="asks", capabilities=DEFAULT & ~commands.SESSION_TRACK)
        asking.sql(TRACK)
        before = self.primary.executed.get(self.primary.uuid, 0)
        for step in range(3):
            self.assertIn(f"[gtids={self.primary.uuid}:{before + 1 + 2 * step}]", asking.sql("insert into words values (1)")[0])
            self.assertNotIn("gtids", other.sql("insert into words values (2)")[0])
        old.sql(TRACK)
        heard = old.sql("insert into words values (3)")[0]
        self.assertNotIn("gtids", heard)
        self.assertNotIn("bytes more", heard)
        self.assertEqual(len(self.primary.of_user("asks")), 1, "one connection for all of them")

    def test_all_of_a_transaction_is_told_at_its_commit(self):
        wire = self.through(user="asks")
        wire.sql("set session_track_gtids = 'OWN_GTID'")
        heard = wire.sql("begin", "insert into words values (1)", "insert into words values (2)", "commit")
        self.assertEqual([i for i, line in enumerate(heard) if "gtids=" in line], [3])

    def test_other_items_are_told_as_without_shardway(self):
        heard = [wire.sql("set time_zone = '+01:00'", "set sql_mode = ''", "use shop")
                 for wire in (self.login(self.primary.port, tls=True), self.through())]
        self.assertEqual(heard[1], heard[0])


class SharedConnection(Mysql8Case):
    pool = {"size": 1, "queue_timeout": "10s"}

    def test_a_role(self):
        """Of which MySQL tells nothing, and which a reset leaves there."""
        with self.through() as wire:
            wire.sql("set @a = 1", "set role reader")
            self.assertEqual(wire.sql("select current_role()")[1], "ROW reader")
        self.assertEqual(self.through().sql("select current_role()")[1], "ROW NONE")

    def test_a_server_that_says_why_it_closes(self):
        """An idle connection ends with error 4031: nobody hears it as the answer to something else."""
        wire = self.through(user="second")
        wire.sql("select 1")
        idle = self.primary.of_user("second")[-1]
        idle.farewell()
        self.assertEqual(wire.sql("select 'next'")[1], "ROW next")
        self.assertIsNot(self.primary.of_user("second")[-1], idle)


class Replication(Mysql8Case):
    ASK = "select @@server_id"

    def answered_by(self, wire):
        return {f"ROW {server.server_id}": name for name, server in (("primary", self.primary), ("replica", self.replica))}[wire.sql(self.ASK)[1]]

    def setUp(self):
        super().setUp()
        self.addCleanup(self.replica.catch_up)
        self.wait_for_roles(self.primary, self.replica)
        self.through(database="replicated").sql("insert into words values (0)")
        wait_until(lambda: self.answered_by(self.through(database="replicated")) == "replica", 20, "reads go to the replica", pause=0.1)

    def test_what_was_written_is_read(self):
        """By the sets of executed GTIDs; the session's own GTID is not needed for it."""
        writer, reader = self.through(database="replicated"), self.through(database="replicated")
        self.replica.fall_behind()
        writer.sql("insert into words values (1)")
        self.assertEqual({self.answered_by(writer) for _ in range(20)}, {"primary"})
        self.assertEqual(self.answered_by(reader), "replica", "it has written nothing")
        self.replica.catch_up()
        wait_until(lambda: self.answered_by(writer) == "replica", 10, "it reads from the replica again", pause=0.02)

    def test_a_replica_with_a_transaction_of_its_own(self):
        """Its set cannot be compared: what was written is read from the primary."""
        self.addCleanup(self.replica.executed.pop, "11111111-71ca-11e1-9e33-c80aa9429562")
        self.replica.executed["11111111-71ca-11e1-9e33-c80aa9429562"] = 1
        time.sleep(1.5)     # a round of the control lane
        writer = self.through(database="replicated")
        writer.sql("insert into words values (1)")
        for _ in range(20):
            self.assertEqual(self.answered_by(writer), "primary")
            time.sleep(0.05)

    def test_a_transaction_is_the_primarys(self):
        wire = self.through(database="replicated")
        wire.sql("begin")
        self.assertEqual(self.answered_by(wire), "primary")
        wire.sql("rollback")

    def test_a_switchover(self):
        """The history goes on with another source's transactions."""
        self.addCleanup(self.switch, self.replica, self.primary)
        self.switch(self.primary, self.replica)
        self.wait_for_roles(self.replica, self.primary)
        writer = self.through(database="replicated")
        wait_until(lambda: writer.sql("insert into words values (1)")[0].startswith("OK"), 20, "the new primary takes writes", pause=0.1)
        wait_until(lambda: self.answered_by(writer) == "primary", 10, "the new replica has what it wrote", pause=0.02)
        self.assertIn(self.replica.uuid, self.replica.executed)

    @staticmethod
    def switch(old, new):
        new.executed = {**old.all_executed(), **new.all_executed()}
        old.set_read_only(True)
        new.source, old.source = None, new
        new.set_read_only(False)


class Sharded(Mysql8Case):
    """Each statement that Shardway makes itself is one of MySQL 8's."""

    def setUp(self):
        super().setUp()
        self.wire = self.through(database="sharded")
        wait_until(lambda: self.wire.sql("insert into orders (id, note) values (3, 'x')")[0].startswith("OK"), 20, "the tables are known", pause=0.1)

    def heard(self, server, since):
        return server.texts("app")[since:]

    def test_to_the_keys_shard(self):
        counts = [len(server.texts("app")) for server in (self.primary, self.other)]
        self.wire.sql(f"insert into orders (id, note) values ({HERE}, 'here')", f"insert into orders (id, note) values ({THERE}, 'there')")
        said = [" ".join(self.heard(server, count)) for server, count in zip((self.primary, self.other), counts)]
        self.assertIn("'here'", said[0])
        self.assertNotIn("'there'", said[0])
        self.assertIn("'there'", said[1])

    def test_a_transaction_on_both(self):
        for heard in self.wire.sql("begin", f"insert into orders (id, note) values ({HERE}, 'here')",
                                   f"insert into orders (id, note) values ({THERE}, 'there')", "commit"):
            self.assertTrue(heard.startswith("OK"), heard)
        said = " ".join(self.primary.texts("app") + self.other.texts("app"))
        self.assertIn("XA PREPARE", said)
        self.assertEqual((self.primary.prepared, self.other.prepared), ([], []))

    def test_what_another_left_is_rolled_back(self):
        """Recovery decides it: MySQL has no INSERT … RETURNING."""
        gid = "shardway:main/sharded:0123456789abcdef:1:1:first"
        self.other.prepared.append(gid)
        wait_until(lambda: gid not in self.other.prepared, 30, "the part that nobody owns is rolled back", pause=0.1)
        self.assertIn("A", [state for (table, _), state in self.primary.stored.items() if table == "decision"])


class Mysql84(Mysql8Case):
    """The next long-term release: mysql_native_password is gone from it, SHOW SLAVE STATUS too."""
    version = "8.4.3"

    def test_it_serves(self):
        self.wait_for_roles(self.primary, self.replica)
        wait_until(lambda: self.greeted() == "8.4.3", 10, "the first client is greeted as by a server", pause=0.05)
        with self.through() as wire:
            self.assertEqual(wire.sql("select 1")[1], "ROW 1")
        self.assertEqual(self.greeted(), "8.4.3")

    def greeted(self):
        with Wire(self.proxy.mysql_port) as wire:
            wire.greet()
            return wire.greeting.version
