"""Label category files: the labels of a job, its instructions, and Clary's own settings beside them.

``{"document-version": "2018-11-28", "labels": [{"label": "cat"}, ...]}``; entity labels may have ``shortDisplayName``; an
adjustment or a verification names ``auditLabelAttributeName``; ``"clary"`` is a block that AWS does not have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from clary.labeling import hotkeys
from clary.labeling.settings import Label, Mode
from clary.labeling.tasks.labels import BACKGROUND, BACKGROUND_COLOR

VERSION = "2018-11-28"
_MOST = 250  # Ground Truth takes 50, and 30 of entities; a mask's pixel holds 255
_LONGEST = 256
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_CHOICES = (
    "image-classification",
    "text-classification",
)  # and their multi-label forms: of one label there is no choice


class CategoriesError(ValueError):
    """A label category file that is refused; the text says what is wrong and what would be right."""


@dataclass(frozen=True)
class Categories:
    """What a label category file says. `clary`: Clary's own block, as it is; `instructions`: HTML, short and full."""

    labels: tuple[Label, ...]
    audit_attribute: str = ""
    instructions: str = ""
    full_instructions: str = ""
    clary: dict[str, Any] = field(default_factory=dict)


def parse(data: bytes, task: str = "", mode: Mode = "label") -> Categories:
    """The file's contents. `task`: the name of the base type, empty for a custom one. Raises CategoriesError."""
    try:
        document = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise CategoriesError(
            f"The label category file is no valid JSON (line {error.lineno}, column {error.colno}):"
            f" {error.msg.partition(':')[0]}."
        ) from None
    if not isinstance(document, dict) or not isinstance(document.get("labels"), list):
        raise CategoriesError(
            'The label category file must be an object with a list of labels: {"document-version": "2018-11-28",'
            ' "labels": [{"label": "cat"}, {"label": "dog"}]}.'
        )
    if document.get("document-version", VERSION) != VERSION:
        raise CategoriesError(f"The label category file's 'document-version' must be {VERSION!r}.")
    own = document.get("clary", {})
    if not isinstance(own, dict):
        raise CategoriesError(
            "The label category file's 'clary' must be an object with Clary's own settings."
        )
    labels = tuple(_label(one, number, own) for number, one in enumerate(document["labels"], 1))
    check_labels(labels, task, mode)
    _check_keys(own, labels, task, mode)
    audited = document.get("auditLabelAttributeName", "")
    if not isinstance(audited, str):
        raise CategoriesError("The label category file's 'auditLabelAttributeName' must be a text.")
    short, full = _instructions(document.get("instructions"))
    return Categories(labels, audited, short, full, own)


def document(categories: Categories) -> bytes:
    """The inverse of `parse`: a label category file."""
    labels = []
    for one in categories.labels:
        labels.append({"label": one.name, **({"shortDisplayName": one.short} if one.short else {})})
    own = dict(categories.clary)
    for name, values in (
        ("colors", {one.name: one.color for one in categories.labels if one.color}),
        ("hotkeys", {one.name: one.hotkey for one in categories.labels if one.hotkey}),
    ):
        if values:
            own[name] = values
    written: dict[str, Any] = {"document-version": VERSION, "labels": labels}
    if categories.audit_attribute:
        written["auditLabelAttributeName"] = categories.audit_attribute
    if categories.instructions or categories.full_instructions:
        written["instructions"] = {
            "shortInstruction": categories.instructions,
            "fullInstruction": categories.full_instructions,
        }
    if own:
        written["clary"] = own
    return orjson.dumps(written, option=orjson.OPT_INDENT_2)


def check_labels(labels: tuple[Label, ...], task: str = "", mode: Mode = "label") -> None:
    """Whether a job may have these labels. Raises CategoriesError."""
    names = [one.name for one in labels]
    if not names:
        raise CategoriesError("There are no labels: at least one is needed.")
    if len(names) > _MOST:
        raise CategoriesError(f"There are {len(names)} labels; {_MOST} is the most.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CategoriesError(f"The label {twice[0]!r} is there twice: labels must differ.")
    chosen = mode == "verify" or task.removesuffix("-multilabel") in _CHOICES
    if chosen and len(names) < 2:
        what = "a verification" if mode == "verify" else task
        raise CategoriesError(f"There is one label, {names[0]!r}; {what} needs at least two to choose from.")
    if task != "semantic-segmentation" or mode == "verify":
        return
    if BACKGROUND in names:
        raise CategoriesError(f"A mask's label may not be {BACKGROUND!r}: what has no label is called that.")
    colors = [one.color.lower() for one in labels if one.color]
    if BACKGROUND_COLOR in colors or len(set(colors)) < len(colors):
        raise CategoriesError(
            f"Labels of masks must have different colors, none of them {BACKGROUND_COLOR}, which is the background's."
        )


def _label(value: Any, number: int, own: Mapping[str, Any]) -> Label:
    where = f"Label {number} of the label category file"
    name = value.get("label") if isinstance(value, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise CategoriesError(f'{where} must be an object as {{"label": "cat"}}, not {str(value)[:80]}.')
    if len(name) > _LONGEST:
        raise CategoriesError(f"{where} has {len(name)} characters; {_LONGEST} is the most.")
    short = value.get("shortDisplayName", "")
    if not isinstance(short, str):
        raise CategoriesError(f"{where}: 'shortDisplayName' must be a text.")
    color, key = (_own(own, member, name) for member in ("colors", "hotkeys"))
    if color and not _COLOR.fullmatch(color):
        raise CategoriesError(f'{where}: its color must be written as "#1f77b4", not {color[:40]!r}.')
    return Label(name, short, color, key)


def _own(own: Mapping[str, Any], member: str, name: str) -> str:
    """What Clary's block says of a label under `member`."""
    given = own.get(member, {})
    if not isinstance(given, Mapping) or not isinstance(given.get(name, ""), str):
        raise CategoriesError(
            f"The label category file's 'clary' must have an object of texts under {member!r}."
        )
    return str(given.get(name, ""))


def _check_keys(own: Mapping[str, Any], labels: tuple[Label, ...], task: str, mode: Mode) -> None:
    names = {one.name for one in labels}
    for member in ("colors", "hotkeys"):
        foreign = [name for name in own.get(member, {}) if name not in names]
        if foreign:
            raise CategoriesError(
                f"The 'clary' block has {member} for {foreign[0]!r}, which is none of the labels."
            )
    for one in labels:
        refused = hotkeys.refusal(one.hotkey, task, mode) if one.hotkey else ""
        if refused:
            raise CategoriesError(f"The hotkey {one.hotkey[:20]!r} of the label {one.name!r} {refused}")
    keys = [one.hotkey.lower() for one in labels if one.hotkey]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise CategoriesError(f"The hotkey {twice[0]!r} is given to two labels.")


def _instructions(value: Any) -> tuple[str, str]:
    if value is None:
        return "", ""
    given = value if isinstance(value, dict) else {}
    short, full = given.get("shortInstruction", ""), given.get("fullInstruction", "")
    if not isinstance(value, dict) or not isinstance(short, str) or not isinstance(full, str):
        raise CategoriesError(
            "The label category file's 'instructions' must be an object with 'shortInstruction' and 'fullInstruction', texts."
        )
    return short, full
