#!/usr/bin/env python3
"""Statements to compare the router's facts with a server's: those written in mysql_statements.txt, those mysql_grammar.txt
makes, and broken ones. The same seed makes the same statements.

    tests/golden/mysql_statements.py [N [SEED]]      prints them
"""
import pathlib
import random
import re
import sys
from typing import NamedTuple

HERE = pathlib.Path(__file__).parent
MODES = ("ansi_quotes", "no_backslash_escapes", "pipes_as_concat", "ignore_space", "oracle")
CHARSETS = ("utf8mb4", "latin1", "gbk", "big5", "sjis", "cp932")
MARKS = frozenset(("may", "keeps", "writes", "other", "unproven"))
# Statements that follow each other share modes and character set, so that the server is not told for each.
BLOCK = 50
MAX_DEPTH = 9
COLUMNS = {"0": [], "t": ["a", "b", "c", "d"], "tu": ["x.a", "x.b", "y.a", "y.b"]}
RUBBISH = ["(", ")", ",", "?", "'", '"', "`", "SELECT", "FROM", "AS", "1", ".", "@", "@@", "x", "/*", "*/", "\\", "{", "END",
           "NOT", "=", ":=", ":a", "--"]
# Not those that may be spaces in a one-byte character set: a text with one outside of quotes is left to the server.
BYTES = [chr(byte) for byte in range(256) if byte not in (0xa0, 0xff)]
NAMES = ["r1", "`r 1`", "`?`", "`a``b`", "`--`", "`/*`", "1r", "$r", "r$1", "`'`", '`"`', "name", "status", "value", "`select`"]


class Statement(NamedTuple):
    text: bytes
    modes: frozenset
    charset: str
    marks: frozenset
    broken: bool = False  # then its marks say what it may do, not what it does


class Piece(NamedTuple):
    text: str  # a character for each byte
    marks: frozenset


def unescaped(sql):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), sql.encode())


def written():
    for line in (HERE / "mysql_statements.txt").read_text(encoding="utf-8").splitlines():
        if not line or line[0] == "#":
            continue
        flags, sql = line.split("|", 1)
        flags = set(flags.split()) - {"-"}
        charset = next(iter(flags & set(CHARSETS)), "utf8mb4")
        unknown = flags - set(MODES) - set(CHARSETS) - MARKS
        if unknown:
            raise SystemExit(f"mysql_statements.txt: {line}: what is {unknown}?")
        # The server turns these on with ORACLE.
        if "oracle" in flags:
            flags |= {"ansi_quotes", "pipes_as_concat", "ignore_space"}
        yield Statement(unescaped(sql.strip()), frozenset(flags & set(MODES)), charset, MARKS & flags)


class Rules:
    """mysql_grammar.txt."""

    def __init__(self):
        self.alternatives, alternatives = {}, []
        for line in (HERE / "mysql_grammar.txt").read_text(encoding="utf-8").splitlines():
            if not line or line[0] == "#":
                continue
            if line[0] != " ":
                alternatives = self.alternatives.setdefault(line.rstrip(":"), [])
                continue
            words = line.split()
            scope = words.pop(0)[1:] if re.fullmatch(r"@(0|t|tu)", words[0]) else None
            marks = set()
            while words and words[-1][0] == "!" and words[-1][1:] in MARKS:
                marks.add(words.pop()[1:])
            alternatives.append((scope, words, frozenset(marks)))


