"""The behaviours a transparent proxy has to get right, 43 to 55: commands, logging in, leaving."""
import contextlib
import os
import random
import ssl
import struct

import mysql_commands as commands
from mysql_auth import PLUGINS
from mysql_commands import DEFAULT, LAST, command, execute, field_list, init_db, prepare, process_kill, query, set_option
from mysql_wire import LoginError, Wire, WireClosed, masked
from support.mysql_behaviour import BehaviourCase, errors, rows
from support.mysql_case import MysqlCase, proxy_only
from support.servers import free_port, wait_until


class Commands(BehaviourCase):
    def test_43_files_of_the_client(self):
        load = "load data local infile '{}' into table items (note)"
        client = self.client()
        client.files = {"two": b"a\nb\n", "no": None}
        heard = client.sql("; ".join([load.format("two")] * 3), "select count(*) from items where note in ('a', 'b')", load.format("no"),
                           "select count(*) from items")
        self.assertEqual([line for line in heard if line.startswith("FILE")], ["FILE two"] * 3 + ["FILE no"])
        self.assertEqual(rows(heard), ["6", "9"])
        heard = self.client(capabilities=DEFAULT & ~commands.LOCAL_FILES).sql(load.format("two"), "select count(*) from items")
        self.assertEqual((errors(heard), rows(heard)), (["4166"], ["9"]))

    def test_44_change_user(self):
        """A thousand times; with a wrong password once: what then becomes of the connection is the server's way."""
        password = self.cluster.passwords["app"]

        def conversation(wire):
            wire.sql("set @a = 1", "begin", "insert into items (note) values ('gone')")
            heard = [line for _ in range(1000) for line in wire.change_user("app", password, self.database)[-1:]]
            self.assertEqual({line.split()[0] for line in heard}, {"OK"})
            heard = rows(wire.sql("select @a, count(*), current_user() from items")) + errors(wire.change_user("app", "wrong", self.database))
            return heard + [line.split(" [")[0] for line in wire.pulse()]
        self.assertEqual(self.same(conversation)[:2], ["NULL|3|app@%", "1045"])

    def test_44_change_user_by_the_first_scramble(self):
        """MariaDB's client library proves by the greeting's scramble, also when it is asked again."""
        client, password = self.client(), self.cluster.passwords["app"]
        token = PLUGINS["mysql_native_password"](password, client.greeting.scramble)
        client.send(commands.change_user("app", token, self.database))
        payload = client.packet()
        if payload[:1] == b"\xfe":
            client.write(token)
            payload = client.packet()
        self.assertEqual(payload[:1], b"\0", client.reader(payload).error() if payload[:1] == b"\xff" else payload)

    def test_45_reset_connection(self):
        client = self.client()
        client.sql("set @v = 1", "create temporary table mine (i int)", "begin", "insert into items (note) values ('gone')")
        statement = client.prepare("select 1")
        heard = self.hopping(client, command(commands.RESET_CONNECTION), "select @v, database(), count(*) from items", "select * from mine", execute(statement))
        self.assertEqual((heard[0].split()[0], rows(heard), errors(heard)), ("OK", [f"NULL|{self.database}|3"], ["1146", "1243"]))

    def test_46_a_database_that_is_not_there(self):
        """At once, and the one before stays. Whoever may not know gets 1044."""
        self.cluster.plain.query("grant select on nowhere.* to app@'%'")
        self.addCleanup(self.cluster.plain.query, "revoke select on nowhere.* from app@'%'")
        heard = self.hopping(self.client(), "use nowhere", init_db("nowhere"), "select count(*) from items", "select database()")
        self.assertEqual((errors(heard), rows(heard)), (["1049", "1049"], ["3", self.database]))

    def test_47_several_statements_off_and_on(self):
        client, two = self.client(), "select 1; select 2"
        heard = [self.hopping(client, asked) for asked in (set_option(1), two, two, set_option(0), two, two)]
        self.assertEqual([errors(part) + rows(part) for part in heard], [[], ["1064"], ["1064"], [], ["1", "2"], ["1", "2"]])
        client.ask(set_option(1))
        self.let_go()
        self.assertEqual(rows(self.client().sql(two)), ["1", "2"])   # another client's is another affair

    def test_48_kill_query(self):
        """By text, also prepared: 1317. What another does meanwhile on a connection that the victim had goes on."""
        for name in ("text", "prepared"):
            with self.subTest(how=name):
                killer, victim, other = self.client(), self.client(), self.client()
                number, sleeping = victim.greeting.connection_id, query("select sleep(8) from items limit 1")
                kill = [query(f"kill query {number}")] if name == "text" else [prepare("kill query ?"), execute(LAST, [number])]
                victim.send(sleeping)
                self.wait_for_statement("select sleep(8)")
                self.assertEqual(killer.ask(*kill)[-1].split()[0], "OK")
                self.assertEqual(errors(victim.reply(sleeping)), ["1317"])
                brief = query("select sleep(0.5), 'undisturbed'")
                other.send(brief)
                self.assertEqual(killer.ask(*kill)[-1].split()[0], "OK")
                self.assertEqual(rows(other.reply(brief)), ["0|undisturbed"])
                self.assertEqual(rows(victim.sql("select 'lives'")), ["lives"])

    def test_48_kill_connection_by_command(self):
        killer, victim = self.client(), self.client()
        victim.sql("select 1")
        self.assertEqual(killer.ask(process_kill(victim.greeting.connection_id))[0].split()[0], "OK")
        self.assertTrue(victim.is_closed(5))
        self.assertEqual(rows(killer.sql("select 'lives'")), ["lives"])

    def test_49_small_commands(self):
        def conversation(wire):
            heard = wire.ask(command(commands.STATISTICS), command(commands.PING), field_list("items"), field_list("nowhere"), command(commands.DEBUG),
                             command(0x50), query("select 'lives'"))
            return [line.split(" [")[0] for line in heard]   # not what is told of the session
        heard = self.same(conversation)
        self.assertEqual((errors(heard)[-1], rows(heard)), ("1047", ["lives"]))

    def test_51_backslashes_and_character_sets(self):
        """A quote behind half a character of gbk, and behind a backslash that escapes nothing, ends the string; nothing else is run."""
        client = self.client()
        client.sql("set names gbk")
        heard = self.hopping(client, query("select hex('") + b"\xbf\x5c'), 'one'", query("select '") + b"\xbf\x5c; delete from items; -- ' as note",
                             "select count(*) from items")
        self.assertEqual(rows(heard)[0::2], ["BF5C|one", "3"])
        heard = self.hopping(client, "set names utf8mb4", "set sql_mode = 'NO_BACKSLASH_ESCAPES'", "select '\\', 'two'",
                             "select '\\; delete from items; select ', 1", "select count(*) from items")
        self.assertEqual(rows(heard), ["\\|two", "\\; delete from items; select |1", "3"])
        heard = self.hopping(client, "set sql_mode = ''", "select '\\'; delete from items; -- ', 1", "select count(*) from items")
        self.assertEqual(rows(heard), ["'; delete from items; -- |1", "3"])


