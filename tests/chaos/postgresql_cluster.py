"""PostgreSQL's failovers: synchronous_standby_names, pg_promote, primary_conninfo, pg_rewind."""
import contextlib

import psycopg

from chaos.cluster import Cluster
from support import servers, switch_commands
from support.servers import APP, BIN, DATABASE, SUPERUSER, ServerError, give_to_server_user, wait_until

FILES = ("postgresql.conf", "postgresql.auto.conf", "pg_hba.conf")    # pg_rewind takes the other server's
ACCESS = """
host    all          all  10.77.0.0/16   scram-sha-256
host    replication  all  10.77.0.0/16   scram-sha-256
"""


class Node(servers.Node):
    def configure(self):
        super().configure()
        self.append("postgresql.conf", "listen_addresses = '*'\n")
        self.append("pg_hba.conf", ACCESS)

    def append(self, name, text):
        with open(self.data / name, "a", encoding="utf-8") as file:
            file.write(text)

    def connect(self, **overrides):
        """On its socket file: also when it is cut off."""
        return super().connect(**{"host": str(self.folder), **overrides})


class Servers(servers.Cluster):
    def __init__(self, place, **how):
        self._place = place
        super().__init__(**how)

    def _node(self, name):
        return self._place(Node(name, self.folder, servers.free_port(), self.passwords, self.settings["tls"], self.settings["fsync"]))


class PostgresqlCluster(Cluster):
    def make_servers(self):
        return Servers(self.place, shards=2, replicas=2)

    def ask(self, node, sql):
        return node.query(sql, dbname=DATABASE)

    def run_as_app(self, node, sql):
        node.query(sql, user=APP)

    def set_synchronous(self, is_wanted):
        names = ", ".join(node.name for node in self.nodes)
        for node in self.nodes:
            node.set("synchronous_standby_names", f"ANY 1 ({names})" if is_wanted else "")
            if node.is_running:
                node.reload()

    def make_lonely(self, node):
        node.set("synchronous_standby_names", "")
        node.reload()

    def delay(self, replica, seconds):
        replica.set("recovery_min_apply_delay", f"{seconds}s")
        replica.reload()

    def most_advanced(self, candidates):
        """By what they have received, when none follows the old primary any more: that may come back at any moment."""
        for node in candidates:
            node.set("primary_conninfo", "")
            node.reload()
        wait_until(lambda: not any(node.query("select 1 from pg_stat_wal_receiver", dbname="postgres") for node in candidates), 30, "no replica follows the old primary")
        return max(candidates, key=lambda node: node.value("select coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn", dbname="postgres"))

    def promote(self, node):
        node.promote()

    def switchover_commands(self):
        """stop, rejoin and start, run in the namespace of the server that they are about."""
        spaces = "\n".join(f"  {node.port}) exec {' '.join(node.prefix)} \"$@\" ;;" for node in self.nodes)
        script = self.servers.folder / "in_its_place.sh"
        script.write_text(f"#!/bin/sh\nport=$1; shift\ncase $port in\n{spaces}\nesac\n", encoding="utf-8")
        script.chmod(0o755)
        return {"switchover": {name: f"{script} {{port}} {command}" for name, command in switch_commands.commands(self.servers).items()}}

    def point(self, replica):
        replica.follow(self.primary)
        replica.reload()

    def prepared(self):
        sql = "select gid from pg_prepared_xacts where database = current_database()"
        return [row for node in (self.primary, self.elsewhere) for row in self.ask(node, sql)]

    def rejoin(self, node):
        if node.is_running:
            node.stop("immediate")
        kept = {name: (node.data / name).read_text(encoding="utf-8") for name in FILES}
        self.primary.query("checkpoint", dbname="postgres")      # its control file is to know the new timeline
        source = self.primary.conninfo(dbname="postgres", user=SUPERUSER)
        try:
            servers.run([BIN / "pg_rewind", "-D", node.data, "--source-server", source, "--no-sync"])
        except ServerError as error:
            print(f"pg_rewind of {node.name}: {str(error)[-300:]}", flush=True)
            servers.run(["rm", "-rf", node.data])
            node.copy_from(self.primary)
        for name, text in kept.items():
            (node.data / name).write_text(text, encoding="utf-8")
            give_to_server_user(node.data / name)
        node.follow(self.primary)
        names = ", ".join(one.name for one in self.nodes)
        node.set("synchronous_standby_names", f"ANY 1 ({names})")
        node.start()

    def follows(self, replica):
        with contextlib.suppress(psycopg.Error):
            rows = replica.query("select sender_port from pg_stat_wal_receiver where status = 'streaming'", dbname="postgres")
            return rows == [(self.primary.port,)]
        return False

    def has_caught_up(self, replica):
        if not self.follows(replica):
            return False
        position = self.primary.value("select pg_current_wal_lsn()::text", dbname="postgres")
        return replica.value("select coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, false)", [position], dbname="postgres")
