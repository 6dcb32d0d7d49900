"""How waiting shows: a bar in a live notebook, one rewritten line in a terminal, plain lines anywhere else.

Plain lines (papermill, a pipe, a log file) are printed only when the status changes, so that what is kept
stays small.
"""

from __future__ import annotations

import os
import re
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clary.sdk.pages import duration, text

# How far along a thing is at the start of each status; Training and Processing span from their own to Uploading's.
_STAGES = {
    "Pending": 0.0,
    "Starting": 0.03,
    "Downloading": 0.06,
    "Training": 0.1,
    "Processing": 0.1,
    "Uploading": 0.95,
    "Creating": 0.2,
    "Updating": 0.2,
}


@dataclass(frozen=True)
class State:
    """One look at the thing that is waited for."""

    status: str
    message: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    done: bool = False

    @property
    def fraction(self) -> float:
        """0.0 to 1.0. A message that counts ("cell 3 of 12") moves the bar within Training."""
        start = _STAGES.get(self.status, 0.0)
        if self.done:
            return 1.0
        return start + (_STAGES["Uploading"] - start) * (self._counted() or 0.0)

    def _counted(self) -> float | None:
        found = re.search(r"(\d+)\s*(?:/|of)\s*(\d+)", self.message) if self.status == "Training" else None
        return min(1.0, int(found[1]) / int(found[2])) if found and int(found[2]) else None

    def line(self) -> str:
        """The state in words. While training, what counts is a count or the metrics, not that it is in progress."""
        message = "" if self.status == "Training" and not self._counted() else self.message
        numbers = "  ".join(f"{name}={text(value)}" for name, value in sorted(self.metrics.items()))
        return "  ".join(part for part in (f"{self.status:<11}", message, numbers) if part).rstrip()


class Progress(ABC):
    """Shown while something is waited for; ``show`` is called several times a second."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.started = time.monotonic()

    @abstractmethod
    def show(self, state: State) -> None:
        """Show ``state``; called by the waiting loop at every look, whether it changed or not."""

    def log(self, line: str) -> None:
        """Print a line of the log above the bar; called only when the user asked for logs."""
        print(line, flush=True)

    def close(self) -> None:  # noqa: B027  most displays have nothing to put away
        """Called once, also when waiting was interrupted."""

    def elapsed(self) -> str:
        return duration(time.monotonic() - self.started)


class PlainLines(Progress):
    """A line for each status."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self._last = ""
        print(title, flush=True)

    def show(self, state: State) -> None:
        if state.status != self._last:
            self._last = state.status
            print(f"  {self.elapsed():>5}  {state.line()}", flush=True)


class TerminalLine(Progress):
    """One line, rewritten in place; statuses that are over stay above it."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self._drawn: State | None = None
        print(title, flush=True)

    def show(self, state: State) -> None:
        if self._drawn is not None and state.status != self._drawn.status:
            self._write(self._line(self._drawn) + "\n")
        self._drawn = state
        self._write(self._line(state))

    def log(self, line: str) -> None:
        self._write(line + "\n")

    def close(self) -> None:
        sys.stdout.write("\n")
        sys.stdout.flush()

    def _line(self, state: State) -> str:
        width = 24
        filled = round(width * state.fraction)
        bar = "█" * filled + "░" * (width - filled)
        columns = os.get_terminal_size().columns if sys.stdout.isatty() else 120
        return f"  {self.elapsed():>5}  {bar}  {state.line()}"[: columns - 1]

    def _write(self, line: str) -> None:
        sys.stdout.write(f"\r\x1b[K{line}")
        sys.stdout.flush()


class NotebookBar(Progress):
    """An ipywidgets bar; when it is done it turns into plain HTML, which needs no kernel to be seen again."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        import ipywidgets
        from IPython.display import display

        self._bar = ipywidgets.FloatProgress(min=0.0, max=1.0, layout=ipywidgets.Layout(width="240px"))
        self._label = ipywidgets.HTML()
        self._handle: Any = display(ipywidgets.HBox([self._bar, self._label]), display_id=True)
        self._final = ""

    def show(self, state: State) -> None:
        from html import escape

        self._final = f"{escape(self.title)}&ensp;<b>{escape(state.line())}</b>&ensp;{self.elapsed()}"
        self._bar.value = state.fraction
        self._bar.bar_style = "danger" if state.status == "Failed" else ("success" if state.done else "info")
        self._label.value = self._final

    def close(self) -> None:
        from IPython.display import HTML

        self._handle.update(HTML(self._final))
        self._bar.close()
        self._label.close()


def open_progress(title: str) -> Progress:
    """The display that fits where this process writes to."""
    if in_live_notebook():
        return NotebookBar(title)
    if sys.stdout is not None and sys.stdout.isatty():
        return TerminalLine(title)
    return PlainLines(title)


def in_live_notebook() -> bool:
    """Whether somebody looks at this kernel's output now: a Jupyter session, and not papermill or nbconvert.

    ``get_ipython`` exists in IPython only; a Jupyter server's sessions set JPY_SESSION_NAME for their
    kernels, programs that run notebooks do not.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or type(shell).__name__ != "ZMQInteractiveShell":
        return False
    if not (os.environ.get("JPY_SESSION_NAME") or os.environ.get("VSCODE_PID")):
        return False
    try:
        import ipywidgets  # noqa: F401
    except ImportError:
        return False
    return True
