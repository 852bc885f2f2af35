#!/usr/bin/python3
"""Prints the differential test's tables and its distinct statements, for unit tests that need many real texts.

    tests/differential/statements.py [GENERATED [SEED]]     the corpus and so many generated ones (20,000, seed 1)

One a line: `table NAME KIND [KEY TYPE]`, `column NAME TYPE` (of the table above it), `text SQL`; in a text, backslashes and line
ends are written `\\\\` and `\\n`.
"""
import argparse
import pathlib
import re
import sys

from cases import read_corpus
from generator import generate
from schema import DDL, KEYS, MORE_DDL, REFERENCES, SINGLES

_TABLE = re.compile(r"create table (\w+)\s*\((.*?)\)\s*(?:partition by [^;]*)?;", re.S)
_COLUMN = re.compile(r'(?:"(?P<quoted>[^"]+)"|(?P<plain>\w+)) (?P<type>\w+(?:\([\d,]+\))?(?:\[\])?)')
_TYPES = {"int": "integer", "timestamptz": "timestamp with time zone", "float8": "double precision"}


def columns(definition):
    """(name, type) of a CREATE TABLE's columns; constraints are left out."""
    for part in re.split(r",(?![^(]*\))", definition):
        found = _COLUMN.match(part.strip())
        if found and found["plain"] not in ("primary", "unique", "foreign", "check"):
            yield found["quoted"] or found["plain"], _TYPES.get(found["type"], found["type"])


def tables():
    for name, definition in _TABLE.findall(DDL + MORE_DDL):
        if name in KEYS:
            key, kind = KEYS[name]
            yield f"table {name} sharded {key.strip(chr(34))} {kind}"
        elif name in REFERENCES or name in SINGLES:
            yield f"table {name} {'reference' if name in REFERENCES else 'single'}"
        else:
            continue
        yield from (f"column {column.replace(' ', '_')} {kind}" for column, kind in columns(definition))


def texts(generated, seed):
    cases = [*read_corpus(pathlib.Path(__file__).parent / "corpus"), *generate(seed, generated)]
    return dict.fromkeys(step.sql for case in cases for step in case.steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("generated", type=int, nargs="?", default=20000)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    arguments = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    for line in tables():
        print(line)
    for text in texts(arguments.generated, arguments.seed):
        print("text " + text.replace("\\", "\\\\").replace("\n", "\\n"))


if __name__ == "__main__":
    main()
