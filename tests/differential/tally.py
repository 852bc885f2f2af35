"""The verdicts of a run, counted: the worst one of each case, and why statements were refused."""
import dataclasses

from cases import Case
from judge import DIFFERENT, EQUAL, REFUSED, Verdict

_WORST = {EQUAL: 0, REFUSED: 1, DIFFERENT: 2}


@dataclasses.dataclass
class Job:
    """One case in one protocol: either wrapped in a transaction that is rolled back, or as it stands."""
    case: Case
    protocol: str
    is_wrapped: bool

    @property
    def leaves_changes(self):
        return not self.is_wrapped and bool(self.case.written)

    @property
    def is_alone(self):
        """Needs a connection of its own, or data that nobody else changes."""
        return self.leaves_changes or (not self.is_wrapped and self.case.changes_session)

    def __str__(self):
        return f"{self.protocol}{', in a transaction' if self.is_wrapped else ''}"


@dataclasses.dataclass
class Difference:
    job: Job
    target: str
    verdict: Verdict
    sql: str = ""


class Tally:
    def __init__(self, report, deciding):
        """report(Difference) is called for each difference as it is found. deciding: the target whose verdicts are counted."""
        self._report, self._deciding = report, deciding
        self.worst = {}                     # case name -> the worst verdict
        self.refusals = {}                  # reason -> how often
        self.refused_by_one = 0
        self.differences = []               # the names of cases, as they were found

    def note(self, job, target, verdict, sql):
        if verdict.kind == DIFFERENT:
            self.differences.append(job.case.name)
            self._report(Difference(job, target, verdict, sql))
        if verdict.kind == REFUSED and target == "one":
            self.refused_by_one += 1
        if verdict.kind == REFUSED and target == self._deciding:
            self.refusals[verdict.reason] = self.refusals.get(verdict.reason, 0) + 1
        if target == self._deciding or verdict.kind == DIFFERENT:
            known = self.worst.get(job.case.name, EQUAL)
            self.worst[job.case.name] = max(known, verdict.kind, key=_WORST.get)
