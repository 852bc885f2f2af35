"""shardway check --servers: what is wrong with the servers, all at once, before anybody connects."""
from support import servers
from support.case import ProxyCase

GOOD = """
create table items(id bigint primary key, note text);
create table countries(code text primary key, name text);
"""


class Check(ProxyCase):
    schema = GOOD
    tables = [{"name": "items", "key": "id", "type": "bigint"}, {"name": "countries", "kind": "reference"}]

    def check(self, change=lambda config: None):
        """(exit status, standard output, standard error) of check --servers on a changed configuration."""
        done = self.proxy.check_servers(change, self.cluster.passwords.values())
        return done.returncode, done.stdout, done.stderr

    def shard(self, index, sql):
        self.cluster.shards[index].primary.query(sql, dbname=self.server_database, user=servers.APP)

    def broken(self, *words, change=lambda config: None):
        status, _, told = self.check(change)
        self.assertEqual(status, 1, told)
        for word in words:
            self.assertIn(word, told)
        return told

    def test_all_is_well(self):
        status, told, problems = self.check()
        self.assertEqual((status, problems), (0, ""))
        for shard in self.cluster.shards:
            self.assertIn(f"shop {shard.name} {shard.primary.address}: primary\n", told)
            self.assertIn(f"shop {shard.name} {shard.replicas[0].address}: replica", told)
        self.assertIn(": ok (", told)

    def test_tables_that_differ(self):
        self.shard(1, "alter table items add column extra int")
        self.addCleanup(self.shard, 1, "alter table items drop column extra")
        self.broken('table "public.items"', "column 3 is nothing here and extra integer there", "hint: ")

    def test_constraints_that_shards_cannot_keep(self):
        for index in (0, 1):
            self.shard(index, "alter table items add constraint items_note_key unique (note)")
            self.addCleanup(self.shard, index, "alter table items drop constraint items_note_key")
        self.broken('table "public.items"', "items_note_key")

    def test_a_key_of_another_type(self):
        def change(config):
            config["database"][0]["table"][0]["type"] = "text"
        self.broken('table "public.items"', "text", change=change)

    def test_rows_that_are_looked_for_elsewhere(self):
        with self.connect() as client:
            for key in range(1, 21):
                client.execute("insert into items values (%s, 'a row')", (key,))
        self.addCleanup(self.shard, 0, "delete from items")
        self.addCleanup(self.shard, 1, "delete from items")
        self.assertEqual(self.check()[0], 0)

        def swap(config):
            slots = config["database"][0]["sharding"]["map"]
            slots.update(dict(zip(slots, reversed(slots.values()))))
        self.broken('table "public.items": the row with id = ', ' is on shard "shop_0", and is looked for on "shop_1"', change=swap)

        def single(config):
            config["database"][0]["table"][0] = {"name": "items", "kind": "single", "shard": "shop_0"}
        self.broken('table "public.items": it has rows on shard "shop_1", and is looked for on "shop_0" only', change=single)

    def test_a_table_that_is_not_there(self):
        def change(config):
            config["database"][0]["table"].append({"name": "nowhere", "kind": "reference"})
        status, _, told = self.check(change)
        self.assertEqual(status, 0)
        self.assertIn('warning: database "shop": table "public.nowhere"', told)

    def test_nodes_that_cannot_be_reached_are_all_told(self):
        def change(config):
            for shard in config["database"][0]["shard"]:
                shard["nodes"] = [f"127.0.0.1:{servers.free_port()}"]
        told = self.broken("Connection refused", change=change)
        for shard in self.cluster.shards:
            self.assertIn(f'shard "{shard.name}" has no primary', told)

    def test_a_control_user_who_is_not_let_in(self):
        def change(config):
            config["database"][0]["control"]["password"] = "wrong-one"
        told = self.broken("password authentication failed", "[database.control]", change=change)
        self.assertNotIn("wrong-one", told)

    def test_nodes_of_several_clusters_in_one_shard(self):
        def change(config):
            config["database"][0]["shard"][0]["nodes"].append(self.cluster.plain.address)
        self.broken("has another system identifier than the shard's other nodes", change=change)

    def test_prepared_transactions_switched_off(self):
        node = self.cluster.shards[1].primary
        node.set("max_prepared_transactions", 0)
        self.addCleanup(node.restart)
        self.addCleanup(node.set, "max_prepared_transactions", 64)
        node.restart()
        status, _, told = self.check()
        self.assertEqual(status, 0, told)
        self.assertIn("max_prepared_transactions = 0: what is written on several shards is refused", told)

    def test_a_database_nobody_looks_at(self):
        def change(config):
            for database in config["database"]:
                database.pop("control")
                database["shard"] = [{**shard, "nodes": shard["nodes"][:1]} for shard in database["shard"]]
        status, told, problems = self.check(change)
        self.assertEqual(status, 0, problems)
        self.assertIn('warning: database "shop": its servers were not looked at', problems)
