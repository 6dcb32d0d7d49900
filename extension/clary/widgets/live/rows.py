"""Sections of rows that can be added and removed: channels, metrics, environment variables, hyperparameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

import ipywidgets

from clary.sdk.inputs import Input
from clary.widgets import checks
from clary.widgets.live.fields import Says, button, nothing, put_away, unlabelled
from clary.widgets.live.places import PlaceField


class Row(Protocol):
    """One row: its widget, and its problem (shown when ``strict``)."""

    widget: Any

    def strict(self) -> str: ...


R = TypeVar("R", bound=Row)


class Rows(Generic[R]):
    """Rows below each other, and a button that adds one."""

    def __init__(
        self, make: Callable[..., R], add: str, *more: Any, changed: Callable[[], None] = nothing
    ) -> None:
        self._make, self._changed = make, changed
        self.rows: list[R] = []
        self._box = ipywidgets.VBox([])
        self._box.add_class("claryw-Rows")
        buttons = ipywidgets.HBox([button(add, self.add), *more])
        buttons.add_class("claryw-Buttons")
        buttons.layout.margin = "2px 0 0 0"
        self.widget = ipywidgets.VBox([self._box, buttons])
        self.widget.add_class("claryw-Section")

    def add(self, *values: Any) -> R:
        """Append a row made of ``values``."""
        row = self._make(*values, remove=self.remove, changed=self._changed)
        self.replace([*self.rows, row])
        return row

    def remove(self, row: Any) -> None:
        self.replace([one for one in self.rows if one is not row])
        put_away(row.widget)
        self._changed()

    def replace(self, rows: Iterable[R]) -> None:
        self.rows = list(rows)
        self._box.children = [row.widget for row in self.rows]

    def load(self, values: Iterable[tuple[Any, ...]]) -> None:
        """Throw the rows away and make others."""
        old = self.rows
        self.replace([self._make(*one, remove=self.remove, changed=self._changed) for one in values])
        for row in old:
            put_away(row.widget)

    def problems(self) -> list[str]:
        return [problem for row in self.rows if (problem := row.strict())]


class PairRow:
    """A name and a value, with checks of each."""

    kinds = ("name", "value")
    what = "entry"
    placeholders = ("", "")

    def __init__(
        self,
        name: str = "",
        value: Any = "",
        *,
        remove: Callable[[Any], None],
        changed: Callable[[], None] = nothing,
    ) -> None:
        first, second = self.kinds
        self.name = ipywidgets.Text(value=name, description=first, placeholder=self.placeholders[0])
        self.value = ipywidgets.Text(value=str(value), description=second, placeholder=self.placeholders[1])
        self._says, self._touched, self._changed = Says(), False, changed
        self._remove = button("Remove", lambda: remove(self), tooltip=f"Remove {self.what} {name}".strip())
        controls = [
            unlabelled(self.name, "claryw-Short"),
            unlabelled(self.value, "claryw-Grow"),
            self._remove,
        ]
        self.widget = ipywidgets.HBox([*controls, self._says.widget])
        self.widget.add_class("claryw-Row")
        for control in (self.name, self.value):
            control.observe(self._on_change, names="value")

    def pair(self) -> tuple[str, str]:
        return self.name.value.strip(), self.value.value

    def empty(self) -> bool:
        return self.pair() == ("", "")

    def check(self, name: str, value: str) -> str:
        """The problem of the two; overridden by each kind of row."""
        raise NotImplementedError

    def strict(self) -> str:
        self._touched = True
        return self._tell()

    def _on_change(self, _: Any) -> None:
        self._touched = True
        self._tell()
        self._remove.tooltip = f"Remove {self.what} {self.name.value}".strip()
        self._changed()

    def _tell(self) -> str:
        problem = "" if self.empty() else self.check(*self.pair())
        self._says.say(problem if self._touched else "")
        (self.widget.add_class if problem and self._touched else self.widget.remove_class)("claryw-Invalid")
        return problem


class MetricRow(PairRow):
    """A metric: its name and the regex that finds it in the log."""

    kinds = ("Metric's name", "Regular expression")
    what = "metric"
    placeholders = ("loss", "loss=([0-9.]+)")

    def check(self, name: str, value: str) -> str:
        return checks.shaped("MetricName", name, "A metric's name") or checks.regex(value)


class VariableRow(PairRow):
    """An environment variable."""

    kinds = ("Variable's name", "Value")
    what = "variable"
    placeholders = ("NAME", "value")

    def check(self, name: str, value: str) -> str:
        named = (
            checks.shaped("TrainingEnvironmentKey", name, "A variable's name") if name else "Give it a name."
        )
        return named or checks.shaped("TrainingEnvironmentValue", value, "A variable's value")


class OtherRow(PairRow):
    """A hyperparameter that the script's text does not tell of."""

    kinds = ("Hyperparameter's name", "Value")
    what = "hyperparameter"
    placeholders = ("name", "value")

    def check(self, name: str, value: str) -> str:
        if not name:
            return "Give it a name."
        named = checks.shaped("HyperParameterKey", name, "A hyperparameter's name")
        return named or checks.shaped("HyperParameterValue", value, f"{name}'s value")


