"""What a server says of itself, and when: drivers read dates and texts by it."""
from wire import SYNC, run
from wire_case import WireCase


class ParameterStatus(WireCase):
    pool = {"size": 2}

    def test_what_changes(self):
        here, there = (f"select note from items where id = {key}" for key in (self.here, self.there))
        write = f"update items set note = 'told' where id = {self.here}"
        tokyo, utc = "set timezone = 'Asia/Tokyo'", "set timezone = 'UTC'"
        for texts in (["begin", "set local datestyle = german", there, write, "commit"], ["begin", "set local datestyle = german", there, here, "rollback"],
                      ["begin", "set local datestyle = german", write, write.replace(f"{self.here}", f"{self.there}"), "commit"],
                      ["begin", "set local timezone = 'Asia/Tokyo'", here, there, "commit and chain", here, there, "commit"],
                      ["begin", tokyo, "savepoint a", utc, "rollback to a", "commit"], ["begin", tokyo, here, there, "savepoint a", utc, "rollback to a", "rollback"],
                      ["begin", there, tokyo, f"select 1/0 from items where id = {self.there}", "rollback"], ["begin", "select set_config('timezone', 'Asia/Tokyo', true)", "commit"],
                      [f"{tokyo}; {there}; {here}", "reset timezone"], [f"begin; {tokyo}; {there}; {here}; commit"], [f"{there}; {here}; {tokyo}"],
                      ["set intervalstyle = iso_8601", here, there, "discard all"]):
            with self.subTest(texts=texts):
                self.same(lambda wire, texts=texts: [line for text in texts for line in wire.sql(text)])
                self.same(lambda wire, texts=texts: [line for text in texts if ";" not in text for line in wire.ask(run(text) + SYNC)])

    def test_in_a_pipeline(self):
        here, there = (f"select note from items where id = {key}" for key in (self.here, self.there))
        tokyo = "set timezone = 'Asia/Tokyo'"
        for texts in ([tokyo, there, here], [there, tokyo, here], [there, here, tokyo], ["begin", tokyo, there, here, "commit", there], [tokyo, "reset timezone", there, here],
                      ["begin", here, there, tokyo, "savepoint a", "set timezone = 'UTC'", "rollback to a", there], [there, here, tokyo, "insert into countries values ('A', 'B')"]):
            with self.subTest(texts=texts):
                self.same(lambda wire, texts=texts: wire.ask(b"".join(map(run, texts)) + SYNC) + wire.sql("rollback") + wire.sql("show timezone"))