class Maker:
    """One statement after another, as pieces."""

    def __init__(self, rules, chance):
        self.rules, self.chance = rules, chance
        self.used = {name: [0] * len(each) for name, each in rules.alternatives.items()}
        self.scope = ["0"]
        self.builders = {"string": self.string, "column": self.column, "identifier": self.identifier,
                         "string_alias": self.string}

    def statement(self, modes, charset):
        self.modes, self.charset = modes, charset
        return self.expand("statement", 0)

    # What was used least is used next, more often than not: every rule gets its turn.
    def choose(self, name, depth):
        used = self.used[name]
        number = 0
        if depth < MAX_DEPTH:
            number = self.chance.randrange(len(used))
            if self.chance.random() < 0.3:
                number = used.index(min(used))
        used[number] += 1
        return self.rules.alternatives[name][number]

    def expand(self, name, depth):
        if name in self.builders:
            return self.builders[name]()
        scope, words, marks = self.choose(name, depth)
        if scope is not None:
            self.scope.append(scope)
        pieces = self.words(iter(words), marks, depth)
        if scope is not None:
            self.scope.pop()
        return pieces

    def words(self, words, marks, depth):
        pieces = []
        for word in words:
            if word == "]":
                break
            if word == "[":
                inside = self.words(words, marks, depth)
                if depth < MAX_DEPTH and self.chance.random() < 0.5:
                    pieces += inside
            elif re.fullmatch(r"<[a-z]\w*>", word):
                pieces += self.expand(word[1:-1], depth + 1)
            else:
                pieces.append(Piece(word.encode().decode("latin-1"), marks))
        return pieces

    def column(self):
        columns = COLUMNS[self.scope[-1]] or ["1", "'x'", "NULL", "?"]
        name = self.chance.choice(columns)
        if name.isalpha() and self.chance.random() < 0.1:
            name = self.chance.choice([f"`{name}`", f'"{name}"' if "ansi_quotes" in self.modes else name, name.upper()])
        return [Piece(name, frozenset())]

    def identifier(self):
        names = NAMES + (['"r 1"', '"?"', '"a""b"', '"\\"'] if "ansi_quotes" in self.modes else [])
        return [Piece(self.chance.choice(names), frozenset())]

    # A string in which much looks like something else.
    def string(self):
        quote = "'" if "ansi_quotes" in self.modes or self.chance.random() < 0.6 else '"'
        parts = ["x", "?", "--", " ", "/*", "*/", "#", ";", "`", "@v", ":=", "\n", "%", "0", "''" if quote == '"' else '"',
                 quote * 2, quote * 2]
        backslashes = "no_backslash_escapes" not in self.modes
        parts += ["\\" + quote, "\\\\", "\\n", "\\%", "\\0"] if backslashes else ["\\", "\\n", "\\\\"]
        parts += self.characters()
        inside = "".join(self.chance.choice(parts) for _ in range(self.chance.randrange(5)))
        return [Piece(quote + inside + quote, frozenset())]

    # Characters outside of ASCII; of some the second byte is a backslash, a quote's neighbour or a letter.
    def characters(self):
        if self.charset == "utf8mb4":
            return ["ä".encode().decode("latin-1"), "€".encode().decode("latin-1"), "😀".encode().decode("latin-1")]
        if self.charset == "latin1":
            return ["\xe4", "\xbf", "\xff"]
        lead = {"gbk": "\xbf\x81\xfe", "big5": "\xa5\xa4\xc6", "sjis": "\x95\x83\xe3", "cp932": "\x95\x83\xfc"}[self.charset]
        return [self.chance.choice(lead) + trail for trail in "\x5c\x5c\x60\x7c\x41"]


