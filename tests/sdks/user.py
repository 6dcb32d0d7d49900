"""Somebody who has AWS's SDK, scripts and data, and whom only the variables of ``clary env`` lead to Clary."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import textwrap
import threading
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROLE = "arn:aws:iam::000000000000:role/service-role/Anyone"
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "NO_PROXY", "no_proxy")


@dataclass(frozen=True)
class Ran:
    """A finished run of a user's code."""

    code: int
    stdout: str
    stderr: str

    @property
    def result(self) -> Any:
        """What the code printed last, as JSON."""
        return json.loads(self.stdout.rstrip().splitlines()[-1])

    def lines(self, mark: str) -> list[str]:
        """The lines of the output that contain ``mark``, without the SDK's prefixes in front of it and colours after it."""
        found = [line[line.index(mark) :] for line in self.stdout.splitlines() if mark in line]
        return [line.split("\x1b")[0].rstrip() for line in found]


# Has the SDK's modules imported, which takes seconds, and forks for every program: a line of JSON says which, where and with
# which variables; the answers are the child's pid and, when it has ended, its status. A child goes on as `python -c` would.
_FORKS = """
import importlib, json, os, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # SDK 2 prints while it is imported
for name in sys.argv[1:]:
    importlib.import_module(name)
del sys.argv[1:]
while line := sys.stdin.readline():
    asked = json.loads(line)
    pid = os.fork()
    if pid == 0:
        break
    print(pid, file=answers, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=answers, flush=True)
else:
    os._exit(0)
os.setsid()
answers.close()
for number, path in ((1, asked["stdout"]), (2, asked["stderr"])):
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.chdir(asked["folder"])
os.environ.clear()
os.environ.update(asked["environment"])
exec(compile(asked["code"], "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
"""


class Interpreter:
    """The interpreter ``python`` with ``modules`` imported under these variables."""

    def __init__(
        self, python: Path, modules: Sequence[str], variables: Mapping[str, str], home: Path
    ) -> None:
        self._variables = {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(variables)
        self._process = subprocess.Popen(
            [python, "-c", _FORKS, *modules],
            cwd=home,
            env={**self._variables, "HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, folder: Path, timeout: float) -> Ran:
        """Run ``code`` in ``folder``, the user's home; one after the other."""
        stdout, stderr = folder / "stdout.txt", folder / "stderr.txt"
        environment = {**self._variables, "HOME": str(folder), "ROLE": ROLE}
        asked = {"code": code, "folder": str(folder), "environment": environment}
        asked |= {"stdout": str(stdout), "stderr": str(stderr)}
        stdout.write_text("")
        stderr.write_text("")
        assert self._process.stdin is not None
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        pid = int(self._answer())
        late = threading.Timer(timeout, lambda: os.killpg(pid, signal.SIGKILL))
        late.start()
        try:
            return Ran(int(self._answer()), stdout.read_text(), stderr.read_text())
        finally:
            late.cancel()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the SDK's modules cannot be imported: see what was printed"
        return line

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class User:
    """Code runs in ``folder``, in forks of ``interpreter``."""

    def __init__(self, interpreter: Interpreter, folder: Path) -> None:
        self.interpreter, self.folder = interpreter, folder

    def write(self, name: str, text: str | bytes) -> Path:
        """A file of the user's."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, str):
            text = textwrap.dedent(text).lstrip("\n").encode()
        path.write_bytes(text)
        return path

    def wheel(self, path: str, name: str, text: str) -> Path:
        """A package of one module, ready to be installed, in the folder ``path``."""
        info = f"{name}-1.2.dist-info"
        members = {
            f"{name}.py": text,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": "",
        }
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return self.write(f"{path}/{name}-1.2-py3-none-any.whl", out.getvalue())

    def run(self, code: str, *, fails: bool = False, timeout: float = 300) -> Ran:
        """Run ``code`` as a script; it must end well, or badly where it ``fails``."""
        ran = self.interpreter.run(textwrap.dedent(code), self.folder, timeout)
        last = "\n".join([*ran.stdout.splitlines()[-40:], *ran.stderr.splitlines()[-40:]])
        assert bool(ran.code) == fails, last
        return ran
