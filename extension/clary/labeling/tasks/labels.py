"""A job's labels with everything filled in that the user left open: colours, hotkeys, short names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from clary.labeling.hotkeys import FREE
from clary.labeling.settings import JobSettings, Label
from clary.labeling.task_type import Answer, BadAnswer

BACKGROUND = "BACKGROUND"
BACKGROUND_COLOR = "#ffffff"
# Told apart by people with any colour vision as far as ten colours can be (Okabe and Ito's, and neighbours of them); then more.
_PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#b8a400", "#7b5ea7", "#8c564b", "#5f6b6d",
    "#aec7e8", "#ffbb78", "#98df8a", "#ff9896", "#c5b0d5", "#c49c94", "#f7b6d2", "#9edae5", "#dbdb8d", "#c7c7c7",
)  # fmt: skip


@lru_cache(maxsize=64)
def filled(labels: tuple[Label, ...]) -> tuple[Label, ...]:
    """The labels, each with a color of its own, a hotkey while there are keys (digits first; a label that is a digit itself
    has that one), and a short name."""
    colors = _free(_colors(), {one.color.lower() for one in labels} | {BACKGROUND_COLOR})
    keys = _free(iter(FREE), {one.hotkey.lower() for one in labels})
    themselves = all(one.name in FREE and len(one.name) == 1 and not one.hotkey for one in labels)
    return tuple(
        replace(
            one,
            short=one.short or one.name,
            color=(one.color or next(colors)).lower(),
            hotkey=one.hotkey or (one.name if themselves else next(keys, "")),
        )
        for one in labels
    )


def _free(values: Iterator[str], used: set[str] | frozenset[str]) -> Iterator[str]:
    return (one for one in values if one not in used)


def _colors() -> Iterator[str]:
    """The palette, then colours spread over the cube without end (to 2**24), none twice."""
    yield from _PALETTE
    number = 1
    while number < 1 << 24:
        color = f"#{(number * 0x9E3779) % (1 << 24):06x}"  # an odd factor: every colour comes once
        if color not in _PALETTE:
            yield color
        number += 1


def of_job(answer: Answer, settings: JobSettings) -> Answer | None:
    """An answer from elsewhere without what names labels that the job does not have; None where nothing is left of it."""
    names = {one.name for one in settings.labels}
    if "label" in answer:
        return answer if answer["label"] in names else None
    kept = dict(answer)
    if "labels" in answer:
        kept["labels"] = [name for name in answer["labels"] if name in names]
    for member in ("boxes", "entities"):
        if member in answer:
            kept[member] = [mark for mark in answer[member] if mark["label"] in names]
    lost = any(
        answer[member] and not kept[member] for member in ("labels", "boxes", "entities") if member in answer
    )
    return None if lost else kept


def position(name: str, settings: JobSettings) -> int:
    """The number of the label `name`, from 0. Raises BadAnswer."""
    for number, one in enumerate(settings.labels):
        if one.name == name:
            return number
    raise BadAnswer(f"{name!r} is no label of this job.")


def class_map(names: Sequence[str], settings: JobSettings) -> dict[str, str]:
    """``class-map`` of the manifest's metadata: the numbers of the labels in `names` as texts, in ascending order."""
    used = set(names)
    return {str(number): one.name for number, one in enumerate(settings.labels) if one.name in used}


def name_of(number: Any, mapped: Any, settings: JobSettings, where: str) -> str:
    """The label's name for a number of a manifest: by the metadata's ``class-map``, else by the job's labels. Raises
    BadAnswer."""
    key = str(number)
    if isinstance(mapped, Mapping) and isinstance(mapped.get(key), str):
        return str(mapped[key])
    if key.isdecimal() and int(key) < len(settings.labels) and settings.mode != "verify":
        return settings.labels[int(key)].name
    raise BadAnswer(f"{where} is class {key}, which neither the class-map nor this job's labels name.")
