"""Import: labels of another format become an output manifest, as if a labeling job had made it."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import orjson

from clary.labeling import formats, manifest, tasks
from clary.labeling.formats.format import TEXT_TASKS, Collection, Item, ReadOptions
from clary.labeling.formats.manifests import settings_for
from clary.labeling.formats.problems import FormatError
from clary.labeling.output import common_metadata
from clary.labeling.settings import JobSettings, Label
from clary.labeling.task_type import DataObject, TaskType, Verdict

if TYPE_CHECKING:
    import pandas

    from clary.objects import Objects

_WRITERS = 16


@dataclass(frozen=True)
class Imported:
    """What an import made. manifest: its address; attribute: the labels' name in it; labels: the classes; notes: what was left
    out or mended, in words."""

    manifest: str
    attribute: str
    task: str
    labels: tuple[str, ...]
    objects: int
    labelled: int
    notes: list[str] = field(default_factory=list)


def import_labels(
    objects: Objects,
    source: Path | pandas.DataFrame,
    to: str,
    options: ReadOptions,
    *,
    format: str | None = None,
    attribute: str | None = None,
    copy: bool = True,
    human: bool = True,
    name: str = "import",
) -> Imported:
    """Read `source` and write ``<to>/output.manifest``, with masks and (`copy`) images beside it; without `copy` images stay
    where they are, at ``file://`` addresses.

    The manifest is written last, and not at all when something is wrong. `human`: whether people made the labels.
    Raises FormatError, ManifestError (a bad attribute), ObjectsError.
    """
    data = _read(source, format, options)
    if not data.labels:
        raise FormatError("The data name no class at all. Say what the labels are: labels=[...].")
    task = tasks.find(data.task)
    attribute = attribute or ("labels-ref" if task.reference else "labels")
    manifest.check_attribute(attribute, task)
    settings = settings_for(data.task, attribute, tuple(Label(one) for one in data.labels), name)
    with (
        tempfile.TemporaryFile() as lines,
        tempfile.TemporaryFile() as files,
        tempfile.TemporaryDirectory() as folder,
    ):
        writing = _Writing(to.rstrip("/"), settings, task, copy, human, Path(folder))
        for item in data.items:
            writing.add(item, lines, files)
        options.problems.check()
        if not writing.count:
            raise FormatError(f"There is nothing to import: no object was found{_left_out(options)}.")
        if not writing.labelled:
            writing.notes.append("No object has a label.")
        files.seek(0)
        _store(objects, writing.to, files)
        lines.seek(0)
        uri = f"{writing.to}/output.manifest"
        objects.write_uri(uri, lines)
    notes = [*writing.notes, *options.problems.notes]
    return Imported(uri, attribute, data.task, data.labels, writing.count, writing.labelled, notes)


def _left_out(options: ReadOptions) -> str:
    return f" in the split {options.split!r}" if options.split else ""


def _read(source: Path | pandas.DataFrame, format: str | None, options: ReadOptions) -> Collection:
    if not isinstance(source, Path):
        from clary.labeling.formats.frame import read_frame

        return read_frame(source, options)
    if not source.exists():
        raise FormatError(f"There is no {source} in {Path.cwd()} to import labels from.")
    found = formats.find(format) if format else formats.detect(source)
    return found.read(source, options)


def _store(objects: Objects, to: str, files: IO[bytes]) -> None:
    """Store what `files` lists below `to`, several at once: a file waits for the disk, not for the processor."""

    def one(line: bytes) -> None:
        place, key = orjson.loads(line)
        objects.write_uri(f"{to}/{key}", Path(place))

    with ThreadPoolExecutor(_WRITERS) as pool:
        for some in iter(lambda: list(islice(files, 1000)), []):
            list(pool.map(one, some))


class _Writing:
    """The lines of the manifest, one object after the other."""

    def __init__(
        self, to: str, settings: JobSettings, task: TaskType, copy: bool, human: bool, masks: Path
    ) -> None:
        self.to = to
        self.count = self.labelled = 0
        self.notes: list[str] = []
        self._settings, self._task = settings, task
        self._copy, self._human, self._masks = copy, human, masks
        self._when = time.time()
        self._names: set[str] = set()

    def add(self, item: Item, lines: IO[bytes], files: IO[bytes]) -> None:
        """Write the line of `item`, and into `files` what is to be stored beside (path and key)."""
        self.count += 1
        line: dict[str, Any] = (
            {"source": item.text}
            if self._settings.task in TEXT_TASKS
            else {"source-ref": self._image(item, files)}
        )
        if item.split:
            line["split"] = item.split
        if item.answer is not None:
            self.labelled += 1
            line.update(self._label(item, line, files))
        raw = orjson.dumps(line)
        if len(raw) > manifest.LONGEST_ATTRIBUTE:
            self._tell_long(raw, line)
        lines.write(raw + b"\n")

    def _image(self, item: Item, files: IO[bytes]) -> str:
        if item.uri:
            return item.uri
        assert item.file is not None
        if not self._copy:
            return item.file.resolve().as_uri()
        key = f"images/{item.name}"
        if key in self._names:
            raise FormatError(f"Two images have the name {item.name!r}; give them different names.")
        self._names.add(key)
        files.write(orjson.dumps([str(item.file.resolve()), key]) + b"\n")
        return f"{self.to}/{key}"

    def _label(self, item: Item, line: dict[str, Any], files: IO[bytes]) -> dict[str, Any]:
        assert item.answer is not None
        thing = DataObject(self.count - 1, line, item.width, item.height)
        # Without anything said it is as with a single person's labels.
        verdict = Verdict(item.answer, item.confidence or 0.0, self._details(item))
        stored = ""
        if self._task.reference:
            file = self._task.stored_file(verdict, thing, self._settings)
            assert file is not None
            key = f"masks/{self.count - 1}{file[1]}"
            stored = f"{self.to}/{key}"
            place = self._masks / f"{self.count - 1}{file[1]}"
            place.write_bytes(file[0])
            files.write(orjson.dumps([str(place), key]) + b"\n")
        value, metadata = self._task.write(verdict, thing, self._settings, stored)
        if item.crowd:
            for entry, crowd in zip(metadata["objects"], item.crowd, strict=True):
                entry["iscrowd"] = int(crowd)
        common = common_metadata(self._settings, self._task, self._when, self._human)
        common["job-name"] = self._settings.name
        attribute = self._settings.attribute
        return {attribute: value, f"{attribute}-metadata": {**metadata, **common}}

    def _details(self, item: Item) -> dict[str, Any]:
        if not item.scores or item.answer is None:
            return {}
        if "labels" in item.answer:
            return {"confidences": dict(zip(item.answer["labels"], item.scores, strict=True))}
        return {"confidences": list(item.scores)}

    def _tell_long(self, raw: bytes, line: dict[str, Any]) -> None:
        fault = manifest.too_long(raw, line)
        note = (
            f"Object {self.count - 1} {fault} Labeling jobs refuse it."
            if fault
            else f"Object {self.count - 1} has a line of {len(raw):,} bytes. Clary's jobs take labels of any length, but AWS's"
            f" take {manifest.LONGEST_ATTRIBUTE:,} characters at most."
        )
        if len(self.notes) < 5:
            self.notes.append(note)


def with_resolver(options: ReadOptions, objects: Objects) -> ReadOptions:
    """The options with addresses of buckets made readable."""
    return replace(options, resolve=lambda uri: objects.resolve(uri).path)


__all__ = ["Imported", "import_labels", "with_resolver"]
