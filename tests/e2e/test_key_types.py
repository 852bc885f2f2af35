"""A key of one table that becomes a key of another: stored where its new value belongs, or refused."""
from wire import COPY_DONE, SYNC, bind, copy_data, execute, parse, query
from wire_case import WireCase

HASHES = {"items": "hashint8extended(id, 0)", "small": "hashint2extended(id, 0)", "names": "hashtextextended(id, 0)",
          "short": "hashtextextended(id, 0)", "docs": "uuid_hash_extended(id, 0)", "more_docs": "uuid_hash_extended(id, 0)"}
UUID = "00000000-0000-0000-0000-0000000000a"
MISPLACED = " union all ".join(f"select '{table}', id::text from {table} where ({hashed} & 16383) < 8192 is distinct from %(low)s"
                               for table, hashed in HASHES.items())


class KeyTypes(WireCase):
    schema = """create table items(id bigint primary key, note text, amount int);
        create table countries(code text); create table log(id int);
        create table small(id smallint primary key); create table names(id text primary key); create table short(id varchar(6) primary key);
        create table docs(id uuid primary key); create table more_docs(id uuid primary key); create table loose(id bigint, note text)"""
    tables = [{"name": "items", "key": "id", "type": "bigint"}, {"name": "small", "key": "id", "type": "smallint"},
              {"name": "names", "key": "id", "type": "text"}, {"name": "short", "key": "id", "type": "text"},
              {"name": "docs", "key": "id", "type": "uuid"}, {"name": "more_docs", "key": "id", "type": "uuid"},
              {"name": "loose", "key": "id", "type": "bigint"}]

    def fill(self):
        super().fill()
        for connection, low in zip(self.fillers, (True, False, None)):
            connection.execute("delete from small; delete from names; delete from short; delete from docs; delete from more_docs; delete from loose")
            connection.execute("insert into docs select id from (select ('%s' || to_hex(i))::uuid id from generate_series(0, 15) i) d"
                               " where %s is null or ((uuid_hash_extended(id, 0) & 16383) < 8192) = %s" %
                               (UUID, *[{True: "true", False: "false", None: "null::bool"}[low]] * 2))

    def misplaced(self):
        return [row for connection, low in zip(self.fillers, (True, False)) for row in connection.execute(MISPLACED, {"low": low})]

    def stored(self, change, look):
        self.same(lambda wire: wire.sql(change) + wire.sql(look), databases=("shop",))
        self.assertEqual(self.misplaced(), [])

    def test_another_type_is_refused(self):
        texts = [f"insert into names select id from items where id = {form}" for key in range(1, 9)
                 for form in (key, f"'0{key}'", f"' {key}'", f"'+{key}'")]
        texts += [f"insert into names select id from docs where id = '{UUID.upper()}{letter}'" for letter in "0123456789ABCDEF"]
        with self.through() as wire:
            for text in texts:
                with self.subTest(text=text):
                    self.assertEqual([line.split()[2] for line in self.errors_in(wire.sql(text))], ["0A000"])
            heard = wire.ask(parse("", "insert into names select id from items where id = $1") + bind("", "", ["01"]) + execute() + SYNC)
            self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"])
        self.assertEqual(self.on_shards("select id from names"), [[], []])

    def test_the_same_type_in_every_form(self):
        for key in range(1, 9):
            for form in (f"'0{key}'", f"' {key}'", f"'+{key}'", f"{key}", f"+{key}", f"{key}::smallint", f"'{key}'::int4"):
                with self.subTest(form=form):
                    self.stored(f"insert into small select id from items where id = {form}", f"select * from small where id = {key}")
        for letter in "abcdef":
            with self.subTest(letter=letter):
                self.stored(f"insert into more_docs select id from docs where id = '{UUID.upper()}{letter.upper()}'",
                            f"select * from more_docs where id = '{UUID}{letter}'")

    def test_values_in_every_form(self):
        for key in range(1, 9):
            for form in (f"'0{key}'", f"' {key} '", f"'+{key}'", f"'-{key}'", f"-{key}", f"0{key}"):
                with self.subTest(form=form):
                    self.stored(f"insert into small values ({form})", f"select * from small where id = {form}")
            for form in (f"'0{key}'", f"' {key}'", f"'{key} '"):
                with self.subTest(text=form):
                    self.stored(f"insert into names values ({form})", f"select * from names where id = {form}")
                    self.stored(f"insert into short select * from (select id from names where id = {form}) n", "select * from short where id = '1'")
        for letter in "abcdef":
            with self.subTest(letter=letter):
                self.stored(f"insert into more_docs values ('{{{UUID.upper()}{letter.upper()}}}')", f"select * from more_docs where id = '{UUID}{letter}'")

    def test_elements_of_a_list(self):
        for key in ("a\\b", "ab ", " a", "null", "a,b", "a}"):
            with self.subTest(key=key):
                element = "".join("\\" + letter for letter in key)
                self.same(lambda wire, key=key, element=element: wire.sql(f"insert into names values ('{key}')") + wire.sql(
                    f"select id from names where id = any('{{{element}}}')") + wire.sql("delete from names where id = any('{ nothing , NULL}')"))
        self.same(lambda wire: wire.sql(rf"select id from items where id = any('{{ \{self.there} , {self.there_too}}}') order by id")[-3:],
                  databases=("plain",))
        self.same(lambda wire: wire.sql(rf"select id from items where id = any('{{\{self.there}}}')"))

    def test_numbers_out_of_range(self):
        for table, number in (("small", "40000"), ("small", "-32769"), ("items", "9223372036854775808"), ("items", " 99999999999999999999")):
            for rows in (f"{number}\n", f"1\n{number}\n", f"{number}\n1\n"):
                with self.subTest(table=table, rows=rows):
                    self.same(lambda wire, table=table, rows=rows: [line.split()[2] for line in self.errors_in(
                        wire.ask(query(f"copy {table} (id) from stdin") + copy_data(rows) + COPY_DONE))])

    def test_null(self):
        for value in ("null", "null::bigint"):
            self.same(lambda wire, value=value: wire.sql(f"insert into loose select id, 'x' from items where id = {value}"))
        self.same(lambda wire: wire.ask(parse("", "insert into loose select id, 'x' from items where id = $1") + bind("", "", [None]) + execute() + SYNC))
        with self.through() as wire:
            for heard in (wire.sql("insert into loose values (null, 'x')"), wire.ask(query("copy loose from stdin") + copy_data("\\N\tx\n") + COPY_DONE)):
                self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"])

    def test_rows_behind_the_end_of_a_csv(self):
        with self.through() as wire:
            heard = wire.ask(query("copy items (id, note) from stdin (format csv)") + copy_data("100,a\n\\.\n102,b\n") + COPY_DONE)
            self.assertEqual([line.split()[2] for line in self.errors_in(heard)], ["0A000"])

    def test_strings_that_go_on_behind_a_comment(self):
        for before in ("", f"select id from items where id = '{self.here}'"):
            for text in (f"select id from items where id = ' '--c\n'{self.there}'", f"select id from items where id = ''  -- it's\n\n--'more\n '{self.there}'",
                         f"select id from items where id = E'\\x20' -- c\n'{self.there}'", f"select id from items where id = '' /* c */\n'{self.there}'"):
                with self.subTest(text=text, before=before):
                    self.same(lambda wire, text=text, before=before: [line[:13] if line[0] == "E" else line for line in wire.sql(before)[-1:] + wire.sql(text)])
