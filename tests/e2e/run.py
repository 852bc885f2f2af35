#!/usr/bin/python3
"""Runs the end-to-end tests: one line per test with its time, and at the end `N passed, N failed`.

    tests/e2e/run.py                    all of them
    tests/e2e/run.py smoke copy         those whose name contains one of the words
    tests/e2e/run.py --without mysql    the others; may be given again
    tests/e2e/run.py --list
    tests/e2e/run.py --direct mysql     only those that compare a MariaDB with Shardway, against the MariaDB alone: is what they
                                        expect what a server does?
    tests/e2e/run.py --again            a test that failed runs once more by itself, and that is said: machines are shared, and sanitizer
                                        builds many times slower; what a sanitizer reports stays a failure

SHARDWAY_BINARY or SHARDWAY_PRESET choose the program, SHARDWAY_TEST_SERVERS running PostgreSQL servers, SHARDWAY_TEST_MARIADB
running MariaDB ones (tests/support/servers.py and mariadb.py start such).
"""
import argparse
import contextlib
import os
import pathlib
import signal
import sys
import time
import traceback
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
SECONDS_PER_TEST = int(os.environ.get("SHARDWAY_TEST_TIMEOUT", "180"))


class Report(unittest.TestResult):
    """Prints each test as it ends; a failure with its traceback at once."""

    def __init__(self):
        super().__init__()
        self.passed = self.failed = self.skipped_count = 0
        self.to_repeat = []
        self._begun = time.monotonic()
        self._bad = False

    def startTest(self, test):
        super().startTest(test)
        self._begun, self._bad, self._skipped = time.monotonic(), False, False
        signal.alarm(SECONDS_PER_TEST)

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)
        if self._bad:
            self.failed += 1
        elif not self._skipped:
            self.passed += 1
            self._line("ok", test)

    def _line(self, word, test, more=""):
        print(f"{word:<5}{time.monotonic() - self._begun:7.2f} s  {test.id()}{more}", flush=True)

    def _fault(self, test, error):
        if not self._is_test(test):   # setUpClass or a module that cannot be loaded
            self.failed += 1
        self._bad = True
        self._line("FAIL", test)
        said = "".join(traceback.format_exception(*error))
        if self._is_test(test) and "a sanitizer reports" not in said and test not in self.to_repeat:
            self.to_repeat.append(test)
        print(said, flush=True)
        self._tell_of_proxy(test)

    @staticmethod
    def _tell_of_proxy(test):
        """What its Shardway was about: who waits, and the end of its log."""
        proxy = getattr(test, "proxy", None)
        if not hasattr(proxy, "console"):
            return
        for command in ("SHOW TRANSACTIONS", "SHOW HELD", "SHOW POOLS", "SHOW CLIENTS"):
            with contextlib.suppress(Exception):
                for row in proxy.console(command):
                    print(command, {key: value for key, value in row.items() if value not in (None, "", "0", 0)}, flush=True)
        with contextlib.suppress(Exception):
            print(proxy.log_tail(2000), flush=True)

    @staticmethod
    def _is_test(test):
        return isinstance(test, unittest.TestCase)

    def addError(self, test, err):
        super().addError(test, err)
        self._fault(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fault(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._bad = True
            if test not in self.to_repeat:
                self.to_repeat.append(test)
            self._line("FAIL", subtest)
            print("".join(traceback.format_exception(*err)), flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._skipped = True
        self.skipped_count += 1
        self._line("skip", test, f": {reason}")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._bad = True
        self._line("FAIL", test, ": expected to fail, but passed")


def flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


def give_up(_number, _frame):
    raise TimeoutError(f"the test takes more than {SECONDS_PER_TEST} s")


def repeat(report):
    """Those that failed, once more, each by itself; a success takes the failure back."""
    for test in report.to_repeat[:3]:
        print(f"again: {test.id()}", flush=True)
        second = Report()
        unittest.TestSuite([test]).run(second)
        if second.passed == 1 and second.failed == 0:
            report.failed, report.passed = report.failed - 1, report.passed + 1


def main():
    parser = argparse.ArgumentParser(description="End-to-end tests.")
    parser.add_argument("filters", nargs="*")
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--direct", action="store_true")
    arguments = parser.parse_args()
    if arguments.direct:
        os.environ["SHARDWAY_TEST_DIRECT"] = "1"

    tests = [test for test in flatten(unittest.TestLoader().discover(str(HERE), pattern="test_*.py"))
             if (not arguments.filters or any(word in test.id() for word in arguments.filters))
             and not any(word in test.id() for word in arguments.without)]
    if arguments.direct:
        from support.mysql_case import MysqlCase   # after sys.path and the environment are set
        tests = [test for test in tests if isinstance(test, MysqlCase)]
    if arguments.list:
        print("\n".join(test.id() for test in tests))
        return 0

    from support import servers   # after sys.path is set
    with contextlib.nullcontext() if arguments.direct else servers.shared(shards=2, replicas=1, plain=True) as cluster:
        if cluster and "SHARDWAY_TEST_SERVERS" not in os.environ:
            file = cluster.folder / "servers.json"
            cluster.save(file)
            os.environ["SHARDWAY_TEST_SERVERS"] = str(file)
        signal.signal(signal.SIGALRM, give_up)
        report = Report()
        unittest.TestSuite(tests).run(report)
        if arguments.again:
            repeat(report)
    skipped = f", {report.skipped_count} skipped" if report.skipped_count else ""
    print(f"{report.passed} passed, {report.failed} failed{skipped}")
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
