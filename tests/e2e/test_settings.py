"""What is in force after SET, SET LOCAL and RESET in transactions that end in any way: on a plain server, and through Shardway,
where the one server connection is another client's in between."""
import random

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

from support import servers
from support.case import ProxyCase
from support.shardway import tried

VALUES = {"work_mem": ("'6MB'", "'7MB'", "'9MB'"), "application_name": ("'first'", "'second'"), "search_path": ("public", "'pg_catalog'", "'x'"),
          "timezone": ("'Europe/Berlin'", "'UTC'", "'-3'"), "statement_timeout": ("'31s'", "'32s'"), "datestyle": ("'iso'", "'SQL, DMY'", "german", "mdy", "'ymd'", "postgres, euro", "'default, dmy'"), "myapp.tenant": ("'one'", "'two'")}
STARTED = {"application_name": "started", "options": "-c work_mem=5MB -c datestyle=dmy"}   # what RESET goes back to
DEFERRED = "insert into referring values (1)"                              # its COMMIT fails

# (how it is sent, the statements); after each whole transaction the settings of both clients are looked at.
CASES = {
    "set": [["set work_mem to '6MB'"], ["reset work_mem"], ["set work_mem to default"]],
    "rolled back": [["begin", "set work_mem to '6MB'", "rollback"], ["set work_mem to '7MB'"], ["begin", "reset work_mem", "rollback"]],
    "committed": [["begin", "set work_mem to '6MB'", "commit"], ["begin", "reset work_mem", "commit"]],
    "reset of what the startup message set": [["begin", "reset application_name", "show application_name", "commit"]],
    "reset all": [["set timezone to '-3'"], ["begin", "reset all", "show work_mem", "show application_name", "commit"]],
    "reset all, rolled back": [["set timezone to '-3'"], ["begin", "reset all", "show work_mem", "rollback"]],
    "reset all without a transaction": [["set timezone to '-3'"], ["set work_mem to '9MB'"], ["reset all"]],
    "reset, then a savepoint": [["begin", "reset work_mem", "savepoint s", "set work_mem to '9MB'", "rollback to s", "show work_mem", "commit"]],
    "reset to a savepoint": [["begin", "set work_mem to '9MB'", "savepoint s", "reset work_mem", "show work_mem", "rollback to s",
                              "show work_mem", "commit"]],
    "released": [["begin", "savepoint a", "savepoint b", "set work_mem to '9MB'", "release b", "rollback to a", "commit"],
                 ["begin", "savepoint a", "set work_mem to '9MB'", "release a", "commit"]],
    "local": [["begin", "set local work_mem to '6MB'", "show work_mem", "commit"], ["begin", "set local work_mem to '6MB'", "rollback"],
              ["begin", "set work_mem to '6MB'", "set local work_mem to '7MB'", "commit"], ["set local work_mem to '9MB'"],
              ["begin", "set local work_mem to '7MB'", "set work_mem to '9MB'", "commit"]],
    "local default": [["set work_mem to '9MB'"], ["begin", "set local work_mem to default", "show work_mem", "commit"]],
    "local, then reset": [["begin", "set local work_mem to '7MB'", "reset work_mem", "show work_mem", "commit"],
                          ["begin", "set local work_mem to '7MB'", "savepoint s", "reset work_mem", "rollback to s", "show work_mem", "commit"]],
    "a failed transaction": [["begin", "set work_mem to '6MB'", "select 1/0", "commit"], ["begin", "reset all", "select 1/0", "rollback"]],
    "an error taken back": [["begin", "set work_mem to '6MB'", "savepoint s", "set work_mem to '7MB'", "select 1/0", "rollback to s", "commit"]],
    "a commit that fails": [["begin", "set work_mem to '6MB'", DEFERRED, "commit"], ["begin", "reset all", DEFERRED, "commit"]],
    "chains": [["begin", "set work_mem to '6MB'", "commit and chain", "set work_mem to '7MB'", "rollback and chain", "show work_mem", "commit"]],
    "discard all": [["set work_mem to '6MB'"], ["set timezone to '-3'"], ["discard all"]],
    "set_config": [["begin", "select set_config('work_mem', '6MB', false)", "select set_config('timezone', '-3', true)", "commit"],
                   ["begin", "select set_config('work_mem', '7MB', false)", "rollback"]],
}
TEXTS = {   # several statements in one Query
    "commit": [["begin"], ["set work_mem to '9MB'; commit"]],
    "rollback": [["begin"], ["set work_mem to '9MB'; rollback"]],
    "commit, then an error": [["begin"], ["set work_mem to '9MB'; commit; select 1/0"]],
    "reset all": [["set work_mem to '9MB'"], ["set timezone to '-3'"], ["reset all; select 1"]],
    "reset all, taken back": [["set timezone to '-3'"], ["reset all; select 1/0"]],
    "reset in a transaction": [["begin"], ["reset all; select 1"], ["commit"]],
    "a whole transaction": [["begin; set work_mem to '9MB'; commit"], ["begin; set work_mem to '6MB'; rollback"]],
    "set twice": [["set work_mem to '9MB'; set work_mem to '6MB'"], ["set work_mem to '7MB'; select 1/0"]],
}


