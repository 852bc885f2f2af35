#!/usr/bin/python3
"""The differential test: the same statements to a plain PostgreSQL, to Shardway with one shard and with three, in three protocols.

    tests/differential/run.py                               the corpus and 2,000 generated statements
    tests/differential/run.py --corpus-only
    tests/differential/run.py --seed 7 --generated 200000   --corpus-only and --generated-only leave the other part out
    tests/differential/run.py --filter 'joins: .*outer'     cases whose name matches
    tests/differential/run.py --refusals                    at the end why statements were refused, most frequent first
    tests/differential/run.py --dialect mysql               a plain MariaDB and MySQL's two protocols; --shards 1, 3 or both;
                                                            --crowded: another client takes server connections in between

Every statement is equal, refused (SQLSTATE 0A000, or 1235) or different; one that is different is printed with what was expected.
SHARDWAY_BINARY or SHARDWAY_PRESET choose the program.
"""
import argparse
import collections
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "e2e"), str(HERE)]

from cases import Case, read_corpus   # noqa: E402  (after sys.path is set)
from judge import DIFFERENT, EQUAL, REFUSED   # noqa: E402

SHOWN = 200      # differences printed in full


def arguments_of_call():
    parser = argparse.ArgumentParser(description="The differential test.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--generated", type=int, default=2000)
    parser.add_argument("--corpus-only", action="store_true")
    parser.add_argument("--generated-only", action="store_true")
    parser.add_argument("--filter", default="")
    parser.add_argument("--refusals", action="store_true")
    parser.add_argument("--dialect", choices=("postgresql", "mysql"), default="postgresql")
    parser.add_argument("--shards", choices=("1", "3", "both"), default="both", help="with --dialect mysql: through which Shardway")
    parser.add_argument("--crowded", action="store_true", help="with --dialect mysql: another client takes server connections in between")
    arguments = parser.parse_args()
    if (arguments.shards != "both" or arguments.crowded) and arguments.dialect != "mysql":
        parser.error("--shards and --crowded are for --dialect mysql")
    return arguments


class Postgres:
    """What a run needs of a dialect."""

    def __init__(self, _arguments):
        from generator import generate
        from runner import Runner
        from world import World
        self.world, self.runner, self.generate = World, Runner, generate
        self.corpus, self.case = HERE / "corpus", Case


class Mysql:
    def __init__(self, arguments):
        from mysql_cases import MysqlCase
        from mysql_generator import generate
        from mysql_runner import Runner
        from mysql_world import World
        self.world, self.runner, self.generate = lambda: World(arguments.shards, arguments.crowded), Runner, generate
        self.corpus, self.case = HERE / "corpus" / "mysql", MysqlCase


class Report:
    """Prints differences as they come."""

    def __init__(self):
        self.count = 0

    def __call__(self, difference):
        self.count += 1
        if self.count > SHOWN:
            return
        job, verdict = difference.job, difference.verdict
        print(f"DIFFERENT {job.case.name} ({difference.target}, {job}): {verdict.reason}")
        print("    " + difference.sql.replace("\n", "\n    "))
        for step in job.case.steps:
            if step.sql == difference.sql and step.parameters:
                print("    " + ", ".join(f"${i} {parameter}" for i, parameter in enumerate(step.parameters, 1)))
        for label, shown in (("expected", verdict.expected), ("got", verdict.got)):
            print(f"  {label}:\n    " + shown.replace("\n", "\n    "))
        sys.stdout.flush()


def show_refusals(refusals):
    kinds = collections.Counter()
    for reason, count in refusals.items():
        kinds[re.sub(r'"[^"]*"|\$?\d+', "…", reason)] += count
    for reason, count in kinds.most_common(60):
        print(f"refused {count:6d}  {reason}")


def chosen(cases, pattern):
    return (case for case in cases if re.search(pattern, case.name))


def run(arguments, dialect, world):
    """The exit status."""
    begun = time.monotonic()
    runner = dialect.runner(world, Report())
    if not arguments.generated_only:
        runner.run(chosen(read_corpus(dialect.corpus, dialect.case), arguments.filter))
    if not arguments.corpus_only:
        runner.run(chosen(dialect.generate(arguments.seed, arguments.generated), arguments.filter), everywhere=False)
    misplaced = world.misplaced()
    for complaint in misplaced:
        print(f"DIFFERENT after the run: {complaint}")
    if arguments.refusals:
        show_refusals(runner.refusals)
    totals = collections.Counter(runner.worst.values())
    different = totals[DIFFERENT] + len(misplaced)
    print(f"{len(runner.worst)} statements in {time.monotonic() - begun:.1f} s; seed {arguments.seed}; "
          f"refused by one shard: {runner.refused_by_one}")
    print(f"{totals[EQUAL] + totals[REFUSED]} passed, {different} failed")
    print(f"differential: {totals[EQUAL]} equal, {totals[REFUSED]} refused, {different} different")
    return 1 if different or not runner.worst else 0


def main():
    arguments = arguments_of_call()
    dialect = {"postgresql": Postgres, "mysql": Mysql}[arguments.dialect](arguments)
    with dialect.world() as world:
        return run(arguments, dialect, world)


if __name__ == "__main__":
    sys.exit(main())
