"""Somebody who has AWS's SDK, scripts and data, and whom only the variables of ``clary env`` lead to Clary."""

from __future__ import annotations

import io
import json
import os
import subprocess
import textwrap
import zipfile
from collections.abc import Mapping
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


class User:
    """Code runs in ``folder``, in the environment of ``python``."""

    def __init__(self, python: Path, folder: Path, variables: Mapping[str, str]) -> None:
        self.python, self.folder = python, folder
        self._environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._environment |= {**variables, "HOME": str(folder), "ROLE": ROLE}

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

    def start(self, code: str) -> subprocess.Popen[str]:
        """Run ``code`` as a script, not waited for."""
        return subprocess.Popen(
            [self.python, "-c", textwrap.dedent(code)],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, *, fails: bool = False, timeout: float = 300) -> Ran:
        """Run ``code`` as a script; it must end well, or badly where it ``fails``."""
        process = self.start(code)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        finally:
            process.kill()
        last = "\n".join([*stdout.splitlines()[-40:], *stderr.splitlines()[-40:]])
        assert bool(process.returncode) == fails, last
        return Ran(process.returncode, stdout, stderr)