class Writer:
    """Pieces as a text: with other space, comments, cases, and parts in executable comments."""

    def __init__(self, chance):
        self.chance = chance

    def text(self, pieces):
        pieces = [Piece(self.cased(text), marks) for text, marks in pieces]
        fancy = self.chance.random() < 0.5
        if fancy and len(pieces) > 3 and self.chance.random() < 0.3:
            pieces = self.executable(pieces)
        out = pieces[0].text
        if fancy and self.chance.random() < 0.2:
            out = self.space(True) + out
        for before, after in zip(pieces, pieces[1:]):
            out += self.between(before.text, after.text, fancy) + after.text
        return (out + (self.chance.choice(["", "", ";", " ; ", " -- ?", " # '", "/* ' */"]) if fancy else "")).encode("latin-1")

    def cased(self, word):
        if not re.fullmatch(r"[A-Z_]+\(?", word) or self.chance.random() < 0.8:
            return word
        return self.chance.choice([word.lower(), word.capitalize()])

    def between(self, before, after, fancy):
        if not fancy:
            return " "
        bracket = before[-1] in "(," or after[0] in "),"
        if bracket and not before.startswith("/*") and self.chance.random() < 0.6:
            return ""
        return self.space(self.chance.random() < 0.15)

    def space(self, comments):
        if not comments:
            return self.chance.choice([" ", " ", " ", "\n", "\t", "  ", "\r\n", "\f"])
        return self.chance.choice(["/* ? */", " /*'*/ ", "/**/ ", " -- ? '\n", " # it's `\n", "--\t/*\n", " --\n", "/*\"`*/",
                                   "/*** */", "/*M ? */", " /*!99999 ? , ' */ ", " /*!70000 FOR UPDATE */ ",
                                   " /*!999999 ?, /* ? */ ? */ ", "/*M!999999 ?*/"])

    # `a b c` -> `a /*!50000 b */ c`: the server reads it all.
    def executable(self, pieces):
        first = self.chance.randrange(len(pieces) - 1)
        last = self.chance.randrange(first + 1, len(pieces))
        opening = self.chance.choice(["/*!", "/*!50000 ", "/*!40101", "/*M! ", "/*M!100100 ", "/*!100000 "])
        if opening[-1] in "!1" and pieces[first].text[0].isdigit():
            opening += " "
        inside = [Piece(opening, frozenset()), *pieces[first:last], Piece("*/", frozenset())]
        return pieces[:first] + inside + pieces[last:]


def broken(pieces, chance):
    """(pieces, whether what the marks say is still true): some of them taken away, doubled, exchanged or replaced."""
    pieces, touched = list(pieces), False
    for _ in range(chance.randrange(1, 3)):
        place, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        near = pieces[max(place - 3, 0):place + 4] + pieces[other:other + 1]
        touched = touched or place == 0 or any(piece.marks - {"unproven"} for piece in near)
        how = chance.randrange(6)
        if how == 0 and len(pieces) > 1:
            del pieces[place]
        elif how == 1:
            pieces.insert(place, pieces[place])
        elif how == 2:
            pieces[place], pieces[other] = pieces[other], pieces[place]
        elif how == 3:
            pieces[place] = Piece(chance.choice(RUBBISH), frozenset())
        elif how == 4:
            text, at = pieces[place].text, chance.randrange(len(pieces[place].text) + 1)
            pieces[place] = Piece(text[:at] + chance.choice(BYTES) + text[at:], pieces[place].marks)
        else:
            pieces[place] = Piece(pieces[place].text[:-1] or "(", pieces[place].marks)
    return pieces, not touched and bool(marks_of(pieces) & {"keeps", "writes"})


def marks_of(pieces):
    return frozenset().union(*(piece.marks for piece in pieces))


def circumstances(chance):
    modes = chance.choice([(), (), (), (), ("ansi_quotes",), ("no_backslash_escapes",), ("ansi_quotes", "no_backslash_escapes"),
                           ("pipes_as_concat",), ("ignore_space",), ("ansi_quotes", "pipes_as_concat", "ignore_space"),
                           MODES[0:1] + MODES[2:]])
    return frozenset(modes), chance.choice(CHARSETS[:1] * 4 + CHARSETS)


def generated(count, seed):
    chance = random.Random(seed)
    maker, writer = Maker(Rules(), chance), Writer(chance)
    for number in range(count):
        if number % BLOCK == 0:
            modes, charset = circumstances(chance)
        pieces = maker.statement(modes, charset)
        marks, certain = marks_of(pieces), True
        if chance.random() < 0.2:
            pieces, certain = broken(pieces, chance)
        yield Statement(writer.text(pieces), modes, charset, marks, not certain)


def statements(count, seed):
    return [*written(), *generated(count, seed)]


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    for made in statements(*(numbers + [6000, 1][len(numbers):])):
        shown = ",".join(sorted(made.marks)) or "reads"
        print(f"{shown}{'?' if made.broken else ''} {','.join(sorted(made.modes))} {made.charset} | {made.text!r}")
