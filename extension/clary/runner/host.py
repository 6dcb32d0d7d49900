"""One of the processes that make up a job, seen from the shim: the process, its output, its log, its end.

Standard library only (see linux.py).
"""

from __future__ import annotations

import os

from clary.runner.offspring import Offspring
from clary.runner.output import LogFile, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any


class Host:
    """A host of the job; most jobs have just one, without a name."""

    def __init__(self, entry: dict[str, Any], log_limit: int) -> None:
        """`entry`: the host's part of ``spec.json``. Opens its log; raises OSError."""
        self.name: str = entry["name"]
        self.status: int | None = None
        self._entry = entry
        self._log = LogFile(entry["log"], log_limit)
        self.child: Offspring
        self.output: Output

    def conceive(
        self,
        folder: str,
        shim: dict[str, Any],
        private: list[int],
        live: Callable[[Path, str], int] | None,
    ) -> list[int]:
        """Fork its process, held at a gate; returns the descriptors that its siblings must not inherit."""
        self.child = Offspring(folder, shim, private, live, self._entry)
        return self.child.descriptors

    def release(self, also: Callable[[bytes], None] | None, whole_lines: bool) -> None:
        """Let the process run, and read what it says. `also` hears it, too."""
        self.output = Output(self.child.output, self._log, also, whole_lines)
        self.child.release()

    @property
    def code(self) -> int | None:
        """Its exit code, minus n for signal n; None while it runs."""
        return None if self.status is None else os.waitstatus_to_exitcode(self.status)

    def close(self) -> None:
        """Nothing more will be said."""
        self._log.close()
