"""Statements of PostgreSQL's regression suite, without what psql alone understands.

The files of `src/test/regress/sql` are scripts for psql. What the server gets is
cut out of them the way psql's own lexer does it: backslash commands end or
interrupt a statement, rows behind COPY … FROM STDIN are data, and a statement
with a psql variable in it is left out (and counted), for its text is not known.
"""

import re
from pathlib import Path

TAG = re.compile(r"\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?\$")
VARIABLE = re.compile(r":(?:'[A-Za-z_0-9]+'|\"[A-Za-z_0-9]+\"|[A-Za-z_][A-Za-z_0-9]*)")
NAME = re.compile(r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*")
COPY_IN = re.compile(r"\bfrom\s+stdin\b", re.I)


class Script:
    """One file, read from its beginning to its end."""

    def __init__(self, text):
        self.text = text
        self.at = 0
        self.start = 0
        self.parens = 0
        self.atomic = 0
        self.variable = False
        self.pieces = []
        self.left_out = 0

    def statements(self):
        """Each statement as it goes to the server."""
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char == "\\":
                yield from self.command()
            elif char == "'":
                self.string()
            elif char == '"':
                self.skip(text.find('"', self.at + 1), 1)
            elif text.startswith("--", self.at):
                self.skip(text.find("\n", self.at), 0)
            elif text.startswith("/*", self.at):
                self.comment()
            elif char == "$" and TAG.match(text, self.at):
                tag = TAG.match(text, self.at).group()
                self.skip(text.find(tag, self.at + len(tag)), len(tag))
            elif NAME.match(text, self.at):
                self.word()
            elif char == ":":
                self.colon()
            else:
                self.parens += (char == "(") - (char == ")")
                self.at += 1
                if char == ";" and self.parens <= 0 and self.atomic == 0:
                    yield from self.finish(self.at)

    def skip(self, found, width):
        """Goes behind what was found, or to the end of the file."""
        self.at = len(self.text) if found < 0 else found + width

    def string(self):
        before = self.text[max(0, self.at - 2) : self.at]
        escapes = before[-1:] in ("e", "E") and not (before[:-1].isalnum() or before[:-1] == "_")
        self.at += 1
        while self.at < len(self.text):
            if self.text[self.at] == "\\" and escapes:
                self.at += 2
            elif self.text[self.at] == "'":
                self.at += 1
                return
            else:
                self.at += 1

    def comment(self):
        depth = 0
        for mark in re.compile(r"/\*|\*/").finditer(self.text, self.at):
            depth += 1 if mark.group() == "/*" else -1
            if depth == 0:
                self.at = mark.end()
                return
        self.at = len(self.text)

    def word(self):
        word = NAME.match(self.text, self.at)
        self.at = word.end()
        name = word.group().lower()
        # A semicolon inside BEGIN ATOMIC … END does not end the statement.
        if name == "atomic" or (name == "case" and self.atomic):
            self.atomic += 1
        elif name == "end" and self.atomic:
            self.atomic -= 1

    def colon(self):
        found = VARIABLE.match(self.text, self.at)
        before = self.text[self.at - 1 : self.at]
        if self.text.startswith("::", self.at) or self.text.startswith(":=", self.at):
            self.at += 2
        elif found and before not in ("]", "[") and not before.isalnum():
            self.variable = True
            self.at = found.end()
        else:
            self.at += 1

    def command(self):
        """A backslash command: `\\;` separates, `\\g…` and the like send."""
        line_end = self.text.find("\n", self.at)
        line_end = len(self.text) if line_end < 0 else line_end
        name = re.match(r"\\(;|[a-z?!]+|\.)?", self.text[self.at :]).group()
        if name == "\\;":
            yield from self.finish(self.at)
            self.at += 2
            self.start = self.at
            return
        rest = self.text[self.at : line_end]
        if re.match(r"\\(g|gx|gset|gexec|gdesc|crosstabview|watch)$", name):
            yield from self.finish(self.at)
        else:
            self.pieces.append(self.text[self.start : self.at])
        self.at = line_end
        if name == "\\copy" and COPY_IN.search(rest):
            self.data()
        self.start = self.at

    def data(self):
        """Goes behind the rows of a COPY."""
        found = self.text.find("\n\\.", self.at)
        self.skip(self.text.find("\n", found + 1) if found >= 0 else -1, 0)

    def finish(self, end):
        """The statement ends at `end`."""
        self.pieces.append(self.text[self.start : end])
        sql = "".join(self.pieces).strip()
        variable = self.variable
        self.pieces, self.start = [], self.at
        self.parens, self.atomic, self.variable = 0, 0, False
        if variable:
            self.left_out += 1
        elif sql.strip("; \n\t"):
            yield sql
        words = re.sub(r"--[^\n]*", "", sql).lower().split()
        if words[:1] == ["copy"] and COPY_IN.search(sql) and sql.endswith(";"):
            self.data()
            self.start = self.at
        if re.match(r"set standard_conforming_strings\b.*\boff\b", sql, re.I):
            # Until it is on again, another lexer would be needed.
            found = re.compile(r"^set standard_conforming_strings\b.*\bon\b", re.M | re.I)
            next_on = found.search(self.text, self.at)
            self.left_out += self.text.count(";", self.at, next_on.start() if next_on else None)
            self.at = self.start = next_on.start() if next_on else len(self.text)


def statements(folder):
    """Pairs of file and statement, and how many were left out."""
    found, left_out = [], 0
    for path in sorted(Path(folder).glob("*.sql")):
        script = Script(path.read_text(encoding="utf-8", errors="surrogateescape"))
        found += [(path.name, sql) for sql in script.statements()]
        left_out += script.left_out
    return found, left_out
