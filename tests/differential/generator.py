"""Made-up statements: the same seed gives the same ones. Selects are in selects.py, writes in writes.py, keys in key_forms.py."""
import re

from cases import Case, Step
from draft import Draft
from selects import select
from writes import write

WRITES = 0.4      # the share of statements that write
_MARK = re.compile(r"\$(\d+)")


def generate(seed, count):
    """So many cases, each named by what makes it again: `generated 1.37`."""
    for number in range(count):
        draft = Draft(f"{seed}.{number}")
        sql = write(draft) if draft.maybe(WRITES) else select(draft)
        flags = frozenset({"ordered"} if draft.is_ordered else ())
        yield Case(f"generated {seed}.{number}", [_step(sql, draft.parameters)], flags)


def _step(sql, parameters):
    """Parameters made up for a form that was not chosen are left out, the others numbered anew."""
    used = list(dict.fromkeys(int(mark) for mark in _MARK.findall(sql)))
    numbered = _MARK.sub(lambda mark: f"${used.index(int(mark[1])) + 1}", sql)
    return Step(numbered, [parameters[mark - 1] for mark in used])
