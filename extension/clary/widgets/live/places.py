"""A field for a path or an ``s3://`` address: completed while one types, and browsed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets

from clary.sdk import storage
from clary.sdk.errors import ClaryError
from clary.widgets.live.fields import _STYLE, Field, button, nothing

_MOST = 200


def complete(text: str, suffixes: tuple[str, ...] = (), *, buckets: bool = False) -> list[str]:
    """What stands where ``text`` points to: folders (with a ``/``), then files of these suffixes (all if none)."""
    if text.startswith("s3://"):
        try:
            return storage.children(text, _MOST) if buckets else []
        except ClaryError:
            return []
    folder, _, _ = text.rpartition("/")
    base = Path(os.path.expanduser(folder or ("/" if text.startswith("/") else ".")))
    start = f"{folder}/" if folder or text.startswith("/") else ""
    folders, files = [], []
    try:
        with os.scandir(base) as found:
            for one in found:
                if one.name.startswith((".", "__pycache__")):
                    continue
                if _is_dir(one):
                    folders.append(f"{start}{one.name}/")
                elif not suffixes or one.name.endswith(suffixes):
                    files.append(f"{start}{one.name}")
    except OSError:
        return []
    return [*sorted(folders), *sorted(files)][:_MOST]


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


class PlaceField(Field):
    """A :class:`Field` with completion and a button that opens a list of what is there."""

    def __init__(
        self,
        label: str,
        value: str,
        *,
        suffixes: tuple[str, ...] = (),
        buckets: bool = False,
        placeholder: str = "",
        changed: Callable[[], None] = nothing,
        **options: Any,
    ) -> None:
        self._suffixes, self._buckets = suffixes, buckets
        self._listed: str | None = None
        control = ipywidgets.Combobox(
            value=value, description=label, placeholder=placeholder, ensure_option=False, **_STYLE
        )
        control.add_class("claryw-Grow")
        super().__init__(control, changed=self._typed, **options)
        self._then = changed
        self.browse = button("Browse", self._toggle, tooltip=f"Browse for {label or 'a place'}")
        self._list = ipywidgets.Select(
            options=[], rows=8, description="Found", style={"description_width": "150px"}
        )
        self._open = button("Open", self._take, tooltip="Open the chosen folder, or take the chosen file")
        buttons = ipywidgets.HBox([self._open, button("Close", self._toggle, tooltip="Close the list")])
        buttons.add_class("claryw-Buttons")
        self._browser = ipywidgets.VBox([self._list, buttons], layout={"display": "none"})
        self._browser.add_class("claryw-Field")
        self._refresh()

    @property
    def browser(self) -> Any:
        """The list, for the place below the field where it opens."""
        return self._browser

    def _typed(self) -> None:
        self._refresh()
        self._then()

    def _refresh(self) -> None:
        text = self.control.value
        # Completions change with the folder; the browser narrows them down by itself.
        folder = text.rpartition("/")[0]
        if folder != self._listed or text.startswith("s3:"):
            self._listed = folder
            self.control.options = complete(
                text if text.startswith("s3://") else folder + "/" if "/" in text else "",
                self._suffixes,
                buckets=self._buckets,
            )

    def _toggle(self) -> None:
        opened = self._browser.layout.display == "none"
        if opened:
            self._fill()
        self._browser.layout.display = None if opened else "none"
        self.browse.description = "Close" if opened else "Browse"

    def _fill(self) -> None:
        text = self.control.value
        if not text.endswith("/") and text and os.path.isdir(os.path.expanduser(text)):
            text += "/"
        here = text.rpartition("/")[0] + "/" if "/" in text else ""
        up = [] if here in ("/", "s3://") else [("⬑ the folder above", _above(here))]
        found = complete(here, self._suffixes, buckets=self._buckets)
        names = [(name.removeprefix(here), name) for name in found]
        self._list.options = [*up, *names]
        self._list.value = names[0][1] if names else None

    def _take(self) -> None:
        chosen = self._list.value
        if chosen is None:
            return
        self.control.value = chosen
        if chosen.endswith("/") or chosen == "":
            self._fill()
        else:
            self._toggle()


def _above(here: str) -> str:
    if here.startswith("s3://"):
        return here.rstrip("/").rpartition("/")[0] + "/"
    if not here or (set(here) <= {".", "/"} and not here.startswith("/")):
        return f"{here}../"
    return here.rstrip("/").rpartition("/")[0] + "/" if "/" in here.rstrip("/") else ""
