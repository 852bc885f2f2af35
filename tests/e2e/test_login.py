"""Logging in: every method towards clients and servers, keys instead of passwords, TLS on both sides, what it costs."""
import os
import pathlib
import socket
import struct
import subprocess
import time
import unittest

import psycopg

from support import servers, shardway
from support.case import ProxyCase
from support.servers import wait_until


def openssl(folder, *arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=folder)


def make_client_certificate(folder, name, user, authority="ca"):
    """folder/name.crt and .key for this common name, signed by authority.crt."""
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={user}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", 30, "-out", f"{name}.crt")
    (pathlib.Path(folder) / f"{name}.key").chmod(0o600)


class LoginCase(ProxyCase):
    """One server with TLS of its own: its pg_hba.conf and users are changed."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(servers.Cluster(shards=1, replicas=0, tls=True))
        cls.node = cls.cluster.shards[0].primary
        folder = cls.cluster.folder
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 30,
                "-subj", "/CN=Another CA", "-keyout", "other.key", "-out", "other.crt")
        make_client_certificate(folder, "app", servers.APP)
        make_client_certificate(folder, "stranger", "stranger", "other")

    def serve(self, auth=None, tls=None, server_tls=None, address=None, users=None):
        config = shardway.base_config(self.cluster)
        config["listen"][0].update({"auth": auth} if auth else {}, **({"tls": tls} if tls else {}))
        database = shardway.unsharded_database(self.cluster, server_database=servers.DATABASE,
                                               pool={"queue_timeout": "1s"})
        if address:
            database["shard"][0]["nodes"] = [address]
        if server_tls:
            database["server_tls"] = server_tls
        config["database"] = [database]
        config["user"] += users or []
        proxy = shardway.Proxy(config).start()
        self.addCleanup(proxy.stop)
        return proxy

    def listen_tls(self, mode, **more):
        folder = self.cluster.folder
        return {"mode": mode, "certificate": f"{folder}/server.crt", "key": f"{folder}/server.key", **more}


class Methods(LoginCase):
    def test_towards_clients(self):
        for auth in ("scram-sha-256", "md5", "password", "trust"):
            with self.subTest(auth=auth):
                proxy = self.serve(auth=auth)
                self.assertEqual(proxy.query("select current_user"), [("app",)])
                self.assertEqual(proxy.query("select current_user"), [("app",)])
                if auth != "trust":
                    for wrong in ("wrong", " "):
                        with self.assertRaisesRegex(psycopg.OperationalError, 'password authentication failed for user "app"'):
                            proxy.connect(password=wrong)
                with self.assertRaises(psycopg.OperationalError):
                    proxy.connect(user="nobody", password="x")

    def test_towards_servers(self):
        hba = self.node.data / "pg_hba.conf"
        before = hba.read_text(encoding="utf-8")
        self.addCleanup(self.node.reload)
        self.addCleanup(hba.write_text, before)
        self.node.query("set password_encryption = 'md5'; create role md5er login password 'md5 secret'")
        self.node.query("create role plainer login password 'plain secret'; create role truster login")
        hba.write_text("host all md5er 127.0.0.1/32 md5\nhost all plainer 127.0.0.1/32 password\n"
                       "host all truster 127.0.0.1/32 trust\n" + before, encoding="utf-8")
        self.node.reload()
        wait_until(lambda: self.node.value("select count(*) from pg_hba_file_rules where auth_method = 'md5'") == 1, 10, "rules")
        proxy = self.serve(users=[{"name": "md5er", "password": "md5 secret"}, {"name": "plainer", "password": "plain secret"},
                                  {"name": "truster", "password": "any"},
                                  {"name": "alias", "password": "outside", "server_user": "plainer",
                                   "server_password": "plain secret"}])
        for user, password, there in (("md5er", "md5 secret", "md5er"), ("plainer", "plain secret", "plainer"),
                                      ("truster", "any", "truster"), ("alias", "outside", "plainer")):
            with self.subTest(user=user):
                self.assertEqual(proxy.query("select current_user::text", user=user, password=password), [(there,)])

    def test_a_verifier_is_enough(self):
        """Neither side's password is known here: the client's proof gives the key that the server asks for."""
        self.node.query("create role keyed login password 'never written down'")
        verifier = self.node.value("select rolpassword from pg_authid where rolname = 'keyed'")
        proxy = self.serve(users=[{"name": "keyed", "password": verifier}])
        for _ in range(3):
            self.assertEqual(proxy.query("select current_user::text", user="keyed", password="never written down"), [("keyed",)])
        with self.assertRaisesRegex(psycopg.OperationalError, "password authentication failed"):
            proxy.connect(user="keyed", password="wrong")
        self.assertNotIn("never written down", proxy.log())

    def test_a_verifier_is_enough_after_a_reload(self):
        """What a proof has shown is kept as long as the verifier is the same."""
        self.node.query("create role lasting login password 'never written down'")
        verifier = self.node.value("select rolpassword from pg_authid where rolname = 'lasting'")
        proxy = self.serve(users=[{"name": "lasting", "password": verifier}])

        def reload(change=lambda config: None):
            change(proxy.config)
            before = proxy.log().count("event=reloaded")
            proxy.reload(proxy.config)
            wait_until(lambda: proxy.log().count("event=reloaded") > before, 10, "a reload")
            proxy.console("RECONNECT plain")

        with proxy.connect(user="lasting", password="never written down") as client:
            for change in (lambda config: None, lambda config: config["database"][0]["pool"].update(size=3),
                           lambda config: config["user"][-1].update(hints=True)):
                for _ in range(2):
                    reload(change)
                    self.assertEqual(client.execute("select current_user::text").fetchone(), ("lasting",))
            self.node.query("alter role lasting password 'another one'")
            other = self.node.value("select rolpassword from pg_authid where rolname = 'lasting'")
            reload(lambda config: config["user"][-1].update(password=other))
            with self.assertRaises(psycopg.Error) as caught:
                client.execute("select 1")
            self.assertEqual(caught.exception.sqlstate, "28000")
            self.assertEqual(proxy.query("select current_user::text", user="lasting", password="another one"), [("lasting",)])
            self.assertEqual(client.execute("select current_user::text").fetchone(), ("lasting",))

    def test_a_verifier_of_another_salt_cannot_log_in_to_the_server(self):
        self.node.query("create role salted login password 'same password'")
        verifier = self.node.value("select rolpassword from pg_authid where rolname = 'salted'")
        self.node.query("alter role salted password 'same password'")   # another salt
        proxy = self.serve(users=[{"name": "salted", "password": verifier}])
        with self.assertRaisesRegex(psycopg.OperationalError, "salted"):
            proxy.connect(user="salted", password="same password")

    def test_errors_of_the_server_reach_the_first_client(self):
        self.node.query("drop role if exists keeper; create role keeper login password 'right'")
        proxy = self.serve(users=[{"name": "ghost", "password": "x"}, {"name": "mistaken", "password": "y", "server_user": "keeper",
                                                                     "server_password": "wrong"}])
        for user, password in (("ghost", "x"), ("mistaken", "y")):
            with self.subTest(user=user), self.assertRaisesRegex(psycopg.OperationalError, "authentication failed|does not exist"):
                proxy.connect(user=user, password=password)
        self.assertEqual(proxy.query("select 1"), [(1,)])


class ClientTls(LoginCase):
    def outcome(self, proxy, **how):
        try:
            with proxy.connect(**how) as client:
                self.assertEqual(client.execute("select 1").fetchone(), (1,))
                return "tls" if client.pgconn.ssl_in_use else "clear"
        except psycopg.OperationalError:
            return "refused"

    def test_matrix(self):
        expected = {   # listener's mode -> outcome with sslmode disable, prefer, require
            "off": ("clear", "clear", "refused"),
            "prefer": ("clear", "tls", "tls"),
            "require": ("refused", "tls", "tls"),
        }
        for mode, outcomes in expected.items():
            proxy = self.serve(tls=self.listen_tls(mode) if mode != "off" else None)
            for sslmode, outcome in zip(("disable", "prefer", "require"), outcomes):
                with self.subTest(listener=mode, sslmode=sslmode):
                    self.assertEqual(self.outcome(proxy, sslmode=sslmode), outcome)

    def test_verify_full_by_the_client(self):
        proxy = self.serve(tls=self.listen_tls("require"))
        for how, outcome in (({"host": "localhost", "hostaddr": "127.0.0.1", "sslrootcert": self.cluster.ca}, "tls"),
                             ({"host": "elsewhere", "hostaddr": "127.0.0.1", "sslrootcert": self.cluster.ca}, "refused"),
                             ({"host": "localhost", "hostaddr": "127.0.0.1", "sslrootcert": f"{self.cluster.folder}/other.crt"}, "refused")):
            with self.subTest(**how):
                self.assertEqual(self.outcome(proxy, sslmode="verify-full", **how), outcome)

    def test_client_certificates(self):
        folder = self.cluster.folder
        proxy = self.serve(tls=self.listen_tls("verify-ca", client_ca=self.cluster.ca))
        for certificate, outcome in (("app", "tls"), ("stranger", "refused"), (None, "refused")):
            with self.subTest(certificate=certificate):
                how = {"sslcert": f"{folder}/{certificate}.crt", "sslkey": f"{folder}/{certificate}.key"} if certificate else {"sslcert": "/nowhere"}
                self.assertEqual(self.outcome(proxy, sslmode="require", **how), outcome)

    def test_nothing_behind_sslrequest_is_taken_in_clear(self):
        proxy = self.serve(tls=self.listen_tls("prefer"))
        startup = struct.pack("!ii", 0, 196608)[4:] + b"user\0app\0database\0plain\0\0"
        startup = struct.pack("!i", len(startup) + 4) + startup
        with socket.create_connection(("127.0.0.1", proxy.port), 10) as raw:
            raw.sendall(struct.pack("!ii", 8, 80877103) + startup)
            received = b""
            try:
                while part := raw.recv(1000):
                    received += part
            except ConnectionError:
                pass
        self.assertIn(received, (b"", b"S"))
        self.assertEqual(proxy.query("select 1", sslmode="require"), [(1,)])

    def test_ssl_and_gss_requests_without_tls(self):
        proxy = self.serve()
        with socket.create_connection(("127.0.0.1", proxy.port), 10) as raw:
            for code in (80877104, 80877103):
                raw.sendall(struct.pack("!ii", 8, code))
                self.assertEqual(raw.recv(10), b"N")


class ServerTls(LoginCase):
    def outcome(self, mode, address, ca=None):
        server_tls = {"mode": mode, **({"ca": ca} if ca else {})}
        proxy = self.serve(server_tls=server_tls, address=address)
        try:
            ssl, = proxy.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()")[0]
            return "tls" if ssl else "clear"
        except psycopg.OperationalError:
            return "refused"
        finally:
            proxy.stop()

    def test_matrix(self):
        right, wrong = self.cluster.ca, f"{self.cluster.folder}/other.crt"
        by_ip, by_name, by_other = (f"{host}:{self.node.port}" for host in ("127.0.0.1", "localhost", "127.0.0.2"))
        self.node.set("listen_addresses", "127.0.0.1,127.0.0.2")
        (self.node.data / "pg_hba.conf").write_text(servers.ACCESS + "host all all 127.0.0.2/32 scram-sha-256\n"
                                                    "host all all 127.0.0.1/32 scram-sha-256\n", encoding="utf-8")
        self.node.restart()
        for mode, address, ca, expected in (
                ("off", by_ip, None, "clear"), ("prefer", by_ip, None, "tls"), ("require", by_ip, None, "tls"),
                ("verify-ca", by_ip, right, "tls"), ("verify-ca", by_other, right, "tls"), ("verify-ca", by_ip, wrong, "refused"),
                ("verify-full", by_ip, right, "tls"), ("verify-full", by_name, right, "tls"),
                ("verify-full", by_other, right, "refused"), ("verify-full", by_ip, wrong, "refused")):
            with self.subTest(mode=mode, address=address, ca=ca):
                self.assertEqual(self.outcome(mode, address, ca), expected)

    def test_zz_a_server_without_tls(self):
        self.node.set("ssl", "off")
        self.node.restart()
        for mode, ca, expected in (("prefer", None, "clear"), ("require", None, "refused"), ("verify-full", self.cluster.ca, "refused")):
            with self.subTest(mode=mode):
                self.assertEqual(self.outcome(mode, self.node.address, ca), expected)


class Cost(LoginCase):
    @unittest.skipIf(os.environ.get("SHARDWAY_PRESET", "release") != "release", "measured in the release build only")
    def test_a_scram_login_costs_far_less_than_its_iterations(self):
        proxy = self.serve()
        proxy.query("select 1")

        def processor_ns():
            return sum(int(task.joinpath("schedstat").read_text(encoding="ascii").split()[0])
                       for task in pathlib.Path(f"/proc/{proxy.process.pid}/task").iterdir())
        idle, idle_since = processor_ns(), time.monotonic()
        time.sleep(1)   # what the control lane takes meanwhile is not the logins'
        idle_rate = (processor_ns() - idle) / (time.monotonic() - idle_since)
        before, since = processor_ns(), time.monotonic()
        for _ in range(200):
            proxy.connect().close()
        each_us = (processor_ns() - before - idle_rate * (time.monotonic() - since)) / 200 / 1000
        self.assertLess(each_us, 1000, "microseconds of processor time per login")   # 4096 iterations take 2,000 to 4,000
