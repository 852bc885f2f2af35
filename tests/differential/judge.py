"""Compares what two servers answered: equal, refused, or different and why.

Refused: 0A000 where the plain server did something else, or gave its own 0A000 for another reason. What came before an error in the same statement (a description, some rows)
is timing and not compared; the SQLSTATE is.
"""
import dataclasses

EQUAL, REFUSED, DIFFERENT = "equal", "refused", "different"
REFUSAL = "0A000"
MISPLACED = b"\0\0\0\1f"      # how a row ends whose slot is not on the shard that has it
SHOWN_ROWS = 8


@dataclasses.dataclass
class Verdict:
    kind: str
    reason: str = ""
    expected: str = ""
    got: str = ""


def error_of(events):
    """The error event, or None."""
    return next((event for event in events if event[0] == "E"), None)


def settled(events):
    """What counts of one answer: with an error, only what was completed before it, its SQLSTATE and the state after it."""
    error = error_of(events)
    if error is None:
        return events
    at = events.index(error)
    last = max((i for i in range(at) if events[i][0] == "C"), default=-1)
    return events[:last + 1] + [("E", error[1])] + events[at + 1:]


def gathered(events):
    """Rows fetched in portions as one list, and how many came in each."""
    if not any(event[0] == "s" for event in events):
        return events
    rows = [row for event in events if event[0] == "D" for row in event[1]]
    return [("D", rows)] + [("fetched", len(event[1])) if event[0] == "D" else event for event in events]


def comparable(event, order):
    if event[0] not in "Dd" or order == "ordered":
        return event
    if order == "unseen":
        return (event[0],)
    return (event[0], len(event[1])) if order == "counted" else (event[0], sorted(event[1]))


def compare(expected, got, order):
    """The verdict on one statement's answer."""
    refusal, demanded = error_of(got), error_of(expected)
    if refusal and refusal[1] == REFUSAL and not (demanded and demanded[1:3] == refusal[1:3]):
        if got[-1] == ("Z", "T"):
            return Verdict(DIFFERENT, "a refusal leaves the transaction as it was", show(expected), show(got))
        return Verdict(REFUSED, refusal[2])
    right = [comparable(event, order) for event in gathered(settled(expected))]
    left = [comparable(event, order) for event in gathered(settled(got))]
    if left == right:
        return Verdict(EQUAL)
    return Verdict(DIFFERENT, _what_differs(right, left), show(expected), show(got))


def _what_differs(right, left):
    for one, other in zip(right, left):
        if one != other:
            return _NAMES.get(one[0], "messages") if one[0] == other[0] else "messages"
    return "messages"


_NAMES = {"T": "columns", "D": "rows", "C": "tag", "E": "SQLSTATE", "t": "parameter types", "Z": "transaction state", "d": "COPY rows"}


def compare_content(table, expected, got, kind):
    """The content of a table after a write. got: one answer, or one of each shard for kind "sharded" and "reference"."""
    right = rows_of(expected)
    if kind == "reference":
        for number, answer in enumerate(got):
            if rows_of(answer) != right:
                return _content(f"copy {number} of {table}", expected, [answer])
        return Verdict(EQUAL)
    left = sorted(row for answer in got for row in rows_of(answer))
    if has_misplaced(got):
        return _content(f"misplaced rows in {table}", expected, got)
    failed = next((error_of(answer) for answer in got if error_of(answer)), None)
    if left == right and not failed:
        return Verdict(EQUAL)
    return _content(f"content of {table}", expected, got)


def _content(reason, expected, got):
    """Only the rows that differ are shown."""
    right, left = rows_of(expected), [row for answer in got for row in rows_of(answer)]
    errors = [event for answer in got for event in answer if event[0] == "E"]
    return Verdict(DIFFERENT, reason, show([("D", [row for row in right if row not in left])]),
                   show([("D", [row for row in left if row not in right]), *errors]))


def rows_of(answer):
    return sorted(row for event in answer if event[0] == "D" for row in event[1])


def has_misplaced(answers):
    return any(row.endswith(MISPLACED) for answer in answers for row in rows_of(answer))


def show(events):
    """An answer in one readable line for each event."""
    return "\n".join(_show(event) for event in events)


def _show(event):
    if event[0] in "Dd":
        rows = [_show_row(row) if event[0] == "D" else row.decode(errors="replace").rstrip() for row in event[1][:SHOWN_ROWS]]
        more = f" … {len(event[1])} rows" if len(event[1]) > SHOWN_ROWS else ""
        return f"{event[0]} " + " ; ".join(rows) + more
    if event[0] == "T":
        return "T " + " ".join(f"{name}:{kind}" + ("" if modifier < 0 else f"({modifier})") + "tb"[form]
                               for name, kind, modifier, form in event[1])
    return " ".join(map(str, event))


def _show_row(body):
    at, values = 2, []
    while at < len(body):
        size = int.from_bytes(body[at:at + 4], "big", signed=True)
        at += 4
        value = body[at:at + max(size, 0)]
        at += max(size, 0)
        printable = value.decode(errors="replace")
        values.append("null" if size < 0 else printable if printable.isprintable() else "0x" + value.hex())
    return "|".join(values)
