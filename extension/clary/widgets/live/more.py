"""What most jobs leave as it is: name, time, spot, environment, requirements, places in S3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets

from clary.widgets import checks
from clary.widgets.live.fields import button, check, choice, heading, nothing, text
from clary.widgets.live.rows import Rows, VariableRow
from clary.widgets.settings import Settings

_MODES = ["File", "FastFile", "Pipe"]


class More:
    """A part of the form that is closed at first; a button opens it (ipywidgets' accordion cannot be reached by keys)."""

    def __init__(self, settings: Settings, *, changed: Callable[[], None] = nothing) -> None:
        self.name = text(
            "Job name",
            placeholder="made up from the source and the time",
            check=checks.job_name,
            changed=changed,
        )
        self.max_runtime = text(
            "Longest run",
            check=lambda value: checks.seconds(value)[1],
            placeholder="1d, 1h 30m, 3600",
            changed=changed,
        )
        self.input_mode = choice("Input mode", _MODES, "File", changed=changed)
        self.requirements = text(
            "Requirements", placeholder="requirements.txt, or packages with spaces between", check=_requirements,
            changed=changed,
        )  # fmt: skip
        self.spot = check("Managed spot training: may be interrupted, goes on from its checkpoints", False,
                          changed=self._spot_changed)  # fmt: skip
        self.max_wait = text(
            "Longest wait", placeholder="as the longest run", check=self._wait_problem, changed=changed
        )
        self.checkpoints = text(
            "Checkpoints", placeholder="s3://bucket/prefix/", check=_address, changed=changed
        )
        self.output = text("Output", placeholder="s3:// prefix of the model: the default bucket", check=_address,
                           changed=changed)  # fmt: skip
        self.isolation = check("Network isolation: the script sees no network", False, changed=changed)
        self.environment: Rows[VariableRow] = Rows(VariableRow, "Add variable", changed=changed)
        self._changed = changed
        self._fields = [
            self.name, self.max_runtime, self.input_mode, self.requirements, self.spot, self.max_wait, self.checkpoints,
            self.output, self.isolation,
        ]  # fmt: skip
        inner = ipywidgets.VBox(
            [
                *(field.widget for field in self._fields),
                heading("Environment variables"),
                self.environment.widget,
            ]
        )
        inner.add_class("claryw-Section")
        self._inner = inner
        self._toggle = button(
            "", lambda: self._open(not self._opened), tooltip="Show or hide what most jobs leave as it is"
        )
        bar = ipywidgets.HBox([self._toggle])
        bar.add_class("claryw-Buttons")
        self.widget = ipywidgets.VBox([bar, inner])
        self.widget.add_class("claryw-Section")
        self._open(False)
        self._base = settings
        self.load(settings)

    def load(self, settings: Settings) -> None:
        self._base = settings
        self.name.set(settings.name or "")
        self.max_runtime.set(_written(settings.max_runtime))
        self.input_mode.set(settings.input_mode)
        wanted = settings.requirements
        self.requirements.set(wanted if isinstance(wanted, str) else " ".join(wanted or ()))
        self.spot.set(settings.spot)
        self.max_wait.set(_written(settings.max_wait) if settings.max_wait else "")
        self.checkpoints.set(settings.checkpoints or "")
        self.output.set(settings.output or "")
        self.isolation.set(settings.network_isolation)
        self.environment.load(settings.environment.items())
        self.max_wait.show(settings.spot)

    def values(self) -> dict[str, Any]:
        return {
            "name": self.name.value or None,
            "max_runtime": checks.seconds(self.max_runtime.value)[0] or self._base.max_runtime,
            "input_mode": self.input_mode.value,
            "requirements": _wanted(self.requirements.value),
            "spot": self.spot.value,
            "max_wait": checks.seconds(self.max_wait.value)[0]
            if self.spot.value and self.max_wait.value
            else None,
            "checkpoints": self.checkpoints.value or None,
            "output": self.output.value or None,
            "network_isolation": self.isolation.value,
            "environment": dict(row.pair() for row in self.environment.rows if not row.empty()),
        }

    def problems(self) -> list[str]:
        found = [field.strict() for field in self._fields] + self.environment.problems()
        problems = [problem for problem in found if problem]
        if problems:
            self._open(True)  # what is wrong must be seen
        return problems

    def _open(self, opened: bool) -> None:
        self._opened = opened
        self._inner.layout.display = None if opened else "none"
        mark = "▾" if opened else "▸"
        self._toggle.description = (
            f"{mark} {'Fewer' if opened else 'More'} settings: name, time, spot, environment, places"
        )

    def _spot_changed(self) -> None:
        self.max_wait.show(self.spot.value)
        self._changed()

    def _wait_problem(self, value: str) -> str:
        if not value:
            return ""
        wait, problem = checks.seconds(value)
        run, _ = checks.seconds(self.max_runtime.value)
        if not problem and wait is not None and run is not None and wait < run:
            return "The longest wait counts the run, too: it cannot be shorter than the longest run."
        return problem


def _written(seconds: int) -> str:
    """``5400`` as ``1h 30m``."""
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts)


def _wanted(value: str) -> str | list[str] | None:
    if not value:
        return None
    return value if value.endswith(".txt") else value.split()


def _requirements(value: str) -> str:
    if value.endswith(".txt") and not Path(value).expanduser().is_file():
        return f"There is no file {value} in {Path.cwd()}."
    return ""


def _address(value: str) -> str:
    if value and not value.startswith(("s3://", "file://")):
        return "Give an address such as s3://bucket/prefix/."
    return ""
