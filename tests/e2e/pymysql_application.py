"""The small application by PyMySQL."""
import datetime
import decimal
import json
import pathlib
import tempfile

import pymysql

TABLES = pathlib.Path(__file__).parent / "node" / "people.sql"


class PymysqlApplication:
    """Runs on one connection; `seen` is [(step, what)]."""

    def __init__(self, **login):
        self.connection = pymysql.connect(**login, local_infile=True, client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
        self.cursor = self.connection.cursor()
        self.seen = []

    def say(self, step, what):
        self.seen.append((step, what))

    def rows(self, step, sql, parameters=None, in_order=True):
        self.cursor.execute(sql, parameters)
        rows = self.cursor.fetchall()
        self.say(step, rows if in_order else tuple(sorted(rows, key=repr)))

    def write(self, step, sql, parameters=None):
        affected = self.cursor.execute(sql, parameters)
        result = self.cursor._result
        self.say(step, (affected, self.cursor.lastrowid, result.warning_count, result.server_status, result.message))

    def failing(self, step, sql, parameters=None):
        try:
            self.cursor.execute(sql, parameters)
            self.say(step, "no error")
        except pymysql.Error as error:
            self.say(step, (type(error).__name__, *error.args))

    def run(self):
        for part in (self.writes, self.reads, self.transactions, self.errors, self.session):
            part()
        self.write("drop", "drop table visits, people, countries, journal")

    def writes(self):
        for table in (TABLES).read_text(encoding="utf-8").split(";"):
            if table.strip():
                self.write("create", table)
        self.connection.autocommit(True)
        self.write("countries", "insert into countries values ('de', 'Germany'), ('fr', 'France'), ('gb', 'Britain')")
        self.write("insert", "insert into people values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                   (1, "Ada ü 🙂", 36, "gb", datetime.date(1815, 12, 10), datetime.datetime(2024, 2, 29, 12, 34, 56, 789000),
                    decimal.Decimal("12345.60"), 18446744073709551615, json.dumps({"notes": ["a", {"b": None}]}), bytes(range(256))))
        self.say("many", self.cursor.executemany("insert into people (id, name, age) values (%s, %s, %s)",
                                                 [(3, "Blaise", 39), (7, "Emmy", 53), (12, "Sofja", None)]))
        self.write("some columns", "insert into people (name, id) values (%(name)s, %(id)s)", {"id": 4, "name": "Carl"})
        self.write("children", "insert into visits values (1, 1, '/'), (1, 2, '/notes'), (1, 3, '/engine')")
        self.say("updates", self.cursor.executemany("update people set age = %s where id = %s", [(36, 1), (39, 3), (None, 4)]))
        self.write("journal", "insert into journal (what) values ('opened')")
        self.write("journal of two", "insert into journal (what) values (%s), (%s)", ("one", "two"))
        self.rows("last id", "select last_insert_id()")
        self.write("ignored", "insert ignore into people (id, name) values (1, 'twice')")
        self.say("warnings", self.connection.show_warnings())
        self.write("upsert", "insert into people (id, name) values (4, 'Carl') on duplicate key update name = 'Karl'")
        self.write("replace", "replace into visits values (1, 3, '/machine')")
        self.write("nothing to change", "update people set age = 36 where id = 1")

    def reads(self):
        self.rows("row", "select * from people where id = %s", (1,))
        self.say("columns", self.cursor.description)
        self.rows("everywhere", "select id, name, age, born from people", in_order=False)
        self.rows("some of them", "select p.name, c.name from people p join countries c on c.code = p.country where p.age > %s", (30,), in_order=False)
        self.rows("nobody", "select name from people where age > 200")
        self.rows("joined", "select v.page, v.path, p.name from visits v join people p on p.id = v.person where p.id = 1 order by v.page desc limit 2")
        self.rows("reference", "select * from countries order by code")
        self.rows("single", "select entry, what from journal order by entry")
        self.cursor.execute("select 1; select name from people where id = 3")
        self.say("several", (self.cursor.fetchall(), self.cursor.nextset(), self.cursor.fetchall()))
        with self.connection.cursor(pymysql.cursors.SSDictCursor) as unbuffered:
            unbuffered.execute("select id, name from people")
            self.say("unbuffered", sorted((row["id"], row["name"]) for row in unbuffered))

    def ages(self, step):
        self.rows(step, "select id, age from people where age is not null", in_order=False)

    def transactions(self):
        self.connection.begin()
        self.write("in it", "update people set age = age + 1 where id = 1")
        self.connection.rollback()
        self.ages("rolled back")
        self.connection.autocommit(False)
        for key in (1, 3):
            self.write("of two shards", "update people set age = age + 1 where id = %s", (key,))
        self.write("once more", "update people set age = age + 1 where id = 1")
        self.cursor.execute("savepoint mark")
        self.cursor.execute("delete from people where id = 7")
        self.cursor.execute("rollback to mark")
        self.failing("duplicate in it", "insert into people (id, name) values (3, 'twice')")
        self.cursor.execute("insert into journal (what) values ('aged')")
        self.connection.commit()
        self.connection.autocommit(True)
        self.ages("committed")

    def errors(self):
        self.failing("duplicate", "insert into people (id, name) values (1, 'twice')")
        self.failing("too long", "insert into people (id, name) values (17, %s)", ("x" * 50,))
        self.failing("no value", "insert into people (id, name) values (17, null)")
        self.failing("check", "insert into people (id, name, age) values (17, 'x', -1)")
        self.failing("no parent", "insert into visits values (20, 1, '/')")
        self.failing("no column", "select nothing from people where id = 1")
        self.failing("no column anywhere", "select nothing from people")
        self.failing("syntax", "selec 1")
        self.failing("no such table", "select * from nowhere")

    def session(self):
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write("16,/sixteen\n21,/twenty-one\n")
            file.flush()
            affected = self.cursor.execute("load data local infile %s into table visits fields terminated by ','"
                                           " (page, path) set person = 3", (file.name,))
            self.say("loaded", (affected, self.cursor._result.message))
        self.rows("what was loaded", "select page, path from visits where person = 3 and page in (16, 21) order by page")
        self.cursor.execute("set time_zone = '+02:00'")
        self.rows("zone", "select @@time_zone, from_unixtime(0), name from people where id = 3")
        self.connection.select_db(self.connection.db)
        self.connection.ping(reconnect=False)
        self.rows("still", "select name from people where id = 4")
        self.say("server", self.connection.get_server_info().split("-")[0])
