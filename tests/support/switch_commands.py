"""What an operator gives Shardway to stop, start and promote PostgreSQL servers in a switchover ([database.switchover]): one script
that knows, by port, where the servers of a cluster have their data."""
import shlex

from support import servers

SCRIPT = """#!/bin/sh
# switch.sh stop PORT | rejoin PORT NEW_HOST NEW_PORT | start PORT | all PORT NEW_PORT
set -eu
PATH={bin}:$PATH
name_of() {{
  case $1 in
{cases}
    *) echo "no server has port $1" >&2; exit 2 ;;
  esac
}}
data_of() {{ echo {folder}/"$(name_of "$1")"; }}
follow() {{
  echo "primary_conninfo = 'host=$2 port=$3 user=postgres password={password} dbname=replication application_name=$(name_of "$1")'" \\
    >>"$(data_of "$1")/postgresql.auto.conf"
}}
case $1 in
stop) pg_ctl stop -D "$(data_of "$2")" -m fast -w -t 30 ;;
start) pg_ctl start -D "$(data_of "$2")" -w -t 30 -l "$(data_of "$2").switch.log" ;;
rejoin)
  follow "$2" "$3" "$4"
  touch "$(data_of "$2")/standby.signal" ;;
all)
  "$0" stop "$2"
  pg_ctl promote -w -D "$(data_of "$3")"
  "$0" rejoin "$2" 127.0.0.1 "$3"
  "$0" start "$2"
  for port in {ports}; do
    if [ "$port" != "$2" ] && [ "$port" != "$3" ]; then
      follow "$port" 127.0.0.1 "$3"
      pg_ctl reload -D "$(data_of "$port")"
    fi
  done ;;
esac
"""


def command(cluster, *words):
    """Runs the script as the servers' user."""
    script = cluster.folder / "switch.sh"
    if not script.exists():
        cases = "\n".join(f"    {node.port}) echo {node.name} ;;" for node in cluster.nodes)
        script.touch(mode=0o700)
        servers.give_to_server_user(script)
        script.write_text(SCRIPT.format(cases=cases, bin=servers.BIN, folder=shlex.quote(str(cluster.folder)),
                                        password=cluster.passwords[servers.SUPERUSER],
                                        ports=" ".join(str(node.port) for node in cluster.nodes)), encoding="utf-8")
    return shlex.join(servers.as_server_user([str(script), *words]))


def commands(cluster):
    """The keys of [database.switchover] for the servers of this cluster."""
    return {"stop": command(cluster, "stop", "{port}"), "rejoin": command(cluster, "rejoin", "{port}", "{new_host}", "{new_port}"),
            "start": command(cluster, "start", "{port}")}
