"""The form in which a job is set up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets

from clary.sdk import packing
from clary.widgets import checks, reading
from clary.widgets.live import machine
from clary.widgets.live.fields import _STYLE, Field, Says, button, heading, nothing, text
from clary.widgets.live.hyperparameters import Hyperparameters
from clary.widgets.live.more import More
from clary.widgets.live.places import PlaceField
from clary.widgets.live.rows import ChannelRow, MetricRow, Rows
from clary.widgets.reading import Reading
from clary.widgets.settings import Settings


class Form:
    """Fields for everything that :func:`clary.train` takes; ``settings`` is what they say now."""

    def __init__(self, settings: Settings, *, changed: Callable[[], None] = nothing) -> None:
        self._told = changed
        self.reading = Reading()
        self._read: tuple[str, str | None, float] | None = None
        self._loading = True
        self.source = PlaceField(
            "Source",
            settings.source,
            suffixes=(".py", ".ipynb", ".sh"),
            placeholder="a script, a notebook or a folder",
            check=lambda value: checks.source(value, self._entry()),
            changed=self._source_changed,
        )
        self.entry = text(
            "Entry point", settings.entry or "", placeholder="train.py", changed=self._source_changed
        )
        self._says = Says()
        self.hyperparameters = Hyperparameters(changed=self._changed)
        self.channels: Rows[ChannelRow] = Rows(ChannelRow, "Add channel", changed=self._changed)
        suggest = button("Suggest", self._suggest, tooltip="Suggest metrics from what the script prints")
        self.metrics: Rows[MetricRow] = Rows(MetricRow, "Add metric", suggest, changed=self._changed)
        self.instance_type = Field(
            ipywidgets.Combobox(
                value=settings.instance_type, options=machine.names(), description="Instance type",
                ensure_option=False, **_STYLE,
            ),
            check=checks.instance_type,
            note=lambda value: machine.told(value, self.instance_count.value if not self._loading else 1),
            changed=self._changed,
        )  # fmt: skip
        self.instance_count = Field(
            ipywidgets.BoundedIntText(
                value=settings.instance_count, min=1, max=100, description="Instance count", **_STYLE
            ),
            changed=self._count_changed,
        )
        self.more = More(settings, changed=self._changed)
        self.widget = self._laid_out()
        self.load(settings)

    def load(self, settings: Settings) -> None:
        """Show other settings."""
        self._loading = True
        try:
            self.source.set(settings.source)
            self.entry.set(settings.entry or "")
            self.instance_type.set(settings.instance_type)
            self.instance_count.set(settings.instance_count)
            self.more.load(settings)
            self._base = settings
            self._look_into_source()
            self.hyperparameters.declare(self.reading, settings.hyperparameters)
            named = list(settings.inputs.items())
            named += [(name, None) for name in self.reading.channels if name not in settings.inputs]  # type: ignore[misc]
            self.channels.load(named)
            self.metrics.load(settings.metrics.items())
        finally:
            self._loading = False
        self.instance_type.set(settings.instance_type)  # its note tells of each host

    def settings(self) -> Settings:
        """What the fields say now; what no field shows (retries, ...) is as it was given."""
        values = {
            "source": self.source.value,
            "entry": self._entry(),
            "inputs": dict(row.pair() for row in self.channels.rows if not row.empty()),
            "hyperparameters": self.hyperparameters.values(),
            "metrics": dict(row.pair() for row in self.metrics.rows if not row.empty()),
            "instance_type": self.instance_type.value,
            "instance_count": self.instance_count.value,
            **self.more.values(),
        }
        return Settings(**{**vars(self._base), **values})

    def problems(self) -> list[str]:
        """Every problem, now also shown beside its field."""
        found = [field.strict() for field in (self.source, self.instance_type)]
        found += self.hyperparameters.problems() + self.channels.problems() + self.metrics.problems()
        found += self.more.problems()
        names = [row.pair()[0] for row in self.channels.rows if not row.empty()]
        if len(set(names)) < len(names):
            found.append("Two channels have the same name.")
        return [problem for problem in found if problem]

    def _laid_out(self) -> Any:
        source = ipywidgets.HBox([self.source.control, self.source.browse])
        source.add_class("claryw-Source")
        field = self.source.widget
        field.children = [source, self.source.says.widget, self._says.widget]
        parts = [
            heading("Code"),
            field,
            self.source.browser,
            self.entry.widget,
            heading("Hyperparameters"),
            self.hyperparameters.widget,
            heading("Input channels"),
            self.channels.widget,
            heading("Metrics"),
            self.metrics.widget,
            heading("Machine"),
            self.instance_type.widget,
            self.instance_count.widget,
            self.more.widget,
        ]
        box = ipywidgets.VBox(parts)
        box.add_class("claryw-Section")
        return box

    def _entry(self) -> str | None:
        return (self.entry.value or None) if hasattr(self, "entry") else None

    def _source_changed(self) -> None:
        if self._look_into_source():
            self.hyperparameters.declare(self.reading)
            self._offer_channels()
        self._changed()

    def _look_into_source(self) -> bool:
        """Read the source; whether it is another one than before."""
        source, entry = self.source.value, self._entry()
        path = Path(source).expanduser()
        folder = packing.is_address(source) or (bool(source) and path.is_dir())
        self.entry.show(folder or entry is not None)
        program = path
        if path.is_dir() and source:
            try:
                program = path / packing.find_entry(path, entry)[1]
            except (OSError, ValueError):
                program = path / (entry or "")
        try:
            mark = (str(program), entry, program.stat().st_mtime if program.is_file() else 0.0)
        except OSError:
            mark = (str(program), entry, 0.0)
        if mark == self._read:
            return False
        self._read = mark
        self.reading, problem = Reading(), ""
        if program.is_file():
            try:
                self.reading = reading.read(program, alone=not path.is_dir())
            except (OSError, ValueError) as error:
                problem = str(error)
        self._says.say(problem, self._told_of(program) if program.is_file() else "")
        return True

    def _told_of(self, program: Path) -> str:
        count = len(self.reading.parameters)
        kinds = {"notebook": "parameters cell", "dataclasses": "HfArgumentParser", "": ""}
        how = kinds.get(self.reading.how, self.reading.how)
        found = f"{program.name}: {count} hyperparameter{'' if count == 1 else 's'} ({how})." if count else ""
        if not found and program.suffix in (".py", ".ipynb"):
            found = f"{program.name} declares no hyperparameters that can be read from its text."
        return " ".join([found, *self.reading.warnings]).strip()

    def _offer_channels(self) -> None:
        """A row for each channel that the script reads; those of the script before it that are still empty go."""
        kept = [row for row in self.channels.rows if not row.empty()]
        known = {row.pair()[0] for row in kept}
        self.channels.load(
            [
                *(row.pair() for row in kept),
                *((name, None) for name in self.reading.channels if name not in known),
            ]
        )

    def _suggest(self) -> None:
        known = {row.pair()[0] for row in self.metrics.rows}
        offered = {name: one for name, one in self.reading.metrics.items() if name not in known}
        if not offered and not self.metrics.rows:
            offered = {"loss": r"loss=([0-9.]+)"}
        for name, regex in offered.items():
            self.metrics.add(name, regex)
        self._changed()

    def _count_changed(self) -> None:
        if not self._loading:
            self.instance_type.set(self.instance_type.control.value)
        self._changed()

    def _changed(self) -> None:
        if not self._loading:
            self._told()
