"""Keeps the tables of the differential test as they were at first: their rows, their counters, their definitions."""
import re

from mysql_schema import COUNTING, INSERTED, TABLES, literal, rows, statements

_CREATED = re.compile(r"create (table|view|function|procedure|trigger|sequence) (\w+)", re.I)
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
_ROUTINES = ("select concat('drop ', routine_type, ' ', routine_name) from information_schema.routines where routine_schema = database()"
             " union all select concat('drop trigger ', trigger_name) from information_schema.triggers where trigger_schema = database()")


class Keeper:
    def __init__(self, world):
        self._world, self._rows = world, rows()
        self._definitions = {name: (kind.lower(), text) for text in statements() for kind, name in [_CREATED.match(text).groups()]}
        self._first, self._shapes = {}, {}

    def remember(self):
        """What is there now is what it has to be."""
        self._first = {table: {name: sorted(found) for name, found in self._world.contents(table).items()} for table in TABLES}
        self._shapes = {name: self._shape(name) for name in self._definitions if self._definitions[name][0] == "table"}

    # -- rows --------------------------------------------------------------------------------------------------------

    def is_first(self, table, name, found):
        return sorted(found) == self._first[table][name]

    def reset(self, tables):
        """Puts the first rows in again where others are, and counters back: {table: servers where it was not as at first}."""
        changed = {table: [name for name, found in self._world.contents(table).items() if not self.is_first(table, name, found)]
                   for table in tables}
        self.fill(table for table in tables if changed[table])
        self._count(table for table in tables if not changed[table])
        return {table: names for table, names in changed.items() if names}

    def fill(self, tables):
        for table in tables:
            for name in self._world.direct:
                values = [f"({', '.join(map(literal, row))})" for row in self._world.rows_of_node(name, table, self._rows[table])]
                self._world.ask_directly(f"delete from {table}", [name])
                if values:
                    self._world.ask_directly(f"insert into {table} {INSERTED.get(table, '')} values {', '.join(values)}", [name])
            self._count([table])

    def _count(self, tables):
        for table in tables:
            if table in COUNTING:
                self._world.ask_directly(f"alter table {table} auto_increment = {COUNTING[table]}")

    def end_branches(self):
        """XA branches that were prepared hold their locks until somebody ends them."""
        for name in self._world.direct:
            for *_, branch in self._rows_of(name, "xa recover"):
                if "judge_" in branch:
                    self._world.ask_directly(f"xa rollback '{branch}'", [name])

    # -- definitions -------------------------------------------------------------------------------------------------

    def _shape(self, table):
        """The table's definition on all servers, where it is there."""
        answers = self._world.ask_directly(f"show create table {table}", may_fail=True)
        return [_COUNTER.sub("", line) for lines in answers.values() for line in lines if line.startswith("ROW")]

    def restore(self, text):
        """After statements that define: drops what is new, makes again what is no longer as it was."""
        self._drop_new()
        again = [name for name in self._shapes if re.search(rf"\b{name}\b", text, re.I) and self._shape(name) != self._shapes[name]]
        for name in again:
            self._world.ask_directly(f"drop table if exists {name}")
            self._world.ask_directly(self._definitions[name][1])
        self.fill(again)
        if re.search(r"\b(?:procedure|function|trigger|view|sequence)\b", text, re.I):
            self._make_missing()

    def _drop_new(self):
        words = {"BASE TABLE": "table", "VIEW": "view", "SEQUENCE": "sequence"}
        for name in self._world.direct:
            for table, kind in self._rows_of(name, "show full tables"):
                if table.lower() not in self._definitions:
                    self._world.ask_directly(f"drop {words[kind]} `{table}`", [name])

    def _make_missing(self):
        for name in self._world.direct:
            there = {line[0].lower() for line in self._rows_of(name, "show full tables")}
            for drop, in self._rows_of(name, _ROUTINES):
                routine = drop.rpartition(" ")[2]
                there.add(routine)
                if routine not in self._definitions:
                    self._world.ask_directly(drop, [name])
            for missing in self._definitions.keys() - there:
                self._world.ask_directly(self._definitions[missing][1], [name])

    def _rows_of(self, name, sql):
        lines = self._world.ask_directly(sql, [name])[name]
        return [line.removeprefix("ROW ").split("|") for line in lines if line.startswith("ROW")]
