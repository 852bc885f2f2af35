"""MariaDB's failovers, in SQL: semi-synchronous replication (AFTER_SYNC, without end), GTID, read_only."""
import contextlib
import time

import pymysql

from chaos.cluster import Cluster
from support import mariadb, servers
from support.mariadb import APP, DATABASE, SERVER_USER, SUPERUSER
from support.servers import wait_until

# What was committed is in the files when the server is killed; the primary waits for a replica as long as it takes.
SETTINGS = """bind_address = 0.0.0.0
innodb_flush_log_at_trx_commit = 2
rpl_semi_sync_slave_enabled = on
rpl_semi_sync_master_wait_point = AFTER_SYNC
rpl_semi_sync_master_timeout = 3600000
slave_net_timeout = 5
"""
DIVERGED = {1236, 1945, 1950}


class Node(mariadb.Node):
    def connect(self, **overrides):
        """The superuser on the socket file: also when it is cut off."""
        if overrides.get("user") == SUPERUSER:
            overrides["unix_socket"] = self.socket_path
        return super().connect(**overrides)


class Servers(mariadb.Cluster):
    def __init__(self, place, **how):
        self._place = place
        super().__init__(**how)

    def _node(self, name):
        node = Node(name, self.folder, servers.free_port(), self.passwords, self.settings["tls"], self.settings["fsync"])
        node.server_id, node.more_settings = node.port, self._more_settings
        return self._place(node)


class MariadbCluster(Cluster):
    def make_servers(self):
        return Servers(self.place, shards=2, replicas=2, settings=SETTINGS)

    def ask(self, node, sql):
        return node.query(sql, database=DATABASE)

    def run_as_app(self, node, sql):
        node.query(sql, user=APP, database=DATABASE)

    def set_synchronous(self, is_wanted):
        for node in self.nodes:
            if node.is_running:
                node.query(f"set global rpl_semi_sync_master_enabled = {int(is_wanted and node is self.primary)}")

    def make_lonely(self, node):
        node.query("set global rpl_semi_sync_master_enabled = 0")

    def delay(self, replica, seconds):
        for statement in ("stop slave", f"change master to master_delay = {seconds}", "start slave"):
            replica.query(statement)

    def most_advanced(self, candidates):
        """By what they have received; the best has applied it before it is promoted."""
        for node in candidates:
            node.query("stop slave io_thread")
        best = max(candidates, key=lambda node: self._sequence(self._slave_status(node)["Gtid_IO_Pos"]))
        received = self._slave_status(best)["Gtid_IO_Pos"]
        wait_until(lambda: self._sequence(best.value("select @@gtid_slave_pos")) >= self._sequence(received), 30, f"{best.name} applies {received}")
        return best

    @staticmethod
    def _sequence(position):
        """Of the only domain's number."""
        return int(position.rpartition("-")[2] or 0)

    def promote(self, node):
        """Only who waits for replicas takes writes."""
        for statement in ("stop slave", "reset slave all", "set global rpl_semi_sync_master_enabled = 1", "set global read_only = 0"):
            node.query(statement)
        node.set("read_only", "off")

    def switched_to(self, node):
        """For the next start of each."""
        super().switched_to(node)
        for one in self.nodes:
            one.set("read_only", "off" if one is node else "on")

    def point(self, replica):
        replica.follow(self.primary)

    def prepared(self):
        return [row for node in (self.primary, self.elsewhere) for row in node.query("xa recover")]

    def rejoin(self, node):
        """One that was killed takes back, as it starts, what no replica has acknowledged. One that ran on alone may have more: it is copied anew."""
        if node.is_running:
            node.stop("kill")
        node.set("read_only", "on")
        node.set("init_rpl_role", "slave")
        node.start()
        node.query("set global rpl_semi_sync_master_enabled = 0")
        node.follow(self.primary)
        if not self._catches_up(node, 20):
            status = self._slave_status(node)
            print(f"{node.name} has a history of its own ({status.get('Last_IO_Error') or status.get('Last_SQL_Error')}): copied anew", flush=True)
            self._copy_anew(node)

    def _catches_up(self, node, seconds):
        """False at its first error: it has what the primary has not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.has_caught_up(node):
                return True
            status = self._slave_status(node)
            if int(status.get("Last_IO_Errno") or 0) in DIVERGED or int(status.get("Last_SQL_Errno") or 0):
                return False
            time.sleep(0.1)
        return False

    def _copy_anew(self, node):
        """Its files become those of the other replica, which stands still meanwhile; so long no commit waits."""
        donor = next(other for other in self.replicas if other is not node and other.is_running)
        self.primary.query("set global rpl_semi_sync_master_enabled = 0")
        node.stop("kill")
        donor.stop("fast")
        servers.run(["rm", "-rf", node.data], user=SERVER_USER)
        servers.run(["cp", "-r", "--reflink=auto", donor.data, node.data], user=SERVER_USER)
        for one in (donor, node):
            one.start()
        wait_until(lambda: self.follows(donor), 30, f"{donor.name} follows {self.primary.name}", pause=0.1)
        self.primary.query("set global rpl_semi_sync_master_enabled = 1")

    @staticmethod
    def _slave_status(node):
        with node.connect(user=SUPERUSER, database=None) as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute("show slave status")
            return cursor.fetchone() or {}

    def follows(self, replica):
        with contextlib.suppress(pymysql.Error):
            status = self._slave_status(replica)
            return (status.get("Master_Port"), status.get("Slave_IO_Running"), status.get("Slave_SQL_Running")) == (self.primary.port, "Yes", "Yes")
        return False

    def has_caught_up(self, replica):
        if not self.follows(replica):
            return False
        position = self.primary.value("select @@gtid_binlog_pos")
        return not position or replica.value("select master_gtid_wait(%s, 1)", [position]) == 0
