"""A planned change of primary where Patroni runs the servers: the operator's one command asks it through its REST interface."""
import contextlib
import unittest

from support import patroni, servers, shardway, switch_case
from support.servers import wait_until

SCRIPT = shardway.ROOT / "scripts" / "patroni-switchover"


@unittest.skipIf(shardway.tried(False, True), "it is Patroni that is tried: once will do")
@unittest.skipUnless(patroni.is_installed(), "patroni and etcd-server are not installed")
class PatroniSwitchover(unittest.TestCase):
    def test_back_and_forth_under_load(self):
        with patroni.Patroni(nodes=3) as cluster:
            config = shardway.base_config(cluster)
            command = f"/usr/bin/python3 {SCRIPT} {cluster.urls} {{host}} {{port}} {{new_host}} {{new_port}}"
            config["database"] = [shardway.unsharded_database(cluster, name="shop", server_database=servers.DATABASE, nodes=cluster.nodes,
                                                              switchover={"command": command})]
            with shardway.Proxy(config) as proxy:
                def roles():
                    return {row["address"]: row["role"] for row in proxy.console("SHOW NODES")}
                wait_until(lambda: sorted(roles().values()) == ["primary", "replica", "replica"], 20, "roles are known")
                proxy.query("create table written (client int, step int, primary key (client, step))", dbname="shop")
                with switch_case.Load(lambda: proxy.connect(dbname="shop")) as load:
                    for _ in range(2):
                        old = next(address for address, role in roles().items() if role == "primary")
                        new = next(address for address, role in sorted(roles().items()) if role == "replica")
                        steps = {row["step"]: row["state"] for row in proxy.console(f"SWITCHOVER shop.shop_0 TO '{new}'")}
                        self.assertEqual((steps["verify"], steps["old primary"], steps["end"]), ("done", "done", "done"))
                        wanted = {address: "primary" if address == new else "replica" for address in (old, *roles())}
                        wait_until(lambda w=wanted: roles() == w, 10, "the control lane knows it, too")
                        wait_until(cluster.is_whole, 60, "Patroni has finished, too")
                self.assertEqual(load.errors, [])
                with contextlib.closing(cluster.leader().connect(user=servers.SUPERUSER)) as leader:
                    rows = leader.execute("select client, step from written").fetchall()
                self.assertEqual(len(rows), len(set(rows)))
                self.assertEqual(set(load.acknowledged) - set(rows), set())
                print(f"  longest stall {load.longest:.2f} s, {len(load.acknowledged)} rows", flush=True)
