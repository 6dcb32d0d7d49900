"""Jobs with answers of several people, made in memory's file system."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from clary.home import Home
from clary.labeling.settings import JobSettings, Label
from clary.labeling.work import NewObject, Work
from clary.labeling.work.recording import Act

_nonces = itertools.count()


@pytest.fixture
def place() -> Iterator[Home]:
    """A home that does not wait for the disk."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield Home.locate(folder / "home")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def job(place: Home) -> Callable[..., Work]:
    """A job in progress: `answers` are person to object to answer."""

    def make(
        task: str, answers: Mapping[str, Mapping[int, Any]], count: int, name: str = "job", **members: Any
    ) -> Work:
        values: dict[str, Any] = {
            "name": name,
            "arn": f"arn:aws:sagemaker:us-east-1:000000000000:labeling-job/{name}",
            "task": task,
            "attribute": "label",
            "input_uri": "file:///nowhere",
            "output_uri": "file:///nowhere",
            "labels": (Label("cat"), Label("dog"), Label("<i>owl</i>")),
            "workers_per_object": max(1, len(answers)),
        }
        text = task.startswith(("text", "named"))
        work = Work.create(place, JobSettings(**{**values, **members}))
        lines = (
            {"source": f"text {n} <script>"} if text else {"source-ref": f"s3://b/{n}.png"}
            for n in range(count)
        )
        work.add(
            NewObject(json.dumps(line), width=0 if text else 20, height=0 if text else 10) for line in lines
        )
        work.start()
        for person, given in answers.items():
            work.next(person, count)
            work.record(
                *(
                    Act(person, "answer", thing, f"n{next(_nonces)}", answer=answer, seconds=2.0 + thing % 3)
                    for thing, answer in given.items()
                )
            )
        return work

    return make
