"""A case in one protocol as the bytes that are sent, and how many answers they bring.

Protocols: `simple`; `text`, the extended protocol with text parameters and results, the unnamed statement, which is described;
`binary`, parameters and results in binary, a named statement, the portal described; `portions`, as text, but the first two rows are
fetched before the rest.
"""
import wire
from parameters import inline

PROTOCOLS = ("simple", "text", "binary")
PORTIONS = "portions"
_NAME = "judged"


def step_messages(step, protocol, before=None):
    """One statement, which brings one ReadyForQuery. In binary, one with the text of the statement before is only bound again."""
    copied = b"".join(wire.copy_data(line + "\n") for line in step.data) + wire.COPY_DONE if step.data else b""
    if protocol == "simple":
        return wire.query(inline(step.sql, step.parameters)) + copied
    if protocol == "binary":
        return _named(step, before) + wire.execute() + copied + wire.SYNC
    prepared = wire.parse("", step.sql, [parameter.oid for parameter in step.parameters])
    bound = wire.bind(values=[parameter.as_text() for parameter in step.parameters])
    if protocol == PORTIONS:
        return prepared + bound + wire.describe("P") + wire.execute(limit=2) + wire.execute() + wire.SYNC
    return prepared + wire.describe("S") + bound + wire.execute() + copied + wire.SYNC


def _named(step, before):
    """Up to the portal's description."""
    pairs = [parameter.as_binary() for parameter in step.parameters]
    prepared = wire.close("S", _NAME) + wire.parse(_NAME, step.sql, [parameter.oid for parameter in step.parameters])
    bound = wire.bind(statement=_NAME, values=[value for _, value in pairs], formats=[form for form, _ in pairs], result_formats=[1])
    return (b"" if before and before.sql == step.sql else prepared) + bound + wire.describe("P")


def parts_of(job, checks):
    """(what, bytes) of each answer: "begin", "step", "check", "rollback", in the order of the conversation."""
    before = [None, *job.case.steps]
    steps = [("step", step_messages(step, job.protocol, before[number])) for number, step in enumerate(job.case.steps)]
    looks = [("check", wire.query(sql)) for table in job.case.written for sql in checks(table)]
    rollback = [("rollback", wire.query("rollback"))]
    if job.is_wrapped:
        return [("begin", wire.query("begin")), *steps, *looks, *rollback]
    return steps + (rollback if job.case.is_script else []) + looks
