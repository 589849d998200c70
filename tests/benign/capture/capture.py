#!/usr/bin/env python3
"""Captures what real tools send to a PostgreSQL server.

    capture.py [TOOL ...]

Starts a throw-away server that logs every statement, runs each tool's script
against it, and writes `tests/benign/postgresql/TOOL.jsonl`. Statements that differ only in
their literals are kept once. Needs root (the server runs as `postgres`), and the
tools: see `README.md`. Rows that are rightly refused are marked by `expect.py`.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import expect  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = {
    "logging_collector": "on", "log_destination": "jsonlog", "log_directory": "log",
    "log_filename": "all.log", "log_rotation_age": "0", "log_rotation_size": "0",
    "log_statement": "all", "log_min_duration_statement": "-1", "fsync": "off", "jit": "off",
    "listen_addresses": "127.0.0.1", "password_encryption": "scram-sha-256",
}
SENT = re.compile(r"(?:statement|execute [^:]*): (.*)", re.S)
LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
LISTS = re.compile(r"(\?|\$\?)(\s*,\s*(\?|\$\?))+")


def as_postgres(*command, **more):
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
    return subprocess.run([*user, *map(str, command)], check=True, cwd="/", **more)


def binaries():
    return max(pathlib.Path("/usr/lib/postgresql").iterdir(), key=lambda path: int(path.name)) / "bin"


class Server:
    """A server of its own, gone afterwards."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="guard-capture-"))
        shutil.chown(self.folder, "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.data = self.folder / "data"
        as_postgres(binaries() / "initdb", "-A", "trust", "-N", "-U", "postgres", "-D", self.data,
                    stdout=subprocess.DEVNULL)
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        as_postgres(binaries() / "pg_ctl", "-D", self.data, "-w", "-o",
                    f"-p {self.port} -k {self.folder} {options}", "start", stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        as_postgres(binaries() / "pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop", stdout=subprocess.DEVNULL)
        shutil.rmtree(self.folder)

    def run(self, tool):
        """Runs the script of a tool against a database of its name."""
        environment = {
            **os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres",
            "PGDATABASE": tool, "PGAPPNAME": tool, "PYTHONPATH": str(HERE),
            "PATH": f"{binaries()}:{os.environ['PATH']}",
        }
        subprocess.run(["createdb", tool], check=True, env={**environment, "PGDATABASE": "postgres"})
        script = next(HERE.glob(f"{tool}.*"))
        program = {".py": [expect.PYTHON, "-B"], ".js": ["node"], ".sh": ["bash"]}[script.suffix]
        subprocess.run([*program, script], check=True, env=environment, cwd=self.folder)

    def statements(self, tool):
        """What was sent to the tool's database, each form once."""
        seen, kept = set(), []
        for line in (self.data / "log/all.json").read_text().splitlines():
            record = json.loads(line)
            sent = SENT.match(record.get("message", ""))
            if record.get("dbname") != tool or not sent:
                continue
            form = LISTS.sub("?", LITERAL.sub("?", sent.group(1)))
            if form not in seen:
                seen.add(form)
                kept.append(sent.group(1))
        return kept


def main():
    tools = sys.argv[1:] or sorted(
        path.stem for path in HERE.iterdir() if path.stem not in ("capture", "expect", "README", "package")
        and path.suffix in (".py", ".js", ".sh")
    )
    with Server() as server:
        for tool in tools:
            server.run(tool)
            rows = [expect.row(tool, sql) for sql in server.statements(tool)]
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (HERE.parent / "postgresql" / f"{tool}.jsonl").write_text(text)
            print(f"{tool}: {len(rows)} statements")


if __name__ == "__main__":
    main()
