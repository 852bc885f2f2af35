"""Start, reload, drain, quit: signals, listeners, logs."""
import copy
import json
import os
import pwd
import signal
import socket
import subprocess
import threading
import time

import psycopg

import wire
from support import servers, shardway
from support.case import ProxyCase
from support.servers import wait_until


class LifecycleCase(ProxyCase):
    """A proxy of its own for each test, on the run's plain server."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(servers.shared(shards=2, replicas=1, plain=True))
        cls.server_database = f"test_lifecycle_{cls.__name__.lower()}"
        cls.cluster.create_database(cls.server_database)
        cls.addClassCleanup(cls.cluster.drop_database, cls.server_database)

    def make_config(self, **settings):
        config = shardway.base_config(self.cluster, **settings)
        config["database"] = [shardway.unsharded_database(self.cluster, server_database=self.server_database,
                                                          pool={"size": 4})]
        return config

    def start(self, config=None, **settings):
        self.proxy = shardway.Proxy(config or self.make_config(**settings)).start()
        self.addCleanup(self.proxy.stop)
        return self.proxy


class Reload(LifecycleCase):
    def test_a_good_change(self):
        proxy = self.start()
        client = self.connect()
        client.execute("set application_name to 'stays'")
        config = copy.deepcopy(proxy.config)
        config["database"][0]["pool"]["size"] = 7
        config["user"].append({"name": "newcomer", "password": "fresh-secret", "server_user": servers.APP,
                               "server_password": self.cluster.passwords[servers.APP]})
        proxy.reload(config)
        proxy.wait_for_log("event=reloaded")
        self.assertEqual([row["pool_size"] for row in proxy.console("SHOW DATABASES") if row["name"] == "plain"], [7])
        self.assertEqual(proxy.query("select 1", user="newcomer", password="fresh-secret"), [(1,)])
        self.assertEqual(client.execute("show application_name").fetchone(), ("stays",))

    def test_a_removed_user_has_to_go(self):
        config = self.make_config()
        config["user"].append({"name": "leaver", "password": "leaver-secret", "server_user": servers.APP,
                               "server_password": self.cluster.passwords[servers.APP]})
        proxy = self.start(config)
        leaver, stayer = self.connect(user="leaver", password="leaver-secret"), self.connect()
        leaver.execute("begin")
        leaver.execute("select 1")
        config = copy.deepcopy(config)
        config["user"].pop()
        proxy.reload(config)
        proxy.wait_for_log("event=reloaded")
        self.assertEqual(leaver.execute("select 2").fetchone(), (2,))   # its transaction may end
        leaver.execute("commit")
        wait_until(lambda: self.is_closed(leaver), 10, "it is closed")
        self.assertEqual(stayer.execute("select 1").fetchone(), (1,))

    def test_a_removed_database_ends_what_pins_its_clients(self):
        config = self.make_config()
        config["database"].append({**copy.deepcopy(config["database"][0]), "name": "left"})
        proxy = self.start(config)
        pinned, busy, stayer = [self.enterContext(wire.Wire.login(proxy.port, "app", self.cluster.passwords["app"], name))
                                for name in ("left", "left", "plain")]
        for client in (pinned, busy, stayer):
            client.sql("listen something")
        busy.sql("begin")
        config = copy.deepcopy(config)
        config["database"].pop()
        proxy.reload(config)
        proxy.wait_for_log("event=reloaded")
        self.assertEqual([line[:13] for line in pinned.rest()], ["E FATAL 57P01"])
        self.assertEqual(busy.sql("select 2")[1], "D 2")   # its transaction may end
        busy.sql("commit")
        self.assertEqual([line[:13] for line in busy.rest()], ["E FATAL 57P01"])
        self.assertEqual(stayer.sql("select 1")[1], "D 1")
        self.assertEqual([row["reason"] for row in proxy.console("SHOW PINS")], ["listen"])

    def is_closed(self, client):
        try:
            client.execute("select 1")
        except psycopg.OperationalError:
            return True
        return False

    def test_a_bad_file_changes_nothing(self):
        proxy = self.start()
        client = self.connect()
        good = proxy.config
        for number, text in enumerate(["[shardway]\nworkres = 3\n", "this is no TOML at all [", ""]):
            proxy.config = text
            proxy.write_config()
            proxy.send(signal.SIGHUP)
            wait_until(lambda n=number: proxy.log().count("event=reload_failed") == n + 1, 10, "the log says why")
            proxy.config = good
            self.assertEqual(client.execute("select 1").fetchone(), (1,))
            self.assertEqual(proxy.query("select 1"), [(1,)])
        self.assertIn("workres", proxy.log())
        proxy.write_config()

    def test_the_log_as_the_file_says(self):
        proxy = self.start(log_level="error")
        first, second = proxy.folder / "first.log", proxy.folder / "second.log"

        def reload(**settings):
            proxy.config["shardway"].update(settings)
            proxy.write_config()
            proxy.console("RELOAD")

        proxy.query("select 1")
        self.assertNotIn("event=login", proxy.log())
        reload(log_level="info")
        proxy.query("select 1")
        proxy.wait_for_log("event=login")
        reload(log_file=str(first), log_format="json")
        proxy.query("select 1")
        lines = [json.loads(line) for line in first.read_text().splitlines()]
        self.assertEqual({line["database"] for line in lines if line["event"] == "login"}, {"plain"})
        with self.assertRaisesRegex(psycopg.Error, r"shardway\.log_file: cannot write .*: No such file or directory"):
            reload(log_file=str(proxy.folder / "nowhere" / "x.log"), log_format="text")
        self.assertTrue(all(json.loads(line) for line in first.read_text().splitlines()))
        reload(log_file=str(second), log_format="text")
        proxy.query("select 1")
        self.assertIn("event=login", second.read_text())

    def test_a_renamed_log_is_opened_anew(self):
        folder = servers.temporary_folder("shardway-log-")
        log, old = folder / "shardway.log", folder / "shardway.log.1"
        self.addCleanup(lambda: [log.unlink(), old.unlink(), folder.rmdir()])
        proxy = self.start(log_file=str(log))
        log.rename(old)
        proxy.send(signal.SIGHUP)
        wait_until(lambda: log.exists() and "event=reloaded" in log.read_text(), 10, "it is there again")
        log.rename(old)
        good, proxy.config = proxy.config, "no TOML ["
        proxy.write_config()
        proxy.send(signal.SIGHUP)   # what stands in the file has nothing to do with it
        wait_until(lambda: log.exists() and "event=reload_failed" in log.read_text(), 10, "it is there again")
        proxy.config = good
        proxy.write_config()

    def test_what_is_made_once_is_not_changed(self):
        proxy = self.start()
        http = proxy.config["admin"]["http"]
        proxy.config["admin"]["http"] = f"127.0.0.1:{servers.free_port()}"
        proxy.write_config()
        with self.assertRaisesRegex(psycopg.Error, r"admin\.http cannot change while the program runs"):
            proxy.console("RELOAD")
        proxy.config["admin"]["http"] = http
        proxy.write_config()
        proxy.console("RELOAD")

    def test_rows_do_not_move_by_themselves(self):
        """They would be looked for where they are not, and their keys given once more."""
        config = self.make_config()
        config["database"].append(shardway.sharded_database(self.cluster, [{"name": "moved", "key": "id", "type": "bigint"}],
                                                            server_database=self.server_database))
        proxy = self.start(config)
        changes = {"map": lambda shop: shop["sharding"]["map"].update(dict(zip(shop["sharding"]["map"], reversed(shop["sharding"]["map"].values())))),
                   "table": lambda shop: shop.update(table=[{"name": "moved", "kind": "single", "shard": "shop_0"}])}
        for number, (what, change) in enumerate(changes.items()):
            with self.subTest(change=what):
                changed = copy.deepcopy(config)
                change(changed["database"][-1])
                proxy.reload(changed)
                wait_until(lambda n=number: proxy.log().count("event=reload_failed") == n + 1, 10, "the log says why")
                with self.assertRaisesRegex(psycopg.Error, 'database "shop": .*: Shardway moves no rows'):
                    proxy.console("RELOAD")
                for command in "PAUSE shop", "RELOAD", "RESUME shop":
                    proxy.console(command)
                proxy.config = config
                proxy.write_config()
                for command in "PAUSE shop", "RELOAD", "RESUME shop":
                    proxy.console(command)

    def test_reloads_under_load(self):
        proxy = self.start()
        self.cluster.plain.query("create table if not exists t(id int primary key, n int); insert into t"
                                 " select i, 0 from generate_series(1, 100) i on conflict do nothing",
                                 dbname=self.server_database, user=servers.APP)
        script = proxy.folder / "load.sql"
        script.write_text("\\set id random(1, 100)\nbegin;\nupdate t set n = n + 1 where id = :id;\n"
                          "select n from t where id = :id;\ncommit;\nselect 1;\n", encoding="utf-8")
        # A thread for each client: it waits in PQprepare() for a connection that another client of its thread may have.
        load = [subprocess.Popen(["pgbench", "-n", "-c", "4", "-j", "4", "-T", "5", "-M", mode, "-f", script, proxy.conninfo()],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                for mode in ("simple", "prepared")]
        sizes = 0
        while any(process.poll() is None for process in load):
            sizes += 1
            proxy.config["database"][0]["pool"]["size"] = 4 + sizes % 3
            fresh = proxy.folder / "fresh.toml"   # replaced whole: the last reload may still be reading it
            fresh.write_text(shardway.to_toml(proxy.config), encoding="utf-8")
            fresh.replace(proxy.file)
            proxy.send(signal.SIGHUP)
            time.sleep(0.1)   # the rate is what is tested
        for process in load:
            out = process.communicate()[0]
            self.assertEqual(process.returncode, 0, out)
            self.assertIn("number of failed transactions: 0", out)
        self.assertNotIn("reload_failed", proxy.log())
        self.assertGreaterEqual(proxy.log().count("event=reloaded"), shardway.tried(6, 2))
        wait_until(lambda: self.backends() <= 8, 10, "old generations' connections are closed")

    def backends(self):
        return self.cluster.plain.value("select count(*) from pg_stat_activity where datname = %s and usename = 'app'",
                                        [self.server_database], dbname="postgres")


class Shutdown(LifecycleCase):
    def test_sigterm_drains(self):
        proxy = self.start()
        idle, working, driven = self.connect(), self.connect(), self.connect(autocommit=False)
        idle.execute("select 1")
        working.execute("create table if not exists drained(i int)")
        driven.execute("select 1")   # its BEGIN and COMMIT are simple queries
        working.execute("begin")
        working.execute("insert into drained values (1)")
        proxy.send(signal.SIGTERM)
        proxy.wait_for_log("event=draining")
        self.assertEqual(proxy.http("/readyz")[0], 503)
        self.assertEqual(proxy.http("/healthz")[0], 200)
        with socket.socket(fileno=os.dup(idle.pgconn.socket)) as raw:
            raw.settimeout(10)
            self.assertRegex(raw.recv(1000), b"^E.*C57P01\\0")
        with self.assertRaises(psycopg.OperationalError):
            proxy.connect()
        working.execute("insert into drained values (2)")
        working.execute("commit")
        driven.commit()
        self.assertEqual(proxy.wait(10), 0)
        self.assertEqual(self.cluster.plain.query("select i from drained order by i", dbname=self.server_database), [(1,), (2,)])

    def test_sigterm_gives_up_after_shutdown_timeout(self):
        proxy = self.start(shutdown_timeout="1s")
        client = self.connect()
        client.execute("begin")
        client.execute("select 1")
        since = time.monotonic()
        proxy.send(signal.SIGTERM)
        self.assertEqual(proxy.wait(), 0)
        self.assertLess(time.monotonic() - since, 8)
        with self.assertRaises(psycopg.OperationalError):
            client.execute("commit")

    def test_sigint_waits_for_transactions(self):
        proxy = self.start()
        client, idle = self.connect(), self.connect()
        client.execute("begin")
        client.execute("select 1")
        proxy.send(signal.SIGINT)
        proxy.wait_for_log("event=draining")
        self.assertEqual(client.execute("select 2").fetchone(), (2,))
        client.execute("commit")
        self.assertEqual(proxy.wait(), 0)
        with self.assertRaises(psycopg.OperationalError):
            idle.execute("select 1")

    def test_shutdown_waits_for_clients(self):
        proxy = self.start(shutdown_timeout="500ms")
        idle, working = self.connect(), self.connect()
        working.execute("begin")
        working.execute("select 1")
        proxy.console("SHUTDOWN WAIT_FOR_CLIENTS")
        with self.assertRaises(psycopg.OperationalError):
            proxy.connect()
        self.assertEqual(proxy.http("/readyz")[0], 503)
        time.sleep(1.5)
        self.assertEqual(idle.execute("select 1").fetchone(), (1,))
        working.execute("commit")
        working.execute("begin")
        idle.close()
        time.sleep(0.5)
        self.assertEqual(working.execute("select 2").fetchone(), (2,))
        working.close()
        self.assertEqual(proxy.wait(), 0)

    def test_a_signal_ends_the_wait_for_clients(self):
        proxy = self.start()
        idle = self.connect()
        proxy.console("SHUTDOWN WAIT_FOR_CLIENTS")
        idle.execute("select 1")
        proxy.send(signal.SIGTERM)
        self.assertEqual(proxy.wait(), 0)
        with self.assertRaises(psycopg.OperationalError):
            idle.execute("select 1")

    def test_a_second_signal_quits(self):
        proxy = self.start()
        client = self.connect()
        client.execute("begin")
        client.execute("select 1")
        proxy.send(signal.SIGTERM)
        proxy.wait_for_log("event=draining")
        proxy.send(signal.SIGTERM)
        self.assertEqual(proxy.wait(10), 0)
        wait_until(lambda: self.cluster.plain.value(
            "select count(*) from pg_stat_activity where datname = %s and usename = 'app'", [self.server_database],
            dbname="postgres") == 0, 10, "the server connections are gone")

    def test_a_running_statement_ends_first(self):
        proxy = self.start()
        client, rows = self.connect(), []
        thread = threading.Thread(target=lambda: rows.extend(client.execute("select 1, pg_sleep(1)::text").fetchall()))
        thread.start()
        wait_until(lambda: any(row["state"] == "active" for row in proxy.console("SHOW CLIENTS") if row["database"] == "plain"),
                   10, "it runs")
        proxy.send(signal.SIGTERM)
        self.assertEqual(proxy.wait(), 0)
        thread.join()
        self.assertEqual(rows, [(1, "")])


class Surface(LifecycleCase):
    def test_unix_socket(self):
        config = self.make_config()
        folder = servers.temporary_folder("shardway-sock-")
        self.addCleanup(os.rmdir, folder)
        config["listen"].append({"protocol": "postgresql", "address": f"unix:{folder}/.s.PGSQL.6432"})
        proxy = self.start(config)
        for _ in range(4):   # whichever worker takes it
            with psycopg.connect(proxy.conninfo(host=str(folder), port=6432), autocommit=True) as client:
                self.assertEqual(client.execute("select 1").fetchone(), (1,))
        proxy.stop()
        self.assertEqual(os.listdir(folder), [])

    def unix_config(self, path, **more):
        config = self.make_config()
        config["listen"].append({"protocol": "postgresql", "address": f"unix:{path}", **more})
        return config

    def answer_at(self, proxy, folder, user=None):
        """What psql hears by the socket of this folder, run by this user of the system."""
        as_user = ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"] if user else []
        return subprocess.run([*as_user, "psql", "-XAt", proxy.conninfo(host=str(folder), port=6432), "-c", "select 1"], cwd="/", text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout.strip()

    def test_a_unix_socket_is_open_to_other_users(self):
        folder = servers.temporary_folder("shardway-sock-")
        self.addCleanup(os.rmdir, folder)
        os.chmod(folder, 0o755)
        path = f"{folder}/.s.PGSQL.6432"
        for more, mode in ({}, 0o777), ({"unix_socket_mode": "0700"}, 0o700), ({"unix_socket_mode": "0666"}, 0o666):
            with self.subTest(mode=mode), shardway.Proxy(self.unix_config(path, **more)) as proxy:
                self.assertEqual(os.stat(path).st_mode & 0o7777, mode)
                self.assertEqual(self.answer_at(proxy, folder), "1")
                if os.geteuid() == 0:
                    said = self.answer_at(proxy, folder, "nobody")
                    self.assertEqual(said == "1", mode != 0o700, said)

    def refused_start(self, config):
        proxy = shardway.Proxy(config).start(wait=False)
        self.assertNotEqual(proxy.wait(10), 0)
        return proxy.log()

    def test_what_is_at_the_path_of_a_unix_socket(self):
        """Another program's socket stays, and so does a file; only a socket that nobody listens on is replaced."""
        folder = servers.temporary_folder("shardway-sock-")
        self.addCleanup(os.rmdir, folder)
        path = f"{folder}/.s.PGSQL.6432"
        self.addCleanup(lambda: os.path.exists(path) and os.unlink(path))
        first = shardway.Proxy(self.unix_config(path)).start()
        self.addCleanup(first.kill)
        self.assertIn(path, self.refused_start(self.unix_config(path)))
        taken = self.unix_config(path)
        taken["listen"] = [*first.config["listen"][:1], *taken["listen"][1:]]
        self.assertIn(first.addresses[0], self.refused_start(taken))
        self.assertEqual(self.answer_at(first, folder), "1")
        first.kill()
        self.assertTrue(os.path.exists(path))
        with shardway.Proxy(self.unix_config(path)) as proxy:
            self.assertEqual(self.answer_at(proxy, folder), "1")
        self.assertFalse(os.path.exists(path))
        with open(path, "w", encoding="utf-8") as file:
            file.write("precious")
        self.assertIn("no socket", self.refused_start(self.unix_config(path)))
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_the_socket_of_the_next_one_stays(self):
        """It may have begun to listen while this one waits for its last transaction."""
        folder = servers.temporary_folder("shardway-sock-")
        self.addCleanup(os.rmdir, folder)
        path = f"{folder}/.s.PGSQL.6432"
        first = self.start(self.unix_config(path))
        with first.connect() as client:
            client.execute("begin")
            client.execute("select 1")
            first.send(signal.SIGTERM)
            wait_until(lambda: not os.path.exists(path), 10, "it listens no more")
            with shardway.Proxy(self.unix_config(path)) as proxy:
                client.execute("commit")
                first.wait()
                self.assertEqual(self.answer_at(proxy, folder), "1")

    def test_the_log_says_how_many_files_may_be_open(self):
        self.assertRegex(self.start().log(), r"event=open_files limit=\d+ clients_and_servers=\d+")

    def test_json_log_parses_and_holds_no_secret(self):
        config = self.make_config(log_format="json", log_level="debug")
        config["user"].append({"name": "odd", "password": "tricky \" \\ secret"})
        proxy = self.start(config)
        proxy.query("select 1")
        for password in ("a wrong secret", self.cluster.passwords[servers.APP] + "x"):
            with self.assertRaises(psycopg.OperationalError):
                proxy.connect(password=password)
        with self.assertRaises(psycopg.OperationalError):
            proxy.connect(user="odd \"quoted\"\n\\user", password="x")
        with self.assertRaises(psycopg.OperationalError):
            proxy.connect(dbname="no\nsuch \"base\"")
        proxy.console("SHOW CONFIG")
        proxy.reload()
        wait_until(lambda: "reloaded" in proxy.log(), 10, "a reload")
        log = proxy.log()
        lines = [json.loads(line) for line in log.splitlines() if line]
        login = next(line for line in lines if line["event"] == "login")
        self.assertEqual(sorted(login), ["addr", "client", "database", "event", "level", "time", "tls", "user"])
        self.assertEqual((login["level"], login["user"], login["database"], login["tls"]), ("info", "app", "plain", "false"))
        self.assertIn("odd \"quoted\"\n\\user", [line.get("user") for line in lines])
        self.assertIn("no\nsuch \"base\"", [line.get("database") for line in lines])
        self.assertFalse([line for line in lines if "event=" in str(line)])
        for secret in [*self.cluster.passwords.values(), shardway.ADMIN_PASSWORD, "tricky", "a wrong secret", "SCRAM-SHA-256$"]:
            self.assertNotIn(secret, log)

    def test_text_log_has_one_line_per_event(self):
        proxy = self.start(log_level="debug")
        for user in 'a" sqlstate=00000 x="', "two\nlines":
            with self.assertRaises(psycopg.OperationalError):
                proxy.connect(user=user, password="x")
        proxy.wait_for_log("two")
        self.assertIn(r'user="a\" sqlstate=00000 x=\"" database="plain"', proxy.log())
        proxy.wait_for_log("login_refused")
        self.assertTrue(all("event=" in line for line in proxy.log().splitlines() if line), proxy.log())
        for secret in [*self.cluster.passwords.values(), shardway.ADMIN_PASSWORD]:
            self.assertNotIn(secret, proxy.log())

    def test_the_console_is_open_when_there_are_too_many(self):
        config = self.make_config(max_clients=3)
        config["admin"]["stats_users"] = ["watcher"]
        config["user"].append({"name": "watcher", "password": "watcher-secret"})
        proxy = self.start(config)
        clients = [self.connect() for _ in range(3)]

        def refused(**how):
            with self.assertRaises(psycopg.OperationalError) as caught:
                proxy.connect(**how)
            self.assertIn("too many clients already", str(caught.exception))
        for how in ({}, {"user": shardway.ADMIN, "password": shardway.ADMIN_PASSWORD}, {"dbname": "shardway"}):
            refused(**how)
        console = {"dbname": "shardway", "user": shardway.ADMIN, "password": shardway.ADMIN_PASSWORD}
        looking = [self.connect(**console), self.connect(dbname="shardway", user="watcher", password="watcher-secret")]
        self.assertEqual(len(looking[0].execute("show clients").fetchall()), 5)
        clients.pop().close()
        wait_until(lambda: len(looking[0].execute("show clients").fetchall()) == 4, 5, "one has left")
        clients.append(self.connect())   # whoever only looks takes no place from those
        refused()
        looking += [self.connect(**console) for _ in range(6)]
        refused(**console)
        looking.pop().close()
        wait_until(lambda: len(looking[0].execute("show clients").fetchall()) == 10, 5, "one has left")
        looking.append(self.connect(**console))

    def test_an_address_in_use_is_an_error_at_start(self):
        proxy = self.start()
        config = self.make_config()
        config["listen"] = proxy.config["listen"]
        second = shardway.Proxy(config).start(wait=False)
        self.assertNotEqual(second.wait(10), 0)
        self.assertIn(proxy.addresses[0], second.log())