class Settings(ProxyCase):
    pool = {"size": 1, "queue_timeout": "5s"}
    tables = [{"name": "orders", "key": "id", "type": "bigint"}, {"name": "parents", "kind": "reference"}, {"name": "referring", "kind": "reference"}]
    schema = ("create table orders(id bigint primary key); create table parents(id int primary key);"
              "create table referring(id int references parents deferrable initially deferred)")

    def clients(self, connect):
        pair = [connect(**STARTED), connect(application_name="another")]
        for client in pair:
            self.addCleanup(client.close)
        return pair

    def peers(self, database):
        """The clients of the plain server, and those of Shardway."""
        return [self.clients(lambda **how: self.cluster.plain.connect(user=servers.APP, dbname=self.server_database, **how)),
                self.clients(lambda **how: self.proxy.connect(dbname=database, **how))]

    def ask(self, client, form, statements):
        try:
            if form == "text":
                result = client.pgconn.exec_(statements[0].encode())
                failed = result.status == ExecStatus.FATAL_ERROR
                return result.error_field(DiagnosticField.SQLSTATE) if failed else result.command_status
            if form == "pipeline":
                with client.pipeline():
                    answers = [client.execute(statement) for statement in statements]
                return [self.rows(answer) for answer in answers]
            return self.rows(client.execute(statements[0], prepare=form == "extended"))
        except psycopg.Error as error:
            return error.sqlstate

    def rows(self, cursor):
        return cursor.statusmessage, cursor.fetchall() if cursor.description else None

    def shown(self, client):
        """A setting that an application has made up is '' after a RESET, not unknown, as soon as a server has known it."""
        return {name: client.execute("select coalesce(current_setting(%s, true), '')", [name], prepare=False).fetchone()[0]
                for name in VALUES}

    def compare(self, database, form, steps):
        """The same with both, statement by statement; between transactions the other client has the connection."""
        plain, ours = self.peers(database)
        for step in steps:
            heard = [self.ask(client, form, step) for client in (plain[0], ours[0])]
            self.assertEqual(heard[1], heard[0], (form, step))
            states = [client.info.transaction_status for client in (plain[0], ours[0])]
            self.assertEqual(states[1], states[0], (form, step))
            if states[0] != TransactionStatus.IDLE:
                continue
            if not self.proxy.console("SHOW PINS"):   # a pinned one keeps the only connection
                self.assertEqual(self.shown(ours[1]), self.shown(plain[1]), (form, step, "the other client"))
            self.assertEqual(self.shown(ours[0]), self.shown(plain[0]), (form, step))
        for client in (*plain, *ours):
            client.close()
        with self.proxy.connect(dbname=database, **STARTED) as later, self.cluster.plain.connect(
                user=servers.APP, dbname=self.server_database, **STARTED) as fresh:
            self.assertEqual(self.shown(later), self.shown(fresh), (form, steps, "a later client"))

    def test_one_statement_after_the_other(self):
        for database in ("plain", "shop"):
            for form in ("simple", "extended"):
                for name, transactions in CASES.items():
                    with self.subTest(name, database=database, form=form):
                        self.compare(database, form, [[statement] for statements in transactions for statement in statements])

    def test_in_a_pipeline(self):
        for database in ("plain", "shop"):
            for name, transactions in CASES.items():
                with self.subTest(name, database=database):
                    self.compare(database, "pipeline", transactions)

    def test_several_in_one_text(self):
        for name, transactions in TEXTS.items():
            with self.subTest(name):
                self.compare("plain", "text", transactions)

    def test_any_order(self):
        """Sequences by chance, the same every time."""
        for seed in range(tried(60, 12)):
            chance = random.Random(seed)
            steps = [[self.any_statement(chance)] for _ in range(chance.randint(6, 16))]
            with self.subTest(seed=seed):
                self.compare(chance.choice(("plain", "shop")), chance.choice(("simple", "extended")), steps)

    def any_statement(self, chance):
        name = chance.choice(list(VALUES))
        value, savepoint = chance.choice(VALUES[name]), chance.choice("st")
        text = value if value[0] == "'" else f"'{value}'"
        return chance.choice((
            f"set {name} to {value}", f"set {name} to {value}", f"set {name} to {value}", f"set local {name} to {value}", f"reset {name}",
            f"reset {name}", "reset all", f"set {name} to default", f"set local {name} to default", f"select set_config('{name}', {text}, false)",
            f"select set_config('{name}', {text}, true)", "begin", "begin", "begin", "commit", "commit", "rollback", "rollback",
            f"savepoint {savepoint}", f"savepoint {savepoint}", f"rollback to {savepoint}", f"rollback to {savepoint}",
            f"release {savepoint}", "select 1/0", "commit and chain", "discard all", "set work_mem to 'much'",
            f"select coalesce(current_setting('{name}', true), '')"))
