"""scripts/demo: real servers, a shop loaded through Shardway in each protocol, a guided session of which every answer is checked."""
import argparse
import contextlib
import secrets
import signal
import sys
import time

from demo_mysql import MysqlSession
from demo_postgresql import PostgresSession
from demo_session import Terminal, preferred_port
from support import mariadb, mysql_shardway, servers, shardway
from support.shop import TABLES

READS = {"from": "replicas", "consistency": "session", "max_lag": "10s"}


class World:
    """The servers of the chosen protocols, and one Shardway in front of them all."""

    def __init__(self, only, stack):
        app = secrets.token_hex(12)
        self.postgres = self.maria = None
        if only != "mysql":
            self.postgres = stack.enter_context(servers.Cluster(shards=2, replicas=1))
            app = self.postgres.passwords[servers.APP]
        if only != "postgresql":
            self.maria = stack.enter_context(mariadb.Cluster(shards=2, replicas=1, app_password=app))
        self.folder = (self.postgres or self.maria).folder / "shardway"
        self.folder.mkdir()
        self.proxy = stack.enter_context(mysql_shardway.Proxy(self.configuration(), folder=self.folder))

    def configuration(self):
        """configs/sharded-*.toml with these clusters' addresses. One name cannot be two databases."""
        config = (mysql_shardway if self.maria else shardway).base_config(self.maria or self.postgres, workers=0)
        for listen, port in zip(config["listen"], (6432, 6433)):
            listen["address"] = f"127.0.0.1:{preferred_port(port)}"
        config["admin"]["http"] = f"127.0.0.1:{preferred_port(9632)}"
        config["database"] = []
        if self.postgres:
            config["database"].append(shardway.sharded_database(self.postgres, TABLES, reads=READS))
        if self.maria:
            more = {"name": "shop_mysql", "server_database": "shop"} if self.postgres else {"name": "shop"}
            config["database"].append(mysql_shardway.sharded_database(self.maria, TABLES, reads=READS, **more))
        return config

    def sessions(self, out):
        if self.postgres:
            yield "PostgreSQL", PostgresSession(out, self.postgres, self.proxy)
        if self.maria:
            session = MysqlSession(out, self.maria, self.proxy)
            session.database = self.proxy.config["database"][-1]["name"]
            yield "MariaDB", session


def serve(terminal, proxy):
    """Until Ctrl-C, or until the program ends by itself."""
    terminal.line("\n  serving; Ctrl-C stops it and removes everything")
    stopped = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.append(True))
    while not stopped and proxy.process.poll() is None:
        time.sleep(0.2)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)   # cleaning up is not interrupted


def show_servers(out, world):
    out.heading("Servers")
    for cluster in filter(None, (world.postgres, world.maria)):
        kind = "PostgreSQL" if cluster is world.postgres else "MariaDB"
        for shard in cluster.shards:
            out.step(f"{kind:<11}{shard.name}   primary {shard.primary.address}   replica {shard.replicas[0].address}")
    out.step(f"shardway in front of them at {', '.join(world.proxy.addresses)}")


def guide(out, name, session):
    """The shop over one protocol; how many answers were wrong."""
    out.heading(f"{name}: the shop, created and loaded through Shardway")
    session.load()
    out.heading(f"{name}: the guided session")
    session.session()
    out.heading(f"{name}: rows per shard, asked directly at the servers")
    session.rows_per_shard()
    return session.wrong


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo")
    parser.add_argument("--once", action="store_true", help="end after the guided session")
    parser.add_argument("--only", choices=["postgresql", "mysql"], help="one protocol")
    arguments = parser.parse_args()
    out = Terminal(sys.stdout)
    with contextlib.ExitStack() as stack:
        world = World(arguments.only, stack)
        show_servers(out, world)
        sessions = list(world.sessions(out))
        wrong = sum(guide(out, name, session) for name, session in sessions)
        out.heading("Connect")
        for _, session in sessions:
            session.invite()
        if not world.postgres:
            console = world.proxy.url(dbname="shardway", user=shardway.ADMIN)
            out.step(f"console        psql '{console}' -c 'SHOW POOLS'")
        out.line("")
        out.line(out.paint("32", "  every answer was right") if not wrong else out.paint("1;31", f"  {wrong} answers were WRONG"))
        if not arguments.once:
            serve(out, world.proxy)
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