_MODES = [("mode: as the job", ""), ("File", "File"), ("FastFile", "FastFile"), ("Pipe", "Pipe")]


class ChannelRow:
    """A channel: its name, its place and how it is brought to the job."""

    def __init__(
        self,
        name: str = "",
        one: Input | None = None,
        *,
        remove: Callable[[Any], None],
        changed: Callable[[], None] = nothing,
    ) -> None:
        self._input = one or Input("")
        self.name = ipywidgets.Text(value=name, description="Channel's name", placeholder="train")
        self.place = PlaceField(
            "Channel's data",
            str(self._input.source),
            buckets=True,
            placeholder="./data, s3://bucket/prefix/ or file:///data",
            changed=self._on_change,
        )
        self.mode = ipywidgets.Dropdown(
            options=_MODES, value=self._input.mode or "", description="Channel's input mode"
        )
        self._says, self._touched, self._changed = Says(), False, changed
        self._remove = button("Remove", lambda: remove(self), tooltip=f"Remove channel {name}".strip())
        controls = [
            unlabelled(self.name, "claryw-Short"),
            unlabelled(self.place.control, "claryw-Grow"),
            self.place.browse,
            unlabelled(self.mode, "claryw-Short"),
            self._remove,
        ]
        row = ipywidgets.HBox([*controls, self._says.widget])
        row.add_class("claryw-Row")
        self._row = row
        self.widget = ipywidgets.VBox([row, self.place.browser])
        self.widget.add_class("claryw-Section")
        for control in (self.name, self.mode):
            control.observe(lambda _: self._on_change(), names="value")

    def pair(self) -> tuple[str, Input]:
        one = self._input
        return self.name.value.strip(), Input(
            self.place.value, self.mode.value or None, one.distribution, one.data_type, one.content_type
        )

    def empty(self) -> bool:
        """Suggested by the script and left alone: no channel."""
        return not self.place.value

    def strict(self) -> str:
        self._touched = True
        return self._tell()

    def _on_change(self) -> None:
        self._touched = True
        self._tell()
        self._remove.tooltip = f"Remove channel {self.name.value}".strip()
        self._changed()

    def _tell(self) -> str:
        problem = "" if self.empty() else self._problem()
        self._says.say(problem if self._touched else "")
        (self._row.add_class if problem and self._touched else self._row.remove_class)("claryw-Invalid")
        return problem

    def _problem(self) -> str:
        name, one = self.pair()
        named = checks.shaped("ChannelName", name, "A channel's name") if name else "Give the channel a name."
        return named or checks.place(str(one.source))
