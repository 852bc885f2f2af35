"""Configurations of a Shardway that serves MySQL, and the program with a MySQL client: what shardway.py is for PostgreSQL.

    config = mysql_shardway.base_config(cluster)
    config["database"] = [mysql_shardway.unsharded_database(cluster, "plain")]
    with mysql_shardway.Proxy(config) as proxy:
        proxy.mysql_query("select 1", database="plain")
"""
import functools
import pathlib
import subprocess
import tempfile

import pymysql

from support import shardway
from support.mariadb import APP, APP_ED25519, has_ed25519
from support.servers import free_port

USERS = (APP,) + ((APP_ED25519,) if has_ed25519() else ())


def base_config(cluster, **settings):
    """Two listeners, of which the first is PostgreSQL's, for the console; the users of the servers; no database."""
    config = shardway.base_config(cluster, **settings)
    config["listen"].append({"protocol": "mysql", "address": f"127.0.0.1:{free_port()}"})
    known = {user["name"] for user in config["user"]}
    config["user"] += [{"name": user, "password": cluster.passwords[user]} for user in USERS if user not in known]
    return config


def unsharded_database(cluster, name, nodes=None, **more):
    """A database of one shard: the plain server if there is one, else the first shard's nodes. more: as in shardway.py"""
    return {**shardway.unsharded_database(cluster, name, nodes=nodes, **more), "protocol": "mysql"}


def sharded_database(cluster, tables, name="shop", **more):
    """A database over all shards. tables: [[database.table]] entries."""
    return {**shardway.sharded_database(cluster, tables, name, **more), "protocol": "mysql"}


@functools.cache
def why_not_served():
    """The reason that `shardway check` gives against protocol = "mysql", or None if it takes it."""
    if not shardway.binary().exists():
        return f"{shardway.binary()} has not been built"
    config = {"listen": [{"protocol": "mysql", "address": "127.0.0.1:3306"}], "user": [{"name": "app", "password": "app"}],
              "database": [{"name": "plain", "protocol": "mysql", "shard": [{"name": "plain_0", "nodes": ["127.0.0.1:3307"]}]}]}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "mysql.toml"
        file.touch(mode=0o600)
        file.write_text(shardway.to_toml(config), encoding="utf-8")
        done = subprocess.run([shardway.binary(), "check", "--config", file], capture_output=True, text=True, timeout=60, check=False)
    refused = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line and "mysql" in line.split("error", 1)[1]]
    return f"shardway check: {refused[0].split('error: ', 1)[-1]}" if done.returncode != 0 and refused else None


class Proxy(shardway.Proxy):
    """One running shardway, reached by MySQL's protocol."""

    @property
    def mysql_port(self):
        return next(int(listen["address"].rpartition(":")[2]) for listen in self.config["listen"] if listen["protocol"] == "mysql")

    def mysql_conninfo(self, **overrides):
        """What pymysql.connect takes, for the first database and the application's user."""
        values = {"host": "127.0.0.1", "port": self.mysql_port, "user": APP, "database": self.config["database"][0]["name"], **overrides}
        return {"password": self.user_password(values["user"]), **values}

    def mysql_connect(self, **overrides):
        return pymysql.connect(**{"autocommit": True, "charset": "utf8mb4", **self.mysql_conninfo(**overrides)})

    def mysql_query(self, sql, parameters=None, **overrides):
        """The rows of one statement on a connection of its own; None if it returns none."""
        with self.mysql_connect(**overrides) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall()) if cursor.description else None