class Login(BehaviourCase):
    @classmethod
    def configure(cls, config):
        config["listen"][-1]["tls"] = {"mode": "prefer", "certificate": f"{cls.cluster.folder}/server.crt", "key": f"{cls.cluster.folder}/server.key"}
        config["database"] = config["database"][:1]

    def outcome(self, port, **how):
        try:
            with self.login(port, **how) as wire:
                return masked(rows(wire.sql("select current_user(), database()")))
        except LoginError as error:
            return error.said.split()[1:3]

    def matrix(self, users, tls, database=None):
        for user in users:
            for password in {"right": {}, "wrong": {"password": "wrong"}, "none": {"password": ""}}.items():
                for plugin in (None, "caching_sha2_password", "client_ed25519", "mysql_clear_password"):
                    with self.subTest(user=user, password=password[0], plugin=plugin):
                        self.same_at(lambda port: self.outcome(port, user=user, database=database, tls=tls, plugin=plugin, **password[1]))

    @property
    def users(self):
        return [user for user in ("app", "app_ed25519", "nobody") if user == "nobody" or user in self.cluster.passwords]

    def test_50_each_way_to_log_in(self):
        """Users by native password and by ed25519; the client begins with its own plugin, also with one that no MariaDB user can
        have (caching_sha2_password). Error codes and SQLSTATEs are the same."""
        self.matrix(self.users, tls=False)

    def test_50_each_way_to_log_in_by_tls(self):
        self.matrix(self.users, tls=True)

    def test_50_without_a_database(self):
        self.matrix(["app"], tls=False, database="")

    def test_50_tls_begun_in_one_piece(self):
        """A client need not wait between its request for TLS and the beginning of TLS: the server says nothing in between."""
        for port in {port for _, port in self.peers}:
            with Wire(port) as wire:
                wire.greet()
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                tls = context.wrap_bio(incoming, outgoing)
                with contextlib.suppress(ssl.SSLWantReadError):
                    tls.do_handshake()
                wire.send_raw(Wire.framed(struct.pack("<IIB19xI", DEFAULT | commands.SSL, 1 << 24, 45, 0), 1) + outgoing.read())
                self.assertEqual(wire.socket.recv(1)[:1], b"\x16")   # a record of the handshake, not the end

    def test_52_garbage(self):
        """An error or a close, at once; no file stays open, and the next client comes in."""
        numbers = random.Random(52)
        head = struct.pack("<IIB19xI", DEFAULT, 1 << 24, 45, 0)
        whole = head + b"app\0" + bytes([20]) + bytes(20) + self.database.encode() + b"\0mysql_native_password\0\0"
        cases = [Wire.framed(whole[:cut], 1) for cut in range(0, len(whole), 7)]
        cases += [Wire.framed(bytes(numbers.choice(whole) if numbers.random() < 0.9 else numbers.randrange(256) for _ in whole), 1) for _ in range(30)]
        cases += [numbers.randbytes(100000), b"\xff" * 100000, b"GET / HTTP/1.1\r\n\r\n", Wire.framed(head[:32], 1)[:20], b"\0\0\0\1" * 1000]
        for port in {port for _, port in self.peers}:
            files = self.open_files()
            for data in cases:
                with Wire(port) as wire:
                    wire.greet()
                    with contextlib.suppress(OSError):
                        wire.send_raw(data)
                        wire.socket.shutdown(1)
                    self.assertTrue(wire.is_closed(10), data[:100])
            self.assertEqual(rows(self.login(port).sql("select 1")), ["1"])
            if self.proxy:
                wait_until(lambda: self.open_files() <= files + 4, 10, "what was opened is closed")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.proxy.process.pid}/fd")) if self.proxy else 0

    def test_52_clear_text_behind_a_request_for_tls(self):
        """A login sent in clear behind the request counts for nothing."""
        for port in {port for _, port in self.peers}:
            with Wire(port) as wire:
                wire.greet()
                self.assertTrue(wire.greeting.capabilities & commands.SSL)
                head = struct.pack("<IIB19xI", DEFAULT | commands.SSL, 1 << 24, 45, 0)
                wire.send_raw(Wire.framed(head, 1) + Wire.framed(head + b"nobody\0\0\0", 2))
                wire.next_id = 2
                with self.assertRaises((OSError, WireClosed, LoginError)):
                    wire.start_tls()
                    wire.authenticate("app", self.cluster.passwords["app"], self.database)


