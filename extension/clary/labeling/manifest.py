"""Input manifests: JSON Lines with AWS's rules, and errors that say which line and what to do.

A manifest is UTF-8, a line an object with ``source`` (a text) or ``source-ref`` (where it is), up to 100,000 characters, an
attribute of it up to 20,000, no name beginning with ``$`` (AWS developer guide, "Use an Input Manifest File"). Other attributes
are passed on as they are, to the byte. Empty lines count for the line numbers of errors, not as objects. AWS says nothing
about lines that repeat: each is an object of its own here, labelled by itself; `repeated` tells of them.

Labels of earlier jobs (an attribute that has metadata, and these) may have any length and do not count for the line's: a few
hundred boxes have more than 20,000 characters, and what one job wrote the next one must be able to read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from clary.labeling.settings import Mode
from clary.labeling.task_type import TaskType

LONGEST_LINE = 100_000
LONGEST_ATTRIBUTE = 20_000
_TOLD = 5
_ATTRIBUTE = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,126}")
Source = Literal["source", "source-ref"]
_SOURCES = ("source", "source-ref")


class ManifestError(ValueError):
    """A manifest that is refused. `line`: the number of the first line with a fault, from 1; 0: none of them."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Line:
    """An object's line. `number`: in the file, from 1; `raw`: as it was, without its end; `value`: parsed."""

    number: int
    raw: bytes
    value: dict[str, Any]


def read(
    data: bytes | Iterable[bytes], source: Source | None = None, *, any_length: bool = False
) -> Iterator[Line]:
    """The lines of a manifest, one after the other; `data`: all of it, or its lines (an open file).

    `source`: the attribute that the task needs; None: either. `any_length`: also of lines that AWS's jobs would refuse for their
    length, where labels are only looked at. Raises ManifestError at the first line with a fault.
    """
    lines = data.split(b"\n") if isinstance(data, bytes) else data
    loads = orjson.loads
    for number, raw in enumerate(lines, 1):
        raw = raw.rstrip(b"\r\n")
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")  # some editors mark UTF-8
        if not raw or raw.isspace():
            continue
        try:
            value = loads(raw)
        except orjson.JSONDecodeError as error:
            raise ManifestError(f"Line {number} of the manifest {_why(raw, error)}", number) from None
        fault = _fault(raw, value, source, any_length)
        if fault:
            raise ManifestError(f"Line {number} of the manifest {fault}", number)
        yield Line(number, raw, value)


def read_all(data: bytes, source: Source | None = None) -> list[Line]:
    """All lines. Raises ManifestError, which tells of the first few faults and how many there are, and for no lines at all."""
    found: list[Line] = []
    faults: list[ManifestError] = []
    lines = data.split(b"\n")
    at = 0
    while True:
        try:
            for one in read(lines[at:] if at else lines, source):
                found.append(Line(one.number + at, one.raw, one.value) if at else one)
            break
        except ManifestError as error:
            line = error.line + at
            faults.append(ManifestError(str(error).replace(f"Line {error.line} ", f"Line {line} ", 1), line))
            at = line
            if len(faults) > _TOLD:
                break
    if len(faults) == 1:
        raise faults[0]
    if faults:
        more = " There are more." if len(faults) > _TOLD else ""
        told = "\n".join(f"- {one}" for one in faults[:_TOLD])
        raise ManifestError(
            f"The manifest has faults:\n{told}{more and chr(10)}{more.strip()}", faults[0].line
        )
    if not found:
        raise ManifestError("The manifest has no lines: there is nothing to label.")
    return found


def repeated(lines: Iterable[Line]) -> dict[str, int]:
    """Sources that several lines have, and how many lines each."""
    counted = Counter(str(one.value.get("source-ref", one.value.get("source"))) for one in lines)
    return {source: count for source, count in counted.items() if count > 1}


def check_attribute(name: str, task: TaskType | None = None, mode: Mode = "label", audited: str = "") -> None:
    """Whether a label attribute may have this name. Raises ManifestError with AWS's rule.

    `task`: the base type (a verdict about masks is no reference, their adjustment is); None: a custom one, which may end
    in -ref or not. `audited`: the attribute that is verified or adjusted.
    """
    if not _ATTRIBUTE.fullmatch(name):
        raise ManifestError(
            f"The label attribute {name!r} is not valid: letters, digits and single or repeated '-' between them,"
            " 127 at most."
        )
    if name in _SOURCES:
        raise ManifestError(f"The label attribute may not be {name!r}, which names the object itself.")
    if name.endswith("-metadata"):
        raise ManifestError(f"The label attribute {name!r} may not end in '-metadata'.")
    if audited and name == audited:
        raise ManifestError(
            f"The label attribute {name!r} is the one that is looked at: a job that verifies or adjusts labels needs"
            " another one."
        )
    if task is None:
        return
    needs = task.reference and mode != "verify"
    if needs and not name.endswith("-ref"):
        raise ManifestError(
            f"The label attribute {name!r} must end in '-ref': labels of {task.name} are references to files."
            f" Name it {name}-ref."
        )
    if not needs and name.endswith("-ref"):
        raise ManifestError(
            f"The label attribute {name!r} may not end in '-ref': that is for labels in files."
        )


