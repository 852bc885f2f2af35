"""The cases in MySQL's dialect: corpus/mysql/*.sql, in the form that cases.py describes.

More flags: `found_rows`: the client wants affected rows to be those found; `latin1`: it logs in with that character set.
A parameter is `$1` in the text, a `?` on the wire; `-- $1 bigint 5` says its type and its value. `{here}` is the database's name, another
one with each server: names of locks and of XA branches are a whole server's.
"""
import re

from cases import FLAGS, Case
from mysql_parameters import Parameter
from mysql_schema import TABLES

_NAME = r"(?:`?[\w{}]+`?\.)?`?(\w+)`?"
_WRITES = re.compile(
    r"\b(?:insert(?:\s+(?:low_priority|delayed|high_priority|ignore))*(?:\s+into)?|replace(?:\s+(?:low_priority|delayed))?(?:\s+into)?"
    r"|update(?:\s+(?:low_priority|ignore))*|delete(?:\s+(?:low_priority|quick|ignore))*(?:\s+\w+)?\s+from|truncate(?:\s+table)?"
    r"|infile\s+\S+\s+(?:ignore\s+|replace\s+)?into\s+table|alter\s+table|drop\s+table(?:\s+if\s+exists)?|rename\s+table|call)\s+" + _NAME,
    re.I)
_SESSION = re.compile(
    r"\s*(?:(?:/\*.*?\*/|--\s[^\n]*\n|#[^\n]*\n)\s*)*(?:set|use|prepare|execute|deallocate|begin|start|commit|rollback|savepoint"
    r"|release|lock|unlock|flush|reset|create|alter|drop|rename|truncate|call|xa|handler|do|kill|load|analyze|optimize|check|repair)\b"
    r"|.*?(?:@|\b(?:get_lock|release_lock|last_insert_id|nextval|setval|lastval|into\s+outfile|for\s+update)\b)", re.I | re.S)
_QUERY = re.compile(r"\s*\(?\s*(?:select|with|values|table)\b", re.I)
_OF_SEVERAL = re.compile(r"\W*(?:/\*.*?\*/\s*)*(?:with\b.*\b)?(?:update|delete)\b.*(?:\bjoin\b|\busing\b|,)", re.I | re.S)
DEFINES = re.compile(
    r"^\s*(?:/\*.*?\*/\s*)*(?:create|alter|drop|rename|truncate)\b|\b(?:create|drop)\s+(?:or\s+replace\s+)?(?:table|view)\b", re.I)


class MysqlCase(Case):
    parameter, known_flags, tables = Parameter, FLAGS | {"found_rows", "latin1"}, TABLES
    writes, session, query = _WRITES, _SESSION, _QUERY

    @property
    def written(self):
        """Of statements over several tables all that are named."""
        named = {word for step in self.steps if _OF_SEVERAL.match(step.sql) for word in re.findall(r"\w+", step.sql.lower())}
        tables = named.intersection(self.tables) | set(super().written)
        if any("into german" in step.sql for step in self.steps):
            tables.add("customers")    # through the view
        if "accounts" in tables:
            tables.add("entries")      # ON DELETE CASCADE
        return [table for table in self.tables if table in tables]

    @property
    def defines(self):
        """Tables may be others afterwards."""
        return any(DEFINES.search(step.sql) for step in self.steps)

    @property
    def login(self):
        """Flags that need a connection of another kind."""
        return self.flags & {"found_rows", "latin1"}