class LoginWithoutPassword(Login):
    @classmethod
    def configure(cls, config):
        super().configure(config)
        config["user"].append({"name": "app_nopass", "password": ""})

    users = ["app_nopass"]
    test_50_without_a_database = test_50_tls_begun_in_one_piece = test_52_garbage = test_52_clear_text_behind_a_request_for_tls = None


class Leaving(BehaviourCase):
    def test_53_nothing_is_left_of_a_client_that_vanished(self):
        """In a transaction and in a result; not to the next client, not to one of another user."""
        many = "select repeat('x', 1000) from seq_1_to_100000"
        users = ["app"] + ["app_ed25519"] * ("app_ed25519" in self.cluster.passwords)
        for name, unread in (("transaction", None), ("result", many)):
            for how in ("close", "abort"):
                with self.subTest(left_in=name, how=how):
                    client = self.client()
                    client.sql("set @a = 1, sql_mode = ''", "create temporary table mine (i int)", "begin", "insert into items (note) values ('gone')")
                    if unread:
                        client.send(query(unread))
                    getattr(client, how)()
                    self.wait_until_clean()
                    for user in users * 2:
                        with self.client(user=user) as later:
                            heard = later.sql("select @a, @@in_transaction, @@sql_mode = '', count(*) from items", "select * from mine")
                            self.assertEqual((rows(heard), errors(heard)), (["NULL|0|0|3"], ["1146"]))

    def test_54_a_prepared_branch_outlives_its_client(self):
        client, other, name = self.client(), self.client(), f"'{self.database}'"
        heard = client.sql(f"xa start {name}", "insert into items (note) values ('xa')", f"xa end {name}", f"xa prepare {name}")
        self.assertEqual(errors(heard), [])
        client.close()
        wait_until(lambda: any(line.endswith(self.database) for line in rows(other.sql("xa recover"))), 10, "it is listed")
        wait_until(lambda: not errors(other.sql(f"xa commit {name}")), 10, "it is committed")
        self.assertEqual(rows(other.sql("select note from items where id >= 100")), ["xa"])


class NoRoom(MysqlCase):
    settings = {"max_clients": 4}

    def test_55_too_many_clients(self):
        """1040, as a server says it to one too many; when one leaves the next comes in."""
        with self.plain_connection(database=None).cursor() as cursor:
            cursor.execute("select @@global.max_connections")
            self.addCleanup(self.cluster.plain.query, f"set global max_connections = {cursor.fetchone()[0]}")
            cursor.execute("set global max_connections = 10")

        def fill(port):
            held = []
            try:
                while len(held) < 20:
                    held.append(self.login(port))
            except LoginError as error:
                held.pop().close()
                wait_until(lambda: self.comes_in(port), 10, "there is room")
                return error.said
            finally:
                for wire in held:
                    wire.close()
            return "all came in"
        self.assertIn("ERR 1040 ", self.same_at(fill))

    def comes_in(self, port):
        with contextlib.suppress(LoginError), self.login(port) as wire:
            return rows(wire.sql("select 1")) == ["1"]


class NoServer(MysqlCase):
    @classmethod
    def configure(cls, config):
        config["database"][0]["shard"][0]["nodes"] = [f"127.0.0.1:{free_port()}"]
        config["database"][0]["pool"] = {"connect_timeout": "1s", "queue_timeout": "2s"}   # so long it waits for one

    @proxy_only
    def test_55_no_server(self):
        """The login or the first statement says that there is none to connect to."""
        try:
            heard = self.through().sql("select 1")
        except LoginError as error:
            heard = [error.said]
        self.assertEqual(len(heard), 1)
        self.assertRegex(heard[0], r"^ERR (2002|2003) (HY000|08\w{3}) ")
