"""One field: a control with its label, and below it what is wrong with its value or worth knowing about it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets

Check = Callable[[str], str]
_Nothing = Callable[[], None]


def nothing() -> None:
    """What happens on a change that nobody follows."""


class Says:
    """A line below a control; a problem is an alert with a mark, so that no colour is needed to see it."""

    def __init__(self) -> None:
        self.widget = ipywidgets.HTML()
        self.widget.add_class("claryw-Says")
        self.say()

    def say(self, problem: str = "", note: str = "") -> None:
        value = ""
        if problem:
            value = f'<p class="claryw-Bad" role="alert"><b aria-hidden="true">✕</b> {escape(problem)}</p>'
        elif note:
            value = f'<p class="claryw-Note">{escape(note)}</p>'
        self.widget.value = value
        self.widget.layout.display = None if value else "none"


class Field:
    """A control with a label. ``check`` gives the problem of a value, ``note`` what is worth knowing of it.

    A problem is shown once the user has changed the value, or when something was tried with it (``strict``).
    """

    def __init__(
        self,
        control: Any,
        *,
        check: Check | None = None,
        note: Check | None = None,
        changed: _Nothing = nothing,
        classes: tuple[str, ...] = (),
    ) -> None:
        self.control = control
        self.says = Says()
        self._check, self._note, self._changed = check, note, changed
        self._touched = False
        self.widget = ipywidgets.VBox([control, self.says.widget])
        for name in ("claryw-Field", *classes):
            self.widget.add_class(name)
        control.observe(self._on_change, names="value")
        self._tell()

    @property
    def value(self) -> Any:
        value = self.control.value
        return value.strip() if isinstance(value, str) else value

    def set(self, value: Any) -> None:
        """Set the value from code: no sign that the user has touched it."""
        touched = self._touched
        self.control.value = value
        self._touched = touched
        self._tell()

    def problem(self) -> str:
        return self._check(self.value) if self._check else ""

    def strict(self) -> str:
        """The problem, shown from now on whether the user was here or not."""
        self._touched = True
        return self._tell()

    def show(self, visible: bool) -> None:
        self.widget.layout.display = None if visible else "none"

    def _on_change(self, _: Any) -> None:
        self._touched = True
        self._tell()
        self._changed()

    def _tell(self) -> str:
        problem = self.problem()
        shown = problem if self._touched else ""
        self.says.say(shown, self._note(self.value) if self._note and not problem else "")
        (self.widget.add_class if shown else self.widget.remove_class)("claryw-Invalid")
        return problem


def text(label: str, value: str = "", *, placeholder: str = "", **options: Any) -> Field:
    """A line of text."""
    return Field(
        ipywidgets.Text(value=value, description=label, placeholder=placeholder, **_STYLE), **options
    )


def choice(label: str, options: list[Any], value: Any, **more: Any) -> Field:
    """One of a few."""
    return Field(ipywidgets.Dropdown(options=options, value=value, description=label, **_STYLE), **more)


def check(label: str, value: bool, **options: Any) -> Field:
    """Yes or no."""
    control = ipywidgets.Checkbox(value=value, description=label, indent=False)
    return Field(control, classes=("claryw-Check",), **options)


_STYLE: dict[str, Any] = {"style": {"description_width": "150px"}, "layout": {"width": "auto"}}


def heading(title: str) -> Any:
    """The title of a section."""
    return ipywidgets.HTML(f'<div class="claryw-Title" role="heading" aria-level="4">{escape(title)}</div>')


def button(
    label: str, click: Callable[[], Any], *, tooltip: str = "", style: str = "", icon: str = ""
) -> Any:
    """A button that calls ``click``."""
    one = ipywidgets.Button(description=label, tooltip=tooltip or label, button_style=style, icon=icon)
    one.on_click(lambda _: click())
    return one


def unlabelled(control: Any, *classes: str) -> Any:
    """A control of a row: its label is for screen readers only."""
    for name in ("claryw-Hidden-label", *classes):
        control.add_class(name)
    return control


def put_away(widget: Any) -> None:
    """Close a widget and what it holds (``Widget.close_all`` would close the user's own widgets, too)."""
    for child in getattr(widget, "children", ()):
        put_away(child)
    widget.close()
