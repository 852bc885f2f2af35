"""A real Patroni over a real etcd: one shard of PostgreSQL servers that somebody else promotes and demotes. Everything lives in one
temporary folder, on free loopback ports, as the servers' user.

    with Patroni(nodes=3) as cluster:
        cluster.leader().query("select 1")
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import urllib.request

from support import servers
from support.servers import APP, CONTROL, DATABASE, SUPERUSER, free_port, wait_until

PROGRAMS = ("patroni", "etcd")
SETTINGS = """
scope: shop
name: {name}
restapi: {{listen: 127.0.0.1:{rest}, connect_address: 127.0.0.1:{rest}}}
etcd3: {{host: 127.0.0.1:{etcd}}}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 1
    retry_timeout: 5
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters: {{max_connections: 100, max_prepared_transactions: 16, shared_buffers: 32MB, wal_log_hints: 'on', hot_standby: 'on', fsync: 'off'}}
  initdb: [{{encoding: UTF8}}, {{locale: C.UTF-8}}]
postgresql:
  listen: 127.0.0.1:{port}
  connect_address: 127.0.0.1:{port}
  data_dir: {folder}/{name}
  bin_dir: {bin}
  pgpass: {folder}/{name}.pgpass
  authentication:
    superuser: {{username: postgres, password: {password}}}
    replication: {{username: replicator, password: {password}}}
  parameters: {{unix_socket_directories: {folder}}}
  pg_hba: ["local all all scram-sha-256", "host all all 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 scram-sha-256"]
"""


def is_installed():
    return all(shutil.which(program) for program in PROGRAMS)


class Patroni:
    def __init__(self, nodes=3):
        self.folder = servers.temporary_folder("shardway-patroni-")
        self.passwords = {user: os.urandom(12).hex() for user in (SUPERUSER, APP, CONTROL)}
        self.nodes = [servers.Node(f"shop_{i}", self.folder, free_port(), self.passwords) for i in range(nodes)]
        self.rest = {node.name: free_port() for node in self.nodes}
        self._etcd, self._etcd_peer = free_port(), free_port()
        self._processes = []

    @property
    def urls(self):
        return ",".join(f"http://127.0.0.1:{port}" for port in self.rest.values())

    def _run(self, name, command, **environment):
        with open(self.folder / f"{name}.patroni.log", "a", encoding="utf-8") as log:
            self._processes.append(subprocess.Popen(servers.as_server_user(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                    cwd="/", start_new_session=True, env={**os.environ, **environment}))

    def members(self):
        """By name: (role, state)."""
        for port in self.rest.values():
            with contextlib.suppress(OSError, ValueError):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/cluster", timeout=2) as answer:
                    return {member["name"]: (member["role"], member["state"]) for member in json.load(answer)["members"]}
        return {}

    def is_whole(self):
        members = self.members()
        return (sorted(role for role, _ in members.values()) == ["leader"] + ["replica"] * (len(self.nodes) - 1)
                and all(state in ("running", "streaming") for _, state in members.values()))

    def leader(self):
        return next(node for node in self.nodes if self.members().get(node.name, ("",))[0] == "leader")

    def start(self):
        client, peer = f"http://127.0.0.1:{self._etcd}", f"http://127.0.0.1:{self._etcd_peer}"
        self._run("etcd", ["etcd", "--data-dir", f"{self.folder}/etcd", "--listen-client-urls", client, "--advertise-client-urls", client,
                           "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"])
        for node in self.nodes:
            file = self.folder / f"{node.name}.yml"
            file.touch(mode=0o600)
            servers.give_to_server_user(file)
            file.write_text(SETTINGS.format(name=node.name, rest=self.rest[node.name], etcd=self._etcd, port=node.port, folder=self.folder,
                                            bin=servers.BIN, password=self.passwords[SUPERUSER]), encoding="utf-8")
            self._run(node.name, ["patroni", file])
        wait_until(self.is_whole, 90, "Patroni has a leader and its replicas", pause=0.2)
        with self.leader().connect(user=SUPERUSER, dbname="postgres") as connection:
            connection.execute(f"create role {APP} login password '{self.passwords[APP]}'")
            connection.execute(f"create role {CONTROL} login password '{self.passwords[CONTROL]}' in role pg_monitor")
            connection.execute(f"create database {DATABASE} owner {APP}")
        return self

    def stop(self):
        for process in reversed(self._processes):   # Patroni stops its server when it is told to end
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
        for node in self.nodes:
            if node.is_running:
                node.stop("kill")
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        servers.stop_at_exit(self)
        return self.start()

    def __exit__(self, *_):
        self.stop()
