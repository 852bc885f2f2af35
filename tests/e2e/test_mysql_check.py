"""shardway check --servers on MariaDB: what an operator has to grant before transactions may write on several shards."""
from support import mysql_shardway
from support.mysql_case import proxy_only
from support.mysql_sharded_case import HERE, THERE, MysqlShardedCase

TO_PUBLIC = "insert on shardway.* {} public"


class Rights(MysqlShardedCase):
    def check(self, change=lambda config: None):
        """(exit status, standard error) of check --servers on a changed configuration."""
        done = self.proxy.check_servers(change, self.cluster.passwords.values())
        return done.returncode, done.stderr

    @proxy_only
    def test_all_is_granted(self):
        status, told = self.check()
        self.assertEqual((status, "GRANT" in told), (0, False), told)

    @proxy_only
    def test_rows_that_are_looked_for_elsewhere(self):
        def swap(config):
            slots = config["database"][0]["sharding"]["map"]
            slots.update(dict(zip(slots, reversed(slots.values()))))
        for shard, key in zip(self.cluster.shards, (HERE, THERE)):
            shard.primary.query(f"replace into items (id) values ({key})", database=self.database)
        self.assertNotIn("is looked for on", self.check()[1])
        status, told = self.check(swap)
        self.assertEqual(status, 1, told)
        self.assertRegex(told, r'error: database ".*": table ".*items": the row with id = \d+ is on shard "shop_0", and is looked for on "shop_1"')

    @proxy_only
    def test_nobody_granted_to_public(self):
        primary = self.cluster.shards[1].primary
        primary.query("revoke " + TO_PUBLIC.format("from"))
        self.addCleanup(primary.query, "grant " + TO_PUBLIC.format("to"))
        status, told = self.check()
        self.assertEqual(status, 0, told)
        self.assertIn(f'warning: database "{self.database}": shard "shop_1", node {primary.address}: user', told)
        self.assertIn("may not insert into the tables of the schema \"shardway\"", told)
        self.assertIn("hint: run there as an operator: GRANT INSERT ON shardway.* TO PUBLIC\n", told)
        self.assertNotIn(f"node {self.cluster.shards[0].primary.address}: user", told)

    @proxy_only
    def test_each_user_by_himself(self):
        primary = self.cluster.shards[1].primary
        primary.query("revoke " + TO_PUBLIC.format("from"))
        self.addCleanup(primary.query, "grant " + TO_PUBLIC.format("to"))
        for user in mysql_shardway.USERS:
            primary.query(f"grant insert on shardway.* to '{user}'@'%'")
            self.addCleanup(primary.query, f"revoke insert on shardway.* from '{user}'@'%'")
        self.assertNotIn("may not insert", self.check()[1])

    @proxy_only
    def test_a_control_user_who_may_too_little(self):
        for shard in self.cluster.shards:
            shard.primary.query("create or replace user narrow@'%' identified by 'narrow password'")
            shard.primary.query("grant process, slave monitor on *.* to narrow@'%'")
            shard.primary.query(f"grant select on `{self.database}`.* to narrow@'%'")
            self.addCleanup(shard.primary.query, "drop user narrow@'%'")

        def change(config):
            config["database"][0]["control"] = {"user": "narrow", "password": "narrow password"}
        status, told = self.check(change)
        self.assertEqual(status, 0, told)
        self.assertIn("control user 'narrow'@'%' may not write the tables", told)
        self.assertIn("hint: run there as an operator: GRANT ALL ON shardway.* TO 'narrow'@'%'\n", told)
