"""Made-up statements: the same seed gives the same ones. Selects are in selects.py, writes in writes.py, keys in key_forms.py.

Some come with a twin: the same text with other numbers in it, which may share what is remembered of the first but not its answer. Some
are executed again with other parameters. A few are whole transactions.
"""
import re

from cases import Case, Step
from draft import Draft
from selects import select
from writes import write

WRITES, TWINS, TRANSACTIONS, REPEATED = 0.4, 0.1, 0.04, 0.25      # shares; the last of statements with parameters
_MARK = re.compile(r"\$(\d+)")
_NUMBER = re.compile(r"(?<![\w.'$-])\d{1,2}(?![\w.'])")
_ORDINAL = re.compile(r"order by \d|group by \d")


class Generator:
    """A dialect's: its cases, its drafts, its statements."""

    case, draft, select, write = Case, Draft, staticmethod(select), staticmethod(write)
    begins = ("begin", "begin", "begin isolation level repeatable read", "start transaction", "begin read only")
    look, release, transactions = "select count(*) from cfg", "release", TRANSACTIONS

    def generate(self, seed, count):
        """So many cases, each named by what makes it again: `generated 1.37`."""
        number = made = 0
        while made < count:
            for case in self._cases(seed, number):
                made += 1
                yield case
            number += 1

    def _cases(self, seed, number):
        draft = self.draft(f"{seed}.{number}")
        name = f"generated {seed}.{number}"
        if draft.maybe(self.transactions):
            return [self.case(name, self._transaction(seed, number, draft))]
        sql = self._statement(draft)
        flags = self.flags(draft)
        step = _step(sql, draft.parameters)
        cases = [self.case(name, [step], flags)]
        if step.parameters and draft.maybe(REPEATED):
            again = Step(step.sql, [draft.other_value(parameter) for parameter in step.parameters])
            return [self.case(name + " repeated", [step, again, step], flags)]
        if draft.maybe(TWINS) and not _ORDINAL.search(sql):
            other = _NUMBER.sub(lambda digits: str(int(digits[0]) + draft.number(0, 2)), sql)
            cases.append(self.case(name + " twin", [_step(other, draft.parameters)], flags))
        return cases

    @staticmethod
    def flags(draft):
        return frozenset({"ordered"} if draft.is_ordered else ())

    def _statement(self, draft):
        return self.write(draft) if draft.maybe(WRITES) else self.select(draft)

    def _transaction(self, seed, number, draft):
        """BEGIN, statements and savepoints, COMMIT or ROLLBACK."""
        steps, savepoints = [Step(draft.one_of(*self.begins))], 0
        for part in range(draft.number(1, 5)):
            inner = self.draft(f"{seed}.{number}.{part}")
            form = inner.weighted(statement=8, savepoint=2, back=1, release=1)
            if form == "savepoint":
                savepoints += 1
            texts = {"savepoint": f"savepoint p{savepoints}", "back": f"rollback to p{savepoints}",
                     "release": f"{self.release} p{savepoints}"}
            steps.append(Step(texts[form]) if form != "statement" else _step(self._statement(inner), inner.parameters))
        return [*steps, Step(draft.one_of("commit", "commit", "rollback")), Step(self.look)]


def generate(seed, count):
    return Generator().generate(seed, count)


def _step(sql, parameters):
    """Parameters made up for a form that was not chosen are left out, the others numbered anew."""
    used = list(dict.fromkeys(int(mark) for mark in _MARK.findall(sql)))
    numbered = _MARK.sub(lambda mark: f"${used.index(int(mark[1])) + 1}", sql)
    return Step(numbered, [parameters[mark - 1] for mark in used])
