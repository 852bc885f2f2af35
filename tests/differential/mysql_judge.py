"""Compares what two MySQL servers answered: equal, refused, or different and why.

Refused: 1235 with SQLSTATE 42000 where the plain server did something else, or gave its own 1235 for another reason. What came
before an error in the same result (columns, some rows) is timing over several shards and compared through one only.
"""
import re

from judge import DIFFERENT, EQUAL, REFUSED, SHOWN_ROWS, Verdict

REFUSAL = "ERR 1235 42000 "
_STATUS, _TRACKED = re.compile(r"status=(\S*)"), re.compile(r" \[(?:characteristics|transaction)=[^\]]*\]")
_WARNINGS = re.compile(r" warnings=[1-9]\d*")      # of several shards they are added up
_NAMES = {"COLUMNS": "columns", "ROW": "rows", "OK": "OK", "EOF": "the end of rows", "ERR": "error", "PREPARED": "prepared statement",
          "PARAMETERS": "parameters", "GONE": "connection"}


def error_of(lines):
    """The error, or None."""
    return lines[-1] if lines and lines[-1].startswith("ERR") else None


def compare(expected, got, order, is_exact):
    """The verdict on one statement's answer. is_exact: through one shard, where what trackers say of the transaction is all of it."""
    refusal = error_of(got) or ""
    if refusal.startswith(REFUSAL) and refusal not in expected:
        return Verdict(REFUSED, refusal.removeprefix(REFUSAL))
    right, left = ([line for line in _settled(lines, order, is_exact)] for lines in (expected, got))
    if right == left:
        return Verdict(EQUAL)
    return Verdict(DIFFERENT, _what_differs(right, left), show(expected, right, left), show(got, left, right))


def _settled(lines, order, is_exact):
    lines = [_STATUS.sub(_without_plan, line) if line.startswith(("EOF", "OK")) else line for line in lines]
    if is_exact:
        return _unordered(lines, order)
    lines = [_WARNINGS.sub(" warnings=some", _TRACKED.sub("", line)) if line.startswith(("EOF", "OK")) else line for line in lines]
    if error_of(lines):
        while len(lines) > 1 and lines[-2].startswith(("COLUMNS", "ROW")):
            del lines[-2]
    return _unordered(lines, order)


def _without_plan(status):
    """Whether an index was used is decided by each database's statistics."""
    return "status=" + "|".join(flag for flag in status[1].split("|") if flag not in ("no_index", "no_good_index"))


def _unordered(lines, order):
    """Each result's rows so that two lists are equal if the results are."""
    settled, rows = [], []
    for line in [*lines, None]:
        if line is not None and line.startswith("ROW "):
            rows.append(line)
            continue
        settled += {"ordered": rows, "counted": [f"{len(rows)} rows"], "unseen": []}.get(order, sorted(rows)) if rows else []
        rows = []
        settled += [line] if line is not None else []
    return settled


def _what_differs(right, left):
    for one, other in zip(right, left):
        if one != other:
            return _NAMES.get(one.split()[0], "answer") if one.split()[0] == other.split()[0] else "answer"
    return "rows" if any(line.startswith("ROW") for line in (right + left)[min(len(right), len(left)):]) else "answer"


def show(lines, settled, others):
    """All lines but the rows that both have."""
    same = [line for line in lines if line.startswith("ROW") and line in others and line in settled]
    shown = [line for line in lines if line not in same or len(same) <= 2]
    more = [f"… {len(same)} rows as expected"] if len(same) > 2 else []
    rows = [line for line in shown if line.startswith("ROW")]
    more += [f"… {len(rows) - SHOWN_ROWS} rows more"] if len(rows) > SHOWN_ROWS else []
    dropped = set(rows[SHOWN_ROWS:])
    return "\n".join([line for line in shown if line not in dropped] + more)


def compare_content(table, expected, got, kind):
    """The rows of a table after a statement. got: the rows of each shard (or of the one), as the servers show them."""
    if kind == "reference":
        for number, rows in enumerate(got):
            if sorted(rows) != sorted(expected):
                return _content(f"copy {number} of {table}", expected, rows)
        return Verdict(EQUAL)
    left = [row for rows in got for row in rows]
    if left and all(row.startswith("ERR") for row in left):
        left = list(dict.fromkeys(left))      # each shard says that the table, or its key, is gone
    return Verdict(EQUAL) if sorted(left) == sorted(expected) else _content(f"content of {table}", expected, left)


def compare_varying(table, expected, got, kind):
    """Values that are other ones each time: only their number is compared, and copies with each other."""
    if kind == "reference":
        expected = got[0] if len(got[0]) == len(expected) else expected
        return compare_content(table, expected, got, kind)
    left = [row for rows in got for row in rows]
    return Verdict(EQUAL) if len(left) == len(expected) else _content(f"number of rows of {table}", expected, left)


def _content(reason, expected, got):
    """Only the rows that differ are shown."""
    right, left = ([row for row in one if one.count(row) != other.count(row)] for one, other in ((expected, got), (got, expected)))
    return Verdict(DIFFERENT, reason, "\n".join(right[:SHOWN_ROWS]), "\n".join(left[:SHOWN_ROWS]))
