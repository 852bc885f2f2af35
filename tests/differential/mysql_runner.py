"""Runs cases in the text and the binary protocol on all targets, statement by statement, and collects the verdicts.

A write runs in a transaction that is rolled back, and as it stands; what it changed is looked at directly on the servers, and put back.
"""
import re

from judge import DIFFERENT, EQUAL, REFUSED, Verdict
from mysql_commands import close, execute, prepare, query
from mysql_conversation import is_gone
from mysql_judge import compare, compare_content, compare_varying, error_of
from mysql_parameters import inline, marked
from tally import Job, Tally

TEXT, BINARY = PROTOCOLS = ("text", "binary")
_NOT_PREPARED = "ERR 1295 "
_BOUND = "is bound to "      # a refusal that others would share, later on this connection
_WARNINGS = re.compile(r" warnings=\d+")
_ASKS_FOR_LAST = re.compile(r"\b(?:warnings|errors|diagnostics|found_rows|row_count|warning_count|error_count)\b", re.I)


class Runner(Tally):
    def __init__(self, world, report):
        super().__init__(report, deciding=world.targets[-1])
        self.world = world
        self._prepared = ("", {})        # the text prepared last and its number with each target

    def run(self, cases, everywhere=True):
        """everywhere: a write runs as it stands in both protocols; else in one of them, and only every fourth write."""
        for number, case in enumerate(cases):
            for job in self._jobs(case, number, everywhere):
                self._run(job)

    @staticmethod
    def _jobs(case, number, everywhere):
        protocols = PROTOCOLS[:1] if "simple" in case.flags else PROTOCOLS
        if case.is_script or not case.written:
            return [Job(case, protocol, False) for protocol in protocols]
        wrapped = [Job(case, protocol, True) for protocol in protocols]
        if everywhere:
            return wrapped + [Job(case, protocol, False) for protocol in protocols]
        return wrapped + ([Job(case, protocols[number // 4 % len(protocols)], False)] if number % 4 == 0 else [])

    # -- one job -----------------------------------------------------------------------------------------------------

    def _run(self, job):
        if self.world.login != job.case.login:
            self.world.connect(job.case.login)
        begun = self.world.ask(query("begin")) if job.is_wrapped else None
        verdicts, is_usable = self._converse(job, begun)
        if is_usable:
            self._close_prepared()
        self._prepared = ("", {})
        for target, (sql, verdict) in verdicts.items():
            self.note(job, target, verdict, sql)
            is_usable = is_usable and _BOUND not in verdict.reason
        try:
            self._clean_up(job, is_usable)
        except (OSError, EOFError, AssertionError) as error:     # a lock that stays, a program that has ended
            self.note(job, self._deciding, Verdict(DIFFERENT, "afterwards the servers cannot be put back", got=str(error)), "")
            self._clean_up(job, False)

    def _converse(self, job, begun):
        """({target: (the statement that decides, verdict)}, whether the connections can go on)"""
        verdicts, steps = {}, job.case.steps
        if begun:
            self._judge(job, "begin", begun, verdicts)
        for step, following in zip(steps, [*steps[1:], None]):
            self.world.jostle()
            for sql, heard in self._ask(job, step, following):
                self._judge(job, sql, heard, verdicts)
                if any(is_gone(lines) for lines in heard.values()):
                    return verdicts | self._still_equal(job, verdicts), False
            if len(verdicts) == len(self.world.targets) - 1:
                break
        if job.is_wrapped:
            self._look(job, verdicts)
        if job.is_wrapped or job.case.is_script:
            self._judge(job, "rollback", self.world.ask(query("rollback")), verdicts)
        if not job.is_wrapped:
            self._look(job, verdicts)
        return verdicts | self._still_equal(job, verdicts), True

    def _still_equal(self, job, verdicts):
        return {target: (job.case.steps[-1].sql, Verdict(EQUAL)) for target in self.world.targets[1:] if target not in verdicts}

    def _clean_up(self, job, is_usable):
        if not is_usable or job.case.changes_session or job.case.is_script:
            self.world.connect()
        if job.case.defines:
            self.world.keeper.restore(" ".join(step.sql for step in job.case.steps))
        if any("xa " in step.sql for step in job.case.steps):
            self.world.keeper.end_branches()
        changed = self.world.keeper.reset(job.case.written)
        if job.is_wrapped and is_usable:
            for table, names in changed.items():
                self.note(job, "three" if names[-1] in self.world.ranges else names[-1],
                          Verdict(DIFFERENT, f"{table} on {', '.join(names)} is not as it was before the transaction"), "rollback")

    # -- asking ------------------------------------------------------------------------------------------------------

    def _ask(self, job, step, following):
        """Pairs of what was said and {target: lines}."""
        if job.protocol == TEXT:
            heard = self.world.say(query, inline(step.sql, step.parameters))
            yield step.sql, heard
        else:
            for heard in self._ask_prepared(step):
                yield step.sql, heard
        if any(_WARNINGS.search(line) for line in heard["plain"]) and not (following and _ASKS_FOR_LAST.search(following.sql)):
            yield f"show warnings -- after: {step.sql}", self.world.ask(query("show warnings"))

    def _ask_prepared(self, step):
        """What the server does not prepare is said as text. Who refuses to prepare is not asked to execute. One with the text of the
        statement before is only executed again."""
        sql, parameters = marked(step.sql, step.parameters)
        if self._prepared[0] != sql or "plain" not in self._prepared[1]:
            self._close_prepared()
            prepared = self.world.say(prepare, sql)
            yield prepared
            if prepared["plain"][-1].startswith(_NOT_PREPARED):
                yield self.world.say(query, inline(step.sql, step.parameters))
            self._prepared = (sql, {target: self.world.wires[target].statement for target, lines in prepared.items()
                                    if not error_of(lines) and not is_gone(lines)})
        statements = self._prepared[1]
        if "plain" in statements:
            values = [parameter.as_typed() for parameter in parameters]
            yield self.world.ask({target: execute(statement, values) for target, statement in statements.items()})

    def _close_prepared(self):
        self.world.ask({target: close(statement) for target, statement in self._prepared[1].items()})
        self._prepared = ("", {})

    # -- judging -----------------------------------------------------------------------------------------------------

    def _judge(self, job, sql, heard, verdicts):
        """The first verdict that is not equal stands."""
        for target in self.world.targets[1:]:
            if target in verdicts or target not in heard:
                continue
            verdict = compare(heard["plain"], heard[target], job.case.order, target == "one")
            if verdict.kind == REFUSED and "demanded" in job.case.flags:
                verdict = Verdict(DIFFERENT, "refused but demanded", "an answer", verdict.reason)
            if verdict.kind != EQUAL:
                verdicts[target] = (sql, verdict)

    def _look(self, job, verdicts):
        """At what is on the servers now."""
        sql = job.case.steps[-1].sql
        for table in job.case.written:
            contents = self.world.contents(table)
            for target in self.world.targets[1:]:
                strays = self.world.strays(table, contents) if target == "three" else []
                decided, known = verdicts.get(target, ("", Verdict(EQUAL)))
                if strays:
                    verdicts[target] = (sql, Verdict(DIFFERENT, strays[0]))
                elif known.kind == EQUAL:
                    verdict = self._compare_content(target, table, contents, job.case.order == "unseen")
                    if verdict.kind != EQUAL:
                        verdicts[target] = (sql, verdict)
                elif known.kind == REFUSED and decided == sql and len(job.case.steps) == 1 and not self._is_first(target, table, contents):
                    verdicts[target] = (sql, Verdict(DIFFERENT, f"refused, and yet {table} is changed"))

    def _compare_content(self, target, table, contents, is_varying):
        kind, got = self.world.kind(table) if target == "three" else "single", self.world.of_target(target, contents)
        return compare_varying(table, contents["plain"], got, kind) if is_varying else compare_content(table, contents["plain"], got, kind)

    def _is_first(self, target, table, contents):
        names = self.world.ranges if target == "three" else [target]
        return all(self.world.keeper.is_first(table, name, contents[name]) for name in names)