def labelled(value: Mapping[str, Any], attribute: str) -> bool:
    """Whether an object has a label under `attribute` already."""
    return value.get(attribute) is not None and isinstance(value.get(f"{attribute}-metadata", {}), dict)


def with_label(line: Line | bytes, attribute: str, label: Any, metadata: Mapping[str, Any]) -> bytes:
    """The line of the output manifest: the input's line, byte for byte, and the label and its metadata behind it.

    Where the line has them already they are replaced, as on Ground Truth. No line end."""
    raw = line.raw if isinstance(line, Line) else line
    added = {attribute: label, f"{attribute}-metadata": metadata}
    # A text search, so that parsing is paid for only where the attribute may be there.
    if f'"{attribute}'.encode() in raw or b"\\u" in raw:
        value = line.value if isinstance(line, Line) else orjson.loads(raw)
        if attribute in value or f"{attribute}-metadata" in value:
            return orjson.dumps({**value, **added})
    return raw.rstrip()[:-1].rstrip() + b"," + orjson.dumps(added)[1:]


def _why(raw: bytes, error: orjson.JSONDecodeError) -> str:
    """What is wrong with a line that is no JSON."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as broken:
        return f"is not UTF-8 (byte {broken.start + 1}): save the file in UTF-8."
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    reason = error.msg.partition(":")[0]
    return f"is no valid JSON (column {error.colno}: {reason}): {shown!r}. A line is one whole JSON object."


def _fault(raw: bytes, value: Any, source: Source | None, any_length: bool) -> str:
    """What is wrong with a parsed line; empty if nothing is."""
    if not isinstance(value, dict):
        return f"is {_shown(value)}: it must be an object with 'source' or 'source-ref'."
    if not any_length and len(raw) > LONGEST_ATTRIBUTE and (fault := too_long(raw, value)):
        return fault
    text, reference = value.get("source"), value.get("source-ref")
    if "source" in value and "source-ref" in value:
        return "has both 'source' and 'source-ref': it must have one of them."
    if text is None and reference is None:
        wanted = f"'{source}'" if source else "'source' or 'source-ref'"
        return f"has no {wanted}: it names no object to label."
    if source and source not in value:
        other = "'source', a text" if source == "source-ref" else "'source-ref'"
        kind = (
            "images, whose places are under 'source-ref'"
            if source == "source-ref"
            else "texts under 'source'"
        )
        return f"has {other}; this task labels {kind}."
    given = text if reference is None else reference
    if not isinstance(given, str) or not given.strip():
        name = "source" if reference is None else "source-ref"
        return f"has {_shown(given)} as its {name!r}: it must be a text that is not empty."
    for name in value:
        if name[:1] == "$":
            return f"has an attribute {_shown(name)}: names may not begin with '$'."
    return ""


def too_long(raw: bytes, value: Mapping[str, Any]) -> str:
    """Which limit a line (`raw`, parsed `value`) goes beyond, with its labels and their metadata left out; empty: none."""
    labels = {
        name for name in value if name not in _SOURCES and isinstance(value.get(f"{name}-metadata"), dict)
    }
    labels |= {f"{name}-metadata" for name in labels}
    rest = {name: one for name, one in value.items() if name not in labels}
    length = len((orjson.dumps(rest) if labels else raw).decode())
    if length > LONGEST_LINE:
        return f"has {length:,} characters{' besides its labels' if labels else ''}; {LONGEST_LINE:,} is the most."
    for name, one in rest.items():
        size = len(one) if isinstance(one, str) else len(orjson.dumps(one).decode())
        if size > LONGEST_ATTRIBUTE:
            return f"has {size:,} characters under {_shown(name)}; {LONGEST_ATTRIBUTE:,} is the most for an attribute."
    return ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def sources(lines: Sequence[Line]) -> list[str]:
    """What each line names: its text, or where its object is."""
    return [str(one.value.get("source-ref", one.value.get("source"))) for one in lines]
