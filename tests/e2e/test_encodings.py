"""Clients that speak another encoding than the servers: what is written stays the same text, and the same row."""
from support.case import ProxyCase

NAME = "Zoë"
JAPANESE = "表'; select 1 --"    # in SJIS the first letter's second byte is a backslash


class Encodings(ProxyCase):
    schema = "create table people(email text primary key, name text); create table notes(id bigint primary key, note text)"
    tables = [{"name": "people", "key": "email", "type": "text"}, {"name": "notes", "key": "id", "type": "bigint"}]

    def setUp(self):
        self.client = self.connect()
        self.client.execute("delete from notes where id = 5")

    def latin1(self):
        self.client.execute("set client_encoding to 'LATIN1'")

    def test_a_text_key_is_refused(self):
        self.latin1()
        for email in ("zoe@x.org", "zoë@x.org"):
            for statement, values in ((f"select name from people where email = '{email}'", None),
                                      (f"insert into people values ('{email}', 'Zoe')", None),
                                      ("select name from people where email = %s", [email]),
                                      ("select name from people", None)):
                with self.subTest(statement=statement), self.refused(containing="client_encoding"):
                    self.client.execute(statement, values)
        with self.refused(containing="client_encoding"), self.client.cursor() as cursor:
            with cursor.copy("copy people from stdin") as copy:
                copy.write_row(("zoë@x.org", "Zoe"))
        self.assertEqual(self.on_shards("select email from people"), [[], []])

    def test_a_text_key_is_refused_when_the_client_said_so_at_login(self):
        client = self.connect(client_encoding="LATIN1")
        with self.refused(containing="client_encoding"):
            client.execute("select name from people where email = 'zoë@x.org'")

    def test_a_text_key_is_understood_again_in_utf8(self):
        self.latin1()
        for spelling in ("'UTF8'", "'utf-8'", "unicode"):
            self.client.execute(f"set client_encoding to {spelling}")
            self.assertEqual(self.client.execute("select name from people where email = 'zoë@x.org'").fetchall(), [])
            self.latin1()
        self.client.execute("reset client_encoding")
        self.client.execute("select name from people where email = 'zoë@x.org'")

    def test_it_follows_a_transaction(self):
        with self.client.transaction(force_rollback=True):
            self.client.execute("set local client_encoding to 'LATIN1'")
            with self.refused(containing="client_encoding"), self.client.transaction():
                self.client.execute("select name from people where email = 'x'")
        self.client.execute("select name from people where email = 'x'")

    def test_other_columns_are_converted_by_the_server(self):
        self.latin1()
        self.client.execute(f"insert into notes values (5, '{NAME}')")
        self.assertEqual(self.client.execute(f"select note from notes where id = 5 and note = '{NAME}'").fetchall(), [(NAME,)])
        self.assertEqual(self.connect().execute("select note from notes where id = 5").fetchall(), [(NAME,)])

    def test_letters_that_hold_a_backslash(self):
        self.client.execute("set client_encoding to 'SJIS'")
        with self.refused(containing="outside of ASCII"):
            self.client.execute("select E'表'' or id = 6 --' from notes where id = 5")
        self.client.execute("insert into notes values (5, %s)", [JAPANESE])
        self.assertEqual(self.client.execute("select note from notes where id = 5").fetchall(), [(JAPANESE,)])
        with self.refused(containing="outside of ASCII"):
            self.client.execute("insert into notes values (6, '表')")
