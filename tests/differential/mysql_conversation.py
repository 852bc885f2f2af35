"""The same command to several MySQL servers, and what each answers, as lines that can be compared.

Lines are those of mysql_results.py, with whole column definitions and with texts that cannot be taken for NULL or for two values.
What counts a server's own objects (the position in the binary log, statement ids) and the names of our databases are left out.
"""
import re

from mysql_results import Reader, shown
from mysql_wire import Wire, WireClosed, masked

SECONDS = 30
_OWN_NAMES = ((re.compile(r"judge_[pos]\b"), "judge"), (re.compile(r"#sql-(\w+)-[\da-f]+-[\da-f]+"), r"#sql-\1"))
GONE = "GONE"       # how the last line of a connection begins that cannot be used any more


def marked(value):
    text = shown(value)
    return f'"{text}"' if value is not None and (text == "NULL" or "|" in text) else text


class _Reader(Reader):
    def column(self):
        start = self.at
        plain, kind, flags = super().column()
        end, self.at = self.at, start
        _, schema, table, original_table, name, original = [self.string() for _ in range(6)]
        rest = Reader(self.string(), 0)
        charset, length, _, _, decimals = rest.number(2), rest.number(4), rest.number(1), rest.number(2), rest.number(1)
        self.at = end
        typed = plain[len(shown(name)):]
        source = ".".join(shown(part) for part in (schema, original_table, original) if part)
        alias = f" {shown(table)}" if table != original_table else ""
        return f"{shown(name)}{typed}({length},{decimals}) {charset} {flags:x}{alias} {source}".rstrip() + ";", kind, flags

    def text_row(self):
        values = []
        while self.left:
            values.append(marked(self.string()))
        return "ROW " + "|".join(values)

    def _binary(self, kind, flags):
        if kind in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13):
            return super()._binary(kind, flags)
        return marked(self.string())


class Conversation(Wire):
    """One connection. What goes wrong with it is a line, too."""

    def reader(self, payload):
        return _Reader(payload, self.capabilities, self.mariadb)

    def start(self, payload):
        """Sends a command; nothing is read."""
        try:
            self.socket.settimeout(SECONDS)
            self.send(payload)
        except OSError:
            self._reply_begins_after(payload)

    def finish(self, payload):
        """The lines of its reply."""
        try:
            heard = self.reply(payload)
        except (WireClosed, OSError, AssertionError) as error:
            return [f"{GONE} {type(error).__name__}: {error}"[:300]]
        return [_common(line) for line in masked(heard)]


def _common(line):
    for pattern, name in _OWN_NAMES:
        line = pattern.sub(name, line)
    return line


def exchange(conversations, payloads):
    """To all at once: {target: lines}. payloads: one for all, or {target: payload}."""
    chosen = payloads if isinstance(payloads, dict) else dict.fromkeys(conversations, payloads)
    for target, conversation in conversations.items():
        conversation.start(chosen[target])
    return {target: conversation.finish(chosen[target]) for target, conversation in conversations.items()}


def is_gone(lines):
    return bool(lines) and lines[-1].startswith(GONE)
