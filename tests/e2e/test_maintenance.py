"""PAUSE and RESUME of a shard and of a node, TIMEOUT, DRAIN NODE and UNDRAIN NODE, and that a reload forgets none of it."""
import concurrent.futures
import time

import psycopg

from support.case import ProxyCase
from support.servers import wait_until


class Maintenance(ProxyCase):
    tables = [{"name": "things", "key": "id", "type": "bigint"}]
    schema = "create table things(id bigint primary key, note text)"
    reads = {"from": "replicas", "consistency": "eventual"}

    @classmethod
    def configure(cls, config):
        config["database"][1]["pool"]["size"] = 1

    def setUp(self):
        self.first, self.second = self.cluster.shards
        self.keys = [self.key_on(0), self.key_on(1)]
        wait_until(lambda: [row["role"] for row in self.nodes("shop")] == ["primary", "replica"] * 2, 20, "roles are known")

    def key_on(self, shard):
        """A key whose row is on the shard."""
        for key in range(1, 1000):
            self.proxy.query("delete from things where id = %s", (key,), dbname="shop")
            self.proxy.query("insert into things values (%s, 'x')", (key,), dbname="shop")
            if self.on_shards("select id from things where id = %s", (key,))[shard]:
                return key
        raise AssertionError("no key")

    def nodes(self, database="shop"):
        return [row for row in self.proxy.console("SHOW NODES") if row["database"] == database]

    def state(self, node):
        return {row["address"]: row["state"] for row in self.nodes()}[node.address]

    def held(self):
        return [row["held"] for row in self.proxy.console("SHOW SHARDS") if row["database"] == "shop"]

    def in_background(self, work):
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        return pool.submit(work)

    def write(self, shard):
        return self.proxy.query("update things set note = 'y' where id = %s returning note", (self.keys[shard],), dbname="shop")

    def where(self, shard=0):
        """The server that answers a read of the shard."""
        return self.proxy.query("select current_setting('cluster_name') from things where id = %s", (self.keys[shard],), dbname="shop")[0][0]

    def reload(self):
        before = self.proxy.log().count("event=reloaded")
        self.proxy.reload()
        wait_until(lambda: self.proxy.log().count("event=reloaded") > before, 10, "the configuration is read again")

    def refused_command(self, command, words):
        with self.assertRaisesRegex(psycopg.Error, words):
            self.proxy.console(command)

    def test_a_paused_shard_waits_and_the_others_do_not(self):
        self.proxy.console("PAUSE shop.shop_0")
        self.assertEqual(self.held(), ["paused", ""])
        waiting = self.in_background(lambda: self.write(0))
        self.assertEqual(self.write(1), [("y",)])
        self.assertTrue(self.where(0).endswith("_b"))   # a replica goes on
        self.refused_command("PAUSE shop.shop_0", "already paused")
        self.reload()
        self.assertEqual(self.held(), ["paused", ""])
        time.sleep(0.3)
        self.assertFalse(waiting.done())
        self.proxy.console("RESUME shop.shop_0")
        self.assertEqual(waiting.result(10), [("y",)])
        self.refused_command("RESUME shop.shop_0", "is not paused")

    def test_a_reload_that_takes_its_time_forgets_no_resume(self):
        replica = self.second.replicas[0]
        for command, paused in (("PAUSE shop", 1), ("RESUME shop", 0)):
            before = self.proxy.log().count("event=reloaded")
            replica.pause()   # it is waited for
            try:
                self.proxy.reload()
                time.sleep(0.5)
                self.proxy.console(command)
                self.assertEqual(self.proxy.log().count("event=reloaded"), before)
                wait_until(lambda: self.proxy.log().count("event=reloaded") > before, 20, "the configuration is read again")
            finally:
                replica.resume()
            self.assertEqual([int(row["paused"]) for row in self.proxy.console("SHOW DATABASES") if row["name"] == "shop"], [paused])
        self.assertEqual(self.write(0), [("y",)])

    def test_pause_answers_when_what_has_begun_has_ended(self):
        client = self.connect(dbname="shop", autocommit=False)
        client.execute("update things set note = 'z' where id = %s", (self.keys[0],))
        paused = self.in_background(lambda: self.proxy.console("PAUSE shop.shop_0"))
        time.sleep(0.3)
        self.assertFalse(paused.done())
        client.execute("update things set note = 'zz' where id = %s", (self.keys[0],))
        client.commit()
        paused.result(10)
        self.proxy.console("RESUME shop.shop_0")

    def test_a_pause_waits_for_clients_of_older_configurations(self):
        for reload_first in (True, False):
            with self.subTest(reload_first=reload_first):
                client = self.connect(dbname="shop", autocommit=False)
                client.execute("update things set note = 'z' where id = %s", (self.keys[0],))
                if reload_first:
                    self.reload()
                paused = self.in_background(lambda: self.proxy.console("PAUSE shop"))
                time.sleep(0.3)
                if not reload_first:
                    self.reload()
                    time.sleep(0.5)
                self.assertFalse(paused.done())
                shown = next(row for row in self.proxy.console("SHOW DATABASES") if row["name"] == "shop")
                self.assertGreaterEqual(int(shown["current_connections"]), 1)
                client.execute("update things set note = 'zz' where id = %s", (self.keys[0],))
                client.commit()
                paused.result(10)
                waiting = self.in_background(lambda: client.execute("select 1").fetchall())
                time.sleep(0.3)
                self.assertFalse(waiting.done())
                self.proxy.console("RESUME shop")
                self.assertEqual(waiting.result(10), [(1,)])
                client.commit()

    def test_who_waits_in_an_older_configuration_is_paused_and_resumed_with_it(self):
        holder, second = self.connect(dbname="plain", autocommit=False), self.connect(dbname="plain")
        holder.execute("select 1")
        waiting = self.in_background(lambda: second.execute("select 2").fetchall())
        wait_until(lambda: any(int(row["cl_waiting"]) for row in self.proxy.console("SHOW POOLS") if row["database"] == "plain"),
                   10, "the second one waits")
        self.reload()
        paused = self.in_background(lambda: self.proxy.console("PAUSE plain"))
        time.sleep(0.3)
        holder.commit()
        paused.result(10)
        self.assertFalse(waiting.done())
        self.proxy.console("RESUME plain")
        self.assertEqual(waiting.result(10), [(2,)])

    def test_a_pause_with_a_time_ends_by_itself(self):
        for command in ("PAUSE shop.shop_0 TIMEOUT 0.7", f"PAUSE NODE '{self.first.primary.address}' TIMEOUT 0.7", "PAUSE shop TIMEOUT 0.7",
                        "PAUSE TIMEOUT 0.7"):
            with self.subTest(command=command):
                begun = time.monotonic()
                self.proxy.console(command)
                self.assertEqual(self.write(0), [("y",)])
                self.assertGreater(time.monotonic() - begun, 0.5)
        self.assertEqual(self.held(), ["", ""])

    def test_the_time_of_an_older_pause_ends_no_newer_one(self):
        self.proxy.console("PAUSE shop.shop_0 TIMEOUT 0.6")
        self.proxy.console("RESUME shop.shop_0")
        self.proxy.console("PAUSE shop.shop_0")
        time.sleep(1)
        self.assertEqual(self.held(), ["paused", ""])
        self.proxy.console("RESUME")   # everything
        self.assertEqual(self.held(), ["", ""])

    def test_of_several_pauses_the_newest_counts(self):
        for part in ("shop.shop_0", f"NODE '{self.first.primary.address}'", "shop", ""):
            with self.subTest(part=part):
                self.proxy.console(f"PAUSE {part}")
                self.proxy.console(f"PAUSE {part} TIMEOUT 0.5")
                self.assertEqual(self.in_background(lambda: self.write(0)).result(10), [("y",)])
                self.proxy.console(f"PAUSE {part} TIMEOUT 0.5")
                self.proxy.console(f"PAUSE {part}")
                waiting = self.in_background(lambda: self.write(0))
                time.sleep(1)
                self.assertFalse(waiting.done())
                self.proxy.console(f"RESUME {part}")
                self.assertEqual(waiting.result(10), [("y",)])

    def test_a_database_paused_by_itself_outlasts_the_pause_of_all(self):
        self.proxy.console("PAUSE TIMEOUT 0.5")
        self.proxy.console("PAUSE shop")
        time.sleep(1)
        self.assertEqual({row["name"]: int(row["paused"]) for row in self.proxy.console("SHOW DATABASES")}["shop"], 1)
        self.proxy.console("RESUME shop")
        self.assertEqual(self.write(0), [("y",)])

    def test_a_paused_node(self):
        primary, replica = self.first.primary, self.first.replicas[0]
        self.proxy.console(f"PAUSE NODE '{replica.address}'")
        self.assertEqual(self.state(replica), "paused")
        self.assertEqual(self.where(0), primary.name)
        self.proxy.console(f"RESUME NODE '{replica.address}'")
        self.proxy.console(f"PAUSE NODE '{primary.address}'")
        waiting = self.in_background(lambda: self.write(0))
        self.assertEqual(self.write(1), [("y",)])
        self.assertFalse(waiting.done())
        self.proxy.console(f"RESUME NODE '{primary.address}'")
        self.assertEqual(waiting.result(10), [("y",)])

    def test_a_drained_node_gets_nothing(self):
        primary, replica = self.first.primary, self.first.replicas[0]
        wait_until(lambda: self.where(0) == replica.name, 10, "the replica serves reads")
        self.proxy.console(f"DRAIN NODE '{replica.address}'")
        self.assertEqual(self.state(replica), "drained")
        for _ in range(5):
            self.assertEqual(self.where(0), primary.name)
        self.assertEqual(next(row["servers"] for row in self.nodes() if row["address"] == replica.address), 0)
        self.refused_command(f"DRAIN NODE '{replica.address}'", "already drained")
        self.reload()
        self.assertEqual(self.state(replica), "drained")
        self.assertEqual(self.where(0), primary.name)
        self.proxy.console(f"UNDRAIN NODE '{replica.address}'")
        wait_until(lambda: self.where(0) == replica.name, 10, "the replica serves reads again")
        self.refused_command(f"UNDRAIN NODE '{replica.address}'", "is not drained")

    def test_a_primary_is_not_drained(self):
        self.refused_command(f"DRAIN NODE '{self.first.primary.address}'", r"is the primary of shop\.shop_0: first SWITCHOVER shop\.shop_0 TO")
