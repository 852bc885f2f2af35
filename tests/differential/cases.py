"""The cases: what is said to the servers, and how the answers are to be compared. Read from corpus/*.sql, or generated.

    -- name: order by a column that is not selected; ordered
    -- $1 int8 5
    select name from customers where cid = $1 order by created, cid;

A case lasts to the next name; a statement ends with `;` at the end of a line. `-- data a|b` is a row of a COPY. After the name, flags:
`ordered`, `counted`, `unseen`: rows are compared in order, only their number, not at all; `simple`: the simple protocol only; `whole`: all
statements of the case in one message; `demanded`: Shardway has to answer, refusing counts as different.
"""
import dataclasses
import pathlib
import re

from parameters import Parameter
from schema import TABLES

FLAGS = {"ordered", "counted", "unseen", "simple", "demanded", "whole"}
_WRITES = re.compile(r"\b(?:insert\s+into|update(?:\s+only)?|delete\s+from(?:\s+only)?|truncate(?:\s+table)?(?:\s+only)?"
                     r"|merge\s+into|copy)\s+(?:public\.)?\"?(\w+)", re.I)
_SESSION = re.compile(r"\s*(?:set|reset|prepare|deallocate|listen|unlisten|discard|declare|begin|start|notify|savepoint"
                      r"|create|alter)\b|.*?\b(?:set_config|setval|nextval|pg_\w*advisory\w*)\(", re.I | re.S)
_QUERY = re.compile(r"\s*\(?(?:select|with|values|table)\b", re.I)
_PARAMETER = re.compile(r"-- \$\d+ (.*)")


@dataclasses.dataclass
class Step:
    """One statement."""
    sql: str
    parameters: list = dataclasses.field(default_factory=list)
    data: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Case:
    name: str
    steps: list
    flags: frozenset = frozenset()

    # What a dialect says in other words.
    parameter, known_flags, tables = Parameter, FLAGS, TABLES
    writes, session, query = _WRITES, _SESSION, _QUERY

    @property
    def order(self):
        """How rows are compared."""
        return next((order for order in ("ordered", "counted", "unseen") if order in self.flags), "any")

    @property
    def written(self):
        """The tables whose content may be changed."""
        named = {name.lower() for step in self.steps for name in self.writes.findall(step.sql)}
        return [table for table in self.tables if table in named]

    @property
    def is_script(self):
        """Several statements, or one that is not to be run inside a transaction of ours."""
        return len(self.steps) > 1 or self.changes_session

    @property
    def is_query(self):
        """Rows may be fetched in portions."""
        return len(self.steps) == 1 and not self.written and bool(self.query.match(self.steps[0].sql))

    @property
    def changes_session(self):
        return any(self.session.match(step.sql) for step in self.steps)


def read_corpus(folder, kind=Case):
    """The cases of all files, in the files' order."""
    return [case for file in sorted(pathlib.Path(folder).glob("*.sql")) for case in read_file(file, kind)]


def read_file(file, kind=Case):
    blocks = re.split(r"(?m)^-- name: ", pathlib.Path(file).read_text(encoding="utf-8"))[1:]
    return [_read_case(file.stem, block, kind) for block in blocks]


def _read_case(stem, block, kind):
    title, _, text = block.partition("\n")
    name, *flags = (part.strip() for part in title.split("; "))
    unknown = set(flags) - kind.known_flags
    if unknown:
        raise ValueError(f"{stem}: {name}: unknown flag {unknown}")
    case = kind(f"{stem}: {name}", list(_read_steps(text, kind)), frozenset(flags))
    if "whole" in flags:
        case.steps = [Step(" ".join(step.sql + ";" for step in case.steps))]
        case.flags |= {"simple"}
    if not case.steps:
        raise ValueError(f"{stem}: {name}: no statement")
    return case


def _read_steps(text, kind):
    lines, parameters, data = [], [], []
    for line in text.splitlines():
        declared = _PARAMETER.fullmatch(line)
        if declared:
            parameters.append(kind.parameter.read(declared[1]))
        elif line.startswith("-- data"):
            data.append(line.removeprefix("-- data").removeprefix(" ").replace("|", "\t"))
        elif line.strip() and not line.startswith("-- "):
            lines.append(line)
        if lines and lines[-1].rstrip().endswith(";"):
            yield Step("\n".join(lines).rstrip()[:-1], parameters, data)
            lines, parameters, data = [], [], []
