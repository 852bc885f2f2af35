#!/usr/bin/python3
"""MariaDB's own test of its client protocol (mariadb-client-test, package mariadb-test), straight to a server and through Shardway:
what the server passes, Shardway has to pass.

    tests/foreign/mariadb_client_test.py                 all of them
    tests/foreign/mariadb_client_test.py fetch ps_       those whose name contains one of the words
    tests/foreign/mariadb_client_test.py --verbose cursor   and what the program printed where the two differ

Each test is a process of its own on both sides, so that a crash hides no other. There are two servers, of which Shardway has one for
itself: some tests change what is global. The program logs in to the database `test` and then drops, creates and uses
`client_test_db`; Shardway's configuration names both, and `mysql`, which some log in to.

The last line is `direct: N ok, N failed; through Shardway: N ok, N failed; N differ`. The status is 1 if a difference is not among
KNOWN, or if one of KNOWN no longer is a difference.
"""
import argparse
import functools
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import mariadb, mysql_shardway  # noqa: E402
from support.mariadb import SUPERUSER  # noqa: E402

PROGRAM = "mariadb-client-test"
DATABASES, OF_SERVER = ("test", "client_test_db"), ("mysql",)
SECONDS = 60
# As the program's own suite sets its servers up (mysql-test/main/mysql_client_test-master.opt).
SETTINGS = """sql_mode =
character_set_server = latin1
max_allowed_packet = 32000000
proxy_protocol_networks = 127.0.0.0/8
skip_name_resolve = off
query_cache_type = on
query_cache_size = 0
general_log = on
log_output = FILE,TABLE
"""
# Tests that use what an earlier one has left.
NEEDS = {"client_store_result": "test_prepare_insert_update", "client_use_result": "test_prepare_insert_update",
         "test_cursors_with_union": "test_basic_cursors", "test_cursors_with_procedure": "test_basic_cursors"}

# Differences that are known, each with its reason.
USERS = "users are Shardway's: one that a client creates on the server cannot log in"
OLD_EOF = "the EOF behind the definitions does not know the warnings and flags the server would put there"
KNOWN = {
    **dict.fromkeys(["test_prepare_grant", "test_change_user", "test_bug53371", "test_bug13001491", "test_bug31669"], USERS),
    **dict.fromkeys(["test_bug15510", "test_wl4435", "test_wl4435_3", "test_bug49972", "test_bug42373", "test_ps_sp_out_params"], OLD_EOF),
    "test_bug28386": "what the client closes stays prepared on the server: its log has no `Close stmt`",
    "test_cache_metadata": "MariaDB's extension CACHE_METADATA is not announced",
    "test_connect_autocommit": "the OK of a login says autocommit, whatever the server's global value is",
    "test_progress_reporting": "MariaDB's extension PROGRESS is not announced",
}


def names():
    """Those that the program has; its list has a heading."""
    printed = subprocess.run([PROGRAM, "--no-defaults", "--show-tests"], capture_output=True, text=True, timeout=60, check=False).stdout
    return [line.strip() for line in printed.splitlines() if re.fullmatch(r"\w+", line.strip())]


def run(name, port, password, folder):
    """(passed, what it printed) of one test. The program looks for a server's logs beneath its folder; there are none."""
    command = [PROGRAM, "--no-defaults", "--host=127.0.0.1", f"--port={port}", f"--user={SUPERUSER}", f"--password={password}",
               *filter(None, [NEEDS.get(name), name])]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
                              check=False, cwd=folder)
    except subprocess.TimeoutExpired as error:
        return False, (error.stdout or b"").decode(errors="replace") + f"\nkilled after {SECONDS} s"
    printed = done.stdout.decode(errors="replace")
    return done.returncode == 0, printed + (f"\nended by signal {-done.returncode}" if done.returncode < 0 else "")


def why(printed):
    """What a failed test said last, in a line."""
    lines = [line.strip() for line in printed.splitlines() if line.strip() and not line.startswith("####")]
    found = [i for i, line in enumerate(lines) if "check failed" in line or "rror" in line or "[MySQL" in line or "ended by" in line or "killed" in line]
    return " | ".join(lines[max(found[-1] - 1, 0):found[-1] + 1] if found else lines[-2:])[-300:]


def main():
    parser = argparse.ArgumentParser(description="MariaDB's client test, direct and through Shardway.")
    parser.add_argument("filters", nargs="*")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    if not shutil.which(PROGRAM):
        sys.exit(f"{PROGRAM} is not installed; scripts/foreign installs it (package mariadb-test)")
    tests = [name for name in names() if not arguments.filters or any(word in name for word in arguments.filters)]

    with mariadb.Cluster(shards=1, replicas=0, plain=True, settings=SETTINGS) as cluster, tempfile.TemporaryDirectory() as folder:
        for name in DATABASES:
            cluster.create_database(name)
        config = mysql_shardway.base_config(cluster)
        config["user"].append({"name": SUPERUSER, "password": cluster.passwords[SUPERUSER]})
        config["database"] = [mysql_shardway.unsharded_database(cluster, name, nodes=[cluster.shards[0].primary]) for name in DATABASES + OF_SERVER]
        with mysql_shardway.Proxy(config) as proxy:
            proxy.mysql_query("select 1")   # the first greeting is given before Shardway knows its server's
            differ = compare(tests, cluster, proxy.mysql_port, folder, arguments.verbose)
    gone = [name for name in tests if name in KNOWN and name not in differ]
    for name in gone:
        print(f"{name} is listed as known to differ, and does not: {KNOWN[name]}")
    return 1 if gone or any(name not in KNOWN for name in differ) else 0


def compare(tests, cluster, proxy_port, folder, verbose):
    """Runs each on both sides and prints what differs; the names of those that do. The program drops its database only when it
    ends well."""
    ask = functools.partial(run, password=cluster.passwords[SUPERUSER], folder=folder)
    passed, differ = {"direct": 0, "through": 0}, []
    for name in tests:
        for node in cluster.primaries:
            node.query("DROP DATABASE IF EXISTS client_test_db")
            node.query("SET GLOBAL autocommit = 1")   # which a test that fails half way leaves otherwise
        (direct, direct_said), (through, through_said) = ask(name, cluster.plain.port), ask(name, proxy_port)
        passed["direct"] += direct
        passed["through"] += through
        if direct != through:
            differ.append(name)
            word = "direct" if direct else "through Shardway"
            print(f"{'known' if name in KNOWN else 'DIFFERS'}: {name} passes only {word}: {KNOWN.get(name) or why(through_said if direct else direct_said)}",
                  flush=True)
            if verbose:
                print(f"-- direct\n{direct_said}\n-- through Shardway\n{through_said}", flush=True)
        elif verbose and not direct:
            print(f"both fail: {name}: {why(direct_said)} || {why(through_said)}")
    print(f"direct: {passed['direct']} ok, {len(tests) - passed['direct']} failed; through Shardway: {passed['through']} ok, "
          f"{len(tests) - passed['through']} failed; {len(differ)} differ")
    return differ


if __name__ == "__main__":
    sys.exit(main())
