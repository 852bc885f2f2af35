#!/usr/bin/python3
"""The checker of the failover tests is shown books that are wrong in every way it is to notice, and books that are right."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from chaos.journal import ACKNOWLEDGED, FAILED, INSERT, MARK, OPEN, SPREAD, TRANSFER, UNKNOWN, Books, Journal, Write   # noqa: E402

BRANCH, CLIENT, BALANCE = 1, 7, 100
WRITES = [(11, INSERT, ACKNOWLEDGED), (12, INSERT, FAILED), (13, INSERT, UNKNOWN), (14, TRANSFER, ACKNOWLEDGED), (15, MARK, ACKNOWLEDGED),
          (16, MARK, UNKNOWN), (17, TRANSFER, UNKNOWN)]


class JournalTest(unittest.TestCase):
    def complaints(self, rows, writes=(), balance=BALANCE, counted=None, mark=(15, 1)):
        """rows: number -> kind, or a list of such pairs."""
        journal = Journal({BRANCH: BALANCE})
        journal.add([Write(number, kind, BRANCH, CLIENT, 0.0, outcome) for number, kind, outcome in [*WRITES, *writes]])
        answers = {"writes": [(BRANCH, number, kind) for number, kind in rows],
                   "branches": [(BRANCH, sum(kind == TRANSFER for _, kind in rows) if counted is None else counted)],
                   "accounts": [(BRANCH, balance)], "marks": [(CLIENT, *mark)]}
        books = Books().add(lambda sql: answers[sql.partition(" from ")[2].split()[0]])
        return journal.check(books)

    RIGHT = [(11, INSERT), (14, TRANSFER)]

    def test_right(self):
        self.assertEqual(self.complaints(self.RIGHT), [])
        self.assertEqual(self.complaints([*self.RIGHT, (13, INSERT), (17, TRANSFER)], mark=(16, 2)), [], "unknown ones may be there")
        self.assertEqual(self.complaints(self.RIGHT, mark=(15, 2)), [], "an unknown mark may have been written over")
        self.assertEqual(self.complaints([*self.RIGHT, (18, SPREAD), (18, SPREAD)], [(18, SPREAD, ACKNOWLEDGED), (19, SPREAD, UNKNOWN)]), [])

    def test_wrong(self):
        table = [("are lost", dict(rows=[(14, TRANSFER)])),
                 ("told that they failed", dict(rows=[*self.RIGHT, (12, INSERT)])),
                 ("there twice", dict(rows=[*self.RIGHT, (11, INSERT)])),
                 ("there twice", dict(rows=[*self.RIGHT, (13, INSERT), (13, INSERT)])),
                 ("on one shard only", dict(rows=[*self.RIGHT, (18, SPREAD)], writes=[(18, SPREAD, ACKNOWLEDGED)])),
                 ("on one shard only", dict(rows=[*self.RIGHT, (18, SPREAD)], writes=[(18, SPREAD, UNKNOWN)])),
                 ("there twice", dict(rows=[*self.RIGHT, *3 * [(18, SPREAD)]], writes=[(18, SPREAD, ACKNOWLEDGED)])),
                 ("nobody asked for", dict(rows=[*self.RIGHT, (99, INSERT)])),
                 ("never answered", dict(rows=self.RIGHT, writes=[(18, INSERT, OPEN)])),
                 ("branch 1 has 99", dict(rows=self.RIGHT, balance=99)),
                 ("a part of a transfer", dict(rows=self.RIGHT, counted=2)),
                 ("mark was changed 0 times", dict(rows=self.RIGHT, mark=(15, 0))),
                 ("mark was changed 3 times", dict(rows=self.RIGHT, mark=(15, 3))),
                 ("mark is 10", dict(rows=self.RIGHT, mark=(10, 1)))]
        for words, books in table:
            with self.subTest(words=words, **books):
                complaints = self.complaints(**books)
                self.assertEqual(len(complaints), 1, complaints)
                self.assertIn(words, complaints[0])


if __name__ == "__main__":
    unittest.main()
