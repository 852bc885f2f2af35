"""Runs cases in all protocols on all targets and collects the verdicts.

What changes nothing is sent in batches, many statements on the way at once; what does runs alone and is put back. Every difference is
tried again alone on new connections, so that a report says whether it needs company.
"""
from conversation import NoAnswer, exchange
from judge import DIFFERENT, EQUAL, REFUSED, Verdict, compare, compare_content, error_of, has_misplaced
from messages import PORTIONS, PROTOCOLS, parts_of
from tally import Job, Tally
from world import TARGETS

BATCH = 40


class Runner(Tally):
    def __init__(self, world, report):
        super().__init__(report, deciding="three")
        self.world = world
        self._batch = []

    # -- what to run -------------------------------------------------------------------------------------------------

    def run(self, cases, everywhere=True):
        """everywhere: a write runs as it stands in all protocols; else in one of them, and only every fourth write."""
        for number, case in enumerate(cases):
            for job in self._jobs(case, number, everywhere):
                self._add(job)
        self._flush()

    @staticmethod
    def _jobs(case, number, everywhere):
        protocols = PROTOCOLS[:1] if "simple" in case.flags else PROTOCOLS
        if case.is_query and len(protocols) > 1 and (everywhere or number % 4 == 0):
            protocols = (*protocols, PORTIONS)
        if case.is_script or not case.written:
            return [Job(case, protocol, False) for protocol in protocols]
        wrapped = [Job(case, protocol, True) for protocol in protocols]
        if everywhere:
            return wrapped + [Job(case, protocol, False) for protocol in protocols]
        return wrapped + ([Job(case, protocols[number // 4 % len(protocols)], False)] if number % 4 == 0 else [])

    def _add(self, job):
        if job.is_alone:
            self._flush()
            self._run_batch([job])
            self._clean_up(job)
            return
        self._batch.append(job)
        if len(self._batch) >= BATCH:
            self._flush()

    def _flush(self):
        batch, self._batch = self._batch, []
        if batch:
            self._run_batch(batch)

    def _clean_up(self, job):
        if job.case.changes_session:
            self.world.connect()
        if job.leaves_changes:
            self.world.reset(job.case.written)

    # -- running -----------------------------------------------------------------------------------------------------

    def _run_batch(self, jobs):
        try:
            answers = self._ask(jobs)
        except NoAnswer as error:
            self.world.connect()
            if len(jobs) > 1:
                for job in jobs:
                    self._run_batch([job])
                return
            self.note(jobs[0], "three", Verdict(DIFFERENT, f"no answer: {error}"), jobs[0].case.steps[0].sql)
            return
        for number, (job, given) in enumerate(zip(jobs, answers)):
            judged = {target: self._judge(job, given["plain"], given[target], target) for target in TARGETS[1:]}
            if len(jobs) > 1 and any(verdict.kind == DIFFERENT for _, verdict in judged.values()):
                self._try_again(jobs, number, judged)
                return
            for target, (sql, verdict) in judged.items():
                self.note(job, target, verdict, sql)

    def _try_again(self, jobs, number, judged):
        """A difference in a batch: that statement alone, and then what came after it, as the answers may have lost their order."""
        self.world.connect()
        known = len(self.differences)
        self._run_batch([jobs[number]])
        if len(self.differences) == known:
            for target, (sql, verdict) in judged.items():
                if verdict.kind == DIFFERENT:
                    before = f"{jobs[number - 1].case.name} ({jobs[number - 1]})" if number else "nothing"
                    verdict.reason += f" (only among other statements, right after {before})"
                    self.note(jobs[number], target, verdict, sql)
        self.world.connect()
        if jobs[number + 1:]:
            self._run_batch(jobs[number + 1:])

    def _ask(self, jobs):
        """For each job {target: [(what, answer)]}."""
        parts = {target: [parts_of(job, self.world.checks(target)) for job in jobs] for target in TARGETS}
        payloads = {target: b"".join(data for job in parts[target] for _, data in job) for target in TARGETS}
        counts = {target: sum(map(len, parts[target])) for target in TARGETS}
        answers = exchange(self.world.targets, payloads, counts)
        streams = {target: iter(answers[target]) for target in TARGETS}
        return [{target: [(what, next(streams[target])) for what, _ in parts[target][number]] for target in TARGETS}
                for number in range(len(jobs))]

    # -- judging -----------------------------------------------------------------------------------------------------

    def _judge(self, job, plain, other, target):
        """(the statement that decides, verdict)"""
        right, left = ([answer for what, answer in given if what == "step"] for given in (plain, other))
        looked = [answer for what, answer in other if what == "check"]
        if has_misplaced(looked):
            return job.case.steps[0].sql, self._judge_content(job, plain, other, target)
        for step, expected, got in zip(job.case.steps, right, left):
            verdict = compare(expected, got, job.case.order)
            if verdict.kind != EQUAL:
                return step.sql, self._refused(job, verdict)
        if job.is_wrapped and error_of(right[-1]):
            return "", Verdict(EQUAL)
        return job.case.steps[-1].sql, self._judge_content(job, plain, other, target)

    @staticmethod
    def _refused(job, verdict):
        if verdict.kind == REFUSED and "demanded" in job.case.flags:
            return Verdict(DIFFERENT, "refused but demanded", "an answer", verdict.reason)
        return verdict

    def _judge_content(self, job, plain, other, target):
        expected = [answer for what, answer in plain if what == "check"]
        looked = iter(answer for what, answer in other if what == "check")
        for table, right in zip(job.case.written, expected):
            got = [next(looked) for _ in self.world.checks(target)(table)]
            verdict = compare_content(table, right, got, self.world.kind(table) if target == "three" else "single")
            if verdict.kind != EQUAL:
                return verdict
        return Verdict(EQUAL)
