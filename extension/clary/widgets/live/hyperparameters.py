"""The hyperparameters that a script or notebook declares, each as the control that fits it, and any others by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets

from clary.widgets import checks
from clary.widgets.live.fields import _STYLE, Field, button, nothing, put_away
from clary.widgets.live.rows import OtherRow, Rows
from clary.widgets.reading import Parameter, Reading


class ParameterField(Field):
    """A declared hyperparameter. Left empty it is not sent, and the script's own default counts."""

    def __init__(self, one: Parameter, value: Any = None, *, changed: Callable[[], None] = nothing) -> None:
        self.parameter = one
        super().__init__(
            _control(one, value),
            check=self._problem_of,
            note=self._note_of,
            changed=changed,
            classes=("claryw-Parameter",),
        )

    def given(self) -> tuple[bool, Any]:
        """Whether a value is given, and the value as the script shall have it."""
        text = self.control.value
        if text == "":
            return False, None
        return True, checks.value(text, self.parameter)[0]

    def _problem_of(self, text: str) -> str:
        if text == "":
            return (
                f"{self.parameter.name} has no default: give it a value." if self.parameter.required else ""
            )
        return checks.value(text, self.parameter)[1]

    def _note_of(self, text: str) -> str:
        one = self.parameter
        parts = [one.help, one.note if text not in ("", "False") or not one.flag else ""]
        return " ".join(part for part in parts if part)


def _control(one: Parameter, value: Any) -> Any:
    text = "" if value is None else str(value)
    default = "the script's own" if one.default is None else one.default
    kind = "" if one.kind == "any" else f"{_WORDS.get(one.kind, one.kind)}, "
    options = one.choices or (("True", "False") if one.kind == "bool" else ())
    if options:
        nothing_chosen = (f"default: {default}", "") if not one.required else ("choose one", "")
        known = [nothing_chosen, *((option, option) for option in options)]
        if text and text not in options:
            known.append((text, text))  # from code: shown, and refused beside it
        return ipywidgets.Dropdown(
            options=known, value=text, description=one.name, tooltip=one.help, **_STYLE
        )
    placeholder = "required" if one.required else f"{kind}default: {default}"
    return ipywidgets.Text(
        value=text, description=one.name, placeholder=placeholder, tooltip=one.help, **_STYLE
    )


_WORDS = {"int": "whole number", "float": "number", "str": "text", "json": "JSON"}


class Hyperparameters:
    """The section: declared ones first, then what was added by hand."""

    def __init__(self, *, changed: Callable[[], None] = nothing) -> None:
        self._changed = changed
        self.fields: list[ParameterField] = []
        self._declared = ipywidgets.VBox([])
        self._declared.add_class("claryw-Rows")
        self._note = ipywidgets.HTML()
        self._reset = button(
            "Back to defaults", self.reset, tooltip="Empty all of the script's hyperparameters"
        )
        self.others: Rows[OtherRow] = Rows(OtherRow, "Add hyperparameter", self._reset, changed=changed)
        self.widget = ipywidgets.VBox([self._note, self._declared, self.others.widget])
        self.widget.add_class("claryw-Section")
        self.declare(Reading())

    def declare(self, reading: Reading, values: Mapping[str, Any] | None = None) -> None:
        """Show what ``reading`` found; ``values`` (what is there now, if None) go to the field of their name."""
        given = self.values() if values is None else dict(values)
        old = self.fields
        mine = [one for one in reading.parameters if not one.from_platform or one.name in given]
        self.fields = [ParameterField(one, given.pop(one.name, None), changed=self._changed) for one in mine]
        self._declared.children = [field.widget for field in self.fields]
        self.others.load(given.items())
        for field in old:
            put_away(field.widget)
        self._reset.layout.display = None if self.fields else "none"
        left = [one for one in reading.parameters if one.from_platform and one not in mine]
        said = ", ".join(f"{one.name} ({one.variable})" for one in left)
        self._note.value = f'<p class="claryw-Note">Set by SageMaker: {said}.</p>' if said else ""
        self._note.layout.display = None if said else "none"

    def values(self) -> dict[str, Any]:
        """The hyperparameters that are given, with their types."""
        found: dict[str, Any] = {}
        for field in self.fields:
            given, value = field.given()
            if given:
                found[field.parameter.name] = field.control.value if value is None else value
        for row in self.others.rows:
            name, text = row.pair()
            if name:
                found[name] = checks.value(text, Parameter(name))[0]
        return found

    def reset(self) -> None:
        for field in self.fields:
            field.set("")
        self._changed()

    def problems(self) -> list[str]:
        return [*filter(None, (field.strict() for field in self.fields)), *self.others.problems()]
