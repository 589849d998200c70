#!/usr/bin/env python3
"""Captures what real tools send to a MariaDB server.

    mysql.py [TOOL ...]

As `capture.py` does for PostgreSQL, with the scripts in `mysql/`; the rows go to
`tests/benign/mysql/TOOL.jsonl`. What a `SET` does lasts, so connections stay whole: the
rows of one have the same `connection` and are in order. Of a connection that brings
no new form of a statement nothing is kept.
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
import time

sys.dont_write_bytecode = True

import expect  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = [
    "--skip-log-bin", "--skip-name-resolve", "--general-log", "--log-output=TABLE", "--bind-address=127.0.0.1",
    "--innodb-flush-method=nosync", "--innodb-buffer-pool-size=32M", "--character-set-server=utf8mb4", "--local-infile=ON",
]
LITERAL = re.compile(r"'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\"\"|\\.)*\"|\b(?:0x[0-9a-f]+|\d+(?:\.\d+)?)\b", re.S | re.I)
LISTS = re.compile(r"\?(\s*,\s*\?)+")
# What changes how later statements of the connection are read.
LASTS = re.compile(r"(/\*!\d* *)?(set|use|begin|start|commit|rollback)\b", re.I)


def form(sql):
    return LISTS.sub("?", LITERAL.sub("?", sql))


class Server:
    """A server of its own, gone afterwards."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="guard-capture-"))
        shutil.chown(self.folder, "mysql")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        data = self.folder / "data"
        subprocess.run(["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={data}",
                        "--auth-root-authentication-method=normal", "--skip-test-db"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.server = subprocess.Popen(["mariadbd", "--no-defaults", "--user=mysql", f"--datadir={data}", f"--port={self.port}",
                                        f"--socket={self.folder}/socket", *SETTINGS],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.admin("CREATE USER app@'%'; GRANT ALL ON *.* TO app@'%' WITH GRANT OPTION")
                return self
            except subprocess.CalledProcessError:
                time.sleep(0.1)
        raise SystemExit("MariaDB does not start")

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.folder)

    def admin(self, sql):
        """Runs SQL over the unix socket; gives bare rows, with `\\n` and `\\t` in them escaped."""
        command = ["mariadb", "--no-defaults", "-u", "root", "-N", "-B", "-S", f"{self.folder}/socket", "-e", sql]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def run(self, tool):
        """Runs the script of a tool against a database of its name."""
        work = self.folder / tool
        work.mkdir()
        work.chmod(0o777)
        environment = {**os.environ, "MYSQL_PORT": str(self.port), "MYSQL_DATABASE": tool, "HOME": str(work)}
        self.admin(f"CREATE DATABASE {tool}; TRUNCATE mysql.general_log")
        script = next((HERE / "mysql").glob(f"{tool}.*"))
        program = {".py": [expect.PYTHON, "-B"], ".js": ["node"], ".sh": ["bash"], ".rb": ["ruby"], ".php": ["php"]}[script.suffix]
        subprocess.run([*program, script], check=True, env=environment, cwd=work)

    def connections(self):
        """What was sent since the last `run` began, by connection."""
        sql = ("SELECT thread_id, hex(argument) FROM mysql.general_log"
               " WHERE command_type IN ('Query', 'Prepare') AND user_host LIKE 'app%' ORDER BY event_time, thread_id")
        found = {}
        for line in self.admin(sql).splitlines():
            thread, text = line.split("\t")
            found.setdefault(thread, []).append(bytes.fromhex(text).decode(errors="replace").replace(str(self.folder), "/tmp/capture"))
        return list(found.values())


def rows(tool, connections):
    """The rows of a capture: see above."""
    seen, kept = set(), []
    for connection in connections:
        here, new = [], False
        for sql in connection:
            if form(sql) not in seen:
                seen.add(form(sql))
                new = True
            elif not LASTS.match(sql):
                continue
            here.append(sql)
        if new:
            kept.append(here)
    return [{"connection": number, **expect.row(tool, sql)} for number, connection in enumerate(kept, 1) for sql in connection]


def main():
    tools = sys.argv[1:] or sorted(path.stem for path in (HERE / "mysql").iterdir())
    with Server() as server:
        for tool in tools:
            server.run(tool)
            found = rows(tool, server.connections())
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
            (HERE.parent / "mysql" / f"{tool}.jsonl").write_text(text)
            print(f"{tool}: {len(found)} statements")


if __name__ == "__main__":
    main()
