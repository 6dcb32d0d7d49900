"""What a labeling job leaves in its output folder, laid out as Ground Truth does.

``<output>/<job>/manifests/output/output.manifest``; ``annotations/worker-response/iteration-N/<i>/<timestamp>.json``;
``annotations/consolidated-annotation/{consolidation-request,consolidation-response}/iteration-N/<timestamp>.json`` and
``.../output/<i>_<date>.png`` (masks); ``annotations/intermediate/N/output.manifest``; with automatic labels also
``activelearning/``, ``inference/`` and ``training/``. Every file is whole or not there.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from clary.home import atomic_write
from clary.labeling.manifest import with_label
from clary.labeling.settings import JobSettings
from clary.labeling.task_type import DataObject, TaskType, Verdict, Vote
from clary.objects.errors import disk_errors

if TYPE_CHECKING:
    from clary.objects import Objects

Folder = Literal["activelearning", "inference", "training"]


@dataclass(frozen=True)
class Written:
    """A label as the manifest has it."""

    value: Any
    metadata: dict[str, Any]


class Output:
    """The output folder of one job. Raises what `Objects.write_uri` does: no such bucket, no space, ..."""

    def __init__(self, objects: Objects, settings: JobSettings, task: TaskType) -> None:
        self._objects = objects
        self._settings = settings
        self._task = task
        self.root = f"{settings.output_uri.rstrip('/')}/{settings.name}"

    @property
    def manifest_uri(self) -> str:
        """Where the output manifest is: ``OutputDatasetS3Uri``."""
        return f"{self.root}/manifests/output/output.manifest"

    def write_manifest(self, lines: Iterable[bytes]) -> str:
        """The output manifest: a line for each of the input's, in its order (`line`, or the input's own). Its URI."""
        return self._put(self.manifest_uri, _joined(lines))

    def write_intermediate(self, number: int, lines: Iterable[bytes]) -> str:
        """The manifest so far, while batch `number` is worked on. Its URI."""
        return self._put(f"{self.root}/annotations/intermediate/{number}/output.manifest", _joined(lines))

    def label(
        self, verdict: Verdict, thing: DataObject, when: float, human: bool = True,
        more: Mapping[str, Any] | None = None, write: bool = True,
    ) -> Written:  # fmt: skip
        """A verdict as the manifest has it; a file that it refers to is written (`write`: unless it is known to be there).

        `when`: the time of the label, seconds since the epoch; it names the file, so that the same label gives the same
        one. `more`: metadata beyond (the certificate of an automatic label).
        """
        stored = ""
        if self._task.reference:
            stored = self._store(verdict, thing, when, write)
        value, metadata = self._task.write(verdict, thing, self._settings, stored)
        common = common_metadata(self._settings, self._task, when, human)
        return Written(value, {**metadata, **common, **(more or {})})

    def line(self, raw: bytes, written: Written) -> bytes:
        """The output manifest's line of a labelled object; `raw`: the input's."""
        return with_label(raw, self._settings.attribute, written.value, written.metadata)

    def _store(self, verdict: Verdict, thing: DataObject, when: float, write: bool) -> str:
        file = self._task.stored_file(verdict, thing, self._settings) if write else (b"", ".png")
        if file is None:
            return ""
        data, extension = file
        uri = f"{self.root}/annotations/consolidated-annotation/output/{thing.id}_{date(when)}{extension}"
        return self._put(uri, data) if write else uri

    def write_responses(
        self, iteration: int, votes: Mapping[int, Sequence[Vote]], things: Mapping[int, DataObject]
    ) -> int:
        """What people answered to each object, before consolidation; how many files.

        An object's file is named after its last answer, and one that is there already is left alone, so that the call may be
        repeated while answers come."""

        def one(number: int) -> int:
            given = votes[number]
            if not given:
                return 0
            last = max(vote.time for vote in given)
            uri = f"{self.root}/annotations/worker-response/iteration-{iteration}/{number}/{stamp(last)}.json"
            path = self._objects.resolve(uri).path
            if path.exists() and path.stat().st_size:
                return 0
            answers = [self._response(vote, things[number]) for vote in given]
            self._put_quickly(path, orjson.dumps({"answers": answers}))
            return 1

        return sum(one(number) for number in votes)

    def write_consolidated(
        self, iteration: int, when: float, votes: Mapping[int, Sequence[Vote]], things: Mapping[int, DataObject],
        labels: Mapping[int, Written],
    ) -> tuple[str, str]:  # fmt: skip
        """What went into the consolidation of a batch, and what came out. Their URIs."""
        folder = f"{self.root}/annotations/consolidated-annotation"
        place = f"iteration-{iteration}/{stamp(when)}.json"
        request = f"{folder}/consolidation-request/{place}"
        self._put(request, orjson.dumps(self.request(votes, things)))
        attribute = self._settings.attribute
        answered = [
            {
                "datasetObjectId": str(number),
                "consolidatedAnnotation": {
                    "content": {attribute: label.value, f"{attribute}-metadata": label.metadata}
                },
            }
            for number, label in labels.items()
        ]
        return request, self._put(f"{folder}/consolidation-response/{place}", orjson.dumps(answered))

    def request(
        self, votes: Mapping[int, Sequence[Vote]], things: Mapping[int, DataObject]
    ) -> list[dict[str, Any]]:
        """The document that a post-annotation function gets."""
        return [
            {
                "datasetObjectId": str(number),
                "dataObject": _source(things[number]),
                "annotations": [
                    {
                        "workerId": vote.worker,
                        "annotationData": {"content": self._content(vote, things[number])},
                    }
                    for vote in given
                ],
            }
            for number, given in votes.items()
        ]

    def write_other(self, folder: Folder, name: str, data: bytes) -> str:
        """A file of the automatic labeling: what a round learned from, what it said. Its URI."""
        return self._put(f"{self.root}/{folder}/{name}", data)

    def _content(self, vote: Vote, thing: DataObject) -> str:
        # AWS gives the answer as a text that is JSON once more.
        return orjson.dumps(self._answered(vote, thing)).decode()

    def _answered(self, vote: Vote, thing: DataObject) -> dict[str, Any]:
        """``answerContent``, under the name that the template gives to its element, if it gives one."""
        content = self._task.answer_content(vote.answer, thing, self._settings)
        name = self._settings.options.get("answer_name")
        return {name: next(iter(content.values()))} if name and len(content) == 1 else content

    def _response(self, vote: Vote, thing: DataObject) -> dict[str, Any]:
        said: dict[str, Any] = {
            "answerContent": self._answered(vote, thing),
            "submissionTime": instant(vote.time),
            "workerId": vote.worker,
            "workerMetadata": {"identityData": {"identityProviderType": "Clary", "sub": vote.worker}},
        }
        if vote.accepted:
            said["acceptanceTime"] = instant(vote.accepted)
        if vote.seconds:
            said["timeSpentInSeconds"] = round(vote.seconds, 3)
        return said

    def _put_quickly(self, path: Path, data: bytes) -> None:
        """A file that may be missing after a power cut: the job's database has what is in it, and 100,000 of them must not wait
        for the disk each. Whole for readers all the same."""
        while True:
            path.parent.mkdir(parents=True, exist_ok=True)
            with disk_errors(f"writing {path}"), self._objects.incoming() as incoming:
                incoming.receive(BytesIO(data))
                try:
                    os.replace(incoming.path, path)
                    return
                except FileNotFoundError:
                    continue  # somebody removed the folder, which was empty
                except OSError as error:
                    if error.errno != errno.EXDEV:
                        raise
            atomic_write(path, data, durable=False)  # file://, on another disk than the buckets
            return

    def _put(self, uri: str, data: bytes) -> str:
        self._objects.write_uri(uri, data)
        return uri


def common_metadata(settings: JobSettings, task: TaskType, when: float, human: bool) -> dict[str, Any]:
    """What the metadata of every label say."""
    return {
        "type": task.metadata_type,
        "job-name": f"labeling-job/{settings.name}",
        "human-annotated": "yes" if human else "no",
        "creation-date": date(when),
    }


def date(when: float) -> str:
    """``2018-10-18T22:18:13.527256``: UTC, without a zone, as ``creation-date``."""
    return datetime.fromtimestamp(when, UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def instant(when: float) -> str:
    """``2020-12-28T18:59:58.321Z``, as ``submissionTime``."""
    return f"{date(when)[:-3]}Z"


def stamp(when: float) -> str:
    """``2018-12-20_11:42:13``, as AWS names files of answers."""
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d_%H:%M:%S")


def _joined(lines: Iterable[bytes]) -> bytes:
    text = b"\n".join(lines)
    return text + b"\n" if text else text


def _source(thing: DataObject) -> dict[str, Any]:
    reference = thing.line.get("source-ref")
    return {"s3Uri": reference} if reference is not None else {"content": str(thing.line.get("source", ""))}
